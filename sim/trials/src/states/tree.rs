//! The tree of shortest ways to all states seen: of each its digest and how it was come by, in 16 bytes. Whole worlds are kept of one branch alone.
//!
//! **Invariant:** who is come from has a lower number than who comes from there, and what is fewer moves away a lower one than what is more.

use super::explorer::CounterExample;
use super::judge::Judge;
use super::moves::Move;
use super::profile::Profile;
use super::properties::{Property, Violation};
use super::world::World;
use std::collections::BTreeSet;

/// A state's place in the tree.
struct Node {
    digest: u64,
    from: u32,
    by: u16,
}

/// All states seen, numbered in the order in which they were.
pub(super) struct Tree<'a> {
    profile: &'a Profile,
    nodes: Vec<Node>,
    seen: BTreeSet<u64>,
}

impl<'a> Tree<'a> {
    /// One with this state at its root, number 0.
    pub(super) fn new(profile: &'a Profile, root: u64) -> Self {
        let (digest, from, by) = (root, 0, 0);
        Self {
            profile,
            nodes: vec![Node { digest, from, by }],
            seen: BTreeSet::from([root]),
        }
    }

    /// How many states there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Takes in what a move leads to. Says whether it is new.
    pub(super) fn grow(&mut self, from: usize, by: usize, digest: u64) -> bool {
        let new = self.seen.insert(digest);
        if new {
            let (from, by) = (from as u32, by as u16);
            self.nodes.push(Node { digest, from, by });
        }
        new
    }

    /// The way to a state, and what was seen after `last`.
    pub(super) fn counter_example(
        &self,
        mut at: usize,
        last: Vec<Move>,
        violation: Violation,
    ) -> Box<CounterExample> {
        let mut way = Vec::new();
        while at != 0 {
            let node = &self.nodes[at];
            way.push(self.profile.moves[usize::from(node.by)].clone());
            at = node.from as usize;
        }
        let opening = self.profile.opening.iter().cloned();
        Box::new(CounterExample {
            name: self.profile.name.clone(),
            violation,
            moves: opening.chain(way.into_iter().rev()).chain(last).collect(),
        })
    }
}

/// The worlds on the way to one state. Neighbours in the tree share most of their ways, so that to go from each state to the next takes about one move.
pub(super) struct Branch {
    worlds: Vec<(usize, Box<World>)>,
    /// Moves taken again are not counted again.
    again: Judge,
}

impl Branch {
    /// The one to the root.
    pub(super) fn new(root: World, judge: &Judge) -> Self {
        Self {
            worlds: vec![(0, Box::new(root))],
            again: judge.clone(),
        }
    }

    /// The world in that state. What is taken again has to lead where it led before.
    pub(super) fn lead(
        &mut self,
        to: usize,
        tree: &Tree<'_>,
        judge: &mut Judge,
    ) -> Result<&World, Box<CounterExample>> {
        let (mut missing, mut at) = (Vec::new(), to);
        loop {
            while self.worlds.len() > 1 && self.worlds.last().is_some_and(|(last, _)| *last > at) {
                self.worlds.pop();
            }
            if self.worlds.last().is_some_and(|(last, _)| *last == at) {
                break;
            }
            missing.push(at);
            at = tree.nodes[at].from as usize;
        }
        for number in missing.into_iter().rev() {
            let node = &tree.nodes[number];
            let mut world = self.tip().clone();
            let taken = world.take(&tree.profile.moves[usize::from(node.by)], &mut self.again);
            taken
                .and_then(|()| {
                    judge.hold(Property::SameAgain, world.digest() == node.digest, || {
                        "the same moves lead to another state".to_owned()
                    })
                })
                .map_err(|violation| tree.counter_example(number, Vec::new(), violation))?;
            self.worlds.push((number, Box::new(world)));
        }
        Ok(self.tip())
    }

    fn tip(&self) -> &World {
        &self.worlds.last().expect("the root stays").1
    }
}
