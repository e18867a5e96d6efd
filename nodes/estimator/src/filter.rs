//! Decides what one joint does, from positions measured at uneven times.
//!
//! A g-h-k filter: a Kalman filter in its steady state for a joint of constant acceleration. Its gains follow from one
//! number, the bandwidth ω [rad/s], and from the time T since the last sample, so that a lost sample changes nothing
//! about how quickly it forgets. Of the gains that one θ = exp(−ω·T) allows, these put all three poles at θ (critical
//! damping): a step never rings, which matters more here than the last bit of noise, because others seed themselves
//! from these values.
//!
//! ```text
//! predict   x⁻ = x + v·T + a·T²/2     v⁻ = v + a·T     a⁻ = a
//! correct   r = z − x⁻    x = x⁻ + g·r    v = v⁻ + (h/T)·r    a = a⁻ + (2k/T²)·r
//! gains     g = 1 − θ³    h = 3/2·(1 − θ²)·(1 − θ)    k = 1/2·(1 − θ)³
//! ```
//! E. Brookner, *Tracking and Kalman Filtering Made Easy* (1998), section 1.3 (g-h-k, critically damped; the same as a
//! fading-memory polynomial fit of degree 2). Constant acceleration is followed without lag; a jerk J makes the
//! position lag by J/ω³, the velocity by 3·J/ω² and the acceleration by 3·J/ω.
//!
//! Units: position in rad (m), the others per second. **Invariant:** finite samples keep the estimate finite.

/// Where a joint is and how it moves, at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Motion {
    /// Position.
    pub position: f64,
    /// Velocity.
    pub velocity: f64,
    /// Acceleration.
    pub acceleration: f64,
}

impl Motion {
    /// The motion `dt_s` later, at constant acceleration.
    pub fn after(self, dt_s: f64) -> Self {
        Self {
            position: self.position + dt_s * (self.velocity + 0.5 * dt_s * self.acceleration),
            velocity: self.velocity + dt_s * self.acceleration,
            acceleration: self.acceleration,
        }
    }
}

/// The filter of one joint.
#[derive(Clone, Copy, Debug, Default)]
pub struct JointFilter {
    motion: Motion,
    effort: f64,
}

impl JointFilter {
    /// Starts at a first sample, moving evenly.
    pub fn starting_at(position: f64, velocity: f64, effort: f64) -> Self {
        Self {
            motion: Motion {
                position,
                velocity,
                acceleration: 0.0,
            },
            effort,
        }
    }

    /// Takes a position and an effort measured `dt_s` > 0 after the last ones.
    pub fn update(&mut self, gains: &Gains, position: f64, effort: f64) {
        let predicted = self.motion.after(gains.dt_s);
        let residual = position - predicted.position;
        self.motion = Motion {
            position: predicted.position + gains.position * residual,
            velocity: predicted.velocity + gains.velocity * residual,
            acceleration: predicted.acceleration + gains.acceleration * residual,
        };
        self.effort += gains.effort * (effort - self.effort);
    }

    /// The motion at the last sample.
    pub fn motion(&self) -> Motion {
        self.motion
    }

    /// The effort at the last sample, through a low-pass of the same bandwidth.
    pub fn effort(&self) -> f64 {
        self.effort
    }
}

/// The gains for one interval between samples; shared by all joints of a group, as they are sampled together.
#[derive(Clone, Copy, Debug)]
pub struct Gains {
    dt_s: f64,
    position: f64,
    velocity: f64,
    acceleration: f64,
    effort: f64,
}

