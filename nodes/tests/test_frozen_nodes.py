"""A process that hangs in motion: what moves comes to rest, nothing moves when it wakes up, and a reset is all it takes."""

from __future__ import annotations

import pytest
from servomesh_msgs.msg import Fault, GroupSafety

from cell import Cell
from heard import stamp_of
from motions import ARM, SLOW_S, assert_there, largest_error, travel, wait_until_moving, wait_until_still
from peer import Peer
from stops import (
    REACTION_S,
    assert_a_reset_is_all_it_takes,
    assert_really_smooth,
    assert_stopped_in_time,
    wait_until_closed,
)


@pytest.mark.parametrize(
    ("victim", "faults"),
    [
        ("trajectory", {Fault.SETPOINT_SILENT}),
        (
            "safety",
            {Fault.SETPOINT_SILENT, Fault.COMMAND_SILENT, Fault.SERVO_STATE_SILENT, Fault.MOTION_STATE_SILENT},
        ),
        (
            "arm_driver",
            {Fault.SERVO_STATE_SILENT, Fault.MOTION_STATE_SILENT, Fault.COMMAND_SILENT, Fault.FOLLOWING},
        ),
        ("estimator", {Fault.MOTION_STATE_SILENT}),
    ],
)
def test_the_arm_stops_and_does_not_move_when_the_process_wakes_up(
    cell: Cell, peer: Peer, victim: str, faults: set[int]
) -> None:
    program, began = cell.program(victim), stamp_of(peer.truth())
    goal, target = travel(peer, SLOW_S)
    wait_until_moving(peer)
    with cell.frozen(program):
        broke = stamp_of(peer.truth())
        wait_until_still(peer)
        assert_stopped_in_time(peer, broke, REACTION_S[victim])
        here = peer.truth_of(ARM)[0]
        assert largest_error(here, target) > 0.05, "it stopped on the way"

    gate = wait_until_closed(peer)
    assert gate.fault.code in faults, gate.fault.text
    assert goal.abort().error_string
    peer.wait_until(peer.now() + 0.3)
    assert largest_error(peer.truth_of(ARM)[0], here) < 0.01, "nothing moves before a reset"
    assert_a_reset_is_all_it_takes(peer)
    assert_really_smooth(peer, began)


def test_a_frozen_visualizer_changes_nothing(cell: Cell, peer: Peer) -> None:
    with cell.frozen(cell.program("visualizer")):
        goal, target = travel(peer, 2.0)
        goal.succeed()
        assert_there(peer, target)
        assert all(gate.mode == GroupSafety.NORMAL for gate in peer.safety().groups)
