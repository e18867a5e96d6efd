//! What DYNAMIXEL servos answer to each instruction of Protocol 2.0, and when.

use std::time::Duration;

use crate::master::{Answer, BAUD, Master, id, model, servo};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::{Dynamixel, Mishap, Wire};
use servomesh_fieldbus::dynamixel::{
    Backup, ErrorNumber, FastReply, Field, Id, Instruction, Item, MAX_PACKET, Replies, ResetScope, crc, group,
};
use servomesh_types::Stamp;

const PING: Instruction<'_> = Instruction::Ping;

fn read(field: Field) -> Instruction<'static> {
    Instruction::Read {
        address: field.address(),
        length: field.size(),
    }
}

fn packet(encode: impl FnOnce(&mut [u8]) -> usize) -> Vec<u8> {
    let mut buffer = [0; MAX_PACKET];
    let length = encode(&mut buffer);
    buffer[..length].to_vec()
}

fn sync_read(replies: Replies, address: u16, length: u16, ids: &[u8]) -> Vec<u8> {
    let ids = ids.iter().map(|number| id(*number));
    packet(|buffer| group::sync_read(buffer, replies, address, length, ids).unwrap())
}

fn from(answers: &[Answer]) -> Vec<u8> {
    answers.iter().map(|answer| answer.id).collect()
}

/// The blocks of a joined answer: id, error byte, data.
fn blocks(line: &[(Stamp, Vec<u8>)], length_of: impl Fn(u8) -> u16) -> Vec<(u8, u8, Vec<u8>)> {
    let bytes: Vec<u8> = line.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let reply = FastReply::new(&bytes).expect("a joined answer");
    let blocks = reply.blocks(|id| Some(length_of(id.number())));
    blocks
        .map(|block| (block.id.number(), block.error.byte(), block.data.to_vec()))
        .collect()
}

#[test]
fn an_answer_begins_after_the_return_delay() {
    let mut master = Master::of([Dynamixel::new(model("XM430-W350"), id(1), BAUD).unwrap()]);
    let begin = master.now;
    let pong = master.ask(1, &PING).unwrap();
    assert_eq!(pong.data, [0xFC, 0x03, 46]);
    assert_eq!(pong.end, begin + Duration::from_micros(100 + 500 + 140));
    master.set(1, &[(Field::ReturnDelayTime, 10)]);
    let begin = master.now;
    let pong = master.ask(1, &PING).unwrap();
    assert_eq!(pong.end, begin + Duration::from_micros(100 + 20 + 140));
}

#[test]
fn all_answer_a_ping_of_all_one_after_the_other() {
    let mut master = Master::with(&[9, 1, 4, 2]);
    let mut ping = [0; 16];
    let length = PING.encode(Id::BROADCAST, &mut ping).unwrap();
    master.bus.write(master.now, &ping[..length]);
    master.wait_ms(40);
    let mut heard = Vec::new();
    while let Some((_, bytes)) = master.bus.read() {
        heard.push(bytes[4]);
        assert_eq!(bytes.len(), 14);
    }
    assert_eq!(heard, [1, 2, 4, 9]);
}

#[test]
fn the_return_level_says_what_is_answered() {
    for (level, reads, writes) in [(0, false, false), (1, true, false), (2, true, true)] {
        let mut master = Master::with(&[1]);
        master.ask(
            1,
            &Instruction::Write {
                address: 68,
                data: &[level],
            },
        );
        assert!(master.ask(1, &PING).is_some());
        assert_eq!(master.ask(1, &read(Field::Id)).is_some(), reads, "{level}");
        let led = Instruction::Write {
            address: 65,
            data: &[1],
        };
        assert_eq!(master.ask(1, &led).is_some(), writes, "{level}");
    }
}

#[test]
fn what_cannot_be_done_is_answered_with_its_number() {
    let mut master = Master::with(&[1]);
    let number = |answer: Option<Answer>| answer.unwrap().error.number;
    assert_eq!(
        master.put(1, Field::ModelNumber, 5).number,
        Some(ErrorNumber::Access)
    );
    assert_eq!(
        master.put(1, Field::OperatingMode, 2).number,
        Some(ErrorNumber::DataRange)
    );
    assert_eq!(
        master.put(1, Field::GoalPosition, 4096).number,
        Some(ErrorNumber::DataLimit)
    );
    let half = Instruction::Write {
        address: 116,
        data: &[1, 2],
    };
    assert_eq!(number(master.ask(1, &half)), Some(ErrorNumber::DataLength));
    assert_eq!(
        number(master.ask(1, &Instruction::Action)),
        Some(ErrorNumber::Instruction)
    );
    let mut unknown = vec![0xFF, 0xFF, 0xFD, 0x00, 1, 3, 0, 0x77];
    unknown.extend(crc::of(&unknown).to_le_bytes());
    assert_eq!(
        master.say_bytes(&unknown)[0].error.number,
        Some(ErrorNumber::Instruction)
    );
    let mut damaged = packet(|buffer| PING.encode(id(1), buffer).unwrap());
    damaged[9] ^= 1;
    assert_eq!(master.say_bytes(&damaged)[0].error.number, Some(ErrorNumber::Crc));
    damaged[4] = 2;
    assert_eq!(master.say_bytes(&damaged), []);
}

