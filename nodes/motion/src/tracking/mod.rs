//! Moving relative to a frame that another group moves, as a conveyor's belt. SI, base axes; ticks in s.
//!
//! | room | what it decides |
//! |---|---|
//! | `leader` | where the frame's joint will be, from its setpoints and from measurements |
//! | `frame` | where the tool is, for the frame's joint and a motion in the frame |
//! | `relative`, `timed_tool` | how a tool moves in a frame |
//! | `arm` | joint motion for a motion of the tool |
//! | `check` | whether the arm can follow at all |
//!
//! The frame that the tool is in has a coordinate of its own, c. At the start it stands where the frame is; it catches the frame's joint up by pursuit, and
//! comes to rest for leaving. So the tool is at frame(c) ∘ motion(t) all the time, and joining and leaving are as smooth as c.
//!
//! **Invariant:** every setpoint keeps the joints' limits, and leaves a way to rest within them: along the frame where that is possible, else each joint by
//! itself. Nothing allocates after [`Tracking::join`].

mod arm;
mod check;
mod frame;
mod leader;
mod relative;
mod timed_tool;

use nalgebra::Point3;
use servomesh_types::JointVec;

use crate::bounds::Bounds;
use crate::pursuit::{Axis, BadTick, Point};
use crate::state::{Sample, State};
use leader::Leader;

pub(crate) use arm::Inverse;
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Because {
    /// Someone asked for it.
    Asked,
    /// The frame's joint was not heard of for too long.
    FrameLost,
    /// Following on would have broken a joint's limits, or led out of reach.
    Limits,
}

/// One setpoint and what there is to tell about it.
#[derive(Clone, Copy, Debug)]
pub struct Tracked {
    /// The setpoint; its jerk is the mean of this tick.
    pub sample: Sample,
    /// What is done.
    pub phase: Phase,
    /// Whether c moves exactly as the frame's joint does.
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
    arm: Arm,
    frame: Frame,
    motion: M,
    bounds: Bounds,
    settings: Settings,
    leader: Leader,
    /// The frame's coordinate c.
    coordinate: Point,
    /// The time of the motion in the frame.
    clock: Point,
    sample: Sample,
    phase: Phase,
    caught_up: bool,
}

impl<M: RelativeMotion> Tracking<M> {
    /// Joins: the arm stands still at `q`, the frame's joint is where `leader` says. The motion starts where the tool is in the frame now.
    ///
    /// # Errors
    /// [`Infeasible`] if the motion starts elsewhere, or the arm could not follow somewhere within the coordinate's range and limits.
    pub fn join(
        mut arm: Arm,
        mut frame: Frame,
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
        let coordinate = Point {
            p: leader.p,
            ..Point::default()
        };
        starts_at(&mut arm, &mut frame, &motion, q, coordinate.p)?;
        let tracking = Self {
            leader: Leader::new(settings.leader, settings.coordinate.jerk, leader),
            sample: Sample {
                state: State::at_rest(*q),
                jerk: JointVec::zeros(q.len()),
            },
            bounds: *bounds,
            clock: Point::default(),
            phase: Phase::Following,
            caught_up: false,
            arm,
            frame,
            motion,
            settings,
            coordinate,
        };
        tracking.checked()
    }

    fn checked(mut self) -> Result<Self, Infeasible> {
        self.check()?;
        Ok(self)
    }

    fn check(&mut self) -> Result<(), Infeasible> {
        let Settings {
            coordinate, margin, ..
        } = self.settings;
        check::check(
            &mut self.arm,
            &mut self.frame,
            &self.motion,
            (self.sample.state.position, self.coordinate.p),
            (coordinate.lower, coordinate.upper),
            &coordinate,
            &self.bounds.scaled(margin, margin, margin),
        )
    }

    /// Goes on in the same frame with another motion, which starts where the last one has ended.
    ///
    /// # Errors
    /// [`Infeasible`], and the present motion stays.
    pub fn go_on(&mut self, motion: M) -> Result<(), Infeasible> {
        if self.clock.p < self.motion.duration() || self.phase != Phase::Following {
            return Err(Infeasible::NotAtRest);
        }
        let q = self.sample.state.position;
        starts_at(&mut self.arm, &mut self.frame, &motion, &q, self.coordinate.p)?;
        let before = std::mem::replace(&mut self.motion, motion);
        if let Err(reason) = self.check() {
            self.motion = before;
            return Err(reason);
        }
        self.clock.p = 0.0;
        Ok(())
    }

    /// Goes on with a motion that a copy of this went on with: it was checked there.
    ///
    /// # Errors
    /// [`Infeasible::NotAtRest`] if the present motion has not ended; it stays then.
    pub fn go_on_as_checked(&mut self, motion: M) -> Result<(), Infeasible> {
        if self.clock.p < self.motion.duration() || self.phase != Phase::Following {
            return Err(Infeasible::NotAtRest);
        }
        self.motion = motion;
        self.clock.p = 0.0;
        Ok(())
    }

    /// What is done at the moment.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Tells where the frame's joint is now: it may have moved on since [`Tracking::join`], which can be made ahead of its start.
    pub fn begin(&mut self, leader: Point) {
        self.leader = Leader::new(self.settings.leader, self.settings.coordinate.jerk, leader);
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
        let leader = self.leader.tick(dt, heard);
        self.caught_up = false;
        if self.phase == Phase::Following {
            let Some(leader) = leader else {
                self.phase = Phase::Leaving(Because::FrameLost);
                return self.leave_for(dt, Because::FrameLost);
            };
            let followed = self.settings.coordinate.follow(self.coordinate, leader, dt);
            let clock = CLOCK.follow_velocity(self.clock, 1.0, dt);
            if let Some(state) = self.setpoint(followed.point, clock, dt)
                && self.can_leave(&state, followed.point, clock)
            {
                (self.sample.state, self.coordinate, self.clock) = (state, followed.point, clock);
                self.caught_up = followed.on_target;
                return;
            }
            self.phase = Phase::Leaving(Because::Limits);
        }
        match self.phase {
            Phase::Following => {}
            Phase::Leaving(because) => self.leave_for(dt, because),
            Phase::Stopping(because) => self.stop(dt, because),
            Phase::AtRest(_) => {}
        }
    }

