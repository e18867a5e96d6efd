"""Paths of the arm's tool, how they run, gears and jogging: the planner's doors beside FollowJointTrajectory."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, Pose, Twist, Vector3
from servomesh_msgs.action import Couple, Move
from servomesh_msgs.msg import GroupSafety, Jog, PathSegment, Setpoint
from servomesh_msgs.srv import Pause, SetSpeedScale, StepBack, Stop
from trajectory_msgs.msg import JointTrajectory

from conftest import reset_until_granted
from heard import ALL_OF_STREAM, STREAM, seconds
from motions import (
    ARM,
    AWAY,
    BRISK_S,
    FOLLOW,
    GRIPPER,
    HOME,
    SLOW_S,
    assert_no_jump,
    assert_on_line,
    assert_there,
    farther,
    fastest,
    follow_goal,
    largest_error,
    quintic,
    took,
    travel,
    wait_until_moving,
    wait_until_still,
)
from peer import Peer, pick

ARM_MOVE = (Move, "arm/move")
#: The tool points down above the belt.
ABOVE = [-0.2448, -1.3758, 1.8351, -2.03, -1.5708, -1.8156]
ABOVE_XYZ = (0.55, 0.0, 0.67)
#: A motion during which the speed scale changes: long enough that it does so before the end, however late it is asked.
SCALED_S = 3.0


@pytest.fixture(autouse=True)
def back_home(peer: Peer) -> Iterator[None]:
    """The other tests' motions begin near the two poses of motions.py."""
    yield
    if min(largest_error(peer.positions(ARM), pose) for pose in (HOME, AWAY)) > 0.6:
        peer.send(*ARM_MOVE, Move.Goal(target=HOME)).succeed()


def line(x: float, y: float, z: float, **options) -> PathSegment:
    """A line of the tool, which keeps its orientation: a quaternion of zeros."""
    pose = Pose(position=Point(x=x, y=y, z=z))
    pose.orientation.w = 0.0
    return PathSegment(kind=PathSegment.LINE, pose=pose, **options)


def path(*segments: PathSegment, **options) -> Move.Goal:
    return Move.Goal(mode=Move.Goal.PATH, segments=list(segments), **options)


def above_the_belt(peer: Peer) -> None:
    peer.send(*ARM_MOVE, Move.Goal(target=ABOVE)).succeed()


def test_a_path_of_lines_and_an_arc_is_followed_and_says_where_it_is(peer: Peer) -> None:
    above_the_belt(peer)
    began = peer.now()
    x, y, z = ABOVE_XYZ
    arc = PathSegment(
        kind=PathSegment.ARC, centre=Point(x=x, y=y, z=z), axis=Vector3(z=1.0), angle=3.14159, pose=Pose()
    )
    arc.pose.orientation.w = 0.0
    goal = peer.send(
        *ARM_MOVE,
        path(
            line(x + 0.1, y, z),
            arc,
            line(x - 0.1, y, z + 0.1, corner=PathSegment.BLEND, blend=0.03),
            line(x, y, z + 0.1),
            tool_speed=0.3,
        ),
    )
    result = goal.succeed()
    assert 0.0 <= result.path_deviation < 2e-5
    peer.wait_for(lambda: goal.feedback and goal.feedback[-1].progress > 0.8, "feedback of the path's end")
    segments = [feedback.segment for feedback in goal.feedback]
    assert segments == sorted(segments) and set(segments) >= {0, 1, 3}
    progress = [feedback.progress for feedback in goal.feedback]
    assert progress == sorted(progress)
    assert_no_jump(peer, began)


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (path(line(3.0, 0.0, 0.7)), ["segment 0"]),
        (path(line(0.55, 0.1, float("nan"))), ["segment 0", "pose", "NaN"]),
        (path(line(0.55, 0.1, 0.7), frame="attic"), ["attic"]),
        (path(line(0.55, 0.1, 0.7), tool="spoon"), ["spoon"]),
        (path(line(0.55, 0.1, 0.7), tool_speed=-1.0), ["tool_speed", "-1"]),
        (path(), ["segments", "0"]),
    ],
)
def test_a_path_that_cannot_be_is_refused_and_nothing_moves(peer: Peer, goal: Move.Goal, words: list[str]) -> None:
    above_the_belt(peer)
    wait_until_still(peer)
    before = peer.positions(ARM)
    result = peer.send(*ARM_MOVE, goal).abort()
    assert result.error_code == Move.Result.INVALID_GOAL
    assert [word for word in words if word not in result.error_string] == [], result.error_string
    assert fastest(peer) < 0.02
    assert largest_error(peer.positions(ARM), before) < 1e-3


