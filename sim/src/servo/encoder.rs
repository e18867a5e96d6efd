//! The absolute encoder of a joint: where it sits, how finely it counts, how late and how noisy it is, and how it fails.
//!
//! Decides what is reported after a step: the position of its side of the gear, delayed, plus errors, in whole ticks. Positions are
//! in the joint's unit (rad, m) on both sides of the gear.
//!
//! **Invariant:** noise comes from a generator of its own, one draw for each step that is noisy: the same seed and steps give the same
//! ticks, however often the encoder is read.

use std::collections::VecDeque;

use serde::Deserialize;

use super::conditions::EncoderConditions;
use super::noise::Noise;

/// A raw encoder count: whole ticks from the encoder's zero, over as many turns as it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Ticks(pub i64);

/// Which side of the gear an encoder sits on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// At the output: it sees what the joint does.
    #[default]
    Joint,
    /// At the motor: it does not see the gear's play.
    Motor,
}

/// What an encoder adds to the truth, besides whole ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderParameters {
    /// Where it sits. Ticks count the joint's own motion either way.
    pub side: Side,
    /// Standard deviation of its noise, one value for each step of 1 ms (rad, m).
    pub noise: f64,
    /// How far its zero is off without anyone knowing (rad, m).
    pub offset: f64,
    /// Age of what it reports (s).
    pub delay_s: f64,
}

/// How positions become ticks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// Ticks for each unit of joint position (rad, m); negative where the encoder counts against the joint.
    pub ticks_per_unit: f64,
    /// Position of the joint at tick 0 (rad, m).
    pub zero: f64,
}

/// The longest delay an encoder can have (s); what it remembers follows from that.
pub const LONGEST_DELAY_S: f64 = 0.1;

/// Measures a joint once a step.
#[derive(Debug, Clone)]
pub struct Encoder {
    parameters: EncoderParameters,
    scale: Scale,
    noise: Noise,
    /// Of its own noise and that of faults together.
    deviation: f64,
    conditions: EncoderConditions,
    drifted: f64,
    /// What it reports, before ticks.
    reading: f64,
    /// Younger than the delay, and one more: how long ago (s) and where.
    history: VecDeque<(f64, f64)>,
}

impl Encoder {
    /// An encoder at rest at `position`.
    pub fn new(parameters: EncoderParameters, scale: Scale, position: f64) -> Self {
        let mut encoder = Self {
            parameters,
            scale,
            noise: Noise::new(0, 0),
            deviation: parameters.noise,
            conditions: EncoderConditions::default(),
            drifted: 0.0,
            reading: 0.0,
            history: VecDeque::new(),
        };
        encoder.place(position);
        encoder
    }

    /// Seeds its noise. Equal seeds with different streams are independent.
    pub fn seed(&mut self, seed: u64, stream: u64) {
        self.noise = Noise::new(seed, stream);
    }

    /// Tells it what is wrong with it from now on.
    pub fn set_conditions(&mut self, conditions: EncoderConditions) {
        if conditions.drift.abs() < f64::MIN_POSITIVE {
            self.drifted = 0.0;
        }
        self.deviation = self.parameters.noise.hypot(conditions.noise);
        self.conditions = conditions;
    }

    /// Puts it at rest at `position`: it has been there for as long as it remembers.
    pub fn place(&mut self, position: f64) {
        self.history.clear();
        self.reading = position + self.parameters.offset + self.conditions.step + self.drifted;
    }

    /// Which side of the gear it wants to see.
    pub fn side(&self) -> Side {
        self.parameters.side
    }

    /// Takes a sample at the end of a step of `dt_s`.
    pub fn sample(&mut self, position: f64, dt_s: f64) {
        let seen = self.delayed(position, dt_s);
        self.drifted += self.conditions.drift * dt_s;
        let noise = if self.deviation > 0.0 {
            self.deviation * self.noise.draw()
        } else {
            0.0
        };
        if !self.conditions.stuck {
            self.reading = seen + self.parameters.offset + self.conditions.step + self.drifted + noise;
        }
    }

    fn delayed(&mut self, position: f64, dt_s: f64) -> f64 {
        let delay_s = self.parameters.delay_s;
        if delay_s <= 0.0 {
            return position;
        }
        for (age_s, _) in &mut self.history {
            *age_s += dt_s;
        }
        self.history.push_back((0.0, position));
        while self.history.get(1).is_some_and(|(age_s, _)| *age_s >= delay_s) {
            self.history.pop_front();
        }
        let (older_s, older) = self.history[0];
        let (newer_s, newer) = *self.history.get(1).unwrap_or(&(0.0, position));
        if older_s > newer_s {
            let share = ((older_s - delay_s) / (older_s - newer_s)).clamp(0.0, 1.0);
            older + share * (newer - older)
        } else {
            older
        }
    }

