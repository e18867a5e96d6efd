//! Servos are given other ids and speeds.

use std::convert::Infallible;
use std::time::Duration;

use servomesh_devices::feetech::Servo;
use servomesh_devices::{Bus, Dynamixel, FreeMotor, Wire as _};
use servomesh_driver::backends::assign::{AssignError, Assignable, Line, Place, assign};
use servomesh_driver::backends::dynamixel::scan::Protocol2;
use servomesh_driver::backends::feetech::scan::Scs;
use servomesh_driver::backends::scan::LATENCY;
use servomesh_fieldbus::dynamixel::{Field, Id, Instruction, Model};
use servomesh_fieldbus::feetech::{scs0009, sts3215};
use servomesh_types::Stamp;

use crate::BAUD;

/// A bus in virtual time.
struct Virtual {
    bus: Bus,
    now: Stamp,
}

impl Virtual {
    fn new() -> Self {
        Self {
            bus: Bus::new(Stamp::ZERO, BAUD),
            now: Stamp::ZERO,
        }
    }

    fn advance(&mut self, time: Duration) {
        self.now = self.now + time;
        self.bus.advance_to(self.now);
        while self.bus.read().is_some() {}
    }

    fn send(&mut self, bytes: &[u8]) {
        self.bus.write(self.now, bytes);
        self.advance(Duration::from_millis(5));
    }
}

impl Line for Virtual {
    type Error = Infallible;

    fn set_baud(&mut self, baud: u32) -> Result<(), Infallible> {
        self.bus.set_baud(baud);
        Ok(())
    }

