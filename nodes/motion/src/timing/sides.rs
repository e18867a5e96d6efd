//! The sides of rows that take part in a Newton step, with slacks and multipliers.
//!
//! Rows are offered in the same order in each iteration; a side takes part from when it comes near its limit until it is far.
//!
//! **Invariant:** slacks and multipliers stay above zero.

/// One side of a row, c·z + slack = −miss in the step z of its stage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    /// Its place in the order of offers.
    id: u32,
    pub(super) slack: f64,
    pub(super) weight: f64,
    /// How the value beyond the limit changes with the step.
    c: [f64; 3],
    /// By how much value and slack miss the limit.
    miss: f64,
    /// 1 over the slack.
    inverse: f64,
    /// What slack times multiplier is to be after the step.
    target: f64,
    slack_step: f64,
    weight_step: f64,
}

/// Those that take part, stage by stage.
#[derive(Debug, Default)]
pub(super) struct Sides {
    now: Vec<Side>,
    before: Vec<Side>,
    /// Where those of each stage begin.
    of_stage: Vec<usize>,
    id: u32,
    old: usize,
    /// The slack times the multiplier of a side that is new.
    mu: f64,
}

impl Sides {
    /// None takes part.
    pub(super) fn clear(&mut self) {
        self.now.clear();
    }

    /// Before the first row of an iteration is offered.
    pub(super) fn begin(&mut self, mu: f64) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.clear();
        self.of_stage.clear();
        self.of_stage.push(0);
        (self.id, self.old, self.mu) = (0, 0, mu);
    }

    /// After the last row of a stage.
    pub(super) fn end_stage(&mut self) {
        self.of_stage.push(self.now.len());
    }

    /// A side whose value is `slack` below its limit, which is of this `size`, if it takes part.
    #[inline(always)]
    pub(super) fn offer(&mut self, slack: f64, size: f64) -> Option<&mut Side> {
        let id = self.id;
        self.id += 1;
        let known = self.before.get(self.old).filter(|side| side.id == id);
        let side = match known {
            Some(side) => {
                self.old += 1;
                if slack.min(side.slack) > FAR * size {
                    return None;
                }
                *side
            }
            None if slack > NEAR * size => return None,
            None => {
                let slack = slack.max(SMALLEST_SLACK * size);
                Side {
                    id,
                    slack,
                    weight: self.mu / slack,
                    c: [0.0; 3],
                    miss: 0.0,
                    inverse: 0.0,
                    target: 0.0,
                    slack_step: 0.0,
                    weight_step: 0.0,
                }
            }
        };
        self.now.push(side);
        self.now.last_mut()
    }

    pub(super) fn count(&self) -> usize {
        self.now.len()
    }

    /// The sum of slack times multiplier.
    pub(super) fn complementarity(&self) -> f64 {
        self.now.iter().map(|side| side.slack * side.weight).sum()
    }

    /// Works out the steps of slacks and multipliers for the step of each stage; tells how far each kind may go until one is zero.
    pub(super) fn change(&mut self, step: impl Fn(usize) -> [f64; 3]) -> [f64; 2] {
        let (mut fall, mut weight_fall) = (f64::MIN_POSITIVE, f64::MIN_POSITIVE);
        for (i, range) in self.of_stage.windows(2).enumerate() {
            let z = step(i);
            for side in &mut self.now[range[0]..range[1]] {
                side.change(z);
                fall = fall.max(-side.slack_step * side.inverse);
                if -side.weight_step > weight_fall * side.weight {
                    weight_fall = -side.weight_step / side.weight;
                }
            }
        }
        [1.0 / fall, 1.0 / weight_fall]
    }

    /// The sum of slack times multiplier after these shares of the steps.
    pub(super) fn complementarity_after(&self, primal: f64, dual: f64) -> f64 {
        let after =
            |side: &Side| (side.slack + primal * side.slack_step) * (side.weight + dual * side.weight_step);
        self.now.iter().map(after).sum()
    }

    /// Aims at `target` for slack · multiplier, and takes the product of both steps worked out before into account; hands what that
    /// adds to the push of each side to its stage.
    pub(super) fn correct(&mut self, target: f64, mut push: impl FnMut(usize, f64, [f64; 3])) {
        for (i, range) in self.of_stage.windows(2).enumerate() {
            for side in &mut self.now[range[0]..range[1]] {
                let bent =
                    (side.slack_step * side.weight_step).clamp(-MOST_BENT * target, MOST_BENT * target);
                side.target = target - bent;
                push(i, side.target * side.inverse, side.c);
            }
        }
    }

    /// Goes these shares of the steps.
    pub(super) fn advance(&mut self, primal: f64, dual: f64) {
        for side in &mut self.now {
            side.slack += primal * side.slack_step;
            side.weight += dual * side.weight_step;
        }
    }
}

impl Side {
    /// Takes the value `slack` below the limit, which changes by −`c`·z; tells stiffness and push for slack · multiplier = 0.
    #[inline(always)]
    pub(super) fn set(&mut self, slack: f64, c: [f64; 3]) -> [f64; 2] {
        self.c = c;
        self.target = 0.0;
        self.miss = self.slack - slack;
        self.inverse = self.slack.recip();
        [self.weight * self.inverse, self.weight * self.miss * self.inverse]
    }

    #[inline(always)]
    fn change(&mut self, z: [f64; 3]) {
        let value = self.c[0] * z[0] + self.c[1] * z[1] + self.c[2] * z[2];
        self.slack_step = -self.miss - value;
        self.weight_step = (self.target - self.weight * (self.slack + self.slack_step)) * self.inverse;
    }
}

/// A side takes part where its slack is less than that share of its limit, until both it and its value are farther away.
const NEAR: f64 = 0.5;
const FAR: f64 = 0.8;

/// As a share of a row's limit.
const SMALLEST_SLACK: f64 = 0.03;

/// What a step may be bent by at most, as a share of what it aims at.
const MOST_BENT: f64 = 5.0;
