//! What the angle sensor of a servo sees, in its steps.
//!
//! An STS servo counts on over turns from where it was at the start; what turns there were before it does not know. An SCS servo sees less than a turn.

use std::f64::consts::TAU;

use super::series::Series;
use crate::motor::MotorState;

/// The angle sensor \[steps, steps/s\].
#[derive(Clone, Copy, Debug, Default)]
pub struct Sensor {
    /// Within the sensor's turn at the start, counted on from there.
    pub position: f64,
    /// How fast that grows.
    pub speed: f64,
    /// Steps of whole turns of the output that it does not know of.
    forgotten: Option<f64>,
}

impl Sensor {
    /// Begins anew, within a turn.
    pub fn start(&mut self) {
        self.forgotten = None;
    }

    /// Looks at the output.
    pub fn see(&mut self, series: &Series, motor: &MotorState) {
        let turn = series.turn;
        let raw = (motor.position * turn / TAU).floor();
        self.position = match series.last_step {
            Some(last) => {
                let seen = raw.rem_euclid(turn);
                let is_before_first = seen > 0.5 * (last + turn);
                if is_before_first { 0.0 } else { seen.min(last) }
            }
            None => raw - *self.forgotten.get_or_insert((raw / turn).floor() * turn),
        };
        self.speed = motor.velocity * turn / TAU;
    }

    /// Counts on from within a turn again.
    pub fn forget_turns(&mut self, series: &Series) {
        let turns = (self.position / series.turn).floor() * series.turn;
        self.position -= turns;
        self.forgotten = self.forgotten.map(|forgotten| forgotten + turns);
    }
}
