//! Which process is started, restarted, given up or signalled, and when the run is over.
//!
//! A process with `respawn` is restarted with growing delay; when it ends too often, or with exit code 78 (its
//! configuration is wrong, a restart cannot help), it alone is given up. A process without `respawn` that fails brings
//! all down. A stop asks with SIGINT, then SIGTERM, then SIGKILL. Times are since the start of the run.
//!
//! **Invariant:** a process is started only while it does not run and no stop is under way; the run is over only when
//! every process has ended. After every `handle` and `tick`, drain `poll`.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use super::notice::Notice;
use super::restart::{Restarts, Verdict};
use crate::launch::Process;

/// Exit code of a node whose configuration is wrong (`EX_CONFIG` of sysexits.h).
const EX_CONFIG: i32 = 78;

/// A process, by its index in the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id(pub usize);

/// When to restart, and how long to wait for processes that are to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most restarts of one process within `window`.
    pub restarts_max: u32,
    /// Time over which restarts are counted.
    pub window: Duration,
    /// Cap of the growing delay before a restart.
    pub delay_max: Duration,
    /// A run of this length is stable: after it the delay starts from the beginning.
    pub stable_after: Duration,
    /// Time from SIGINT to SIGTERM, and from SIGTERM to SIGKILL.
    pub stop_step: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            restarts_max: 5,
            window: Duration::from_secs(60),
            delay_max: Duration::from_secs(10),
            stable_after: Duration::from_secs(20),
            stop_step: Duration::from_secs(5),
        }
    }
}

/// What the cell has to know of a process.
#[derive(Clone, Debug)]
pub struct Supervised {
    /// Its name in messages.
    pub label: String,
    /// How it is restarted, if at all.
    pub respawn: Option<crate::launch::Respawn>,
    /// Its end ends everything.
    pub ends_all: bool,
}

impl From<&Process> for Supervised {
    fn from(process: &Process) -> Self {
        Self {
            label: process.label.clone(),
            respawn: process.respawn,
            ends_all: process.ends_all,
        }
    }
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal, by its number.
    Signal(i32),
    /// It could not be started, for this reason.
    NotStarted(String),
}

/// The signals of a stop, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named after the signals")]
pub enum Signal {
    Interrupt,
    Terminate,
    Kill,
}

/// Something happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A process that was to be started runs.
    Started(Id),
    /// A process ended, or could not be started.
    Ended(Id, Exit),
    /// Everything is to stop. Nothing new if that is under way: a shell and a parent process may both say so.
    Stop,
    /// The user pressed Ctrl-C: everything is to stop, and more firmly if that is under way.
    Interrupt,
}

/// Something is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Start a process.
    Start(Id),
    /// Send a signal to a process and all that it started.
    Signal(Id, Signal),
    /// Tell the user.
    Say(Notice),
    /// All have ended; `failures` is empty if nothing went wrong.
    Over(Vec<Failure>),
}

/// A process that failed for good.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Which process.
    pub id: Id,
    /// Its name.
    pub label: String,
    /// How it ended last.
    pub exit: Exit,
    /// Why that is final.
    pub reason: Option<&'static str>,
}

/// The supervisor's state machine.
#[derive(Debug)]
pub struct Cell {
    processes: Vec<Slot>,
    limits: Limits,
    stop: Option<Stop>,
    announced: bool,
    over: bool,
    failures: Vec<Failure>,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
struct Slot {
    process: Supervised,
    restarts: Option<Restarts>,
    state: State,
    started_once: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// To be started at this time.
    Waiting(Duration),
    /// Started at this time.
    Running(Duration),
    Ended,
}

#[derive(Clone, Copy, Debug)]
struct Stop {
    signal: Signal,
    /// When that signal was sent.
    since: Duration,
    /// When the next signal is due; after SIGKILL there is none.
    next: Option<Duration>,
}

impl Cell {
    /// A cell in which everything is to be started at once.
    pub fn new(processes: impl IntoIterator<Item = Supervised>, limits: Limits) -> Self {
        let slot = |process: Supervised| Slot {
            restarts: process.respawn.map(|respawn| Restarts::new(respawn, limits)),
            process,
            state: State::Waiting(Duration::ZERO),
            started_once: false,
        };
        let mut cell = Self {
            processes: processes.into_iter().map(slot).collect(),
            limits,
            stop: None,
            announced: false,
            over: false,
            failures: Vec::new(),
            outputs: VecDeque::new(),
        };
        cell.tick(Duration::ZERO);
        cell.check_over();
        cell
    }

    /// Takes note of something that happened.
    pub fn handle(&mut self, now: Duration, input: Input) {
        match (input, self.stop) {
            (Input::Started(id), _) => self.started(id),
            (Input::Ended(id, exit), _) => self.ended(now, id, exit),
            (Input::Stop | Input::Interrupt, None) => self.signal_all(now, Signal::Interrupt),
            (Input::Interrupt, Some(stop)) if now.saturating_sub(stop.since) >= SAME_PRESS => {
                self.escalate(now, stop.signal);
            }
            (Input::Stop | Input::Interrupt, Some(_)) => {}
        }
    }

