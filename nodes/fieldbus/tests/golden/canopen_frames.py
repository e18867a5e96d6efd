"""Writes canopen_frames.json: the frames of python's canopen, of its client and its server, and how it packs process data.

Run by `cargo xtask golden` with the PyPI package `canopen`; tests/canopen_golden.rs holds our frames against these. A network without a bus
hands each frame to the other end at once. canopen's server knows no blocks: for these a small one stands below.
"""

import json
import random
import struct
from pathlib import Path

import canopen
from canopen.objectdictionary import ODVariable, ObjectDictionary, datatypes
from canopen.sdo.exceptions import SdoAbortedError

CASES = 40
NODE = 5
UNSIGNED = [datatypes.UNSIGNED8, datatypes.UNSIGNED16, datatypes.UNSIGNED32, datatypes.UNSIGNED64]
SIGNED = [datatypes.INTEGER8, datatypes.INTEGER16, datatypes.INTEGER32, datatypes.INTEGER64]


class Line(canopen.Network):
    """Keeps what is sent, and hands it to whoever has subscribed."""

    def __init__(self, log, partner=None):
        super().__init__()
        self.log, self.partner = log, partner

    def send_message(self, can_id, data, remote=False):
        self.log.append([can_id, bytes(data).hex()])
        if self.partner:
            self.partner.notify(can_id, bytearray(data), 0.0)


class Blocks:
    """The other end of block transfers: takes whole blocks of `size`, gives what it has."""

    def __init__(self, line, size):
        self.line, self.size, self.data, self.segments, self.queue = line, size, b"", None, []

    def notify(self, can_id, data, timestamp):
        command = data[0]
        if self.segments is not None:
            self.segments.append(bytes(data[1:]))
            if command & 0x80 or command & 0x7F == self.size:
                self.say(0xA2, command & 0x7F, self.size)
                if command & 0x80:
                    self.data, self.segments = b"".join(self.segments), None
        elif command & 0xE3 in (0xC0, 0xC2):
            self.segments = []
            self.line_send(bytes([0xA4, *data[1:4], self.size, 0, 0, 0]))
        elif command & 0xE3 == 0xC1:
            self.data = self.data[: len(self.data) - (command >> 2 & 7)]
            self.say(0xA1, 0, 0)
        elif command & 0xE3 == 0xA0:
            self.rest, self.block = self.data, data[4]
            self.line_send(bytes([0xC6, *data[1:4]]) + struct.pack("<L", len(self.data)))
        elif command & 0xE3 in (0xA3, 0xA2):
            if command & 0xE3 == 0xA2 and not self.rest:
                crc = canopen.sdo.base.CrcXmodem()
                crc.process(self.data)
                self.say(0xC1 | (-len(self.data) % 7) << 2, *struct.pack("<H", crc.final()))
                return
            for k in range(1, self.block + 1):
                piece, self.rest = self.rest[:7], self.rest[7:]
                self.line_send(bytes([k | (0 if self.rest else 0x80)]) + piece.ljust(7, b"\0"))
                if not self.rest:
                    break

    def say(self, *first):
        self.line_send(bytes(first).ljust(8, b"\0"))

    def line_send(self, data):
        self.line.log.append([0x580 + NODE, data.hex()])
        self.line.notify(0x580 + NODE, bytearray(data), 0.0)


def dictionary():
    objects = ObjectDictionary()
    for index, kind in ((0x2000, datatypes.DOMAIN), (0x2001, datatypes.UNSIGNED32)):
        objects.add_object(variable(index, kind))
    read_only = variable(0x2002, datatypes.UNSIGNED16)
    read_only.access_type, read_only.default = "ro", 7
    objects.add_object(read_only)
    return objects


def variable(index, kind, sub=0):
    made = ODVariable(f"v{index:x}_{sub}", index, sub)
    made.data_type, made.access_type = kind, "rw"
    return made


def pair(log):
    ours = Line(log)
    theirs = Line(log, ours)
    ours.partner = theirs
    client = canopen.RemoteNode(NODE, dictionary())
    server = canopen.LocalNode(NODE, dictionary())
    ours.add_node(client)
    theirs.add_node(server)
    return client, server


