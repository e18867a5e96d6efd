"""ROBOTIS' own SDK drives DYNAMIXEL servos over a pseudo-terminal: everything that `dynamixel-sdk` 4.1.0 offers for Protocol 2.0.

Nothing waits for a fixed time: what takes time is asked for until it is there. What the SDK can't do stands at the end, as tests too.
"""

import dynamixel_sdk as sdk
import dynamixel_sdk.port_handler
import pytest
from conftest import until
from dynamixel_easy_sdk import connector as easy
from dynamixel_easy_sdk.data_types import Direction, OperatingMode, ProfileConfiguration

BUSES = """
buses:
  line:
    baud: 1000000
    devices:
      - { protocol: dynamixel, model: XM430-W350, id: 1 }
      - { protocol: dynamixel, model: XM430-W350, id: 2 }
      - { protocol: dynamixel, model: XM430-W350, id: 3 }
      - { protocol: dynamixel, model: XL430-W250, id: 7 }
"""
IDS = [1, 2, 3, 7]
MODELS = {1: 1020, 2: 1020, 3: 1020, 7: 1060}
OK = sdk.COMM_SUCCESS

MODEL_NUMBER, ID, BAUD_RATE, RETURN_DELAY, OPERATING_MODE, SHUTDOWN = 0, 7, 8, 9, 11, 63
TORQUE, LED, RETURN_LEVEL, REGISTERED, HARDWARE_ERROR, P_GAIN = 64, 65, 68, 69, 70, 84
WATCHDOG, GOAL_VELOCITY, GOAL_POSITION, REALTIME_TICK = 98, 104, 116, 120
VELOCITY, POSITION, TEMPERATURE, BACKUP_READY = 128, 132, 146, 147
INDIRECT_ADDRESS, INDIRECT_DATA = 168, 224

HANDLER = sdk.PacketHandler(2.0)

# The SDK gives an answer up after twice this [ms] and what its bytes take: too soon for a machine that is busy with other tests.
dynamixel_sdk.port_handler.LATENCY_TIMER = 250


class Line:
    """The SDK's calls with the port filled in; a call that has an error says which."""

    def __init__(self, devices):
        self.devices = devices
        self.port = sdk.PortHandler(devices.ports["line"])
        assert self.port.setBaudRate(1_000_000)

    def __getattr__(self, name):
        return lambda *arguments: getattr(HANDLER, name)(self.port, *arguments)

    def read(self, number, address, size=1):
        value, result, error = getattr(self, f"read{size}ByteTxRx")(number, address)
        assert (result, error) == (OK, 0), (address, HANDLER.getTxRxResult(result), HANDLER.getRxPacketError(error))
        return value

    def signed(self, number, address, size):
        value = self.read(number, address, size)
        return value - (1 << 8 * size) if value >> (8 * size - 1) else value

    def write(self, number, address, value, size=1):
        result, error = getattr(self, f"write{size}ByteTxRx")(number, address, value)
        assert result == OK, HANDLER.getTxRxResult(result)
        return error

    def put(self, number, address, value, size=1):
        error = self.write(number, address, value, size)
        assert error == 0, (address, value, HANDLER.getRxPacketError(error))

    def wait_for_answer(self, length):
        until(lambda: self.port.getBytesAvailable() >= length, "there is no answer")


def back(line, number):
    """Asks until a servo answers again."""
    until(lambda: line.ping(number)[1] == OK, f"{number} does not answer")


@pytest.fixture
def line(devices):
    line = Line(devices(BUSES))
    for number in IDS:
        line.put(number, RETURN_DELAY, 0)
    yield line
    line.port.closePort()


def test_a_ping_is_answered_with_the_model(line):
    for number in IDS:
        assert line.ping(number) == (MODELS[number], OK, 0)
    assert line.ping(9)[1] == sdk.COMM_RX_TIMEOUT


def test_all_answer_a_ping_of_all(line):
    found, result = line.broadcastPing()
    assert result == OK
    assert {number: model for number, (model, _) in found.items()} == MODELS
    assert list(found) == IDS


