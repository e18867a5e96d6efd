//! FEETECH's SCS servos: high byte first, a potentiometer of 300°, and no answers in turn.

use std::f64::consts::TAU;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::feetech::Servo;
use servomesh_devices::{Bus, FreeMotor, Mishap, Wire as _};
use servomesh_driver::backends::feetech::Series;
use servomesh_fieldbus::feetech::BROADCAST;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::scs0009::{
    GOAL_DUTY, GOAL_POSITION, GOAL_TIME, LOCK, MAX_ANGLE, MIN_ANGLE, MODEL, MODEL_NUMBER, PRESENT_POSITION,
    PRESENT_SPEED, RETURN_DELAY, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::sync::SyncWriter;
use servomesh_fieldbus::feetech::table::Register;
use servomesh_types::Stamp;

use crate::{BAUD, Master, ids};

/// Servos with these ids, each where 512 steps are.
fn master(servos: &[u8]) -> Master {
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    for id in servos {
        let servo = Servo::of(&MODEL, *id, BAUD).expect("an id and a baud rate");
        bus.add(servo, FreeMotor::hs311_with(0.0, 512.0 * STEP));
    }
    Master::on(bus)
}

/// What a register of the only servo holds.
fn get(master: &mut Master, register: &Register) -> i32 {
    let read = Instruction::Read {
        address: register.address,
        length: register.size,
    };
    let answers = master.ask(1, &read);
    let [(1, data, _)] = &answers[..] else {
        panic!("one answer, not {answers:?}")
    };
    register.get(MODEL.order, data).expect("its bytes")
}

fn set(master: &mut Master, register: &Register, counts: i32) {
    let mut data = [0; 2];
    let data = &mut data[..register.size.into()];
    register.put(MODEL.order, counts, data).expect("it takes it");
    master.write(1, register.address, data);
}

#[test]
fn words_have_their_high_byte_first() {
    let mut master = master(&[1]);
    let read = Instruction::Read {
        address: MODEL_NUMBER.address,
        length: 2,
    };
    assert_eq!(master.ask(1, &read)[0].1, [5, 4]);
    assert_eq!(get(&mut master, &PRESENT_POSITION), 512);
    master.write(1, GOAL_POSITION.address, &[0x02, 0x58]);
    assert_eq!(get(&mut master, &GOAL_POSITION), 600);
}

#[test]
fn it_answers_for_itself_only() {
    let mut master = master(&[1, 2]);
    assert_eq!(master.ask(BROADCAST, &Instruction::Ping), []);
    let all = Instruction::SyncRead {
        address: PRESENT_POSITION.address,
        length: 2,
        ids: &[1, 2],
    };
    assert_eq!(master.ask(BROADCAST, &all), []);
    assert_eq!(ids(&master.ask(2, &Instruction::Ping)), [2]);
    let calibrate = Instruction::Calibrate { position: None };
    assert_eq!(master.ask(1, &calibrate), [], "it does not know how");
}

#[test]
fn it_goes_where_it_is_told_in_the_time_it_is_told() {
    let mut master = master(&[1]);
    let mut buffer = [0; 32];
    let mut writer = SyncWriter::new(&mut buffer, GOAL_POSITION.address, 6).expect("room");
    // To 800 steps in 800 ms, whatever the speed is.
    let block = writer.block(1).expect("room");
    block.copy_from_slice(&[0x03, 0x20, 0x03, 0x20, 0x00, 0x0A]);
    let bytes = writer.finish().expect("a packet").to_vec();
    assert_eq!(master.say(&bytes), []);
    assert_eq!(get(&mut master, &TORQUE_ENABLE), 1, "a goal switches it on");
    master.run(360);
    let midway = get(&mut master, &PRESENT_POSITION);
    assert!((600..720).contains(&midway), "{midway} steps after 0.4 s");
    let speed = get(&mut master, &PRESENT_SPEED);
    assert!((200..550).contains(&speed), "{speed} steps/s of 360");
    master.run(1000);
    let there = get(&mut master, &PRESENT_POSITION);
    assert!((there - 800).abs() <= NEAR, "{there}");
}

#[test]
fn goals_are_held_within_the_angle_limits() {
    let mut master = master(&[1]);
    set(&mut master, &GOAL_TIME, 0);
    set(&mut master, &GOAL_POSITION, 1023);
    master.run(1500);
    let there = get(&mut master, &PRESENT_POSITION);
    assert!((there - 1003).abs() <= NEAR, "{there}");
}

#[test]
fn without_angle_limits_it_is_a_motor_with_a_duty_cycle() {
    let mut master = master(&[1]);
    set(&mut master, &LOCK, 0);
    set(&mut master, &MIN_ANGLE, 0);
    set(&mut master, &MAX_ANGLE, 0);
    set(&mut master, &TORQUE_ENABLE, 1);
    set(&mut master, &GOAL_DUTY, -500);
    master.run(300);
    let speed = get(&mut master, &PRESENT_SPEED);
    assert!(speed < -300, "{speed} steps/s at half of the supply");
    set(&mut master, &GOAL_DUTY, 0);
    master.run(300);
    let speed = get(&mut master, &PRESENT_SPEED);
    assert!(speed.abs() < 5, "{speed} steps/s without");
}

#[test]
fn beyond_its_potentiometer_it_reads_the_nearer_end() {
    for (degrees, steps) in [
        (-5.0, 0),
        (0.5, 1),
        (150.5, 513),
        (305.0, 1023),
        (340.0, 0),
        (365.0, 17),
    ] {
        let mut bus = Bus::new(Stamp::ZERO, BAUD);
        let servo = Servo::of(&MODEL, 1, BAUD).expect("an id and a baud rate");
        bus.add(servo, FreeMotor::hs311_with(0.0, f64::to_radians(degrees)));
        let mut master = Master::on(bus);
        let read = get(&mut master, &PRESENT_POSITION);
        assert!((read - steps).abs() <= 1, "{degrees}°: {read}");
    }
}

#[test]
fn a_start_forgets_what_was_not_unlocked() {
    let mut master = master(&[1]);
    set(&mut master, &RETURN_DELAY, 7);
    master.bus.suffer(0, Mishap::Reboot);
    master.run(100);
    assert_eq!(get(&mut master, &RETURN_DELAY), 0);
    set(&mut master, &LOCK, 0);
    set(&mut master, &RETURN_DELAY, 7);
    master.bus.suffer(0, Mishap::Reboot);
    master.run(100);
    assert_eq!((get(&mut master, &RETURN_DELAY), get(&mut master, &LOCK)), (7, 1));
}

/// Whatever is written anywhere, what is read is within the range of each register.
#[test]
fn what_its_registers_hold_is_in_their_ranges() {
    for seed in 0..64 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut master = master(&[1]);
        // Not its id, nor its speed.
        let address = random.random_range(RETURN_DELAY.address..60);
        let data: Vec<u8> = (0..random.random_range(1..8)).map(|_| random.random()).collect();
        set(&mut master, &LOCK, random.random_range(0..=1));
        master.write(1, address, &data);
        master.run(20);
        let all = Instruction::Read {
            address: 0,
            length: MODEL.size() as u8,
        };
        let answers = master.ask(1, &all);
        for register in MODEL.registers {
            let bytes = &answers[0].1[usize::from(register.address)..register.end()];
            let counts = register.get(MODEL.order, bytes).expect("its bytes");
            assert!(register.takes(counts), "seed {seed}: {}: {counts}", register.name);
        }
    }
}

