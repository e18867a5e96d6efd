//! Following a moving target with limited jerk: what a group's joints do in one tick, decided anew at each. SI, rad or m; ticks in s.
//!
//! | room | what it decides |
//! |---|---|
//! | `ramp` | the quickest change of velocity |
//! | `chase` | the quickest way to rest in a moving frame |
//! | `axis` | one joint's tick within its limits |
//!
//! A target is where the joints should be at the tick's end, and how they should be moving there. Each joint is as quick as its limits let it: time-optimal to a
//! target that keeps its velocity, or keeps its acceleration while the limits are far. From then on it is on the target exactly, as long as the
//! target keeps the joint's limits itself.
//!
//! **Invariant:** positions, velocities, accelerations and jerks stay within the bounds at ticks and between them, and each joint can always come to rest within
//! its range, whatever the target does. Nothing allocates.
//!
//! ```
//! use servomesh_motion::{Bounds, Pursuit, State};
//! use servomesh_types::JointVec;
//!
//! let one = |value: f64| JointVec::from([value]);
//! let bounds = Bounds { lower: one(-1.0), upper: one(1.0), velocity: one(2.0), acceleration: one(10.0), jerk: one(200.0) };
//! let mut pursuit = Pursuit::new(State::at_rest(one(0.0)), &bounds);
//! let dt_s = 0.002;
//! for k in 1..=500 {
//!     let mut target = State::at_rest(one(-0.5 + 0.5 * dt_s * f64::from(k)));
//!     target.velocity[0] = 0.5;
//!     pursuit.tick(dt_s, &target)?;
//! }
//! assert!(pursuit.is_on_target() && pursuit.state().velocity[0] == 0.5);
//! # Ok::<(), servomesh_motion::pursuit::BadTick>(())
//! ```

mod axis;
mod chase;
mod ramp;

use servomesh_types::JointVec;

use crate::bounds::Bounds;
use crate::state::{Sample, State};

pub use axis::{Axis, Followed};
pub use ramp::Point;

/// The longest tick that a generator takes, in s: one that comes later is an outage, to be met by a stop.
pub const LONGEST_TICK_S: f64 = 0.25;

/// A tick that no motion can be made for.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a tick of {dt_s} s: it has to be longer than 0 s and at most {LONGEST_TICK_S} s")]
pub struct BadTick {
    /// How long it was said to be, in s.
    pub dt_s: f64,
}

impl BadTick {
    /// `dt_s` itself, if it is one.
    ///
    /// # Errors
    /// [`BadTick`] if it is not positive, too long or no number.
    pub fn check(dt_s: f64) -> Result<f64, Self> {
        if dt_s > 0.0 && dt_s <= LONGEST_TICK_S {
            Ok(dt_s)
        } else {
            Err(Self { dt_s })
        }
    }
}

/// A group's joints, each after its own target.
#[derive(Clone, Debug)]
pub struct Pursuit {
    bounds: Bounds,
    sample: Sample,
    on_target: bool,
}

impl Pursuit {
    /// From any state, moving or not. A joint outside its limits comes back as fast as they let it.
    pub fn new(state: State, bounds: &Bounds) -> Self {
        Self {
            bounds: *bounds,
            sample: Sample {
                state,
                jerk: JointVec::zeros(state.position.len()),
            },
            on_target: false,
        }
    }

    /// `dt_s` seconds later, on the way to `target` or there: that is where the target is by then.
    ///
    /// A target that is not finite is taken for a wish to stop.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn tick(&mut self, dt_s: f64, target: &State) -> Result<Sample, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        let finite =
            target.position.is_finite() && target.velocity.is_finite() && target.acceleration.is_finite();
        if !finite {
            return self.rest(dt_s);
        }
        self.on_target = true;
        self.sample = self.advanced(dt_s, |i, axis, from| {
            let followed = axis.follow(from, target.joint(i), dt_s);
            (followed.point, followed.on_target)
        });
        Ok(self.sample)
    }

    /// `dt_s` seconds later, on the way to velocities, as far as the joints' ranges let them.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn tick_velocity(&mut self, dt_s: f64, velocity: &JointVec) -> Result<Sample, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        self.sample = self.advanced(dt_s, |i, axis, from| {
            let wanted = if velocity[i].is_finite() { velocity[i] } else { 0.0 };
            (axis.follow_velocity(from, wanted, dt_s), false)
        });
        Ok(self.sample)
    }

    /// `dt_s` seconds later, on the way to rest, each joint as soon as it can.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn rest(&mut self, dt_s: f64) -> Result<Sample, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        self.sample = self.advanced(dt_s, |_, axis, from| (axis.rest(from, dt_s), false));
        Ok(self.sample)
    }

    fn advanced(&mut self, dt_s: f64, mut tick: impl FnMut(usize, Axis, Point) -> (Point, bool)) -> Sample {
        let mut sample = self.sample;
        self.on_target = true;
        for i in 0..sample.state.position.len() {
            let from = self.sample.state.joint(i);
            let (to, on_target) = tick(i, self.bounds.axis(i), from);
            self.on_target &= on_target;
            sample.state.set_joint(i, to);
            sample.jerk[i] = (to.a - from.a) / dt_s;
        }
        sample
    }

    /// Where the joints are.
    pub fn state(&self) -> &State {
        &self.sample.state
    }

    /// Whether every joint was on its target at the last tick.
    pub fn is_on_target(&self) -> bool {
        self.on_target
    }

    /// What the joints may do.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }
}

impl Bounds {
    /// Those of one joint.
    pub fn axis(&self, joint: usize) -> Axis {
        Axis {
            lower: self.lower[joint],
            upper: self.upper[joint],
            velocity: self.velocity[joint],
            acceleration: self.acceleration[joint],
            jerk: self.jerk[joint],
        }
    }
}

impl State {
    /// That of one joint.
    pub fn joint(&self, joint: usize) -> Point {
        Point {
            p: self.position[joint],
            v: self.velocity[joint],
            a: self.acceleration[joint],
        }
    }

    /// Sets that of one joint.
    pub fn set_joint(&mut self, joint: usize, point: Point) {
        self.position[joint] = point.p;
        self.velocity[joint] = point.v;
        self.acceleration[joint] = point.a;
    }
}
