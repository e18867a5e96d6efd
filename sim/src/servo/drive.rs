//! The drive of one servo, with its motor, gear, brake and encoder: what it does with a command in a step, and what it reports.
//!
//! A step has two halves: [`react`](Drive::react) says what the joint feels while its speed at the end is not known, and
//! [`settle`](Drive::settle) ends it. When the drive drives, brakes and gives up is decided in [`modes`](super::modes).

use std::time::Duration;

use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

use crate::servo::Reaction;
use crate::servo::brake::Brake;
use crate::servo::conditions::Conditions;
use crate::servo::encoder::{Encoder, Scale, Side, Ticks};
use crate::servo::energy::Energy;
use crate::servo::gearbox::{Acting, Gearbox};
use crate::servo::heat::Heat;
use crate::servo::modes::{Known, Mode, Modes, Target};
pub use crate::servo::modes::{STOPPING_LIMIT, WATCHDOG};
use crate::servo::motor::{Electrics, Flow, Motor};
use crate::servo::parameters::ServoParameters;

/// What a jammed gear holds, as a multiple of the motor's own effort.
const JAM: f64 = 20.0;

/// What a drive is told.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriveCommand {
    /// Whether it shall drive; `false` takes torque off, engages the brake and acknowledges faults.
    pub enable: bool,
    /// The current that shall flow (A); held within the drive's limit.
    pub current_a: f64,
}

/// What a drive reports.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriveState {
    /// What the encoder counts.
    pub ticks: Ticks,
    /// The position in the middle of that tick (rad, m).
    pub position: f64,
    /// The current that flows (A).
    pub current_a: f64,
    /// The most that it would let flow now (A).
    pub current_limit_a: f64,
    /// The voltage of the drive's supply (V).
    pub bus_voltage_v: f64,
    /// The winding's temperature (°C).
    pub winding_degc: f64,
    /// The housing's temperature (°C).
    pub housing_degc: f64,
    /// Whether it drives the commanded current.
    pub enabled: bool,
    /// Whether the brake holds.
    pub brake_engaged: bool,
    /// A latched fault.
    pub fault: Option<DriveFault>,
}

/// A drive with its motor, gear, brake and encoder.
#[derive(Debug, Clone)]
pub struct Drive {
    parameters: ServoParameters,
    conditions: Conditions,
    modes: Modes,
    bus_voltage_v: f64,
    motor: Motor,
    heat: Heat,
    gearbox: Gearbox,
    brake: Brake,
    jam: Brake,
    encoder: Encoder,
    energy: Energy,
    position: f64,
    /// A step that [`react`](Self::react) began.
    step: Option<Step>,
    power_w: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    dt_s: f64,
    electrics: Electrics,
    flow: Flow,
    /// Of the rotor, before (rad/s at the motor).
    turns: f64,
}

impl Drive {
    /// A drive that is off, at `position`. `rotary` says whether encoder ticks are counted for each turn or for each metre.
    pub fn new(parameters: &ServoParameters, rotary: bool, position: f64) -> Self {
        let turn = if rotary { std::f64::consts::TAU } else { 1.0 };
        let direction = if parameters.reversed { -1.0 } else { 1.0 };
        let scale = Scale {
            ticks_per_unit: direction * parameters.encoder_ticks / turn,
            zero: parameters.offset,
        };
        let strongest = parameters.effort_per_ampere() * parameters.max_current_a;
        let mut jam = Brake::new(JAM * strongest, position);
        jam.release();
        Self {
            parameters: *parameters,
            conditions: Conditions::default(),
            modes: Modes::off(),
            bus_voltage_v: parameters.supply_voltage_v,
            motor: Motor::default(),
            heat: Heat::cold(),
            gearbox: Gearbox::new(parameters.gear(), position),
            brake: Brake::new(parameters.brake, position),
            jam,
            encoder: Encoder::new(parameters.encoder, scale, position),
            energy: Energy::default(),
            position,
            step: None,
            power_w: 0.0,
        }
    }

    /// The data it was made from.
    pub fn parameters(&self) -> &ServoParameters {
        &self.parameters
    }

    /// Sets how long it drives on without a command.
    pub fn set_watchdog(&mut self, timeout: Duration) {
        self.modes.set_watchdog(timeout);
    }

    /// Seeds what is random in it; `stream` tells it from other drives of the same seed.
    pub fn seed(&mut self, seed: u64, stream: u64) {
        self.encoder.seed(seed, stream);
    }