#[test]
fn the_torque_locks_the_eeprom() {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::TorqueEnable, 1)]);
    assert_eq!(
        master.put(1, Field::ReturnDelayTime, 5).number,
        Some(ErrorNumber::Access)
    );
    master.set(1, &[(Field::TorqueEnable, 0), (Field::ReturnDelayTime, 5)]);
}

#[test]
fn a_registered_write_waits_for_its_action() {
    let mut master = Master::with(&[1, 2]);
    for number in [1, 2] {
        let error = master.ask(
            number,
            &Instruction::RegWrite {
                address: 65,
                data: &[1],
            },
        );
        assert_eq!(error.unwrap().error.number, None);
        assert_eq!(master.get(number, Field::Led), 0);
        assert_eq!(master.get(number, Field::RegisteredInstruction), 1);
    }
    assert_eq!(master.say(Id::BROADCAST, &Instruction::Action), []);
    for number in [1, 2] {
        assert_eq!(master.get(number, Field::Led), 1);
        assert_eq!(master.get(number, Field::RegisteredInstruction), 0);
    }
    let number = Instruction::RegWrite {
        address: 0,
        data: &[1, 0],
    };
    let refused = master.ask(1, &number);
    assert_eq!(refused.unwrap().error.number, Some(ErrorNumber::Access));
    assert_eq!(master.get(1, Field::RegisteredInstruction), 0);
}

#[test]
fn a_sync_read_is_answered_in_the_order_of_its_list_and_ends_at_a_gap() {
    let mut master = Master::with(&[1, 2, 3]);
    let answers = master.say_bytes(&sync_read(Replies::Separate, 0, 2, &[3, 1, 2]));
    assert_eq!(from(&answers), [3, 1, 2]);
    // 13 bytes each, without a pause.
    assert_eq!(answers[1].end, answers[0].end + Duration::from_micros(130));
    let answers = master.say_bytes(&sync_read(Replies::Separate, 0, 2, &[3, 7, 1]));
    assert_eq!(from(&answers), [3]);
    let answers = master.say_bytes(&sync_read(Replies::Separate, 0, 2, &[2]));
    assert_eq!(from(&answers), [2]);
}

#[test]
fn a_fast_sync_read_is_answered_in_one_packet_without_a_pause() {
    let mut master = Master::with(&[1, 2, 3]);
    master.set(2, &[(Field::Led, 1)]);
    let request = sync_read(Replies::Joined, Field::TorqueEnable.address(), 2, &[2, 3, 1]);
    let begin = master.now;
    let line = master.exchange(&request);
    let expected = [(2, 0, vec![0, 1]), (3, 0, vec![0, 0]), (1, 0, vec![0, 0])];
    assert_eq!(blocks(&line, |_| 2), expected);
    let wire = request.len() as u32 + 8 + 3 * 6;
    let end = line.last().unwrap().0;
    assert_eq!(end, begin + Duration::from_micros(10) * wire);
    assert_eq!(line.len(), 1, "one piece");
    // What follows is understood: nobody waits for more of the answer.
    assert_eq!(master.get(3, Field::Id), 3);
}

#[test]
fn a_cycle_of_six_servos_takes_its_bytes_and_nothing_more() {
    let ids = [1, 2, 3, 4, 5, 6];
    let mut master = Master::with(&ids);
    for number in ids {
        master.set(number, &[(Field::OperatingMode, 4), (Field::TorqueEnable, 1)]);
    }
    let request = sync_read(Replies::Joined, Field::PresentCurrent.address(), 10, &ids);
    let mut begin = master.now;
    for turn in 0..300_i32 {
        master.bus.write(begin, &request);
        let answered = begin + Duration::from_micros(10) * (20 + 92);
        master.bus.advance_to(answered);
        let line: Vec<_> = std::iter::from_fn(|| master.bus.read()).collect();
        assert_eq!(blocks(&line, |_| 10).len(), 6, "turn {turn}");
        let goals = ids.map(|number| (id(number), (2048 + turn).to_le_bytes()));
        let write = packet(|buffer| group::sync_write(buffer, 116, 4, goals).unwrap());
        assert_eq!((request.len(), write.len()), (20, 44));
        master.bus.write(answered, &write);
        begin = answered + Duration::from_micros(440);
    }
    master.now = begin;
    for number in ids {
        assert_eq!(master.get(number, Field::GoalPosition), 2347);
    }
}

