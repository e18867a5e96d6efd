//! Whether the arm works again: after a reset, where it stopped, it goes back to where it was shortly before something was done.
//!
//! rad, N. **Invariant:** what is said to have been in the way is what the simulated machine pressed on.

use super::watch;
use crate::press::presses;
use anyhow::Result;
use servomesh_sim::harness::{ARM, Cell, PlantJoints, job};
use servomesh_trajectory::Status;
use servomesh_types::{JointVec, SafetyMode};
use std::collections::VecDeque;
use std::time::Duration;

/// Where the arm was lately, once a millisecond.
#[derive(Clone, Debug)]
pub struct Past {
    joints: PlantJoints,
    /// Oldest first.
    positions: VecDeque<JointVec>,
}

impl Past {
    /// Begins now.
    ///
    /// # Errors
    /// The machine is another one.
    pub fn new(cell: &mut Cell) -> Result<Self> {
        let plant = cell.hardware().plant();
        let joints = PlantJoints::new(plant.model(), &ARM)?;
        let positions = VecDeque::from([joints.position(plant)]);
        Ok(Self { joints, positions })
    }

    /// Notes where it is.
    pub fn note(&mut self, cell: &mut Cell) {
        self.positions
            .push_back(self.joints.position(cell.hardware().plant()));
        if self.positions.len() > BACK {
            self.positions.pop_front();
        }
    }

    /// Where it goes back to: near enough for a straight move, and no way that it did not just come.
    pub fn back(&self) -> [f64; 6] {
        let oldest = self.positions.front().expect("it began somewhere");
        std::array::from_fn(|joint| oldest[joint])
    }
}

/// Resets the cell if it stopped, and moves the arm back.
///
/// # Errors
/// What was in the way.
pub fn recover(cell: &mut Cell, stopped: bool, back: &[f64; 6]) -> Result<(), String> {
    cell.run_for(Duration::from_millis(500));
    let closed = |cell: &Cell| watch::gate(cell).is_none_or(|gate| gate.mode != SafetyMode::Normal);
    if stopped || closed(cell) {
        let granted = (0..RESETS).any(|_| {
            cell.run_for(Duration::from_millis(100));
            cell.reset()
        });
        if !granted {
            return Err(format!(
                "no reset: {:?}",
                watch::gate(cell).and_then(|gate| gate.fault)
            ));
        }
        cell.run_for(Duration::from_millis(300));
    }
    let before = pressed(cell);
    let id = job::go(cell, back, 0.3);
    let mut hardest = None;
    for _ in 0..MOVE_MS {
        cell.run_for(Duration::from_millis(1));
        if let Some(outcome) = cell.outcome(id) {
            if outcome.status == Status::Succeeded {
                return Ok(());
            }
            let text = outcome.text.clone();
            return Err(format!("the move: {text}; {}", told(before, hardest)));
        }
        hardest = harder(hardest, pressed(cell));
    }
    Err(format!("the move did not end; {}", told(before, hardest)))
}

/// How hard the machine presses, and on what.
type Pressed = (f64, String);

/// What it presses on hardest.
fn pressed(cell: &mut Cell) -> Option<Pressed> {
    let presses = presses(cell.hardware().plant());
    let hardest = presses.max_by(|one, other| one.force.total_cmp(&other.force));
    hardest.map(|press| (press.force, press.on.to_owned()))
}

fn harder(one: Option<Pressed>, other: Option<Pressed>) -> Option<Pressed> {
    [one, other]
        .into_iter()
        .flatten()
        .max_by(|one, other| one.0.total_cmp(&other.0))
}

fn told(before: Option<Pressed>, during: Option<Pressed>) -> String {
    let told = |press: Option<Pressed>| {
        press.map_or("nothing".to_owned(), |(force, name)| {
            format!("{name} with {force:.0} N")
        })
    };
    format!(
        "before it the arm pressed on {}, during it on {}",
        told(before),
        told(during)
    )
}

/// So many milliseconds before something was done the arm was where it goes back to.
const BACK: usize = 200;
/// Windings and housings take their time to cool.
const RESETS: u32 = 3000;
/// A move takes no longer.
const MOVE_MS: u32 = 12_000;
