//! How near a piece of a law comes to the limits, between nodes too.
//!
//! Each quantity is sampled at three evenly spaced times, and at five where it comes near a limit: a polynomial through them tells
//! the extreme between them. What it leaves out is about the fifth difference of the samples, which is below the fourth one: where
//! that is not small, the piece is halved.

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

/// How closely a law is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closely {
    /// To see where limits are exceeded.
    About,
    /// To be sure of the largest share of each.
    Surely,
}

/// Signed shares at one moment: velocities, accelerations, jerks, efforts of the joints, then the tool's and λ's.
#[derive(Clone)]
struct Shares {
    values: [f64; OTHERS + 8],
}

/// Where those of no joint begin.
const OTHERS: usize = 4 * MAX_JOINTS;

impl Peaks {
    /// Those of what can't be done.
    pub(super) const INFINITE: Self = Self {
        speed: f64::INFINITY,
        acceleration: f64::INFINITY,
        jerk: f64::INFINITY,
    };

    /// Those of one piece within one segment of the path.
    pub(super) fn of(course: &mut Course<'_>, segment: usize, piece: &Piece, efforts: bool) -> Self {
        let look = Look {
            segment,
            piece,
            efforts,
        };
        let samples = look.three(course);
        let [start, middle, end] = &samples;
        match look.peaks(course, |k| {
            far_below([start, middle, end].map(|sample| sample.values[k]))
        }) {
            Some(peaks) => peaks,
            None => look.between(course, [0.0, piece.duration], [start, middle, end], DEPTH),
        }
    }

    /// About those of one piece.
    fn about(course: &mut Course<'_>, segment: usize, piece: &Piece, efforts: bool) -> Self {
        let look = Look {
            segment,
            piece,
            efforts,
        };
        let samples = look.three(course);
        let peaks = look.peaks(course, |k| {
            Some(parabola(samples.each_ref().map(|sample| sample.values[k])))
        });
        peaks.unwrap_or(Self::INFINITE)
    }

    /// Those of pieces that lie in one segment of the path.
    pub(super) fn of_all(
        course: &mut Course<'_>,
        segment: usize,
        pieces: &[Piece],
        efforts: bool,
        closely: Closely,
    ) -> Self {
        let of = match closely {
            Closely::About => Self::about,
            Closely::Surely => Self::of,
        };
        pieces.iter().fold(Self::default(), |whole, piece| {
            whole.or(of(course, segment, piece, efforts))
        })
    }

    /// At least `value` of one kind: speed, acceleration, jerk or effort, which counts as acceleration.
    #[inline]
    fn raise(&mut self, kind: usize, value: f64) {
        let peak = match kind {
            0 => &mut self.speed,
            2 => &mut self.jerk,
            _ => &mut self.acceleration,
        };
        *peak = peak.max(value);
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
}

/// A piece to be looked at.
#[derive(Clone, Copy)]
struct Look<'a> {
    segment: usize,
    piece: &'a Piece,
    /// Whether efforts may come near their limits.
    efforts: bool,
}

