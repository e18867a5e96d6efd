//! A free body: its mass, and how it moves.
//!
//! Decides how a body flies: gravity and pushes change its momentum, and its spin is integrated so that its angular momentum stays exact
//! whatever its shape. Positions are of the body's frame; inside, everything is about the centre of mass.
//!
//! **Invariant:** rotations stay of unit length.

use nalgebra::{Isometry3, Matrix3, Point3, Translation3, UnitQuaternion, Vector3};
use servomesh_robot::Twist;

use super::shape::Shape;
use crate::error::SimError;
use crate::plant::Wrench;

/// A free body of one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BodyId(pub(super) usize);

/// Mass, where it is, and how it resists turning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MassProperties {
    /// Mass (kg).
    pub mass: f64,
    /// In the body's frame (m).
    pub centre_of_mass: Point3<f64>,
    /// About the centre of mass, in the body's axes (kg·m²).
    pub inertia: Matrix3<f64>,
}

impl MassProperties {
    /// A shape filled evenly with `mass` (kg).
    ///
    /// # Errors
    /// If the shape or the mass can't be, or the shape is a half-space.
    pub fn of(shape: &Shape, mass: f64) -> Result<Self, SimError> {
        shape.check()?;
        let even = |x: f64, y: f64, z: f64| Matrix3::from_diagonal(&(Vector3::new(x, y, z) * mass));
        let properties = match shape {
            Shape::Box { size } => {
                let s = size.component_mul(size) / 12.0;
                Self::centred(mass, even(s.y + s.z, s.z + s.x, s.x + s.y))
            }
            Shape::Sphere { radius } => {
                let moment = 0.4 * radius * radius;
                Self::centred(mass, even(moment, moment, moment))
            }
            Shape::Cylinder { radius, length } => {
                let across = radius * radius / 4.0 + length * length / 12.0;
                Self::centred(mass, even(across, across, radius * radius / 2.0))
            }
            Shape::Capsule { .. } | Shape::Convex { .. } => {
                let (parry, _) = shape.to_parry();
                let unit = parry.mass_properties(1.0);
                let com = unit.local_com;
                let i = unit.reconstruct_inertia_matrix();
                let density = mass / unit.mass();
                let inertia = Matrix3::from_fn(|row, column| i.col(column)[row] * density);
                Self {
                    mass,
                    centre_of_mass: Point3::new(com.x, com.y, com.z),
                    inertia,
                }
            }
            Shape::HalfSpace => {
                return Err(SimError::Mechanics {
                    item: "half-space".to_owned(),
                    what: "volume",
                    value: f64::INFINITY,
                    must_be: "finite for a body that moves",
                });
            }
        };
        properties.check("shape")?;
        Ok(properties)
    }

    fn centred(mass: f64, inertia: Matrix3<f64>) -> Self {
        Self {
            mass,
            centre_of_mass: Point3::origin(),
            inertia,
        }
    }

    /// # Errors
    /// If the mass is not positive and finite, or the inertia not positive definite.
    pub(super) fn check(&self, item: &str) -> Result<(), SimError> {
        let refuse = |what, value, must_be| {
            Err(SimError::Mechanics {
                item: item.to_owned(),
                what,
                value,
                must_be,
            })
        };
        if !(self.mass > 0.0 && self.mass.is_finite()) {
            return refuse("mass", self.mass, "positive and finite");
        }
        if let Some(&bad) = self.centre_of_mass.iter().find(|x| !x.is_finite()) {
            return refuse("centre of mass", bad, "finite");
        }
        let is_finite = self.inertia.iter().all(|x| x.is_finite());
        let least = if is_finite {
            self.inertia.symmetric_eigenvalues().min()
        } else {
            f64::NEG_INFINITY
        };
        if least <= 0.0 {
            return refuse("least principal moment of inertia", least, "positive and finite");
        }
        Ok(())
    }
}

/// Where a free body is and how it moves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BodyState<'w> {
    /// The name it was given.
    pub name: &'w str,
    /// `base_from_body`.
    pub pose: Isometry3<f64>,
    /// Velocity of the body's origin and of the body, in base axes.
    pub twist: Twist,
}

/// A body in motion, about its centre of mass.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) name: String,
    pub(super) mass: MassProperties,
    inverse_inertia: Matrix3<f64>,
    /// Of the centre of mass.
    pub(super) position: Vector3<f64>,
    pub(super) rotation: UnitQuaternion<f64>,
    pub(super) velocity: Vector3<f64>,
    pub(super) spin: Vector3<f64>,
    pub(super) push: Option<Wrench>,
    /// What the last step added to velocity and spin.
    gained: (Vector3<f64>, Vector3<f64>),
    /// Inertia and its inverse about the centre of mass in base axes, at the start of the step.
    pub(super) inertia: Matrix3<f64>,
    pub(super) inverse: Matrix3<f64>,
}

impl Body {
    pub(super) fn new(name: &str, mass: MassProperties, pose: &Isometry3<f64>) -> Result<Self, SimError> {
        mass.check(name)?;
        let mut body = Self {
            name: name.to_owned(),
            inverse_inertia: mass
                .inertia
                .try_inverse()
                .expect("it was checked to be positive definite"),
            mass,
            position: Vector3::zeros(),
            rotation: UnitQuaternion::identity(),
            velocity: Vector3::zeros(),
            spin: Vector3::zeros(),
            push: None,
            gained: (Vector3::zeros(), Vector3::zeros()),
            inertia: mass.inertia,
            inverse: Matrix3::identity(),
        };
        body.place(
            pose,
            &Twist {
                linear: Vector3::zeros(),
                angular: Vector3::zeros(),
            },
        );
        Ok(body)
    }

