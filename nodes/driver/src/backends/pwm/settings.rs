//! What may be configured of hobby servos.

use crate::bus::Closes;
use servomesh_fieldbus::pwm::{self, Pulses};
use servomesh_types::MAX_JOINTS;
use std::time::Duration;

/// The servos of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Length of a cycle, and from pulse to pulse.
    pub period: Duration,
    /// The servos, in the group's order of joints.
    pub servos: Vec<ServoSettings>,
}

/// One servo. Its joint's positions are counted in ticks, as the driver has them.
#[derive(Clone, Debug, PartialEq)]
pub struct ServoSettings {
    /// The joint that it moves.
    pub joint: String,
    /// The output that its pulses come from.
    pub channel: u8,
    /// Widths \[µs\] of the pulses at both ends, the shorter one first.
    pub pulse_us: [f64; 2],
    /// Where it stands at these \[ticks\].
    pub at_ticks: [f64; 2],
    /// How fast it turns \[ticks/s\].
    pub ticks_per_s: f64,
    /// How far it stays behind an even motion \[s\].
    pub lag_s: f64,
    /// Where it is taken to be before its first pulse \[ticks\].
    pub start_ticks: f64,
    /// The highest velocity of its joint \[ticks/s\].
    pub joint_ticks_per_s: f64,
    /// The limits of its joint \[ticks\], the lower first.
    pub range_ticks: [f64; 2],
}

/// A setting of hobby servos that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PwmError {
    /// None, or more than a group can have.
    #[error("{count} servos, but a group has 1 to {MAX_JOINTS}")]
    Count {
        /// How many.
        count: usize,
    },
    /// There is no such output.
    #[error("joint {joint}: channel {channel}: channels are 0 to {MAX_CHANNEL}")]
    Channel {
        /// Which joint.
        joint: String,
        /// Its channel.
        channel: u8,
    },
    /// Two joints with one output.
    #[error("joints {} and {} both have channel {channel}: give each servo a channel of its own", joints[0], joints[1])]
    SameChannel {
        /// The joints.
        joints: [String; 2],
        /// Their channel.
        channel: u8,
    },
    /// Pulses that stand for nothing.
    #[error("joint {joint}: {reason}")]
    Pulses {
        /// Which joint.
        joint: String,
        /// What is wrong with them.
        reason: pwm::Error,
    },
    /// A number of one joint out of its range.
    #[error("joint {joint}: {what} is {value:.3}, but must be {allowed}")]
    OfJoint {
        /// Which joint.
        joint: String,
        /// Which number.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// A joint that may go where its servo can't.
    #[error(
        "joint {joint}: its range needs pulses of {needed_us:.0} µs, but its servo takes {:.0} to {:.0} µs: narrow the joint's limits, or correct `pulse_us` and `at`",
        pulse_us[0],
        pulse_us[1]
    )]
    Range {
        /// Which joint.
        joint: String,
        /// What its limit needs \[µs\].
        needed_us: f64,
        /// What the servo takes \[µs\].
        pulse_us: [f64; 2],
    },
    /// Pulses come too seldom or too often for servos.
    #[error("rate_hz is {rate_hz:.0} Hz, but hobby servos take 40 to 333 pulses a second: most of them 50")]
    Rate {
        /// What was asked for \[Hz\].
        rate_hz: f64,
    },
}

impl Settings {
    /// Checks them.
    ///
    /// # Errors
    /// [`PwmError`] says what can't be, and what may.
    pub fn check(&self) -> Result<(), PwmError> {
        let count = self.servos.len();
        if count == 0 || count > MAX_JOINTS {
            return Err(PwmError::Count { count });
        }
        let rate_hz = 1.0 / self.period.as_secs_f64();
        if !RATES_HZ.contains(&rate_hz) {
            return Err(PwmError::Rate { rate_hz });
        }
        for (i, servo) in self.servos.iter().enumerate() {
            let (joint, channel) = (servo.joint.clone(), servo.channel);
            if channel > MAX_CHANNEL {
                return Err(PwmError::Channel { joint, channel });
            }
            if let Some(other) = self.servos[..i].iter().find(|other| other.channel == channel) {
                let joints = [other.joint.clone(), joint];
                return Err(PwmError::SameChannel { joints, channel });
            }
            servo.check(self.period)?;
        }
        Ok(())
    }
}

impl ServoSettings {
    /// Which loops the servo closes itself.
    pub fn closes(&self) -> Closes {
        Closes::Position { lag_s: self.lag_s }
    }

    /// How widths stand for positions \[ticks\].
    ///
    /// # Errors
    /// [`PwmError::Pulses`]: for none.
    pub fn pulses(&self) -> Result<Pulses, PwmError> {
        Pulses::new(self.pulse_us, self.at_ticks).map_err(|reason| PwmError::Pulses {
            joint: self.joint.clone(),
            reason,
        })
    }

