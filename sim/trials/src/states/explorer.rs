//! Breadth first through every state that a profile's moves lead to, each state once; a counter-example is the shortest there is.

use super::judge::Judge;
use super::moves::Move;
use super::profile::Profile;
use super::properties::{Property, Violation};
use super::recovery::WaysOut;
use super::tree::{Branch, Tree};
use super::world::World;
use std::collections::BTreeSet;
use std::fmt;

/// How far to go.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Moves in a row.
    pub depth: usize,
    /// States.
    pub states: usize,
}

/// What was explored.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Whose states.
    pub name: String,
    /// How many different ones.
    pub states: usize,
    /// How many moves were taken.
    pub transitions: u64,
    /// How many moves away all of them are known.
    pub depth: usize,
    /// Whether these are all that there are.
    pub complete: bool,
    /// How many of them were not gone on from.
    pub waiting: usize,
    /// Which faults were active somewhere, by number.
    pub faults: BTreeSet<u16>,
    /// How often each property was tried.
    pub checks: Vec<(Property, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name,
            states,
            transitions,
            depth,
            waiting,
            ..
        } = self;
        write!(f, "{name}: {states} states, ")?;
        match self.complete {
            true => f.write_str("all of them")?,
            false => write!(f, "{waiting} of them not gone on from")?,
        }
        write!(f, ", {transitions} transitions, depth {depth}")
    }
}

/// The shortest way to a state in which a property does not hold.
#[derive(Clone, Debug, PartialEq)]
pub struct CounterExample {
    /// Whose states.
    pub name: String,
    /// What does not hold.
    pub violation: Violation,
    /// What happened.
    pub moves: Vec<Move>,
}

impl fmt::Display for CounterExample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Violation { property, what } = &self.violation;
        writeln!(f, "{}: {property:?} does not hold: {what}", self.name)?;
        for (number, step) in self.moves.iter().enumerate() {
            writeln!(f, "{:4}. {step}", number + 1)?;
        }
        Ok(())
    }
}

impl std::error::Error for CounterExample {}

/// Explores a profile.
///
/// # Errors
/// The first property that does not hold, with the way there.
pub fn explore(profile: &Profile, bounds: Bounds) -> Result<Report, Box<CounterExample>> {
    let mut judge = Judge::new(profile.config, profile.documented.clone());
    let mut world = World::new(profile);
    for (taken, step) in profile.opening.iter().enumerate() {
        world.take(step, &mut judge).map_err(|violation| {
            Box::new(CounterExample {
                name: profile.name.clone(),
                violation,
                moves: profile.opening[..=taken].to_vec(),
            })
        })?;
    }
    let (mut faults, mut ways) = (BTreeSet::new(), WaysOut::default());
    let (mut to, mut recovered) = (world.clone(), world.clone());
    let mut tree = Tree::new(profile, world.digest());
    let mut branch = Branch::new(world, &judge);
    // States are gone on from in the order of their numbers, and so layer by layer.
    let (mut from, mut layer_end, mut depth, mut transitions) = (0, tree.len(), 0, 0);
    while from < tree.len() && depth < bounds.depth && tree.len() < bounds.states {
        let world = branch.lead(from, &tree, &mut judge)?;
        for (by, step) in profile.moves.iter().enumerate() {
            to.clone_from(world);
            transitions += 1;
            to.take(step, &mut judge)
                .map_err(|violation| tree.counter_example(from, vec![step.clone()], violation))?;
            if !tree.grow(from, by, to.digest()) {
                continue;
            }
            faults.extend(to.active_faults());
            recovered.clone_from(&to);
            recovered
                .can_recover(&mut ways, &mut judge)
                .map_err(|violation| {
                    let recovery = Move::one(super::moves::Act::Recover);
                    tree.counter_example(from, vec![step.clone(), recovery], violation)
                })?;
        }
        from += 1;
        if from == layer_end {
            (layer_end, depth) = (tree.len(), depth + 1);
        }
    }
    let waiting = tree.len() - from;
    Ok(Report {
        name: profile.name.clone(),
        states: tree.len(),
        transitions,
        depth,
        complete: waiting == 0,
        waiting,
        faults,
        checks: judge.checks().collect(),
    })
}
