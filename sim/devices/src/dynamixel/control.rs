//! What the servo makes of its goals: profile, position and velocity loops, limits, once a millisecond.
//!
//! Gains by the manual: position P/128, I/65536, D/16, feed-forwards/4; velocity P/128, I/65536. Positions are ticks, velocities of the
//! velocity loop counts of 0.229 rev/min, the output PWM counts of which 885 are the whole supply; "the constants include the sampling time"
//! is read as: sums and differences are over steps of 1 ms. The difference of the position error is taken of the velocities, which have no
//! steps of a tick. In current-based position control the output is the current that the position loop's voltage would drive at the velocity
//! that there is, held within Goal Current.
//!
//! **Invariant:** the output is within Goal PWM and PWM Limit, a commanded current within Current Limit.

use std::f64::consts::TAU;

use servomesh_fieldbus::dynamixel::table::bits::{drive_mode, moving_status};
use servomesh_fieldbus::dynamixel::{Field, Mode};

use super::encoder::{Sense, TURN};
use super::memory::ControlTable;
use super::profile::{Bounds, Profile, VelocityRamp};
use crate::motor::{MotorCommand, MotorState};

/// The whole supply \[PWM counts\].
const WHOLE: f64 = 885.0;

/// Rev/min of a count of velocity, and rev/min² of one of acceleration.
const VELOCITY_RPM: f64 = 0.229;
const ACCELERATION_RPM2: f64 = 214.577;

/// Ticks/ms of a count of velocity, ticks/ms² of one of acceleration.
const TICKS_PER_MS: f64 = VELOCITY_RPM * TURN / 60e3;
const TICKS_PER_MS2: f64 = ACCELERATION_RPM2 * TURN / 3600e6;

/// Counts of velocity that a count of acceleration adds in a millisecond.
const VELOCITY_PER_MS: f64 = ACCELERATION_RPM2 / 60e3 / VELOCITY_RPM;

/// Ticks from the goal within which it counts as reached, and from the trajectory beyond which it counts as not followed. The manual says that
/// there are such values, not which.
const IN_POSITION: i32 = 20;
const NOT_FOLLOWING: f64 = 200.0;

/// Loops and what they remember.
#[derive(Clone, Debug, Default)]
pub(super) struct Controller {
    profile: Profile,
    ramp: VelocityRamp,
    integral: f64,
    /// The output of the last step \[PWM counts\].
    pwm: f64,
}

/// What the sensors give in the servo's own units and sense.
#[derive(Clone, Copy, Debug)]
struct Measured {
    /// \[ticks\]
    position: i32,
    /// \[counts\]
    velocity: f64,
    /// −1 if reversed.
    sign: f64,
}

impl Controller {
    /// Begins from what there is: every goal becomes what is measured, or none, so that nothing moves.
    pub(super) fn seed(&mut self, table: &mut ControlTable) {
        let position = table.get(Field::PresentPosition);
        table.set(Field::GoalPosition, position);
        table.set(Field::GoalVelocity, 0);
        match table.mode() {
            Mode::Current => table.set(Field::GoalCurrent, 0),
            Mode::Pwm => table.set(Field::GoalPwm, 0),
            _ => {}
        }
        self.profile.place(f64::from(position));
        self.ramp.place(0.0);
        (self.integral, self.pwm) = (0.0, 0.0);
    }

    /// A goal was written: a new trajectory to it begins.
    pub(super) fn aim(&mut self, table: &ControlTable, goal: Field) {
        match goal {
            Field::GoalPosition => {
                let goal = f64::from(table.get(Field::GoalPosition));
                self.profile.aim(goal, bounds(table));
            }
            Field::GoalVelocity => {
                let goal = f64::from(table.get(Field::GoalVelocity));
                let acceleration = f64::from(table.get(Field::ProfileAcceleration));
                let a_step = if table.has(Field::DriveMode, drive_mode::TIME_BASED_PROFILE) {
                    let way = (goal - self.ramp.velocity()).abs();
                    if acceleration > 0.0 {
                        way / acceleration
                    } else {
                        0.0
                    }
                } else {
                    acceleration * VELOCITY_PER_MS
                };
                self.ramp.aim(goal, a_step);
            }
            _ => {}
        }
    }

    /// The bus has gone silent: it stops and holds where that is possible.
    pub(super) fn halt(&mut self, table: &mut ControlTable) {
        table.set(Field::ProfileAcceleration, 0);
        table.set(Field::ProfileVelocity, 0);
        self.seed(table);
    }

