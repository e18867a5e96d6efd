//! The packets of ROBOTIS' e-Manual, "DYNAMIXEL Protocol 2.0", both ways.
//!
//! Two of its examples have a wrong CRC, as recomputing shows: the restoring Backup (printed 92 F5) and the Fast Bulk Read (printed 20 F2).

#![allow(clippy::unwrap_used)] // a test that fails says where

use servomesh_fieldbus::dynamixel::{
    Backup, EncodeError, ErrorNumber, FastBlock, FastReply, FastWriter, Id, Instruction, InstructionError,
    Item, MAX_PACKET, Packet, Pong, Received, Replies, ResetScope, Status, StatusError, Stream, fast, group,
};

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace()
        .map(|byte| u8::from_str_radix(byte, 16).unwrap())
        .collect()
}

fn id(number: u8) -> Id {
    Id::device(number).unwrap()
}

/// That both ways lead from one to the other.
fn check(instruction: Instruction<'_>, to: Id, hex: &str) {
    let mut buffer = [0; MAX_PACKET];
    let length = instruction.encode(to, &mut buffer).unwrap();
    assert_eq!(buffer[..length], bytes(hex), "{instruction:?}");
    check_decoded(hex, to, |decoded| assert_eq!(decoded, instruction));
}

fn check_decoded(hex: &str, to: Id, look: impl FnOnce(Instruction<'_>)) {
    let mut bytes = bytes(hex);
    let packet = Packet::decode(&mut bytes).unwrap();
    assert_eq!(packet.id, to);
    look(packet.instruction().unwrap());
}

fn check_status(status: Status<'_>, hex: &str) {
    let mut buffer = [0; MAX_PACKET];
    let length = status.encode(&mut buffer).unwrap();
    assert_eq!(buffer[..length], bytes(hex), "{status:?}");
    assert_eq!(Packet::decode(&mut bytes(hex)).unwrap().status(), Some(status));
}

fn answer(number: u8, parameters: &[u8]) -> Status<'_> {
    Status {
        id: id(number),
        error: StatusError::NONE,
        parameters,
    }
}

#[test]
fn instructions_to_one_device() {
    let goal = 512_u32.to_le_bytes();
    let velocity = 200_u32.to_le_bytes();
    let (address, length) = (132, 4);
    let cases = [
        (Instruction::Ping, "01 03 00 01 19 4E"),
        (
            Instruction::Read { address, length },
            "01 07 00 02 84 00 04 00 1D 15",
        ),
        (
            Instruction::Write {
                address: 116,
                data: &goal,
            },
            "01 09 00 03 74 00 00 02 00 00 CA 89",
        ),
        (
            Instruction::RegWrite {
                address: 104,
                data: &velocity,
            },
            "01 09 00 04 68 00 C8 00 00 00 AE 8E",
        ),
        (Instruction::Action, "01 03 00 05 02 CE"),
        (
            Instruction::FactoryReset(ResetScope::AllButId),
            "01 04 00 06 01 A1 E6",
        ),
        (Instruction::Reboot, "01 03 00 08 2F 4E"),
        (Instruction::ClearMultiTurn, "01 08 00 10 01 44 58 4C 22 B1 DC"),
        (
            Instruction::Backup(Backup::Store),
            "01 08 00 20 01 43 54 52 4C 16 F5",
        ),
        (
            Instruction::Backup(Backup::Restore),
            "01 08 00 20 02 43 54 52 4C 9E F5",
        ),
    ];
    for (instruction, hex) in cases {
        check(instruction, id(1), &format!("FF FF FD 00 {hex}"));
    }
    check(Instruction::Ping, Id::BROADCAST, "FF FF FD 00 FE 03 00 01 31 42");
}

#[test]
fn a_goal_that_looks_like_a_header_is_stuffed() {
    check(
        Instruction::Write {
            address: 116,
            data: &[0xFF, 0xFF, 0xFD, 0x00],
        },
        id(1),
        "FF FF FD 00 01 0A 00 03 74 00 FF FF FD FD 00 21 E7",
    );
}

