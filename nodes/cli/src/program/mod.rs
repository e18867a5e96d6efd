//! Program files: what a cell is to do, step by step.
//!
//! A program is YAML. It names poses, and lists steps; each step is one goal, or several at once:
//!
//! ```yaml
//! name: to and fro
//! poses:
//!   left:  { shoulder_pan_joint: 0.5 }
//!   right: { shoulder_pan_joint: -0.5 }
//! steps:
//!   - run:    { group: conveyor, velocity: 0.1 }
//!   - follow: { group: arm, to: left, speed: 0.5 }
//!   - together:
//!       - follow: { group: arm, through: [right, left] }
//!       - grip:   { group: gripper, position: 0.03 }
//! ```
//!
//! | step | what it does |
//! |---|---|
//! | `follow` | sends a group through poses, by a FollowJointTrajectory goal |
//! | `move` | sends a group to a pose, by a Move goal |
//! | `run` | runs an endless group at a velocity, and goes on with the next step once it has it |
//! | `grip` | opens or closes a gripper to a position of its joint, or until it holds something |
//! | `together` | several of these at once; done when all are |
//!
//! [`schedule`] decides at which times a `follow` passes its poses.

mod schedule;
mod summary;

pub use schedule::{Waypoint, schedule};
pub use summary::Summary;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A program, as it stands in its file.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What it does, for people.
    pub name: String,
    /// Positions of joints, by name: \[rad\] (\[m\] for prismatic joints).
    #[serde(default)]
    pub poses: BTreeMap<String, Pose>,
    /// What to do, in order.
    pub steps: Vec<Step>,
}

/// Positions by joint name. Joints that are not named stay where they are.
pub type Pose = BTreeMap<String, f64>;

/// One step of a program.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// Through poses, by a FollowJointTrajectory goal.
    Follow(Follow),
    /// To a pose, by a Move goal.
    Move(Move),
    /// At a velocity from now on.
    Run(Run),
    /// To a position, or until it holds something.
    Grip(Grip),
    /// Several at once.
    Together(Vec<Step>),
}

/// Sends a group through poses.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Follow {
    /// Which group.
    pub group: String,
    /// The one pose to go to; or `through`.
    #[serde(default)]
    pub to: Option<String>,
    /// The poses to pass; or `to`.
    #[serde(default)]
    pub through: Vec<String>,
    /// Share of the joints' limits to use, (0, 1].
    #[serde(default = "default_speed")]
    pub speed: f64,
}

/// Sends a group to a pose.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// Which group.
    pub group: String,
    /// The pose to go to.
    pub to: String,
    /// Share of the joints' limits to use, (0, 1].
    #[serde(default = "default_speed")]
    pub speed: f64,
}

/// Runs an endless group.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// Which group.
    pub group: String,
    /// How fast \[m/s, rad/s\].
    pub velocity: f64,
}

/// Opens or closes a gripper.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Grip {
    /// Which group.
    pub group: String,
    /// Position of its joint: the travel of each finger from closed \[m\].
    pub position: f64,
    /// Most force to use \[N\]; 0 for the gripper's own limit.
    #[serde(default)]
    pub max_effort: f64,
}

/// Why a program can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The file can't be read.
    #[error("program {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not YAML of the right form; names line and column.
    #[error("program {path}: {source}")]
    Form {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        source: serde_norway::Error,
    },
    /// A step can't be carried out.
    #[error("program {path}: step {step}: {reason}")]
    Step {
        /// Which file.
        path: PathBuf,
        /// Which step, counted from 1.
        step: usize,
        /// Why.
        reason: String,
    },
}

