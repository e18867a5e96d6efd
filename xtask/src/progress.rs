//! What a person sees while a chore runs: one line per step with the time since the start, on standard error.
//!
//! On a terminal a running step has a spinner; in a log file it has a line at its start and one at its end.
//! Standard output stays free for what a command prints as its result.

use std::fs::{self, File};
use std::io::{IsTerminal, stderr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

/// Lines of a failed step's log that are shown.
const TAIL_LINES: usize = 40;

/// A running clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts the clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "chores show a person how long they take"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// The time since its start.
    pub(crate) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

/// Starts the clock of [`note`]; called first in `main`.
pub(crate) fn start_clock() {
    STARTED.get_or_init(Stopwatch::start);
}

static STARTED: OnceLock<Stopwatch> = OnceLock::new();

/// Prints a line with the time since the start.
pub(crate) fn note(text: impl AsRef<str>) {
    let since_start_s = STARTED.get_or_init(Stopwatch::start).elapsed().as_secs_f64();
    eprintln!("[{since_start_s:6.1} s] {}", text.as_ref());
}

/// Runs a command that has much to say into a log file; shows the end of it if the command fails.
///
/// # Errors
/// The command can't be started or fails; the message names it and its log.
pub(crate) fn run_logged(what: &str, command: &mut Command, log: &Path) -> Result<()> {
    if let Some(folder) = log.parent() {
        fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    }
    let out = File::create(log).with_context(|| format!("can't write the log {}", log.display()))?;
    let err = out
        .try_clone()
        .context("can't share the log between two streams")?;
    let spinner = Spinner::start(what);
    let status = command
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .status()
        .with_context(|| format!("can't start `{}`", shown(command)))?;
    spinner.stop();
    if status.success() {
        return Ok(());
    }
    let text = fs::read(log).with_context(|| format!("can't read the log {}", log.display()))?;
    eprintln!("{}", tail(&String::from_utf8_lossy(&text), TAIL_LINES));
    bail!(
        "{what} failed ({status}): `{}`; the whole log is {}",
        shown(command),
        log.display()
    )
}

/// Runs a command on the user's terminal.
///
/// # Errors
/// The command can't be started or fails.
pub(crate) fn run_shown(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("can't start `{}`", shown(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", shown(command));
    }
    Ok(())
}

/// A command as a user would type it; the folder of its program is left out.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy();
    let mut text = name.into_owned();
    for arg in command.get_args() {
        let arg = arg.to_string_lossy();
        text.push(' ');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@%".contains(c);
        if !arg.is_empty() && arg.chars().all(plain) {
            text.push_str(&arg);
        } else {
            text.push_str(&format!("'{}'", arg.replace('\'', r"'\''")));
        }
    }
    text
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

struct Spinner {
    bar: Option<ProgressBar>,
    what: String,
    stopwatch: Stopwatch,
}

impl Spinner {
    fn start(what: &str) -> Self {
        let bar = stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
                .expect("the template is a constant that names known keys");
            let bar = ProgressBar::new_spinner()
                .with_style(style)
                .with_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            note(format!("{what} …"));
        }
        Self {
            bar,
            what: what.to_owned(),
            stopwatch: Stopwatch::start(),
        }
    }

    fn stop(self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        note(format!(
            "{} took {:.1} s",
            self.what,
            self.stopwatch.elapsed().as_secs_f64()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_so_that_it_can_be_pasted() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["clippy", "--features", "ros", "-D", "two words", ""]);
        assert_eq!(shown(&command), "cargo clippy --features ros -D 'two words' ''");
    }

    #[test]
    fn a_failing_command_names_itself_and_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("deep/step.log");
        let error = run_logged("a step", Command::new("sh").args(["-c", "exit 3"]), &log).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("a step failed") && text.contains("exit status: 3"),
            "{text}"
        );
        assert!(text.contains("step.log"), "{text}");
    }

    #[test]
    fn tail_keeps_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }
}
