//! What a group is doing: a motion that was planned, or one that is decided at each tick.

use servomesh_motion::{Bounds, Motion, NoProfile, PointToPoint, State, TimedPath};
use servomesh_types::{JointVec, Stamp, Stopping};
use std::time::Duration;

use super::online::{Follower, Generator, Jogged, Online};
use crate::CouplingState;
use crate::peers::Peers;

/// What a group is doing.
#[derive(Debug)]
pub(super) enum Course {
    /// Known in advance.
    Planned(Motion),
    /// Decided at each tick.
    Online(Box<Online>),
}

impl Course {
    /// Where the group should be at `stamp`: not later than a tick for one that is decided at each.
    pub(super) fn at(&self, stamp: Stamp) -> State {
        match self {
            Self::Planned(motion) => motion.at(stamp),
            Self::Online(online) => online.at(stamp),
        }
    }

    /// Where a motion that takes over starts, and when: a motion that is decided at each tick is known up to the last one.
    pub(super) fn present(&self, now: Stamp) -> (Stamp, State) {
        match self {
            Self::Planned(motion) => (now, motion.at(now)),
            Self::Online(online) => online.newest(),
        }
    }

    /// Where it should have been when it was measured.
    pub(super) fn when_measured(&self, stamp: Stamp) -> State {
        match self {
            Self::Planned(motion) => motion.when_measured(stamp),
            Self::Online(online) => online.at(stamp),
        }
    }

    /// Does what each tick has to do; `false` if this can't go on.
    pub(super) fn tick(&mut self, now: Stamp, peers: &Peers) -> bool {
        match self {
            Self::Planned(motion) => {
                if motion.is_over(now) && !matches!(motion, Motion::Hold(_)) {
                    *motion = Motion::Hold(motion.last_position());
                }
                motion.tick(now, STRETCHES);
                true
            }
            Self::Online(online) => {
                let goes_on = online.tick(now, peers);
                if online.rests() {
                    *self = Self::hold(online.newest().1.position);
                }
                goes_on
            }
        }
    }

    /// When it ends; `None` if that is not known.
    pub(super) fn end(&self) -> Option<Stamp> {
        match self {
            Self::Planned(motion) => motion.end(),
            Self::Online(_) => None,
        }
    }

    /// When a motion that is under way ends, at the rate it has: never, while it is paused. `None` for what has no end.
    pub(super) fn planned_end(&self, now: Stamp) -> Option<Stamp> {
        match self {
            Self::Planned(motion) if motion.is_over(now) => None,
            Self::Planned(motion) => Some(motion.end().unwrap_or(NEVER)),
            Self::Online(_) => None,
        }
    }

    /// Whether it stands still at `now` and ever after.
    pub(super) fn is_over(&self, now: Stamp) -> bool {
        matches!(self, Self::Planned(motion) if motion.is_over(now))
    }

    /// Where it stands still in the end; where it is, if that is not known.
    pub(super) fn last_position(&self) -> JointVec {
        match self {
            Self::Planned(motion) => motion.last_position(),
            Self::Online(online) => online.newest().1.position,
        }
    }

    /// What a stop asked for at `now` would take at most.
    pub(super) fn stopping(&self, now: Stamp, bounds: &Bounds) -> Stopping {
        match self {
            Self::Planned(motion) => motion.stopping(now, bounds),
            Self::Online(online) => match &online.generator {
                Generator::Tracking(follower) => follower.tracking.stopping(),
                Generator::Coupled(_) | Generator::Jog(_) => {
                    servomesh_motion::pace::stopping_beside(&online.at(now), bounds)
                }
            },
        }
    }

    /// Comes to rest: a planned motion on its path if it can within `longest`, any other each joint as soon as it can.
    ///
    /// # Errors
    /// [`NoProfile`], which a state within the limits never leads to; nothing changes then.
    pub(super) fn stop(
        &mut self,
        now: Stamp,
        bounds: &Bounds,
        longest: Duration,
        point_to_point: &mut PointToPoint,
    ) -> Result<(), NoProfile> {
        match self {
            Self::Planned(motion) => motion.stop(now, bounds, longest.as_secs_f64(), point_to_point),
            Self::Online(online) => {
                if let Generator::Tracking(follower) = &mut online.generator {
                    follower.tracking.leave();
                    return Ok(());
                }
                let (last, state) = online.newest();
                let stop = point_to_point.rest(&state, bounds)?;
                *self = Self::Planned(Motion::to_rest(stop, last, bounds));
                Ok(())
            }
        }
    }

    /// How a joint keeps in step, if one does.
    pub(super) fn coupling(&self) -> Option<CouplingState> {
        match self {
            Self::Planned(_) => None,
            Self::Online(online) => online.coupling(),
        }
    }

    /// A path from its start on, as it was planned within `bounds`.
    pub(super) fn along(path: TimedPath, start: Stamp, bounds: &Bounds) -> Self {
        Self::Planned(Motion::along(path, start, bounds))
    }

    /// Standing still.
    pub(super) fn hold(position: JointVec) -> Self {
        Self::Planned(Motion::Hold(position))
    }

    /// The tool in a moving frame, if one is.
    pub(super) fn follower(&self) -> Option<&Follower> {
        match self {
            Self::Online(online) => match &online.generator {
                Generator::Tracking(follower) => Some(follower),
                Generator::Coupled(_) | Generator::Jog(_) => None,
            },
            Self::Planned(_) => None,
        }
    }

    /// The same, to change it.
    pub(super) fn follower_mut(&mut self) -> Option<&mut Follower> {
        match self {
            Self::Online(online) => match &mut online.generator {
                Generator::Tracking(follower) => Some(follower),
                Generator::Coupled(_) | Generator::Jog(_) => None,
            },
            Self::Planned(_) => None,
        }
    }

    /// What someone jogs, if someone does.
    pub(super) fn jogged_mut(&mut self) -> Option<&mut Jogged> {
        match self {
            Self::Online(online) => match &mut online.generator {
                Generator::Jog(jogged) => Some(jogged),
                Generator::Coupled(_) | Generator::Tracking(_) => None,
            },
            Self::Planned(_) => None,
        }
    }

    /// A planned motion, for what only those can do.
    pub(super) fn planned_mut(&mut self) -> Option<&mut Motion> {
        match self {
            Self::Planned(motion) => Some(motion),
            Self::Online(_) => None,
        }
    }

    /// The same, to look at.
    pub(super) fn planned(&self) -> Option<&Motion> {
        match self {
            Self::Planned(motion) => Some(motion),
            Self::Online(_) => None,
        }
    }
}

/// Later than anything.
const NEVER: Stamp = Stamp::from_nanos(i64::MAX);

/// What each tick may spend on having a stop ready: about a microsecond.
const STRETCHES: u32 = 2;
