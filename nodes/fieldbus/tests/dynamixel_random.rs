//! Random packets, streams and soup. Each case has a seed of its own, which a failure prints; `SERVOMESH_DYNAMIXEL_SEED=<seed>` runs that
//! case of each test alone, `SERVOMESH_DYNAMIXEL_CASES=<count>` so many instead.

#![allow(clippy::unwrap_used)] // a test that fails says where

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_fieldbus::dynamixel::{
    FastBlock, FastReply, FastWriter, Id, Instruction, Item, MAX_PACKET, Packet, Received, Replies, Skipped,
    Status, StatusError, Stream, crc, fast, group,
};

/// Runs that many cases; those that fail are told with their seeds.
fn cases(count: u64, case: impl Fn(&mut ChaCha8Rng)) {
    let variable = |name| {
        std::env::var(name)
            .ok()
            .map(|text| text.parse::<u64>().expect(name))
    };
    let seeds = match variable("SERVOMESH_DYNAMIXEL_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("SERVOMESH_DYNAMIXEL_CASES").unwrap_or(count),
    };
    let fails = |seed: &u64| {
        let mut random = ChaCha8Rng::seed_from_u64(*seed);
        let failed = catch_unwind(AssertUnwindSafe(|| case(&mut random))).is_err();
        if failed {
            eprintln!("failed with SERVOMESH_DYNAMIXEL_SEED={seed}\n");
        }
        failed
    };
    let failed: Vec<u64> = seeds.filter(fails).take(10).collect();
    assert!(failed.is_empty(), "seeds {failed:?}");
}

fn id(random: &mut ChaCha8Rng) -> Id {
    Id::device(random.random_range(0..=Id::MAX)).unwrap()
}

/// Bytes that are often parts of headers.
fn text(random: &mut ChaCha8Rng, length: usize) -> Vec<u8> {
    let common = [0xFF, 0xFF, 0xFD, 0xFD, 0x00];
    let mostly = random.random_bool(0.5);
    (0..length)
        .map(|_| {
            if mostly && random.random_bool(0.9) {
                common[random.random_range(0..common.len())]
            } else {
                random.random()
            }
        })
        .collect()
}

fn short_text(random: &mut ChaCha8Rng) -> Vec<u8> {
    let length = random.random_range(0..40);
    text(random, length)
}

/// Any packet that is stuffed: of no, few or many parameters.
fn packet(random: &mut ChaCha8Rng) -> (Id, u8, Vec<u8>) {
    let longest = [0, 12, 60, 600][random.random_range(0..4)];
    let length = random.random_range(0..=longest);
    let parameters = text(random, length);
    let code = match random.random_range(0..3) {
        0 => random.random(),
        1 => 0x55,
        _ => 0x03,
    };
    let id = if code != 0x55 && random.random_bool(0.2) {
        Id::BROADCAST
    } else {
        id(random)
    };
    (id, code, parameters)
}

fn encoded(id: Id, code: u8, parameters: &[u8]) -> Vec<u8> {
    let mut buffer = [0; MAX_PACKET];
    let packet = Packet { id, code, parameters };
    let length = packet.encode(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// What a device puts into a joined answer.
type Block = (Id, StatusError, Vec<u8>);

/// A joined answer of some devices, with what was put in.
fn joined(random: &mut ChaCha8Rng) -> (Vec<u8>, Vec<Block>) {
    let count = random.random_range(1..8);
    let length = random.random_range(1..20);
    let blocks: Vec<_> = (0..count)
        .map(|_| {
            let error = StatusError::from_byte(if random.random_bool(0.8) {
                0
            } else {
                random.random()
            });
            (id(random), error, text(random, length))
        })
        .collect();
    let mut buffer = [0; MAX_PACKET];
    let field = fast::length(blocks.iter().map(|_| length as u16)).unwrap();
    let mut writer = FastWriter::new(&mut buffer, field).unwrap();
    for (id, error, data) in &blocks {
        let (id, error) = (*id, *error);
        writer.block(FastBlock { id, error, data }).unwrap();
    }
    let written = writer.written();
    (buffer[..written].to_vec(), blocks)
}

/// What came, kept.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    Packet(Id, u8, Vec<u8>),
    Fast(Vec<u8>),
}

fn keep(received: Received<'_>) -> Kept {
    match received {
        Received::Packet(packet) => Kept::Packet(packet.id, packet.code, packet.parameters.to_vec()),
        Received::Fast(reply) => Kept::Fast(reply.bytes().to_vec()),
    }
}

/// All packets in the pieces, and what was skipped, with silence at the end.
fn received<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<Kept>, Skipped) {
    let mut stream = Stream::new();
    let (mut kept, mut bytes, mut in_packets) = (Vec::new(), 0, 0);
    for mut piece in pieces {
        bytes += piece.len();
        while let Some(received) = stream.read(&mut piece) {
            kept.push(keep(received));
        }
        assert!(piece.is_empty() && stream.waiting() < MAX_PACKET);
    }
    while let Some(received) = stream.silence() {
        kept.push(keep(received));
    }
    assert_eq!(stream.waiting(), 0);
    for kept in &kept {
        in_packets += match kept {
            Kept::Packet(id, code, parameters) => encoded(*id, *code, parameters).len(),
            Kept::Fast(bytes) => bytes.len(),
        };
    }
    let skipped = stream.skipped();
    assert_eq!(
        in_packets as u64 + skipped.bytes,
        bytes as u64,
        "no byte is lost or counted twice"
    );
    (kept, skipped)
}