impl Look<'_> {
    /// At start, middle and end of the piece.
    fn three(&self, course: &mut Course<'_>) -> [Shares; 3] {
        let mut samples = [const { Shares::NONE }; 3];
        for (sample, share) in samples.iter_mut().zip([0.0, 0.5, 1.0]) {
            self.at(course, share * self.piece.duration, sample);
        }
        samples
    }

    fn at(&self, course: &mut Course<'_>, t: f64, shares: &mut Shares) {
        shares.fill(course, self.segment, &self.piece.at(t), self.efforts);
    }

    /// The peaks in a span of time, which is halved `depth` times at most.
    fn between(&self, course: &mut Course<'_>, span: [f64; 2], samples: [&Shares; 3], depth: u32) -> Peaks {
        let (mut early, mut late) = (Shares::NONE, Shares::NONE);
        let at = |share: f64| span[0] + share * (span[1] - span[0]);
        self.at(course, at(0.25), &mut early);
        self.at(course, at(0.75), &mut late);
        let [start, middle, end] = samples;
        let five = [start, &early, middle, &late, end];
        let peaks = self.peaks(course, |k| {
            quartic(five.map(|sample| sample.values[k]), depth > 0)
        });
        match peaks {
            Some(peaks) => peaks,
            None => {
                let halves = [
                    ([span[0], at(0.5)], [start, &early, middle]),
                    ([at(0.5), span[1]], [middle, &late, end]),
                ];
                halves
                    .into_iter()
                    .fold(Peaks::default(), |whole, (span, samples)| {
                        whole.or(self.between(course, span, samples, depth - 1))
                    })
            }
        }
    }

    /// The peaks, where `extreme` tells those of each share by its place; none if it can't tell one.
    #[inline]
    fn peaks(&self, course: &Course<'_>, extreme: impl Fn(usize) -> Option<f64>) -> Option<Peaks> {
        let mut peaks = Peaks::default();
        let kinds = if self.efforts { 4 } else { 3 };
        for kind in 0..kinds {
            for k in (kind * MAX_JOINTS..).take(course.joints) {
                peaks.raise(kind, extreme(k)?);
            }
        }
        if course.limits.tool.is_some() {
            for (k, kind) in [0, 1, 2, 0, 1].into_iter().enumerate() {
                peaks.raise(kind, extreme(OTHERS + k)?);
            }
        }
        if course.limits.along.is_some() {
            for kind in 0..3 {
                peaks.raise(kind, extreme(OTHERS + 5 + kind)?);
            }
        }
        Some(peaks)
    }
}

impl Shares {
    const NONE: Self = Self {
        values: [0.0; OTHERS + 8],
    };

    fn fill(&mut self, course: &mut Course<'_>, segment: usize, moment: &PathTime, efforts: bool) {
        let PathTime {
            s,
            rate,
            acceleration,
            jerk,
        } = *moment;
        let place = Place { segment, lambda: s };
        let n = course.joints;
        let limits = course.limits;
        let (mut q, mut qd, mut qdd) = ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
        let (square, cube, across) = (rate * rate, rate * rate * rate, 3.0 * rate * acceleration);
        let [per_velocity, per_acceleration, per_jerk] = &course.per_limit;
        for (j, [q0, q1, q2, q3]) in course.joints_at(place) {
            q[j] = q0;
            qd[j] = q1 * rate;
            qdd[j] = q2 * square + q1 * acceleration;
            let qddd = q3 * cube + q2 * across + q1 * jerk;
            self.values[j] = qd[j] * per_velocity[j];
            self.values[MAX_JOINTS + j] = qdd[j] * per_acceleration[j];
            self.values[2 * MAX_JOINTS + j] = qddd * per_jerk[j];
        }
        if efforts && limits.efforts.is_some() {
            let shares = &mut self.values[3 * MAX_JOINTS..][..n];
            shares.copy_from_slice(course.effort_shares(&q[..n], &qd[..n], &qdd[..n]));
            if shares.iter().any(|share| share.abs() > 1.0) {
                // Slowing down takes nothing off gravity's part: what counts is the share of the rest.
                let zeros = [0.0; MAX_JOINTS];
                let hold = course.effort_shares(&q[..n], &zeros[..n], &zeros[..n]);
                for (share, hold) in shares.iter_mut().zip(hold) {
                    if share.abs() > 1.0 {
                        *share = (*share - hold) / (1.0 - hold * share.signum());
                    }
                }
            }
        }
        let others = &mut self.values[OTHERS..];
        if let Some(tool) = &limits.tool {
            let sample = course.tool(tool, place);
            let [x1, x2, x3] = sample.linear;
            let [w1, w2] = sample.angular;
            others[0] = x1.norm() * rate / tool.speed;
            others[1] = (x2 * square + x1 * acceleration).norm() / tool.acceleration;
            others[2] = (x3 * cube + x2 * 3.0 * rate * acceleration + x1 * jerk).norm() / tool.jerk;
            others[3] = w1.norm() * rate / tool.angular_speed;
            others[4] = (w2 * square + w1 * acceleration).norm() / tool.angular_acceleration;
        }
        if limits.along.is_some() {
            let along = course.along(place);
            others[5..].copy_from_slice(&[
                rate / along.rate,
                acceleration / along.acceleration,
                jerk / along.jerk,
            ]);
        }
    }
}