    /// Does what is due.
    pub fn tick(&mut self, now: Duration) {
        if let Some(Stop {
            signal,
            next: Some(next),
            ..
        }) = self.stop
            && next <= now
        {
            self.escalate(now, signal);
        }
        for (index, slot) in self.processes.iter_mut().enumerate() {
            if matches!(slot.state, State::Waiting(until) if until <= now) {
                slot.state = State::Running(now);
                self.outputs.push_back(Output::Start(Id(index)));
            }
        }
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When `tick` is due next.
    pub fn deadline(&self) -> Option<Duration> {
        if self.over {
            return None;
        }
        let restarts = self.processes.iter().filter_map(|slot| match slot.state {
            State::Waiting(until) => Some(until),
            State::Running(_) | State::Ended => None,
        });
        restarts.chain(self.stop.and_then(|stop| stop.next)).min()
    }

    fn started(&mut self, id: Id) {
        self.processes[id.0].started_once = true;
        if !self.announced && self.processes.iter().all(|slot| slot.started_once) {
            self.announced = true;
            self.say(Notice::AllStarted {
                processes: self.processes.len(),
            });
        }
    }

    fn ended(&mut self, now: Duration, id: Id, exit: Exit) {
        let slot = &mut self.processes[id.0];
        let State::Running(since) = slot.state else { return };
        slot.state = State::Ended;
        let label = slot.process.label.clone();
        let failure = |reason| Failure {
            id,
            label: label.clone(),
            exit: exit.clone(),
            reason,
        };
        let configuration = exit == Exit::Code(EX_CONFIG);

        if let Some(stop) = self.stop {
            if stop.signal == Signal::Kill && exit == Exit::Signal(9) {
                self.failures.push(failure(Some("it did not stop when asked to")));
            } else if !exit.is_orderly_stop() {
                self.say(Notice::FailedInStop { label, exit });
            }
        } else if slot.process.ends_all {
            if exit != Exit::Code(0) {
                self.failures.push(failure(None));
            }
            self.say(Notice::EndsAll { label, exit });
            self.signal_all(now, Signal::Interrupt);
        } else if configuration && slot.restarts.is_some() {
            self.give_up(failure(Some(CONFIGURATION)));
        } else if let Some(restarts) = &mut slot.restarts {
            match restarts.ended(now, now.saturating_sub(since)) {
                Verdict::RestartAfter(delay) => {
                    slot.state = State::Waiting(now + delay);
                    self.say(Notice::Restarting { label, exit, delay });
                }
                Verdict::TooOften => {
                    self.give_up(failure(Some("it was restarted too often in too short a time")))
                }
                Verdict::NoRetriesLeft => self.give_up(failure(Some("its respawn_max_retries are used up"))),
            }
        } else if exit == Exit::Code(0) {
            self.say(Notice::Finished { label });
        } else {
            let failure = failure(configuration.then_some(CONFIGURATION));
            self.failures.push(failure.clone());
            self.say(Notice::Fatal { failure });
            self.signal_all(now, Signal::Interrupt);
        }
        self.check_over();
    }

    fn give_up(&mut self, failure: Failure) {
        self.failures.push(failure.clone());
        self.say(Notice::GivenUp { failure });
    }

    fn escalate(&mut self, now: Duration, from: Signal) {
        match from {
            Signal::Interrupt => self.signal_all(now, Signal::Terminate),
            Signal::Terminate => self.signal_all(now, Signal::Kill),
            Signal::Kill => {}
        }
    }

    /// Signals what runs and cancels what waits.
    fn signal_all(&mut self, now: Duration, signal: Signal) {
        let next = (signal != Signal::Kill).then_some(now + self.limits.stop_step);
        self.stop = Some(Stop {
            signal,
            since: now,
            next,
        });
        let mut waiting_for = Vec::new();
        for (index, slot) in self.processes.iter_mut().enumerate() {
            match slot.state {
                State::Waiting(_) => slot.state = State::Ended,
                State::Running(_) => {
                    waiting_for.push(slot.process.label.clone());
                    self.outputs.push_back(Output::Signal(Id(index), signal));
                }
                State::Ended => {}
            }
        }
        if !waiting_for.is_empty() {
            self.say(Notice::Stopping { signal, waiting_for });
        }
        self.check_over();
    }

    fn say(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Say(notice));
    }

    fn check_over(&mut self) {
        if !self.over && self.processes.iter().all(|slot| slot.state == State::Ended) {
            self.over = true;
            self.outputs.push_back(Output::Over(self.failures.clone()));
        }
    }
}

/// Interrupts this close together are one: a terminal and a parent process may both pass the same Ctrl-C on.
const SAME_PRESS: Duration = Duration::from_millis(300);

const CONFIGURATION: &str = "its configuration is wrong";

impl Exit {
    /// Whether a process that was asked to stop did so in a usual way.
    fn is_orderly_stop(&self) -> bool {
        // SIGINT is 2, SIGTERM 15; a shell or Python turns them into exit codes 130 and 143.
        matches!(self, Self::Code(0 | 130 | 143) | Self::Signal(2 | 15))
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(2) => f.write_str("SIGINT"),
            Self::Signal(6) => f.write_str("SIGABRT"),
            Self::Signal(9) => f.write_str("SIGKILL"),
            Self::Signal(11) => f.write_str("SIGSEGV"),
            Self::Signal(15) => f.write_str("SIGTERM"),
            Self::Signal(number) => write!(f, "signal {number}"),
            Self::NotStarted(reason) => write!(f, "could not be started: {reason}"),
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
            Self::Kill => "SIGKILL",
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed ({})", self.label, self.exit)?;
        self.reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
    }
}
