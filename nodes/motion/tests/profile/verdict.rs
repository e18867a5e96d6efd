//! What must be true of each answer, seen through the public interface alone.

use crate::cases::Case;
use servomesh_motion::profile::Synchronization;
use servomesh_motion::{NoProfile, Profile, State};

/// How often what came out.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) planned: u64,
    pub(crate) retargeted: u64,
    pub(crate) from_beyond: u64,
    pub(crate) straight: u64,
    pub(crate) refused_for_range: u64,
    pub(crate) refused_for_line: u64,
    pub(crate) failed: u64,
    /// The first few, in words.
    pub(crate) failures: Vec<String>,
}

impl Verdict {
    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.planned += other.planned;
        self.retargeted += other.retargeted;
        self.from_beyond += other.from_beyond;
        self.straight += other.straight;
        self.refused_for_range += other.refused_for_range;
        self.refused_for_line += other.refused_for_line;
        self.failed += other.failed;
        self.failures.extend(other.failures);
        self
    }

    pub(crate) fn judge(&mut self, case: &Case, planned: &Result<Profile, NoProfile>) {
        let judged = match planned {
            Ok(profile) => {
                self.planned += 1;
                self.retargeted += u64::from(case.retargeted);
                self.from_beyond += u64::from((0..case.target.len()).any(|i| is_beyond(case, i)));
                self.straight += u64::from(case.synchronization == Synchronization::Straight);
                sound(case, profile)
            }
            Err(NoProfile::NotStraight { .. }) if case.synchronization == Synchronization::Straight => {
                self.refused_for_line += 1;
                Ok(())
            }
            Err(NoProfile::Beyond(excess)) => {
                self.refused_for_range += 1;
                // Along a line another joint's limits may be what keeps one from turning in time.
                if case.synchronization == Synchronization::Straight || must_leave(case, excess.joint) {
                    Ok(())
                } else {
                    Err(format!("refused although it can turn: {excess:?}"))
                }
            }
            Err(other) => Err(format!("{other:?}")),
        };
        if let Err(why) = judged {
            self.failed += 1;
            if self.failures.len() < MOST_TOLD {
                self.failures.push(format!("{why}\nin {case:?}"));
            }
        }
    }
}

/// Whether the start exceeds the limits, or can't but do so.
fn is_beyond(case: &Case, i: usize) -> bool {
    let (v, a) = (case.from.velocity[i], case.from.acceleration[i]);
    let bounds = &case.bounds;
    let released = v + a * a.abs() / (2.0 * bounds.jerk[i]);
    a.abs() > bounds.acceleration[i] * (1.0 + LIMIT)
        || v.abs().max(released.abs()) > bounds.velocity[i] * (1.0 + LIMIT)
}

/// Whether even the hardest braking leads out of the range, or the way back from it might.
fn must_leave(case: &Case, i: usize) -> bool {
    let bounds = &case.bounds;
    let (p, v0, a0) = (
        case.from.position[i],
        case.from.velocity[i],
        case.from.acceleration[i],
    );
    let (most, jerk) = (bounds.acceleration[i], bounds.jerk[i]);
    [1.0, -1.0].into_iter().any(|sign| {
        let (mut v, mut a) = (sign * v0, sign * a0);
        let room = if sign > 0.0 {
            bounds.upper[i] - p
        } else {
            p - bounds.lower[i]
        };
        let (mut way, mut farthest) = (0.0, 0.0_f64);
        // Small steps of a simple integration that knows nothing of the planner.
        let steps = 20_000;
        let fastest = v.abs() + a * a / (2.0 * jerk);
        let ramp = (most / jerk).min((2.0 * fastest / jerk).sqrt());
        let dt = (a.abs() / jerk + 2.0 * ramp + fastest / most) / f64::from(steps);
        for _ in 0..2 * steps {
            // The velocity that the way back may have is kept: its acceleration is taken back in time.
            let harder = (a - jerk * dt).max(-most);
            let released = v + 0.5 * (a + harder) * dt - harder * harder / (2.0 * jerk);
            let slower = if harder < 0.0 && released < -bounds.velocity[i] {
                (a + jerk * dt).min(0.0)
            } else {
                harder
            };
            let next = v + 0.5 * (a + slower) * dt;
            way += 0.5 * (v + next) * dt;
            farthest = farthest.max(way);
            (v, a) = (next, slower);
            if v <= 0.0 && a <= 0.0 {
                break;
            }
        }
        let back = a * a / (2.0 * jerk);
        let swing = back * (back / most + most / jerk) + 2.0 * back * a.abs() / jerk;
        farthest > room * (1.0 - 1e-3) - 1e-6 || swing > (bounds.upper[i] - bounds.lower[i]) * 0.5
    })
}

