//! How faults get into the machine, and out of it again.
//!
//! Decides which targets there are, and hands what is broken to the parts that it concerns, whenever the list of faults changes.

use std::collections::BTreeSet;
use std::time::Duration;

use nalgebra::{Matrix3, Vector3};
use servomesh_robot::{LinkId, Payload};

use super::Plant;
use crate::error::SimError;
use crate::faults::{Active, Fault, FaultId, Kind, Target};
use crate::mechanics::{Carrier, Surface};
use crate::servo::conditions::Conditions;

/// What breaks, and is repaired.
impl Plant {
    /// Breaks something, for `lasting` of simulated time, or until it is repaired.
    ///
    /// # Errors
    /// There is no such target, or the figure is out of range; the message says what is possible. Frames get lost on a bus:
    /// those faults are injected into the [`Hardware`](crate::Hardware).
    pub fn inject(&mut self, fault: Fault, lasting: Option<Duration>) -> Result<FaultId, SimError> {
        fault.check()?;
        let fault = self.aimed(fault)?;
        Ok(self.take_up(fault, lasting))
    }

    /// Repairs one fault; whether it was there.
    pub fn clear(&mut self, id: FaultId) -> bool {
        self.let_go(|active| active.id == id) > 0
    }

    /// Repairs all faults of a target, or all there are if it is empty; says how many.
    pub fn clear_at(&mut self, target: &str) -> usize {
        let supply = self.supply_of(target);
        self.let_go(|active| {
            let at = &active.fault.target;
            let sags = active.fault.kind == Kind::SupplySag && Some(at) == supply.as_ref();
            target.is_empty() || at == target || sags
        })
    }

    /// What is broken, oldest first.
    pub fn faults(&self) -> &[Active] {
        self.faults.active()
    }