/// The bytes in pieces of random lengths.
fn cut<'b>(random: &mut ChaCha8Rng, bytes: &'b [u8]) -> Vec<&'b [u8]> {
    let (mut rest, mut pieces) = (bytes, Vec::new());
    let longest = [1, 3, 50, 5000][random.random_range(0..4)];
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(random.random_range(1..=longest).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[test]
fn packets_come_back() {
    cases(1000, |random| {
        let (id, code, parameters) = packet(random);
        let mut bytes = encoded(id, code, &parameters);
        let decoded = Packet::decode(&mut bytes).unwrap();
        assert_eq!(
            (decoded.id, decoded.code, decoded.parameters),
            (id, code, &parameters[..])
        );
    });
}

#[test]
fn headers_at_every_place_come_back() {
    for length in 3..40 {
        for at in 0..=length - 3 {
            for filler in [0x00, 0xFF, 0xFD] {
                let mut parameters = vec![filler; length];
                parameters[at..at + 3].copy_from_slice(&[0xFF, 0xFF, 0xFD]);
                let bytes = encoded(Id::BROADCAST, 0x83, &parameters);
                let body = &bytes[7..bytes.len() - 2];
                assert!(
                    !body
                        .windows(4)
                        .any(|w| w[..3] == [0xFF, 0xFF, 0xFD] && w[3] != 0xFD)
                );
                assert_eq!(
                    received([&bytes[..]]).0,
                    [Kept::Packet(Id::BROADCAST, 0x83, parameters)]
                );
            }
        }
    }
}

#[test]
fn instructions_and_answers_come_back() {
    cases(1000, |random| {
        let (address, length) = (random.random(), random.random_range(0..30_u16));
        let data = short_text(random);
        let replies = [Replies::Separate, Replies::Joined][random.random_range(0..2)];
        let ids: Vec<Id> = (0..random.random_range(0..12)).map(|_| id(random)).collect();
        let mut buffer = [0; MAX_PACKET];

        let to = id(random);
        for instruction in [
            Instruction::Read { address, length },
            Instruction::Write { address, data: &data },
            Instruction::RegWrite { address, data: &data },
        ] {
            let size = instruction.encode(to, &mut buffer).unwrap();
            let packet = Packet::decode(&mut buffer[..size]).unwrap();
            assert_eq!((packet.id, packet.instruction()), (to, Ok(instruction)));
        }

        let status = Status {
            id: to,
            error: StatusError::from_byte(random.random()),
            parameters: &data,
        };
        let size = status.encode(&mut buffer).unwrap();
        assert_eq!(
            Packet::decode(&mut buffer[..size]).unwrap().status(),
            Some(status)
        );

        let size = group::sync_read(&mut buffer, replies, address, length, ids.iter().copied()).unwrap();
        match Packet::decode(&mut buffer[..size]).unwrap().instruction() {
            Ok(Instruction::SyncRead(read)) => {
                assert_eq!(
                    (read.address, read.length, read.replies),
                    (address, length, replies)
                );
                assert!(read.ids().eq(ids.iter().copied()));
            }
            other => panic!("{other:?}"),
        }

        let blocks: Vec<_> = ids
            .iter()
            .map(|id| (*id, text(random, usize::from(length))))
            .collect();
        let parts = || blocks.iter().map(|(id, data)| (*id, &data[..]));
        let size = group::sync_write(&mut buffer, address, length, parts()).unwrap();
        match Packet::decode(&mut buffer[..size]).unwrap().instruction() {
            Ok(Instruction::SyncWrite(write)) => {
                assert_eq!((write.address, write.length), (address, length));
                assert!(write.blocks().eq(parts()));
            }
            other => panic!("{other:?}"),
        }

        let items: Vec<Item> = ids
            .iter()
            .map(|id| Item {
                id: *id,
                address: random.random(),
                length: random.random(),
            })
            .collect();
        let size = group::bulk_read(&mut buffer, replies, items.iter().copied()).unwrap();
        match Packet::decode(&mut buffer[..size]).unwrap().instruction() {
            Ok(Instruction::BulkRead(read)) => {
                assert_eq!(read.replies, replies);
                assert!(read.items().eq(items.iter().copied()));
            }
            other => panic!("{other:?}"),
        }

        let blocks: Vec<_> = ids
            .iter()
            .map(|id| (*id, random.random(), short_text(random)))
            .collect();
        let parts = || {
            blocks
                .iter()
                .map(|(id, address, data)| (*id, *address, &data[..]))
        };
        let size = group::bulk_write(&mut buffer, parts()).unwrap();
        match Packet::decode(&mut buffer[..size]).unwrap().instruction() {
            Ok(Instruction::BulkWrite(write)) => assert!(write.blocks().eq(parts())),
            other => panic!("{other:?}"),
        }

        let (bytes, blocks) = joined(random);
        let length = blocks[0].2.len() as u16;
        let read: Vec<_> = FastReply::new(&bytes)
            .unwrap()
            .blocks(|_| Some(length))
            .map(|block| (block.id, block.error, block.data.to_vec()))
            .collect();
        assert_eq!(read, blocks);
    });
}

/// Packets, joined answers and garbage in a row.
fn line(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..random.random_range(1..12) {
        match random.random_range(0..5) {
            0 => bytes.extend(short_text(random)),
            1 => bytes.extend(joined(random).0),
            _ => {
                let (id, code, parameters) = packet(random);
                let mut packet = encoded(id, code, &parameters);
                if random.random_bool(0.2) {
                    packet.truncate(random.random_range(0..packet.len()));
                }
                bytes.extend(packet);
            }
        }
    }
    bytes
}

#[test]
fn any_cut_of_the_stream_gives_the_same() {
    cases(1000, |random| {
        let bytes = line(random);
        let whole = received([&bytes[..]]);
        let pieces = cut(random, &bytes);
        assert_eq!(received(pieces), whole);
    });
}

#[test]
fn a_flipped_bit_gives_no_packet() {
    cases(200, |random| {
        let (id, code, mut parameters) = packet(random);
        parameters.truncate(40);
        let bytes = encoded(id, code, &parameters);
        for bit in 0..8 * bytes.len() {
            let mut wrong = bytes.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let (kept, skipped) = received([&wrong[..]]);
            assert_eq!(kept, [], "bit {bit}");
            assert_eq!(skipped.bytes, wrong.len() as u64);
        }
    });
}

#[test]
fn the_next_good_packet_is_found_whatever_was_before() {
    cases(3000, |random| {
        let mut lost = None;
        let mut bytes = match random.random_range(0..3) {
            0 => short_text(random),
            // A packet that lost its end, or bytes in the middle.
            1 => {
                let (id, code, parameters) = packet(random);
                let mut bytes = encoded(id, code, &parameters);
                lost = Some(bytes.clone());
                let from = random.random_range(1..bytes.len());
                let to = random.random_range(from..=bytes.len());
                bytes.drain(from..to.max(from + 1));
                bytes
            }
            // A header that claims what does not come.
            _ => {
                let mut bytes = short_text(random);
                bytes.extend([0xFF, 0xFF, 0xFD, 0x00, random.random(), random.random()]);
                bytes.extend([random.random_range(0..5), random.random()]);
                bytes.extend(short_text(random));
                bytes
            }
        };
        let (id, code, parameters) = packet(random);
        bytes.extend(encoded(id, code, &parameters));
        if lost.is_some_and(|lost: Vec<u8>| bytes.starts_with(&lost)) {
            return; // It ended with FF, and so it does still: it is the good one's header that lost it.
        }
        let pieces = cut(random, &bytes);
        assert_eq!(
            received(pieces).0.last(),
            Some(&Kept::Packet(id, code, parameters))
        );
    });
}

#[test]
fn a_packet_that_lost_bytes_is_given_up_when_the_next_begins() {
    cases(500, |random| {
        let lost = encoded(id(random), 0x03, &[7; 100]);
        let (id, code, parameters) = (id(random), 0x55, short_text(random));
        let next = encoded(id, code, &parameters);
        let mut stream = Stream::new();
        let kept = random.random_range(10..lost.len() - 1);
        assert_eq!(stream.read(&mut &lost[..kept]), None);
        // Without a word about silence.
        match stream.read(&mut &next[..]) {
            Some(received) => assert_eq!(keep(received), Kept::Packet(id, code, parameters)),
            // The last byte of the lost one's claim may be the next one's.
            None => panic!("{kept} of {} bytes hide the next packet", lost.len()),
        }
        assert_eq!(stream.skipped().cut + stream.skipped().crc, 1);
    });
}

#[test]
fn soup_is_survived() {
    cases(20_000, |random| {
        let mut bytes = Vec::new();
        for _ in 0..random.random_range(1..4) {
            match random.random_range(0..3) {
                0 => bytes.extend([0xFF, 0xFF, 0xFD, 0x00]),
                1 => bytes.extend(line(random)),
                _ => bytes.extend(short_text(random)),
            }
        }
        for _ in 0..random.random_range(0..5) {
            let at = random.random_range(0..bytes.len().max(1));
            if let Some(byte) = bytes.get_mut(at) {
                *byte = random.random();
            }
        }
        let pieces = cut(random, &bytes);
        for kept in received(pieces).0 {
            match kept {
                Kept::Packet(id, code, parameters) => {
                    let packet = Packet {
                        id,
                        code,
                        parameters: &parameters,
                    };
                    // It was in the bytes, checksum and all, and can be taken for whatever it is.
                    let sent = encoded(id, code, &parameters);
                    assert!(bytes.windows(sent.len()).any(|window| window == sent));
                    let _ = (packet.status(), packet.instruction());
                }
                Kept::Fast(sent) => {
                    let (before, last) = sent.split_last_chunk::<2>().unwrap();
                    assert_eq!(crc::of(before), u16::from_le_bytes(*last));
                    let reply = FastReply::new(&sent).unwrap();
                    let length = random.random_range(0..20);
                    assert!(reply.blocks(|_| Some(length)).count() <= sent.len());
                }
            }
        }
        let _ = Packet::decode(&mut bytes);
    });
}

#[test]
fn an_expected_answer_gives_only_what_is_good_in_it() {
    cases(1000, |random| {
        let (mut bytes, blocks) = joined(random);
        let length = blocks[0].2.len() as u16;
        let field = fast::length(blocks.iter().map(|_| length));
        let from = random.random_range(8..bytes.len());
        match random.random_range(0..3) {
            0 => bytes.truncate(from),
            1 => bytes[from] ^= 1 << random.random_range(0..8),
            _ => {
                bytes.remove(from);
            }
        }
        let mut stream = Stream::new();
        stream.expect(field);
        let mut kept = None;
        for mut piece in cut(random, &bytes) {
            while let Some(received) = stream.read(&mut piece) {
                kept = kept.or(Some(keep(received)));
            }
        }
        while let Some(received) = stream.silence() {
            kept = kept.or(Some(keep(received)));
        }
        let Some(Kept::Fast(reply)) = kept else {
            panic!("{kept:?}")
        };
        let read: Vec<_> = FastReply::new(&reply)
            .unwrap()
            .blocks(|_| Some(length))
            .map(|block| (block.id, block.error, block.data.to_vec()))
            .collect();
        // A byte removed from a run of equal ones is missing at its end.
        let size = usize::from(length) + 4;
        assert!(read.len() >= (from - 8) / size);
        assert_eq!(read, blocks[..read.len()]);
        assert!(read.len() < blocks.len());
    });
}
