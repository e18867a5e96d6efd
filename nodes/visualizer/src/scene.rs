//! Decides where the links are drawn: measured joint positions through the robot's kinematics.
//!
//! Drawn is what the drivers measure, not what the estimator says of it, so that the picture does not stop with the
//! estimator. A joint that nobody measured yet stands as near to 0 as its limits allow.
//!
//! Units: m, rad. **Invariant:** every pose is finite.

use crate::record::Poses;
use nalgebra::{Isometry3, Point3};
use servomesh_robot::{LinkId, Model, Workspace};
use servomesh_types::{GroupDescription, Stamp};
use std::collections::VecDeque;
use std::time::Duration;

/// The robot as it stands.
#[derive(Debug)]
pub(crate) struct Scene {
    model: Model,
    workspace: Workspace,
    positions: Vec<f64>,
    moving: Vec<LinkId>,
    trail_link: Option<LinkId>,
    trail: VecDeque<(Stamp, Point3<f64>)>,
    trail_length: Duration,
}

impl Scene {
    pub(crate) fn new(model: Model, trail_link: Option<&str>, trail_length: Duration) -> Self {
        let rest = |joint: &servomesh_robot::Joint| 0.0_f64.max(joint.limits.lower).min(joint.limits.upper);
        Self {
            workspace: Workspace::new(&model),
            positions: model.joints().iter().map(rest).collect(),
            moving: moving_links(&model),
            trail_link: trail_link.and_then(|name| model.link(name).ok()),
            trail: VecDeque::new(),
            trail_length,
            model,
        }
    }

    /// The places of a group's joints among the model's; `None` for a joint that the model has not.
    pub(crate) fn places(&self, group: &GroupDescription) -> Vec<Option<usize>> {
        let place = |name: &str| self.model.joints().iter().position(|joint| joint.name == name);
        group.joints.iter().map(|joint| place(&joint.name)).collect()
    }

    /// Moves a group's joints. What is no number moves nothing.
    pub(crate) fn set(&mut self, places: &[Option<usize>], positions: &[f64]) {
        for (place, position) in places.iter().zip(positions) {
            if let (Some(place), true) = (place, position.is_finite()) {
                self.positions[*place] = *position;
            }
        }
    }

    /// The picture at `now`.
    pub(crate) fn poses(&mut self, now: Stamp) -> Poses {
        self.model
            .forward_kinematics(&mut self.workspace, &self.positions);
        if let Some(link) = self.trail_link {
            let tool = Point3::from(self.model.link_pose(&self.workspace, link).translation.vector);
            // A jump is no path: the first measurement, or a simulation that began anew.
            if self
                .trail
                .back()
                .is_some_and(|(_, last)| (tool - last).norm() > JUMP)
            {
                self.trail.clear();
            }
            self.trail.push_back((now, tool));
            while self
                .trail
                .front()
                .is_some_and(|(stamp, _)| now.since(*stamp) > self.trail_length)
            {
                self.trail.pop_front();
            }
        }
        Poses {
            stamp: now,
            links: (self.moving.iter())
                .map(|&link| (link, self.model.link_pose(&self.workspace, link)))
                .collect(),
            trail: self.trail.iter().map(|(_, point)| *point).collect(),
        }
    }
}

/// The links that something moves.
pub(crate) fn moving_links(model: &Model) -> Vec<LinkId> {
    model
        .links()
        .filter(|&link| !model.is_rigid_with(link, model.root()))
        .collect()
}

/// Where the links are that nothing moves.
pub(crate) fn fixed_links(model: &Model) -> Vec<(LinkId, Isometry3<f64>)> {
    let workspace = Workspace::new(model);
    (model.links())
        .filter(|&link| model.is_rigid_with(link, model.root()))
        .map(|link| (link, model.link_pose(&workspace, link)))
        .collect()
}

/// Further than any tool goes between two pictures \[m\]: 6 m/s at 30 Hz.
const JUMP: f64 = 0.2;
