//! Back into the limits, where a motion starts beyond them: a limit was lowered while it was under way.
//!
//! First the acceleration falls to its limit; then the axis brakes until taking the acceleration back lands on the
//! velocity limit: as quickly as jerk and acceleration allow, without falling below. That much is forced and the same for
//! every target; any choice comes after it. Within the limits nothing is done.

use super::axis::Limits;
use super::track::Track;
use super::transfer::{Pace, Transfer};

/// Whether there is nothing to brake.
pub(super) fn is_within(pace: Pace, limits: &Limits) -> bool {
    let released = pace.released(limits.jerk);
    pace.a.abs() <= limits.acceleration
        && released <= limits.up * (1.0 + SLACK)
        && released >= -limits.down * (1.0 + SLACK)
}

/// Appends the braking to a track that ends beyond the limits; the track's end then keeps them from there on.
pub(super) fn into_limits(track: &mut Track, limits: &Limits) {
    let Limits {
        up,
        down,
        acceleration,
        jerk,
    } = *limits;
    let pace = end_of(track);
    if pace.a.abs() > acceleration {
        track.push((pace.a.abs() - acceleration) / jerk, -jerk.copysign(pace.a));
        let end = track.end();
        track.end_at(end.p, end.v, acceleration.copysign(pace.a));
    }
    let pace = end_of(track);
    let released = pace.released(jerk);
    let limit = if released > up * (1.0 + SLACK) {
        up
    } else if released < -down * (1.0 + SLACK) {
        -down
    } else {
        return;
    };
    let transfer = Transfer::between(pace, limit, acceleration, jerk);
    track.push(transfer.t[0], transfer.jerk);
    track.push(transfer.t[1], 0.0);
    let peak = transfer.peak;
    // Stated exactly: what is left to the limit is what taking the acceleration back takes.
    track.end_at(track.end().p, limit - peak * peak.abs() / (2.0 * jerk), peak);
}

/// Brakes as hard as it can for `duration`, against motion towards `sign`: a ramp, and the plateau it leads to.
pub(super) fn hard(track: &mut Track, limits: &Limits, sign: f64, duration: f64) {
    let ramp = ((limits.acceleration + sign * end_of(track).a) / limits.jerk).max(0.0);
    track.push(ramp.min(duration), -sign * limits.jerk);
    track.push(duration - ramp, 0.0);
}

/// How long braking as hard as it can takes until nothing moves towards `sign` any more, in s.
pub(super) fn hard_duration(pace: Pace, limits: &Limits, sign: f64) -> f64 {
    let (v, a) = (sign * pace.v, -sign * pace.a);
    // v = a·t + j·t²/2 on the ramp to the limit, then v falls evenly.
    let ramp = ((limits.acceleration - a) / limits.jerk).max(0.0);
    let on_ramp = ramp * (a + 0.5 * limits.jerk * ramp);
    if on_ramp < v {
        return ramp + (v - on_ramp) / limits.acceleration;
    }
    let root = (a * a + 2.0 * limits.jerk * v).sqrt();
    if root.is_nan() {
        0.0
    } else if a > 0.0 {
        // Written so that digits are not lost where the axis brakes already.
        (2.0 * v / (a + root)).max(0.0)
    } else {
        (root - a) / limits.jerk
    }
}

/// The pace a track ends with.
pub(super) fn end_of(track: &Track) -> Pace {
    let end = track.end();
    Pace { v: end.v, a: end.a }
}

/// Beyond a velocity limit by this share is rounding.
const SLACK: f64 = 1e-10;

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        up: 1.0,
        down: 1.0,
        acceleration: 2.0,
        jerk: 10.0,
    };

    #[test]
    fn within_the_limits_nothing_is_done() {
        let mut track = Track::starting(0.0, 1.0, 0.0);
        into_limits(&mut track, &LIMITS);
        assert!(track.pieces().is_empty());
    }

    #[test]
    fn a_velocity_beyond_its_limit_falls_to_it_without_falling_below() {
        for (v, a) in [
            (3.0, 0.0),
            (1.01, 0.0),
            (0.9, 1.9),
            (3.0, 4.0),
            (2.0, -4.0),
            (-3.0, 1.0),
        ] {
            let mut track = Track::starting(0.0, v, a);
            into_limits(&mut track, &LIMITS);
            let pace = end_of(&track);
            let released = pace.released(LIMITS.jerk);
            assert!((released.abs() - 1.0).abs() < 1e-12, "{v}, {a}: {released}");
            assert!(pace.a.abs() <= LIMITS.acceleration);
            track.extreme_velocities(|_, speed| assert!(speed * v.signum() > 0.89));
        }
    }

    #[test]
    fn hard_braking_ends_at_velocity_zero() {
        for (v, a) in [
            (1.0, 0.0),
            (1.0, 2.0),
            (0.01, 0.0),
            (-0.5, 1.0),
            (0.5, -1.0),
            (0.01, 1.0),
        ] {
            let mut track = Track::starting(0.0, v, a);
            let duration = hard_duration(Pace { v, a }, &LIMITS, v.signum());
            hard(&mut track, &LIMITS, v.signum(), duration);
            assert!(
                track.end().v.abs() < 1e-12 && (track.end().start_s - duration).abs() < 1e-12,
                "{v}, {a}"
            );
        }
    }
}
