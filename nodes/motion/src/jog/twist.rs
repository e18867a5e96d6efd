//! One tick of moving a tool by a twist: along the direction that was asked for, with what remains of other motion fading. Base axes, SI.
//!
//! The joints' velocities are s·q′ + r: a share s of the twist u, with q′ = J⁻¹u, and a rest r that has nothing to do with it, of joint motion that was
//! going on before. Twists that were asked for before fade as shares of their own, so that the tool does not turn when only its direction changes. Both come and go with limited jerk: s as a joint of its own, r joint by joint. How fast s may be and change follows from |q′|s ≤ q̇, |q″|s² ≤ q̈ and
//! |q‴|s³ ≤ q⃛, each by a share of the limit, here and where the tool would come to rest.
//!
//! **Invariant:** once the rest is gone, the direction of the twist is the one that was asked for.

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3, Vector6};
use servomesh_types::JointVec;

use super::request::Axes;
use crate::bounds::Bounds;
use crate::pursuit::{Axis, Point};
use crate::state::State;
use crate::tracking::{Arm, Inverse};

/// How near to a singular pose a twist is slowed down.
///
/// The measure is 1/‖J⁺‖ (Frobenius), lengths in `length`: at most the smallest singular value of the Jacobian, and at least 1/√6 of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Singularity {
    /// Below this measure a twist that leads nearer is slowed down.
    pub slow: f64,
    /// Here it has come to a stop.
    pub stop: f64,
    /// What lengths are divided by, in m: about that of the arm's links.
    pub length: f64,
}

impl Default for Singularity {
    fn default() -> Self {
        Self {
            slow: 0.08,
            stop: 0.03,
            length: 0.5,
        }
    }
}

/// A tool on its way along a twist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tool {
    twist: Vector6<f64>,
    axes: Axes,
    pose: Isometry3<f64>,
    /// The share s and its rate; the position counts for nothing.
    share: Point,
    /// Earlier twists in the same axes, with their shares.
    earlier: [Option<(Vector6<f64>, Point)>; MOST_EARLIER],
    /// The rest r and its rate.
    rest: [JointVec; 2],
}

/// How the share of the twist may go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    /// What the joints do for the whole twist.
    pub(super) joint_rates: JointVec,
    /// Limits of the share.
    share: Axis,
    /// How far it may go before a joint is at its limit.
    pub(super) free: f64,
    /// The share that is allowed, of 1.
    pub(super) cap: f64,
}

/// What the joints do along a direction, at one place.
struct Local {
    rates: JointVec,
    curvature: JointVec,
    measure: f64,
}

