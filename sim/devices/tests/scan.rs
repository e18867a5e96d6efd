//! A scan of a bus in virtual time: who is found at which speed, and who shares an id.

use std::collections::BTreeSet;
use std::time::Duration;

use servomesh_devices::{Bus, Dynamixel, FreeMotor, LineFaults, Mishap, Toward, Wire as _};
use servomesh_driver::backends::dynamixel::scan::{
    BAUD_RATES, Found, Identity, LATENCY, Order, Registers, Scan, State, Who,
};
use servomesh_fieldbus::dynamixel::{Alarm, Field, Id, Mode, Model};
use servomesh_types::Stamp;

const BAUD: u32 = 1_000_000;

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

/// What a scan found, and what it ordered besides bytes.
struct Scanned {
    found: Vec<Found>,
    speeds: Vec<u32>,
    /// Codes of the instructions that were sent.
    instructions: BTreeSet<u8>,
    asked_each: usize,
    took: Duration,
}

/// Runs a scan to its end; speeds above `fastest` can't be set.
fn scan(bus: &mut Bus, speeds: &[u32], fastest: u32) -> Scanned {
    let begin = Stamp::from_millis(5);
    bus.advance_to(begin);
    let mut now = begin;
    let mut scan = Scan::new(speeds.iter().copied(), LATENCY);
    let (mut tried, mut instructions, mut asked_each) = (Vec::new(), BTreeSet::new(), 0);
    while !scan.is_done() {
        let due = scan
            .deadline()
            .expect("a scan that is not done waits for something");
        now = due.max(now).min(bus.next_event().max(now));
        bus.advance_to(now);
        while let Some((at, bytes)) = bus.read() {
            scan.receive(at, &bytes);
        }
        scan.tick(now);
        while let Some(order) = scan.poll() {
            match order {
                Order::SetBaud(baud) if baud > fastest => scan.skip(now),
                Order::SetBaud(baud) => {
                    tried.push(baud);
                    bus.set_baud(baud);
                }
                Order::Transmit(bytes) => {
                    instructions.insert(bytes[7]);
                    bus.write(now, &bytes);
                }
                Order::AsksEachId => asked_each += 1,
            }
        }
    }
    Scanned {
        found: scan.found().to_vec(),
        speeds: tried,
        instructions,
        asked_each,
        took: now.since(begin),
    }
}

fn ids(found: &[Found]) -> Vec<(u32, u8, bool)> {
    let entry = |found: &Found| (found.baud, found.id, found.who == Who::Clash);
    found.iter().map(entry).collect()
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
    let scanned = scan(&mut bus, &[BAUD], BAUD);
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
            let scanned = scan(&mut bus, &[BAUD], BAUD);
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
    let scanned = scan(&mut bus, &BAUD_RATES, 4_000_000);
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
    let scanned = scan(&mut bus, &[4_000_000, BAUD, 3_000_000], BAUD);
    assert_eq!(
        (scanned.speeds, ids(&scanned.found)),
        (vec![BAUD], vec![(BAUD, 5, false)])
    );
}

#[test]
fn nobody_is_found_where_nobody_is() {
    let scanned = scan(&mut bus([]), &BAUD_RATES, 4_000_000);
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
    let scanned = scan(&mut bus, &[BAUD], BAUD);
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
    let scanned = scan(&mut bus, &[BAUD], BAUD);
    assert_eq!(identity(&scanned.found[0]).registers, Registers::Silent);
}

#[test]
fn a_scan_only_pings_and_reads() {
    let mut bus = bus([
        servo("XM430-W350", 3, BAUD),
        servo("XL430-W250", 3, BAUD),
        servo("XM430-W350", 4, BAUD),
    ]);
    let scanned = scan(&mut bus, &[BAUD], BAUD);
    assert_eq!(scanned.asked_each, 1);
    assert_eq!(scanned.instructions, BTreeSet::from([PING, READ]));
}

const PING: u8 = 0x01;
const READ: u8 = 0x02;
