//! What a contact, a joint's end or dry friction does, given how the two sides move against each other.
//!
//! Decides the impulse γ of each constraint as a function of its relative velocity u, and how steeply it falls. Every constraint is a little
//! soft: γ is the point of the friction cone nearest (in the norm of R) to `R⁻¹·(û − u)`, with a softness R that is a small part of the inverse mass
//! that the constraint feels. This is the convex contact model of A. Castro, F. Permenter, X. Han, "An unconstrained convex
//! formulation of compliant contact" (2023), with one change: the normal velocity that it would add to a sliding contact, μ·|u_t|, is taken
//! off again (the change of variable of G. de Saxcé), so that what slides neither lifts nor loses weight. And friction that held in the last
//! step holds from the start: softness answers to what changes, so that nothing creeps.
//!
//! Axes of a contact: two tangents, then the normal, along which a positive velocity is separation. Units: m/s, N·s (rad/s, N·m·s).
//!
//! **Invariant:** a contact only pushes; its friction is never more than μ times its normal impulse, in any direction (a round cone).

use std::ops::Range;

/// What a contact gives way by under a normal impulse, as a part of the inverse mass that it feels. At rest a body sinks in by this times
/// g·h·[`RECOVERY_S`]: a micrometre at 1 kHz.
pub(super) const NORMAL_SOFTNESS: f64 = 1e-2;
/// The same along the surface, for what friction does more or less than in the last step.
pub(super) const TANGENT_SOFTNESS: f64 = 1e-2;
/// Time in which an overlap shrinks to a third (s).
pub(super) const RECOVERY_S: f64 = 0.01;
/// The fastest at which an overlap is taken back (m/s, rad/s): what was put into another body is pushed out, not shot out.
pub(super) const RECOVERY_SPEED: f64 = 0.5;

/// A joint that takes part in a constraint, and how its velocity shows in the constraint's axes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) joint: usize,
    pub(super) values: [f64; 3],
}

/// Rows of a constraint's Jacobian: up to two free bodies (by their first degree of freedom) and some joints.
#[derive(Debug, Clone)]
pub(super) struct Lever<const N: usize> {
    pub(super) bodies: [Option<usize>; 2],
    pub(super) rows: [[[f64; 6]; N]; 2],
    /// Into the list of columns.
    pub(super) columns: Range<usize>,
}

impl<const N: usize> Lever<N> {
    /// `J·v`, given that the joints' velocities begin at `machine`.
    #[inline]
    pub(super) fn velocity(&self, v: &[f64], machine: usize, columns: &[Column]) -> [f64; N] {
        let mut u = [0.0; N];
        for (body, rows) in self.bodies.iter().zip(&self.rows) {
            if let Some(first) = *body {
                let v: &[f64; 6] = v[first..first + 6].try_into().expect("a body has six");
                for (value, row) in u.iter_mut().zip(rows) {
                    *value += (row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
                        + (row[3] * v[3] + row[4] * v[4] + row[5] * v[5]);
                }
            }
        }
        for column in &columns[self.columns.clone()] {
            let speed = v[machine + column.joint];
            for (value, entry) in u.iter_mut().zip(&column.values) {
                *value += entry * speed;
            }
        }
        u
    }

    /// Subtracts `Jᵀ·γ`.
    #[inline]
    pub(super) fn take(&self, impulse: &[f64; N], machine: usize, columns: &[Column], from: &mut [f64]) {
        for (body, rows) in self.bodies.iter().zip(&self.rows) {
            if let Some(first) = *body {
                let from: &mut [f64; 6] = (&mut from[first..first + 6]).try_into().expect("a body has six");
                for (impulse, row) in impulse.iter().zip(rows) {
                    for (value, entry) in from.iter_mut().zip(row) {
                        *value -= entry * impulse;
                    }
                }
            }
        }
        for column in &columns[self.columns.clone()] {
            let mut sum = 0.0;
            for (impulse, entry) in impulse.iter().zip(&column.values) {
                sum += entry * impulse;
            }
            from[machine + column.joint] -= sum;
        }
    }
}

/// One point of contact.
#[derive(Debug, Clone)]
pub(super) struct ContactRow {
    pub(super) lever: Lever<3>,
    /// Relative velocity of the surfaces when nothing else moves (m/s).
    pub(super) bias: [f64; 3],
    pub(super) friction: f64,
    /// Of the tangents and of the normal (1/kg).
    pub(super) softness: [f64; 2],
    /// The velocity that it aims at (m/s): along the surface that at which friction goes on as it was.
    pub(super) target: [f64; 3],
    /// The normal velocity that the convex model would add for sliding: μ·|u_t| (m/s).
    pub(super) lift: f64,
    pub(super) velocity: [f64; 3],
    pub(super) impulse: [f64; 3],
}

/// How steeply an impulse falls with velocity: `−∂γ/∂u`, symmetric.
pub(super) type Stiffness = [[f64; 3]; 3];

impl ContactRow {
    /// The impulse at a relative velocity.
    #[inline]
    pub(super) fn impulse_at(&self, u: &[f64; 3]) -> [f64; 3] {
        let [soft_t, soft_n] = self.softness;
        let [x, y, push] = self.error_at(u);
        let slip = x.hypot_fast(y);
        if slip * soft_n <= self.friction * push * soft_t {
            return [x / soft_t, y / soft_t, push / soft_n];
        }
        let normal = (push + self.friction * slip) / (soft_n + self.friction * self.friction * soft_t);
        if normal <= 0.0 {
            return [0.0; 3];
        }
        let share = self.friction * normal / slip;
        [x * share, y * share, normal]
    }

