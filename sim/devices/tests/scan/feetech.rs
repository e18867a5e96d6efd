//! FEETECH servos are found.

use std::collections::BTreeSet;
use std::time::Duration;

use servomesh_devices::feetech::Servo;
use servomesh_devices::{Bus, FreeMotor, LineFaults, Mishap, Toward, Wire as _};
use servomesh_driver::backends::feetech::scan::{BAUD_RATES, Found, Registers, Scs, State, Who};
use servomesh_fieldbus::feetech::scs0009;
use servomesh_fieldbus::feetech::status::Alarm;
use servomesh_types::Stamp;

use crate::{BAUD, Passing, ids, scan, scan_with};

/// A bus of STS3215 with these ids and speeds, each elsewhere.
fn bus(servos: &[(u8, u32)]) -> Bus {
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    for (place, (id, baud)) in servos.iter().enumerate() {
        let servo = Servo::new(*id, *baud).expect("an id and a baud rate of a servo");
        bus.add(servo, FreeMotor::sts3215_with(0.002, 0.5 + 0.1 * place as f64));
    }
    bus
}

fn state(found: &Found) -> State {
    match found.who {
        Who::Servo(identity) => match identity.registers {
            Registers::Read(state) => state,
            other => panic!("{}: {other:?}", found.id),
        },
        Who::Clash => panic!("{} clashes", found.id),
    }
}

#[test]
fn servos_are_listed_with_what_they_are() {
    let mut bus = bus(&[(1, BAUD), (2, BAUD), (253, BAUD)]);
    bus.suffer(1, Mishap::Heat(Some(85.0)));
    let scanned = scan::<Scs>(&mut bus, &[BAUD], BAUD);
    let expected = [1, 2, 253].map(|id| (BAUD, id, false));
    assert_eq!(ids(&scanned.found), expected);
    for found in &scanned.found {
        let Who::Servo(identity) = found.who else {
            panic!("{} clashes", found.id)
        };
        assert_eq!(identity.model, Some("STS3215"));
        let state = state(found);
        assert_eq!((state.firmware, state.mode), ((3, 10), Some("position")));
        assert!(!state.torque, "{state:?}");
        assert!((state.voltage_v - 12.0).abs() < 0.5, "{state:?}");
    }
    let first = state(&scanned.found[0]);
    let position = first.position.expect("a known model");
    assert!((position - 0.5).abs() < 0.01, "{first:?}");
    assert_eq!(first.alarms.iter().next(), None);
    let hot = state(&scanned.found[1]);
    assert!((hot.temperature_degc - 85.0).abs() < 1.5, "{hot:?}");
    assert_eq!(hot.alarms.iter().collect::<Vec<_>>(), [Alarm::Overheat]);
    assert_eq!(scanned.asked_each, 1, "some hear no ping of all");
    assert!(scanned.took < Duration::from_secs(11), "{:?}", scanned.took);
}

#[test]
fn servos_of_both_series_are_listed_side_by_side() {
    let mut bus = bus(&[(1, BAUD), (9, BAUD)]);
    let scs = Servo::of(&scs0009::MODEL, 4, BAUD).expect("an id and a baud rate of a servo");
    bus.add(scs, FreeMotor::hs311_with(0.0, 1.5));
    let scanned = scan::<Scs>(&mut bus, &[BAUD], BAUD);
    let expected = [1, 4, 9].map(|id| (BAUD, id, false));
    assert_eq!(ids(&scanned.found), expected);
    let between = state(&scanned.found[1]);
    assert_eq!((between.number, between.mode), (1284, None));
    let position = between.position.expect("a known model");
    assert!((position - 1.5).abs() < 0.01, "{between:?}");
    assert!((between.voltage_v - 6.0).abs() < 0.2, "{between:?}");
}

#[test]
fn servos_with_one_id_are_told_and_hide_no_other() {
    let mut bus = bus(&[(1, BAUD), (3, BAUD), (3, BAUD), (4, BAUD)]);
    let scanned = scan::<Scs>(&mut bus, &[BAUD], BAUD);
    let expected = [(BAUD, 1, false), (BAUD, 3, true), (BAUD, 4, false)];
    assert_eq!(ids(&scanned.found), expected);
}

#[test]
fn servos_are_found_at_whichever_speed_they_are() {
    let mut bus = bus(&[(1, 38_400), (1, BAUD), (7, 115_200)]);
    let scanned = scan::<Scs>(&mut bus, &BAUD_RATES, BAUD);
    let expected = [(38_400, 1, false), (115_200, 7, false), (BAUD, 1, false)];
    assert_eq!(ids(&scanned.found), expected);
    assert_eq!(scanned.speeds, BAUD_RATES);
}

#[test]
fn garbled_answers_are_asked_for_again() {
    let mut bus = bus(&[1, 2, 3, 4, 5, 6].map(|id| (id, BAUD)));
    let seed = 7;
    println!("seed {seed}");
    bus.set_seed(seed);
    let faults = LineFaults {
        corrupted: 0.1,
        ..LineFaults::default()
    };
    bus.set_faults(Toward::Master, faults);
    let scanned = scan::<Scs>(&mut bus, &[BAUD], BAUD);
    let expected = [1, 2, 3, 4, 5, 6].map(|id| (BAUD, id, false));
    assert_eq!(ids(&scanned.found), expected);
    assert!(scanned.found.iter().all(|found| state(found).voltage_v > 11.0));
}

#[test]
fn nobody_is_found_where_nobody_is() {
    let scanned = scan::<Scs>(&mut bus(&[]), &[BAUD], BAUD);
    assert!(scanned.found.is_empty(), "{:?}", scanned.found);
}

#[test]
fn an_adapter_that_gives_back_what_it_sends_makes_no_servo() {
    let mut bus = bus(&[(5, BAUD)]);
    let scanned = scan_with::<Scs>(&mut bus, &[BAUD], BAUD, |passing| match passing {
        Passing::Out(bytes) | Passing::In(bytes) => bytes,
    });
    assert_eq!(ids(&scanned.found), [(BAUD, 5, false)]);
    assert!(state(&scanned.found[0]).voltage_v > 11.0);
}

#[test]
fn a_scan_only_pings_and_reads() {
    let mut bus = bus(&[(3, BAUD), (3, BAUD), (4, BAUD)]);
    let scanned = scan::<Scs>(&mut bus, &[BAUD], BAUD);
    let instructions: BTreeSet<u8> = scanned.sent.iter().map(|bytes| bytes[4]).collect();
    assert_eq!(instructions, BTreeSet::from([PING, READ]));
}

const PING: u8 = 1;
const READ: u8 = 2;
