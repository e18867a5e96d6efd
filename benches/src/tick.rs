//! Claim: one tick of the trajectory core is cheap enough to forget, also while the speed changes, and allocates nothing.
//!
//! A tick is all that the core does between two setpoints of a group: it takes the motion state, ticks, and is drained. Seven joints follow a path through
//! blended corners, the same while the speed goes up and down, and a trajectory of splines; the machine is where its last setpoint was. A tick is the same
//! work in every round, so its time is the median over the rounds, the clock's own cost included: what other programs take from a few of them drops out.
//!
//! **Invariant:** allocations are counted on the very motions that are timed, but for the tick that ends the goal; a single one is an error.

use crate::draw::Draw;
use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, bail, ensure};
use servomesh_trajectory::{
    Config, FollowGoal, GoalId, Input, MoveGoal, MoveMode, Output, PathGoal, Point, Segment, Status, Steer,
    Trajectory,
};
use servomesh_types::{
    Capabilities, Core, Drivetrain, Epoch, GroupDescription, GroupMotion, GroupName, GroupSafety,
    JointDescription, JointKind, JointLimits, JointVec, SafetyState, Stamp,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// What a tick may take, in the mean and 999 of 1000 \[µs\].
const LIMITS_US: (f64, f64) = (3.0, 10.0);
const GOAL: f64 = 1.0;
const JOINTS: usize = 7;
const PERIOD: Duration = Duration::from_millis(2);
const WAYPOINTS: usize = 20;
/// The speed is changed this often, in ticks: the change takes a few of them.
const OVERRIDE_EVERY: u64 = 50;
const SEED: u64 = 7;

/// What the joints follow.
#[derive(Clone, Copy)]
enum Way {
    Path,
    Override,
    Splines,
}

/// Each way with its name in the table, and those of its figures.
const WAYS: [(Way, &str, &str); 3] = [
    (Way::Path, "a tick on a blended path, 7 joints", "tick: path"),
    (
        Way::Override,
        "a tick while the speed changes",
        "tick: path, speed changing",
    ),
    (
        Way::Splines,
        "a tick on a trajectory of splines",
        "tick: trajectory",
    ),
];

/// Measures a tick on each way against its limits. Each round takes a whole motion, some ten thousand ticks.
///
/// # Errors
/// If a goal is refused or not reached, or a tick allocates.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    for (way, claim, _) in WAYS {
        let allocations = run(way, allocations)?;
        ensure!(allocations == 0, "{claim}: {allocations} allocations");
    }
    let mut rounds = [const { Vec::new() }; WAYS.len()];
    for _ in 0..effort.rounds {
        for (rounds, (way, ..)) in rounds.iter_mut().zip(WAYS) {
            rounds.push(run(way, times_ns)?);
        }
    }
    let mut ratios = Vec::new();
    for (rounds, (_, claim, name)) in rounds.iter().zip(WAYS) {
        let ticks = medians(rounds).context("no tick was timed in every round")?;
        let mean_us = ticks.iter().sum::<u64>() as f64 / ticks.len() as f64 / 1e3;
        let ticks: Vec<_> = ticks.into_iter().map(Some).collect();
        let figures = Figures::of_round(&ticks).context("no tick was timed")?;
        let ratio = |claim: String, ours: f64, limit: f64| Ratio {
            claim,
            unit: "µs",
            ours,
            peer_name: "limit",
            peer: limit,
            goal: GOAL,
            figures: BTreeMap::from([(name, figures.clone())]),
            cores: BTreeMap::new(),
        };
        ratios.push(ratio(format!("{claim}, mean"), mean_us, LIMITS_US.0));
        ratios.push(ratio(
            format!("{claim}, 999 of 1000"),
            figures.p999_us,
            LIMITS_US.1,
        ));
    }
    Ok(ratios)
}

/// Allocations of all ticks but the last, which says in a sentence that the goal is over.
fn allocations(group: &mut Group) -> u64 {
    let (mut all, mut goes_on) = (0, true);
    while goes_on {
        let tick = allocation_counter::measure(|| {
            group.prepare();
            goes_on = group.tick();
        });
        all += if goes_on { tick.count_total } else { 0 };
    }
    all
}

