"""Writes slcan.json: the lines python-can sends for random frames, and the frames it takes from such lines with times in them.

Run by `cargo xtask golden` with the PyPI package `python-can[serial]`. pyserial's port that talks to itself stands in for the adapter;
tests/can_golden.rs holds our lines against these. Frames are [identifier, extended, remote, length, data].
"""

import json
import random
from pathlib import Path

import can
from can.interfaces.slcan import slcanBus

CASES = 150


def main():
    draw = random.Random(1)
    bus = slcanBus("loop://", bitrate=1_000_000, sleep_after_open=0)
    port = bus.serialPortOrig
    opening = port.read(port.in_waiting).decode()
    frames = []
    for k in range(CASES):
        extended, remote = bool(k & 1), k % 5 == 0
        length = draw.randrange(9)
        message = can.Message(
            arbitration_id=draw.randrange(1 << (29 if extended else 11)),
            is_extended_id=extended,
            is_remote_frame=remote,
            dlc=length,
            data=None if remote else draw.randbytes(length),
        )
        bus.send(message)
        line = port.read(port.in_waiting).decode()
        frames.append([line, *described(message)])

    answers = []
    for line, *_ in frames:
        line = line[0] + draw.choice([str.upper, str.lower])(line[1:-1]) + draw.choice(["", f"{draw.randrange(60000):04X}"]) + "\r"
        port.write(line.encode())
        answers.append([line, *described(bus.recv(1))])
    golden = {"python-can": "4.6.1", "opening": opening, "frames": frames, "answers": answers}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")
    bus.shutdown()


def described(message):
    data = "" if message.is_remote_frame else message.data.hex()
    return [message.arbitration_id, int(message.is_extended_id), int(message.is_remote_frame), message.dlc, data]


if __name__ == "__main__":
    main()
