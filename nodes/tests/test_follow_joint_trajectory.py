"""The FollowJointTrajectory server, as MoveIt uses it."""

from action_msgs.msg import GoalStatus
from control_msgs.action import FollowJointTrajectory
from control_msgs.msg import JointTolerance

from heard import stamp_of
from motions import (
    ARM,
    BRISK_S,
    FOLLOW,
    SLOW_S,
    assert_no_jump,
    assert_on_line,
    assert_there,
    farther,
    follow_goal,
    quintic,
    took,
    travel,
    wait_until_moving,
    wait_until_still,
)
from peer import Peer

Result = FollowJointTrajectory.Result


def test_a_goal_is_reached_in_the_time_that_moveit_allows(peer: Peer) -> None:
    began = peer.now()
    goal, target = travel(peer, BRISK_S)
    result = goal.succeed()
    assert (result.error_code, result.error_string) == (Result.SUCCESSFUL, "")
    assert_there(peer, target)
    assert_no_jump(peer, began)
    assert BRISK_S - 0.01 <= took(peer, began) <= 1.1 * BRISK_S + 0.5


def test_a_goal_of_positions_only_is_reached(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    points = quintic(start, target, SLOW_S / 2, 3)
    for point in points:
        point.velocities, point.accelerations = [], []
    peer.send(*FOLLOW, follow_goal(points)).succeed()
    assert_there(peer, target)


def test_a_goal_may_name_the_joints_in_any_order(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    points = quintic(start[::-1], target[::-1], BRISK_S, 4)
    peer.send(*FOLLOW, follow_goal(points, joints=ARM[::-1])).succeed()
    assert_there(peer, target)


def test_feedback_says_desired_actual_and_error_of_each_joint(peer: Peer) -> None:
    goal, _ = travel(peer, BRISK_S)
    goal.succeed()
    # Of some 20 to 60, the last of which may be heard after the result.
    peer.wait_for(lambda: len(goal.feedback) > 5, "feedback")
    stamps = [stamp_of(feedback) for feedback in goal.feedback]
    assert stamps == sorted(stamps)
    for feedback in goal.feedback:
        assert list(feedback.joint_names) == ARM
        for point in (feedback.desired, feedback.actual, feedback.error):
            assert len(point.positions) == len(point.velocities) == len(ARM)
        for desired, actual, error in zip(
            feedback.desired.positions, feedback.actual.positions, feedback.error.positions, strict=True
        ):
            assert abs(error - (desired - actual)) < 1e-9
            # The measurement is some milliseconds older than the setpoint.
            assert abs(error) < 0.05


def test_a_cancelled_goal_ends_cancelled_and_at_rest_on_its_path(peer: Peer) -> None:
    start, began = peer.positions(ARM), peer.now()
    goal, target = travel(peer)
    wait_until_moving(peer)
    goal.cancel()
    status, _ = goal.end()
    assert status == GoalStatus.STATUS_CANCELED
    wait_until_still(peer)
    share = assert_on_line(peer.positions(ARM), start, target)
    assert 0.0 < share < 0.95
    assert_no_jump(peer, began)


def test_a_new_goal_replaces_the_old_one_without_a_jump(peer: Peer) -> None:
    start, began = peer.positions(ARM), peer.now()
    old, _ = travel(peer)
    wait_until_moving(peer)
    # Back to where it came from, planned from rest where the arm will be measured: the first point lies ahead.
    points = quintic(peer.positions(ARM), start, 2.0, 4)[-1:]
    new = peer.send(*FOLLOW, follow_goal(points))
    result = old.abort()
    assert "replaced by a newer goal" in result.error_string
    new.succeed()
    assert_there(peer, start)
    assert_no_jump(peer, began)


def test_a_path_tolerance_that_is_broken_aborts_and_names_the_joint(peer: Peer) -> None:
    start, began = peer.positions(ARM), peer.now()
    target = farther(start)
    # Below what friction leaves, so that it is broken at the latest when the arm begins to move.
    tolerance = JointTolerance(name="elbow_joint", position=1e-7)
    goal = peer.send(*FOLLOW, follow_goal(quintic(start, target, SLOW_S, 8), path_tolerance=[tolerance]))
    result = goal.abort()
    assert result.error_code == Result.PATH_TOLERANCE_VIOLATED
    assert "elbow_joint" in result.error_string
    peer.wait_until(peer.now() + 0.2)
    wait_until_still(peer)
    assert assert_on_line(peer.positions(ARM), start, target) < 0.95
    assert_no_jump(peer, began)


def test_a_goal_tolerance_that_is_not_met_in_time_aborts_and_names_the_joint(peer: Peer) -> None:
    start = peer.positions(ARM)
    # Below what an encoder can tell, so that it can't be met.
    tolerance = JointTolerance(name="wrist_2_joint", position=1e-12)
    goal = peer.send(
        *FOLLOW,
        follow_goal(
            quintic(start, farther(start), BRISK_S, 4), goal_tolerance=[tolerance], goal_time_tolerance_s=0.2
        ),
    )
    result = goal.abort()
    assert result.error_code == Result.GOAL_TOLERANCE_VIOLATED
    assert "wrist_2_joint" in result.error_string


def test_a_tolerance_of_minus_one_is_none(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    none = [JointTolerance(name=joint, position=-1.0, velocity=-1.0, acceleration=-1.0) for joint in ARM]
    goal = follow_goal(quintic(start, target, BRISK_S, 4), path_tolerance=none, goal_tolerance=none)
    peer.send(*FOLLOW, goal).succeed()
    wait_until_still(peer)
    assert_there(peer, target)
