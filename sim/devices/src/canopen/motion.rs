//! What a drive's loops follow from one millisecond to the next: a position and a velocity that change as its limits let them.
//!
//! Units are counts, counts/s and counts/s².

/// What the loops follow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Demand {
    pub(crate) position: f64,
    pub(crate) velocity: f64,
}

/// What a profile may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) velocity: f64,
    pub(crate) acceleration: f64,
    pub(crate) deceleration: f64,
}

impl Demand {
    /// Goes on towards a velocity.
    pub(crate) fn toward_velocity(&mut self, target: f64, acceleration: f64, deceleration: f64, dt_s: f64) {
        let slows = self.velocity != 0.0
            && (target.abs() < self.velocity.abs() || target.signum() != self.velocity.signum());
        let most = dt_s * if slows { deceleration } else { acceleration };
        let before = self.velocity;
        self.velocity += (target - self.velocity).clamp(-most, most);
        self.position += dt_s * 0.5 * (before + self.velocity);
    }

    /// Goes on towards rest at a position, by a trapezoid of velocity.
    pub(crate) fn toward_position(&mut self, target: f64, bounds: Bounds, dt_s: f64) {
        let distance = target - self.position;
        let direction = if distance < 0.0 { -1.0 } else { 1.0 };
        // The velocity from which it just comes to rest there: v²/2d, less the way of half a step.
        let step = 0.5 * bounds.deceleration * dt_s;
        let most = (step * step + 2.0 * bounds.deceleration * distance.abs()).sqrt() - step;
        let wanted = direction * most.min(bounds.velocity);
        let velocity = self.velocity;
        self.toward_velocity(wanted, bounds.acceleration, bounds.deceleration * 1.01, dt_s);
        let passed = (target - self.position) * direction <= 0.0;
        let slow = self.velocity.abs() <= bounds.deceleration * dt_s && velocity * direction >= 0.0;
        if slow && (passed || distance.abs() < 0.5) {
            (self.position, self.velocity) = (target, 0.0);
        }
    }

    /// Whether it rests there.
    pub(crate) fn rests_at(&self, target: f64) -> bool {
        self.velocity.abs() < 1e-9 && (self.position - target).abs() < 1e-6
    }
}

/// A straight line from setpoint to setpoint, for cyclic positions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Interpolation {
    slope: f64,
    left_s: f64,
    target: f64,
}

impl Interpolation {
    /// Rests at a position.
    pub(crate) fn at(position: f64) -> Self {
        Self {
            slope: 0.0,
            left_s: 0.0,
            target: position,
        }
    }

    /// A new setpoint, to be reached in `period_s`.
    pub(crate) fn aim(&mut self, from: f64, target: f64, period_s: f64) {
        *self = Self {
            slope: (target - from) / period_s,
            left_s: period_s,
            target,
        };
    }

    /// Goes on.
    pub(crate) fn step(&mut self, demand: &mut Demand, dt_s: f64) {
        if self.left_s <= dt_s * 1.000_001 {
            let slope = if self.left_s > 0.0 { self.slope } else { 0.0 };
            *demand = Demand {
                position: self.target,
                velocity: slope,
            };
            self.left_s = 0.0;
        } else {
            self.left_s -= dt_s;
            demand.position += dt_s * self.slope;
            demand.velocity = self.slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_comes_to_rest_at_its_target_within_its_bounds() {
        let bounds = Bounds {
            velocity: 30_000.0,
            acceleration: 200_000.0,
            deceleration: 100_000.0,
        };
        for (target, start) in [
            (50_000.0, 0.0),
            (-50_000.0, 20_000.0),
            (100.0, 0.0),
            (3.0, 0.0),
            (1_000.0, 25_000.0),
        ] {
            let mut demand = Demand {
                position: 0.0,
                velocity: start,
            };
            let mut steps = 0;
            while !demand.rests_at(target) {
                let before = demand.velocity;
                demand.toward_position(target, bounds, 1e-3);
                assert!(demand.velocity.abs() <= 30_000.0 + 1.0);
                assert!(
                    (demand.velocity - before).abs() <= 0.21 * 1e3,
                    "{demand:?} {before}"
                );
                steps += 1;
                assert!(steps < 5_000, "{target}: {demand:?}");
            }
        }
    }

    #[test]
    fn setpoints_are_joined_by_straight_lines() {
        let (mut demand, mut line) = (Demand::default(), Interpolation::at(0.0));
        line.aim(0.0, 8.0, 4e-3);
        let places: Vec<f64> = (0..6)
            .map(|_| {
                line.step(&mut demand, 1e-3);
                demand.position
            })
            .collect();
        for (place, expected) in places.iter().zip([2.0, 4.0, 6.0, 8.0, 8.0, 8.0]) {
            assert!((place - expected).abs() < 1e-9, "{places:?}");
        }
        assert!(demand.velocity.abs() < 1e-9);
    }
}
