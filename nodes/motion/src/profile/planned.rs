//! What was planned: the tracks of all joints as one motion in time.
//!
//! **Invariant:** a [`Profile`] is a plain value; evaluating one allocates nothing.

use std::sync::OnceLock;

use servomesh_types::{JointVec, MAX_JOINTS};

use super::track::{MAX_PIECES, Track};
use crate::bounds::{Bounds, Excess, Quantity};
use crate::state::{Sample, State};

/// A motion, as a function of the time since its start.
#[derive(Clone, Debug)]
pub struct Profile {
    joints: usize,
    tracks: [Track; MAX_JOINTS],
    duration: f64,
    ends_at_rest: bool,
    /// Found when they are first asked for: many a motion is planned only to know how long it takes.
    corners: OnceLock<Corners>,
}

/// When a joint's jerk steps, in s, ascending; the first `count` count.
#[derive(Clone, Debug)]
struct Corners {
    times: [f64; MAX_CORNERS],
    count: usize,
}

const MAX_CORNERS: usize = MAX_JOINTS * MAX_PIECES;

impl Profile {
    pub(super) fn new(joints: usize) -> Self {
        Self {
            joints,
            tracks: [const { Track::NONE }; MAX_JOINTS],
            duration: 0.0,
            ends_at_rest: true,
            corners: OnceLock::new(),
        }
    }

    /// The motion of one joint; all are written before [`Profile::close`].
    pub(super) fn track_mut(&mut self, joint: usize) -> &mut Track {
        &mut self.tracks[joint]
    }

    /// The motion is complete: all joints arrive at `duration`.
    pub(super) fn close(&mut self, duration: f64, ends_at_rest: bool) {
        (self.duration, self.ends_at_rest) = (duration, ends_at_rest);
    }

    /// When it reaches its target, in s.
    pub fn duration(&self) -> f64 {
        self.duration
    }

    /// When a joint's jerk steps, in s, ascending.
    pub fn corners(&self) -> &[f64] {
        let corners = self
            .corners
            .get_or_init(|| Corners::of(&self.tracks[..self.joints]));
        &corners.times[..corners.count]
    }

    /// Whether it stands still from then on; else it keeps its velocities.
    pub fn ends_at_rest(&self) -> bool {
        self.ends_at_rest
    }

    /// The motion `s` seconds after its start.
    pub fn at(&self, s: f64) -> Sample {
        let mut sample = Sample {
            state: State::at_rest(JointVec::zeros(self.joints)),
            jerk: JointVec::zeros(self.joints),
        };
        let s = s.max(0.0);
        for (j, track) in self.tracks[..self.joints].iter().enumerate() {
            let (piece, t) = if s < self.duration {
                track.piece_at(s)
            } else {
                // By rounding a joint may arrive a little later than the group.
                (track.end(), (s - track.end().start_s).max(0.0))
            };
            let (p, v, a) = piece.after(t);
            sample.state.position[j] = p;
            sample.state.velocity[j] = v;
            sample.state.acceleration[j] = a;
            sample.jerk[j] = piece.jerk;
        }
        sample
    }

    /// The first joint that leaves its range of positions, or its velocities, and where it does so the most.
    pub fn excess(&self, bounds: &Bounds) -> Option<Excess> {
        (0..self.joints).find_map(|joint| {
            [Quantity::Position, Quantity::Velocity]
                .into_iter()
                .find_map(|quantity| self.excess_of(joint, quantity, bounds))
        })
    }

    pub(super) fn excess_of(&self, joint: usize, quantity: Quantity, bounds: &Bounds) -> Option<Excess> {
        let (lower, upper) = bounds.interval(joint, quantity);
        let mut worst: Option<Excess> = None;
        let mut most = 0.0;
        let mut look = |time_s: f64, value: f64| {
            let beyond = (value - upper).max(lower - value);
            if beyond > most {
                most = beyond;
                let limit = bounds.limit(joint, quantity, value);
                worst = Some(Excess {
                    joint,
                    quantity,
                    time_s,
                    value,
                    limit,
                });
            }
        };
        match quantity {
            Quantity::Position => self.tracks[joint].extreme_positions(&mut look),
            Quantity::Velocity => self.tracks[joint].extreme_velocities(&mut look),
            Quantity::Acceleration => {
                for piece in self.tracks[joint].all() {
                    look(piece.start_s, piece.a);
                }
            }
            Quantity::Jerk => {
                for piece in self.tracks[joint].all() {
                    look(piece.start_s, piece.jerk);
                }
            }
        }
        worst
    }
}

impl Corners {
    fn of(tracks: &[Track]) -> Self {
        let mut times = [0.0; MAX_CORNERS];
        let mut count = 0;
        for piece in tracks.iter().flat_map(Track::all) {
            times[count] = piece.start_s;
            count += 1;
        }
        times[..count].sort_unstable_by(f64::total_cmp);
        let mut kept = 0;
        for k in 0..count {
            if kept == 0 || times[k] > times[kept - 1] {
                times[kept] = times[k];
                kept += 1;
            }
        }
        Self { times, count: kept }
    }
}
