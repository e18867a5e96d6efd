//! Gears and cams: which couplings are taken on.
//!
//! A coupling has no end of its own: it goes on until it is cancelled, replaced, or its group is stopped. While its leader has
//! no setpoint (it is stopped, or was never announced again), the follower comes to rest, and catches up later.

use servomesh_motion::cam::{CamTable, Coupling, Law};
use servomesh_motion::pursuit::Pursuit;
use servomesh_types::GroupName;

use super::course::Course;
use super::online::{Coupled, Generator, Online};
use super::{Context, Kind, Planner, refuse};
use crate::{Code, CoupleGoal, GoalId, Refusal};

impl Planner {
    /// Takes on a gear or a cam.
    pub(crate) fn couple(&mut self, ctx: &mut Context<'_>, id: GoalId, goal: &CoupleGoal) {
        match self.plan_couple(ctx, goal) {
            Ok(course) => {
                let what = format!("a coupling to {}", goal.leader);
                self.begin(ctx, id, Kind::Couple, course, &what);
            }
            Err(refusal) => refuse(ctx, self.group.name, id, refusal),
        }
    }

    fn plan_couple(&self, ctx: &Context<'_>, goal: &CoupleGoal) -> Result<Course, Refusal> {
        let (began, present) = self.present(ctx)?;
        let leader = GroupName::new(&goal.leader).map_err(|error| Refusal::invalid(error.to_string()))?;
        let Some(peer) = ctx.peers.get(leader) else {
            let known: Vec<_> = ctx.peers.names().map(|name| name.to_string()).collect();
            let text = format!(
                "leader: group {leader} was not announced; there are: {}",
                known.join(", ")
            );
            return Err(Refusal::invalid(text));
        };
        if leader == self.group.name {
            return Err(Refusal::invalid(format!(
                "leader: group {leader} can't lead itself"
            )));
        }
        if peer.follows {
            return Err(Refusal::invalid(format!(
                "leader: group {leader} follows another group itself; couple to that one"
            )));
        }
        let Some((_, lead)) = peer.setpoint else {
            let text =
                format!("leader: group {leader} has no setpoint: it is stopped, or its state is not known");
            return Err(Refusal::new(Code::NotReady, text));
        };
        let leader_joint = joint_of(&peer.group, &goal.leader_joint, "leader_joint")?;
        let joint = joint_of(&self.group, &goal.joint, "joint")?;
        let law = law(goal, lead.position[leader_joint], present.position[joint])?;
        let leads = servomesh_motion::Bounds::of(&peer.group).axis(leader_joint);
        let coupling = Coupling::engage(law, present.joint(joint), self.bounds.axis(joint), leads)
            .map_err(|error| Refusal::invalid(error.describe(&self.group, joint)))?;
        let generator = Generator::Coupled(Coupled {
            joint,
            leader,
            leader_joint,
            coupling,
            others: Pursuit::new(present, &self.bounds),
            seen: (false, lead.position[leader_joint], f64::NAN),
        });
        Ok(Course::Online(Box::new(Online::new(generator, began, present))))
    }
}

/// The joint of that name; without one, the only one there is.
fn joint_of(group: &servomesh_types::GroupDescription, name: &str, field: &str) -> Result<usize, Refusal> {
    let names = || {
        let names: Vec<_> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
        names.join(", ")
    };
    let found = match name {
        "" if group.joints.len() == 1 => Some(0),
        "" => None,
        name => group.joint_index(name),
    };
    found.ok_or_else(|| {
        let text = match name {
            "" => format!(
                "{field} is empty, but group {} has several: {}",
                group.name,
                names()
            ),
            name => format!(
                "{field} {name:?} is not one of group {}'s: {}",
                group.name,
                names()
            ),
        };
        Refusal::new(Code::InvalidJoints, text)
    })
}

fn law(goal: &CoupleGoal, leader: f64, follower: f64) -> Result<Law, Refusal> {
    if !goal.cam.is_empty() {
        if goal.ratio != 0.0 {
            return Err(Refusal::invalid(format!(
                "ratio is {}, but a goal with a cam has a ratio of 0",
                goal.ratio
            )));
        }
        let table =
            CamTable::through(&goal.cam, goal.period).map_err(|error| Refusal::invalid(error.to_string()))?;
        return Ok(Law::Cam(table));
    }
    if !goal.ratio.is_finite() || goal.ratio == 0.0 {
        return Err(Refusal::invalid(format!(
            "ratio is {}, but a gear's is a finite number other than 0; a cam has points",
            goal.ratio
        )));
    }
    Ok(match goal.absolute {
        true => Law::gear(goal.ratio),
        false => Law::gear_from(goal.ratio, leader, follower),
    })
}
