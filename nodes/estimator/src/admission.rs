//! Decides which groups can be followed.
//!
//! **Invariant:** a joint belongs to one group, and every figure that a driver announces of it is possible.

use crate::config::{Config, range};
use crate::estimator::MAX_GROUPS;
use crate::group::GroupTrack;
use servomesh_types::{GroupDescription, GroupName, JointDescription, MAX_JOINTS};
use std::collections::BTreeMap;

/// Why a group that is announced can't be followed.
pub(crate) fn objection(
    config: &Config,
    groups: &BTreeMap<GroupName, GroupTrack>,
    new: &GroupDescription,
) -> Option<String> {
    if new.joints.is_empty() || new.joints.len() > MAX_JOINTS {
        return Some(format!(
            "group refused: {} joints; 1 to {MAX_JOINTS} are possible",
            new.joints.len()
        ));
    }
    if !(new.rate_hz.is_finite() && new.rate_hz > 0.0) {
        return Some(format!(
            "group refused: a loop rate of {} Hz is not possible",
            new.rate_hz
        ));
    }
    if let Err(reason) = config.suits_rate(new.rate_hz) {
        let rate_hz = new.rate_hz;
        return Some(format!(
            "group refused: with a servo loop of {rate_hz} Hz, {reason}"
        ));
    }
    if let Some((joint, name, value)) = new.joints.iter().find_map(impossible_figure) {
        return Some(format!(
            "group refused: joint {joint}: {name} {value} is not possible"
        ));
    }
    let others = || groups.iter().filter(|(name, _)| **name != new.name);
    if others().count() >= MAX_GROUPS {
        return Some(format!("group refused: there are {MAX_GROUPS} groups already"));
    }
    new.joints.iter().find_map(|joint| {
        let (owner, _) =
            others().find(|(_, group)| group.description().joint_index(&joint.name).is_some())?;
        Some(format!(
            "group refused: its joint {} belongs to group {owner} already",
            joint.name
        ))
    })
}

/// The first figure of a joint's drive and encoder that can't be, with its name.
fn impossible_figure(joint: &JointDescription) -> Option<(&str, &'static str, f64)> {
    let drive = &joint.drivetrain;
    let figures = [
        ("armature", drive.armature, f64::MAX),
        ("coulomb", drive.coulomb, f64::MAX),
        ("viscous", drive.viscous, f64::MAX),
        ("efficiency", drive.efficiency, 1.0),
        ("encoder resolution", drive.encoder.resolution, f64::MAX),
        ("encoder noise", drive.encoder.noise, f64::MAX),
        // Older, and there is nothing to predict from.
        ("encoder delay_s", drive.encoder.delay_s, range::COAST_S.1),
    ];
    let wrong = figures
        .into_iter()
        .find(|(_, value, most)| !(0.0..=*most).contains(value));
    wrong.map(|(name, value, _)| (joint.name.as_str(), name, value))
}
