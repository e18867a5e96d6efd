//! Program files: what a cell is to do, step by step.
//!
//! A program is YAML. It names poses of joints and places of the tool, and lists steps:
//!
//! ```yaml
//! # yaml-language-server: $schema=program.schema.json
//! name: a part from the belt
//! group: arm
//! poses:
//!   ready: { shoulder_pan_joint: 0.5, elbow_joint: 1.2 }
//! places:
//!   over_part: { xyz: [-0.1, 0, 0.2], rpy: [3.1416, 0, 0] }
//!   at_part:   { xyz: [-0.1, 0, 0.03], rpy: [3.1416, 0, 0] }
//! steps:
//!   - run:  { group: conveyor, velocity: 0.1 }
//!   - move: { to: ready }
//!   - wait: { joint: { group: conveyor, above: 0.05 }, timeout: 20 }
//!   - track:
//!       frame: conveyor_belt
//!       steps:
//!         - line: { to: over_part }
//!         - line: { to: at_part, tool_speed: 0.1 }
//!         - grip: { group: gripper, position: 0.018, max_effort: 60 }
//!         - line: { to: over_part }
//! ```
//!
//! | step | what it does |
//! |---|---|
//! | `move` | sends a group to a pose |
//! | `line`, `circle` | sends the tool in a straight line, along an arc |
//! | `path` | several segments in one go, with blends |
//! | `track` | steps relative to a moving frame |
//! | `follow` | sends a group through poses, by a FollowJointTrajectory goal |
//! | `run` | runs an endless group at a velocity, and goes on with the next step once it has it |
//! | `grip` | opens or closes a gripper to a position of its joint, or until it holds something |
//! | `wait` | for a time, an event, a joint |
//! | `speed` | sets how fast groups run from now on |
//! | `together` | several of these at once; done when all are |
//! | `loop` | steps again and again |
//!
//! | room | what it decides |
//! |---|---|
//! | [`language`] | the words: every field, its range and what it means |
//! | `yaml`, `shape`, `parse` | from text to steps: what stands where, whether it has the right shape, what it means |
//! | [`step`] | what a program asks for, as values |
//! | [`machine`] | whether a machine can do it: groups, joints, links |
//! | [`mod@schema`] | the JSON schema for editors |
//! | [`schedule`](mod@schedule) | at which times a `follow` passes its poses |
//! | [`progress`] | how far a step is, as text |
//! | [`summary`] | what came of a run |
//!
//! **Invariant:** whatever text is given, the answer is a program within the bounds of [`language`], or an error that names
//! file, line, column and field, with the value and what would be possible.

pub mod language;
pub mod machine;
mod parse;
pub mod progress;
pub mod schedule;
pub mod schema;
mod shape;
pub mod step;
pub mod summary;
mod wrong;
mod yaml;

pub use machine::Machine;
pub use schedule::{Waypoint, schedule};
pub use schema::schema;
pub use step::{Action, Goal, Order, Step};
pub use summary::Summary;
pub use wrong::{ProgramError, Spot};

use std::io::Read as _;
use std::path::{Path, PathBuf};
use wrong::Wrong;

/// A program that was read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// What it does, for people.
    pub name: String,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Its file, for messages.
    path: PathBuf,
}

impl Program {
    /// Reads and checks a program file.
    ///
    /// # Errors
    /// It can't be read, or what it says can't be: says where and why.
    pub fn read(path: &Path) -> Result<Self, ProgramError> {
        let mut text = String::new();
        // One byte more than may be, so that a file that is too long is seen to be.
        std::fs::File::open(path)
            .and_then(|file| {
                file.take(language::MAX_BYTES as u64 + 1)
                    .read_to_string(&mut text)
            })
            .map_err(|source| ProgramError::Read {
                path: path.to_owned(),
                source,
            })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a program file; `path` is for messages.
    ///
    /// # Errors
    /// What it says can't be: says where and why.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ProgramError> {
        let path = path.to_owned();
        match yaml::load(text).and_then(|node| parse::program(&node)) {
            Ok((name, steps)) => Ok(Self { name, steps, path }),
            Err(wrong) => Err(wrong.of(path)),
        }
    }

    /// Every step, those in other steps included, in the order of the file.
    pub fn all_steps(&self) -> Vec<&Step> {
        let mut found = Vec::new();
        let mut open: Vec<&Step> = self.steps.iter().rev().collect();
        while let Some(step) = open.pop() {
            found.push(step);
            open.extend(step.action.inner().iter().rev());
        }
        found
    }

    /// All goals, in the order of the file.
    pub fn goals(&self) -> impl Iterator<Item = &Goal> {
        self.all_steps()
            .into_iter()
            .filter_map(|step| match &step.action {
                Action::Goal(goal) => Some(goal),
                _ => None,
            })
    }

    /// The groups it moves, in order of their names.
    pub fn groups(&self) -> Vec<String> {
        let mut groups: Vec<_> = self.goals().map(|goal| goal.group.clone()).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// The groups it names, those included that it only watches, in order of their names.
    pub fn named_groups(&self) -> Vec<String> {
        let mut groups = self.groups();
        groups.extend(
            self.all_steps()
                .into_iter()
                .filter_map(|step| step.action.watches().map(str::to_owned)),
        );
        groups.sort();
        groups.dedup();
        groups
    }

    /// An error about a step of this program.
    fn wrong(&self, step: &Step, reason: String) -> ProgramError {
        Wrong::at(step.spot, reason).of(self.path.clone())
    }
}