#[test]
fn a_missing_servo_ends_a_joined_answer_but_not_what_follows() {
    let mut master = Master::with(&[1, 3]);
    let line = master.exchange(&sync_read(Replies::Joined, 0, 2, &[1, 2, 3]));
    assert_eq!(blocks(&line, |_| 2).len(), 1);
    let request = sync_read(Replies::Joined, 0, 40, &[1, 2, 3]);
    let write = packet(|buffer| group::sync_write(buffer, 65, 1, [(id(1), [1]), (id(3), [1])]).unwrap());
    // The next instruction comes at once, where the rest of the answer would be.
    master.bus.write(master.now, &request);
    master.wait(Duration::from_micros(700));
    master.bus.write(master.now, &write);
    master.wait_ms(4);
    assert_eq!((master.get(1, Field::Led), master.get(3, Field::Led)), (1, 1));
}

#[test]
fn bulk_reads_and_writes_reach_each_its_own() {
    let mut master = Master::with(&[1, 2]);
    let write = [(id(1), 65, &[1][..]), (id(2), 84, &[0x90, 0x01])];
    let line = master.exchange(&packet(|buffer| group::bulk_write(buffer, write).unwrap()));
    assert_eq!(line, []);
    let items = [(2, 84, 2), (1, 65, 1)].map(|(number, address, length)| Item {
        id: id(number),
        address,
        length,
    });
    let request = packet(|buffer| group::bulk_read(buffer, Replies::Separate, items).unwrap());
    let data: Vec<_> = master
        .say_bytes(&request)
        .into_iter()
        .map(|answer| answer.data)
        .collect();
    assert_eq!(data, [vec![0x90, 0x01], vec![1]]);
    let request = packet(|buffer| group::bulk_read(buffer, Replies::Joined, items).unwrap());
    let line = master.exchange(&request);
    let length_of = |number| if number == 2 { 2 } else { 1 };
    assert_eq!(
        blocks(&line, length_of),
        [(2, 0, vec![0x90, 0x01]), (1, 0, vec![1])]
    );
}

#[test]
fn an_unreadable_address_in_a_group_is_told_with_an_error() {
    let mut master = Master::with(&[1, 2]);
    let answers = master.say_bytes(&sync_read(Replies::Separate, 700, 2, &[1, 2]));
    let numbers: Vec<_> = answers.iter().map(|answer| answer.error.number).collect();
    assert_eq!(numbers, [Some(ErrorNumber::Access); 2]);
    let line = master.exchange(&sync_read(Replies::Joined, 700, 2, &[1, 2]));
    assert_eq!(blocks(&line, |_| 2), [(1, 7, vec![0, 0]), (2, 7, vec![0, 0])]);
}

#[test]
fn what_is_far_apart_is_read_at_once_through_indirect_addresses() {
    let mut master = Master::with(&[1, 2]);
    for number in [1, 2] {
        for (index, target) in [126_u16, 127, 132, 133, 134, 135, 146].into_iter().enumerate() {
            let (address, data) = (168 + 2 * index as u16, target.to_le_bytes());
            let answer = master.ask(number, &Instruction::Write { address, data: &data });
            assert_eq!(answer.unwrap().error.number, None);
        }
    }
    let line = master.exchange(&sync_read(Replies::Joined, 224, 7, &[1, 2]));
    let position = master.get(1, Field::PresentPosition).to_le_bytes();
    for (_, error, data) in blocks(&line, |_| 7) {
        assert_eq!((error, &data[2..6]), (0, &position[..]));
        assert!((20..40).contains(&data[6]), "{data:?}");
    }
}

#[test]
fn a_reboot_is_answered_then_nobody_hears() {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::TorqueEnable, 1), (Field::PositionPGain, 100)]);
    assert!(master.ask(1, &Instruction::Reboot).is_some());
    assert!(master.ask(1, &PING).is_none());
    master.wait_ms(250);
    assert_eq!(master.get(1, Field::PositionPGain), 800);
    assert_eq!(master.get(1, Field::TorqueEnable), 0);
    assert_eq!(master.get(1, Field::ReturnDelayTime), 0);
}

