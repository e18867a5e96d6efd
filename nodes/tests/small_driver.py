"""A driver of the gripper, written against rclpy alone by what `nodes/driver/README.md` says of a driver's topics.

It announces the group `gripper`, answers each frame of the drives with a current, and says what it measured. It has
what a driver can't do without: one safety epoch at a time, taken over only near the measured position; a command
that is followed as long as it lives, and torque off after that. It has no stop of its own, no faults and no model.

Run it with `--ros-args -p use_sim_time:=true -p servos_file:=… -p limits_file:=…`.
"""

from __future__ import annotations

import math
import sys

import rclpy
import yaml
from builtin_interfaces.msg import Duration, Time
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from servomesh_msgs.msg import (
    Command,
    DriveCommand,
    DriveStatus,
    GroupDescription,
    JointDescription,
    ServoState,
    StreamTag,
)

GROUP, JOINT = "gripper", "gripper_finger_joint"
RATE_HZ = 250.0
#: Of the finger's joint in launch/robots/cell.urdf [m, m/s, N].
LOWER, UPPER, VELOCITY, EFFORT = 0.0, 0.05, 0.15, 120.0
#: How near to the measured position the first command of an epoch must be [m].
NEAR = 0.01
#: How long a command is followed when no newer one comes [s].
COMMAND_TIMEOUT_S = 0.04
#: Bandwidths of position and velocity [rad/s], and how steeply friction is led by [m/s].
POSITION, DAMPING, FULL_SPEED = 20.0, 40.0, 0.002

STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
BUS = QoSProfile(depth=8, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL, reliability=ReliabilityPolicy.RELIABLE)


def seconds(stamp: Time | Duration) -> float:
    """A stamp or duration [s]."""
    return stamp.sec + stamp.nanosec * 1e-9


