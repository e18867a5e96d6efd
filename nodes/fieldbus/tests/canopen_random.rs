//! What holds for any transfer and any bytes.
//!
//! `SERVOMESH_SOUPS` sets how many random runs are tried, 2000 if it is not there.

#[path = "line/sdo.rs"]
mod line;

use line::{Beside, DOMAIN, Ends, Objects, ROOM, WORD, check_lossy, run, way};
use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_fieldbus::can::frame::Id;
use servomesh_fieldbus::canopen::emergency::Emergency;
use servomesh_fieldbus::canopen::lss::{self, Effect};
use servomesh_fieldbus::canopen::nmt::{Heartbeat, HeartbeatConsumer, NmtCommand, NmtState};
use servomesh_fieldbus::canopen::pdo::{CobId, Entry, Mapping, MappingError, Transmission};
use servomesh_fieldbus::canopen::sdo::message::{Content, Frame, Piece, Request, Response, Segment};
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, Dictionary, Server, Way};
use servomesh_fieldbus::canopen::sync::{Sync, TimeOfDay};
use servomesh_fieldbus::canopen::{NodeId, Service};

fn soups() -> u64 {
    std::env::var("SERVOMESH_SOUPS").map_or(2000, |count| count.parse().expect("a number"))
}

fn address() -> impl Strategy<Value = Address> {
    (any::<u16>(), any::<u8>()).prop_map(|(index, sub)| Address::new(index, sub))
}

fn content() -> impl Strategy<Value = Content> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 1..=4).prop_map(|data| Content::of(&data)),
        any::<[u8; 4]>().prop_map(|bytes| Content::Expedited {
            bytes,
            length: 4,
            sized: false
        }),
        any::<Option<u32>>().prop_map(Content::Segmented),
    ]
}

fn piece() -> impl Strategy<Value = Piece> {
    prop::collection::vec(any::<u8>(), 0..=7).prop_map(|data| Piece::of(&data))
}

fn request() -> impl Strategy<Value = Request> {
    prop_oneof![
        (address(), content()).prop_map(|(address, content)| Request::Download(address, content)),
        (any::<bool>(), piece(), any::<bool>()).prop_map(|(toggle, piece, last)| Request::DownloadSegment {
            toggle,
            piece,
            last
        }),
        address().prop_map(Request::Upload),
        any::<bool>().prop_map(|toggle| Request::UploadSegment { toggle }),
        (address(), any::<bool>(), any::<Option<u32>>()).prop_map(|(address, checksum, length)| {
            Request::BlockDownload {
                address,
                checksum,
                length,
            }
        }),
        (0..8_u8, any::<u16>()).prop_map(|(unused, checksum)| Request::BlockDownloadEnd { unused, checksum }),
        (address(), any::<bool>(), any::<u8>(), any::<u8>()).prop_map(
            |(address, checksum, size, threshold)| Request::BlockUpload {
                address,
                checksum,
                size,
                threshold
            }
        ),
        Just(Request::BlockUploadStart),
        (any::<u8>(), any::<u8>())
            .prop_map(|(sequence, size)| Request::BlockUploadAcknowledge { sequence, size }),
        Just(Request::BlockUploadEnd),
        (address(), any::<u32>()).prop_map(|(address, code)| Request::Abort(address, Abort::of(code))),
    ]
}

fn response() -> impl Strategy<Value = Response> {
    prop_oneof![
        (address(), content()).prop_map(|(address, content)| Response::Upload(address, content)),
        (any::<bool>(), piece(), any::<bool>()).prop_map(|(toggle, piece, last)| Response::UploadSegment {
            toggle,
            piece,
            last
        }),
        address().prop_map(Response::Download),
        any::<bool>().prop_map(|toggle| Response::DownloadSegment { toggle }),
        (address(), any::<bool>(), any::<u8>()).prop_map(|(address, checksum, size)| {
            Response::BlockDownload {
                address,
                checksum,
                size,
            }
        }),
        (any::<u8>(), any::<u8>())
            .prop_map(|(sequence, size)| Response::BlockDownloadAcknowledge { sequence, size }),
        Just(Response::BlockDownloadEnd),
        (address(), any::<bool>(), any::<Option<u32>>()).prop_map(|(address, checksum, length)| {
            Response::BlockUpload {
                address,
                checksum,
                length,
            }
        }),
        (0..8_u8, any::<u16>()).prop_map(|(unused, checksum)| Response::BlockUploadEnd { unused, checksum }),
        (address(), any::<u32>()).prop_map(|(address, code)| Response::Abort(address, Abort::of(code))),
    ]
}

