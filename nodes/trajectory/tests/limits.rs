//! Whatever is asked at whatever tick: the setpoints are one continuous motion within the limits.
//!
//! proptest prints the case, and its seed is kept under `proptest-regressions`.

mod bench;

use bench::{ARM, Bench, point, trajectory};
use proptest::prelude::*;
use servomesh_trajectory::{FollowGoal, GoalId, Phase};
use servomesh_types::{Epoch, Fault, SafetyMode};

#[derive(Clone, Debug)]
enum Ask {
    Go {
        shares: [f64; 3],
        velocity: f64,
        acceleration: f64,
    },
    Follow {
        steps: Vec<([f64; 3], f64)>,
        from_here: bool,
        velocities: bool,
    },
    Cancel,
    Stop,
    Silence,
    LateTick(u64),
}

fn shares() -> impl Strategy<Value = [f64; 3]> {
    prop_oneof![4 => [-1.0..1.0, -1.0..1.0, -1.0..1.0], 1 => [Just(1.0), Just(-1.0), Just(1.0)]]
}

fn ask() -> impl Strategy<Value = Ask> {
    prop_oneof![
        4 => (shares(), 0.05..1.0, 0.05..1.0)
            .prop_map(|(shares, velocity, acceleration)| Ask::Go { shares, velocity, acceleration }),
        4 => (prop::collection::vec(([-0.3..0.3, -0.3..0.3, -0.3..0.3], 0.3..1.5), 1..6), any::<bool>(), any::<bool>())
            .prop_map(|(steps, from_here, velocities)| Ask::Follow { steps, from_here, velocities }),
        3 => Just(Ask::Cancel),
        1 => Just(Ask::Stop),
        1 => Just(Ask::Silence),
        1 => (1u64..40).prop_map(Ask::LateTick),
    ]
}

/// A trajectory in steps from where the group is; it may well be one that must be refused.
fn steps(bench: &Bench, steps: &[([f64; 3], f64)], from_here: bool, velocities: bool) -> FollowGoal {
    let mut goal = trajectory(&[]);
    let mut position: Vec<f64> = bench.last().position.to_vec();
    let mut time_s = 0.0;
    if from_here {
        goal.points.push(point(0.0, &position));
    }
    for (step, duration) in steps {
        time_s += duration;
        for j in 0..3 {
            position[j] += step[j];
        }
        goal.points.push(point(time_s, &position));
    }
    if velocities {
        let last = goal.points.len() - 1;
        for (k, point) in goal.points.iter_mut().enumerate() {
            point.velocities = if k == last {
                vec![0.0; 3]
            } else {
                vec![0.1, -0.05, 0.2]
            };
        }
    }
    goal
}

fn run(asks: &[(Ask, u32)]) {
    let mut bench = Bench::arm();
    let mut from = bench.setpoints.len() - 1;
    let mut ids: Vec<GoalId> = Vec::new();
    for (ask, ticks) in asks {
        match ask {
            Ask::Go {
                shares,
                velocity,
                acceleration,
            } => {
                let target: Vec<f64> = (0..3).map(|j| shares[j] * ARM[j].1).collect();
                ids.push(bench.go_scaled(&target, *velocity, *acceleration));
            }
            Ask::Follow {
                steps: list,
                from_here,
                velocities,
            } => {
                let goal = steps(&bench, list, *from_here, *velocities);
                ids.push(bench.follow(goal));
            }
            Ask::Cancel => {
                if let Some(id) = ids.last() {
                    bench.cancel(*id);
                }
            }
            Ask::Stop => {
                bench.judge(from);
                bench.gate(SafetyMode::Stopping, Some(Fault::StopRequested));
                bench.run(0.05);
                bench.machine.forget();
                bench.epoch = Epoch(bench.epoch.0 + 1);
                from = bench.setpoints.len();
                bench.gate(SafetyMode::Normal, None);
            }
            Ask::Silence => {
                bench.talks = false;
                bench.run(0.15);
                bench.talks = true;
            }
            Ask::LateTick(ms) => bench.now = bench.now + std::time::Duration::from_millis(*ms),
        }
        for _ in 0..*ticks {
            bench.step();
        }
    }
    for id in &ids {
        bench.finish(*id);
    }
    bench.run(0.1);
    bench.judge(from);
    assert_eq!(bench.phase(), Phase::Holding);
}

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn setpoints_are_one_motion_within_the_limits(asks in prop::collection::vec((ask(), 1u32..400), 1..12)) {
        run(&asks);
    }
}
