//! The limits file: how fast joints may change their speed, which URDF has no place for.
//!
//! ```yaml
//! joints:
//!   elbow_joint: { acceleration: 6.0, jerk: 60.0 } # rad/s², rad/s³; of sliding joints m/s², m/s³
//! ```
//!
//! Only text comes in here; whoever calls reads the file. Positions, velocities and efforts stay in the description.
//!
//! **Invariant:** a file is taken as a whole or not at all.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::RobotError;
use crate::model::Model;

/// What a limits file says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsFile {
    joints: BTreeMap<String, RateLimits>,
}

/// How fast a joint may change its speed: acceleration (rad/s², m/s²) and jerk (rad/s³, m/s³).
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Highest acceleration.
    pub acceleration: f64,
    /// Highest jerk.
    pub jerk: f64,
}

impl LimitsFile {
    /// Reads the text of a limits file.
    ///
    /// # Errors
    /// If it is no YAML, or a figure is missing or misspelt; the message has the line.
    pub fn parse(text: &str) -> Result<Self, RobotError> {
        serde_norway::from_str(text).map_err(RobotError::LimitsFile)
    }

    /// What it says of a joint.
    pub fn joint(&self, name: &str) -> Option<RateLimits> {
        self.joints.get(name).copied()
    }
}

impl Model {
    /// Takes accelerations and jerks from a limits file; joints that it does not name keep what they have.
    ///
    /// # Errors
    /// If the file names a joint that this model does not move, or has a value that is negative or not a number. The model is then as it was.
    pub fn apply_limits(&mut self, file: &LimitsFile) -> Result<(), RobotError> {
        let mut limited = self.clone();
        for (name, rates) in &file.joints {
            let joint = limited.joint_index(name)?;
            let mut limits = limited.joints()[joint].limits;
            (limits.acceleration, limits.jerk) = (rates.acceleration, rates.jerk);
            limited.set_limits(joint, limits)?;
        }
        *self = limited;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const URDF: &str = r#"<robot name="r"><link name="a"/><link name="b"/><link name="c"/>
        <joint name="j" type="continuous"><parent link="a"/><child link="b"/><limit velocity="3" effort="5"/></joint>
        <joint name="k" type="continuous"><parent link="b"/><child link="c"/><limit velocity="3" effort="5"/></joint></robot>"#;

    fn apply(text: &str) -> Result<Model, RobotError> {
        let mut model = Model::from_urdf_str(URDF).unwrap();
        model.apply_limits(&LimitsFile::parse(text)?).map(|()| model)
    }

    #[test]
    fn a_file_adds_what_the_description_lacks() {
        let model = apply("joints: { k: { acceleration: 4, jerk: 50.5 } }").unwrap();
        let limits = model.joints()[1].limits;
        assert_eq!(
            (limits.acceleration, limits.jerk, limits.velocity),
            (4.0, 50.5, 3.0)
        );
        assert!(model.joints()[0].limits.jerk.is_infinite());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            (
                "joints: { k: { jerk: 3 } }",
                "limits file: joints.k: missing field `acceleration`",
            ),
            (
                "joints: { k: { acceleration: 3, jerk: 3, snap: 3 } }",
                "unknown field `snap`",
            ),
            ("joint: {}", "unknown field `joint`"),
            (
                "joints: { l: { acceleration: 3, jerk: 3 } }",
                "no movable joint is called l; there are: j, k",
            ),
            (
                "joints: { k: { acceleration: -3, jerk: 3 } }",
                "acceleration limit of k is -3",
            ),
            (
                "joints: { k: { acceleration: 3, jerk: .nan } }",
                "jerk limit of k is NaN",
            ),
        ] {
            let message = apply(text).unwrap_err().to_string();
            assert!(message.contains(words), "{message:?} lacks {words:?}");
        }
    }

    #[test]
    fn a_file_is_taken_as_a_whole_or_not_at_all() {
        let mut model = Model::from_urdf_str(URDF).unwrap();
        let text = "joints: { j: { acceleration: 3, jerk: 3 }, k: { acceleration: 3, jerk: -1 } }";
        model.apply_limits(&LimitsFile::parse(text).unwrap()).unwrap_err();
        assert!(model.joints()[0].limits.jerk.is_infinite());
    }
}
