//! A PCA9685 with its servos and their motors in virtual time.
//!
//! Decides the order of what happens: pulses that have begun, then the motors' steps, each millisecond on a grid of whole ones.

use std::time::Duration;

use servomesh_sim::plant::PERIOD;
use servomesh_types::Stamp;

use super::pca9685::Chip;
use super::servo::HobbyServo;
use crate::motor::Motor;

/// The board.
pub struct Board {
    now: Stamp,
    next_step: Stamp,
    /// When the next pulses begin; `None` while the chip's oscillator stands.
    next_pulses: Option<Stamp>,
    chip: Chip,
    outputs: Vec<Output>,
}

struct Output {
    channel: usize,
    servo: HobbyServo,
    motor: Box<dyn Motor>,
}

impl Board {
    /// A board without servos, powered at `now`.
    pub fn new(now: Stamp) -> Self {
        Self {
            now,
            next_step: now.next_multiple(PERIOD, Duration::ZERO),
            next_pulses: None,
            chip: Chip::default(),
            outputs: Vec::new(),
        }
    }

    /// Puts a servo with its motor on an output of the chip.
    pub fn add(&mut self, channel: usize, servo: HobbyServo, motor: impl Motor + 'static) {
        self.outputs.push(Output {
            channel,
            servo,
            motor: Box::new(motor),
        });
    }

    /// The chip.
    pub fn chip(&self) -> &Chip {
        &self.chip
    }

    /// A master's write on the I²C bus, which ends at `now`.
    pub fn write(&mut self, now: Stamp, bytes: &[u8]) {
        self.advance_to(now);
        self.chip.write(now, bytes);
    }

    /// The chip's power went and came back.
    pub fn restart(&mut self) {
        self.chip.restart();
    }

    /// When a motor moves next.
    pub fn next_event(&self) -> Stamp {
        self.next_step
    }

    /// Goes on to `now`. Time never goes back: an earlier one does nothing.
    pub fn advance_to(&mut self, now: Stamp) {
        while self.next_step <= now {
            let at = self.next_step;
            self.begin_pulses(at);
            for output in &mut self.outputs {
                let state = output.motor.state(at);
                let command = output.servo.step(at, &state);
                output.motor.command(at, command);
            }
            self.next_step = at + PERIOD;
        }
        self.now = self.now.max(now);
    }

    /// Lets the servos hear the pulses that have begun by `at`.
    fn begin_pulses(&mut self, at: Stamp) {
        let Some(since) = self.chip.runs_since(at) else {
            self.next_pulses = None;
            return;
        };
        let mut next = self.next_pulses.unwrap_or(since);
        while next <= at {
            for output in &mut self.outputs {
                match self.chip.width_us(output.channel) {
                    Some(width_us) if width_us > 0.0 => output.servo.pulse(next, width_us),
                    _ => {}
                }
            }
            next = next + self.chip.period();
        }
        self.next_pulses = Some(next);
    }
}