impl Tool {
    /// The tool of an arm that moves as `state` says, from now on along `twist`; `None` in a singular pose.
    pub(super) fn of(arm: &mut Arm, state: &State, twist: &Vector6<f64>, axes: Axes) -> Option<Self> {
        let pose = arm.pose(&state.position);
        let inverse = arm.inverse()?;
        let direction = turned(twist, axes, &pose.rotation);
        let (rates, change) = direction_rates(arm, &inverse, &direction, axes, &state.velocity);
        // What goes backwards, or faster than was asked for, belongs to the rest.
        let velocity = along(&arm.rates_of(&state.velocity), &direction).clamp(0.0, 1.0);
        let n = rates.len();
        let rest = JointVec::from_fn(n, |i| state.velocity[i] - velocity * rates[i]);
        let left = JointVec::from_fn(n, |i| state.acceleration[i] - velocity * change[i]);
        let whole = along(&arm.rates_of(&left), &direction);
        let acceleration = if velocity > 0.0 && velocity < 1.0 {
            whole
        } else {
            0.0
        };
        let rest_rate = JointVec::from_fn(n, |i| left[i] - acceleration * rates[i]);
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
            earlier: [None; MOST_EARLIER],
            rest: if negligible {
                [JointVec::zeros(n); 2]
            } else {
                [rest, rest_rate]
            },
        })
    }

    /// The same tool, from now on along another twist, if it has room for one more that fades.
    pub(super) fn turned_to(&self, twist: &Vector6<f64>, axes: Axes) -> Option<Self> {
        let free = self.earlier.iter().position(Option::is_none)?;
        if axes != self.axes {
            return None;
        }
        let mut next = *self;
        next.earlier[free] = Some((self.twist, self.share));
        next.twist = *twist;
        next.share = Point::default();
        Some(next)
    }

    /// Where the joints are on the way to rest along the twist, a part of it on; `None` while anything else moves too.
    pub(super) fn on_the_way_to_rest(
        &self,
        arm: &mut Arm,
        course: &Course,
        part: f64,
        near: &JointVec,
    ) -> Option<JointVec> {
        if self.earlier.iter().any(Option::is_some) || self.has_rest() {
            return None;
        }
        let from = Point { p: 0.0, ..self.share };
        let (_, time_s) = course.share.resting_place(from);
        let way = self.twist * course.share.rest(from, time_s * part).p;
        arm.track(&advanced(&self.pose, self.axes, &way), near)
    }

    fn has_rest(&self) -> bool {
        self.rest.iter().any(|rest| rest.max_abs() > 0.0)
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
        let (twist, axes) = (&self.twist, self.axes);
        let direction = turned(twist, axes, &self.pose.rotation);
        let q = state.position;
        let here = local(arm, &q, &direction, axes, singularity)?;
        let mut share = changing(&here.rates, bounds);
        let (way, _) = share.resting_place(Point {
            p: 0.0,
            v: self.share.v.max(0.0),
            a: 0.0,
        });
        // Far enough for differences, near enough to be about here.
        let quickest = here.rates.max_abs().max(1e-9);
        let way = way.clamp(LEAST_LOOK / quickest, LONGEST_LOOK / quickest);
        let ahead_q = JointVec::from_fn(q.len(), |i| q[i] + here.rates[i] * way);
        let ahead_rotation = match axes {
            Axes::Base => self.pose.rotation,
            Axes::Tool => {
                let angular: Vector3<f64> = direction.fixed_rows::<3>(3).into();
                UnitQuaternion::from_scaled_axis(angular * way) * self.pose.rotation
            }
        };
        let mut cap: f64 = 1.0;
        let mut consider = |local: &Local, third: &JointVec| {
            cap = cap
                .min(VELOCITY * least(&bounds.velocity, &local.rates))
                .min((CURVE * least(&bounds.acceleration, &local.curvature)).sqrt())
                .min((CURVE * least(&bounds.jerk, third)).cbrt());
        };
        let ahead = local(
            arm,
            &ahead_q,
            &turned(twist, axes, &ahead_rotation),
            axes,
            singularity,
        );
        let Some(ahead) = ahead else {
            // Straight into a singular pose.
            return Some(Course {
                joint_rates: here.rates,
                share,
                free: 0.0,
                cap: 0.0,
            });
        };
        let third = JointVec::from_fn(q.len(), |i| (ahead.curvature[i] - here.curvature[i]) / way);
        consider(&here, &third);
        consider(&ahead, &third);
        if ahead.measure < here.measure {
            let near = (ahead.measure - singularity.stop) / (singularity.slow - singularity.stop);
            cap *= near.clamp(0.0, 1.0);
        }
        // Joints may have more to do on the way than here.
        let most = JointVec::from_fn(q.len(), |i| here.rates[i].abs().max(ahead.rates[i].abs()));
        share = changing(&most, bounds);
        share.velocity = cap;
        let free = (0..q.len()).fold(f64::INFINITY, |free: f64, i| {
            let rate = here.rates[i];
            let limit = if rate > 0.0 {
                bounds.upper[i]
            } else {
                bounds.lower[i]
            };
            if rate.abs() > 0.0 {
                free.min((limit - q[i]) / rate)
            } else {
                free
            }
        });
        Some(Course {
            joint_rates: here.rates,
            share,
            free: free.max(0.0),
            cap,
        })
    }

    /// `dt` seconds later, with the share on its way to its cap, or to 0; and the joints then. `None` if there are no such joints.
    pub(super) fn after(
        &self,
        arm: &mut Arm,
        course: &Course,
        state: &State,
        go: bool,
        bounds: &Bounds,
        dt: f64,
    ) -> Option<(Self, State)> {
        let q = state.position;
        let n = q.len();
        // While joints still have far to come down, they are not given more to do.
        let busy = (0..n).any(|i| self.rest[0][i].abs() > BUSY * bounds.velocity[i]);
        let share = course.advance(Point { p: 0.0, ..self.share }, go && !busy, dt);
        let mut next = *self;
        next.share = share;
        let mut way = self.twist * share.p;
        let mut velocity = self.twist * share.v;
        let mut acceleration = self.twist * share.a;
        if self.earlier.iter().any(Option::is_some) {
            arm.place(&q);
            let inverse = arm.inverse()?;
            for slot in &mut next.earlier {
                let Some((twist, from)) = *slot else {
                    continue;
                };
                let rates = arm.joint_rates(&inverse, &turned(&twist, self.axes, &self.pose.rotation));
                let axis = changing(&rates, bounds);
                let to = axis.rest(Point { p: 0.0, ..from }, dt);
                way += twist * to.p;
                velocity += twist * to.v;
                acceleration += twist * to.a;
                let over = to.v.abs() <= 0.0 && to.a.abs() <= 0.0;
                *slot = (!over).then_some((twist, to));
            }
        }
        let position = if !self.has_rest() {
            next.pose = advanced(&self.pose, self.axes, &way);
            arm.track(&next.pose, &q)?
        } else {
            let mut half = JointVec::zeros(n);
            for i in 0..n {
                let from = Point {
                    p: 0.0,
                    v: self.rest[0][i],
                    a: self.rest[1][i],
                };
                let to = fading(bounds, i).rest(from, dt);
                half[i] = 0.5 * to.p;
                (next.rest[0][i], next.rest[1][i]) = (to.v, to.a);
            }
            // Half of the one before the other and half after it, so that it does not matter which comes first.
            let before = JointVec::from_fn(n, |i| q[i] + half[i]);
            let pose = advanced(&arm.pose(&before), self.axes, &way);
            let after = arm.track(&pose, &before)?;
            let position = JointVec::from_fn(n, |i| after[i] + half[i]);
            next.pose = arm.pose(&position);
            position
        };
        arm.place(&position);
        let inverse = arm.inverse()?;
        // All twists as one, with a share of 1.
        let whole = turned(&velocity, self.axes, &next.pose.rotation);
        let rates = arm.joint_rates(&inverse, &whole);
        let velocity = JointVec::from_fn(n, |i| rates[i] + next.rest[0][i]);
        let (_, change) = direction_rates(arm, &inverse, &whole, self.axes, &velocity);
        let pushed = turned(&acceleration, self.axes, &next.pose.rotation);
        let pushed = arm.joint_rates(&inverse, &pushed);
        let acceleration = JointVec::from_fn(n, |i| pushed[i] + change[i] + next.rest[1][i]);
        let state = State {
            position,
            velocity,
            acceleration,
        };
        Some((next, state))
    }
}

