//! Frames, lines and bits: what is said, what is refused, what holds for any bytes.
//!
//! `SERVOMESH_SOUPS` sets how many random streams are tried, 2000 if it is not there.

#[path = "line/slcan.rs"]
mod line;

use proptest::prelude::*;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::can::slcan::{Answer, BIT_RATES, Line, Lines, MAX_LINE, Request};
use servomesh_fieldbus::can::socketcan::{Condition, RECORD, Record};
use servomesh_fieldbus::can::timing::{most_wire_bits, wire_bits};
use std::cmp::Ordering;

fn standard(number: u16) -> Id {
    Id::standard(number).expect("11 bits")
}

fn extended(number: u32) -> Id {
    Id::extended(number).expect("29 bits")
}

fn data(id: Id, bytes: &[u8]) -> Frame {
    Frame::data(id, bytes).expect("at most 8 bytes")
}

fn ids() -> impl Strategy<Value = Id> {
    prop_oneof![
        (0..1_u16 << 11).prop_map(standard),
        (0..1_u32 << 29).prop_map(extended)
    ]
}

fn frames() -> impl Strategy<Value = Frame> {
    prop_oneof![
        4 => (ids(), prop::collection::vec(any::<u8>(), 0..=8)).prop_map(|(id, bytes)| data(id, &bytes)),
        1 => (ids(), 0..=8_u8).prop_map(|(id, length)| Frame::remote(id, length).expect("at most 8")),
    ]
}

