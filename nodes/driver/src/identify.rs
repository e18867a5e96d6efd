//! What a joint is, from what it did: inertia, friction and resonance out of a record of positions and efforts.
//!
//! ```text
//! F·τ = J·(s²F·q) + Fc·F·s(q̇) + Fv·(sF·q) + g₀ + g₁·F(q − q̄) + g₂·F(q − q̄)²        F = (λ/(s + λ))³
//! ```
//!
//! Both sides go through the same low-pass F, whose states are the derivatives: nothing is differentiated. s is the direction of motion, smoothed
//! where it turns; the g are what gravity does around the place of the record. After J. Swevers, W. Verdonck, J. De Schutter, *Dynamic model
//! identification for industrial robots* (IEEE Control Systems 27-5, 2007), for one joint.
//!
//! The resonance is where the motion answers an effort more than a rigid body of that inertia would, by three times and more, as far as effort and motion
//! belong together there.
//!
//! Units: rad, N·m (m, N), s. **Invariant:** what the record says too little of is refused with its figure, never guessed.

use nalgebra::{SMatrix, SVector};
use std::f64::consts::TAU;

/// One sample of a joint that was excited.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Measured position.
    pub position: f64,
    /// Effort from the motor's current, without the gear's losses.
    pub effort: f64,
}

/// What was found of a joint, at its output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Identified {
    /// Inertia with everything that the joint moved [kg·m², kg].
    pub inertia: f64,
    /// Standard deviation of the inertia.
    pub inertia_deviation: f64,
    /// Friction at any speed [N·m, N].
    pub coulomb: f64,
    /// Friction per speed [N·m·s/rad, N·s/m].
    pub viscous: f64,
    /// The effort that held it in the middle of the record.
    pub holding: f64,
    /// The lowest frequency at which it resonates \[Hz\]; `None`: not within what was excited.
    pub resonance_hz: Option<f64>,
    /// Share of the effort's variance that all that explains.
    pub explained: f64,
}

/// Why a record says nothing.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum IdentifyError {
    /// It is too short.
    #[error("the record has {seconds:.1} s, but must have {SHORTEST_S} s")]
    TooShort {
        /// Its length \[s\].
        seconds: f64,
    },
    /// A number is NaN or infinite.
    #[error("the record has values that are not finite")]
    NotFinite,
    /// The joint did not move enough to tell its figures from one another.
    #[error(
        "the record says too little of the inertia: {deviation:.3} of {inertia:.3}; excite it more, or faster"
    )]
    Unexcited {
        /// What was found.
        inertia: f64,
        /// Its standard deviation.
        deviation: f64,
    },
    /// Something else acted on it.
    #[error(
        "inertia, friction and gravity explain {explained:.2} of the effort, but must explain {EXPLAINED}: it may have touched something, slipped, or \
         been held at its limit"
    )]
    Unexplained {
        /// The share that is explained.
        explained: f64,
    },
    /// The figures are not those of a body.
    #[error(
        "inertia {inertia:.4}, Coulomb friction {coulomb:.4}, viscous friction {viscous:.4}: a body has none below zero; check the joint's direction"
    )]
    NoBody {
        /// Inertia.
        inertia: f64,
        /// Coulomb friction.
        coulomb: f64,
        /// Viscous friction.
        viscous: f64,
    },
}

/// Finds a joint's figures in a record of samples at an even rate.
///
/// # Errors
/// [`IdentifyError`] says why the record says too little.
pub fn identify(record: &[Sample], rate_hz: f64) -> Result<Identified, IdentifyError> {
    let seconds = record.len() as f64 / rate_hz;
    if seconds < SHORTEST_S {
        return Err(IdentifyError::TooShort { seconds });
    }
    if record
        .iter()
        .any(|sample| !(sample.position.is_finite() && sample.effort.is_finite()))
    {
        return Err(IdentifyError::NotFinite);
    }
    let fit = Fit::of(record, rate_hz);
    let [inertia, coulomb, viscous, holding, ..] = fit.found;
    let deviation = fit.deviation;
    if deviation.is_nan() || deviation >= UNCERTAIN * inertia.abs() {
        return Err(IdentifyError::Unexcited { inertia, deviation });
    }
    let explained = fit.explained;
    if explained < EXPLAINED {
        return Err(IdentifyError::Unexplained { explained });
    }
    let slack = -SLACK * fit.spread;
    if inertia <= 0.0 || coulomb < slack || viscous * fit.speed < slack {
        return Err(IdentifyError::NoBody {
            inertia,
            coulomb,
            viscous,
        });
    }
    Ok(Identified {
        inertia,
        inertia_deviation: deviation,
        coulomb: coulomb.max(0.0),
        viscous: viscous.max(0.0),
        holding,
        resonance_hz: resonance_hz(record, rate_hz, inertia),
        explained,
    })
}

