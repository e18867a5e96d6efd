"""The gripper's driver is replaced by another process while the arm follows a path: the arm does not feel it, and the
gripper can be used again.

By a driver with another backend, on the motor of the same simulation; by one that is written in Python.
"""

from __future__ import annotations

import statistics
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn

import pytest

from cell import LAUNCH_ARGUMENTS, REAL_TIME, ROOT, Cell
from conftest import Bench, wait_until_active
from heard import stamp_of
from peer import Peer
from replacing import Backend, TrackingError, Use, frames, grip, kill_in_motion, path_with, running, small, use, wired

#: Paths that nobody disturbs, before and after.
UNDISTURBED = 3
#: Paths on which the driver is replaced, by each of them: in lockstep, and in real time, where each path that is not stopped is luck on a busy machine.
REPLACED, REPLACED_IN_REAL_TIME = 3, 1
#: A busy machine may have the arm stopped on as many paths in a row before it is too busy.
ATTEMPTS = 5
#: A new driver is usable within this time of its announcement, in lockstep [s of ROS time].
USABLE_S = 1.0
#: One count of the arm's encoders [rad]: less than that is no difference.
COUNT = 2.4e-5


class Replacing:
    """A cell and the driver of its gripper, which can be replaced."""

    def __init__(self, cell: Cell, peer: Peer, folder: Path, use_sim_time: bool) -> None:
        self.cell, self.peer = cell, peer
        self._log = folder / "gripper_driver.log"
        self._use_sim_time = use_sim_time
        self._processes = ExitStack()
        self._process: subprocess.Popen | None = None
        self.undisturbed: list[TrackingError] = []

    def start(self, backend: Backend) -> Use:
        """Starts a driver, and waits until it can be used: when it came to what."""
        started = stamp_of(self.peer.truth())
        self._process = self._processes.enter_context(running(backend, self._log, self._use_sim_time))
        times = use(self.peer, backend, started)
        print(
            f"{backend.name}: announced {times.announced - started:.2f} s after its start,",
            f"under torque {times.usable_after():.3f} s after that, {times.driven - started:.2f} s in all",
        )
        return times

    def replace(self, backend: Backend) -> None:
        """Kills the driver while the gripper moves, and starts another."""
        assert self._process is not None
        kill_in_motion(self.peer, self._process)
        times = self.start(backend)
        # Without lockstep it depends on the machine.
        assert not self._use_sim_time or times.usable_after() < USABLE_S, f"{times}\n{self.text()}"

    def check(self, backend: Backend) -> None:
        """The arm follows paths as well as ever while the driver is replaced, and the gripper moves afterwards."""
        replaced: list[TrackingError] = []
        while len(self.undisturbed) < UNDISTURBED:
            self.undisturbed.append(self._follow(lambda: grip(self.peer)))
        while len(replaced) < (REPLACED if self._use_sim_time else REPLACED_IN_REAL_TIME):
            replaced.append(self._follow(lambda: self.replace(backend)))
            self.undisturbed.append(self._follow(lambda: grip(self.peer)))
        print(f"replaced by {backend.name}: {replaced}; undisturbed: {self.undisturbed}")
        assert within(median(replaced), self.undisturbed), f"{replaced} is beyond {self.undisturbed}"
        grip(self.peer)
        grip(self.peer)

    def _follow(self, meanwhile: Callable[[], object]) -> TrackingError:
        """A path on which something else happens; another where a busy machine had the arm stopped."""
        for _ in range(ATTEMPTS):
            if error := path_with(self.peer, meanwhile):
                return error
        self._give_up()

    def _give_up(self) -> NoReturn:
        """Each path was stopped. In lockstep no machine is too busy for the arm to follow one."""
        assert not self._use_sim_time, f"the arm was stopped on each of {ATTEMPTS} paths\n{self.text()}"
        pytest.skip("the machine is too busy for the arm to follow a path")

    def text(self) -> str:
        """What the drivers said."""
        return self._log.read_text(errors="replace")

    def close(self) -> None:
        """Ends the driver."""
        self._processes.close()


def median(errors: list[TrackingError]) -> TrackingError:
    """The median of each figure: one path alone may be worse for reasons of its own."""
    return TrackingError(
        statistics.median(error.rms for error in errors), statistics.median(error.largest for error in errors)
    )


def within(error: TrackingError, undisturbed: list[TrackingError]) -> bool:
    """Whether an error lies within what errors differ by anyway."""

    def fits(value: float, others: list[float]) -> bool:
        return value <= max(others) + max(max(others) - min(others), COUNT)

    return fits(error.rms, [other.rms for other in undisturbed]) and fits(
        error.largest, [other.largest for other in undisturbed]
    )


def replacing(cell: Cell, folder: Path, use_sim_time: bool) -> Iterator[Replacing]:
    """A cell that runs, with the gripper's driver of the launch file as a process beside it."""
    peer = Peer()
    replacing = Replacing(cell, peer, folder, use_sim_time)
    try:
        wait_until_active(cell, peer)
        replacing.start(frames())
        yield replacing
    finally:
        replacing.close()
        peer.close()
        cell.abandon()


@pytest.fixture
def in_lockstep(bench: Bench, tmp_path: Path) -> Iterator[Replacing]:
    """A cell that waits for who is late."""
    bench.stop()
    cell = Cell(tmp_path / "cell.log", arguments=(*LAUNCH_ARGUMENTS, "gripper_driver:=false"))
    yield from replacing(cell, tmp_path, use_sim_time=True)


@pytest.fixture
def on_wires(bench: Bench, tmp_path: Path) -> Iterator[Replacing]:
    """A cell in real time whose gripper answers bytes too."""
    bench.stop()
    buses = (f"buses:={ROOT / 'launch/robots/cell.buses.yaml'}", f"bus_links:={tmp_path / 'ports'}")
    cell = Cell(tmp_path / "cell.log", arguments=(*REAL_TIME, "gripper_driver:=false", *buses))
    yield from replacing(cell, tmp_path, use_sim_time=False)


def test_a_driver_of_another_program_follows_and_the_first_follows_that(in_lockstep: Replacing) -> None:
    in_lockstep.check(small())
    in_lockstep.check(frames())


def test_a_driver_of_another_backend_follows_and_another_process_of_it(on_wires: Replacing, tmp_path: Path) -> None:
    # Not back to frames: a servo whose driver was killed keeps its torque, and with it the motor.
    on_wires.check(wired(tmp_path / "ports/gripper"))
    on_wires.check(wired(tmp_path / "ports/gripper"))
