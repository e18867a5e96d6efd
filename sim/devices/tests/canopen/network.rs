//! What a drive is on its network: boot, dictionary, process data, layer settings, and whatever else comes.

use std::time::Duration;

use crate::master::{BIT_RATE, Master, NODE, SAVE, TURN, ms, object};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_devices::{CanopenDrive, Mishap, Wire};
use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::can::slcan::Request;
use servomesh_fieldbus::can::timing::wire_bits;
use servomesh_fieldbus::canopen::Service;
use servomesh_fieldbus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, SdoError, Way};
use servomesh_fieldbus::cia402::{Mode, State};
use servomesh_types::Stamp;

#[test]
fn it_boots_and_tells_who_it_is() {
    let mut master = Master::new();
    let boots = master.take(Service::Heartbeat(NODE));
    assert_eq!(boots.len(), 1);
    assert_eq!(
        Heartbeat::decode(boots[0].bytes()),
        Some(Heartbeat::of(NmtState::Initialising))
    );
    assert_eq!(master.read(object(0x1000)), 0x0002_0192);
    assert_eq!(master.read(Address::new(0x1018, 4)), 77);
    let refused = |abort| Err(SdoError::Server(object(0x1000), abort));
    assert_eq!(
        master.try_write(object(0x1000), &[0; 4]),
        refused(Abort::ReadOnly)
    );
    assert_eq!(
        master.try_write(object(0x6081), &[0; 2]),
        Err(SdoError::Server(object(0x6081), Abort::TooShort))
    );
    assert_eq!(
        master.try_write(object(0x6060), &[2]),
        Err(SdoError::Server(object(0x6060), Abort::Value))
    );
    assert_eq!(
        master.try_write(Address::new(0x1018, 9), &[0]),
        Err(SdoError::Server(Address::new(0x1018, 9), Abort::NoSuchPart))
    );
}

#[test]
fn its_data_sheet_can_be_read_from_it_in_blocks_and_segments() {
    let mut master = Master::new();
    let sheet = CanopenDrive::new(Stamp::ZERO, Some(NODE), BIT_RATE, 77)
        .data_sheet()
        .to_owned();
    for way in [Way::Blocks, Way::Segments] {
        let mut client = Client::<65_536>::new();
        client.upload(object(0x1021), way).expect("idle");
        let read = master.transfer(&mut client).expect("can be read");
        assert_eq!(String::from_utf8(read).expect("text"), sheet);
    }
}

#[test]
fn a_bit_rate_is_given_by_layer_settings_and_kept_if_stored() {
    let mut master = Master::new();
    let lss = |master: &mut Master, data: [u8; 8]| {
        master.send(Service::LssRequest, &data);
        master.wait(ms(2));
        master
            .take(Service::LssResponse)
            .pop()
            .map(|answer| answer.bytes()[1])
    };
    let hears = |master: &mut Master| {
        master.send(Service::SdoRequest(NODE), &[0x40, 0, 0x10, 0, 0, 0, 0, 0]);
        master.wait(ms(5));
        !master.take(Service::SdoResponse(NODE)).is_empty()
    };
    let at = |master: &mut Master, index: u8| {
        for request in [Request::Close, Request::BitRate(index), Request::Open] {
            master.say(request);
        }
    };
    assert_eq!(lss(&mut master, [4, 1, 0, 0, 0, 0, 0, 0]), None);
    assert_eq!(
        lss(&mut master, [19, 0, 5, 0, 0, 0, 0, 0]),
        Some(1),
        "a reserved index"
    );
    assert_eq!(lss(&mut master, [19, 0, 2, 0, 0, 0, 0, 0]), Some(0));
    assert!(hears(&mut master));
    lss(&mut master, [21, 10, 0, 0, 0, 0, 0, 0]);
    master.wait(ms(20));
    assert!(!hears(&mut master));
    at(&mut master, 6); // 500 kbit/s
    assert!(hears(&mut master));
    for (stored, index) in [(false, 8), (true, 6)] {
        if stored {
            lss(&mut master, [4, 1, 0, 0, 0, 0, 0, 0]);
            assert_eq!(lss(&mut master, [19, 0, 2, 0, 0, 0, 0, 0]), Some(0));
            assert_eq!(lss(&mut master, [23, 0, 0, 0, 0, 0, 0, 0]), Some(0));
        }
        master.bus.suffer(0, Mishap::PowerLost);
        master.wait(ms(10));
        master.bus.suffer(0, Mishap::PowerBack);
        master.wait(ms(100));
        at(&mut master, index);
        assert!(hears(&mut master), "stored: {stored}");
    }
}

