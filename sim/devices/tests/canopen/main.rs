//! A CANopen drive on its bus, driven through the adapter as a master does.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::{CanBus, CanopenDrive, FreeMotor, Mishap, Motor, MotorCommand, MotorState, Wire};
use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::can::slcan::{Answer, Lines, MAX_LINE, Request};
use servomesh_fieldbus::can::timing::wire_bits;
use servomesh_fieldbus::canopen::emergency::Emergency;
use servomesh_fieldbus::canopen::nmt::{Heartbeat, HeartbeatConsumer, NmtCommand, NmtState};
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, SdoError, Way};
use servomesh_fieldbus::canopen::{NodeId, Service};
use servomesh_fieldbus::cia402::{Controlword, Mode, State, status};
use servomesh_types::Stamp;

const NODE: NodeId = NodeId::new(5).expect("1 to 127");
const MASTER: NodeId = NodeId::new(127).expect("1 to 127");
const BIT_RATE: u32 = 1_000_000;
const TURN: i64 = 65_536;
const SAVE: u32 = 0x6576_6173;

/// A master at the adapter of a bus with one drive.
struct Master {
    bus: CanBus,
    now: Stamp,
    lines: Lines,
    frames: VecDeque<(Stamp, Frame)>,
}

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn object(index: u16) -> Address {
    Address::new(index, 0)
}

/// A motor whose output runs against a rubber buffer a third of a turn from its sensor's zero.
struct Buffered(FreeMotor);

impl Motor for Buffered {
    fn state(&mut self, now: Stamp) -> MotorState {
        let state = self.0.state(now);
        let depth = (TAU / 3.0 - state.position).max(0.0);
        let damping = if depth > 0.0 { 1.0 } else { 0.0 };
        self.0
            .set_load(-200.0 * depth + damping * state.velocity.min(0.0));
        state
    }

    fn command(&mut self, now: Stamp, command: MotorCommand) {
        self.0.command(now, command);
    }
}

impl Master {
    fn new() -> Self {
        Self::at(FreeMotor::xm430())
    }

    fn at(motor: impl Motor + 'static) -> Self {
        let now = Stamp::from_millis(1_000);
        let mut bus = CanBus::new(now, BIT_RATE);
        let drive = CanopenDrive::new(now, Some(NODE), BIT_RATE, 77);
        let index = bus.add(drive, motor);
        assert_eq!(index, 0);
        let mut master = Self {
            bus,
            now,
            lines: Lines::default(),
            frames: VecDeque::new(),
        };
        master.say(Request::Open);
        master.wait(ms(100));
        master
    }

    fn say(&mut self, request: Request) {
        let mut buffer = [0; MAX_LINE];
        let line = request.encode(&mut buffer).expect("room");
        self.bus.write(self.now, line);
    }

    fn send(&mut self, service: Service, data: &[u8]) {
        let id = service.id().expect("has one");
        self.say(Request::Send(Frame::data(id, data).expect("eight bytes")));
    }

    fn listen(&mut self) {
        while let Some((at, bytes)) = self.bus.read() {
            let mut rest = &bytes[..];
            while let Some(line) = self.lines.next(&mut rest) {
                if let Some(Answer::Received(frame, _)) = Answer::decode(line) {
                    self.frames.push_back((at, frame));
                }
            }
        }
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.bus.advance_to(self.now);
        self.listen();
    }

    /// Frames of a service that have come, taken away; others stay.
    fn take(&mut self, service: Service) -> Vec<Frame> {
        let (mine, others) = self
            .frames
            .drain(..)
            .partition::<Vec<_>, _>(|(_, frame)| Service::of(frame.id()) == Some(service));
        self.frames = others.into();
        mine.into_iter().map(|(_, frame)| frame).collect()
    }