    /// Sets the voltage at its terminals (V).
    pub fn set_bus_voltage(&mut self, voltage_v: f64) {
        self.bus_voltage_v = voltage_v;
    }

    /// Tells it what is wrong with it and around it from now on.
    pub fn set_conditions(&mut self, conditions: Conditions) {
        self.encoder.set_conditions(conditions.encoder);
        if conditions.jammed {
            self.jam.engage(self.gearbox.rotor(self.position, 0.0).0);
        } else {
            self.jam.release();
        }
        self.conditions = conditions;
    }

    /// What is wrong with it and around it.
    pub fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// Puts it at rest at `position`.
    pub fn place(&mut self, position: f64) {
        self.position = position;
        self.step = None;
        self.gearbox.place(position);
        self.encoder.place(position);
        for brake in [&mut self.brake, &mut self.jam] {
            if brake.is_engaged() {
                brake.release();
                brake.engage(position);
            }
        }
    }

    /// Takes a command that arrives at `now`. Its current must be finite. A silent drive does not hear it.
    pub fn command(&mut self, now: Stamp, command: DriveCommand) {
        let target = Target::Current(self.direction() * command.current_a);
        self.aim(now, command.enable.then_some(target));
    }

    /// Takes the command to drive with a share of the supply's voltage, −1 to 1, whatever current that makes flow up to the limit. It must be
    /// finite. A silent drive does not hear it.
    pub fn command_duty(&mut self, now: Stamp, duty: f64) {
        let duty = self.direction() * duty.clamp(-1.0, 1.0);
        self.aim(now, Some(Target::Duty(duty)));
    }

    fn aim(&mut self, now: Stamp, target: Option<Target>) {
        if !self.conditions.silent {
            self.modes
                .command(now, target, &self.parameters, self.heat.winding_degc());
        }
    }

    /// The effort of the servo on its joint for the coming step of `dt_s` from `now`. [`settle`](Self::settle) ends the step.
    pub fn react(&mut self, now: Stamp, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        self.settle(position, velocity);
        let known = Known {
            velocity,
            winding_degc: self.heat.winding_degc(),
            bus_voltage_v: self.bus_voltage_v,
        };
        self.modes.supervise(now, &self.parameters, &known);
        let (angle, speed) = self.gearbox.rotor(position, velocity);
        let electrics = self.electrics(angle);
        let turns = self.parameters.gear_ratio * speed;
        let flow = self.drive_motor(&electrics, angle, turns, dt_s);
        let per_ampere = self.parameters.effort_per_ampere() * self.phases(angle);
        let motor = Reaction {
            effort: per_ampere * flow.current_a,
            damping: per_ampere * self.parameters.gear_ratio * flow.droop_a_s_per_rad,
        };
        self.step = Some(Step {
            dt_s,
            electrics,
            flow,
            turns,
        });
        let acting = Acting {
            motor,
            held: self.brake.reaction(angle, speed, dt_s) + self.jam.reaction(angle, speed, dt_s),
            friction: self.parameters.friction.scaled(self.conditions.friction_factor),
            dry: self.ripple(angle),
        };
        self.gearbox.react(&acting, position, velocity, dt_s)
    }

    /// Ends the step with where the joint is then: what has become of the energy, and what the encoder sees. Does nothing twice.
    pub fn settle(&mut self, position: f64, velocity: f64) {
        let Some(step) = self.step.take() else {
            return;
        };
        let Step { dt_s, turns, .. } = step;
        self.position = position;
        let work = self.gearbox.settle(velocity);
        let (angle, speed) = self.gearbox.rotor(position, velocity);
        let gained = self.parameters.gear_ratio * speed - turns;
        let spent = self.motor.finish(&step.electrics, &step.flow, turns, gained);
        self.power_w = spent.electric_j / dt_s + self.parameters.standby_w;
        self.energy.standby_j += self.parameters.standby_w * dt_s;
        self.energy.electric_j += spent.electric_j;
        self.energy.copper_j += spent.copper_j;
        self.energy.friction_j += work.lost_j;
        self.energy.mechanical_j += work.to_joint_j;
        self.heat.warm(
            &self.parameters.thermal,
            spent.copper_j,
            work.lost_j,
            self.conditions.ambient_degc,
            dt_s,
        );
        let seen = match self.encoder.side() {
            Side::Joint => position,
            Side::Motor => angle,
        };
        self.encoder.sample(seen, dt_s);
    }

