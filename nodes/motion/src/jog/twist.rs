//! One tick of moving a tool by a twist: along the direction that was asked for, with what remains of other motion fading. Base axes, SI.
//!
//! The joints' velocities are J⁻¹(s·u + e) + r: a share s of the twist u; what is left of twists e that were asked for before, so that the tool does not turn when only its
//! direction changes; and a rest r that has nothing to do with either, of joint motion that was going on before. All three come and go with limited jerk: s as a
//! joint of its own, e as a whole, r joint by joint.
//!
//! **Invariant:** once the rest is gone, the tool moves along nothing but twists that were asked for; velocities and accelerations of the joints are the derivatives of their
//! positions.

use nalgebra::{Isometry3, Vector6};
use servomesh_types::JointVec;

use super::course::{Course, Singularity, turned, turning};
use super::fading::Fading;
use super::request::Axes;
use super::way::Way;
use crate::bounds::Bounds;
use crate::pursuit::{Axis, Point};
use crate::state::State;
use crate::tracking::Arm;

/// A tool on its way along a twist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tool {
    twist: Vector6<f64>,
    axes: Axes,
    pose: Isometry3<f64>,
    /// The share s and its rate; the position counts for nothing.
    share: Point,
    /// Earlier twists in the same axes.
    earlier: Fading,
    /// The rest r and its rate.
    rest: [JointVec; 2],
}

/// What the share of a twist does in a tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pace {
    /// It goes to its cap.
    Go,
    /// It comes to rest, with so many times of what a share may change by; so does what fades.
    Rest(f64),
}

impl Tool {
    /// The tool of an arm that moves as `state` says, from now on along `twist`; `None` in a singular pose.
    pub(super) fn of(arm: &mut Arm, state: &State, twist: &Vector6<f64>, axes: Axes) -> Option<Self> {
        let pose = arm.pose(&state.position);
        let inverse = arm.inverse()?;
        let direction = turned(twist, axes, &pose.rotation);
        let tool = arm.rates_of(&state.velocity);
        let turning = match axes {
            Axes::Base => Vector6::zeros(),
            Axes::Tool => turning(&direction, &tool),
        };
        // What goes backwards, or faster than was asked for, belongs to the rest.
        let velocity = along(&tool, &direction).clamp(0.0, 1.0);
        let n = state.velocity.len();
        let along_twist = [direction * velocity, turning * velocity];
        let rates = arm.joint_rates(&inverse, &along_twist[0]);
        let rest = JointVec::from_fn(n, |i| state.velocity[i] - rates[i]);
        let (_, change) = arm.rates_and_changes(&inverse, [&along_twist[0], &along_twist[1]], &rest);
        let left = JointVec::from_fn(n, |i| state.acceleration[i] - change[i]);
        let acceleration = if velocity > 0.0 && velocity < 1.0 {
            along(&arm.rates_of(&left), &direction)
        } else {
            0.0
        };
        let pushed = arm.joint_rates(&inverse, &(direction * acceleration));
        let rest_rate = JointVec::from_fn(n, |i| left[i] - pushed[i]);
        let negligible = rest.max_abs() < NOTHING && rest_rate.max_abs() < NOTHING;
        Some(Self {
            twist: *twist,
            axes,
            pose,
            share: Point {
                p: 0.0,
                v: velocity,
                a: acceleration,
            },
            earlier: Fading::none(),
            rest: if negligible {
                [JointVec::zeros(n); 2]
            } else {
                [rest, rest_rate]
            },
        })
    }

    /// The same tool, from now on along another twist: what it does along that stays, what it does besides fades. `None` in other axes, or in a singular pose.
    pub(super) fn turned_to(
        &self,
        arm: &mut Arm,
        state: &State,
        (twist, axes): (&Vector6<f64>, Axes),
        bounds: &Bounds,
    ) -> Option<Self> {
        if axes != self.axes {
            return None;
        }
        let [velocity, acceleration] = self.motion();
        let share = share_of(velocity, acceleration, twist);
        let besides = (velocity - twist * share.v, acceleration - twist * share.a);
        Some(Self {
            twist: *twist,
            share,
            earlier: self.fading(arm, state, besides, bounds)?,
            ..*self
        })
    }

