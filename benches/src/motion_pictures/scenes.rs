//! What happens in the pictures: a new target in mid-motion; changes of speed, a pause and a step back; a stop.
//!
//! **Invariant:** each motion keeps its limits, and its path where it is on one: else there is no picture.

use super::along::{Along, Place};
use super::recording::{ARM, Arm, Shares, Tick};
use anyhow::{Context, Result, anyhow, ensure};
use serde::Serialize;
use servomesh_sim::harness::HOME;
use servomesh_sim::harness::job::ABOVE_BELT;
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode, PathGoal, Segment, Steer};
use servomesh_types::JointVec;

/// The first target and the one that replaces it.
const TARGETS: [[f64; 6]; 2] = [
    [1.6, -1.1, 1.0, -2.2, -0.9, 1.4],
    [0.4, -2.0, 2.1, -0.9, -2.0, -0.8],
];
/// When the target is replaced \[s\].
const RETARGET_S: f64 = 0.55;
/// How far the tool may be off its path: rounding and the cubics between ticks \[m\].
const ON_PATH: f64 = 1e-6;

/// A new target in mid-motion, and the same without it.
#[derive(Serialize)]
pub(super) struct Retarget {
    joints: Vec<String>,
    at_s: f64,
    done: Shares,
    left_alone: Shares,
}

pub(super) fn retarget() -> Result<Retarget> {
    let go = |target: &[f64; 6]| MoveGoal {
        target: target.to_vec(),
        ..MoveGoal::default()
    };
    let mut arm = Arm::at(&HOME)?;
    let id = arm.cell.send_move(ARM, go(&TARGETS[0]));
    let left_alone = arm.succeeds(id)?;
    let mut arm = Arm::at(&HOME)?;
    arm.cell.send_move(ARM, go(&TARGETS[0]));
    let mut done = arm.record_for(RETARGET_S)?;
    let at_s = since_start(&done);
    let id = arm.cell.send_move(ARM, go(&TARGETS[1]));
    done.extend(arm.succeeds(id)?);
    Ok(Retarget {
        at_s,
        done: Shares::within(&done, &arm.limits)?,
        left_alone: Shares::within(&left_alone, &arm.limits)?,
        joints: arm.joints,
    })
}

/// The speed changed, a pause and a step back on a path of the tool.
#[derive(Serialize)]
pub(super) struct Speed {
    joints: Vec<String>,
    /// What was asked for, and when \[s\].
    asked: Vec<(f64, String, f64)>,
    /// Rate of the path's time at each tick, 1 as planned.
    rate: Vec<Option<f64>>,
    done: Shares,
    path: Vec<(f64, f64)>,
    tool: Vec<(f64, f64)>,
    /// How far the tool is off its path at most \[m\].
    deviation: f64,
}

pub(super) fn speed() -> Result<Speed> {
    let planned = planned()?;
    let (mut arm, id) = under_way()?;
    let mut done = Vec::new();
    let mut asked = vec![(0.0, "100 %".to_owned(), 1.0)];
    for (seconds, name, rate, steer) in [
        (0.8, "30 %", 0.3, Steer::Scale(0.3)),
        (1.0, "100 %", 1.0, Steer::Scale(1.0)),
        (1.6, "pause", 0.0, Steer::Pause),
        (0.8, "0.8 s back", 0.0, Steer::StepBack(0.8)),
        (1.4, "on", 1.0, Steer::Resume),
    ] {
        done.extend(arm.record_for(seconds)?);
        asked.push((since_start(&done), name.to_owned(), rate));
        arm.cell
            .steer(Some(ARM), steer)
            .map_err(|why| anyhow!("{name}: {why}"))?;
    }
    done.extend(arm.succeeds(id)?);
    let places = Along::new(&planned).places(&done);
    let deviation = deviation(&mut arm, &places, &done)?;
    Ok(Speed {
        asked,
        rate: places.iter().map(|place| place.rate).collect(),
        done: Shares::within(&done, &arm.limits)?,
        path: from_above(&planned),
        tool: from_above(&done),
        deviation,
        joints: arm.joints,
    })
}

/// A stop on the path, and what an instant stop would ask of the joints.
#[derive(Serialize)]
pub(super) struct Stop {
    joints: Vec<String>,
    at_s: f64,
    /// How long it takes, and at most by the announcement of the last setpoint before it \[s\].
    takes_s: f64,
    announced_s: f64,
    done: Shares,
    instant: Shares,
    path: Vec<(f64, f64)>,
    tool: Vec<(f64, f64)>,
    /// Where the tool is when the stop is asked for.
    asked_at: (f64, f64),
    deviation: f64,
    /// How far the tool goes on \[m\].
    distance: f64,
}

/// When the stop is asked for, and how long the picture goes on after it \[s\].
const STOP_AT_S: f64 = 2.6;
const AFTER_S: f64 = 0.6;