#[test]
fn answers() {
    let pong = Pong {
        model: 1030,
        firmware: 38,
    };
    check_status(
        answer(1, &pong.parameters()),
        "FF FF FD 00 01 07 00 55 00 06 04 26 65 5D",
    );
    check_status(
        answer(2, &pong.parameters()),
        "FF FF FD 00 02 07 00 55 00 06 04 26 6F 6D",
    );
    assert_eq!(answer(1, &pong.parameters()).pong(), Some(pong));
    assert_eq!(answer(1, &[]).pong(), None);
    check_status(
        answer(1, &166_u32.to_le_bytes()),
        "FF FF FD 00 01 08 00 55 00 A6 00 00 00 8C C0",
    );
    check_status(
        answer(2, &2079_u32.to_le_bytes()),
        "FF FF FD 00 02 08 00 55 00 1F 08 00 00 BA BE",
    );
    check_status(answer(1, &[]), "FF FF FD 00 01 04 00 55 00 A1 0C");
    check_status(answer(1, &[0x77, 0x00]), "FF FF FD 00 01 06 00 55 00 77 00 C3 69");
    check_status(answer(2, &[0x24]), "FF FF FD 00 02 05 00 55 00 24 8B A9");
}

#[test]
fn refusals_have_a_number_and_an_alert() {
    let cases = [
        (false, Some(ErrorNumber::ResultFail), "01 A4 8C"),
        (false, Some(ErrorNumber::Instruction), "02 AE 8C"),
        (false, Some(ErrorNumber::Crc), "03 AB 0C"),
        (false, Some(ErrorNumber::DataRange), "04 BA 8C"),
        (false, Some(ErrorNumber::DataLength), "05 BF 0C"),
        (false, Some(ErrorNumber::DataLimit), "06 B5 0C"),
        (false, Some(ErrorNumber::Access), "07 B0 8C"),
        (true, None, "80 A2 8F"),
        (true, Some(ErrorNumber::ResultFail), "81 A7 0F"),
        (true, Some(ErrorNumber::DataRange), "84 B9 0F"),
        (true, Some(ErrorNumber::Access), "87 B3 0F"),
    ];
    for (alert, number, hex) in cases {
        let status = Status {
            id: id(1),
            error: StatusError { alert, number },
            parameters: &[],
        };
        check_status(status, &format!("FF FF FD 00 01 04 00 55 {hex}"));
    }
}

#[test]
fn groups() {
    let mut buffer = [0; MAX_PACKET];
    let encoded = |what: &str, length: Result<usize, EncodeError>, buffer: &[u8]| {
        assert_eq!(buffer[..length.unwrap()], bytes(what));
        check_decoded(what, Id::BROADCAST, |decoded| {
            let mut again = [0; MAX_PACKET];
            let length = decoded.encode(Id::BROADCAST, &mut again).unwrap();
            assert_eq!(again[..length], bytes(what), "{decoded:?}");
        });
    };

    let length = group::sync_read(&mut buffer, Replies::Separate, 132, 4, [1, 2].map(id));
    encoded("FF FF FD 00 FE 09 00 82 84 00 04 00 01 02 CE FA", length, &buffer);

    let length = group::sync_write(
        &mut buffer,
        116,
        4,
        [(id(1), 150_u32.to_le_bytes()), (id(2), 170_u32.to_le_bytes())],
    );
    let hex = "FF FF FD 00 FE 11 00 83 74 00 04 00 01 96 00 00 00 02 AA 00 00 00 82 87";
    encoded(hex, length, &buffer);

    let item = |number, address, length| Item {
        id: id(number),
        address,
        length,
    };
    let items = [item(1, 144, 2), item(2, 146, 1)];
    let length = group::bulk_read(&mut buffer, Replies::Separate, items);
    let hex = "FF FF FD 00 FE 0D 00 92 01 90 00 02 00 02 92 00 01 00 1A 05";
    encoded(hex, length, &buffer);
    check_decoded(hex, Id::BROADCAST, |decoded| match decoded {
        Instruction::BulkRead(read) => assert!(read.items().eq(items)),
        other => panic!("{other:?}"),
    });

    let blocks: [(Id, u16, &[u8]); 2] = [(id(1), 32, &[0xA0, 0x00]), (id(2), 31, &[0x50])];
    let length = group::bulk_write(&mut buffer, blocks);
    let hex = "FF FF FD 00 FE 10 00 93 01 20 00 02 00 A0 00 02 1F 00 01 00 50 B7 68";
    encoded(hex, length, &buffer);
    check_decoded(hex, Id::BROADCAST, |decoded| match decoded {
        Instruction::BulkWrite(write) => assert!(write.blocks().eq(blocks)),
        other => panic!("{other:?}"),
    });

    let length = group::sync_read(&mut buffer, Replies::Joined, 132, 4, [3, 7, 4].map(id));
    let hex = "FF FF FD 00 FE 0A 00 8A 84 00 04 00 03 07 04 20 F2";
    encoded(hex, length, &buffer);
    check_decoded(hex, Id::BROADCAST, |decoded| match decoded {
        Instruction::SyncRead(read) => assert!(read.ids().eq([3, 7, 4].map(id))),
        other => panic!("{other:?}"),
    });

    let items = [item(3, 132, 4), item(7, 124, 2), item(4, 146, 1)];
    let length = group::bulk_read(&mut buffer, Replies::Joined, items);
    let hex = "FF FF FD 00 FE 12 00 9A 03 84 00 04 00 07 7C 00 02 00 04 92 00 01 00 DA 2D";
    encoded(hex, length, &buffer);
}

