//! The arm on an interface of the kernel instead of an adapter: the same frames, as records. What the kernel itself does is not in it.

use servomesh_driver::backends::canopen::Carrier;
use servomesh_driver::link::Link as _;
use servomesh_fieldbus::can::socketcan::{Condition, Record};
use servomesh_types::{DriveMode, EventKind};

use super::{Canopen, Drives, arm, driver, servos};
use crate::conformance::{self, SECOND, SPOILT_BYTES};
use crate::desk::BEGIN;
use crate::rig::Rig;

fn enabled(mode: &str) -> Rig {
    arm_with(mode, Drives::default()).opened()
}

fn arm_with(mode: &str, drives: Drives) -> Rig {
    let servos = servos(mode);
    let (core, mut settings) = driver(&servos);
    settings.carrier = Carrier::Socket;
    arm((core, settings), &servos, drives)
}

#[test]
fn the_arm_is_held_and_a_motion_followed_as_over_an_adapter() {
    for mode in ["cst", "csp"] {
        conformance::is_held(&enabled(mode), 11.0..12.1);
        let (records, lines) = (
            conformance::follows(enabled(mode)),
            conformance::follows(super::enabled(mode)),
        );
        println!("{mode}: interface {records:?}, adapter {lines:?}");
        assert!(
            records.rms < 1.05 * lines.rms && records.worst < 1.1 * lines.worst,
            "{mode}: interface {records:?}, adapter {lines:?}"
        );
    }
}

/// A frame that is spoilt on a CAN bus is lost: its checksum sees to that.
#[test]
fn spoilt_frames_never_make_a_position() {
    conformance::makes_nothing_up(|| enabled("cst"), 1..=2, SPOILT_BYTES, 1000);
}

#[test]
fn an_interface_gone_for_a_fifth_of_a_second_stops_the_arm_which_goes_on_after_a_reset() {
    conformance::bears_an_unplugged_port(enabled("cst"));
}

#[test]
fn a_bus_where_nobody_answers_is_said_once() {
    let bit_rate = Some(500_000);
    let mut rig = arm_with(
        "cst",
        Drives {
            bit_rate,
            ..Drives::default()
        },
    );
    rig.run(3 * SECOND, |_| None);
    rig.assert_said_only("no drive answers at 1000000 bit/s: is that the bus's bit rate");
}

/// A link by itself, told what a kernel tells; and what it then tells people.
struct Told(Canopen);

impl Told {
    fn hear(&mut self, after: std::time::Duration, condition: Condition) -> Vec<(EventKind, String)> {
        self.0
            .receive(BEGIN + after, &Record::Condition(condition).encode());
        let mut notices = Vec::new();
        while let Some(action) = self.0.poll() {
            if let servomesh_driver::link::Action::Notice(notice) = action {
                notices.push((notice.kind, notice.text.into_owned()));
            }
        }
        notices
    }
}

#[test]
fn what_the_kernel_sees_on_the_bus_is_told_once_with_what_to_do_and_again_where_it_is_worse() {
    let (_, mut settings) = driver(&servos("cst"));
    settings.carrier = Carrier::Socket;
    let mut link = Told(Canopen::new(settings).unwrap());
    let ms = std::time::Duration::from_millis;
    for (after, condition, part) in [
        (
            ms(1),
            Condition::Overrun,
            Some("`sudo ip link set … txqueuelen 100`"),
        ),
        (ms(2), Condition::Overrun, None),
        (
            ms(3),
            Condition::Warning,
            Some("the CAN controller sees many errors on the bus: check"),
        ),
        (ms(4), Condition::Passive, None),
        (
            ms(5),
            Condition::Off,
            Some("has left the bus after too many errors: check bit rate"),
        ),
        (ms(6), Condition::Restarted, None),
        (ms(7), Condition::Off, None),
    ] {
        let said = link.hear(after, condition);
        match part {
            Some(part) => assert!(
                matches!(&said[..], [(EventKind::Fault, text)] if text.contains(part)),
                "{condition:?}: {said:?}"
            ),
            None => assert_eq!(said, [], "{condition:?}"),
        }
    }
}

#[test]
fn frames_that_get_through_again_are_said_after_a_while() {
    let mut rig = enabled("cst");
    rig.receive(&Record::Condition(Condition::Passive).encode());
    rig.receive(&Record::Condition(Condition::Active).encode());
    rig.assert_said_only("the CAN controller sees many errors on the bus");
    let here = rig.truth();
    rig.run(6 * SECOND, |_| Some([here, [0.0; 6], [0.0; 6]]));
    rig.assert_said("frames get through again");
    rig.assert_mode(DriveMode::Enabled);
}
