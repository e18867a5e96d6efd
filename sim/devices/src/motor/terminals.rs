//! A joint of a simulation that runs by itself, as the motor behind a device: the device hangs on the motor's terminals.
//!
//! Unlike a [`Machine`](super::Machine) the simulation is not moved on by its motors. Whoever runs both takes the simulation's step to a
//! millisecond first, and lets the bus go on to there then.

use servomesh_sim::Terminals;
use servomesh_types::Stamp;

use super::{Motor, MotorCommand, MotorState, Mounting};

/// A joint's motor at its terminals.
#[derive(Debug)]
pub struct TerminalMotor {
    terminals: Terminals,
    ratio: f64,
}

impl TerminalMotor {
    /// The motor at these terminals. `ratio` is how far the servo's output turns for each unit of the joint \[1, rad/m\].
    pub fn new(terminals: Terminals, ratio: f64) -> Self {
        Self { terminals, ratio }
    }
}

impl Motor for TerminalMotor {
    fn state(&mut self, _now: Stamp) -> MotorState {
        let seen = self.terminals.seen();
        let mounting = Mounting {
            rotary: self.terminals.is_rotary(),
            ratio: self.ratio,
        };
        MotorState::of(&seen.drive, seen.velocity, self.terminals.servo(), mounting)
    }

    fn command(&mut self, _now: Stamp, command: MotorCommand) {
        match command {
            MotorCommand::Off => self.terminals.switch_off(),
            MotorCommand::Current(current_a) => self.terminals.drive_current(current_a),
            MotorCommand::Duty(duty) => self.terminals.drive_duty(duty),
        }
    }
}

impl Drop for TerminalMotor {
    /// A device that is taken away drives nothing.
    fn drop(&mut self) {
        self.terminals.switch_off();
    }
}
