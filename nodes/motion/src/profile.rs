//! Time-optimal, jerk-limited motion from any state to a target: a face to `rsruckig` without its positions' offset.
//!
//! **Invariant:** evaluating a [`Profile`] allocates nothing; planning one may.

use rsruckig::prelude::{
    ControlInterface, InputParameter, Ruckig, RuckigError, RuckigResult, Synchronization, ThrowErrorHandler,
};
use servomesh_types::{GroupDescription, JointVec};

use crate::bounds::{Bounds, Excess, Quantity};
use crate::state::{Sample, State};

/// One group's planner of such motions.
pub struct PointToPoint {
    ruckig: Ruckig<0, ThrowErrorHandler>,
    input: InputParameter<0>,
}

/// A motion, as a function of the time since its start.
#[derive(Clone, Debug)]
pub struct Profile {
    trajectory: rsruckig::prelude::Trajectory<0>,
    /// Where it starts. The solver sees distances from here, so that a belt may run for months without losing digits.
    origin: JointVec,
    ends_at_rest: bool,
    /// When a joint's jerk steps, in s, ascending.
    corners: Vec<f64>,
}

/// No motion within the limits does what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum NoProfile {
    /// The solver found none.
    Unsolved {
        /// What the solver says.
        reason: String,
    },
    /// What it found goes beyond a limit on its way.
    Beyond(Excess),
}

impl NoProfile {
    /// The sentence that says why.
    pub fn describe(&self, group: &GroupDescription) -> String {
        match self {
            Self::Unsolved { reason } => format!("no motion within the limits leads there: {reason}"),
            Self::Beyond(excess) => format!("the way there: {}", excess.describe(group)),
        }
    }
}

impl PointToPoint {
    /// A planner for that many joints.
    pub fn new(joints: usize) -> Self {
        // The cycle time matters to `update` only, which is not used: a profile is evaluated at any time.
        let mut input = InputParameter::new(Some(joints));
        // Straight lines in joint space wherever the start allows one.
        input.synchronization = Synchronization::Phase;
        Self {
            ruckig: Ruckig::new(Some(joints), 0.001),
            input,
        }
    }

    /// From `from` to rest at `target`, all joints arriving together.
    pub fn position(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
    ) -> Result<Profile, NoProfile> {
        self.set(from, bounds);
        self.input.control_interface = ControlInterface::Position;
        for i in 0..target.len() {
            self.input.target_position[i] = target[i] - from.position[i];
            self.input.target_velocity[i] = 0.0;
        }
        let bounded = bounds
            .lower
            .iter()
            .chain(bounds.upper.iter())
            .any(|limit| limit.is_finite());
        if bounded {
            let relative = |limits: &JointVec| {
                let mut array = self.input.current_position.clone();
                for i in 0..limits.len() {
                    array[i] = limits[i] - from.position[i];
                }
                Some(array)
            };
            let (lower, upper) = (relative(&bounds.lower), relative(&bounds.upper));
            self.input.min_position = lower;
            self.input.max_position = upper;
        }
        self.solve(from, true)
    }

    /// From `from` to the given velocities, wherever that leads, all joints along a straight line if they can.
    pub fn velocity(
        &mut self,
        from: &State,
        target: &JointVec,
        bounds: &Bounds,
    ) -> Result<Profile, NoProfile> {
        self.set(from, bounds);
        self.input.control_interface = ControlInterface::Velocity;
        for i in 0..target.len() {
            self.input.target_velocity[i] = target[i];
        }
        self.solve(from, target.max_abs() == 0.0)
    }

    /// From `from` to rest, each joint as soon as it can: no joint goes farther than it must.
    pub fn rest(&mut self, from: &State, bounds: &Bounds) -> Result<Profile, NoProfile> {
        self.input.synchronization = Synchronization::None;
        let stop = self.velocity(from, &JointVec::zeros(from.position.len()), bounds);
        self.input.synchronization = Synchronization::Phase;
        stop
    }