/// The manual's joined answers, to three devices with 4 bytes each, and with 4, 2 and 1.
const JOINED: [&str; 2] = [
    "FF FF FD 00 FE 19 00 55 00 03 A6 00 00 00 84 08 00 07 1F 08 00 00 16 CA 00 04 FF 03 00 00 D1 9E",
    "FF FF FD 00 FE 14 00 55 00 03 A6 00 00 00 67 A4 00 07 A5 01 24 74 00 04 1F D9 C1",
];

fn length_of(joined: usize, id: Id) -> Option<u16> {
    [[4, 4, 4], [4, 2, 1]][joined][[3, 7, 4].iter().position(|k| *k == id.number())?].into()
}

#[test]
fn joined_answers() {
    for (k, hex) in JOINED.into_iter().enumerate() {
        let bytes = bytes(hex);
        let reply = FastReply::new(&bytes).unwrap();
        let blocks: Vec<FastBlock<'_>> = reply.blocks(|id| length_of(k, id)).collect();
        assert_eq!(blocks.len(), 3);
        assert!(blocks.iter().map(|block| block.id).eq([3, 7, 4].map(id)));
        assert_eq!(blocks[0].data, [0xA6, 0, 0, 0]);

        let mut buffer = [0; MAX_PACKET];
        let length = fast::length([3, 7, 4].map(|number| length_of(k, id(number)).unwrap())).unwrap();
        let mut writer = FastWriter::new(&mut buffer, length).unwrap();
        for block in blocks {
            writer.block(block).unwrap();
        }
        let written = writer.written();
        assert_eq!(buffer[..written], bytes);
    }
}

#[test]
fn of_a_joined_answer_that_ends_early_or_is_wrong_the_blocks_before_are_good() {
    let whole = bytes(JOINED[0]);
    let good = |bytes: &[u8]| {
        let mut stream = Stream::new();
        stream.expect(fast::length([4, 4, 4]));
        let mut line = bytes;
        let count = |received: Option<Received<'_>>| match received {
            Some(Received::Fast(reply)) => Some(reply.blocks(|id| length_of(0, id)).count()),
            Some(Received::Packet(packet)) => panic!("{packet:?}"),
            None => None,
        };
        let read = count(stream.read(&mut line));
        read.or_else(|| count(stream.silence()))
    };
    for cut in 0..=whole.len() {
        let expected = (cut >= 8).then(|| (cut.saturating_sub(8)) / 8);
        assert_eq!(good(&whole[..cut]), expected, "cut after {cut}");
    }
    for bit in 64..8 * whole.len() {
        let mut wrong = whole.clone();
        wrong[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(good(&wrong), Some(bit / 64 - 1), "bit {bit}");
    }
}

#[test]
fn data_of_a_joined_answer_that_look_like_a_packet_are_data() {
    let ping = bytes("FF FF FD 00 01 03 00 01 19 4E");
    let mut buffer = [0; MAX_PACKET];
    let length = fast::length([10, 10]).unwrap();
    let mut writer = FastWriter::new(&mut buffer, length).unwrap();
    for number in [1, 2] {
        let block = FastBlock {
            id: id(number),
            error: StatusError::NONE,
            data: &ping,
        };
        writer.block(block).unwrap();
    }
    let written = writer.written();
    for expected in [None, Some(length)] {
        let mut stream = Stream::new();
        stream.expect(expected);
        for (at, byte) in buffer[..written].iter().enumerate() {
            match stream.read(&mut &[*byte][..]) {
                None => assert!(at + 1 < written),
                Some(Received::Fast(reply)) => {
                    assert_eq!(at + 1, written);
                    assert!(reply.blocks(|_| Some(10)).all(|block| block.data == ping));
                    assert_eq!(reply.blocks(|_| Some(10)).count(), 2);
                }
                Some(Received::Packet(packet)) => panic!("{packet:?}"),
            }
        }
    }
}

