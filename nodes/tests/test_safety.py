"""The gate, as an operator uses it: stop, reset, and what goals are told meanwhile."""

import math

from control_msgs.action import FollowJointTrajectory
from servomesh_msgs.action import Move
from servomesh_msgs.msg import Event, Fault, GroupSafety

from conftest import GROUPS, reset_until_granted
from motions import (
    ARM,
    BRISK_S,
    MOVING,
    assert_no_jump,
    assert_on_line,
    assert_there,
    moved,
    travel,
    wait_until_moving,
    wait_until_still,
)
from peer import Peer

Result = FollowJointTrajectory.Result


def test_a_stop_during_motion_aborts_the_goal_and_stops_the_arm(peer: Peer) -> None:
    start, began = peer.positions(ARM), peer.now()
    goal, target = travel(peer)
    wait_until_moving(peer)
    answer = peer.trigger("safety/stop")
    assert answer.success and "arm" in answer.message
    result = goal.abort()
    assert result.error_code == Result.INVALID_GOAL, "the action knows no closer code"
    assert "safety" in result.error_string and "stop requested" in result.error_string

    wait_until_still(peer)
    assert_no_jump(peer, began)
    share = assert_on_line(peer.positions(ARM), start, target, off=0.03)
    assert 0.0 < share < 0.95
    for group in GROUPS:
        gate = peer.wait_for(
            lambda group=group: (g := peer.gate(group)).mode == GroupSafety.STOPPED and g, f"{group} is stopped"
        )
        assert gate.fault.code == Fault.STOP_REQUESTED
        assert "stop" in gate.fault.text
    assert peer.safety().mode == GroupSafety.STOPPED

    here = peer.positions(ARM)
    refused, _ = travel(peer)
    assert "stop requested" in refused.abort().error_string
    refused = peer.send(Move, "arm/move", Move.Goal(target=[0.0] * 6)).abort()
    assert refused.error_code == Move.Result.NOT_READY
    peer.wait_until(peer.now() + 0.2)
    assert_there(peer, here, tolerance=0.002)

    before = peer.gates()
    reset_until_granted(peer)
    after = peer.gates()
    assert all(after[group].epoch > before[group].epoch for group in GROUPS)
    assert all(after[group].fault.code == Fault.NONE for group in GROUPS)
    goal, target = travel(peer, BRISK_S)
    goal.succeed()
    assert_there(peer, target)
    assert_no_jump(peer, began)


def test_a_reset_is_not_granted_before_the_arm_stands(peer: Peer) -> None:
    began = peer.now()
    travel(peer, BRISK_S)
    wait_until_moving(peer, since_s=began, speed=0.5)
    peer.trigger("safety/stop")
    while not (answer := peer.trigger("safety/reset")).success:
        assert "arm: it still moves" in answer.message
    opened = peer.wait_for(lambda: opened_after_a_stop(peer, began), "the arm's gate is open")
    assert not moved(peer, opened, speed=MOVING), "it stood when the gate opened, not only when this peer looked"


def opened_after_a_stop(peer: Peer, since_s: float) -> float | None:
    """When the arm's gate was open again after it was closed, from a time on [s]."""
    gates = peer.gates_since("arm", since_s)
    closed = min((stamp for stamp, gate in gates if gate.mode != GroupSafety.NORMAL), default=math.inf)
    return next((stamp for stamp, gate in gates if gate.mode == GroupSafety.NORMAL and stamp > closed), None)


def test_a_reset_without_a_cause_changes_nothing(peer: Peer) -> None:
    epochs = {group: gate.epoch for group, gate in peer.gates().items()}
    answer = peer.trigger("safety/reset")
    assert answer.success and "nothing to reset" in answer.message
    assert {group: gate.epoch for group, gate in peer.gates().items()} == epochs


def test_a_stop_and_a_reset_are_told_as_events(peer: Peer) -> None:
    began = peer.now()
    peer.trigger("safety/stop")
    reset_until_granted(peer)
    peer.wait_for(
        lambda: peer.events_of(Event.RECOVERED, "safety", "arm", since_s=began),
        "an event says that the arm may move again",
    )
    assert peer.events_of(Event.STOPPED, "safety", "arm", since_s=began)