    fn transfer<const N: usize>(&mut self, client: &mut Client<N>) -> Result<Vec<u8>, SdoError> {
        for _ in 0..10_000 {
            while let Some(request) = client.poll() {
                self.send(Service::SdoRequest(NODE), &request);
                self.wait(Duration::from_micros(200));
            }
            self.wait(Duration::from_micros(300));
            for frame in self.take(Service::SdoResponse(NODE)) {
                client.handle(frame.bytes().try_into().expect("eight bytes"));
            }
            if let Some(outcome) = client.outcome() {
                return outcome.map(<[u8]>::to_vec);
            }
        }
        panic!("no answer");
    }

    fn read(&mut self, address: Address) -> i64 {
        let mut client = Client::<64>::new();
        client.upload(address, Way::Segments).expect("idle");
        let data = self.transfer(&mut client).expect("can be read");
        let mut bytes = [0; 8];
        bytes[..data.len()].copy_from_slice(&data);
        let sign = 64 - 8 * data.len() as u32;
        (i64::from_le_bytes(bytes) << sign) >> sign
    }

    fn try_write(&mut self, address: Address, data: &[u8]) -> Result<(), SdoError> {
        let mut client = Client::<64>::new();
        client.download(address, data, Way::Segments).expect("idle");
        self.transfer(&mut client).map(|_| ())
    }

    fn write(&mut self, address: Address, data: &[u8]) {
        self.try_write(address, data).expect("can be written");
    }

    fn control(&mut self, word: u16) {
        self.write(object(0x6040), &word.to_le_bytes());
    }

    fn statusword(&mut self) -> u16 {
        self.read(object(0x6041)) as u16
    }

    fn state(&mut self) -> State {
        State::of(self.statusword()).expect("a state")
    }

    fn position(&mut self) -> i64 {
        self.read(object(0x6064))
    }

    fn nmt(&mut self, command: NmtCommand) {
        self.send(Service::Nmt, &command.encode(Some(NODE)));
        self.wait(ms(1));
    }

    fn enable(&mut self, mode: Mode) {
        self.nmt(NmtCommand::Start);
        self.write(object(0x6060), &mode.code().to_le_bytes());
        self.wait(ms(2));
        for word in [
            Controlword::SHUTDOWN,
            Controlword::SWITCH_ON,
            Controlword::ENABLE_OPERATION,
        ] {
            self.control(word.0);
        }
        assert_eq!(self.state(), State::OperationEnabled);
    }

    fn wait_for(&mut self, most: Duration, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let end = self.now + most;
        while !holds(self) {
            assert!(self.now < end, "{what}: not in {most:?}");
            self.wait(ms(2));
        }
    }
}

#[test]
fn it_boots_and_tells_who_it_is() {
    let mut master = Master::new();
    let boots = master.take(Service::Heartbeat(NODE));
    assert_eq!(boots.len(), 1);
    assert_eq!(
        Heartbeat::decode(boots[0].bytes()),
        Some(Heartbeat::of(NmtState::Initialising))
    );
    assert_eq!(master.read(object(0x1000)), 0x0002_0192);
    assert_eq!(master.read(Address::new(0x1018, 4)), 77);
    let refused = |abort| Err(SdoError::Server(object(0x1000), abort));
    assert_eq!(
        master.try_write(object(0x1000), &[0; 4]),
        refused(Abort::ReadOnly)
    );
    assert_eq!(
        master.try_write(object(0x6081), &[0; 2]),
        Err(SdoError::Server(object(0x6081), Abort::TooShort))
    );
    assert_eq!(
        master.try_write(object(0x6060), &[2]),
        Err(SdoError::Server(object(0x6060), Abort::Value))
    );
    assert_eq!(
        master.try_write(Address::new(0x1018, 9), &[0]),
        Err(SdoError::Server(Address::new(0x1018, 9), Abort::NoSuchPart))
    );
}

#[test]
fn its_data_sheet_can_be_read_from_it_in_blocks_and_segments() {
    let mut master = Master::new();
    let sheet = CanopenDrive::new(Stamp::ZERO, Some(NODE), BIT_RATE, 77)
        .data_sheet()
        .to_owned();
    for way in [Way::Blocks, Way::Segments] {
        let mut client = Client::<65_536>::new();
        client.upload(object(0x1021), way).expect("idle");
        let read = master.transfer(&mut client).expect("can be read");
        assert_eq!(String::from_utf8(read).expect("text"), sheet);
    }
}