fn sound(case: &Case, profile: &Profile) -> Result<(), String> {
    let duration = profile.duration();
    if !(duration.is_finite() && duration >= 0.0) {
        return Err(format!("duration {duration}"));
    }
    let end = profile.at(duration).state;
    if end.position != case.target || !end.is_at_rest() {
        return Err(format!("ends with {end:?}"));
    }
    let start = profile.at(0.0).state;
    if duration > 0.0 && !starts_there(case, &start) {
        return Err(format!("starts with {start:?}"));
    }
    let corners = profile.corners();
    for pair in corners.windows(2) {
        let (early, late) = (profile.at(pair[0]), profile.at(pair[1]));
        let t = pair[1] - pair[0];
        let before = profile.at(pair[1].next_down());
        for i in 0..case.target.len() {
            let (p, v, a) = (
                early.state.position[i],
                early.state.velocity[i],
                early.state.acceleration[i],
            );
            let jerk = early.jerk[i];
            // Continuous: each stretch ends where the next starts.
            let ends = [
                before.state.position[i],
                before.state.velocity[i],
                before.state.acceleration[i],
            ];
            let scale = Scale::of(case, i, profile);
            let off = [
                (ends[0] - late.state.position[i]).abs() / scale.position,
                (ends[1] - late.state.velocity[i]).abs() / scale.velocity,
                (ends[2] - late.state.acceleration[i]).abs() / scale.acceleration,
            ];
            if off.iter().any(|share| *share > 1.0) {
                return Err(format!(
                    "joint {i} jumps at {} of {duration}: {off:?} of the tolerances",
                    pair[1]
                ));
            }
            kept(case, i, [v, a, jerk], ends, t).map_err(|why| format!("joint {i} at {}: {why}", pair[0]))?;
            in_range(case, i, [p, v, a, jerk], t, scale.position)
                .map_err(|why| format!("joint {i} at {}: {why}", pair[0]))?;
        }
        if case.synchronization == Synchronization::Straight {
            straight(case, &late.state.position)?;
        }
    }
    Ok(())
}

/// Exactly at its place, and with its velocity and acceleration as far as these are not rounding off a line.
pub(crate) fn starts_there(case: &Case, start: &State) -> bool {
    start.position == case.from.position
        && (0..case.target.len()).all(|i| {
            let (v, a) = (case.from.velocity[i], case.from.acceleration[i]);
            let fastest = case.bounds.velocity[i].max(v.abs());
            let hardest = case.bounds.acceleration[i].max(a.abs());
            (start.velocity[i] - v).abs() <= START * fastest
                && (start.acceleration[i] - a).abs()
                    <= START * hardest.min((fastest * case.bounds.jerk[i]).sqrt().max(a.abs()))
        })
}

/// What may be rounding.
pub(crate) struct Scale {
    position: f64,
    pub(crate) velocity: f64,
    pub(crate) acceleration: f64,
}

impl Scale {
    pub(crate) fn of(case: &Case, i: usize, profile: &Profile) -> Self {
        let bounds = &case.bounds;
        let fastest = bounds.velocity[i].max(case.from.velocity[i].abs());
        let hardest = bounds.acceleration[i].max(case.from.acceleration[i].abs());
        let swing = hardest * hardest / bounds.jerk[i];
        // The last digit of a time, for one that is hours away.
        let instant = 4.0 * f64::EPSILON * profile.duration();
        let farthest = case.from.position[i].abs().max(case.target[i].abs());
        let covered =
            (fastest + swing) * (fastest + swing) / bounds.acceleration[i] + swing * hardest / bounds.jerk[i];
        Self {
            position: 1e-8_f64.max(1e-12 * (farthest + covered) + fastest * instant),
            velocity: 1e-8_f64.max(1e-12 * (fastest + swing) + hardest * instant),
            acceleration: 1e-8_f64.max(1e-11 * hardest + bounds.jerk[i] * instant),
        }
    }
}

