//! The motion that lets a joint show what it is: a chirp about a place, from slow to fast, within its limits.
//!
//! ```text
//! q = q₀ + w(t) · A(f) · sin φ(t)      φ̇ = 2π·f      f = f₀ · (f₁/f₀)^(t/T)      1/A = 1/amplitude + ω/velocity + ω²/acceleration + ω³/jerk
//! ```
//!
//! w fades in and out over 1.5 s, so that it begins and ends at rest. **Invariant:** position, velocity, acceleration and jerk stay within
//! the amplitude and the limits that are given.

use std::f64::consts::TAU;

/// A chirp of one joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Excitation {
    /// The place about which it swings.
    pub about: f64,
    /// How far it swings to each side at most.
    pub amplitude: f64,
    /// Speed that is not passed.
    pub velocity: f64,
    /// Acceleration that is not passed.
    pub acceleration: f64,
    /// Jerk that is not passed.
    pub jerk: f64,
    /// Where it begins \[Hz\].
    pub from_hz: f64,
    /// Where it ends \[Hz\].
    pub to_hz: f64,
    /// How long it takes \[s\].
    pub lasting_s: f64,
}

impl Excitation {
    /// Position, velocity and acceleration at a time after its begin.
    pub fn at(&self, t: f64) -> [f64; 3] {
        let [before, here, after] = [-STEP_S, 0.0, STEP_S].map(|d| self.position(t + d));
        [
            here,
            (after - before) / (2.0 * STEP_S),
            (after - 2.0 * here + before) / (STEP_S * STEP_S),
        ]
    }

    fn position(&self, t: f64) -> f64 {
        let t = t.clamp(0.0, self.lasting_s);
        let ratio = self.to_hz / self.from_hz;
        let growth = ratio.ln() / self.lasting_s;
        let omega = TAU * self.from_hz * (growth * t).exp();
        let phase = (omega - TAU * self.from_hz) / growth;
        // What is left is for what fading and growing add.
        let share = SHARE
            / (1.0 / self.amplitude
                + omega / self.velocity
                + omega.powi(2) / self.acceleration
                + omega.powi(3) / self.jerk);
        // The polynomial whose velocity, acceleration and jerk are zero at both ends.
        let fade = |t: f64| {
            let x = (t / FADE_S).clamp(0.0, 1.0);
            x.powi(4) * (35.0 - 84.0 * x + 70.0 * x * x - 20.0 * x.powi(3))
        };
        self.about + fade(t) * fade(self.lasting_s - t) * share * phase.sin()
    }
}

const FADE_S: f64 = 1.5;
/// For the differences that velocity and acceleration are.
const STEP_S: f64 = 1e-4;
/// Of what the limits allow.
const SHARE: f64 = 0.8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_keeps_its_limits_and_begins_and_ends_at_rest() {
        let chirp = Excitation {
            about: -1.0,
            amplitude: 0.3,
            velocity: 1.0,
            acceleration: 8.0,
            jerk: f64::INFINITY,
            from_hz: 0.2,
            to_hz: 50.0,
            lasting_s: 10.0,
        };
        let mut largest = [0.0_f64; 3];
        for k in 0..=10_000 {
            let motion = chirp.at(1e-3 * f64::from(k));
            for (largest, (value, middle)) in largest.iter_mut().zip(motion.iter().zip([-1.0, 0.0, 0.0])) {
                *largest = largest.max((value - middle).abs());
            }
        }
        let [position, velocity, acceleration] = largest;
        assert!(
            position <= 0.3 && velocity <= 1.0 && acceleration <= 8.0,
            "{largest:?}"
        );
        assert!(velocity > 0.3 && acceleration > 4.0, "{largest:?}");
        for end in [chirp.at(0.0), chirp.at(10.0)] {
            assert!((end[0] + 1.0).abs() < 1e-6 && end[1].abs() < 1e-3, "{end:?}");
        }
    }

    #[test]
    fn it_keeps_its_jerk() {
        for jerk in [20.0, 60.0, 400.0] {
            let chirp = Excitation {
                about: 0.0,
                amplitude: 0.3,
                velocity: 1.0,
                acceleration: 8.0,
                jerk,
                from_hz: 0.2,
                to_hz: 12.0,
                lasting_s: 15.0,
            };
            let step = 1e-3;
            let largest = (1..15_000)
                .map(|k| {
                    let [before, after] = [-1.0, 1.0].map(|d| chirp.at(step * (f64::from(k) + d))[2]);
                    ((after - before) / (2.0 * step)).abs()
                })
                .fold(0.0, f64::max);
            assert!((0.3 * jerk..=jerk).contains(&largest), "{largest} of {jerk}");
        }
    }
}
