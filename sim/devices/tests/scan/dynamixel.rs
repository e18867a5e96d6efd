//! DYNAMIXEL servos are found.

use std::collections::BTreeSet;
use std::time::Duration;

use servomesh_devices::{Bus, Dynamixel, FreeMotor, LineFaults, Mishap, Toward, Wire as _};
use servomesh_driver::backends::dynamixel::scan::{
    BAUD_RATES, Found, Identity, Protocol2, Registers, State, Who,
};
use servomesh_fieldbus::dynamixel::{Alarm, Field, Id, Mode, Model};
use servomesh_types::Stamp;

use crate::{BAUD, Passing, ids, scan, scan_with};

fn servo(model: &str, id: u8, baud: u32) -> Dynamixel {
    let model = Model::named(model).expect("a known model");
    Dynamixel::new(model, Id::device(id).expect("a device's id"), baud).expect("a servo")
}

fn bus(servos: impl IntoIterator<Item = Dynamixel>) -> Bus {
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    for (place, servo) in servos.into_iter().enumerate() {
        bus.add(servo, FreeMotor::xm430_with(0.002, 0.5 + 0.1 * place as f64));
    }
    bus
}

fn identity(found: &Found) -> Identity {
    match found.who {
        Who::Servo(identity) => identity,
        Who::Clash => panic!("{} clashes", found.id),
    }
}

fn state(found: &Found) -> State {
    match identity(found).registers {
        Registers::Read(state) => state,
        other => panic!("{}: {other:?}", found.id),
    }
}

#[test]
fn six_servos_are_listed_with_what_they_are() {
    let models = [
        "XM540-W270",
        "XM540-W270",
        "XM540-W270",
        "XM430-W350",
        "XL430-W250",
        "XL330-M288",
    ];
    let servos = (1..).zip(models).map(|(id, model)| servo(model, id, BAUD));
    let mut bus = bus(servos);
    bus.suffer(3, Mishap::Heat(Some(85.0)));
    let scanned = scan::<Protocol2>(&mut bus, &[BAUD], BAUD);
    assert_eq!(
        ids(&scanned.found),
        (1..=6).map(|id| (BAUD, id, false)).collect::<Vec<_>>()
    );
    for (found, name) in scanned.found.iter().zip(models) {
        let identity = identity(found);
        assert_eq!(identity.model.expect("a known model").name, name);
        assert_eq!(
            (state(found).mode, state(found).torque),
            (Some(Mode::Position), false)
        );
    }
    let first = state(&scanned.found[0]);
    assert!((first.position - 0.5).abs() < 0.01, "{first:?}");
    assert!((first.voltage_v - 12.0).abs() < 0.5, "{first:?}");
    assert_eq!(first.alarms.iter().next(), None);
    let hot = state(&scanned.found[3]);
    assert!((hot.temperature_degc - 85.0).abs() < 1.5, "{hot:?}");
    assert_eq!(hot.alarms.iter().collect::<Vec<_>>(), [Alarm::Overheating]);
    assert_eq!(scanned.asked_each, 0);
    assert!(scanned.took < Duration::from_secs(2), "{:?}", scanned.took);
}

#[test]
fn servos_with_one_id_are_told_and_hide_no_other() {
    for second in ["XM430-W350", "XL430-W250"] {
        for delay in [0, 20, 250] {
            let other = servo(second, 3, BAUD)
                .with(Field::ReturnDelayTime, delay)
                .expect("a delay");
            let mut bus = bus([
                servo("XM430-W350", 1, BAUD),
                servo("XM430-W350", 3, BAUD),
                other,
                servo("XM430-W350", 4, BAUD),
            ]);
            let scanned = scan::<Protocol2>(&mut bus, &[BAUD], BAUD);
            let expected = [(BAUD, 1, false), (BAUD, 3, true), (BAUD, 4, false)];
            assert_eq!(ids(&scanned.found), expected, "{second}, return delay {delay}");
        }
    }
}

#[test]
fn servos_are_found_at_whichever_speed_they_are() {
    let mut bus = bus([
        servo("XM430-W350", 1, 57_600),
        servo("XM430-W350", 1, BAUD),
        servo("XM430-W350", 2, BAUD),
        servo("XM430-W350", 252, 4_000_000),
    ]);
    let scanned = scan::<Protocol2>(&mut bus, &BAUD_RATES, 4_000_000);
    let expected = [
        (57_600, 1, false),
        (BAUD, 1, false),
        (BAUD, 2, false),
        (4_000_000, 252, false),
    ];
    assert_eq!(ids(&scanned.found), expected);
    assert_eq!(scanned.speeds, BAUD_RATES);
}