/// How far its position loop stays behind an even motion \[s\], told a goal so many steps on every 5 ms.
fn lag_s(steps: i32) -> f64 {
    let mut master = master(&[1]);
    let half = Duration::from_micros(2500);
    let (mut goal, mut behind) = (100, Vec::new());
    let speed = f64::from(steps) / (2.0 * half.as_secs_f64());
    for cycle in 0..300 {
        goal += steps;
        let [high, low] = MODEL.order.put(goal as u16);
        let told = Instruction::Write {
            address: GOAL_POSITION.address,
            data: &[high, low, 0, 0, 0x03, 0x00],
        };
        master.send(&told);
        master.pass(half);
        master.send(&Instruction::Read {
            address: PRESENT_POSITION.address,
            length: 2,
        });
        master.pass(half);
        let present = master.hear().into_iter().find(|data| data.len() == 2);
        let present = MODEL
            .order
            .get(present.expect("an answer")[..].try_into().expect("two bytes"));
        if cycle >= 100 {
            let wanted = f64::from(goal) + speed * half.as_secs_f64();
            behind.push(wanted - (f64::from(present) + 0.5));
        }
    }
    behind.iter().sum::<f64>() / behind.len() as f64 / speed
}

#[test]
fn its_position_loop_stays_behind_an_even_motion_by_what_the_driver_allows_for() {
    let lag_s = lag_s(2); // 2 rad/s
    let allowed_s = Series::Scs.lag_s();
    assert!((lag_s - allowed_s).abs() < 0.003, "{lag_s} s, not {allowed_s} s");
}

/// One step \[rad\].
const STEP: f64 = TAU * 300.0 / 360.0 / 1024.0;
/// How far from its goal friction holds it \[steps\].
const NEAR: i32 = 8;