class SmallDriver(Node):
    """The node."""

    def __init__(self) -> None:
        super().__init__("gripper_driver", enable_rosout=False)
        files = {name: self.declare_parameter(name, "").value for name in ("servos_file", "limits_file")}
        with open(files["servos_file"]) as servos, open(files["limits_file"]) as limits:
            self.servo = yaml.safe_load(servos)["servos"][JOINT]
            self.limits = yaml.safe_load(limits)["joints"][JOINT]
        self.inertia = self.servo["rotor_inertia_kgm2"] * self.servo["gear_ratio"] ** 2
        self.epoch = 0
        self.command: Command | None = None
        self.measured: tuple[float, float] | None = None  # stamp [s], position [m]
        self.refused = 0
        self.seq = 0
        self.states = self.create_publisher(ServoState, f"{GROUP}/servo_state", STREAM)
        self.answers = self.create_publisher(DriveCommand, f"{GROUP}/bus/command", BUS)
        self.descriptions = self.create_publisher(GroupDescription, f"{GROUP}/description", LATCHED)
        self.create_subscription(Command, f"{GROUP}/command", self.on_command, STREAM)
        self.create_subscription(DriveStatus, f"{GROUP}/bus/status", self.on_status, BUS)
        self.descriptions.publish(self.description())

    def description(self) -> GroupDescription:
        """How it announces its group."""
        joint = JointDescription(
            name=JOINT,
            kind=JointDescription.PRISMATIC,
            lower=LOWER,
            upper=UPPER,
            velocity=VELOCITY,
            acceleration=float(self.limits["acceleration"]),
            jerk=float(self.limits["jerk"]),
            effort=EFFORT,
            armature=self.inertia,
            encoder_resolution=1.0 / self.servo["encoder_ticks"],
        )
        return GroupDescription(name=GROUP, joints=[joint], rate_hz=RATE_HZ, gripper=True, backend="rclpy")

    def on_command(self, command: Command) -> None:
        """Takes commands of one epoch, and a newer epoch only near the measured position."""
        epoch = command.setpoint.tag.epoch
        if command.mode == Command.OFF:
            if epoch >= self.epoch:
                self.epoch, self.command = epoch, None
            return
        newer = epoch > self.epoch
        near = (
            self.measured is not None
            and len(command.setpoint.position) == 1
            and abs(command.setpoint.position[0] - self.measured[1]) <= NEAR
        )
        if (newer and near) or (epoch == self.epoch and self.command is not None):
            self.epoch, self.command = epoch, command
        else:
            self.refused += 1

    def on_status(self, status: DriveStatus) -> None:
        """Answers a frame, and says what it measured."""
        now = seconds(status.stamp)
        position = (status.position_ticks[0] + 0.5) / self.servo["encoder_ticks"]
        velocity = 0.0
        if self.measured is not None and now > self.measured[0]:
            velocity = (position - self.measured[1]) / (now - self.measured[0])
        self.measured = (now, position)
        reference = self.reference(now)
        current = 0.0 if reference is None else self.current(reference, position, velocity)
        self.answers.publish(
            DriveCommand(
                cycle=status.cycle,
                enable=reference is not None,
                clear_faults=reference is None and any(status.fault),
                current_a=[current] if reference is not None else [],
            )
        )
        self.states.publish(self.state(status, position, velocity, reference))

    def reference(self, now: float) -> tuple[float, float, float] | None:
        """Position, velocity and acceleration at a time; None where no command is to be followed."""
        if self.command is None:
            return None
        setpoint = self.command.setpoint
        age = now - seconds(setpoint.tag.stamp)
        if age > min(COMMAND_TIMEOUT_S, seconds(setpoint.tag.valid_for)):
            self.command = None  # silence: the epoch is used up
            return None
        velocity, acceleration = setpoint.velocity[0], setpoint.acceleration[0]
        ahead = min(max(age, -COMMAND_TIMEOUT_S), 0.01)
        return (
            setpoint.position[0] + ahead * (velocity + 0.5 * ahead * acceleration),
            velocity + ahead * acceleration,
            acceleration,
        )

    def current(self, reference: tuple[float, float, float], position: float, velocity: float) -> float:
        """What current brings the finger to its reference [A]."""
        servo, setpoint = self.servo, self.command.setpoint
        wanted, speed, acceleration = reference
        correction = DAMPING * (speed - velocity + POSITION * (wanted - position))
        friction = servo["friction"]["coulomb"] * math.tanh(speed / FULL_SPEED) + servo["friction"]["viscous"] * speed
        effort = self.inertia * (acceleration + correction) + friction
        limit = min([EFFORT, *setpoint.effort_limit])
        effort = min(max(effort, -limit), limit)
        amperes = effort / (servo["torque_constant_nm_per_a"] * servo["gear_ratio"] * servo["efficiency"])
        return min(max(amperes, -servo["max_current_a"]), servo["max_current_a"])

    def state(
        self, status: DriveStatus, position: float, velocity: float, reference: tuple[float, float, float] | None
    ) -> ServoState:
        """What it measured and did."""
        driven = reference is not None
        self.seq += 1
        return ServoState(
            tag=StreamTag(stamp=status.stamp, epoch=self.epoch, seq=self.seq, valid_for=Duration(nanosec=100_000_000)),
            mode=ServoState.ENABLED if driven else ServoState.DISABLED,
            power=ServoState.OPERATION_ENABLED if driven and status.enabled else ServoState.READY_TO_SWITCH_ON,
            position=[position],
            velocity=[velocity],
            effort=[status.current_a[0] * self.servo["torque_constant_nm_per_a"] * self.servo["gear_ratio"]],
            current_a=list(status.current_a),
            temperature_degc=list(status.winding_degc),
            voltage_v=list(status.voltage_v),
            reference=[reference[0] if driven else position],
            refused=self.refused,
        )


def main() -> None:
    """Runs it until it is told to end."""
    rclpy.init(args=sys.argv)
    node = SmallDriver()
    try:
        rclpy.spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


if __name__ == "__main__":
    main()