def test_registers_of_each_size_are_read_and_written(line):
    for address, size, value in [(LED, 1, 1), (P_GAIN, 2, 0x0321), (GOAL_POSITION, 4, 1234)]:
        line.put(1, address, value, size)
        assert line.read(1, address, size) == value
        assert getattr(line, f"read{size}ByteTx")(1, address) == OK
        assert getattr(line, f"read{size}ByteRx")(1) == (value, OK, 0)
        assert getattr(line, f"write{size}ByteTxOnly")(1, address, value - 1) == OK
        line.wait_for_answer(11)
        assert line.read(1, address, size) == value - 1
    data, result, error = line.readTxRx(1, TORQUE, 84)
    assert (len(data), result, error) == (84, OK, 0)
    assert line.writeTxRx(1, GOAL_POSITION, 4, [1, 2, 0, 0]) == (OK, 0)
    assert line.writeTxOnly(1, LED, 1, [0]) == OK
    line.wait_for_answer(11)
    assert line.readTx(1, LED, 1) == OK
    assert line.readRx(1, 1) == ([0], OK, 0)


def test_a_registered_write_waits_for_its_action(line):
    assert line.regWriteTxRx(1, LED, 1, [1]) == (OK, 0)
    assert line.regWriteTxOnly(2, LED, 1, [1]) == OK
    line.wait_for_answer(11)
    assert [line.read(number, LED) for number in [1, 2]] == [0, 0]
    assert [line.read(number, REGISTERED) for number in [1, 2]] == [1, 1]
    assert line.action(sdk.BROADCAST_ID) == OK
    assert [line.read(number, LED) for number in [1, 2]] == [1, 1]
    assert line.regWriteTxRx(1, LED, 1, [0]) == (OK, 0)
    assert line.action(1) == OK
    line.wait_for_answer(11)
    assert line.read(1, LED) == 0


def test_a_group_is_read_with_one_answer_each_and_in_one_answer(line):
    for number, gain in zip(IDS, [100, 200, 300, 400], strict=True):
        line.put(number, P_GAIN, gain, 2)
    group = sdk.GroupSyncRead(line.port, HANDLER, P_GAIN, 2)
    assert all(group.addParam(number) for number in [7, 1, 3, 2])
    for read in [group.txRxPacket, group.fastSyncRead]:
        assert read() == OK
        assert [group.getData(number, P_GAIN, 2) for number in IDS] == [100, 200, 300, 400]
    group.removeParam(1)
    assert group.fastSyncRead() == OK
    assert not group.isAvailable(1, P_GAIN, 2)


def test_a_group_is_written_at_once(line):
    group = sdk.GroupSyncWrite(line.port, HANDLER, P_GAIN, 2)
    assert all(group.addParam(number, [number, 1]) for number in IDS)
    assert group.txPacket() == OK
    assert [line.read(number, P_GAIN, 2) for number in IDS] == [256 + number for number in IDS]
    assert group.changeParam(1, [9, 0])
    assert group.txPacket() == OK
    assert line.read(1, P_GAIN, 2) == 9


def test_different_registers_of_a_group_are_written_and_read_at_once(line):
    group = sdk.GroupBulkWrite(line.port, HANDLER)
    assert group.addParam(2, P_GAIN, 2, [0x44, 0x01])
    assert group.addParam(1, LED, 1, [1])
    assert group.txPacket() == OK
    group = sdk.GroupBulkRead(line.port, HANDLER)
    assert group.addParam(2, P_GAIN, 2) and group.addParam(1, LED, 1) and group.addParam(7, MODEL_NUMBER, 2)
    for read in [group.txRxPacket, group.fastBulkRead]:
        assert read() == OK
        assert group.getData(2, P_GAIN, 2) == 0x0144
        assert group.getData(1, LED, 1) == 1
        assert group.getData(7, MODEL_NUMBER, 2) == 1060


def test_far_registers_are_read_together_through_indirect_addresses(line):
    far = [*range(POSITION, POSITION + 4), TEMPERATURE]
    for number in [1, 2]:
        for index, address in enumerate(far):
            line.put(number, INDIRECT_ADDRESS + 2 * index, address, 2)
    group = sdk.GroupSyncRead(line.port, HANDLER, INDIRECT_DATA, len(far))
    assert group.addParam(1) and group.addParam(2)
    assert group.fastSyncRead() == OK
    for number in [1, 2]:
        assert group.getData(number, INDIRECT_DATA, 4) == line.read(number, POSITION, 4)
        assert 20 <= group.getData(number, INDIRECT_DATA + 4, 1) <= 40


