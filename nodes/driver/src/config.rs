//! What a driver is told once, checked once.
//!
//! [`DriverParams`] is what people write; [`Config`] is what the core takes. Positions in rad (m), bandwidths in Hz.
//!
//! **Invariant:** a [`Config`] holds one [`JointParams`] for each joint of its group, every number in it is finite and in
//! range, and every velocity loop keeps [`MIN_PHASE_MARGIN_DEG`] with the bus's delay.

mod checks;

use self::checks::{check_counting, check_gains, check_joint, positive};
use crate::actuator::Actuator;
use crate::bus::Closes;
use crate::counts::Counting;
use crate::gains::{Gains, MIN_PHASE_MARGIN_DEG};
use crate::transmission::Transmission;
use arrayvec::ArrayVec;
use servomesh_types::fault::DriveFault;
use servomesh_types::{GroupDescription, MAX_JOINTS};
use std::time::Duration;

/// Everything a driver needs to know, as people write it.
#[derive(Clone, Debug, PartialEq)]
pub struct DriverParams {
    /// The group, as it is announced. Its rate is that of the bus.
    pub group: GroupDescription,
    /// Each joint's figures, in the group's order.
    pub joints: Vec<JointParams>,
    /// How actuators move joints together.
    pub transmission: Transmission,
    /// How long after its stamp a command is followed when no newer one comes; then the driver stops by itself.
    pub command_timeout: Duration,
    /// How long the bus may be silent before the driver calls it a fault.
    pub bus_timeout: Duration,
}

impl DriverParams {
    /// Twenty cycles at 500 Hz: longer than the gate upstream waits before it stops by itself, shorter than commands live.
    pub const COMMAND_TIMEOUT: Duration = Duration::from_millis(40);
    /// Fifty cycles at 500 Hz. The drives' own watchdog is of the same size.
    pub const BUS_TIMEOUT: Duration = Duration::from_millis(100);
}

/// One joint's figures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointParams {
    /// Motor, gear and encoder.
    pub actuator: Actuator,
    /// How its encoder counts.
    pub counting: Counting,
    /// Which loops its drive closes itself.
    pub closes: Closes,
    /// What the loop adds for friction.
    pub friction: Friction,
    /// Inertia at the joint beside the rotor's that no rigid-body model knows of [kg·m², kg]; 0 for none.
    pub load_inertia: f64,
    /// Bandwidths of the loops; [`Gains::for_rate`] suits most joints.
    pub gains: Gains,
    /// Largest distance between where the joint should be and is; beyond it is a fault.
    pub following_limit: f64,
    /// Largest distance from the measured position at which the first command of an epoch is taken.
    pub near_tolerance: f64,
    /// Hottest winding [°C]; beyond it is a fault.
    pub winding_limit_degc: f64,
    /// Lowest and highest supply at which the drive works \[V\]. Outside of it nothing is switched on, and under torque it is a fault.
    pub voltage_window_v: [f64; 2],
}

impl JointParams {
    /// The window of a drive that does not say one.
    pub const ANY_VOLTAGE: [f64; 2] = [0.0, f64::INFINITY];

    /// What a supply of so many volts is to the drive, if it is outside of its window.
    pub(crate) fn wrong_voltage(&self, voltage_v: f64) -> Option<DriveFault> {
        let [low_v, high_v] = self.voltage_window_v;
        if voltage_v < low_v {
            Some(DriveFault::Undervoltage)
        } else if voltage_v > high_v {
            Some(DriveFault::Overvoltage)
        } else {
            None
        }
    }
}

/// Friction at the joint's output, compensated from the reference velocity, so that noise can't excite it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Friction {
    /// Independent of speed [N·m, N].
    pub coulomb: f64,
    /// Per speed [N·m·s/rad, N·s/m].
    pub viscous: f64,
    /// Speed from which the Coulomb part is compensated in full; below it in proportion. Must be above 0.
    pub full_speed: f64,
}

impl Friction {
    /// The effort that overcomes the friction of motion at `velocity`.
    pub(crate) fn effort(&self, velocity: f64) -> f64 {
        self.coulomb * (velocity / self.full_speed).clamp(-1.0, 1.0) + self.viscous * velocity
    }
}

/// Parameters that were checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    params: DriverParams,
}

