//! What may be configured of a bus of FEETECH servos, checked before a servo is asked.

use super::cycle;
use super::layout::Stretch;
use super::series::Series;
use crate::backends::pace::Pace;
use crate::backends::settings::{SettingsError, check_ids, check_period};
use crate::bus::Closes;
use servomesh_fieldbus::feetech::table::BAUD_RATES;
use servomesh_fieldbus::feetech::{MAX_ID, scs0009, sts3215};
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
    /// Its model, STS3215 or SCS0009; `None`: whatever STS servo it is.
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

/// What a servo controls itself: register 33 of an STS servo. An SCS servo has no velocity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Its position, within one turn or its 300°.
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

    /// What the register of an STS servo holds.
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
        self.check_series()?;
        let (servos, busy_s, period_s) = (self.servos.len(), self.busy_s(), self.period.as_secs_f64());
        if !self.series().is_read_at_once() && busy_s > period_s {
            return Err(SettingsError::SlowOneByOne {
                servos,
                needed_us: busy_s * 1e6,
                latency_us: self.latency.as_secs_f64() * 1e6,
                baud: self.baud,
                rate_hz: 1.0 / period_s,
                period_us: period_s * 1e6,
                possible_hz: 0.95 / busy_s,
            });
        }
        check_period(servos, busy_s, self.baud, self.period)
    }

    /// How long the longest cycle takes \[s\]: the wire is busy, or an answer of a servo that is asked by itself on its way.
    pub fn busy_s(&self) -> f64 {
        let pace = Pace::new(self.baud, self.period, self.latency);
        let goals = pace.wire(cycle::goal_bytes(&self.servos));
        (self.reading(&pace) + goals).as_secs_f64()
    }

    /// The series of all its servos.
    pub(super) fn series(&self) -> Series {
        self.servos.first().map_or(Series::Sts, ServoSettings::series)
    }

    /// How long the longest of the usual reads takes. Where each servo is asked by itself the next is asked when its answer is there, which may be as late
    /// as the port lets it be.
    pub(super) fn reading(&self, pace: &Pace) -> Duration {
        let servos = self.servos.len();
        let reply = cycle::reply_bytes(Stretch::state(self.series()));
        if self.series().is_read_at_once() {
            pace.wire(cycle::read_bytes(servos) + servos * reply)
        } else {
            (pace.wire(cycle::READ_OF_ONE + reply) + self.latency) * servos as u32
        }
    }

    fn check_series(&self) -> Result<(), SettingsError> {
        let of = |series| self.servos.iter().find(|servo| servo.series() == series);
        match (of(Series::Sts), of(Series::Scs)) {
            (Some(sts), Some(scs)) => Err(SettingsError::Mixed {
                joints: [sts.joint.clone(), scs.joint.clone()],
            }),
            _ => Ok(()),
        }
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

    /// The series of its model.
    pub fn series(&self) -> Series {
        Series::named(self.model.as_deref()).unwrap_or(Series::Sts)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let joint = || self.joint.clone();
        if let Some(model) = &self.model
            && Series::named(Some(model)).is_none()
        {
            let (sts, scs) = (sts3215::MODEL.name, scs0009::MODEL.name);
            return Err(SettingsError::Model {
                joint: joint(),
                model: model.clone(),
                known: format!("{sts} and {scs}; without a model any STS servo is taken"),
            });
        }
        let is_scs = self.series() == Series::Scs;
        if is_scs && self.mode == Mode::Velocity {
            return Err(SettingsError::NoMode {
                joint: joint(),
                model: self.series().model().name,
                mode: self.mode.name(),
                possible: "position and pwm",
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
        if is_scs && self.range_ticks.is_none() {
            return Err(SettingsError::OfJoint {
                joint: joint(),
                what: "its range",
                value: f64::INFINITY,
                allowed: "finite: the sensor of an SCS0009 sees 300° of a turn",
            });
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

    /// Those of an SCS0009 on a bench, with the motor of an HS-311.
    pub(super) fn gripper(mode: Mode) -> Self {
        Self {
            joint: "gripper".to_owned(),
            id: 3,
            model: Some("SCS0009".to_owned()),
            mode,
            lag_s: 0.02,
            motor: Motor {
                resistance_ohm: 7.25,
                back_emf_v_s_per_tick: 6.0 / 1369.0,
            },
            ticks_per_s: 293.3,
            range_ticks: Some((100.0, 900.0)),
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
        other.servos[1].model = Some("SCS15".to_owned());
        refused(
            &other,
            "model \"SCS15\" is not known; known are STS3215 and SCS0009",
        );
        let mut endless = bus(1_000_000, 200.0, 2);
        endless.servos[0].range_ticks = None;
        refused(&endless, "an endless joint needs the mode velocity");
        endless.servos[0].mode = Mode::Velocity;
        assert_eq!(endless.check(), Ok(()));
    }

    fn scs_bus(rate_hz: f64, servos: usize) -> Settings {
        let mut settings = bus(1_000_000, rate_hz, servos);
        for servo in &mut settings.servos {
            *servo = ServoSettings {
                joint: servo.joint.clone(),
                id: servo.id,
                ..ServoSettings::gripper(Mode::Position)
            };
        }
        settings
    }

    #[test]
    fn servos_that_are_asked_one_by_one_take_the_time_of_each_answers_way() {
        let mut settings = scs_bus(100.0, 6);
        assert_eq!(settings.check(), Ok(()));
        // 8 and 24 bytes and a millisecond for each, and 50 bytes of goals.
        assert!(
            (settings.busy_s() - 8.42e-3).abs() < 1e-6,
            "{}",
            settings.busy_s()
        );
        settings.period = Duration::from_millis(5);
        refused(
            &settings,
            "takes 8420 µs at 1000000 bit/s, as each answer may come 1000 µs late (port_latency_s), but a period at 200 Hz has 5000 µs: lower rate_hz to 113",
        );
        settings.latency = Duration::from_micros(300);
        assert_eq!(settings.check(), Ok(()));
    }

    #[test]
    fn what_an_scs_servo_can_not_do_is_refused() {
        let mut settings = scs_bus(100.0, 2);
        settings.servos[1].mode = Mode::Velocity;
        refused(
            &settings,
            "joint joint_1: an SCS0009 has no mode velocity; it has position and pwm",
        );
        settings.servos[1].mode = Mode::Pwm;
        assert_eq!(settings.check(), Ok(()));
        settings.servos[1].range_ticks = None;
        refused(&settings, "sees 300° of a turn");
        let mut mixed = scs_bus(100.0, 2);
        mixed.servos[0] = bus(1_000_000, 100.0, 1).servos[0].clone();
        refused(&mixed, "joint_0 has an STS servo and joint joint_1 an SCS servo");
    }
}