def test_a_path_replaces_a_move_that_is_under_way(peer: Peer) -> None:
    above_the_belt(peer)
    began = peer.now()
    move = peer.send(*ARM_MOVE, Move.Goal(target=HOME, velocity_scale=0.2))
    wait_until_moving(peer)
    segment = PathSegment(kind=PathSegment.JOINT, position=ABOVE)
    peer.send(*ARM_MOVE, path(segment)).succeed()
    assert move.abort().error_code == Move.Result.REPLACED
    assert_there(peer, ABOVE)
    assert_no_jump(peer, began)


def test_a_trajectory_on_the_topic_is_followed(peer: Peer) -> None:
    start = peer.positions(ARM)
    target = farther(start)
    publisher = peer.do(lambda: peer.node.create_publisher(JointTrajectory, "arm/joint_trajectory", 10))
    peer.wait_for(lambda: publisher.get_subscription_count() > 0, "trajectory listens to arm/joint_trajectory")
    message = follow_goal(quintic(start, target, SLOW_S, 6)).trajectory
    began = peer.now()
    peer.do(lambda: publisher.publish(message))
    wait_until_moving(peer, since_s=began)
    wait_until_still(peer)
    assert_there(peer, target)
    peer.do(lambda: peer.node.destroy_publisher(publisher))


def test_ten_motions_in_a_row_meet_the_checks_of_moveit(peer: Peer) -> None:
    """Start within 0.01 rad of the present state, duration within 1.1 times the planned one and 0.5 s."""
    dice = random.Random(7)
    for _ in range(10):
        start, began = peer.positions(ARM), peer.now()
        target = [home + dice.uniform(-0.4, 0.4) for home in HOME]
        time_s = dice.uniform(BRISK_S, SLOW_S / 2)
        points = quintic(start, target, time_s, dice.randint(2, 12))
        assert largest_error(points[0].positions, peer.positions(ARM)) < 0.01
        goal = peer.send(*FOLLOW, follow_goal(points))
        goal.succeed()
        assert time_s - 0.01 <= took(peer, began) <= 1.1 * time_s + 0.5
        assert_there(peer, target)


def ask(peer: Peer, kind: type, name: str, **fields):
    return peer.call(kind, f"/trajectory/{name}", kind.Request(**fields))


def test_a_paused_path_waits_steps_back_and_goes_on(peer: Peer) -> None:
    start = peer.positions(ARM)
    goal, target = travel(peer)
    wait_until_moving(peer)
    assert ask(peer, Pause, "pause", group="arm").success
    wait_until_still(peer)
    paused = assert_on_line(peer.positions(ARM), start, target)
    assert not goal.done()
    assert ask(peer, StepBack, "step_back", group="arm", time=0.3).success
    peer.wait_for(lambda: assert_on_line(peer.positions(ARM), start, target) < paused - 0.005, "it is farther back")
    wait_until_still(peer)
    assert not goal.done()
    assert ask(peer, Pause, "resume", group="arm").success
    goal.succeed()
    assert_there(peer, target)


def test_the_speed_scale_slows_a_motion_down_on_its_path(peer: Peer) -> None:
    start, began = peer.positions(ARM), peer.now()
    goal, target = travel(peer, SCALED_S)
    wait_until_moving(peer)
    try:
        assert ask(peer, SetSpeedScale, "set_speed_scale", scale=0.25).success
        later = peer.wait_until(began + 1.5 * SCALED_S)
        assert 0.0 < assert_on_line(pick(later, later.position, ARM), start, target) < 0.99
    finally:
        assert ask(peer, SetSpeedScale, "set_speed_scale", scale=1.0).success
    goal.succeed()
    assert took(peer, began) > 1.5 * SCALED_S, "at a quarter of its speed it takes longer"
    assert_there(peer, target)
    assert_no_jump(peer, began)


def test_safety_s_speed_scale_slows_motions_down_too(peer: Peer) -> None:
    began = peer.now()
    goal, target = travel(peer, SCALED_S)
    wait_until_moving(peer)
    request = SetSpeedScale.Request(group="arm", scale=0.25)
    try:
        assert peer.call(SetSpeedScale, "safety/set_speed_scale", request).success
        peer.wait_until(began + 1.5 * SCALED_S)
    finally:
        request.scale = 1.0
        assert peer.call(SetSpeedScale, "safety/set_speed_scale", request).success
    goal.succeed()
    assert took(peer, began) > 1.5 * SCALED_S, "at a quarter of its speed it takes longer"
    assert_there(peer, target)


