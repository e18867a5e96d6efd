//! A servo on a bench: its output turns a flywheel, against a constant load.
//!
//! `(J + dt·d)·Δv = dt·(τ − τ_load)`, where the servo's torque τ falls by d for each rad/s gained (a linearly implicit step of 1 ms).

use std::f64::consts::TAU;
use std::time::Duration;

use servomesh_sim::plant::PERIOD;
use servomesh_sim::servo::drive::{Drive, DriveCommand};
use servomesh_sim::servo::parameters::ServoParameters;
use servomesh_sim::{DataSheet, SimError};
use servomesh_types::Stamp;

use super::{Motor, MotorCommand, MotorParameters, MotorState};

/// A servo that moves nothing but a flywheel.
#[derive(Clone, Debug)]
pub struct FreeMotor {
    drive: Drive,
    inertia: f64,
    load: f64,
    position: f64,
    velocity: f64,
    now: Option<Stamp>,
    command: MotorCommand,
}

impl FreeMotor {
    /// A servo at rest at `position` \[rad\] that turns a flywheel of `inertia` \[kg·m²\] besides its own rotor.
    pub fn new(servo: &ServoParameters, inertia: f64, position: f64) -> Self {
        let mut drive = Drive::new(servo, true, position);
        drive.set_watchdog(Duration::MAX);
        Self {
            drive,
            inertia: inertia + servo.armature(),
            load: 0.0,
            position,
            velocity: 0.0,
            now: None,
            command: MotorCommand::Off,
        }
    }

    /// ROBOTIS' XM430-W350 at 12 V, with a flywheel of 2 g·m², at rest half a turn from its sensor's zero.
    pub fn xm430() -> Self {
        Self::xm430_with(0.002, 0.5 * TAU)
    }

    /// The same with a flywheel of `inertia` \[kg·m²\], at rest at `position` \[rad\].
    pub fn xm430_with(inertia: f64, position: f64) -> Self {
        let sheet = include_str!("../../../servos/xm430_w350.yaml");
        Self::new(&servo_of(sheet), inertia, position)
    }

    /// FEETECH's STS3215 at 12 V, with a flywheel of `inertia` \[kg·m²\], at rest at `position` \[rad\].
    pub fn sts3215_with(inertia: f64, position: f64) -> Self {
        let sheet = include_str!("../../../servos/sts3215.yaml");
        Self::new(&servo_of(sheet), inertia, position)
    }

    /// Hitec's HS-311 at 6 V, with a flywheel of `inertia` \[kg·m²\], at rest at `position` \[rad\].
    pub fn hs311_with(inertia: f64, position: f64) -> Self {
        let sheet = include_str!("../../../servos/hs_311.yaml");
        Self::new(&servo_of(sheet), inertia, position)
    }

    /// Sets the torque that it has to hold against \[N·m\], positive where it turns the output backwards.
    pub fn set_load(&mut self, torque: f64) {
        self.load = torque;
    }

    /// Moves the output to `position` \[rad\] by hand; it is at rest there.
    pub fn place(&mut self, position: f64) {
        (self.position, self.velocity) = (position, 0.0);
        self.drive.place(position);
    }

    fn step(&mut self, now: Stamp) {
        let dt_s = PERIOD.as_secs_f64();
        match self.command {
            MotorCommand::Off => self.drive.command(now, OFF),
            MotorCommand::Current(current_a) => {
                let enable = true;
                self.drive.command(now, DriveCommand { enable, current_a });
            }
            MotorCommand::Duty(duty) => self.drive.command_duty(now, duty),
        }
        let servo = self.drive.react(now, self.position, self.velocity, dt_s);
        self.velocity += dt_s * (servo.effort - self.load) / (self.inertia + dt_s * servo.damping);
        self.position += dt_s * self.velocity;
        self.drive.settle(self.position, self.velocity);
    }
}

impl Motor for FreeMotor {
    fn state(&mut self, now: Stamp) -> MotorState {
        let mut reached = *self.now.get_or_insert(now);
        while reached + PERIOD <= now {
            self.step(reached);
            reached = reached + PERIOD;
        }
        self.now = Some(reached);
        let state = self.drive.state();
        let servo = self.drive.parameters();
        MotorState {
            position: (state.ticks.0 as f64 + 0.5) * TAU / servo.encoder_ticks,
            velocity: if servo.reversed {
                -self.velocity
            } else {
                self.velocity
            },
            current_a: state.current_a,
            voltage_v: state.bus_voltage_v,
            winding_degc: state.winding_degc,
            housing_degc: state.housing_degc,
            drives: state.enabled,
            parameters: MotorParameters::new(servo, 1.0),
        }
    }

    fn command(&mut self, _now: Stamp, command: MotorCommand) {
        assert!(command.is_finite(), "a device drives with {command:?}");
        self.command = command;
    }
}

fn servo_of(sheet: &str) -> ServoParameters {
    let sheet: Result<DataSheet, SimError> = DataSheet::from_yaml_str(sheet);
    sheet.expect("each sheet is read by a test of its own").servo
}

const OFF: DriveCommand = DriveCommand {
    enable: false,
    current_a: 0.0,
};

#[cfg(test)]
mod tests {
    use super::*;

    fn run(motor: &mut FreeMotor, command: MotorCommand, milliseconds: i64) -> MotorState {
        let begin = motor.now.unwrap_or(Stamp::ZERO);
        motor.command(begin, command);
        motor.state(begin);
        motor.state(begin + Duration::from_millis(milliseconds.unsigned_abs()))
    }

    #[test]
    fn at_full_duty_it_runs_as_fast_as_its_sheet_says() {
        let mut motor = FreeMotor::xm430();
        let state = run(&mut motor, MotorCommand::Duty(1.0), 2000);
        assert!((state.velocity - 4.817).abs() < 0.05 * 4.817, "{state:?}");
        assert!(state.drives);
        let back = run(&mut motor, MotorCommand::Duty(-0.5), 2000);
        assert!(
            back.velocity < -0.4 * 4.817 && back.velocity > -0.6 * 4.817,
            "{back:?}"
        );
    }

    #[test]
    fn a_shorted_winding_brakes_and_an_open_one_coasts() {
        let speed_after = |command| {
            let mut motor = FreeMotor::xm430();
            run(&mut motor, MotorCommand::Duty(1.0), 1000);
            run(&mut motor, command, 10).velocity
        };
        let (shorted, open) = (
            speed_after(MotorCommand::Duty(0.0)),
            speed_after(MotorCommand::Off),
        );
        assert!(shorted < 0.6 * open, "{shorted} rad/s, {open} rad/s");
    }

    #[test]
    fn a_current_holds_the_load_that_its_torque_is_for() {
        let mut motor = FreeMotor::xm430();
        motor.set_load(1.0);
        let state = run(&mut motor, MotorCommand::Off, 1);
        let current_a = 1.0 / state.parameters.torque_nm_per_a;
        let held = run(&mut motor, MotorCommand::Current(current_a), 500);
        assert!((held.current_a - current_a).abs() < 1e-3, "{held:?}");
        // Friction and losses of the gear help it to stay.
        assert!((held.position - state.position).abs() < 0.02, "{held:?}");
    }
}
