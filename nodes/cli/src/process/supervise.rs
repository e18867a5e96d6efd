//! Carries out what the cell decides: processes, signals, time, output.
//!
//! Runs on one thread, which must be the main thread of the program or outlive all processes: the kernel ties a
//! process's death signal to the thread that started it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::process::Pid;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::cell::{Cell, Exit, Failure, Id, Input, Limits, Output, Supervised};
use super::child::{self, Event};
use super::console::{Console, Stream};
use super::notice::Level;
use crate::launch::{Argument, Plan, Process};

/// Lines of a failed process's stderr that the summary repeats.
const LAST_LINES: usize = 10;
/// Lines that may wait to be written before processes have to wait with more.
const QUEUE: usize = 1024;

/// How to supervise.
#[derive(Clone, Debug)]
pub struct Options {
    /// Restarts and stops.
    pub limits: Limits,
    /// The `servomesh` executable, which every process is started through.
    pub launcher: PathBuf,
}

impl Default for Options {
    fn default() -> Self {
        // Not `current_exe`: this stays right when the file is replaced while we run.
        Self {
            limits: Limits::default(),
            launcher: "/proc/self/exe".into(),
        }
    }
}

/// How a run ended.
#[derive(Debug)]
pub struct Summary {
    /// Processes that failed for good; empty after an orderly run.
    pub failures: Vec<Failure>,
}

/// Starts all processes of a plan, keeps them running and returns when all have ended.
pub async fn supervise(plan: &Plan, options: &Options, console: &mut Console) -> anyhow::Result<Summary> {
    let files = tempfile::Builder::new()
        .prefix("servomesh-")
        .tempdir()
        .context("a folder for parameter files")?;
    let commands = plan.processes.iter().enumerate();
    let commands = commands
        .map(|(index, process)| words(index, process, files.path()))
        .collect::<Result<_, _>>()?;
    console.set_labels(
        plan.processes
            .iter()
            .map(|process| process.label.clone())
            .collect(),
    );
    let (sender, receiver) = tokio::sync::mpsc::channel(QUEUE);
    let run = Run {
        plan,
        commands,
        launcher: &options.launcher,
        cell: Cell::new(plan.processes.iter().map(Supervised::from), options.limits),
        groups: vec![None; plan.processes.len()],
        last_lines: vec![VecDeque::new(); plan.processes.len()],
        console,
        console_gone: false,
        began: Instant::now(),
        sender,
    };
    let failures = run.until_over(receiver).await?;
    Ok(Summary { failures })
}

/// A command's words; its parameters are written to files.
fn words(index: usize, process: &Process, folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut words = Vec::new();
    for (position, argument) in process.command.iter().enumerate() {
        match argument {
            Argument::Text(word) => words.push(word.clone()),
            Argument::Parameters(parameters) => {
                let file = folder.join(format!("{index}-{position}.yaml"));
                std::fs::write(&file, parameters.to_string())
                    .with_context(|| format!("parameters of {}: {}", process.label, file.display()))?;
                words.push(file.display().to_string());
            }
        }
    }
    Ok(words)
}

struct Run<'a> {
    plan: &'a Plan,
    commands: Vec<Vec<String>>,
    launcher: &'a Path,
    cell: Cell,
    /// The process group of each process that runs.
    groups: Vec<Option<Pid>>,
    /// The end of each process's stderr.
    last_lines: Vec<VecDeque<Vec<u8>>>,
    console: &'a mut Console,
    console_gone: bool,
    began: Instant,
    sender: tokio::sync::mpsc::Sender<Event>,
}

impl Run<'_> {
    async fn until_over(
        mut self,
        mut events: tokio::sync::mpsc::Receiver<Event>,
    ) -> anyhow::Result<Vec<Failure>> {
        let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM")?;
        let mut hang_up = signal(SignalKind::hangup()).context("SIGHUP")?;
        loop {
            while let Some(output) = self.cell.poll() {
                if let Output::Over(failures) = output {
                    self.summarise(&failures);
                    return Ok(failures);
                }
                self.carry_out(output);
            }
            let deadline = self.cell.deadline().map(|at| self.began + at);
            let due = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                // Signals first: a process that floods its output must not delay a stop.
                biased;
                _ = interrupt.recv() => self.tell(Input::Interrupt),
                _ = terminate.recv() => self.tell(Input::Stop),
                _ = hang_up.recv() => self.tell(Input::Stop),
                () = due => self.cell.tick(self.began.elapsed()),
                event = events.recv() => match event {
                    Some(Event::Line(id, stream, line)) => self.line(id, stream, line),
                    Some(Event::Ended(id, exit)) => {
                        self.groups[id.0] = None;
                        self.tell(Input::Ended(id, exit));
                    }
                    None => anyhow::bail!("the event queue is closed"),
                },
            }
        }
    }

    fn tell(&mut self, input: Input) {
        self.cell.handle(self.began.elapsed(), input);
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Start(id) => self.start(id),
            Output::Signal(Id(index), signal) => {
                if let Some(group) = self.groups[index]
                    && let Err(error) = child::signal(group, signal)
                {
                    let text = format!("{signal} to {}: {error}", self.plan.processes[index].label);
                    let written = self.console.message(Level::Error, &text);
                    self.written(&written);
                }
            }
            Output::Say(notice) => {
                let written = self.console.say(&notice);
                self.written(&written);
            }
            Output::Over(_) => {}
        }
    }

    fn start(&mut self, id: Id) {
        let process = &self.plan.processes[id.0];
        self.last_lines[id.0].clear();
        match child::start(
            id,
            process,
            &self.commands[id.0],
            self.launcher,
            self.sender.clone(),
        ) {
            Ok(group) => {
                self.groups[id.0] = Some(group);
                self.tell(Input::Started(id));
            }
            Err(error) => self.tell(Input::Ended(id, Exit::NotStarted(error.to_string()))),
        }
    }

    fn line(&mut self, id: Id, stream: Stream, line: Vec<u8>) {
        let written = self.console.line(id, stream, &line);
        self.written(&written);
        if stream == Stream::Stderr {
            let last = &mut self.last_lines[id.0];
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(line);
        }
    }

    /// Nobody reads the output any more (`… | head`): that is a wish to stop, once.
    fn written(&mut self, result: &std::io::Result<()>) {
        if result.is_err() && !self.console_gone {
            self.console_gone = true;
            self.tell(Input::Stop);
        }
    }

    fn summarise(&mut self, failures: &[Failure]) {
        if failures.is_empty() {
            return;
        }
        let mut text = format!(
            "{} of {} processes failed:",
            failures.len(),
            self.plan.processes.len()
        );
        for failure in failures {
            text.push_str(&format!("\n  {failure}"));
            let last = &self.last_lines[failure.id.0];
            if !last.is_empty() {
                text.push_str("; its last lines on stderr:");
            }
            for line in last {
                text.push_str(&format!("\n    {}", String::from_utf8_lossy(line)));
            }
        }
        // If nobody reads, the exit code still says it.
        let _ = self.console.message(Level::Error, &text);
    }
}
