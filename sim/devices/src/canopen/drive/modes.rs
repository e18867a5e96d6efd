//! What each mode makes of its setpoints, millisecond by millisecond.

use servomesh_fieldbus::cia402::{Controlword, Mode};

use super::{COUNTS_PER_RAD, DT_S, Drive};
use crate::canopen::homing::Homing;
use crate::canopen::loops::Gains;
use crate::canopen::motion::{Bounds, Demand, Interpolation};
use crate::canopen::objects::Objects;
use crate::canopen::table;
use crate::motor::MotorState;

impl Drive {
    pub(super) fn choose_mode(&mut self, objects: &mut Objects) {
        let chosen = i8::try_from(objects.get(table::MODE)).ok().and_then(Mode::of);
        if chosen == self.mode {
            return;
        }
        self.mode = chosen;
        (self.setpoint, self.next_setpoint, self.acknowledged) = (None, None, false);
        (self.homing, self.target_cut) = (Homing::Idle, false);
        self.settle_mode(objects);
    }

    /// A mode begins where the motor is.
    pub(super) fn settle_mode(&mut self, objects: &mut Objects) {
        self.line = Interpolation::at(self.demand.position);
        if self.mode == Some(Mode::CyclicSyncPosition) {
            objects.set_float(table::TARGET_POSITION, self.demand.position);
        }
    }

    pub(super) fn operate(&mut self, gains: &Gains, limit_a: f64, objects: &mut Objects) {
        let offset_a = objects.float(table::TORQUE_OFFSET) * 1e-3 * self.rated_a;
        match self.mode {
            Some(Mode::ProfilePosition) => {
                self.follow_setpoints(objects);
                self.hold(gains, limit_a);
            }
            None => {
                self.slow_down(objects);
                self.hold(gains, limit_a);
            }
            Some(Mode::CyclicSyncPosition) => {
                self.line.step(&mut self.demand, DT_S);
                let ahead = Demand {
                    velocity: self.demand.velocity + objects.float(table::VELOCITY_OFFSET),
                    ..self.demand
                };
                self.current_a = self
                    .loops
                    .position(ahead, self.measured, gains, offset_a, limit_a, DT_S);
            }
            Some(Mode::ProfileVelocity) => {
                let wanted = self.bounded_velocity(objects.float(table::TARGET_VELOCITY), objects);
                let bounds = bounds(objects);
                self.demand
                    .toward_velocity(wanted, bounds.acceleration, bounds.deceleration, DT_S);
                self.turn(self.demand.velocity, gains, 0.0, limit_a);
            }
            Some(Mode::CyclicSyncVelocity) => {
                let wanted = objects.float(table::TARGET_VELOCITY) + objects.float(table::VELOCITY_OFFSET);
                let wanted = self.bounded_velocity(wanted, objects);
                self.demand.velocity = wanted;
                self.turn(wanted, gains, offset_a, limit_a);
            }
            Some(Mode::CyclicSyncTorque) => {
                let wanted_a = objects.float(table::TARGET_TORQUE) * 1e-3 * self.rated_a + offset_a;
                self.current_a = self.loops.torque(wanted_a, limit_a);
                self.demand = self.measured;
            }
            Some(Mode::Homing) => self.home(gains, limit_a, objects),
            _ => self.hold(gains, limit_a),
        }
    }

    pub(super) fn hold(&mut self, gains: &Gains, limit_a: f64) {
        self.current_a = self
            .loops
            .position(self.demand, self.measured, gains, 0.0, limit_a, DT_S);
    }

    pub(super) fn slow_down(&mut self, objects: &Objects) {
        let deceleration = objects.float(table::PROFILE_DECELERATION);
        self.demand.toward_velocity(0.0, deceleration, deceleration, DT_S);
    }

    /// Follows a velocity wherever that leads.
    pub(super) fn turn(&mut self, velocity: f64, gains: &Gains, ahead_a: f64, limit_a: f64) {
        self.current_a = self
            .loops
            .velocity(velocity, self.measured.velocity, gains, ahead_a, limit_a, DT_S);
        self.demand.position = self.measured.position;
    }

