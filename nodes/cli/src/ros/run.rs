//! Carries out a program: one step after another, or several at once; stops at the first that is missed, and on Ctrl-C.
//!
//! **Invariant:** a run that ends early leaves nothing moving that it set in motion: its goals are cancelled and followed to
//! their rest, and endless groups that it set running are brought to rest.

use super::cell::{Cell, LOOK, wall};
use super::goals::{Awaited, Clients, Outcome, Sent, check, leaves_running, rest};
use super::show::{Show, Shown};
use super::waits::Waiting;
use crate::program::progress::{Progress, Trail};
use crate::program::step::Override;
use crate::program::{Action, Program, Step, Summary};
use anyhow::{Context as _, bail};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use r2r::servomesh_msgs::srv::SetSpeedScale;
use servomesh_shell::ros::Io;
use servomesh_types::Stamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How a program is run.
#[derive(Clone, Copy, Debug)]
pub struct RunOptions {
    /// How long to wait for the cell to be ready, in wall time.
    pub ready_timeout: Duration,
    /// How long one step may take at the most, in wall time.
    pub goal_timeout: Duration,
    /// Whether to show each step as it begins and goes on.
    pub verbose: bool,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every step was done.
    Done,
    /// A step was missed; the summary says which, and why.
    Missed,
    /// By Ctrl-C.
    Interrupted,
}

/// Carries out a program against the running cell.
///
/// # Errors
/// The cell is not ready in time, says what is missing; or it can't do what the program asks for. A step that is missed is no
/// error: the summary has it.
pub fn run(program: &Program, options: RunOptions) -> anyhow::Result<(Summary, End)> {
    let mut io = Io::client("servomesh_run")?;
    let mut runner = Runner {
        cell: Cell::open(&mut io)?,
        clients: Clients::default(),
        speed: None,
        options,
        show: Show::new(options.verbose),
        trail: Trail::default(),
        running: BTreeSet::new(),
        interrupts: interrupts()?,
    };
    let end = match runner.wait_until_ready(&mut io, program)? {
        End::Done => runner.sequence(&mut io, &program.steps)?,
        early => early,
    };
    if end != End::Done {
        runner.bring_to_rest(&mut io)?;
    }
    runner.settle(&mut io)?;
    Ok((runner.cell.summary, end))
}

struct Runner {
    cell: Cell,
    clients: Clients,
    speed: Option<r2r::Client<SetSpeedScale::Service>>,
    options: RunOptions,
    show: Show,
    trail: Trail,
    /// Endless groups that this program has set running.
    running: BTreeSet<String>,
    /// How often Ctrl-C was pressed.
    interrupts: Arc<AtomicUsize>,
}

/// A step that has begun.
struct UnderWay<'p> {
    step: &'p Step,
    task: Task,
    ended: bool,
}

enum Task {
    Goal(Sent),
    Wait(Waiting),
    Call(LocalBoxFuture<'static, Outcome>),
}

impl Task {
    fn poll(&mut self, cell: &Cell) -> Option<Outcome> {
        match self {
            Self::Goal(sent) => sent.poll(),
            Self::Wait(waiting) => waiting.poll(cell),
            Self::Call(call) => call.as_mut().now_or_never(),
        }
    }

    fn progress(&self) -> Progress {
        match self {
            Self::Goal(sent) => sent.progress(),
            Self::Wait(waiting) => waiting.progress(),
            Self::Call(_) => Progress::default(),
        }
    }
}

impl Runner {
    fn wait_until_ready(&mut self, io: &mut Io, program: &Program) -> anyhow::Result<End> {
        let mut servers = self.clients.open(io, program)?;
        servers.extend(self.open_speed(io, program)?);
        let deadline = wall(io) + self.options.ready_timeout;
        loop {
            self.turn(io)?;
            if self.interrupted() > 0 {
                return Ok(End::Interrupted);
            }
            servers.retain_mut(|(_, available)| available.now_or_never().is_none());
            let missing = self.cell.missing(program);
            let missing = missing.or_else(|| servers.first().map(|(name, _)| name.clone()));
            let Some(missing) = missing else {
                check(&self.cell, program)?;
                return Ok(End::Done);
            };
            if wall(io) > deadline {
                let patience = self.options.ready_timeout;
                bail!("the cell was not ready within {patience:?}: still waiting for {missing}");
            }
        }
    }

    fn open_speed(&mut self, io: &mut Io, program: &Program) -> anyhow::Result<Option<Awaited>> {
        let wanted = |step: &&Step| matches!(step.action, Action::Override(_));
        if !program.all_steps().iter().any(wanted) {
            return Ok(None);
        }
        let client = io
            .r2r()
            .create_client::<SetSpeedScale::Service>(SPEED_SERVICE, r2r::QosProfile::services_default())
            .with_context(|| format!("service {SPEED_SERVICE}"))?;
        let available = r2r::Node::is_available(&client)?.boxed_local();
        self.speed = Some(client);
        Ok(Some((format!("service {SPEED_SERVICE}"), available)))
    }

