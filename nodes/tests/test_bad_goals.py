"""Goals that can't be followed are aborted with the code and the sentence that say why, and nothing moves."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from builtin_interfaces.msg import Duration, Time
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance
from trajectory_msgs.msg import MultiDOFJointTrajectoryPoint

from motions import ARM, BRISK_S, FOLLOW, assert_there, farther, follow_goal, quintic
from peer import Peer

Goal, Result = FollowJointTrajectory.Goal, FollowJointTrajectory.Result
ELBOW, WRIST = ARM.index("elbow_joint"), ARM.index("wrist_1_joint")


def nan(goal: Goal) -> None:
    goal.trajectory.points[2].positions[ELBOW] = math.nan


def infinite(goal: Goal) -> None:
    goal.trajectory.points[2].velocities[ELBOW] = math.inf


def unknown_joint(goal: Goal) -> None:
    goal.trajectory.joint_names[ELBOW] = "knee_joint"


def joint_twice(goal: Goal) -> None:
    goal.trajectory.joint_names[ELBOW] = "wrist_1_joint"


def missing_joint(goal: Goal) -> None:
    del goal.trajectory.joint_names[ELBOW]
    for point in goal.trajectory.points:
        del point.positions[ELBOW], point.velocities[ELBOW], point.accelerations[ELBOW]


def no_joints(goal: Goal) -> None:
    goal.trajectory.joint_names = []


def no_points(goal: Goal) -> None:
    goal.trajectory.points = []


def nothing(goal: Goal) -> None:
    goal.trajectory.points, goal.trajectory.joint_names = [], []


def too_few_positions(goal: Goal) -> None:
    del goal.trajectory.points[1].positions[-1]


def velocities_in_one_point_only(goal: Goal) -> None:
    goal.trajectory.points[1].velocities = []


def times_out_of_order(goal: Goal) -> None:
    goal.trajectory.points[2].time_from_start = goal.trajectory.points[1].time_from_start


def negative_time(goal: Goal) -> None:
    goal.trajectory.points[0].time_from_start = Duration(sec=-1)


def starts_elsewhere(goal: Goal) -> None:
    for point in goal.trajectory.points:
        point.positions[ELBOW] += 0.2


def beyond_a_position_limit(goal: Goal) -> None:
    goal.trajectory.points[-1].positions[ELBOW] = 3.5


def too_fast(goal: Goal) -> None:
    for k, point in enumerate(goal.trajectory.points):
        point.time_from_start = Duration(nanosec=k * 20_000_000)
        point.velocities, point.accelerations = [], []


def too_jerky(goal: Goal) -> None:
    goal.trajectory.points[2].accelerations[WRIST] += 9.0


def moves_at_its_end(goal: Goal) -> None:
    goal.trajectory.points[-1].velocities[ELBOW] = 0.3


def over_already(goal: Goal) -> None:
    goal.trajectory.header.stamp = Time(nanosec=1)


def tolerance_of_an_unknown_joint(goal: Goal) -> None:
    goal.path_tolerance = [JointTolerance(name="knee_joint", position=0.1)]


def negative_tolerance(goal: Goal) -> None:
    goal.goal_tolerance = [JointTolerance(name="elbow_joint", position=-0.5)]


def several_degrees_of_freedom(goal: Goal) -> None:
    goal.multi_dof_trajectory.joint_names = ["elbow_joint"]
    goal.multi_dof_trajectory.points = [MultiDOFJointTrajectoryPoint()]


BAD = [
    (nan, Result.INVALID_GOAL, ["elbow_joint", "NaN", "positions", "point 2", "finite"]),
    (infinite, Result.INVALID_GOAL, ["elbow_joint", "inf", "velocities", "point 2", "finite"]),
    (unknown_joint, Result.INVALID_JOINTS, ["knee_joint", "arm"]),
    (joint_twice, Result.INVALID_JOINTS, ["wrist_1_joint", "twice"]),
    (missing_joint, Result.INVALID_JOINTS, ["elbow_joint", "missing"]),
    (no_joints, Result.INVALID_JOINTS, ["no joints"]),
    (no_points, Result.INVALID_GOAL, ["no points"]),
    (nothing, Result.INVALID_JOINTS, ["no joints"]),
    (too_few_positions, Result.INVALID_GOAL, ["point 1", "5 positions", "6 joints"]),
    (velocities_in_one_point_only, Result.INVALID_GOAL, ["point 1", "velocities"]),
    (times_out_of_order, Result.INVALID_GOAL, ["point 2", "0.300 s"]),
    (negative_time, Result.INVALID_GOAL, ["point 0", "-1.000 s"]),
    (starts_elsewhere, Result.INVALID_GOAL, ["elbow_joint", "0.2", "start tolerance 0.0100 rad"]),
    (beyond_a_position_limit, Result.INVALID_GOAL, ["elbow_joint", "3.5000 rad", "3.1416 rad"]),
    (too_fast, Result.INVALID_GOAL, ["_joint", "is beyond its limit", "rad/s"]),
    (too_jerky, Result.INVALID_GOAL, ["wrist_1_joint", "is beyond its limit", "rad/s"]),
    (moves_at_its_end, Result.INVALID_GOAL, ["elbow_joint", "0.3000", "at rest"]),
    (over_already, Result.OLD_HEADER_TIMESTAMP, ["ended", "s ago"]),
    (tolerance_of_an_unknown_joint, Result.INVALID_JOINTS, ["knee_joint", "path_tolerance"]),
    (negative_tolerance, Result.INVALID_GOAL, ["elbow_joint", "-0.5", "goal_tolerance"]),
    (several_degrees_of_freedom, Result.INVALID_GOAL, ["planar or floating joints"]),
]


@pytest.mark.parametrize(("spoil", "code", "words"), BAD, ids=lambda value: getattr(value, "__name__", ""))
def test_a_bad_goal_is_refused_with_its_reason_and_nothing_moves(
    peer: Peer, spoil: Callable[[Goal], None], code: int, words: list[str]
) -> None:
    start, began = peer.positions(ARM), peer.now()
    goal = follow_goal(quintic(start, farther(start), BRISK_S, 4))
    spoil(goal)
    result = peer.send(*FOLLOW, goal).abort()
    assert result.error_code == code, result.error_string
    assert [word for word in words if word not in result.error_string] == [], result.error_string
    peer.wait_until(peer.now() + 0.1)
    for state in peer.states_since(began):
        for joint, position in zip(ARM, start, strict=True):
            assert abs(state.position[state.name.index(joint)] - position) < 0.001


def test_after_bad_goals_a_good_one_is_reached(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    for spoil in (nan, unknown_joint, nothing):
        bad = follow_goal(quintic(start, target, BRISK_S, 4))
        spoil(bad)
        peer.send(*FOLLOW, bad).abort()
    peer.send(*FOLLOW, follow_goal(quintic(start, target, BRISK_S, 4))).succeed()
    assert_there(peer, target)


def test_a_bad_goal_leaves_the_goal_that_is_being_followed_alone(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    good = peer.send(*FOLLOW, follow_goal(quintic(start, target, 2.0, 4)))
    bad = follow_goal(quintic(start, target, BRISK_S, 4))
    nan(bad)
    peer.send(*FOLLOW, bad).abort()
    good.succeed()
    assert_there(peer, target)