def test_a_stop_of_category_1_ends_on_the_path_without_torque(peer: Peer) -> None:
    start = peer.positions(ARM)
    goal, target = travel(peer)
    wait_until_moving(peer)
    assert ask(peer, Stop, "stop", group="arm", category=1).success
    goal.abort()
    gate = peer.wait_for(
        lambda: (gate := peer.gate("arm")) and gate.mode == GroupSafety.OFF and gate, "the arm's torque is off"
    )
    assert gate.group == "arm"
    assert 0.0 < assert_on_line(peer.positions(ARM), start, target) < 1.0
    reset_until_granted(peer)
    wait_until_still(peer)
    with peer.listening(Setpoint, "arm/setpoint", STREAM) as heard:
        peer.wait_for(lambda: heard, "the arm has setpoints again")
    peer.send(*ARM_MOVE, Move.Goal(target=HOME)).succeed()


def test_setpoints_say_what_a_stop_would_take(peer: Peer) -> None:
    with peer.listening(Setpoint, "arm/setpoint", ALL_OF_STREAM) as heard:
        peer.wait_for(lambda: heard, "the arm has setpoints")
        goal, _ = travel(peer, BRISK_S)
        goal.succeed()
        ended = peer.now()
        peer.wait_for(lambda: seconds(heard[-1].tag.stamp) >= ended, "the setpoints of the whole motion")
    moving = [setpoint for setpoint in heard if max(map(abs, setpoint.velocity)) > 0.1]
    assert len(moving) > 20
    assert all(0.0 < setpoint.stopping_time < 5.0 for setpoint in moving)
    assert all(len(setpoint.stopping_distance) == len(ARM) for setpoint in moving)


def test_a_gripper_in_gear_follows_the_arm_until_it_is_cancelled(peer: Peer) -> None:
    peer.send(*ARM_MOVE, Move.Goal(target=HOME)).succeed()
    peer.send(Move, "gripper/move", Move.Goal(target=[0.03])).succeed()
    # The elbow's whole range takes the fingers 19 mm.
    ratio = 0.003
    coupling = peer.send(Couple, "gripper/couple", Couple.Goal(leader="arm", leader_joint="elbow_joint", ratio=ratio))
    peer.wait_for(lambda: coupling.feedback and coupling.feedback[-1].in_step, "it is in step")
    before = peer.positions([GRIPPER])[0]
    bent = [*HOME[:2], HOME[2] - 1.0, *HOME[3:]]
    peer.send(*ARM_MOVE, Move.Goal(target=bent)).succeed()
    wait_until_still(peer, [GRIPPER])
    assert abs(peer.positions([GRIPPER])[0] - (before - ratio)) < 5e-4
    coupling.cancel()
    assert coupling.end()[0] == GoalStatus.STATUS_CANCELED


def test_a_gear_that_asks_too_much_is_refused(peer: Peer) -> None:
    wanted = Couple.Goal(leader="arm", leader_joint="wrist_3_joint", ratio=100.0)
    result = peer.send(Couple, "gripper/couple", wanted).abort()
    assert result.error_code == Couple.Result.INVALID_GOAL
    assert GRIPPER in result.error_string


@pytest.mark.parametrize(
    "message",
    [
        Jog(mode=Jog.JOINT, joint_names=["wrist_3_joint"], velocity=[0.5]),
        Jog(mode=Jog.TWIST, twist=Twist(linear=Vector3(z=0.1))),
    ],
    ids=["joint", "twist"],
)
def test_jogging_moves_as_long_as_it_is_asked_for(peer: Peer, message: Jog) -> None:
    above_the_belt(peer)
    wait_until_still(peer)
    began = peer.now()
    publisher = peer.do(lambda: peer.node.create_publisher(Jog, "arm/jog", STREAM))
    peer.wait_for(lambda: publisher.get_subscription_count() > 0, "trajectory listens to arm/jog")
    timer = peer.do(lambda: peer.node.create_timer(0.02, lambda: publisher.publish(message)))
    wait_until_moving(peer, since_s=began)
    peer.do(lambda: peer.node.destroy_timer(timer))
    peer.do(lambda: peer.node.destroy_publisher(publisher))
    wait_until_still(peer)
    assert_no_jump(peer, began)
    above_the_belt(peer)
