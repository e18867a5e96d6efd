//! Claim: the gate checks a setpoint of seven joints, self-collision and ten obstacles included, in 20 µs, and allocates nothing.
//!
//! The default cell's arm on a turntable, with belt and bin, and ten obstacles of all kinds about it. `trajectory` moves it at full speed between places
//! drawn from a seed, along ways that stay clear of everything by a margin; the machine is where its last setpoint was. Timed is all that the gate does
//! with one setpoint, from the input to the last output. A setpoint is the same work in every round, so its time is the median over the rounds, the clock's own
//! cost included.
//!
//! **Invariant:** a setpoint that is refused is an error, and so is an allocation once the gate tracks.

mod line;
mod scene;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, bail, ensure};
use line::Line;
use servomesh_safety::{Config, Input, Output, Safety};
use servomesh_types::{
    CommandMode, Core, DriveMode, Epoch, GroupMotion, GroupName, JointVec, SafetyMode, ServoState, Setpoint,
    Stamp, StreamTag,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a setpoint may take \[µs\].
const LIMIT_US: f64 = 20.0;
const PERIOD: Duration = Duration::from_millis(2);

/// Measures setpoints against the limit.
///
/// # Errors
/// If a setpoint is refused, or one allocates.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let line = Line::plan()?;
    let mut allocations = 0;
    Gate::new(&line)?.run(&line, |gate, setpoint| {
        let counted = allocation_counter::measure(|| {
            gate.hear();
            gate.check(setpoint);
        });
        // With the first one the gate says that it tracks.
        allocations += if setpoint.tag.seq > 1 {
            counted.count_total
        } else {
            0
        };
    })?;
    ensure!(allocations == 0, "{allocations} allocations");
    let mut rounds: Vec<Vec<u64>> = Vec::new();
    for _ in 0..effort.rounds {
        let mut times = Vec::with_capacity(line.setpoints.len());
        Gate::new(&line)?.run(&line, |gate, setpoint| times.push(gate.time_ns(setpoint)))?;
        rounds.push(times);
    }
    let median = |index: usize| {
        let mut times: Vec<u64> = rounds.iter().map(|round| round[index]).collect();
        times.sort_unstable();
        times[(times.len() - 1) / 2]
    };
    let times: Vec<u64> = (0..line.setpoints.len()).map(median).collect();
    let mean_us = times.iter().sum::<u64>() as f64 / times.len() as f64 / 1e3;
    let times: Vec<_> = times.into_iter().map(Some).collect();
    let figures = Figures::of_round(&times).context("nothing was timed")?;
    let ratio = |of: &str, ours: f64| Ratio {
        claim: format!("a setpoint through the gate, 7 joints, {of}"),
        unit: "µs",
        ours,
        peer_name: "limit",
        peer: LIMIT_US,
        goal: 1.0,
        figures: BTreeMap::from([("gate: a setpoint", figures.clone())]),
        cores: BTreeMap::new(),
    };
    Ok(vec![
        ratio("mean", mean_us),
        ratio("99 of 100", figures.p99_us),
        ratio("worst", figures.worst_us),
    ])
}

/// A gate under way, and a machine that follows at once.
struct Gate {
    core: Safety,
    epoch: Epoch,
    now: Stamp,
    position: JointVec,
    velocity: JointVec,
    commands: usize,
    group: GroupName,
}

impl Gate {
    fn new(line: &Line) -> Result<Self> {
        let now = Stamp::from_millis(1000);
        let mut gate = Self {
            core: Safety::new(Config::default()).with_setup(line.setup.clone()),
            epoch: Epoch::NONE,
            now,
            position: line.start,
            velocity: JointVec::zeros(line.start.len()),
            commands: 0,
            group: line.scene.description.name,
        };
        gate.core
            .handle(now, Input::Group(line.scene.description.clone()));
        gate.hear();
        let said = gate.core.state();
        let group = said.groups.first().context("the group is not known")?;
        ensure!(group.mode == SafetyMode::Normal && group.modelled, "{group:?}");
        gate.epoch = group.epoch;
        Ok(gate)
    }

    /// What comes between two setpoints: servo state, motion state, the clock.
    fn hear(&mut self) {
        let (position, velocity, group) = (self.position, self.velocity, self.group);
        let mode = if self.commands > 0 {
            DriveMode::Enabled
        } else {
            DriveMode::Disabled
        };
        let epoch = if self.commands > 0 {
            self.epoch
        } else {
            Epoch::NONE
        };
        let tag = StreamTag {
            stamp: self.now,
            epoch,
            ..StreamTag::default()
        };
        let state = ServoState {
            tag,
            mode,
            position,
            velocity,
            ..ServoState::default()
        };
        let motion = GroupMotion {
            stamp: self.now,
            position,
            velocity,
            ..GroupMotion::default()
        };
        self.core.handle(self.now, Input::ServoState { group, state });
        self.core.handle(self.now, Input::Motion { group, motion });
        while self.core.poll().is_some() {}
    }

    /// What is timed.
    fn check(&mut self, setpoint: &Setpoint) {
        let (group, setpoint) = (self.group, *setpoint);
        self.core.handle(self.now, Input::Setpoint { group, setpoint });
        while let Some(output) = self.core.poll() {
            if let Output::Command { command, .. } = output
                && command.mode == CommandMode::Track
            {
                self.commands += 1;
                (self.position, self.velocity) = (command.setpoint.position, command.setpoint.velocity);
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    fn time_ns(&mut self, setpoint: &Setpoint) -> u64 {
        self.hear();
        let start = Instant::now();
        self.check(setpoint);
        u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Has `each` called with every setpoint of a line, for it to be heard and checked.
    fn run(mut self, line: &Line, mut each: impl FnMut(&mut Self, &Setpoint)) -> Result<()> {
        for (setpoint, seq) in line.setpoints.iter().zip(1..) {
            self.now = self.now.next_multiple(PERIOD, Duration::ZERO);
            let tag = StreamTag {
                stamp: self.now,
                epoch: self.epoch,
                seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            };
            let before = self.commands;
            each(&mut self, &Setpoint { tag, ..*setpoint });
            if self.commands != before + 1 {
                bail!("setpoint {seq} was refused: {:?}", self.core.state().groups);
            }
        }
        Ok(())
    }
}
