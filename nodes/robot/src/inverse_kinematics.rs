//! Inverse kinematics: joint values that put a link into a pose, within the limits. rad and m, poses in base axes.
//!
//! Decides which of the ways to a solution is taken:
//! - Six turning axes with a spherical wrist or shoulder, or with three parallel axes in the middle: all solutions in closed
//!   form ([`closed_form`]), each polished on the exact kinematics.
//! - Any other chain: [`descent`] from the seed, then from a fixed sequence of starts spread over the limits ([`starts`]).
//!
//! **Invariant:** after [`InverseKinematics::new`] nothing allocates; the answer depends on the goal and the seed alone; every
//! accepted solution is within the limits and at most 1e-8 m and 1e-8 rad off.

#![expect(clippy::result_large_err, reason = "a Box would allocate in the control loop")]

mod chain;
mod closed_form;
mod descent;
mod out_of_reach;
mod solutions;
mod starts;
mod task;
mod trigonometry;

use nalgebra::Isometry3;
use servomesh_types::MAX_JOINTS;

use crate::error::RobotError;
use crate::model::{LinkId, Model};
use crate::spatial::Placement;
use chain::{Chain, Values};
use closed_form::ClosedForm;
use descent::{Bounds, Descent, Landing, Patience, Problem};
use solutions::Found;
use starts::Starts;
use task::Measure;

pub use out_of_reach::{BindingLimit, Limit, OutOfReach};
pub use solutions::Solutions;
pub use task::Task;

/// How many starts a goal gets before it counts as out of reach.
const STARTS: usize = 200;
/// How many where it is known that no solution exists, to find the closest pose.
const STARTS_FOR_CLOSEST: usize = 8;
/// How many starts `all` makes from where there is no closed form.
const STARTS_FOR_ALL: usize = 100;

const SEARCH: Patience = Patience {
    steps: 40,
    to_the_end: false,
};
const POLISH: Patience = Patience {
    steps: 16,
    to_the_end: false,
};
const TRACK: Patience = Patience {
    steps: 8,
    to_the_end: false,
};
const CLOSEST: Patience = Patience {
    steps: 200,
    to_the_end: true,
};

/// Solves for the joints between the root and one link. Made once, used again and again; one for each thread.
///
/// It keeps the limits that the model had when it was made.
#[derive(Debug, Clone)]
pub struct InverseKinematics {
    chain: Chain,
    measure: Measure,
    closed_form: Option<ClosedForm>,
    starts: Starts,
    descent: Descent,
    /// Without bounds where whole turns reach every pose.
    search_bounds: Bounds,
    limits: Bounds,
    found: Found,
    position_count: usize,
}

impl InverseKinematics {
    /// Prepares for one link of a model: analyses its chain, allocates all memory.
    ///
    /// # Errors
    /// If no joint moves the link, more than [`MAX_JOINTS`] do, or a free joint does.
    pub fn new(model: &Model, link: LinkId) -> Result<Self, RobotError> {
        Self::for_task(model, link, Task::POSE)
    }

    /// As [`InverseKinematics::new`], for goals of which only some directions count.
    ///
    /// A chain with fewer joints than directions is no error: it then reaches only goals that happen to lie on its way.
    ///
    /// # Errors
    /// If no joint moves the link, more than [`MAX_JOINTS`] do, or a free joint does.
    pub fn for_task(model: &Model, link: LinkId, task: Task) -> Result<Self, RobotError> {
        let chain = Chain::new(model, link)?;
        let closed_form = if task == Task::POSE {
            ClosedForm::of(&chain)
        } else {
            None
        };
        let (mut search_bounds, mut limits) = ([(0.0, 0.0); MAX_JOINTS], [(0.0, 0.0); MAX_JOINTS]);
        for (index, variable) in chain.variables().iter().enumerate() {
            search_bounds[index] = variable.search_bounds();
            limits[index] = (variable.lower, variable.upper);
        }
        Ok(Self {
            measure: Measure::new(task, chain.reach()),
            closed_form,
            starts: Starts::new(&chain),
            descent: Descent::new(&chain),
            search_bounds,
            limits,
            found: Found::new(model.position_count()),
            position_count: model.position_count(),
            chain,
        })
    }

    /// The same solver without its closed form: descents only, as for any other chain.
    #[must_use]
    pub fn without_closed_form(mut self) -> Self {
        self.closed_form = None;
        self
    }

    /// Whether solutions come from a closed form.
    pub fn has_closed_form(&self) -> bool {
        self.closed_form.is_some()
    }

