//! The joint-space mass matrix: the composite-rigid-body algorithm (RBDA section 6.2), with mimic joints folded in.
//!
//! In base axes. Composite inertias are about each body's own origin; the motions of joints and the forces that they take are compared about
//! the origin of the first body on the way from the base, which keeps numbers small wherever the robot is.

use nalgebra::DMatrix;

use crate::body::{BodyInertia, Freedom, Wrench};
use crate::model::Model;
use crate::vector::{Mat3, Vec3};
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
            let parent = body.parent.map(|parent| &above[parent]);
            let work = &mut below[0];
            work.in_base_axes = body.in_base_axes(parent.map(|parent| &parent.in_base_axes.rotation), q);
            work.from_first =
                parent.map_or(Vec3::ZERO, |parent| parent.from_first + work.in_base_axes.origin);
            work.composite = body.inertia.rotated(&work.in_base_axes.rotation);
            let screws = &mut workspace.screws[body.first_column..];
            let Mat3 { x, y, z } = work.in_base_axes.rotation;
            match body.freedom {
                Freedom::Turns => screws[0] = Motion::About(z * body.ratio).screw(work.from_first),
                Freedom::Slides => screws[0] = Motion::Along(z * body.ratio).screw(work.from_first),
                Freedom::Free => {
                    for (axis, along) in [x, y, z].into_iter().enumerate() {
                        screws[axis] = Motion::Along(along).screw(work.from_first);
                        screws[axis + 3] = Motion::About(along).screw(work.from_first);
                    }
                }
            }
        }
        let count = self.velocity_count();
        let mut entries = Entries {
            count,
            values: workspace.mass_matrix.as_mut_slice(),
            adds_up: !self.mimics().is_empty(),
        };
        if entries.adds_up {
            entries.values.fill(0.0);
        }
        for (index, body) in self.bodies.iter().enumerate().rev() {
            let (above, below) = workspace.bodies.split_at_mut(index);
            let work = &below[0];
            if let Some(parent) = body.parent {
                above[parent].composite += work.composite.seen_from(work.in_base_axes.origin);
            }
            let mut fill = |offset, motion| {
                let column = body.first_column + offset;
                self.fill_column(&workspace.screws, &mut entries, column, work, motion);
            };
            let Mat3 { x, y, z } = work.in_base_axes.rotation;
            match body.freedom {
                Freedom::Turns => fill(0, Motion::About(z * body.ratio)),
                Freedom::Slides => fill(0, Motion::Along(z * body.ratio)),
                Freedom::Free => {
                    for (axis, along) in [x, y, z].into_iter().enumerate() {
                        fill(axis, Motion::Along(along));
                        fill(axis + 3, Motion::About(along));
                    }
                }
            }
        }
        let entries = entries.values;
        for (index, joint) in self.joints().iter().enumerate() {
            entries[index * count + index] += joint.armature;
        }
        &workspace.mass_matrix
    }

    /// Enters what a unit of acceleration of one of a body's velocities asks of it and of all that carry it.
    // Inlined, so that the motion stays in registers.
    #[inline(always)]
    fn fill_column(
        &self,
        screws: &[Screw],
        entries: &mut Entries<'_>,
        column: usize,
        work: &BodyWork,
        motion: Motion,
    ) {
        let own = &self.columns[column];
        let wrench = motion.takes(&work.composite);
        entries.enter(own.velocity, own.velocity, motion.feels(&wrench));
        let wrench = wrench.seen_from(work.from_first);
        let mut carrier = own.carrier;
        while let Some(above) = carrier {
            let other = &self.columns[above];
            let entry = screws[above].feels(&wrench);
            // Both places get it, also when they are one (a joint that carries its own mimic).
            entries.enter(own.velocity, other.velocity, entry);
            entries.enter(other.velocity, own.velocity, entry);
            carrier = other.carrier;
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

/// The matrix by columns.
struct Entries<'a> {
    count: usize,
    values: &'a mut [f64],
    /// Whether several bodies have a share in one entry. Without mimics each entry is written once, or stays 0 for ever.
    adds_up: bool,
}

impl Entries<'_> {
    #[inline(always)]
    fn enter(&mut self, row: usize, column: usize, value: f64) {
        let entry = &mut self.values[column * self.count + row];
        *entry = if self.adds_up { *entry + value } else { value };
    }
}

/// What a unit of one velocity gives a body, in base axes, about some point.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screw {
    linear: Vec3,
    angular: Vec3,
}

impl Screw {
    pub(crate) const ZERO: Self = Self {
        linear: Vec3::ZERO,
        angular: Vec3::ZERO,
    };

    /// The part of a wrench about the same point that the velocity feels.
    #[inline]
    fn feels(&self, wrench: &Wrench) -> f64 {
        self.linear.dot(wrench.force) + self.angular.dot(wrench.moment)
    }
}

/// The same of one's own body, about its origin: half of the numbers are 0 there.
#[derive(Debug, Clone, Copy)]
enum Motion {
    Along(Vec3),
    About(Vec3),
}

impl Motion {
    /// As a screw about a point from which the body is seen at `r`.
    #[inline(always)]
    fn screw(self, r: Vec3) -> Screw {
        match self {
            Self::Along(linear) => Screw {
                linear,
                ..Screw::ZERO
            },
            Self::About(angular) => Screw {
                linear: r.cross(angular),
                angular,
            },
        }
    }

    /// What it takes to accelerate the body so.
    #[inline(always)]
    fn takes(self, inertia: &BodyInertia) -> Wrench {
        match self {
            Self::Along(axis) => inertia.push(axis),
            Self::About(axis) => inertia.twist(axis),
        }
    }

    #[inline(always)]
    fn feels(self, wrench: &Wrench) -> f64 {
        match self {
            Self::Along(axis) => axis.dot(wrench.force),
            Self::About(axis) => axis.dot(wrench.moment),
        }
    }
}
