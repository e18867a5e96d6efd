//! A master at the adapter of a bus with one CANopen drive, in virtual time.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::time::Duration;

use servomesh_devices::{CanBus, CanopenDrive, FreeMotor, Motor, MotorCommand, MotorState, Wire};
use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::can::slcan::{Answer, Lines, MAX_LINE, Request};
use servomesh_fieldbus::canopen::nmt::NmtCommand;
use servomesh_fieldbus::canopen::sdo::{Address, Client, SdoError, Way};
use servomesh_fieldbus::canopen::{NodeId, Service};
use servomesh_fieldbus::cia402::{Controlword, Mode, State};
use servomesh_types::Stamp;

pub(crate) const NODE: NodeId = NodeId::new(5).expect("1 to 127");
pub(crate) const MASTER: NodeId = NodeId::new(127).expect("1 to 127");
pub(crate) const BIT_RATE: u32 = 1_000_000;
pub(crate) const TURN: i64 = 65_536;
pub(crate) const SAVE: u32 = 0x6576_6173;

/// A master at the adapter of a bus with one drive.
pub(crate) struct Master {
    pub(crate) bus: CanBus,
    pub(crate) now: Stamp,
    lines: Lines,
    pub(crate) frames: VecDeque<(Stamp, Frame)>,
}

pub(crate) fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

pub(crate) fn object(index: u16) -> Address {
    Address::new(index, 0)
}

/// A motor whose output runs against a rubber buffer a third of a turn from its sensor's zero.
pub(crate) struct Buffered(pub(crate) FreeMotor);

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
    pub(crate) fn new() -> Self {
        Self::at(FreeMotor::xm430())
    }

    pub(crate) fn at(motor: impl Motor + 'static) -> Self {
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

    pub(crate) fn say(&mut self, request: Request) {
        let mut buffer = [0; MAX_LINE];
        let line = request.encode(&mut buffer).expect("room");
        self.bus.write(self.now, line);
    }

    pub(crate) fn send(&mut self, service: Service, data: &[u8]) {
        let id = service.id().expect("has one");
        self.say(Request::Send(Frame::data(id, data).expect("eight bytes")));
    }

    pub(crate) fn listen(&mut self) {
        while let Some((at, bytes)) = self.bus.read() {
            let mut rest = &bytes[..];
            while let Some(line) = self.lines.next(&mut rest) {
                if let Some(Answer::Received(frame, _)) = Answer::decode(line) {
                    self.frames.push_back((at, frame));
                }
            }
        }
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.bus.advance_to(self.now);
        self.listen();
    }

    /// Frames of a service that have come, taken away; others stay.
    pub(crate) fn take(&mut self, service: Service) -> Vec<Frame> {
        let (mine, others) = self
            .frames
            .drain(..)
            .partition::<Vec<_>, _>(|(_, frame)| Service::of(frame.id()) == Some(service));
        self.frames = others.into();
        mine.into_iter().map(|(_, frame)| frame).collect()
    }

    pub(crate) fn transfer<const N: usize>(&mut self, client: &mut Client<N>) -> Result<Vec<u8>, SdoError> {
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

    pub(crate) fn read(&mut self, address: Address) -> i64 {
        let mut client = Client::<64>::new();
        client.upload(address, Way::Segments).expect("idle");
        let data = self.transfer(&mut client).expect("can be read");
        let mut bytes = [0; 8];
        bytes[..data.len()].copy_from_slice(&data);
        let sign = 64 - 8 * data.len() as u32;
        (i64::from_le_bytes(bytes) << sign) >> sign
    }

    pub(crate) fn try_write(&mut self, address: Address, data: &[u8]) -> Result<(), SdoError> {
        let mut client = Client::<64>::new();
        client.download(address, data, Way::Segments).expect("idle");
        self.transfer(&mut client).map(|_| ())
    }

    pub(crate) fn write(&mut self, address: Address, data: &[u8]) {
        self.try_write(address, data).expect("can be written");
    }

    pub(crate) fn control(&mut self, word: u16) {
        self.write(object(0x6040), &word.to_le_bytes());
    }

    pub(crate) fn statusword(&mut self) -> u16 {
        self.read(object(0x6041)) as u16
    }

    pub(crate) fn state(&mut self) -> State {
        State::of(self.statusword()).expect("a state")
    }

    pub(crate) fn position(&mut self) -> i64 {
        self.read(object(0x6064))
    }

    pub(crate) fn nmt(&mut self, command: NmtCommand) {
        self.send(Service::Nmt, &command.encode(Some(NODE)));
        self.wait(ms(1));
    }

    pub(crate) fn enable(&mut self, mode: Mode) {
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

    pub(crate) fn wait_for(&mut self, most: Duration, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let end = self.now + most;
        while !holds(self) {
            assert!(self.now < end, "{what}: not in {most:?}");
            self.wait(ms(2));
        }
    }
}
