//! The limits of a group's safety functions, as the safety file has them.
//!
//! **Invariant:** what is not given has its default; what is given is in its range, or refused by name.

use crate::functions::{Envelope, range};
use crate::setup::SetupError;
use serde::Deserialize;
use servomesh_types::JointVec;
use servomesh_types::range::within;
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    velocity: Option<f64>,
    tool_speed: Option<f64>,
    acceleration: Option<f64>,
    effort: Option<f64>,
    #[serde(default)]
    position: BTreeMap<String, [f64; 2]>,
    #[serde(default)]
    direction: BTreeMap<String, Direction>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Direction {
    Positive,
    Negative,
}

impl Limits {
    pub(super) fn needs_a_model(&self) -> bool {
        self.tool_speed.is_some() || self.effort.is_some()
    }

    /// These limits, and for what is not given those of `base`.
    pub(super) fn envelope(
        &self,
        base: Envelope,
        joints: &[String],
        field: &str,
    ) -> Result<Envelope, SetupError> {
        let given = |what: &str, value: Option<f64>, base: f64, range| match value {
            Some(value) => within(&format!("{field}.{what}"), value, range),
            None => Ok(base),
        };
        let mut envelope = Envelope {
            velocity: given("velocity", self.velocity, base.velocity, range::SHARE)?,
            tool_speed: given("tool_speed", self.tool_speed, base.tool_speed, range::TOOL_SPEED)?,
            acceleration: given("acceleration", self.acceleration, base.acceleration, range::SHARE)?,
            effort: given("effort", self.effort, base.effort, range::EFFORT)?,
            ..base
        };
        let index = |joint: &str, what: &str| {
            let index = joints.iter().position(|known| known == joint);
            index.ok_or_else(|| SetupError::Unknown {
                field: format!("{field}.{what}"),
                given: joint.to_owned(),
                known: joints.join(", "),
            })
        };
        if !self.position.is_empty() {
            envelope.lower = JointVec::from_fn(joints.len(), |_| f64::NEG_INFINITY);
            envelope.upper = JointVec::from_fn(joints.len(), |_| f64::INFINITY);
        }
        for (joint, [lower, upper]) in &self.position {
            if lower.is_nan() || upper.is_nan() || lower >= upper {
                return Err(SetupError::Inverted {
                    field: format!("{field}.position.{joint}"),
                    lower: *lower,
                    upper: *upper,
                });
            }
            let joint = index(joint, "position")?;
            (envelope.lower[joint], envelope.upper[joint]) = (*lower, *upper);
        }
        if !self.direction.is_empty() {
            envelope.direction = JointVec::zeros(joints.len());
        }
        for (joint, direction) in &self.direction {
            envelope.direction[index(joint, "direction")?] = match direction {
                Direction::Positive => 1.0,
                Direction::Negative => -1.0,
            };
        }
        Ok(envelope)
    }
}
