//! What is followed, how well, and what a bad line does to it.

use super::{enabled, whole};
use crate::conformance::{self, SPOILT_BYTES};
use crate::desk::SERVOS;
use crate::topics;

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
