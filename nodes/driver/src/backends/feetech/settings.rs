//! What may be configured of a bus of STS servos, checked before a servo is asked.

use super::cycle;
use super::layout::Stretch;
use crate::backends::settings::{SettingsError, check_ids, check_period};
use crate::bus::Closes;
use servomesh_fieldbus::feetech::table::BAUD_RATES;
use servomesh_fieldbus::feetech::{MAX_ID, sts3215};
use std::time::Duration;

/// A bus with the servos of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Bits per second.
    pub baud: u32,
    /// Length of a cycle.
    pub period: Duration,
    /// What port, adapter and operating system add at most to an answer's way.
    pub latency: Duration,
    /// The servos, in the group's order of joints.
    pub servos: Vec<ServoSettings>,
}

/// One servo.
#[derive(Clone, Debug, PartialEq)]
pub struct ServoSettings {
    /// The joint that it moves.
    pub joint: String,
    /// Its id.
    pub id: u8,
    /// Its model; `None`: whatever STS servo it is.
    pub model: Option<String>,
    /// What it controls itself.
    pub mode: Mode,
    /// How far its position loop stays behind an even motion \[s\].
    pub lag_s: f64,
    /// Its motor.
    pub motor: Motor,
    /// The highest velocity of its joint \[ticks/s\].
    pub ticks_per_s: f64,
    /// The lowest and highest position \[ticks\]; `None`: without end.
    pub range_ticks: Option<(f64, f64)>,
}

/// What a servo controls itself: its register 33.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its position, within one turn.
    Position,
    /// Its speed; it turns on when the driver dies.
    Velocity,
    /// Nothing: the driver sets its duty cycle. It pushes on when the driver dies.
    Pwm,
}

/// What a motor needs for a current, seen at the servo's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motor {
    /// Resistance of its winding \[Ω\].
    pub resistance_ohm: f64,
    /// Back-EMF for each tick/s \[V·s/tick\].
    pub back_emf_v_s_per_tick: f64,
}

impl Mode {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Position, Self::Velocity, Self::Pwm];

    /// What the servos file calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Position => "position",
            Self::Velocity => "velocity",
            Self::Pwm => "pwm",
        }
    }

    /// What the register holds.
    pub(super) const fn number(self) -> i32 {
        match self {
            Self::Position => 0,
            Self::Velocity => 1,
            Self::Pwm => 2,
        }
    }
}

impl Motor {
    /// The voltage that drives a current \[A\] at a speed \[ticks/s\]: R·i + Ke·ω.
    pub fn voltage(&self, current_a: f64, ticks_per_s: f64) -> f64 {
        self.resistance_ohm * current_a + self.back_emf_v_s_per_tick * ticks_per_s
    }

    /// Its speed without load at a voltage \[ticks/s\].
    pub fn fastest(&self, voltage_v: f64) -> f64 {
        voltage_v / self.back_emf_v_s_per_tick
    }
}

impl Settings {
    /// Checks what can be checked without the servos.
    ///
    /// # Errors
    /// [`SettingsError`] says what can't be, and what may.
    pub fn check(&self) -> Result<(), SettingsError> {
        let ids = self.servos.iter().map(|servo| (servo.joint.as_str(), servo.id));
        check_ids(&ids, MAX_ID)?;
        if !BAUD_RATES.contains(&self.baud) {
            return Err(SettingsError::Range {
                what: "baud",
                value: f64::from(self.baud),
                allowed: "38400, 57600, 76800, 115200, 128000, 250000, 500000 or 1000000 bit/s",
            });
        }
        for servo in &self.servos {
            servo.check()?;
        }
        check_period(self.servos.len(), self.busy_s(), self.baud, self.period)
    }

    /// How long the wire is busy in the longest cycle \[s\].
    pub fn busy_s(&self) -> f64 {
        let servos = self.servos.len();
        let answers = servos * cycle::reply_bytes(Stretch::STATE);
        let bytes = cycle::read_bytes(servos) + answers + cycle::goal_bytes(&self.servos);
        bytes as f64 * 10.0 / f64::from(self.baud)
    }
}

