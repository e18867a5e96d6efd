//! Whether a trajectory can be followed, and the path through it if so.
//!
//! Everything is checked here, before anything moves: names, sizes, numbers, order, time, start, and each joint's
//! position, velocity, acceleration and jerk all along the path.
//!
//! A path starts from the present setpoint. Where the first point lies ahead, the way there is part of the path; where it
//! lies at the start or in the past, the small distance to it fades out along the path. The path is a quintic between
//! each two points through everything the trajectory gives; what it does not give is [estimated](servomesh_motion::estimate).
//!
//! **Invariant:** a path that comes out is continuous from the present setpoint on, keeps the bounds, and ends at rest.

use servomesh_types::{GroupDescription, JointVec, Stamp};

use crate::config::Config;
use crate::effort::EffortTrack;
use crate::{Code, FollowGoal, Point, Refusal};
use servomesh_motion::State;
use servomesh_motion::bounds::{Bounds, Quantity, unit};
use servomesh_motion::estimate;
use servomesh_motion::{Knot, Spline};

/// What a trajectory is checked against.
pub(crate) struct Start<'a> {
    pub(crate) group: &'a GroupDescription,
    pub(crate) config: &'a Config,
    pub(crate) bounds: &'a Bounds,
    pub(crate) now: Stamp,
    /// The setpoint at `now`.
    pub(crate) present: State,
    /// Where joints that the goal leaves out come to rest.
    pub(crate) rest: JointVec,
    /// Measured minus setpoint, both at the time of the measurement.
    pub(crate) deviation: JointVec,
}

/// Why a trajectory can't be followed.
pub(crate) struct Unfollowable {
    pub(crate) refusal: Refusal,
    /// It could be, more slowly.
    pub(crate) too_fast: bool,
}

impl From<Refusal> for Unfollowable {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            too_fast: false,
        }
    }
}

