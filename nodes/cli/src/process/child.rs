//! One real process: starting it so that it cannot outlive us, its output, its end.
//!
//! **Invariant:** a started process leads a process group of its own, is killed by the kernel when `servomesh` dies in
//! any way, and leaves nothing of its group behind when it ends.

use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal as UnixSignal};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::mpsc::Sender;

use super::cell::{Exit, Id, Signal};
use super::console::Stream;
use super::lines::Lines;
use crate::launch::Process;

/// Time that output may take to arrive after its process has ended. Longer means that someone else holds the pipe.
const DRAIN_MAX: Duration = Duration::from_secs(1);

/// Something that a process did.
#[derive(Debug)]
pub(super) enum Event {
    Line(Id, Stream, Vec<u8>),
    Ended(Id, Exit),
}

/// Starts a process; its events follow on `events`, the last one is its end.
///
/// `launcher` is this very program: it asks the kernel for the death signal and then becomes the process (see
/// [`replace_by`]).
pub(super) fn start(
    id: Id,
    process: &Process,
    words: &[String],
    launcher: &Path,
    events: Sender<Event>,
) -> std::io::Result<Pid> {
    let mut command = Command::new(launcher);
    command
        .arg(super::child::REPLACE)
        .arg(std::process::id().to_string())
        .arg("--")
        .args(words);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    for (name, value) in &process.environment {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    if let Some(folder) = &process.folder {
        command.current_dir(folder);
    }
    let mut child = command.spawn()?;
    let group = child
        .id()
        .and_then(|id| Pid::from_raw(id.cast_signed()))
        .ok_or_else(|| std::io::Error::other("the process has no id"))?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    tokio::spawn(async move {
        let output = async {
            tokio::join!(
                forward(id, Stream::Stdout, stdout, &events),
                forward(id, Stream::Stderr, stderr, &events)
            )
        };
        tokio::pin!(output);
        let status = tokio::select! {
            status = child.wait() => Some(status),
            _ = &mut output => None,
        };
        let status = match status {
            Some(status) => {
                kill_rest(group);
                // A process that moved out of the group may hold the pipes for ever.
                let _ = tokio::time::timeout(DRAIN_MAX, output).await;
                status
            }
            None => {
                let status = child.wait().await;
                kill_rest(group);
                status
            }
        };
        let exit = status.map_or_else(|error| Exit::NotStarted(error.to_string()), exit);
        // Nobody listens any more only when the whole run is over.
        let _ = events.send(Event::Ended(id, exit)).await;
    });
    Ok(group)
}

async fn forward(id: Id, stream: Stream, source: Option<impl AsyncRead + Unpin>, events: &Sender<Event>) {
    let Some(mut source) = source else { return };
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 * 1024];
    loop {
        // A pipe that fails to read is a pipe that has ended.
        let read = source.read(&mut buffer).await.unwrap_or(0);
        let complete = if read == 0 {
            lines.finish().into_iter().collect()
        } else {
            lines.push(&buffer[..read])
        };
        for line in complete {
            if events.send(Event::Line(id, stream, line)).await.is_err() {
                return;
            }
        }
        if read == 0 {
            return;
        }
    }
}

fn exit(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::NotStarted("ended in an unknown way".to_owned()),
    }
}

/// Signals a process and all that it started, unless they have ended.
pub(super) fn signal(group: Pid, signal: Signal) -> std::io::Result<()> {
    let signal = match signal {
        Signal::Interrupt => UnixSignal::INT,
        Signal::Terminate => UnixSignal::TERM,
        Signal::Kill => UnixSignal::KILL,
    };
    match rustix::process::kill_process_group(group, signal) {
        Err(rustix::io::Errno::SRCH) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What a process started and left behind in its group ends with it.
fn kill_rest(group: Pid) {
    // Normally nothing is left, which the kernel calls an error.
    let _ = signal(group, Signal::Kill);
}

/// The word with which `servomesh` calls itself to become another process.
pub(super) const REPLACE: &str = "__exec";

/// Becomes `command`, which is to die with the process `parent`. Returns only if that fails.
///
/// The kernel's parent-death signal survives `exec`, so asking for it here, in a process of our own that then turns into
/// the command, needs no code between fork and exec.
pub fn replace_by(parent: u32, command: &[String]) -> std::io::Error {
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(UnixSignal::KILL)) {
        return error.into();
    }
    // The parent may have died before the request was in place.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned()) != Some(parent) {
        return std::io::Error::other("the parent process is gone");
    }
    match command.split_first() {
        Some((program, arguments)) => std::process::Command::new(program).args(arguments).exec(),
        None => std::io::Error::other("no command"),
    }
}