/// The least squares, and how good they are.
struct Fit {
    found: [f64; UNKNOWNS],
    /// Standard deviation of the inertia.
    deviation: f64,
    explained: f64,
    /// Standard deviation of the effort.
    spread: f64,
    /// Root mean square of the velocity.
    speed: f64,
}

impl Fit {
    fn of(record: &[Sample], rate_hz: f64) -> Self {
        let mean = record.iter().map(|sample| sample.position).sum::<f64>() / record.len() as f64;
        let velocity = |k: usize| {
            let (before, after) = (k.saturating_sub(SPAN), (k + SPAN).min(record.len() - 1));
            (record[after].position - record[before].position) * rate_hz / (after - before) as f64
        };
        let fastest = (0..record.len()).map(|k| velocity(k).abs()).fold(0.0, f64::max);
        let turning = (TURNING * fastest).max(f64::MIN_POSITIVE);
        let mut rows = Rows::default();
        let mut filters: Option<[Lowpass; 5]> = None;
        let settled = (SETTLING / LAMBDA * rate_hz) as usize;
        for (k, sample) in record.iter().enumerate() {
            let (way, speed) = (sample.position - mean, velocity(k));
            let direction = speed / speed.hypot(turning);
            let inputs = [way, sample.effort, direction, way * way, 1.0];
            let filters = filters.get_or_insert_with(|| inputs.map(Lowpass::settled));
            for (filter, input) in filters.iter_mut().zip(inputs) {
                filter.advance(input, 1.0 / rate_hz);
            }
            let [position, effort, direction, square, one] = &*filters;
            if k >= settled {
                let row = [
                    position.second(),
                    direction.value(),
                    position.first(),
                    one.value(),
                    position.value(),
                    square.value(),
                ];
                rows.add(row, effort.value());
            }
        }
        rows.solve()
    }
}

/// Sums of products of rows.
#[derive(Default)]
struct Rows {
    normal: SMatrix<f64, UNKNOWNS, UNKNOWNS>,
    right: SVector<f64, UNKNOWNS>,
    squares: f64,
    sum: f64,
    speeds: f64,
    count: f64,
}

impl Rows {
    fn add(&mut self, row: [f64; UNKNOWNS], effort: f64) {
        let row = SVector::from(row);
        self.normal += row * row.transpose();
        self.right += row * effort;
        self.squares += effort * effort;
        self.sum += effort;
        self.speeds += row[2] * row[2];
        self.count += 1.0;
    }

    fn solve(&self) -> Fit {
        // Columns of size one, so that units don't decide what is small.
        let scale = self
            .normal
            .diagonal()
            .map(|square| 1.0 / square.sqrt().max(f64::MIN_POSITIVE.sqrt()));
        let scaling = SMatrix::from_diagonal(&scale);
        let normal = scaling * self.normal * scaling;
        let svd = normal.svd(true, true);
        let inverse = svd.pseudo_inverse(1e-12).unwrap_or_else(|_| SMatrix::zeros());
        let found = scaling * inverse * scaling * self.right;
        let variance = (self.squares - self.sum * self.sum / self.count).max(f64::MIN_POSITIVE);
        let residual = (self.squares - found.dot(&self.right)).max(0.0);
        let free = (self.count - UNKNOWNS as f64).max(1.0);
        // Filtered samples next to one another say the same: as many are worth one as the filter spans.
        let alike = 20.0;
        let inertia_variance = residual / free * alike * inverse[(0, 0)] * scale[0] * scale[0];
        Fit {
            found: found.into(),
            deviation: inertia_variance.sqrt(),
            explained: 1.0 - residual / variance,
            spread: (variance / self.count).sqrt(),
            speed: (self.speeds / self.count).sqrt(),
        }
    }
}

/// Three low-passes in a row, whose states give the derivatives of what comes out.
#[derive(Clone, Copy)]
struct Lowpass {
    input: f64,
    state: [f64; 3],
}

impl Lowpass {
    fn settled(value: f64) -> Self {
        Self {
            input: value,
            state: [value; 3],
        }
    }

    /// Goes on by `dt`, over which the input goes to `input` evenly.
    fn advance(&mut self, input: f64, dt: f64) {
        let (step, from) = (dt / f64::from(STEPS), self.input);
        for k in 0..STEPS {
            // The midpoint rule, with the input in the middle of the step.
            let u = from + (input - from) * (f64::from(k) + 0.5) / f64::from(STEPS);
            let half = Self::rate(self.state, u);
            let middle = std::array::from_fn(|i| self.state[i] + 0.5 * step * half[i]);
            let rate = Self::rate(middle, u);
            self.state = std::array::from_fn(|i| self.state[i] + step * rate[i]);
        }
        self.input = input;
    }

