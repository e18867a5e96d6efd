//! Stops come to rest on the path where they can, and always within the limits.

mod bench;

use bench::{Bench, trajectory};
use servomesh_trajectory::{Code, GoalId, Phase, Status};
use servomesh_types::{Epoch, EventKind, Fault, JointVec, SafetyMode, Setpoint, Stamp};

const START: [f64; 3] = [0.1, -0.2, 0.3];

/// A winding way, so that leaving it shows.
fn winding(bench: &mut Bench) -> GoalId {
    bench.follow(trajectory(&[
        (0.0, START),
        (1.0, [0.5, 0.2, -0.2]),
        (2.0, [0.2, 0.5, 0.4]),
        (3.0, [-0.3, 0.1, 0.0]),
        (4.0, [0.0, -0.3, 0.5]),
    ]))
}

/// The whole path, as setpoints of an undisturbed run.
fn undisturbed() -> Vec<Setpoint> {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let id = winding(&mut bench);
    assert_eq!(bench.finish(id).text, "");
    bench.judge(from);
    bench.setpoints.split_off(from)
}

/// Distance of a position to the nearest stretch between two setpoints of the path.
fn distance(path: &[Setpoint], position: &JointVec) -> f64 {
    let stretch = |a: &JointVec, b: &JointVec| {
        let ab: Vec<f64> = a.iter().zip(b.iter()).map(|(a, b)| b - a).collect();
        let ap: Vec<f64> = a.iter().zip(position.iter()).map(|(a, p)| p - a).collect();
        let square: f64 = ab.iter().map(|x| x * x).sum();
        let dot: f64 = ab.iter().zip(&ap).map(|(x, y)| x * y).sum();
        let share = if square > 0.0 {
            (dot / square).clamp(0.0, 1.0)
        } else {
            0.0
        };
        ab.iter()
            .zip(&ap)
            .map(|(x, y)| (y - share * x).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    path.windows(2)
        .map(|pair| stretch(&pair[0].position, &pair[1].position))
        .fold(f64::MAX, f64::min)
}

#[test]
fn a_cancel_comes_to_rest_on_the_path_wherever_it_strikes() {
    let path = undisturbed();
    for k in 0..39 {
        let mut bench = Bench::arm();
        let from = bench.setpoints.len() - 1;
        let id = winding(&mut bench);
        bench.run(0.05 + 0.1 * f64::from(k));
        let asked = bench.now;
        bench.cancel(id);
        assert!(bench.done.is_empty(), "it is cancelled once it stands");
        let outcome = bench.finish(id);
        assert_eq!(
            (outcome.status, outcome.code),
            (Status::Cancelled, Code::Successful)
        );
        assert_eq!(bench.phase(), Phase::Holding);
        assert!(bench.last().velocity.max_abs() == 0.0);
        bench.judge(from);
        let took = bench.now.seconds_from(asked);
        assert!(took < 1.2, "{took} s to stop at {k}");
        for setpoint in bench.setpoints[from..].iter().rev().step_by(8) {
            let off = distance(&path, &setpoint.position);
            assert!(off < 2e-5, "{off} rad off the path, {took} s, cancelled at {k}");
        }
    }
}

#[test]
fn a_cancelled_move_stays_on_its_straight_line() {
    for k in 1..20 {
        let mut bench = Bench::arm();
        let from = bench.setpoints.len() - 1;
        let id = bench.go(&[1.0, 0.7, -0.9]);
        bench.run(0.05 * f64::from(k));
        bench.cancel(id);
        let outcome = bench.finish(id);
        bench.judge(from);
        assert!(matches!(outcome.status, Status::Cancelled | Status::Succeeded));
        let way = [0.9, 0.9, -1.2];
        for setpoint in &bench.setpoints[from..] {
            let share = (setpoint.position[0] - START[0]) / way[0];
            for j in 0..3 {
                let off = setpoint.position[j] - START[j] - share * way[j];
                assert!(off.abs() < 1e-4, "{off} rad off the line at {k}");
            }
        }
    }
}

#[test]
fn a_cancel_of_a_goal_that_is_over_changes_nothing() {
    let mut bench = Bench::arm();
    let id = bench.go(&[0.2, 0.0, 0.0]);
    bench.finish(id);
    let events = bench.events.len();
    bench.cancel(id);
    bench.cancel(GoalId(12345));
    bench.run(0.1);
    assert_eq!(bench.events.len(), events);
    assert_eq!(bench.phase(), Phase::Holding);
}

#[test]
fn a_new_goal_may_come_during_a_stop() {
    let mut bench = Bench::arm();
    let from = bench.setpoints.len() - 1;
    let first = winding(&mut bench);
    bench.run(1.3);
    bench.cancel(first);
    bench.run(0.06);
    assert_eq!(bench.phase(), Phase::Stopping);
    let second = bench.go(&[0.0, 0.0, 0.0]);
    assert_eq!(bench.done[&first].status, Status::Cancelled);
    assert_eq!(bench.finish(second).status, Status::Succeeded);
    bench.judge(from);
}

#[test]
fn a_stop_by_safety_ends_the_stream_and_a_new_epoch_seeds_from_the_measured_state() {
    let mut bench = Bench::arm();
    let id = winding(&mut bench);
    bench.run(1.3);
    let streamed = bench.setpoints.len();
    bench.gate(SafetyMode::Stopping, Some(Fault::StopRequested));
    let outcome = bench.done[&id].clone();
    assert_eq!((outcome.status, outcome.code), (Status::Aborted, Code::Stopped));
    assert_eq!(outcome.text, "safety stopped the group: stop requested");
    assert_eq!(outcome.code.follow_number(), -1);
    bench.run(0.1);
    assert_eq!(bench.setpoints.len(), streamed, "nothing is streamed");
    assert_eq!(bench.phase(), Phase::Unseeded);
    bench.machine.forget();
    bench.machine.position = JointVec::from([0.31, 0.32, 0.33]);
    bench.epoch = Epoch(2);
    bench.gate(SafetyMode::Normal, None);
    bench.run(0.02);
    assert_eq!(bench.phase(), Phase::Holding);
    assert_eq!(bench.last().position, JointVec::from([0.31, 0.32, 0.33]));
    assert_eq!(bench.last().tag.epoch, Epoch(2));
    let again = bench.go(&[0.0, 0.0, 0.0]);
    assert_eq!(bench.finish(again).status, Status::Succeeded);
    bench.judge(streamed);
}

#[test]
fn a_group_that_still_moves_when_it_is_seeded_is_brought_to_rest() {
    let mut bench = Bench::arm();
    bench.gate(SafetyMode::Stopping, Some(Fault::StopRequested));
    bench.machine.forget();
    bench.machine.velocity = JointVec::from([0.5, 0.0, -0.3]);
    bench.machine.latency = 1000; // it coasts
    bench.epoch = Epoch(2);
    let from = bench.setpoints.len();
    bench.gate(SafetyMode::Normal, None);
    bench.run(0.004);
    assert_eq!(bench.phase(), Phase::Stopping);
    assert!(bench.last().velocity[0] > 0.4);
    bench.machine.velocity = JointVec::zeros(3);
    bench.run(0.5);
    assert_eq!(bench.phase(), Phase::Holding);
    bench.judge(from);
}

#[test]
fn an_announcement_with_other_limits_starts_afresh() {
    let mut bench = Bench::arm();
    let id = winding(&mut bench);
    bench.run(0.5);
    let same = bench.description.clone();
    bench.handle(servomesh_trajectory::Input::Group(same.clone()));
    assert!(bench.done.is_empty(), "a driver may say the same twice");
    let mut other = same;
    other.joints[0].name = "waist".into();
    bench.handle(servomesh_trajectory::Input::Group(other));
    assert_eq!(
        bench.done[&id].text,
        "the group was announced with other joints or limits"
    );
    bench.run(0.02);
    assert_eq!(bench.setpoints.last().unwrap().tag.epoch, bench.epoch);
}

#[test]
fn groups_that_can_not_be_are_told_of() {
    let mut bench = Bench::arm();
    let mut other = bench.description.clone();
    other.joints[0].name = "wrist".into();
    bench.handle(servomesh_trajectory::Input::Group(other));
    let event = bench.events.last().unwrap();
    assert_eq!(
        (event.kind, event.text.as_str()),
        (EventKind::Fault, "group arm has two joints wrist: it is not used")
    );
    assert_eq!(bench.core.phase(bench.group, Stamp::ZERO), None);
}

#[test]
fn a_motion_state_that_is_no_number_counts_as_silence_and_is_told_once() {
    let mut bench = Bench::arm();
    let id = winding(&mut bench);
    bench.run(0.5);
    bench.machine.blocked = true;
    bench.machine.position[1] = f64::NAN;
    let outcome = bench.finish(id);
    assert_eq!(outcome.text, "no motion state for 102 ms");
    assert_eq!(
        bench
            .events
            .iter()
            .filter(|event| event.kind == EventKind::Fault)
            .count(),
        1
    );
}
