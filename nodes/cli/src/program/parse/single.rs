//! Steps that need nothing but themselves: runs, grips, waits, overrides; and the names of groups.

use crate::program::shape::Fields;
use crate::program::step::*;
use crate::program::wrong::Wrong;
use servomesh_types::{EventKind, GroupName};

pub(super) fn run(fields: &Fields<'_>) -> Result<(String, Goal), Wrong> {
    let group = required_group(fields)?;
    let velocity = fields.number("velocity").unwrap_or_default();
    let acceleration = fields.number("acceleration").unwrap_or(1.0);
    let order = Order::Run(Run {
        velocity,
        acceleration,
    });
    Ok((format!("{group} at {velocity} /s"), Goal { group, order }))
}

pub(super) fn grip(fields: &Fields<'_>) -> Result<(String, Goal), Wrong> {
    let group = required_group(fields)?;
    let position = fields.number("position").unwrap_or_default();
    let max_effort = fields.number("max_effort").unwrap_or_default();
    let order = Order::Grip(Grip { position, max_effort });
    Ok((
        format!("{group} to {:.0} mm", position * 1e3),
        Goal { group, order },
    ))
}

pub(super) fn wait(fields: &Fields<'_>) -> Result<(String, Action), Wrong> {
    let timeout_s = fields.number("timeout");
    let (label, until) = if let Some(seconds) = fields.number("seconds") {
        (format!("wait {seconds} s"), Until::Elapsed(seconds))
    } else if let Some(event) = fields.map("event") {
        event_of(event).map_err(|wrong| wrong.inside("event"))?
    } else if let Some(joint) = fields.map("joint") {
        joint_of(joint).map_err(|wrong| wrong.inside("joint"))?
    } else {
        return Err(Wrong::at(fields.spot, "waits for nothing"));
    };
    Ok((label, Action::Wait(Wait { until, timeout_s })))
}

fn event_of(fields: &Fields<'_>) -> Result<(String, Until), Wrong> {
    let name = fields.text("kind");
    let kind = EventKind::ALL.into_iter().find(|kind| Some(kind.name()) == name);
    let group = group(fields, "group")?;
    let text = fields.text("text").map(str::to_owned);
    let mut label = format!("wait for {}", name.unwrap_or("an event"));
    label.extend(group.iter().map(|group| format!(" of {group}")));
    label.extend(text.iter().map(|text| format!(" with \"{text}\"")));
    Ok((label, Until::Event { kind, group, text }))
}

fn joint_of(fields: &Fields<'_>) -> Result<(String, Until), Wrong> {
    let group = required_group(fields)?;
    let joint = fields.text("name").map(str::to_owned);
    let (said, position) = if let Some(limit) = fields.number("above") {
        (format!("above {limit}"), Passing::Above(limit))
    } else if let Some(limit) = fields.number("below") {
        (format!("below {limit}"), Passing::Below(limit))
    } else {
        let distance = fields.number("travels").unwrap_or_default();
        (format!("{distance} on"), Passing::Travelled(distance))
    };
    let label = format!("wait for {} {said}", joint.as_deref().unwrap_or(&group));
    Ok((
        label,
        Until::Joint {
            group,
            joint,
            position,
        },
    ))
}

pub(super) fn speed(fields: &Fields<'_>) -> Result<(String, Action), Wrong> {
    let group = group(fields, "group")?.unwrap_or_default();
    let scale = fields.number("scale").unwrap_or(1.0);
    let who = if group.is_empty() { "all" } else { &group };
    let label = format!("{who} at {} % speed", scale * 100.0);
    Ok((label, Action::Override(Override { group, scale })))
}

/// A group's name, if it is given and could be one.
pub(super) fn group(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Wrong> {
    let Some(text) = fields.text(name) else {
        return Ok(None);
    };
    match GroupName::new(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(error) => Err(Wrong::at(fields.spot_of(name), error.to_string()).inside(name)),
    }
}

fn required_group(fields: &Fields<'_>) -> Result<String, Wrong> {
    group(fields, "group")?.ok_or_else(|| Wrong::at(fields.spot, "is missing").inside("group"))
}