/// Velocity, acceleration and jerk over one stretch.
pub(crate) fn kept(
    case: &Case,
    i: usize,
    [v, a, jerk]: [f64; 3],
    end: [f64; 3],
    t: f64,
) -> Result<(), String> {
    let bounds = &case.bounds;
    let (v0, a0) = (case.from.velocity[i], case.from.acceleration[i]);
    let most_jerk = bounds.jerk[i] * (1.0 + LIMIT);
    let most_acceleration = bounds.acceleration[i].max(a0.abs()) * (1.0 + LIMIT);
    // Beyond its limit a velocity is forced as far as taking the acceleration back takes it.
    let forced = v0.abs().max((v0 + a0 * a0.abs() / (2.0 * bounds.jerk[i])).abs());
    // A line brakes with what the weakest joint has.
    let on_line = case.synchronization == Synchronization::Straight;
    let most_velocity = if on_line && (0..case.target.len()).any(|j| is_beyond(case, j)) {
        f64::INFINITY
    } else {
        bounds.velocity[i].max(forced) * (1.0 + LIMIT)
    };
    let turn = -a / jerk;
    let extreme = if turn > 0.0 && turn < t {
        v + turn * a / 2.0
    } else {
        v
    };
    for (what, value, most) in [
        ("velocity", v, most_velocity),
        ("velocity", end[1], most_velocity),
        ("velocity", extreme, most_velocity),
        ("acceleration", a, most_acceleration),
        ("acceleration", end[2], most_acceleration),
        ("jerk", jerk, most_jerk),
    ] {
        if value.abs() > most {
            return Err(format!("{what} {value} is beyond {most}"));
        }
    }
    Ok(())
}

/// Positions over one stretch.
fn in_range(case: &Case, i: usize, [p, v, a, jerk]: [f64; 4], t: f64, rounding: f64) -> Result<(), String> {
    let (lower, upper) = (case.bounds.lower[i], case.bounds.upper[i]);
    if lower == f64::NEG_INFINITY {
        return Ok(());
    }
    let range = RANGE.max(0.1 * rounding);
    let lower = lower.min(case.from.position[i]) - range;
    let upper = upper.max(case.from.position[i]) + range;
    let root = (a * a - 2.0 * jerk * v).sqrt();
    let turns = [0.0, t, (-a + root) / jerk, (-a - root) / jerk, -v / a];
    for turn in turns {
        if turn >= 0.0 && turn <= t {
            let at = p + turn * (v + turn * (a / 2.0 + turn * jerk / 6.0));
            if !(lower..=upper).contains(&at) {
                return Err(format!("position {at} is not within {lower} and {upper}"));
            }
        }
    }
    Ok(())
}

/// On the line through start and target, or, where they are one, through the start along its velocity.
fn straight(case: &Case, position: &[f64]) -> Result<(), String> {
    let n = case.target.len();
    let way: Vec<f64> = (0..n).map(|i| case.target[i] - case.from.position[i]).collect();
    let lead = (0..n)
        .max_by(|a, b| way[*a].abs().total_cmp(&way[*b].abs()))
        .unwrap_or(0);
    if way[lead].abs() < 1e-6 {
        return Ok(());
    }
    let size = |i: usize| {
        position[i]
            .abs()
            .max(case.target[i].abs())
            .max(case.from.position[i].abs())
    };
    let digits = 1e-15 * size(lead) / way[lead].abs();
    let share = (position[lead] - case.from.position[lead]) / way[lead];
    for i in 0..n {
        let off = position[i] - case.from.position[i] - share * way[i];
        let rounding = 1e-14 * size(i) + digits * way[i].abs();
        if off.abs() > (1e-8 + rounding) * share.abs().max(1.0) {
            return Err(format!("joint {i} is {off} off the line"));
        }
    }
    Ok(())
}

/// Share of a limit.
const LIMIT: f64 = 1e-9;

/// Share of the most velocity, and of the most acceleration that it leaves room for, at a start that is on a line.
const START: f64 = 2e-13;

/// Rounding of positions against their range.
const RANGE: f64 = 2e-9;

const MOST_TOLD: usize = 3;