    /// CSP: a setpoint has come.
    pub(super) fn aim(&mut self, objects: &Objects) {
        let wanted = objects.float(table::TARGET_POSITION) + objects.float(table::POSITION_OFFSET);
        let target = self.bounded_position(wanted, objects);
        let exponent = i32::try_from(objects.get(table::INTERPOLATION_INDEX)).unwrap_or(0);
        let period_s = objects.float(table::INTERPOLATION_PERIOD) * 10_f64.powi(exponent);
        self.line.aim(self.demand.position, target, period_s.max(DT_S));
    }

    /// PP: takes a setpoint, if its bit rises and there is room for it.
    pub(super) fn take_setpoint(&mut self, word: Controlword, rises: bool, objects: &Objects) {
        if word.0 & Controlword::MODE_4 == 0 {
            self.acknowledged = self.next_setpoint.is_some();
            return;
        }
        let at_once = word.0 & Controlword::MODE_5 != 0;
        if !rises || self.next_setpoint.is_some() && !at_once {
            return;
        }
        let mut wanted = objects.float(table::TARGET_POSITION);
        if word.0 & Controlword::MODE_6 != 0 {
            let last = self.next_setpoint.or(self.setpoint);
            wanted += last.unwrap_or(self.demand.position);
        }
        let target = Some(self.bounded_position(wanted, objects));
        if self.setpoint.is_none() || at_once {
            (self.setpoint, self.next_setpoint) = (target, None);
        } else {
            self.next_setpoint = target;
        }
        self.acknowledged = true;
        self.timers.position_s = 0.0;
    }

    fn follow_setpoints(&mut self, objects: &Objects) {
        let Some(target) = self.setpoint else {
            return self.slow_down(objects);
        };
        self.demand.toward_position(target, bounds(objects), DT_S);
        if self.demand.rests_at(target)
            && let Some(next) = self.next_setpoint.take()
        {
            self.setpoint = Some(next);
            self.acknowledged = self.control.0 & Controlword::MODE_4 != 0;
        } else if self.demand.rests_at(target) {
            self.setpoint = None;
        }
    }

    fn bounded_position(&mut self, wanted: f64, objects: &Objects) -> f64 {
        let bounded = wanted.clamp(
            objects.float(table::LOWEST_POSITION),
            objects.float(table::HIGHEST_POSITION),
        );
        self.target_cut = (wanted - bounded).abs() > 0.0;
        bounded
    }

    fn bounded_velocity(&mut self, wanted: f64, objects: &Objects) -> f64 {
        let most = bounds(objects).most_velocity(objects);
        let position = self.measured.position;
        let up = position < objects.float(table::HIGHEST_POSITION);
        let down = position > objects.float(table::LOWEST_POSITION);
        let bounded = wanted.clamp(if down { -most } else { 0.0 }, if up { most } else { 0.0 });
        self.target_cut = (wanted - bounded).abs() > 0.0;
        bounded
    }
}

impl Bounds {
    fn most_velocity(self, objects: &Objects) -> f64 {
        objects
            .float(table::MAX_PROFILE_VELOCITY)
            .min(objects.float(table::MAX_MOTOR_SPEED))
    }
}

fn bounds(objects: &Objects) -> Bounds {
    let bounds = Bounds {
        velocity: objects.float(table::PROFILE_VELOCITY),
        acceleration: objects.float(table::PROFILE_ACCELERATION),
        deceleration: objects.float(table::PROFILE_DECELERATION),
    };
    Bounds {
        velocity: bounds.velocity.min(bounds.most_velocity(objects)),
        ..bounds
    }
}

/// The gains of the dictionary; those that are 0 there by the rotor's inertia, for a velocity loop of 60 rad/s.
pub(super) fn gains(motor: &MotorState, objects: &Objects) -> Gains {
    let set = objects.float(table::VELOCITY_GAIN);
    let a_s_per_rad = if set > 0.0 {
        1e-3 * set
    } else {
        60.0 * 1.2 * motor.parameters.rotor_inertia / motor.parameters.torque_nm_per_a
    };
    let integral = objects.float(table::VELOCITY_INTEGRAL_TIME);
    Gains {
        position: 0.01 * objects.float(table::POSITION_GAIN),
        velocity: a_s_per_rad / COUNTS_PER_RAD,
        integral_s: (integral > 0.0).then_some(1e-3 * integral),
        max_velocity: objects.float(table::MAX_MOTOR_SPEED),
    }
}
