"""FEETECH's own SDK (ftservo-python-sdk) drives our STS servos: every instruction that it offers."""

import pytest
import scservo_sdk.port_handler
from conftest import until
from scservo_sdk import (
    COMM_RX_TIMEOUT,
    COMM_SUCCESS,
    GroupSyncRead,
    PortHandler,
    sms_sts,
)

# The SDK gives an answer up after this [ms] and what its bytes take: too soon for a machine that is busy with other tests.
scservo_sdk.port_handler.LATENCY_TIMER = 500
NEAR = 8  # steps: how far from its goal friction holds a servo whose position loop has no integral, play included

TWO = """
buses:
  arm:
    devices:
      - { protocol: feetech, id: 1 }
      - { protocol: feetech, id: 2, motor: { position: 1.0 } }
"""


class Master:
    """The SDK on one port; each call must succeed."""

    def __init__(self, port: str, baud: int = 1_000_000):
        self.port = PortHandler(port)
        self.port.baudrate = baud
        assert self.port.openPort()
        self.sdk = sms_sts(self.port)

    def read(self, servo: int, address: int, length: int = 1) -> int:
        data, result, _ = self.sdk.readTxRx(servo, address, length)
        assert result == COMM_SUCCESS, self.sdk.getTxRxResult(result)
        return int.from_bytes(bytes(data), "little")

    def write(self, servo: int, address: int, *data: int) -> int:
        result, error = self.sdk.writeTxRx(servo, address, len(data), list(data))
        assert result == COMM_SUCCESS, self.sdk.getTxRxResult(result)
        return error

    def position(self, servo: int) -> int:
        position, result, _ = self.sdk.ReadPos(servo)
        assert result == COMM_SUCCESS
        return position


@pytest.fixture
def arm(devices):
    program = devices(TWO)
    master = Master(program.ports["arm"])
    master.devices = program
    yield master
    master.port.closePort()


def test_a_ping_finds_servos_and_nobody_else(arm):
    for servo in (1, 2):
        model, result, error = arm.sdk.ping(servo)
        assert (model, result, error) == (777, COMM_SUCCESS, 0)
    _, result, _ = arm.sdk.ping(3)
    assert result == COMM_RX_TIMEOUT


def test_registers_are_those_of_the_factory(arm):
    assert [arm.read(2, address) for address in (0, 1, 5, 6, 8, 13, 21, 55)] == [3, 10, 2, 0, 1, 70, 32, 1]
    assert arm.read(1, 62) == 120  # 12 V
    assert abs(arm.position(2) - 1.0 * 4096 / 6.283185) < 2


def test_a_goal_is_reached_with_its_speed(arm):
    assert arm.sdk.WritePosEx(1, 2600, 1500, 50) == (COMM_SUCCESS, 0)
    until(lambda: arm.sdk.ReadMoving(1)[0] == 1, "it does not begin to move")
    until(lambda: abs(arm.position(1) - 2600) <= NEAR, "it does not arrive")
    until(lambda: arm.sdk.ReadMoving(1)[0] == 0, "it does not come to rest")
    position, speed, result, error = arm.sdk.ReadPosSpeed(1)
    assert (result, error) == (COMM_SUCCESS, 0)
    assert abs(position - 2600) <= NEAR and abs(speed) <= 50  # what counts as at rest
    assert arm.position(2) == pytest.approx(652, abs=3), "the other one stays"


def test_sync_writes_and_sync_reads_are_for_all(arm):
    for servo, goal in ((1, 2200), (2, 800)):
        assert arm.sdk.SyncWritePosEx(servo, goal, 2000, 100)
    assert arm.sdk.groupSyncWrite.txPacket() == COMM_SUCCESS
    arm.sdk.groupSyncWrite.clearParam()

    group = GroupSyncRead(arm.sdk, 56, 4)
    assert group.addParam(2) and group.addParam(1)

    def arrived():
        assert group.txRxPacket() == COMM_SUCCESS
        assert all(group.isAvailable(servo, 56, 4)[0] for servo in (1, 2))
        positions = [group.getData(servo, 56, 2) for servo in (1, 2)]
        return abs(positions[0] - 2200) <= NEAR and abs(positions[1] - 800) <= NEAR

    until(arrived, "they do not arrive")


