//! Down to the goal from one start: Levenberg–Marquardt steps inside the limits, and along the self-motion of a redundant
//! arm towards the seed. Lengths in reaches of the chain, angles in rad.
//!
//! A step solves `(J·Jᵀ + λ·1)·y = e` over the joints that are free to follow it; λ shrinks with the squared error, which
//! keeps the last steps quadratic and the first ones calm near singular poses (Sugihara, *IEEE T-RO* 27 (2011) 984). A
//! joint that a step would take beyond its limit stops there and the others make up for it.
//!
//! **Invariant:** values never leave the search bounds; the result depends on nothing but the arguments.

use nalgebra::{Matrix6, Vector6};
use servomesh_types::MAX_JOINTS;

use crate::inverse_kinematics::chain::{Chain, Pose, Values};
use crate::inverse_kinematics::task::{Measure, PoseError};
use crate::spatial::Placement;

/// A solution is at most this far off (m and rad); accepted ones are nearly always far closer.
pub(super) const RESIDUAL: f64 = 1e-9;
/// The same once values are moved onto a limit that they overstep by rounding.
const SETTLED: f64 = 5e-9;
/// λ as a part of the squared error.
const DAMPING: f64 = 0.3;
/// Keeps a singular step finite.
const LEAST_DAMPING: f64 = 1e-15;
/// No step moves a joint farther (rad, or reaches).
const LONGEST_STEP: f64 = 1.0;
/// A start is given up when the squared error has not shrunk to this part within [`PATIENCE`] steps.
const PROGRESS: f64 = 0.6;
const PATIENCE: usize = 4;
/// At most this many steps along a self-motion.
const PULLS: usize = 30;
/// Where less than this (rad, or reaches) pulls along a self-motion, its end is reached.
const PULLED: f64 = 1e-4;
/// Back to the goal after a step along a self-motion.
const CORRECTION: Patience = Patience {
    steps: 6,
    to_the_end: false,
};

/// What the values shall achieve, and between which bounds.
pub(super) struct Problem<'a> {
    pub(super) chain: &'a Chain,
    pub(super) measure: &'a Measure,
    pub(super) goal_from_base: Placement,
    pub(super) bounds: &'a Bounds,
}

impl Problem<'_> {
    pub(super) fn is_redundant(&self) -> bool {
        self.chain.len() > self.measure.task().directions()
    }
}

/// Lowest and highest value of each variable.
pub(super) type Bounds = [(f64, f64); MAX_JOINTS];

/// What one descent works with.
#[derive(Debug, Clone)]
pub(super) struct Descent {
    pose: Pose,
    columns: [Vector6<f64>; MAX_JOINTS],
}

/// How a descent ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landing {
    pub(super) position: f64,
    pub(super) angle: f64,
    /// Squared weighted error.
    pub(super) cost: f64,
    pub(super) steps: usize,
}

impl Landing {
    fn at(error: &PoseError, steps: usize) -> Self {
        Self {
            position: error.position,
            angle: error.angle,
            cost: error.towards_goal.norm_squared(),
            steps,
        }
    }

    pub(super) fn is_solution(&self) -> bool {
        self.position <= RESIDUAL && self.angle <= RESIDUAL
    }
}

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) steps: usize,
    /// Whether to go on while progress is slow, for the closest pose rather than for a solution.
    pub(super) to_the_end: bool,
}

impl Descent {
    pub(super) fn new(chain: &Chain) -> Self {
        Self {
            pose: chain.pose(),
            columns: [Vector6::zeros(); MAX_JOINTS],
        }
    }

    /// The error at some values.
    pub(super) fn error(&mut self, problem: &Problem, values: &Values) -> PoseError {
        problem
            .chain
            .place(&problem.goal_from_base, values, &mut self.pose);
        problem.measure.error(&self.pose.goal_from_link)
    }

    /// The columns at the last pose, whose error is given.
    fn linearise(&mut self, problem: &Problem, error: &PoseError) {
        problem.chain.columns(&self.pose, &mut self.columns);
        problem
            .measure
            .weigh(error, &mut self.columns[..problem.chain.len()]);
    }

