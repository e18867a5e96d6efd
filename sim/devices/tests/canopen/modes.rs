//! What the motor does in each mode, and how home is found.

use crate::master::{Buffered, Master, NODE, TURN, ms, object};
use servomesh_devices::FreeMotor;
use servomesh_fieldbus::canopen::Service;
use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::{Mode, State, status};

#[test]
fn it_holds_its_place_when_it_is_enabled_in_any_mode() {
    for mode in [
        Mode::ProfilePosition,
        Mode::ProfileVelocity,
        Mode::Homing,
        Mode::CyclicSyncPosition,
        Mode::CyclicSyncVelocity,
        Mode::CyclicSyncTorque,
    ] {
        let mut master = Master::new();
        master.write(object(0x607A), &1_000_000_i32.to_le_bytes());
        master.wait(ms(10));
        let before = master.position();
        master.enable(mode);
        master.wait(ms(300));
        let moved = master.position() - before;
        assert!(moved.abs() < 40, "{}: {moved} counts", mode.name());
    }
}

#[test]
fn a_profile_goes_to_its_target_and_tells_it() {
    let mut master = Master::new();
    master.enable(Mode::ProfilePosition);
    let goal = (TURN / 2 + TURN / 4) as i32;
    master.write(object(0x607A), &goal.to_le_bytes());
    master.control(0x1F);
    master.wait(ms(3));
    let word = master.statusword();
    assert!(
        word & status::MODE_12 != 0 && word & status::TARGET_REACHED == 0,
        "{word:04X}"
    );
    master.control(0x0F);
    assert_eq!(master.statusword() & status::MODE_12, 0);
    master.wait_for(ms(2_000), "target", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    assert!((master.position() - i64::from(goal)).abs() < TURN / 400);
    // A relative one, halted on the way and gone on with.
    master.write(object(0x607A), &(-TURN as i32 / 2).to_le_bytes());
    master.control(0x5F);
    master.wait(ms(300));
    master.control(0x14F);
    master.wait_for(ms(500), "halt", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    let halted = master.position();
    assert!(halted < i64::from(goal) - 1_000 && halted > i64::from(goal) - TURN / 2 + 1_000);
    master.control(0x0F);
    master.wait_for(ms(3_000), "target", |master| {
        let word = master.statusword();
        word & status::TARGET_REACHED != 0 && master.position() < halted - 1_000
    });
    assert!((master.position() - (i64::from(goal) - TURN / 2)).abs() < TURN / 400);
}

#[test]
fn velocities_and_torques_are_followed() {
    let mut master = Master::new();
    master.enable(Mode::ProfileVelocity);
    master.write(object(0x60FF), &(TURN as i32 / 4).to_le_bytes());
    master.wait_for(ms(1_000), "velocity", |master| {
        master.statusword() & status::TARGET_REACHED != 0
    });
    assert!((master.read(object(0x606C)) - TURN / 4).abs() < TURN / 40);
    master.write(object(0x60FF), &[0; 4]);
    master.wait_for(ms(1_000), "standstill", |master| {
        master.statusword() & status::MODE_12 != 0
    });
    master.write(object(0x6060), &Mode::CyclicSyncTorque.code().to_le_bytes());
    master.write(object(0x6071), &400_i16.to_le_bytes());
    master.wait(ms(50));
    assert!((master.read(object(0x6077)) - 400).abs() < 20);
    assert!(master.read(object(0x606C)) > 1_000);
}

#[test]
fn cyclic_positions_are_followed_with_sync() {
    let mut master = Master::new();
    let cob = 0x4000_0280_u32 + u32::from(NODE.number());
    let pdo = |sub| Address::new(0x1801, sub);
    master.write(pdo(1), &(cob | 1 << 31).to_le_bytes());
    master.write(pdo(2), &[1]);
    master.write(pdo(1), &cob.to_le_bytes());
    master.write(Address::new(0x60C2, 1), &[4]);
    master.write(Address::new(0x1401, 2), &[1]);
    master.enable(Mode::CyclicSyncPosition);
    master.take(Service::Transmit(2, NODE));
    let start = master.position();
    let (mut most, mut last) = (0, start);
    for cycle in 0..500_i64 {
        let phase = cycle as f64 * 0.004;
        let goal = start + ((1.0 - (phase * 3.0).cos()) * 6_000.0) as i64;
        let mut data = [0; 8];
        data[..4].copy_from_slice(&(goal as i32).to_le_bytes());
        master.send(Service::Receive(2, NODE), &data);
        master.send(Service::Sync, &[]);
        master.wait(ms(4));
        let frames = master.take(Service::Transmit(2, NODE));
        assert_eq!(frames.len(), 1, "one position a cycle");
        let (position, _) = frames[0].bytes().split_first_chunk().expect("eight bytes");
        let position = i64::from(i32::from_le_bytes(*position));
        if cycle > 1 {
            most = most.max((position - last).abs());
        }
        last = goal;
    }
    assert!(most < 400, "{most} counts behind");
    assert_eq!(master.state(), State::OperationEnabled);
}

#[test]
fn home_is_where_the_method_says() {
    let mut master = Master::new();
    master.write(object(0x607C), &500_i32.to_le_bytes());
    master.enable(Mode::Homing);
    assert_eq!(master.statusword() & (status::MODE_12 | status::MODE_13), 0);
    master.control(0x1F);
    master.wait_for(ms(500), "home", |master| {
        master.statusword() & (status::MODE_12 | status::TARGET_REACHED) == 0x1400
    });
    assert!((master.position() - 500).abs() < 30);
    master.control(0x0F);
    // The encoder's next zero is half a turn ahead.
    master.write(object(0x6098), &[34]);
    master.write(Address::new(0x6099, 2), &(TURN as u32 / 4).to_le_bytes());
    master.control(0x1F);
    master.wait(ms(500));
    assert_eq!(master.statusword() & 0x3400, 0, "on its way");
    master.wait_for(ms(4_000), "zero", |master| master.statusword() & 0x3400 == 0x1400);
    let from_zero = master.read(object(0x6063)).rem_euclid(TURN);
    assert!((master.position() - 500 - from_zero).abs() < 3, "{from_zero}");
}

#[test]
fn a_hard_stop_is_found_gently() {
    for (method, index) in [(-3_i8, false), (-1, true)] {
        let mut master = Master::at(Buffered(FreeMotor::xm430()));
        master.write(object(0x6098), &method.to_le_bytes());
        master.write(Address::new(0x6099, 2), &(TURN as u32 / 4).to_le_bytes());
        master.enable(Mode::Homing);
        master.control(0x1F);
        let mut most = 0;
        master.wait_for(ms(6_000), "home", |master| {
            most = most.max(master.read(object(0x6077)).abs());
            master.statusword() & 0x3400 == 0x1400
        });
        assert!(most < 560, "{most} thousandths of the rated torque");
        let home = master.read(object(0x6063)) - master.position();
        let expected = if index { TURN } else { TURN / 3 };
        assert!((home - expected).abs() < 100, "{method}: {home}");
    }
}
