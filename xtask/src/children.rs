//! Processes that live no longer than the chore that started them.
//!
//! **Invariant:** when this process ends by itself or by SIGINT, SIGTERM or SIGHUP, its children have ended before it.

use std::collections::BTreeMap;
use std::process::{Child, Command, ExitStatus};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::progress::{note, shown};

/// How long a child may take to stop what it has started before it is killed.
const GRACE: Duration = Duration::from_secs(15);

/// What ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// A child did, by itself.
    Child { name: &'static str, status: ExitStatus },
    /// The user or the system asked this process to stop.
    Interrupted,
}

enum Report {
    Ended {
        name: &'static str,
        status: std::io::Result<ExitStatus>,
    },
    Signal,
}

/// Running children.
pub(crate) struct Children {
    running: BTreeMap<&'static str, Pid>,
    sender: Sender<Report>,
    reports: Receiver<Report>,
}

impl Children {
    /// Starts to listen for signals.
    ///
    /// # Errors
    /// The signals can't be caught.
    pub(crate) fn new() -> Result<Self> {
        let (sender, reports) = channel();
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).context("can't catch signals")?;
        let to_self = sender.clone();
        thread::spawn(move || {
            // Once the receiver is gone nobody waits for a signal.
            for _ in signals.forever() {
                if to_self.send(Report::Signal).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            running: BTreeMap::new(),
            sender,
            reports,
        })
    }

    /// Starts a child.
    ///
    /// # Errors
    /// It can't be started; the ones before it go on.
    pub(crate) fn start(&mut self, name: &'static str, command: &mut Command) -> Result<()> {
        note(format!("$ {}", shown(command)));
        let mut child: Child = command
            .spawn()
            .with_context(|| format!("can't start `{}`", shown(command)))?;
        self.running.insert(name, Pid::from_child(&child));
        let sender = self.sender.clone();
        thread::spawn(move || {
            let status = child.wait();
            // The receiver is gone only when nobody waits for the child any more.
            sender.send(Report::Ended { name, status }).ok();
        });
        Ok(())
    }

    /// Waits until a child ends or this process is asked to stop.
    ///
    /// # Errors
    /// A child can't be waited for.
    pub(crate) fn wait_for_first(&mut self) -> Result<Ended> {
        match self.reports.recv().context("no child is left to wait for")? {
            Report::Signal => Ok(Ended::Interrupted),
            Report::Ended { name, status } => {
                self.running.remove(name);
                let status = status.with_context(|| format!("can't wait for {name}"))?;
                Ok(Ended::Child { name, status })
            }
        }
    }

    /// Asks all children to stop, waits for them, and kills those that do not.
    pub(crate) fn stop_all(&mut self) {
        self.stop_within(GRACE, |_| true);
    }

    /// Stops one child; the others go on.
    pub(crate) fn stop(&mut self, name: &'static str) {
        self.stop_within(GRACE, |other| other == name);
    }

    /// Whether any child runs.
    pub(crate) fn any(&self) -> bool {
        !self.running.is_empty()
    }

    fn stop_within(&mut self, grace: Duration, whom: impl Fn(&str) -> bool) {
        self.signal(Signal::TERM, &whom);
        while self.running.keys().any(|name| whom(name)) {
            match self.reports.recv_timeout(grace) {
                Ok(Report::Ended { name, .. }) => {
                    self.running.remove(name);
                }
                Ok(Report::Signal) => {}
                Err(_) => {
                    for name in self.running.keys().filter(|name| whom(name)) {
                        note(format!(
                            "{name} did not stop within {} s: killed",
                            grace.as_secs()
                        ));
                    }
                    self.signal(Signal::KILL, &whom);
                }
            }
        }
    }

    fn signal(&self, signal: Signal, whom: impl Fn(&str) -> bool) {
        for (name, pid) in self.running.iter().filter(|(name, _)| whom(name)) {
            if let Err(error) = kill_process(*pid, signal)
                && error != rustix::io::Errno::SRCH
            {
                note(format!("can't stop {name}: {error}"));
            }
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        self.stop_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_first_to_end_is_reported_and_the_others_are_stopped() {
        let mut children = Children::new().unwrap();
        children.start("long", &mut sh("exec sleep 1000")).unwrap();
        children.start("short", &mut sh("exit 7")).unwrap();
        let Ended::Child { name, status } = children.wait_for_first().unwrap() else {
            panic!("not interrupted")
        };
        assert_eq!((name, status.code()), ("short", Some(7)));
        children.stop_all();
        assert!(children.running.is_empty());
    }

    #[test]
    fn a_child_that_will_not_stop_is_killed() {
        let mut children = Children::new().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ready = folder.path().join("ready");
        let fifo = ready.display();
        // Opening a FIFO for writing waits for a reader: the trap is set by the time that the test goes on.
        sh(&format!("mkfifo {fifo}")).status().unwrap();
        let script = format!("trap '' TERM; : > {fifo}; exec sleep 1000");
        children.start("deaf", &mut sh(&script)).unwrap();
        std::fs::read(&ready).unwrap();
        children.stop_within(Duration::from_millis(50), |_| true);
        assert!(children.running.is_empty());
    }
}
