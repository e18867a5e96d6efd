//! One joint's actuator: what turns encoder ticks into positions and efforts into motor currents, and back.
//!
//! A *unit* is the joint's own: rad, or m for a sliding joint. Motor current i \[A\] gives the joint effort
//! τ = i · Kt · N · η; the rotor J_r weighs J_r · N² at the joint.
//!
//! **Invariant:** every factor is positive and finite, so that each conversion has an inverse.

use crate::bus::Ticks;

/// Which way the encoder and the motor count, seen from the joint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// The same way as the joint.
    #[default]
    Same,
    /// Against it.
    Reversed,
}

impl Direction {
    fn sign(self) -> f64 {
        match self {
            Self::Same => 1.0,
            Self::Reversed => -1.0,
        }
    }
}

/// The figures of one joint's motor, gear and encoder.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Actuator {
    /// Torque per current of the motor, Kt [N·m/A].
    pub torque_constant: f64,
    /// Motor rad per joint unit, N.
    pub gear_ratio: f64,
    /// Share of the motor's power that reaches the joint, η, above 0 and at most 1.
    pub efficiency: f64,
    /// Inertia of the rotor about its own axis [kg·m²].
    pub rotor_inertia: f64,
    /// Encoder ticks per joint unit.
    pub ticks_per_unit: f64,
    /// Which way encoder and motor count.
    pub direction: Direction,
    /// Position of the joint at tick 0.
    pub offset: f64,
    /// Most current the motor may get \[A\].
    pub current_limit_a: f64,
}

impl Actuator {
    /// The joint's position at an encoder count.
    pub fn position(&self, ticks: Ticks) -> f64 {
        self.offset + self.distance(ticks.0)
    }

    /// The way a joint went while its encoder went on by `ticks`: exact also where positions are large.
    pub(crate) fn distance(&self, ticks: i64) -> f64 {
        self.direction.sign() * ticks as f64 / self.ticks_per_unit
    }

    /// The encoder count at a position, with the fraction of the next.
    pub fn ticks(&self, position: f64) -> f64 {
        self.ticks_per_s(position - self.offset)
    }

    /// The encoder's speed at a joint's velocity \[ticks/s\].
    pub fn ticks_per_s(&self, velocity: f64) -> f64 {
        self.direction.sign() * velocity * self.ticks_per_unit
    }

    /// The encoder counts between two positions, the lower first, with their fractions; `None` if either is without end.
    pub fn range_ticks(&self, lower: f64, upper: f64) -> Option<(f64, f64)> {
        let (a, b) = (self.ticks(lower), self.ticks(upper));
        (a.is_finite() && b.is_finite()).then(|| (a.min(b), a.max(b)))
    }

    /// The joint effort that a motor current gives.
    pub fn effort(&self, current_a: f64) -> f64 {
        self.direction.sign() * current_a * self.effort_per_ampere()
    }

    /// The motor current that gives a joint effort \[A\].
    pub fn current_a(&self, effort: f64) -> f64 {
        self.direction.sign() * effort / self.effort_per_ampere()
    }

    /// The most effort that the current limit allows.
    pub fn effort_limit(&self) -> f64 {
        self.current_limit_a * self.effort_per_ampere()
    }

    /// The rotor's inertia as the joint feels it [kg·m², or kg for a sliding joint].
    pub fn reflected_inertia(&self) -> f64 {
        self.rotor_inertia * self.gear_ratio * self.gear_ratio
    }

    fn effort_per_ampere(&self) -> f64 {
        self.torque_constant * self.gear_ratio * self.efficiency
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ELBOW: Actuator = Actuator {
        torque_constant: 0.12,
        gear_ratio: 101.0,
        efficiency: 0.8,
        rotor_inertia: 1e-4,
        ticks_per_unit: 1000.0,
        direction: Direction::Reversed,
        offset: 0.5,
        current_limit_a: 20.0,
    };

    #[test]
    fn a_reversed_joint_turns_against_its_encoder_and_its_current() {
        assert!((ELBOW.position(Ticks(250)) - 0.25).abs() < 1e-12);
        assert!(ELBOW.current_a(1.0) < 0.0);
        assert!((ELBOW.ticks(0.25) - 250.0).abs() < 1e-9);
        assert!((ELBOW.ticks_per_s(0.25) + 250.0).abs() < 1e-9);
    }

    #[test]
    fn efforts_and_currents_are_each_others_inverse() {
        for effort in [-150.0, -1.0, 0.0, 33.3] {
            assert!((ELBOW.effort(ELBOW.current_a(effort)) - effort).abs() < 1e-12);
        }
        assert!((ELBOW.effort_limit() - 193.92).abs() < 1e-9);
        assert!((ELBOW.reflected_inertia() - 1.0201).abs() < 1e-9);
    }
}
