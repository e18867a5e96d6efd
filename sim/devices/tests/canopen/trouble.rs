//! What is a fault, and what the motor does then.

use crate::master::{MASTER, Master, NODE, TURN, ms, object};
use servomesh_devices::{Mishap, Wire};
use servomesh_fieldbus::canopen::Service;
use servomesh_fieldbus::canopen::emergency::Emergency;
use servomesh_fieldbus::canopen::nmt::{Heartbeat, HeartbeatConsumer, NmtState};
use servomesh_fieldbus::canopen::sdo::{Address, Client, Way};
use servomesh_fieldbus::cia402::{Mode, State};

#[test]
fn a_blocked_way_is_a_following_error_that_a_reset_clears() {
    let mut master = Master::new();
    master.write(object(0x6065), &200_u32.to_le_bytes());
    master.write(object(0x6066), &10_u16.to_le_bytes());
    master.write(object(0x6072), &10_u16.to_le_bytes());
    master.enable(Mode::ProfilePosition);
    master.take(Service::Emergency(NODE));
    master.write(object(0x607A), &0_i32.to_le_bytes());
    master.control(0x1F);
    master.wait_for(ms(5_000), "fault", |master| master.state() == State::Fault);
    let emergencies = master.take(Service::Emergency(NODE));
    let emergency = Emergency::decode(emergencies[0].bytes()).expect("eight bytes");
    assert_eq!((emergencies.len(), emergency.code), (1, 0x8611));
    assert_eq!(master.read(object(0x603F)) as u16, 0x8611);
    assert_eq!(master.read(Address::new(0x1003, 1)), 0x8611);
    assert_eq!(master.read(object(0x1001)) as u8, emergency.register.0);
    master.control(0);
    master.control(0x80);
    assert_eq!(master.state(), State::SwitchOnDisabled);
    let cleared = master.take(Service::Emergency(NODE));
    assert!(
        Emergency::decode(cleared[0].bytes())
            .expect("eight bytes")
            .is_reset()
    );
    assert_eq!(master.read(object(0x1001)), 0);
}

#[test]
fn a_silent_master_stops_the_motor() {
    let mut master = Master::new();
    let consumer = HeartbeatConsumer {
        node: MASTER,
        within_ms: 50,
    };
    master.write(Address::new(0x1016, 1), &consumer.encode().to_le_bytes());
    master.enable(Mode::ProfileVelocity);
    master.write(object(0x60FF), &(TURN as i32 / 4).to_le_bytes());
    for _ in 0..20 {
        master.send(
            Service::Heartbeat(MASTER),
            &Heartbeat::of(NmtState::Operational).encode(),
        );
        master.wait(ms(20));
    }
    assert_eq!(master.state(), State::OperationEnabled);
    assert!(master.read(object(0x606C)) > TURN / 8);
    master.wait(ms(500));
    assert_eq!(master.state(), State::Fault);
    assert!(master.read(object(0x606C)).abs() < 1_000);
    let emergencies = master.take(Service::Emergency(NODE));
    assert_eq!(
        Emergency::decode(emergencies[0].bytes()).map(|one| one.code),
        Some(0x8130)
    );
}

#[test]
fn what_a_lost_connection_means_is_a_parameter() {
    for (option, expected) in [
        (0_i16, State::OperationEnabled),
        (1, State::Fault),
        (2, State::SwitchOnDisabled),
        (3, State::SwitchOnDisabled),
    ] {
        let mut master = Master::new();
        master.write(object(0x6007), &option.to_le_bytes());
        let timer = Address::new(0x1401, 5);
        master.write(timer, &20_u16.to_le_bytes());
        master.enable(Mode::CyclicSyncVelocity);
        let mut data = [0; 8];
        data[4..].copy_from_slice(&(TURN as i32 / 8).to_le_bytes());
        for _ in 0..30 {
            master.send(Service::Receive(2, NODE), &data);
            master.wait(ms(10));
        }
        assert_eq!(master.state(), State::OperationEnabled, "option {option}");
        master.wait(ms(500));
        assert_eq!(master.state(), expected, "option {option}");
        let codes = master.take(Service::Emergency(NODE));
        let first = Emergency::decode(codes[0].bytes()).expect("eight bytes");
        assert_eq!(first.code, 0x8250);
        let turns = master.read(object(0x606C)).abs() > 1_000;
        assert_eq!(turns, option == 0, "option {option}");
    }
}

#[test]
fn without_power_nothing_more_is_said() {
    let mut master = Master::new();
    let mut client = Client::<65_536>::new();
    client.upload(object(0x1021), Way::Blocks).expect("idle");
    for _ in 0..2 {
        let request = client.poll().expect("a request");
        master.send(Service::SdoRequest(NODE), &request);
        master.wait(ms(1));
        for frame in master.take(Service::SdoResponse(NODE)) {
            client.handle(frame.bytes().try_into().expect("eight bytes"));
        }
    }
    master.bus.suffer(0, Mishap::PowerLost);
    master.listen();
    master.frames.clear();
    master.wait(ms(100));
    assert!(master.frames.is_empty(), "a block of 127 frames was on its way");
}

#[test]
fn heat_and_low_supply_are_faults() {
    for (mishap, code) in [
        (Mishap::Heat(Some(95.0)), 0x4310),
        (Mishap::Supply(Some(5.0)), 0x3220),
    ] {
        let mut master = Master::new();
        master.enable(Mode::CyclicSyncPosition);
        master.bus.suffer(0, mishap);
        master.wait(ms(100));
        assert_eq!(master.state(), State::Fault);
        assert_eq!(master.read(object(0x603F)) as u16, code);
        master.control(0x80);
        assert_eq!(master.state(), State::Fault, "the cause is still there");
        master.bus.suffer(0, Mishap::Heat(None));
        master.bus.suffer(0, Mishap::Supply(None));
        master.wait(ms(10));
        master.control(0);
        master.control(0x80);
        assert_eq!(master.state(), State::SwitchOnDisabled);
    }
}
