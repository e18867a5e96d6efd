//! Faults on demand: what can be broken in the simulated machine, how badly, and what happens then.
//!
//! A [`Fault`] is a kind, a target and one figure. [`Kind::ALL`] with [`Kind::about`] is the list of them all, with units and a sentence each, for
//! whoever offers them to a user. Faults add up: of two of a kind on one target both act.
//!
//! **Invariant:** what is broken follows from the faults that are active, and from nothing else: when the last one is gone, the machine
//! is as sound as before (but where it has moved to meanwhile).
//!
//! ```
//! use servomesh_sim::faults::{Fault, Kind};
//!
//! let fault = Fault::new(Kind::EncoderDrift, "elbow_joint", 0.01)?;
//! assert_eq!(fault.to_string(), "encoder_drift of elbow_joint, 0.01 rad/s, m/s");
//! assert!(Fault::new(Kind::SupplySag, "arm", 1.5).is_err(), "no supply sags upwards");
//! assert_eq!("gear_jammed".parse::<Kind>()?, Kind::GearJammed);
//! # Ok::<(), servomesh_sim::SimError>(())
//! ```

mod register;

pub use register::{Active, FaultId, Register};

use serde::{Deserialize, Serialize};

use crate::error::SimError;

/// Something that is broken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What breaks.
    pub kind: Kind,
    /// What it happens to: a name, as [`About::target`] says.
    #[serde(default)]
    pub target: String,
    /// How bad it is, as [`About::unit`] and [`About::range`] say; 0 for a kind that has no figure.
    #[serde(default)]
    pub value: f64,
}

/// What can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(
    missing_docs,
    reason = "each is described by `about`, for users of the running simulation too"
)]
pub enum Kind {
    EncoderStuck,
    EncoderDrift,
    EncoderNoise,
    EncoderStep,
    DriveSilent,
    FramesLost,
    FrameBurst,
    PhaseLost,
    GearJammed,
    GearRough,
    AmbientHot,
    SupplySag,
    PayloadChanged,
    BeltSlips,
    BeltStopped,
    PartSlips,
}

/// What a fault happens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A joint, by its name in the robot's description.
    Joint,
    /// A joint; all of them, if the name is empty.
    JointOrAll,
    /// A group, by the name of its bus; all of them, if the name is empty.
    GroupOrAll,
    /// A supply, by its name, or that of a joint.
    Supply,
    /// A link, by its name in the robot's description.
    Link,
    /// A free body, by its name; all of them, if the name is empty.
    BodyOrAll,
}

/// What there is to know about a kind of fault.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About {
    /// Its name.
    pub name: &'static str,
    /// What it happens to.
    pub target: Target,
    /// The unit of its figure; empty for a kind that has none.
    pub unit: &'static str,
    /// The figures that it can have, both ends included.
    pub range: (f64, f64),
    /// What happens.
    pub description: &'static str,
}

