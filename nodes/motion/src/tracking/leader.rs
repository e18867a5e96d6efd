//! Where the frame's joint will be, from measurements that are some milliseconds old. SI; times in s.
//!
//! A measurement is carried to the moment that a setpoint is for, at constant acceleration. A copy of the joint follows that with limited jerk: a triple
//! integrator with all poles at −1/τ, driven by what it is off in position, velocity and acceleration. It takes the encoder's noise out, does not lag at
//! constant acceleration, and lags by j·τ³ at a jerk j.
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

/// How measurements are followed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeaderSettings {
    /// Added to the age of each measurement: how much later a setpoint shows than it is meant for.
    pub lead_s: f64,
    /// Time constant τ of the smoothing.
    pub smoothing_s: f64,
    /// How old a measurement may be, and how long there may be none.
    pub longest_silence_s: f64,
}

impl Default for LeaderSettings {
    fn default() -> Self {
        Self {
            lead_s: 0.0,
            smoothing_s: 0.012,
            longest_silence_s: 0.05,
        }
    }
}

/// The copy of the joint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leader {
    settings: LeaderSettings,
    jerk: f64,
    copy: Point,
    silence_s: f64,
}

impl Leader {
    pub(crate) fn new(settings: LeaderSettings, jerk: f64, start: Point) -> Self {
        Self {
            settings,
            jerk,
            copy: start,
            silence_s: 0.0,
        }
    }

    /// Where the joint is after this tick of `dt` seconds; `None` if it has not been heard of for too long.
    pub(crate) fn tick(&mut self, dt: f64, measured: Option<Measured>) -> Option<Point> {
        let usable = measured.filter(|measured| {
            let Point { p, v, a } = measured.point;
            let age = measured.age_s + self.settings.lead_s;
            (p + v + a).is_finite() && age.abs() <= self.settings.longest_silence_s
        });
        let jerk = if let Some(measured) = usable {
            self.silence_s = 0.0;
            let now = measured.point.after(measured.age_s + self.settings.lead_s, 0.0);
            let free = self.copy.after(dt, 0.0);
            // A late tick is one step, and must not swing.
            let tau = self.settings.smoothing_s.max(3.0 * dt);
            (now.p - free.p) / tau.powi(3)
                + 3.0 * (now.v - free.v) / tau.powi(2)
                + 3.0 * (now.a - free.a) / tau
        } else {
            self.silence_s += dt;
            // Going on at the velocity it has.
            -self.copy.a / dt.max(self.settings.smoothing_s)
        };
        self.copy = self.copy.after(dt, jerk.clamp(-self.jerk, self.jerk));
        (self.silence_s <= self.settings.longest_silence_s).then_some(self.copy)
    }
}
