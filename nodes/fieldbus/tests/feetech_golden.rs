//! Our packets against those of FEETECH's own SDK, and our judgement of answers against its; `golden/feetech.py` has asked it.

use serde::Deserialize;
use serde_json::Value;
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::number::{ByteOrder, SignBit};
use servomesh_fieldbus::feetech::packet::Scan;
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::sync::{Blocks, SyncWriter};
use servomesh_fieldbus::feetech::table::{Model, Register};
use servomesh_fieldbus::feetech::{BROADCAST, MAX_PACKET, packet, scs0009, sts3215};

#[derive(Deserialize)]
struct Golden {
    requests: Vec<Vec<Value>>,
    answers: Vec<(String, u8)>,
    signs: Vec<(u8, u16, i32)>,
    words: Vec<(u8, u8, u16, u16)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/feetech.json")).expect("the file of this form")
}

fn bytes(hex: &str) -> Vec<u8> {
    let digit = |k: usize| u8::from_str_radix(&hex[k..k + 2], 16).expect("hexadecimal digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// Registers side by side, the first of them being where the write begins.
fn fields<const N: usize>(model: &Model, values: [(&Register, i32); N]) -> (u8, Vec<u8>) {
    let from = values[0].0.address;
    let mut data = vec![0; values[N - 1].0.end() - usize::from(from)];
    for (register, value) in values {
        let place = usize::from(register.address - from)..register.end() - usize::from(from);
        register
            .put(model.order, value, &mut data[place])
            .expect("in range");
    }
    (from, data)
}

#[test]
fn requests_are_those_of_the_sdk() {
    let golden = golden();
    assert_eq!(golden.requests.len(), 520);
    let (sts, scs) = (&sts3215::MODEL, &scs0009::MODEL);
    for request in &golden.requests {
        let name = request[0].as_str().unwrap();
        let number = |k: usize| i32::try_from(request[k].as_i64().unwrap()).unwrap();
        let byte = |k: usize| u8::try_from(number(k)).unwrap();
        let hex = |k: usize| bytes(request[k].as_str().unwrap());
        let write = |(address, data): (u8, Vec<u8>)| (byte(1), address, data);
        let written = match name {
            "write" | "reg write" => Some((byte(1), byte(2), hex(3))),
            "sts position" => Some(write(fields(
                sts,
                [
                    (&sts3215::ACCELERATION_LIMIT, number(4)),
                    (&sts3215::GOAL_POSITION, number(2)),
                    (&sts3215::GOAL_DUTY, 0),
                    (&sts3215::GOAL_SPEED, number(3)),
                ],
            ))),
            "sts speed" => Some(write(fields(
                sts,
                [
                    (&sts3215::ACCELERATION_LIMIT, number(3)),
                    (&sts3215::GOAL_SPEED, number(2)),
                ],
            ))),
            "scs position" => Some(write(fields(
                scs,
                [
                    (&scs0009::GOAL_POSITION, number(2)),
                    (&scs0009::GOAL_TIME, number(3)),
                    (&scs0009::GOAL_SPEED, number(4)),
                ],
            ))),
            "scs duty" => Some(write(fields(scs, [(&scs0009::GOAL_DUTY, number(2))]))),
            "sts lock" => Some(write(fields(sts, [(sts.lock, number(2))]))),
            "scs lock" => Some(write(fields(scs, [(scs.lock, number(2))]))),
            _ => None,
        };
        let rest = request[request.len() - 2].as_str().map(bytes).unwrap_or_default();
        let (id, instruction) = match (name, &written) {
            ("reg write", Some((id, address, data))) => (
                *id,
                Instruction::RegWrite {
                    address: *address,
                    data,
                },
            ),
            (_, Some((id, address, data))) => (
                *id,
                Instruction::Write {
                    address: *address,
                    data,
                },
            ),
            ("ping", _) => (byte(1), Instruction::Ping),
            ("read", _) => (
                byte(1),
                Instruction::Read {
                    address: byte(2),
                    length: byte(3),
                },
            ),
            ("action", _) => (byte(1), Instruction::Action),
            ("sync read", _) => (
                BROADCAST,
                Instruction::SyncRead {
                    address: byte(1),
                    length: byte(2),
                    ids: &rest,
                },
            ),
            ("sync write", _) => (
                BROADCAST,
                Instruction::SyncWrite {
                    address: byte(1),
                    blocks: Blocks::new(byte(2), &rest).unwrap(),
                },
            ),
            other => panic!("no such request: {other:?}"),
        };
        let theirs = hex(request.len() - 1);
        let mut buffer = [0; MAX_PACKET];
        assert_eq!(
            instruction.encode(id, &mut buffer).unwrap(),
            theirs,
            "{request:?}"
        );
        let Scan::Found { skip: 0, packet, .. } = packet::scan(&theirs) else {
            panic!("not understood: {request:?}");
        };
        assert_eq!((packet.id, Instruction::decode(&packet)), (id, Ok(instruction)));

        if let Instruction::SyncWrite { address, blocks } = instruction {
            let mut writer = SyncWriter::new(&mut buffer, address, blocks.length()).unwrap();
            for (id, data) in blocks.iter() {
                writer.block(id).unwrap().copy_from_slice(data);
            }
            assert_eq!(writer.finish().unwrap(), theirs);
        }
    }
}

#[test]
fn answers_are_believed_as_the_sdk_believes_them() {
    let golden = golden();
    let mut good = 0;
    for (hex, theirs) in &golden.answers {
        let wire = bytes(hex);
        let ours = match packet::scan(&wire) {
            Scan::Found { skip: 0, packet, .. } => Status::decode(&packet)
                .ok()
                .filter(|_| packet.wire_len() == wire.len()),
            _ => None,
        };
        assert_eq!(ours.is_some(), *theirs == 1, "{hex}: {ours:?}");
        if let Some(status) = ours {
            good += 1;
            let mut buffer = [0; MAX_PACKET];
            assert_eq!(status.encode(&mut buffer).unwrap(), wire);
        }
    }
    assert!(good > 50, "only {good} good answers tell too little");
}

#[test]
fn words_and_signs_are_those_of_the_sdk() {
    let golden = golden();
    for (bit, content, value) in golden.signs {
        let sign = [SignBit::BIT_10, SignBit::BIT_11, SignBit::BIT_15]
            .into_iter()
            .find(|sign| sign.max() == (1 << bit) - 1)
            .unwrap();
        assert_eq!(sign.decode(content), value, "bit {bit} of {content:#x}");
    }
    for (first, second, little, big) in golden.words {
        assert_eq!(ByteOrder::Little.get([first, second]), little);
        assert_eq!(ByteOrder::Big.get([first, second]), big);
    }
}
