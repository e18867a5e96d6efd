"""Packets as ROBOTIS' own SDK makes and reads them: `dynamixel.json`, read by `tests/dynamixel_golden.rs`.

Run by `cargo xtask golden` with the PyPI package `dynamixel-sdk`. The SDK talks to a port of ours that keeps what is written and holds
what is to be read. Arguments are random, with many FF and FD among the data.

One case a line. Numbers are decimal, bytes hexadecimal:
  ["ping", id, packet], ["action" | "reboot" | "clear", id, packet], ["reset", id, option, packet],
  ["read", id, address, length, packet], ["write" | "reg_write", id, address, data, packet],
  ["sync_read" | "fast_sync_read", address, length, ids, packet], ["sync_write", address, length, [[id, data]], packet],
  ["bulk_read" | "fast_bulk_read", [[id, address, length]], packet], ["bulk_write", [[id, address, data]], packet],
  ["status", id, error, parameters, packet],
  ["fast_sync_reply" | "fast_bulk_reply", [[error, id, data]], packet]

The SDK (4.1.0) is wrong about stuffing in two ways, and the script says how often. It stuffs into a copy that it does not send, so that its
packets go out unstuffed: here what it stuffs is what is sent. And once it has taken one stuffing byte out of an answer, it takes an `FD` out
of the next `FF FD FD` too: the answers here are compared with what was put in, not with what it reads.
"""

import json
import random
from pathlib import Path

import dynamixel_sdk as sdk
from dynamixel_sdk.robotis_def import COMM_SUCCESS

SEED = 6
EACH = 18
DRAW = random.Random(SEED)


class Handler(sdk.Protocol2PacketHandler):
    """The SDK's, but for sending what it has stuffed."""

    unsent = 0

    def addStuffing(self, packet):
        stuffed = super().addStuffing(packet)
        self.unsent += stuffed is not packet
        packet[:] = stuffed
        return packet


HANDLER = Handler()


class Port:
    """Keeps what is written; gives what is to be read."""

    def __init__(self):
        self.is_using, self.written, self.answer = False, b"", b""

    def clearPort(self):
        pass

    def writePort(self, packet):
        self.written, self.is_using = bytes(packet), False
        return len(packet)

    def readPort(self, length):
        given, self.answer = self.answer[:length], self.answer[length:]
        return given

    def setPacketTimeout(self, length):
        pass

    def isPacketTimeout(self):
        return not self.answer

    def getBaudRate(self):
        return 1_000_000


PORT = Port()


def data(length):
    common = [0xFF, 0xFF, 0xFD, 0xFD, 0x00]
    return bytes(DRAW.choice(common) if DRAW.random() < 0.7 else DRAW.randrange(256) for _ in range(length))


def id_():
    return DRAW.randrange(253)


def ids(count):
    return DRAW.sample(range(253), count)


def address():
    return DRAW.choice([0xFF, 0xFFFF, 0xFDFF, 64, 116, 132, DRAW.randrange(65536)])


def written():
    return PORT.written.hex()