/// The time of each tick \[ns\].
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn times_ns(group: &mut Group) -> Vec<u64> {
    let (mut times, mut goes_on) = (Vec::new(), true);
    while goes_on {
        group.prepare();
        let start = Instant::now();
        goes_on = group.tick();
        times.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    times
}

/// Each tick's median over the rounds; `None` if they are not of the same ticks.
fn medians(rounds: &[Vec<u64>]) -> Option<Vec<u64>> {
    let ticks = rounds.first()?.len();
    let same = rounds.iter().all(|round| round.len() == ticks);
    let median = |tick: usize| {
        let mut times: Vec<u64> = rounds.iter().map(|round| round[tick]).collect();
        times.sort_unstable();
        times[(times.len() - 1) / 2]
    };
    same.then(|| (0..ticks).map(median).collect())
}

/// Has `ticks` called on a group under way, which is to tick it to its end.
fn run<T>(way: Way, ticks: impl FnOnce(&mut Group) -> T) -> Result<T> {
    let mut group = Group::new(way)?;
    let result = ticks(&mut group);
    match group.done {
        Some(Status::Succeeded) => Ok(result),
        other => bail!("the goal ended with {other:?} after {} ticks", group.ticks),
    }
}

/// Seven joints under a core, and a machine that follows at once.
struct Group {
    core: Trajectory,
    name: GroupName,
    now: Stamp,
    motion: GroupMotion,
    /// Whether the speed goes up and down.
    steered: bool,
    ticks: u64,
    done: Option<Status>,
}

impl Group {
    /// A group that has just been given its goal.
    fn new(way: Way) -> Result<Self> {
        let name = GroupName::new("arm")?;
        let mut core = Trajectory::new(Config::default());
        let mut now = Stamp::from_millis(1000);
        core.handle(now, Input::Group(description(name)?));
        let gate = GroupSafety::open(name, Epoch(1));
        core.handle(now, Input::Safety(SafetyState::new(vec![gate])));
        let motion = GroupMotion {
            stamp: now,
            holds_at: now,
            position: JointVec::zeros(JOINTS),
            velocity: JointVec::zeros(JOINTS),
            ..GroupMotion::default()
        };
        core.handle(now, Input::Motion { group: name, motion });
        now = now.next_multiple(PERIOD, Duration::ZERO);
        core.tick(now);
        while core.poll().is_some() {}
        core.handle(now, goal(way, name)?);
        while let Some(output) = core.poll() {
            match output {
                Output::Plan(plan) => core.handle(now, Input::Planned(plan.run())),
                Output::Done { outcome, .. } => bail!("the goal was refused: {}", outcome.text),
                _ => {}
            }
        }
        Ok(Self {
            core,
            name,
            now,
            motion,
            steered: matches!(way, Way::Override),
            ticks: 0,
            done: None,
        })
    }

    /// What comes between two ticks: the clock goes on, and the speed is changed now and then.
    fn prepare(&mut self) {
        self.now = self.now.next_multiple(PERIOD, Duration::ZERO);
        (self.motion.stamp, self.motion.holds_at) = (self.now, self.now);
        if self.steered && self.ticks.is_multiple_of(OVERRIDE_EVERY) {
            let slow = self.ticks.is_multiple_of(2 * OVERRIDE_EVERY);
            let input = Input::Steer {
                request: self.ticks,
                group: Some(self.name),
                steer: Steer::Scale(if slow { 0.3 } else { 1.0 }),
            };
            self.core.handle(self.now, input);
            while self.core.poll().is_some() {}
        }
    }

    /// What is timed; `false` once the goal is over.
    fn tick(&mut self) -> bool {
        let (group, motion) = (self.name, self.motion);
        self.core.handle(self.now, Input::Motion { group, motion });
        self.core.tick(self.now);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Setpoint { setpoint, .. } => {
                    (self.motion.position, self.motion.velocity) = (setpoint.position, setpoint.velocity);
                }
                Output::Done { outcome, .. } => self.done = Some(outcome.status),
                _ => {}
            }
        }
        self.ticks += 1;
        self.done.is_none()
    }
}

/// Velocities, accelerations and jerks of an arm of seven joints, as such arms have them.
fn description(name: GroupName) -> Result<GroupDescription> {
    let joint = |index: usize| {
        let (velocity, acceleration) = if index < 4 { (2.0, 8.0) } else { (2.6, 15.0) };
        Ok(JointDescription {
            name: format!("joint_{index}"),
            kind: JointKind::Revolute,
            limits: JointLimits::new((-2.8, 2.8), velocity, acceleration, 20.0 * acceleration, 80.0)?,
            drivetrain: Drivetrain::default(),
        })
    };
    Ok(GroupDescription {
        name,
        joints: (0..JOINTS).map(joint).collect::<Result<_>>()?,
        rate_hz: 1.0 / PERIOD.as_secs_f64(),
        capabilities: Capabilities::default(),
        backend: "bench".into(),
    })
}

/// Through places within 1.5 rad of the middle, the same on every run.
fn goal(way: Way, group: GroupName) -> Result<Input> {
    let mut draw = Draw(SEED);
    let waypoints = (0..WAYPOINTS).map(|_| (0..JOINTS).map(|_| 1.5 * draw.signed()).collect::<Vec<f64>>());
    let id = GoalId(1);
    Ok(match way {
        Way::Path | Way::Override => {
            let blended = waypoints.map(|position| Segment {
                corner: 1,
                blend: 0.2,
                position,
                ..Segment::default()
            });
            let mut segments: Vec<Segment> = blended.collect();
            segments.last_mut().context("a path has segments")?.corner = 0;
            let path = PathGoal {
                segments,
                ..PathGoal::default()
            };
            let goal = MoveGoal {
                mode: MoveMode::Path,
                path,
                ..MoveGoal::default()
            };
            Input::Move { group, id, goal }
        }
        Way::Splines => {
            let points = waypoints.zip(1..).map(|(positions, index)| Point {
                positions,
                time_from_start_ns: index * 3_000_000_000,
                ..Point::default()
            });
            let goal = FollowGoal {
                joint_names: (0..JOINTS).map(|index| format!("joint_{index}")).collect(),
                points: points.collect(),
                ..FollowGoal::default()
            };
            Input::Follow { group, id, goal }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::medians;

    #[test]
    fn a_tick_that_was_disturbed_once_keeps_its_time() {
        let rounds = [vec![3, 900, 5], vec![2, 4, 700], vec![800, 4, 6]];
        assert_eq!(medians(&rounds), Some(vec![3, 4, 6]));
    }

    #[test]
    fn rounds_of_other_ticks_have_no_medians() {
        assert_eq!(medians(&[vec![1, 2], vec![1]]), None);
        assert_eq!(medians(&[]), None);
    }
}