    pub(super) fn place(&mut self, pose: &Isometry3<f64>, twist: &Twist) {
        self.rotation = pose.rotation;
        let arm = self.rotation * self.mass.centre_of_mass.coords;
        self.position = pose.translation.vector + arm;
        self.velocity = twist.linear + twist.angular.cross(&arm);
        self.spin = twist.angular;
        self.gained = (Vector3::zeros(), Vector3::zeros());
        self.refresh();
    }

    /// The fastest that a point within `radius` of its centre may be (m/s).
    pub(super) fn fastest(&self, radius: f64) -> f64 {
        self.velocity.norm_squared().sqrt() + self.spin.norm_squared().sqrt() * radius
    }

    /// `base_from_body`.
    pub(super) fn pose(&self) -> Isometry3<f64> {
        let arm = self.rotation * self.mass.centre_of_mass.coords;
        Isometry3::from_parts(Translation3::from(self.position - arm), self.rotation)
    }

    pub(super) fn state(&self) -> BodyState<'_> {
        let arm = self.rotation * self.mass.centre_of_mass.coords;
        BodyState {
            name: &self.name,
            pose: self.pose(),
            twist: Twist {
                linear: self.velocity - self.spin.cross(&arm),
                angular: self.spin,
            },
        }
    }

    /// Turns the inertia into base axes.
    pub(super) fn refresh(&mut self) {
        let r = self.rotation.to_rotation_matrix().into_inner();
        self.inertia = r * self.mass.inertia * r.transpose();
        self.inverse = r * self.inverse_inertia * r.transpose();
    }

    /// The velocities at the end of a step of `dt_s` if nothing touches it: linear, angular.
    pub(super) fn flight(&self, gravity: &Vector3<f64>, dt_s: f64) -> (Vector3<f64>, Vector3<f64>) {
        let mut velocity = self.velocity + gravity * dt_s;
        let mut momentum = self.inertia * self.spin;
        if let Some(push) = &self.push {
            let arm = self.rotation * self.mass.centre_of_mass.coords;
            velocity += push.force * (dt_s / self.mass.mass);
            momentum += (push.moment - arm.cross(&push.force)) * dt_s;
        }
        // I(R₁)·ω₁ = L with R₁ = exp(h·(ω₀ + ω₁)/2)·R₀, by fixed-point iteration: h·|ω| is small.
        let mut spin = self.inverse * momentum;
        if spin.norm_squared() * dt_s * dt_s < SLOW * SLOW {
            return (velocity, spin);
        }
        for _ in 0..SPIN_ITERATIONS {
            let turned = self
                .turned(&(0.5 * (self.spin + spin)), dt_s)
                .to_rotation_matrix();
            spin = turned * (self.inverse_inertia * (turned.inverse() * momentum));
        }
        (velocity, spin)
    }

    /// The velocities if the next step adds what the last one did, unless that was a blow or next to nothing.
    pub(super) fn going_on(&self) -> (Vector3<f64>, Vector3<f64>) {
        let (velocity, spin) = self.gained;
        let (way, turn) = (velocity.norm_squared(), spin.norm_squared());
        let is_steady = way < STEADY * STEADY && turn < STEADY * STEADY;
        if is_steady || way > BLOW * BLOW {
            return (self.velocity, self.spin);
        }
        (self.velocity + velocity, self.spin + spin)
    }

    fn turned(&self, spin: &Vector3<f64>, dt_s: f64) -> UnitQuaternion<f64> {
        UnitQuaternion::from_scaled_axis(spin * dt_s) * self.rotation
    }

    /// Moves it on for `dt_s` after its velocities have become those given. `in_flight` turns it by the mean of its old and new spin, which
    /// is what keeps its angular momentum.
    pub(super) fn advance(&mut self, velocity: Vector3<f64>, spin: Vector3<f64>, in_flight: bool, dt_s: f64) {
        let mean = if in_flight { 0.5 * (self.spin + spin) } else { spin };
        self.position += velocity * dt_s;
        self.rotation = self.turned(&mean, dt_s);
        self.rotation.renormalize();
        self.gained = (velocity - self.velocity, spin - self.spin);
        self.velocity = velocity;
        self.spin = spin;
        self.refresh();
    }

    /// Kinetic energy, and potential energy against the base's origin (J).
    pub(super) fn energy(&self, gravity: &Vector3<f64>) -> f64 {
        let kinetic = 0.5 * self.mass.mass * self.velocity.norm_squared()
            + 0.5 * self.spin.dot(&(self.inertia * self.spin));
        kinetic - self.mass.mass * gravity.dot(&self.position)
    }
}

/// An angle in a step over which the axes of a body don't turn (rad): its square is below what a number holds.
const SLOW: f64 = 1e-9;
/// The iteration gains a factor of h·|ω| each time: at 100 rad/s and 1 ms four are 1e-4 of 1e-4.
const SPIN_ITERATIONS: usize = 4;
/// A gain of speed in one step that is only what the solver left over (m/s, rad/s).
const STEADY: f64 = 1e-7;
/// A gain of speed in one step that is no steady acceleration (m/s).
const BLOW: f64 = 0.1;
