//! Whether the real machine keeps to what it is held to, looked at every 2 ms: positions, velocities and efforts of the plant, never of commands.
//!
//! m, rad, s, N·m. What is allowed beyond a limit stands in `tolerances.rs`.
//!
//! **Invariant:** what the machine is held to at a moment was in force at that moment, or when the gate closed.

use super::force::InForce;
use super::nearest::Nearest;
use super::site::{Narrowing, Site};
use super::standstill::Standstill;
use super::tally::{Limit, Tally, Violation};
use super::tolerances::*;
use crate::press::{Press, presses};
use anyhow::{Context as _, Result};
use servomesh_robot::Workspace;
use servomesh_sim::harness::{ARM, Cell, NetworkConfig, PlantJoints, arm};
use servomesh_types::{GroupSafety, JointVec, OperatingMode, SafetyMode, Stamp};
use std::collections::VecDeque;

/// What is true of the machine, and what it is held to at the moment.
pub(super) struct Truth<'s> {
    site: &'s Site,
    /// What has to keep its clearance.
    clear: Nearest,
    /// What must not touch.
    apart: Nearest,
    workspace: Workspace,
    joints: PlantJoints,
    force: InForce,
    /// How long what is commanded goes on while what follows is on its way \[s\].
    late_s: f64,
    /// Velocities of the last looks, oldest first.
    recent: VecDeque<JointVec>,
    standstill: Standstill,
    /// Whether it has pressed on what it may touch: that moves it, too, so its joints and clearances are no longer the gate's alone. Nothing else
    /// may be touched all the same.
    presses: bool,
}

/// The machine at one moment.
pub(super) struct Sample {
    pub(super) now: Stamp,
    pub(super) position: JointVec,
    pub(super) velocity: JointVec,
    effort: JointVec,
}

/// A value over its bound.
struct Over {
    limit: Limit,
    text: String,
}

impl<'s> Truth<'s> {
    /// Nothing looked at yet.
    pub(super) fn new(site: &'s Site) -> Result<Self> {
        Ok(Self {
            site,
            workspace: Workspace::new(site.law.collision.robot()),
            clear: Nearest::new(&site.law.collision),
            apart: Nearest::new(&site.law.whole),
            joints: PlantJoints::new(&site.files.model, &ARM)?,
            force: InForce::default(),
            late_s: LAG_S,
            recent: VecDeque::with_capacity(WINDOW + 1),
            standstill: Standstill::new(site.law.retreats),
            presses: false,
        })
    }

    /// Takes into account that messages come late: what is missing is filled in, and the motion goes on meanwhile.
    pub(super) fn take_network(&mut self, network: &NetworkConfig) {
        let quiet = NetworkConfig::default();
        let late = (network.delay + network.jitter).saturating_sub(quiet.delay + quiet.jitter);
        let lost_s = if network.loss > 0.0 { LOST_S } else { 0.0 };
        self.late_s = LAG_S + 2.0 * late.as_secs_f64() + lost_s;
    }

    /// Whether the arm could stand here, with a little room.
    pub(super) fn could_stand(&mut self, position: &[f64]) -> bool {
        self.clear.distance(position) > self.site.law.clearance + ROOM
            && self.apart.distance(position) > ROOM
            && self.inside(position) > ROOM
    }

    /// Whether the machine stands still.
    pub(super) fn stands(&self, cell: &mut Cell) -> bool {
        self.joints.velocity(cell.hardware().plant()).max_abs() < STILL
    }

