//! What the planner knows of the machine beyond its joints' limits: its model, and which link is a group's tool.
//!
//! Poses are in the axes of the robot's root link, positions in rad (m), lengths in m.

use servomesh_robot::collision::{CollisionModel, CollisionSettings};
use servomesh_robot::{LinkId, Model, RobotError, Workspace};
use servomesh_types::{GroupDescription, GroupName};
use std::collections::BTreeMap;
use std::sync::Arc;

use nalgebra::Isometry3;

use crate::Refusal;

/// The machine: without it there are no tool paths, no twists and no torque limits.
#[derive(Clone, Debug)]
pub struct Robot {
    model: Arc<Model>,
    tools: BTreeMap<GroupName, LinkId>,
    collision: Option<CollisionModel>,
    /// For each joint, the machine with that joint alone: it tells what the joint moves.
    alone: Arc<[Model]>,
}

/// The frame in which the poses of a path are.
#[derive(Clone, Debug)]
pub(crate) enum Frame {
    /// It stands still.
    Fixed {
        /// Where it is.
        root_from_frame: Isometry3<f64>,
    },
    /// A joint of the robot moves it.
    Moving {
        /// Which link it is.
        link: LinkId,
        /// Which joint, by its name.
        joint: String,
    },
}

impl Robot {
    /// A machine, and for each group that has one its tool, by the name of the link.
    ///
    /// # Errors
    /// A link that the model does not have; names those that it has.
    pub fn new(model: Model, tools: &BTreeMap<GroupName, String>) -> Result<Self, RobotError> {
        let tools = tools
            .iter()
            .map(|(group, link)| Ok((*group, model.link(link)?)))
            .collect::<Result<_, RobotError>>()?;
        let neutral = model.neutral_positions();
        let alone = model
            .joints()
            .iter()
            .map(|joint| model.subset(&[&joint.name], &neutral))
            .collect::<Result<_, RobotError>>()?;
        Ok(Self {
            model: Arc::new(model),
            tools,
            collision: None,
            alone,
        })
    }

    /// The same, with what it takes to stay clear of itself when it is jogged. Takes some tenths of a second.
    #[must_use]
    pub fn with_collisions(mut self, settings: &CollisionSettings) -> Self {
        self.collision = Some(CollisionModel::new(&self.model, settings));
        self
    }

    /// Its shapes, if it was made with them.
    pub(crate) fn collision(&self) -> Option<&CollisionModel> {
        self.collision.as_ref()
    }

    /// The whole machine.
    pub(crate) fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// A group's joints and what they move, with the rotors that its driver announced; other joints stand at zero.
    ///
    /// # Errors
    /// A joint of the group that the model does not have.
    pub(crate) fn of_group(&self, group: &GroupDescription) -> Result<Model, RobotError> {
        let names: Vec<&str> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
        let mut model = self.model.subset(&names, &self.model.neutral_positions())?;
        for (index, joint) in group.joints.iter().enumerate() {
            model.set_armature(index, joint.drivetrain.armature)?;
        }
        Ok(model)
    }

    /// The link that a path or a twist is for: the one asked for, else the group's tool.
    pub(crate) fn tool(&self, group: GroupName, asked: &str) -> Result<LinkId, Refusal> {
        if !asked.is_empty() {
            return self
                .model
                .link(asked)
                .map_err(|error| Refusal::invalid(format!("tool: {error}")));
        }
        self.tools.get(&group).copied().ok_or_else(|| {
            Refusal::invalid(format!(
                "group {group} has no tool: name one in the goal, or give it one by the parameters tools.groups and tools.links"
            ))
        })
    }

    /// The frame of that name, for a path of `group`.
    pub(crate) fn frame(&self, group: &GroupDescription, asked: &str) -> Result<Frame, Refusal> {
        let link = match asked {
            "" => self.model.root(),
            name => self
                .model
                .link(name)
                .map_err(|error| Refusal::invalid(format!("frame: {error}")))?,
        };
        let joints = self.model.joints().iter().zip(&*self.alone);
        let movers: Vec<&str> = joints
            .filter(|(_, alone)| !alone.is_rigid_with(link, alone.root()))
            .map(|(joint, _)| joint.name.as_str())
            .collect();
        if let Some(own) = movers.iter().find(|name| group.joint_index(name).is_some()) {
            return Err(Refusal::invalid(format!(
                "frame {asked:?} moves with the group's own joint {own}: a path can't be relative to it"
            )));
        }
        match movers[..] {
            [] => {
                let mut workspace = Workspace::new(&self.model);
                self.model
                    .forward_kinematics(&mut workspace, &self.model.neutral_positions());
                Ok(Frame::Fixed {
                    root_from_frame: self.model.link_pose(&workspace, link),
                })
            }
            [joint] => Ok(Frame::Moving {
                link,
                joint: joint.to_owned(),
            }),
            _ => Err(Refusal::invalid(format!(
                "frame {asked:?} is moved by several joints ({}): a path can be relative to one that a single joint moves",
                movers.join(", ")
            ))),
        }
    }
}
