//! The machine: rigid bodies moved by servos, held by brakes, stopped by end stops and by what stands in the way, among the parts of a scene.
//!
//! Decides what is true after a step. Bodies move and touch in a [`World`], in semi-implicit Euler steps of [`PERIOD`]; what moves the joints
//! is decided here. Every [`Reaction`] (friction, brakes, stops) is taken at the *end* of the step: its damping times the step is added to the joint's
//! inertia (a linearly implicit step), so that stiffness costs no stability. The current is the mean of the step.
//!
//! **Invariant:** only `step` moves time and joints; the same calls give the same bytes.

mod faults;

use std::collections::BTreeMap;
use std::time::Duration;

use nalgebra::{Isometry3, Vector3};
use servomesh_robot::{DescribedLimits, JointKind, LinkId, Model, Payload, Twist};
use servomesh_types::Stamp;

use crate::error::SimError;
use crate::faults::Register;
use crate::mechanics::{BodyId, BodyState, Scene, SceneShape, ShapeId, Surface, World};
use crate::servo::Reaction;
use crate::servo::catalog::ServoCatalog;
use crate::servo::drive::{Drive, DriveCommand, DriveState};
use crate::servo::energy::Energy;
use crate::servo::stop::{GIVE_ROTARY, GIVE_SLIDING, Stops};
use crate::servo::supplies::Supplies;

/// The longest physical step. Longer steps are cut into equal parts.
pub const PERIOD: Duration = Duration::from_millis(1);

/// A force and a moment on a link, at its origin, in base axes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wrench {
    /// Force (N).
    pub force: Vector3<f64>,
    /// Moment (N·m).
    pub moment: Vector3<f64>,
}

/// A simulated machine.
#[derive(Debug, Clone)]
pub struct Plant {
    world: World,
    scene: Vec<SceneShape>,
    now: Stamp,
    drives: Vec<Drive>,
    supplies: Supplies,
    faults: Register,
    /// What each link was told to carry.
    loads: BTreeMap<LinkId, Option<Payload>>,
    /// How the surfaces ran that a fault makes slip.
    slipping: Vec<(ShapeId, Surface)>,
    stops: Vec<Stops>,
    obstacles: Vec<Option<f64>>,
    efforts: Vec<f64>,
    damping: Vec<f64>,
}

impl Plant {
    /// Builds the machine at time 0: every joint at rest at 0 (or at the nearest limit), drives off, brakes engaged.
    ///
    /// Armatures come from the servos and replace those of the model.
    ///
    /// # Errors
    /// If a movable joint of the model has no servo in the catalog.
    pub fn new(model: &Model, servos: &ServoCatalog) -> Result<Self, SimError> {
        let mut model = model.clone();
        let count = model.joint_count();
        let mut drives = Vec::with_capacity(count);
        let mut stops = Vec::with_capacity(count);
        let mut positions = Vec::with_capacity(count);
        for index in 0..count {
            let joint = model.joints()[index].clone();
            let servo = servos.servo(&joint.name)?;
            let position = 0.0_f64.clamp(joint.limits.lower, joint.limits.upper);
            drives.push(Drive::new(servo, joint.kind.is_rotary(), position));
            stops.push(stops_of(
                joint.kind,
                &joint.limits,
                servo.effort_per_ampere() * servo.max_current_a,
            ));
            positions.push(position);
            model.set_armature(index, servo.armature())?;
        }
        let supplies = Supplies::new(model.joints().iter().map(|joint| joint.name.as_str()), servos)?;
        let mut world = World::with_machine(&model);
        // The stops of servos give a little, and are efforts.
        world.set_joint_ends(false);
        world.place_joints(&positions, &vec![0.0; count]);
        let mut plant = Self {
            world,
            scene: Vec::new(),
            now: Stamp::ZERO,
            drives,
            supplies,
            faults: Register::default(),
            loads: BTreeMap::new(),
            slipping: Vec::new(),
            stops,
            obstacles: vec![None; count],
            efforts: vec![0.0; count],
            damping: vec![0.0; count],
        };
        plant.set_seed(0);
        Ok(plant)
    }

