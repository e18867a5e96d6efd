//! Breadth first through every state that a profile's moves lead to, each state once; a counter-example is the shortest there is.

use super::judge::Judge;
use super::moves::Move;
use super::profile::Profile;
use super::properties::{Property, Violation};
use super::recovery::WaysOut;
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
    /// How many moves the farthest is away.
    pub depth: usize,
    /// Whether these are all that there are.
    pub complete: bool,
    /// The most states that waited to be gone on from at once.
    pub frontier: usize,
    /// Which faults were active somewhere, by number.
    pub faults: BTreeSet<u16>,
    /// How often each property was tried.
    pub checks: Vec<(Property, u64)>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = if self.complete {
            "all of them"
        } else {
            "as far as asked"
        };
        let Self {
            name,
            states,
            transitions,
            depth,
            ..
        } = self;
        write!(
            f,
            "{name}: {states} states ({all}), {transitions} transitions, depth {depth}"
        )
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

/// A state's place in the tree of shortest ways.
struct Node {
    from: u32,
    by: u16,
}

struct Tree<'a> {
    profile: &'a Profile,
    nodes: Vec<Node>,
}

impl Tree<'_> {
    fn counter_example(&self, mut at: u32, last: Vec<Move>, violation: Violation) -> Box<CounterExample> {
        let mut moves = last;
        while let Some(node) = self.nodes.get(at as usize).filter(|_| at != 0) {
            moves.insert(0, self.profile.moves[usize::from(node.by)].clone());
            at = node.from;
        }
        moves.splice(0..0, self.profile.opening.iter().cloned());
        Box::new(CounterExample {
            name: self.profile.name.clone(),
            violation,
            moves,
        })
    }
}

/// Explores a profile.
///
/// # Errors
/// The first property that does not hold, with the way there.
pub fn explore(profile: &Profile, bounds: Bounds) -> Result<Report, Box<CounterExample>> {
    let mut judge = Judge::new(profile.config, profile.documented.clone());
    let mut tree = Tree {
        profile,
        nodes: vec![Node { from: 0, by: 0 }],
    };
    let mut world = World::new(profile);
    for step in &profile.opening {
        let taken = world.take(step, &mut judge);
        taken.map_err(|violation| tree.counter_example(0, Vec::new(), violation))?;
    }
    let (mut faults, mut ways) = (BTreeSet::new(), WaysOut::default());
    let mut seen = BTreeSet::from([world.digest()]);
    let (mut to, mut recovered) = (Box::new(world.clone()), Box::new(world.clone()));
    let mut frontier = vec![(0_u32, Box::new(world))];
    let (mut depth, mut transitions, mut widest) = (0, 0, 1);
    while !frontier.is_empty() && depth < bounds.depth && seen.len() < bounds.states {
        let mut next = Vec::new();
        let keeps = depth + 1 < bounds.depth;
        for (from, world) in frontier.drain(..) {
            for (by, step) in profile.moves.iter().enumerate() {
                to.clone_from(&world);
                transitions += 1;
                to.take(step, &mut judge)
                    .map_err(|violation| tree.counter_example(from, vec![step.clone()], violation))?;
                if !seen.insert(to.digest()) {
                    continue;
                }
                to.active_faults().for_each(|code| {
                    faults.insert(code);
                });
                recovered.clone_from(&to);
                recovered
                    .can_recover(&mut ways, &mut judge)
                    .map_err(|violation| {
                        let recovery = Move::one(super::moves::Act::Recover);
                        tree.counter_example(from, vec![step.clone(), recovery], violation)
                    })?;
                tree.nodes.push(Node { from, by: by as u16 });
                if keeps {
                    next.push((tree.nodes.len() as u32 - 1, to.clone()));
                }
            }
        }
        frontier = next;
        widest = widest.max(frontier.len());
        depth += 1;
    }
    Ok(Report {
        name: profile.name.clone(),
        states: seen.len(),
        transitions,
        depth,
        complete: frontier.is_empty() && depth < bounds.depth,
        frontier: widest,
        faults,
        checks: judge.checks().collect(),
    })
}
