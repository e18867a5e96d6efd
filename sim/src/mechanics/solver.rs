//! The velocities at the end of a step, with every contact.
//!
//! Decides them as the least of one convex function: `½·(v − v*)ᵀ·A·(v − v*)` for leaving the free motion v*, plus what each constraint costs. Newton's
//! method finds it: the gradient is `A·v − A·v* − Σ Jᵀ·γ(u)`, the matrix `A + Σ Jᵀ·(−∂γ/∂u)·J`. Between iterations what depends on the solution itself (the lift of
//! sliding contacts, torsion of pads) is brought up to date. It starts from velocities that go on as in the last step; what rests or
//! moves steadily is then solved before it begins.
//!
//! Degrees of freedom: six for each touching body (velocity of the centre of mass, spin), then the machine's joints.
//!
//! **Invariant:** after the buffers have grown once, nothing is allocated.

use nalgebra::Matrix3;

use super::constraint::{Bound, Column, ContactRow, Lever, SingleRow};
use super::skyline::Skyline;

/// Accuracy: how much of the impulses may be left over, both weighted by the masses.
const TOLERANCE: f64 = 1e-6;
/// Left over that no one minds (√kg·m/s).
const NEGLIGIBLE: f64 = 1e-12;
/// A step takes one or two, a blow five to ten.
const MOST_ITERATIONS: usize = 50;
/// From here on what depends on the solution stays as it is, so that the iteration must end.
const LAST_UPDATE: usize = 6;
/// A change (as a part) in the lift of a sliding contact or in the torsion of a pad that may wait for the next step.
const UP_TO_DATE: f64 = 2e-5;
/// How much of the slope the line search may leave.
const FLAT_ENOUGH: f64 = 0.2;

/// The system of one step.
#[derive(Debug, Clone, Default)]
pub(super) struct Solver {
    /// Mass and inertia (base axes) of each body that takes part.
    pub(super) masses: Vec<(f64, Matrix3<f64>)>,
    /// The machine's mass matrix row by row; empty where it takes no part.
    pub(super) machine_mass: Vec<f64>,
    pub(super) joints: usize,
    /// `A·v*`.
    pub(super) momentum: Vec<f64>,
    /// Velocities: a guess before, the solution after.
    pub(super) velocity: Vec<f64>,
    pub(super) contacts: Vec<ContactRow>,
    pub(super) singles: Vec<SingleRow>,
    pub(super) columns: Vec<Column>,
    matrix: Skyline,
    first: Vec<usize>,
    gradient: Vec<f64>,
    change: Vec<f64>,
    moved: Vec<f64>,
    contact_changes: Vec<[f64; 3]>,
    single_changes: Vec<f64>,
}

impl Solver {
    /// Empties it for a new step.
    pub(super) fn clear(&mut self) {
        self.masses.clear();
        self.machine_mass.clear();
        self.joints = 0;
        self.momentum.clear();
        self.velocity.clear();
        self.contacts.clear();
        self.singles.clear();
        self.columns.clear();
    }

    /// The first degree of freedom of the machine.
    pub(super) fn machine_start(&self) -> usize {
        6 * self.masses.len()
    }

    /// Solves for `velocity`; fills in the velocity and the impulse of each constraint. Returns the number of iterations.
    pub(super) fn solve(&mut self) -> usize {
        self.make_room();
        for iteration in 0..MOST_ITERATIONS {
            self.evaluate(iteration < LAST_UPDATE);
            if self.is_solved() {
                return iteration;
            }
            if iteration == 0 {
                self.lay_out();
            }
            self.assemble();
            if !self.matrix.factor() {
                // Only numbers that are not finite make A + Jᵀ·G·J anything but positive definite.
                return MOST_ITERATIONS;
            }
            self.change.clear();
            self.change.extend(self.gradient.iter().map(|slope| -slope));
            self.matrix.solve(&mut self.change);
            let length = self.search();
            for (velocity, change) in self.velocity.iter_mut().zip(&self.change) {
                *velocity += length * change;
            }
        }
        self.evaluate(false);
        MOST_ITERATIONS
    }

    /// Velocities of the constraints, their impulses, and the gradient.
    fn evaluate(&mut self, update: bool) {
        let machine = self.machine_start();
        let Self {
            contacts,
            singles,
            columns,
            velocity,
            gradient,
            ..
        } = self;
        apply_mass(&self.masses, &self.machine_mass, self.joints, velocity, gradient);
        for (slope, momentum) in gradient.iter_mut().zip(&self.momentum) {
            *slope -= momentum;
        }
        for contact in contacts.iter_mut() {
            let moved = contact.lever.velocity(velocity, machine, columns);
            contact.velocity = std::array::from_fn(|axis| contact.bias[axis] + moved[axis]);
            if update {
                let lift = contact.present_lift();
                bring_up_to_date(&mut contact.lift, lift);
            }
            contact.impulse = contact.impulse_at(&contact.velocity);
            contact.lever.take(&contact.impulse, machine, columns, gradient);
        }
        for single in singles.iter_mut() {
            single.velocity = single.lever.velocity(velocity, machine, columns)[0];
            if update && let Bound::Torsion { contact, lever } = single.bound {
                bring_up_to_date(&mut single.most, lever * contacts[contact].impulse[2]);
            }
            single.impulse = single.impulse_at(single.velocity);
            single.lever.take(&[single.impulse], machine, columns, gradient);
        }
    }

