//! Decides what is worth drawing, and how often: everything comes at the control rate, and nobody can look that fast.
//!
//! **Invariant:** what happened and what a gate or driver changes to is never thinned out; only poses and points are.

use crate::config::Config;
use crate::plots::Curve;
use crate::record::{Bodies, Record, Series, Surroundings};
use crate::scene::Scene;
use servomesh_robot::Model;
use servomesh_types::{
    Core, DriveMode, Event, GroupDescription, GroupMotion, GroupName, SafetyMode, SafetyState, ServoState,
    Setpoint, Stamp,
};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// What can reach the visualizer.
#[derive(Clone, Debug)]
pub enum Input {
    /// A driver announced its group.
    Group(GroupDescription),
    /// `trajectory` wants a group there.
    Setpoint {
        /// Which group.
        group: GroupName,
        /// Where.
        setpoint: Setpoint,
    },
    /// A driver measured.
    ServoState {
        /// Which group.
        group: GroupName,
        /// What it measured.
        state: ServoState,
    },
    /// `estimator` says how a group moves.
    Motion {
        /// Which group.
        group: GroupName,
        /// How.
        motion: GroupMotion,
    },
    /// `safety` says what its gates do.
    Safety(SafetyState),
    /// Something happened.
    Event {
        /// Who says so.
        node: String,
        /// What.
        event: Event,
    },
    /// `sim` says what stands and lies around the robot.
    Surroundings(Surroundings),
    /// `sim` says where bodies are.
    Bodies(Bodies),
}

/// Shows what the mesh does.
#[derive(Debug)]
pub struct Visualizer {
    config: Config,
    scene: Option<Scene>,
    groups: BTreeMap<GroupName, Traces>,
    gates: BTreeMap<GroupName, SafetyMode>,
    /// Newer than the last picture.
    bodies: Option<Bodies>,
    next_poses: Stamp,
    next_batch: Stamp,
    next_reminder: Stamp,
    records: VecDeque<Record>,
}

/// What is drawn of one group.
#[derive(Debug)]
struct Traces {
    description: GroupDescription,
    places: Vec<Option<usize>>,
    desired: Curve,
    measured: Curve,
    following_error: Curve,
    drive: Option<DriveMode>,
}

impl Visualizer {
    /// A visualizer that knows no group yet. Without a model there is no 3D.
    pub fn new(config: Config, model: Option<Model>) -> Self {
        let scene = model.map(|model| Scene::new(model, config.trail_link(), config.trail()));
        Self {
            config,
            scene,
            groups: BTreeMap::new(),
            gates: BTreeMap::new(),
            bodies: None,
            next_poses: Stamp::ZERO,
            next_batch: Stamp::ZERO,
            next_reminder: Stamp::ZERO,
            records: VecDeque::new(),
        }
    }

    fn announce(&mut self, description: GroupDescription) {
        if self
            .groups
            .get(&description.name)
            .is_some_and(|known| known.description == description)
        {
            return;
        }
        let curve = || Curve::new(self.config.plot_period());
        let traces = Traces {
            places: self
                .scene
                .as_ref()
                .map_or(Vec::new(), |scene| scene.places(&description)),
            desired: curve(),
            measured: curve(),
            following_error: curve(),
            drive: None,
            description,
        };
        self.groups.insert(traces.description.name, traces);
        let all = self.groups.values().map(|traces| traces.description.clone());
        self.records.push_back(Record::Layout(all.collect()));
    }

    fn measured(&mut self, group: GroupName, state: &ServoState) {
        let Some(traces) = self.groups.get_mut(&group) else {
            return;
        };
        let stamp = state.tag.stamp;
        if traces.drive.replace(state.mode) != Some(state.mode) {
            self.records.push_back(Record::Drive {
                stamp,
                group,
                mode: state.mode,
            });
        }
        if let Some(scene) = &mut self.scene {
            scene.set(&traces.places, &state.position);
        }
        if !traces.description.capabilities.endless {
            traces.measured.sample(stamp, state.position);
        }
        let error =
            servomesh_types::JointVec::from_fn(state.position.len(), |joint| state.following_error(joint));
        traces.following_error.sample(stamp, error);
    }

