"""Python's canopen drives our CiA 402 drives over an slcan adapter: every service that it offers."""

import struct
import time

import canopen
import pytest
from canopen.profiles.p402 import BaseNode402, Homing
from conftest import until

NODE, SECOND, MASTER = 5, 9, 127
TURN = 65536

TWO = f"""
buses:
  arm:
    devices:
      - {{ protocol: canopen, id: {NODE} }}
      - {{ protocol: canopen, id: {SECOND}, motor: {{ position: 1.0 }} }}
"""


def connect(port: str) -> canopen.Network:
    network = canopen.Network()
    network.NOTIFIER_CYCLE = 0.1
    network.connect(interface="slcan", channel=port, bitrate=1_000_000, sleep_after_open=0)
    return network


def scan(network):
    network.scanner.reset()
    network.scanner.search(limit=SECOND)
    time.sleep(0.01)
    return sorted(set(network.scanner.nodes))


@pytest.fixture
def network(devices):
    program = devices(TWO)
    network = connect(program.ports["arm"])
    network.devices = program
    until(lambda: scan(network) == [NODE, SECOND], "both have booted")
    yield network
    network.sync.stop()
    network.disconnect()


SHEETS = []


@pytest.fixture
def node(network):
    """Its data sheet comes from the drive itself; from the first one, as all are alike."""
    if not SHEETS:
        SHEETS.append(read_sheet(network, NODE))
    node = network.add_node(BaseNode402(NODE, canopen.import_od(Named(SHEETS[0]), NODE)))
    node.sdo.RESPONSE_TIMEOUT = 5.0
    for name in ("SWITCH_OP_MODE", "SWITCH_STATE_FINAL", "SWITCH_STATE_SINGLE", "CHECK_TPDO"):
        setattr(node, f"TIMEOUT_{name}", 5.0)
    return node


def read_sheet(network, number):
    """Object 1021h, by segments."""
    plain = canopen.RemoteNode(number, canopen.ObjectDictionary())
    plain.associate_network(network)
    plain.sdo.RESPONSE_TIMEOUT = 5.0
    text = plain.sdo.upload(0x1021, 0)
    plain.remove_network()
    return text.decode()


class Named:
    """A file in memory, as canopen takes it."""

    def __init__(self, text: str):
        self.text, self.name = text, "drive.eds"

    def read(self):
        return self.text

    def __iter__(self):
        return iter(self.text.splitlines(keepends=True))


def operational(network, node):
    """Ready for the profile. canopen waits for a PDO that has come twice as for a periodic one, so it is made one."""
    node.tpdo[1].read()
    node.tpdo[1].event_timer = 10
    node.tpdo[1].save()
    node.nmt.state = "OPERATIONAL"
    node.setup_402_state_machine()
    return node


# Network management.


def test_a_scan_finds_both_and_nobody_else(network):
    network.scanner.reset()
    network.scanner.search()
    until(lambda: len(network.scanner.nodes) == 2, "two nodes")
    assert sorted(network.scanner.nodes) == [NODE, SECOND]


def test_states_are_entered_on_command_and_told_by_heartbeats(node):
    node.sdo["Producer heartbeat time"].raw = 20
    for state in ("OPERATIONAL", "STOPPED", "PRE-OPERATIONAL", "OPERATIONAL"):
        node.nmt.state = state
        for _ in range(3):
            assert node.nmt.wait_for_heartbeat(5.0) == state


