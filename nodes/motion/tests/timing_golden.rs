//! Against TOPP-RA on the same paths and limits, without limits of jerk: never more than a thousandth longer.

#[path = "timing_support/mod.rs"]
mod support;

use servomesh_motion::TimedSpline;
use servomesh_motion::timing::{Efforts, Limits, plan};
use servomesh_robot::{Model, Workspace};
use servomesh_types::JointVec;
use support::{bounds, shares, spline};

/// splitmix64, as in golden/timing.py.
struct Draw(u64);

impl Draw {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        low + (high - low) * ((z >> 11) as f64 / (1_u64 << 53) as f64)
    }

    fn vector(&mut self, count: usize, low: f64, high: f64) -> Vec<f64> {
        (0..count).map(|_| self.between(low, high)).collect()
    }
}

#[test]
fn no_path_takes_a_thousandth_longer_than_with_toppra() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("golden/timing.json")).unwrap();
    let kinematic = golden["kinematic"].as_u64().unwrap();
    let durations: Vec<f64> = golden["durations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| d.as_f64().unwrap())
        .collect();
    assert!(durations.len() >= 260);
    let model = Model::from_urdf_str(include_str!("../../robot/tests/golden/robots/six.urdf")).unwrap();
    let mut workspace = Workspace::new(&model);
    let (mut worst, mut sum, mut looked_at) = ((0.0, 0), 0.0, 0.0);
    let every = if std::env::var_os("SERVOMESH_TIMING_ALL").is_some() {
        1
    } else {
        SOME
    };
    for (seed, golden) in (0_u64..).zip(&durations).step_by(every) {
        let with_efforts = seed >= kinematic;
        let mut draw = Draw(seed);
        let joints = if with_efforts {
            6
        } else {
            1 + draw.between(0.0, 7.0) as usize
        };
        let count = 3 + draw.between(0.0, 20.0) as usize;
        let points: Vec<Vec<f64>> = (0..count).map(|_| draw.vector(joints, -2.0, 2.0)).collect();
        let (velocity, acceleration) = (draw.vector(joints, 0.5, 3.0), draw.vector(joints, 1.0, 10.0));
        let apart = |pair: &[Vec<f64>]| {
            pair[0]
                .iter()
                .zip(&pair[1])
                .map(|(a, b)| (a - b).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let steps: Vec<f64> = points.windows(2).map(|pair| apart(pair).max(1e-3)).collect();
        let path = spline(&points, &steps);
        let bounds = bounds(&velocity, &acceleration, &vec![f64::INFINITY; joints]);
        let mut limits = Limits::of(&bounds);
        if with_efforts {
            let share = draw.between(1.1, 2.0);
            let mut most = [0.0_f64; 6];
            for i in 0..=200 {
                let mut hold = [0.0; 6];
                let q = path.at(path.duration() * f64::from(i) / 200.0).state.position;
                model.gravity_effort(&mut workspace, &q, &mut hold);
                most.iter_mut()
                    .zip(hold)
                    .for_each(|(most, hold)| *most = most.max(hold.abs()));
            }
            limits.efforts = Some(Efforts {
                model: &model,
                limit: JointVec::from(most.map(|most| most * share + 1.0)),
            });
        }
        let law = plan(&path, &limits).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        let timed = TimedSpline::new(path, law);
        assert!(
            shares(&timed, &limits, 2000)
                .iter()
                .all(|share| *share <= 1.0 + 1e-9),
            "seed {seed}"
        );
        if let Some(efforts) = &limits.efforts {
            for i in 0..=2000 {
                let sample = timed.at(timed.duration() * f64::from(i) / 2000.0);
                let mut effort = [0.0; 6];
                let state = &sample.state;
                model.inverse_dynamics(
                    &mut workspace,
                    &state.position,
                    &state.velocity,
                    &state.acceleration,
                    &mut effort,
                );
                for (j, effort) in effort.iter().enumerate() {
                    assert!(
                        effort.abs() <= efforts.limit[j] * (1.0 + 1e-6),
                        "seed {seed}, joint {j}: {effort} of {}",
                        efforts.limit[j]
                    );
                }
            }
        }
        let ratio = timed.duration() / golden;
        sum += ratio;
        looked_at += 1.0;
        if ratio > 1.001 {
            println!(
                "seed {seed}: {} over {golden} = {ratio}, {} nodes",
                timed.duration(),
                timed.corners().len()
            );
        }
        if ratio > worst.0 {
            worst = (ratio, seed);
        }
    }
    println!("worst {worst:?}, mean {}", sum / looked_at);
    assert!(worst.0 <= 1.001, "seed {}: {} times as long", worst.1, worst.0);
}

/// Without `SERVOMESH_TIMING_ALL` in the environment, each of so many cases is one that is looked at.
const SOME: usize = 5;