    /// How a motion of the tool fades from where the joints are; `None` in a singular pose.
    fn fading(
        &self,
        arm: &mut Arm,
        state: &State,
        motion: (Vector6<f64>, Vector6<f64>),
        bounds: &Bounds,
    ) -> Option<Fading> {
        arm.place(&state.position);
        let inverse = arm.inverse()?;
        let joints =
            |tool: &Vector6<f64>| arm.joint_rates(&inverse, &turned(tool, self.axes, &self.pose.rotation));
        Some(Fading::new(motion, joints, bounds))
    }

    /// Where the joints are on the way to rest along its twists by `braking`, a part of it on; `None` while anything else moves too.
    pub(super) fn on_the_way_to_rest(
        &self,
        arm: &mut Arm,
        braking: &Axis,
        part: f64,
        near: &JointVec,
    ) -> Option<JointVec> {
        if self.has_rest() {
            return None;
        }
        let from = Point { p: 0.0, ..self.share };
        let (_, time_s) = braking.resting_place(from);
        let time_s = part * time_s.max(self.earlier.left_s());
        let (_, earlier) = self.earlier.after(time_s);
        let way = self.twist * braking.rest(from, time_s).p + earlier;
        arm.track(&Way::straight(way).from(&self.pose, self.axes), near)
    }

    fn has_rest(&self) -> bool {
        self.rest.iter().any(|rest| rest.max_abs() > 0.0)
    }

    /// Velocity and acceleration of the tool by its twists, in their axes.
    fn motion(&self) -> [Vector6<f64>; 2] {
        [
            self.twist * self.share.v + self.earlier.velocity(),
            self.twist * self.share.a + self.earlier.acceleration(),
        ]
    }

    /// Whether it goes along that twist.
    pub(super) fn is_along(&self, twist: &Vector6<f64>, axes: Axes) -> bool {
        self.axes == axes && (self.twist - twist).amax() <= 0.0
    }

    /// How fast it may go on from where the joints are.
    pub(super) fn course(
        &self,
        arm: &mut Arm,
        state: &State,
        bounds: &Bounds,
        singularity: &Singularity,
    ) -> Option<Course> {
        let twist = (&self.twist, self.axes, self.pose.rotation);
        Course::look(arm, state, twist, self.share.v, bounds, singularity)
    }

    /// Whether it is on a way, by its twist and by what fades, that it could not be on so fast by a twist.
    pub(super) fn is_too_fast(
        &self,
        arm: &mut Arm,
        state: &State,
        bounds: &Bounds,
        singularity: &Singularity,
    ) -> bool {
        let [velocity, _] = self.motion();
        let whole = (&velocity, self.axes, self.pose.rotation);
        self.earlier.left_s() > 0.0
            && Course::look(arm, state, whole, 1.0, bounds, singularity)
                .is_none_or(|course| course.cap < MUCH)
    }

    /// `dt` seconds later, with the share on its way to its cap or to 0; and the joints then. `None` if there are no such joints.
    pub(super) fn after(
        &self,
        arm: &mut Arm,
        course: &Course,
        state: &State,
        pace: Pace,
        bounds: &Bounds,
        dt: f64,
    ) -> Option<(Self, State)> {
        let n = state.position.len();
        // While joints still have far to come down, they are not given more to do.
        let busy = (0..n).any(|i| self.rest[0][i].abs() > BUSY * bounds.velocity[i]);
        let pace = if busy && pace == Pace::Go {
            Pace::Rest(1.0)
        } else {
            pace
        };
        let mut next = *self;
        next.share = course.advance(Point { p: 0.0, ..self.share }, pace, dt);
        let mut earlier = self.earlier;
        if let Pace::Rest(harder) = pace
            && harder > 1.0
            && earlier.left_s() > 0.0
        {
            let motion = (earlier.velocity(), earlier.acceleration());
            earlier = self.fading(arm, state, motion, &bounds.scaled(1.0, harder, harder))?;
        }
        let (earlier, faded) = earlier.after(dt);
        next.earlier = earlier;
        let to = if self.has_rest() {
            next.beside(arm, state, bounds, dt)?
        } else {
            let way = Way {
                whole: self.twist * next.share.p + faded,
                ends: [self.motion()[0], next.motion()[0]],
                time_s: dt,
            };
            next.pose = way.from(&self.pose, self.axes);
            let [velocity, acceleration] = next.in_base(&Vector6::zeros());
            arm.carry(state, (&next.pose, &velocity, &acceleration), dt)?
        };
        Some((next, to))
    }