    fn rate([a, b, c]: [f64; 3], u: f64) -> [f64; 3] {
        [LAMBDA * (u - a), LAMBDA * (a - b), LAMBDA * (b - c)]
    }

    fn value(&self) -> f64 {
        self.state[2]
    }

    fn first(&self) -> f64 {
        LAMBDA * (self.state[1] - self.state[2])
    }

    fn second(&self) -> f64 {
        let [a, b, c] = self.state;
        LAMBDA * LAMBDA * (a - 2.0 * b + c)
    }
}

/// The lowest frequency at which a joint moves more than a rigid body would, by averages over windows of the record.
fn resonance_hz(record: &[Sample], rate_hz: f64, inertia: f64) -> Option<f64> {
    let window = (WINDOW_S * rate_hz) as usize;
    let starts: Vec<usize> = (0..record.len().saturating_sub(window))
        .step_by(window / 2)
        .collect();
    // Cross spectrum over that of the effort, and how well the two belong together; window by window.
    let response = |at_hz: f64| {
        let (mut cross, mut own, mut moved) = ([0.0; 2], 0.0, 0.0);
        for &start in &starts {
            let part = &record[start..start + window];
            let position = tone(part.iter().map(|sample| sample.position), window, at_hz / rate_hz);
            let effort = tone(part.iter().map(|sample| sample.effort), window, at_hz / rate_hz);
            cross[0] += position[0] * effort[0] + position[1] * effort[1];
            cross[1] += position[0] * effort[1] - position[1] * effort[0];
            own += effort[0] * effort[0] + effort[1] * effort[1];
            moved += position[0] * position[0] + position[1] * position[1];
        }
        let square = cross[0] * cross[0] + cross[1] * cross[1];
        let rigid = 1.0 / (inertia * (TAU * at_hz).powi(2));
        let coherent = square > COHERENT * own * moved && own > 0.0;
        let gain = if coherent {
            square.sqrt() / own / rigid
        } else {
            0.0
        };
        (gain, own)
    };
    let mut spectrum = Vec::new();
    let mut at_hz = LOWEST_HZ;
    while at_hz < 0.4 * rate_hz {
        let (gain, own) = response(at_hz);
        spectrum.push((at_hz, gain, own));
        at_hz *= 1.03;
    }
    // A loop answers its encoder's noise coherently, but never loudly.
    let loudest = spectrum.iter().map(|(.., own)| *own).fold(0.0, f64::max);
    let peak = spectrum.windows(3).find(|near| {
        let [before, here, after] = [near[0].1, near[1].1, near[2].1];
        near[1].2 > QUIET * loudest && here > PEAK && here >= before && here >= after
    })?;
    Some(peak[1].0)
}

/// Cosine and sine part at a frequency (in cycles per sample), behind a Hann window, without the mean.
fn tone(values: impl Iterator<Item = f64> + Clone, count: usize, frequency: f64) -> [f64; 2] {
    let mean = values.clone().sum::<f64>() / count as f64;
    let mut sums = [0.0; 2];
    for (k, value) in values.enumerate() {
        let window = 0.5 - 0.5 * (TAU * k as f64 / count as f64).cos();
        let (sine, cosine) = (TAU * frequency * k as f64).sin_cos();
        sums[0] += window * (value - mean) * cosine;
        sums[1] += window * (value - mean) * sine;
    }
    sums
}