pub(super) fn stop() -> Result<Stop> {
    let planned = planned()?;
    let (mut arm, id) = under_way()?;
    let mut done = arm.record_for(STOP_AT_S)?;
    let before = *done.last().context("it has moved")?;
    let at_s = since_start(&done);
    arm.cell
        .steer(Some(ARM), Steer::Stop { category: 2 })
        .map_err(|why| anyhow!("stop: {why}"))?;
    let mut instant = done.clone();
    let stopping = arm.record_for(AFTER_S)?;
    ensure!(arm.cell.outcome(id).is_some(), "the stop gives the goal up");
    // Zero velocity from one tick to the next, as if the machine could.
    let step = stopping
        .first()
        .map(|tick| tick.stamp.seconds_from(before.stamp))
        .context("setpoints go on")?;
    instant.extend(stopping.iter().enumerate().map(|(index, tick)| Tick {
        position: before.position,
        velocity: JointVec::zeros(arm.joints.len()),
        acceleration: JointVec::from_fn(arm.joints.len(), |joint| {
            if index == 0 {
                -before.velocity[joint] / step
            } else {
                0.0
            }
        }),
        tool: before.tool,
        ..*tick
    }));
    let moves = |tick: &&Tick| tick.velocity.max_abs() > STANDING;
    let last = stopping.iter().rev().find(moves).context("the stop takes time")?;
    let takes_s = last.stamp.seconds_from(before.stamp) + step;
    ensure!(
        takes_s <= before.stopping_s + step,
        "announced {} s, took {takes_s} s",
        before.stopping_s
    );
    let distance = [&[before], &stopping[..]].concat();
    let distance = distance
        .windows(2)
        .map(|pair| (pair[1].tool - pair[0].tool).norm())
        .sum();
    done.extend(stopping);
    Ok(Stop {
        at_s,
        takes_s,
        announced_s: before.stopping_s,
        distance,
        done: Shares::within(&done, &arm.limits)?,
        instant: Shares::of(&instant, &arm.limits),
        path: from_above(&planned),
        tool: from_above(&done),
        asked_at: (before.tool.x, before.tool.y),
        deviation: deviation(&mut arm, &Along::new(&planned).places(&done), &done)?,
        joints: arm.joints,
    })
}

/// The tool's path, left alone.
fn planned() -> Result<Vec<Tick>> {
    let (mut arm, id) = under_way()?;
    arm.succeeds(id)
}

/// An arm that has just been sent along the tool's path: a line, a blend, a line and half a circle.
fn under_way() -> Result<(Arm, GoalId)> {
    let mut arm = Arm::at(&ABOVE_BELT)?;
    let id = arm.cell.send_move(ARM, along(vec![line(PLACES[0], STOP)]));
    arm.succeeds(id)?;
    arm.record_for(0.1)?;
    let half_circle = Segment {
        kind: 2,
        via: PLACES[3],
        translation: PLACES[4],
        ..Segment::default()
    };
    let blended = Segment {
        blend: 0.1,
        ..line(PLACES[1], BLEND)
    };
    let id = arm
        .cell
        .send_move(ARM, along(vec![blended, line(PLACES[2], THROUGH), half_circle]));
    Ok((arm, id))
}

pub(super) fn along(segments: Vec<Segment>) -> MoveGoal {
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments,
            tool_speed: 0.34,
            tool_acceleration: 3.0,
            tool_jerk: 30.0,
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

pub(super) fn line(translation: [f64; 3], corner: u8) -> Segment {
    Segment {
        kind: 1,
        corner,
        translation,
        ..Segment::default()
    }
}

/// How far the tool is off the path at most \[m\].
fn deviation(arm: &mut Arm, places: &[Place], ticks: &[Tick]) -> Result<f64> {
    let mut largest: f64 = 0.0;
    for (place, tick) in places.iter().zip(ticks) {
        largest = largest.max((arm.tool_at(&place.position) - tick.tool).norm());
    }
    ensure!(largest <= ON_PATH, "the tool is {largest} m off its path");
    Ok(largest)
}

fn from_above(ticks: &[Tick]) -> Vec<(f64, f64)> {
    ticks.iter().map(|tick| (tick.tool.x, tick.tool.y)).collect()
}

/// When the last of the ticks is, from the first on \[s\].
fn since_start(ticks: &[Tick]) -> f64 {
    match ticks {
        [first, .., last] => last.stamp.seconds_from(first.stamp),
        _ => 0.0,
    }
}

/// The tool's path: its start, the blended corner, the start of the half circle, a place on it and its end \[m\].
const PLACES: [[f64; 3]; 5] = [
    [0.62, -0.30, 0.65],
    [0.62, 0.22, 0.65],
    [0.45, 0.22, 0.65],
    [0.23, 0.0, 0.65],
    [0.45, -0.22, 0.65],
];
// Corners, as numbered in `servomesh_msgs/msg/PathSegment`.
const STOP: u8 = 0;
const BLEND: u8 = 1;
const THROUGH: u8 = 2;
/// Velocity of a joint below which it stands \[rad/s\].
const STANDING: f64 = 1e-9;
