//! Against ROBOTIS' SDK: its packets for random arguments are ours, and ours read what it put in.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::collections::BTreeMap;

use serde_json::Value;
use servomesh_fieldbus::dynamixel::{
    EncodeError, Id, Instruction, Item, MAX_PACKET, Packet, Received, Replies, ResetScope, Status,
    StatusError, Stream, group,
};

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn word(value: &Value) -> u16 {
    u16::try_from(number(value)).unwrap()
}

fn id(value: &Value) -> Id {
    Id::device(u8::try_from(number(value)).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap().as_bytes();
    hex.chunks_exact(2)
        .map(|digits| u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap())
        .collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

#[test]
fn packets_are_those_of_the_sdk() {
    let golden: Value = serde_json::from_str(include_str!("golden/dynamixel.json")).unwrap();
    let mut seen = BTreeMap::new();
    for case in list(&golden) {
        let (kind, rest) = list(case).split_first().unwrap();
        let (packet, arguments) = rest.split_last().unwrap();
        let (kind, packet) = (kind.as_str().unwrap(), bytes(packet));
        *seen.entry(kind).or_insert(0) += 1;
        match kind {
            "status" => status(arguments, &packet),
            "fast_sync_reply" | "fast_bulk_reply" => joined(&arguments[0], &packet),
            "sync_read" | "fast_sync_read" | "sync_write" | "bulk_read" | "fast_bulk_read" | "bulk_write" => {
                to_group(kind, arguments, &packet);
            }
            _ => to_one(kind, arguments, &packet),
        }
    }
    assert_eq!(seen.len(), 17, "{seen:?}");
}

fn to_one(kind: &str, arguments: &[Value], packet: &[u8]) {
    let data = arguments.last().filter(|_| kind.ends_with("write")).map(bytes);
    let data = data.as_deref().unwrap_or_default();
    let instruction = match kind {
        "ping" => Instruction::Ping,
        "action" => Instruction::Action,
        "reboot" => Instruction::Reboot,
        "clear" => Instruction::ClearMultiTurn,
        "reset" => Instruction::FactoryReset(match number(&arguments[1]) {
            1 => ResetScope::AllButId,
            2 => ResetScope::AllButIdAndBaudRate,
            _ => ResetScope::All,
        }),
        "read" => Instruction::Read {
            address: word(&arguments[1]),
            length: word(&arguments[2]),
        },
        "write" => Instruction::Write {
            address: word(&arguments[1]),
            data,
        },
        "reg_write" => Instruction::RegWrite {
            address: word(&arguments[1]),
            data,
        },
        _ => panic!("{kind}"),
    };
    let to = id(&arguments[0]);
    let mut buffer = [0; MAX_PACKET];
    let length = instruction.encode(to, &mut buffer).unwrap();
    assert_eq!(buffer[..length], *packet, "{instruction:?}");
    let mut packet = packet.to_vec();
    let decoded = Packet::decode(&mut packet).unwrap();
    assert_eq!((decoded.id, decoded.instruction()), (to, Ok(instruction)));
}

fn to_group(kind: &str, arguments: &[Value], packet: &[u8]) {
    let mut buffer = [0; MAX_PACKET];
    let replies = if kind.starts_with("fast") {
        Replies::Joined
    } else {
        Replies::Separate
    };
    let mut copy = packet.to_vec();
    let decoded = Packet::decode(&mut copy).unwrap();
    assert!(decoded.id.is_broadcast());
    let decoded = decoded.instruction().unwrap();
    let encoded: Result<usize, EncodeError> = match decoded {
        Instruction::SyncRead(read) => {
            let (address, length) = (word(&arguments[0]), word(&arguments[1]));
            let ids: Vec<Id> = list(&arguments[2]).iter().map(id).collect();
            assert_eq!(
                (read.address, read.length, read.replies),
                (address, length, replies)
            );
            assert!(read.ids().eq(ids.iter().copied()));
            group::sync_read(&mut buffer, replies, address, length, ids)
        }
        Instruction::SyncWrite(write) => {
            let (address, length) = (word(&arguments[0]), word(&arguments[1]));
            let blocks = list(&arguments[2])
                .iter()
                .map(|block| (id(&block[0]), bytes(&block[1])));
            let blocks: Vec<_> = blocks.collect();
            assert_eq!((write.address, write.length), (address, length));
            assert!(
                write
                    .blocks()
                    .eq(blocks.iter().map(|(id, data)| (*id, &data[..])))
            );
            group::sync_write(&mut buffer, address, length, blocks)
        }
        Instruction::BulkRead(read) => {
            let items = list(&arguments[0]).iter().map(|item| Item {
                id: id(&item[0]),
                address: word(&item[1]),
                length: word(&item[2]),
            });
            assert_eq!(read.replies, replies);
            assert!(read.items().eq(items.clone()));
            group::bulk_read(&mut buffer, replies, items)
        }
        Instruction::BulkWrite(write) => {
            let blocks = list(&arguments[0])
                .iter()
                .map(|block| (id(&block[0]), word(&block[1]), bytes(&block[2])));
            let blocks: Vec<_> = blocks.collect();
            assert!(
                write.blocks().eq(blocks
                    .iter()
                    .map(|(id, address, data)| (*id, *address, &data[..])))
            );
            group::bulk_write(&mut buffer, blocks)
        }
        other => panic!("{kind} is {other:?}"),
    };
    assert_eq!(buffer[..encoded.unwrap()], *packet, "{kind} {arguments:?}");
    let again = decoded.encode(Id::BROADCAST, &mut buffer).unwrap();
    assert_eq!(buffer[..again], *packet, "{kind} {arguments:?}");
}

fn status(arguments: &[Value], packet: &[u8]) {
    let parameters = bytes(&arguments[2]);
    let status = Status {
        id: id(&arguments[0]),
        error: StatusError::from_byte(u8::try_from(number(&arguments[1])).unwrap()),
        parameters: &parameters,
    };
    let mut buffer = [0; MAX_PACKET];
    let length = status.encode(&mut buffer).unwrap();
    assert_eq!(buffer[..length], *packet, "{status:?}");
    assert_eq!(
        Packet::decode(&mut packet.to_vec()).unwrap().status(),
        Some(status)
    );
}

fn joined(blocks: &Value, packet: &[u8]) {
    let blocks: Vec<(u8, Id, Vec<u8>)> = list(blocks)
        .iter()
        .map(|block| {
            (
                u8::try_from(number(&block[0])).unwrap(),
                id(&block[1]),
                bytes(&block[2]),
            )
        })
        .collect();
    let length_of = |id| {
        let (_, _, data) = blocks.iter().find(|(_, who, _)| *who == id)?;
        u16::try_from(data.len()).ok()
    };
    let mut stream = Stream::new();
    let Some(Received::Fast(reply)) = stream.read(&mut &packet[..]) else {
        panic!("{packet:02X?}")
    };
    let read = reply
        .blocks(length_of)
        .map(|block| (block.error.byte(), block.id, block.data));
    assert!(read.eq(blocks.iter().map(|(error, id, data)| (*error, *id, &data[..]))));
}