#[test]
fn a_speed_that_the_port_can_not_do_is_passed_over() {
    let mut bus = bus([servo("XM430-W350", 5, BAUD)]);
    let scanned = scan::<Protocol2>(&mut bus, &[4_000_000, BAUD, 3_000_000], BAUD);
    assert_eq!(
        (scanned.speeds, ids(&scanned.found)),
        (vec![BAUD], vec![(BAUD, 5, false)])
    );
}

#[test]
fn nobody_is_found_where_nobody_is() {
    let scanned = scan::<Protocol2>(&mut bus([]), &BAUD_RATES, 4_000_000);
    assert_eq!((scanned.found.len(), scanned.asked_each), (0, 0));
    assert_eq!(scanned.speeds, BAUD_RATES);
    assert!(scanned.took < Duration::from_secs(7), "{:?}", scanned.took);
}

#[test]
fn garbled_answers_are_asked_for_again_one_by_one() {
    let mut bus = bus((1..=6).map(|id| servo("XM430-W350", id, BAUD)));
    let seed = 7;
    println!("seed {seed}");
    bus.set_seed(seed);
    bus.set_faults(
        Toward::Master,
        LineFaults {
            corrupted: 0.15,
            ..LineFaults::default()
        },
    );
    let scanned = scan::<Protocol2>(&mut bus, &[BAUD], BAUD);
    let found: Vec<u8> = scanned.found.iter().map(|found| found.id).collect();
    assert_eq!(found, [1, 2, 3, 4, 5, 6]);
    assert!(scanned.found.iter().all(|found| found.who != Who::Clash));
}

#[test]
fn a_servo_that_answers_no_read_is_told_apart_from_one_that_clashes() {
    let mut bus = bus([servo("XM430-W350", 9, BAUD)]);
    bus.advance_to(Stamp::from_millis(1));
    let level = servomesh_fieldbus::dynamixel::Instruction::Write {
        address: Field::StatusReturnLevel.address(),
        data: &[0],
    };
    let mut bytes = [0; 32];
    let length = level
        .encode(Id::device(9).expect("an id"), &mut bytes)
        .expect("room");
    bus.write(Stamp::from_millis(1), &bytes[..length]);
    let scanned = scan::<Protocol2>(&mut bus, &[BAUD], BAUD);
    assert_eq!(identity(&scanned.found[0]).registers, Registers::Silent);
}

#[test]
fn answers_that_are_held_up_complete_who_was_listed_without_them() {
    let mut bus = bus([servo("XM430-W350", 1, BAUD), servo("XM430-W350", 2, BAUD)]);
    let mut held: Vec<u8> = Vec::new();
    // The registers of servo 1 are kept back until something else is said.
    let scanned = scan_with::<Protocol2>(&mut bus, &[BAUD], BAUD, |passing| match passing {
        Passing::Out(_) => Vec::new(),
        Passing::In(bytes) if bytes.len() > 20 && bytes[4] == 1 => {
            held = bytes;
            Vec::new()
        }
        Passing::In(bytes) => [std::mem::take(&mut held), bytes].concat(),
    });
    assert_eq!(ids(&scanned.found), [(BAUD, 1, false), (BAUD, 2, false)]);
    for found in &scanned.found {
        assert_eq!(state(found).mode, Some(Mode::Position));
    }
}

#[test]
fn a_scan_only_pings_and_reads() {
    let mut bus = bus([
        servo("XM430-W350", 3, BAUD),
        servo("XL430-W250", 3, BAUD),
        servo("XM430-W350", 4, BAUD),
    ]);
    let scanned = scan::<Protocol2>(&mut bus, &[BAUD], BAUD);
    assert_eq!(scanned.asked_each, 1);
    let instructions: BTreeSet<u8> = scanned.sent.iter().map(|bytes| bytes[7]).collect();
    assert_eq!(instructions, BTreeSet::from([PING, READ]));
}

const PING: u8 = 0x01;
const READ: u8 = 0x02;