def test_what_is_refused_has_the_error_that_the_sdk_knows(line):
    for address, size, value, text in [
        (MODEL_NUMBER, 2, 1, "not available to target address"),
        (OPERATING_MODE, 1, 2, "out of range"),
        (GOAL_POSITION, 4, 4096, "exceeds the limit"),
        (GOAL_POSITION, 2, 1, "length does not match"),
    ]:
        error = line.write(1, address, value, size)
        assert text in HANDLER.getRxPacketError(error)
    line.put(1, TORQUE, 1)
    assert "not available" in HANDLER.getRxPacketError(line.write(1, RETURN_DELAY, 3))
    assert "Undefined instruction" in HANDLER.getRxPacketError(raw(line, 1, 0x77, [])[2])
    assert "Failed to process" in HANDLER.getRxPacketError(raw(line, 1, 0x20, [2, *b"CTRL"])[2])


def test_a_hardware_error_is_an_alert_and_a_reboot_ends_it(line):
    line.put(1, TORQUE, 1)
    line.devices.command("line 1 heat 90")
    until(lambda: "Hardware error" in HANDLER.getRxPacketError(line.read1ByteTxRx(1, HARDWARE_ERROR)[2]), "there is no alert")
    value, result, error = line.read1ByteTxRx(1, HARDWARE_ERROR)
    assert (value, result, error) == (0x04, OK, 0x80)
    assert line.read1ByteTxRx(1, TORQUE)[0] == 0
    line.devices.command("line 1 heat none")
    assert line.reboot(1) == (OK, 0x80)
    back(line, 1)
    assert line.read(1, HARDWARE_ERROR) == 0
    line.put(1, TORQUE, 1)


def test_a_factory_reset_spares_what_its_option_says(line):
    line.put(1, ID, 5)
    for option, number, baud in [(0x02, 5, 1_000_000), (0x01, 5, 57_600), (0xFF, 1, 57_600)]:
        line.put(5, RETURN_DELAY, 3)
        assert line.factoryReset(5, option) == (OK, 0)
        assert line.port.setBaudRate(baud)
        back(line, number)
        assert line.read(number, RETURN_DELAY) == 250
        line.put(number, ID, 5)


def test_a_new_speed_counts_from_the_next_instruction_on(line):
    for code, baud in [(4, 2_000_000), (5, 3_000_000), (6, 4_000_000), (0, 9600), (1, 57_600), (2, 115_200), (3, 1_000_000)]:
        line.put(3, BAUD_RATE, code)
        assert line.ping(3)[1] != OK
        assert line.port.setBaudRate(baud)
        assert line.ping(3) == (1020, OK, 0)


def test_the_return_level_is_kept(line):
    # A level that answers no writes counts for the write that sets it.
    assert line.write1ByteTxRx(1, RETURN_LEVEL, 1)[0] == sdk.COMM_RX_TIMEOUT
    assert line.write1ByteTxRx(1, LED, 1)[0] == sdk.COMM_RX_TIMEOUT
    assert line.read(1, LED) == 1
    assert line.write1ByteTxOnly(1, RETURN_LEVEL, 0) == OK
    assert line.read1ByteTxRx(1, LED)[1] == sdk.COMM_RX_TIMEOUT
    assert line.ping(1) == (1020, OK, 0)


def test_turns_are_counted_and_cleared(line):
    line.put(1, OPERATING_MODE, 4)
    line.put(1, TORQUE, 1)
    line.put(1, GOAL_POSITION, 7000, 4)
    until(lambda: abs(line.signed(1, POSITION, 4) - 7000) < 10, "it does not arrive")
    until(lambda: line.clearMultiTurn(1) == (OK, 0), "it does not stand still")
    assert abs(line.signed(1, POSITION, 4) - (7000 - 4096)) < 20


def test_a_silent_bus_trips_the_watchdog(line):
    line.put(1, OPERATING_MODE, 1)
    line.put(1, TORQUE, 1)
    line.put(1, GOAL_VELOCITY, 100, 4)
    until(lambda: line.signed(1, VELOCITY, 4) > 90, "it does not turn")
    line.put(1, WATCHDOG, 1)
    # Others may be talked to: that is none of its business. Their clock says that 20 ms are over.
    begin = line.read(2, REALTIME_TICK, 2)
    until(lambda: (line.read(2, REALTIME_TICK, 2) - begin) % 32768 > 40, "time stands still")
    assert line.signed(1, WATCHDOG, 1) == -1
    assert "out of range" in HANDLER.getRxPacketError(line.write(1, GOAL_VELOCITY, 50, 4))
    line.put(1, WATCHDOG, 0)
    line.put(1, GOAL_VELOCITY, 50, 4)


