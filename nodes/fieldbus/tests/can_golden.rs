//! Our slcan lines against python-can's, our bits on the wire against can-utils'; `golden/slcan.py` and `golden/frame_lengths.py` have asked them.

use serde::Deserialize;
use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::can::slcan::{Answer, Line, Lines, Request};
use servomesh_fieldbus::can::timing::{most_wire_bits, wire_bits};

/// A line, then identifier, extended, remote, length, data.
type Row = (String, u32, u8, u8, u8, String);

#[derive(Deserialize)]
struct Golden {
    opening: String,
    frames: Vec<Row>,
    answers: Vec<Row>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/slcan.json")).expect("the file of this form")
}

fn id(number: u32, extended: u8) -> Id {
    match extended {
        0 => u16::try_from(number).ok().and_then(Id::standard),
        _ => Id::extended(number),
    }
    .expect("fits")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |k: usize| u8::from_str_radix(&hex[k..k + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn frame((_, number, extended, remote, length, data): &Row) -> Frame {
    let id = id(*number, *extended);
    match remote {
        0 => Frame::data(id, &bytes(data)),
        _ => Frame::remote(id, *length),
    }
    .expect("at most 8 bytes")
}

#[test]
fn lines_sent_are_those_of_python_can() {
    let golden = golden();
    assert_eq!(golden.frames.len(), 150);
    for row in &golden.frames {
        let (frame, mut buffer) = (frame(row), [0; 32]);
        assert_eq!(Request::Send(frame).encode(&mut buffer), Some(row.0.as_bytes()));
        let (mut lines, mut rest) = (Lines::default(), row.0.as_bytes());
        let Some(Line::Text(line)) = lines.next(&mut rest) else {
            panic!("no line: {row:?}")
        };
        assert_eq!(Request::decode(line), Some(Request::Send(frame)));
    }
}

#[test]
fn lines_taken_are_those_python_can_takes() {
    for row in &golden().answers {
        let (mut lines, mut rest) = (Lines::default(), row.0.as_bytes());
        let line = lines.next(&mut rest).expect("a line");
        let Some(Answer::Received(taken, _)) = Answer::decode(line) else {
            panic!("not taken: {row:?}")
        };
        assert_eq!(taken, frame(row), "{row:?}");
    }
}

#[test]
fn an_adapter_understands_how_python_can_opens_it() {
    let golden = golden();
    let (mut lines, mut rest, mut asked) = (Lines::default(), golden.opening.as_bytes(), Vec::new());
    while let Some(line) = lines.next(&mut rest) {
        let Line::Text(text) = line else {
            panic!("no bell was rung")
        };
        asked.push(Request::decode(text).expect("a request"));
    }
    use Request::{BitRate, Close, Nothing, Open};
    assert_eq!(asked, [Close, BitRate(8), Nothing, Open, Open]);
}

#[test]
fn bits_on_the_wire_are_those_of_can_utils() {
    let rows: Vec<(u32, u8, u8, String, u32, u32)> =
        serde_json::from_str(include_str!("golden/frame_lengths.json")).expect("the file of this form");
    assert_eq!(rows.len(), 400);
    let mut stuffed = 0;
    for (number, extended, remote, data, bits, most) in rows {
        let (id, data) = (id(number, extended), bytes(&data));
        let frame = match remote {
            0 => Frame::data(id, &data),
            _ => Frame::remote(id, 0),
        }
        .expect("at most 8 bytes");
        assert_eq!(wire_bits(&frame), bits, "{frame:?}");
        assert_eq!(
            most_wire_bits(id.is_extended(), frame.length()),
            most,
            "{frame:?}"
        );
        stuffed +=
            bits - if id.is_extended() { 67 } else { 47 } - 8 * u32::try_from(data.len()).expect("few");
    }
    assert!(stuffed > 1500, "{stuffed} stuff bits in all tell too little");
}
