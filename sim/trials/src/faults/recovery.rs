//! Whether the arm works again: after a reset, where it stopped, it goes back to where it was shortly before something was done.
//!
//! rad, N. **Invariant:** what is said to have been in the way is what the simulated machine pressed on.

use super::truth;
use super::watch;
use anyhow::Result;
use servomesh_sim::harness::{Cell, job};
use servomesh_sim::mechanics::Carrier;
use servomesh_trajectory::Status;
use servomesh_types::SafetyMode;
use std::collections::VecDeque;
use std::time::Duration;

/// Where the arm was lately, once a millisecond.
#[derive(Clone, Debug, Default)]
pub struct Past(VecDeque<Vec<f64>>);

impl Past {
    /// Notes where it is.
    ///
    /// # Errors
    /// The machine is another one.
    pub fn note(&mut self, cell: &mut Cell) -> Result<()> {
        self.0.push_back(truth::joints(cell)?.0);
        if self.0.len() > BACK {
            self.0.pop_front();
        }
        Ok(())
    }

    /// Where it goes back to: near enough for a straight move, and no way that it did not just come.
    pub fn back(&self) -> [f64; 6] {
        let oldest = self.0.front();
        std::array::from_fn(|joint| {
            oldest
                .and_then(|joints| joints.get(joint))
                .copied()
                .unwrap_or(0.0)
        })
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

/// How hard the arm presses, and on what.
type Press = (f64, String);

/// What the machine presses on hardest: a thing of the cell, a part that it may hold, or itself.
fn pressed(cell: &mut Cell) -> Option<Press> {
    let plant = cell.hardware().plant();
    let world = plant.world();
    let mut hardest = None;
    for contact in world.contacts() {
        let [one, other] = contact.shapes.map(|shape| world.carrier(shape));
        let links = [one, other].map(|carrier| matches!(carrier, Carrier::Link(_)));
        let bodies = [one, other].map(|carrier| matches!(carrier, Carrier::Body(_)));
        let force = contact.force.norm();
        if !links.contains(&true) || force <= 0.0 {
            continue;
        }
        let thing = || {
            plant
                .scene()
                .iter()
                .find(|thing| contact.shapes.contains(&thing.id))
        };
        let name = if bodies.contains(&true) {
            "a part"
        } else {
            thing().map_or("itself", |thing| thing.name.as_str())
        };
        hardest = harder(hardest, Some((force, name.to_owned())));
    }
    hardest
}

fn harder(one: Option<Press>, other: Option<Press>) -> Option<Press> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other.0 > one.0 { other } else { one }),
        (one, other) => one.or(other),
    }
}

fn told(before: Option<Press>, during: Option<Press>) -> String {
    let told = |press: Option<Press>| {
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
