//! Any bytes on a FEETECH line: only packets with the right checksum come out, in any cut the same, and no byte is lost.
//!
//! The input says what the line is made of: raw bytes, packets, packets cut short.

#![no_main]

use libfuzzer_sys::fuzz_target;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::Packet;
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::{BROADCAST, MAX_PACKET};

fuzz_target!(|input: &[u8]| {
    let [cut, recipe @ ..] = input else {
        return;
    };
    let line = line(recipe);
    let (found, skipped) = read(&line, line.len().max(1));
    assert_eq!(read(&line, usize::from(*cut).max(1)), (found.clone(), skipped));
    let kept: usize = found.iter().map(|(_, _, parameters)| parameters.len() + 6).sum();
    assert_eq!(kept as u64 + skipped, line.len() as u64);
    for (id, code, parameters) in &found {
        let packet = Packet {
            id: *id,
            code: *code,
            parameters,
        };
        let again = encoded(&packet);
        assert!(line.windows(again.len()).any(|window| window == again));
        let _ = (Instruction::decode(&packet), Status::decode(&packet));
    }
});

type Kept = (u8, u8, Vec<u8>);

/// All packets of the line in pieces, silent at the end, and how many bytes were skipped.
fn read(line: &[u8], piece: usize) -> (Vec<Kept>, u64) {
    let keep = |packet: Packet<'_>| (packet.id, packet.code, packet.parameters.to_vec());
    let (mut stream, mut found) = (Stream::default(), Vec::new());
    for mut piece in line.chunks(piece) {
        while let Some(packet) = stream.next(&mut piece) {
            found.push(keep(packet));
        }
        assert!(piece.is_empty() && stream.undecided() < MAX_PACKET);
    }
    while let Some(packet) = stream.flush() {
        found.push(keep(packet));
    }
    assert_eq!(stream.undecided(), 0);
    (found, stream.skipped())
}

fn line(mut recipe: &[u8]) -> Vec<u8> {
    let mut line = Vec::new();
    while let [kind, length, rest @ ..] = recipe {
        let (text, after) = rest.split_at(usize::from(*length).min(rest.len()));
        recipe = after;
        match (kind % 3, text) {
            (1 | 2, [id, code, parameters @ ..]) => {
                let parameters = &parameters[..parameters.len().min(MAX_PACKET - 6)];
                let packet = encoded(&Packet {
                    id: (*id).min(BROADCAST),
                    code: *code,
                    parameters,
                });
                let cut = if kind % 3 == 1 {
                    packet.len()
                } else {
                    usize::from(kind / 3)
                };
                line.extend(&packet[..cut.min(packet.len())]);
            }
            _ => line.extend(text),
        }
    }
    line
}

fn encoded(packet: &Packet<'_>) -> Vec<u8> {
    let mut buffer = [0; MAX_PACKET];
    packet.encode(&mut buffer).expect("it fits").to_vec()
}
