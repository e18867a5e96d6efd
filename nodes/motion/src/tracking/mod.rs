//! Moving relative to a frame that another group moves, as a conveyor's belt. SI, base axes; ticks in s.
//!
//! | room | what it decides |
//! |---|---|
//! | `leader` | where the frame's joint will be, from its setpoints and from measurements |
//! | `frame` | where the tool is, for the frame's joint and a motion in the frame |
//! | `relative`, `timed_tool` | how a tool moves in a frame |
//! | `arm` | joint motion for a motion of the tool |
//! | `carried` | where the frame and the motion take the joints, and whether they can be there |
//! | `way_out` | what leaving the frame takes at most, and keeping to that |
//! | `check` | whether the arm can follow at all |
//!
//! The frame that the tool is in has a coordinate of its own, c. At the start it stands where the frame is; it catches the frame's joint up by pursuit, and
//! comes to rest for leaving. So the tool is at frame(c) ∘ motion(t) all the time, and joining and leaving are as smooth as c.
//!
//! **Invariant:** every setpoint keeps the joints' limits, and leaves a way to rest within them: along the frame where that is possible, else each joint by
//! itself. Nothing allocates after [`Tracking::join`].

mod arm;
mod carried;
mod check;
mod frame;
mod leader;
mod relative;
mod timed_tool;
mod way_out;

use servomesh_types::{JointVec, Stopping};

use crate::bounds::Bounds;
use crate::pace::stopping_beside;
use crate::pursuit::{Axis, BadTick, Point};
use crate::state::{Sample, State};
use carried::{Carried, Place, Rest};
use leader::Leader;
use way_out::Promise;

pub use arm::{Arm, NoArm};
pub use check::Infeasible;
pub use frame::Frame;
pub use leader::{Heard, LeaderSettings, Measured};
pub use relative::{PoseMove, Relative, RelativeMotion};
pub use timed_tool::TimedTool;

/// How a frame is followed.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Limits of c: somewhat above those of the frame's joint, so that it is caught up; and the range that was asked for.
    pub coordinate: Axis,
    /// How measurements are followed.
    pub leader: LeaderSettings,
    /// Share of the joints' velocities and accelerations that the check before the start lets the motion take.
    pub margin: f64,
}

/// What is done at the moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    /// c catches the frame up, or is on it.
    Following,
    /// The tool comes to rest along the frame.
    Leaving(Because),
    /// The joints come to rest, each as soon as it can: the frame could not be left along itself.
    Stopping(Because),
    /// At rest.
    AtRest(Because),
}

/// Why a frame is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Because {
    /// Someone asked for it.
    Asked,
    /// The frame's joint was not heard of for too long.
    FrameLost,
    /// Following on would have broken that limit, or led out of reach there.
    Limits(Infeasible),
}

/// One setpoint and what there is to tell about it.
#[derive(Clone, Copy, Debug)]
pub struct Tracked {
    /// The setpoint; its jerk is the mean of this tick.
    pub sample: Sample,
    /// What is done.
    pub phase: Phase,
    /// Whether c moves as the frame's joint does, as far as that is known.
    pub caught_up: bool,
    /// The frame's joint minus c.
    pub lag: f64,
    /// How far the tool is from where it would be in the frame as it was measured last, in m.
    pub error: f64,
    /// How far the motion in the frame has come, in s.
    pub time_s: f64,
}

/// A group that follows a frame.
#[derive(Debug, Clone)]
pub struct Tracking<M> {
    carried: Carried<M>,
    settings: Settings,
    leader: Leader,
    /// The frame's coordinate c and the time of the motion in the frame.
    place: Place,
    sample: Sample,
    phase: Phase,
    caught_up: bool,
    /// What a stop from here takes at most, and what was told of stops before.
    stopping: Stopping,
    promise: Promise,
}

