//! What a device reads of its motor and tells it, and what motors there are: one on a bench, and the joints of a machine.
//!
//! Positions and velocities are those of the servo's output, in its own sense of rotation; whichever way it is mounted is not its business.

mod free;
mod machine;
mod terminals;

use servomesh_sim::DriveState;
use servomesh_sim::servo::parameters::ServoParameters;
use servomesh_types::Stamp;
use std::f64::consts::TAU;

pub use free::FreeMotor;
pub use machine::{JointMotor, Machine};
pub use terminals::TerminalMotor;

/// A motor behind a device, in steps of 1 ms.
pub trait Motor: Send {
    /// Its state at `now`: it has gone on as it was commanded up to there. `now` never lies before the last one.
    fn state(&mut self, now: Stamp) -> MotorState;

    /// Tells it what to do from `now` on.
    ///
    /// # Panics
    /// If the command is not finite.
    fn command(&mut self, now: Stamp, command: MotorCommand);
}

/// What a device's sensors see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotorState {
    /// Position of the output from the sensor's zero \[rad\], counted over all turns ever made. A sensor that knows one turn only forgets
    /// whole turns when it loses power.
    pub position: f64,
    /// Velocity of the output \[rad/s\].
    pub velocity: f64,
    /// The current that flows \[A\].
    pub current_a: f64,
    /// Voltage of the supply at its terminals \[V\].
    pub voltage_v: f64,
    /// Temperature of the winding \[°C\].
    pub winding_degc: f64,
    /// Temperature of the housing \[°C\], which is what most servos measure.
    pub housing_degc: f64,
    /// Whether the bridge drives as commanded. It does not while it is told to be off, and after its own protection (supply outside of its
    /// window, winding too hot) has switched it off, until it was told to be off.
    pub drives: bool,
    /// What it is made of.
    pub parameters: MotorParameters,
}

/// Constants of a motor with its gear, seen at the output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MotorParameters {
    /// Torque for each ampere, before losses \[N·m/A\].
    pub torque_nm_per_a: f64,
    /// Back-EMF for each rad/s \[V·s/rad\].
    pub back_emf_v_s_per_rad: f64,
    /// Resistance of the winding at 25 °C \[Ω\].
    pub resistance_ohm: f64,
    /// Inertia of the rotor \[kg·m²\].
    pub rotor_inertia: f64,
    /// The most current that its electronics let flow \[A\].
    pub max_current_a: f64,
}

/// How a joint is mounted, as a device sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Mounting {
    /// Whether its joint turns.
    rotary: bool,
    /// How far the servo's output turns for each unit of the joint \[1, rad/m\].
    ratio: f64,
}

impl MotorState {
    /// What the sensors of a device see of a joint's servo; `velocity` is the joint's.
    fn of(drive: &DriveState, velocity: f64, servo: &ServoParameters, mounting: Mounting) -> Self {
        let Mounting { rotary, ratio } = mounting;
        let turn = if rotary { TAU } else { 1.0 };
        let direction = if servo.reversed { -1.0 } else { 1.0 };
        Self {
            position: ratio * (drive.ticks.0 as f64 + 0.5) * turn / servo.encoder_ticks,
            velocity: ratio * direction * velocity,
            current_a: drive.current_a,
            voltage_v: drive.bus_voltage_v,
            winding_degc: drive.winding_degc,
            housing_degc: drive.housing_degc,
            drives: drive.enabled,
            parameters: MotorParameters::new(servo, ratio),
        }
    }
}

impl MotorParameters {
    /// Those of a simulated servo; `ratio` is how far its output turns for each unit of the joint \[1, rad/m\].
    pub fn new(servo: &ServoParameters, ratio: f64) -> Self {
        Self {
            torque_nm_per_a: servo.effort_per_ampere() / ratio,
            back_emf_v_s_per_rad: servo.back_emf_v_s_per_rad() * servo.gear_ratio / ratio,
            resistance_ohm: servo.resistance_ohm,
            rotor_inertia: servo.reflected_inertia() / (ratio * ratio),
            max_current_a: servo.max_current_a,
        }
    }
}

/// What a motor shall do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MotorCommand {
    /// No torque: the bridge is open.
    Off,
    /// A current \[A\], held within what motor and supply allow.
    Current(f64),
    /// A share of the supply's voltage at the winding, −1 to 1; 0 shorts the winding, which brakes.
    Duty(f64),
}

impl MotorCommand {
    /// Whether its figure is finite.
    pub fn is_finite(self) -> bool {
        match self {
            Self::Off => true,
            Self::Current(figure) | Self::Duty(figure) => figure.is_finite(),
        }
    }
}