/// A parameter that can't be.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// A number out of its range.
    #[error("{owner}: {field} is {value}, but must be {allowed}")]
    OutOfRange {
        /// The joint or group it belongs to.
        owner: String,
        /// Which one.
        field: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Not one entry for each joint.
    #[error("group {group}: {got} entries of {what} for {expected} joints (1 to {MAX_JOINTS})")]
    JointCount {
        /// Which group.
        group: String,
        /// Entries of what.
        what: &'static str,
        /// How many there are.
        got: usize,
        /// How many joints the group has.
        expected: usize,
    },
    /// Gains that would ring, or worse.
    #[error(
        "joint {joint}: velocity bandwidth {velocity_hz} Hz leaves a phase margin of {margin_deg:.0}° on a bus of {rate_hz} Hz, \
         but must leave {MIN_PHASE_MARGIN_DEG}°: lower velocity_hz or integral_hz, raise filter_hz, or make the notch narrower"
    )]
    Unstable {
        /// Which joint.
        joint: String,
        /// Its velocity bandwidth \[Hz\].
        velocity_hz: f64,
        /// What it leaves [°].
        margin_deg: f64,
        /// Rate of the bus \[Hz\].
        rate_hz: f64,
    },
}

/// New gains for every joint of a group, checked against its [`Config`].
#[derive(Clone, Debug, PartialEq)]
pub struct Tuning(pub(crate) ArrayVec<Gains, MAX_JOINTS>);

impl Config {
    /// Checks and keeps the parameters.
    ///
    /// # Errors
    /// [`ConfigError`] names the first field that can't be, its value and what it may be.
    pub fn new(params: DriverParams) -> Result<Self, ConfigError> {
        let group = &params.group;
        let joints = group.joints.len();
        if params.joints.len() != joints || joints == 0 || joints > MAX_JOINTS {
            return Err(ConfigError::JointCount {
                group: group.name.to_string(),
                what: "joint figures",
                got: params.joints.len(),
                expected: joints,
            });
        }
        let owner = || format!("group {}", group.name);
        positive(owner, "rate_hz", group.rate_hz)?;
        for (field, timeout) in [
            ("command_timeout", params.command_timeout),
            ("bus_timeout", params.bus_timeout),
        ] {
            let cycles = timeout.as_secs_f64() * group.rate_hz;
            if cycles < 2.0 || timeout > LONGEST_TIMEOUT {
                return Err(ConfigError::OutOfRange {
                    owner: owner(),
                    field,
                    value: timeout.as_secs_f64(),
                    allowed: "between two cycles of the bus and 10 s",
                });
            }
        }
        for (i, joint) in params.joints.iter().enumerate() {
            check_joint(group.joint_name(i), joint, group.rate_hz)?;
            let coupled = params.transmission.coupled().contains(i);
            check_counting(&group.joints[i], joint, coupled)?;
        }
        if let Some(got) = params.transmission.joint_count().filter(|&got| got != joints) {
            return Err(ConfigError::JointCount {
                group: group.name.to_string(),
                what: "rows of the transmission",
                got,
                expected: joints,
            });
        }
        Ok(Self { params })
    }

    /// Checks new gains, one for each joint, to be sent as `Input::Tune`.
    ///
    /// # Errors
    /// As [`Config::new`].
    pub fn tuning(&self, gains: &[Gains]) -> Result<Tuning, ConfigError> {
        if gains.len() != self.joint_count() {
            return Err(ConfigError::JointCount {
                group: self.group().name.to_string(),
                what: "gains",
                got: gains.len(),
                expected: self.joint_count(),
            });
        }
        for (i, gains) in gains.iter().enumerate() {
            check_gains(self.group().joint_name(i), gains, self.group().rate_hz)?;
        }
        Ok(Tuning(gains.iter().copied().collect()))
    }

    /// The group, as it is announced.
    pub fn group(&self) -> &GroupDescription {
        &self.params.group
    }

    /// Each joint's figures, in the group's order.
    pub fn joints(&self) -> &[JointParams] {
        &self.params.joints
    }

    /// How actuators move its joints together.
    pub fn transmission(&self) -> &Transmission {
        &self.params.transmission
    }

    /// How many joints the group has.
    pub fn joint_count(&self) -> usize {
        self.params.joints.len()
    }

    /// Length of one bus cycle \[s\].
    pub fn period_s(&self) -> f64 {
        1.0 / self.params.group.rate_hz
    }

    /// How long after its stamp a command is followed.
    pub fn command_timeout(&self) -> Duration {
        self.params.command_timeout
    }

    /// How long the bus may be silent.
    pub fn bus_timeout(&self) -> Duration {
        self.params.bus_timeout
    }
}

/// Far beyond what any machine should coast; it also keeps the sums of stamps and timeouts small.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);