impl<M: RelativeMotion> Tracking<M> {
    /// Joins: the arm stands still at `q`, the frame's joint is where `leader` says. The motion starts where the tool is in the frame now.
    ///
    /// # Errors
    /// [`Infeasible`] if the motion starts elsewhere, or the arm could not follow somewhere within the coordinate's range and limits.
    pub fn join(
        arm: Arm,
        frame: Frame,
        motion: M,
        q: &JointVec,
        leader: Point,
        bounds: &Bounds,
        settings: Settings,
    ) -> Result<Self, Infeasible> {
        let finite = (leader.p + leader.v + leader.a).is_finite() && q.is_finite();
        if !finite {
            return Err(Infeasible::NotAtRest);
        }
        let still = Stopping {
            time_s: 0.0,
            distance: JointVec::zeros(q.len()),
        };
        let mut tracking = Self {
            carried: Carried {
                arm,
                frame,
                motion,
                bounds: *bounds,
            },
            leader: Leader::new(settings.leader, settings.coordinate, leader),
            place: Place {
                coordinate: Point {
                    p: leader.p,
                    ..Point::default()
                },
                // The motion comes out of rest by itself.
                clock: Point {
                    v: 1.0,
                    ..Point::default()
                },
            },
            sample: Sample {
                state: State::at_rest(*q),
                jerk: JointVec::zeros(q.len()),
            },
            phase: Phase::Following,
            caught_up: false,
            promise: Promise::new(q, &still),
            stopping: still,
            settings,
        };
        tracking.check()?;
        Ok(tracking)
    }

    /// Whether the motion starts where the tool is, and the arm can follow it wherever the frame may be.
    fn check(&mut self) -> Result<(), Infeasible> {
        let Settings {
            coordinate, margin, ..
        } = self.settings;
        let start = (self.sample.state.position, self.place.coordinate.p);
        self.carried.starts_at(&start.0, start.1)?;
        let bounds = self.carried.bounds.scaled(margin, margin, margin);
        check::check(&mut self.carried, start, &coordinate, &bounds)
    }

    /// Goes on in the same frame with another motion, which starts where the last one has ended.
    ///
    /// # Errors
    /// [`Infeasible`], and the present motion stays.
    pub fn go_on(&mut self, motion: M) -> Result<(), Infeasible> {
        if !self.has_ended() {
            return Err(Infeasible::NotAtRest);
        }
        let before = std::mem::replace(&mut self.carried.motion, motion);
        if let Err(reason) = self.check() {
            self.carried.motion = before;
            return Err(reason);
        }
        self.place.clock.p = 0.0;
        Ok(())
    }

    /// Goes on with a motion that a copy of this went on with: it was checked there.
    ///
    /// # Errors
    /// [`Infeasible::NotAtRest`] if the present motion has not ended; it stays then.
    pub fn go_on_as_checked(&mut self, motion: M) -> Result<(), Infeasible> {
        if !self.has_ended() {
            return Err(Infeasible::NotAtRest);
        }
        self.carried.motion = motion;
        self.place.clock.p = 0.0;
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.phase == Phase::Following && self.place.clock.p >= self.carried.motion.duration()
    }

    /// What is done at the moment.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Tells where the frame's joint is now: it may have moved on since [`Tracking::join`], which can be made ahead of its start.
    pub fn begin(&mut self, leader: Point) {
        self.leader = Leader::new(self.settings.leader, self.settings.coordinate, leader);
    }

    /// Begins to leave: the tool comes to rest along the frame.
    pub fn leave(&mut self) {
        if self.phase == Phase::Following {
            self.phase = Phase::Leaving(Because::Asked);
        }
    }

