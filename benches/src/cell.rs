//! Claims: the whole cell is up within 3 s, and a setpoint reaches the drives within 2 ms, 99 times of 100, at 500 Hz.
//!
//! The cell of `launch/cell.launch.xml`, all its processes, on the system clock (no lockstep: nobody waits for anybody), while the
//! line job runs. The limits stand in place of a peer. From birth to application a setpoint waits up to a millisecond
//! for the frame of the bus that it is meant for: that is in the figure.

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// From the command to the last node that is active [s].
const START_LIMIT_S: f64 = 3.0;
/// From `trajectory` to the bus frame [µs].
const SETPOINT_LIMIT_US: f64 = 2000.0;

/// Starts the cell `effort.rounds` times; runs the line job in the last.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let mut starts = Vec::new();
    for _ in 1..effort.rounds.max(1) {
        starts.push(Cell::start()?.started_s);
    }
    let cell = Cell::start()?;
    starts.push(cell.started_s);
    starts.sort_by(f64::total_cmp);
    let before = cell.cpu_s()?;
    #[expect(clippy::disallowed_methods, reason = "a bench measures")]
    let clock = Instant::now();
    let report = cell.run_line()?;
    let elapsed_s = clock.elapsed().as_secs_f64();
    let cores = cell
        .cpu_s()?
        .into_iter()
        .map(|(node, cpu_s)| {
            let used = cpu_s - before.get(&node).copied().unwrap_or(0.0);
            (node, used / elapsed_s)
        })
        .collect();
    ensure!(
        report.reached == report.goals,
        "{} of {} goals reached",
        report.reached,
        report.goals
    );

    let hops = report.hops.get("arm").context("no hops of the arm")?;
    let whole = hops.get("born → applied").context("no setpoint was applied")?;
    let lost = report.lost.get("arm_driver: command.lost").copied().unwrap_or(0);
    let figures = Figures {
        p50_us: whole.p50_us,
        p99_us: whole.p99_us,
        p999_us: whole.p999_us,
        worst_us: whole.max_us,
        sent: whole.count + lost,
        lost,
    };
    Ok(vec![
        Ratio {
            claim: "cell: from `servomesh up` to all nodes active, median".to_owned(),
            unit: "s",
            ours: starts[(starts.len() - 1) / 2],
            peer_name: "limit",
            peer: START_LIMIT_S,
            goal: 1.0,
            figures: BTreeMap::new(),
            cores: BTreeMap::new(),
        },
        Ratio {
            claim: "cell: setpoint born → applied, 500 Hz, 99 of 100".to_owned(),
            unit: "µs",
            ours: whole.p99_us,
            peer_name: "limit",
            peer: SETPOINT_LIMIT_US,
            goal: 1.0,
            figures: BTreeMap::from([("setpoint born → applied, arm", figures)]),
            cores,
        },
    ])
}

/// What `servomesh run --json` says.
#[derive(Deserialize)]
struct Report {
    goals: usize,
    reached: usize,
    hops: BTreeMap<String, BTreeMap<String, Hop>>,
    lost: BTreeMap<String, usize>,
}

#[derive(Deserialize)]
struct Hop {
    count: usize,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
    max_us: f64,
}

/// A running cell; ended when dropped.
struct Cell {
    up: Child,
    started_s: f64,
    _lines: std::thread::JoinHandle<()>,
}

impl Cell {
    fn start() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a bench measures")]
        let clock = Instant::now();
        // Nodes log to standard error, and `servomesh up` passes that on as it is.
        let mut up = Command::new("sh")
            .args(["-c", r#"exec "$0" "$@" 2>&1"#])
            .arg(servomesh()?)
            .args([
                "up",
                "launch/cell.launch.xml",
                "use_sim_time:=false",
                "lockstep:=false",
            ])
            .current_dir(workspace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("servomesh up")?;
        let mut lines = BufReader::new(up.stdout.take().context("servomesh up: no output")?).lines();
        let mut active = 0;
        while active < NODES {
            match lines.next() {
                Some(line) => active += usize::from(line?.contains(" is active")),
                None => bail!("servomesh up ended after {active} of {NODES} nodes were active"),
            }
        }
        let started_s = clock.elapsed().as_secs_f64();
        // Someone must go on reading, or the nodes would wait to be heard.
        let rest = std::thread::spawn(move || lines.for_each(drop));
        Ok(Self {
            up,
            started_s,
            _lines: rest,
        })
    }

    fn run_line(&self) -> Result<Report> {
        let output = Command::new(servomesh()?)
            .args(["run", "--quiet", "--json", "launch/programs/line.yaml"])
            .current_dir(workspace())
            .stderr(Stdio::inherit())
            .output()
            .context("servomesh run")?;
        let text = String::from_utf8_lossy(&output.stdout);
        let json = text
            .lines()
            .find(|line| line.starts_with('{'))
            .context("servomesh run said nothing")?;
        serde_json::from_str(json).context("servomesh run --json")
    }

    /// CPU time that each process of the cell has taken [s], by its node's name.
    fn cpu_s(&self) -> Result<BTreeMap<String, f64>> {
        let mut cpu = BTreeMap::new();
        for entry in std::fs::read_dir("/proc").context("/proc")? {
            let folder = entry.context("/proc")?.path();
            // Processes come and go; one that is gone is no part of the cell any more.
            let Some((parent, cpu_s)) = std::fs::read_to_string(folder.join("stat"))
                .ok()
                .as_deref()
                .and_then(stat)
            else {
                continue;
            };
            if parent != self.up.id() {
                continue;
            }
            let arguments = std::fs::read(folder.join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments);
            let name = arguments
                .split('\0')
                .find_map(|argument| argument.strip_prefix("__node:="));
            cpu.insert(name.unwrap_or("?").to_owned(), cpu_s);
        }
        Ok(cpu)
    }
}

impl Drop for Cell {
    fn drop(&mut self) {
        // Already gone: nothing to end.
        kill_process(Pid::from_child(&self.up), Signal::INT).ok();
        if let Err(error) = self.up.wait() {
            eprintln!("cell: servomesh up can't be waited for: {error}");
        }
    }
}

/// Parent and CPU time \[s\] of a line of `/proc/<pid>/stat` (proc(5): fields 4, 14 and 15, after the name in brackets).
fn stat(line: &str) -> Option<(u32, f64)> {
    let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: u64 = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
    Some((fields.get(1)?.parse().ok()?, ticks as f64 / TICKS_PER_SECOND))
}

fn workspace() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The command, beside this program.
fn servomesh() -> Result<PathBuf> {
    let path = std::env::current_exe()
        .context("path of this program")?
        .with_file_name("servomesh");
    ensure!(
        path.is_file(),
        "{} is not built: cargo xtask build",
        path.display()
    );
    Ok(path)
}

/// Processes of `cell.launch.xml`.
const NODES: usize = 8;

/// Linux shows CPU times in this unit on every architecture (`USER_HZ`).
const TICKS_PER_SECOND: f64 = 100.0;

#[cfg(test)]
mod tests {
    use super::stat;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let line = "42 (a (b) c) S 7 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 9 0 1 2";
        assert_eq!(stat(line), Some((7, 2.0)));
    }
}
