//! What DYNAMIXEL servos answer to each instruction of Protocol 2.0, and when.

use std::time::Duration;

use crate::master::{Answer, BAUD, Master, id, model, servo};
use crate::packets::{PING, from, packet, read};
use servomesh_devices::{Dynamixel, Wire};
use servomesh_fieldbus::dynamixel::{Backup, ErrorNumber, Field, Id, Instruction, ResetScope, crc};

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
    master.assert_refused(1, Field::ModelNumber, 5, ErrorNumber::Access);
    master.assert_refused(1, Field::OperatingMode, 2, ErrorNumber::DataRange);
    master.assert_refused(1, Field::GoalPosition, 4096, ErrorNumber::DataLimit);
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
    master.assert_refused(1, Field::ReturnDelayTime, 5, ErrorNumber::Access);
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
fn registers_that_a_model_does_not_have_are_not_there() {
    let xl430 = Dynamixel::new(model("XL430-W250"), id(1), BAUD).unwrap();
    let mut master = Master::of([xl430.with(Field::ReturnDelayTime, 0).unwrap()]);
    master.assert_refused(1, Field::GoalCurrent, 1, ErrorNumber::Access);
    master.assert_refused(1, Field::OperatingMode, 0, ErrorNumber::DataRange);
    assert_eq!(master.get(1, Field::PositionDGain), 4000);
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
