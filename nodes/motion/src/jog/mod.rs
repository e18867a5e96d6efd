//! Jogging: moving for as long as someone asks for it. rad, m, s.
//!
//! | room | what it decides |
//! |---|---|
//! | `request` | what may be asked for |
//! | `twist` | one tick of moving a tool by a twist |
//! | `course` | how fast it may go along the twist |
//! | `fading`, `way` | what is left of earlier twists; how far the tool gets by twists |
//! | `surroundings` | how far from obstacles and from itself the robot stays |
//!
//! Each request counts for a short time; then the motion comes to rest. A twist keeps its direction: it is slowed down as a whole near singular poses, joint limits and
//! obstacles. Joints that are jogged by themselves each keep to their own limits, and slow down together near obstacles.
//!
//! **Invariant:** every setpoint keeps the joints' limits and leaves each joint a way to rest within its range, on which the robot stays clear of itself and of
//! obstacles. Where nothing else does, that way is taken, at the cost of the direction. Nothing allocates in a tick.

mod course;
mod fading;
mod request;
mod surroundings;
mod twist;
mod way;

use nalgebra::Vector6;
use servomesh_types::JointVec;

use crate::bounds::Bounds;
use crate::pursuit::{Axis, BadTick, Point};
use crate::state::{Sample, State};
use crate::tracking::Arm;
use course::Course;
use surroundings::LOOKS;
use twist::{Pace, Tool};

pub use course::Singularity;
pub use request::{Axes, BadRequest, Request};
pub use surroundings::Surroundings;

/// How a group is jogged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JogSettings {
    /// How long a request counts.
    pub counts_for_s: f64,
    /// Where twists slow down.
    pub singularity: Singularity,
}

impl Default for JogSettings {
    fn default() -> Self {
        Self {
            counts_for_s: 0.1,
            singularity: Singularity::default(),
        }
    }
}

/// One setpoint and what there is to tell about it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jogged {
    /// The setpoint; its jerk is the mean of this tick.
    pub sample: Sample,
    /// Whether a request counts.
    pub asked: bool,
    /// Share of what was asked for that poses, limits and obstacles allow here, 0 … 1.
    pub allowed: f64,
    /// Whether the joints had to come to rest each by itself.
    pub off_direction: bool,
}

/// A group that is jogged.
#[derive(Debug, Clone)]
pub struct JogGenerator {
    bounds: Bounds,
    settings: JogSettings,
    arm: Option<Arm>,
    surroundings: Option<Surroundings>,
    sample: Sample,
    request: Option<Request>,
    left_s: f64,
    /// The twist that counted last, while the tool comes to rest along it.
    fading: Option<(Vector6<f64>, Axes)>,
    tool: Option<Tool>,
    /// The joints come to rest each by itself, all the way.
    stopping: bool,
    allowed: f64,
    off_direction: bool,
}

impl JogGenerator {
    /// Takes a group over from any state; without a request it comes to rest. Twists take an arm, obstacles their surroundings.
    pub fn new(
        state: State,
        bounds: &Bounds,
        arm: Option<Arm>,
        surroundings: Option<Surroundings>,
        settings: JogSettings,
    ) -> Self {
        Self {
            bounds: *bounds,
            settings,
            arm,
            surroundings,
            sample: Sample {
                state,
                jerk: JointVec::zeros(state.position.len()),
            },
            request: None,
            left_s: 0.0,
            fading: None,
            tool: None,
            stopping: false,
            allowed: 1.0,
            off_direction: false,
        }
    }

    /// Asks for a motion from the next tick on, in place of what was asked for before. `age_s` is how long ago that was.
    ///
    /// # Errors
    /// [`BadRequest`]; what was asked for before goes on.
    pub fn command(&mut self, request: Request, age_s: f64) -> Result<(), BadRequest> {
        request.check(self.sample.state.position.len(), self.arm.is_some())?;
        let left_s = (self.settings.counts_for_s - age_s).min(self.settings.counts_for_s);
        // An age that is no number is too old.
        if !age_s.is_nan() && left_s > 0.0 {
            (self.request, self.left_s) = (Some(request), left_s);
        }
        Ok(())
    }