    /// Velocity and acceleration of the tool by its twists, in base axes, while it moves as `besides` says too.
    fn in_base(&self, besides: &Vector6<f64>) -> [Vector6<f64>; 2] {
        let [velocity, acceleration] = self.motion().map(|v| turned(&v, self.axes, &self.pose.rotation));
        match self.axes {
            Axes::Base => [velocity, acceleration],
            Axes::Tool => [velocity, acceleration + turning(&velocity, &(velocity + besides))],
        }
    }

    /// The joints `dt` seconds after `from` where the rest fades too. It takes the tool elsewhere, so that only the twists' velocities count, not places.
    fn beside(&mut self, arm: &mut Arm, from: &State, bounds: &Bounds, dt: f64) -> Option<State> {
        let n = from.position.len();
        let begun = self.rest;
        let mut by_rest = JointVec::zeros(n);
        for i in 0..n {
            let point = Point {
                p: 0.0,
                v: begun[0][i],
                a: begun[1][i],
            };
            let to = fading(bounds, i).rest(point, dt);
            by_rest[i] = to.p;
            (self.rest[0][i], self.rest[1][i]) = (to.v, to.a);
        }
        let without = |state: &State, rest: &[JointVec; 2]| State {
            position: state.position,
            velocity: JointVec::from_fn(n, |i| state.velocity[i] - rest[0][i]),
            acceleration: JointVec::from_fn(n, |i| state.acceleration[i] - rest[1][i]),
        };
        let before = without(from, &begun);
        let guess = JointVec::from_fn(n, |i| from.joint(i).after(dt, 0.0).p);
        let mut to = self.moving(arm, guess)?;
        // Each time a thousand times nearer to where the velocities lead.
        for _ in 0..2 {
            let led = before.led(&without(&to, &self.rest), dt);
            to = self.moving(arm, JointVec::from_fn(n, |i| led[i] + by_rest[i]))?;
        }
        Some(to)
    }

    /// How joints move that twists and rest have led to `position`.
    fn moving(&mut self, arm: &mut Arm, position: JointVec) -> Option<State> {
        self.pose = arm.pose(&position);
        let inverse = arm.inverse()?;
        let [rest, rest_rate] = &self.rest;
        let [velocity, acceleration] = self.in_base(&arm.rates_of(rest));
        let (rates, changes) = arm.rates_and_changes(&inverse, [&velocity, &acceleration], rest);
        let n = position.len();
        Some(State {
            position,
            velocity: JointVec::from_fn(n, |i| rates[i] + rest[i]),
            acceleration: JointVec::from_fn(n, |i| changes[i] + rest_rate[i]),
        })
    }
}

/// How fast a joint's rest may fade.
fn fading(bounds: &Bounds, joint: usize) -> Axis {
    Axis {
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
        velocity: f64::INFINITY,
        acceleration: REST * bounds.acceleration[joint],
        jerk: REST * bounds.jerk[joint],
    }
}

/// How much of a twist there is in a motion of the tool: nothing of one that goes backwards, no more than all of one that is faster.
fn share_of(velocity: Vector6<f64>, acceleration: Vector6<f64>, twist: &Vector6<f64>) -> Point {
    let v = along(&velocity, twist).clamp(0.0, 1.0);
    let between = v > 0.0 && v < 1.0;
    let a = if between { along(&acceleration, twist) } else { 0.0 };
    Point { p: 0.0, v, a }
}

/// The share of `direction` in `v`.
fn along(v: &Vector6<f64>, direction: &Vector6<f64>) -> f64 {
    v.dot(direction) / direction.norm_squared()
}

/// A motion of the tool that may only be this share of itself is too fast.
const MUCH: f64 = 0.9;

/// For the rest to fade.
const REST: f64 = 0.4;

/// Of a joint's speed: with more of a rest the twist waits.
const BUSY: f64 = 0.1;

/// Of joint rates and theirs: no more than rounding leaves.
const NOTHING: f64 = 1e-9;