def to_one():
    for _ in range(EACH // 6):
        number = id_()
        HANDLER.ping(PORT, number)
        yield ["ping", number, written()]
        for name, call in [("action", HANDLER.action), ("reboot", HANDLER.reboot), ("clear", HANDLER.clearMultiTurn)]:
            call(PORT, number)
            yield [name, number, written()]
        for option in [0xFF, 0x01, 0x02]:
            HANDLER.factoryReset(PORT, number, option)
            yield ["reset", number, option, written()]
    for _ in range(EACH):
        number, start, length = id_(), address(), DRAW.randrange(1, 600)
        HANDLER.readTx(PORT, number, start, length)
        yield ["read", number, start, length, written()]
    for name, call in [("write", HANDLER.writeTxOnly), ("reg_write", HANDLER.regWriteTxOnly)]:
        for k in range(EACH):
            number, start, content = id_(), address(), data(k % 13)
            call(PORT, number, start, len(content), list(content))
            yield [name, number, start, content.hex(), written()]


def to_groups():
    for _ in range(EACH):
        start, length, numbers = address(), DRAW.randrange(1, 30), ids(DRAW.randrange(1, 9))
        group = sdk.GroupSyncRead(PORT, HANDLER, start, length)
        for number in numbers:
            assert group.addParam(number)
        group.txPacket()
        yield ["sync_read", start, length, numbers, written()]
        group.fastSyncReadTxPacket()
        yield ["fast_sync_read", start, length, numbers, written()]

        blocks = [(number, data(length % 7 + 1)) for number in numbers]
        group = sdk.GroupSyncWrite(PORT, HANDLER, start, length % 7 + 1)
        for number, content in blocks:
            assert group.addParam(number, list(content))
        group.txPacket()
        yield ["sync_write", start, length % 7 + 1, [[number, content.hex()] for number, content in blocks], written()]

        items = [(number, address(), DRAW.randrange(1, 20)) for number in numbers]
        group = sdk.GroupBulkRead(PORT, HANDLER)
        for item in items:
            assert group.addParam(*item)
        group.txPacket()
        yield ["bulk_read", items, written()]
        group.fastBulkReadTxPacket()
        yield ["fast_bulk_read", items, written()]

        blocks = [(number, address(), data(DRAW.randrange(1, 8))) for number in numbers]
        group = sdk.GroupBulkWrite(PORT, HANDLER)
        for number, start, content in blocks:
            assert group.addParam(number, start, len(content), list(content))
        group.txPacket()
        yield ["bulk_write", [[number, start, content.hex()] for number, start, content in blocks], written()]


def with_crc(packet):
    crc = HANDLER.updateCRC(0, packet, len(packet))
    return packet + [crc & 0xFF, crc >> 8]


def statuses():
    misread = 0
    for k in range(4 * EACH):
        number, error, content = id_(), DRAW.choice([0, 0, 0x80, DRAW.randrange(256)]), data(k % 25)
        length = len(content) + 4
        raw = [0xFF, 0xFF, 0xFD, 0x00, number, length & 0xFF, length >> 8, 0x55, error, *content, 0, 0]
        packet = bytes(with_crc(HANDLER.addStuffing(raw)[:-2]))
        PORT.answer = packet
        read, result = HANDLER.rxPacket(PORT, False)
        assert result == COMM_SUCCESS
        length = read[5] + 256 * read[6]
        # What the SDK hands out ends at a length that the caller expects.
        misread += bytes(read[8 : 7 + length - 2]) != bytes([error]) + content
        yield ["status", number, error, content.hex(), packet.hex()]
    print(f"the SDK misreads {misread} of {4 * EACH} of its own answers")


def joined(blocks):
    length = 1 + sum(len(content) + 4 for _, _, content in blocks)
    packet = [0xFF, 0xFF, 0xFD, 0x00, 0xFE, length & 0xFF, length >> 8, 0x55]
    for error, number, content in blocks:
        packet = with_crc(packet + [error, number, *content])
    return bytes(packet)


def joined_answers():
    for _ in range(EACH):
        length, numbers = DRAW.randrange(1, 15), ids(DRAW.randrange(1, 9))
        blocks = [(DRAW.choice([0, 0x80]), number, data(length)) for number in numbers]
        packet = PORT.answer = joined(blocks)
        group = sdk.GroupSyncRead(PORT, HANDLER, 100, length)
        for number in numbers:
            group.addParam(number)
        assert group.fastSyncReadRxPacket() == COMM_SUCCESS
        assert all(group.data_dict[number] == content for _, number, content in blocks)
        yield ["fast_sync_reply", [[error, number, content.hex()] for error, number, content in blocks], packet.hex()]

        blocks = [(DRAW.choice([0, 0x80]), number, data(DRAW.randrange(1, 15))) for number in numbers]
        packet = joined(blocks)
        PORT.answer = packet
        # It looks each id up in its parameters, addresses and lengths included: those here are out of the ids' way.
        group = sdk.GroupBulkRead(PORT, HANDLER)
        for _, number, content in blocks:
            group.addParam(number, 0xFDFD, len(content))
        group.makeParam()
        assert group.fastBulkReadRxPacket() == COMM_SUCCESS or any(number < 15 for number in numbers)
        yield ["fast_bulk_reply", [[error, number, content.hex()] for error, number, content in blocks], packet.hex()]


def main():
    cases = [*to_one(), *to_groups()]
    print(f"the SDK would send {HANDLER.unsent} packets that it stuffs as they were before")
    cases += [*statuses(), *joined_answers()]
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    path = Path(__file__).with_name("dynamixel.json")
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases in {path.name}")


main()
