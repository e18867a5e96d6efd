//! Encoding, decoding and reading from a stream allocate nothing.

#![allow(clippy::unwrap_used)] // a test that fails says where

use servomesh_fieldbus::dynamixel::{
    FastBlock, FastWriter, Id, Instruction, MAX_PACKET, Received, Replies, Status, StatusError, Stream, fast,
    group,
};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn allocations_are_counted() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1_u8; 100]))), 1);
}

#[test]
fn a_bus_cycle_allocates_nothing() {
    let ids = [1, 2, 3, 4, 5, 6].map(|number| Id::device(number).unwrap());
    let data = [0x00, 0xFF, 0xFF, 0xFD, 0x01, 0x00, 0xFF, 0xFF, 0xFD, 0xFD];
    let mut stream = Stream::new();
    let mut buffer = [0; MAX_PACKET];
    let mut seen = 0;
    let count = allocations(|| {
        for _ in 0..3 {
            let asked = group::sync_read(&mut buffer, Replies::Joined, 126, 10, ids).unwrap();
            let Some(Received::Packet(packet)) = stream.read(&mut &buffer[..asked]) else {
                panic!("a request")
            };
            let Ok(Instruction::SyncRead(read)) = packet.instruction() else {
                panic!("a sync read")
            };
            let length = fast::length(read.ids().map(|_| read.length)).unwrap();
            let mut answer = [0; MAX_PACKET];
            let mut writer = FastWriter::new(&mut answer, length).unwrap();
            for id in read.ids() {
                let error = StatusError::NONE;
                let data = &data[..];
                writer.block(FastBlock { id, error, data }).unwrap();
            }
            let answered = writer.written();
            stream.expect(Some(length));
            let Some(Received::Fast(reply)) = stream.read(&mut &answer[..answered]) else {
                panic!("an answer")
            };
            seen += reply.blocks(|_| Some(10)).count();

            let written = group::sync_write(&mut buffer, 116, 10, ids.map(|id| (id, data))).unwrap();
            let Some(Received::Packet(packet)) = stream.read(&mut &buffer[..written]) else {
                panic!("a write")
            };
            let Ok(Instruction::SyncWrite(write)) = packet.instruction() else {
                panic!("a sync write")
            };
            seen += write.blocks().count();

            let status = Status {
                id: ids[0],
                error: StatusError::NONE,
                parameters: &data,
            };
            let length = status.encode(&mut buffer).unwrap();
            assert!(stream.read(&mut &buffer[..length - 1]).is_none());
            assert!(stream.silence().is_none());
        }
    });
    assert_eq!((count, seen), (0, 36));
}