    /// `dt_s` seconds later.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn tick(&mut self, dt_s: f64) -> Result<Jogged, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        let before = self.sample.state.acceleration;
        let parts = (dt_s / LONGEST_PART_S).ceil().max(1.0);
        let mut left = parts;
        self.off_direction = false;
        while left > 0.5 {
            left -= 1.0;
            // With a little for the sums.
            if self.left_s <= 1e-9 {
                self.request = None;
            }
            self.part(dt_s / parts);
            self.left_s -= dt_s / parts;
        }
        let after = self.sample.state.acceleration;
        self.sample.jerk = JointVec::from_fn(after.len(), |i| (after[i] - before[i]) / dt_s);
        Ok(Jogged {
            sample: self.sample,
            asked: self.request.is_some(),
            allowed: self.allowed,
            off_direction: self.off_direction,
        })
    }

    fn part(&mut self, dt: f64) {
        self.allowed = 1.0;
        self.stopping &= !self.sample.state.is_at_rest();
        match self.request {
            Some(Request::Twist { .. }) | None if self.stopping => self.stop(dt),
            Some(Request::Twist { twist, axes }) if twist.norm() > 0.0 => {
                self.fading = Some((twist, axes));
                if !self.twist(&twist, axes, true, dt) {
                    self.stop(dt);
                }
            }
            Some(Request::Joints(velocity)) => {
                (self.fading, self.tool, self.stopping) = (None, None, false);
                self.joints(&velocity, dt);
            }
            _ => {
                if self.sample.state.is_at_rest() {
                    return;
                }
                let along = self.fading;
                let kept = along.is_some_and(|(twist, axes)| self.twist(&twist, axes, false, dt));
                if !kept {
                    self.stop(dt);
                }
            }
        }
    }

    /// Each joint towards its own velocity, if that is clear; else to rest.
    fn joints(&mut self, velocity: &JointVec, dt: f64) {
        let from = self.sample.state;
        let n = from.position.len();
        let mut asked = JointVec::from_fn(n, |i| {
            velocity[i].clamp(-self.bounds.velocity[i], self.bounds.velocity[i])
        });
        if let Some(surroundings) = &mut self.surroundings
            && asked.max_abs() > 0.0
        {
            let free = surroundings.free_way(&from.position, &asked);
            self.allowed = share_that_stops_within(free, &asked, &self.bounds);
            for value in asked.iter_mut() {
                *value *= self.allowed;
            }
        }
        let mut to = from;
        for i in 0..n {
            let point = self.bounds.axis(i).follow_velocity(from.joint(i), asked[i], dt);
            to.set_joint(i, point);
        }
        if self.is_clear(&to) {
            self.sample.state = to;
        } else {
            self.rest(dt);
        }
    }

    /// The tool along a twist, on its way to go or to rest; says whether that could be done.
    fn twist(&mut self, twist: &Vector6<f64>, axes: Axes, go: bool, dt: f64) -> bool {
        let Some(arm) = &mut self.arm else {
            return false;
        };
        let from = self.sample.state;
        let going = self.tool.filter(|tool| tool.is_along(twist, axes));
        let turned = |arm: &mut Arm| self.tool?.turned_to(arm, &from, (twist, axes), &self.bounds);
        let tool = going
            .or_else(|| turned(arm))
            .or_else(|| Tool::of(arm, &from, twist, axes));
        let Some(tool) = tool else {
            self.allowed = 0.0;
            return false;
        };
        let course = tool.course(arm, &from, &self.bounds, &self.settings.singularity);
        let Some(mut course) = course else {
            self.allowed = 0.0;
            return false;
        };
        if let Some(surroundings) = &mut self.surroundings {
            course = course.within(surroundings.free_way(&from.position, &course.joint_rates));
        }
        self.allowed = if course.free > 0.0 { course.cap } else { 0.0 };
        let tries = match go {
            _ if tool.is_too_fast(arm, &from, &self.bounds, &self.settings.singularity) => &HURRIED,
            true => &PACES[..],
            false => &PACES[1..],
        };
        for &pace in tries {
            let Some(arm) = &mut self.arm else {
                return false;
            };
            let after = tool.after(arm, &course, &from, pace, &self.bounds, dt);
            let Some((next, to)) = after else {
                continue;
            };
            if self.fits(&from, &to, dt) && self.can_rest_or_stop(&next, &course, pace, &to) {
                (self.sample.state, self.tool) = (to, Some(next));
                return true;
            }
        }
        false
    }

    /// Whether the joints can go from one state to the other and come to rest from there.
    fn fits(&self, from: &State, to: &State, dt: f64) -> bool {
        (0..to.position.len()).all(|i| self.bounds.axis(i).allows(from.joint(i), to.joint(i), dt))
    }

    /// Whether the tool can come to rest along its twists and stay clear, or the joints each by itself.
    fn can_rest_or_stop(&mut self, tool: &Tool, course: &Course, pace: Pace, state: &State) -> bool {
        let along = match pace {
            Pace::Go => self.can_rest(tool, &course.braking(1.0), state),
            // No harder than the joints surely can all the way.
            Pace::Rest(harder) => harder <= HARD && self.can_rest(tool, &course.braking(harder), state),
        };
        along || self.is_clear(state)
    }

    /// Whether the tool can come to rest along its twists by `braking` and stay clear.
    fn can_rest(&mut self, tool: &Tool, braking: &Axis, state: &State) -> bool {
        let Some(surroundings) = &mut self.surroundings else {
            return true;
        };
        let Some(arm) = &mut self.arm else {
            return false;
        };
        let mut q = state.position;
        (0..=LOOKS).all(|k| {
            let part = k as f64 / LOOKS as f64;
            tool.on_the_way_to_rest(arm, braking, part, &q)
                .is_some_and(|then| {
                    q = then;
                    surroundings.is_clear_at(&then)
                })
        })
    }

    fn is_clear(&mut self, state: &State) -> bool {
        match &mut self.surroundings {
            Some(surroundings) => surroundings.is_clear(state, &self.bounds),
            None => true,
        }
    }

    /// Each joint to rest by itself, off the direction that a tool had.
    fn stop(&mut self, dt: f64) {
        let at_rest = self.sample.state.is_at_rest();
        self.off_direction |= self.fading.is_some() && !at_rest;
        self.stopping = !at_rest;
        self.rest(dt);
        self.tool = None;
    }

    fn rest(&mut self, dt: f64) {
        for i in 0..self.sample.state.position.len() {
            let point = self.bounds.axis(i).rest(self.sample.state.joint(i), dt);
            self.sample.state.set_joint(i, point);
        }
    }

    /// Whether a request counts.
    pub fn is_asked(&self) -> bool {
        self.request.is_some()
    }

    /// Where the joints are.
    pub fn state(&self) -> &State {
        &self.sample.state
    }

    /// What stands around, to move it.
    pub fn surroundings_mut(&mut self) -> Option<&mut Surroundings> {
        self.surroundings.as_mut()
    }
}