    /// The velocity that it aims at less the one it has.
    #[inline]
    fn error_at(&self, u: &[f64; 3]) -> [f64; 3] {
        [
            self.target[0] - u[0],
            self.target[1] - u[1],
            self.target[2] - self.lift - u[2],
        ]
    }

    /// How steeply the impulse falls at a relative velocity.
    pub(super) fn stiffness_at(&self, u: &[f64; 3]) -> Option<Stiffness> {
        let [soft_t, soft_n] = self.softness;
        let [x, y, push] = self.error_at(u);
        let slip = x.hypot_fast(y);
        if slip * soft_n <= self.friction * push * soft_t {
            let t = 1.0 / soft_t;
            return Some([[t, 0.0, 0.0], [0.0, t, 0.0], [0.0, 0.0, 1.0 / soft_n]]);
        }
        let mu = self.friction;
        let both = 1.0 / (soft_n + mu * mu * soft_t);
        let normal = (push + mu * slip) * both;
        if normal <= 0.0 {
            return None;
        }
        // Along the slip the impulse follows the normal one; across it, it turns.
        let (x, y) = (x / slip, y / slip);
        let along = mu * mu * both;
        let across = mu * normal / slip;
        let mixed = (along - across) * x * y;
        Some([
            [along * x * x + across * y * y, mixed, mu * both * x],
            [mixed, along * y * y + across * x * x, mu * both * y],
            [mu * both * x, mu * both * y, both],
        ])
    }

    /// μ·|u_t| at the present velocity.
    pub(super) fn present_lift(&self) -> f64 {
        self.friction * self.velocity[0].hypot_fast(self.velocity[1])
    }
}

/// How large an impulse along one direction may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bound {
    /// It only pushes: the end of a joint's travel.
    OneSided,
    /// Dry friction of a joint, up to the impulse given with it.
    Dry {
        /// The joint.
        joint: usize,
    },
    /// Dry friction up to a moment in proportion to the normal impulse of a contact: torsion of a pad (m).
    Torsion {
        /// Index of the contact.
        contact: usize,
        /// Moment over normal force (m).
        lever: f64,
    },
}

/// A constraint in one direction.
#[derive(Debug, Clone)]
pub(super) struct SingleRow {
    pub(super) lever: Lever<1>,
    pub(super) bound: Bound,
    pub(super) softness: f64,
    pub(super) target: f64,
    /// The most that dry friction comes to, now.
    pub(super) most: f64,
    pub(super) velocity: f64,
    pub(super) impulse: f64,
}

impl SingleRow {
    /// The least and the greatest impulse.
    fn range(&self) -> (f64, f64) {
        match self.bound {
            Bound::OneSided => (0.0, f64::INFINITY),
            Bound::Dry { .. } | Bound::Torsion { .. } => (-self.most, self.most),
        }
    }

    pub(super) fn impulse_at(&self, u: f64) -> f64 {
        let (least, most) = self.range();
        ((self.target - u) / self.softness).max(least).min(most)
    }

