//! What holds for any packet and any bytes.
//!
//! `SERVOMESH_SOUPS` sets how many random streams are tried, 2000 if it is not there.

use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_fieldbus::feetech::instruction::{Instruction, ResponseLevel};
use servomesh_fieldbus::feetech::packet::{Packet, Scan, scan};
use servomesh_fieldbus::feetech::status::{Alarms, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_fieldbus::feetech::sync::{Blocks, SyncWriter};
use servomesh_fieldbus::feetech::{BROADCAST, MAX_ID, MAX_PACKET, MODELS};

/// A packet that is kept.
#[derive(Clone, Debug, PartialEq)]
struct Kept {
    id: u8,
    code: u8,
    parameters: Vec<u8>,
}

impl Kept {
    fn of(packet: &Packet<'_>) -> Self {
        let Packet { id, code, parameters } = *packet;
        Self {
            id,
            code,
            parameters: parameters.to_vec(),
        }
    }

    fn wire(&self) -> Vec<u8> {
        let mut buffer = [0; MAX_PACKET];
        let packet = Packet {
            id: self.id,
            code: self.code,
            parameters: &self.parameters,
        };
        packet.encode(&mut buffer).expect("fits").to_vec()
    }
}

fn kept(ids: u8, most: u8) -> impl Strategy<Value = Kept> {
    (0..=ids, 0..=most, prop::collection::vec(0..=most, 0..40)).prop_map(|(id, code, parameters)| Kept {
        id,
        code,
        parameters,
    })
}

/// All packets of a stream that comes in pieces, the line silent at the end; and how many bytes were skipped.
fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Kept>, u64) {
    let (mut stream, mut found) = (Stream::default(), Vec::new());
    for mut piece in pieces {
        while let Some(packet) = stream.next(&mut piece) {
            found.push(Kept::of(&packet));
        }
        assert!(piece.is_empty() && stream.undecided() < MAX_PACKET);
    }
    while let Some(packet) = stream.flush() {
        found.push(Kept::of(&packet));
    }
    assert_eq!(stream.undecided(), 0);
    (found, stream.skipped())
}

