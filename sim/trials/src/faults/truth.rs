//! What the arm really does after something went wrong: how far it goes, and when it stands.
//!
//! rad, m, s; taken from the simulated machine once a millisecond. **Invariant:** nothing that a node says comes into it.

use super::harm::TOOL;
use anyhow::Result;
use nalgebra::Vector3;
use servomesh_robot::LinkId;
use servomesh_sim::Plant;
use servomesh_sim::harness::{ARM, Cell, PlantJoints};
use servomesh_types::{JointLimits, JointVec, Stamp};

/// The arm's true motion since a moment.
#[derive(Clone, Debug)]
pub struct Truth {
    limits: Vec<JointLimits>,
    joints: PlantJoints,
    tool: LinkId,
    since: Stamp,
    from: JointVec,
    /// Where the tool was last.
    place: Vector3<f64>,
    /// Of each joint, the farthest it has been from where it was.
    way: JointVec,
    path: f64,
    slow_since: Option<Stamp>,
    /// Where it was when something was first done.
    acted: Option<JointVec>,
    /// When it first stood, and how far it had gone by then.
    rest: Option<Rest>,
    beyond: Option<String>,
}

/// The first standstill.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    /// When.
    pub at: Stamp,
    /// How far each joint had been from where it was.
    pub way: JointVec,
    /// How far each joint came since something was first done.
    pub after: JointVec,
    /// How far the tool had come.
    pub path: f64,
}

impl Truth {
    /// Begins now.
    ///
    /// # Errors
    /// The machine is another one.
    pub fn new(cell: &mut Cell, limits: Vec<JointLimits>) -> Result<Self> {
        let since = cell.now();
        let plant = cell.hardware().plant();
        let joints = PlantJoints::new(plant.model(), &ARM)?;
        let tool = plant.model().link(TOOL)?;
        Ok(Self {
            limits,
            since,
            from: joints.position(plant),
            place: place(plant, tool),
            way: JointVec::zeros(ARM.len()),
            joints,
            tool,
            path: 0.0,
            slow_since: None,
            acted: None,
            rest: None,
            beyond: None,
        })
    }

    /// Looks, once a millisecond.
    pub fn look(&mut self, cell: &mut Cell) {
        let now = cell.now();
        let plant = cell.hardware().plant();
        let (position, velocity) = (self.joints.position(plant), self.joints.velocity(plant));
        let place = place(plant, self.tool);
        self.path += (place - self.place).norm();
        self.place = place;
        for (joint, limit) in self.limits.iter().enumerate() {
            let (q, v) = (position[joint], velocity[joint]);
            self.way[joint] = self.way[joint].max((q - self.from[joint]).abs());
            let out = q < limit.lower() - POSITION || q > limit.upper() + POSITION;
            if self.beyond.is_none() && (out || v.abs() > VELOCITY * limit.velocity()) {
                self.beyond = Some(format!("{} at {q:.3} with {v:.3} a second", ARM[joint]));
            }
        }
        if velocity.max_abs() > SLOW {
            self.slow_since = None;
            return;
        }
        let slow_since = *self.slow_since.get_or_insert(now);
        if self.rest.is_none() && now.seconds_from(slow_since) >= STANDS_S {
            let acted = self.acted.unwrap_or(position);
            self.rest = Some(Rest {
                at: slow_since,
                way: self.way,
                after: JointVec::from_fn(ARM.len(), |joint| (position[joint] - acted[joint]).abs()),
                path: self.path,
            });
        }
    }

    /// Something is done from now on.
    pub fn act(&mut self, cell: &mut Cell) {
        let joints = &self.joints;
        self.acted
            .get_or_insert_with(|| joints.position(cell.hardware().plant()));
    }

    /// Forgets a standstill that came before anything was done: the arm rested on its way.
    pub fn forget_rest(&mut self) {
        self.rest = None;
    }

    /// When it began.
    pub fn since(&self) -> Stamp {
        self.since
    }

    /// The first standstill.
    pub fn rest(&self) -> Option<&Rest> {
        self.rest.as_ref()
    }

    /// How long it has stood by now \[s\].
    pub fn stands_s(&self, now: Stamp) -> f64 {
        self.slow_since.map_or(0.0, |since| now.seconds_from(since))
    }

    /// How a joint was beyond its limits of position or velocity, the first time.
    pub fn beyond(&self) -> Option<&str> {
        self.beyond.as_deref()
    }
}

fn place(plant: &Plant, tool: LinkId) -> Vector3<f64> {
    plant.link_pose(tool).translation.vector
}

/// No joint of an arm that stands is faster than this: 1 °/s.
const SLOW: f64 = 0.0175;
/// It stands if it is slow for this long: after a collision a way back follows at once.
const STANDS_S: f64 = 0.001;
/// How far beyond its limit of position a joint may be: what drives are off by.
const POSITION: f64 = 0.006;
/// How much faster than its limit: what drives overshoot by.
const VELOCITY: f64 = 1.05;
