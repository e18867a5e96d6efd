//! Decides what one joint does, from positions measured at uneven times and an acceleration that is expected.
//!
//! A Kalman filter with the state x = (position q, velocity v, disturbance d): the joint accelerates with u + d, where u is
//! what the motor's effort does according to the model (0 without one), and d, what the model does not know, walks
//! randomly. Without a model d is the acceleration itself.
//!
//! ```text
//! predict   q ← q + v·T + (u+d)·T²/2    v ← v + (u+d)·T    d ← d    P ← F·P·Fᵀ + Q    F = exp(A·T)
//!               ⎡T⁵/20 T⁴/8 T³/6⎤
//! noise     Q=S·⎢T⁴/8  T³/3 T²/2⎥   S = ω⁶·R·T₀: intensity of the walk [rad²/s⁵]
//!               ⎣T³/6  T²/2 T   ⎦
//! correct   ν = z − q    s = P₀₀ + R    x ← x + K·ν    K = P·e₀/s    P ← P − K·s·Kᵀ
//! ```
//! R is the variance of one measurement and T₀ the nominal time between two. Y. Bar-Shalom, X. Li, T. Kirubarajan,
//! *Estimation with Applications to Tracking and Navigation* (2001), section 6.2.3 (Wiener-process acceleration).
//!
//! **Bandwidth and delay.** With that S the filter settles to the poles of a Butterworth low-pass of third order at ω:
//! s³ + 2ω·s² + 2ω²·s + ω³, whatever R is. A constant d is followed without lag; one that grows by J a second leaves the
//! position behind by J/ω³, the velocity by 2·J/ω² and the acceleration by 2·J/ω. Lost samples change nothing about it.
//!
//! **A blow** is faster than any bandwidth. An innovation beyond [`SURPRISE`] deviations opens the filter for what one
//! interval can have brought, so that the next samples are believed.
//!
//! Units: rad (m), per second. **Invariant:** finite samples keep the estimate finite and P positive on its diagonal.

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

/// How noisy one joint is taken to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointNoise {
    /// Variance of one measured position, R.
    pub measurement: f64,
    /// What does not average out: which edge of a count a driver takes for its place, half a count.
    pub lasting: f64,
    /// Intensity of the disturbance's walk, S.
    pub walk: f64,
    /// Whether `measurement` is known, so that a surprise can be told from noise. If not, blows are followed at the
    /// filter's bandwidth.
    pub known: bool,
}

impl JointNoise {
    /// The noise that gives a filter of `bandwidth` \[rad/s\], of a joint whose counts are `resolution` apart and whose encoder
    /// adds noise of the given standard deviation, sampled every `period_s`; both zero if nothing is known of it.
    pub fn new(bandwidth: f64, resolution: f64, deviation: f64, period_s: f64) -> Self {
        let known = resolution > 0.0 || deviation > 0.0;
        // The gains depend on the ratio of noises alone: any figure does, where none is known.
        let deviation = if known { deviation } else { UNKNOWN };
        let counting = resolution * resolution / 12.0;
        let measurement = deviation * deviation + counting;
        Self {
            measurement,
            lasting: 0.25 * resolution * resolution,
            walk: bandwidth.powi(6) * measurement * period_s,
            known,
        }
    }
}

/// Symmetric: 00, 01, 02, 11, 12, 22.
type Covariance = [f64; 6];

/// The filter of one joint.
#[derive(Clone, Copy, Debug, Default)]
pub struct JointFilter {
    position: f64,
    velocity: f64,
    disturbance: f64,
    /// Expected acceleration u at the last sample.
    expected: f64,
    /// Mean square of what u changes by from sample to sample: how unsteady the motor's effort is between them.
    unrest: f64,
    covariance: Covariance,
}

/// A measurement against what was predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Innovation {
    /// Measured minus predicted position.
    pub value: f64,
    /// The variance that it should have.
    pub variance: f64,
}

impl Innovation {
    /// Whether noise and the walk do not explain it.
    pub fn is_surprise(&self) -> bool {
        self.value * self.value > SURPRISE * SURPRISE * self.variance
    }
}

impl JointFilter {
    /// Starts at a first sample. Its velocity may be off by about `speed`, its acceleration by about `acceleration`: both
    /// are settled by the next samples.
    pub fn starting_at(
        position: f64,
        velocity: f64,
        speed: f64,
        acceleration: f64,
        noise: &JointNoise,
    ) -> Self {
        Self {
            position,
            velocity,
            disturbance: 0.0,
            expected: 0.0,
            unrest: 0.0,
            covariance: [
                noise.measurement,
                0.0,
                0.0,
                0.25 * speed * speed,
                0.0,
                0.25 * acceleration * acceleration,
            ],
        }
    }