    fn sequence(&mut self, io: &mut Io, steps: &[Step]) -> anyhow::Result<End> {
        for (number, step) in (1..).zip(steps) {
            self.trail.enter_step(number, steps.len());
            let end = self.step(io, step)?;
            self.trail.leave();
            if end != End::Done {
                return Ok(end);
            }
        }
        Ok(End::Done)
    }

    fn step(&mut self, io: &mut Io, step: &Step) -> anyhow::Result<End> {
        match &step.action {
            Action::Together(steps) => self.at_once(io, &step.label, steps),
            Action::Track(steps) => {
                self.show.say(&format!("{} {}", self.trail, step.label));
                self.sequence(io, steps)
            }
            Action::Loop { times, steps } => {
                let mut round = 0;
                while times.is_none_or(|times| round < u64::from(times)) {
                    round += 1;
                    self.trail.enter_round(round, *times);
                    let end = self.sequence(io, steps)?;
                    self.trail.leave();
                    if end != End::Done {
                        return Ok(end);
                    }
                }
                Ok(End::Done)
            }
            Action::Goal(_) | Action::Wait(_) | Action::Override(_) => {
                self.at_once(io, &step.label, std::slice::from_ref(step))
            }
        }
    }

    /// Begins steps and waits for the end of all.
    fn at_once(&mut self, io: &mut Io, label: &str, steps: &[Step]) -> anyhow::Result<End> {
        let parts: Vec<_> = steps.iter().map(|step| step.label.clone()).collect();
        let shown = self.show.begin(&self.trail, label, &parts);
        let mut under_way = Vec::new();
        for step in steps {
            let task = self.begin(step)?;
            let ended = false;
            under_way.push(UnderWay { step, task, ended });
        }
        let mut end = End::Done;
        let mut patience = Patience::new(self.options.goal_timeout, wall(io));
        while under_way.iter().any(|one| !one.ended) {
            self.turn(io)?;
            if self.interrupted() > 0 {
                self.halt(io, &mut under_way, &shown)?;
                return Ok(End::Interrupted);
            }
            patience.look(wall(io), self.cell.now());
            for (i, one) in under_way.iter_mut().enumerate().filter(|(_, one)| !one.ended) {
                if let Some(outcome) = one.task.poll(&self.cell) {
                    one.ended = true;
                    shown.end(i);
                    if outcome.is_err() {
                        end = End::Missed;
                    }
                    self.note(one.step, outcome);
                } else {
                    shown.update(i, &one.task.progress());
                }
            }
            if under_way
                .iter()
                .any(|one| !one.ended && patience.is_over(&one.task))
            {
                self.halt(io, &mut under_way, &shown)?;
                return Ok(End::Missed);
            }
        }
        Ok(end)
    }

    fn begin(&mut self, step: &Step) -> anyhow::Result<Task> {
        Ok(match &step.action {
            Action::Goal(goal) => {
                // Before it is known how it ends: a goal that is missed may have set the group running.
                if leaves_running(goal) {
                    self.running.insert(goal.group.clone());
                }
                Task::Goal(self.clients.send(&self.cell, goal)?)
            }
            Action::Wait(wait) => Task::Wait(Waiting::new(wait.clone())),
            Action::Override(to) => Task::Call(self.call(to)?),
            Action::Together(_) | Action::Track(_) | Action::Loop { .. } => {
                bail!("{} can't stand among steps at once", step.label)
            }
        })
    }

    fn call(&self, to: &Override) -> anyhow::Result<LocalBoxFuture<'static, Outcome>> {
        let client = self.speed.as_ref().context("service client")?;
        let answer = client.request(&SetSpeedScale::Request {
            group: to.group.clone(),
            scale: to.scale,
        })?;
        let outcome = async move {
            match answer.await {
                Ok(response) if response.success => Ok(()),
                Ok(response) => Err(response.message),
                Err(error) => Err(format!("no answer of {SPEED_SERVICE}: {error}")),
            }
        };
        Ok(outcome.boxed_local())
    }

    /// Notes how a step ended.
    fn note(&mut self, step: &Step, outcome: Outcome) {
        if let Err(reason) = &outcome {
            self.show.say(&format!("      missed: {}: {reason}", step.label));
        }
        match &step.action {
            Action::Goal(goal) => {
                if outcome.is_ok() && !leaves_running(goal) {
                    self.running.remove(&goal.group);
                }
                self.cell.summary.goal(step.label.clone(), outcome);
            }
            _ if outcome.is_err() => self.cell.summary.goal(step.label.clone(), outcome),
            _ => {}
        }
    }

