//! A path through knots: one quintic for each joint between each two. Times in s from the path's start.
//!
//! **Invariant:** position, velocity and acceleration are continuous, and the path ends at rest.

use servomesh_types::{JointVec, MAX_JOINTS};

use crate::bounds::{Bounds, Excess, Quantity};
use crate::quintic::{End, Quintic};
use crate::state::{Sample, State};

/// Where to be at one time.
#[derive(Clone, Copy, Debug)]
pub struct Knot {
    /// When, in s.
    pub time_s: f64,
    /// Where, and how fast.
    pub state: State,
}

/// The path.
#[derive(Clone, Debug)]
pub struct Spline {
    joints: usize,
    /// Times of the knots, strictly ascending, the first 0.
    times: Vec<f64>,
    /// Of segment k, joint j: element k · joints + j.
    segments: Vec<Quintic>,
}

impl Spline {
    /// The path through `knots` from time 0 on; what lies before is cut off.
    ///
    /// The knots are at least two, with strictly ascending times, of which the first is at most 0 and the last above 0.
    pub fn through(knots: &[Knot]) -> Self {
        let joints = knots[0].state.position.len();
        let end = |state: &State, j: usize| End {
            p: state.position[j],
            v: state.velocity[j],
            a: state.acceleration[j],
        };
        let mut spline = Self {
            joints,
            times: vec![0.0],
            segments: Vec::new(),
        };
        for pair in knots.windows(2) {
            let (from, to) = (&pair[0], &pair[1]);
            if to.time_s <= 0.0 {
                continue;
            }
            spline.times.push(to.time_s);
            for j in 0..joints {
                let whole = Quintic::between(end(&from.state, j), end(&to.state, j), to.time_s - from.time_s);
                let cut = if from.time_s < 0.0 {
                    whole.shifted(-from.time_s)
                } else {
                    whole
                };
                spline.segments.push(cut);
            }
        }
        spline
    }

    /// Where the path ends, in s.
    pub fn duration(&self) -> f64 {
        self.times.last().copied().unwrap_or(0.0)
    }

    /// The times of the knots, in s.
    pub fn times(&self) -> &[f64] {
        &self.times
    }

    /// How many joints it moves.
    pub(crate) fn joints(&self) -> usize {
        self.joints
    }

    /// The curves of all joints between knot `k` and the next.
    pub(crate) fn segment(&self, k: usize) -> &[Quintic] {
        &self.segments[k * self.joints..][..self.joints]
    }

    /// Whether joint `j` moves anywhere.
    pub(crate) fn moves(&self, j: usize) -> bool {
        let moves = |quintic: &Quintic| quintic.0[1..].iter().any(|c| c.abs() > 0.0);
        self.segments.iter().skip(j).step_by(self.joints).any(moves)
    }

    /// The path at `s`, in s: its start before it starts, at rest from its end on.
    pub fn at(&self, s: f64) -> Sample {
        let mut sample = self.over(s);
        if s >= self.duration() {
            sample.state = State::at_rest(sample.state.position);
            sample.jerk = JointVec::zeros(self.joints);
        }
        sample
    }

    /// The path over its length λ: q, q′, q″ and q‴, at and beyond an end those of the curve there. A curve does not end at
    /// rest: that is up to how it is passed.
    pub fn over(&self, lambda: f64) -> Sample {
        let mut sample = Sample {
            state: State::at_rest(JointVec::zeros(self.joints)),
            jerk: JointVec::zeros(self.joints),
        };
        let last = self.times.len() - 2;
        let k = self
            .times
            .partition_point(|t| *t <= lambda)
            .saturating_sub(1)
            .min(last);
        let t = lambda.max(0.0).min(self.duration()) - self.times[k];
        for (j, quintic) in self.segment(k).iter().enumerate() {
            let [p, v, a, jerk] = quintic.at(t);
            sample.state.position[j] = p;
            sample.state.velocity[j] = v;
            sample.state.acceleration[j] = a;
            sample.jerk[j] = jerk;
        }
        sample
    }

    /// The same path, starting at `offset` from its start and back on it at knot `until`.
    pub fn starting_off_by(&self, offset: &State, until: usize) -> Self {
        let end_s = self.times[until];
        let mut spline = self.clone();
        let way_back: [Quintic; MAX_JOINTS] = std::array::from_fn(|j| {
            if j >= self.joints {
                return Quintic([0.0; 6]);
            }
            let start = End {
                p: offset.position[j],
                v: offset.velocity[j],
                a: offset.acceleration[j],
            };
            Quintic::between(start, End::default(), end_s)
        });
        for k in 0..until {
            for (j, back) in way_back.iter().enumerate().take(self.joints) {
                let segment = &mut spline.segments[k * self.joints + j];
                *segment = segment.plus(&back.shifted(self.times[k]));
            }
        }
        spline
    }

    /// The first segment's worst excess, if the path leaves the bounds anywhere.
    pub fn excess(&self, bounds: &Bounds) -> Option<Excess> {
        for (k, span) in self.times.windows(2).enumerate() {
            let duration = span[1] - span[0];
            for joint in 0..self.joints {
                let quintic = &self.segments[k * self.joints + joint];
                for quantity in Quantity::ALL {
                    let interval = bounds.interval(joint, quantity);
                    if quintic.leaves(quantity, duration, interval) {
                        let (t, value) = worst(quintic, quantity, duration, interval);
                        let limit = bounds.limit(joint, quantity, value);
                        return Some(Excess {
                            joint,
                            quantity,
                            time_s: span[0] + t,
                            value,
                            limit,
                        });
                    }
                }
            }
        }
        None
    }
}

