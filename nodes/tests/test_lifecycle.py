"""A node under a lifecycle manager such as Nav2's: what it does, announces and refuses."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from lifecycle_msgs.msg import State, Transition, TransitionEvent
from lifecycle_msgs.srv import ChangeState, GetAvailableStates, GetAvailableTransitions

from cell import PATIENCE_S, Cell, executable
from conftest import reset_until_granted
from motions import ARM, BRISK_S, assert_there, travel, wait_until_moving, wait_until_still
from peer import Peer

#: The way through all states, with the labels of what is announced on it.
WAY = [
    (Transition.TRANSITION_CONFIGURE, "configure", "configuring", "inactive"),
    (Transition.TRANSITION_ACTIVATE, "activate", "activating", "active"),
    (Transition.TRANSITION_DEACTIVATE, "deactivate", "deactivating", "inactive"),
    (Transition.TRANSITION_CLEANUP, "cleanup", "cleaningup", "unconfigured"),
    (Transition.TRANSITION_UNCONFIGURED_SHUTDOWN, "shutdown", "shuttingdown", "finalized"),
]


@pytest.fixture(params=["trajectory", "safety", "estimator"])
def lonely(request: pytest.FixtureRequest, cell: Cell, tmp_path: Path) -> Iterator[subprocess.Popen]:
    """A node of its own in the namespace `/lonely`, on the system's clock, that waits to be configured."""
    log = (tmp_path / "log").open("wb")
    node = subprocess.Popen(
        [
            executable(request.param),
            *("--ros-args", "-r", "__ns:=/lonely", "-r", "__node:=lonely", "-p", "autostart:=false"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    yield node
    if node.poll() is None:
        node.send_signal(signal.SIGINT)
        try:
            node.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            node.kill()
            raise
    assert node.returncode == 0, (tmp_path / "log").read_text()


NODE = "/lonely/lonely"


def test_a_node_goes_through_all_states_and_announces_it(lonely: subprocess.Popen, peer: Peer) -> None:
    with peer.listening(TransitionEvent, f"{NODE}/transition_event") as announced:
        go_through_all_states(peer, announced)
    assert lonely.wait(PATIENCE_S) == 0, "a node that was shut down ends"


def go_through_all_states(peer: Peer, announced: list[TransitionEvent]) -> None:
    peer.wait_for(lambda: peer.node.count_publishers(f"{NODE}/transition_event"), "transition_event is offered")
    assert peer.lifecycle_state(NODE).label == "unconfigured"

    for transition, label, underway, goal in WAY:
        start = peer.lifecycle_state(NODE).label
        offered = peer.call(GetAvailableTransitions, f"{NODE}/get_available_transitions").available_transitions
        assert label in [t.transition.label for t in offered]
        assert all(t.start_state.label == start for t in offered)
        del announced[:]
        assert peer.change_state(NODE, transition)
        peer.wait_for(lambda: len(announced) >= 2, f"{label} is announced")
        assert [(e.start_state.label, e.goal_state.label) for e in announced] == [
            (start, underway),
            (underway, goal),
        ]
        assert announced[0].transition.label == label
        assert announced[1].transition.label == "transition_success"
        if goal != "finalized":
            assert peer.lifecycle_state(NODE).label == goal


def test_a_transition_that_is_not_possible_is_refused(lonely: subprocess.Popen, peer: Peer) -> None:
    assert not peer.change_state(NODE, Transition.TRANSITION_ACTIVATE)
    assert peer.lifecycle_state(NODE).id == State.PRIMARY_STATE_UNCONFIGURED
    assert not peer.change_state(NODE, Transition.TRANSITION_DESTROY)
    by_name = ChangeState.Request(transition=Transition(label="configure"))
    assert peer.call_once(ChangeState, f"{NODE}/change_state", by_name).success
    assert peer.lifecycle_state(NODE).id == State.PRIMARY_STATE_INACTIVE


def test_the_states_and_the_graph_are_those_of_ros(lonely: subprocess.Popen, peer: Peer) -> None:
    states = peer.call(GetAvailableStates, f"{NODE}/get_available_states").available_states
    assert {state.id: state.label for state in states} == {
        State.PRIMARY_STATE_UNKNOWN: "unknown",
        State.PRIMARY_STATE_UNCONFIGURED: "unconfigured",
        State.PRIMARY_STATE_INACTIVE: "inactive",
        State.PRIMARY_STATE_ACTIVE: "active",
        State.PRIMARY_STATE_FINALIZED: "finalized",
        State.TRANSITION_STATE_CONFIGURING: "configuring",
        State.TRANSITION_STATE_CLEANINGUP: "cleaningup",
        State.TRANSITION_STATE_SHUTTINGDOWN: "shuttingdown",
        State.TRANSITION_STATE_ACTIVATING: "activating",
        State.TRANSITION_STATE_DEACTIVATING: "deactivating",
    }
    graph = peer.call(GetAvailableTransitions, f"{NODE}/get_transition_graph").available_transitions
    edges = {(t.start_state.label, t.transition.label, t.goal_state.label) for t in graph}
    for _, label, underway, goal in WAY:
        assert any(edge[1:] == (label, underway) for edge in edges)
        assert (underway, "transition_success", goal) in edges


def test_a_node_that_is_deactivated_in_motion_lets_go_safely_and_comes_back(cell: Cell, peer: Peer) -> None:
    node = cell.program("trajectory").node
    goal, _ = travel(peer)
    wait_until_moving(peer)
    assert peer.change_state(node, Transition.TRANSITION_DEACTIVATE)
    assert goal.abort().error_string
    wait_until_still(peer)
    refused, _ = travel(peer, BRISK_S)
    assert "active" in refused.abort().error_string

    assert peer.change_state(node, Transition.TRANSITION_ACTIVATE)
    reset_until_granted(peer)
    goal, target = travel(peer, BRISK_S)
    goal.succeed()
    assert_there(peer, target)
    assert peer.positions(ARM)
