"""Times the packets of ROBOTIS' SDK for Python: `dynamixel_sdk_codec.py <states> write|fast_read|read <batches>`.

Prints the sum of all bytes sent and all data understood, then a time in ns for each batch through all states. The SDK's own packet handler and
groups do the work; the port hands bytes over in memory. Groups are made once; goals are changed in them.
"""

import sys
import time

import dynamixel_sdk as sdk

IDS = range(1, 7)
GOAL = 116, 4
STATE = 126, 10
HANDLER = sdk.Protocol2PacketHandler()


class Port:
    """Keeps what is sent; gives what is answered."""

    def __init__(self):
        self.is_using, self.sent, self.answer, self.given = False, b"", b"", 0

    def writePort(self, packet):
        self.sent, self.given = packet, 0
        return len(packet)

    def readPort(self, length):
        given = self.answer[self.given : self.given + length]
        self.given += len(given)
        return given

    def clearPort(self):
        pass

    def setPacketTimeout(self, length):
        pass

    def isPacketTimeout(self):
        return self.given >= len(self.answer)


PORT = Port()
WRITE = sdk.GroupSyncWrite(PORT, HANDLER, *GOAL)
FAST = sdk.GroupSyncRead(PORT, HANDLER, *STATE)
for number in IDS:
    WRITE.addParam(number, [0] * GOAL[1])
    FAST.addParam(number)


def write(state):
    goals, _, _ = state
    for number, goal in zip(IDS, goals):
        WRITE.changeParam(number, goal)
    check(WRITE.txPacket())
    return ()


def fast_read(state):
    PORT.answer = state[1]
    check(FAST.fastSyncRead())
    return FAST.data_dict.values()


def read(state):
    PORT.answer = state[2]
    data, result, error = HANDLER.readTxRx(PORT, 1, *STATE)
    check(result)
    check(error)
    return (data,)


def check(result):
    if result != sdk.COMM_SUCCESS:
        sys.exit(f"the SDK says {result}")


def state(line):
    goals, joined, single = map(bytes.fromhex, line.split())
    size = GOAL[1]
    return [list(goals[at : at + size]) for at in range(0, len(goals), size)], joined, single


def main():
    with open(sys.argv[1]) as file:
        states = [state(line) for line in file]
    run = {"write": write, "fast_read": fast_read, "read": read}[sys.argv[2]]
    total = 0
    for each in states:
        understood = run(each)
        total += sum(PORT.sent) + sum(map(sum, understood))
    print(total)
    for _ in range(int(sys.argv[3])):
        start = time.perf_counter_ns()
        for each in states:
            run(each)
        print(time.perf_counter_ns() - start)


if __name__ == "__main__":
    main()