    /// Goes on by `dt_s` > 0 at the expected acceleration `u`.
    pub fn predict(&mut self, noise: &JointNoise, u: f64, dt_s: f64) {
        let (t, t2) = (dt_s, dt_s * dt_s);
        let acceleration = u + self.disturbance;
        self.position += t * self.velocity + 0.5 * t2 * acceleration;
        self.velocity += t * acceleration;
        self.expected = u;
        self.covariance = ahead(&self.covariance, noise.walk, dt_s);
    }

    /// What a measurement says against the prediction.
    pub fn innovation(&self, noise: &JointNoise, measured: f64) -> Innovation {
        Innovation {
            value: measured - self.position,
            variance: self.covariance[0] + noise.measurement,
        }
    }

    /// Takes a measurement for the instant that it was predicted to, `dt_s` after the one before.
    pub fn correct(&mut self, noise: &JointNoise, measured: f64, dt_s: f64) {
        let innovation = self.innovation(noise, measured);
        let value = innovation.value;
        if noise.known && innovation.is_surprise() {
            self.open(value, dt_s);
        }
        let p = self.covariance;
        let s = p[0] + noise.measurement;
        let k = [p[0] / s, p[1] / s, p[2] / s];
        self.position += k[0] * value;
        self.velocity += k[1] * value;
        self.disturbance += k[2] * value;
        let rest = 1.0 - k[0];
        self.covariance = [
            rest * p[0],
            rest * p[1],
            rest * p[2],
            p[3] - k[1] * p[1],
            p[4] - k[1] * p[2],
            p[5] - k[2] * p[2],
        ];
    }

    /// Something struck the joint within the last interval: its speed may have changed by what the innovation shows, and
    /// go on changing.
    fn open(&mut self, innovation: f64, dt_s: f64) {
        let speed = innovation / dt_s;
        let p = &mut self.covariance;
        p[0] += innovation * innovation;
        p[1] += speed * innovation;
        p[3] += speed * speed;
        p[5] += (speed / dt_s).powi(2);
    }

    /// Tells what the motor's effort does now; `before` is what it did at the sample before.
    pub fn expect(&mut self, u: f64, before: f64) {
        self.unrest += UNREST_SHARE * ((u - before).powi(2) - self.unrest);
        self.expected = u;
    }

    /// The motion at the last sample.
    pub fn motion(&self) -> Motion {
        Motion {
            position: self.position,
            velocity: self.velocity,
            acceleration: self.expected + self.disturbance,
        }
    }

    /// The acceleration that was expected at the last sample.
    pub fn expected(&self) -> f64 {
        self.expected
    }

    /// The part of the acceleration that the model does not explain.
    pub fn disturbance(&self) -> f64 {
        self.disturbance
    }

    /// Standard deviations of position, velocity and acceleration `dt_s` ≥ 0 after the last sample.
    pub fn deviations(&self, noise: &JointNoise, dt_s: f64) -> Motion {
        let p = ahead(&self.covariance, noise.walk, dt_s);
        Motion {
            position: (p[0] + noise.lasting).sqrt(),
            velocity: p[3].sqrt(),
            acceleration: (p[5] + self.unrest).sqrt(),
        }
    }
}

fn ahead(p: &Covariance, walk: f64, t: f64) -> Covariance {
    let half = 0.5 * t * t;
    // F·P, then ·Fᵀ; F has the rows (1 t t²/2), (0 1 t), (0 0 1).
    let (a, b, c) = (
        p[0] + t * p[1] + half * p[2],
        p[1] + t * p[3] + half * p[4],
        p[2] + t * p[4] + half * p[5],
    );
    let (d, e) = (p[3] + t * p[4], p[4] + t * p[5]);
    let (s1, s2) = (walk * t, walk * t * t);
    let (s3, s4, s5) = (s2 * t, s2 * t * t, s2 * t * t * t);
    [
        a + t * b + half * c + s5 / 20.0,
        b + t * c + s4 / 8.0,
        c + s3 / 6.0,
        d + t * e + s3 / 3.0,
        e + s2 / 2.0,
        p[5] + s1,
    ]
}

/// Of the newest sample in the mean that tells how unsteady efforts are: 1 in 25, 50 ms at 500 Hz.
const UNREST_SHARE: f64 = 0.04;
/// Stands for the noise of an encoder of which nothing is known \[rad, m\].
const UNKNOWN: f64 = 1e-5;
/// Innovations beyond so many standard deviations are a blow: 1 in 1.7 million otherwise.
pub const SURPRISE: f64 = 5.0;

#[cfg(test)]
mod tests {
    use super::*;

    const BANDWIDTH: f64 = 160.0;
    const T: f64 = 0.0005;

    fn noise() -> JointNoise {
        JointNoise::new(BANDWIDTH, 0.0, 1e-5, T)
    }

