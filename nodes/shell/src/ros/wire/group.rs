//! What a driver announces of its group.

use super::{Wire, WireError};
use r2r::servomesh_msgs::msg;
use servomesh_types::{
    Capabilities, Drivetrain, Encoder, GroupDescription, GroupName, JointDescription, JointKind, JointLimits,
    MAX_JOINTS,
};

impl Wire for GroupDescription {
    type Msg = msg::GroupDescription;

    fn to_msg(&self) -> msg::GroupDescription {
        msg::GroupDescription {
            name: self.name.to_string(),
            joints: self.joints.iter().map(joint_to_msg).collect(),
            rate_hz: self.rate_hz,
            gripper: self.capabilities.gripper,
            endless: self.capabilities.endless,
            backend: self.backend.clone(),
        }
    }

    fn from_msg(msg: &msg::GroupDescription) -> Result<Self, WireError> {
        let count = msg.joints.len();
        if count == 0 || count > MAX_JOINTS {
            return Err(WireError::Description(format!(
                "a group has 1 to {MAX_JOINTS} joints, this one {count}"
            )));
        }
        if !(msg.rate_hz.is_finite() && msg.rate_hz > 0.0) {
            return Err(WireError::Description(format!(
                "a servo loop's rate must be positive, this one is {} Hz",
                msg.rate_hz
            )));
        }
        Ok(Self {
            name: GroupName::new(&msg.name)?,
            joints: msg.joints.iter().map(joint_from_msg).collect::<Result<_, _>>()?,
            rate_hz: msg.rate_hz,
            capabilities: Capabilities {
                gripper: msg.gripper,
                endless: msg.endless,
            },
            backend: msg.backend.clone(),
        })
    }
}

fn joint_to_msg(joint: &JointDescription) -> msg::JointDescription {
    msg::JointDescription {
        name: joint.name.clone(),
        kind: match joint.kind {
            JointKind::Revolute => 0,
            JointKind::Prismatic => 1,
        },
        lower: joint.limits.lower(),
        upper: joint.limits.upper(),
        velocity: joint.limits.velocity(),
        acceleration: joint.limits.acceleration(),
        jerk: joint.limits.jerk(),
        effort: joint.limits.effort(),
        armature: joint.drivetrain.armature,
        coulomb: joint.drivetrain.coulomb,
        viscous: joint.drivetrain.viscous,
        efficiency: joint.drivetrain.efficiency,
        encoder_resolution: joint.drivetrain.encoder.resolution,
        encoder_noise: joint.drivetrain.encoder.noise,
        encoder_delay_s: joint.drivetrain.encoder.delay_s,
    }
}

fn joint_from_msg(msg: &msg::JointDescription) -> Result<JointDescription, WireError> {
    let kind = match msg.kind {
        0 => JointKind::Revolute,
        1 => JointKind::Prismatic,
        other => {
            return Err(WireError::Enum {
                what: "joint kind",
                value: other.into(),
            });
        }
    };
    let limits = JointLimits::new(
        (msg.lower, msg.upper),
        msg.velocity,
        msg.acceleration,
        msg.jerk,
        msg.effort,
    )
    .map_err(|source| WireError::Limits {
        joint: msg.name.clone(),
        source,
    })?;
    Ok(JointDescription {
        name: msg.name.clone(),
        kind,
        limits,
        drivetrain: Drivetrain {
            armature: msg.armature,
            coulomb: msg.coulomb,
            viscous: msg.viscous,
            efficiency: msg.efficiency,
            encoder: Encoder {
                resolution: msg.encoder_resolution,
                noise: msg.encoder_noise,
                delay_s: msg.encoder_delay_s,
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_that_promises_too_much_is_refused_by_name() {
        let joint = msg::JointDescription {
            name: "elbow".into(),
            lower: 1.0,
            upper: -1.0,
            ..Default::default()
        };
        let group = msg::GroupDescription {
            name: "arm".into(),
            joints: vec![joint],
            rate_hz: 500.0,
            ..Default::default()
        };
        let error = GroupDescription::from_msg(&group).unwrap_err().to_string();
        assert!(
            error.contains("elbow") && error.contains("lower limit 1"),
            "{error}"
        );
    }
}
