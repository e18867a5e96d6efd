//! What must be true of each motion to given velocities.

use crate::cases::Case;
use crate::verdict::{Scale, kept, starts_there};
use servomesh_motion::profile::Synchronization;
use servomesh_motion::{NoProfile, Profile};
use servomesh_types::JointVec;

/// Whether there is one, and what is wrong with it.
pub(crate) fn judge(
    case: &Case,
    target: &JointVec,
    planned: &Result<Profile, NoProfile>,
) -> Result<bool, String> {
    match planned {
        Ok(profile) => sound(case, target, profile).map(|()| true),
        Err(NoProfile::NotStraight { .. }) if case.synchronization == Synchronization::Straight => Ok(false),
        Err(other) => Err(format!("{other:?}")),
    }
}

fn sound(case: &Case, target: &JointVec, profile: &Profile) -> Result<(), String> {
    let duration = profile.duration();
    if !(duration.is_finite() && duration >= 0.0) {
        return Err(format!("duration {duration}"));
    }
    let end = profile.at(duration).state;
    if end.velocity != *target || end.acceleration.max_abs() > 0.0 {
        return Err(format!("ends with {end:?}"));
    }
    let start = profile.at(0.0).state;
    if duration > 0.0 && !starts_there(case, &start) {
        return Err(format!("starts with {start:?}"));
    }
    for pair in profile.corners().windows(2) {
        let (early, late) = (profile.at(pair[0]), profile.at(pair[1]));
        let before = profile.at(pair[1].next_down()).state;
        for i in 0..target.len() {
            let scale = Scale::of(case, i, profile);
            let ends = [before.position[i], before.velocity[i], before.acceleration[i]];
            let fastest = early.state.velocity[i].abs().max(ends[1].abs());
            let places = start.position[i].abs() + ends[0].abs() + fastest * duration;
            let off = [
                (ends[0] - late.state.position[i]).abs() / 1e-8_f64.max(1e-12 * places),
                (ends[1] - late.state.velocity[i]).abs() / scale.velocity,
                (ends[2] - late.state.acceleration[i]).abs() / scale.acceleration,
            ];
            if off.iter().any(|share| *share > 1.0) {
                return Err(format!(
                    "joint {i} jumps at {} of {duration}: {off:?} of the tolerances",
                    pair[1]
                ));
            }
            let pace = [
                early.state.velocity[i],
                early.state.acceleration[i],
                early.jerk[i],
            ];
            kept(case, i, pace, ends, pair[1] - pair[0])
                .map_err(|why| format!("joint {i} at {}: {why}", pair[0]))?;
        }
        if case.synchronization == Synchronization::Straight {
            straight(case, target, &late.state.velocity)?;
        }
    }
    Ok(())
}

/// Between the first velocities and the last.
fn straight(case: &Case, target: &JointVec, velocity: &JointVec) -> Result<(), String> {
    let n = target.len();
    let change = |i: usize| target[i] - case.from.velocity[i];
    let share = |i: usize| change(i).abs() / case.bounds.velocity[i];
    let lead = (0..n).max_by(|a, b| share(*a).total_cmp(&share(*b))).unwrap_or(0);
    if share(lead) < 1e-3 {
        return Ok(());
    }
    let done = (velocity[lead] - case.from.velocity[lead]) / change(lead);
    for i in 0..n {
        let off = velocity[i] - case.from.velocity[i] - done * change(i);
        let size = case.bounds.velocity[i].max(case.from.velocity[i].abs());
        if off.abs() > 1e-9 * size * done.abs().max(1.0) {
            return Err(format!("joint {i} is {off} off the line"));
        }
    }
    Ok(())
}