proptest! {
    #[test]
    fn requests_come_back(request in request()) {
        prop_assert_eq!(Request::decode(&request.encode()), Some(request));
    }

    #[test]
    fn responses_come_back(response in response()) {
        prop_assert_eq!(Response::decode(&response.encode()), Some(response));
    }

    #[test]
    fn segments_come_back(frame: Frame) {
        prop_assert_eq!(Segment::decode(&frame).encode(), frame);
    }

    #[test]
    fn data_of_any_length_arrive_both_ways(data in prop::collection::vec(any::<u8>(), 0..=ROOM), blocks: bool) {
        let (mut client, mut server, mut objects) = (Client::new(), Server::new(), Objects::default());
        client.download(DOMAIN, &data, way(blocks)).expect("room");
        prop_assert_eq!(run(&mut client, &mut server, &mut objects, |_, _| false), (Ok(vec![]), 0));
        prop_assert_eq!(&objects.domain, &data);
        client.upload(DOMAIN, way(blocks)).expect("idle");
        prop_assert_eq!(run(&mut client, &mut server, &mut objects, |_, _| false), (Ok(data), 0));
        prop_assert!(!server.is_busy() && objects.writes == 1);
    }

    /// Segments of blocks that are lost are sent again, as long as each block's last one arrives.
    #[test]
    fn blocks_with_gaps_arrive(data in prop::collection::vec(any::<u8>(), 0..=ROOM), seed: u64) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut gaps = move |segments_from_server: bool| {
            let mut open = false;
            let mut random = ChaCha8Rng::seed_from_u64(random.next_u64());
            move |from_server: bool, frame: &Frame| {
                let begins = if from_server { 0xA4 } else { 0xA3 };
                if from_server != segments_from_server {
                    open |= frame[0] == begins || frame[0] & 0xE3 == 0xA0;
                    return false;
                }
                let within = frame[0] & 0x80 == 0 && frame[0] & 0x7F < 127;
                open && within && frame[0] > 0 && random.random_bool(0.2)
            }
        };
        let (mut client, mut server, mut objects) = (Client::new(), Server::new(), Objects::default());
        client.download(DOMAIN, &data, Way::Blocks).expect("room");
        prop_assert_eq!(run(&mut client, &mut server, &mut objects, gaps(false)), (Ok(vec![]), 0));
        prop_assert_eq!(&objects.domain, &data);
        client.upload(DOMAIN, Way::Blocks).expect("idle");
        prop_assert_eq!(run(&mut client, &mut server, &mut objects, gaps(true)), (Ok(data), 0));
    }

    #[test]
    fn mappings_come_back(entries in prop::collection::vec((address(), 1..=64_u8, any::<u64>()), 0..20)) {
        let mut mapping = Mapping::new();
        let mut kept = Vec::new();
        for (address, bits, value) in entries {
            let entry = Entry { address, bits };
            prop_assert_eq!(Entry::decode(entry.encode()), entry);
            match mapping.push(entry) {
                Ok(()) => kept.push((entry, value & (u64::MAX >> (64 - u32::from(bits))))),
                Err(MappingError::Full(_, _, left)) => prop_assert!(u32::from(bits) > left),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }
        let mut values = kept.iter().map(|(_, value)| *value);
        let packed = mapping.pack(|_| values.next().expect("one each"));
        let unpacked: Vec<_> = mapping.unpack(&packed[..mapping.len()]).expect("long enough").collect();
        prop_assert_eq!(unpacked, kept);
        if let Some(short) = mapping.len().checked_sub(1) {
            prop_assert!(mapping.unpack(&packed[..short]).is_none());
        }
    }

    #[test]
    fn small_things_come_back(code: u8, content: u32, node in 1..=NodeId::MAX, toggle: bool) {
        let state = NmtState::ALL[usize::from(code) % 4];
        let heartbeat = Heartbeat { state, toggle };
        prop_assert_eq!(Heartbeat::decode(&heartbeat.encode()), Some(heartbeat));
        let node = NodeId::new(node).expect("1 to 127");
        let consumer = HeartbeatConsumer { node, within_ms: (content as u16).max(1) };
        prop_assert_eq!(HeartbeatConsumer::decode(consumer.encode()), Some(consumer));
        if let Some(transmission) = Transmission::of(code) {
            prop_assert_eq!(transmission.code(), code);
        }
        if let Some(id) = CobId::decode(content) {
            prop_assert_eq!(CobId::decode(id.encode()), Some(id));
            prop_assert_eq!(id.encode(), content);
        }
    }

    #[test]
    fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..10), number: u16) {
        NmtCommand::decode(&data);
        Heartbeat::decode(&data);
        Emergency::decode(&data);
        Sync::decode(&data);
        TimeOfDay::decode(&data);
        if let Some(id) = Id::standard(number) {
            Service::of(id);
        }
    }
}

