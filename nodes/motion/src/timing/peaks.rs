//! How near a piece of a law comes to the limits, between nodes too.
//!
//! Each quantity is sampled at evenly spaced times; a parabola through three samples in a row tells the extreme between
//! them. Pieces that come near a limit are sampled more finely, so that the parabola's error is far below [`MARGIN`]; efforts,
//! which cost the most, only where they are near themselves.

use servomesh_types::MAX_JOINTS;

use crate::path_time::PathTime;
use crate::timing::law::{Piece, TimeLaw};
use crate::timing::rows::{Course, Place};

/// Largest shares of the limits; 1 is at a limit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peaks {
    /// Of velocities and speeds.
    pub(super) speed: f64,
    /// Of accelerations, and of efforts without what gravity takes.
    pub(super) acceleration: f64,
    /// Of jerks.
    pub(super) jerk: f64,
}

/// Signed shares at one moment: velocities, accelerations, jerks, efforts of the joints, then the tool's and λ's.
#[derive(Clone, Copy)]
struct Shares {
    joints: [[f64; MAX_JOINTS]; 4],
    others: [f64; 8],
}

/// How many parabolas a piece is looked at with, at first and near a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    coarse: usize,
    fine: usize,
}

impl Look {
    /// For pieces on which much may change.
    pub(super) const CLOSE: Self = Self { coarse: 2, fine: 8 };
    /// For pieces that are short beside what changes.
    pub(super) const SHORT: Self = Self { coarse: 1, fine: 4 };
    /// For a law that is not handed out as it is.
    pub(super) const GLANCE: Self = Self { coarse: 1, fine: 1 };
}

impl Peaks {
    /// Those of one piece within one segment of the path.
    pub(super) fn of(course: &mut Course<'_>, segment: usize, piece: &Piece, look: Look) -> Self {
        let (coarse, effort) = Self::sampled(course, segment, piece, look.coarse, true);
        if coarse.largest() < NEAR || look.fine <= look.coarse {
            return coarse;
        }
        let near = effort >= NEAR;
        coarse.or(Self::sampled(course, segment, piece, look.fine, near).0)
    }

    /// Those of a whole law, whose pieces lie in these segments.
    pub(super) fn of_law(course: &mut Course<'_>, law: &TimeLaw, segments: &[usize], look: Look) -> Self {
        law.pieces()
            .iter()
            .zip(segments)
            .fold(Self::default(), |whole, (piece, segment)| {
                whole.or(Self::of(course, *segment, piece, look))
            })
    }

    pub(super) fn largest(&self) -> f64 {
        self.speed.max(self.acceleration).max(self.jerk)
    }

    pub(super) fn or(self, other: Self) -> Self {
        Self {
            speed: self.speed.max(other.speed),
            acceleration: self.acceleration.max(other.acceleration),
            jerk: self.jerk.max(other.jerk),
        }
    }

    /// By how much the law must be slowed down to keep all limits.
    pub(super) fn slowdown(&self) -> f64 {
        self.speed.max(self.acceleration.sqrt()).max(self.jerk.cbrt())
    }

    /// The peaks, and that of efforts alone; without `efforts`, those are not looked at.
    fn sampled(
        course: &mut Course<'_>,
        segment: usize,
        piece: &Piece,
        parabolas: usize,
        efforts: bool,
    ) -> (Self, f64) {
        let steps = 2 * parabolas;
        let at = |course: &mut Course<'_>, step: usize| {
            let t = piece.duration * step as f64 / steps as f64;
            Shares::at(course, segment, &piece.at(t), efforts)
        };
        let (mut peaks, mut effort) = (Self::default(), 0.0_f64);
        let mut first = at(course, 0);
        for parabola in 0..parabolas {
            let middle = at(course, 2 * parabola + 1);
            let last = at(course, 2 * parabola + 2);
            let (peak, effort_peak) = Self::between(course.joints, &first, &middle, &last);
            peaks = peaks.or(peak);
            effort = effort.max(effort_peak);
            first = last;
        }
        (peaks, effort)
    }

    fn between(n: usize, first: &Shares, middle: &Shares, last: &Shares) -> (Self, f64) {
        let largest = |kind: usize| {
            (0..n).fold(0.0, |most: f64, j| {
                most.max(extreme(
                    first.joints[kind][j],
                    middle.joints[kind][j],
                    last.joints[kind][j],
                ))
            })
        };
        let other = |k: usize| extreme(first.others[k], middle.others[k], last.others[k]);
        let effort = largest(3);
        let peaks = Self {
            speed: largest(0).max(other(0)).max(other(3)).max(other(5)),
            acceleration: largest(1).max(effort).max(other(1)).max(other(4)).max(other(6)),
            jerk: largest(2).max(other(2)).max(other(7)),
        };
        (peaks, effort)
    }
}

