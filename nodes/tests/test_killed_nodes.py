"""A process that dies in motion: what moves comes to rest, the process comes back, and a reset is all it takes.

What the machine does is read from the simulation itself, since the nodes that would say it may be the dead ones.
"""

from __future__ import annotations

import pytest
from control_msgs.action import GripperCommand
from servomesh_msgs.msg import Fault, GroupSafety

from cell import Cell
from conftest import reset_until_granted
from heard import stamp_of
from motions import (
    ARM,
    BRISK_S,
    SLOW_S,
    assert_there,
    fastest,
    largest_error,
    travel,
    wait_until_moving,
    wait_until_still,
)
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
        ("safety", {Fault.SAFETY_RESTARTED}),
        (
            "arm_driver",
            {Fault.SERVO_STATE_SILENT, Fault.MOTION_STATE_SILENT, Fault.COMMAND_SILENT, Fault.FOLLOWING},
        ),
        ("estimator", {Fault.MOTION_STATE_SILENT}),
    ],
)
def test_the_arm_stops_and_moves_again_after_a_reset(cell: Cell, peer: Peer, victim: str, faults: set[int]) -> None:
    program, began = cell.program(victim), stamp_of(peer.truth())
    goal, target = travel(peer, SLOW_S)
    wait_until_moving(peer)
    killed = cell.kill(program)
    broke = stamp_of(peer.truth())
    wait_until_still(peer)
    assert_stopped_in_time(peer, broke, REACTION_S[victim])

    cell.wait_until_restarted(program, killed)
    peer.wait_until_back(program.node)
    wait_until_still(peer)
    assert largest_error(peer.truth_of(ARM)[0], target) > 0.05, "it stopped on the way"
    assert_really_smooth(peer, began)

    gate = wait_until_closed(peer)
    assert gate.fault.code in faults, gate.fault.text
    assert gate.fault.text
    if victim != "trajectory":
        assert goal.abort().error_string

    here = peer.truth_of(ARM)[0]
    assert peer.positions(ARM), "joint states"
    refused, _ = travel(peer, BRISK_S)
    assert refused.abort().error_string
    assert largest_error(peer.truth_of(ARM)[0], here) < 0.01, "nothing moves before a reset"

    assert_a_reset_is_all_it_takes(peer)
    assert_really_smooth(peer, began)


def test_without_the_grippers_driver_the_arm_goes_on(cell: Cell, peer: Peer) -> None:
    program = cell.program("gripper_driver")
    goal, target = travel(peer, 2.5)
    wait_until_moving(peer)
    killed = cell.kill(program)
    goal.succeed()
    assert_there(peer, target)
    assert peer.gate("arm").mode == GroupSafety.NORMAL

    cell.wait_until_restarted(program, killed)
    peer.wait_until_back(program.node)
    assert wait_until_closed(peer, "gripper").fault.text
    reset_until_granted(peer)
    assert peer.gate("arm").mode == GroupSafety.NORMAL

    grip = GripperCommand.Goal()
    grip.command.position = 0.02

    def gripped() -> bool:
        _, result = peer.send(GripperCommand, "gripper/gripper_cmd", grip).end()
        return result.reached_goal

    peer.wait_for(gripped, "the gripper moves again")


def test_without_the_visualizer_nothing_changes(cell: Cell, peer: Peer) -> None:
    program = cell.program("visualizer")
    goal, target = travel(peer, 2.0)
    wait_until_moving(peer)
    killed = cell.kill(program)
    goal.succeed()
    assert_there(peer, target)
    assert all(gate.mode == GroupSafety.NORMAL for gate in peer.safety().groups)
    cell.wait_until_restarted(program, killed)
    peer.wait_until_back(program.node)
    assert fastest(peer) < 0.05
