//! Back into the limits, where a motion starts beyond them: a limit was lowered while it was under way.
//!
//! First the acceleration falls to its limit; then the axis brakes until taking the acceleration back lands on the
//! velocity limit: as quickly as jerk and acceleration allow, without falling below. That much is forced and the same for
//! every target; any choice comes after it. Within the limits nothing is done.
//!
//! And, off an end stop, braking as hard as the limits allow: of the acceleration no more builds up than can be taken back
//! before the velocity's limit is reached on the way back.

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

/// Brakes for `duration` as hard as it can against motion towards `sign`.
pub(super) fn hard(track: &mut Track, limits: &Limits, sign: f64, duration: f64) {
    let mut left = duration;
    for (t, jerk) in hardest(end_of(track), limits, sign).stretches() {
        track.push(t.min(left), jerk);
        left -= t;
    }
}

/// How long braking as hard as it can takes until nothing moves towards `sign` any more, in s.
pub(super) fn hard_duration(pace: Pace, limits: &Limits, sign: f64) -> f64 {
    let mut track = Track::starting(0.0, pace.v, pace.a);
    for (t, jerk) in hardest(pace, limits, sign).stretches() {
        track.push(t, jerk);
    }
    track.last_turn().unwrap_or(0.0)
}

/// The quickest way to the velocity limit on the other side: the acceleration is taken back in time to keep that.
fn hardest(pace: Pace, limits: &Limits, sign: f64) -> Transfer {
    let fastest_back = if sign > 0.0 { -limits.down } else { limits.up };
    Transfer::between(pace, fastest_back, limits.acceleration, limits.jerk)
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
    fn hard_braking_leaves_room_to_release_the_acceleration() {
        // Braking fully until the velocity is zero would lead to a²/2j = 2 on the way back.
        let limits = Limits { jerk: 1.0, ..LIMITS };
        for (v, a) in [(1.0, 0.0), (0.9, -1.9), (-1.0, 0.0), (-0.5, 1.5), (-0.2, -1.0)] {
            for sign in [1.0, -1.0] {
                let duration = hard_duration(Pace { v, a }, &limits, sign);
                let mut track = Track::starting(0.0, v, a);
                hard(&mut track, &limits, sign, duration);
                let end = end_of(&track);
                assert!(duration == 0.0 || end.v.abs() < 1e-12, "{v}, {a}: {end:?}");
                let back = sign * end.released(limits.jerk);
                assert!(back >= -limits.down * (1.0 + 1e-12), "{v}, {a}: {back}");
            }
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
            let back = v.signum() * end_of(&track).released(LIMITS.jerk);
            assert!(back >= -LIMITS.down * (1.0 + 1e-12), "{v}, {a}: {back}");
        }
    }
}