impl ServoSettings {
    /// Which loops the servo closes itself in its mode.
    pub fn closes(&self) -> Closes {
        match self.mode {
            Mode::Position => Closes::Position { lag_s: self.lag_s },
            Mode::Velocity => Closes::Velocity,
            Mode::Pwm => Closes::Current,
        }
    }

    /// How far its position loop stays behind an even motion with the gains it comes with \[s\]: measured on the simulated STS3215 at 12 V.
    pub const LAG_S: f64 = 0.025;

    fn check(&self) -> Result<(), SettingsError> {
        let joint = || self.joint.clone();
        if let Some(model) = self.model.as_ref().filter(|model| *model != sts3215::MODEL.name) {
            return Err(SettingsError::Model {
                joint: joint(),
                model: model.clone(),
                known: format!("{}; without a model any STS servo is taken", sts3215::MODEL.name),
            });
        }
        let positive = |value: f64| value > 0.0 && value.is_finite();
        for (what, value) in [
            ("resistance_ohm", self.motor.resistance_ohm),
            ("its back-EMF", self.motor.back_emf_v_s_per_tick),
        ] {
            if !positive(value) {
                return Err(SettingsError::OfJoint {
                    joint: joint(),
                    what,
                    value,
                    allowed: "above zero",
                });
            }
        }
        if self.mode == Mode::Position && self.range_ticks.is_none() {
            return Err(SettingsError::OfJoint {
                joint: joint(),
                what: "its range",
                value: f64::INFINITY,
                allowed: "finite in the mode position: an endless joint needs the mode velocity",
            });
        }
        Ok(())
    }
}

#[cfg(test)]
impl ServoSettings {
    /// Those of an STS3215 on a bench.
    pub(super) fn elbow(mode: Mode) -> Self {
        Self {
            joint: "elbow".to_owned(),
            id: 3,
            model: None,
            mode,
            lag_s: 0.02,
            motor: Motor {
                resistance_ohm: 4.44,
                back_emf_v_s_per_tick: 12.0 / 3253.0,
            },
            ticks_per_s: 1300.0,
            range_ticks: Some((500.0, 3500.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bus(baud: u32, rate_hz: f64, servos: usize) -> Settings {
        let servo = |i: usize| ServoSettings {
            joint: format!("joint_{i}"),
            id: i as u8 + 1,
            ..ServoSettings::elbow(Mode::Position)
        };
        Settings {
            baud,
            period: Duration::from_secs_f64(1.0 / rate_hz),
            latency: Duration::from_millis(1),
            servos: (0..servos).map(servo).collect(),
        }
    }

    #[track_caller]
    fn refused(settings: &Settings, part: &str) {
        let error = settings.check().expect_err("it can't be").to_string();
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn six_servos_take_less_than_half_of_a_period_at_200_hz() {
        let settings = bus(1_000_000, 200.0, 6);
        assert_eq!(settings.check(), Ok(()));
        assert!(
            (settings.busy_s() - 2.2e-3).abs() < 0.1e-3,
            "{}",
            settings.busy_s()
        );
    }

    #[test]
    fn what_can_not_be_is_refused_with_what_may() {
        refused(&bus(1_000_000, 500.0, 6), "lower rate_hz to 43");
        refused(&bus(2_000_000, 200.0, 6), "500000 or 1000000");
        refused(&bus(1_000_000, 200.0, 0), "0 servos");
        let mut twice = bus(1_000_000, 200.0, 6);
        twice.servos[4].id = 2;
        refused(&twice, "joints joint_1 and joint_4 both have id 2");
        let mut high = bus(1_000_000, 200.0, 2);
        high.servos[1].id = 254;
        refused(&high, "joint joint_1: id 254: ids are 0 to 253");
        let mut other = bus(1_000_000, 200.0, 2);
        other.servos[1].model = Some("SCS0009".to_owned());
        refused(&other, "known are STS3215");
        let mut endless = bus(1_000_000, 200.0, 2);
        endless.servos[0].range_ticks = None;
        refused(&endless, "an endless joint needs the mode velocity");
        endless.servos[0].mode = Mode::Velocity;
        assert_eq!(endless.check(), Ok(()));
    }
}