impl Start<'_> {
    /// The path of a goal; `None` if it ends where the group is already.
    ///
    /// # Errors
    /// Why it can't be followed, and whether that is for limits of velocity, acceleration or jerk only.
    pub(crate) fn path(&self, goal: &FollowGoal) -> Result<Option<Spline>, Unfollowable> {
        let columns = self.columns(&goal.joint_names)?;
        self.check_points(goal)?;
        let last_ns = goal.points.last().map_or(0, |point| point.time_from_start_ns);
        let shift_s = match goal.stamp {
            Some(stamp) => {
                let late_s = self.now.seconds_from(stamp) - last_ns as f64 * 1e-9;
                if late_s >= 0.0 {
                    let text = format!("the trajectory ended {late_s:.3} s ago, by its header's stamp");
                    return Err(Refusal::new(Code::OldHeaderTimestamp, text).into());
                }
                stamp.seconds_from(self.now)
            }
            None => 0.0,
        };
        let knots = self.knots(goal, &columns, shift_s);
        self.check_start(&knots)?;
        if knots.last().is_none_or(|knot| knot.time_s <= 0.0) {
            return Ok(None);
        }
        let bounds = self
            .config
            .limit_factors
            .relax(self.bounds)
            .around(&self.present.position);
        self.path_within(&Spline::through(&knots), &bounds).map(Some)
    }

    /// The efforts of a goal whose [`path`](Self::path) was found.
    pub(crate) fn effort(&self, goal: &FollowGoal) -> Result<Option<EffortTrack>, Refusal> {
        if goal.points.iter().all(|point| point.effort.is_empty()) {
            return Ok(None);
        }
        for (index, point) in goal.points.iter().enumerate() {
            for (value, name) in point.effort.iter().zip(&goal.joint_names) {
                let limit = self
                    .group
                    .joint_index(name)
                    .map_or(0.0, |joint| self.group.joints[joint].limits.effort());
                if value.abs() > limit {
                    return Err(Refusal::invalid(format!(
                        "joint {name}: effort {value:.4} of point {index} is beyond its limit {limit:.4}"
                    )));
                }
            }
        }
        let columns = self.columns(&goal.joint_names)?;
        let shift_s = goal.stamp.map_or(0.0, |stamp| stamp.seconds_from(self.now));
        let points = goal.points.iter().map(|point| {
            let efforts = JointVec::from_fn(columns.len(), |joint| {
                columns[joint]
                    .and_then(|place| point.effort.get(place).copied())
                    .unwrap_or(0.0)
            });
            (point.time_from_start_ns as f64 * 1e-9 + shift_s, efforts)
        });
        Ok(Some(EffortTrack::new(points)))
    }

    /// For each joint of the group, its place in the goal.
    fn columns(&self, names: &[String]) -> Result<Vec<Option<usize>>, Refusal> {
        let group = self.group;
        let refuse = |text: String| Err(Refusal::new(Code::InvalidJoints, text));
        let mut columns = vec![None; group.joints.len()];
        for (place, name) in names.iter().enumerate() {
            let Some(joint) = group.joint_index(name) else {
                return refuse(format!("joint {name:?} is not one of group {}'s", group.name));
            };
            if columns[joint].replace(place).is_some() {
                return refuse(format!("joint {name} is named twice"));
            }
        }
        let missing = columns.iter().position(Option::is_none);
        match missing {
            Some(_) if names.is_empty() => refuse("the trajectory names no joints".into()),
            Some(joint) if !self.config.allow_partial_joints_goal => refuse(format!(
                "joint {} is missing: goals for a part of group {} need allow_partial_joints_goal",
                group.joint_name(joint),
                group.name
            )),
            _ => Ok(columns),
        }
    }

    fn check_points(&self, goal: &FollowGoal) -> Result<(), Refusal> {
        let (points, names) = (&goal.points, &goal.joint_names);
        if goal.multi_dof_points > 0 {
            return Err(Refusal::invalid(format!(
                "the trajectory has {} points of several degrees of freedom, but group {} has no planar or floating joints",
                goal.multi_dof_points, self.group.name
            )));
        }
        let Some(first) = points.first() else {
            return Err(Refusal::invalid("the trajectory has no points"));
        };
        if points.len() > self.config.max_points {
            let (got, most) = (points.len(), self.config.max_points);
            return Err(Refusal::invalid(format!(
                "{got} points are more than max_points, {most}"
            )));
        }
        let mut before_ns = -1;
        for (index, point) in points.iter().enumerate() {
            self.check_fields(index, point, first, names)?;
            let time_ns = point.time_from_start_ns;
            if !(0..=LONGEST_NS).contains(&time_ns) {
                return Err(Refusal::invalid(format!(
                    "point {index}: time_from_start {:.3} s is not within 0 s and {:.0} s",
                    time_ns as f64 * 1e-9,
                    LONGEST_NS as f64 * 1e-9
                )));
            }
            if time_ns <= before_ns {
                return Err(Refusal::invalid(format!(
                    "point {index}: time_from_start {:.3} s does not come after the point before, {:.3} s",
                    time_ns as f64 * 1e-9,
                    before_ns as f64 * 1e-9
                )));
            }
            before_ns = time_ns;
        }
        self.check_end(&points[points.len() - 1], names)
    }

    fn check_fields(
        &self,
        index: usize,
        point: &Point,
        first: &Point,
        names: &[String],
    ) -> Result<(), Refusal> {
        let fields = [
            ("positions", &point.positions, &first.positions),
            ("velocities", &point.velocities, &first.velocities),
            ("accelerations", &point.accelerations, &first.accelerations),
            ("effort", &point.effort, &first.effort),
        ];
        for (field, values, firsts) in fields {
            if values.is_empty() && field == "positions" {
                return Err(Refusal::invalid(format!("point {index} has no positions")));
            }
            if values.is_empty() != firsts.is_empty() {
                let (with, without) = if values.is_empty() { (0, index) } else { (index, 0) };
                return Err(Refusal::invalid(format!(
                    "point {without} has no {field}, but point {with} has: give them everywhere or nowhere"
                )));
            }
            if !values.is_empty() && values.len() != names.len() {
                return Err(Refusal::invalid(format!(
                    "point {index} has {} {field} for {} joints",
                    values.len(),
                    names.len()
                )));
            }
            for (value, name) in values.iter().zip(names) {
                if !value.is_finite() {
                    return Err(Refusal::invalid(format!(
                        "joint {name}: {value} among the {field} of point {index} is not a finite number"
                    )));
                }
            }
        }
        if !point.accelerations.is_empty() && point.velocities.is_empty() {
            return Err(Refusal::invalid(format!(
                "point {index} has accelerations, but no velocities"
            )));
        }
        for (value, name) in point.positions.iter().zip(names) {
            let Some(joint) = self.group.joint_index(name) else {
                continue;
            };
            let (lower, upper) = self.bounds.interval(joint, Quantity::Position);
            if *value < lower || *value > upper {
                let side = if *value < lower {
                    "below its lower"
                } else {
                    "above its upper"
                };
                return Err(Refusal::invalid(format!(
                    "joint {name}: position {value:.4} {unit} of point {index} is {side} limit {:.4} {unit}",
                    self.bounds.limit(joint, Quantity::Position, *value),
                    unit = unit(self.group, joint, Quantity::Position),
                )));
            }
        }
        Ok(())
    }

    /// Nothing comes after the last point, so nothing may move there.
    fn check_end(&self, last: &Point, names: &[String]) -> Result<(), Refusal> {
        for (velocity, name) in last.velocities.iter().zip(names) {
            if velocity.abs() > END_VELOCITY {
                return Err(Refusal::invalid(format!(
                    "joint {name}: the last point's velocity is {velocity:.4}, but a trajectory ends at rest"
                )));
            }
        }
        Ok(())
    }

    /// The points of all joints in the path's time, and the present setpoint in front if the first point lies ahead.
    fn knots(&self, goal: &FollowGoal, columns: &[Option<usize>], shift_s: f64) -> Vec<Knot> {
        let n = columns.len();
        let has_velocities = goal
            .points
            .first()
            .is_some_and(|point| !point.velocities.is_empty());
        let has_accelerations = goal
            .points
            .first()
            .is_some_and(|point| !point.accelerations.is_empty());
        let mut knots = Vec::with_capacity(goal.points.len() + 1);
        for point in &goal.points {
            let of = |values: &[f64], absent: &JointVec| {
                JointVec::from_fn(n, |joint| {
                    columns[joint]
                        .and_then(|place| values.get(place).copied())
                        .unwrap_or(absent[joint])
                })
            };
            let zeros = JointVec::zeros(n);
            let state = State {
                position: of(&point.positions, &self.rest),
                velocity: of(&point.velocities, &zeros),
                acceleration: of(&point.accelerations, &zeros),
            };
            knots.push(Knot {
                time_s: point.time_from_start_ns as f64 * 1e-9 + shift_s,
                state,
            });
        }
        let ahead = knots.first().is_some_and(|knot| knot.time_s > AT_ONCE_S);
        if ahead {
            knots.insert(
                0,
                Knot {
                    time_s: 0.0,
                    state: self.present,
                },
            );
        } else if let Some(first) = knots.first_mut()
            && first.time_s > -AT_ONCE_S
        {
            first.time_s = 0.0;
            if !has_velocities {
                first.state.velocity = self.present.velocity;
            }
            // Rest-to-rest trajectories often start with a step of acceleration, which no machine can follow.
            first.state.acceleration = self.present.acceleration;
        }
        if let Some(last) = knots.last_mut() {
            last.state.velocity = JointVec::zeros(n);
            last.state.acceleration = JointVec::zeros(n);
        }
        estimate_absent(&mut knots, n, has_velocities, has_accelerations);
        knots
    }

    /// The machine must be where the path starts.
    fn check_start(&self, knots: &[Knot]) -> Result<(), Refusal> {
        let Some(first) = knots.first() else { return Ok(()) };
        // A point in the past is compared where the path is by now.
        let planned = match first.time_s < 0.0 && knots.last().is_some_and(|last| last.time_s > 0.0) {
            true => Spline::through(knots).at(0.0).state.position,
            false => first.state.position,
        };
        for joint in 0..planned.len() {
            let description = &self.group.joints[joint];
            let tolerance = self.config.tolerances(&description.name, description.kind).start;
            let measured = self.present.position[joint] + self.deviation[joint];
            let distance = measured - planned[joint];
            if tolerance > 0.0 && distance.abs() > tolerance {
                return Err(Refusal::invalid(format!(
                    "joint {}: the measured position is {:.4} {unit} from the trajectory's start, \
                     beyond the start tolerance {tolerance:.4} {unit}",
                    description.name,
                    distance.abs(),
                    unit = unit(self.group, joint, Quantity::Position),
                )));
            }
        }
        Ok(())
    }

    /// The path from the present setpoint: what it is off by fades out by a knot that leaves time enough.
    fn path_within(&self, spline: &Spline, bounds: &Bounds) -> Result<Spline, Unfollowable> {
        let start = spline.at(0.0).state;
        let offset = State {
            position: minus(&self.present.position, &start.position),
            velocity: minus(&self.present.velocity, &start.velocity),
            acceleration: minus(&self.present.acceleration, &start.acceleration),
        };
        let last = spline.times().len() - 1;
        let needed_s = fade_time(&offset, bounds);
        let soon = spline
            .times()
            .iter()
            .position(|t| *t >= needed_s && *t > 0.0)
            .unwrap_or(last);
        let mut path = spline.starting_off_by(&offset, soon);
        let mut excess = path.excess(bounds);
        if excess.is_some() && soon != last {
            // Slower, and so gentler.
            path = spline.starting_off_by(&offset, last);
            excess = path.excess(bounds);
        }
        match excess {
            Some(excess) => Err(Unfollowable {
                refusal: Refusal::invalid(excess.describe(self.group)),
                too_fast: excess.quantity != Quantity::Position,
            }),
            None => Ok(path),
        }
    }
}

