"""The cell as its user starts it: `servomesh up`, the processes of the launch file, their log, their end.

Processes are found by an environment variable of this run, so that what a run leaves behind is found too, whoever
its parent is by then.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
LAUNCH_FILE = ROOT / "launch/cell.launch.xml"
LAUNCH_ARGUMENTS = ("use_sim_time:=true", "lockstep:=true", "speed:=1.0")
#: A cell that waits for nobody.
REAL_TIME = ("use_sim_time:=false", "lockstep:=false", "speed:=1.0")

#: How long [s] a condition may take on the slowest machine. Nothing is concluded from how long it does take.
PATIENCE_S = 60.0

T = TypeVar("T")


def executable(name: str) -> Path:
    """One of the built programs."""
    folder = Path(os.environ.get("SERVOMESH_BIN_DIR") or ROOT / "target/release")
    return (ROOT / folder / name).resolve()


def poll(condition: Callable[[], T], what: str, patience_s: float = PATIENCE_S) -> T:
    """Waits for what no message tells of: processes and files. Returns the condition's first true value."""
    give_up = time.monotonic() + patience_s
    while not (value := condition()):
        assert time.monotonic() < give_up, f"not within {patience_s:.0f} s: {what}"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Program:
    """One process of the launch file."""

    #: What `servomesh up` calls it.
    label: str
    #: The file's name of what it runs.
    executable: str
    #: Its node's full name.
    node: str


def end_with_parent() -> None:
    """Asks the kernel to interrupt this process when the tests end, in whatever way."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


#: Freezes and thaws a process by turns; what it leaves runs.
TAKE_TURNS = """
import os, signal, sys, time
pid, runs_s, waits_s = int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
# Whoever runs in the background of a shell may have been told to ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    while True:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(waits_s)
        os.kill(pid, signal.SIGCONT)
        time.sleep(runs_s)
except (KeyboardInterrupt, ProcessLookupError):
    pass
finally:
    os.kill(pid, signal.SIGCONT)
"""


def servomesh(
    *arguments: str | Path, patience_s: float = PATIENCE_S, **options
) -> subprocess.CompletedProcess[str]:
    """A `servomesh` command that ends by itself."""
    command = [executable("servomesh"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=patience_s, **options)


def plan(launch_file: Path = LAUNCH_FILE, arguments: tuple[str, ...] = LAUNCH_ARGUMENTS) -> list[Program]:
    """What a launch file starts."""
    printed = servomesh("up", "--print", "--json", launch_file, *arguments)
    assert printed.returncode == 0, printed.stderr
    return [_program(process) for process in json.loads(printed.stdout)]


def _program(process: dict) -> Program:
    words = [word for word in process["command"] if isinstance(word, str)]
    name, namespace = Path(words[0]).name, "/"
    for word in words:
        if word.startswith("__node:="):
            name = word.removeprefix("__node:=")
        if word.startswith("__ns:="):
            namespace = word.removeprefix("__ns:=")
    return Program(
        label=process["label"],
        executable=Path(words[0]).name,
        node=f"{namespace.rstrip('/')}/{name}",
    )


class Cell:
    """A running cell. Start it with `Cell(log)`, end it with `stop()`."""

    def __init__(
        self,
        log: Path,
        launch_file: Path = LAUNCH_FILE,
        arguments: tuple[str, ...] = LAUNCH_ARGUMENTS,
    ) -> None:
        self.programs = plan(launch_file, arguments)
        self.log = log
        self._mark = f"SERVOMESH_TEST_RUN={uuid.uuid4().hex}"
        variable, _, value = self._mark.partition("=")
        with log.open("wb") as output:
            self._up = subprocess.Popen(
                [executable("servomesh"), "up", launch_file, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | {variable: value, "NO_COLOR": "1"},
                start_new_session=True,
                preexec_fn=end_with_parent,
            )

    def program(self, label: str) -> Program:
        """One program of the launch file."""
        return next(program for program in self.programs if program.label == label)

    def running(self) -> bool:
        """Whether `servomesh up` runs."""
        return self._up.poll() is None

    def process(self, program: Program) -> int | None:
        """The id of a program's process while it runs."""
        name = program.node.rpartition("/")[2]
        for pid in self._processes():
            try:
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            except OSError:
                continue  # it has ended since
            renamed = f"__node:={name}" in words or program.executable == name
            if renamed and Path(words[0]).name == program.executable:
                return pid
        return None

    def kill(self, program: Program) -> int:
        """Ends a process as a crash would. Returns its id."""
        return self._signal(program, signal.SIGKILL)

    @contextlib.contextmanager
    def frozen(self, program: Program) -> Iterator[int]:
        """A process that hangs, and goes on at the end as if nothing had happened."""
        pid = self._signal(program, signal.SIGSTOP)
        try:
            yield pid
        finally:
            os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def starved(self, program: Program, runs_s: float = 0.003, waits_s: float = 0.012) -> Iterator[int]:
        """A process that runs in short turns only, as on a machine where four others want its CPU.

        Whoever really kept the CPU busy would starve the whole cell, and the one who watches it.
        """
        pid = poll(lambda: self.process(program), f"{program.label} runs")
        command = [sys.executable, "-c", TAKE_TURNS, str(pid), str(runs_s), str(waits_s)]
        turns = subprocess.Popen(command, preexec_fn=end_with_parent)
        try:
            yield pid
            assert turns.poll() is None, f"{program.label} ended while it starved"
        finally:
            turns.send_signal(signal.SIGINT)
            turns.wait()

    def _signal(self, program: Program, number: signal.Signals) -> int:
        pid = poll(lambda: self.process(program), f"{program.label} runs")
        os.kill(pid, number)
        return pid

    def wait_until_restarted(self, program: Program, killed: int) -> int:
        """Waits until `servomesh up` has started a killed program again, and has said so."""
        poll(
            lambda: f"{program.label} ended (SIGKILL); restarting it" in self.text(),
            f"servomesh up says that it restarts {program.label}",
        )
        return poll(
            lambda: (pid := self.process(program)) != killed and pid,
            f"{program.label} runs again",
        )

    def text(self, since: int = 0) -> str:
        """The log from a byte on."""
        with self.log.open("rb") as log:
            log.seek(since)
            return log.read().decode(errors="replace")

    def stop(self) -> int:
        """Presses Ctrl-C, waits for the end and returns the exit code of `servomesh up`."""
        if self.running():
            self._up.send_signal(signal.SIGINT)
        try:
            return self._up.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.abandon()
            raise

    def abandon(self) -> None:
        """Ends everything at once, whatever it is doing."""
        if self.running():
            self._up.kill()
            self._up.wait()
        for pid in self._processes():
            os.kill(pid, signal.SIGKILL)

    def left_behind(self) -> list[str]:
        """Processes of this run that still run although `servomesh up` does not."""
        return [Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") for pid in self._processes()]

    def _processes(self) -> list[int]:
        """The processes of this run, without `servomesh up` itself."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self._up.pid:
                continue
            try:
                environment = (entry / "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # another user's, or it has ended
            if self._mark.encode() in environment:
                found.append(int(entry.name))
        return found
