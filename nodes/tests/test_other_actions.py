"""The actions beside FollowJointTrajectory: own moves, the gripper, the conveyor."""

import pytest
from action_msgs.msg import GoalStatus
from control_msgs.action import GripperCommand, ParallelGripperCommand
from servomesh_msgs.action import Move

from heard import stamp_of
from motions import ARM, BELT, GRIPPER, assert_no_jump, assert_there, farther, wait_until_moving, wait_until_still
from peer import Peer, pick

ARM_MOVE = (Move, "arm/move")
BELT_MOVE = (Move, "conveyor/move")


def test_a_move_reaches_its_joint_target(peer: Peer) -> None:
    began, target = peer.now(), farther(peer.positions(ARM))
    goal = peer.send(*ARM_MOVE, Move.Goal(mode=Move.Goal.JOINT, target=target))
    result = goal.succeed()
    assert result.error_code == Move.Result.SUCCESSFUL
    assert 0.2 < result.duration < 5.0
    assert_there(peer, target)
    assert_no_jump(peer, began)
    peer.wait_for(lambda: len(goal.feedback) > 5, "feedback")
    assert [f.progress for f in goal.feedback] == sorted(f.progress for f in goal.feedback)
    assert all(len(f.desired) == len(f.error) == len(ARM) for f in goal.feedback)


def test_a_scaled_move_keeps_its_share_of_the_velocity_limit(peer: Peer) -> None:
    began = peer.now()
    target = peer.positions(ARM)
    target[5] += 1.0 if target[5] < 0.5 else -1.0
    scaled = Move.Goal(joint_names=["wrist_3_joint"], target=[target[5]], velocity_scale=0.25)
    peer.send(*ARM_MOVE, scaled).succeed()
    assert_there(peer, target)
    speeds = [abs(m.velocity[m.name.index("wrist_3_joint")]) for m in peer.states_since(began)]
    # A quarter of π rad/s, and a tenth of that for the controller's and the filter's overshoot.
    assert 0.7 < max(speeds) < 0.25 * 3.1416 * 1.1


def test_a_cancelled_move_comes_to_rest_without_a_jump(peer: Peer) -> None:
    began, target = peer.now(), farther(peer.positions(ARM))
    goal = peer.send(*ARM_MOVE, Move.Goal(target=target, velocity_scale=0.2))
    wait_until_moving(peer)
    goal.cancel()
    assert goal.end()[0] == GoalStatus.STATUS_CANCELED
    wait_until_still(peer)
    assert_no_jump(peer, began)


@pytest.mark.parametrize(
    ("goal", "code", "words"),
    [
        (Move.Goal(target=[float("nan")] * 6), Move.Result.INVALID_GOAL, ["shoulder_pan_joint", "NaN"]),
        (Move.Goal(target=[0.0]), Move.Result.INVALID_GOAL, ["1 values", "6 joints"]),
        (
            Move.Goal(joint_names=["elbow_joint"], target=[4.0]),
            Move.Result.INVALID_GOAL,
            ["elbow_joint", "4.0000 rad", "3.1416 rad"],
        ),
        (Move.Goal(joint_names=["knee_joint"], target=[0.0]), Move.Result.INVALID_JOINTS, ["knee_joint"]),
        (
            Move.Goal(joint_names=["elbow_joint"], target=[1.0], velocity_scale=1.5),
            Move.Result.INVALID_GOAL,
            ["velocity_scale", "1.5"],
        ),
        (Move.Goal(mode=Move.Goal.VELOCITY, target=[0.1] * 6), Move.Result.INVALID_GOAL, ["arm", "velocity"]),
        (Move.Goal(mode=7, target=[0.0] * 6), Move.Result.INVALID_GOAL, ["mode 7"]),
    ],
)
def test_a_bad_move_is_refused_with_its_reason(peer: Peer, goal: Move.Goal, code: int, words: list[str]) -> None:
    result = peer.send(*ARM_MOVE, goal).abort()
    assert result.error_code == code, result.error_string
    assert [word for word in words if word not in result.error_string] == [], result.error_string


def grip(peer: Peer, position: float, max_effort: float = 0.0) -> GripperCommand.Result:
    goal = GripperCommand.Goal()
    goal.command.position, goal.command.max_effort = position, max_effort
    return peer.send(GripperCommand, "gripper/gripper_cmd", goal).succeed()


def test_the_gripper_closes_and_opens(peer: Peer) -> None:
    for position in (0.015, 0.04):
        result = grip(peer, position, max_effort=60.0)
        assert result.reached_goal and not result.stalled
        assert abs(result.position - position) < 0.003
        assert abs(peer.positions([GRIPPER])[0] - position) < 0.003


def test_the_gripper_refuses_what_it_cannot_reach(peer: Peer) -> None:
    before = peer.positions([GRIPPER])[0]
    goal = GripperCommand.Goal()
    goal.command.position = 0.2
    peer.send(GripperCommand, "gripper/gripper_cmd", goal).abort()
    assert abs(peer.positions([GRIPPER])[0] - before) < 0.001


def test_the_gripper_takes_the_newer_kind_of_goal_too(peer: Peer) -> None:
    goal = ParallelGripperCommand.Goal()
    goal.command.name, goal.command.position = [GRIPPER], [0.03]
    result = peer.send(ParallelGripperCommand, "gripper/parallel_gripper_cmd", goal).succeed()
    assert result.reached_goal
    assert abs(result.state.position[0] - 0.03) < 0.003


def test_the_conveyor_runs_at_a_velocity_until_told_otherwise(peer: Peer) -> None:
    run = Move.Goal(mode=Move.Goal.VELOCITY, target=[0.1])
    peer.send(*BELT_MOVE, run).succeed()
    first = peer.joint_state([BELT])
    last = peer.wait_until(stamp_of(first) + 1.0)
    went = pick(last, last.position, [BELT])[0] - pick(first, first.position, [BELT])[0]
    assert abs(went / (stamp_of(last) - stamp_of(first)) - 0.1) < 0.01
    assert abs(pick(last, last.velocity, [BELT])[0] - 0.1) < 0.02

    stop = Move.Goal(mode=Move.Goal.VELOCITY, target=[0.0])
    peer.send(*BELT_MOVE, stop).succeed()
    wait_until_still(peer, [BELT])


def test_groups_move_at_the_same_time(peer: Peer) -> None:
    target = farther(peer.positions(ARM))
    belt = peer.send(*BELT_MOVE, Move.Goal(mode=Move.Goal.VELOCITY, target=[0.2]))
    arm = peer.send(*ARM_MOVE, Move.Goal(target=target, velocity_scale=0.5))
    assert grip(peer, 0.02).reached_goal
    belt.succeed()
    arm.succeed()
    assert_there(peer, target)
    peer.send(*BELT_MOVE, Move.Goal(mode=Move.Goal.VELOCITY, target=[0.0])).succeed()
