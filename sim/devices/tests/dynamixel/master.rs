//! A master of DYNAMIXEL servos in virtual time, and motors that a test can reach.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use servomesh_devices::{Bus, Dynamixel, FreeMotor, Motor, MotorCommand, MotorState, Wire};
use servomesh_fieldbus::dynamixel::{ErrorNumber, Field, Id, Instruction, Model, Packet, StatusError};
use servomesh_types::Stamp;

pub(crate) const BAUD: u32 = 1_000_000;
const BYTE: Duration = Duration::from_micros(10);

/// A motor that the test holds too.
#[derive(Clone)]
pub(crate) struct Bench(pub(crate) Arc<Mutex<FreeMotor>>);

impl Bench {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(FreeMotor::xm430())))
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut FreeMotor) -> T) -> T {
        look(&mut self.0.lock().expect("nobody panicked with it"))
    }
}

impl Motor for Bench {
    fn state(&mut self, now: Stamp) -> MotorState {
        self.with(|motor| motor.state(now))
    }

    fn command(&mut self, now: Stamp, command: MotorCommand) {
        self.with(|motor| motor.command(now, command));
    }
}

/// A status as it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) end: Stamp,
    pub(crate) id: u8,
    pub(crate) error: StatusError,
    pub(crate) data: Vec<u8>,
}

/// A master with its bus.
pub(crate) struct Master {
    pub(crate) bus: Bus,
    pub(crate) now: Stamp,
    pub(crate) motors: Vec<Bench>,
    /// How long it waits for answers.
    pub(crate) patience: Duration,
}

pub(crate) fn id(number: u8) -> Id {
    Id::device(number).expect("a device's id")
}

pub(crate) fn model(name: &str) -> &'static Model {
    Model::named(name).expect("a known model")
}

pub(crate) fn servo(number: u8) -> Dynamixel {
    Dynamixel::new(model("XM430-W350"), id(number), BAUD)
        .and_then(|servo| servo.with(Field::ReturnDelayTime, 0))
        .expect("a servo")
}

impl Master {
    pub(crate) fn of(servos: impl IntoIterator<Item = Dynamixel>) -> Self {
        let mut bus = Bus::new(Stamp::ZERO, BAUD);
        let mut motors = Vec::new();
        for servo in servos {
            let motor = Bench::new();
            bus.add(servo, motor.clone());
            motors.push(motor);
        }
        let mut master = Self {
            bus,
            now: Stamp::ZERO,
            motors,
            patience: Duration::from_millis(5),
        };
        master.wait_ms(3);
        master
    }

    /// XM430-W350 with these ids, which answer without a delay.
    pub(crate) fn with(ids: &[u8]) -> Self {
        Self::of(ids.iter().map(|number| servo(*number)))
    }

    pub(crate) fn wait(&mut self, time: Duration) {
        self.now = self.now + time;
        self.bus.advance_to(self.now);
    }

    pub(crate) fn wait_ms(&mut self, milliseconds: u64) {
        self.wait(Duration::from_millis(milliseconds));
    }

    /// Says bytes and gives all that comes back while it waits.
    pub(crate) fn exchange(&mut self, bytes: &[u8]) -> Vec<(Stamp, Vec<u8>)> {
        while self.bus.read().is_some() {}
        self.bus.write(self.now, bytes);
        self.wait(self.patience);
        std::iter::from_fn(|| self.bus.read()).collect()
    }

    pub(crate) fn say(&mut self, to: Id, instruction: &Instruction<'_>) -> Vec<Answer> {
        let mut buffer = [0; 1031];
        let length = instruction.encode(to, &mut buffer).expect("a packet");
        self.say_bytes(&buffer[..length])
    }

    pub(crate) fn say_bytes(&mut self, bytes: &[u8]) -> Vec<Answer> {
        let mut answers = Vec::new();
        for (end, mut bytes) in self.exchange(bytes) {
            let mut rest = &mut bytes[..];
            while let [_, _, _, _, _, low, high, ..] = *rest {
                let length = 7 + usize::from(u16::from_le_bytes([low, high]));
                let (whole, after) = std::mem::take(&mut rest).split_at_mut(length);
                rest = after;
                let status = Packet::decode(whole).expect("a whole packet").status();
                let status = status.expect("an answer");
                answers.push(Answer {
                    end: end - BYTE * rest.len() as u32,
                    id: status.id.number(),
                    error: status.error,
                    data: status.parameters.to_vec(),
                });
            }
            assert_eq!(rest, [], "nothing but packets");
        }
        answers
    }

    /// The one answer to an instruction for one.
    pub(crate) fn ask(&mut self, number: u8, instruction: &Instruction<'_>) -> Option<Answer> {
        let mut answers = self.say(id(number), instruction);
        assert!(answers.len() <= 1, "{answers:?}");
        answers.pop()
    }

    /// A register's number.
    pub(crate) fn get(&mut self, number: u8, field: Field) -> i32 {
        let (address, length) = (field.address(), field.size());
        let answer = self.ask(number, &Instruction::Read { address, length });
        let answer = answer.unwrap_or_else(|| panic!("{number} does not answer"));
        assert_eq!(answer.error.number, None, "{field:?}");
        let mut table = vec![0; usize::from(address + length)];
        table[usize::from(address)..].copy_from_slice(&answer.data);
        field.get(&table).expect("as many bytes as it has")
    }

    /// Writes a register; the error it is answered with.
    pub(crate) fn put(&mut self, number: u8, field: Field, value: i32) -> StatusError {
        let data = &value.to_le_bytes()[..usize::from(field.size())];
        let address = field.address();
        let answer = self.ask(number, &Instruction::Write { address, data });
        answer.unwrap_or_else(|| panic!("{number} does not answer")).error
    }

    /// Writes a register, which must be answered with this error.
    #[track_caller]
    pub(crate) fn assert_refused(&mut self, number: u8, field: Field, value: i32, reason: ErrorNumber) {
        let error = self.put(number, field, value);
        assert_eq!(error.number, Some(reason), "{field:?} = {value}");
    }

    /// Writes registers that all must take it.
    pub(crate) fn set(&mut self, number: u8, values: &[(Field, i32)]) {
        for (field, value) in values {
            let error = self.put(number, *field, *value);
            assert_eq!(error.number, None, "{field:?} = {value}");
        }
    }
}