impl Shares {
    fn at(course: &mut Course<'_>, segment: usize, moment: &PathTime, efforts: bool) -> Self {
        let PathTime {
            s,
            rate,
            acceleration,
            jerk,
        } = *moment;
        let place = Place { segment, lambda: s };
        let n = course.joints;
        let limits = course.limits;
        let [q, q1, q2, q3] = course.geometry(place).q;
        let mut joints = [[0.0; MAX_JOINTS]; 4];
        let (mut qd, mut qdd) = ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
        for j in 0..n {
            qd[j] = q1[j] * rate;
            qdd[j] = q2[j] * rate * rate + q1[j] * acceleration;
            let qddd = q3[j] * rate.powi(3) + 3.0 * q2[j] * rate * acceleration + q1[j] * jerk;
            if q1[j].abs() + q2[j].abs() + q3[j].abs() > 0.0 {
                joints[0][j] = qd[j] / limits.bounds.velocity[j];
                joints[1][j] = qdd[j] / limits.bounds.acceleration[j];
                joints[2][j] = qddd / limits.bounds.jerk[j];
            }
        }
        if efforts && limits.efforts.is_some() {
            joints[3][..n].copy_from_slice(course.effort_shares(&q[..n], &qd[..n], &qdd[..n]));
            if joints[3].iter().any(|share| share.abs() > 1.0) {
                // Slowing down takes nothing off gravity's part: what counts is the share of the rest.
                let zeros = [0.0; MAX_JOINTS];
                let hold = course.effort_shares(&q[..n], &zeros[..n], &zeros[..n]);
                for (share, hold) in joints[3].iter_mut().zip(hold) {
                    if share.abs() > 1.0 {
                        *share = (*share - hold) / (1.0 - hold * share.signum());
                    }
                }
            }
        }
        let mut others = [0.0; 8];
        if let Some(tool) = &limits.tool {
            let sample = course.tool(tool, place);
            let [x1, x2, x3] = sample.linear;
            let [w1, w2] = sample.angular;
            others[0] = x1.norm() * rate / tool.speed;
            others[1] = (x2 * rate * rate + x1 * acceleration).norm() / tool.acceleration;
            others[2] = (x3 * rate.powi(3) + x2 * 3.0 * rate * acceleration + x1 * jerk).norm() / tool.jerk;
            others[3] = w1.norm() * rate / tool.angular_speed;
            others[4] = (w2 * rate * rate + w1 * acceleration).norm() / tool.angular_acceleration;
        }
        if limits.along.is_some() {
            let along = course.along(place);
            others[5..].copy_from_slice(&[
                rate / along.rate,
                acceleration / along.acceleration,
                jerk / along.jerk,
            ]);
        }
        Self { joints, others }
    }
}

/// The law, slowed down until it keeps the limits between nodes too, if it does not yet.
pub(super) fn kept(course: &mut Course<'_>, law: &TimeLaw, segments: &[usize], look: Look) -> TimeLaw {
    let slowdown = Peaks::of_law(course, law, segments, look).slowdown();
    if slowdown > 1.0 - MARGIN {
        law.slowed((slowdown * (1.0 + MARGIN)).max(1.0))
    } else {
        law.clone()
    }
}

/// The largest magnitude on the parabola through three values, evenly spaced.
fn extreme(first: f64, middle: f64, last: f64) -> f64 {
    let ends = first.abs().max(middle.abs()).max(last.abs());
    let (slope, bend) = (0.5 * (last - first), first - 2.0 * middle + last);
    if slope.abs() < bend.abs() {
        ends.max((middle - 0.5 * slope * slope / bend).abs())
    } else {
        ends
    }
}

/// A piece that comes nearer to a limit is looked at again, more finely.
const NEAR: f64 = 0.95;

/// What a law is slowed down by beyond its peaks, for what lies between samples.
pub(super) const MARGIN: f64 = 2e-6;
