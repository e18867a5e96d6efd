//! A command that is followed on while nothing newer comes: it leads beyond no limit, and neither does the stop after it.

mod common;

use common::{Bench, DT, JOINTS, params};
use servomesh_types::{DriveMode, EventKind, JointLimits, Ramp};

/// Velocity, acceleration and jerk limit of the bench.
const LIMITS: [f64; 3] = [3.0, 5.0, 50.0];
const START: f64 = 0.4;

/// Moves the first joint by rows of cycles with a constant jerk each, the second one the other way; then lets it be silent until it stands.
/// The first joint's references from there on, with the last one before.
fn silent_after(bench: &mut Bench, cycles_and_jerks: &[(usize, f64)]) -> Vec<f64> {
    bench.cycles(3);
    bench.hold(1, [START; JOINTS], 500);
    let (mut p, mut v, mut a) = (0.0, 0.0, 0.0);
    for &(cycles, jerk) in cycles_and_jerks {
        for _ in 0..cycles {
            p += DT * (v + DT * (a / 2.0 + DT * jerk / 6.0));
            v += DT * (a + DT * jerk / 2.0);
            a += DT * jerk;
            bench.track(1, [[START + p, START - p], [v, -v], [a, -a]]);
            bench.cycle();
        }
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled);
    let mut references = vec![bench.state().reference[0]];
    while bench.state().mode != DriveMode::Disabled {
        assert!(references.len() < 1000, "it stops");
        bench.cycle();
        references.push(bench.state().reference[0]);
    }
    // The last one is measured.
    references.pop();
    references
}

fn differences(row: &[f64]) -> Vec<f64> {
    row.windows(2).map(|pair| (pair[1] - pair[0]) / DT).collect()
}

fn most(row: &[f64]) -> f64 {
    row.iter().fold(0.0, |most: f64, value| most.max(value.abs()))
}

#[test]
fn an_arm_that_gathers_speed_keeps_its_velocity_limit() {
    // To 5 rad/s² within 0.1 s, and to 2.75 rad/s: another 0.25 rad/s come while the acceleration goes to zero. 20 ms earlier and later, too.
    for cycles in [240, 250, 255] {
        let mut bench = Bench::new();
        let mut ramp = vec![(50, LIMITS[2]), (cycles, 0.0)];
        if cycles > 250 {
            ramp = vec![(50, LIMITS[2]), (250, 0.0), (cycles - 250, -LIMITS[2])];
        }
        let references = silent_after(&mut bench, &ramp);
        let velocities = differences(&references);
        let accelerations = differences(&velocities);
        let jerks = differences(&accelerations);
        assert!(most(&velocities) > 2.9, "{cycles}: {}", most(&velocities));
        let shares = [most(&velocities), most(&accelerations), most(&jerks)];
        for (share, limit) in shares.iter().zip(LIMITS) {
            assert!(*share <= limit * 1.0001, "{cycles}: {shares:?}");
        }
    }
}

#[test]
fn a_stop_that_can_only_just_end_inside_a_position_limit_begins_at_once() {
    let (way, ..) = Ramp::to_rest(2.0, 0.0, LIMITS[1], LIMITS[2]).at(f64::INFINITY);
    for side in [1.0, -1.0] {
        let mut params = params();
        let end = 0.54 + way;
        let range = if side > 0.0 {
            (-6.0, START + end)
        } else {
            (START - end, 6.0)
        };
        params.group.joints[0].limits =
            JointLimits::new(range, LIMITS[0], LIMITS[1], LIMITS[2], 150.0).expect("they are limits");
        let mut bench = Bench::with(params);
        let jerk = side * LIMITS[2];
        let references = silent_after(&mut bench, &[(50, jerk), (150, 0.0), (50, -jerk), (10, 0.0)]);
        let furthest = most(&references.iter().map(|q| q - START).collect::<Vec<_>>());
        assert!(furthest <= end + 1e-9, "{furthest} of {end}");
        assert!(furthest > end - 1e-6, "as it was: {furthest} of {end}");
        assert!(
            bench.heard(EventKind::Fault, "no command for 40 ms"),
            "{:?}",
            bench.events
        );
    }
}

#[test]
fn a_stop_goes_on_as_told_while_most_of_its_commands_are_lost() {
    let mut params = params();
    // It brakes as hard as it may, to where the limit is.
    let end = 1.0;
    params.group.joints[0].limits =
        JointLimits::new((-6.0, START + end), LIMITS[0], LIMITS[1], LIMITS[2], 150.0)
            .expect("they are limits");
    let mut bench = Bench::with(params);
    bench.cycles(3);
    bench.hold(1, [START; JOINTS], 500);
    let phases = [
        (50, 1.0),
        (150, 0.0),
        (50, -1.0),
        (50, -1.0),
        (150, 0.0),
        (50, 1.0),
    ];
    let (mut p, mut v, mut a) = (0.0, 0.0, 0.0);
    let mut cycle = 0;
    for (cycles, share) in phases {
        let jerk = share * LIMITS[2];
        for _ in 0..cycles {
            p += DT * (v + DT * (a / 2.0 + DT * jerk / 6.0));
            v += DT * (a + DT * jerk / 2.0);
            a += DT * jerk;
            // Half of the time nothing is lost, or there would be no speed to brake from.
            if cycle < 250 || cycle % 15 == 0 {
                bench.track(1, [[START + p, START], [v, 0.0], [a, 0.0]]);
            }
            cycle += 1;
            bench.cycle();
            assert_eq!(bench.state().mode, DriveMode::Enabled, "{p} of {end}");
        }
    }
    assert!((p - end).abs() < 1e-6, "{p}");
}