    /// Puts a scene around the machine: what it may run into, parts, belts.
    ///
    /// # Errors
    /// If the scene names a link or a joint that the machine has not.
    pub fn add_scene(&mut self, scene: &Scene) -> Result<(), SimError> {
        self.scene.extend(scene.put_into(&mut self.world)?);
        self.apply_faults();
        Ok(())
    }

    /// Puts the machine at rest at `positions`; drives keep their modes.
    ///
    /// # Errors
    /// If a position is not finite.
    ///
    /// # Panics
    /// If there is not one value for each joint.
    pub fn place(&mut self, positions: &[f64]) -> Result<(), SimError> {
        assert_eq!(positions.len(), self.efforts.len(), "one position for each joint");
        if let Some(joint) = positions.iter().position(|position| !position.is_finite()) {
            return Err(self.not_finite(joint, "position", positions[joint]));
        }
        self.efforts.fill(0.0);
        self.world.place_joints(positions, &self.efforts);
        for (drive, &position) in self.drives.iter_mut().zip(positions) {
            drive.place(position);
        }
        Ok(())
    }

    /// Gives a drive a command, as of now. Its bus watchdog starts anew.
    ///
    /// # Errors
    /// If the current is not finite; the drive does not hear of it.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn set_drive(&mut self, joint: usize, command: DriveCommand) -> Result<(), SimError> {
        if !command.current_a.is_finite() {
            return Err(self.not_finite(joint, "current", command.current_a));
        }
        self.drives[joint].command(self.now, command);
        Ok(())
    }

    /// Tells a drive, as of now, to drive with a share of its supply's voltage, −1 to 1, as servos do that close no current loop. Its bus
    /// watchdog starts anew.
    ///
    /// # Errors
    /// If the share is not finite; the drive does not hear of it.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn set_drive_duty(&mut self, joint: usize, duty: f64) -> Result<(), SimError> {
        if !duty.is_finite() {
            return Err(self.not_finite(joint, "duty", duty));
        }
        self.drives[joint].command_duty(self.now, duty);
        Ok(())
    }

    /// Sets how long each drive drives on without a command; 20 ms unless set.
    pub fn set_watchdog(&mut self, timeout: Duration) {
        for drive in &mut self.drives {
            drive.set_watchdog(timeout);
        }
    }

    /// Seeds the noise of all encoders, each with a stream of its own; 0 unless set.
    pub fn set_seed(&mut self, seed: u64) {
        for (stream, drive) in (0..).zip(&mut self.drives) {
            drive.seed(seed, stream);
        }
    }

    /// Puts an object in the way of a joint that closes on it: the joint meets it at `position` on its way down. A part of width w between
    /// two fingers that move alike stands at w/2. `None` takes it away.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn set_obstacle(&mut self, joint: usize, position: Option<f64>) {
        self.obstacles[joint] = position;
    }

    /// Makes a link carry a load, its own and that of faults together.
    fn hang(&mut self, link: LinkId, payload: Option<Payload>) -> Result<(), SimError> {
        self.world.edit_model(|model| model.set_payload(link, payload))?;
        Ok(())
    }

    /// Pushes a link until told otherwise, as a person or an obstacle would.
    pub fn set_push(&mut self, push: Option<(LinkId, Wrench)>) {
        self.world.set_link_push(push);
    }

    /// Moves time and machine forward by `dt`.
    pub fn step(&mut self, dt: Duration) {
        let parts = dt.as_nanos().div_ceil(PERIOD.as_nanos());
        let start = self.now;
        for part in 1..=parts {
            let end = start + Duration::from_nanos((dt.as_nanos() * part / parts) as u64);
            self.step_once(end.seconds_from(self.now));
            self.now = end;
            self.end_faults();
        }
        self.world.update_links();
    }

    fn step_once(&mut self, dt_s: f64) {
        for joint in 0..self.drives.len() {
            let (position, velocity) = (self.positions()[joint], self.velocities()[joint]);
            let servo = self.drives[joint].react(self.now, position, velocity, dt_s);
            let Reaction { effort, damping } = servo + self.stop(joint, position, velocity, dt_s);
            self.efforts[joint] = effort;
            self.damping[joint] = damping;
        }
        self.world.step(dt_s, &self.efforts, &self.damping);
        let (positions, velocities) = (self.world.joint_positions(), self.world.joint_velocities());
        for (drive, (position, velocity)) in self.drives.iter_mut().zip(positions.iter().zip(velocities)) {
            drive.settle(*position, *velocity);
        }
        self.supplies.step(&mut self.drives, dt_s);
    }

    fn stop(&self, joint: usize, position: f64, velocity: f64, dt_s: f64) -> Reaction {
        let mut stops = self.stops[joint];
        if let Some(obstacle) = self.obstacles[joint] {
            stops.lower = stops.lower.max(obstacle);
        }
        stops.reaction(position, velocity, dt_s)
    }

    /// Simulated time.
    pub fn now(&self) -> Stamp {
        self.now
    }

    /// The machine's model, with the servos' armatures and the present loads.
    pub fn model(&self) -> &Model {
        self.world.model().expect("the plant's world has a machine")
    }

    /// The bodies that no joint moves: name, pose, velocity.
    pub fn bodies(&self) -> impl ExactSizeIterator<Item = BodyState<'_>> {
        self.world.bodies().map(|(_, state)| state)
    }

    /// A body by name.
    pub fn body(&self, name: &str) -> Option<(BodyId, BodyState<'_>)> {
        self.world.bodies().find(|(_, state)| state.name == name)
    }

    /// The shapes of the scene, for whoever draws them.
    pub fn scene(&self) -> &[SceneShape] {
        &self.scene
    }

    /// Bodies, shapes and contacts.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Bodies, shapes and contacts, to put parts somewhere or change their surfaces.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// What a joint's drive reports.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn drive(&self, joint: usize) -> DriveState {
        self.drives[joint].state()
    }

    /// Where the energy of a joint's drive went.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn servo_energy(&self, joint: usize) -> Energy {
        self.drives[joint].energy()
    }

    /// The supplies of the drives.
    pub fn supplies(&self) -> &Supplies {
        &self.supplies
    }

    /// The servo data of a joint's drive.
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn servo(&self, joint: usize) -> &crate::servo::catalog::ServoParameters {
        self.drives[joint].parameters()
    }

    /// True positions, in the order of the model's joints.
    pub fn positions(&self) -> &[f64] {
        self.world.joint_positions()
    }

    /// True velocities.
    pub fn velocities(&self) -> &[f64] {
        self.world.joint_velocities()
    }

    /// True accelerations, in the last step.
    pub fn accelerations(&self) -> &[f64] {
        self.world.joint_accelerations()
    }

    /// The true effort of a joint's motor, before the gearbox's losses (N·m, N).
    ///
    /// # Panics
    /// If `joint` is not an index of the model.
    pub fn motor_effort(&self, joint: usize) -> f64 {
        self.drives[joint].motor_effort()
    }

    /// The true pose `base_from_link`.
    pub fn link_pose(&self, link: LinkId) -> Isometry3<f64> {
        self.world.link_pose(link)
    }

    /// The true velocity of a link's origin, and of the link.
    pub fn link_velocity(&self, link: LinkId) -> Twist {
        self.world.link_velocity(link)
    }

    /// Kinetic and potential energy of everything that moves, rotors included (J).
    pub fn energy(&mut self) -> f64 {
        self.world.energy()
    }

    fn not_finite(&self, joint: usize, what: &'static str, value: f64) -> SimError {
        SimError::NotFinite {
            joint: self.model().joints()[joint].name.clone(),
            what,
            value,
        }
    }
}

fn stops_of(kind: JointKind, limits: &DescribedLimits, strongest: f64) -> Stops {
    let give = if kind.is_rotary() {
        GIVE_ROTARY
    } else {
        GIVE_SLIDING
    };
    Stops {
        lower: limits.lower,
        upper: limits.upper,
        stiffness: strongest / give,
    }
}