    fn is_solved(&self) -> bool {
        let (mut left, mut done) = (0.0, 0.0);
        for (index, slope) in self.gradient.iter().enumerate() {
            let mass = self.diagonal_mass(index);
            left += slope * slope / mass;
            let size = self.momentum[index];
            done += size * size / mass;
        }
        left <= (TOLERANCE * TOLERANCE) * done + NEGLIGIBLE * NEGLIGIBLE
    }

    fn diagonal_mass(&self, index: usize) -> f64 {
        let machine = self.machine_start();
        if index >= machine {
            return self.machine_mass[(index - machine) * (self.joints + 1)];
        }
        let (mass, inertia) = &self.masses[index / 6];
        match index % 6 {
            0..3 => *mass,
            axis => inertia[(axis - 3, axis - 3)],
        }
    }

    /// Finds the first column of each row of the matrix.
    fn lay_out(&mut self) {
        let machine = self.machine_start();
        self.first.clear();
        self.first.extend((0..machine).map(|row| row - row % 6));
        for row in 0..self.joints {
            let entries = &self.machine_mass[row * self.joints..row * self.joints + row];
            let first = entries.iter().position(|entry| *entry != 0.0).unwrap_or(row);
            self.first.push(machine + first);
        }
        for contact in &self.contacts {
            reserve(&contact.lever, &self.columns, machine, &mut self.first);
        }
        for single in &self.singles {
            reserve(&single.lever, &self.columns, machine, &mut self.first);
        }
    }

    fn make_room(&mut self) {
        let count = self.machine_start() + self.joints;
        self.gradient.resize(count, 0.0);
        self.moved.resize(count, 0.0);
        self.contact_changes.resize(self.contacts.len(), [0.0; 3]);
        self.single_changes.resize(self.singles.len(), 0.0);
    }

    /// `A + Σ Jᵀ·G·J` at the present velocities.
    fn assemble(&mut self) {
        let machine = self.machine_start();
        let matrix = &mut self.matrix;
        matrix.shape(&self.first);
        for (body, (mass, inertia)) in self.masses.iter().enumerate() {
            for axis in 0..3 {
                matrix.add(6 * body + axis, 6 * body + axis, *mass);
                for other in 0..=axis {
                    matrix.add(6 * body + 3 + axis, 6 * body + 3 + other, inertia[(axis, other)]);
                }
            }
        }
        for row in 0..self.joints {
            for column in self.first[machine + row].max(machine) - machine..=row {
                let entry = self.machine_mass[row * self.joints + column];
                matrix.add(machine + row, machine + column, entry);
            }
        }
        for contact in &self.contacts {
            if let Some(stiffness) = contact.stiffness_at(&contact.velocity) {
                add_stiffness(&contact.lever, &stiffness, &self.columns, machine, matrix);
            }
        }
        for single in &self.singles {
            if let Some(stiffness) = single.stiffness_at(single.velocity) {
                add_stiffness(&single.lever, &[[stiffness]], &self.columns, machine, matrix);
            }
        }
    }

    /// How far to go along `change`: where the function is flat enough along it.
    fn search(&mut self) -> f64 {
        let machine = self.machine_start();
        apply_mass(
            &self.masses,
            &self.machine_mass,
            self.joints,
            &self.change,
            &mut self.moved,
        );
        let curve = dot(&self.change, &self.moved);
        for (moved, contact) in self.contact_changes.iter_mut().zip(&self.contacts) {
            *moved = contact.lever.velocity(&self.change, machine, &self.columns);
        }
        for (moved, single) in self.single_changes.iter_mut().zip(&self.singles) {
            *moved = single.lever.velocity(&self.change, machine, &self.columns)[0];
        }
        // At the start the slope is that of the gradient; what the constraints add to it changes.
        let start = dot(&self.gradient, &self.change);
        let held = self.constraint_slope(0.0);
        let slope = |length: f64| start + length * curve - (self.constraint_slope(length) - held);
        let enough = FLAT_ENOUGH * start.abs();
        let at_one = slope(1.0);
        if at_one <= enough {
            return 1.0;
        }
        // The slope rises from below 0 to above it: regula falsi, halving the weight of an end that stays (Illinois).
        let (mut low, mut high) = ((0.0, start), (1.0, at_one));
        let mut side = 0;
        for _ in 0..MOST_ITERATIONS {
            let length = (low.0 * high.1 - high.0 * low.1) / (high.1 - low.1);
            let here = slope(length);
            if here.abs() <= enough {
                return length;
            }
            if here < 0.0 {
                low = (length, here);
                if side == -1 {
                    high.1 *= 0.5;
                }
                side = -1;
            } else {
                high = (length, here);
                if side == 1 {
                    low.1 *= 0.5;
                }
                side = 1;
            }
        }
        low.0
    }

