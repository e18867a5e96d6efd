//! Two groups follow one motion, each with a driver of its own on a bus of its own: how far apart their motors are in time.
//!
//! A goal acts when its last byte has reached the servos, or at the step of the simulation that takes it as a frame. The skew at an instant of
//! the common grid is the difference of the times at which the goals of the two groups act that are meant for it.

mod group;
mod topics;
mod wire;

use std::time::Duration;

use group::{Goals, Motion};
use servomesh_types::{DriveMode, Stamp};
use topics::Topics;
use wire::Wired;

use crate::desk::{BAUD, BEGIN};

const PERIOD: Duration = Duration::from_millis(2);
const LIMIT: Duration = Duration::from_micros(200);
const FOR: Duration = Duration::from_secs(4);

/// Skews \[s\].
#[derive(Clone, Copy, Debug)]
struct Skew {
    p50: f64,
    p99: f64,
    max: f64,
    /// The largest distance of a goal from the time for which the core computed it.
    off: f64,
    /// Instants at which both had goals.
    count: usize,
}

/// Compares what two groups did in the same cycles.
fn skew(first: &Goals, second: &Goals, period: Duration) -> Skew {
    let mut skews: Vec<f64> = first
        .by_cycle(period)
        .filter_map(|(cycle, acted)| {
            let other = second.by_cycle(period).find(|(other, _)| *other == cycle)?;
            Some(acted.seconds_from(other.1).abs())
        })
        .collect();
    skews.sort_by(f64::total_cmp);
    let at = |share: f64| skews[((skews.len() - 1) as f64 * share).round() as usize];
    Skew {
        p50: at(0.5),
        p99: at(0.99),
        max: at(1.0),
        off: first.largest_miss().max(second.largest_miss()),
        count: skews.len(),
    }
}

const QUIET: std::ops::Range<Duration> = Duration::from_micros(80)..Duration::from_micros(120);

fn after(seconds: f64) -> Stamp {
    BEGIN + Duration::from_secs_f64(seconds)
}

/// The motion begins when both groups have been driven for a while.
fn motion() -> Motion {
    Motion { begin: after(1.2) }
}

/// Until the motion begins: opened, driven, held.
fn driven_wire(mut group: Wired) -> Wired {
    group.run(after(0.4), &motion());
    group.enable();
    group.run(motion().begin, &motion());
    assert_eq!(group.mode(), Some(DriveMode::Enabled), "{}", group.story());
    group.goals = Goals::default();
    group
}

fn driven_topics(mut group: Topics) -> Topics {
    group.run(after(0.4), &motion());
    group.enable();
    group.run(motion().begin, &motion());
    assert_eq!(group.mode(), DriveMode::Enabled);
    group.goals = Goals::default();
    group
}

fn arm(rate_hz: f64) -> Wired {
    driven_wire(Wired::new(BEGIN, 0..6, rate_hz, BAUD))
}

fn flange(rate_hz: f64, baud: u32) -> Wired {
    driven_wire(Wired::new(BEGIN, 5..6, rate_hz, baud))
}

fn topics(rate_hz: f64) -> Topics {
    driven_topics(Topics::new(BEGIN, rate_hz, QUIET))
}

fn end() -> Stamp {
    motion().begin + FOR
}

fn followed(mut group: Wired) -> Goals {
    group.run(end(), &motion());
    assert_eq!(group.mode(), Some(DriveMode::Enabled), "{}", group.story());
    group.goals
}

/// Both had goals in nearly all cycles.
fn check(what: &str, skew: &Skew, period: Duration, p99: Duration, max: Duration) {
    println!(
        "{what}: p50 {:.0} µs, p99 {:.0} µs, max {:.0} µs; goals off by {:.0} µs at most; {} instants",
        skew.p50 * 1e6,
        skew.p99 * 1e6,
        skew.max * 1e6,
        skew.off * 1e6,
        skew.count
    );
    let instants = FOR.as_secs_f64() / period.as_secs_f64();
    assert!(skew.count as f64 > 0.8 * instants, "{what}: {skew:?}");
    assert!(skew.p99 <= p99.as_secs_f64(), "{what}: {skew:?}");
    assert!(skew.max <= max.as_secs_f64(), "{what}: {skew:?}");
}

#[test]
fn motors_behind_frames_and_behind_bytes_are_in_step() {
    let mut frames = topics(500.0);
    frames.run(end(), &motion());
    let skew = skew(&frames.goals, &followed(arm(500.0)), PERIOD);
    check("frames and six servos on a wire", &skew, PERIOD, LIMIT, PERIOD);
    assert!(skew.off <= LIMIT.as_secs_f64(), "{skew:?}");
}

#[test]
fn motors_on_two_wires_are_in_step_however_many_servos_each_has() {
    let skew = skew(&followed(arm(500.0)), &followed(flange(500.0, BAUD)), PERIOD);
    check("six servos on a wire and one", &skew, PERIOD, LIMIT, PERIOD);
    assert!(skew.off <= LIMIT.as_secs_f64(), "{skew:?}");
}

#[test]
fn a_wire_of_a_tenth_of_the_speed_is_in_step_too() {
    let period = Duration::from_millis(5);
    let skew = skew(&followed(arm(200.0)), &followed(flange(200.0, 115_200)), period);
    check(
        "six servos at 1 Mbit/s and one at 115.2 kbit/s",
        &skew,
        period,
        LIMIT,
        period,
    );
}

#[test]
fn a_wire_whose_answers_are_late_stays_within_a_period() {
    for (share, late_us) in [(0.2, 200), (0.02, 700), (0.02, 1500)] {
        let mut arm = arm(500.0);
        arm.set_faults(wire::late(share, Duration::from_micros(late_us)));
        let skew = skew(&followed(arm), &followed(flange(500.0, BAUD)), PERIOD);
        let what = format!("{share} of the answers of one wire late by {late_us} µs");
        check(&what, &skew, PERIOD, PERIOD, PERIOD);
    }
}

#[test]
fn frames_that_are_late_stay_within_a_period() {
    let mut frames = topics(500.0);
    frames.set_delay(Duration::from_micros(100)..Duration::from_micros(900));
    frames.run(end(), &motion());
    let skew = skew(&frames.goals, &followed(arm(500.0)), PERIOD);
    check(
        "frames late by up to 0.9 ms each way",
        &skew,
        PERIOD,
        PERIOD,
        PERIOD,
    );
}

#[test]
fn a_driver_that_restarts_is_in_step_from_its_first_goal_on() {
    let mut restarted = flange(500.0, BAUD);
    restarted.run(after(2.0), &motion());
    restarted.die();
    restarted.run(after(2.3), &motion());
    restarted.start();
    let mut until = after(2.3);
    while !restarted.is_heard() {
        until = until + PERIOD;
        assert!(until < after(2.8), "{}", restarted.story());
        restarted.run(until, &motion());
    }
    restarted.enable();
    let goals = followed(restarted);
    let skew = skew(&goals, &followed(arm(500.0)), PERIOD);
    check("one driver restarted", &skew, PERIOD, LIMIT, PERIOD);
}
