//! Whether a machine can do what a program asks for, before anything moves.
//!
//! Positions in rad (m). **Invariant:** what is refused names the step's place, and what the machine has instead.

use super::language::MAX_SEGMENTS;
use super::step::{Action, Goal, Order, PathMove, Pose, Step, Until, Way};
use super::{Program, ProgramError};
use servomesh_types::GroupDescription;

/// What is known of a machine.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// Its groups, as their drivers announce them.
    pub groups: Vec<GroupDescription>,
    /// The links of its description; empty where that is not known.
    pub links: Vec<String>,
}

impl Machine {
    /// The links of a robot description (URDF).
    ///
    /// # Errors
    /// It is no XML.
    pub fn links_of(urdf: &str) -> Result<Vec<String>, roxmltree::Error> {
        let document = roxmltree::Document::parse(urdf)?;
        let links = document
            .root_element()
            .children()
            .filter(|node| node.has_tag_name("link"));
        Ok(links
            .filter_map(|link| link.attribute("name"))
            .map(str::to_owned)
            .collect())
    }

    /// Checks every step of a program.
    ///
    /// # Errors
    /// The first step that this machine can't do: where it stands, and what the machine has.
    pub fn check(&self, program: &Program) -> Result<(), ProgramError> {
        program
            .all_steps()
            .into_iter()
            .try_for_each(|step| self.step(step).map_err(|reason| program.wrong(step, reason)))
    }

    fn step(&self, step: &Step) -> Result<(), String> {
        match &step.action {
            Action::Goal(goal) => self.goal(goal),
            Action::Wait(wait) => match &wait.until {
                Until::Joint { group, joint, .. } => {
                    joint_of(self.group(group)?, joint.as_deref()).map(|_| ())
                }
                Until::Event {
                    group: Some(group), ..
                } => self.group(group).map(|_| ()),
                Until::Event { .. } | Until::Elapsed(_) => Ok(()),
            },
            Action::Override(to) if to.group.is_empty() => Ok(()),
            Action::Override(to) => self.group(&to.group).map(|_| ()),
            Action::Together(_) | Action::Track(_) | Action::Loop { .. } => Ok(()),
        }
    }

    fn goal(&self, goal: &Goal) -> Result<(), String> {
        let group = self.group(&goal.group)?;
        match &goal.order {
            Order::Follow(follow) => follow.poses.iter().try_for_each(|pose| can_stand(group, pose)),
            Order::Joint(to) => can_stand(group, &to.to),
            Order::Run(_) if group.capabilities.endless => Ok(()),
            Order::Run(_) => Err(format!("group {} does not run on without end", group.name)),
            Order::Grip(_) if group.capabilities.gripper => Ok(()),
            Order::Grip(_) => Err(format!("group {} is no gripper", group.name)),
            Order::Path(path) => self.path(group, path),
        }
    }

    fn path(&self, group: &GroupDescription, path: &PathMove) -> Result<(), String> {
        debug_assert!(path.segments.len() <= MAX_SEGMENTS);
        for segment in &path.segments {
            if let Way::Joint(pose) = &segment.way {
                can_stand(group, pose)?;
                if let Some(joint) = group.joints.iter().find(|joint| !pose.contains_key(&joint.name)) {
                    return Err(format!(
                        "a joint segment says where every joint of {} is to be, but not {}",
                        group.name, joint.name
                    ));
                }
            }
        }
        [("frame", &path.frame), ("tool", &path.tool)]
            .into_iter()
            .try_for_each(|(what, link)| {
                let known = link.is_empty() || self.links.is_empty() || self.links.contains(link);
                match known {
                    true => Ok(()),
                    false => Err(format!(
                        "{what}: there is no link {link}; there are: {}",
                        self.links.join(", ")
                    )),
                }
            })
    }

    /// The group of that name.
    ///
    /// # Errors
    /// A sentence that names the groups there are.
    pub fn group(&self, name: &str) -> Result<&GroupDescription, String> {
        let found = self.groups.iter().find(|group| group.name.as_str() == name);
        found.ok_or_else(|| {
            let known: Vec<_> = self.groups.iter().map(|group| group.name.as_str()).collect();
            format!("there is no group {name}; there are: {}", known.join(", "))
        })
    }
}

/// The index of a joint of a group, or of its only one.
///
/// # Errors
/// A sentence that names the joints there are.
pub fn joint_of(group: &GroupDescription, joint: Option<&str>) -> Result<usize, String> {
    let known = || {
        let names: Vec<_> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
        names.join(", ")
    };
    match joint {
        None if group.joints.len() == 1 => Ok(0),
        None => Err(format!("say which joint of group {}: {}", group.name, known())),
        Some(joint) => group
            .joint_index(joint)
            .ok_or_else(|| format!("group {} has no joint {joint}; it has: {}", group.name, known())),
    }
}

fn can_stand(group: &GroupDescription, pose: &Pose) -> Result<(), String> {
    pose.iter().try_for_each(|(joint, position)| {
        let limits = &group.joints[joint_of(group, Some(joint))?].limits;
        match (limits.lower()..=limits.upper()).contains(position) {
            true => Ok(()),
            false => Err(format!(
                "joint {joint}: {position} is outside its limits {} … {}",
                limits.lower(),
                limits.upper()
            )),
        }
    })
}