    fn set(&mut self, from: &State, bounds: &Bounds) {
        let input = &mut self.input;
        (input.min_position, input.max_position) = (None, None);
        for i in 0..from.position.len() {
            input.current_position[i] = 0.0;
            input.current_velocity[i] = from.velocity[i];
            input.current_acceleration[i] = from.acceleration[i];
            input.target_acceleration[i] = 0.0;
            input.max_velocity[i] = bounds.velocity[i];
            input.max_acceleration[i] = bounds.acceleration[i];
            input.max_jerk[i] = bounds.jerk[i];
        }
    }

    fn solve(&mut self, from: &State, ends_at_rest: bool) -> Result<Profile, NoProfile> {
        let mut trajectory = rsruckig::prelude::Trajectory::new(Some(from.position.len()));
        let mut solved = self.ruckig.calculate(&self.input, &mut trajectory);
        for nudge in NUDGES {
            if !matches!(solved, Err(RuckigError::CalculatorError(_))) {
                break;
            }
            for i in 0..from.position.len() {
                self.input.max_acceleration[i] *= nudge;
            }
            solved = self.ruckig.calculate(&self.input, &mut trajectory);
        }
        match solved {
            Ok(RuckigResult::Working | RuckigResult::Finished) if trajectory.duration.is_finite() => {
                Ok(Profile {
                    corners: corners(&trajectory),
                    trajectory,
                    origin: from.position,
                    ends_at_rest,
                })
            }
            Ok(result) => Err(NoProfile::Unsolved {
                reason: format!("{result:?}"),
            }),
            Err(RuckigError::ValidationError(text) | RuckigError::CalculatorError(text)) => {
                // The solver appends its whole input; a person wants the first clause.
                let reason = text
                    .split(" input:")
                    .next()
                    .unwrap_or_default()
                    .trim_end_matches([',', ' ']);
                Err(NoProfile::Unsolved {
                    reason: reason.to_owned(),
                })
            }
        }
    }
}

/// The solver finds nothing where two of its cases meet, as where a joint just reaches its acceleration limit. A limit
/// that is lower by this factor is off that edge.
const NUDGES: [f64; 3] = [1.0 - 1e-7, 1.0 - 1e-6, 1.0 - 1e-5];

impl Profile {
    /// When it reaches its target, in s.
    pub fn duration(&self) -> f64 {
        self.trajectory.duration
    }

    /// When a joint's jerk steps, in s, ascending.
    pub fn corners(&self) -> &[f64] {
        &self.corners
    }

    /// Whether it stands still from then on; else it keeps its velocities.
    pub fn ends_at_rest(&self) -> bool {
        self.ends_at_rest
    }

    /// The first joint that leaves its range of positions, or its velocities.
    ///
    /// The solver keeps both where it can, but says nothing where a state leaves no way to.
    pub fn excess(&self, bounds: &Bounds) -> Option<Excess> {
        let mut before = (0.0, self.at(0.0).state);
        for k in 1..=EXCESS_SAMPLES {
            let time_s = self.duration() * f64::from(k) / f64::from(EXCESS_SAMPLES);
            let after = (time_s, self.at(time_s).state);
            for joint in 0..self.origin.len() {
                for quantity in [Quantity::Position, Quantity::Velocity] {
                    let (time_s, value) = self.extreme(joint, quantity, before, after);
                    let (lower, upper) = bounds.interval(joint, quantity);
                    if value < lower || value > upper {
                        let limit = bounds.limit(joint, quantity, value);
                        return Some(Excess {
                            joint,
                            quantity,
                            time_s,
                            value,
                            limit,
                        });
                    }
                }
            }
            before = after;
        }
        None
    }

