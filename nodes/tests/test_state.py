"""What the cell says of itself on the standard topics: joint states, transforms, the robot's description."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

from std_msgs.msg import String
from tf2_msgs.msg import TFMessage

from heard import LATCHED, seconds, stamp_of
from motions import ARM, BELT, GRIPPER, travel
from peer import Peer


def test_joint_states_names_every_joint_with_position_velocity_and_effort(peer: Peer) -> None:
    began = peer.now()
    peer.wait_until(began + 0.2)
    states = peer.states_since(began)
    assert states
    for state in states:
        assert len(set(state.name)) == len(state.name)
        assert {*ARM, GRIPPER, BELT} <= set(state.name)
        assert "gripper_finger_right_joint" in state.name, "joints that mimic others move too"
        assert len(state.position) == len(state.velocity) == len(state.effort) == len(state.name)


def test_joint_states_come_at_their_rate_in_ros_time(peer: Peer) -> None:
    began = peer.now()
    peer.wait_until(began + 2.0)
    stamps = [stamp_of(state) for state in peer.states_since(began)]
    assert_period(stamps, 0.01)


def test_joint_states_says_what_the_machine_really_does(peer: Peer) -> None:
    began = peer.now()
    goal, _ = travel(peer, 2.0)
    goal.succeed()
    truths = {round(stamp_of(m) * 1e3): m for m in peer.truths_since(began)}
    states = {round(stamp_of(m) * 1e3): m for m in peer.states_since(began)}
    common = sorted(set(truths) & set(states))
    assert len(common) > 50
    for at in common:
        truth, state = truths[at], states[at]
        for joint in ARM:
            real = truth.position[truth.joint.index(joint)]
            assert abs(state.position[state.name.index(joint)] - real) < 0.003


def test_every_frame_hangs_together_with_the_world(peer: Peer) -> None:
    with peer.listening(TFMessage, "/tf") as moving, peer.listening(TFMessage, "/tf_static", LATCHED) as fixed:
        peer.wait_for(lambda: len(moving) > 10 and fixed, "tf and tf_static")

    parents: dict[str, str] = {}
    for message in [*fixed, *moving]:
        for transform in message.transforms:
            child, parent = transform.child_frame_id, transform.header.frame_id
            assert parents.setdefault(child, parent) == parent, f"{child} has two parents"
            q = transform.transform.rotation
            assert abs(q.x**2 + q.y**2 + q.z**2 + q.w**2 - 1.0) < 1e-6
    for frame in ("tool0", "gripper_tcp", "conveyor_belt", "bin"):
        assert root_of(frame, parents) == "world"
    for frame in parents:
        assert root_of(frame, parents) == "world"
    stamps = [seconds(m.transforms[0].header.stamp) for m in moving]
    assert_period(stamps, 0.02)


def assert_period(stamps: list[float], period_s: float) -> None:
    """Stamps are due once a period and at most a step of the clock early; where this machine has lost samples, they are late, and some are left out."""
    step = 0.002 / period_s
    due = [round(stamp / period_s + 0.5 * step - 0.5) for stamp in stamps]
    late = [stamp / period_s - due for stamp, due in zip(stamps, due, strict=True)]
    phase = min(late)
    assert sum(off < phase + 1.5 * step for off in late) > 0.5 * len(late), late
    assert all(b > a for a, b in zip(due, due[1:], strict=False)), due
    assert min(b - a for a, b in zip(due, due[1:], strict=False)) == 1, due


def root_of(frame: str, parents: dict[str, str]) -> str:
    way = [frame]
    while way[-1] in parents:
        assert parents[way[-1]] not in way, f"the frames {way} form a loop"
        way.append(parents[way[-1]])
    return way[-1]


def test_who_comes_late_gets_the_description_and_the_fixed_frames(peer: Peer) -> None:
    with (
        peer.listening(String, "robot_description", LATCHED) as descriptions,
        peer.listening(TFMessage, "/tf_static", LATCHED) as fixed,
    ):
        peer.wait_for(lambda: descriptions and fixed, "latched messages")
    robot = ElementTree.fromstring(descriptions[-1].data)
    assert {*ARM, GRIPPER, BELT} <= {joint.get("name") for joint in robot.iter("joint")}
    assert fixed[-1].transforms
