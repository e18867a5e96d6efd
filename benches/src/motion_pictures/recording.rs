//! The setpoints of the cell's arm, tick by tick, and how much of its limits each takes.
//!
//! **Invariant:** a recording that breaks a limit is an error: no picture is drawn of it.

use anyhow::{Context, Result, ensure};
use nalgebra::Vector3;
use servomesh_robot::{LinkId, Model, Workspace};
use servomesh_sim::harness::{Cell, CellFiles, NetworkConfig};
use servomesh_trajectory::{GoalId, MoveGoal, Status};
use servomesh_types::{JointLimits, JointVec, Setpoint, Stamp};
use std::time::Duration;

pub(super) const ARM: &str = "arm";
const TOOL: &str = "gripper_tcp";
const PERIOD: Duration = Duration::from_millis(2);
/// How much of a limit a setpoint may take: differences of rounded numbers are a little off.
const FULL: f64 = 1.0 + 1e-6;

/// The arm of the default cell on a virtual clock.
pub(super) struct Arm {
    pub(super) cell: Cell,
    model: Model,
    workspace: Workspace,
    tool: LinkId,
    pub(super) joints: Vec<String>,
    pub(super) limits: Vec<JointLimits>,
    seq: u64,
}

/// One setpoint and where it puts the tool.
#[derive(Clone, Copy)]
pub(super) struct Tick {
    pub(super) stamp: Stamp,
    pub(super) position: JointVec,
    pub(super) velocity: JointVec,
    pub(super) acceleration: JointVec,
    pub(super) tool: Vector3<f64>,
    /// How long a stop asked for here takes at most, as announced \[s\].
    pub(super) stopping_s: f64,
}

impl Arm {
    /// The cell, running, with the arm at rest in `pose`.
    pub(super) fn at(pose: &[f64; 6]) -> Result<Self> {
        let files = CellFiles::default_cell()?;
        let (_, driver) = files
            .wiring
            .buses()
            .find(|(name, _)| name.as_str() == ARM)
            .context("the cell has an arm")?;
        let joints: Vec<String> = driver.joints.iter().map(|joint| joint.name.clone()).collect();
        let names: Vec<&str> = joints.iter().map(String::as_str).collect();
        let model = files.model.subset(&names, &files.model.neutral_positions())?;
        let mut cell = Cell::new(&files, NetworkConfig::default(), 1)?;
        ensure!(
            cell.run_until(Duration::from_secs(2), |cell| cell.setpoint(ARM).is_some()),
            "the arm does not start: {:?}",
            cell.events()
        );
        let mut arm = Self {
            workspace: Workspace::new(&model),
            tool: model.link(TOOL)?,
            limits: cell
                .description(ARM)
                .context("the arm was announced")?
                .joints
                .iter()
                .map(|joint| joint.limits)
                .collect(),
            cell,
            model,
            joints,
            seq: 0,
        };
        let goal = MoveGoal {
            target: pose.to_vec(),
            ..MoveGoal::default()
        };
        let id = arm.cell.send_move(ARM, goal);
        arm.succeeds(id)?;
        arm.record_for(0.2)?;
        Ok(arm)
    }

    /// The next setpoint.
    pub(super) fn tick(&mut self) -> Result<Tick> {
        let before = self.seq;
        let new = |cell: &Cell| {
            cell.setpoint(ARM)
                .is_some_and(|setpoint| setpoint.tag.seq != before)
        };
        ensure!(
            self.cell.run_until(2 * PERIOD, new),
            "no setpoint of the arm: {:?}",
            self.cell.events()
        );
        let setpoint = *self.cell.setpoint(ARM).context("there is a new one")?;
        self.seq = setpoint.tag.seq;
        Ok(self.tick_of(&setpoint))
    }

    /// All setpoints of a time \[s\].
    pub(super) fn record_for(&mut self, seconds: f64) -> Result<Vec<Tick>> {
        let end = self.cell.now() + Duration::from_secs_f64(seconds);
        let mut ticks = Vec::new();
        while self.cell.now() < end {
            ticks.push(self.tick()?);
        }
        Ok(ticks)
    }