    /// The extreme between two moments, where the derivative changes its sign; else the later of them.
    fn extreme(
        &self,
        joint: usize,
        quantity: Quantity,
        mut early: (f64, State),
        mut late: (f64, State),
    ) -> (f64, f64) {
        let pick = |state: &State| match quantity {
            Quantity::Position => (state.position[joint], state.velocity[joint]),
            _ => (state.velocity[joint], state.acceleration[joint]),
        };
        let turns = |a: &State, b: &State| pick(a).1 * pick(b).1 < 0.0;
        if !turns(&early.1, &late.1) {
            return (late.0, pick(&late.1).0);
        }
        for _ in 0..HALVINGS {
            let middle_s = 0.5 * (early.0 + late.0);
            let middle = (middle_s, self.at(middle_s).state);
            if turns(&early.1, &middle.1) {
                late = middle;
            } else {
                early = middle;
            }
        }
        (early.0, pick(&early.1).0)
    }

    /// The motion `s` seconds after its start.
    pub fn at(&self, s: f64) -> Sample {
        let n = self.origin.len();
        let mut sample = Sample {
            state: State::at_rest(JointVec::zeros(n)),
            jerk: JointVec::zeros(n),
        };
        let over = s >= self.duration() && self.ends_at_rest;
        let s = if over { self.duration() } else { s.max(0.0) };
        let mut section = 0;
        self.trajectory
            .state_to_integrate_from(s, &mut section, |j, t, p, v, a, jerk| {
                sample.state.position[j] = self.origin[j] + p + t * (v + t * (a / 2.0 + t * jerk / 6.0));
                if !over {
                    sample.state.velocity[j] = v + t * (a + t * jerk / 2.0);
                    sample.state.acceleration[j] = a + t * jerk;
                    sample.jerk[j] = jerk;
                }
            });
        sample
    }
}

/// The ends of the phases of all joints: two of braking into the limits, seven of the motion itself.
fn corners(trajectory: &rsruckig::prelude::Trajectory<0>) -> Vec<f64> {
    let mut corners = Vec::new();
    for profile in trajectory.profiles.iter().flat_map(|section| section.iter()) {
        let brake = &profile.brake;
        corners.extend([brake.t[0], brake.duration]);
        corners.extend(profile.t_sum.iter().map(|t| brake.duration + t));
    }
    corners.sort_by(f64::total_cmp);
    corners.dedup();
    corners
}

/// Where a profile is looked at: far more often than it has phases.
const EXCESS_SAMPLES: u32 = 64;

/// Until the turning point is known to a share of 2⁻¹² of a sample's distance.
const HALVINGS: u32 = 12;

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds {
            lower: JointVec::from([-1.0, -1.0]),
            upper: JointVec::from([1.0, 1.0]),
            velocity: JointVec::from([1.0, 2.0]),
            acceleration: JointVec::from([5.0, 5.0]),
            jerk: JointVec::from([50.0, 50.0]),
        }
    }

    #[test]
    fn from_rest_all_joints_run_along_a_straight_line() {
        let start = State::at_rest(JointVec::from([0.1, -0.1]));
        let target = JointVec::from([0.9, 0.3]);
        let profile = PointToPoint::new(2).position(&start, &target, &bounds()).unwrap();
        for i in 0..=20 {
            let sample = profile.at(profile.duration() * f64::from(i) / 20.0);
            let p = sample.state.position;
            assert!(((p[0] - 0.1) * 0.5 - (p[1] + 0.1)).abs() < 1e-9, "{p:?}");
            assert!(bounds().allows(&sample));
        }
        let end = profile.at(profile.duration() + 1.0).state;
        assert!(end.is_at_rest() && (end.position[0] - 0.9).abs() < 1e-9);
    }

    #[test]
    fn a_velocity_is_kept() {
        let start = State::at_rest(JointVec::from([1e6, 0.0]));
        let profile = PointToPoint::new(2)
            .velocity(&start, &JointVec::from([0.5, 0.0]), &bounds())
            .unwrap();
        assert!(!profile.ends_at_rest());
        let (a, b) = (profile.at(100.0).state, profile.at(101.0).state);
        assert!((b.position[0] - a.position[0] - 0.5).abs() < 1e-6 && (b.velocity[0] - 0.5).abs() < 1e-12);
    }
}