    /// The joints that move the link, as indices of the model, from the root on.
    pub fn joints(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.chain.variables().iter().map(|variable| variable.joint)
    }

    /// Finds joint values for a pose of the link, near the seed, and writes them to `q`. Joints that do not move the link keep
    /// the seed's values; angles are given in the turn that is nearest to the seed within the limits.
    ///
    /// With a closed form it is the nearest of all solutions (Euclidean distance of the joint values; lengths count in reaches of
    /// the arm). Without one it is the solution that a descent from the seed leads to, or else the first one found from other
    /// starts; a redundant arm then moves along its self-motion to where it is nearest to the seed.
    ///
    /// # Errors
    /// [`OutOfReach`], with `q` left alone. A seed outside the limits is no error.
    ///
    /// # Panics
    /// If `seed` or `q` have not one value for each position of the model.
    pub fn nearest(
        &mut self,
        base_from_link: &Isometry3<f64>,
        seed: &[f64],
        q: &mut [f64],
    ) -> Result<(), OutOfReach> {
        let (goal, from) = self.begin(base_from_link, seed, q);
        let known_to_fail = self.solve_in_closed_form(&goal, &from);
        let solution = match self.found.nearest(&self.chain, &from) {
            Some(values) => values,
            None => self.search(&goal, &from, known_to_fail)?,
        };
        q.copy_from_slice(seed);
        self.chain.write(&solution, q);
        Ok(())
    }