const NONE: (f64, f64) = (0.0, 0.0);
const SHARE: (f64, f64) = (0.0, 1.0);

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 16] = [
        Self::EncoderStuck,
        Self::EncoderDrift,
        Self::EncoderNoise,
        Self::EncoderStep,
        Self::DriveSilent,
        Self::FramesLost,
        Self::FrameBurst,
        Self::PhaseLost,
        Self::GearJammed,
        Self::GearRough,
        Self::AmbientHot,
        Self::SupplySag,
        Self::PayloadChanged,
        Self::BeltSlips,
        Self::BeltStopped,
        Self::PartSlips,
    ];

    /// What there is to know about it.
    pub fn about(self) -> About {
        use Target::{BodyOrAll, GroupOrAll, Joint, JointOrAll, Link, Supply};
        let about = |name, target, unit, range, description| About {
            name,
            target,
            unit,
            range,
            description,
        };
        match self {
            Self::EncoderStuck => about(
                "encoder_stuck",
                Joint,
                "",
                NONE,
                "The encoder goes on reporting the position of the moment it stuck.",
            ),
            Self::EncoderDrift => about(
                "encoder_drift",
                Joint,
                "rad/s, m/s",
                (-10.0, 10.0),
                "The encoder's error grows at this rate, from nothing.",
            ),
            Self::EncoderNoise => about(
                "encoder_noise",
                Joint,
                "rad, m",
                SHARE,
                "The encoder gets noise of this standard deviation, anew each millisecond.",
            ),
            Self::EncoderStep => about(
                "encoder_step",
                Joint,
                "rad, m",
                (-10.0, 10.0),
                "The encoder is off by this, at once: a slipped coupling.",
            ),
            Self::DriveSilent => about(
                "drive_silent",
                Joint,
                "",
                NONE,
                "The drive neither hears nor answers; its bus hands over no frame without it, and its own watchdog stops it.",
            ),
            Self::FramesLost => about(
                "frames_lost",
                GroupOrAll,
                "share",
                SHARE,
                "Each frame of the bus gets lost with this probability, in either direction.",
            ),
            Self::FrameBurst => about(
                "frame_burst",
                GroupOrAll,
                "frames",
                (1.0, 1e6),
                "This many frames from the drives get lost in a row, and the commands between them; then it is over.",
            ),
            Self::PhaseLost => about(
                "phase_lost",
                Joint,
                "",
                NONE,
                "One phase of the motor carries no current: torque goes with cos² of the electrical angle; a brushed motor has none.",
            ),
            Self::GearJammed => about(
                "gear_jammed",
                Joint,
                "",
                NONE,
                "The gear does not turn: it holds twenty times what the motor can give.",
            ),
            Self::GearRough => about(
                "gear_rough",
                Joint,
                "factor",
                (1.0, 1000.0),
                "Friction is this many times as strong, and its dry part rises to twice the excess once each motor revolution.",
            ),
            Self::AmbientHot => about(
                "ambient_hot",
                JointOrAll,
                "degC",
                (-60.0, 300.0),
                "The air around the motor has this temperature.",
            ),
            Self::SupplySag => about(
                "supply_sag",
                Supply,
                "share",
                (0.01, 1.0),
                "The supply gives this share of its voltage.",
            ),
            Self::PayloadChanged => about(
                "payload_changed",
                Link,
                "kg",
                (0.0, 1e4),
                "A mass that nobody was told of hangs at the link's origin.",
            ),
            Self::BeltSlips => about(
                "belt_slips",
                Joint,
                "share",
                SHARE,
                "The belt's surface lags behind its drive by this share of its speed; the encoder, at the drive, does not see it.",
            ),
            Self::BeltStopped => about(
                "belt_stopped",
                Joint,
                "",
                NONE,
                "The belt's surface stands while its drive turns: a torn belt.",
            ),
            Self::PartSlips => about(
                "part_slips",
                BodyOrAll,
                "share",
                SHARE,
                "The part keeps this share of its friction against all that it touches: oil, dust, wear.",
            ),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = SimError;

    fn from_str(name: &str) -> Result<Self, SimError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.about().name == name)
            .ok_or_else(|| SimError::NoFault {
                kind: name.to_owned(),
                known: Self::ALL.map(|kind| kind.about().name).join(", "),
            })
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.about().name)
    }
}

impl Fault {
    /// A fault with a possible figure. Whether there is such a target, only the machine knows.
    ///
    /// # Errors
    /// The figure is out of the kind's range; the message says which it is.
    pub fn new(kind: Kind, target: &str, value: f64) -> Result<Self, SimError> {
        let fault = Self {
            kind,
            target: target.to_owned(),
            value,
        };
        fault.check()?;
        Ok(fault)
    }

    /// Checks the figure of a fault that came from a file.
    ///
    /// # Errors
    /// As [`Fault::new`].
    pub fn check(&self) -> Result<(), SimError> {
        let About {
            name, unit, range, ..
        } = self.kind.about();
        if (range.0..=range.1).contains(&self.value) {
            return Ok(());
        }
        Err(SimError::FaultValue {
            kind: name,
            value: self.value,
            unit,
            least: range.0,
            most: range.1,
        })
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let About { name, unit, .. } = self.kind.about();
        let target = if self.target.is_empty() {
            "all"
        } else {
            &self.target
        };
        write!(f, "{name} of {target}")?;
        if unit.is_empty() {
            Ok(())
        } else {
            write!(f, ", {} {unit}", self.value)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_goes_by_one_name_everywhere() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            let about = kind.about();
            assert_eq!(kind as usize, index, "in the order of the list");
            assert_eq!(about.name.parse::<Kind>().expect("its own name"), kind);
            let yaml = format!("{{ kind: {}, target: x, value: {} }}", about.name, about.range.0);
            let fault: Fault = serde_norway::from_str(&yaml).expect("serde knows it by the same name");
            assert_eq!(fault, Fault::new(kind, "x", about.range.0).expect("in its range"));
            assert!(about.description.ends_with('.') && about.range.0 <= about.range.1);
            assert_eq!(about.unit.is_empty(), about.range == NONE, "{kind}");
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        let message = "encoder_stick".parse::<Kind>().unwrap_err().to_string();
        assert!(
            message.contains("encoder_stick") && message.contains("encoder_stuck"),
            "{message}"
        );
        for value in [-0.1, 1.1, f64::NAN] {
            let message = Fault::new(Kind::FramesLost, "arm", value)
                .unwrap_err()
                .to_string();
            assert!(
                message.contains("frames_lost") && message.contains("0 to 1"),
                "{message}"
            );
        }
    }
}
