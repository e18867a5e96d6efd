//! Where the frame's joint will be, from what it is told to do and from measurements that are some milliseconds old. SI; times in s.
//!
//! - **Measured**: positions through a filter with fading memory (a g-h-k filter with all three poles at e^(−h/τ), for measurements h apart) are carried to
//!   the moment that a setpoint is for, at constant acceleration. Steps of an encoder make raw velocities and accelerations too noisy.
//! - **Told**: where the same process decides how the joint moves, its setpoint is known ahead and free of noise. Only how far the joint is behind
//!   it is measured, through a low-pass. It counts while the joint does follow it.
//! - **Copy**: follows what of the two counts, as a triple integrator with all poles at −1/τ while that is near. It does not lag at constant
//!   acceleration, and lags by j·τ³ at a jerk j. Three integrators that just saturate would swing, so each closes in on what the one before asks for no faster
//!   than it can brake.
//!
//! **Invariant:** while someone is on the copy its acceleration and jerk keep the limits, so it can be followed exactly.

use crate::pursuit::{Axis, Point};

/// How the frame's joint moved some time ago.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Position, velocity and acceleration.
    pub point: Point,
    /// How long before the end of this tick, the moment its setpoint is for, that was.
    pub age_s: f64,
}

/// What is known of the frame's joint at a tick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heard {
    /// A measurement, if there is one that is newer than the last.
    pub measured: Option<Measured>,
    /// The joint's setpoint for the end of this tick, if it is known.
    pub told: Option<Point>,
}

/// How measurements are followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeaderSettings {
    /// Added to the age of each measurement: how much later a setpoint shows than it is meant for.
    pub lead_s: f64,
    /// Time constant τ of the copy.
    pub smoothing_s: f64,
    /// Time constant τ of the filter that measurements go through.
    pub filter_s: f64,
    /// Time constant of how far the joint is behind its setpoint.
    pub offset_s: f64,
    /// A joint that is farther than this from where its setpoint lets one expect it does not follow it, in rad or m.
    pub trust: f64,
    /// How old a measurement may be, and how long there may be none.
    pub longest_silence_s: f64,
}

impl Default for LeaderSettings {
    fn default() -> Self {
        Self {
            lead_s: 0.0,
            smoothing_s: 0.012,
            filter_s: 0.012,
            offset_s: 0.03,
            trust: 1e-3,
            longest_silence_s: 0.05,
        }
    }
}

impl Heard {
    /// A measurement alone.
    pub fn measured(measured: Option<Measured>) -> Self {
        Self { measured, told: None }
    }
}

/// The copy of the joint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    settings: LeaderSettings,
    /// What the copy may do.
    limits: Axis,
    copy: Point,
    estimate: Option<Estimate>,
    /// The joint minus its setpoint; `None` until it is measured, and while the joint does not follow it.
    offset: Option<f64>,
    silence_s: f64,
}

impl Leader {
    pub(crate) fn new(settings: LeaderSettings, limits: Axis, start: Point) -> Self {
        Self {
            settings,
            limits: Axis {
                lower: f64::NEG_INFINITY,
                upper: f64::INFINITY,
                velocity: limits.velocity,
                acceleration: limits.acceleration * CALMER,
                jerk: limits.jerk * CALMER,
            },
            copy: start,
            estimate: None,
            offset: None,
            silence_s: 0.0,
        }
    }

    /// Where the joint is after this tick of `dt` seconds; `None` if it has not been heard of for too long. `followed`: whether someone is on it.
    pub(crate) fn tick(&mut self, dt: f64, heard: Heard, followed: bool) -> Option<Point> {
        self.silence_s += dt;
        let told = heard.told.filter(|told| (told.p + told.v + told.a).is_finite());
        if told.is_none() {
            self.offset = None;
        }
        if let Some(estimate) = &mut self.estimate {
            estimate.age_s += dt;
        }
        let lead_s = self.settings.lead_s;
        let usable = heard.measured.filter(|measured| {
            let Point { p, v, a } = measured.point;
            let age = measured.age_s + lead_s;
            (p + v + a).is_finite() && age.abs() <= self.settings.longest_silence_s
        });
        let measured = usable.map(|measured| {
            self.silence_s = 0.0;
            let estimate = Estimate::after(self.estimate, &measured, self.settings.filter_s);
            self.estimate = Some(estimate);
            if let Some(told) = told {
                self.compare(measured, told, dt);
            }
            estimate.point.after(estimate.age_s + lead_s, 0.0)
        });
        let target = match (told, self.offset) {
            (Some(told), Some(offset)) => {
                let ahead = told.after(lead_s, 0.0);
                Some(Point {
                    p: ahead.p + offset,
                    ..ahead
                })
            }
            _ => measured,
        };
        self.approach(target, dt, followed);
        (self.silence_s <= self.settings.longest_silence_s).then_some(self.copy)
    }

