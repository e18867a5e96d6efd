//! Poses, places and orientations as they are written.
//!
//! Positions in m (rad of joints), angles in rad, orientations as x, y, z, w of length 1.

use crate::program::language::{MAX_JOINTS, MAX_NAME, PLACE, POSITION};
use crate::program::shape::{Fields, number};
use crate::program::step::{Pose, ToolPose};
use crate::program::wrong::Wrong;
use crate::program::yaml::{Content, Key, Node};
use std::collections::BTreeMap;

/// A place as it is written.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pose: ToolPose,
    pub(super) frame: Option<String>,
}

/// A table of named values.
pub(super) fn table<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Result<BTreeMap<String, T>, Wrong> {
    let entry = |(key, node): &(Key, Node)| {
        if key.text.is_empty() || key.text.len() > MAX_NAME {
            let reason = format!(
                "a name has 1 to {MAX_NAME} bytes, but this one has {}",
                key.text.len()
            );
            return Err(Wrong::at(key.spot, reason));
        }
        let value = read(node).map_err(|wrong| wrong.inside(&key.text))?;
        Ok((key.text.clone(), value))
    };
    let entries = fields.table(name).iter().map(entry).collect::<Result<_, _>>();
    entries.map_err(|wrong| wrong.inside(name))
}

/// Positions by joint.
pub(super) fn pose(node: &Node) -> Result<Pose, Wrong> {
    let Content::Map(entries) = &node.content else {
        let reason = format!("must be positions by joint, but is {}", node.said());
        return Err(Wrong::at(node.spot, reason));
    };
    if entries.is_empty() || entries.len() > MAX_JOINTS {
        let reason = format!("has {} joints, but a group has 1 to {MAX_JOINTS}", entries.len());
        return Err(Wrong::at(node.spot, reason));
    }
    let entry = |(key, node): &(Key, Node)| {
        if key.text.is_empty() || key.text.len() > MAX_NAME {
            let reason = format!(
                "a joint's name has 1 to {MAX_NAME} bytes, but this one has {}",
                key.text.len()
            );
            return Err(Wrong::at(key.spot, reason));
        }
        let position = number(node, POSITION).map_err(|wrong| wrong.inside(&key.text))?;
        Ok((key.text.clone(), position))
    };
    entries.iter().map(entry).collect()
}

pub(super) fn place(node: &Node) -> Result<Place, Wrong> {
    let fields = Fields::read(node, &PLACE)?;
    let position = fields.numbers("xyz").unwrap_or_default();
    let orientation = orientation(&fields)?;
    Ok(Place {
        pose: ToolPose {
            position,
            orientation,
        },
        frame: fields.text("frame").map(str::to_owned),
    })
}

/// An orientation as x, y, z, w, of length 1.
pub(super) fn orientation(fields: &Fields<'_>) -> Result<Option<[f64; 4]>, Wrong> {
    if let Some(given) = fields.numbers::<4>("quaternion") {
        let length = given.iter().map(|x| x * x).sum::<f64>().sqrt();
        if (length - 1.0).abs() > QUATERNION_TOLERANCE {
            let reason = format!("has length {length:.4}, but must have length 1");
            return Err(Wrong::at(fields.spot_of("quaternion"), reason).inside("quaternion"));
        }
        return Ok(Some(given.map(|x| x / length)));
    }
    Ok(fields.numbers::<3>("rpy").map(quaternion))
}

/// Roll, pitch and yaw about fixed axes, as in URDF: q = q_z(yaw)·q_y(pitch)·q_x(roll).
fn quaternion([roll, pitch, yaw]: [f64; 3]) -> [f64; 4] {
    let (sr, cr) = (roll / 2.0).sin_cos();
    let (sp, cp) = (pitch / 2.0).sin_cos();
    let (sy, cy) = (yaw / 2.0).sin_cos();
    [
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ]
}

pub(super) fn unit(axis: [f64; 3]) -> Option<[f64; 3]> {
    let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length > SHORTEST_AXIS).then(|| axis.map(|x| x / length))
}

pub(super) fn unknown<'a>(
    node: &Node,
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a String>,
) -> Wrong {
    let known: Vec<_> = known.map(String::as_str).collect();
    let known = match known.as_slice() {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    Wrong::at(
        node.spot,
        format!("there is no {what} {name}; there are: {known}"),
    )
}

/// How far a quaternion's length may be from 1: numbers with four digits are near enough.
const QUATERNION_TOLERANCE: f64 = 1e-3;
/// An axis shorter than this is taken for none.
const SHORTEST_AXIS: f64 = 1e-3;