#[test]
fn parameters_are_kept_when_stored_and_only_then() {
    let mut master = Master::new();
    let (kept, lost) = (object(0x6081), object(0x6083));
    master.write(kept, &1_234_u32.to_le_bytes());
    master.write(Address::new(0x1017, 0), &100_u16.to_le_bytes());
    let store = Address::new(0x1010, 3);
    assert_eq!(
        master.try_write(store, &[1, 2, 3, 4]),
        Err(SdoError::Server(store, Abort::NotStored))
    );
    master.write(store, &SAVE.to_le_bytes());
    master.write(lost, &4_321_u32.to_le_bytes());
    master.bus.suffer(0, Mishap::PowerLost);
    master.wait(ms(20));
    master.bus.suffer(0, Mishap::PowerBack);
    master.wait(ms(100));
    assert_eq!((master.read(kept), master.read(lost)), (1_234, 5 * TURN));
    assert_eq!(
        master.read(object(0x1017)),
        0,
        "of communication, nothing was stored"
    );
    master.write(Address::new(0x1011, 1), b"load");
    master.nmt(NmtCommand::ResetNode);
    master.wait(ms(100));
    assert_eq!(master.read(kept), TURN / 2);
    master.enable(Mode::ProfilePosition);
    let store = Address::new(0x1010, 1);
    assert_eq!(
        master.try_write(store, b"save"),
        Err(SdoError::Server(store, Abort::DeviceState))
    );
}

#[test]
fn mappings_change_only_while_their_frame_is_not_used() {
    let mut master = Master::new();
    let entry = 0x6064_0020_u32.to_le_bytes();
    let (count, first) = (Address::new(0x1A00, 0), Address::new(0x1A00, 1));
    let refused = |at, abort| Err(SdoError::Server(at, abort));
    assert_eq!(master.try_write(first, &entry), refused(first, Abort::Access));
    let cob = 0x8000_0185_u32.to_le_bytes();
    master.write(Address::new(0x1800, 1), &cob);
    assert_eq!(master.try_write(first, &entry), refused(first, Abort::Access));
    master.write(count, &[0]);
    let bad = 0x6081_0010_u32.to_le_bytes();
    assert_eq!(master.try_write(first, &bad), refused(first, Abort::NotMappable));
    for sub in 1..=3 {
        master.write(Address::new(0x1A00, sub), &entry);
    }
    assert_eq!(master.try_write(count, &[3]), refused(count, Abort::PdoLength));
    master.write(count, &[2]);
}

#[test]
fn the_most_urgent_frame_gets_the_bus_and_takes_its_time() {
    let mut master = Master::new();
    for (index, cob) in [(0x1800, 0x385_u32), (0x1801, 0x285)] {
        let part = |sub| Address::new(index, sub);
        master.write(part(1), &(1_u32 << 31 | cob).to_le_bytes());
        master.write(part(2), &[1]);
        master.write(part(1), &cob.to_le_bytes());
    }
    master.write(Address::new(0x1802, 1), &(1_u32 << 31 | 0x485).to_le_bytes());
    master.nmt(NmtCommand::Start);
    master.frames.clear();
    let begin = master.now;
    master.send(Service::Sync, &[]);
    master.wait(ms(2));
    let [first, second] = master.frames.make_contiguous() else {
        panic!("two frames: {:?}", master.frames)
    };
    assert_eq!((first.1.id().number(), second.1.id().number()), (0x285, 0x385));
    // A bit takes 1 µs.
    let bits = i64::from(wire_bits(&second.1));
    assert_eq!(second.0.as_nanos() - first.0.as_nanos(), 1_000 * bits);
    let sync = Frame::data(Service::Sync.id().expect("has one"), &[]).expect("no bytes");
    let both = i64::from(wire_bits(&sync) + wire_bits(&first.1));
    assert!(first.0.as_nanos() - begin.as_nanos() >= 1_000 * both);
}

/// Whatever frames come, the drive survives, and after a reset it is as it was.
#[test]
fn any_frames_are_survived() {
    for seed in 0..20 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut master = Master::new();
        for _ in 0..400 {
            let number = match random.random_range(0..6) {
                0 => random.random_range(0..0x800),
                1 => 0,
                2 => 0x80,
                3 => 0x7E5,
                4 => 0x205 + 0x100 * random.random_range(0..4),
                _ => 0x605,
            };
            let mut data: Vec<u8> = (0..random.random_range(0..=8)).map(|_| random.random()).collect();
            if number == 0 && data.len() > 1 {
                data[0] = [1, 2, 128, 129, 130][random.random_range(0..5)];
                data[1] = 5;
                data.truncate(2);
            }
            let id = Id::standard(number).expect("11 bits");
            let remote = random.random_bool(0.05);
            let frame = if remote {
                Frame::remote(id, 0)
            } else {
                Frame::data(id, &data)
            };
            // Reconfiguring its id would only make it deaf.
            if number != 0x7E5 || data.first() != Some(&17) {
                master.say(Request::Send(frame.expect("eight bytes")));
            }
            master.wait(Duration::from_micros(random.random_range(100..5_000)));
        }
        // A node that starts hears nothing.
        master.wait(ms(100));
        master.send(Service::Nmt, &NmtCommand::ResetNode.encode(None));
        master.wait(ms(200));
        master.frames.clear();
        assert_eq!(master.read(object(0x1000)), 0x0002_0192, "seed {seed}");
        assert_eq!(master.state(), State::SwitchOnDisabled, "seed {seed}");
    }
}
