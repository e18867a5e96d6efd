//! The holding brake: a friction disc that yields elastically, and slips at its holding effort.
//!
//! Decides how a joint stands: the engaged brake is a stiff spring with damping to the place where it caught; beyond its holding effort it
//! slips and the place moves along (the elasto-plastic "bristle" of P. Dahl's friction model). So it holds without creep, and
//! stops a moving joint with a bounded effort.

use super::Reaction;

/// How far the disc yields at its holding effort (rad, m).
const YIELD: f64 = 0.002;
/// Damping of the disc, as the time constant of spring and damper (s): a load that the brake takes over must not make it swing
/// past its holding effort.
const RELAXATION_S: f64 = 0.03;
/// The speed below which slipping fades (rad/s, m/s).
const SLIP_VELOCITY: f64 = 0.001;

/// A brake on one joint; engaged until it is released.
#[derive(Debug, Clone, PartialEq)]
pub struct Brake {
    holds: f64,
    /// Where it caught; `None` while released.
    caught_at: Option<f64>,
}

impl Brake {
    /// A brake that holds up to an effort (N·m, N), engaged at `position`; an effort of 0 is no brake.
    pub fn new(holds: f64, position: f64) -> Self {
        Self {
            holds,
            caught_at: Some(position),
        }
    }

    /// Engages at `position`; does nothing if it is engaged.
    pub fn engage(&mut self, position: f64) {
        self.caught_at.get_or_insert(position);
    }

    /// Lets go.
    pub fn release(&mut self) {
        self.caught_at = None;
    }

    /// Says whether it is engaged. A joint without a brake is never braked.
    pub fn is_engaged(&self) -> bool {
        self.caught_at.is_some() && self.holds > 0.0
    }

    /// The effort of the brake for the coming step of `dt_s`.
    pub fn reaction(&mut self, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        let (Some(caught_at), true) = (self.caught_at, self.holds > 0.0) else {
            return Reaction::default();
        };
        let stiffness = self.holds / YIELD;
        let damping = stiffness * (RELAXATION_S + dt_s);
        let effort = -stiffness * (position - caught_at) - damping * velocity;
        if effort.abs() <= self.holds {
            return Reaction { effort, damping };
        }
        let slip = self.holds / velocity.hypot(SLIP_VELOCITY);
        let effort = -slip * velocity;
        // Behind, where spring and damper give no more than this: so it catches again as soon as it can hold.
        let behind = (slip - damping).max(0.0) * velocity / stiffness;
        self.caught_at = Some(position - behind);
        Reaction {
            effort,
            damping: slip,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where a mass of 2 stands that comes with `velocity` and is pushed with `effort`, 1 s and 2 s after.
    fn pushed(velocity: f64, effort: f64) -> [f64; 2] {
        let mut brake = Brake::new(100.0, 0.0);
        let (mut position, mut velocity) = (0.0, velocity);
        [(); 2].map(|()| {
            for _ in 0..1000 {
                let reaction = brake.reaction(position, velocity, 1e-3);
                velocity += 1e-3 * (reaction.effort + effort) / (2.0 + 1e-3 * reaction.damping);
                position += 1e-3 * velocity;
            }
            position
        })
    }

    #[test]
    fn it_catches_what_moves_and_holds_what_is_less_than_it_can() {
        for effort in [0.0, 60.0, -60.0, 95.0] {
            let [caught, later] = pushed(1.0, effort);
            // It brakes with 100 against 2·1²/2 and what pushes.
            let way = 1.0 / (100.0 - effort);
            assert!((caught - way).abs() < 0.003 + 0.1 * way, "{caught}, not {way}");
            assert!(
                (later - caught).abs() < 1e-6,
                "{effort} moves it on from {caught} to {later}"
            );
        }
        let [_, later] = pushed(0.0, 110.0);
        assert!((later - 0.5 * 5.0 * 4.0).abs() < 0.5, "10 too much: {later}");
    }
}
