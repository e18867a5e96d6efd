"""A process that gets hardly any CPU in motion: the goal is reached, or the arm stops as it should; never anything else.

Without lockstep: the simulated world runs on like the real one, whoever keeps up or not. So how it ends depends on
the machine that the tests run on, and both ends are right.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from action_msgs.msg import GoalStatus
from servomesh_msgs.msg import GroupSafety

from cell import REAL_TIME, Cell, poll
from conftest import Bench, wait_until_active
from heard import stamp_of
from motions import ARM, BRISK_S, SLOW_S, assert_there, travel, wait_until_still
from peer import Peer
from stops import assert_really_smooth, assert_stopped_in_time, reset_where_closed

#: For how long [s] the arm may go on before what safety published holds. A starved driver can't stop as commanded:
#: safety takes the torque off once it had its 0.5 s, and the brakes do the rest.
REACTION_S = {"trajectory": 0.1, "safety": 0.1, "estimator": 0.1, "arm_driver": 0.8}


@pytest.fixture(scope="module")
def real_time(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Cell, Peer]]:
    """A cell that waits for nobody."""
    bench.stop()
    cell = Cell(tmp_path_factory.mktemp("real_time") / "cell.log", arguments=REAL_TIME)
    peer = Peer()
    try:
        wait_until_active(cell, peer)
        yield cell, peer
    finally:
        peer.close()
        cell.abandon()


@pytest.mark.parametrize("victim", list(REACTION_S))
def test_a_starved_process_ends_in_the_goal_or_in_a_good_stop(real_time: tuple[Cell, Peer], victim: str) -> None:
    cell, peer = real_time
    poll(lambda: reset_where_closed(peer), "the arm may move")
    wait_until_still(peer)
    began = stamp_of(peer.truth())
    with cell.starved(cell.program(victim)):
        goal, target = travel(peer, SLOW_S)
        status, result = goal.end()
        wait_until_still(peer)
        if status == GoalStatus.STATUS_SUCCEEDED:
            assert_there(peer, target)
        else:
            assert result.error_string
            closed = [stamp for stamp, gate in peer.gates_since("arm", began) if gate.mode != GroupSafety.NORMAL]
            if closed:
                assert_stopped_in_time(peer, closed[0], REACTION_S[victim])
        assert_really_smooth(peer, began)
    wait_until_it_goes_on(peer)
    assert_really_smooth(peer, began)


def wait_until_it_goes_on(peer: Peer) -> None:
    """Resets and sends the arm on its way, as an operator does, until it gets there."""

    def reached() -> bool:
        if not reset_where_closed(peer):
            return False
        goal, _ = travel(peer, BRISK_S)
        status, _ = goal.end()
        wait_until_still(peer, ARM)
        return status == GoalStatus.STATUS_SUCCEEDED

    poll(reached, "the arm moves again after a reset")