    /// Brings `values`, which are within the search bounds, as close to the goal as this start leads.
    pub(super) fn run(&mut self, problem: &Problem, values: &mut Values, patience: Patience) -> Landing {
        let mut error = self.error(problem, values);
        let mut landing = Landing::at(&error, 0);
        let mut damping = DAMPING;
        let (mut mark, mut since_mark) = (landing.cost, 0);
        while landing.steps < patience.steps
            && !(landing.position <= 1e-2 * RESIDUAL && landing.angle <= 1e-2 * RESIDUAL)
        {
            self.linearise(problem, &error);
            let mut accepted = false;
            while !accepted && landing.steps < patience.steps {
                let lambda = damping * landing.cost + LEAST_DAMPING;
                let Some(step) = self.step(problem, values, &error.towards_goal, lambda, None) else {
                    return landing;
                };
                let trial = moved(problem, values, &step);
                let trial_error = self.error(problem, &trial);
                let steps = landing.steps + 1;
                landing.steps = steps;
                if trial_error.towards_goal.norm_squared() < landing.cost {
                    (*values, error, accepted) = (trial, trial_error, true);
                    landing = Landing::at(&error, steps);
                    damping = (damping * 0.5).max(1e-3 * DAMPING);
                } else if landing.is_solution() {
                    return landing;
                } else {
                    damping *= 6.0;
                    if damping > 1e9 {
                        return landing;
                    }
                }
            }
            since_mark += 1;
            if landing.cost < PROGRESS * mark {
                (mark, since_mark) = (landing.cost, 0);
            } else if since_mark >= PATIENCE && !patience.to_the_end && !landing.is_solution() {
                return landing;
            }
        }
        landing
    }

    /// Where a descent landed, in the turns nearest to the seed; of a redundant arm also as near as its self-motion allows. `None` if
    /// that is no solution or not within the limits.
    pub(super) fn settled(
        &mut self,
        problem: &Problem,
        values: &Values,
        seed: &Values,
        landing: Landing,
    ) -> Option<Values> {
        if !landing.is_solution() {
            return None;
        }
        let mut values = problem.chain.within_limits(values, seed)?;
        if problem.is_redundant() {
            self.pull(problem, &mut values, seed);
            values = problem.chain.within_limits(&values, seed)?;
        }
        let error = self.error(problem, &values);
        (error.position <= SETTLED && error.angle <= SETTLED).then_some(values)
    }

    /// Which variables rest on a limit that keeps the link from the goal, at the values of the last pose: −1 for the
    /// lower one, 1 for the upper one.
    pub(super) fn pressed(&mut self, problem: &Problem, values: &Values) -> [i8; MAX_JOINTS] {
        let error = self.error(problem, values);
        self.linearise(problem, &error);
        let size = error.towards_goal.norm();
        let mut pressed = [0; MAX_JOINTS];
        for (index, &(lower, upper)) in problem.bounds[..problem.chain.len()].iter().enumerate() {
            let pull = self.columns[index].dot(&error.towards_goal) / size.max(f64::MIN_POSITIVE);
            if values[index] <= lower + 1e-9 && pull < -1e-6 {
                pressed[index] = -1;
            } else if values[index] >= upper - 1e-9 && pull > 1e-6 {
                pressed[index] = 1;
            }
        }
        pressed
    }

    /// The damped step towards the goal, in scaled values. `wish` is where the joints would go if the goal left them free.
    fn step(
        &self,
        problem: &Problem,
        values: &Values,
        towards_goal: &Vector6<f64>,
        lambda: f64,
        wish: Option<&Values>,
    ) -> Option<Values> {
        let count = problem.chain.len();
        let mut step = wish.copied().unwrap_or([0.0; MAX_JOINTS]);
        let mut held = [false; MAX_JOINTS];
        let mut normal = Matrix6::from_diagonal_element(lambda);
        let mut rest = *towards_goal;
        for (column, wished) in self.columns[..count].iter().zip(&step) {
            add_outer(&mut normal, column, 1.0);
            rest -= column * *wished;
        }
        for _ in 0..=count {
            let y = solve(&normal, &rest)?;
            let mut stopped = false;
            for (index, variable) in problem.chain.variables().iter().enumerate() {
                if held[index] {
                    continue;
                }
                let wished = wish.map_or(0.0, |wish| wish[index]);
                step[index] = wished + self.columns[index].dot(&y);
                let (lower, upper) = problem.bounds[index];
                let (down, up) = (
                    (lower - values[index]) / variable.scale,
                    (upper - values[index]) / variable.scale,
                );
                if step[index] < down || step[index] > up {
                    step[index] = step[index].clamp(down, up);
                    held[index] = true;
                    stopped = true;
                    add_outer(&mut normal, &self.columns[index], -1.0);
                    rest += self.columns[index] * (wished - step[index]);
                }
            }
            if !stopped {
                break;
            }
        }
        let longest = step[..count]
            .iter()
            .fold(0.0_f64, |longest, step| longest.max(step.abs()));
        if longest > LONGEST_STEP {
            step[..count]
                .iter_mut()
                .for_each(|step| *step *= LONGEST_STEP / longest);
        }
        Some(step)
    }

