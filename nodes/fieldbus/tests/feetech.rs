//! What is said on the wire, by the vendor's documents, and what is refused.

use servomesh_fieldbus::feetech::instruction::{Instruction, ResponseLevel};
use servomesh_fieldbus::feetech::number::SignBit;
use servomesh_fieldbus::feetech::packet::{Packet, Scan, scan};
use servomesh_fieldbus::feetech::status::{Alarm, Alarms, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::sync::{Blocks, SyncWriter};
use servomesh_fieldbus::feetech::table::{Access, Memory, Model};
use servomesh_fieldbus::feetech::{BROADCAST, Error, MAX_PACKET, MODELS, scs0009, sts3215};

/// The instruction is these bytes, and these bytes are the instruction.
#[track_caller]
fn check(id: u8, instruction: Instruction<'_>, wire: &[u8]) {
    let mut buffer = [0; MAX_PACKET];
    assert_eq!(instruction.encode(id, &mut buffer), Ok(wire));
    let Scan::Found {
        skip: 0,
        broken: 0,
        packet,
    } = scan(wire)
    else {
        panic!("no packet: {wire:02x?}");
    };
    assert_eq!((packet.id, packet.wire_len()), (id, wire.len()));
    assert_eq!(Instruction::decode(&packet), Ok(instruction));
}

/// Vectors of the vendor's protocol manual.
#[test]
fn instructions_of_the_manual() {
    check(1, Instruction::Ping, &[0xFF, 0xFF, 0x01, 0x02, 0x01, 0xFB]);
    check(
        BROADCAST,
        Instruction::Ping,
        &[0xFF, 0xFF, 0xFE, 0x02, 0x01, 0xFE],
    );
    check(
        1,
        Instruction::Read {
            address: 0x38,
            length: 2,
        },
        &[0xFF, 0xFF, 0x01, 0x04, 0x02, 0x38, 0x02, 0xBE],
    );
    check(
        1,
        Instruction::Write {
            address: 0x2A,
            data: &[0x00, 0x08, 0x00, 0x00, 0xE8, 0x03],
        },
        &[
            0xFF, 0xFF, 0x01, 0x09, 0x03, 0x2A, 0x00, 0x08, 0x00, 0x00, 0xE8, 0x03, 0xD5,
        ],
    );
    check(
        1,
        Instruction::Write {
            address: 40,
            data: &[128],
        },
        &[0xFF, 0xFF, 0x01, 0x04, 0x03, 0x28, 0x80, 0x4F],
    );
    check(
        BROADCAST,
        Instruction::Action,
        &[0xFF, 0xFF, 0xFE, 0x02, 0x05, 0xFA],
    );
    check(1, Instruction::Recovery, &[0xFF, 0xFF, 0x01, 0x02, 0x06, 0xF6]);
    check(1, Instruction::Reset, &[0xFF, 0xFF, 0x01, 0x02, 0x0A, 0xF2]);
    check(
        BROADCAST,
        Instruction::SyncRead {
            address: 56,
            length: 8,
            ids: &[1, 2],
        },
        &[0xFF, 0xFF, 0xFE, 0x06, 0x82, 0x38, 0x08, 0x01, 0x02, 0x36],
    );
    let blocks = [
        0x01, 0x00, 0x08, 0x00, 0x00, 0xE8, 0x03, 0x02, 0x00, 0x08, 0x00, 0x00, 0xE8, 0x03, 0x03, 0x00, 0x08,
        0x00, 0x00, 0xE8, 0x03, 0x04, 0x00, 0x08, 0x00, 0x00, 0xE8, 0x03,
    ];
    let wire: Vec<u8> = [&[0xFF, 0xFF, 0xFE, 0x20, 0x83, 0x2A, 0x06][..], &blocks, &[0x58]].concat();
    let blocks = Blocks::new(6, &blocks).expect("four whole blocks");
    check(
        BROADCAST,
        Instruction::SyncWrite {
            address: 0x2A,
            blocks,
        },
        &wire,
    );
    assert_eq!(blocks.of(3), Some(&[0x00, 0x08, 0x00, 0x00, 0xE8, 0x03][..]));
    assert_eq!(blocks.of(5), None);
}

#[test]
fn answers_of_the_manual() {
    let mut buffer = [0; MAX_PACKET];
    let status = Status {
        id: 1,
        alarms: Alarms::NONE,
        data: &[0x18, 0x05],
    };
    let wire = [0xFF, 0xFF, 0x01, 0x04, 0x00, 0x18, 0x05, 0xDD];
    assert_eq!(status.encode(&mut buffer), Ok(&wire[..]));
    let Scan::Found { packet, .. } = scan(&wire) else {
        panic!("no packet")
    };
    assert_eq!(Status::decode(&packet), Ok(status));
    let position = sts3215::PRESENT_POSITION.get(sts3215::MODEL.order, status.data);
    assert_eq!(position, Ok(0x0518));
}

#[test]
fn alarms_have_names_and_advice() {
    let alarms = Alarms::new(0x25).expect("bit 7 is clear");
    assert_eq!(
        alarms.iter().collect::<Vec<_>>(),
        [Alarm::Voltage, Alarm::Overheat, Alarm::Overload]
    );
    assert_eq!(
        alarms,
        Alarms::NONE
            .with(Alarm::Overload)
            .with(Alarm::Voltage)
            .with(Alarm::Overheat)
    );
    assert_eq!(alarms.without(Alarm::Overload).bits(), 0x05);
    assert_eq!(Alarms::new(0x5F).map(Alarms::unnamed), Some(0x50));
    assert_eq!(Alarms::new(0x80), None);
    let packet = Packet {
        id: 1,
        code: 0x80,
        parameters: &[],
    };
    assert_eq!(Status::decode(&packet), Err(Error::Status(0x80)));
    for alarm in Alarm::ALL {
        assert!(!alarm.name().is_empty() && alarm.advice().len() > 20);
    }
}

#[test]
fn what_cannot_be_said_is_refused() {
    let mut buffer = [0; MAX_PACKET];
    let long = [0; MAX_PACKET];
    let mut refused =
        |id, instruction: Instruction<'_>| instruction.encode(id, &mut buffer).expect_err("refused");
    assert_eq!(refused(255, Instruction::Ping), Error::Id { id: 255, most: 254 });
    assert_eq!(
        refused(
            BROADCAST,
            Instruction::Read {
                address: 0,
                length: 1
            }
        ),
        Error::Id { id: 254, most: 253 }
    );
    assert_eq!(
        refused(
            1,
            Instruction::Read {
                address: 0,
                length: 245
            }
        ),
        Error::TooLong { bytes: 251 }
    );
    assert_eq!(
        refused(
            1,
            Instruction::Write {
                address: 0,
                data: &long
            }
        ),
        Error::TooLong { bytes: 257 }
    );
    assert_eq!(
        refused(
            1,
            Instruction::Write {
                address: 0,
                data: &[]
            }
        ),
        Error::Parameters { code: 3, bytes: 1 }
    );
    assert_eq!(
        refused(
            1,
            Instruction::SyncRead {
                address: 0,
                length: 1,
                ids: &[1]
            }
        ),
        Error::Id { id: 1, most: 253 }
    );
    assert_eq!(
        refused(
            BROADCAST,
            Instruction::SyncRead {
                address: 0,
                length: 1,
                ids: &[1, 254]
            }
        ),
        Error::Id { id: 254, most: 253 }
    );
    assert_eq!(
        Instruction::Ping.encode(1, &mut [0; 5]),
        Err(Error::Room { needed: 6, room: 5 })
    );
    for (length, bytes) in [(0, &[1_u8][..]), (2, &[]), (2, &[1, 0]), (1, &[254, 0])] {
        assert_eq!(Blocks::new(length, bytes), None);
    }

    let decoded = |code, parameters| {
        Instruction::decode(&Packet {
            id: 1,
            code,
            parameters,
        })
    };
    assert_eq!(decoded(0x07, &[]), Err(Error::Unknown(0x07)));
    assert_eq!(decoded(0x01, &[1]), Err(Error::Parameters { code: 1, bytes: 1 }));
    assert_eq!(
        decoded(0x83, &[42, 2, 1, 0]),
        Err(Error::Parameters { code: 0x83, bytes: 4 })
    );
}

#[test]
fn a_sync_write_stays_whole_when_a_block_does_not_fit() {
    let mut buffer = [0; 14];
    let mut writer = SyncWriter::new(&mut buffer, 42, 2).expect("room for the head");
    writer.block(1).expect("room").copy_from_slice(&[5, 6]);
    assert_eq!(writer.block(254).err(), Some(Error::Id { id: 254, most: 253 }));
    writer.block(2).expect("room").copy_from_slice(&[7, 8]);
    assert_eq!(writer.block(3).err(), Some(Error::Room { needed: 17, room: 14 }));
    let wire = writer.finish().expect("two blocks").to_vec();
    let blocks = Blocks::new(2, &[1, 5, 6, 2, 7, 8]).expect("two blocks");
    check(BROADCAST, Instruction::SyncWrite { address: 42, blocks }, &wire);

    let mut buffer = [0; 14];
    let writer = SyncWriter::new(&mut buffer, 42, 2).expect("room for the head");
    assert!(writer.finish().is_err());
}

#[test]
fn who_answers_and_with_how_much() {
    let expect = |instruction: Instruction<'_>, id, reads, all| {
        assert_eq!(
            instruction.reply_len(id, ResponseLevel::Reads),
            reads,
            "{instruction:?}"
        );
        assert_eq!(
            instruction.reply_len(id, ResponseLevel::All),
            all,
            "{instruction:?}"
        );
    };
    expect(Instruction::Ping, 1, 6, 6);
    expect(
        Instruction::Read {
            address: 56,
            length: 15,
        },
        1,
        21,
        21,
    );
    expect(
        Instruction::Write {
            address: 42,
            data: &[0, 0],
        },
        1,
        0,
        6,
    );
    expect(
        Instruction::Write {
            address: 42,
            data: &[0, 0],
        },
        BROADCAST,
        0,
        0,
    );
    expect(
        Instruction::SyncRead {
            address: 56,
            length: 15,
            ids: &[1, 2, 3, 4, 5, 6],
        },
        BROADCAST,
        126,
        126,
    );
    expect(Instruction::Action, BROADCAST, 0, 0);
    expect(Instruction::Reboot, 1, 0, 0);
}