    /// Cancels what is under way and waits for its rest, for a while; Ctrl-C once more ends the waiting.
    fn halt(&mut self, io: &mut Io, under_way: &mut [UnderWay<'_>], shown: &Shown) -> anyhow::Result<()> {
        let pressed = self.interrupted();
        let why = match pressed {
            0 => format!("no result within {:?}", self.options.goal_timeout),
            _ => "interrupted".to_owned(),
        };
        let deadline = wall(io) + REST_PATIENCE;
        let mut cancelled = Vec::new();
        for one in under_way.iter_mut().filter(|one| !one.ended) {
            self.show.say(&format!("      {why}: {}", one.step.label));
            self.cell.summary.goal(one.step.label.clone(), Err(why.clone()));
            // Only goals move something.
            one.ended = !matches!(one.task, Task::Goal(_));
        }
        while under_way.iter().any(|one| !one.ended) {
            for (i, one) in under_way.iter_mut().enumerate().filter(|(_, one)| !one.ended) {
                if one.task.poll(&self.cell).is_some() {
                    one.ended = true;
                    shown.end(i);
                } else if let Task::Goal(sent) = &one.task
                    && let Some(cancel) = sent.take_cancel()
                {
                    cancelled.push((one.step, cancel()?));
                }
            }
            let mut refused = Vec::new();
            cancelled.retain_mut(|(step, answer)| match answer.now_or_never() {
                None => true,
                Some(answer) => {
                    refused.extend(answer.err().map(|error| format!("{}: {error}", step.label)));
                    false
                }
            });
            for refused in refused {
                self.show.say(&format!("      not cancelled: {refused}"));
            }
            self.turn(io)?;
            if wall(io) > deadline || self.interrupted() > pressed.max(1) {
                for one in under_way.iter().filter(|one| !one.ended) {
                    self.show
                        .say(&format!("      may still move: {}", one.step.label));
                }
                break;
            }
        }
        Ok(())
    }

    /// Brings the endless groups to rest that this program has set running.
    fn bring_to_rest(&mut self, io: &mut Io) -> anyhow::Result<()> {
        let deadline = wall(io) + REST_PATIENCE;
        let pressed = self.interrupted();
        for group in std::mem::take(&mut self.running) {
            let mut sent = self.clients.send(&self.cell, &rest(&group))?;
            let outcome = loop {
                self.turn(io)?;
                match sent.poll() {
                    Some(outcome) => break outcome,
                    None if wall(io) > deadline || self.interrupted() > pressed => {
                        break Err("no result yet".to_owned());
                    }
                    None => {}
                }
            };
            match outcome {
                Ok(()) => self.show.say(&format!("      brought to rest: {group}")),
                Err(reason) => self.show.say(&format!("      may still move: {group}: {reason}")),
            }
        }
        Ok(())
    }

    /// Hears the nodes' last counters: they come once a second.
    fn settle(&mut self, io: &mut Io) -> anyhow::Result<()> {
        let end = wall(io) + Duration::from_millis(1200);
        let pressed = self.interrupted();
        while wall(io) < end && self.interrupted() <= pressed {
            self.turn(io)?;
        }
        Ok(())
    }

    fn turn(&mut self, io: &mut Io) -> anyhow::Result<()> {
        io.r2r().spin_once(LOOK);
        self.cell.take_in(io)
    }

    fn interrupted(&self) -> usize {
        self.interrupts.load(Ordering::Relaxed)
    }
}

/// How long a step may take: a goal, in wall time; a wait that says itself when it ends, as long as the cell's time goes on.
struct Patience {
    timeout: Duration,
    began: Stamp,
    cell: Option<Stamp>,
    /// When the cell's time was last seen to go on.
    alive: Stamp,
    now: Stamp,
}

impl Patience {
    fn new(timeout: Duration, now: Stamp) -> Self {
        Self {
            timeout,
            began: now,
            cell: None,
            alive: now,
            now,
        }
    }

    fn look(&mut self, now: Stamp, cell: Option<Stamp>) {
        self.now = now;
        if cell != self.cell {
            self.cell = cell;
            self.alive = now;
        }
    }

    fn is_over(&self, task: &Task) -> bool {
        let since = match task {
            Task::Wait(waiting) if waiting.ends_by_itself() => self.alive,
            _ => self.began,
        };
        self.now > since + self.timeout
    }
}

/// Counts Ctrl-C and the like.
pub(super) fn interrupts() -> anyhow::Result<Arc<AtomicUsize>> {
    let count = Arc::new(AtomicUsize::new(0));
    let signals = [
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGHUP,
    ];
    let mut signals = signal_hook::iterator::Signals::new(signals).context("signals can't be handled")?;
    let pressed = Arc::clone(&count);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            pressed.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(count)
}

const SPEED_SERVICE: &str = "trajectory/set_speed_scale";
/// How long to wait for what was cancelled to come to rest, in wall time.
pub(super) const REST_PATIENCE: Duration = Duration::from_secs(10);
