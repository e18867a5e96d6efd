"""The gripper's driver as a process of its own, beside a cell that is started without one: so that it can be replaced."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand
from servomesh_msgs.msg import GroupDescription, GroupSafety, ServoState, Tracking

from cell import ROOT, end_with_parent, executable, poll
from goal import Goal
from heard import ALL_OF_LATCHED, ALL_OF_STREAM, stamp_of
from motions import GRIPPER, SLOW_S, assert_there, moved, travel, wait_until_still
from peer import Peer
from stops import reset_where_closed

ROBOTS = ROOT / "launch/robots"
#: Where the gripper goes by turns [m].
OPEN, CLOSED = 0.04, 0.01
#: This fast the gripper moves when its driver is killed [m/s].
GRIPPER_MOVES = 0.01


@dataclass(frozen=True)
class Backend:
    """A program that drives the gripper."""

    #: What it calls itself in the group's description.
    name: str
    command: list[str | Path]
    parameters: dict[str, str | Path] = field(default_factory=dict)


def frames() -> Backend:
    """The driver in frames, as the launch file starts it."""
    return Backend("sim", [executable("driver")], {"servos_file": ROBOTS / "cell.servos.yaml"})


def wired(port: Path) -> Backend:
    """The driver on a byte bus, whose servo has the same motor."""
    parameters = {"servos_file": ROBOTS / "cell.gripper.servos.yaml", "backend": "dynamixel", "port": port}
    return Backend("dynamixel", [executable("driver")], parameters)


def small() -> Backend:
    """A driver that is written in Python."""
    program = [sys.executable, Path(__file__).with_name("small_driver.py")]
    return Backend("rclpy", program, {"servos_file": ROBOTS / "cell.servos.yaml"})


@contextlib.contextmanager
def running(backend: Backend, log: Path, use_sim_time: bool) -> Iterator[subprocess.Popen]:
    """Its process, until it is ended in whatever way."""
    parameters = {
        "use_sim_time": str(use_sim_time).lower(),
        "robot_description_file": ROBOTS / "cell.urdf",
        "limits_file": ROBOTS / "cell.limits.yaml",
    } | backend.parameters
    command = [*backend.command, "--ros-args", "-r", "__node:=gripper_driver"]
    command += ["--params-file", ROOT / "launch/config/cell.yaml"]
    for name, value in parameters.items():
        command += ["-p", f"{name}:={value}"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=ROOT,
            env=os.environ | {"NO_COLOR": "1"},
            preexec_fn=end_with_parent,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@dataclass(frozen=True)
class TrackingError:
    """How far the arm was from its reference on a path [rad]."""

    rms: float
    largest: float


def path_with(peer: Peer, meanwhile: Callable[[], None]) -> TrackingError | None:
    """Sends the arm along a path, does something while it moves, and says how well it followed.

    None if it was stopped on the way, as it is where the machine is too busy for the cell.
    """
    wait_until_still(peer)
    with peer.listening(Tracking, "arm/tracking") as heard:
        began = peer.now()
        goals: list[tuple[Goal, list[float]]] = []

        def on_its_way() -> bool:
            if reset_where_closed(peer) and (not goals or goals[-1][0].done()):
                goals.append(travel(peer, SLOW_S))  # after a reset trajectory has to seed itself first
            return bool(goals) and not goals[-1][0].done() and moved(peer, began)

        poll(on_its_way, "the arm moves")
        goal, target = goals[-1]
        meanwhile()
        if goal.end()[0] != GoalStatus.STATUS_SUCCEEDED:
            return None
        wait_until_still(peer)
        assert_there(peer, target)
        ended = peer.now()
        peer.wait_for(lambda: heard and stamp_of(heard[-1]) >= ended, "the tracking of the path's last second")
        seconds = [second for second in heard if stamp_of(second) >= began and second.driven]
    squares = sum(second.driven * sum(rms**2 for rms in second.error_rms) for second in seconds)
    count = sum(second.driven * len(second.error_rms) for second in seconds)
    return TrackingError((squares / count) ** 0.5, max(max(second.error_max) for second in seconds))


def grip_goal(position: float) -> GripperCommand.Goal:
    """A goal of the gripper [m]."""
    goal = GripperCommand.Goal()
    goal.command.position = position
    return goal


def other(peer: Peer) -> float:
    """The one of OPEN and CLOSED that is farther from where the gripper is."""
    here = peer.truth_of([GRIPPER])[0][0]
    return max((OPEN, CLOSED), key=lambda place: abs(place - here))


def grip(peer: Peer) -> None:
    """Moves the gripper, which must get there; resets and repeats, as an operator does, where a busy machine stops it."""
    target = other(peer)

    def gripped() -> bool:
        if not reset_where_closed(peer, "gripper"):
            return False
        status, result = peer.send(GripperCommand, "gripper/gripper_cmd", grip_goal(target)).end()
        return status == GoalStatus.STATUS_SUCCEEDED and result.reached_goal

    poll(gripped, "the gripper moves")
    peer.wait_for(lambda: abs(peer.truth_of([GRIPPER])[0][0] - target) < 0.002, "the gripper is there")


def kill_in_motion(peer: Peer, process: subprocess.Popen) -> None:
    """Sets the gripper in motion, and ends its driver on the way as a crash would."""
    began = stamp_of(peer.truth())
    goals: list[Goal] = []

    def in_motion() -> bool:
        if reset_where_closed(peer, "gripper") and (not goals or goals[-1].done()):
            goals.append(peer.send(GripperCommand, "gripper/gripper_cmd", grip_goal(other(peer))))
        return moved(peer, began, [GRIPPER], GRIPPER_MOVES)

    poll(in_motion, "the gripper moves")
    process.send_signal(signal.SIGKILL)
    process.wait()


@dataclass(frozen=True)
class Use:
    """When a new driver came to what, in ROS time [s]."""

    started: float
    announced: float
    opened: float
    driven: float

    def usable_after(self) -> float:
        """From its announcement, or the gate's opening if an operator was slower, to the torque."""
        return self.driven - max(self.announced, self.opened)


def use(peer: Peer, backend: Backend, started: float) -> Use:
    """Waits until a driver has announced its group, opens the gate, and waits for the torque."""
    with (
        peer.listening(GroupDescription, "gripper/description", ALL_OF_LATCHED) as descriptions,
        peer.listening(ServoState, "gripper/servo_state", ALL_OF_STREAM) as states,
    ):
        peer.wait_for(
            lambda: any(description.backend == backend.name for description in descriptions),
            f"the gripper is announced by {backend.name}",
        )
        announced = peer.now()

        def driven_since() -> list[float]:
            driven = [stamp_of(s.tag) for s in states if s.mode == ServoState.ENABLED and stamp_of(s.tag) >= started]
            if not driven:
                reset_where_closed(peer, "gripper")
            return driven

        driven = poll(driven_since, "the gripper has torque")[0]
    closed = [stamp for stamp, gate in peer.gates_since("gripper", started) if gate.mode != GroupSafety.NORMAL]
    opened = [stamp for stamp, _ in peer.gates_since("gripper", max(closed, default=started)) if stamp not in closed]
    return Use(started, announced, min(opened, default=announced), driven)