proptest! {
    #[test]
    fn what_was_encoded_comes_back(packet in kept(BROADCAST, 0xFF)) {
        let wire = packet.wire();
        prop_assert_eq!(wire.len(), packet.parameters.len() + 6);
        match scan(&wire) {
            Scan::Found { skip: 0, broken: 0, packet: found } => prop_assert_eq!(Kept::of(&found), packet),
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn instructions_come_back(
        id in 0..=MAX_ID, code in 0_usize..12, address: u8, length in 1..=40_u8, data in prop::collection::vec(any::<u8>(), 1..40),
        ids in prop::collection::vec(0..=MAX_ID, 1..40), position in prop::option::of(any::<u16>()),
    ) {
        let blocks: Vec<u8> = ids.iter().take(5).flat_map(|&id| std::iter::once(id).chain((0..length).map(|k| k ^ address))).collect();
        let blocks = Blocks::new(length, &blocks).expect("whole blocks");
        let instruction = match code {
            0 => Instruction::Ping,
            1 => Instruction::Read { address, length },
            2 => Instruction::Write { address, data: &data },
            3 => Instruction::RegWrite { address, data: &data },
            4 => Instruction::Action,
            5 => Instruction::Recovery,
            6 => Instruction::Reboot,
            7 => Instruction::Backup,
            8 => Instruction::Reset,
            9 => Instruction::Calibrate { position },
            10 => Instruction::SyncRead { address, length, ids: &ids },
            _ => Instruction::SyncWrite { address, blocks },
        };
        let id = if code >= 10 { BROADCAST } else { id };
        let mut buffer = [0; MAX_PACKET];
        let wire = instruction.encode(id, &mut buffer).expect("can be said");
        let Scan::Found { packet, .. } = scan(wire) else { return Err(TestCaseError::fail("no packet")) };
        prop_assert_eq!(packet.id, id);
        prop_assert_eq!(packet.code, instruction.code());
        prop_assert_eq!(Instruction::decode(&packet), Ok(instruction));
    }

    /// However the stream is cut, the same packets come out, and between good packets nothing is skipped.
    #[test]
    fn cuts_change_nothing(packets in prop::collection::vec(kept(MAX_ID, 0xFF), 1..8), cuts in prop::collection::vec(1..50_usize, 1..60)) {
        let wire = packets.iter().flat_map(Kept::wire).collect::<Vec<_>>();
        let mut rest = &wire[..];
        let pieces: Vec<&[u8]> = cuts.iter().map(|&cut| {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            rest = behind;
            piece
        }).collect();
        let (found, skipped) = read(pieces.into_iter().chain([rest]));
        prop_assert_eq!(&found, &packets);
        prop_assert_eq!(skipped, 0);
    }

    /// A flipped bit is seen, save where it makes the length another one: then other bytes are summed, and may fit by chance.
    #[test]
    fn a_flipped_bit_gives_nothing(packet in kept(0x7E, 0x7E), place: prop::sample::Index, bit in 0..8) {
        let mut wire = packet.wire();
        let place = place.index(wire.len());
        wire[place] ^= 1_u8 << bit;
        let (found, skipped) = read([&wire[..]].into_iter());
        prop_assert!(!found.contains(&packet));
        if place != 3 {
            prop_assert_eq!((found, skipped), (vec![], wire.len() as u64));
        }
    }

    /// Garbage before, between and behind: the good packets come, unless the garbage by chance holds or hides one.
    #[test]
    fn good_packets_survive_garbage(packets in prop::collection::vec((kept(MAX_ID, 0xFF), prop::collection::vec(0..0xFF_u8, 0..60)), 1..6)) {
        let wire: Vec<u8> = packets.iter().flat_map(|(packet, garbage)| [garbage.clone(), packet.wire()].concat()).collect();
        let (found, skipped) = read(wire.chunks(7));
        prop_assert_eq!(found, packets.iter().map(|(packet, _)| packet.clone()).collect::<Vec<_>>());
        prop_assert_eq!(skipped, packets.iter().map(|(_, garbage)| garbage.len() as u64).sum::<u64>());
    }

    #[test]
    fn registers_hold_what_is_put(model in 0..MODELS.len(), register: prop::sample::Index, value in -70_000..70_000) {
        let model = MODELS[model];
        let register = &model.registers[register.index(model.registers.len())];
        let mut bytes = [0; 2];
        let bytes = &mut bytes[..usize::from(register.size)];
        let put = register.put(model.order, value, bytes);
        prop_assert_eq!(put.is_ok(), (register.min..=register.max).contains(&value));
        if put.is_ok() {
            prop_assert_eq!(register.get(model.order, bytes), Ok(value));
            prop_assert_eq!(register.from_si(register.to_si(value)), Some(value));
        }
    }
}

/// Bytes that are likely to look like packets: headers, true packets, their beginnings, noise.
fn soup(random: &mut impl Rng) -> Vec<u8> {
    let mut wire = Vec::new();
    for _ in 0..random.random_range(1..30) {
        let packet = Kept {
            id: random.random_range(0..=BROADCAST),
            code: random.random(),
            parameters: (0..random.random_range(0..30)).map(|_| random.random()).collect(),
        };
        let bytes = packet.wire();
        match random.random_range(0..5) {
            0 => wire.extend([0xFF, 0xFF, random.random(), random.random()]),
            1 => wire.extend(&bytes[..random.random_range(0..bytes.len())]),
            2 => wire.extend(
                (0..random.random_range(0..300))
                    .map(|_| random.random::<u8>() | (random.random::<u8>() & 0xF0)),
            ),
            _ => wire.extend(bytes),
        }
    }
    wire
}

#[test]
fn any_soup_is_survived() {
    let soups = std::env::var("SERVOMESH_SOUPS").map_or(2000, |text| text.parse().expect("a number"));
    let (mut packets, mut understood) = (0, 0);
    for seed in 0..soups {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let wire = soup(&mut random);
        let piece = random.random_range(1..200);
        let (found, skipped) = read(wire.chunks(piece));
        let (whole, also) = read([&wire[..]].into_iter());
        assert_eq!(
            (&found, skipped),
            (&whole, also),
            "seed {seed}: pieces of {piece}"
        );
        let kept: usize = found.iter().map(|packet| packet.parameters.len() + 6).sum();
        assert_eq!(
            kept as u64 + skipped,
            wire.len() as u64,
            "seed {seed}: no byte is lost"
        );
        for packet in &found {
            let again = packet.wire();
            assert!(
                wire.windows(again.len()).any(|window| window == again),
                "seed {seed}: {packet:?}"
            );
            let packet = Packet {
                id: packet.id,
                code: packet.code,
                parameters: &packet.parameters,
            };
            packets += 1;
            understood +=
                usize::from(Instruction::decode(&packet).is_ok() || Status::decode(&packet).is_ok());
        }
    }
    assert!(
        packets > 5 * soups as usize && understood > soups as usize,
        "{packets} packets, {understood} understood"
    );
}

#[test]
fn nothing_is_allocated() {
    let model = MODELS[0];
    let mut stream = Stream::default();
    let count = allocation_counter::measure(|| {
        let (mut request, mut answer) = ([0; MAX_PACKET], [0; MAX_PACKET]);
        for k in 0..100_u8 {
            let read = Instruction::SyncRead {
                address: 56,
                length: 15,
                ids: &[1, 2, 3, 4, 5, 6],
            };
            let mut wire = read.encode(BROADCAST, &mut request).expect("can be said");
            let packet = stream.next(&mut wire).expect("whole");
            let Ok(Instruction::SyncRead { ids, length, .. }) = Instruction::decode(&packet) else {
                panic!("not what was sent")
            };
            assert_eq!(read.reply_len(BROADCAST, ResponseLevel::All), 126);
            let (mut ask, mut listen) = ([0; 6], Stream::default());
            ask.copy_from_slice(ids);
            for id in ask {
                let mut data = [k; 15];
                let (position, _) = data.split_at_mut(2);
                model
                    .at(56)
                    .expect("position")
                    .put(model.order, i32::from(k), position)
                    .expect("in range");
                let status = Status {
                    id,
                    alarms: Alarms::NONE,
                    data: &data[..usize::from(length)],
                };
                let mut wire = status.encode(&mut answer).expect("fits");
                let packet = listen.next(&mut wire).expect("whole");
                assert_eq!(Status::decode(&packet), Ok(status));
            }
            let mut writer = SyncWriter::new(&mut request, 41, 7).expect("room");
            for id in ask {
                writer.block(id).expect("room").fill(k);
            }
            assert_eq!(writer.finish().expect("blocks").len(), 56);
        }
    });
    assert_eq!(count.count_total, 0);
}
