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

mod kind;
mod register;

pub use kind::{About, Kind, Target};
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