#[test]
fn it_holds_its_place_when_it_is_enabled_in_any_mode() {
    for mode in [
        Mode::ProfilePosition,
        Mode::ProfileVelocity,
        Mode::Homing,
        Mode::CyclicSyncPosition,
        Mode::CyclicSyncVelocity,
        Mode::CyclicSyncTorque,
    ] {
        let mut master = Master::new();
        master.write(object(0x607A), &1_000_000_i32.to_le_bytes());
        master.wait(ms(10));
        let before = master.position();
        master.enable(mode);
        master.wait(ms(300));
        let moved = master.position() - before;
        assert!(moved.abs() < 40, "{}: {moved} counts", mode.name());
    }
}

#[test]
fn a_profile_goes_to_its_target_and_tells_it() {
    let mut master = Master::new();
    master.enable(Mode::ProfilePosition);
    let goal = (TURN / 2 + TURN / 4) as i32;
    master.write(object(0x607A), &goal.to_le_bytes());
    master.control(0x1F);
    master.wait(ms(3));
    let word = master.statusword();
    assert!(
        word & status::MODE_12 != 0 && word & status::TARGET_REACHED == 0,
        "{word:04X}"
    );
    master.control(0x0F);
    assert_eq!(master.statusword() & status::MODE_12, 0);
    master.wait_for(ms(2_000), "target", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    assert!((master.position() - i64::from(goal)).abs() < TURN / 400);
    // A relative one, halted on the way and gone on with.
    master.write(object(0x607A), &(-TURN as i32 / 2).to_le_bytes());
    master.control(0x5F);
    master.wait(ms(300));
    master.control(0x14F);
    master.wait_for(ms(500), "halt", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    let halted = master.position();
    assert!(halted < i64::from(goal) - 1_000 && halted > i64::from(goal) - TURN / 2 + 1_000);
    master.control(0x0F);
    master.wait_for(ms(3_000), "target", |master| {
        let word = master.statusword();
        word & status::TARGET_REACHED != 0 && master.position() < halted - 1_000
    });
    assert!((master.position() - (i64::from(goal) - TURN / 2)).abs() < TURN / 400);
}

#[test]
fn velocities_and_torques_are_followed() {
    let mut master = Master::new();
    master.enable(Mode::ProfileVelocity);
    master.write(object(0x60FF), &(TURN as i32 / 4).to_le_bytes());
    master.wait_for(ms(1_000), "velocity", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    assert!((master.read(object(0x606C)) - TURN / 4).abs() < TURN / 40);
    master.write(object(0x60FF), &[0; 4]);
    master.wait_for(ms(1_000), "standstill", |master| {
        master.statusword() & status::MODE_12 != 0
    });
    master.write(object(0x6060), &Mode::CyclicSyncTorque.code().to_le_bytes());
    master.write(object(0x6071), &400_i16.to_le_bytes());
    master.wait(ms(50));
    assert!((master.read(object(0x6077)) - 400).abs() < 20);
    assert!(master.read(object(0x606C)) > 1_000);
}

#[test]
fn cyclic_positions_are_followed_with_sync() {
    let mut master = Master::new();
    let cob = 0x4000_0280_u32 + u32::from(NODE.number());
    let pdo = |sub| Address::new(0x1801, sub);
    master.write(pdo(1), &(cob | 1 << 31).to_le_bytes());
    master.write(pdo(2), &[1]);
    master.write(pdo(1), &cob.to_le_bytes());
    master.write(Address::new(0x60C2, 1), &[4]);
    master.write(Address::new(0x1401, 2), &[1]);
    master.enable(Mode::CyclicSyncPosition);
    master.take(Service::Transmit(2, NODE));
    let start = master.position();
    let (mut most, mut last) = (0, start);
    for cycle in 0..500_i64 {
        let phase = cycle as f64 * 0.004;
        let goal = start + ((1.0 - (phase * 3.0).cos()) * 6_000.0) as i64;
        let mut data = [0; 8];
        data[..4].copy_from_slice(&(goal as i32).to_le_bytes());
        master.send(Service::Receive(2, NODE), &data);
        master.send(Service::Sync, &[]);
        master.wait(ms(4));
        let frames = master.take(Service::Transmit(2, NODE));
        assert_eq!(frames.len(), 1, "one position a cycle");
        let (position, _) = frames[0].bytes().split_first_chunk().expect("eight bytes");
        let position = i64::from(i32::from_le_bytes(*position));
        if cycle > 1 {
            most = most.max((position - last).abs());
        }
        last = goal;
    }
    assert!(most < 400, "{most} counts behind");
    assert_eq!(master.state(), State::OperationEnabled);
}

#[test]
fn home_is_where_the_method_says() {
    let mut master = Master::new();
    master.write(object(0x607C), &500_i32.to_le_bytes());
    master.enable(Mode::Homing);
    assert_eq!(master.statusword() & (status::MODE_12 | status::MODE_13), 0);
    master.control(0x1F);
    master.wait_for(ms(500), "home", |master| {
        master.statusword() & (status::MODE_12 | status::TARGET_REACHED) == 0x1400
    });
    assert!((master.position() - 500).abs() < 30);
    master.control(0x0F);
    // The encoder's next zero is half a turn ahead.
    master.write(object(0x6098), &[34]);
    master.write(Address::new(0x6099, 2), &(TURN as u32 / 4).to_le_bytes());
    master.control(0x1F);
    master.wait(ms(500));
    assert_eq!(master.statusword() & 0x3400, 0, "on its way");
    master.wait_for(ms(4_000), "zero", |master| master.statusword() & 0x3400 == 0x1400);
    let from_zero = master.read(object(0x6063)).rem_euclid(TURN);
    assert!((master.position() - 500 - from_zero).abs() < 3, "{from_zero}");
}

#[test]
fn a_hard_stop_is_found_gently() {
    for (method, index) in [(-3_i8, false), (-1, true)] {
        let mut master = Master::at(Buffered(FreeMotor::xm430()));
        master.write(object(0x6098), &method.to_le_bytes());
        master.write(Address::new(0x6099, 2), &(TURN as u32 / 4).to_le_bytes());
        master.enable(Mode::Homing);
        master.control(0x1F);
        let mut most = 0;
        master.wait_for(ms(6_000), "home", |master| {
            most = most.max(master.read(object(0x6077)).abs());
            master.statusword() & 0x3400 == 0x1400
        });
        assert!(most < 560, "{most} thousandths of the rated torque");
        let home = master.read(object(0x6063)) - master.position();
        let expected = if index { TURN } else { TURN / 3 };
        assert!((home - expected).abs() < 100, "{method}: {home}");
    }
}

#[test]
fn a_blocked_way_is_a_following_error_that_a_reset_clears() {
    let mut master = Master::new();
    master.write(object(0x6065), &200_u32.to_le_bytes());
    master.write(object(0x6066), &10_u16.to_le_bytes());
    master.write(object(0x6072), &10_u16.to_le_bytes());
    master.enable(Mode::ProfilePosition);
    master.take(Service::Emergency(NODE));
    master.write(object(0x607A), &0_i32.to_le_bytes());
    master.control(0x1F);
    master.wait_for(ms(5_000), "fault", |master| master.state() == State::Fault);
    let emergencies = master.take(Service::Emergency(NODE));
    let emergency = Emergency::decode(emergencies[0].bytes()).expect("eight bytes");
    assert_eq!((emergencies.len(), emergency.code), (1, 0x8611));
    assert_eq!(master.read(object(0x603F)) as u16, 0x8611);
    assert_eq!(master.read(Address::new(0x1003, 1)), 0x8611);
    assert_eq!(master.read(object(0x1001)) as u8, emergency.register.0);
    master.control(0);
    master.control(0x80);
    assert_eq!(master.state(), State::SwitchOnDisabled);
    let cleared = master.take(Service::Emergency(NODE));
    assert!(
        Emergency::decode(cleared[0].bytes())
            .expect("eight bytes")
            .is_reset()
    );
    assert_eq!(master.read(object(0x1001)), 0);
}

#[test]
fn a_silent_master_stops_the_motor() {
    let mut master = Master::new();
    let consumer = HeartbeatConsumer {
        node: MASTER,
        within_ms: 50,
    };
    master.write(Address::new(0x1016, 1), &consumer.encode().to_le_bytes());
    master.enable(Mode::ProfileVelocity);
    master.write(object(0x60FF), &(TURN as i32 / 4).to_le_bytes());
    for _ in 0..20 {
        master.send(
            Service::Heartbeat(MASTER),
            &Heartbeat::of(NmtState::Operational).encode(),
        );
        master.wait(ms(20));
    }
    assert_eq!(master.state(), State::OperationEnabled);
    assert!(master.read(object(0x606C)) > TURN / 8);
    master.wait(ms(500));
    assert_eq!(master.state(), State::Fault);
    assert!(master.read(object(0x606C)).abs() < 1_000);
    let emergencies = master.take(Service::Emergency(NODE));
    assert_eq!(
        Emergency::decode(emergencies[0].bytes()).map(|one| one.code),
        Some(0x8130)
    );
}

#[test]
fn what_a_lost_connection_means_is_a_parameter() {
    for (option, expected) in [
        (0_i16, State::OperationEnabled),
        (1, State::Fault),
        (2, State::SwitchOnDisabled),
        (3, State::SwitchOnDisabled),
    ] {
        let mut master = Master::new();
        master.write(object(0x6007), &option.to_le_bytes());
        let timer = Address::new(0x1401, 5);
        master.write(timer, &20_u16.to_le_bytes());
        master.enable(Mode::CyclicSyncVelocity);
        let mut data = [0; 8];
        data[4..].copy_from_slice(&(TURN as i32 / 8).to_le_bytes());
        for _ in 0..30 {
            master.send(Service::Receive(2, NODE), &data);
            master.wait(ms(10));
        }
        assert_eq!(master.state(), State::OperationEnabled, "option {option}");
        master.wait(ms(500));
        assert_eq!(master.state(), expected, "option {option}");
        let codes = master.take(Service::Emergency(NODE));
        let first = Emergency::decode(codes[0].bytes()).expect("eight bytes");
        assert_eq!(first.code, 0x8250);
        let turns = master.read(object(0x606C)).abs() > 1_000;
        assert_eq!(turns, option == 0, "option {option}");
    }
}

#[test]
fn a_bit_rate_is_given_by_layer_settings_and_kept_if_stored() {
    let mut master = Master::new();
    let lss = |master: &mut Master, data: [u8; 8]| {
        master.send(Service::LssRequest, &data);
        master.wait(ms(2));
        master
            .take(Service::LssResponse)
            .pop()
            .map(|answer| answer.bytes()[1])
    };
    let hears = |master: &mut Master| {
        master.send(Service::SdoRequest(NODE), &[0x40, 0, 0x10, 0, 0, 0, 0, 0]);
        master.wait(ms(5));
        !master.take(Service::SdoResponse(NODE)).is_empty()
    };
    let at = |master: &mut Master, index: u8| {
        for request in [Request::Close, Request::BitRate(index), Request::Open] {
            master.say(request);
        }
    };
    assert_eq!(lss(&mut master, [4, 1, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(
        lss(&mut master, [19, 0, 5, 0, 0, 0, 0, 0]),
        Some(1),
        "a reserved index"
    );
    assert_eq!(lss(&mut master, [19, 0, 2, 0, 0, 0, 0, 0]), Some(0));
    assert!(hears(&mut master));
    lss(&mut master, [21, 10, 0, 0, 0, 0, 0, 0]);
    master.wait(ms(20));
    assert!(!hears(&mut master));
    at(&mut master, 6); // 500 kbit/s
    assert!(hears(&mut master));
    for (stored, index) in [(false, 8), (true, 6)] {
        if stored {
            lss(&mut master, [4, 1, 0, 0, 0, 0, 0, 0]);
            assert_eq!(lss(&mut master, [19, 0, 2, 0, 0, 0, 0, 0]), Some(0));
            assert_eq!(lss(&mut master, [23, 0, 0, 0, 0, 0, 0, 0]), Some(0));
        }
        master.bus.suffer(0, Mishap::PowerLost);
        master.wait(ms(10));
        master.bus.suffer(0, Mishap::PowerBack);
        master.wait(ms(100));
        at(&mut master, index);
        assert!(hears(&mut master), "stored: {stored}");
    }
}

#[test]
fn without_power_nothing_more_is_said() {
    let mut master = Master::new();
    let mut client = Client::<65_536>::new();
    client.upload(object(0x1021), Way::Blocks).expect("idle");
    for _ in 0..2 {
        let request = client.poll().expect("a request");
        master.send(Service::SdoRequest(NODE), &request);
        master.wait(ms(1));
        for frame in master.take(Service::SdoResponse(NODE)) {
            client.handle(frame.bytes().try_into().expect("eight bytes"));
        }
    }
    master.bus.suffer(0, Mishap::PowerLost);
    master.listen();
    master.frames.clear();
    master.wait(ms(100));
    assert!(master.frames.is_empty(), "a block of 127 frames was on its way");
}

#[test]
fn parameters_are_kept_when_stored_and_only_then() {
    let mut master = Master::new();
    let (kept, lost) = (object(0x6081), object(0x6083));
    master.write(kept, &1_234_u32.to_le_bytes());
    master.write(Address::new(0x1017, 0), &100_u16.to_le_bytes());
    let store = Address::new(0x1010, 3);
    assert_eq!(
        master.try_write(store, &[1, 2, 3, 4]),
        Err(SdoError::Server(store, Abort::NotStored))
    );
    master.write(store, &SAVE.to_le_bytes());
    master.write(lost, &4_321_u32.to_le_bytes());
    master.bus.suffer(0, Mishap::PowerLost);
    master.wait(ms(20));
    master.bus.suffer(0, Mishap::PowerBack);
    master.wait(ms(100));
    assert_eq!((master.read(kept), master.read(lost)), (1_234, 5 * TURN));
    assert_eq!(
        master.read(object(0x1017)),
        0,
        "of communication, nothing was stored"
    );
    master.write(Address::new(0x1011, 1), b"load");
    master.nmt(NmtCommand::ResetNode);
    master.wait(ms(100));
    assert_eq!(master.read(kept), TURN / 2);
    master.enable(Mode::ProfilePosition);
    let store = Address::new(0x1010, 1);
    assert_eq!(
        master.try_write(store, b"save"),
        Err(SdoError::Server(store, Abort::DeviceState))
    );
}

#[test]
fn mappings_change_only_while_their_frame_is_not_used() {
    let mut master = Master::new();
    let entry = 0x6064_0020_u32.to_le_bytes();
    let (count, first) = (Address::new(0x1A00, 0), Address::new(0x1A00, 1));
    let refused = |at, abort| Err(SdoError::Server(at, abort));
    assert_eq!(master.try_write(first, &entry), refused(first, Abort::Access));
    let cob = 0x8000_0185_u32.to_le_bytes();
    master.write(Address::new(0x1800, 1), &cob);
    assert_eq!(master.try_write(first, &entry), refused(first, Abort::Access));
    master.write(count, &[0]);
    let bad = 0x6081_0010_u32.to_le_bytes();
    assert_eq!(master.try_write(first, &bad), refused(first, Abort::NotMappable));
    for sub in 1..=3 {
        master.write(Address::new(0x1A00, sub), &entry);
    }
    assert_eq!(master.try_write(count, &[3]), refused(count, Abort::PdoLength));
    master.write(count, &[2]);
}

#[test]
fn heat_and_low_supply_are_faults() {
    for (mishap, code) in [
        (Mishap::Heat(Some(95.0)), 0x4310),
        (Mishap::Supply(Some(5.0)), 0x3220),
    ] {
        let mut master = Master::new();
        master.enable(Mode::CyclicSyncPosition);
        master.bus.suffer(0, mishap);
        master.wait(ms(100));
        assert_eq!(master.state(), State::Fault);
        assert_eq!(master.read(object(0x603F)) as u16, code);
        master.control(0x80);
        assert_eq!(master.state(), State::Fault, "the cause is still there");
        master.bus.suffer(0, Mishap::Heat(None));
        master.bus.suffer(0, Mishap::Supply(None));
        master.wait(ms(10));
        master.control(0);
        master.control(0x80);
        assert_eq!(master.state(), State::SwitchOnDisabled);
    }
}

#[test]
fn the_most_urgent_frame_gets_the_bus_and_takes_its_time() {
    let mut master = Master::new();
    for (index, cob) in [(0x1800, 0x385_u32), (0x1801, 0x285)] {
        let part = |sub| Address::new(index, sub);
        master.write(part(1), &(1_u32 << 31 | cob).to_le_bytes());
        master.write(part(2), &[1]);
        master.write(part(1), &cob.to_le_bytes());
    }
    master.write(Address::new(0x1802, 1), &(1_u32 << 31 | 0x485).to_le_bytes());
    master.nmt(NmtCommand::Start);
    master.frames.clear();
    let begin = master.now;
    master.send(Service::Sync, &[]);
    master.wait(ms(2));
    let [first, second] = master.frames.make_contiguous() else {
        panic!("two frames: {:?}", master.frames)
    };
    assert_eq!((first.1.id().number(), second.1.id().number()), (0x285, 0x385));
    // A bit takes 1 µs.
    let bits = i64::from(wire_bits(&second.1));
    assert_eq!(second.0.as_nanos() - first.0.as_nanos(), 1_000 * bits);
    let sync = Frame::data(Service::Sync.id().expect("has one"), &[]).expect("no bytes");
    let both = i64::from(wire_bits(&sync) + wire_bits(&first.1));
    assert!(first.0.as_nanos() - begin.as_nanos() >= 1_000 * both);
}

/// Whatever frames come, the drive survives, and after a reset it is as it was.
#[test]
fn any_frames_are_survived() {
    for seed in 0..20 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut master = Master::new();
        for _ in 0..400 {
            let number = match random.random_range(0..6) {
                0 => random.random_range(0..0x800),
                1 => 0,
                2 => 0x80,
                3 => 0x7E5,
                4 => 0x205 + 0x100 * random.random_range(0..4),
                _ => 0x605,
            };
            let mut data: Vec<u8> = (0..random.random_range(0..=8)).map(|_| random.random()).collect();
            if number == 0 && data.len() > 1 {
                data[0] = [1, 2, 128, 129, 130][random.random_range(0..5)];
                data[1] = 5;
                data.truncate(2);
            }
            let id = Id::standard(number).expect("11 bits");
            let remote = random.random_bool(0.05);
            let frame = if remote {
                Frame::remote(id, 0)
            } else {
                Frame::data(id, &data)
            };
            // Reconfiguring its id would only make it deaf.
            if number != 0x7E5 || data.first() != Some(&17) {
                master.say(Request::Send(frame.expect("eight bytes")));
            }
            master.wait(Duration::from_micros(random.random_range(100..5_000)));
        }
        // A node that starts hears nothing.
        master.wait(ms(100));
        master.send(Service::Nmt, &NmtCommand::ResetNode.encode(None));
        master.wait(ms(200));
        master.frames.clear();
        assert_eq!(master.read(object(0x1000)), 0x0002_0192, "seed {seed}");
        assert_eq!(master.state(), State::SwitchOnDisabled, "seed {seed}");
    }
}
