//! Tunes joints of a running cell: each follows its chirp as a goal of `trajectory` while its states are recorded.
//!
//! **Invariant:** a goal that is under way when the tuning ends is cancelled and followed to its rest.

use super::cell::{Cell, LOOK, wall};
use super::driver::DriverNode;
use super::goals::{Clients, Sent};
use super::run::{REST_PATIENCE, interrupts};
use super::show::Show;
use crate::program::progress::Trail;
use crate::tune::{Chirp, ChirpError, Finding, Lists, Point, Record, RecordError, Refused, Report, judge};
use anyhow::{Context as _, bail};
use futures::FutureExt;
use r2r::QosProfile;
use r2r::servomesh_msgs::msg;
use r2r::trajectory_msgs::msg::JointTrajectoryPoint;
use servomesh_shell::ros::wire::duration_to_msg;
use servomesh_shell::ros::{Io, Queue, Wire};
use servomesh_types::{GroupDescription, ServoState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// What is to be tuned.
#[derive(Clone, Debug)]
pub struct TuneRequest {
    /// The group.
    pub group: String,
    /// Its joints; empty: all of them.
    pub joints: Vec<String>,
    /// The phase margin that the gains are to leave [°].
    pub margin_deg: f64,
    /// Whether the driver gets the gains.
    pub apply: bool,
    /// How long to wait for the cell to be ready, in wall time.
    pub ready_timeout: Duration,
    /// How long one chirp may take, in wall time.
    pub goal_timeout: Duration,
    /// Whether to show how far it is.
    pub verbose: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct TuneOutcome {
    /// What was found.
    pub report: Report,
    /// The driver's node, and the gains of the whole group with those that were found.
    pub parameters: Option<(String, Lists)>,
    /// Whether the driver has them now.
    pub applied: bool,
    /// Ctrl-C ended it.
    pub interrupted: bool,
}

/// Tunes joints, one after the other.
///
/// # Errors
/// The cell is not ready in time, has no such joint, misses a goal, or its driver refuses the gains; says why. A record that says too little is no
/// error: the report has it.
pub fn tune(request: &TuneRequest) -> anyhow::Result<TuneOutcome> {
    let mut io = Io::client("servomesh_tune")?;
    let states = QosProfile::default().best_effort().keep_last(BACKLOG).volatile();
    let mut tuner = Tuner {
        cell: Cell::open(&mut io)?,
        clients: Clients::default(),
        states: io.queue(&format!("{}/servo_state", request.group), states)?,
        show: Show::new(request.verbose),
        interrupts: interrupts()?,
        request,
        io,
    };
    tuner.wait_until_ready()?;
    let group = tuner.cell.description(&request.group)?.clone();
    let names = match &request.joints[..] {
        [] => group.joints.iter().map(|joint| joint.name.clone()).collect(),
        some => some.to_vec(),
    };
    // Before anything moves.
    let at = tuner.cell.positions(&request.group)?;
    for name in &names {
        if let Err(error @ ChirpError::NoJoint { .. }) = Chirp::plan(&group, name, &at) {
            bail!(error);
        }
    }
    let mut report = Report::default();
    let mut trail = Trail::default();
    for (number, name) in (1..).zip(&names) {
        trail.enter_step(number, names.len());
        match tuner.joint_at_last(&group, name, &trail)? {
            Some(Ok(finding)) => report.found.push(finding),
            Some(Err(refused)) => report.refused.push((name.clone(), refused.to_string())),
            None => break,
        }
        trail.leave();
    }
    let interrupted = tuner.interrupted() > 0;
    let mut outcome = TuneOutcome {
        report,
        parameters: None,
        applied: false,
        interrupted,
    };
    if !outcome.report.found.is_empty() {
        let driver = DriverNode::of(&mut tuner.io, &request.group)?;
        let mut gains = driver.gains(&mut tuner.io, &group)?;
        for finding in &outcome.report.found {
            gains.set(finding.joint, &finding.tuned.gains);
        }
        if request.apply && !interrupted {
            driver.set_gains(&mut tuner.io, &gains)?;
            outcome.applied = true;
        }
        outcome.parameters = Some((driver.name, gains));
    }
    Ok(outcome)
}

struct Tuner<'r> {
    io: Io,
    cell: Cell,
    clients: Clients,
    states: Queue<msg::ServoState>,
    show: Show,
    interrupts: Arc<AtomicUsize>,
    request: &'r TuneRequest,
}

impl Tuner<'_> {
    fn wait_until_ready(&mut self) -> anyhow::Result<()> {
        let group = std::slice::from_ref(&self.request.group);
        let mut servers = self.clients.open_follow(&mut self.io, &self.request.group)?;
        let deadline = wall(&self.io) + self.request.ready_timeout;
        loop {
            self.turn(LOOK, None)?;
            servers.retain_mut(|(_, available)| available.now_or_never().is_none());
            let missing = self.cell.missing_of(group, group);
            let Some(missing) = missing.or_else(|| servers.first().map(|(name, _)| name.clone())) else {
                return Ok(());
            };
            if self.interrupted() > 0 {
                bail!("interrupted while waiting for {missing}");
            }
            if wall(&self.io) > deadline {
                let patience = self.request.ready_timeout;
                bail!("the cell was not ready within {patience:?}: still waiting for {missing}");
            }
        }
    }

    /// Excites a joint, once more where too little was heard of it, and judges what it did.
    fn joint_at_last(
        &mut self,
        group: &GroupDescription,
        name: &str,
        trail: &Trail,
    ) -> anyhow::Result<Option<Judged>> {
        let mut judged = self.joint(group, name, trail)?;
        for _ in 1..ATTEMPTS {
            let Some(Err(Refused::Record(missed @ (RecordError::Gap { .. } | RecordError::Lost { .. })))) =
                judged
            else {
                break;
            };
            self.show.say(&format!("      {name}: {missed} Once more."));
            judged = self.joint(group, name, trail)?;
        }
        Ok(judged)
    }

    /// Excites a joint and judges what it did. `None`: interrupted.
    fn joint(
        &mut self,
        group: &GroupDescription,
        name: &str,
        trail: &Trail,
    ) -> anyhow::Result<Option<Judged>> {
        let chirp = match Chirp::plan(group, name, &self.cell.positions(&self.request.group)?) {
            Ok(chirp) => chirp,
            Err(error) => return Ok(Some(Err(error.into()))),
        };
        let label = format!("excite {name} of {}", self.request.group);
        let shown = self
            .show
            .begin(trail, &label, std::slice::from_ref(&name.to_owned()));
        let mut record = Record::new(chirp.joint, group.rate_hz);
        let points = chirp.points().into_iter().map(point_to_msg).collect();
        let mut sent = self.clients.trajectory(group, points)?;
        let deadline = wall(&self.io) + self.request.goal_timeout;
        // From the first feedback on: before it is accepted, the joint stands.
        let outcome = loop {
            let moves = sent.progress().done.is_some();
            self.turn(LOOK, moves.then_some(&mut record))?;
            if let Some(outcome) = sent.poll() {
                break outcome;
            }
            shown.update(0, &sent.progress());
            if self.interrupted() > 0 {
                self.cancel(&mut sent, name)?;
                return Ok(None);
            }
            if wall(&self.io) > deadline {
                self.cancel(&mut sent, name)?;
                bail!("joint {name}: no result within {:?}", self.request.goal_timeout);
            }
        };
        shown.end(0);
        outcome.map_err(|reason| anyhow::anyhow!("joint {name}: the chirp was not followed: {reason}"))?;
        // The result may have overtaken states that wait to be taken; while some are, others come.
        for _ in 0..BACKLOG {
            if !self.turn(Duration::ZERO, Some(&mut record))? {
                break;
            }
        }
        Ok(Some(judge(group, chirp.joint, &record, self.request.margin_deg)))
    }

    /// Cancels a goal and waits for its rest, for a while.
    fn cancel(&mut self, sent: &mut Sent, name: &str) -> anyhow::Result<()> {
        let deadline = wall(&self.io) + REST_PATIENCE;
        let mut asked = None;
        while sent.poll().is_none() {
            if asked.is_none()
                && let Some(cancel) = sent.take_cancel()
            {
                asked = Some(cancel()?);
            }
            if let Some(Some(Err(error))) = asked.as_mut().map(FutureExt::now_or_never) {
                self.show.say(&format!("      not cancelled: {name}: {error}"));
                asked = None;
            }
            self.turn(LOOK, None)?;
            if wall(&self.io) > deadline {
                bail!(
                    "joint {name} may still move: its goal did not end within {REST_PATIENCE:?} after it was cancelled"
                );
            }
        }
        Ok(())
    }

    /// Takes in what comes within `patience`, and what the group did into a record; says whether it did anything.
    fn turn(&mut self, patience: Duration, mut record: Option<&mut Record>) -> anyhow::Result<bool> {
        self.io.r2r().spin_once(patience);
        self.cell.take_in(&mut self.io)?;
        let mut heard = false;
        while let Some(message) = self.states.take() {
            heard = true;
            let group = &self.request.group;
            let state =
                ServoState::from_msg(&message).with_context(|| format!("topic {group}/servo_state"))?;
            if let Some(record) = record.as_deref_mut() {
                record.hear(&state);
            }
        }
        Ok(heard)
    }

    fn interrupted(&self) -> usize {
        self.interrupts.load(Ordering::Relaxed)
    }
}

/// Gains of a joint, or why there are none.
type Judged = Result<Finding, Refused>;

/// States that wait to be taken at most: those of a whole chirp at 500 Hz. A look takes one of them, and a busy machine may have time for few.
const BACKLOG: usize = 8192;
/// How often a joint is excited until too much was missed of what it did.
const ATTEMPTS: usize = 3;

fn point_to_msg(point: Point) -> JointTrajectoryPoint {
    JointTrajectoryPoint {
        positions: point.position,
        velocities: point.velocity,
        accelerations: point.acceleration,
        time_from_start: duration_to_msg(Duration::from_secs_f64(point.time_s)),
        ..JointTrajectoryPoint::default()
    }
}
