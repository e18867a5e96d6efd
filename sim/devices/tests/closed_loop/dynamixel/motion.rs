//! What is followed, how well, and what a bad line does to it.

use std::time::Duration;

use super::{arm_of, enabled, servo, whole};
use crate::conformance::{self, SPOILT_BYTES};
use crate::desk::{BAUD, SERVOS};
use crate::topics;
use servomesh_fieldbus::dynamixel::{Field, Id, Instruction};

#[test]
fn the_arm_is_opened_switched_on_and_held() {
    let rig = enabled();
    conformance::is_held(&rig, 11.0..12.1);
    assert_eq!(rig.heard.faults(), 0, "{}", rig.story());
}

#[test]
fn a_motion_is_followed_as_well_as_over_topics() {
    let topics = topics::run(whole(SERVOS).0, SERVOS);
    let wire = conformance::follows(enabled());
    println!("topics {topics:?}, wire {wire:?}");
    assert!(
        wire.rms < 1.25 * topics.rms && wire.worst < 1.5 * topics.worst,
        "topics {topics:?}, wire {wire:?}"
    );
}

#[test]
fn a_profile_that_another_master_has_left_holds_no_goal_up() {
    let servos = SERVOS.replace("mode: current }", "mode: extended_position }");
    let followed = |left: &[u8]| {
        // In this mode already: a change of it would clear the profile.
        let servo = |place| servo(place, BAUD).with(Field::OperatingMode, 4).unwrap();
        let mut rig = arm_of(whole(&servos), |_, place| Some(servo(place)));
        rig.now = rig.now + Duration::from_secs(1); // the servos have waked up
        rig.bus.advance_to(rig.now);
        let (mut bytes, address) = ([0; 32], Field::ProfileAcceleration.address());
        let write = Instruction::Write { address, data: left };
        let length = write.encode(Id::BROADCAST, &mut bytes).unwrap();
        rig.bus.write(rig.now, &bytes[..length]);
        conformance::follows(rig.opened())
    };
    // Slow, and slow to become faster: Profile Acceleration, Profile Velocity.
    let (nothing, slow) = (followed(&[0; 8]), followed(&[5, 0, 0, 0, 10, 0, 0, 0]));
    println!("without {nothing:?}, with {slow:?}");
    assert!(slow.rms < 1.05 * nothing.rms && slow.worst < 1.05 * nothing.worst);
}

#[test]
fn one_lost_reply_in_a_hundred_makes_no_jump_no_fault_and_less_than_twice_the_error() {
    conformance::bears_lost_answers(enabled, 1..=3, 0.0);
}

#[test]
fn a_line_that_spoils_bytes_never_makes_a_position() {
    conformance::makes_nothing_up(enabled, 1..=3, SPOILT_BYTES, 1000);
}

#[test]
fn answers_that_are_held_up_are_never_taken_for_newer_ones() {
    conformance::knows_answers_that_were_held_up(enabled, 1..=3);
}

#[test]
fn unplugged_for_a_fifth_of_a_second_the_arm_stops_and_goes_on_after_a_reset() {
    conformance::bears_an_unplugged_port(enabled());
}

#[test]
fn a_driver_that_dies_leaves_servos_that_stop_by_their_own_watchdogs() {
    conformance::stops_without_its_driver(enabled());
}
