"""FEETECH's own SDK (ftservo-python-sdk) drives our SCS servos: everything that its class for them offers."""

import pytest
import scservo_sdk.port_handler
from conftest import until
from scservo_sdk import COMM_RX_TIMEOUT, COMM_SUCCESS, PortHandler, scscl

# The SDK gives an answer up after this [ms] and what its bytes take: too soon for a machine that is busy with other tests.
scservo_sdk.port_handler.LATENCY_TIMER = 500
NEAR = 8  # steps: how far from its goal friction holds a servo whose position loop has no integral

TWO = """
buses:
  arm:
    devices:
      - { protocol: feetech, model: SCS0009, id: 1, motor: { inertia: 0.0001, position: 1.5 } }
      - { protocol: feetech, model: SCS0009, id: 2, motor: { inertia: 0.0001, position: 3.0 } }
"""
STEP = 5.235988 / 1024  # rad: 300 degrees in 1024


@pytest.fixture
def arm(devices):
    port = PortHandler(devices(TWO).ports["arm"])
    port.baudrate = 1_000_000
    assert port.openPort()
    yield scscl(port)
    port.closePort()


def told(answer):
    """What the SDK read, of its tuple with result and error."""
    *values, result, error = answer
    assert (result, error) == (COMM_SUCCESS, 0)
    return values[0] if len(values) == 1 else values


def is_at(arm, servo, goal):
    return abs(told(arm.ReadPos(servo)) - goal) <= NEAR


def rests(arm, servo, goal):
    position, speed = told(arm.ReadPosSpeed(servo))
    return abs(position - goal) <= NEAR and abs(speed) <= 50  # what counts as at rest


def test_a_ping_finds_servos_and_nobody_else(arm):
    assert [told(arm.ping(servo)) for servo in (1, 2)] == [1284, 1284]
    _, result, _ = arm.ping(3)
    assert result == COMM_RX_TIMEOUT


def test_positions_and_goals_have_their_high_byte_first(arm):
    assert told(arm.ReadPos(1)) == pytest.approx(1.5 / STEP, abs=2)
    assert arm.WritePos(1, 700, 0, 600) == (COMM_SUCCESS, 0)
    until(lambda: told(arm.ReadMoving(1)) == 1, "it does not begin to move")
    until(lambda: rests(arm, 1, 700), "it does not arrive")
    until(lambda: told(arm.ReadMoving(1)) == 0, "it does not come to rest")
    assert told(arm.ReadPos(2)) == pytest.approx(3.0 / STEP, abs=2), "the other one stays"


def test_a_way_takes_the_time_that_it_is_told(arm):
    assert arm.WritePos(1, 900, 2000, 0) == (COMM_SUCCESS, 0)
    until(lambda: told(arm.ReadPos(1)) > 400, "it does not move")
    # 607 steps in 2 s, whatever its own speed is.
    assert 100 < told(arm.ReadSpeed(1)) < 600
    until(lambda: is_at(arm, 1, 900), "it does not arrive")


def test_sync_writes_are_for_all(arm):
    for servo, goal in ((1, 500), (2, 300)):
        assert arm.SyncWritePos(servo, goal, 0, 1000)
    assert arm.groupSyncWrite.txPacket() == COMM_SUCCESS
    arm.groupSyncWrite.clearParam()
    until(lambda: is_at(arm, 1, 500) and is_at(arm, 2, 300), "they do not arrive")


def test_registered_writes_wait_for_their_action(arm):
    assert arm.RegWritePos(1, 600, 0, 1000) == (COMM_SUCCESS, 0)
    assert arm.RegWritePos(2, 400, 0, 1000) == (COMM_SUCCESS, 0)
    assert told(arm.ReadPos(1)) == pytest.approx(1.5 / STEP, abs=2)
    arm.RegAction()
    until(lambda: is_at(arm, 1, 600) and is_at(arm, 2, 400), "they do not arrive")


def test_a_motor_without_angle_limits_turns_with_a_duty_cycle(arm):
    assert arm.unLockEprom(1) == (COMM_SUCCESS, 0)
    assert arm.PWMMode(1) == (COMM_SUCCESS, 0)
    assert arm.WritePWM(1, -500) == (COMM_SUCCESS, 0)
    until(lambda: told(arm.ReadSpeed(1)) < -100, "it does not turn backwards")
    assert arm.WritePWM(1, 0) == (COMM_SUCCESS, 0)
    until(lambda: abs(told(arm.ReadSpeed(1))) < 5, "it does not come to rest")
    assert arm.LockEprom(1) == (COMM_SUCCESS, 0)