    /// Looks at the machine, and counts what it does wrong.
    ///
    /// # Errors
    /// Safety says nothing of the arm.
    pub(super) fn look(&mut self, cell: &mut Cell, episode: u64, who: &str, tally: &mut Tally) -> Result<()> {
        let state = cell.safety_now().context("safety runs")?;
        let gate = *state.group(arm()).context("safety knows the arm")?;
        let sample = self.sample(cell);
        self.take_force(&gate, state.operation, &sample);
        let mut wrong = Vec::new();
        self.check_contacts(cell, &mut wrong);
        self.check_joints(&gate, &sample, tally, &mut wrong);
        self.check_tool(&sample, tally, &mut wrong);
        self.check_distance(&sample, tally, &mut wrong);
        if let Some(text) = self.standstill.look(&gate, &sample, self.presses, tally) {
            let limit = Limit::Standstill;
            wrong.push(Over { limit, text });
        }
        for Over { limit, text } in wrong {
            // One of each kind tells enough of an episode.
            if tally
                .violations
                .iter()
                .all(|known| (known.episode, known.limit) != (episode, limit))
            {
                let at = sample.now;
                let text = format!("{text}, at {at:?}, {:?}, {who}", gate.mode);
                tally.violations.push(Violation { limit, episode, text });
            }
        }
        if gate.mode == SafetyMode::Normal && sample.velocity.max_abs() > STILL {
            tally.in_motion += 1;
        }
        Ok(())
    }

    fn sample(&self, cell: &mut Cell) -> Sample {
        let now = cell.now();
        let plant = cell.hardware().plant();
        Sample {
            now,
            position: self.joints.position(plant),
            velocity: self.joints.velocity(plant),
            // Beyond the gearbox, where the limit is.
            effort: self
                .joints
                .each(|joint| plant.motor_effort(joint) * plant.servo(joint).efficiency),
        }
    }

    fn take_force(&mut self, gate: &GroupSafety, operation: OperatingMode, sample: &Sample) {
        if self.force.holds_on(gate, operation) {
            return;
        }
        let (distance, inside) = (
            self.clear.distance(&sample.position),
            self.inside(&sample.position),
        );
        self.standstill.begin(sample.now);
        self.force = self
            .force
            .next(self.site, gate, operation, &sample.position, distance, inside);
    }

