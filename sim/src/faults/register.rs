//! The faults that are active, and what they come to for each part of the machine.
//!
//! Decides how faults add up: errors and friction add, shares multiply, of temperatures the last one holds.

use servomesh_types::Stamp;
use std::time::Duration;

use super::{Fault, Kind};
use crate::servo::conditions::{Conditions, EncoderConditions};

/// A fault's number, to repair it by; never used twice in a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FaultId(pub u64);

/// A fault at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Active {
    /// Its number.
    pub id: FaultId,
    /// What it is.
    pub fault: Fault,
    /// When it began, in the machine's time.
    pub since: Stamp,
    /// When it goes by itself.
    pub until: Option<Stamp>,
}

/// The faults at work, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Register {
    active: Vec<Active>,
    last: u64,
}

impl Register {
    /// Takes up a fault from `now` on, for `lasting`, or until it is removed.
    pub(crate) fn add(&mut self, now: Stamp, fault: Fault, lasting: Option<Duration>) -> FaultId {
        self.last += 1;
        let id = FaultId(self.last);
        self.active.push(Active {
            id,
            fault,
            since: now,
            until: lasting.map(|lasting| now + lasting),
        });
        id
    }

    /// Lets go of all faults of which `gone` holds; says how many those were.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Active) -> bool) -> usize {
        let before = self.active.len();
        self.active.retain(|active| !gone(active));
        before - self.active.len()
    }

    /// The faults at work.
    pub fn active(&self) -> &[Active] {
        &self.active
    }

    /// The figures of the faults of a kind that concern `target`.
    fn of<'a>(&'a self, kind: Kind, target: &'a str) -> impl Iterator<Item = f64> + 'a {
        self.active
            .iter()
            .map(|active| &active.fault)
            .filter(move |fault| fault.kind == kind && (fault.target == target || fault.target.is_empty()))
            .map(|fault| fault.value)
    }

    fn any(&self, kind: Kind, target: &str) -> bool {
        self.of(kind, target).next().is_some()
    }

    /// What is wrong with the servo of a joint whose Coulomb friction is `coulomb` (N·m, N).
    pub fn conditions(&self, joint: &str, coulomb: f64) -> Conditions {
        let sound = Conditions::default();
        let friction_factor: f64 = self.of(Kind::GearRough, joint).product();
        Conditions {
            encoder: EncoderConditions {
                stuck: self.any(Kind::EncoderStuck, joint),
                drift: self.of(Kind::EncoderDrift, joint).sum(),
                noise: self.of(Kind::EncoderNoise, joint).fold(0.0, f64::hypot),
                step: self.of(Kind::EncoderStep, joint).sum(),
            },
            silent: self.any(Kind::DriveSilent, joint),
            phase_lost: self.any(Kind::PhaseLost, joint),
            jammed: self.any(Kind::GearJammed, joint),
            friction_factor,
            ripple: (friction_factor - 1.0) * coulomb,
            ambient_degc: self
                .of(Kind::AmbientHot, joint)
                .last()
                .unwrap_or(sound.ambient_degc),
        }
    }

    /// The share of its voltage that a supply gives.
    pub fn supply_share(&self, supply: &str) -> f64 {
        self.of(Kind::SupplySag, supply).product()
    }

    /// The mass that hangs on a link and nobody was told of (kg).
    pub fn load_kg(&self, link: &str) -> f64 {
        self.of(Kind::PayloadChanged, link).sum()
    }

    /// The speed of a belt's surface over that of its joint.
    pub fn belt_share(&self, joint: &str) -> f64 {
        if self.any(Kind::BeltStopped, joint) {
            return 0.0;
        }
        self.of(Kind::BeltSlips, joint).map(|slip| 1.0 - slip).product()
    }

    /// The share of its friction that a body keeps.
    pub fn friction_share(&self, body: &str) -> f64 {
        self.of(Kind::PartSlips, body).product()
    }

    /// The probability that a frame of a group's bus gets lost.
    pub fn frame_loss(&self, group: &str) -> f64 {
        let arrives: f64 = self
            .of(Kind::FramesLost, group)
            .map(|share| 1.0 - share)
            .product();
        1.0 - arrives
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_add_up_and_an_empty_register_is_sound() {
        let mut register = Register::default();
        let sound = |register: &Register| {
            let shares = [
                register.supply_share("s"),
                register.belt_share("a"),
                register.friction_share("p"),
                1.0 - register.frame_loss("g"),
                1.0 - register.load_kg("l"),
            ];
            register.conditions("a", 2.0) == Conditions::default()
                && shares.iter().all(|share| (share - 1.0).abs() < f64::EPSILON)
        };
        assert!(sound(&register));
        for (kind, target, value) in [
            (Kind::EncoderStep, "a", 0.1),
            (Kind::EncoderStep, "a", 0.2),
            (Kind::EncoderStep, "b", 0.4),
            (Kind::EncoderNoise, "a", 3.0),
            (Kind::EncoderNoise, "a", 4.0),
            (Kind::GearRough, "a", 3.0),
            (Kind::AmbientHot, "", 60.0),
            (Kind::SupplySag, "s", 0.5),
            (Kind::SupplySag, "s", 0.5),
            (Kind::FramesLost, "", 0.5),
            (Kind::FramesLost, "g", 0.5),
            (Kind::BeltSlips, "a", 0.25),
            (Kind::PartSlips, "", 0.1),
            (Kind::PayloadChanged, "l", 2.0),
        ] {
            let fault = Fault {
                kind,
                target: target.to_owned(),
                value,
            };
            register.add(Stamp::ZERO, fault, None);
        }
        let conditions = register.conditions("a", 2.0);
        assert!((conditions.encoder.step - 0.3).abs() < 1e-12);
        assert!((conditions.encoder.noise - 5.0).abs() < 1e-12);
        assert!((conditions.friction_factor - 3.0).abs() < 1e-12);
        assert!((conditions.ripple - 4.0).abs() < 1e-12);
        assert!((conditions.ambient_degc - 60.0).abs() < 1e-12);
        assert!((register.supply_share("s") - 0.25).abs() < 1e-12);
        assert!((register.frame_loss("g") - 0.75).abs() < 1e-12);
        assert!((register.frame_loss("h") - 0.5).abs() < 1e-12);
        assert!((register.belt_share("a") - 0.75).abs() < 1e-12);
        assert!((register.friction_share("p") - 0.1).abs() < 1e-12);
        assert!((register.load_kg("l") - 2.0).abs() < 1e-12);
        assert_eq!(register.remove(|active| active.fault.target == "b"), 1);
        assert_eq!(register.remove(|_| true), 13);
        assert!(sound(&register));
    }
}