    fn run(samples: usize, dt_s: f64, position: impl Fn(f64) -> f64) -> JointFilter {
        let noise = JointNoise::new(BANDWIDTH, 0.0, 1e-5, dt_s);
        let mut filter = JointFilter::starting_at(position(0.0), 0.0, 3.0, 10.0, &noise);
        for i in 1..=samples {
            filter.predict(&noise, 0.0, dt_s);
            filter.correct(&noise, position(i as f64 * dt_s), dt_s);
        }
        filter
    }

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a - b).abs() < tolerance, "{a} is not {b} ± {tolerance}");
    }

    #[test]
    fn it_settles_to_the_butterworth_poles_of_its_bandwidth() {
        // Small enough for no surprise: innovations of the settled filter obey the characteristic polynomial.
        let mut filter = run(4000, T, |_| 0.0);
        let noise = noise();
        filter.predict(&noise, 0.0, T);
        let s = filter.covariance[0] + noise.measurement;
        let gains: Vec<f64> = (0..3).map(|i| filter.covariance[i] / s / T).collect();
        close(gains[0] / (2.0 * BANDWIDTH), 1.0, 0.12);
        close(gains[1] / (2.0 * BANDWIDTH.powi(2)), 1.0, 0.15);
        close(gains[2] / BANDWIDTH.powi(3), 1.0, 0.2);
    }

    #[test]
    fn constant_acceleration_is_followed_without_lag() {
        let filter = run(1000, 0.002, |t| 0.3 + 0.5 * t + 2.0 * t * t);
        let t = 1000.0 * 0.002;
        close(filter.motion().position, 0.3 + 0.5 * t + 2.0 * t * t, 1e-9);
        close(filter.motion().velocity, 0.5 + 4.0 * t, 1e-6);
        close(filter.motion().acceleration, 4.0, 1e-3);
    }

    #[test]
    fn a_constant_jerk_lags_by_what_the_docs_say() {
        let jerk = 2.0;
        let filter = run(2000, T, |t| jerk * t * t * t / 6.0);
        let t = 2000.0 * T;
        let lag = jerk * t * t / 2.0 - filter.motion().velocity;
        let expected = 2.0 * jerk / BANDWIDTH.powi(2);
        assert!((lag / expected - 1.0).abs() < 0.15, "{lag} against {expected}");
        let lag = jerk * t - filter.motion().acceleration;
        let expected = 2.0 * jerk / BANDWIDTH;
        assert!((lag / expected - 1.0).abs() < 0.15, "{lag} against {expected}");
    }

    #[test]
    fn an_expected_acceleration_leaves_no_lag_at_all() {
        let noise = noise();
        let mut filter = JointFilter::starting_at(0.0, 0.0, 3.0, 10.0, &noise);
        let jerk = 60.0;
        for i in 1..=2000 {
            let (before, t) = (f64::from(i - 1) * T, f64::from(i) * T);
            filter.predict(&noise, jerk * 0.5 * (before + t), T);
            filter.correct(&noise, jerk * t * t * t / 6.0, T);
        }
        close(filter.motion().velocity, jerk * 0.5, 1e-4);
        close(filter.disturbance(), 0.0, 1e-2);
    }

    #[test]
    fn a_blow_is_believed_within_two_samples_and_forgotten_again() {
        let dt_s = 0.002;
        let noise = JointNoise::new(BANDWIDTH, 0.0, 1e-5, dt_s);
        let mut filter = run(500, dt_s, |t| 1.5 * t);
        let settled = filter.deviations(&noise, 0.0).velocity;
        let stop = filter.motion().position;
        for _ in 0..2 {
            filter.predict(&noise, 0.0, dt_s);
            filter.correct(&noise, stop, dt_s);
        }
        assert!(filter.motion().velocity.abs() < 0.3, "{:?}", filter.motion());
        for _ in 0..60 {
            filter.predict(&noise, 0.0, dt_s);
            filter.correct(&noise, stop, dt_s);
        }
        close(filter.motion().velocity, 0.0, 0.01);
        close(filter.deviations(&noise, 0.0).velocity / settled, 1.0, 0.05);
    }

    #[test]
    fn prediction_grows_less_sure_and_a_gap_costs_no_memory() {
        let noise = noise();
        let filter = run(1000, T, |_| 0.5);
        let sure: Vec<f64> = (0..4)
            .map(|i| filter.deviations(&noise, 0.01 * f64::from(i)).position)
            .collect();
        assert!(sure.windows(2).all(|pair| pair[1] > pair[0]), "{sure:?}");
        let mut late = filter;
        late.predict(&noise, 0.0, 10.0);
        late.correct(&noise, 0.7, 10.0);
        close(late.motion().position, 0.7, 1e-6);
    }
}