impl Program {
    /// Reads and checks a program file.
    ///
    /// # Errors
    /// It can't be read, has not the right form, or a step can't be carried out: says where and why.
    pub fn read(path: &Path) -> Result<Self, ProgramError> {
        let text = std::fs::read_to_string(path).map_err(|source| ProgramError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a program file; `path` is for messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProgramError> {
        let document = serde_norway::Deserializer::from_str(text);
        let program: Self =
            serde_norway::with::singleton_map_recursive::deserialize(document).map_err(|source| {
                ProgramError::Form {
                    path: path.to_owned(),
                    source,
                }
            })?;
        let bad = |step: usize, reason| ProgramError::Step {
            path: path.to_owned(),
            step,
            reason,
        };
        if program.steps.is_empty() {
            return Err(bad(0, "there are no steps".to_owned()));
        }
        if let Some((name, joint)) = program.not_finite() {
            return Err(bad(0, format!("pose {name}: joint {joint}: not a finite number")));
        }
        for (number, step) in (1..).zip(&program.steps) {
            program.check(step).map_err(|reason| bad(number, reason))?;
        }
        Ok(program)
    }

    /// The pose of that name.
    ///
    /// # Errors
    /// A sentence that names the poses there are.
    pub fn pose(&self, name: &str) -> Result<&Pose, String> {
        self.poses.get(name).ok_or_else(|| {
            let known: Vec<_> = self.poses.keys().map(String::as_str).collect();
            format!("there is no pose {name}; there are: {}", known.join(", "))
        })
    }

    /// The groups it needs, in order of their names.
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<_> = self.goals().map(|step| step.group().to_owned()).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// All single goals, in the order of the file.
    pub fn goals(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().flat_map(|step| match step {
            Step::Together(steps) => steps.as_slice(),
            single => std::slice::from_ref(single),
        })
    }

    fn not_finite(&self) -> Option<(&str, &str)> {
        self.poses.iter().find_map(|(name, pose)| {
            let (joint, _) = pose.iter().find(|(_, position)| !position.is_finite())?;
            Some((name.as_str(), joint.as_str()))
        })
    }

    fn check(&self, step: &Step) -> Result<(), String> {
        match step {
            Step::Follow(follow) => {
                if follow.to.is_some() != follow.through.is_empty() {
                    return Err("follow: give either `to` or `through`".to_owned());
                }
                follow.poses().try_for_each(|name| self.pose(name).map(|_| ()))?;
                check_share(follow.speed)
            }
            Step::Move(motion) => {
                self.pose(&motion.to)?;
                check_share(motion.speed)
            }
            Step::Run(run) => check_finite("velocity", run.velocity),
            Step::Grip(grip) => {
                check_finite("position", grip.position)?;
                check_finite("max_effort", grip.max_effort)
            }
            Step::Together(steps) => steps.iter().try_for_each(|step| match step {
                Step::Together(_) => Err("together: can't stand in another together".to_owned()),
                single => self.check(single),
            }),
        }
    }
}

impl Step {
    /// The group that a single goal is for; empty for `together`.
    pub fn group(&self) -> &str {
        match self {
            Self::Follow(step) => &step.group,
            Self::Move(step) => &step.group,
            Self::Run(step) => &step.group,
            Self::Grip(step) => &step.group,
            Self::Together(_) => "",
        }
    }

    /// What it does, in a few words.
    pub fn describe(&self) -> String {
        match self {
            Self::Follow(step) => {
                format!(
                    "{} → {}",
                    step.group,
                    step.poses().collect::<Vec<_>>().join(" → ")
                )
            }
            Self::Move(step) => format!("{} ⇒ {}", step.group, step.to),
            Self::Run(step) => format!("{} at {} /s", step.group, step.velocity),
            Self::Grip(step) => format!("{} to {:.0} mm", step.group, step.position * 1e3),
            Self::Together(steps) => steps
                .iter()
                .map(Self::describe)
                .collect::<Vec<_>>()
                .join(", with "),
        }
    }
}

impl Follow {
    /// The poses to pass, in order.
    pub fn poses(&self) -> impl Iterator<Item = &str> {
        self.to.iter().chain(&self.through).map(String::as_str)
    }
}

fn check_share(speed: f64) -> Result<(), String> {
    if speed > 0.0 && speed <= 1.0 {
        Ok(())
    } else {
        Err(format!("speed must be in (0, 1], but is {speed}"))
    }
}

fn check_finite(name: &str, value: f64) -> Result<(), String> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(format!("{name} must be a finite number, but is {value}"))
    }
}

fn default_speed() -> f64 {
    0.6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Program::parse(text, Path::new("p.yaml")).unwrap_err().to_string()
    }

    #[test]
    fn a_mistake_names_file_place_and_what_is_possible() {
        let bad_form = error("name: x\nsteps:\n  - folow: { group: arm, to: home }\n");
        assert!(
            bad_form.starts_with("program p.yaml: ") && bad_form.contains("folow"),
            "{bad_form}"
        );
        assert!(bad_form.contains("line 3"), "{bad_form}");
        let bad_pose = error("name: x\nposes: { home: {a: 0} }\nsteps:\n  - move: { group: arm, to: hme }\n");
        assert_eq!(
            bad_pose,
            "program p.yaml: step 1: there is no pose hme; there are: home"
        );
        assert!(error("name: x\nsteps: []\n").contains("no steps"));
        let fast = "name: x\nposes: { home: {a: 0} }\nsteps:\n  - move: { group: arm, to: home, speed: 2 }\n";
        assert!(error(fast).contains("speed must be in (0, 1], but is 2"));
        assert!(
            error("name: x\nposes: { home: {a: .nan} }\nsteps:\n  - move: { group: arm, to: home }\n")
                .contains("pose home: joint a")
        );
    }

    #[test]
    fn a_program_knows_its_groups_and_goals() {
        let text = "name: x\nposes: { home: {a: 0} }\nsteps:\n  - run: { group: conveyor, velocity: 0.1 }\n  - together:\n      - follow: { group: arm, to: home }\n      - grip: { group: gripper, position: 0.05 }\n";
        let program = Program::parse(text, Path::new("p.yaml")).unwrap();
        assert_eq!(program.groups(), ["arm", "conveyor", "gripper"]);
        assert_eq!(program.goals().count(), 3);
    }
}
