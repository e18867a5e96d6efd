//! The limits of one group's safety functions (IEC 61800-5-2): SLS, SLA, SLP, SLT, SDI.
//!
//! Shares are of what the joints may do; positions in rad (m), speeds of the tool in m/s. STO, SS1, SS2, SOS and SBC are stops:
//! they are the lattice's and the gate's.
//!
//! **Invariant:** an envelope only ever narrows what a joint may do.

use crate::checks::JointRules;
use crate::setup::SetupError;
use servomesh_types::range::within;
use servomesh_types::{GroupDescription, JointVec};

/// What a group may do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// Safely limited speed (SLS): share of each joint's velocity.
    pub velocity: f64,
    /// Safely limited speed of the tool \[m/s\]; infinite for any.
    pub tool_speed: f64,
    /// Safely limited acceleration (SLA): share of each joint's acceleration.
    pub acceleration: f64,
    /// Safely limited torque (SLT): share of each joint's effort; infinite for unwatched.
    pub effort: f64,
    /// Safely limited position (SLP), lower bounds; empty for the joints' own.
    pub lower: JointVec,
    /// Upper bounds; empty for the joints' own.
    pub upper: JointVec,
    /// Safe direction (SDI): 1 forward only, −1 backward only, 0 both; empty for both.
    pub direction: JointVec,
}

impl Envelope {
    /// All that the joints may do.
    pub fn full() -> Self {
        Self {
            velocity: 1.0,
            tool_speed: f64::INFINITY,
            acceleration: 1.0,
            effort: f64::INFINITY,
            lower: JointVec::EMPTY,
            upper: JointVec::EMPTY,
            direction: JointVec::EMPTY,
        }
    }

    /// Reduced speed as ISO 10218-1 has it for manual mode; a group without a model is held to a share of its joints' speeds.
    pub fn reduced() -> Self {
        Self {
            velocity: REDUCED_VELOCITY,
            tool_speed: REDUCED_TOOL_SPEED,
            ..Self::full()
        }
    }

    /// Checks the shares, and the bounds against what the joints of a group may do at all.
    ///
    /// # Errors
    /// Names the field, under `name`.
    pub fn check(&self, group: &GroupDescription, name: &str) -> Result<(), SetupError> {
        let field = |what: &str| format!("{}.{name}.{what}", group.name);
        for (what, value, range) in [
            ("velocity", self.velocity, range::SHARE),
            ("acceleration", self.acceleration, range::SHARE),
            ("tool_speed", self.tool_speed, range::TOOL_SPEED),
            ("effort", self.effort, range::EFFORT),
        ] {
            within(&field(what), value, range)?;
        }
        for (joint, description) in group.joints.iter().enumerate() {
            let lower = self.lower.get(joint).map_or(description.limits.lower(), |lower| {
                lower.max(description.limits.lower())
            });
            let upper = self.upper.get(joint).map_or(description.limits.upper(), |upper| {
                upper.min(description.limits.upper())
            });
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return Err(SetupError::Inverted {
                    field: field(&format!("position.{}", description.name)),
                    lower,
                    upper,
                });
            }
        }
        Ok(())
    }

    /// What a joint may do within this envelope, but for its velocity: that is the speed scale's.
    pub fn narrow(&self, joint: usize, rule: &JointRules) -> JointRules {
        let own = rule.position_tolerance;
        let lower = self
            .lower
            .get(joint)
            .map_or(rule.lower, |lower| rule.lower.max(lower - own));
        let upper = self
            .upper
            .get(joint)
            .map_or(rule.upper, |upper| rule.upper.min(upper + own));
        JointRules {
            lower,
            upper,
            acceleration_checked: rule.acceleration_checked * self.acceleration,
            ..*rule
        }
    }
}

/// The ranges of an envelope's fields, lowest and highest.
pub mod range {
    /// Of shares of velocity and acceleration.
    pub const SHARE: (f64, f64) = (0.001, 1.0);
    /// Of the tool's speed, in m/s.
    pub const TOOL_SPEED: (f64, f64) = (0.001, f64::INFINITY);
    /// Of the share of effort.
    pub const EFFORT: (f64, f64) = (0.01, f64::INFINITY);
}

/// Highest speed of the tool in manual mode \[m/s\] (ISO 10218-1:2011, 5.6.2).
pub const REDUCED_TOOL_SPEED: f64 = 0.25;
/// What joints may do in manual mode where nothing else is set up: slow enough for a person to step back.
const REDUCED_VELOCITY: f64 = 0.25;