/// The law, slowed down until it keeps the limits between nodes too, if it does not yet; `segments` are those of its pieces.
pub(super) fn kept(course: &mut Course<'_>, law: &TimeLaw, segments: &[usize]) -> TimeLaw {
    let pieces = law.pieces().iter().zip(segments);
    let whole = pieces.fold(Peaks::default(), |whole, (piece, segment)| {
        whole.or(Peaks::of(course, *segment, piece, true))
    });
    if whole.slowdown() > 1.0 - MARGIN {
        law.slowed((whole.slowdown() * (1.0 + MARGIN)).max(1.0))
    } else {
        law.clone()
    }
}

/// The largest of three values, evenly spaced; none if there may be a limit between them.
#[inline]
fn far_below(values: [f64; 3]) -> Option<f64> {
    let [first, middle, last] = values;
    let most = first.abs().max(middle.abs()).max(last.abs());
    (most + (first - 2.0 * middle + last).abs() < NEAR).then_some(most)
}

/// The largest magnitude on the parabola through three values, evenly spaced.
#[inline]
fn parabola([first, middle, last]: [f64; 3]) -> f64 {
    let most = first.abs().max(middle.abs()).max(last.abs());
    let (slope, bend) = (0.5 * (last - first), first - 2.0 * middle + last);
    if slope.abs() < bend.abs() {
        most.max((middle - 0.5 * slope * slope / bend).abs())
    } else {
        most
    }
}

/// The largest magnitude on the polynomial through five values, evenly spaced; none if that is not exact enough near a limit and
/// may be known more closely.
#[inline]
fn quartic(values: [f64; 5], closer: bool) -> Option<f64> {
    let [v0, v1, v2, v3, v4] = values;
    let sizes = values.map(f64::abs);
    let most = sizes.into_iter().fold(0.0, f64::max);
    let fourth = v0 - 4.0 * v1 + 6.0 * v2 - 4.0 * v3 + v4;
    if most + fourth.abs() < NEAR {
        return Some(most);
    }
    if closer && fourth.abs() > SMOOTH {
        return None;
    }
    // Of the powers of the place, which is −2 … 2.
    let c = [
        v2,
        (v0 - 8.0 * v1 + 8.0 * v3 - v4) / 12.0,
        (-v0 + 16.0 * v1 - 30.0 * v2 + 16.0 * v3 - v4) / 24.0,
        (-v0 + 2.0 * v1 - 2.0 * v3 + v4) / 12.0,
        fourth / 24.0,
    ];
    let mut peak = most;
    for k in 0..5 {
        let highest = (k == 0 || sizes[k] >= sizes[k - 1]) && (k == 4 || sizes[k] >= sizes[k + 1]);
        if !highest || sizes[k] + fourth.abs() < NEAR {
            continue;
        }
        let mut at = k as f64 - 2.0;
        for _ in 0..NEWTON {
            let slope = c[1] + at * (2.0 * c[2] + at * (3.0 * c[3] + at * 4.0 * c[4]));
            let bend = 2.0 * c[2] + at * (6.0 * c[3] + at * 12.0 * c[4]);
            if bend * values[k] >= 0.0 {
                break;
            }
            at = (at - slope / bend).clamp(-2.0, 2.0);
        }
        peak = peak.max((c[0] + at * (c[1] + at * (c[2] + at * (c[3] + at * c[4])))).abs());
    }
    Some(peak)
}

/// What stays below needs no closer look.
const NEAR: f64 = 0.97;

/// Fourth differences of shares of limits that are small enough.
const SMOOTH: f64 = 2e-5;

/// Times a span of time is halved at most.
const DEPTH: u32 = 4;

/// Steps towards an extreme: each squares what is missing.
const NEWTON: usize = 3;

/// What a law is slowed down by beyond its peaks, for what lies between samples.
pub(super) const MARGIN: f64 = 2e-6;
