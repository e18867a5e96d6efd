//! Motions that are decided anew at each tick: what they did lately, since measurements tell of the past.
//!
//! **Invariant:** from its state at the last tick, a group that moves so can come to rest within its limits.

use servomesh_motion::State;
use servomesh_motion::cam::Coupling;
use servomesh_motion::jog::JogGenerator;
use servomesh_motion::pursuit::{Point, Pursuit};
use servomesh_motion::tracking::{
    Because, Heard, Measured, Phase, RelativeMotion as _, TimedTool, Tracked, Tracking,
};
use servomesh_robot::LinkId;
use servomesh_types::{GroupDescription, GroupName, JointVec, Stamp};
use std::time::Duration;

use crate::CouplingState;
use crate::peers::Peers;

/// A motion that is decided at each tick.
#[derive(Debug)]
pub(super) struct Online {
    pub(super) generator: Generator,
    past: Past,
}

/// What decides it.
#[derive(Debug)]
pub(super) enum Generator {
    Coupled(Coupled),
    Jog(Box<Jogged>),
    Tracking(Box<Follower>),
}

/// A group that someone jogs.
#[derive(Debug)]
pub(super) struct Jogged {
    pub(super) generator: JogGenerator,
    /// The tool that twists are for.
    pub(super) tool: Option<LinkId>,
}

/// A tool in a frame that another group moves.
#[derive(Debug)]
pub(super) struct Follower {
    pub(super) tracking: Tracking<TimedTool>,
    /// The joint that moves the frame.
    pub(super) leader: GroupName,
    pub(super) leader_joint: usize,
    /// What was asked for, so that the next goal can tell whether it goes on there.
    pub(super) frame: LinkId,
    pub(super) tool: LinkId,
    heard: Stamp,
    /// Whether it has caught the frame up.
    joined: bool,
    /// Whether the frame went on where the arm could not follow.
    lost: bool,
    /// Since when the path in the frame is done.
    done_since: Option<Stamp>,
    pub(super) tracked: Option<Tracked>,
}

/// One joint in step with a joint of another group; the others come to rest.
#[derive(Debug)]
pub(super) struct Coupled {
    pub(super) joint: usize,
    pub(super) leader: GroupName,
    pub(super) leader_joint: usize,
    pub(super) coupling: Coupling,
    pub(super) others: Pursuit,
    /// At the last tick: whether it is in step, where the leader was, and how far it was off.
    pub(super) seen: (bool, f64, f64),
}

/// The setpoints of the last ticks, newest last.
#[derive(Debug)]
struct Past {
    ticks: [(Stamp, State); REMEMBERED],
    newest: usize,
}

impl Online {
    /// From `state` at `now` on.
    pub(super) fn new(generator: Generator, now: Stamp, state: State) -> Self {
        Self {
            generator,
            past: Past {
                ticks: [(now, state); REMEMBERED],
                newest: 0,
            },
        }
    }

    /// The newest setpoint and when it applied.
    pub(super) fn newest(&self) -> (Stamp, State) {
        self.past.ticks[self.past.newest]
    }

    /// Decides the setpoint at `now`; `false` if this can't go on.
    pub(super) fn tick(&mut self, now: Stamp, peers: &Peers) -> bool {
        let (before, state) = self.newest();
        let dt_s = now.seconds_from(before);
        if dt_s <= 0.0 {
            return true;
        }
        let next = match &mut self.generator {
            Generator::Coupled(coupled) => coupled.tick(dt_s, peers),
            Generator::Jog(jogged) => jogged.generator.tick(dt_s).ok().map(|jogged| jogged.sample.state),
            Generator::Tracking(follower) => follower.tick(dt_s, now, peers),
        };
        self.past.push(now, next.unwrap_or(state));
        next.is_some()
    }

    /// How a joint keeps in step, if one does.
    pub(super) fn coupling(&self) -> Option<CouplingState> {
        let Generator::Coupled(Coupled { joint, seen, .. }) = &self.generator else {
            return None;
        };
        let (in_step, leader, error) = *seen;
        Some(CouplingState {
            in_step,
            leader,
            desired: self.newest().1.position[*joint],
            error,
        })
    }

    /// Whether it has come to rest for good.
    pub(super) fn rests(&self) -> bool {
        match &self.generator {
            Generator::Coupled(_) => false,
            Generator::Jog(jogged) => !jogged.generator.is_asked() && self.newest().1.is_at_rest(),
            Generator::Tracking(follower) => matches!(follower.tracking.phase(), Phase::AtRest(_)),
        }
    }

    /// Whether others' setpoints have to be known before its own.
    pub(super) fn follows(&self) -> bool {
        matches!(self.generator, Generator::Coupled(_) | Generator::Tracking(_))
    }

    /// Where the group should have been at `stamp`.
    pub(super) fn at(&self, stamp: Stamp) -> State {
        self.past.at(stamp)
    }
}

impl Follower {
    pub(super) fn new(
        tracking: Tracking<TimedTool>,
        (leader, leader_joint): (GroupName, usize),
        (frame, tool): (LinkId, LinkId),
    ) -> Self {
        Self {
            tracking,
            leader,
            leader_joint,
            frame,
            tool,
            heard: Stamp::ZERO,
            joined: false,
            lost: false,
            done_since: None,
            tracked: None,
        }
    }

