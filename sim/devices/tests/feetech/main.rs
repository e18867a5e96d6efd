//! FEETECH's servos on a line in virtual time: who answers when, and how they move; STS unless said otherwise.

mod scs;

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::feetech::Servo;
use servomesh_devices::{Bus, FreeMotor, Mishap, Wire};
use servomesh_fieldbus::feetech::BROADCAST;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::status::{Alarm, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::sts3215::{
    GOAL_POSITION, ID, LOCK, MAX_ANGLE, MIN_ANGLE, MODE, PRESENT_LOAD, PRESENT_POSITION, RESPONSE_LEVEL,
    RETURN_DELAY, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::sync::SyncWriter;
use servomesh_types::Stamp;

const BAUD: u32 = 1_000_000;
/// How far from its goal the friction holds a servo whose position loop has no integral \[steps\], play included.
const NEAR: i32 = 8;

struct Master {
    bus: Bus,
    now: Stamp,
}

/// Who answered with what, and when the answer was over \[µs since the instruction's end\].
type Answer = (u8, Vec<u8>, i64);

impl Master {
    fn new(ids: &[u8]) -> Self {
        let mut bus = Bus::new(Stamp::ZERO, BAUD);
        for id in ids {
            let servo = Servo::new(*id, BAUD).expect("an id and a baud rate");
            bus.add(servo, FreeMotor::sts3215_with(0.002, std::f64::consts::PI));
        }
        Self::on(bus)
    }

    /// A master of a bus, some time after its servos were switched on.
    fn on(bus: Bus) -> Self {
        let mut master = Self {
            bus,
            now: Stamp::ZERO,
        };
        master.run(5);
        master
    }

    fn run(&mut self, milliseconds: u64) {
        self.pass(Duration::from_millis(milliseconds));
    }

    fn pass(&mut self, time: Duration) {
        self.now = self.now + time;
        self.bus.advance_to(self.now);
    }

    /// Says something to the first servo and does not listen.
    fn send(&mut self, instruction: &Instruction<'_>) {
        let mut buffer = [0; 256];
        let bytes = instruction.encode(1, &mut buffer).expect("an instruction");
        self.bus.write(self.now, bytes);
    }

    /// The data of all answers since it listened last.
    fn hear(&mut self) -> Vec<Vec<u8>> {
        let mut stream = Stream::default();
        let mut heard = Vec::new();
        while let Some((_, bytes)) = self.bus.read() {
            let mut rest = &bytes[..];
            while let Some(packet) = stream.next(&mut rest) {
                heard.push(packet.parameters.to_vec());
            }
        }
        heard
    }

    /// Says something and listens for 20 ms.
    fn ask(&mut self, id: u8, instruction: &Instruction<'_>) -> Vec<Answer> {
        let mut buffer = [0; 256];
        let bytes = instruction.encode(id, &mut buffer).expect("an instruction");
        self.say(bytes)
    }

    fn say(&mut self, bytes: &[u8]) -> Vec<Answer> {
        self.bus.write(self.now, bytes);
        let end = self.now + Duration::from_micros(10 * bytes.len() as u64);
        let mut stream = Stream::default();
        let mut answers = Vec::new();
        // Byte by byte, so that each answer's end is known.
        for _ in 0..2000 {
            self.now = self.now + Duration::from_micros(10);
            self.bus.advance_to(self.now);
            while let Some((stamp, bytes)) = self.bus.read() {
                let mut rest = &bytes[..];
                while let Some(packet) = stream.next(&mut rest) {
                    let status = Status::decode(&packet).expect("an answer");
                    let after_us = (stamp.as_nanos() - end.as_nanos()) / 1000;
                    answers.push((status.id, status.data.to_vec(), after_us));
                }
            }
        }
        answers
    }

    fn write(&mut self, id: u8, address: u8, data: &[u8]) -> Vec<Answer> {
        self.ask(id, &Instruction::Write { address, data })
    }

    fn read(&mut self, id: u8, address: u8) -> i32 {
        let answers = self.ask(id, &Instruction::Read { address, length: 2 });
        let [(_, data, _)] = &answers[..] else {
            panic!("one answer, not {answers:?}")
        };
        let content = u16::from_le_bytes([data[0], data[1]]);
        let magnitude = i32::from(content & 0x7FFF);
        if content & 0x8000 == 0 {
            magnitude
        } else {
            -magnitude
        }
    }

    fn position(&mut self, id: u8) -> i32 {
        self.read(id, PRESENT_POSITION.address)
    }
}

fn ids(answers: &[Answer]) -> Vec<u8> {
    answers.iter().map(|(id, ..)| *id).collect()
}

#[test]
fn an_answer_begins_after_the_return_delay() {
    let mut master = Master::new(&[1]);
    assert_eq!(master.ask(1, &Instruction::Ping), [(1, vec![], 60)]);
    master.write(1, RETURN_DELAY.address, &[250]);
    assert_eq!(master.ask(1, &Instruction::Ping), [(1, vec![], 560)]);
}

#[test]
fn writes_are_answered_as_the_response_level_says_and_broadcasts_never() {
    let mut master = Master::new(&[1]);
    assert_eq!(master.write(1, GOAL_POSITION.address, &[0, 8]).len(), 1);
    master.write(1, RESPONSE_LEVEL.address, &[0]);
    assert_eq!(master.write(1, GOAL_POSITION.address, &[0, 8]), []);
    assert_eq!(
        master.ask(1, &Instruction::Ping).len(),
        1,
        "it still answers to what asks"
    );
    assert_eq!(master.write(BROADCAST, RESPONSE_LEVEL.address, &[1]), []);
    assert_eq!(master.write(1, GOAL_POSITION.address, &[0, 8]).len(), 1);
    assert_eq!(master.ask(9, &Instruction::Ping), []);
    assert_eq!(
        master.say(&[0xFF, 0xFF, 1, 2, 1, 0]),
        [],
        "nor to a wrong checksum"
    );
}

#[test]
fn a_sync_read_is_answered_in_the_order_of_the_list() {
    let mut master = Master::new(&[1, 2, 3]);
    let ask = |list| Instruction::SyncRead {
        address: PRESENT_POSITION.address,
        length: 2,
        ids: list,
    };
    let answers = master.ask(BROADCAST, &ask(&[3, 1, 2]));
    assert_eq!(ids(&answers), [3, 1, 2]);
    let ends: Vec<_> = answers.iter().map(|(.., end)| *end).collect();
    assert_eq!(ends, [80, 160, 240], "one right after the other");
    let answers = master.ask(BROADCAST, &ask(&[3, 7, 8, 2]));
    assert_eq!(ids(&answers), [3, 2], "who is missing is waited for");
    assert_eq!(master.ask(BROADCAST, &ask(&[8])), []);
}

#[test]
fn a_ping_for_all_is_answered_by_all() {
    let mut master = Master::new(&[1, 2, 6]);
    assert_eq!(ids(&master.ask(BROADCAST, &Instruction::Ping)), [1, 2, 6]);
}

#[test]
fn a_sync_write_moves_each_where_it_is_told() {
    let mut master = Master::new(&[1, 2]);
    let mut buffer = [0; 64];
    let mut writer = SyncWriter::new(&mut buffer, GOAL_POSITION.address, 2).expect("room");
    for (id, goal) in [(1, 1800_u16), (2, 2300)] {
        writer
            .block(id)
            .expect("room")
            .copy_from_slice(&goal.to_le_bytes());
    }
    let bytes = writer.finish().expect("blocks").to_vec();
    assert_eq!(master.say(&bytes), []);
    master.run(1500);
    assert!((master.position(1) - 1800).abs() <= NEAR);
    assert!((master.position(2) - 2300).abs() <= NEAR);
}

#[test]
fn goals_are_held_within_the_limits_and_the_torque_comes_with_the_goal() {
    let mut master = Master::new(&[1]);
    master.write(1, MIN_ANGLE.address, &1900_u16.to_le_bytes());
    master.write(1, MAX_ANGLE.address, &2200_u16.to_le_bytes());
    master.write(1, GOAL_POSITION.address, &4000_u16.to_le_bytes());
    assert_eq!(master.read(1, TORQUE_ENABLE.address) & 0xFF, 1);
    master.run(1500);
    assert!((master.position(1) - 2200).abs() <= NEAR);
    master.write(1, TORQUE_ENABLE.address, &[0]);
    master.run(500);
    assert_eq!(master.read(1, PRESENT_LOAD.address), 0);
}

#[test]
fn torque_that_comes_on_holds_where_the_servo_is() {
    let mut master = Master::new(&[1]);
    let before = master.position(1);
    master.write(1, TORQUE_ENABLE.address, &[1]);
    master.run(500);
    assert!((master.position(1) - before).abs() <= 1);
}

#[test]
fn steps_go_on_from_where_it_aimed_before_over_many_turns() {
    let mut master = Master::new(&[1]);
    master.write(1, MODE.address, &[3]);
    let before = master.position(1);
    for _ in 0..3 {
        master.write(1, GOAL_POSITION.address, &2000_u16.to_le_bytes());
    }
    master.run(5000);
    let after = master.position(1);
    let way = (after - before - 6000).rem_euclid(4096);
    assert!(way <= NEAR || way >= 4096 - NEAR, "from {before} to {after}");
}

#[test]
fn its_middle_can_be_set_to_where_it_is() {
    let mut master = Master::new(&[1]);
    master.write(1, GOAL_POSITION.address, &2600_u16.to_le_bytes());
    master.run(1500);
    master.write(1, LOCK.address, &[0]);
    master.write(1, TORQUE_ENABLE.address, &[128]);
    master.run(10);
    assert!((master.position(1) - 2048).abs() <= NEAR);
    master.write(1, TORQUE_ENABLE.address, &[0]);
    master.run(100);
    let middle = master.position(1);
    // And it stays there without power.
    master.bus.suffer(0, Mishap::PowerLost);
    master.run(10);
    assert_eq!(master.ask(1, &Instruction::Ping), []);
    master.bus.suffer(0, Mishap::PowerBack);
    master.run(100);
    let later = master.position(1);
    assert!((later - middle).abs() <= NEAR, "{later}, before {middle}");
    assert_eq!(master.read(1, TORQUE_ENABLE.address) & 0xFF, 0);
}

#[test]
fn a_blocked_servo_gives_most_of_its_torque_up() {
    let mut bus = Bus::new(Stamp::ZERO, BAUD);
    let heavy = FreeMotor::sts3215_with(1e6, std::f64::consts::PI);
    bus.add(Servo::new(1, BAUD).expect("a servo"), heavy);
    let mut master = Master {
        bus,
        now: Stamp::ZERO,
    };
    master.run(5);
    master.write(1, GOAL_POSITION.address, &4000_u16.to_le_bytes());
    master.run(1000);
    assert!(master.read(1, PRESENT_LOAD.address) > 900);
    master.run(1500);
    let load = master.read(1, PRESENT_LOAD.address);
    assert!((150..=200).contains(&load), "{load} ‰");
    let mut buffer = [0; 16];
    let ping = Instruction::Ping.encode(1, &mut buffer).expect("a ping").to_vec();
    master.bus.write(master.now, &ping);
    master.run(1);
    let (_, answer) = master.bus.read().expect("an answer");
    assert_eq!(answer[4], Alarm::Overload.bit());
}

#[test]
fn any_bytes_are_survived_and_answered_to_by_its_own_id_only() {
    for seed in 0..20 {
        println!("seed {seed}");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut master = Master::new(&[1, 2]);
        for _ in 0..40 {
            let length = random.random_range(1..40);
            let mut bytes: Vec<u8> = (0..length).map(|_| random.random()).collect();
            if random.random::<f64>() < 0.7 {
                // Something like an instruction, with a right checksum.
                let id = [1, 2, BROADCAST][random.random_range(0..3)];
                let code = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 0x82, 0x83][random.random_range(0..12)];
                let count = u8::try_from(bytes.len() + 2).expect("short");
                let mut body = vec![id, count, code];
                body.append(&mut bytes);
                let sum = !body.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
                bytes = [vec![0xFF, 0xFF], body, vec![sum]].concat();
            }
            master.bus.write(master.now, &bytes);
            master.run(random.random_range(1..8));
            while master.bus.read().is_some() {}
        }
        master.run(200);
        // Whatever became of ids and speeds: a servo is there, and silent unless asked.
        master.run(1000);
        assert!(master.bus.read().is_none());
    }
}

#[test]
fn an_id_that_changes_is_answered_for_by_the_old_one() {
    let mut master = Master::new(&[1]);
    assert_eq!(ids(&master.write(1, ID.address, &[5])), [1]);
    assert_eq!(ids(&master.ask(5, &Instruction::Ping)), [5]);
    assert_eq!(master.ask(1, &Instruction::Ping), []);
}