fn estimate_absent(knots: &mut [Knot], joints: usize, has_velocities: bool, has_accelerations: bool) {
    if has_accelerations {
        return;
    }
    let times: Vec<f64> = knots.iter().map(|knot| knot.time_s).collect();
    for joint in 0..joints {
        let positions: Vec<f64> = knots.iter().map(|knot| knot.state.position[joint]).collect();
        let mut velocities: Vec<f64> = knots.iter().map(|knot| knot.state.velocity[joint]).collect();
        let mut accelerations: Vec<f64> = knots.iter().map(|knot| knot.state.acceleration[joint]).collect();
        if !has_velocities {
            estimate::velocities(&times, &positions, &mut velocities);
        }
        estimate::accelerations(&times, &positions, &velocities, &mut accelerations);
        for (k, knot) in knots.iter_mut().enumerate() {
            knot.state.velocity[joint] = velocities[k];
            knot.state.acceleration[joint] = accelerations[k];
        }
    }
}

/// How long an offset takes to fade with no more than [`FADE_SHARE`] of the limits, in s; peaks are those of the quintic.
fn fade_time(offset: &State, bounds: &Bounds) -> f64 {
    let mut time_s: f64 = 0.0;
    for j in 0..offset.position.len() {
        let (p, v, a) = (
            offset.position[j].abs(),
            offset.velocity[j].abs(),
            offset.acceleration[j].abs(),
        );
        let velocity = bounds.velocity[j] * FADE_SHARE;
        let acceleration = bounds.acceleration[j] * FADE_SHARE;
        let jerk = bounds.jerk[j] * FADE_SHARE;
        let needed = [
            1.875 * p / velocity,
            (5.7736 * p / acceleration).sqrt(),
            (60.0 * p / jerk).cbrt(),
            3.0 * v / acceleration,
            (36.0 * v / jerk).sqrt(),
            9.0 * a / jerk,
        ];
        time_s = needed.into_iter().fold(time_s, f64::max);
    }
    time_s
}

fn minus(a: &JointVec, b: &JointVec) -> JointVec {
    JointVec::from_fn(a.len(), |i| a[i] - b[i])
}

/// A first point that close is the start itself, in s.
const AT_ONCE_S: f64 = 1e-6;

/// What a last velocity may be off zero by rounding.
const END_VELOCITY: f64 = 1e-3;

/// Share of the limits that getting back on the path may take.
const FADE_SHARE: f64 = 0.2;

/// A day, in ns.
const LONGEST_NS: i64 = 86_400_000_000_000;