    fn leave_for(&mut self, dt: f64, because: Because) {
        let coordinate = self.settings.coordinate.rest(self.coordinate, dt);
        let clock = CLOCK.follow_velocity(self.clock, 0.0, dt);
        let Some(state) = self.setpoint(coordinate, clock, dt) else {
            self.phase = Phase::Stopping(because);
            return self.stop(dt, because);
        };
        (self.sample.state, self.coordinate, self.clock) = (state, coordinate, clock);
        if state.is_at_rest() {
            self.phase = Phase::AtRest(because);
        }
    }

    fn stop(&mut self, dt: f64, because: Because) {
        for i in 0..self.sample.state.position.len() {
            let point = self.bounds.axis(i).rest(self.sample.state.joint(i), dt);
            self.sample.state.set_joint(i, point);
        }
        if self.sample.state.is_at_rest() {
            self.phase = Phase::AtRest(because);
        }
    }

    /// Where the joints are for a coordinate and a time of the motion, if they can be there `dt` seconds from now and come to rest from there.
    fn setpoint(&mut self, coordinate: Point, clock: Point, dt: f64) -> Option<State> {
        let from = self.sample.state;
        let to = self.joints(coordinate, clock, &from.position)?;
        let fits = (0..to.position.len()).all(|i| {
            let (a, b) = (from.joint(i), to.joint(i));
            // What a smooth motion with these velocities and accelerations does.
            let way = dt * ((a.v + b.v) / 2.0 + dt * (a.a - b.a) / 12.0);
            self.bounds.axis(i).allows(a, b, dt) && (b.p - a.p - way).abs() <= ONE_MOTION
        });
        fits.then_some(to)
    }

    fn joints(&mut self, coordinate: Point, clock: Point, near: &JointVec) -> Option<State> {
        let relative = self.motion.at(clock.p).paced(clock.v, clock.a);
        let tool = self.frame.carry(coordinate, &relative);
        let position = self.arm.track(&tool.pose, near)?;
        let (velocity, acceleration) =
            self.arm
                .joint_motion(&position, &tool.velocity, &tool.acceleration)?;
        Some(State {
            position,
            velocity,
            acceleration,
        })
    }

    /// Whether leaving along the frame from there keeps velocities and accelerations.
    fn can_leave(&mut self, state: &State, coordinate: Point, clock: Point) -> bool {
        let axis = self.settings.coordinate;
        let (_, coordinate_s) = axis.resting_place(coordinate);
        let (_, clock_s) = CLOCK.resting_place(clock);
        let mut near = state.position;
        (1..=LOOKS).all(|k| {
            let time = coordinate_s.max(clock_s) * k as f64 / LOOKS as f64;
            let then = self.joints(axis.rest(coordinate, time), CLOCK.rest(clock, time), &near);
            then.is_some_and(|then| {
                near = then.position;
                (0..near.len()).all(|i| self.bounds.axis(i).can_stop(then.joint(i)))
            })
        })
    }

    fn tell(&mut self, measured: Option<Measured>) -> Tracked {
        let now = measured.map_or(self.coordinate.p, |measured| {
            measured
                .point
                .after(measured.age_s + self.settings.leader.lead_s, 0.0)
                .p
        });
        let in_frame = Point3::from(self.motion.at(self.clock.p).pose.translation.vector);
        let wanted = self.frame.pose(now) * in_frame;
        let is = self.frame.pose(self.coordinate.p) * in_frame;
        Tracked {
            sample: self.sample,
            phase: self.phase,
            caught_up: self.caught_up,
            lag: now - self.coordinate.p,
            error: nalgebra::distance(&wanted, &is),
            time_s: self.clock.p,
        }
    }

    /// Where the joints are.
    pub fn state(&self) -> &State {
        &self.sample.state
    }

    /// The coordinate c.
    pub fn coordinate(&self) -> Point {
        self.coordinate
    }

    /// The motion in the frame.
    pub fn motion(&self) -> &M {
        &self.motion
    }

    /// The arm and the frame, for the next motion.
    pub fn into_parts(self) -> (Arm, Frame) {
        (self.arm, self.frame)
    }
}

/// Whether a motion starts where the tool is.
fn starts_at<M: RelativeMotion>(
    arm: &mut Arm,
    frame: &mut Frame,
    motion: &M,
    q: &JointVec,
    coordinate: f64,
) -> Result<(), Infeasible> {
    let is = arm.pose(q);
    let start = frame.pose(coordinate) * motion.at(0.0).pose;
    let distance = (is.translation.vector - start.translation.vector).norm();
    let angle = is.rotation.angle_to(&start.rotation);
    if distance <= SAME_PLACE && angle <= SAME_PLACE {
        Ok(())
    } else {
        Err(Infeasible::StartsElsewhere { distance, angle })
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

/// A late tick is taken in parts of at most this, in s: inverse kinematics follows, and limits are looked at between.
const LONGEST_PART_S: f64 = 0.004;

/// How often the way of leaving is looked at.
const LOOKS: usize = 3;

/// In m and rad: what inverse kinematics may be off, with room.
const SAME_PLACE: f64 = 1e-6;

/// In rad or m: what positions may differ from the integral of their velocities: ten times what inverse kinematics may be off.
const ONE_MOTION: f64 = 1e-6;