    fn exchange(
        &mut self,
        bytes: &[u8],
        patience: Duration,
        enough: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<(), Infallible> {
        self.bus.write(self.now, bytes);
        let end = self.now + patience;
        while self.now < end {
            self.now = self
                .bus
                .next_event()
                .max(self.now + Duration::from_micros(1))
                .min(end);
            self.bus.advance_to(self.now);
            while let Some((_, heard)) = self.bus.read() {
                if enough(&heard) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// DYNAMIXEL servos that have waked up.
fn dynamixel(servos: &[(u8, u32)]) -> Virtual {
    let mut line = Virtual::new();
    let model = Model::named("XL430-W250").expect("a known model");
    for (place, (id, baud)) in servos.iter().enumerate() {
        let servo = Dynamixel::new(model, Id::device(*id).expect("an id"), *baud).expect("a servo");
        line.bus
            .add(servo, FreeMotor::xm430_with(0.002, 0.5 + 0.1 * place as f64));
    }
    line.advance(Duration::from_secs(1));
    line
}

/// FEETECH servos that have waked up.
fn feetech(servos: impl IntoIterator<Item = Servo>) -> Virtual {
    let mut line = Virtual::new();
    for (place, servo) in servos.into_iter().enumerate() {
        line.bus
            .add(servo, FreeMotor::sts3215_with(0.002, 0.5 + 0.1 * place as f64));
    }
    line.advance(Duration::from_secs(1));
    line
}

fn moved<L: Assignable>(
    line: &mut Virtual,
    from: (u8, u32),
    to: (u8, u32),
) -> Result<(), AssignError<Infallible>> {
    let place = |(id, baud)| Place { id, baud };
    assign::<L, _>(line, place(from), place(to), LATENCY).map(|_| ())
}

/// Who is there, of the ids up to 9: speed, id, and whether its answers clash.
fn there<L: Assignable>(line: &mut Virtual, speeds: &[u32]) -> Vec<(u32, u8, bool)> {
    let mut found = Vec::new();
    for (baud, id) in speeds.iter().flat_map(|baud| (0..=9).map(|id| (*baud, id))) {
        match moved::<L>(line, (id, baud), (id, baud)) {
            Err(AssignError::Absent { .. }) => {}
            Err(AssignError::Clash { .. }) => found.push((baud, id, true)),
            Ok(()) | Err(AssignError::Torque { .. }) => found.push((baud, id, false)),
            Err(other) => panic!("{other}"),
        }
    }
    found
}

#[test]
fn a_new_dynamixel_servo_gets_its_id_and_speed_and_keeps_them_without_power() {
    let mut line = dynamixel(&[(1, 57_600), (2, BAUD)]);
    moved::<Protocol2>(&mut line, (1, 57_600), (3, BAUD)).expect("it can");
    line.bus.suffer(0, servomesh_devices::Mishap::Reboot);
    line.advance(Duration::from_secs(1));
    let found = there::<Protocol2>(&mut line, &[57_600, BAUD]);
    assert_eq!(found, [(BAUD, 2, false), (BAUD, 3, false)]);
}

#[test]
fn a_feetech_servo_of_either_series_gets_its_id_and_speed_and_keeps_them_without_power() {
    for model in [&sts3215::MODEL, &scs0009::MODEL] {
        let servo = Servo::of(model, 1, BAUD).expect("an id and a speed");
        let mut line = feetech([servo]);
        moved::<Scs>(&mut line, (1, BAUD), (7, 500_000)).expect("it can");
        line.bus.suffer(0, servomesh_devices::Mishap::Reboot);
        line.advance(Duration::from_secs(1));
        let found = there::<Scs>(&mut line, &[500_000, BAUD]);
        assert_eq!(found, [(500_000, 7, false)], "{}", model.name);
    }
}

#[test]
fn one_of_both_may_stay_as_it_is() {
    let mut line = dynamixel(&[(1, BAUD)]);
    moved::<Protocol2>(&mut line, (1, BAUD), (9, BAUD)).expect("another id");
    moved::<Protocol2>(&mut line, (9, BAUD), (9, 2_000_000)).expect("another speed");
    moved::<Protocol2>(&mut line, (9, 2_000_000), (9, 2_000_000)).expect("nothing else");
    let found = there::<Protocol2>(&mut line, &[BAUD, 2_000_000]);
    assert_eq!(found, [(2_000_000, 9, false)]);
}

#[test]
fn what_can_not_be_done_is_refused_and_nothing_is_written() {
    let servos = [(1, BAUD), (2, BAUD), (4, 2_000_000), (5, BAUD), (5, BAUD)];
    let mut line = dynamixel(&servos);
    let before = there::<Protocol2>(&mut line, &[BAUD, 2_000_000]);
    assert!(before.contains(&(BAUD, 5, true)), "{before:?}");
    let place = |id, baud| Place { id, baud };
    let cases = [
        ((8, BAUD), (9, BAUD), AssignError::Absent { at: place(8, BAUD) }),
        ((1, BAUD), (2, BAUD), AssignError::Taken { at: place(2, BAUD) }),
        (
            (1, BAUD),
            (4, 2_000_000),
            AssignError::Taken {
                at: place(4, 2_000_000),
            },
        ),
        (
            (1, BAUD),
            (2, 2_000_000),
            AssignError::Taken { at: place(2, BAUD) },
        ),
        ((5, BAUD), (6, BAUD), AssignError::Clash { at: place(5, BAUD) }),
        ((1, BAUD), (253, BAUD), AssignError::Id { id: 253, most: 252 }),
    ];
    for (from, to, expected) in cases {
        let outcome = moved::<Protocol2>(&mut line, from, to);
        assert_eq!(outcome, Err(expected), "{from:?} to {to:?}");
    }
    let error = moved::<Protocol2>(&mut line, (1, BAUD), (1, 123_456)).expect_err("refused");
    assert!(
        error
            .to_string()
            .contains("XL430-W250 can't have 123456 bit/s, but 9600, "),
        "{error}"
    );
    assert_eq!(there::<Protocol2>(&mut line, &[BAUD, 2_000_000]), before);
}

#[test]
fn a_servo_under_torque_is_left_alone() {
    let mut line = dynamixel(&[(1, BAUD)]);
    let (mut bytes, address) = ([0; 32], Field::TorqueEnable.address());
    let on = Instruction::Write { address, data: &[1] };
    let length = on.encode(Id::BROADCAST, &mut bytes).expect("room");
    line.send(&bytes[..length]);
    let error = moved::<Protocol2>(&mut line, (1, BAUD), (2, BAUD)).expect_err("refused");
    assert_eq!(
        error,
        AssignError::Torque {
            id: 1,
            model: "XL430-W250"
        }
    );
    assert_eq!(there::<Protocol2>(&mut line, &[BAUD]), [(BAUD, 1, false)]);
}