    fn electrics(&self, angle: f64) -> Electrics {
        let servo = &self.parameters;
        Electrics {
            resistance_ohm: self.heat.resistance_ohm(servo.resistance_ohm),
            inductance_h: servo.inductance_h,
            back_emf_v_s_per_rad: servo.back_emf_v_s_per_rad() * self.phases(angle),
        }
    }

    /// Runs the motor for a step, with its rotor at `angle` (joint units) and `turns` (rad/s at the motor).
    fn drive_motor(&mut self, electrics: &Electrics, angle: f64, turns: f64, dt_s: f64) -> Flow {
        let limit_a = self.current_limit_a();
        let limit_v = self.parameters.voltage_gain * self.bus_voltage_v;
        let (target_a, limit_v) = match self.modes.mode() {
            Mode::Off => {
                self.brake.engage(angle);
                return self.motor.open(electrics.inductance_h, dt_s);
            }
            Mode::Driving {
                target: Target::Current(target_a),
            } => (target_a, limit_v),
            // All the current there may be, with no more voltage than this: so this is the voltage.
            Mode::Driving {
                target: Target::Duty(duty),
            } => (limit_a.copysign(duty), duty.abs() * limit_v),
            Mode::Stopping { .. } => {
                let shorted_a = -electrics.back_emf_v_s_per_rad * turns / electrics.resistance_ohm;
                (shorted_a, limit_v)
            }
        };
        self.brake.release();
        if self.conditions.phase_lost && self.parameters.pole_pairs == 0 {
            return self.motor.open(electrics.inductance_h, dt_s);
        }
        let target_a = target_a.clamp(-limit_a, limit_a);
        self.motor.regulate(electrics, turns, target_a, limit_v, dt_s)
    }

    /// The share of the motor's constants that is left: with one of three phases open, what remains is a single-phase machine, whose
    /// torque (and back-EMF) goes with cos² of the electrical angle.
    fn phases(&self, angle: f64) -> f64 {
        if self.conditions.phase_lost && self.parameters.pole_pairs > 0 {
            let electrical = f64::from(self.parameters.pole_pairs) * self.parameters.gear_ratio * angle;
            electrical.cos() * electrical.cos()
        } else {
            1.0
        }
    }

    /// Dry friction of a damaged tooth.
    fn ripple(&self, angle: f64) -> f64 {
        let peak = self.conditions.ripple;
        if peak > 0.0 {
            0.5 * peak * (1.0 + (self.parameters.gear_ratio * angle).cos())
        } else {
            0.0
        }
    }

    fn direction(&self) -> f64 {
        if self.parameters.reversed { -1.0 } else { 1.0 }
    }

    fn current_limit_a(&self) -> f64 {
        let share = self.parameters.thermal.current_share(self.heat.winding_degc());
        share * self.parameters.max_current_a
    }

    /// The motor's effort at the joint, before the gearbox's losses (N·m, N).
    pub fn motor_effort(&self) -> f64 {
        self.parameters.effort_per_ampere() * self.phases(self.position) * self.motor.current_a()
    }

    /// The electric power that it took in the last step, electronics included (W).
    pub fn power_w(&self) -> f64 {
        self.power_w
    }

    /// Where its energy went.
    pub fn energy(&self) -> Energy {
        let field_j = self.motor.stored_j(self.parameters.inductance_h);
        Energy {
            stored_j: field_j + self.gearbox.stored_j(self.position),
            ..self.energy
        }
    }

    /// Angle of the rotor, in the joint's unit: the joint's position, but for the gear's play.
    pub fn rotor_angle(&self) -> f64 {
        self.gearbox.rotor(self.position, 0.0).0
    }

    /// What it reports.
    pub fn state(&self) -> DriveState {
        let ticks = self.encoder.ticks();
        DriveState {
            ticks,
            position: self.encoder.position(ticks),
            current_a: self.direction() * self.motor.current_a(),
            current_limit_a: self.current_limit_a(),
            bus_voltage_v: self.bus_voltage_v,
            winding_degc: self.heat.winding_degc(),
            housing_degc: self.heat.housing_degc(),
            enabled: matches!(self.modes.mode(), Mode::Driving { .. }),
            brake_engaged: self.brake.is_engaged(),
            fault: self.modes.fault(),
        }
    }
}