    fn tick(&mut self, dt_s: f64, now: Stamp, peers: &Peers) -> Option<State> {
        let peer = peers.get(self.leader);
        let motion = peer.and_then(|peer| peer.measured);
        let newer = motion.filter(|motion| motion.holds_at > self.heard);
        let measured = newer.and_then(|motion| {
            self.heard = motion.holds_at;
            Some(Measured {
                point: Point {
                    p: *motion.position.get(self.leader_joint)?,
                    v: *motion.velocity.get(self.leader_joint)?,
                    a: motion.acceleration.get(self.leader_joint).copied().unwrap_or(0.0),
                },
                age_s: now.seconds_from(motion.holds_at),
            })
        });
        // An older setpoint is no longer what its joint does.
        let told = peer
            .and_then(|peer| peer.setpoint)
            .filter(|(stamp, state)| *stamp == now && self.leader_joint < state.position.len())
            .map(|(_, state)| state.joint(self.leader_joint));
        let tracked = self.tracking.tick(dt_s, Heard { measured, told }).ok()?;
        self.tracked = Some(tracked);
        self.joined |= tracked.caught_up;
        self.done_since =
            (tracked.time_s >= self.tracking.motion().duration()).then(|| self.done_since.unwrap_or(now));
        // A frame that is not caught up yet may be far ahead, but not where it can't be followed.
        let at = self.tracking.coordinate().p + tracked.lag;
        let behind = measured.is_some() && tracked.lag.abs() > LOST;
        if behind && (self.joined || !self.tracking.reaches(at)) && tracked.phase == Phase::Following {
            self.lost = true;
            self.tracking.leave();
        }
        Some(tracked.sample.state)
    }

    /// Whether the path in the frame is done, with the tool where it should be.
    pub(super) fn has_arrived(&self) -> bool {
        self.tracked.is_some_and(|tracked| {
            tracked.phase == Phase::Following
                && tracked.caught_up
                && tracked.time_s >= self.tracking.motion().duration()
                && tracked.error <= ARRIVED
        })
    }

    /// How far the tool is from where it should be, in m, where that has lasted for longer than `patience` since its path was done.
    pub(super) fn late(&self, now: Stamp, patience: Duration) -> Option<f64> {
        let since = self.done_since?;
        (now.since(since) > patience).then_some(self.tracked?.error)
    }

    /// Whether it has left the frame by itself.
    pub(super) fn gave_up(&self) -> bool {
        self.because()
            .is_some_and(|because| self.lost || because != Because::Asked)
    }

    /// Why it has left the frame.
    pub(super) fn why(&self, group: &GroupDescription) -> String {
        match self.because() {
            Some(Because::Limits(limit)) => {
                let limit = limit.describe(group);
                format!("the frame can't be followed any farther: {limit}")
            }
            Some(Because::FrameLost) => "nothing was heard of the frame any more".to_owned(),
            Some(Because::Asked) | None => "the frame went beyond where the arm can follow it".to_owned(),
        }
    }

    fn because(&self) -> Option<Because> {
        match self.tracking.phase() {
            Phase::Leaving(because) | Phase::Stopping(because) | Phase::AtRest(because) => Some(because),
            Phase::Following => None,
        }
    }
}

impl Coupled {
    fn tick(&mut self, dt_s: f64, peers: &Peers) -> Option<State> {
        let leader = peers
            .get(self.leader)
            .and_then(|peer| peer.setpoint)
            .map(|(_, state)| (state.joint(self.leader_joint), 0.0));
        let mut state = self.others.rest(dt_s).ok()?.state;
        let coupled = self.coupling.tick(dt_s, leader).ok()?;
        state.set_joint(self.joint, coupled.point);
        let at = leader.map_or(f64::NAN, |(point, _)| point.p);
        self.seen = (coupled.in_step, at, coupled.error.unwrap_or(f64::NAN));
        Some(state)
    }
}

impl Past {
    fn push(&mut self, now: Stamp, state: State) {
        self.newest = (self.newest + 1) % REMEMBERED;
        self.ticks[self.newest] = (now, state);
    }

    /// Between two ticks on the straight line between them; before the first one that is remembered, there.
    fn at(&self, stamp: Stamp) -> State {
        let (mut after, mut state) = self.ticks[self.newest];
        for back in 1..REMEMBERED {
            if stamp >= after {
                break;
            }
            let (before, earlier) = self.ticks[(self.newest + REMEMBERED - back) % REMEMBERED];
            let span_s = after.seconds_from(before);
            if stamp >= before && span_s > 0.0 {
                let share = stamp.seconds_from(before) / span_s;
                return between(&earlier, &state, share);
            }
            (after, state) = (before, earlier);
        }
        state
    }
}

fn between(a: &State, b: &State, share: f64) -> State {
    let mix = |a: &JointVec, b: &JointVec| JointVec::from_fn(a.len(), |i| a[i] + share * (b[i] - a[i]));
    State {
        position: mix(&a.position, &b.position),
        velocity: mix(&a.velocity, &b.velocity),
        acceleration: mix(&a.acceleration, &b.acceleration),
    }
}

/// Ticks that are remembered: 0.1 s at 500 Hz and more.
const REMEMBERED: usize = 64;

/// How far a tool may be from its place in the frame to have arrived, in m.
const ARRIVED: f64 = 5e-4;

/// How far the frame may be ahead of a tool that has caught it up, in its joint's unit.
const LOST: f64 = 0.01;
