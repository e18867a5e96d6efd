"""The program `devices` at the other end of masters that others wrote.

`devices(text)` starts it with the bus file `text` and gives a `Devices`: ports by the bus's name, and commands for what shall go wrong. It is ended
with the test. The program is `$SERVOMESH_BIN_DIR/devices`.
"""

import os
import pathlib
import selectors
import subprocess
import textwrap
import time

import pytest

PATIENCE_S = 20.0  # for a machine that is busy; nothing is measured with it


class Devices:
    """The running program."""

    def __init__(self, folder: pathlib.Path, text: str):
        file = folder / "buses.yaml"
        file.write_text(textwrap.dedent(text))
        program = pathlib.Path(os.environ["SERVOMESH_BIN_DIR"]) / "devices"
        self.process = subprocess.Popen(
            [program, file, "--links", folder / "ports"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._bytes = b""
        self._selector = selectors.DefaultSelector()
        self._selector.register(self.process.stdout, selectors.EVENT_READ)
        self.ports: dict[str, str] = {}
        while (line := self._line()) != "ready":
            bus, rest = line.split(": ", 1)
            self.ports[bus] = rest.split(" (", 1)[0]

    def command(self, line: str) -> str:
        """Follows a line such as `arm 3 reboot` (see `devices --help`); returns what comes after `ok`."""
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        answer = self._line()
        assert answer.startswith("ok"), answer
        return answer[2:].strip()

    def close(self):
        """Ends it as Ctrl-C does."""
        self.process.terminate()
        assert self.process.wait(PATIENCE_S) == 0
        self.process.stdin.close()
        self.process.stdout.close()

    def _line(self) -> str:
        deadline = time.monotonic() + PATIENCE_S
        while b"\n" not in self._bytes:
            assert self._selector.select(deadline - time.monotonic()), "devices says nothing"
            more = os.read(self.process.stdout.fileno(), 4096)
            assert more, f"devices ended with {self.process.wait()}"
            self._bytes += more
        line, self._bytes = self._bytes.split(b"\n", 1)
        return line.decode()


@pytest.fixture
def devices(tmp_path):
    """Starts `devices` with the text of a bus file; as often as a test likes."""
    running = []

    def start(text: str) -> Devices:
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Devices(folder, text))
        return running[-1]

    yield start
    for program in running:
        program.close()


def until(condition, what: str):
    """Waits until `condition()` is true; returns what it gave."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, what
        time.sleep(0.002)
    return value
