//! What DYNAMIXEL servos answer to instructions for several of them, and when.

use std::time::Duration;

use crate::master::{Master, id};
use crate::packets::{from, packet, sync_read};
use servomesh_devices::Wire;
use servomesh_fieldbus::dynamixel::{ErrorNumber, FastReply, Field, Instruction, Item, Replies, group};
use servomesh_types::Stamp;

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
