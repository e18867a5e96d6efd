"""Fixtures: a running cell, and a peer that talks to it.

The cell is shared by all tests that leave it usable. Before each test it is made ready; where that fails, it is
started anew, so that one failure does not cause the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lifecycle_msgs.msg import State
from servomesh_msgs.msg import GroupSafety

from cell import ROOT, Cell, poll
from motions import ARM, wait_until_still
from peer import Peer

GROUPS = ("arm", "gripper", "conveyor")
#: Most of a log that a failed test shows [characters]; the file keeps all.
LOG_SHOWN = 20_000


def pytest_configure(config: pytest.Config) -> None:
    """Nobody outside this machine takes part, and nobody on it but this run."""
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(ROOT / "launch/config/fastdds_localhost.xml"))
    for variable in ("ROS_AUTOMATIC_DISCOVERY_RANGE", "ROS_LOCALHOST_ONLY"):
        os.environ.pop(variable, None)  # they would bring shared memory back, which outlives killed nodes badly
    if "ROS_DOMAIN_ID" not in os.environ:
        domain, config.stash[DOMAIN_LOCK] = take_domain()
        os.environ["ROS_DOMAIN_ID"] = str(domain)


def take_domain() -> tuple[int, object]:
    """A ROS domain that no other run on this machine holds, and the lock on it; as `cargo xtask` takes them."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / "ros-domains"
    folder.mkdir(exist_ok=True)
    for domain in range(1, 101):
        with contextlib.suppress(OSError):
            lock = (folder / str(domain)).open("a")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return domain, lock
    raise RuntimeError(f"all ROS domains of {folder} are taken")


class Bench:
    """At most one running cell with its peer, started when first needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self.cell: Cell | None = None
        self.peer: Peer | None = None

    def ready(self) -> tuple[Cell, Peer]:
        """A cell in which everything is active and nothing is stopped or moves."""
        if self.cell is not None:
            try:
                make_ready(self.cell, self.peer)
                return self.cell, self.peer
            except AssertionError:
                self.discard()
        self._count += 1
        self.cell = Cell(self._folder / f"cell-{self._count}.log")
        try:
            self.peer = Peer()
            make_ready(self.cell, self.peer)
        except BaseException:
            self.discard()
            raise
        return self.cell, self.peer

    def stop(self) -> tuple[Cell, int] | None:
        """Ends the cell as a user does; the cell and its exit code."""
        cell, peer, self.cell, self.peer = self.cell, self.peer, None, None
        if peer is not None:
            peer.close()
        return None if cell is None else (cell, cell.stop())

    def discard(self) -> None:
        """Ends the cell in any way."""
        cell, peer, self.cell, self.peer = self.cell, self.peer, None, None
        if peer is not None:
            peer.close()
        if cell is not None:
            cell.abandon()


def make_ready(cell: Cell, peer: Peer) -> None:
    """Waits until all nodes are active and all groups stand and can move; resets what is stopped."""
    wait_until_active(cell, peer)
    gates = peer.wait_for(lambda: (g := peer.gates()) and set(GROUPS) <= set(g) and g, "safety knows all groups")
    if any(gate.mode != GroupSafety.NORMAL for gate in gates.values()):
        reset_until_granted(peer)
    wait_until_still(peer, ARM)


def wait_until_active(cell: Cell, peer: Peer) -> None:
    """Waits until all nodes are active."""
    assert cell.running(), "servomesh up has ended"
    for program in cell.programs:
        peer.wait_for(
            lambda node=program.node: peer.lifecycle_state(node).id == State.PRIMARY_STATE_ACTIVE,
            f"{program.node} is active",
        )


def reset_until_granted(peer: Peer) -> None:
    """Resets safety as an operator does: again, until it is granted and every group's gate is open."""
    said = []

    def granted() -> bool:
        answer = peer.trigger("safety/reset")
        said.append(answer.message)
        return answer.success

    poll(granted, f"a reset is granted: {said[-3:]}")
    peer.wait_for(
        lambda: (
            (gates := peer.gates())
            and set(GROUPS) <= set(gates)
            and all(gate.mode == GroupSafety.NORMAL for gate in gates.values())
        ),
        "all gates are open after a reset",
    )


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The bench of this run. Its last cell must end as it should."""
    folder = tmp_path_factory.mktemp("cells")
    os.environ["ROS_LOG_DIR"] = str(folder / "ros")
    bench = Bench(folder)
    yield bench
    if (stopped := bench.stop()) is not None:
        cell, code = stopped
        assert code == 0, f"servomesh up ended with {code}:\n{cell.text()[-LOG_SHOWN:]}"
        assert cell.left_behind() == []


@pytest.fixture
def cell(bench: Bench, request: pytest.FixtureRequest) -> Cell:
    """The running cell, ready."""
    cell, _ = bench.ready()
    request.node.stash[SHOWN] = (cell, len(cell.text()))
    return cell


@pytest.fixture
def peer(cell: Cell, bench: Bench) -> Peer:
    """The peer of the running cell."""
    assert bench.peer is not None
    return bench.peer


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Shows what the cell said during a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if report.failed and (shown := item.stash.get(SHOWN, None)):
        cell, since = shown
        report.sections.append((f"{cell.log}, since the test began", cell.text(since)[-LOG_SHOWN:]))


DOMAIN_LOCK = pytest.StashKey[object]()
SHOWN = pytest.StashKey[tuple[Cell, int]]()