def test_servos_are_moved_with_the_easy_sdk(line):
    line.port.closePort()
    bus = easy.Connector(line.devices.ports["line"], 1_000_000)
    motors = bus.createAllMotors()
    assert [motor.id for motor in motors] == IDS
    assert [motor.model_name for motor in motors] == ["xm430_w350.model"] * 3 + ["xl430_w250.model"]
    one, two, *_ = motors
    one.setOperatingMode(OperatingMode.EXTENDED_POSITION)
    one.setDirection(Direction.REVERSE)
    one.setProfileConfiguration(ProfileConfiguration.TIME_BASED)
    one.setPositionPGain(900)
    one.enableTorque()
    goal = one.getPresentPosition() + 800
    one.setGoalPosition(goal)
    until(lambda: abs(one.getPresentPosition() - goal) < 10, "it does not arrive")
    two.setOperatingMode(OperatingMode.VELOCITY)
    two.enableTorque()
    two.setGoalVelocity(-80)
    until(lambda: abs(two.getPresentVelocity() + 80) < 4, "it does not turn")
    two.disableTorque()
    two.setOperatingMode(OperatingMode.CURRENT)
    two.enableTorque()
    two.setGoalCurrent(60)
    until(lambda: two.getPresentCurrent() > 50, "no current flows")
    two.disableTorque()
    two.setOperatingMode(OperatingMode.PWM)
    two.enableTorque()
    two.setGoalPWM(-300)
    until(lambda: two.getPresentVelocity() < -20 and two.getPresentPWM() == -300, "it does not turn back")
    group = bus.createGroupExecutor()
    for motor in motors:
        group.addCmd(motor.stageLEDOn())
        group.addCmd(motor.stageIsLEDOn())
    group.executeWrite()
    assert group.executeRead() == [1, 1, 1, 1]
    two.reboot()
    bus.closePort()


def raw(line, number, code, parameters):
    """An instruction that the SDK has no call for, through its transport."""
    packet = [0] * (10 + len(parameters))
    packet[4:8] = [number, len(parameters) + 3, 0, code]
    packet[8 : 8 + len(parameters)] = parameters
    return line.txRxPacket(packet)


def test_the_sdk_sends_headers_inside_of_packets_unstuffed(line):
    content = [0xFF, 0xFF, 0xFD, 0x00, 0x05]
    sent = []
    write = line.port.writePort
    line.port.writePort = lambda packet: sent.append(bytes(packet)) or write(packet)
    assert line.writeTxRx(1, INDIRECT_DATA, 5, content) == (OK, 0)
    assert len(sent[0]) == 17, "5 bytes of data without a sixth of stuffing"
    assert line.readTxRx(1, INDIRECT_DATA, 5) == (content, OK, 0)


def test_the_sdk_takes_one_byte_too_many_out_of_some_answers(line):
    content = [0xFF, 0xFF, 0xFD, 0x01, 0xFF, 0xFD, 0xFD, 0x02]
    for place, byte in enumerate(content):
        line.put(1, INDIRECT_DATA + place, byte)
    data, result, error = line.readTxRx(1, INDIRECT_DATA, 8)
    assert (result, error) == (OK, 0)
    assert data != content


def test_the_sdk_has_no_backup_but_carries_one(line):
    line.put(1, SHUTDOWN, 20)
    assert not any("backup" in name.lower() for name in dir(HANDLER))
    _, result, error = raw(line, 1, 0x20, [1, *b"CTRL"])
    assert (result, error, line.read(1, BACKUP_READY)) == (OK, 0, 1)
    line.put(1, SHUTDOWN, 52)
    _, result, error = raw(line, 1, 0x20, [2, *b"CTRL"])
    assert (result, error) == (OK, 0)
    back(line, 1)
    assert line.read(1, SHUTDOWN) == 20


def test_the_sdk_reads_no_group_whole_if_one_is_missing(line):
    for read in ["txRxPacket", "fastSyncRead"]:
        group = sdk.GroupSyncRead(line.port, HANDLER, LED, 1)
        assert all(group.addParam(number) for number in [1, 9, 2])
        assert getattr(group, read)() != OK
        assert not group.isAvailable(1, LED, 1)
        # The others go on.
        assert line.ping(2) == (1020, OK, 0)


def test_the_sdk_has_no_speed_of_4_5_mbps(line):
    assert not line.port.setBaudRate(4_500_000)