    /// Finds all solutions for a pose of the link, each once, in the turn that is nearest to the seed within the limits.
    ///
    /// With a closed form of exact geometry they are complete ([`Solutions::are_complete`]); where a pose is singular and leaves a
    /// joint free, that joint stands as in the seed. Without one they are those that 100 starts lead to. A redundant arm has
    /// infinitely many: then each is the nearest to the seed on its stretch of self-motion.
    ///
    /// # Errors
    /// [`OutOfReach`]. A seed outside the limits is no error.
    ///
    /// # Panics
    /// If `seed` has not one value for each position of the model.
    pub fn all(
        &mut self,
        base_from_link: &Isometry3<f64>,
        seed: &[f64],
    ) -> Result<Solutions<'_>, OutOfReach> {
        let (goal, from) = self.begin(base_from_link, seed, seed);
        let known_to_fail = self.solve_in_closed_form(&goal, &from);
        let complete = !self.found.is_empty() && self.closed_form.as_ref().is_some_and(ClosedForm::is_exact);
        if !complete {
            self.search_all(&goal, &from);
            if self.found.is_empty() {
                let solution = self.search(&goal, &from, known_to_fail)?;
                self.found.keep_if_new(&self.chain, &solution, 0.0);
            }
        }
        Ok(self.found.list(&self.chain, seed, complete))
    }

    /// Follows a pose that has moved a little: up to eight steps from `q`, the values of the last pose, to those of this one.
    /// No joint changes its turn. For Cartesian paths; it takes microseconds, and says so if the path leads out of reach.
    ///
    /// # Errors
    /// [`OutOfReach`], with `q` left alone, if the steps lead to no solution within the limits; there may be others.
    ///
    /// # Panics
    /// If `q` has not one value for each position of the model.
    pub fn track(&mut self, base_from_link: &Isometry3<f64>, q: &mut [f64]) -> Result<(), OutOfReach> {
        let (goal, mut values) = self.begin(base_from_link, q, q);
        for (value, (lower, upper)) in values.iter_mut().zip(self.limits) {
            *value = value.clamp(lower, upper);
        }
        let problem = Problem {
            chain: &self.chain,
            measure: &self.measure,
            goal_from_base: goal.inverse(),
            bounds: &self.limits,
        };
        let landing = self.descent.run(&problem, &mut values, TRACK);
        if !landing.is_solution() {
            return Err(OutOfReach::new(&mut self.descent, &problem, &values, false));
        }
        self.chain.write(&values, q);
        Ok(())
    }

    fn begin(&mut self, base_from_link: &Isometry3<f64>, seed: &[f64], q: &[f64]) -> (Placement, Values) {
        assert_eq!(
            seed.len(),
            self.position_count,
            "one value for each position of the model"
        );
        assert_eq!(
            q.len(),
            self.position_count,
            "one value for each position of the model"
        );
        let goal = Placement {
            rotation: base_from_link.rotation.to_rotation_matrix().into_inner(),
            translation: base_from_link.translation.vector,
        };
        (goal, self.chain.values_of(seed))
    }

    /// Collects the solutions of the closed form; says whether it proves that there are none, even without limits.
    fn solve_in_closed_form(&mut self, goal: &Placement, from: &Values) -> bool {
        self.found.clear();
        let Some(form) = &self.closed_form else {
            return self.chain.is_beyond_reach(&goal.translation)
                && self.measure.task().position == [true; 3];
        };
        let problem = Problem {
            chain: &self.chain,
            measure: &self.measure,
            goal_from_base: goal.inverse(),
            bounds: &self.search_bounds,
        };
        let mut seed = [0.0; 6];
        seed.copy_from_slice(&from[..6]);
        let (found, descent) = (&mut self.found, &mut self.descent);
        // A candidate this far beyond a limit (rad) may still be polished into it.
        let slack = if form.is_exact() { 1e-3 } else { 0.1 };
        let mut none_without_limits = true;
        form.each_candidate(goal, &seed, |candidate| {
            none_without_limits = false;
            let mut values = [0.0; MAX_JOINTS];
            for (index, variable) in problem.chain.variables().iter().enumerate() {
                let (value, beyond) = variable.pushed_within_limits(candidate[index], from[index]);
                if beyond > slack {
                    return;
                }
                values[index] = value;
            }
            let landing = descent.run(&problem, &mut values, POLISH);
            if let Some(values) = settled(descent, &problem, &values, from, landing) {
                found.keep_if_new(problem.chain, &values, 1e-5);
            }
        });
        none_without_limits && form.is_exact()
    }

    /// One solution by descents, or the closest pose.
    fn search(&mut self, goal: &Placement, from: &Values, known_to_fail: bool) -> Result<Values, OutOfReach> {
        let problem = Problem {
            chain: &self.chain,
            measure: &self.measure,
            goal_from_base: goal.inverse(),
            bounds: &self.search_bounds,
        };
        let starts = if known_to_fail { STARTS_FOR_CLOSEST } else { STARTS };
        let mut closest: Option<(f64, Values)> = None;
        for index in 0..starts {
            let mut values = self.starts.start(&problem, goal, from, index);
            let landing = self.descent.run(&problem, &mut values, SEARCH);
            if landing.is_solution() {
                if problem.chain.len() > problem.measure.task().directions() {
                    self.descent.pull(&problem, &mut values, from);
                }
                if let Some(values) = settled(&mut self.descent, &problem, &values, from, landing) {
                    return Ok(values);
                }
            }
            if closest.as_ref().is_none_or(|(cost, _)| landing.cost < *cost) {
                closest = Some((landing.cost, values));
            }
        }
        let mut values = closest.map_or(*from, |(_, values)| values);
        self.descent.run(&problem, &mut values, CLOSEST);
        for (index, variable) in problem.chain.variables().iter().enumerate() {
            values[index] = variable.pushed_within_limits(values[index], from[index]).0;
        }
        Err(OutOfReach::new(
            &mut self.descent,
            &problem,
            &values,
            known_to_fail,
        ))
    }

    /// Adds the solutions that descents from many starts lead to.
    fn search_all(&mut self, goal: &Placement, from: &Values) {
        let problem = Problem {
            chain: &self.chain,
            measure: &self.measure,
            goal_from_base: goal.inverse(),
            bounds: &self.search_bounds,
        };
        let redundant = problem.chain.len() > problem.measure.task().directions();
        for index in 0..STARTS_FOR_ALL {
            let mut values = self.starts.start(&problem, goal, from, index);
            let landing = self.descent.run(&problem, &mut values, SEARCH);
            if !landing.is_solution() {
                continue;
            }
            if redundant {
                self.descent.pull(&problem, &mut values, from);
            }
            if let Some(values) = settled(&mut self.descent, &problem, &values, from, landing) {
                let apart = if redundant { 2e-2 } else { 1e-4 };
                self.found.keep_if_new(&self.chain, &values, apart);
            }
        }
    }
}

/// The values in their turns nearest to the seed, if they are within the limits and still a solution there.
fn settled(
    descent: &mut Descent,
    problem: &Problem,
    values: &Values,
    seed: &Values,
    landing: Landing,
) -> Option<Values> {
    if !landing.is_solution() {
        return None;
    }
    let mut settled = [0.0; MAX_JOINTS];
    for (index, variable) in problem.chain.variables().iter().enumerate() {
        settled[index] = variable.within_limits(values[index], seed[index])?;
    }
    let error = descent.error(problem, &settled);
    (error.position <= 5.0 * descent::RESIDUAL && error.angle <= 5.0 * descent::RESIDUAL).then_some(settled)
}
