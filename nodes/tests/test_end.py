"""Ctrl-C: everything ends in order, and nothing is left behind."""

from cell import Cell
from conftest import Bench
from motions import travel, wait_until_moving
from peer import Peer


def test_ctrl_c_in_motion_ends_all_processes_in_order(bench: Bench, cell: Cell, peer: Peer) -> None:
    travel(peer)
    wait_until_moving(peer)
    stopped = bench.stop()
    assert stopped == (cell, 0), cell.text()[-4000:]
    assert cell.left_behind() == []
    assert "SIGTERM" not in cell.text(), "SIGINT is enough"
