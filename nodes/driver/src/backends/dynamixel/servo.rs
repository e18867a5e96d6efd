//! What is known of one servo.

use super::layout::{Reading, goal_registers};
use super::settings::ServoSettings;
use super::setup::Setup;
use crate::backends::problem::Problem;
use crate::backends::serial::{Known, Member};
use crate::bus::Ticks;
use servomesh_fieldbus::dynamixel::table::bits::{Alarm, Alarms};
use servomesh_fieldbus::dynamixel::{Field, Id, Mode, Model};
use servomesh_types::fault::DriveFault;
use servomesh_types::{JointVec, Stamp};

/// One servo of a group.
#[derive(Debug)]
pub struct Servo {
    pub(super) settings: ServoSettings,
    pub(super) id: Id,
    pub(super) model: Option<&'static Model>,
    pub(super) setup: Setup,
    pub(super) known: Known,
    pub(super) hardware_error: u8,
    pub(super) watchdog: u8,
}

/// What the register of the bus watchdog holds once it has tripped: −1.
pub(super) const TRIPPED: u8 = 0xFF;

impl Servo {
    /// A servo that nothing is known of. `id` is that of its settings.
    pub(super) fn new(settings: ServoSettings, id: Id) -> Self {
        Self {
            settings,
            id,
            model: None,
            setup: Setup::default(),
            known: Known::default(),
            hardware_error: 0,
            watchdog: 0,
        }
    }

    /// Where the row of what is read begins.
    pub(super) fn row(&self) -> u16 {
        self.indirect().1
    }

    /// Where its indirect addresses begin.
    pub(super) fn indirect_addresses(&self) -> u16 {
        self.indirect().0
    }

    /// Where its indirect addresses and their data begin.
    fn indirect(&self) -> (u16, u16) {
        let pair = self.model.and_then(|model| model.indirect_pair(0));
        pair.unwrap_or_default()
    }

    /// Takes what a block says. `armed` is what the watchdog should hold.
    ///
    /// Says whether it was believed: a servo whose watchdog is not what it was set to has been started anew, and its row holds zeros.
    pub(super) fn take(&mut self, sampled: Stamp, reading: &Reading, armed: u8) -> bool {
        if reading.watchdog != armed && reading.watchdog != TRIPPED {
            return false;
        }
        let Some(model) = self.model else { return false };
        self.known.sampled = Some(sampled);
        self.watchdog = reading.watchdog;
        self.known.ticks = Ticks(reading.position.into());
        self.known.current_a = model
            .current_a
            .map_or(0.0, |per_count| f64::from(reading.current) * per_count);
        if let Some(torque) = reading.torque {
            self.known.torque = torque;
        }
        if let Some(error) = reading.hardware_error {
            self.hardware_error = error;
        }
        if let Some(counts) = reading.temperature {
            self.known.temperature_degc = f64::from(counts);
        }
        if let Some(counts) = reading.voltage {
            self.known.voltage_v = 0.1 * f64::from(counts);
        }
        true
    }

    /// Its goal as bytes of the registers that [`goal_registers`] names.
    pub(super) fn goal(&self, goals: Goal<'_>, joint: usize) -> Option<arrayvec::ArrayVec<u8, 6>> {
        let model = self.model?;
        let mut bytes = arrayvec::ArrayVec::new();
        let mut put = |field: Field, value: f64| {
            let register = model.register(field)?;
            let counts = value.round().clamp(register.min.into(), register.max.into()) as i32;
            let size = usize::from(field.size());
            bytes.try_extend_from_slice(&counts.to_le_bytes()[..size]).ok()
        };
        let per_count = |field: Field| {
            model
                .register(field)
                .map_or(1.0, |register| register.scale.per_count)
        };
        let current = goals.current_a.get(joint)? / model.current_a.unwrap_or(1.0);
        let position = *goals.position_ticks.get(joint)?;
        let turns_per_tick = std::f64::consts::TAU / f64::from(model.ticks_per_turn);
        let velocity = goals.velocity_ticks_per_s.get(joint)? * turns_per_tick;
        match self.settings.mode {
            Mode::Current => put(Field::GoalCurrent, current)?,
            Mode::Velocity => put(Field::GoalVelocity, velocity / per_count(Field::GoalVelocity))?,
            Mode::Position | Mode::ExtendedPosition => put(Field::GoalPosition, position)?,
            Mode::CurrentBasedPosition => {
                put(Field::GoalCurrent, current.abs())?;
                put(Field::GoalPosition, position)?;
            }
            Mode::Pwm => {
                let volts = self.voltage_for(*goals.current_a.get(joint)?, velocity);
                put(
                    Field::GoalPwm,
                    volts / self.known.voltage_v.max(1.0) / per_count(Field::GoalPwm),
                )?;
            }
        }
        Some(bytes)
    }

    /// The voltage that drives a current through the motor at an output velocity: R·i + Ke·ω, with R and Ke from the manual's stall and
    /// no-load figures.
    fn voltage_for(&self, current_a: f64, velocity: f64) -> f64 {
        let Some(model) = self.model else { return 0.0 };
        let motor = &model.motor;
        let resistance = motor.voltage_v / motor.stall_current_a;
        let back_emf = motor.voltage_v / motor.no_load_velocity;
        resistance * current_a + back_emf * velocity
    }

    /// Where its goal is written, and how many bytes.
    pub(super) fn goal_registers(&self) -> (u16, u16) {
        goal_registers(self.settings.mode, self.row())
    }
}

impl Member for Servo {
    fn known(&self) -> &Known {
        &self.known
    }

    fn known_mut(&mut self) -> &mut Known {
        &mut self.known
    }

    fn is_set_up(&self) -> bool {
        self.setup.is_done()
    }

    fn restart(&mut self) {
        self.setup.restart();
    }

    fn missing(&mut self, baud: u32, garbled: bool) -> Result<(), Problem> {
        self.setup.missing(&self.settings, baud, garbled)
    }

    fn tries(&self) -> u8 {
        self.setup.tries()
    }

    fn rearm(&mut self) {
        self.setup.rearm();
    }

    /// The worst first.
    fn fault(&self) -> Option<DriveFault> {
        let alarms = Alarms(self.hardware_error);
        let nominal_v = self.model.map_or(0.0, |model| model.motor.voltage_v);
        let of_alarm = |alarm: Alarm| match alarm {
            Alarm::Overheating => DriveFault::Overheated,
            Alarm::Overload => DriveFault::Overload,
            Alarm::InputVoltage if self.known.voltage_v > nominal_v => DriveFault::Overvoltage,
            Alarm::InputVoltage => DriveFault::Undervoltage,
            Alarm::MotorEncoder => DriveFault::Encoder,
            Alarm::ElectricalShock => DriveFault::ShortCircuit,
        };
        let tripped = (self.watchdog == TRIPPED).then_some(DriveFault::Watchdog);
        alarms.iter().map(of_alarm).next().or(tripped)
    }

    fn name(&self) -> String {
        format!("servo {} ({})", self.settings.id, self.settings.joint)
    }
}

/// What the core wants, joint by joint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal<'a> {
    pub(super) current_a: &'a JointVec,
    pub(super) velocity_ticks_per_s: &'a JointVec,
    pub(super) position_ticks: &'a JointVec,
}
