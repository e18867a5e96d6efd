"""Motions of the default cell's arm, as goals of FollowJointTrajectory.

Positions in rad, times in s. The profile of all joints is the same quintic from rest to rest, so that the path is a
straight line in joint space.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from builtin_interfaces.msg import Duration
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from servomesh_msgs.msg import Event
from trajectory_msgs.msg import JointTrajectoryPoint

from goal import Goal
from heard import stamp_of
from peer import Peer, pick

ARM = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
]
GRIPPER, BELT = "gripper_finger_joint", "conveyor_belt_joint"

#: Where the arm starts.
HOME = [0.0, -1.5708, 1.5708, -1.5708, -1.5708, 0.0]
#: Some 0.5 rad away; each joint takes part.
AWAY = [0.5, -1.25, 1.35, -1.3, -1.25, 0.4]

#: Duration of a motion between the two that uses about half of the limits.
BRISK_S = 1.2
#: One that lasts long enough for something to happen on the way.
SLOW_S = 4.0

#: Faster than this is moving [rad/s]; far above what a joint that is held shows.
MOVING = 0.05
#: Slower than this is standing [rad/s].
STANDING = 0.02
#: Acceleration limits of the joints [rad/s²], from launch/robots/cell.limits.yaml.
ACCELERATION = [5.0, 5.0, 6.0, 10.0, 10.0, 10.0]

FOLLOW = (FollowJointTrajectory, "arm/follow_joint_trajectory")


def duration(time_s: float) -> Duration:
    """A ROS duration."""
    whole, part = divmod(round(time_s * 1e9), 1_000_000_000)
    return Duration(sec=int(whole), nanosec=int(part))


def farther(position: Sequence[float]) -> list[float]:
    """The one of HOME and AWAY that is farther."""
    return max((HOME, AWAY), key=lambda pose: sum(abs(a - b) for a, b in zip(pose, position, strict=True)))


def quintic(start: Sequence[float], end: Sequence[float], time_s: float, points: int) -> list[JointTrajectoryPoint]:
    """Points from rest to rest with positions, velocities and accelerations, as MoveIt sends them, from 0 s on."""

    def point(k: int) -> JointTrajectoryPoint:
        u = k / points
        p = u**3 * (10 - 15 * u + 6 * u * u)
        v = 30 * u * u * (1 - u) ** 2 / time_s
        a = 60 * u * (1 - u) * (1 - 2 * u) / time_s**2
        ways = [b - a_ for a_, b in zip(start, end, strict=True)]
        return JointTrajectoryPoint(
            positions=[s + p * way for s, way in zip(start, ways, strict=True)],
            velocities=[v * way for way in ways],
            accelerations=[a * way for way in ways],
            time_from_start=duration(u * time_s),
        )

    return [point(k) for k in range(points + 1)]


def follow_goal(
    points: Sequence[JointTrajectoryPoint],
    joints: Sequence[str] = ARM,
    path_tolerance: Iterable[JointTolerance] = (),
    goal_tolerance: Iterable[JointTolerance] = (),
    goal_time_tolerance_s: float = 0.0,
) -> FollowJointTrajectory.Goal:
    """A goal of FollowJointTrajectory."""
    goal = FollowJointTrajectory.Goal()
    goal.trajectory.joint_names = list(joints)
    goal.trajectory.points = list(points)
    goal.path_tolerance = list(path_tolerance)
    goal.goal_tolerance = list(goal_tolerance)
    goal.goal_time_tolerance = duration(goal_time_tolerance_s)
    return goal


def travel(peer: Peer, time_s: float = SLOW_S, target: Sequence[float] | None = None) -> tuple[Goal, list[float]]:
    """Sends the arm on its way, to the farther of two poses unless told where; the goal and the target."""
    start = peer.positions(ARM)
    target = list(target or farther(start))
    return peer.send(*FOLLOW, follow_goal(quintic(start, target, time_s, 8))), target


def moved(peer: Peer, since_s: float, joints: Sequence[str] = ARM, speed: float = 2 * MOVING) -> bool:
    """Whether some joints have really moved since then."""
    return any(
        abs(truth.velocity[truth.joint.index(joint)]) > speed
        for truth in peer.truths_since(since_s)
        for joint in joints
    )


def wait_until_moving(
    peer: Peer, joints: Sequence[str] = ARM, since_s: float | None = None, speed: float = 2 * MOVING
) -> None:
    """Waits until the machine has really moved since then, by default since now."""
    began = stamp_of(peer.truth()) if since_s is None else since_s
    peer.wait_for(lambda: moved(peer, began, joints, speed), "the machine moves")


def took(peer: Peer, since_s: float) -> float:
    """How long the arm's first goal since then took to its arrival, as trajectory says [s]."""

    def told(kind: int, since_s: float) -> float:
        events = peer.wait_for(lambda: peer.events_of(kind, "trajectory", "arm", since_s), f"event {kind} of the arm")
        return stamp_of(events[0])

    accepted = told(Event.GOAL_ACCEPTED, since_s)
    return told(Event.ARRIVED, accepted) - accepted


def wait_until_still(peer: Peer, joints: Sequence[str] = ARM, for_s: float = 0.1) -> None:
    """Waits until the machine has really stood still for a while of ROS time."""

    def still() -> bool:
        now = stamp_of(peer.truth())
        recent = peer.truths_since(now - 2 * for_s)
        window = [truth for truth in recent if stamp_of(truth) >= now - for_s]
        return (
            len(window) > 2
            and len(window) < len(recent)
            and all(abs(truth.velocity[truth.joint.index(joint)]) < STANDING for truth in window for joint in joints)
        )

    peer.wait_for(still, "the machine stands still")


def fastest(peer: Peer, joints: Sequence[str] = ARM) -> float:
    """The largest real speed of some joints."""
    return max(map(abs, peer.truth_of(joints)[1]))


def largest_error(position: Sequence[float], target: Sequence[float]) -> float:
    """The largest distance of a joint."""
    return max(abs(a - b) for a, b in zip(position, target, strict=True))


def assert_there(peer: Peer, target: Sequence[float], tolerance: float = 0.01) -> None:
    """The arm is where it was to go, as measured."""
    assert largest_error(peer.positions(ARM), target) <= tolerance


def assert_no_jump(peer: Peer, since_s: float) -> None:
    """All measured velocities since then are continuous: no instant stop, no leap."""
    states = [m for m in peer.states_since(since_s) if set(ARM) <= set(m.name)]
    assert len(states) > 10
    for before, after in zip(states, states[1:], strict=False):
        dt = stamp_of(after) - stamp_of(before)
        for joint, v0, v1, limit in zip(
            ARM, pick(before, before.velocity, ARM), pick(after, after.velocity, ARM), ACCELERATION, strict=True
        ):
            # Half the limit above it, and what the estimator's noise may add between two samples.
            assert abs(v1 - v0) <= 1.5 * limit * dt + 0.03, (
                f"{joint}: {v0:.3f} rad/s to {v1:.3f} rad/s within {dt * 1e3:.0f} ms at {stamp_of(after):.3f} s"
            )


def assert_on_line(
    position: Sequence[float], start: Sequence[float], end: Sequence[float], off: float = 0.01
) -> float:
    """A position lies on the straight line between two; returns how far along, 0 … 1."""
    ways = [b - a for a, b in zip(start, end, strict=True)]
    share = sum((p - a) * w for p, a, w in zip(position, start, ways, strict=True)) / sum(w * w for w in ways)
    nearest = [a + share * w for a, w in zip(start, ways, strict=True)]
    assert largest_error(position, nearest) <= off, f"{position} is off the path from {start} to {end}"
    return share
