//! What the machine really does: each group, and the tool.

use super::fault::{fault_from_msg, fault_to_msg};
use super::{WireError, joints, stamp_from_msg, stamp_to_msg};
use r2r::geometry_msgs::msg as geometry;
use r2r::servomesh_msgs::msg;
use servomesh_types::{GroupMotion, GroupName, JointSet, MotionDeviation, ToolMotion};

/// One group's part of `motion_state`.
pub fn motion_to_msg(group: GroupName, motion: &GroupMotion) -> msg::GroupMotion {
    msg::GroupMotion {
        group: group.to_string(),
        stamp: stamp_to_msg(motion.stamp),
        holds_at: stamp_to_msg(motion.holds_at),
        position: motion.position.to_vec(),
        velocity: motion.velocity.to_vec(),
        acceleration: motion.acceleration.to_vec(),
        effort: motion.effort.to_vec(),
        position_deviation: motion.deviation.position.to_vec(),
        velocity_deviation: motion.deviation.velocity.to_vec(),
        acceleration_deviation: motion.deviation.acceleration.to_vec(),
        disturbance: motion.disturbance.to_vec(),
        disturbance_deviation: motion.deviation.disturbance.to_vec(),
        external: motion.external.to_vec(),
        external_threshold: motion.external_threshold.to_vec(),
        contact: motion.contact.bits(),
        collision: motion.collision.bits(),
        collision_effort: motion.collision_effort.to_vec(),
        doubtful: motion.doubtful.bits(),
        fault: fault_to_msg(motion.fault, None),
    }
}

/// One group's part of `motion_state`.
///
/// # Errors
/// The message can't be a group's motion; says why.
pub fn motion_from_msg(msg: &msg::GroupMotion) -> Result<(GroupName, GroupMotion), WireError> {
    let motion = GroupMotion {
        stamp: stamp_from_msg(&msg.stamp),
        holds_at: stamp_from_msg(&msg.holds_at),
        position: joints(&msg.position)?,
        velocity: joints(&msg.velocity)?,
        acceleration: joints(&msg.acceleration)?,
        effort: joints(&msg.effort)?,
        deviation: MotionDeviation {
            position: joints(&msg.position_deviation)?,
            velocity: joints(&msg.velocity_deviation)?,
            acceleration: joints(&msg.acceleration_deviation)?,
            disturbance: joints(&msg.disturbance_deviation)?,
        },
        disturbance: joints(&msg.disturbance)?,
        external: joints(&msg.external)?,
        external_threshold: joints(&msg.external_threshold)?,
        contact: JointSet::from_bits(msg.contact),
        collision: JointSet::from_bits(msg.collision),
        collision_effort: joints(&msg.collision_effort)?,
        doubtful: JointSet::from_bits(msg.doubtful),
        fault: fault_from_msg(&msg.fault)?,
    };
    Ok((GroupName::new(&msg.group)?, motion))
}

/// A tool's motion, in the axes of the link `base`.
pub fn tool_to_msg(base: &str, link: &str, tool: &ToolMotion) -> msg::ToolMotion {
    let mut message = msg::ToolMotion::default();
    message.header.stamp = stamp_to_msg(tool.stamp);
    base.clone_into(&mut message.header.frame_id);
    link.clone_into(&mut message.link);
    let [x, y, z] = tool.translation;
    message.pose.pose.position = geometry::Point { x, y, z };
    let [x, y, z, w] = tool.rotation;
    message.pose.pose.orientation = geometry::Quaternion { x, y, z, w };
    message.pose.covariance = tool.pose_covariance.concat();
    let [linear, angular] = halves(&tool.twist);
    message.twist.twist = geometry::Twist { linear, angular };
    message.twist.covariance = tool.twist_covariance.concat();
    let external = tool.external.unwrap_or_default();
    message.external_known = tool.external.is_some();
    let [force, torque] = halves(&external.wrench);
    message.external = geometry::Wrench { force, torque };
    message.external_threshold = external.threshold.to_vec();
    message.contact = tool.contact.to_vec();
    message.collision = tool.collision.to_vec();
    message
}

fn halves(values: &[f64; 6]) -> [geometry::Vector3; 2] {
    let [a, b, c, d, e, f] = *values;
    [
        geometry::Vector3 { x: a, y: b, z: c },
        geometry::Vector3 { x: d, y: e, z: f },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::fault::Exceeded;
    use servomesh_types::{ExternalWrench, Fault, JointVec, Stamp};

    #[test]
    fn all_that_is_known_of_a_group_survives_the_wire() {
        let vec = |from: f64| JointVec::from([from, from + 0.5]);
        let motion = GroupMotion {
            stamp: Stamp::from_millis(1500),
            holds_at: Stamp::from_millis(1502),
            position: vec(1.0),
            velocity: vec(2.0),
            acceleration: vec(3.0),
            effort: vec(4.0),
            deviation: MotionDeviation {
                position: vec(5.0),
                velocity: vec(6.0),
                acceleration: vec(7.0),
                disturbance: vec(8.0),
            },
            disturbance: vec(9.0),
            external: vec(10.0),
            external_threshold: vec(11.0),
            contact: JointSet::from_bits(1),
            collision: JointSet::from_bits(2),
            collision_effort: vec(12.0),
            doubtful: JointSet::from_bits(3),
            fault: Some(Fault::EncoderDrift(Exceeded {
                joint: 1,
                value: 0.2,
                limit: 0.1,
            })),
        };
        let name = GroupName::new("arm").expect("a name");
        assert_eq!(motion_from_msg(&motion_to_msg(name, &motion)), Ok((name, motion)));
        assert_eq!(
            motion_from_msg(&motion_to_msg(name, &GroupMotion::default())),
            Ok((name, GroupMotion::default()))
        );
    }

    #[test]
    fn a_tool_is_said_in_standard_messages() {
        let mut tool = ToolMotion {
            translation: [1.0, 2.0, 3.0],
            rotation: [0.0, 0.0, 0.6, 0.8],
            twist: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
            ..ToolMotion::default()
        };
        tool.pose_covariance[0][5] = 7.0;
        assert!(!tool_to_msg("world", "tool0", &tool).external_known);
        tool.external = Some(ExternalWrench {
            wrench: [1.0, 0.0, 0.0, 0.0, 0.0, 6.0],
            threshold: [5.0; 6],
        });
        let message = tool_to_msg("world", "tool0", &tool);
        assert_eq!(
            (
                message.pose.pose.orientation.w,
                message.pose.covariance[5],
                message.pose.covariance.len()
            ),
            (0.8, 7.0, 36)
        );
        assert_eq!(
            (message.twist.twist.angular.z, message.external.torque.z),
            (0.6, 6.0)
        );
        assert!(message.external_known);
    }
}
