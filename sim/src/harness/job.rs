//! The line job of the default cell, for as long as one likes: the belt brings a part, the arm takes it to the bin.
//!
//! Decides which goals come next. Whoever runs the cell calls [`LineJob::go_on`] each millisecond or so, and looks at whatever it likes in between.
//! m, rad, s. **Invariant:** the same cell and the same calls give the same goals.

use super::arm::ARM;
use super::cell::Cell;
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use servomesh_robot::Twist;
use servomesh_trajectory::{FollowGoal, GoalId, MoveGoal, MoveMode, Point, Status};
use servomesh_types::Stamp;
use std::f64::consts::FRAC_PI_2;
use std::time::Duration;

/// Above the place where parts are taken.
pub const ABOVE_BELT: [f64; 6] = [-0.2448, -1.3758, 1.8351, -2.03, -FRAC_PI_2, -1.8156];
/// Where parts are taken.
pub const AT_BELT: [f64; 6] = [-0.2448, -0.9781, 2.0241, -2.6168, -FRAC_PI_2, -1.8156];
/// On the way to the bin.
pub const MIDWAY: [f64; 6] = [0.6893, -1.5236, 1.7851, -1.8324, -FRAC_PI_2, -1.6815];
/// Above the bin.
pub const ABOVE_BIN: [f64; 6] = [1.5478, -1.1235, 1.8485, -2.2958, -FRAC_PI_2, -1.593];
/// Where parts are let go.
pub const IN_BIN: [f64; 6] = [1.5478, -0.8777, 1.896, -2.5891, -FRAC_PI_2, -1.593];

/// The line job.
#[derive(Clone, Debug, Default)]
pub struct LineJob {
    /// Of [`STEPS`]; what is under way.
    step: usize,
    goals: Vec<GoalId>,
    since: Stamp,
    parts: u64,
}

/// Why the job does not go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum JobError {
    /// A goal was not reached.
    #[error("step {step} of the line job ended as {status:?}: {text}")]
    Goal {
        /// Which step.
        step: usize,
        /// How it ended.
        status: Status,
        /// What was said about it.
        text: String,
    },
    /// A goal takes for ever.
    #[error("step {step} of the line job did not end")]
    Endless {
        /// Which step.
        step: usize,
    },
    /// The part is not where the gripper should hold it.
    #[error("the part did not come along: it is {height} m high")]
    Lost {
        /// How high it is \[m\].
        height: f64,
    },
}

impl LineJob {
    /// Goes on: once a step's goals are reached, sends those of the next.
    ///
    /// # Errors
    /// A goal was not reached, or the part was lost on the way.
    pub fn go_on(&mut self, cell: &mut Cell) -> Result<(), JobError> {
        if !self.goals.is_empty() {
            if self.goals.iter().any(|id| cell.outcome(*id).is_none()) {
                let late = cell.now().since(self.since) > LONGEST;
                return if late {
                    Err(JobError::Endless { step: self.step })
                } else {
                    Ok(())
                };
            }
            self.check(cell)?;
            self.step += 1;
            if self.step == STEPS {
                (self.step, self.parts) = (0, self.parts + 1);
            }
        }
        self.goals = begin(cell, self.step);
        self.since = cell.now();
        Ok(())
    }

    /// Parts in the bin.
    pub fn parts(&self) -> u64 {
        self.parts
    }

    fn check(&self, cell: &mut Cell) -> Result<(), JobError> {
        let missed = self
            .goals
            .iter()
            .filter_map(|id| cell.outcome(*id))
            .find(|outcome| outcome.status != Status::Succeeded);
        if let Some(outcome) = missed {
            return Err(JobError::Goal {
                step: self.step,
                status: outcome.status,
                text: outcome.text.clone(),
            });
        }
        if self.step != ABOVE_THE_BIN {
            return Ok(());
        }
        let part = cell.hardware().plant().body(PART);
        let height = part.map_or(0.0, |(_, state)| state.pose.translation.z);
        if height > CARRIED {
            Ok(())
        } else {
            Err(JobError::Lost { height })
        }
    }
}

/// Sends the goals of a step.
fn begin(cell: &mut Cell, step: usize) -> Vec<GoalId> {
    match step {
        0 => {
            lay(cell);
            vec![
                go(cell, &ABOVE_BELT, 0.0),
                belt_by(cell, BELT, 2),
                cell.send_grip("gripper", OPEN, 60.0),
            ]
        }
        1 => vec![go(cell, &AT_BELT, 0.4)],
        2 => vec![cell.send_grip("gripper", 0.018, 60.0)],
        3 => vec![go(cell, &ABOVE_BELT, 0.0)],
        4 => vec![go(cell, &MIDWAY, 0.0)],
        ABOVE_THE_BIN => vec![go(cell, &ABOVE_BIN, 0.0)],
        6 => vec![go(cell, &IN_BIN, 0.4)],
        7 => vec![cell.send_grip("gripper", OPEN, 60.0)],
        8 => vec![go(cell, &ABOVE_BIN, 0.0)],
        _ => vec![go(cell, &MIDWAY, 0.0)],
    }
}

/// Sends the arm to a place, joint by joint, at a share of its velocities; 0 for all there is.
pub fn go(cell: &mut Cell, target: &[f64; 6], velocity_scale: f64) -> GoalId {
    let goal = MoveGoal {
        mode: MoveMode::Joint,
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        target: target.to_vec(),
        velocity_scale,
        acceleration_scale: 0.0,
        ..MoveGoal::default()
    };
    cell.send_move("arm", goal)
}

/// Sends the belt on by a way, within a time.
fn belt_by(cell: &mut Cell, way: f64, seconds: i64) -> GoalId {
    let at = cell
        .servo_state("conveyor")
        .map_or(0.0, |state| state.reference[0]);
    let goal = FollowGoal {
        joint_names: vec!["conveyor_belt_joint".to_owned()],
        points: vec![Point {
            positions: vec![at + way],
            time_from_start_ns: seconds * 1_000_000_000,
            ..Point::default()
        }],
        ..FollowGoal::default()
    };
    cell.send_follow("conveyor", goal)
}

/// Puts the part on the belt, as far before the place where it is taken as the belt will bring it.
fn lay(cell: &mut Cell) {
    let plant = cell.hardware().plant_mut();
    let conveyor = plant.model().link("conveyor").expect("a link of the cell");
    let at = plant.link_pose(conveyor)
        * Isometry3::from_parts(Translation3::new(-BELT, 0.0, 0.0255), UnitQuaternion::identity());
    let (body, _) = plant.body(PART).expect("a part of the cell");
    let still = Twist {
        linear: Vector3::zeros(),
        angular: Vector3::zeros(),
    };
    plant.world_mut().place_body(body, &at, &still);
}

/// How many steps a part takes.
const STEPS: usize = 10;
/// The step after which the part hangs above the bin.
const ABOVE_THE_BIN: usize = 5;
const PART: &str = "part 1";
/// How high a part is at the least while it is carried \[m\].
const CARRIED: f64 = 0.45;
/// What the belt brings a part by \[m\].
const BELT: f64 = 0.2;
/// Of the gripper \[m\].
const OPEN: f64 = 0.045;
/// No step takes longer than half of that.
const LONGEST: Duration = Duration::from_secs(6);
