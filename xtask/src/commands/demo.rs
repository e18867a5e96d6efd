//! `cargo xtask demo`: the default cell at work, on a laptop.
//!
//! Two processes: `servomesh up` starts the nodes and the simulated hardware, `servomesh run` gives them a program to
//! carry out. The demo lasts until the program ends, one of the two fails, or it is interrupted; then it stops what is
//! left.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build;
use crate::children::{Children, Ended};
use crate::domain::Domain;
use crate::progress::note;
use crate::ros;
use crate::workspace::Workspace;

/// The viewer, of the version that the visualizer logs with.
const VIEWER: &str = "rerun-sdk==0.36.3";

const CELL: &str = "the cell";
const PROGRAM: &str = "the program";

/// Options of `cargo xtask demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show it in a web browser instead of a window; the address is printed
    #[arg(long)]
    web: bool,
    /// How fast simulated time goes: 2 is twice real time
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// What the cell does: a file of launch/programs/, without its ending
    #[arg(long, default_value = "line")]
    program: String,
    /// Also record what is shown to this file (.rrd)
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,
}

/// Where the demo is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum View {
    Window,
    Web,
    Nowhere,
}

impl View {
    /// A window needs a display.
    fn choose(web: bool, display: bool) -> Self {
        match (web, display) {
            (true, _) => Self::Web,
            (false, true) => Self::Window,
            (false, false) => Self::Nowhere,
        }
    }

    /// As the launch file's argument.
    fn name(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Web => "web",
            Self::Nowhere => "none",
        }
    }
}

/// Runs the demo.
///
/// # Errors
/// Set-up or the build fails, there is no such program, or a process of the demo fails.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let programs = workspace.root().join("launch/programs");
    let program = find_program(&programs, &args.program)?;
    let ros = build::run(workspace)?;
    let view = View::choose(args.web, has_display());
    match view {
        View::Nowhere => note("no display: nothing is shown; --web shows it in a browser"),
        View::Window | View::Web => ros::add_package(workspace, VIEWER)?,
    }
    let domain = Domain::take()?;
    note(format!(
        "ROS domain {}: another terminal joins with export ROS_DOMAIN_ID={0}",
        domain.id()
    ));

    let servomesh = workspace.target_dir().join("release/servomesh");
    let command = |arguments: &[String]| {
        let mut command = Command::new(&servomesh);
        ros.apply(command.current_dir(workspace.root()).args(arguments));
        command.env("ROS_DOMAIN_ID", domain.id().to_string());
        // A demo on an office network must not move the neighbour's machine. The second name is Humble's.
        command
            .env("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
            .env("ROS_LOCALHOST_ONLY", "1");
        command
    };
    let mut children = Children::new()?;
    children.start(CELL, &mut command(&up_arguments(args, view)?))?;
    children.start(
        PROGRAM,
        &mut command(&["run".into(), program.display().to_string()]),
    )?;
    note("the cell runs; stop it with Ctrl-C");
    let ended = children.wait_for_first();
    children.stop_all();
    match ended? {
        Ended::Interrupted => {
            note("interrupted");
            Ok(())
        }
        Ended::Child {
            name: PROGRAM,
            status,
        } if status.success() => {
            note("the program has ended");
            Ok(())
        }
        Ended::Child {
            name: PROGRAM,
            status,
        } => bail!("the program failed ({status})"),
        Ended::Child { name, status } => bail!("{name} ended before the program did ({status})"),
    }
}

/// The arguments of `servomesh`: the launch file and its arguments' values.
fn up_arguments(args: &Args, view: View) -> Result<Vec<String>> {
    let mut arguments = vec!["up".to_owned(), "launch/cell.launch.xml".to_owned()];
    arguments.push(format!("view:={}", view.name()));
    arguments.push(format!("speed:={}", args.speed));
    if let Some(record) = &args.record {
        let record = std::path::absolute(record).context("can't tell where to record")?;
        arguments.push(format!("record:={}", record.display()));
    }
    Ok(arguments)
}

fn find_program(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = folder.join(format!("{name}.yaml"));
    if path.is_file() {
        return Ok(path);
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("no programs: {}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            Some(
                entry
                    .ok()?
                    .file_name()
                    .to_str()?
                    .strip_suffix(".yaml")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    bail!(
        "no program `{name}` in {}; there are: {}",
        folder.display(),
        names.join(", ")
    )
}

fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| env::var_os(name).is_some_and(|value| !value.is_empty()))
}

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if speed.is_finite() && speed > 0.0 => Ok(speed),
        _ => Err("a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewer_is_of_the_visualizers_version() {
        let manifest = std::fs::read_to_string(Workspace::find().root().join("Cargo.toml")).unwrap();
        let version = VIEWER.split_once("==").unwrap().1;
        assert!(
            manifest.contains(&format!("rerun = {{ version = \"{version}\"")),
            "{VIEWER}"
        );
    }

    #[test]
    fn a_window_needs_a_display() {
        assert_eq!(View::choose(false, true), View::Window);
        assert_eq!(View::choose(false, false), View::Nowhere);
        assert_eq!(View::choose(true, false), View::Web);
    }

    #[test]
    fn a_wrong_program_is_answered_with_the_right_ones() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("line.yaml"), "").unwrap();
        assert!(find_program(folder.path(), "line").is_ok());
        let error = find_program(folder.path(), "lime").unwrap_err().to_string();
        assert!(error.contains("there are: line"), "{error}");
    }

    #[test]
    fn time_goes_forward() {
        assert_eq!(speed("2"), Ok(2.0));
        assert!(speed("0").is_err() && speed("-1").is_err() && speed("NaN").is_err());
    }
}