const UNKNOWNS: usize = 6;
/// Three seconds of a chirp hold its low frequencies once.
const SHORTEST_S: f64 = 3.0;
/// Corner of the low-pass F \[rad/s\]: above what a body's motion holds, below the encoder's noise.
const LAMBDA: f64 = TAU * 15.0;
/// In time constants.
const SETTLING: f64 = 10.0;
/// Of one sample, so that the filter's own error is far below the noise.
const STEPS: u32 = 4;
/// Samples to each side over which the direction is taken.
const SPAN: usize = 3;
/// Of the largest speed: below, the direction is not sure.
const TURNING: f64 = 0.02;
/// Standard deviation of the inertia, as a share of it.
const UNCERTAIN: f64 = 0.1;
/// Of the variance of the effort.
const EXPLAINED: f64 = 0.9;
/// Of the effort's spread: a friction may be found as little below zero.
const SLACK: f64 = 0.05;
const WINDOW_S: f64 = 1.0;
const LOWEST_HZ: f64 = 4.0;
/// Share of the motion's power that is the effort's: below, it is noise.
const COHERENT: f64 = 0.6;
/// Of the strongest tone's power: weaker ones were not excited.
const QUIET: f64 = 1e-3;
/// A resonance is a gain that many times that of a rigid body.
const PEAK: f64 = 3.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::excitation::Excitation;
    use rand::{RngExt as _, SeedableRng as _};

    const RATE_HZ: f64 = 500.0;

    fn excitation() -> Excitation {
        Excitation {
            about: 0.4,
            amplitude: 0.2,
            velocity: 1.5,
            acceleration: 20.0,
            jerk: f64::INFINITY,
            from_hz: 0.3,
            to_hz: 40.0,
            lasting_s: 12.0,
        }
    }

    /// A rigid joint that moves as it is told, with noise of the encoder.
    fn rigid(coulomb: f64, seed: u64) -> Vec<Sample> {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let excitation = excitation();
        (0..6000)
            .map(|k| {
                let [q, v, a] = excitation.at(f64::from(k) / RATE_HZ);
                let friction = coulomb * (v / 0.001).clamp(-1.0, 1.0) + 3.0 * v;
                Sample {
                    position: q + 6e-6 * (random.random::<f64>() - 0.5),
                    effort: 1.2 * a + friction + 20.0 * q.cos() + 0.3 * (random.random::<f64>() - 0.5),
                }
            })
            .collect()
    }

    #[test]
    fn a_body_is_found_again_under_gravity_friction_and_noise() {
        let found = identify(&rigid(2.0, 5), RATE_HZ).unwrap();
        assert!((found.inertia - 1.2).abs() < 0.024, "{found:?}");
        assert!((found.coulomb - 2.0).abs() < 0.2, "{found:?}");
        assert!((found.viscous - 3.0).abs() < 0.5, "{found:?}");
        assert!((found.holding - 20.0 * 0.4_f64.cos()).abs() < 0.3, "{found:?}");
        assert_eq!(found.resonance_hz, None);
    }

    #[test]
    fn a_resonance_within_what_was_excited_is_found() {
        // Motor and load on a spring, the encoder at the motor: 0.6 and 0.6 kg·m².
        let (half, spring, damping) = (0.6, 0.6 * 0.5 * (TAU * 25.0_f64).powi(2), 4.0);
        let (mut motor, mut load) = ([0.0, 0.0], [0.0, 0.0]);
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        let mut record = Vec::new();
        let excitation = excitation();
        for k in 0..6000 {
            let [q, v, a] = excitation.at(f64::from(k) / RATE_HZ);
            let q = q - 0.4;
            let mut effort = 0.0;
            for _ in 0..40 {
                effort = 1.2 * a + 300.0 * (q - motor[0]) + 30.0 * (v - motor[1]) + v;
                let twist = spring * (motor[0] - load[0]) + damping * (motor[1] - load[1]);
                let dt = 1.0 / RATE_HZ / 40.0;
                motor[1] += (effort - twist - motor[1]) / half * dt;
                load[1] += twist / half * dt;
                motor[0] += motor[1] * dt;
                load[0] += load[1] * dt;
            }
            record.push(Sample {
                position: motor[0] + 1e-6 * random.random::<f64>(),
                effort,
            });
        }
        let resonance_hz = resonance_hz(&record, RATE_HZ, 1.2).unwrap();
        assert!((resonance_hz - 25.0).abs() < 2.0, "{resonance_hz}");
    }

    #[test]
    fn records_that_say_too_little_are_refused_with_the_reason() {
        let record = rigid(2.0, 5);
        assert!(matches!(
            identify(&record[..500], RATE_HZ),
            Err(IdentifyError::TooShort { .. })
        ));
        let still = vec![
            Sample {
                position: 0.4,
                effort: 7.0
            };
            3000
        ];
        assert!(matches!(
            identify(&still, RATE_HZ),
            Err(IdentifyError::Unexcited { .. })
        ));
        let reversed: Vec<_> = record
            .iter()
            .map(|sample| Sample {
                effort: -sample.effort,
                ..*sample
            })
            .collect();
        assert!(matches!(
            identify(&reversed, RATE_HZ),
            Err(IdentifyError::NoBody { .. })
        ));
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(9);
        let pushed: Vec<_> = record
            .iter()
            .enumerate()
            .map(|(k, sample)| Sample {
                effort: sample.effort + 30.0 * (0.01 * k as f64).sin() + random.random::<f64>(),
                ..*sample
            })
            .collect();
        assert!(
            matches!(
                identify(&pushed, RATE_HZ),
                Err(IdentifyError::Unexplained { .. } | IdentifyError::Unexcited { .. })
            ),
            "{:?}",
            identify(&pushed, RATE_HZ)
        );
    }
}