def test_a_servo_that_is_missing_does_not_take_the_others_answers_away(arm):
    group = GroupSyncRead(arm.sdk, 56, 2)
    for servo in (1, 7, 2):
        group.addParam(servo)
    group.txRxPacket()
    available = [group.isAvailable(servo, 56, 2)[0] for servo in (1, 7, 2)]
    assert available == [True, False, True]


def test_registered_writes_wait_for_their_action(arm):
    for servo in (1, 2):
        result, error = arm.sdk.RegWritePosEx(servo, 1500, 3000, 0)
        assert (result, error) == (COMM_SUCCESS, 0)
    assert [arm.read(servo, 64) for servo in (1, 2)] == [1, 1]
    assert abs(arm.position(1) - 2048) <= NEAR
    assert arm.sdk.RegAction() == COMM_SUCCESS
    for servo in (1, 2):
        until(lambda: abs(arm.position(servo) - 1500) <= NEAR, "it does not arrive")
    assert [arm.read(servo, 64) for servo in (1, 2)] == [0, 0]


def test_a_wheel_turns_at_its_speed_both_ways(arm):
    assert arm.sdk.WheelMode(1) == (COMM_SUCCESS, 0)
    for goal in (1000, -1000):
        assert arm.sdk.WriteSpec(1, goal, 0) == (COMM_SUCCESS, 0)
        until(lambda: abs(arm.sdk.ReadSpeed(1)[0] - goal) < 60, f"it does not turn at {goal}")


def test_an_id_is_kept_without_power_only_if_the_eprom_was_unlocked(arm):
    assert arm.sdk.unLockEprom(1) == (COMM_SUCCESS, 0)
    arm.write(1, 5, 11)
    assert arm.sdk.LockEprom(11) == (COMM_SUCCESS, 0)
    arm.write(2, 5, 12)
    for power in ("off", "on"):
        arm.devices.command(f"arm all power {power}")
    until(lambda: arm.sdk.ping(11)[1] == COMM_SUCCESS, "11 does not answer")
    assert arm.sdk.ping(2)[1] == COMM_SUCCESS, "its new id was not kept"
    assert arm.sdk.ping(12)[1] == COMM_RX_TIMEOUT


def test_the_speed_of_the_line_can_be_changed(arm):
    assert arm.sdk.unLockEprom(1) == (COMM_SUCCESS, 0)
    arm.write(1, 6, 4)
    assert arm.sdk.ping(1)[1] == COMM_RX_TIMEOUT
    assert arm.sdk.ping(2)[1] == COMM_SUCCESS
    assert arm.port.setBaudRate(115_200)
    assert arm.sdk.ping(1)[1] == COMM_SUCCESS
    assert arm.sdk.ping(2)[1] == COMM_RX_TIMEOUT


def test_heat_is_an_alarm_and_takes_the_torque_away(arm):
    arm.write(1, 40, 1)
    arm.devices.command("arm 1 heat 80")
    error = until(lambda: arm.write(1, 48, 0xE8, 0x03), "there is no alarm")
    assert error == 0x04
    assert arm.read(1, 63) == 80
    assert arm.read(1, 40) == 0
    arm.devices.command("arm 1 heat none")
    until(lambda: arm.write(1, 48, 0xE8, 0x03) == 0, "the alarm stays")


def test_an_unplugged_port_is_gone_and_comes_back_under_its_name(arm):
    arm.devices.command("arm unplug")
    with pytest.raises(Exception):
        while True:
            arm.sdk.ping(1)
    arm.devices.command("arm plug")
    arm.port.is_open = False
    again = Master(arm.devices.ports["arm"])
    assert again.sdk.ping(1)[1] == COMM_SUCCESS
    arm.port = again.port


def test_lost_answers_are_missing_and_never_wrong(arm):
    arm.devices.command("arm faults master lost=0.2 corrupted=0.2 truncated=0.1")
    results = []
    for _ in range(60):
        model, result, _ = arm.sdk.ping(1)
        results.append(result)
        assert result != COMM_SUCCESS or model == 777
    assert 0 < results.count(COMM_SUCCESS) < 60
