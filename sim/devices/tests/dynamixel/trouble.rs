//! What DYNAMIXEL servos do when something goes wrong.

use std::time::Duration;

use crate::master::{Master, id};
use crate::packets::{PING, packet, read, sync_read};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::{Mishap, Wire};
use servomesh_fieldbus::dynamixel::{ErrorNumber, Field, Instruction, Replies};

#[test]
fn a_silent_bus_trips_the_watchdog_until_it_is_cleared() {
    let mut master = Master::with(&[1]);
    master.set(
        1,
        &[
            (Field::OperatingMode, 1),
            (Field::TorqueEnable, 1),
            (Field::GoalVelocity, 100),
            (Field::BusWatchdog, 5),
        ],
    );
    for _ in 0..20 {
        master.wait_ms(50);
        assert!(master.get(1, Field::PresentVelocity) >= 0);
    }
    assert!(master.get(1, Field::PresentVelocity) > 90);
    master.wait_ms(90);
    assert_eq!(master.get(1, Field::BusWatchdog), 5);
    master.wait_ms(105);
    assert_eq!(master.get(1, Field::BusWatchdog), -1);
    master.wait_ms(1000);
    assert!(master.get(1, Field::PresentVelocity).abs() <= 1);
    master.assert_refused(1, Field::GoalVelocity, 100, ErrorNumber::DataRange);
    master.set(1, &[(Field::BusWatchdog, 0), (Field::GoalVelocity, 100)]);
    master.wait_ms(1000);
    assert!(master.get(1, Field::PresentVelocity) > 90);
}

#[test]
fn heat_takes_the_torque_until_a_reboot() {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::TorqueEnable, 1)]);
    master.bus.suffer(0, Mishap::Heat(Some(85.0)));
    master.wait_ms(2);
    let answer = master.ask(1, &read(Field::HardwareErrorStatus)).unwrap();
    assert!(answer.error.alert && answer.error.number.is_none());
    assert_eq!(answer.data, [0x04]);
    assert_eq!(master.get(1, Field::TorqueEnable), 0);
    master.bus.suffer(0, Mishap::Heat(None));
    master.wait_ms(2);
    assert!(master.put(1, Field::TorqueEnable, 1).alert);
    assert_eq!(master.get(1, Field::TorqueEnable), 0);
    master.ask(1, &Instruction::Reboot);
    master.wait_ms(300);
    assert!(!master.put(1, Field::TorqueEnable, 1).alert);
    assert_eq!(master.get(1, Field::TorqueEnable), 1);
}

#[test]
fn an_error_that_is_not_among_those_of_shutdown_is_told_as_long_as_it_lasts() {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::TorqueEnable, 1)]);
    master.bus.suffer(0, Mishap::Supply(Some(9.0)));
    master.wait_ms(2);
    assert!(master.ask(1, &PING).unwrap().error.alert);
    assert_eq!(master.get(1, Field::HardwareErrorStatus), 0x01);
    assert_eq!(master.get(1, Field::TorqueEnable), 1);
    master.bus.suffer(0, Mishap::Supply(None));
    master.wait_ms(2);
    assert!(!master.ask(1, &PING).unwrap().error.alert);
}

#[test]
fn without_power_nobody_answers_and_with_it_the_ram_is_new() {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::Led, 1)]);
    master.bus.suffer(0, Mishap::PowerLost);
    assert!(master.ask(1, &PING).is_none());
    master.wait_ms(1000);
    assert!(master.ask(1, &PING).is_none());
    master.bus.suffer(0, Mishap::PowerBack);
    master.wait_ms(300);
    assert_eq!(master.get(1, Field::Led), 0);
    master.bus.suffer(0, Mishap::Id(77));
    assert_eq!(master.get(77, Field::Id), 77);
}

#[test]
fn a_torn_packet_is_forgotten_after_a_silence() {
    let mut master = Master::with(&[1]);
    let ping = packet(|buffer| PING.encode(id(1), buffer).unwrap());
    master.bus.write(master.now, &ping[..6]);
    master.wait_ms(3);
    assert!(master.ask(1, &PING).is_some());
}

#[test]
fn any_bytes_are_survived_and_the_servo_still_answers() {
    let cases: u64 = std::env::var("SERVOMESH_SOUPS").map_or(60, |text| text.parse().unwrap());
    for seed in 0..cases {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut master = Master::with(&[1, 2]);
        for _ in 0..30 {
            let mut bytes: Vec<u8> = match random.random_range(0..4) {
                0 => (0..random.random_range(1..40)).map(|_| random.random()).collect(),
                1 => sync_read(Replies::Joined, 126, 10, &[1, 2, 3]),
                2 => sync_read(Replies::Separate, 126, 10, &[2, 1]),
                _ => packet(|buffer| read(Field::PresentPosition).encode(id(1), buffer).unwrap()),
            };
            for _ in 0..random.random_range(0..3) {
                let at = random.random_range(0..bytes.len());
                bytes[at] = random.random();
            }
            bytes.truncate(random.random_range(1..=bytes.len()));
            master.bus.write(master.now, &bytes);
            master.wait(Duration::from_micros(random.random_range(0..2000)));
        }
        master.wait_ms(10);
        for number in [1, 2] {
            assert!(master.ask(number, &PING).is_some(), "seed {seed}");
        }
    }
}
