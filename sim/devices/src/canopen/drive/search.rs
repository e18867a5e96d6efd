//! How it searches for home, by the method that was chosen.

use super::{DT_S, Drive};
use crate::canopen::homing::{Homing, Method};
use crate::canopen::loops::Gains;
use crate::canopen::objects::Objects;
use crate::canopen::table;

/// How long a motor has to be blocked to stand at a hard stop \[s\].
const BLOCKED_S: f64 = 0.05;

/// How long a motor that should not meet a stop may be blocked before its homing has failed \[s\].
const GIVEN_UP_S: f64 = 0.5;

impl Drive {
    pub(super) fn begin_homing(&mut self, objects: &mut Objects) {
        let Some(method) = Method::of(objects.get(table::HOMING_METHOD)) else {
            return;
        };
        self.stop = None;
        self.homing = match method {
            Method { stop: Some(_), .. } => Homing::Stop { blocked_s: 0.0 },
            Method {
                index: Some(direction),
                ..
            } => self.next_index(direction),
            _ => {
                self.place_home(self.measured.position, objects);
                Homing::Rest
            }
        };
    }

    pub(super) fn home(&mut self, gains: &Gains, limit_a: f64, objects: &mut Objects) {
        let Some(method) = Method::of(objects.get(table::HOMING_METHOD)) else {
            return self.hold(gains, limit_a);
        };
        let acceleration = objects.float(table::HOMING_ACCELERATION);
        match self.homing {
            Homing::Stop { blocked_s } => {
                let speed = objects.float(table::SEARCH_VELOCITY);
                let most_a = (objects.float(table::HOMING_TORQUE) * 1e-3 * self.rated_a).min(limit_a);
                let wanted = method.stop.unwrap_or(0.0) * speed;
                self.demand
                    .toward_velocity(wanted, acceleration, acceleration, DT_S);
                self.turn(self.demand.velocity, gains, 0.0, most_a);
                let pushes = self.current_a.abs() > 0.95 * most_a;
                let blocked = pushes && self.measured.velocity.abs() < 0.05 * speed;
                let blocked_s = if blocked { blocked_s + DT_S } else { 0.0 };
                self.homing = Homing::Stop { blocked_s };
                if blocked_s > BLOCKED_S {
                    self.demand.velocity = 0.0;
                    self.loops.reset();
                    match method.index {
                        Some(direction) => self.homing = self.next_index(direction),
                        None => self.arrive(self.measured.position, objects),
                    }
                }
            }
            Homing::Index {
                at,
                direction,
                blocked_s,
            } => {
                let wanted = direction * objects.float(table::ZERO_VELOCITY);
                self.demand
                    .toward_velocity(wanted, acceleration, acceleration, DT_S);
                self.hold(gains, limit_a);
                let pushes = self.current_a.abs() > 0.95 * limit_a;
                let stands = self.measured.velocity.abs() < 0.05 * wanted.abs();
                let blocked_s = if pushes && stands { blocked_s + DT_S } else { 0.0 };
                self.homing = Homing::Index {
                    at,
                    direction,
                    blocked_s,
                };
                if blocked_s > GIVEN_UP_S {
                    self.homing = Homing::Failed;
                } else if (self.measured.position + self.zero - at) * direction >= 0.0 {
                    self.arrive(at - self.zero, objects);
                }
            }
            Homing::Rest => {
                self.demand.toward_velocity(0.0, acceleration, acceleration, DT_S);
                self.hold(gains, limit_a);
                if self.rests(objects) {
                    self.homing = Homing::Attained;
                }
            }
            Homing::Idle | Homing::Attained | Homing::Interrupted | Homing::Failed => {
                self.slow_down(objects);
                self.hold(gains, limit_a);
            }
        }
    }

    /// The encoder's next zero in a direction, in counts of the sensor.
    fn next_index(&self, direction: f64) -> Homing {
        let turn = table::COUNTS_PER_TURN as f64;
        let turns = (self.measured.position + self.zero) / turn;
        let next = if direction > 0.0 {
            turns.floor() + 1.0
        } else {
            turns.ceil() - 1.0
        };
        Homing::Index {
            at: next * turn,
            direction,
            blocked_s: 0.0,
        }
    }

    fn arrive(&mut self, home: f64, objects: &Objects) {
        self.place_home(home, objects);
        self.homing = Homing::Rest;
    }

    /// The position is the home offset at home.
    fn place_home(&mut self, home: f64, objects: &Objects) {
        let shift = home - objects.float(table::HOME_OFFSET);
        self.zero += shift;
        self.measured.position -= shift;
        self.demand.position -= shift;
    }
}