    /// All setpoints until a goal is over, however it ends, and of 0.1 s more.
    pub(super) fn record_to_the_end(&mut self, id: GoalId) -> Result<Vec<Tick>> {
        let mut ticks = Vec::new();
        while self.cell.outcome(id).is_none() {
            ensure!(ticks.len() < LONGEST, "goal {id:?} does not end");
            ticks.push(self.tick()?);
        }
        ticks.extend(self.record_for(0.1)?);
        Ok(ticks)
    }

    /// Whether a goal succeeds.
    pub(super) fn succeeds(&mut self, id: GoalId) -> Result<Vec<Tick>> {
        let ticks = self.record_to_the_end(id)?;
        let outcome = self.cell.outcome(id).context("it is over")?;
        ensure!(outcome.status == Status::Succeeded, "{outcome:?}");
        Ok(ticks)
    }

    /// Where joint positions put the tool \[m\].
    pub(super) fn tool_at(&mut self, position: &JointVec) -> Vector3<f64> {
        self.model.forward_kinematics(&mut self.workspace, position);
        self.model
            .link_pose(&self.workspace, self.tool)
            .translation
            .vector
    }

    fn tick_of(&mut self, setpoint: &Setpoint) -> Tick {
        Tick {
            stamp: setpoint.tag.stamp,
            position: setpoint.position,
            velocity: setpoint.velocity,
            acceleration: setpoint.acceleration,
            tool: self.tool_at(&setpoint.position),
            stopping_s: setpoint.stopping.map_or(0.0, |stopping| stopping.time_s),
        }
    }
}

/// Two minutes.
const LONGEST: usize = 60_000;

/// Shares of the limits over time, as a picture shows them: by quantity, joint and tick.
#[derive(serde::Serialize)]
pub(super) struct Shares {
    /// \[s\] from the start of the picture.
    time: Vec<f64>,
    position: Vec<Vec<f64>>,
    velocity: Vec<Vec<f64>>,
    acceleration: Vec<Vec<f64>>,
    /// Difference of the accelerations around a tick, over its length.
    jerk: Vec<Vec<f64>>,
}

impl Shares {
    /// Of motions that keep every limit.
    pub(super) fn within(ticks: &[Tick], limits: &[JointLimits]) -> Result<Self> {
        let shares = Self::of(ticks, limits);
        for (name, joints) in [
            ("position", &shares.position),
            ("velocity", &shares.velocity),
            ("acceleration", &shares.acceleration),
            ("jerk", &shares.jerk),
        ] {
            let largest = joints
                .iter()
                .flatten()
                .fold(0.0, |max: f64, share| max.max(share.abs()));
            ensure!(largest <= FULL, "{name} takes {largest} of its limit");
        }
        Ok(shares)
    }

    /// Of any motion.
    pub(super) fn of(ticks: &[Tick], limits: &[JointLimits]) -> Self {
        let start = ticks.first().map_or(Stamp::ZERO, |tick| tick.stamp);
        let each = |share: &dyn Fn(usize, usize) -> f64| {
            (0..limits.len())
                .map(|joint| (0..ticks.len()).map(|tick| share(joint, tick)).collect())
                .collect::<Vec<Vec<f64>>>()
        };
        Self {
            time: ticks.iter().map(|tick| tick.stamp.seconds_from(start)).collect(),
            position: each(&|joint, tick| {
                let limit = &limits[joint];
                let (low, high) = (limit.lower(), limit.upper());
                (2.0 * ticks[tick].position[joint] - low - high) / (high - low)
            }),
            velocity: each(&|joint, tick| ticks[tick].velocity[joint] / limits[joint].velocity()),
            acceleration: each(&|joint, tick| ticks[tick].acceleration[joint] / limits[joint].acceleration()),
            jerk: each(&|joint, tick| {
                let (now, before) = (&ticks[tick], &ticks[tick.saturating_sub(1)]);
                let step = now.stamp.seconds_from(before.stamp).max(PERIOD.as_secs_f64());
                (now.acceleration[joint] - before.acceleration[joint]) / step / limits[joint].jerk()
            }),
        }
    }
}