/// Time and value farthest from the middle of `interval`, for the sentence that tells it.
fn worst(quintic: &Quintic, quantity: Quantity, duration: f64, (lower, upper): (f64, f64)) -> (f64, f64) {
    let beyond = |v: f64| (v - upper).max(lower - v);
    let mut worst = (0.0, quintic.at(0.0)[quantity as usize]);
    for i in 1..=WORST_SAMPLES {
        let t = duration * i as f64 / WORST_SAMPLES as f64;
        let value = quintic.at(t)[quantity as usize];
        if beyond(value) > beyond(worst.1) + ROUNDING {
            worst = (t, value);
        }
    }
    worst
}

const WORST_SAMPLES: usize = 64;

/// Of two values that differ by less, the earlier is told.
const ROUNDING: f64 = 1e-9;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::JointVec;

    fn knot(time_s: f64, p: f64, v: f64) -> Knot {
        let state = State {
            position: JointVec::from([p]),
            velocity: JointVec::from([v]),
            acceleration: JointVec::zeros(1),
        };
        Knot { time_s, state }
    }

    fn bounds() -> Bounds {
        Bounds {
            lower: JointVec::from([-1.0]),
            upper: JointVec::from([1.0]),
            velocity: JointVec::from([1.0]),
            acceleration: JointVec::from([10.0]),
            jerk: JointVec::from([100.0]),
        }
    }

    #[test]
    fn what_lies_before_the_start_is_cut_off() {
        let whole = Spline::through(&[knot(0.0, 0.0, 0.0), knot(1.0, 0.4, 0.3), knot(3.0, 0.8, 0.0)]);
        let cut = Spline::through(&[knot(-1.5, 0.0, 0.0), knot(-0.5, 0.4, 0.3), knot(1.5, 0.8, 0.0)]);
        assert_eq!(cut.times(), [0.0, 1.5]);
        for s in [0.0, 0.3, 1.4] {
            let (a, b) = (cut.at(s).state.position[0], whole.at(s + 1.5).state.position[0]);
            assert!((a - b).abs() < 1e-12, "{a} is not {b}");
        }
        assert!(cut.at(2.0).state.is_at_rest(), "it rests after its end");
    }

    #[test]
    fn a_path_in_time_rests_at_its_end_and_a_curve_over_its_length_goes_on() {
        let spline = Spline::through(&[knot(0.0, 0.0, 0.5), knot(2.0, 1.0, 0.7)]);
        for beyond in [2.0, 3.0] {
            assert!(spline.at(beyond).state.is_at_rest());
            let end = spline.over(beyond);
            assert!((end.state.velocity[0] - 0.7).abs() < 1e-12, "{end:?}");
            let before = spline.at(2.0 - 1e-9);
            assert!((end.jerk[0] - before.jerk[0]).abs() < 1e-6, "{end:?} {before:?}");
        }
        let (at, over) = (spline.at(1.3), spline.over(1.3));
        assert_eq!(at, over);
    }

    #[test]
    fn an_offset_at_the_start_is_gone_at_the_chosen_knot() {
        let spline = Spline::through(&[knot(0.0, 0.0, 0.0), knot(1.0, 0.4, 0.3), knot(3.0, 0.8, 0.0)]);
        let offset = knot(0.0, 0.01, -0.02).state;
        let moved = spline.starting_off_by(&offset, 2);
        let start = moved.at(0.0).state;
        assert!((start.position[0] - 0.01).abs() < 1e-12 && (start.velocity[0] + 0.02).abs() < 1e-12);
        let (a, b) = (moved.at(3.0 - 1e-9), spline.at(3.0 - 1e-9));
        assert!((a.state.position[0] - b.state.position[0]).abs() < 1e-9);
        assert!((a.state.acceleration[0] - b.state.acceleration[0]).abs() < 1e-6);
    }

    #[test]
    fn what_goes_beyond_a_limit_is_told_with_its_time() {
        assert_eq!(
            Spline::through(&[knot(0.0, 0.0, 0.0), knot(2.0, 0.9, 0.0)]).excess(&bounds()),
            None
        );
        let fast = Spline::through(&[knot(0.0, 0.0, 0.0), knot(1.0, 0.9, 0.0)])
            .excess(&bounds())
            .unwrap();
        assert_eq!((fast.quantity, fast.limit), (Quantity::Velocity, 1.0));
        // The peak of a rest-to-rest quintic is 15/8 of its mean velocity, halfway.
        assert!(
            (fast.value - 0.9 * 1.875).abs() < 1e-9 && (fast.time_s - 0.5).abs() < 1e-9,
            "{fast:?}"
        );
        let far = Spline::through(&[knot(0.0, 0.0, 0.0), knot(3.0, -1.2, 0.0)])
            .excess(&bounds())
            .unwrap();
        assert_eq!((far.quantity, far.limit), (Quantity::Position, -1.0));
    }
}