#[test]
fn a_factory_reset_spares_what_it_says_and_is_not_for_all_at_once() {
    for (scope, number, delay) in [(ResetScope::All, 1, 250), (ResetScope::AllButId, 5, 250)] {
        let mut master = Master::with(&[5]);
        assert!(master.ask(5, &Instruction::FactoryReset(scope)).is_some());
        master.wait_ms(300);
        master.bus.set_baud(57_600);
        master.patience = Duration::from_millis(10);
        assert_eq!(master.get(number, Field::ReturnDelayTime), delay, "{scope:?}");
    }
    let mut master = Master::with(&[5]);
    master.say(Id::BROADCAST, &Instruction::FactoryReset(ResetScope::All));
    master.wait_ms(300);
    assert_eq!(master.get(5, Field::ReturnDelayTime), 0);
    master.say(
        Id::BROADCAST,
        &Instruction::FactoryReset(ResetScope::AllButIdAndBaudRate),
    );
    master.wait_ms(300);
    assert_eq!(master.get(5, Field::ReturnDelayTime), 250);
}

#[test]
fn a_backup_is_stored_and_put_back_without_torque_only() {
    let mut master = Master::with(&[1]);
    let backup = |master: &mut Master, backup| {
        let answer = master.ask(1, &Instruction::Backup(backup));
        answer.unwrap().error.number
    };
    assert_eq!(
        backup(&mut master, Backup::Restore),
        Some(ErrorNumber::ResultFail)
    );
    master.set(1, &[(Field::TorqueEnable, 1)]);
    assert_eq!(backup(&mut master, Backup::Store), Some(ErrorNumber::ResultFail));
    master.set(1, &[(Field::TorqueEnable, 0), (Field::VelocityLimit, 99)]);
    assert_eq!(backup(&mut master, Backup::Store), None);
    assert_eq!(master.get(1, Field::BackupReady), 1);
    master.set(1, &[(Field::VelocityLimit, 50)]);
    assert_eq!(backup(&mut master, Backup::Restore), None);
    master.wait_ms(300);
    assert_eq!(master.get(1, Field::VelocityLimit), 99);
}

#[test]
fn a_new_baud_rate_counts_after_its_answer() {
    let mut master = Master::with(&[1]);
    assert_eq!(master.put(1, Field::BaudRate, 4).number, None);
    assert!(
        master
            .exchange(&packet(|b| PING.encode(id(1), b).unwrap()))
            .is_empty()
    );
    master.bus.set_baud(2_000_000);
    assert!(master.ask(1, &PING).is_some());
}

#[test]
fn a_new_id_counts_after_its_answer() {
    let mut master = Master::with(&[1]);
    let answer = master.ask(
        1,
        &Instruction::Write {
            address: 7,
            data: &[9],
        },
    );
    assert_eq!(answer.unwrap().id, 1);
    assert_eq!(master.get(9, Field::Id), 9);
    assert!(master.ask(1, &PING).is_none());
}

#[test]
fn a_secondary_id_is_obeyed_in_silence_but_not_in_the_eeprom() {
    let mut master = Master::with(&[1, 2, 5]);
    for number in [1, 2, 5] {
        master.set(number, &[(Field::SecondaryId, 5)]);
    }
    let answers = master.say(
        id(5),
        &Instruction::Write {
            address: 65,
            data: &[1],
        },
    );
    assert_eq!(from(&answers), [5]);
    for number in [1, 2, 5] {
        assert_eq!(master.get(number, Field::Led), 1);
    }
    let delay = Instruction::Write {
        address: 9,
        data: &[100],
    };
    assert_eq!(from(&master.say(id(5), &delay)), [5]);
    assert_eq!(master.get(1, Field::ReturnDelayTime), 0);
    assert_eq!(from(&master.say(id(5), &PING)), [5]);
}

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
    assert_eq!(
        master.put(1, Field::GoalVelocity, 100).number,
        Some(ErrorNumber::DataRange)
    );
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
fn registers_that_a_model_does_not_have_are_not_there() {
    let xl430 = Dynamixel::new(model("XL430-W250"), id(1), BAUD).unwrap();
    let mut master = Master::of([xl430.with(Field::ReturnDelayTime, 0).unwrap()]);
    assert_eq!(
        master.put(1, Field::GoalCurrent, 1).number,
        Some(ErrorNumber::Access)
    );
    assert_eq!(
        master.put(1, Field::OperatingMode, 0).number,
        Some(ErrorNumber::DataRange)
    );
    assert_eq!(master.get(1, Field::PositionDGain), 4000);
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

#[test]
fn a_servo_has_only_what_its_model_has() {
    let at = |name, baud| {
        Dynamixel::new(model(name), id(1), baud)
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    assert_eq!(at("XM430-W350", 4_500_000), Ok(()));
    assert_eq!(
        at("XL330-M288", 4_500_000),
        Err("XL330-M288 has no baud rate of 4500000 bit/s".into())
    );
    let wrong = servo(1).with(Field::VelocityLimit, 2000).unwrap_err();
    assert_eq!(wrong.to_string(), "Velocity Limit takes 0 to 1023, not 2000");
    assert!(servo(1).with(Field::GoalPosition, 1).is_err());
}