/// The share of `velocity` from which the joints come to rest within `free` times it, with half of what they could.
fn share_that_stops_within(free: f64, velocity: &JointVec, bounds: &Bounds) -> f64 {
    let least = |limits: &JointVec| {
        (0..velocity.len()).fold(f64::INFINITY, |least: f64, i| {
            least.min(0.5 * limits[i] / velocity[i].abs())
        })
    };
    let axis = Axis {
        lower: f64::NEG_INFINITY,
        upper: f64::INFINITY,
        velocity: 1.0,
        acceleration: least(&bounds.acceleration),
        jerk: least(&bounds.jerk),
    };
    let way = |v: f64| axis.resting_place(Point { p: 0.0, v, a: 0.0 }).0;
    if way(1.0) <= free {
        return 1.0;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if way(middle) <= free {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// What is tried in a tick: to go on, to come to rest, and to do that harder than shares of the joints' limits let it that leave something for changes on the way.
const PACES: [Pace; 4] = [Pace::Go, Pace::Rest(1.0), Pace::Rest(HARD), Pace::Rest(3.0)];
const HARD: f64 = 2.0;

/// The same for a tool that is too fast.
const HURRIED: [Pace; 3] = [Pace::Rest(HARD), Pace::Rest(1.0), Pace::Rest(3.0)];

/// A late tick is taken in parts of at most this, in s.
const LONGEST_PART_S: f64 = 0.004;

/// Until a share is known to a millionth.
const HALVINGS: u32 = 20;