/// Whatever is lost: the client has what the server has, or an error, and nothing is half written.
#[test]
fn lost_frames_never_make_wrong_data() {
    let (mut done, mut failed) = (0, 0);
    for seed in 0..soups() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut data = || -> Vec<u8> {
            let length = random.random_range(0..900);
            (0..length).map(|_| random.random()).collect()
        };
        let (before, after) = (data(), data());
        let (read, blocks) = (random.random(), random.random());
        let rate = random.random_range(0.0..0.03);
        println!("seed {seed}"); // shown if it fails
        if check_lossy(&before, &after, read, blocks, || random.random_bool(rate)) {
            done += 1;
        } else {
            failed += 1;
        }
    }
    assert!(done > 300 && failed > 300, "{done} done, {failed} failed");
}

/// Frames out of thin air: nobody panics, and the next good transfer works.
#[test]
fn any_frames_are_survived_by_both_ends() {
    for seed in 0..soups() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        println!("seed {seed}"); // shown if it fails
        let mut ends = Ends::new();
        for _ in 0..200 {
            let mut frame: Frame = random.random();
            if random.random_bool(0.7) {
                let at = if random.random() { DOMAIN } else { WORD };
                (frame[1], frame[2], frame[3]) = (at.index as u8, (at.index >> 8) as u8, at.sub);
                frame[0] &= 0xE7 | frame[7];
                frame[5..].fill(0);
            }
            let beside = Beside {
                reads: random.random(),
                blocks: random.random(),
                client_hears: true,
                server_hears: true,
                hurried: random.random(),
            };
            ends.suffer(&frame, beside);
        }
        ends.check();
    }
}

#[test]
fn any_layer_setting_is_survived_and_keeps_the_identity() {
    let identity = [0x1234, 5, 6, 0xFFFF_FFFF];
    for seed in 0..soups() {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut slave = lss::Slave::new(identity);
        let mut node = NodeId::new(3);
        for _ in 0..100 {
            let mut frame: Frame = random.random();
            if random.random_bool(0.8) {
                const CODES: [u8; 22] = [
                    4, 17, 19, 21, 23, 64, 65, 66, 67, 70, 71, 72, 73, 74, 75, 76, 81, 90, 91, 92, 93, 94,
                ];
                frame[0] = CODES[random.random_range(0..CODES.len())];
                frame[1] &= random.random_range(0..3);
            }
            let (answer, effect) = slave.handle(&frame, node);
            if let Some(Effect::Node(given)) = effect {
                node = given;
            }
            if let Some([code @ 90..=93, a, b, c, d, ..]) = answer {
                assert_eq!(
                    u32::from_le_bytes([a, b, c, d]),
                    identity[usize::from(code - 90)],
                    "seed {seed}"
                );
            }
        }
    }
}

#[test]
fn nothing_is_allocated() {
    struct Fixed([u8; 900]);
    impl Dictionary for Fixed {
        fn accepts(&self, _: Address) -> Result<Option<usize>, Abort> {
            Ok(Some(self.0.len()))
        }
        fn read(&mut self, _: Address, into: &mut [u8]) -> Result<usize, Abort> {
            into[..self.0.len()].copy_from_slice(&self.0);
            Ok(self.0.len())
        }
        fn write(&mut self, _: Address, data: &[u8]) -> Result<(), Abort> {
            self.0.copy_from_slice(data);
            Ok(())
        }
    }
    let count = allocation_counter::measure(|| {
        let (mut client, mut server, mut objects) =
            (Client::<1024>::new(), Server::<1024>::new(), Fixed([0; 900]));
        for blocks in [false, true] {
            client.download(DOMAIN, &[4; 900], way(blocks)).expect("room");
            loop {
                while let Some(request) = client.poll() {
                    server.handle(&request, &mut objects);
                }
                while let Some(response) = server.poll() {
                    client.handle(&response);
                }
                match client.outcome() {
                    Some(outcome) if outcome.is_ok() => break,
                    Some(outcome) => panic!("{outcome:?}"),
                    None => {}
                }
            }
        }
        let entry = Entry {
            address: WORD,
            bits: 32,
        };
        let mapping = Mapping::of([entry, entry]).expect("64 bits");
        let data = mapping.pack(|_| 77);
        assert_eq!(mapping.unpack(&data).into_iter().flatten().count(), 2);
    });
    assert_eq!(count.count_total, 0);
}
