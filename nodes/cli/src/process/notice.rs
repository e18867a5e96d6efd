//! What `servomesh up` says about its processes.

use std::fmt;
use std::time::Duration;

use super::cell::{Exit, Signal};

/// Something that a user wants to know; each is said once.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    missing_docs,
    reason = "`label` is the process, `exit` is how it ended, throughout"
)]
pub enum Notice {
    /// Every process has been started once.
    AllStarted { processes: usize },
    /// A process that is not to be restarted ended without error.
    Finished { label: String },
    /// A process ended and will be started again.
    Restarting {
        label: String,
        exit: Exit,
        delay: Duration,
    },
    /// A process ended and is not started again; the others run on.
    GivenUp { failure: super::cell::Failure },
    /// A process that the others cannot do without failed.
    Fatal { failure: super::cell::Failure },
    /// A process with `on_exit="shutdown"` ended.
    EndsAll { label: String, exit: Exit },
    /// All processes are asked to stop, more firmly each time.
    Stopping {
        signal: Signal,
        waiting_for: Vec<String>,
    },
    /// A process ended with an error while everything was stopping.
    FailedInStop { label: String, exit: Exit },
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the usual three")]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Notice {
    /// How much it matters.
    pub fn level(&self) -> Level {
        match self {
            Self::AllStarted { .. } | Self::Finished { .. } | Self::EndsAll { .. } => Level::Info,
            Self::Stopping {
                signal: Signal::Interrupt,
                ..
            } => Level::Info,
            Self::Restarting { .. } | Self::Stopping { .. } | Self::FailedInStop { .. } => Level::Warning,
            Self::GivenUp { .. } | Self::Fatal { .. } => Level::Error,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllStarted { processes: 1 } => f.write_str("1 process started; Ctrl-C stops it"),
            Self::AllStarted { processes } => {
                write!(f, "all {processes} processes started; Ctrl-C stops them")
            }
            Self::Finished { label } => write!(f, "{label} has finished"),
            Self::Restarting { label, exit, delay } => {
                write!(
                    f,
                    "{label} ended ({exit}); restarting it in {:.1} s",
                    delay.as_secs_f64()
                )
            }
            Self::GivenUp { failure } => write!(f, "{failure}; it is not restarted, the others run on"),
            Self::Fatal { failure } => {
                write!(f, "{failure}; stopping all, because it is not to be restarted")
            }
            Self::EndsAll { label, exit } => write!(f, "{label} ended ({exit}), and with it all others end"),
            Self::Stopping { signal, waiting_for } => {
                write!(f, "sending {signal} to {}", waiting_for.join(", "))?;
                match signal {
                    Signal::Kill => Ok(()),
                    _ => f.write_str(" (Ctrl-C again: more firmly)"),
                }
            }
            Self::FailedInStop { label, exit } => write!(f, "{label} ended with {exit} while stopping"),
        }
    }
}