    /// What the constraints' impulses do along `change`, `length` along it.
    fn constraint_slope(&self, length: f64) -> f64 {
        let mut sum = 0.0;
        for (contact, change) in self.contacts.iter().zip(&self.contact_changes) {
            let at = |axis: usize| contact.velocity[axis] + length * change[axis];
            let impulse = contact.impulse_at(&[at(0), at(1), at(2)]);
            sum += change[0] * impulse[0] + change[1] * impulse[1] + change[2] * impulse[2];
        }
        for (single, change) in self.singles.iter().zip(&self.single_changes) {
            sum += change * single.impulse_at(single.velocity + length * change);
        }
        sum
    }
}

/// Follows a value that the solution depends on, and that depends on the solution, unless it has hardly changed: then Newton's method can
/// finish.
fn bring_up_to_date(value: &mut f64, present: f64) {
    if (*value - present).abs() > UP_TO_DATE * present.abs() + f64::MIN_POSITIVE {
        *value = present;
    }
}

/// `A·v`.
fn apply_mass(
    masses: &[(f64, Matrix3<f64>)],
    machine_mass: &[f64],
    joints: usize,
    v: &[f64],
    result: &mut [f64],
) {
    for (body, (mass, inertia)) in masses.iter().enumerate() {
        let v = &v[6 * body..6 * body + 6];
        let result = &mut result[6 * body..6 * body + 6];
        for axis in 0..3 {
            result[axis] = mass * v[axis];
            result[3 + axis] =
                inertia[(axis, 0)] * v[3] + inertia[(axis, 1)] * v[4] + inertia[(axis, 2)] * v[5];
        }
    }
    let machine = 6 * masses.len();
    for row in 0..joints {
        result[machine + row] = dot(
            &machine_mass[row * joints..(row + 1) * joints],
            &v[machine..machine + joints],
        );
    }
}

/// Makes each row that a constraint couples begin early enough.
fn reserve<const N: usize>(lever: &Lever<N>, columns: &[Column], machine: usize, first: &mut [usize]) {
    let bodies = lever.bodies.iter().flatten().copied();
    let joints = columns[lever.columns.clone()]
        .iter()
        .map(|column| machine + column.joint);
    let least = bodies.clone().chain(joints.clone()).min().unwrap_or(0);
    for body in bodies {
        for row in &mut first[body..body + 6] {
            *row = (*row).min(least);
        }
    }
    for joint in joints {
        first[joint] = first[joint].min(least);
    }
}

/// Adds `Jᵀ·G·J`.
#[expect(
    clippy::needless_range_loop,
    reason = "products of small matrices read best by their indices"
)]
fn add_stiffness<const N: usize>(
    lever: &Lever<N>,
    stiffness: &[[f64; N]; N],
    columns: &[Column],
    machine: usize,
    matrix: &mut Skyline,
) {
    // G·J of each body.
    let mut weighted = [[[0.0; 6]; N]; 2];
    for side in 0..2 {
        let Some(first) = lever.bodies[side] else { continue };
        for row in 0..N {
            for inner in 0..N {
                let factor = stiffness[row][inner];
                for axis in 0..6 {
                    weighted[side][row][axis] += factor * lever.rows[side][inner][axis];
                }
            }
        }
        for row in 0..6 {
            let entries = &mut matrix.row_from(first + row, first)[..=row];
            for (column, entry) in entries.iter_mut().enumerate() {
                for inner in 0..N {
                    *entry += lever.rows[side][inner][row] * weighted[side][inner][column];
                }
            }
        }
    }
    if let [Some(a), Some(b)] = lever.bodies {
        let (low, high) = if a < b { (0, 1) } else { (1, 0) };
        for row in 0..6 {
            let entries = &mut matrix.row_from(a.max(b) + row, a.min(b))[..6];
            for (column, entry) in entries.iter_mut().enumerate() {
                for inner in 0..N {
                    *entry += lever.rows[high][inner][row] * weighted[low][inner][column];
                }
            }
        }
    }
    let columns = &columns[lever.columns.clone()];
    for (place, column) in columns.iter().enumerate() {
        for side in 0..2 {
            let Some(first) = lever.bodies[side] else { continue };
            let entries = &mut matrix.row_from(machine + column.joint, first)[..6];
            for (axis, entry) in entries.iter_mut().enumerate() {
                for inner in 0..N {
                    *entry += column.values[inner] * weighted[side][inner][axis];
                }
            }
        }
        for other in &columns[..=place] {
            let mut sum = 0.0;
            for row in 0..N {
                for inner in 0..N {
                    sum += column.values[row] * stiffness[row][inner] * other.values[inner];
                }
            }
            matrix.add(machine + column.joint, machine + other.joint, sum);
        }
    }
}

#[inline]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
