//! One axis from any pace to a velocity, wherever that leads: as soon as it can, or evenly over a given time.
//!
//! **Invariant:** the acceleration stays between its start, zero and one plateau.

use super::axis::Limits;
use super::root;
use super::track::{Piece, Track};
use super::transfer::{Pace, Transfer};

/// Back to the acceleration's limit first, where the start is beyond it; then what is left to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    start: Track,
    from: Pace,
    to: f64,
    acceleration: f64,
    jerk: f64,
    quickest: Transfer,
}

impl Run {
    /// From a state to velocity `to`.
    pub(super) fn new(p: f64, pace: Pace, to: f64, limits: &Limits) -> Self {
        let Limits {
            acceleration, jerk, ..
        } = *limits;
        let mut start = Track::starting(p, pace.v, pace.a);
        if pace.a.abs() > acceleration {
            start.push((pace.a.abs() - acceleration) / jerk, -jerk.copysign(pace.a));
            let end = start.end();
            start.end_at(end.p, end.v, acceleration.copysign(pace.a));
        }
        let from = Pace {
            v: start.end().v,
            a: start.end().a,
        };
        let quickest = Transfer::between(from, to, acceleration, jerk);
        Self {
            start,
            from,
            to,
            acceleration,
            jerk,
            quickest,
        }
    }

    /// Of the quickest, in s.
    pub(super) fn duration(&self) -> f64 {
        self.start.end().start_s + self.quickest.duration()
    }

    /// The quickest, or one that lasts as long.
    pub(super) fn write(&self, lasting: Option<f64>, track: &mut Track) {
        *track = self.start;
        let left = lasting.map(|duration| duration - track.end().start_s);
        let (plateau, [first, hold, last]) = left
            .and_then(|left| self.even(left))
            .unwrap_or((self.quickest.peak, self.quickest.stretches()));
        track.push(first.0, first.1);
        // Stated exactly: a last digit of a high acceleration at the start is much of a plateau that takes hours.
        let Piece { p, v, .. } = *track.end();
        track.end_at(p, v, plateau);
        track.push(hold.0, hold.1);
        track.push(last.0, last.1);
        track.end_at(track.end().p, self.to, 0.0);
    }

    /// With a plateau as low as the time allows, first in the answer; none if the quickest takes as long.
    fn even(&self, duration: f64) -> Option<(f64, [(f64, f64); 3])> {
        if duration <= self.quickest.duration() * (1.0 + 1e-12) {
            return None;
        }
        let a0 = self.from.a;
        let stretches = |plateau: f64| {
            let first = (plateau - a0).abs() / self.jerk;
            let last = plateau.abs() / self.jerk;
            [
                (first, self.jerk.copysign(plateau - a0)),
                (duration - first - last, 0.0),
                (last, -self.jerk.copysign(plateau)),
            ]
        };
        let change = |plateau: f64| {
            let [(first, _), (hold, _), (last, _)] = stretches(plateau);
            0.5 * (a0 + plateau) * first + plateau * hold + 0.5 * plateau * last - (self.to - self.from.v)
        };
        // With no time to hold, |P − a₀| + |P| = j·T.
        let room = self.jerk * duration;
        let highest = (0.5 * (room + a0)).min(self.acceleration);
        let lowest = (0.5 * (a0 - room)).max(-self.acceleration);
        let (least, most) = (change(lowest), change(highest));
        if least > 0.0 || most < 0.0 {
            return None;
        }
        let plateau = root::between(change, (lowest, least), (highest, most));
        Some((plateau, stretches(plateau)))
    }
}

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
    fn it_takes_as_long_as_asked() {
        for k in 0..2_000_i32 {
            let pick = |step: i32| f64::from(k * step % 2003 - 1001) / 1001.0;
            let from = Pace {
                v: pick(7),
                a: 3.0 * pick(13),
            };
            let run = Run::new(5.0, from, pick(31), &LIMITS);
            for longer in [1.0, 1.001, 1.5, 4.0] {
                let duration = run.duration() * longer;
                let mut track = Track::starting(5.0, from.v, from.a);
                let mut planned = Track::starting(0.0, 0.0, 0.0);
                run.write(Some(duration), &mut planned);
                for piece in planned.pieces() {
                    assert!(piece.a.abs() <= LIMITS.acceleration.max(from.a.abs()) + 1e-12);
                    track.push(piece.duration, piece.jerk);
                }
                let end = track.end();
                assert!(
                    (end.v - pick(31)).abs() < 1e-9 && end.a.abs() < 1e-9,
                    "{from:?} {longer} {end:?}"
                );
                assert!((end.start_s - duration).abs() < 1e-9, "{from:?} {longer} {end:?}");
            }
        }
    }
}
