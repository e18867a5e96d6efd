//! How fast a tool may go along a twist: by the joints' limits here and where it would come to rest, near singular poses, before joints' ends and obstacles. Base axes, SI.
//!
//! The joints' velocities are s·q′ for a share s of the twist u, with q′ = J⁻¹u. How fast s may be and change follows from |q′|s ≤ q̇, |q″|s² ≤ q̈ and
//! |q‴|s³ ≤ q⃛, each by a share of the limit.
//!
//! **Invariant:** the share comes to rest before a joint is at its end, and before the pose is singular, if those are as they look from here.

use nalgebra::{UnitQuaternion, Vector6};
use servomesh_types::JointVec;

use super::request::Axes;
use super::twist::Pace;
use super::way::{angular, each};
use crate::bounds::Bounds;
use crate::pursuit::{Axis, Point};
use crate::state::State;
use crate::tracking::Arm;

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

impl Course {
    /// Along a twist from where the joints are and the tool is turned, with a share of it that goes on at `speed`; `None` in a singular pose.
    pub(super) fn look(
        arm: &mut Arm,
        state: &State,
        (twist, axes, rotation): (&Vector6<f64>, Axes, UnitQuaternion<f64>),
        speed: f64,
        bounds: &Bounds,
        singularity: &Singularity,
    ) -> Option<Self> {
        let q = state.position;
        let direction = turned(twist, axes, &rotation);
        let here = local(arm, &q, &direction, axes, singularity)?;
        let mut share = changing(&here.rates, bounds);
        let (way, _) = share.resting_place(Point {
            p: 0.0,
            v: speed.max(0.0),
            a: 0.0,
        });
        // Far enough for differences, near enough to be about here.
        let quickest = here.rates.max_abs().max(1e-9);
        let way = way.clamp(LEAST_LOOK / quickest, LONGEST_LOOK / quickest);
        let ahead_q = JointVec::from_fn(q.len(), |i| q[i] + here.rates[i] * way);
        let ahead_rotation = match axes {
            Axes::Base => rotation,
            Axes::Tool => UnitQuaternion::from_scaled_axis(angular(&direction) * way) * rotation,
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
            return Some(Self {
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
        Some(Self {
            joint_rates: here.rates,
            share,
            free: free.max(0.0),
            cap,
        })
    }

    /// The same with no more than `free` to go.
    pub(super) fn within(mut self, free: f64) -> Self {
        self.free = self.free.min(free);
        self
    }

    /// How the share comes to rest so many times harder.
    pub(super) fn braking(&self, harder: f64) -> Axis {
        Axis {
            acceleration: harder * self.share.acceleration,
            jerk: harder * self.share.jerk,
            ..self.share
        }
    }

    /// `dt` seconds later, on the way to its cap or to 0.
    pub(super) fn advance(&self, from: Point, pace: Pace, dt: f64) -> Point {
        if let Pace::Rest(harder) = pace {
            return self.braking(harder).rest(from, dt);
        }
        if self.free.is_finite() {
            let target = Point {
                p: self.free,
                ..Point::default()
            };
            // With something left for what changes on the way, to be taken where the way has become too short for it.
            let fits = |axis: &Axis| axis.resting_place(from).0 <= self.free;
            let planned = self.braking(PLANNED);
            if self.free > 0.0 && !fits(&planned) {
                let harder = HARDER.into_iter().find(|harder| fits(&self.braking(*harder)));
                return self.braking(harder.unwrap_or(1.0)).rest(from, dt);
            }
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

/// A twist in base axes.
pub(super) fn turned(twist: &Vector6<f64>, axes: Axes, rotation: &UnitQuaternion<f64>) -> Vector6<f64> {
    match axes {
        Axes::Base => *twist,
        Axes::Tool => each(twist, |v| rotation * v),
    }
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
    let turning = match axes {
        Axes::Base => Vector6::zeros(),
        Axes::Tool => turning(direction, direction),
    };
    let still = JointVec::zeros(q.len());
    let (rates, curvature) = arm.rates_and_changes(&inverse, [direction, &turning], &still);
    Some(Local {
        curvature,
        measure: arm.measure(&inverse, singularity.length),
        rates,
    })
}

/// How a twist in base axes changes while the tool, whose axes it is kept in, turns as `tool` says.
pub(super) fn turning(twist: &Vector6<f64>, tool: &Vector6<f64>) -> Vector6<f64> {
    let omega = angular(tool);
    each(twist, |v| omega.cross(v))
}

/// Shares of the joints' limits: for the speed; for changing it; for the bends that a straight line of the tool has for the joints.
const VELOCITY: f64 = 0.95;
const ACCELERATION: f64 = 0.35;
const JERK: f64 = 0.3;
const CURVE: f64 = 0.25;

/// Times what a share may change by, for coming to rest at a given place: as planned, and where that would lead beyond.
const PLANNED: f64 = 0.8;
const HARDER: [f64; 3] = [1.0, 1.4, 2.0];

/// How far ahead is looked, in rad or m of the quickest joint.
const LEAST_LOOK: f64 = 0.005;
const LONGEST_LOOK: f64 = 0.5;