    fn check(&self, period: Duration) -> Result<(), PwmError> {
        self.pulses()?;
        let check = |holds: bool, what, value, allowed| {
            if holds {
                Ok(())
            } else {
                let joint = self.joint.clone();
                Err(PwmError::OfJoint {
                    joint,
                    what,
                    value,
                    allowed,
                })
            }
        };
        for value in self.pulse_us {
            let short = value < 0.9e6 * period.as_secs_f64();
            check(
                WIDTHS_US.contains(&value) && short,
                "pulse_us",
                value,
                "300 to 3000 µs, and less than 0.9 of a period",
            )?;
        }
        let span_us = self.pulse_us[1] - self.pulse_us[0];
        check(
            span_us >= LEAST_SPAN_US,
            "pulse_us, from one end to the other,",
            span_us,
            "100 µs or more",
        )?;
        let [low, high] = [
            self.at_ticks[0].min(self.at_ticks[1]),
            self.at_ticks[0].max(self.at_ticks[1]),
        ];
        for end in self.range_ticks {
            if !(low - SLACK_TICKS..=high + SLACK_TICKS).contains(&end) {
                let [shortest, longest] = self.pulse_us;
                let share = (end - self.at_ticks[0]) / (self.at_ticks[1] - self.at_ticks[0]);
                return Err(PwmError::Range {
                    joint: self.joint.clone(),
                    needed_us: shortest + share * (longest - shortest),
                    pulse_us: self.pulse_us,
                });
            }
        }
        let fast = self.ticks_per_s >= self.joint_ticks_per_s && self.ticks_per_s.is_finite();
        let ratio = self.ticks_per_s / self.joint_ticks_per_s;
        check(
            fast,
            "velocity, in parts of the joint's velocity limit,",
            ratio,
            "1 or more: lower the joint's limit",
        )?;
        check(
            (0.0..=0.5).contains(&self.lag_s),
            "lag_s",
            self.lag_s,
            "0 to 0.5 s",
        )?;
        check(
            (low..=high).contains(&self.start_ticks),
            "start, in ticks,",
            self.start_ticks,
            "within `at`",
        )
    }
}

/// The highest output: a PCA9685 has sixteen.
pub const MAX_CHANNEL: u8 = 15;
const RATES_HZ: std::ops::RangeInclusive<f64> = 40.0..=333.5;
const WIDTHS_US: std::ops::RangeInclusive<f64> = 300.0..=3000.0;
/// Less than any servo has.
const LEAST_SPAN_US: f64 = 100.0;
/// Of limits that were rounded \[ticks\].
const SLACK_TICKS: f64 = 0.5;

#[cfg(test)]
mod tests {
    use super::*;

    fn servos(count: u8) -> Settings {
        let servo = |channel| ServoSettings {
            joint: format!("joint_{channel}"),
            channel,
            pulse_us: [1100.0, 1900.0],
            at_ticks: [-400.0, 400.0],
            ticks_per_s: 2000.0,
            lag_s: 0.03,
            start_ticks: 0.0,
            joint_ticks_per_s: 1000.0,
            range_ticks: [-300.0, 350.0],
        };
        Settings {
            period: Duration::from_millis(20),
            servos: (0..count).map(servo).collect(),
        }
    }

    #[test]
    fn what_can_not_be_is_refused_with_what_may() {
        assert_eq!(servos(16).check(), Ok(()));
        let refused = |change: &dyn Fn(&mut Settings), part: &str| {
            let mut settings = servos(3);
            change(&mut settings);
            let error = settings.check().expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        };
        refused(&|all| all.servos.clear(), "0 servos");
        refused(
            &|all| all.servos[2].channel = 16,
            "joint joint_2: channel 16: channels are 0 to 15",
        );
        refused(
            &|all| all.servos[2].channel = 0,
            "joints joint_0 and joint_2 both have channel 0",
        );
        refused(&|all| all.period = Duration::from_millis(2), "rate_hz is 500 Hz");
        refused(
            &|all| all.servos[1].range_ticks[1] = 500.0,
            "needs pulses of 2000 µs, but its servo takes 1100 to 1900 µs",
        );
        refused(&|all| all.servos[1].at_ticks = [5.0, 5.0], "they must differ");
        refused(&|all| all.servos[1].pulse_us[0] = 100.0, "pulse_us is 100.000");
        refused(
            &|all| all.servos[1].joint_ticks_per_s = 4000.0,
            "lower the joint's limit",
        );
        refused(&|all| all.servos[1].start_ticks = 900.0, "within `at`");
        refused(&|all| all.servos[1].lag_s = -0.1, "lag_s");
    }
}
