//! Any bytes on a DYNAMIXEL line: only packets with the right checksum come out, in any cut the same, and no byte is lost.
//!
//! Chance hardly ever finds a checksum, so the input says what the line is made of: raw bytes, packets, packets cut short, joined answers.

#![no_main]

use libfuzzer_sys::fuzz_target;
use servomesh_fieldbus::dynamixel::{
    FastBlock, FastReply, FastWriter, Id, MAX_PACKET, Packet, Received, StatusError, Stream, crc, fast,
};

fuzz_target!(|input: &[u8]| {
    let [cut, expected, recipe @ ..] = input else {
        return;
    };
    let mut line = line(recipe);
    let expected = (expected % 2 == 1).then(|| u16::from(expected / 2) + 1);
    let whole = received(&line, line.len().max(1), expected);
    let pieces = received(&line, usize::from(*cut).max(1), expected);
    assert_eq!(pieces, whole);
    for kept in whole.0 {
        match kept {
            Kept::Packet(id, code, parameters) => {
                let sent = encoded(id, code, &parameters);
                assert!(line.windows(sent.len()).any(|window| window == sent));
                let packet = Packet {
                    id,
                    code,
                    parameters: &parameters,
                };
                let _ = (packet.status(), packet.instruction());
            }
            Kept::Fast(sent) => check_joined(&sent, expected),
        }
    }
    let _ = Packet::decode(&mut line);
});

#[derive(Debug, PartialEq)]
enum Kept {
    Packet(Id, u8, Vec<u8>),
    Fast(Vec<u8>),
}

/// All that comes of the line in pieces, silent at the end, and how many bytes were skipped.
fn received(line: &[u8], piece: usize, expected: Option<u16>) -> (Vec<Kept>, u64) {
    let keep = |received: Received<'_>| match received {
        Received::Packet(packet) => Kept::Packet(packet.id, packet.code, packet.parameters.to_vec()),
        Received::Fast(reply) => Kept::Fast(reply.bytes().to_vec()),
    };
    let (mut stream, mut kept) = (Stream::new(), Vec::new());
    stream.expect(expected);
    for mut piece in line.chunks(piece) {
        while let Some(received) = stream.read(&mut piece) {
            kept.push(keep(received));
        }
        assert!(piece.is_empty() && stream.waiting() < MAX_PACKET);
    }
    while let Some(received) = stream.silence() {
        kept.push(keep(received));
    }
    assert_eq!(stream.waiting(), 0);
    let in_packets: usize = kept
        .iter()
        .map(|kept| match kept {
            Kept::Packet(id, code, parameters) => encoded(*id, *code, parameters).len(),
            Kept::Fast(bytes) => bytes.len(),
        })
        .sum();
    let skipped = stream.skipped().bytes;
    assert_eq!(in_packets as u64 + skipped, line.len() as u64);
    (kept, skipped)
}

/// A joined answer that was not expected is right as a whole; each block that is given is right in any.
fn check_joined(sent: &[u8], expected: Option<u16>) {
    let reply = FastReply::new(sent).expect("it begins with its header");
    let right = |end: usize| crc::of(&sent[..end - 2]).to_le_bytes() == sent[end - 2..end];
    let length = u16::from_le_bytes([sent[5], sent[6]]);
    assert!(expected == Some(length) || right(sent.len()));
    for each in 0..20 {
        let mut end = 8;
        for block in reply.blocks(|_| Some(each)) {
            end += 4 + usize::from(each);
            assert!(right(end) && block.data == &sent[end - 2 - usize::from(each)..end - 2]);
        }
    }
}

fn line(mut recipe: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    while let [kind, length, rest @ ..] = recipe {
        let (text, after) = rest.split_at(usize::from(*length).min(rest.len()));
        recipe = after;
        match (kind % 4, text) {
            (1, [id, code, parameters @ ..]) => line.extend(packet(*id, *code, parameters)),
            (2, [id, code, parameters @ ..]) => {
                let packet = packet(*id, *code, parameters);
                let kept = usize::from(kind / 4).min(packet.len());
                line.extend(&packet[..kept]);
            }
            (3, [each, blocks @ ..]) => line.extend(joined(1 + each % 16, blocks)),
            _ => line.extend(text),
        }
    }
    line
}

fn packet(id: u8, code: u8, parameters: &[u8]) -> Vec<u8> {
    let id = Id::new(id).unwrap_or(Id::BROADCAST);
    // From all devices, an answer is a joined one.
    let code = if id.is_broadcast() && code == 0x55 {
        0x83
    } else {
        code
    };
    encoded(id, code, parameters)
}

fn encoded(id: Id, code: u8, parameters: &[u8]) -> Vec<u8> {
    let mut buffer = [0; MAX_PACKET];
    let packet = Packet { id, code, parameters };
    let length = packet.encode(&mut buffer).expect("it is short enough");
    buffer[..length].to_vec()
}

/// A joined answer of blocks with `each` bytes of data.
fn joined(each: u8, bytes: &[u8]) -> Vec<u8> {
    let blocks = bytes.chunks_exact(2 + usize::from(each));
    let length = fast::length(blocks.clone().map(|_| u16::from(each))).expect("at most 255 bytes");
    let mut buffer = [0; MAX_PACKET];
    let mut writer = FastWriter::new(&mut buffer, length).expect("there is room");
    for block in blocks {
        let block = FastBlock {
            id: Id::device(block[1] % 128).expect("below 128"),
            error: StatusError::from_byte(block[0]),
            data: &block[2..],
        };
        writer.block(block).expect("there is room");
    }
    let written = writer.written();
    buffer[..written].to_vec()
}