    fn law(&self) -> &'s Narrowing {
        self.site.law.narrowing(self.force.reduced)
    }

    fn check_joints(
        &mut self,
        gate: &GroupSafety,
        sample: &Sample,
        tally: &mut Tally,
        wrong: &mut Vec<Over>,
    ) {
        let law = self.law();
        let open = gate.mode == SafetyMode::Normal;
        let powered = open || gate.mode == SafetyMode::Stopping;
        let scale = self.force.scale.min(law.velocity.unwrap_or(1.0));
        for (joint, limits) in self.site.limits.iter().enumerate() {
            let (q, v) = (sample.position[joint], sample.velocity[joint]);
            let faded = if self.standstill.is_fading(sample.now) {
                FADED
            } else {
                0.0
            };
            let late = self.late_s * limits.acceleration() + DRIFT;
            let mut held = |limit, value: f64, most: f64, more: f64| {
                if !tally.within(limit, value, most, more) {
                    let text = format!("{} {value:.5} of {most:.5} + {more:.5}", ARM[joint]);
                    wrong.push(Over { limit, text });
                }
            };
            if self.presses {
                continue;
            }
            let (lower, upper) = self.force.ranges[joint];
            let (middle, half) = ((lower + upper) / 2.0, (upper - lower) / 2.0);
            held(Limit::Position, (q - middle).abs(), half, POSITION);
            let most = (scale * limits.velocity() * TOLERATED).max(CREEP);
            held(Limit::Velocity, v.abs(), most, late);
            let against = -law.direction(joint) * v;
            if against > 0.0 {
                held(Limit::Direction, against, CREEP, late + faded);
            }
            let share = law.effort.filter(|_| open).unwrap_or(1.0);
            held(
                Limit::Effort,
                sample.effort[joint].abs(),
                share * limits.effort(),
                EFFORT * limits.effort(),
            );
            if let Some(before) = self
                .recent
                .front()
                .filter(|_| powered && self.recent.len() == WINDOW)
            {
                let acceleration = (v - before[joint]).abs() / (WINDOW as f64 * PERIOD_S);
                // The gate's own stop takes what the joint can.
                let share = law.acceleration.filter(|_| open).unwrap_or(1.0);
                let most = share * limits.acceleration() * TOLERATED;
                held(
                    Limit::Acceleration,
                    acceleration,
                    most,
                    ACCELERATION + OVERSHOOT * limits.acceleration(),
                );
            }
        }
        if !powered {
            self.recent.clear();
            return;
        }
        if self.recent.len() == WINDOW {
            self.recent.pop_front();
        }
        self.recent.push_back(sample.velocity);
    }

    /// How far the tool is inside of its box \[m\].
    fn inside(&mut self, position: &[f64]) -> f64 {
        let robot = self.clear.collision.robot();
        robot.forward_kinematics(&mut self.workspace, position);
        let tool = robot
            .link_pose(&self.workspace, self.site.law.tool)
            .translation
            .vector;
        let (radius, lower, upper) = &self.site.law.workspace;
        (tool - lower).min().min((upper - tool).min()) - radius
    }

    fn check_tool(&mut self, sample: &Sample, tally: &mut Tally, wrong: &mut Vec<Over>) {
        let inside = self.inside(&sample.position);
        if !tally.within(Limit::Workspace, self.force.inside - inside, 0.0, DISTANCE) {
            let text = format!("the tool is {:.2} mm outside of its box", -1000.0 * inside);
            wrong.push(Over {
                limit: Limit::Workspace,
                text,
            });
        }
        let Some(limit) = self.law().tool_speed else {
            return;
        };
        let robot = self.clear.collision.robot();
        let twist = robot.link_velocity(&self.workspace, self.site.law.tool, &sample.velocity);
        let (speed, most) = (twist.linear.norm(), limit * TOLERATED);
        if !tally.within(Limit::ToolSpeed, speed, most, self.late_s * TOOL_ACCELERATION) {
            let text = format!("the tool moves at {speed:.4} m/s of {most:.4} m/s");
            wrong.push(Over {
                limit: Limit::ToolSpeed,
                text,
            });
        }
    }

    fn check_distance(&mut self, sample: &Sample, tally: &mut Tally, wrong: &mut Vec<Over>) {
        let clearance = if self.presses { 0.0 } else { self.force.clearance };
        let nearest = self.clear.within(clearance, &sample.position, tally);
        if let Some(nearest) = &nearest {
            tally.note_distance(nearest.distance);
        }
        if let Some(nearest) = nearest
            && !tally.within(Limit::Clearance, clearance - nearest.distance, 0.0, DISTANCE)
        {
            let [a, b] = self.clear.names(&nearest);
            let (distance, clearance) = (1000.0 * nearest.distance, 1000.0 * clearance);
            let text = format!("{a} is {distance:.2} mm from {b}, clearance {clearance:.2} mm");
            wrong.push(Over {
                limit: Limit::Clearance,
                text,
            });
        }
        if let Some(nearest) = self.apart.within(0.0, &sample.position, tally)
            && nearest.distance <= 0.0
        {
            let [a, b] = self.apart.names(&nearest);
            let may_touch = &self.site.law.may_touch;
            if !may_touch.iter().any(|pair| pair == &[a, b] || pair == &[b, a]) {
                let text = format!("{a} is {:.2} mm deep in {b}", -1000.0 * nearest.distance);
                wrong.push(Over {
                    limit: Limit::Touch,
                    text,
                });
            }
        }
    }

    /// The simulation's own contacts: what it has is what the machine would have hit.
    fn check_contacts(&mut self, cell: &mut Cell, wrong: &mut Vec<Over>) {
        // Where fingers may touch the conveyor they may also press on it.
        let tolerant = !self.site.law.may_touch.is_empty();
        for Press { force, on } in presses(cell.hardware().plant()) {
            if tolerant && CONVEYOR.contains(&on) {
                self.presses = true;
            } else {
                let text = format!("it presses with {force:.1} N on {on}");
                wrong.push(Over {
                    limit: Limit::Touch,
                    text,
                });
            }
        }
    }

    /// The gate is open again, or the episode is over.
    pub(super) fn end_stop(&mut self, tally: &mut Tally) {
        self.standstill.end_stop(tally);
        tally.pressing = u64::from(self.presses);
    }
}

/// The shapes of the scene that stand for the conveyor.
const CONVEYOR: [&str; 4] = ["belt", "rail left", "rail right", "frame"];
/// What an episode begins with beyond the clearance \[m\].
const ROOM: f64 = 0.002;