    /// Whether a follower that is at `point` is on the copy from now on: one that is near needs not chase its noise.
    pub(crate) fn meets(&mut self, point: Point) -> bool {
        // No faster than it can make up for at once.
        let slow = self.limits.acceleration * self.settings.smoothing_s;
        let near = (self.copy.p - point.p).abs() <= NEAR && (self.copy.v - point.v).abs() <= slow;
        let keeps = point.a.abs() <= self.limits.acceleration;
        if near && keeps {
            self.copy = point;
        }
        near && keeps
    }

    /// How far the joint is behind its setpoint, and whether it follows it.
    fn compare(&mut self, measured: Measured, told: Point, dt: f64) {
        let offset = measured.point.p - told.after(-measured.age_s, 0.0).p;
        let known = match self.offset {
            Some(known) => known,
            None if offset.abs() <= FOLLOWS => offset,
            None => return,
        };
        let changes = offset - known;
        let share = 1.0 - (-dt / self.settings.offset_s).exp();
        self.offset = (changes.abs() <= self.settings.trust).then_some(known + share * changes);
    }

    fn approach(&mut self, target: Option<Point>, dt: f64, followed: bool) {
        if let Some(target) = target {
            let free = self.copy.after(dt, 0.0);
            if !followed && (target.p - free.p).abs() > FAR {
                self.copy = target;
                return;
            }
            // A late tick is one step, and must not swing.
            let tau = self.settings.smoothing_s.max(3.0 * dt);
            let Axis {
                acceleration: most,
                jerk,
                ..
            } = self.limits;
            let v = target.v + towards(target.p - free.p, 3.0 * tau, SPARE * most);
            let a = target.a + towards(v - free.v, tau, SPARE * jerk);
            let wanted = 3.0 * (a.clamp(-most, most) - free.a) / tau;
            self.copy = self.copy.after(dt, wanted.clamp(-jerk, jerk));
        } else {
            // Going on at the velocity it has.
            self.copy = self.limits.follow_velocity(self.copy, self.copy.v, dt);
        }
    }
}

/// How fast to close in on what is `off`: in proportion, with a time constant, and from afar so that `brakes` is enough to end there.
fn towards(off: f64, tau: f64, brakes: f64) -> f64 {
    let near = brakes * tau * tau;
    if off.abs() <= near {
        off / tau
    } else {
        (2.0 * brakes * (off.abs() - near / 2.0)).sqrt().copysign(off)
    }
}

/// How the joint moved when it was measured last.
#[derive(Clone, Copy, Debug)]
struct Estimate {
    point: Point,
    /// How long before the end of this tick that was.
    age_s: f64,
}

impl Estimate {
    /// With one more measurement; it begins without acceleration, at first and after a gap.
    fn after(before: Option<Self>, measured: &Measured, tau: f64) -> Self {
        let Measured { point, age_s } = *measured;
        let span = before.map_or(f64::INFINITY, |before| before.age_s - age_s);
        match before {
            Some(before) if span <= 0.0 => before,
            Some(before) if span < LONGEST_GAP * tau => {
                let Point { p, v, a } = before.point.after(span, 0.0);
                let off = point.p - p;
                let (keeps, forgets) = ((-span / tau).exp(), 1.0 - (-span / tau).exp());
                let point = Point {
                    p: p + (1.0 - keeps.powi(3)) * off,
                    v: v + 1.5 * forgets.powi(2) * (1.0 + keeps) / span * off,
                    a: a + (forgets / span).powi(2) * forgets * off,
                };
                Self { point, age_s }
            }
            _ => Self {
                point: Point { a: 0.0, ..point },
                age_s,
            },
        }
    }
}

/// A servo that follows its setpoint is not farther behind it than this, in rad or m.
const FOLLOWS: f64 = 0.01;

/// Share of its follower's limits that the copy keeps, so that it is caught up.
const CALMER: f64 = 0.9;

/// Share of the copy's limits that its joint, which has limits of its own, leaves for making up.
const SPARE: f64 = 0.3;

/// As near to the copy one is on it, in rad or m.
const NEAR: f64 = 1e-4;

/// A copy that is farther off than this does not get there by smoothing, in rad or m.
const FAR: f64 = 1e-3;

/// Measurements so many time constants apart tell nothing of each other.
const LONGEST_GAP: f64 = 8.0;