    /// What it counts.
    pub fn ticks(&self) -> Ticks {
        let Scale { ticks_per_unit, zero } = self.scale;
        Ticks(((self.reading - zero) * ticks_per_unit).floor() as i64)
    }

    /// The position in the middle of a tick.
    pub fn position(&self, ticks: Ticks) -> f64 {
        self.scale.zero + (ticks.0 as f64 + 0.5) / self.scale.ticks_per_unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: Scale = Scale {
        ticks_per_unit: 4096.0 / std::f64::consts::TAU,
        zero: 0.0,
    };

    fn encoder(parameters: EncoderParameters) -> Encoder {
        Encoder::new(parameters, SCALE, 0.0)
    }

    #[test]
    fn a_position_comes_back_within_half_a_tick() {
        let reversed = Scale {
            ticks_per_unit: -SCALE.ticks_per_unit,
            zero: 0.5,
        };
        for scale in [SCALE, reversed] {
            let mut encoder = Encoder::new(EncoderParameters::default(), scale, 0.0);
            for position in [0.0, 1.234, -5.4321, 700.0] {
                encoder.sample(position, 1e-3);
                let back = encoder.position(encoder.ticks());
                assert!((back - position).abs() <= 0.5 / SCALE.ticks_per_unit + 1e-9);
            }
            let before = encoder.ticks();
            encoder.sample(701.0, 1e-3);
            assert_eq!(encoder.ticks() > before, scale.ticks_per_unit > 0.0);
        }
        let mut encoder = encoder(EncoderParameters::default());
        encoder.sample(-1e-9, 1e-3);
        assert_eq!(encoder.ticks(), Ticks(-1));
    }

    #[test]
    fn noise_has_its_deviation_and_follows_its_seed() {
        let noisy = EncoderParameters {
            noise: 0.01,
            ..EncoderParameters::default()
        };
        let run = |seed, stream| {
            let mut encoder = encoder(noisy);
            encoder.seed(seed, stream);
            (0..20_000)
                .map(|_| {
                    encoder.sample(2.0, 1e-3);
                    encoder.reading - 2.0
                })
                .collect::<Vec<_>>()
        };
        let errors = run(1, 0);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        let variance = errors.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / errors.len() as f64;
        assert!(mean.abs() < 3e-4, "mean {mean}");
        assert!(
            (variance.sqrt() - 0.01).abs() < 2e-4,
            "deviation {}",
            variance.sqrt()
        );
        let within = errors.iter().filter(|e| e.abs() < 0.01).count();
        assert!(
            (13_300..14_000).contains(&within),
            "68.3 % within one deviation: {within}"
        );
        assert!(run(1, 0) == errors);
        assert!(run(1, 1) != errors && run(2, 0) != errors);
    }

    #[test]
    fn a_delayed_encoder_tells_where_the_joint_was() {
        let late = EncoderParameters {
            delay_s: 0.0025,
            ..EncoderParameters::default()
        };
        let mut encoder = encoder(late);
        for step in 1..=50 {
            let time_s = f64::from(step) * 1e-3;
            encoder.sample(3.0 * time_s, 1e-3);
            if step > 4 {
                let was = 3.0 * (time_s - 0.0025);
                assert!(
                    (encoder.reading - was).abs() < 1e-12,
                    "{step}: {}",
                    encoder.reading
                );
            }
        }
        encoder.place(7.0);
        encoder.sample(7.0, 1e-3);
        assert!((encoder.reading - 7.0).abs() < 1e-12, "it forgot where it was");
    }

    #[test]
    fn each_fault_shows_and_goes() {
        let mut encoder = encoder(EncoderParameters::default());
        let mut read = |conditions: EncoderConditions, position: f64| {
            encoder.set_conditions(conditions);
            for _ in 0..1000 {
                encoder.sample(position, 1e-3);
            }
            encoder.reading
        };
        let sound = EncoderConditions::default();
        assert!((read(sound, 1.0) - 1.0).abs() < 1e-12);
        assert!((read(EncoderConditions { stuck: true, ..sound }, 2.0) - 1.0).abs() < 1e-12);
        assert!((read(EncoderConditions { step: 0.3, ..sound }, 2.0) - 2.3).abs() < 1e-12);
        assert!((read(EncoderConditions { drift: 0.2, ..sound }, 2.0) - 2.2).abs() < 1e-9);
        assert!((read(EncoderConditions { drift: 0.2, ..sound }, 2.0) - 2.4).abs() < 1e-9);
        assert!((read(EncoderConditions { noise: 0.1, ..sound }, 2.0) - 2.0).abs() > 1e-6);
        assert!((read(sound, 2.0) - 2.0).abs() < 1e-12);
    }
}