    /// Moves a solution of a redundant arm along its self-motion to where its distance to `seed` has a minimum; it stays a
    /// solution.
    ///
    /// Projected gradients with steps from the last two (Barzilai and Borwein, *IMA J. Numer. Anal.* 8 (1988) 141): with one
    /// redundant joint that is the secant method.
    pub(super) fn pull(&mut self, problem: &Problem, values: &mut Values, seed: &Values) {
        let chain = problem.chain;
        let mut distance = chain.distance2(values, seed);
        let mut share = 1.0;
        // The values and the gradient of the last accepted step.
        let mut last: Option<(Values, Values)> = None;
        for _ in 0..PULLS {
            let error = self.error(problem, values);
            self.linearise(problem, &error);
            let mut way = [0.0; MAX_JOINTS];
            for (index, variable) in chain.variables().iter().enumerate() {
                way[index] = (seed[index] - values[index]) / variable.scale;
            }
            let towards_goal = error.towards_goal;
            let Some(pull) = self.step(problem, values, &towards_goal, LEAST_DAMPING, Some(&way)) else {
                return;
            };
            if pull.iter().all(|pull| pull.abs() < PULLED) {
                return;
            }
            if let Some((last_values, last_pull)) = &last {
                share = secant(problem, (last_values, last_pull), (values, &pull));
            }
            last = Some((*values, pull));
            loop {
                let wish = way.map(|way| share * way);
                let Some(step) = self.step(problem, values, &towards_goal, LEAST_DAMPING, Some(&wish)) else {
                    return;
                };
                let mut trial = moved(problem, values, &step);
                let landing = self.run(problem, &mut trial, CORRECTION);
                let reached = chain.distance2(&trial, seed);
                if landing.is_solution() && reached < distance {
                    (*values, distance) = (trial, reached);
                    break;
                }
                share *= 0.3;
                if share < 1e-4 {
                    return;
                }
                let error = self.error(problem, values);
                self.linearise(problem, &error);
            }
        }
    }
}

/// The step, as a share of the way to the seed, at which the gradient would vanish if it went on as it did.
fn secant(problem: &Problem, last: (&Values, &Values), now: (&Values, &Values)) -> f64 {
    let (mut moved2, mut turned) = (0.0, 0.0);
    for (index, variable) in problem.chain.variables().iter().enumerate() {
        let moved = (now.0[index] - last.0[index]) / variable.scale;
        moved2 += moved * moved;
        turned += moved * (last.1[index] - now.1[index]);
    }
    if turned > 0.3 * moved2 {
        moved2 / turned
    } else {
        3.0
    }
}

fn moved(problem: &Problem, values: &Values, step: &Values) -> Values {
    let mut moved = *values;
    for (index, variable) in problem.chain.variables().iter().enumerate() {
        let (lower, upper) = problem.bounds[index];
        moved[index] = (values[index] + step[index] * variable.scale).clamp(lower, upper);
    }
    moved
}

/// Adds `sign · c·cᵀ` to the lower triangle.
fn add_outer(normal: &mut Matrix6<f64>, c: &Vector6<f64>, sign: f64) {
    for column in 0..6 {
        let scaled = sign * c[column];
        for row in column..6 {
            normal[(row, column)] += scaled * c[row];
        }
    }
}

/// Solves `normal · y = rest` by LDLᵀ of the lower triangle; `None` if it is not positive definite.
fn solve(normal: &Matrix6<f64>, rest: &Vector6<f64>) -> Option<Vector6<f64>> {
    let mut l = *normal;
    let mut y = *rest;
    for k in 0..6 {
        let pivot = l[(k, k)];
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        for row in k + 1..6 {
            let factor = l[(row, k)] / pivot;
            for column in k + 1..=row {
                l[(row, column)] -= factor * l[(column, k)];
            }
            y[row] -= factor * y[k];
        }
    }
    for k in (0..6).rev() {
        let mut value = y[k];
        for row in k + 1..6 {
            value -= l[(row, k)] * y[row];
        }
        y[k] = value / l[(k, k)];
    }
    Some(y)
}