    fn gates(&mut self, now: Stamp, state: &SafetyState) {
        for gate in &state.groups {
            if self.gates.insert(gate.group, gate.mode) != Some(gate.mode) {
                self.records.push_back(Record::Gate {
                    stamp: now,
                    group: gate.group,
                    mode: gate.mode,
                });
            }
        }
    }

    fn hand_over_points(&mut self) {
        for (name, traces) in &mut self.groups {
            let curves = [
                (&mut traces.desired, Series::Desired),
                (&mut traces.measured, Series::Measured),
                (&mut traces.following_error, Series::FollowingError),
            ];
            let rows = curves
                .into_iter()
                .filter_map(|(curve, series)| curve.take(*name, series));
            self.records.extend(rows.map(Record::Rows));
        }
    }

    /// Says again what the gates and drivers do, for whoever looks after the live stream forgot it.
    fn remind(&mut self, now: Stamp) {
        let gates = self.gates.iter().map(|(group, mode)| Record::Gate {
            stamp: now,
            group: *group,
            mode: *mode,
        });
        self.records.extend(gates);
        let drives = self.groups.iter().filter_map(|(group, traces)| {
            let mode = traces.drive?;
            Some(Record::Drive {
                stamp: now,
                group: *group,
                mode,
            })
        });
        self.records.extend(drives);
    }
}

impl Core for Visualizer {
    type Input = Input;
    type Output = Record;

    fn handle(&mut self, now: Stamp, input: Input) {
        match input {
            Input::Group(description) => self.announce(description),
            Input::Setpoint { group, setpoint } => {
                if let Some(traces) = self.groups.get_mut(&group) {
                    let endless = traces.description.capabilities.endless;
                    let value = if endless {
                        setpoint.velocity
                    } else {
                        setpoint.position
                    };
                    traces.desired.sample(setpoint.tag.stamp, value);
                }
            }
            Input::ServoState { group, state } => self.measured(group, &state),
            Input::Motion { group, motion } => {
                let endless = self
                    .groups
                    .get_mut(&group)
                    .filter(|traces| traces.description.capabilities.endless);
                if let Some(traces) = endless {
                    traces.measured.sample(motion.stamp, motion.velocity);
                }
            }
            Input::Safety(state) => self.gates(now, &state),
            Input::Surroundings(surroundings) => self.records.push_back(Record::Surroundings(surroundings)),
            Input::Bodies(bodies) => self.bodies = Some(bodies),
            Input::Event { node, event } => self.records.push_back(Record::Event { node, event }),
        }
        self.tick(now);
    }

    fn tick(&mut self, now: Stamp) {
        let due = |next: &mut Stamp, period: Duration| {
            let due = now >= *next;
            if due {
                *next = now.next_multiple(period, Duration::ZERO);
            }
            due
        };
        if due(&mut self.next_poses, self.config.scene_period())
            && let Some(scene) = &mut self.scene
        {
            let poses = scene.poses(now);
            self.records.push_back(Record::Poses(poses));
            self.records.extend(self.bodies.take().map(Record::Bodies));
        }
        if due(&mut self.next_batch, self.config.batch()) {
            self.hand_over_points();
        }
        if due(&mut self.next_reminder, REMIND_EVERY) {
            self.remind(now);
        }
    }

    fn poll(&mut self) -> Option<Record> {
        self.records.pop_front()
    }

    fn deadline(&self) -> Option<Stamp> {
        Some(self.next_poses.min(self.next_batch))
    }
}

/// Far less than what a live stream of a few hundred megabytes holds, and too seldom to cost anything.
const REMIND_EVERY: Duration = Duration::from_secs(10);
