//! A ping and its echo as two processes: starts them, reads the ping's samples, ends both.
//!
//! **Invariant:** no process outlives its turn: an echo ends by itself when nobody asks any more, and is killed if the
//! ping failed.

use anyhow::{Context, Result, ensure};
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const PERIOD_NS: u64 = 1_000_000;
/// Domains up to 101 have ports that Linux gives to nobody else; a robot's own is usually 0.
const DOMAIN: &str = "97";

/// How to start a ping and its echo.
pub(crate) struct Pair {
    program: PathBuf,
    ping: Vec<String>,
    echo: Vec<String>,
    transport: Option<PathBuf>,
    prefix: Vec<String>,
}

impl Pair {
    /// One program in two roles; to the ping's arguments come the number of samples and the period.
    pub(crate) fn new(program: &Path, ping: &[&str], echo: &[&str]) -> Self {
        let owned = |args: &[&str]| args.iter().map(|&arg| arg.to_owned()).collect();
        Self {
            program: program.to_owned(),
            ping: owned(ping),
            echo: owned(echo),
            transport: None,
            prefix: Vec::new(),
        }
    }

    /// The same with a Fast DDS profile.
    pub(crate) fn with_transport(mut self, profile: &Path) -> Self {
        self.transport = Some(profile.to_owned());
        self
    }

    /// The same started through another command, as a launch file's `launch-prefix` does.
    pub(crate) fn with_prefix(mut self, words: &[String]) -> Self {
        self.prefix = words.to_vec();
        self
    }

    /// Takes one turn: round trips in nanoseconds in the order sent, `None` for a sample without an answer.
    pub(crate) fn run(&self, samples: usize) -> Result<Vec<Option<u64>>> {
        let mut echo = Running(
            self.command(&self.echo)
                .stdout(Stdio::null())
                .spawn()
                .context("start the echo")?,
        );
        let mut ping = self.command(&self.ping);
        ping.args([samples.to_string(), PERIOD_NS.to_string()]);
        let output = ping.stderr(Stdio::inherit()).output().context("start the ping")?;
        ensure!(output.status.success(), "the ping ended with {}", output.status);
        let status = echo.0.wait().context("wait for the echo")?;
        ensure!(status.success(), "the echo ended with {status}");
        let text = String::from_utf8(output.stdout).context("the ping's samples")?;
        text.lines().map(round_trip).collect()
    }

    /// Only what is measured differs between two contestants: nothing of the caller's own tuning gets in.
    fn command(&self, args: &[String]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .stdin(Stdio::null())
            .env("ROS_DOMAIN_ID", DOMAIN);
        for tuning in [
            "FASTDDS_BUILTIN_TRANSPORTS",
            "FASTDDS_DEFAULT_PROFILES_FILE",
            "FASTRTPS_DEFAULT_PROFILES_FILE",
            "RMW_FASTRTPS_PUBLICATION_MODE",
            "RMW_FASTRTPS_USE_QOS_FROM_XML",
            "ROS_AUTOMATIC_DISCOVERY_RANGE",
            "ROS_LOCALHOST_ONLY",
        ] {
            command.env_remove(tuning);
        }
        if let Some(profile) = &self.transport {
            command.env("FASTRTPS_DEFAULT_PROFILES_FILE", profile);
        }
        command
    }
}

/// Starts a command with real-time priority, every thread on the last core; `None` where this user may not.
pub(crate) fn real_time_prefix() -> Option<Vec<String>> {
    let last_core = std::thread::available_parallelism().map_or(0, |cores| cores.get() - 1);
    let words = ["taskset", "-c", &last_core.to_string(), "chrt", "-f", "40"].map(str::to_owned);
    let tried = Command::new(&words[0])
        .args(&words[1..])
        .arg("true")
        .stderr(Stdio::null())
        .status();
    tried.is_ok_and(|status| status.success()).then(|| words.to_vec())
}

/// A process that is killed if it is dropped before its end.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.0.try_wait() {
            // It may end between the question and the kill: then there is nothing left to do.
            self.0.kill().ok();
            self.0.wait().ok();
        }
    }
}

fn round_trip(line: &str) -> Result<Option<u64>> {
    let ns: i64 = line.parse().with_context(|| format!("sample {line:?}"))?;
    Ok(u64::try_from(ns).ok())
}

/// A UDP port that is free now; the floor takes it a moment later.
pub(crate) fn free_port() -> Result<String> {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).context("a free UDP port")?;
    Ok(socket.local_addr().context("its number")?.port().to_string())
}

#[cfg(test)]
mod tests {
    use super::round_trip;

    #[test]
    fn a_negative_sample_is_a_lost_one_and_anything_else_an_error() {
        assert_eq!(round_trip("52000").ok(), Some(Some(52_000)));
        assert_eq!(round_trip("-1").ok(), Some(None));
        assert!(round_trip("52 µs").is_err());
    }
}