#[test]
fn good_packets_are_found_behind_what_looks_like_one() {
    let ping = [0xFF, 0xFF, 0x01, 0x02, 0x01, 0xFB];
    // A header that promises 60 bytes, then two good packets: they come when the line falls silent, the garbage is counted.
    let wire = [&[0x00, 0xFF, 0xFF, 0xFF, 0x05, 0x3C][..], &ping, &ping].concat();
    let (mut stream, mut rest) = (Stream::default(), &wire[..]);
    assert_eq!(stream.next(&mut rest), None);
    assert_eq!((stream.skipped(), stream.undecided()), (2, wire.len() - 2));
    for _ in 0..2 {
        let packet = stream.flush().expect("a good packet");
        assert_eq!(Instruction::decode(&packet), Ok(Instruction::Ping));
    }
    assert_eq!(stream.flush(), None);
    assert_eq!((stream.skipped(), stream.undecided(), stream.broken()), (6, 0, 0));

    // A wrong checksum, then a good packet at once.
    let wire = [&[0xFF, 0xFF, 0x01, 0x02, 0x01, 0xFA][..], &ping].concat();
    let mut rest = &wire[..];
    assert!(stream.next(&mut rest).is_some());
    assert_eq!(
        (stream.skipped(), stream.broken(), stream.undecided()),
        (12, 1, 0)
    );
}