    /// `dt_s` seconds later. The measurement's age counts from the end of the tick.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn tick(&mut self, dt_s: f64, heard: Heard) -> Result<Tracked, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        let before = self.sample.state.acceleration;
        let parts = (dt_s / LONGEST_PART_S).ceil().max(1.0);
        let part_s = dt_s / parts;
        let mut left = parts;
        while left > 0.5 {
            left -= 1.0;
            let then = Heard {
                measured: heard.measured.map(|measured| Measured {
                    age_s: measured.age_s - left * part_s,
                    ..measured
                }),
                told: heard.told.map(|told| told.after(-left * part_s, 0.0)),
            };
            self.part(part_s, then);
        }
        let after = self.sample.state.acceleration;
        self.sample.jerk = JointVec::from_fn(after.len(), |i| (after[i] - before[i]) / dt_s);
        Ok(self.tell(heard.measured))
    }

    /// One part of a late tick; all of one in time.
    fn part(&mut self, dt: f64, heard: Heard) {
        let leader = self.leader.tick(dt, heard, self.caught_up);
        self.caught_up = false;
        match (self.phase, leader) {
            (Phase::Following, Some(leader)) => self.follow(dt, leader),
            (Phase::Following, None) => self.leave_for(dt, Because::FrameLost),
            (Phase::Leaving(because), _) => self.leave_for(dt, because),
            (Phase::Stopping(because), _) => self.stop(dt, because),
            (Phase::AtRest(_), _) => {}
        }
    }

    fn follow(&mut self, dt: f64, leader: Point) {
        let followed = self.settings.coordinate.follow(self.place.coordinate, leader, dt);
        let place = Place {
            coordinate: followed.point,
            clock: CLOCK.follow_velocity(self.place.clock, 1.0, dt),
        };
        let rest = self.rest();
        let stepped = self.carried.step(&self.sample.state, place, dt);
        let followed_on = stepped.and_then(|state| {
            let (stopping, leaves) = self.carried.leave(&state, place, &rest);
            leaves.map(|()| (state, stopping))
        });
        match followed_on {
            Ok((state, stopping)) => {
                (self.sample.state, self.place, self.stopping) = (state, place, stopping);
                self.promise = Promise::new(&state.position, &stopping);
                self.caught_up = followed.on_target || self.leader.meets(followed.point);
            }
            Err(limit) => self.leave_for(dt, Because::Limits(limit)),
        }
    }

    fn leave_for(&mut self, dt: f64, because: Because) {
        self.phase = Phase::Leaving(because);
        self.promise = self.promise.after(dt);
        let rest = self.rest();
        let taken = GENTLER.into_iter().find_map(|share| {
            let place = rest.gentler(share).after(self.place, dt);
            let state = self.carried.step(&self.sample.state, place, dt).ok()?;
            let kept = self.promise.allows(&state, &self.carried.bounds);
            kept.then_some((state, place))
        });
        let Some((state, place)) = taken else {
            return self.stop(dt, because);
        };
        (self.sample.state, self.place) = (state, place);
        self.stopping = self.promise.told(&state.position);
        if state.is_at_rest() {
            self.phase = Phase::AtRest(because);
        }
    }

    fn stop(&mut self, dt: f64, because: Because) {
        self.phase = Phase::Stopping(because);
        for i in 0..self.sample.state.position.len() {
            let point = self.carried.bounds.axis(i).rest(self.sample.state.joint(i), dt);
            self.sample.state.set_joint(i, point);
        }
        self.stopping = stopping_beside(&self.sample.state, &self.carried.bounds);
        if self.sample.state.is_at_rest() {
            self.phase = Phase::AtRest(because);
        }
    }

    fn rest(&self) -> Rest {
        Rest {
            coordinate: self.settings.coordinate,
            clock: CLOCK,
        }
    }

    fn tell(&mut self, measured: Option<Measured>) -> Tracked {
        let coordinate = self.place.coordinate.p;
        let now = measured.map_or(coordinate, |measured| {
            measured
                .point
                .after(measured.age_s + self.settings.leader.lead_s, 0.0)
                .p
        });
        Tracked {
            sample: self.sample,
            phase: self.phase,
            caught_up: self.caught_up,
            lag: now - coordinate,
            error: self.carried.error(self.place, now),
            time_s: self.place.clock.p,
        }
    }

    /// Where the joints are.
    pub fn state(&self) -> &State {
        &self.sample.state
    }

    /// What leaving the frame from there takes at most, however it comes to rest.
    pub fn stopping(&self) -> Stopping {
        self.stopping
    }

    /// Whether the arm can follow the frame to where its joint is at `position`.
    pub fn reaches(&self, position: f64) -> bool {
        let Axis { lower, upper, .. } = self.settings.coordinate;
        (lower..=upper).contains(&position)
    }

    /// The coordinate c.
    pub fn coordinate(&self) -> Point {
        self.place.coordinate
    }

    /// The motion in the frame.
    pub fn motion(&self) -> &M {
        &self.carried.motion
    }
}

/// How the time of the motion in the frame comes up to speed and to rest: within about 0.3 s.
const CLOCK: Axis = Axis {
    lower: f64::NEG_INFINITY,
    upper: f64::INFINITY,
    velocity: 1.0,
    acceleration: 6.0,
    jerk: 80.0,
};

/// Shares of the jerk with which frame and motion come to rest: less of it, for a tick, where the joints have not enough for all.
const GENTLER: [f64; 3] = [1.0, 0.6, 0.3];

/// A late tick is taken in parts of at most this, in s: inverse kinematics follows, and limits are looked at between.
const LONGEST_PART_S: f64 = 0.004;