    /// A step with the torque on: what the motor shall do.
    pub(super) fn drive(&mut self, table: &mut ControlTable, motor: &MotorState) -> MotorCommand {
        let measured = Measured::of(table, motor);
        let limit = table.get(Field::GoalPwm).abs().min(table.get(Field::PwmLimit));
        let limit = f64::from(limit);
        let command = match table.mode() {
            Mode::Pwm => self.duty(
                table,
                motor,
                measured,
                f64::from(table.get(Field::GoalPwm)),
                limit,
            ),
            Mode::Velocity => {
                let wanted = self.velocity_loop(table, measured, limit);
                self.duty(table, motor, measured, wanted, limit)
            }
            Mode::Position | Mode::ExtendedPosition => {
                let wanted = self.position_loop(table, measured, limit);
                self.duty(table, motor, measured, wanted, limit)
            }
            Mode::CurrentBasedPosition => {
                let wanted = self.position_loop(table, measured, limit) / WHOLE;
                let emf_v = measured.sign * motor.parameters.back_emf_v_s_per_rad * motor.velocity;
                let driven_a = (motor.voltage_v * wanted - emf_v) / motor.parameters.resistance_ohm;
                let bound = table
                    .si(Field::GoalCurrent)
                    .abs()
                    .min(table.si(Field::CurrentLimit));
                self.current(motor, measured, driven_a.clamp(-bound, bound), limit)
            }
            Mode::Current => {
                let bound = table.si(Field::CurrentLimit);
                let current_a = table.si(Field::GoalCurrent).clamp(-bound, bound);
                self.current(motor, measured, current_a, limit)
            }
        };
        self.publish(table, measured, self.pwm);
        command
    }

    /// A step with the torque off: trajectories follow what is measured.
    pub(super) fn idle(&mut self, table: &mut ControlTable, motor: &MotorState) {
        let measured = Measured::of(table, motor);
        self.profile.place(f64::from(measured.position));
        self.ramp.place(0.0);
        (self.integral, self.pwm) = (0.0, 0.0);
        self.publish(table, measured, 0.0);
    }

    /// Whether the output is as high as it may be: the motor is asked for all that it has.
    pub(super) fn is_at_its_limit(&self, table: &ControlTable) -> bool {
        let limit = table.get(Field::GoalPwm).abs().min(table.get(Field::PwmLimit));
        limit > 0 && self.pwm.abs() >= 0.98 * f64::from(limit)
    }

    fn position_loop(&mut self, table: &ControlTable, measured: Measured, limit: f64) -> f64 {
        let gain = |field, scale: f64| f64::from(table.get(field)) / scale;
        let point = self.profile.step();
        let error = point.position - f64::from(measured.position);
        let error_rate = point.velocity - measured.velocity * TICKS_PER_MS;
        let without_sum = gain(Field::PositionPGain, 128.0) * error
            + gain(Field::PositionDGain, 16.0) * error_rate
            + gain(Field::FeedforwardFirstGain, 4.0) * point.velocity
            + gain(Field::FeedforwardSecondGain, 4.0) * point.acceleration;
        self.summed(gain(Field::PositionIGain, 65536.0) * error, without_sum, limit)
    }

    fn velocity_loop(&mut self, table: &ControlTable, measured: Measured, limit: f64) -> f64 {
        let gain = |field, scale: f64| f64::from(table.get(field)) / scale;
        let error = self.ramp.step() - measured.velocity;
        let without_sum = gain(Field::VelocityPGain, 128.0) * error;
        self.summed(gain(Field::VelocityIGain, 65536.0) * error, without_sum, limit)
    }

    /// Adds to the sum, but not to go further beyond the limit.
    fn summed(&mut self, more: f64, without_sum: f64, limit: f64) -> f64 {
        let wanted = without_sum + self.integral + more;
        if wanted.abs() <= limit || wanted * more <= 0.0 {
            self.integral += more;
        }
        wanted
    }

    /// A share of the supply, within its limit, changing no faster than PWM Slope.
    fn duty(
        &mut self,
        table: &ControlTable,
        motor: &MotorState,
        measured: Measured,
        wanted: f64,
        limit: f64,
    ) -> MotorCommand {
        let wanted = wanted.clamp(-limit, limit);
        self.pwm = match table.si(Field::PwmSlope) {
            slope if slope > 0.0 && motor.voltage_v > 0.0 => {
                let most = slope * 1e-3 / motor.voltage_v * WHOLE;
                wanted.clamp(self.pwm - most, self.pwm + most)
            }
            _ => wanted,
        };
        MotorCommand::Duty(measured.sign * self.pwm / WHOLE)
    }