#[test]
fn tables_are_in_order_and_hold_their_resets() {
    for model in MODELS {
        for pair in model.registers.windows(2) {
            assert!(pair[0].end() <= usize::from(pair[1].address), "{}", pair[1].name);
        }
        let mut memory = [0xAA; 128];
        model.reset(&mut memory).expect("all resets are in range");
        for register in model.registers {
            let bytes = &memory[usize::from(register.address)..register.end()];
            assert_eq!(
                register.get(model.order, bytes),
                Ok(register.reset),
                "{}",
                register.name
            );
            assert_eq!(model.at(register.address), Some(register));
            assert_eq!(
                register.memory == Memory::Eprom,
                register.address < 40,
                "{}",
                register.name
            );
            let largest = if register.size == 1 { 0xFF } else { 0xFFFF };
            assert!(
                register.max <= register.sign.map_or(largest, SignBit::max),
                "{}",
                register.name
            );
            assert!(register.sign.is_some() || register.min >= 0, "{}", register.name);
            let present = (56..=70).contains(&register.address);
            assert!(!present || register.access == Access::Read, "{}", register.name);
        }
        assert_eq!(Model::of(model.number).map(|model| model.name), Some(model.name));
        let number = model.order.get([memory[3], memory[4]]);
        assert_eq!(number, model.number, "what register 3 reads");
        assert_eq!(
            model.reset(&mut [0; 20]).expect_err("too short"),
            Error::Room { needed: 21, room: 20 }
        );
    }
    assert_eq!(
        sts3215::MODEL.at(47).map(|register| register.name),
        Some("goal speed")
    );
    assert_eq!(sts3215::MODEL.at(50), None, "a hole between registers");
    assert_eq!((sts3215::LOCK.address, scs0009::LOCK.address), (55, 48));
    assert_eq!((sts3215::MODEL.size(), scs0009::MODEL.size()), (87, 84));
    assert_eq!(Model::of(12).map(|model| model.name), None);
}

#[test]
fn registers_keep_their_range_and_unit() {
    let order = sts3215::MODEL.order;
    let mut bytes = [0; 2];
    sts3215::OFFSET.put(order, -904, &mut bytes).expect("in range");
    assert_eq!(bytes, [0x88, 0x0B], "sign in bit 11, low byte first");
    assert_eq!(sts3215::OFFSET.get(order, &bytes), Ok(-904));
    assert_eq!(
        sts3215::OFFSET.put(order, 2048, &mut bytes),
        Err(Error::Range {
            register: "position offset",
            value: 2048,
            min: -2047,
            max: 2047
        })
    );
    assert_eq!(
        sts3215::ID.put(order, 1, &mut bytes),
        Err(Error::Size {
            register: "id",
            size: 1,
            bytes: 2
        })
    );
    let half = sts3215::GOAL_POSITION.from_si(-std::f64::consts::PI);
    assert_eq!(half, Some(-2048));
    assert_eq!(sts3215::GOAL_POSITION.from_si(f64::NAN), None);
    assert_eq!(sts3215::GOAL_POSITION.from_si(100.0), None);
    assert!((sts3215::PRESENT_CURRENT.to_si(-100) + 0.65).abs() < 1e-12);
    let full = scs0009::PRESENT_POSITION.to_si(1024);
    assert!((full - 300_f64.to_radians()).abs() < 1e-12);
}