    /// What is wrong with a joint's servo.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn conditions(&self, joint: usize) -> &Conditions {
        self.drives[joint].conditions()
    }

    /// Hangs a load on a link, such as a gripped part; `None` takes it off.
    ///
    /// # Errors
    /// If the load's mass is negative or a number is not finite.
    pub fn set_payload(&mut self, link: LinkId, payload: Option<Payload>) -> Result<(), SimError> {
        self.hang(link, self.with_hidden_mass(link, payload))?;
        self.loads.insert(link, payload);
        Ok(())
    }

    /// The probability that a frame of a group's bus gets lost.
    pub(crate) fn frame_loss(&self, group: &str) -> f64 {
        self.faults.frame_loss(group)
    }

    /// Whether the list has a burst of lost frames for a group.
    pub(crate) fn has_burst(&self, group: &str) -> bool {
        let concerns = |fault: &Fault| fault.target.is_empty() || fault.target == group;
        let mut faults = self.faults.active().iter().map(|active| &active.fault);
        faults.any(|fault| fault.kind == Kind::FrameBurst && concerns(fault))
    }

    /// Takes the bursts of lost frames off the list for whose targets `over` holds.
    pub(crate) fn end_bursts(&mut self, over: impl Fn(&str) -> bool) {
        self.let_go(|active| active.fault.kind == Kind::FrameBurst && over(&active.fault.target));
    }

    pub(crate) fn take_up(&mut self, fault: Fault, lasting: Option<Duration>) -> FaultId {
        let id = self.faults.add(self.now, fault, lasting);
        self.apply_faults();
        id
    }

    fn let_go(&mut self, gone: impl Fn(&Active) -> bool) -> usize {
        let before: Vec<LinkId> = self.loaded_links().collect();
        let count = self.faults.remove(gone);
        if count > 0 {
            for link in before {
                self.loads.entry(link).or_default();
            }
            self.apply_faults();
        }
        count
    }

    /// Repairs what has lasted long enough.
    pub(super) fn end_faults(&mut self) {
        let now = self.now;
        let ends = |active: &Active| active.until.is_some_and(|until| until <= now);
        if self.faults.active().iter().any(ends) {
            self.let_go(ends);
        }
    }

    pub(super) fn apply_faults(&mut self) {
        for index in 0..self.drives.len() {
            let coulomb = self.drives[index].parameters().friction.coulomb;
            let conditions = self
                .faults
                .conditions(&self.model().joints()[index].name, coulomb);
            self.drives[index].set_conditions(conditions);
        }
        let faults = &self.faults;
        self.supplies.set_health(|supply| faults.supply_share(supply));
        self.let_surfaces_slip();
        let links: BTreeSet<LinkId> = self.loads.keys().copied().chain(self.loaded_links()).collect();
        for link in links {
            let told = self.loads.get(&link).copied().flatten();
            self.hang(link, self.with_hidden_mass(link, told))
                .expect("a load that was accepted, and a mass of at least 0");
        }
    }

    /// Belts lag, and bodies lose their grip.
    fn let_surfaces_slip(&mut self) {
        for (shape, surface) in self.slipping.drain(..) {
            self.world.set_surface(shape, surface);
        }
        for shape in self.world.shapes() {
            let surface = self.world.surface(shape);
            if let Surface::Joint { joint, travel } = surface {
                let share = self.faults.belt_share(&self.model().joints()[joint].name);
                if share < 1.0 {
                    self.slipping.push((shape, surface));
                    let travel = travel * share;
                    self.world.set_surface(shape, Surface::Joint { joint, travel });
                }
            }
            if let Carrier::Body(body) = self.world.carrier(shape) {
                let share = self.faults.friction_share(self.world.body(body).name);
                self.world.set_grip(shape, share);
            }
        }
    }

    /// The links with a mass that nobody was told of.
    fn loaded_links(&self) -> impl Iterator<Item = LinkId> {
        let faults = self.faults.active().iter().map(|active| &active.fault);
        faults
            .filter(|fault| fault.kind == Kind::PayloadChanged)
            .filter_map(|fault| self.model().link(&fault.target).ok())
    }

    /// A load together with the mass at the link's origin that nobody was told of.
    fn with_hidden_mass(&self, link: LinkId, told: Option<Payload>) -> Option<Payload> {
        let hidden_kg = self.faults.load_kg(self.model().link_name(link));
        if hidden_kg <= 0.0 {
            return told;
        }
        let told = told.unwrap_or(Payload {
            mass: 0.0,
            centre_of_mass: Vector3::zeros(),
            inertia: Matrix3::zeros(),
        });
        let mass = told.mass + hidden_kg;
        let centre_of_mass = told.centre_of_mass * (told.mass / mass);
        // Two points of masses m₁ and m₂, a distance r apart, turn about their common centre with m₁·m₂/(m₁ + m₂)·r².
        let r = told.centre_of_mass;
        let reduced = told.mass * hidden_kg / mass;
        let apart = Matrix3::identity() * r.norm_squared() - r * r.transpose();
        Some(Payload {
            mass,
            centre_of_mass,
            inertia: told.inertia + apart * reduced,
        })
    }

    /// The same fault with a target that is there.
    fn aimed(&self, fault: Fault) -> Result<Fault, SimError> {
        let about = fault.kind.about();
        let missing = |known: Vec<&str>| SimError::NoTarget {
            kind: about.name,
            target: fault.target.clone(),
            known: known.join(", "),
        };
        let joints = || self.model().joints().iter().map(|joint| joint.name.as_str());
        match about.target {
            Target::JointOrAll if fault.target.is_empty() => Ok(fault),
            Target::Joint | Target::JointOrAll => {
                if joints().any(|joint| joint == fault.target) {
                    Ok(fault)
                } else {
                    Err(missing(joints().collect()))
                }
            }
            Target::Supply => match self.supply_of(&fault.target) {
                Some(target) => Ok(Fault { target, ..fault }),
                None => Err(missing(self.supplies.names().collect())),
            },
            Target::Link => match self.model().link(&fault.target) {
                Ok(_) => Ok(fault),
                Err(error) => Err(error.into()),
            },
            Target::BodyOrAll if fault.target.is_empty() || self.body(&fault.target).is_some() => Ok(fault),
            Target::BodyOrAll => Err(missing(self.bodies().map(|body| body.name).collect())),
            Target::GroupOrAll => Err(SimError::NoBusHere { kind: about.name }),
        }
    }

    /// The supply of this name, or of the joint of this name.
    fn supply_of(&self, target: &str) -> Option<String> {
        if self.supplies.get(target).is_some() {
            return Some(target.to_owned());
        }
        let joint = self.model().joint_index(target).ok()?;
        self.supplies.of(joint).map(str::to_owned)
    }
}
