//! A servo on a bench, set up as far as that goes.

use super::*;
use crate::backends::feetech::series::{MANY_TURNS, Series};
use servomesh_fieldbus::feetech::packet::{Scan, scan};
use servomesh_fieldbus::feetech::scs0009;
use servomesh_fieldbus::feetech::status::Alarms;
use servomesh_fieldbus::feetech::sts3215::{LOCK, MODE, PHASE, RETURN_DELAY};

/// The registers of a servo on a bench, and the addresses that were written.
struct Bench {
    series: Series,
    memory: Vec<u8>,
    written: Vec<u8>,
    /// It answers to writes, too.
    answers_writes: bool,
    /// It takes no write to EPROM.
    stubborn: bool,
}

impl Bench {
    fn new() -> Self {
        Self::of(Series::Sts)
    }

    fn of(series: Series) -> Self {
        let mut memory = vec![0; series.model().size().max(TABLE)];
        series.model().reset(&mut memory).expect("room for all registers");
        let mut bench = Self {
            series,
            memory,
            written: Vec::new(),
            answers_writes: true,
            stubborn: false,
        };
        let voltage = match series {
            Series::Sts => 119,
            Series::Scs => 61,
        };
        bench.set(&PRESENT_VOLTAGE, voltage);
        bench
    }

    fn set(&mut self, register: &Register, counts: i32) {
        let bytes = &mut self.memory[usize::from(register.address)..register.end()];
        register
            .put(self.series.order(), counts, bytes)
            .expect("it takes it");
    }

    fn get(&self, register: &Register) -> i32 {
        counts(self.series.order(), register, 0, &self.memory).expect("in the table")
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
            let sent = setup.ask(settings, &mut buffer).expect("it fits").sent;
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
    let mut small = Bench::of(Series::Scs);
    refused(
        &mut small,
        &settings(Mode::Position),
        "is SCS0009, but any servo of the series STS is configured",
    );
    small.memory[4] = 15;
    refused(
        &mut small,
        &settings(Mode::Position),
        "says model number 1295: this driver knows the STS series and the SCS0009 only",
    );
    small.memory[4] = 4;
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

#[test]
fn an_scs_servo_keeps_its_angle_limits_in_position_mode() {
    let mut bench = Bench::of(Series::Scs);
    bench.set(&TORQUE_ENABLE, 1);
    let gripper = ServoSettings::gripper(Mode::Position);
    let identity = bench.set_up(&gripper).expect("it can be driven");
    assert_eq!(bench.written, [TORQUE_ENABLE.address]);
    assert_eq!((bench.get(&TORQUE_ENABLE), bench.get(&scs0009::LOCK)), (0, 1));
    assert!((identity.ends.0 - 20.0).abs() < 1e-9 && (identity.ends.1 - 1003.0).abs() < 1e-9);
    assert!((identity.highest_v - 9.0).abs() < 1e-9 && (identity.voltage_v - 6.1).abs() < 1e-9);
}

#[test]
fn angle_limits_of_an_scs_servo_make_its_mode() {
    let mut bench = Bench::of(Series::Scs);
    let limits = |bench: &Bench| [&scs0009::MIN_ANGLE, &scs0009::MAX_ANGLE].map(|limit| bench.get(limit));
    let lock = scs0009::LOCK.address;
    let in_pwm = bench.set_up(&ServoSettings::gripper(Mode::Pwm));
    let ends = in_pwm.expect("it can be driven").ends;
    assert!(ends.0.abs() < 1e-9 && (ends.1 - 1023.0).abs() < 1e-9, "{ends:?}");
    assert_eq!((limits(&bench), bench.get(&scs0009::LOCK)), ([0, 0], 1));
    assert_eq!(bench.written[1], lock, "after the torque");
    assert_eq!((bench.written.len(), bench.written.last()), (5, Some(&lock)));
    let in_position = bench.set_up(&ServoSettings::gripper(Mode::Position));
    let ends = in_position.expect("it can be driven").ends;
    assert_eq!((limits(&bench), bench.get(&scs0009::LOCK)), ([20, 1003], 1));
    assert!(
        (ends.0 - 20.0).abs() < 1e-9 && (ends.1 - 1003.0).abs() < 1e-9,
        "{ends:?}"
    );
}

#[test]
fn a_range_beyond_a_potentiometer_is_refused_in_both_modes() {
    let refused = |mode, range, part: &str| {
        let wide = ServoSettings {
            range_ticks: Some(range),
            ..ServoSettings::gripper(mode)
        };
        let problem = Bench::of(Series::Scs).set_up(&wide).expect_err("it is too wide");
        assert!(problem.to_string().contains(part), "{problem}");
    };
    let upper = "the upper end at 1010.000 ticks is beyond what the servo takes, 1003.000";
    refused(Mode::Position, (100.0, 1010.0), upper);
    // Another turn would be none that it sees.
    refused(
        Mode::Position,
        (-1100.0, -300.0),
        "the lower end at -1100.000 ticks",
    );
    refused(Mode::Pwm, (-3.0, 900.0), "the lower end at -3.000 ticks");
    let quick = ServoSettings {
        ticks_per_s: 2000.0,
        ..ServoSettings::gripper(Mode::Position)
    };
    let problem = Bench::of(Series::Scs)
        .set_up(&quick)
        .expect_err("it is too quick");
    let part = "a velocity of 10.227 rad/s is beyond what the servo takes, 7.117 rad/s";
    assert!(problem.to_string().contains(part), "{problem}");
}
