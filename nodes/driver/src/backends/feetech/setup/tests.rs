//! A servo on a bench, set up as far as that goes.

use super::*;
use servomesh_fieldbus::feetech::packet::{Scan, scan};
use servomesh_fieldbus::feetech::status::Alarms;

/// The registers of a servo on a bench, and the addresses that were written.
struct Bench {
    memory: Vec<u8>,
    written: Vec<u8>,
    /// It answers to writes, too.
    answers_writes: bool,
    /// It takes no write to EPROM.
    stubborn: bool,
}

impl Bench {
    fn new() -> Self {
        let mut memory = vec![0; MODEL.size()];
        MODEL.reset(&mut memory).expect("room for all registers");
        let mut bench = Self {
            memory,
            written: Vec::new(),
            answers_writes: true,
            stubborn: false,
        };
        bench.set(&PRESENT_VOLTAGE, 119);
        bench
    }

    fn set(&mut self, register: &Register, counts: i32) {
        let bytes = &mut self.memory[usize::from(register.address)..register.end()];
        register.put(MODEL.order, counts, bytes).expect("it takes it");
    }

    fn get(&self, register: &Register) -> i32 {
        counts(register, 0, &self.memory).expect("in the table")
    }

    /// Follows an instruction; whether it answers, and with what.
    fn follow(&mut self, instruction: &Instruction<'_>) -> Option<Vec<u8>> {
        match *instruction {
            Instruction::Read { address: 0, length } => Some(self.memory[..usize::from(length)].to_vec()),
            Instruction::Write { address, data } => {
                self.written.push(address);
                let from = usize::from(address);
                if address >= TORQUE_ENABLE.address || !self.stubborn {
                    self.memory[from..from + data.len()].copy_from_slice(data);
                }
                self.answers_writes.then(Vec::new)
            }
            ref other => panic!("{other:?} is not for a set-up"),
        }
    }

    /// Sets the servo up as far as that goes.
    fn set_up(&mut self, settings: &ServoSettings) -> Result<Identity, Problem> {
        let (mut setup, mut identity) = (Setup::default(), None);
        let mut buffer = [0; 64];
        while !setup.is_done() {
            let sent = setup.ask(settings.id, &mut buffer).expect("it fits").sent;
            let Scan::Found { packet, .. } = scan(&buffer[..sent]) else {
                panic!("a whole packet")
            };
            let instruction = Instruction::decode(&packet).expect("an instruction");
            match self.follow(&instruction) {
                Some(data) => {
                    let (id, alarms) = (settings.id, Alarms::NONE);
                    let data = &data;
                    setup.answer(settings, &mut identity, &Status { id, alarms, data })?;
                }
                None => setup.missing(settings, 1_000_000, false)?,
            }
        }
        Ok(identity.expect("a servo that is set up is known"))
    }
}

fn settings(mode: Mode) -> ServoSettings {
    ServoSettings {
        // A turn on: which it is, is the driver's matter.
        range_ticks: Some((4596.0, 7596.0)),
        ..ServoSettings::elbow(mode)
    }
}

#[test]
fn a_servo_that_is_as_it_should_be_is_written_nothing_but_its_torque() {
    let mut bench = Bench::new();
    bench.set(&TORQUE_ENABLE, 1);
    let identity = bench.set_up(&settings(Mode::Position)).expect("it can be driven");
    assert_eq!(bench.written, [TORQUE_ENABLE.address]);
    assert_eq!((bench.get(&TORQUE_ENABLE), bench.get(&LOCK)), (0, 1));
    assert!(
        identity.ends.0.abs() < 1e-9 && (identity.ends.1 - 4095.0).abs() < 1e-9,
        "{identity:?}"
    );
    assert!(
        (identity.highest_v - 14.0).abs() < 1e-9 && (identity.voltage_v - 11.9).abs() < 1e-9,
        "{identity:?}"
    );
}

#[test]
fn what_differs_is_written_and_locked_again_whether_writes_are_answered_or_not() {
    for answers_writes in [true, false] {
        let mut bench = Bench::new();
        bench.answers_writes = answers_writes;
        bench.set(&RETURN_DELAY, 250);
        bench.set(&PHASE, 12 + MANY_TURNS);
        bench.set_up(&settings(Mode::Velocity)).expect("it can be driven");
        let holds = [&RETURN_DELAY, &MODE, &PHASE, &LOCK].map(|register| bench.get(register));
        assert_eq!(holds, [0, 1, 12, 1]);
        let lock = LOCK.address;
        assert_eq!(bench.written[1], lock);
        assert_eq!(bench.written.last(), Some(&lock));
        assert_eq!(bench.written.len(), 6, "{:?}", bench.written);
    }
}

#[test]
fn a_servo_that_keeps_nothing_or_is_none_of_these_is_named() {
    let refused = |bench: &mut Bench, settings: &ServoSettings, part: &str| {
        let problem = bench
            .set_up(settings)
            .expect_err("it can't be driven")
            .to_string();
        assert!(problem.contains(part), "{problem}");
    };
    let mut bench = Bench::new();
    bench.stubborn = true;
    refused(
        &mut bench,
        &settings(Mode::Pwm),
        "refuses its EPROM settings: register 33 does not become 2",
    );
    let mut small = Bench::new();
    small.memory[3..5].copy_from_slice(&[5, 4]);
    refused(&mut small, &settings(Mode::Position), "says model number 1029");
    let wanted = ServoSettings {
        model: Some("STS3215".to_owned()),
        ..settings(Mode::Position)
    };
    refused(&mut small, &wanted, "is SCS0009, but STS3215 is configured");
    let mut narrow = Bench::new();
    narrow.set(&MAX_ANGLE, 3000);
    refused(
        &mut narrow,
        &settings(Mode::Position),
        "the upper end at 3500.000 ticks is beyond what the servo takes, 3000.000",
    );
}
