"""Writes feetech.json: what FEETECH's own SDK sends for random arguments, and what it makes of random answers.

Run by `cargo xtask golden` with the PyPI package `ftservo-python-sdk`. A port that only remembers stands in for the serial line;
tests/feetech_golden.rs holds our packets against these.
"""

import json
import random
from pathlib import Path

import scservo_sdk as sdk

CASES = 40


class Port:
    """Keeps what is written, gives what was laid in, and is always out of time."""

    def __init__(self):
        self.is_using, self.sent, self.answer = False, [], []

    def clearPort(self):
        pass

    def writePort(self, packet):
        self.sent = list(packet)
        return len(packet)

    def readPort(self, length):
        given, self.answer = self.answer[:length], self.answer[length:]
        return given

    def setPacketTimeout(self, length):
        pass

    def isPacketTimeout(self):
        return True


def main():
    draw = random.Random(1)
    port = Port()
    sts, scs = sdk.sms_sts(port), sdk.scscl(port)
    requests = []

    def keep(name, *arguments):
        requests.append([name, *arguments, bytes(port.sent).hex()])
        port.is_using = False

    for _ in range(CASES):
        one, address = draw.randrange(254), draw.randrange(90)
        sts.ping(one)
        keep("ping", one)
        length = draw.randrange(1, 64)
        sts.readTx(one, address, length)
        keep("read", one, address, length)
        data = [draw.randrange(256) for _ in range(draw.randrange(1, 40))]
        sts.writeTxOnly(one, address, len(data), data)
        keep("write", one, address, bytes(data).hex())
        sts.regWriteTxOnly(one, address, len(data), data)
        keep("reg write", one, address, bytes(data).hex())
        target = draw.choice([one, 254])
        sts.action(target)
        keep("action", target)
        ids = draw.sample(range(254), draw.randrange(1, 20))
        sts.syncReadTx(address, length, ids, len(ids))
        keep("sync read", address, length, bytes(ids).hex())
        length = draw.randrange(1, 12)
        group = sdk.GroupSyncWrite(sts, address, length)
        blocks = []
        for one_of in ids[: 230 // (length + 1)]:
            data = [draw.randrange(256) for _ in range(length)]
            blocks += [one_of, *data]
            group.addParam(one_of, data)
        group.txPacket()
        keep("sync write", address, length, bytes(blocks).hex())
        position, speed, acceleration = draw.randrange(4096), draw.randrange(4000), draw.randrange(255)
        sts.WritePosEx(one, position, speed, acceleration)
        keep("sts position", one, position, speed, acceleration)
        speed = draw.randrange(-4000, 4000)
        sts.WriteSpec(one, speed, acceleration)
        keep("sts speed", one, speed, acceleration)
        position, time, speed = draw.randrange(1024), draw.randrange(5000), draw.randrange(1000)
        scs.WritePos(one, position, time, speed)
        keep("scs position", one, position, time, speed)
        duty = draw.randrange(-1000, 1001)
        scs.WritePWM(one, duty)
        keep("scs duty", one, duty)
        lock = draw.randrange(2)
        (sts.LockEprom if lock else sts.unLockEprom)(one)
        keep("sts lock", one, lock)
        (scs.LockEprom if lock else scs.unLockEprom)(one)
        keep("scs lock", one, lock)

    answers = []
    for k in range(6 * CASES):
        data = [draw.randrange(256) for _ in range(draw.randrange(0, 20))]
        body = [draw.randrange(256), len(data) + 2, draw.randrange(256), *data]
        packet = [0xFF, 0xFF, *body, ~sum(body) & 0xFF]
        if k % 3 == 1:
            packet[draw.randrange(4, len(packet))] ^= 1 << draw.randrange(8)
        port.answer = list(packet)
        found, result = sts.rxPacket()
        good = result == sdk.COMM_SUCCESS and bytes(found) == bytes(packet)
        answers.append([bytes(packet).hex(), int(good)])

    signs = []
    for bit in (10, 11, 15):
        for _ in range(CASES):
            content = draw.randrange(1 << 16)
            signs.append([bit, content, sts.scs_tohost(content, bit)])
    words = [[*pair, sts.scs_makeword(*pair), scs.scs_makeword(*pair)] for pair in [(draw.randrange(256), draw.randrange(256)) for _ in range(CASES)]]
    golden = {"sdk": "2.0.1", "requests": requests, "answers": answers, "signs": signs, "words": words}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
