//! Where the frame's joint will be, from what it is told to do and from measurements that are some milliseconds old. SI; times in s.
//!
//! - **Measured**: a measurement is carried to the moment that a setpoint is for, at constant acceleration.
//! - **Told**: where the same process decides how the joint moves, its setpoint is known ahead and free of noise. Only how far the joint is behind
//!   it is measured, through a low-pass. It counts while the joint does follow it.
//! - **Copy**: a triple integrator with all poles at −1/τ follows what of the two counts. It does not lag at constant acceleration, and lags by j·τ³ at
//!   a jerk j.
//!
//! **Invariant:** the copy's jerk keeps the limit, so it can be followed exactly.

use crate::pursuit::Point;

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
    jerk: f64,
    copy: Point,
    /// The joint minus its setpoint; `None` until it is measured, and while the joint does not follow it.
    offset: Option<f64>,
    silence_s: f64,
}

impl Leader {
    pub(crate) fn new(settings: LeaderSettings, jerk: f64, start: Point) -> Self {
        Self {
            settings,
            jerk,
            copy: start,
            offset: None,
            silence_s: 0.0,
        }
    }

    /// Where the joint is after this tick of `dt` seconds; `None` if it has not been heard of for too long.
    pub(crate) fn tick(&mut self, dt: f64, heard: Heard) -> Option<Point> {
        self.silence_s += dt;
        let told = heard.told.filter(|told| (told.p + told.v + told.a).is_finite());
        if told.is_none() {
            self.offset = None;
        }
        let lead_s = self.settings.lead_s;
        let usable = heard.measured.filter(|measured| {
            let Point { p, v, a } = measured.point;
            let age = measured.age_s + lead_s;
            (p + v + a).is_finite() && age.abs() <= self.settings.longest_silence_s
        });
        if let Some(measured) = usable {
            self.silence_s = 0.0;
            if let Some(told) = told {
                self.compare(measured, told, dt);
            }
        }
        let target = match (told, self.offset) {
            (Some(told), Some(offset)) => {
                let ahead = told.after(lead_s, 0.0);
                Some(Point {
                    p: ahead.p + offset,
                    ..ahead
                })
            }
            _ => usable.map(|measured| measured.point.after(measured.age_s + lead_s, 0.0)),
        };
        self.approach(target, dt);
        (self.silence_s <= self.settings.longest_silence_s).then_some(self.copy)
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

    fn approach(&mut self, target: Option<Point>, dt: f64) {
        let jerk = if let Some(target) = target {
            let free = self.copy.after(dt, 0.0);
            // A late tick is one step, and must not swing.
            let tau = self.settings.smoothing_s.max(3.0 * dt);
            (target.p - free.p) / tau.powi(3)
                + 3.0 * (target.v - free.v) / tau.powi(2)
                + 3.0 * (target.a - free.a) / tau
        } else {
            // Going on at the velocity it has.
            -self.copy.a / dt.max(self.settings.smoothing_s)
        };
        self.copy = self.copy.after(dt, jerk.clamp(-self.jerk, self.jerk));
    }
}

/// A servo that follows its setpoint is not farther behind it than this, in rad or m.
const FOLLOWS: f64 = 0.01;