impl Gains {
    /// The gains for a sample that comes `dt_s` > 0 after the last one, at a bandwidth in rad/s.
    pub fn new(bandwidth: f64, dt_s: f64) -> Self {
        let theta = (-bandwidth * dt_s).exp();
        // 1 − θ by exp_m1: dt may be far below the bandwidth's time.
        let fresh = -(-bandwidth * dt_s).exp_m1();
        Self {
            dt_s,
            position: fresh * (1.0 + theta + theta * theta),
            velocity: 1.5 * fresh * fresh * (1.0 + theta) / dt_s,
            acceleration: fresh * fresh * fresh / (dt_s * dt_s),
            effort: fresh,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BANDWIDTH: f64 = 160.0;
    const T: f64 = 0.002;

    fn run(samples: usize, position: impl Fn(f64) -> f64) -> JointFilter {
        let mut filter = JointFilter::starting_at(position(0.0), 0.0, 0.0);
        for i in 1..=samples {
            filter.update(&Gains::new(BANDWIDTH, T), position(i as f64 * T), 0.0);
        }
        filter
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() < tolerance, "{a} is not {b} ± {tolerance}");
    }

    #[test]
    fn all_three_poles_are_where_the_bandwidth_puts_them() {
        // With a triple pole at θ, residuals of a still joint obey (E − θ)³ r = 0.
        let gains = Gains::new(BANDWIDTH, T);
        let mut filter = JointFilter::starting_at(1.0, -2.0, 0.0);
        filter.motion.acceleration = 30.0;
        let residuals: Vec<f64> = std::iter::repeat_with(|| {
            let residual = -filter.motion().after(T).position;
            filter.update(&gains, 0.0, 0.0);
            residual
        })
        .take(40)
        .collect();
        let theta = (-BANDWIDTH * T).exp();
        for w in residuals.windows(4) {
            let left = w[3] - 3.0 * theta * w[2] + 3.0 * theta.powi(2) * w[1] - theta.powi(3) * w[0];
            close(left, 0.0, 1e-12);
        }
    }

    #[test]
    fn constant_acceleration_is_followed_without_lag() {
        let filter = run(200, |t| 0.3 + 0.5 * t + 2.0 * t * t);
        let t = 200.0 * T;
        close(filter.motion().position, 0.3 + 0.5 * t + 2.0 * t * t, 1e-9);
        close(filter.motion().velocity, 0.5 + 4.0 * t, 1e-6);
        close(filter.motion().acceleration, 4.0, 1e-3);
    }

    #[test]
    fn a_constant_jerk_lags_by_what_the_docs_say() {
        let jerk = 60.0;
        let filter = run(300, |t| jerk * t * t * t / 6.0);
        let t = 300.0 * T;
        // The formulas are those of short intervals (ω·T ≪ 1): 20 % for ω·T = 0.32, plus T-sized leads.
        let lag = jerk * t * t / 2.0 - filter.motion().velocity;
        let expected = 3.0 * jerk / BANDWIDTH.powi(2);
        assert!((lag / expected - 1.0).abs() < 0.4, "{lag} against {expected}");
        let lag = jerk * t - filter.motion().acceleration;
        let expected = 3.0 * jerk / BANDWIDTH;
        assert!((lag / expected - 1.0).abs() < 0.4, "{lag} against {expected}");
    }

    #[test]
    fn a_step_settles_without_ringing() {
        let mut filter = JointFilter::starting_at(0.0, 0.0, 0.0);
        let mut largest: f64 = 0.0;
        for _ in 0..200 {
            filter.update(&Gains::new(BANDWIDTH, T), 1.0, 1.0);
            largest = largest.max(filter.motion().position);
        }
        close(filter.motion().position, 1.0, 1e-6);
        close(filter.effort(), 1.0, 1e-6);
        // Three equal poles with zeros overshoot once; they never come back below.
        assert!(largest < 1.3, "{largest}");
    }

    #[test]
    fn after_a_long_gap_the_newest_sample_counts_alone() {
        let mut filter = JointFilter::starting_at(0.0, 0.0, 0.0);
        filter.update(&Gains::new(BANDWIDTH, 10.0), 0.5, 0.0);
        close(filter.motion().position, 0.5, 1e-12);
    }
}