def transfers(draw):
    for _ in range(CASES):
        log = []
        client, server = pair(log)
        length = draw.choice([1, 2, 3, 4, 5, 7, 8, 14, draw.randrange(9, 120)])
        data = draw.randbytes(length)
        segments = draw.random() < 0.5
        client.sdo.download(0x2000, 0, data, force_segment=segments)
        assert server.get_data(0x2000, 0) == data
        yield {"kind": "download", "forced": segments, "index": 0x2000, "sub": 0, "data": data.hex(), "frames": log[:]}
        log.clear()
        assert client.sdo.upload(0x2000, 0) == data
        yield {"kind": "upload", "index": 0x2000, "sub": 0, "data": data.hex(), "frames": log[:]}
    for index, sub, data in ((0x2002, 0, b"\1\2"), (0x3000, 0, b"\1")):
        log = []
        client, _ = pair(log)
        for kind, action in (("download", lambda: client.sdo.download(index, sub, data)), ("upload", lambda: client.sdo.upload(index, sub))):
            log.clear()
            try:
                action()
                code = None
            except SdoAbortedError as error:
                code = error.code
            yield {"kind": kind, "index": index, "sub": sub, "data": data.hex() if kind == "download" else "0700", "abort": code, "frames": log[:]}


def blocks(draw):
    for _ in range(CASES // 2):
        log = []
        line = Line(log)
        line.partner = server = Blocks(line, draw.choice([1, 3, 16, 127]))
        client = canopen.RemoteNode(NODE, dictionary())
        line.add_node(client)
        data = draw.randbytes(draw.choice([1, 6, 7, 8, 700, 889, 890, draw.randrange(1, 1500)]))
        stream = client.sdo.open(0x2000, 0, "wb", size=len(data), block_transfer=True, buffering=7)
        stream.write(data)
        stream.close()
        assert server.data == data
        yield {"kind": "block download", "size": server.size, "data": data.hex(), "frames": log[:]}
        log.clear()
        stream = client.sdo.open(0x2000, 0, "rb", block_transfer=True, buffering=0)
        assert stream.read() == data
        stream.close()
        yield {"kind": "block upload", "data": data.hex(), "frames": log[:]}


def process_data(draw):
    for _ in range(CASES):
        objects, entries, left = ObjectDictionary(), [], 64
        while left and draw.random() < 0.9:
            size = draw.randrange(4)
            signed = draw.random() < 0.5
            # canopen packs bits of a byte only within that byte.
            cut = draw.randrange(1, 8)
            fields = [8 << size] if size or signed else [cut, 8 - cut]
            if sum(fields) > left:
                break
            left -= sum(fields)
            for bits in fields:
                objects.add_object(variable(0x6000 + len(entries), (SIGNED if signed else UNSIGNED)[size]))
                low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
                entries.append([0x6000 + len(entries), bits, int(signed), draw.randrange(low, high)])
        node = canopen.RemoteNode(NODE, objects)
        pdo = canopen.pdo.base.PdoMap(node.rpdo, None, None)
        mapped = [pdo.add_variable(index, 0, bits) for index, bits, *_ in entries]
        for one, (*_, value) in zip(mapped, entries):
            one.raw = value
        yield {"entries": [[*entry[:3], str(entry[3])] for entry in entries], "data": bytes(pdo.data).hex()}


def services(draw):
    log = []
    line = Line(log)
    for state in ("OPERATIONAL", "STOPPED", "PRE-OPERATIONAL", "RESET", "RESET COMMUNICATION"):
        line.nmt.state = state
        node = canopen.RemoteNode(NODE, dictionary())
        line.add_node(node)
        node.nmt.state = state
    line.sync.transmit()
    line.sync.transmit(17)
    line.time.transmit(1_700_000_000.25)
    emergency = canopen.emcy.EmcyProducer(0x80 + NODE)
    emergency.network = line
    errors = []
    for _ in range(CASES):
        code, register, detail = draw.randrange(1 << 16), draw.randrange(256), draw.randbytes(5)
        emergency.send(code, register, detail)
        errors.append([code, register, detail.hex()])
    consumer = canopen.emcy.EmcyError
    names = [[code, consumer(code, 0, b"", 0.0).get_desc()] for code in range(0, 1 << 16, 0x100)]
    return {"frames": log, "errors": errors, "names": names}


def main():
    draw = random.Random(1)
    golden = {
        "canopen": "2.4.1",
        "transfers": list(transfers(draw)),
        "blocks": list(blocks(draw)),
        "pdos": list(process_data(draw)),
        "services": services(draw),
        "aborts": sorted(SdoAbortedError.CODES),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