    /// A current in the servo's own sense, as far as the voltage that it needs is within the limit.
    fn current(
        &mut self,
        motor: &MotorState,
        measured: Measured,
        current_a: f64,
        limit: f64,
    ) -> MotorCommand {
        let emf_v = measured.sign * motor.parameters.back_emf_v_s_per_rad * motor.velocity;
        let needed_v = current_a * motor.parameters.resistance_ohm + emf_v;
        let pwm = if motor.voltage_v > 0.0 {
            needed_v / motor.voltage_v * WHOLE
        } else {
            0.0
        };
        self.pwm = pwm.clamp(-limit, limit);
        if pwm.abs() <= limit {
            MotorCommand::Current(measured.sign * current_a)
        } else {
            MotorCommand::Duty(measured.sign * self.pwm / WHOLE)
        }
    }

    /// What a master can read of the motion.
    fn publish(&self, table: &mut ControlTable, measured: Measured, pwm: f64) {
        let whole = |value: f64| value.round() as i32;
        let mode = table.mode();
        let torque = table.get(Field::TorqueEnable) != 0;
        let positions = matches!(
            mode,
            Mode::Position | Mode::ExtendedPosition | Mode::CurrentBasedPosition
        );
        let point = self.profile.point();
        let (ongoing, velocity) = match mode {
            Mode::Velocity => (self.ramp.is_ongoing(), self.ramp.velocity()),
            _ if positions => (self.profile.is_ongoing(), point.velocity / TICKS_PER_MS),
            _ => (false, 0.0),
        };
        let ongoing = torque && ongoing;
        let mut status = 0;
        if ongoing {
            status |= moving_status::PROFILE_ONGOING;
        }
        if torque && positions {
            status |= self.profile.shape();
            if (table.get(Field::GoalPosition) - measured.position).abs() <= IN_POSITION {
                status |= moving_status::IN_POSITION;
            }
            if (point.position - f64::from(measured.position)).abs() > NOT_FOLLOWING {
                status |= moving_status::FOLLOWING_ERROR;
            }
        }
        let moving = ongoing || whole(measured.velocity).abs() > table.get(Field::MovingThreshold);
        table.set(Field::PresentPwm, whole(pwm));
        table.set(Field::PresentLoad, whole(pwm / WHOLE * 1000.0));
        table.set(Field::PresentVelocity, whole(measured.velocity));
        table.set(Field::VelocityTrajectory, whole(velocity));
        table.set(Field::PositionTrajectory, whole(point.position));
        table.set(Field::Moving, i32::from(moving));
        table.set(Field::MovingStatus, i32::from(status));
    }
}

impl Measured {
    fn of(table: &ControlTable, motor: &MotorState) -> Self {
        let sign = Sense::of(table).sign();
        Self {
            position: table.get(Field::PresentPosition),
            velocity: sign * motor.velocity * 60.0 / TAU / VELOCITY_RPM,
            sign,
        }
    }
}

impl Sense {
    /// What the control table says.
    pub(super) fn of(table: &ControlTable) -> Self {
        let offset = table.get(Field::HomingOffset);
        // In position control an offset beyond a quarter of a turn is ignored.
        let applies = table.mode() != Mode::Position || offset.abs() <= 1024;
        Self {
            reverse: table.has(Field::DriveMode, drive_mode::REVERSE),
            offset: if applies { offset } else { 0 },
        }
    }

    fn sign(self) -> f64 {
        if self.reverse { -1.0 } else { 1.0 }
    }
}

fn bounds(table: &ControlTable) -> Bounds {
    let velocity = f64::from(table.get(Field::ProfileVelocity));
    let acceleration = f64::from(table.get(Field::ProfileAcceleration));
    if table.has(Field::DriveMode, drive_mode::TIME_BASED_PROFILE) {
        Bounds::Time {
            whole: velocity,
            acceleration,
        }
    } else {
        let limit = f64::from(table.get(Field::VelocityLimit));
        Bounds::Velocity {
            velocity: velocity.min(limit) * TICKS_PER_MS,
            acceleration: acceleration * TICKS_PER_MS2,
        }
    }
}
