//! What a robot's users set on its model beside the description: limits, armatures, loads, gravity.
//!
//! Decides which values are refused. Units: rad, m, kg, N, N·m, s.
//!
//! **Invariant:** limits, armatures and payloads are finite or explicitly unlimited; the bodies' inertias have the payloads in them.

use nalgebra::{Matrix3, Vector3};

use crate::body::BodyInertia;
use crate::error::RobotError;
use crate::joint::DescribedLimits;
use crate::model::{LinkId, Model};
use crate::spatial::Inertia;

/// Standard gravity in m/s² (ISO 80000-3).
pub const STANDARD_GRAVITY: f64 = 9.80665;

/// A load that a link carries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Payload {
    /// Mass (kg).
    pub mass: f64,
    /// Centre of mass in the link's frame (m).
    pub centre_of_mass: Vector3<f64>,
    /// Rotational inertia about the centre of mass, in the link's axes (kg·m²).
    pub inertia: Matrix3<f64>,
}

impl Model {
    /// Mass of everything that moves, payloads included (kg).
    pub fn moving_mass(&self) -> f64 {
        self.bodies.iter().map(|body| body.inertia.mass).sum()
    }

    /// Gravity in base axes (m/s²); (0, 0, −9.80665) unless set.
    pub fn gravity(&self) -> Vector3<f64> {
        self.gravity
    }

    /// Sets gravity in base axes (m/s²), for a robot on a wall or in free fall.
    pub fn set_gravity(&mut self, gravity: Vector3<f64>) {
        self.gravity = gravity;
    }

    /// Sets what a joint may do, for example with accelerations and jerks that URDF has no place for.
    ///
    /// # Errors
    /// NaN, a negative magnitude, or `lower` above `upper`.
    ///
    /// # Panics
    /// If `joint` is not an index of this model.
    pub fn set_limits(&mut self, joint: usize, limits: DescribedLimits) -> Result<(), RobotError> {
        let name = &self.joints[joint].name;
        for (what, value) in [
            ("velocity limit", limits.velocity),
            ("acceleration limit", limits.acceleration),
            ("jerk limit", limits.jerk),
            ("effort limit", limits.effort),
        ] {
            self.require(name, what, value, "zero or more", |value| value >= 0.0)?;
        }
        self.require(
            name,
            "upper limit",
            limits.upper,
            "at or above the lower limit",
            |upper| upper >= limits.lower,
        )?;
        self.joints[joint].limits = limits;
        Ok(())
    }

    /// Sets the rotor inertia seen at a joint, `rotor inertia · gear ratio²` (kg·m², or kg for prismatic).
    ///
    /// # Errors
    /// If it is negative or not finite.
    ///
    /// # Panics
    /// If `joint` is not an index of this model.
    pub fn set_armature(&mut self, joint: usize, armature: f64) -> Result<(), RobotError> {
        let name = &self.joints[joint].name;
        self.require(name, "armature", armature, "zero or more", |a| {
            a >= 0.0 && a.is_finite()
        })?;
        self.joints[joint].armature = armature;
        Ok(())
    }

    /// Hangs a load on a link, in place of the load it had; `None` takes it off. Allocates nothing.
    ///
    /// # Errors
    /// If the mass is negative or a number is not finite.
    pub fn set_payload(&mut self, link: LinkId, payload: Option<Payload>) -> Result<(), RobotError> {
        if let Some(load) = &payload {
            let name = self.link_name(link);
            self.require(name, "payload mass", load.mass, "zero or more", |m| {
                m >= 0.0 && m.is_finite()
            })?;
            for &value in load.centre_of_mass.iter().chain(load.inertia.iter()) {
                self.require(
                    name,
                    "payload's place or inertia",
                    value,
                    "finite",
                    f64::is_finite,
                )?;
            }
        }
        self.links[link.0].payload = payload;
        self.collect_payloads();
        Ok(())
    }

    /// Takes over what was set on another model of the same description; `joints` are the other's, in the order of this one's.
    pub(crate) fn take_settings(&mut self, other: &Self, joints: impl IntoIterator<Item = usize>) {
        for (joint, index) in self.joints.iter_mut().zip(joints) {
            joint.clone_from(&other.joints[index]);
        }
        for (link, original) in self.links.iter_mut().zip(&other.links) {
            link.payload = original.payload;
        }
        self.gravity = other.gravity;
        self.collect_payloads();
    }

    pub(crate) fn collect_payloads(&mut self) {
        for body in &mut self.bodies {
            body.inertia = BodyInertia::from(&body.own_inertia);
        }
        for link in &self.links {
            if let (Some(body), Some(load)) = (link.body, &link.payload) {
                let on_link = Inertia::about_origin(load.mass, &load.centre_of_mass, &load.inertia);
                self.bodies[body].inertia += BodyInertia::from(&on_link.into_a(&link.body_from_link));
            }
        }
    }

    pub(crate) fn require(
        &self,
        item: &str,
        what: &'static str,
        value: f64,
        must_be: &'static str,
        holds: impl Fn(f64) -> bool,
    ) -> Result<(), RobotError> {
        if holds(value) {
            return Ok(());
        }
        let (robot, item) = (self.name().to_owned(), item.to_owned());
        Err(RobotError::BadValue {
            robot,
            item,
            what,
            value,
            must_be,
        })
    }
}