    pub(super) fn stiffness_at(&self, u: f64) -> Option<f64> {
        let (least, most) = self.range();
        let impulse = (self.target - u) / self.softness;
        (impulse > least && impulse < most).then_some(1.0 / self.softness)
    }
}

/// The normal velocity to aim at with a gap (m, rad; negative for an overlap) at the start of a step of `dt_s`: what is apart may close
/// the gap, what overlaps comes apart.
pub(super) fn aim(gap: f64, dt_s: f64) -> f64 {
    if gap >= 0.0 {
        -gap / dt_s
    } else {
        (-gap / RECOVERY_S).min(RECOVERY_SPEED)
    }
}

trait Hypot {
    fn hypot_fast(self, other: f64) -> f64;
}

impl Hypot for f64 {
    /// Without the care for overflow that speeds don't need.
    #[inline]
    fn hypot_fast(self, other: f64) -> f64 {
        (self * self + other * other).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    fn row(friction: f64) -> ContactRow {
        ContactRow {
            lever: Lever {
                bodies: [None; 2],
                rows: [[[0.0; 6]; 3]; 2],
                columns: 0..0,
            },
            bias: [0.0; 3],
            friction,
            softness: [0.002, 0.05],
            target: [0.0, 0.0, 0.01],
            lift: 0.0,
            velocity: [0.0; 3],
            impulse: [0.0; 3],
        }
    }

    #[test]
    fn the_cone_is_round_and_the_contact_only_pushes() {
        let seed = 11;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        for _ in 0..10_000 {
            let u = [0; 3].map(|_| 0.2 * (random.random::<f64>() - 0.5));
            let row = row(random.random());
            let [x, y, normal] = row.impulse_at(&u);
            assert!(
                normal >= 0.0 && x.hypot(y) <= row.friction * normal * (1.0 + 1e-12),
                "seed {seed}"
            );
            assert!(x * u[0] + y * u[1] <= 0.0 && (x * u[1] - y * u[0]).abs() < 1e-12);
        }
    }

    #[test]
    fn the_stiffness_is_the_slope_of_the_impulse() {
        let seed = 12;
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut seen = [0; 3];
        for _ in 0..3_000 {
            let u = [0; 3].map(|_| 0.1 * (random.random::<f64>() - 0.5));
            let u = [0.1 * u[0], 0.1 * u[1], u[2]];
            let row = row(0.8);
            let stiffness = row.stiffness_at(&u);
            let impulse = row.impulse_at(&u);
            let h = 1e-8;
            for column in 0..3 {
                let (mut more, mut less) = (u, u);
                more[column] += h;
                less[column] -= h;
                let (more, less) = (row.impulse_at(&more), row.impulse_at(&less));
                for line in 0..3 {
                    let slope = (less[line] - more[line]) / (2.0 * h);
                    let expected = stiffness.map_or(0.0, |s| s[line][column]);
                    assert!(
                        (slope - expected).abs() < 1e-3 * (1.0 + expected.abs()),
                        "seed {seed}: {slope} {expected}"
                    );
                }
            }
            let slides = impulse[0].hypot(impulse[1]) > 0.8 * impulse[2] * (1.0 - 1e-9);
            seen[usize::from(stiffness.is_some()) + usize::from(slides && stiffness.is_some())] += 1;
        }
        assert!(seen.iter().all(|&count| count > 50), "{seen:?}");
    }

    #[test]
    fn dry_friction_stays_within_its_bound() {
        let mut row = SingleRow {
            lever: Lever {
                bodies: [None; 2],
                rows: [[[0.0; 6]; 1]; 2],
                columns: 0..0,
            },
            bound: Bound::Dry { joint: 0 },
            softness: 0.01,
            target: 0.0,
            most: 0.3,
            velocity: 0.0,
            impulse: 0.0,
        };
        assert!((row.impulse_at(0.002) + 0.2).abs() < 1e-12 && row.stiffness_at(0.002).is_some());
        assert!((row.impulse_at(-1.0) - 0.3).abs() < 1e-12 && row.stiffness_at(-1.0).is_none());
        row.bound = Bound::OneSided;
        assert!(row.impulse_at(0.1).abs() < 1e-12 && row.impulse_at(-0.1) > 9.0);
    }
}
