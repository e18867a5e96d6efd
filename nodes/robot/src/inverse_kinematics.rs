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
use descent::{Bounds, Descent, Patience, Problem};
use out_of_reach::Closest;
use solutions::Found;
use starts::Starts;
use task::Measure;

pub use out_of_reach::{BindingLimit, Limit, OutOfReach};
pub use solutions::Solutions;
pub use task::Task;

/// How many starts a goal gets before it counts as out of reach.
const STARTS: usize = 200;
/// How many where it is known that no solution exists, to find the closest pose.
const STARTS_FOR_CLOSEST: usize = 16;
/// How many starts `all` makes from where there is no closed form.
const STARTS_FOR_ALL: usize = 100;

/// How many more starts are made after the first solution, for a nearer one.
const STARTS_FOR_NEARER: usize = 2;
/// A solution this near (rad; lengths in reaches) is near enough.
const NEAR: f64 = 0.5;

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
///
/// ```
/// use servomesh_robot::{InverseKinematics, Model, Workspace};
///
/// let model = Model::from_urdf_file("tests/robots/ur5e.urdf")?;
/// let tool = model.link("tool0")?;
/// let mut ik = InverseKinematics::new(&model, tool)?;
///
/// let seed = [0.3, -1.2, 1.5, -0.8, -1.4, 0.2];
/// let mut workspace = Workspace::new(&model);
/// model.forward_kinematics(&mut workspace, &seed);
/// let mut base_from_tool = model.link_pose(&workspace, tool);
/// base_from_tool.translation.z += 0.01;
///
/// let mut q = [0.0; 6];
/// ik.nearest(&base_from_tool, &seed, &mut q)?;
/// assert!(q.iter().zip(&seed).all(|(q, seed)| (q - seed).abs() < 0.1));
/// assert_eq!(ik.all(&base_from_tool, &seed)?.len(), 8);
///
/// base_from_tool.translation.z = 3.0;
/// let error = ik.nearest(&base_from_tool, &seed, &mut q).expect_err("that is high above the arm");
/// assert!(error.is_certain && error.position > 1.5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
    /// the arm). Without one it is the nearest of those that descents from the seed and from a few starts around it lead to; there may
    /// be nearer ones. A redundant arm moves each of them along its self-motion to where it is nearest to the seed.
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
            if !known_to_fail {
                self.search_all(&goal, &from);
            }
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
            if let Some(values) = descent.settled(&problem, &values, from, landing) {
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
        let mut closest = Closest::NONE;
        let mut nearest: Option<(f64, Values)> = None;
        let mut last = starts;
        let mut index = 0;
        while index < last {
            let mut values = self.starts.start(&problem, goal, from, index);
            let landing = self.descent.run(&problem, &mut values, SEARCH);
            index += 1;
            if let Some(values) = self.descent.settled(&problem, &values, from, landing) {
                let distance = problem.chain.distance2(&values, from);
                if nearest.is_none() {
                    last = starts.min(index + STARTS_FOR_NEARER);
                }
                if nearest.as_ref().is_none_or(|(least, _)| distance < *least) {
                    nearest = Some((distance, values));
                }
                if distance < NEAR * NEAR {
                    break;
                }
            } else {
                closest.add(landing.cost, &values);
            }
        }
        if let Some((_, values)) = nearest {
            return Ok(values);
        }
        let mut ends = Closest::NONE;
        for (_, start) in closest.iter() {
            let mut values = *start;
            let landing = self.descent.run(&problem, &mut values, CLOSEST);
            if let Some(values) = self.descent.settled(&problem, &values, from, landing) {
                return Ok(values);
            }
            ends.add(landing.cost, &values);
        }
        let mut values = ends.iter().next().map_or(*from, |(_, values)| *values);
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
        let apart = if problem.is_redundant() { 2e-2 } else { 1e-4 };
        for index in 0..STARTS_FOR_ALL {
            let mut values = self.starts.start(&problem, goal, from, index);
            let landing = self.descent.run(&problem, &mut values, SEARCH);
            if let Some(values) = self.descent.settled(&problem, &values, from, landing) {
                self.found.keep_if_new(&self.chain, &values, apart);
            }
        }
    }
}
