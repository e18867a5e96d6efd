//! Paths through joint waypoints: exact where they are passed through, within the radius where they are rounded, smooth everywhere.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_motion::Bounds;
use servomesh_motion::path::{Corner, Path, PathError, Waypoint, plan_joints};
use servomesh_types::JointVec;

use crate::arms::seeded;

fn bounds(n: usize) -> Bounds {
    let all = |value: f64| JointVec::from_fn(n, |_| value);
    Bounds {
        lower: all(-3.0),
        upper: all(3.0),
        velocity: all(1.0),
        acceleration: all(10.0),
        jerk: all(100.0),
    }
}

fn distance(a: &JointVec, b: &JointVec) -> f64 {
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| (a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}

fn draw(rng: &mut ChaCha8Rng, n: usize) -> JointVec {
    JointVec::from_fn(n, |_| rng.random_range(-2.0..2.0))
}

fn waypoints(rng: &mut ChaCha8Rng, n: usize, corner: impl Fn(&mut ChaCha8Rng) -> Corner) -> Vec<Waypoint> {
    (0..rng.random_range(1..12))
        .map(|_| Waypoint {
            position: draw(rng, n),
            corner: corner(rng),
        })
        .collect()
}

/// q, q′ and q″ are continuous, and each part starts where the last one ended.
fn check_smooth(path: &Path, seed: u64) {
    for part in &path.parts {
        let times = part.spline.times();
        for k in 1..times.len() - 1 {
            let h = 1e-7 * (times[k] - times[k - 1]).min(times[k + 1] - times[k]);
            let (a, b) = (part.spline.at(times[k] - h), part.spline.at(times[k] + h));
            for j in 0..a.jerk.len() {
                let jerk = a.jerk[j].abs().max(b.jerk[j].abs());
                let (a, b) = (&a.state, &b.state);
                assert!(
                    (a.position[j] - b.position[j]).abs() < 1e-12 + 8.0 * h,
                    "seed {seed}"
                );
                let rate = a.acceleration[j].abs().max(b.acceleration[j].abs());
                assert!(
                    (a.velocity[j] - b.velocity[j]).abs() < 1e-10 + 4.0 * h * rate,
                    "seed {seed}"
                );
                assert!(
                    (a.acceleration[j] - b.acceleration[j]).abs() < 1e-6 * (1.0 + rate) + 4.0 * h * jerk,
                    "seed {seed}"
                );
            }
        }
    }
    for pair in path.parts.windows(2) {
        let (end, start) = (pair[0].spline.at(pair[0].length()), pair[1].spline.at(0.0));
        assert!(
            distance(&end.state.position, &start.state.position) < 1e-12,
            "seed {seed}"
        );
    }
}

#[test]
fn what_is_passed_through_is_met_exactly_and_without_loops() {
    for seed in 0..400 {
        let mut rng = seeded(seed);
        let n = rng.random_range(1..8);
        let start = draw(&mut rng, n);
        let waypoints = waypoints(&mut rng, n, |_| Corner::Through);
        let path = match plan_joints(&start, &waypoints, &bounds(n)) {
            Ok(path) => path,
            Err(PathError::BeyondLimit { .. }) => continue,
            Err(other) => panic!("seed {seed}: {other}"),
        };
        check_smooth(&path, seed);
        let [part] = &path.parts[..] else {
            panic!("it is one part");
        };
        let mut from = start;
        let mut lambda = 0.0;
        for ((end, segment), waypoint) in part.segment_ends().iter().zip(&waypoints) {
            assert!((end - lambda - distance(&from, &waypoint.position)).abs() < 1e-12);
            assert!(
                distance(&part.spline.at(*end).state.position, &waypoint.position) < 1e-12,
                "seed {seed}"
            );
            assert_eq!(part.segment_of(0.5 * (lambda + end)), *segment);
            // No loops, no large overshoot: the way is not much longer than the line, and stays near it.
            let steps = 400;
            let (mut way, mut last, length) = (0.0, from, end - lambda);
            for k in 1..=steps {
                let at = part
                    .spline
                    .at(lambda + length * f64::from(k) / f64::from(steps))
                    .state
                    .position;
                way += distance(&last, &at);
                last = at;
                for j in 0..n {
                    let (low, high) = (
                        from[j].min(waypoint.position[j]),
                        from[j].max(waypoint.position[j]),
                    );
                    let beyond = (at[j] - high).max(low - at[j]);
                    assert!(
                        beyond < 0.16 * length,
                        "seed {seed}: joint {j} overshoots by {beyond} of {length}"
                    );
                }
            }
            assert!(way < 1.35 * length, "seed {seed}: {way} for {length}");
            (from, lambda) = (waypoint.position, *end);
        }
    }
}

#[test]
fn blends_stay_within_their_radius_and_leave_the_lines_alone() {
    for seed in 0..400 {
        let mut rng = seeded(seed);
        let n = rng.random_range(1..8);
        let start = draw(&mut rng, n);
        let waypoints = waypoints(&mut rng, n, |rng| Corner::Blend(rng.random_range(0.01..3.0)));
        let path = plan_joints(&start, &waypoints, &bounds(n)).unwrap();
        check_smooth(&path, seed);
        let part = &path.parts[0];
        let mut from = start;
        let mut lambda = 0.0;
        for (k, waypoint) in waypoints.iter().enumerate() {
            let end = part.segment_ends()[k].0;
            let extents = [
                if k == 0 { 0.0 } else { path.corners[k - 1].extent },
                path.corners.get(k).map_or(0.0, |corner| corner.extent),
            ];
            assert!(extents[0] + extents[1] <= (end - lambda) * (1.0 + 1e-12));
            for step in 0..=200 {
                let share = f64::from(step) / 200.0;
                let at = lambda + (end - lambda) * share;
                let sample = part.spline.at(at);
                let on_line = JointVec::from_fn(n, |j| from[j] + share * (waypoint.position[j] - from[j]));
                let off = distance(&sample.state.position, &on_line);
                if at >= lambda + extents[0] && at <= end - extents[1] {
                    assert!(off < 1e-9, "seed {seed}: {off} off the line");
                }
                let speed = sample.state.velocity.iter().map(|v| v * v).sum::<f64>().sqrt();
                assert!(speed <= 1.0 + 1e-9, "seed {seed}: {speed} for each rad of λ");
            }
            if let Some(corner) = path.corners.get(k) {
                let Corner::Blend(radius) = corner.corner else {
                    panic!("it is a blend");
                };
                assert!(corner.extent <= radius && corner.deviation <= 0.376 * corner.extent);
                for step in -50..=50 {
                    let at = part.spline.at(end + corner.extent * f64::from(step) / 50.0);
                    let off = distance(&at.state.position, &waypoint.position);
                    assert!(off <= radius + 1e-12, "seed {seed}");
                    assert!(
                        off >= corner.deviation - 1e-9,
                        "seed {seed}: it is nearest in the middle"
                    );
                }
            }
            (from, lambda) = (waypoint.position, end);
        }
    }
}

#[test]
fn corners_of_all_kinds_follow_one_another() {
    for seed in 0..400 {
        let mut rng = seeded(seed);
        let n = rng.random_range(2..8);
        let start = draw(&mut rng, n);
        let waypoints = waypoints(&mut rng, n, |rng| match rng.random_range(0..3) {
            0 => Corner::Stop,
            1 => Corner::Through,
            _ => Corner::Blend(rng.random_range(0.01..1.0)),
        });
        let path = match plan_joints(&start, &waypoints, &bounds(n)) {
            Ok(path) => path,
            Err(PathError::BeyondLimit { .. }) => continue,
            Err(other) => panic!("seed {seed}: {other}"),
        };
        check_smooth(&path, seed);
        let last = waypoints.len() - 1;
        let stops = waypoints[..last]
            .iter()
            .filter(|w| w.corner == Corner::Stop)
            .count();
        assert_eq!(path.parts.len(), stops + 1);
        for part in &path.parts {
            for (end, segment) in part.segment_ends() {
                let off = distance(
                    &part.spline.at(*end).state.position,
                    &waypoints[*segment].position,
                );
                let allowed = match waypoints[*segment].corner {
                    Corner::Blend(radius) if *segment < last => radius,
                    _ => 1e-12,
                };
                assert!(off <= allowed, "seed {seed}: {off} at waypoint {segment}");
            }
        }
    }
}

#[test]
fn an_overshoot_beyond_a_limit_is_refused_with_its_place() {
    let at = |a: f64, b: f64| JointVec::from([a, b]);
    let through = |position| Waypoint {
        position,
        corner: Corner::Through,
    };
    // The second joint turns around at 2.999 with a rest of its slope, so the curve has its peak before, beyond the limit of 3.
    let waypoints = [
        through(at(0.5, 1.0)),
        through(at(1.0, 2.999)),
        through(at(1.5, 2.6)),
        through(at(2.0, 0.0)),
    ];
    let error = plan_joints(&at(0.0, 0.0), &waypoints, &bounds(2)).unwrap_err();
    let PathError::BeyondLimit {
        segment: 1,
        joint: 1,
        value,
        limit,
        share,
    } = error
    else {
        panic!("{error}");
    };
    assert!(
        value > 3.0 && (limit - 3.0).abs() < 1e-12 && share > 0.0 && share < 1.0,
        "{error}"
    );
    assert!(error.to_string().contains("segment 1"), "{error}");
}

#[test]
fn waypoints_that_cannot_be_meant_are_refused() {
    let start = JointVec::from([0.0, 0.0]);
    let good = |value: f64| Waypoint {
        position: JointVec::from([value, 0.5]),
        corner: Corner::Stop,
    };
    let check = |waypoints: &[Waypoint], sentence: &str| {
        let error = plan_joints(&start, waypoints, &bounds(2))
            .unwrap_err()
            .to_string();
        assert!(error.contains(sentence), "{error}");
    };
    check(&[], "1 to 1000 segments, not 0");
    check(&vec![good(1.0); 1001], "not 1001");
    check(&[good(1.0), good(1.0)], "segment 1 has no length");
    check(&[good(1.0), good(f64::NAN)], "segment 1: a joint position is NaN");
    check(&[good(f64::INFINITY)], "segment 0: a joint position is inf");
    check(
        &[good(1.0), good(3.5)],
        "joint 0 goes to 3.5000, beyond its limit 3.0000",
    );
    check(&[good(1.0), good(-3.5)], "beyond its limit -3.0000");
    let short = Waypoint {
        position: JointVec::from([1.0]),
        corner: Corner::Stop,
    };
    check(
        &[good(1.0), short],
        "segment 1: 1 joint positions, but the group has 2",
    );
    for (radius, value) in [(0.0, "0"), (-0.1, "-0.1"), (f64::NAN, "NaN"), (1e9, "1000000000")] {
        let corner = Corner::Blend(radius);
        check(
            &[Waypoint { corner, ..good(1.0) }, good(2.0)],
            &format!("segment 0: blend is {value}"),
        );
    }
}
