//! The joint-space mass matrix: the composite-rigid-body algorithm (RBDA section 6.2), with mimic joints folded in.
//!
//! In base axes, each body about its own origin: composite inertias and forces then only shift from body to body, they don't turn.

use nalgebra::DMatrix;

use crate::body::{Body, Freedom, Wrench};
use crate::model::Model;
use crate::vector::Mat3;
use crate::workspace::{BodyWork, Workspace};

impl Model {
    /// Computes the mass matrix M(q), armatures included: symmetric, one row and column for each velocity.
    ///
    /// # Panics
    /// If `q` has the wrong length.
    pub fn mass_matrix<'w>(&self, workspace: &'w mut Workspace, q: &[f64]) -> &'w DMatrix<f64> {
        self.check_positions(q);
        for (index, body) in self.bodies.iter().enumerate() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let parent = body
                .parent
                .map_or(&Mat3::IDENTITY, |parent| &above[parent].in_base_axes.rotation);
            let work = &mut below[0];
            work.in_base_axes = body.in_base_axes(parent, q);
            work.composite = body.inertia.rotated(&work.in_base_axes.rotation);
        }
        let mut entries = Entries {
            count: self.velocity_count(),
            values: workspace.mass_matrix.as_mut_slice(),
        };
        entries.values.fill(0.0);
        for (index, joint) in self.joints().iter().enumerate() {
            entries.values[index * entries.count + index] = joint.armature;
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let composite = workspace.bodies[index].composite;
            let at = workspace.bodies[index].in_base_axes;
            if let Some(parent) = body.parent {
                workspace.bodies[parent].composite += composite.seen_from(at.origin);
            }
            let Mat3 { x, y, z } = at.rotation;
            let mut fill = |offset, wrench| {
                self.fill_column(
                    &workspace.bodies,
                    &mut entries,
                    index,
                    body.joint + offset,
                    wrench,
                );
            };
            match body.freedom {
                Freedom::Turns => fill(0, composite.twist(z)),
                Freedom::Slides => fill(0, composite.push(z)),
                Freedom::Free => {
                    for (offset, axis) in [x, y, z].into_iter().enumerate() {
                        fill(offset, composite.push(axis));
                        fill(offset + 3, composite.twist(axis));
                    }
                }
            }
        }
        &workspace.mass_matrix
    }

    /// Enters what a wrench on a body, which gives one of its joint's velocities a unit of acceleration, asks of all joints that carry it.
    #[inline]
    fn fill_column(
        &self,
        bodies: &[BodyWork],
        entries: &mut Entries<'_>,
        index: usize,
        column: usize,
        mut wrench: Wrench,
    ) {
        let (body, mut at) = (&self.bodies[index], &bodies[index].in_base_axes);
        body.felt(&at.rotation, wrench, |row, effort| {
            entries.add(row, column, body.ratio * effort);
        });
        let mut carrier = body.parent;
        while let Some(above) = carrier {
            wrench = wrench.seen_from(at.origin);
            let other = &self.bodies[above];
            at = &bodies[above].in_base_axes;
            // Both places get it, also when they are one (a joint that carries its own mimic).
            other.felt(&at.rotation, wrench, |row, effort| {
                entries.add(row, column, body.ratio * effort);
                entries.add(column, row, body.ratio * effort);
            });
            carrier = other.parent;
        }
    }

    /// Kinetic energy (J) at positions `q` and velocities `qd`, rotors included.
    ///
    /// # Panics
    /// If a slice has the wrong length.
    pub fn kinetic_energy(&self, workspace: &mut Workspace, q: &[f64], qd: &[f64]) -> f64 {
        self.check_length(qd);
        let matrix = self.mass_matrix(workspace, q);
        let mut twice = 0.0;
        for (column, velocity) in qd.iter().enumerate() {
            for (row, other) in qd.iter().enumerate() {
                twice += other * matrix[(row, column)] * velocity;
            }
        }
        0.5 * twice
    }
}

/// A square matrix by columns.
struct Entries<'a> {
    count: usize,
    values: &'a mut [f64],
}

impl Entries<'_> {
    #[inline]
    fn add(&mut self, row: usize, column: usize, value: f64) {
        self.values[column * self.count + row] += value;
    }
}

impl Body {
    /// Calls `effort(joint, effort)` for the part of a wrench on the body that each of its joint's velocities feels: `Sᵀ · wrench`.
    #[inline]
    fn felt(&self, base_from_body: &Mat3, wrench: Wrench, mut effort: impl FnMut(usize, f64)) {
        let Mat3 { x, y, z } = *base_from_body;
        let Wrench { force, moment } = wrench;
        match self.freedom {
            Freedom::Turns => effort(self.joint, self.ratio * z.dot(moment)),
            Freedom::Slides => effort(self.joint, self.ratio * z.dot(force)),
            Freedom::Free => {
                for (axis, along) in [x, y, z].into_iter().enumerate() {
                    effort(self.joint + axis, along.dot(force));
                    effort(self.joint + 3 + axis, along.dot(moment));
                }
            }
        }
    }
}