@pytest.mark.parametrize("reset", ["RESET", "RESET COMMUNICATION"])
def test_a_reset_boots_it_again(node, reset):
    node.sdo["Profile velocity"].raw = 77
    node.sdo["Guard time"].raw = 99
    node.nmt.state = reset
    node.nmt.wait_for_bootup(5.0)
    assert node.nmt.state == "PRE-OPERATIONAL"
    assert node.sdo["Guard time"].raw == 0
    assert node.sdo["Profile velocity"].raw == (TURN // 2 if reset == "RESET" else 77)


def test_it_answers_when_it_is_guarded(node):
    node.nmt.start_node_guarding(0.02)
    assert node.nmt.wait_for_heartbeat(5.0) == "PRE-OPERATIONAL"
    node.nmt.state = "STOPPED"
    assert until(lambda: node.nmt.wait_for_heartbeat(5.0) == "STOPPED", "its state")
    node.nmt.stop_node_guarding()


# Objects.


def test_every_object_of_the_data_sheet_is_there(node):
    seen = 0
    for entry in node.object_dictionary.values():
        parts = [entry] if isinstance(entry, canopen.objectdictionary.ODVariable) else entry.values()
        for part in parts:
            if part.index in (0x1021, 0x2000):
                continue
            data = node.sdo.upload(part.index, part.subindex)
            if part.fixed_size:
                assert len(data) == len(part) // 8, part.qualname
            seen += 1
    assert seen > 190


def test_defaults_of_the_data_sheet_are_those_of_the_drive(node):
    for entry in node.object_dictionary.values():
        parts = [entry] if isinstance(entry, canopen.objectdictionary.ODVariable) else entry.values()
        for part in parts:
            if part.writable and part.fixed_size:
                raw = part.decode_raw(node.sdo.upload(part.index, part.subindex))
                moves = part.index in (0x607A,)
                assert raw == part.default or moves, part.qualname


def test_texts_come_in_segments(node):
    assert node.sdo["Manufacturer device name"].raw == "Servomesh drive"


def test_short_and_long_objects_are_written_in_segments(node):
    node.sdo.download(0x6081, 0, struct.pack("<L", 123456), force_segment=True)
    assert node.sdo["Profile velocity"].raw == 123456
    data = bytes(range(256)) * 10
    node.sdo.download(0x2000, 0, data)
    assert node.sdo.upload(0x2000, 0) == data


@pytest.mark.parametrize("length", [1, 7, 8, 888, 889, 890, 5000])
@pytest.mark.parametrize("checksum", [True, False])
def test_blocks_go_both_ways(node, length, checksum):
    data = bytes(k * 7 & 0xFF for k in range(length))
    options = {"block_transfer": True, "request_crc_support": checksum}
    with node.sdo[0x2000].open("wb", size=length, buffering=7, **options) as stream:
        stream.write(data)
    with node.sdo[0x2000].open("rb", **options) as stream:
        assert stream.read() == data


def test_the_data_sheet_comes_in_blocks(node):
    with node.sdo[0x1021].open("rb", block_transfer=True) as stream:
        assert stream.read().decode() == SHEETS[0]


@pytest.mark.parametrize(
    ("index", "sub", "data", "code"),
    [
        (0x1000, 0, bytes(4), 0x06010002),
        (0x3000, 0, bytes(4), 0x06020000),
        (0x1018, 7, bytes(4), 0x06090011),
        (0x6081, 0, bytes(2), 0x06070013),
        (0x6060, 0, bytes(2), 0x06070012),
        (0x6060, 0, b"\x02", 0x06090030),
        (0x6007, 0, b"\x09\x00", 0x06090031),
        (0x6007, 0, b"\xff\xff", 0x06090032),
        (0x607D, 1, struct.pack("<l", 2**31 - 1), None),
        (0x607D, 2, struct.pack("<l", -(2**31)), 0x06090036),
        (0x1010, 1, b"oops", 0x08000020),
        (0x1A00, 1, bytes(4), 0x06010000),
    ],
)
def test_what_can_not_be_is_refused_by_the_standards_code(node, index, sub, data, code):
    if code is None:
        return node.sdo.download(index, sub, data)
    if index == 0x607D:
        node.sdo.download(index, 1, bytes(4))
    with pytest.raises(canopen.SdoAbortedError) as refused:
        node.sdo.download(index, sub, data)
    assert refused.value.code == code


def test_parameters_are_stored_and_restored(node, network):
    node.sdo["Profile velocity"].raw = 4321
    node.store()
    for power in ("off", "on"):
        network.devices.command(f"arm {NODE} power {power}")
    node.nmt.wait_for_bootup(5.0)
    assert node.sdo["Profile velocity"].raw == 4321
    node.restore()
    assert node.sdo["Profile velocity"].raw == 4321, "until it is reset"
    node.nmt.state = "RESET"
    node.nmt.wait_for_bootup(5.0)
    assert node.sdo["Profile velocity"].raw == TURN // 2


# Process data.


def test_mappings_are_read_changed_and_sent_with_sync(node, network):
    node.tpdo.read()
    assert [variable.index for variable in node.tpdo[1]] == [0x6041, 0x6061]
    pdo = node.tpdo[4]
    pdo.clear()
    pdo.add_variable("Position actual value")
    pdo.add_variable("DC link circuit voltage")
    pdo.trans_type, pdo.enabled = 1, True
    pdo.save()
    pdo.read()
    assert (pdo.trans_type, len(pdo), pdo.length) == (1, 2, 64)
    node.nmt.state = "OPERATIONAL"
    network.sync.start(0.02)
    assert pdo.wait_for_reception(5.0)
    assert pdo["DC link circuit voltage"].raw == pytest.approx(12_000, abs=200)
    assert pdo["Position actual value"].raw == pytest.approx(TURN // 2, abs=40)


def test_each_nth_sync_is_answered(node, network):
    node.tpdo.read()
    pdo = node.tpdo[2]
    pdo.trans_type = 3
    pdo.save()
    node.nmt.state = "OPERATIONAL"
    count = []
    pdo.add_callback(count.append)
    node.sdo["Statusword"].raw  # the node is operational
    for sync in range(9):
        network.sync.transmit()
    node.sdo["Statusword"].raw
    assert until(lambda: len(count) >= 3, "three answers")
    node.sdo["Statusword"].raw  # comes after any other answer
    assert len(count) == 3


def test_counted_syncs_need_their_object(node, network):
    node.sdo["Synchronous counter overflow value"].raw = 10
    network.sync.transmit(1)
    node.sdo["Statusword"].raw
    assert not node.emcy.log
    network.sync.transmit()
    assert until(lambda: node.emcy.log and node.emcy.log[0].code == 0x8240, "an emergency")


def test_what_is_received_is_obeyed_at_once_or_with_sync(node, network):
    node.rpdo.read()
    node.nmt.state = "OPERATIONAL"
    pdo = node.rpdo[2]
    pdo["Target velocity"].raw = 1000
    pdo.transmit()
    assert until(lambda: node.sdo["Target velocity"].raw == 1000, "the value")
    pdo.trans_type = 1
    pdo.save()
    pdo["Target velocity"].raw = 2000
    pdo.transmit()
    assert node.sdo["Target velocity"].raw == 1000
    network.sync.transmit()
    assert until(lambda: node.sdo["Target velocity"].raw == 2000, "the value")


def test_it_is_asked_by_remote_frames(node):
    node.tpdo.read()
    pdo = node.tpdo[2]
    pdo.rtr_allowed, pdo.trans_type = True, 253
    pdo.save()
    node.nmt.state = "OPERATIONAL"
    node.sdo["Statusword"].raw
    seen = []
    pdo.add_callback(seen.append)
    pdo.remote_request()
    assert until(lambda: seen, "an answer")


def test_a_timer_sends_again_what_has_not_changed(node):
    node.tpdo.read()
    pdo = node.tpdo[1]
    pdo.event_timer = 20
    pdo.save()
    node.nmt.state = "OPERATIONAL"
    seen = []
    pdo.add_callback(seen.append)
    assert until(lambda: len(seen) > 4, "five times")


# Errors.


def test_a_frame_that_is_too_short_is_an_emergency(node, network):
    node.nmt.state = "OPERATIONAL"
    network.send_message(0x300 + NODE, b"\1\2\3")
    assert until(lambda: [error.code for error in node.emcy.log] == [0x8210], "an emergency")
    assert node.sdo["Pre-defined error field"][1].raw == 0x8210


def test_heat_is_a_fault_with_an_emergency_until_it_is_reset(node, network):
    operational(network, node)
    node.op_mode = "PROFILED VELOCITY"
    node.state = "OPERATION ENABLED"
    network.devices.command(f"arm {NODE} heat 99")
    until(lambda: node.state == "FAULT", "a fault")
    assert [error.code for error in node.emcy.active] == [0x4310]
    assert node.emcy.active[0].get_desc() == "Temperature"
    assert node.sdo["Error register"].raw == 0b1001
    network.devices.command(f"arm {NODE} heat none")
    until(lambda: node.sdo[0x2012][1].raw < 800, "it is cool")
    node.reset_from_fault()
    until(lambda: node.state == "OPERATION ENABLED", "it runs again")
    assert not node.emcy.active


def test_a_master_that_falls_silent_stops_the_motor(node, network):
    operational(network, node)
    node.op_mode = "PROFILED VELOCITY"
    node.sdo["Consumer heartbeat time"][1].raw = MASTER << 16 | 1000
    beat = network.send_periodic(0x700 + MASTER, [5], 0.05)
    node.state = "OPERATION ENABLED"
    node.sdo["Target velocity"].raw = TURN // 8
    until(lambda: node.sdo["Velocity actual value"].raw > TURN // 10, "it turns")
    beat.stop()
    until(lambda: node.sdo["Error code"].raw == 0x8130, "a fault")
    until(lambda: abs(node.sdo["Velocity actual value"].raw) < 500, "it rests")
    until(lambda: any(error.code == 0x8130 for error in node.emcy.log), "an emergency")


# The profile of drives.


def test_all_states_can_be_reached(node, network):
    operational(network, node)
    until(lambda: node.state == "SWITCH ON DISABLED", "it has started")
    for state in (
        "READY TO SWITCH ON",
        "SWITCHED ON",
        "OPERATION ENABLED",
        "SWITCHED ON",
        "READY TO SWITCH ON",
        "OPERATION ENABLED",
        "SWITCH ON DISABLED",
    ):
        node.state = state
        until(lambda: node.state == state, state)
    node.sdo["Quick stop option code"].raw = 6
    node.state = "OPERATION ENABLED"
    for state in ("QUICK STOP ACTIVE", "OPERATION ENABLED"):
        node.state = state
        until(lambda: node.state == state, state)


def test_all_its_modes_can_be_chosen(node, network):
    operational(network, node)
    modes = (
        "PROFILED POSITION",
        "PROFILED VELOCITY",
        "HOMING",
        "CYCLIC SYNCHRONOUS POSITION",
        "CYCLIC SYNCHRONOUS VELOCITY",
        "CYCLIC SYNCHRONOUS TORQUE",
    )
    for mode in modes:
        assert node.is_op_mode_supported(mode)
        node.op_mode = mode
        assert node.op_mode == mode
    assert not node.is_op_mode_supported("INTERPOLATED POSITION")
    with pytest.raises(TypeError):
        node.op_mode = "INTERPOLATED POSITION"


def test_a_position_is_reached_by_a_profile(node, network):
    operational(network, node)
    node.op_mode = "PROFILED POSITION"
    node.state = "OPERATION ENABLED"
    node.sdo["Target position"].raw = TURN
    node.controlword = 0x1F
    until(lambda: node.sdo["Statusword"].raw & 0x1000, "the setpoint is acknowledged")
    node.controlword = 0x0F
    until(lambda: node.sdo["Statusword"].raw & 0x400, "the target is reached")
    assert node.sdo["Position actual value"].raw == pytest.approx(TURN, abs=300)


def test_cyclic_setpoints_are_followed_with_sync(node, network):
    for pdo, kind in ((node.rpdo[2], node.rpdo), (node.tpdo[2], node.tpdo)):
        kind.read()
        pdo.trans_type = 1
        pdo.save()
    node.sdo["Interpolation time period"][1].raw = 20
    operational(network, node)
    node.op_mode = "CYCLIC SYNCHRONOUS POSITION"
    start = node.sdo["Position actual value"].raw
    node.rpdo[2]["Target position"].raw = start
    node.rpdo[2].transmit()
    node.state = "OPERATION ENABLED"
    answers = []
    node.tpdo[2].add_callback(answers.append)
    for step in range(1, 101):
        node.rpdo[2]["Target position"].raw = start + 100 * step
        node.rpdo[2].transmit()
        network.sync.transmit()
        until(lambda: len(answers) == step, "one position for each SYNC")
    until(lambda: abs(node.sdo["Position actual value"].raw - start - 10_000) < 100, "it arrives")
    assert node.state == "OPERATION ENABLED"


def test_a_torque_turns_it(node, network):
    operational(network, node)
    node.op_mode = "CYCLIC SYNCHRONOUS TORQUE"
    node.state = "OPERATION ENABLED"
    node.sdo["Target torque"].raw = 400
    until(lambda: abs(node.sdo["Torque actual value"].raw - 400) < 30, "the torque")
    until(lambda: node.sdo["Velocity actual value"].raw > 1000, "it turns")


@pytest.mark.parametrize(("method", "index"), [(Homing.HM_ON_CURRENT_POSITION, False), (Homing.HM_ON_POSITIVE_INDEX_PULSE, True)])
def test_it_finds_home(node, network, method, index):
    operational(network, node)
    node.sdo["Homing method"].raw = method
    node.sdo["Homing speeds"][2].raw = TURN // 4
    node.sdo["Home offset"].raw = 1000
    assert not node.is_homed()
    assert node.homing(timeout=20)
    assert node.is_homed()
    internal = node.sdo["Position actual internal value"].raw
    position = node.sdo["Position actual value"].raw
    home = internal - position + 1000
    assert home == pytest.approx(TURN if index else TURN // 2, abs=60)


# Layer settings.


def test_layer_settings_name_a_drive_and_give_it_another_id(network):
    lss = network.lss
    lss.RESPONSE_TIMEOUT = 2.0
    node = network.add_node(canopen.RemoteNode(12, canopen.ObjectDictionary()))
    assert lss.send_switch_state_selective(0, 0x402, 0x10000, 1)
    assert lss.inquire_node_id() == NODE
    assert lss.inquire_lss_address(0x5D) == 1
    lss.configure_node_id(12)
    lss.configure_bit_timing(0)
    lss.store_configuration()
    lss.send_switch_state_global(lss.WAITING_STATE)
    network.send_message(0, [130, NODE])
    node.nmt.wait_for_bootup(5.0)
    assert node.sdo.upload(0x1018, 4) == struct.pack("<L", 1)


def test_a_drive_without_an_id_is_found_and_named(devices):
    program = devices("buses: { arm: { devices: [ { protocol: canopen, id: 0 } ] } }")
    network = connect(program.ports["arm"])
    try:
        network.lss.RESPONSE_TIMEOUT = 0.5
        assert until(lambda: network.lss.fast_scan()[1], "nobody is found") == [0, 0x402, 0x10000, 1]
        node = network.add_node(canopen.RemoteNode(33, canopen.ObjectDictionary()))
        network.lss.configure_node_id(33)
        network.lss.send_switch_state_global(network.lss.WAITING_STATE)
        node.nmt.wait_for_bootup(5.0)
        assert struct.unpack("<L", node.sdo.upload(0x1000, 0)) == (0x20192,)
    finally:
        network.disconnect()


# The rest.


def test_the_time_of_day_harms_nobody(node, network):
    network.time.transmit(time.time())
    assert node.sdo["Device type"].raw == 0x20192


def test_a_saved_configuration_is_loaded_again(node):
    node.sdo["Profile acceleration"].raw = 1
    node.object_dictionary["Profile acceleration"].value = 9999
    node.load_configuration()
    assert node.sdo["Profile acceleration"].raw == 9999


def test_the_other_drive_stays_where_it_is(node, network):
    second = network.add_node(BaseNode402(SECOND, node.object_dictionary))
    second.sdo.RESPONSE_TIMEOUT = 5.0
    before = second.sdo.upload(0x6064, 0)
    operational(network, node)
    node.op_mode = "PROFILED VELOCITY"
    node.state = "OPERATION ENABLED"
    node.sdo["Target velocity"].raw = TURN // 8
    until(lambda: node.sdo["Velocity actual value"].raw > TURN // 10, "it turns")
    assert second.sdo.upload(0x6064, 0) == before