fn requests() -> impl Strategy<Value = Request> {
    prop_oneof![
        6 => frames().prop_map(Request::Send),
        1 => (0..9_u8).prop_map(Request::BitRate),
        1 => any::<(u8, u8)>().prop_map(|(first, second)| Request::BitTiming(first, second)),
        1 => any::<bool>().prop_map(Request::Times),
        1 => any::<u32>().prop_map(Request::Code),
        1 => any::<u32>().prop_map(Request::Mask),
        1 => prop::sample::select(vec![
            Request::Open, Request::Listen, Request::Close, Request::Flags, Request::Version, Request::Serial, Request::Nothing,
        ]),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    prop_oneof![
        6 => (frames(), prop::option::of(any::<u16>())).prop_map(|(frame, time)| Answer::Received(frame, time)),
        1 => any::<bool>().prop_map(|extended| Answer::Sent { extended }),
        1 => any::<u8>().prop_map(Answer::Flags),
        1 => prop::sample::select(vec![Answer::Done, Answer::Refused, Answer::Version(*b"1013"), Answer::Serial(*b"A123")]),
    ]
}

proptest! {
    #[test]
    fn requests_come_back(asked in prop::collection::vec(requests(), 1..20), cut in 1..40_usize) {
        let mut buffer = [0; MAX_LINE];
        let mut wire = Vec::new();
        for request in &asked {
            wire.extend(request.encode(&mut buffer).expect("fits"));
        }
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for mut piece in wire.chunks(cut) {
            while let Some(line) = lines.next(&mut piece) {
                let Line::Text(text) = line else { return Err(TestCaseError::fail("a bell")) };
                found.push(Request::decode(text).expect("a request"));
            }
        }
        prop_assert_eq!(found, asked);
        prop_assert_eq!(lines.dropped(), 0);
    }

    #[test]
    fn answers_come_back(said in prop::collection::vec(answers(), 1..20), cut in 1..40_usize) {
        let mut buffer = [0; MAX_LINE];
        let mut wire = Vec::new();
        for answer in &said {
            wire.extend(answer.encode(&mut buffer).expect("fits"));
        }
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for mut piece in wire.chunks(cut) {
            while let Some(line) = lines.next(&mut piece) {
                found.push(Answer::decode(line).expect("an answer"));
            }
        }
        prop_assert_eq!(found, said);
    }

    #[test]
    fn a_frame_passes_a_socket_unchanged(frame in frames()) {
        prop_assert_eq!(Record::decode(&Record::Frame(frame).encode()), Some(Record::Frame(frame)));
    }

    /// Bytes that the kernel leaves open are those after the length and after the data.
    #[test]
    fn any_record_is_survived_and_what_is_understood_stands_in_it(bytes in any::<[u8; RECORD]>()) {
        if let Some(Record::Frame(frame)) = Record::decode(&bytes) {
            let again = Record::Frame(frame).encode();
            prop_assert_eq!(&again[..5], &bytes[..5]);
            prop_assert_eq!(&again[8..8 + frame.bytes().len()], &bytes[8..8 + frame.bytes().len()]);
        }
    }

    #[test]
    fn a_frame_takes_no_longer_than_the_longest(frame in frames()) {
        let bits = wire_bits(&frame);
        let length = frame.bytes().len() as u32;
        let bare = if frame.id().is_extended() { 67 } else { 47 } + 8 * length;
        prop_assert!(bare <= bits && bits <= most_wire_bits(frame.id().is_extended(), length as u8));
    }

    /// The order is that of the bits sent: the first dominant (zero) bit against a recessive one wins.
    #[test]
    fn arbitration_is_decided_by_the_first_bit_that_differs(first in frames(), second in frames()) {
        let sent = |frame: &Frame| {
            let number = frame.id().number();
            let bits = |from: u32, to: u32| (to..from).rev().map(move |place| number >> place & 1 == 1);
            let remote = frame.is_remote();
            if frame.id().is_extended() {
                bits(29, 18).chain([true, true]).chain(bits(18, 0)).chain([remote]).collect::<Vec<_>>()
            } else {
                bits(11, 0).chain([remote, false]).collect()
            }
        };
        let (ours, theirs) = (sent(&first), sent(&second));
        let decided = ours.iter().zip(&theirs).map(|(one, other)| one.cmp(other)).find(|order| order.is_ne());
        prop_assert_eq!(first.arbitration(&second), decided.unwrap_or(Ordering::Equal));
        prop_assert_eq!(second.arbitration(&first), first.arbitration(&second).reverse());
    }
}

#[test]
fn what_does_not_fit_is_no_frame() {
    assert_eq!(Id::standard(0x800), None);
    assert_eq!(Id::extended(1 << 29), None);
    assert_eq!(Frame::data(standard(1), &[0; 9]), None);
    assert_eq!(Frame::remote(standard(1), 9), None);
    let asks = Frame::remote(standard(1), 8).expect("at most 8");
    assert_eq!((asks.length(), asks.bytes()), (8, &[][..]));
}

#[test]
fn conditions_pass_a_socket_and_of_several_the_gravest_is_told() {
    for condition in Condition::ALL {
        let record = Record::Condition(condition).encode();
        assert_eq!(Record::decode(&record), Some(Record::Condition(condition)));
    }
    let told = |id: u32, controller: u8| {
        let mut record = [0; RECORD];
        record[..4].copy_from_slice(&id.to_ne_bytes());
        (record[4], record[9]) = (8, controller);
        Record::decode(&record)
    };
    let error = 1 << 29;
    assert_eq!(told(error | 0x44, 0x20), Some(Record::Condition(Condition::Off)));
    assert_eq!(
        told(error | 0x04, 0x2A),
        Some(Record::Condition(Condition::Passive))
    );
    assert_eq!(
        told(error | 0x04, 0x01),
        Some(Record::Condition(Condition::Overrun))
    );
    assert_eq!(told(error | 0x02, 0x40), None, "a lost arbitration is no trouble");
    assert_eq!(told(error | 0x04, 0), None);
}

#[test]
fn lines_that_mean_nothing_are_refused() {
    let bad: [&[u8]; 17] = [
        b"t12",
        b"t1231",
        b"t8000",
        b"t1239",
        b"t123100FF",
        b"t12g0",
        b"T200000000",
        b"T1234567",
        b"r1239",
        b"S9",
        b"SA",
        b"S",
        b"Z2",
        b"O1",
        b"x",
        b"M123",
        b" O",
    ];
    for line in bad {
        assert_eq!(Request::decode(line), None, "{}", line.escape_ascii());
    }
    for line in [
        &b"t0100123"[..],
        b"z1",
        b"V101",
        b"V1\x01\x02\x03",
        b"F1",
        b"O",
        b"\xFF",
    ] {
        assert_eq!(Answer::decode(Line::Text(line)), None, "{}", line.escape_ascii());
    }
    assert_eq!(Request::BitRate(9).encode(&mut [0; 8]), None);
    assert_eq!(Request::Open.encode(&mut [0; 1]), None);
    assert_eq!(BIT_RATES[8], 1_000_000);
    assert_eq!(
        Request::decode(b"t0100"),
        Some(Request::Send(data(standard(0x10), &[])))
    );
    assert_eq!(
        Answer::decode(Line::Text(b"t010100EA5F")),
        Some(Answer::Received(data(standard(0x10), &[0]), Some(59_999)))
    );
}

#[test]
fn an_overlong_line_is_dropped_and_the_next_one_read() {
    let wire = [&[b'A'; 100][..], b"\rO\r\n\x07ab\x07"].concat();
    let (mut lines, mut rest) = (Lines::default(), &wire[..]);
    assert_eq!(lines.next(&mut rest), Some(Line::Text(b"O")));
    assert_eq!(lines.dropped(), 100);
    assert_eq!(lines.next(&mut rest), Some(Line::Bell));
    assert_eq!(lines.next(&mut rest), Some(Line::Bell));
    assert_eq!(lines.next(&mut rest), None);
    assert_eq!(lines.dropped(), 102);
}

#[test]
fn the_most_urgent_frame_wins() {
    let mut order = [
        data(standard(0x000), &[]),
        Frame::remote(standard(0x000), 0).expect("at most 8"),
        data(extended(0), &[]),
        Frame::remote(extended(0), 0).expect("at most 8"),
        data(extended(0x3_FFFF), &[]),
        data(standard(0x001), &[]),
        data(standard(0x7FF), &[]),
    ];
    let expected = order;
    order.reverse();
    order.sort_by(Frame::arbitration);
    assert_eq!(order, expected);
}

#[test]
fn any_soup_is_survived() {
    let soups = std::env::var("SERVOMESH_SOUPS").map_or(2000, |text| text.parse().expect("a number"));
    let mut understood = 0;
    for seed in 0..soups {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        println!("seed {seed}"); // shown if it fails
        let wire = soup(&mut random);
        understood += line::check(&wire, random.random_range(1..40));
    }
    assert!(understood > soups, "only {understood} requests in {soups} soups");
}

/// Letters that lines are made of, true lines and their pieces, noise.
fn soup(random: &mut impl Rng) -> Vec<u8> {
    let mut wire = Vec::new();
    for _ in 0..random.random_range(1..40) {
        let bytes: Vec<u8> = (0..random.random_range(0..=8)).map(|_| random.random()).collect();
        let frame = data(extended(random.random_range(0..1 << 29)), &bytes);
        let mut buffer = [0; MAX_LINE];
        let line = Request::Send(frame).encode(&mut buffer).expect("fits");
        match random.random_range(0..4) {
            0 => wire.extend(
                (0..random.random_range(0..50))
                    .map(|_| b"tTrRSsOC0123456789abcF\r\r\r\x07\n"[random.random_range(0..27)]),
            ),
            1 => wire.extend(&line[..random.random_range(0..line.len())]),
            2 => wire.extend((0..random.random_range(0..60)).map(|_| random.random::<u8>())),
            _ => wire.extend(line.iter()),
        }
    }
    wire
}

#[test]
fn nothing_is_allocated() {
    let frame = data(extended(0x1234_5678), &[1, 2, 3, 4, 5, 6, 7, 8]);
    let mut lines = Lines::default();
    let count = allocation_counter::measure(|| {
        let mut buffer = [0; MAX_LINE];
        for time in 0..100 {
            let answer = Answer::Received(frame, Some(time));
            let mut wire = answer.encode(&mut buffer).expect("fits");
            let line = lines.next(&mut wire).expect("a line");
            assert_eq!(Answer::decode(line), Some(answer));
            assert!(wire_bits(&frame) > 131);
        }
    });
    assert_eq!(count.count_total, 0);
}
