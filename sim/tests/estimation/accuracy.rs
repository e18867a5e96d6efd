//! Motion as it is told against motion as it is, beside what is commonly done: differencing behind a low-pass.

use super::job::{cycle, wrong_cell};
use super::truth::{Errors, Pair, Recorder};
use servomesh_estimator::filter::{JointFilter, JointNoise};
use servomesh_types::Stamp;
use std::f64::consts::TAU;

/// Differencing behind a low-pass of first order.
struct Differencing {
    hz: f64,
    smooth: Vec<f64>,
    errors: Errors,
}

/// filterpy's Kalman filter for constant acceleration, which ours is without a model (`nodes/estimator/tests/golden.rs`).
struct Textbook {
    hz: f64,
    filters: Vec<JointFilter>,
    last: Stamp,
    errors: Errors,
}

impl Textbook {
    fn new(hz: f64) -> Self {
        Self {
            hz,
            filters: Vec::new(),
            last: Stamp::ZERO,
            errors: Errors::default(),
        }
    }

    fn take(&mut self, pair: &Pair) {
        let noise = JointNoise::new(TAU * self.hz, TAU / 524_288.0, 6e-6, 0.002);
        let stamp = pair.state.tag.stamp;
        let dt_s = stamp.seconds_from(self.last);
        if self.filters.is_empty() {
            let start = |position: &f64| JointFilter::starting_at(*position, 0.0, 3.0, 10.0, &noise);
            self.filters = pair.state.position.iter().map(start).collect();
        } else if dt_s > 0.0 {
            for (filter, position) in self.filters.iter_mut().zip(pair.state.position.iter()) {
                filter.predict(&noise, 0.0, dt_s);
                filter.correct(&noise, *position, dt_s);
            }
        }
        self.last = stamp;
        let ahead_s = pair.motion.holds_at.seconds_from(stamp);
        for (filter, truth) in self.filters.iter().zip(&pair.truth) {
            self.errors.add(filter.motion().after(ahead_s).velocity, truth);
        }
    }
}

/// Sums of squared errors over their told variances.
#[derive(Default)]
struct Consistency {
    position: f64,
    velocity: f64,
    count: f64,
}

#[test]
fn velocity_is_told_at_least_three_times_better_than_by_filtered_differencing() {
    for seed in [1] {
        println!("seed {seed}, masses, friction and losses 10 % off");
        let mut cell = wrong_cell(seed);
        let mut told = Errors::default();
        let mut differencing: Vec<Differencing> = [f64::INFINITY, 200.0, 100.0, 60.0, 40.0, 20.0]
            .map(|hz| Differencing {
                hz,
                smooth: vec![0.0; 6],
                errors: Errors::default(),
            })
            .into();
        let mut textbook = [20.0, 30.0, 40.0, 60.0].map(Textbook::new);
        let mut consistency = Consistency::default();
        let mut recorder = Recorder::new(&mut cell, "arm", |pair: &Pair| {
            for other in &mut textbook {
                other.take(pair);
            }
            for (joint, truth) in pair.truth.iter().enumerate() {
                told.add(pair.motion.velocity[joint], truth);
                for other in &mut differencing {
                    let share = -(-TAU * other.hz * 0.002).exp_m1();
                    other.smooth[joint] += share * (pair.state.velocity[joint] - other.smooth[joint]);
                    other.errors.add(other.smooth[joint], truth);
                }
                let deviation = &pair.motion.deviation;
                let error = pair.motion.position[joint] - truth.position;
                consistency.position += (error / deviation.position[joint]).powi(2);
                let error = pair.motion.velocity[joint] - truth.velocity;
                consistency.velocity += (error / deviation.velocity[joint]).powi(2);
                consistency.count += 1.0;
            }
        });
        cycle(&mut cell, &mut recorder);
        drop(recorder);
        let line = |name: &str, errors: &Errors| {
            println!(
                "{name:>24}: {:6.2} mrad/s, {:5.2} ms late",
                errors.rms() * 1e3,
                errors.delay_s() * 1e3
            );
        };
        line("estimator", &told);
        for other in &differencing {
            line(&format!("differences, {} Hz", other.hz), &other.errors);
        }
        for other in &textbook {
            line(&format!("textbook Kalman, {} Hz", other.hz), &other.errors);
            assert!(told.rms() < other.errors.rms(), "the model is worth something");
        }
        // None of the differences comes as early as the estimate: the best of all is compared with.
        let best = differencing
            .iter()
            .map(|other| other.errors.rms())
            .fold(f64::INFINITY, f64::min);
        assert!(told.rms() * 3.0 < best, "{} against {best} rad/s", told.rms());
        assert!(told.delay_s().abs() < 0.5e-3, "{} s late", told.delay_s());
        let Consistency {
            position,
            velocity,
            count,
        } = consistency;
        println!(
            "squared errors over told variances: position {:.2}, velocity {:.2}",
            position / count,
            velocity / count
        );
        assert!((0.3..2.0).contains(&(position / count)) && (0.3..2.0).contains(&(velocity / count)));
    }
}
