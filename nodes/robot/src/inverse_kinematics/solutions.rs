//! The solutions of one goal: each kept once, the nearest to the seed first.
//!
//! **Invariant:** memory is taken once, for [`MOST`] solutions; a clone has its own.

use servomesh_types::MAX_JOINTS;

use crate::inverse_kinematics::chain::{Chain, Values};

/// The most solutions that are kept.
const MOST: usize = 64;

/// Values of the chain's variables that solve the present goal.
#[derive(Debug, Clone)]
pub(super) struct Found {
    solutions: Vec<Values>,
    count: usize,
    /// The solutions as joint values of the model, one after the other.
    listed: Vec<f64>,
}

/// All solutions of a goal, the nearest to the seed first: joint values of the model.
#[derive(Debug, Clone, Copy)]
pub struct Solutions<'a> {
    listed: &'a [f64],
    joint_count: usize,
    complete: bool,
}

impl<'a> Solutions<'a> {
    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always at least one")]
    pub fn len(&self) -> usize {
        self.listed.len() / self.joint_count
    }

    /// The joint values, the nearest first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [f64]> + use<'a> {
        self.listed.chunks_exact(self.joint_count)
    }

    /// Whether these are all there are, as closed forms of exact geometry know; otherwise they are those that were found.
    pub fn are_complete(&self) -> bool {
        self.complete
    }
}

impl Found {
    pub(super) fn new(joint_count: usize) -> Self {
        Self {
            solutions: vec![[0.0; MAX_JOINTS]; MOST],
            count: 0,
            listed: vec![0.0; MOST * joint_count],
        }
    }

    pub(super) fn clear(&mut self) {
        self.count = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a solution unless one is known from which no value differs by more than `apart`, whole turns aside (rad or m).
    pub(super) fn keep_if_new(&mut self, chain: &Chain, values: &Values, apart: f64) {
        let same = |other: &Values| {
            let mut variables = chain.variables().iter().enumerate();
            variables.all(|(index, variable)| variable.difference(values[index], other[index]) < apart)
        };
        if self.count < MOST && !self.solutions[..self.count].iter().any(same) {
            self.solutions[self.count] = *values;
            self.count += 1;
        }
    }

    pub(super) fn nearest(&self, chain: &Chain, seed: &Values) -> Option<Values> {
        let distance = |values: &Values| chain.distance2(values, seed);
        let known = self.solutions[..self.count].iter();
        known.min_by(|a, b| distance(a).total_cmp(&distance(b))).copied()
    }

    /// Lists the solutions; joints that do not move the link stand as in `seed`.
    pub(super) fn list(&mut self, chain: &Chain, seed: &[f64], complete: bool) -> Solutions<'_> {
        let from = chain.values_of(seed);
        let known = &mut self.solutions[..self.count];
        known.sort_unstable_by(|a, b| chain.distance2(a, &from).total_cmp(&chain.distance2(b, &from)));
        for (values, listed) in known.iter().zip(self.listed.chunks_exact_mut(seed.len())) {
            listed.copy_from_slice(seed);
            chain.write(values, listed);
        }
        Solutions {
            listed: &self.listed[..self.count * seed.len()],
            joint_count: seed.len(),
            complete,
        }
    }
}