impl Course {
    /// The same with no more than `free` to go.
    pub(super) fn within(mut self, free: f64) -> Self {
        self.free = self.free.min(free);
        self
    }

    fn advance(&self, from: Point, go: bool, dt: f64) -> Point {
        if !go {
            return self.share.rest(from, dt);
        }
        if self.free.is_finite() {
            let target = Point {
                p: self.free,
                ..Point::default()
            };
            // With something left for what changes on the way.
            let planned = Axis {
                acceleration: PLANNED * self.share.acceleration,
                jerk: PLANNED * self.share.jerk,
                ..self.share
            };
            return planned.follow(from, target, dt).point;
        }
        self.share.follow_velocity(from, self.cap, dt)
    }
}

/// How fast the share of a twist may change that moves the joints at `rates`.
fn changing(rates: &JointVec, bounds: &Bounds) -> Axis {
    Axis {
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
        velocity: 1.0,
        acceleration: ACCELERATION * least(&bounds.acceleration, rates),
        jerk: JERK * least(&bounds.jerk, rates),
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

/// A twist in base axes.
fn turned(twist: &Vector6<f64>, axes: Axes, rotation: &UnitQuaternion<f64>) -> Vector6<f64> {
    match axes {
        Axes::Base => *twist,
        Axes::Tool => each(twist, |v| rotation * v),
    }
}

/// A tool after a small way in the axes of its twist.
fn advanced(pose: &Isometry3<f64>, axes: Axes, way: &Vector6<f64>) -> Isometry3<f64> {
    let (linear, turn) = (linear(way), angular(way));
    let rotation = pose.rotation;
    let half = UnitQuaternion::from_scaled_axis(turn * 0.5);
    let whole = UnitQuaternion::from_scaled_axis(turn);
    let (translation, rotation) = match axes {
        Axes::Base => (linear, whole * rotation),
        // The direction turns on the way: as its middle has it.
        Axes::Tool => (rotation * (half * linear), rotation * whole),
    };
    Isometry3::from_parts(
        Translation3::from(pose.translation.vector + translation),
        rotation,
    )
}

/// What the joints do for a direction where they were placed last, and how that changes while they move at `qd`.
fn direction_rates(
    arm: &mut Arm,
    inverse: &Inverse,
    direction: &Vector6<f64>,
    axes: Axes,
    qd: &JointVec,
) -> (JointVec, JointVec) {
    let rates = arm.joint_rates(inverse, direction);
    let turning = match axes {
        Axes::Base => Vector6::zeros(),
        Axes::Tool => {
            let omega = angular(&arm.rates_of(qd));
            each(direction, |v| omega.cross(v))
        }
    };
    let change = turning - arm.change_of(&rates, qd);
    (rates, arm.joint_rates(inverse, &change))
}

/// The largest factor with which no rate is above its limit.
fn least(limits: &JointVec, rates: &JointVec) -> f64 {
    limits
        .iter()
        .zip(rates.iter())
        .fold(f64::INFINITY, |least: f64, (limit, rate)| {
            least.min(limit / rate.abs())
        })
}

fn local(
    arm: &mut Arm,
    q: &JointVec,
    direction: &Vector6<f64>,
    axes: Axes,
    singularity: &Singularity,
) -> Option<Local> {
    arm.place(q);
    let inverse = arm.inverse()?;
    let rates = arm.joint_rates(&inverse, direction);
    let (rates, curvature) = direction_rates(arm, &inverse, direction, axes, &rates);
    Some(Local {
        curvature,
        measure: arm.measure(&inverse, singularity.length),
        rates,
    })
}

/// The share of `direction` in `v`.
fn along(v: &Vector6<f64>, direction: &Vector6<f64>) -> f64 {
    v.dot(direction) / direction.norm_squared()
}

fn linear(v: &Vector6<f64>) -> Vector3<f64> {
    v.fixed_rows::<3>(0).into()
}

fn angular(v: &Vector6<f64>) -> Vector3<f64> {
    v.fixed_rows::<3>(3).into()
}

/// The same for both halves.
fn each(v: &Vector6<f64>, f: impl Fn(&Vector3<f64>) -> Vector3<f64>) -> Vector6<f64> {
    let (a, b) = (f(&linear(v)), f(&angular(v)));
    Vector6::new(a.x, a.y, a.z, b.x, b.y, b.z)
}

/// Shares of the joints' limits: for the speed; for changing it; for the bends that a straight line of the tool has for the joints.
const VELOCITY: f64 = 0.95;
const ACCELERATION: f64 = 0.35;
const JERK: f64 = 0.3;
const CURVE: f64 = 0.25;

/// Of what a share may change by, for coming to rest at a given place.
const PLANNED: f64 = 0.8;

/// Earlier twists that fade: a joystick's, with a request every few ticks. With more, the tool's motion is taken for that of its joints.
const MOST_EARLIER: usize = 24;

/// For the rest to fade.
const REST: f64 = 0.4;

/// Of a joint's speed: with more of a rest the twist waits.
const BUSY: f64 = 0.1;

/// Of joint rates and theirs: no more than rounding leaves.
const NOTHING: f64 = 1e-9;

/// How far ahead is looked, in rad or m of the quickest joint.
const LEAST_LOOK: f64 = 0.005;
const LONGEST_LOOK: f64 = 0.5;