#[test]
fn what_a_device_can_not_carry_out_says_how_it_answers() {
    let wrong = |to: u8, code: u8, parameters: &[u8]| {
        let packet = Packet {
            id: Id::new(to).unwrap(),
            code,
            parameters,
        };
        packet.instruction().unwrap_err()
    };
    let number = |to, code, parameters: &[u8]| wrong(to, code, parameters).number();
    assert_eq!(number(1, 0x77, &[]), Some(ErrorNumber::Instruction));
    assert_eq!(number(1, 0x55, &[0]), Some(ErrorNumber::Instruction));
    assert_eq!(number(1, 0x01, &[1]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x02, &[132, 0, 4]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x02, &[132, 0, 4, 0, 0]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x03, &[132]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x06, &[]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x06, &[3]), Some(ErrorNumber::DataRange));
    assert_eq!(
        number(1, 0x10, &[1, 0x44, 0x58, 0x4C, 0x23]),
        Some(ErrorNumber::DataRange)
    );
    assert_eq!(number(1, 0x10, &[1, 0x44]), Some(ErrorNumber::DataLength));
    assert_eq!(number(1, 0x20, b"\x03CTRL"), Some(ErrorNumber::DataRange));
    assert_eq!(number(1, 0x20, b"\x01CTR"), Some(ErrorNumber::DataLength));
    // Nobody answers to a group's.
    assert_eq!(
        wrong(1, 0x82, &[132, 0, 4, 0, 1]),
        InstructionError::Addressee {
            code: 0x82,
            id: id(1)
        }
    );
    for (code, parameters) in [
        (0x82, &[132, 0, 4][..]),
        (0x82, &[132, 0, 4, 0, 253]),
        (0x83, &[116, 0, 2, 0, 1, 0]),
        (0x83, &[116, 0, 1, 0, 254, 0]),
        (0x8A, &[132, 0, 4, 0, 255]),
        (0x92, &[1, 132, 0, 4]),
        (0x92, &[253, 132, 0, 4, 0]),
        (0x93, &[1, 132, 0, 4, 0, 0]),
        (0x93, &[253, 132, 0, 1, 0, 0]),
        (0x9A, &[1, 132, 0, 4, 0, 2]),
    ] {
        assert_eq!(number(254, code, parameters), None, "{code:#x} {parameters:?}");
    }
}

#[test]
fn what_can_not_be_encoded_says_why() {
    let mut buffer = [0; MAX_PACKET];
    let ping = Instruction::Ping.encode(id(1), &mut buffer[..9]);
    assert_eq!(ping, Err(EncodeError::NoRoom { needed: 10, room: 9 }));
    let stuffed = Instruction::Write {
        address: 0,
        data: &[0xFF, 0xFF, 0xFD],
    };
    assert_eq!(stuffed.encode(id(1), &mut buffer[..16]), Ok(16));
    let short = stuffed.encode(id(1), &mut buffer[..15]);
    assert_eq!(short, Err(EncodeError::NoRoom { needed: 16, room: 15 }));
    let mut large = [0; MAX_PACKET + 10];
    let data = [0; MAX_PACKET - 12];
    let address = 0;
    let write = Instruction::Write { address, data: &data };
    assert_eq!(write.encode(id(1), &mut large), Ok(MAX_PACKET));
    let data = [0; MAX_PACKET - 11];
    let write = Instruction::Write { address, data: &data };
    let bytes = MAX_PACKET + 1;
    assert_eq!(
        write.encode(id(1), &mut large),
        Err(EncodeError::TooLong { bytes })
    );

    let uneven = group::sync_write(&mut buffer, 116, 4, [(id(3), [0; 3])]);
    let expected = EncodeError::Block {
        id: id(3),
        bytes: 3,
        length: 4,
    };
    assert_eq!(uneven, Err(expected));
    let to_all = group::sync_read(&mut buffer, Replies::Joined, 0, 1, [Id::BROADCAST]);
    assert_eq!(to_all, Err(EncodeError::Addressee { id: Id::BROADCAST }));
    assert_eq!(fast::length([1020]), None);
    assert_eq!(fast::length([1019]), Some(1024));
}
