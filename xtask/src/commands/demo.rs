//! `cargo xtask demo`: the default cell at work, on a laptop.
//!
//! Two processes: `servomesh up` starts the nodes and the simulated hardware, `servomesh run` gives them a program to
//! carry out and prints what came of it. The picture is recorded; with a display, or with `--web`, a rerun viewer shows
//! it live and stays after the end. The demo fails, with the reason, if the program missed a goal or the cell failed.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow, bail};

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
const VIEWER_PROCESS: &str = "the viewer";

/// Where the visualizer serves live pictures; its parameter `viewer_port`.
const LIVE: &str = "rerun+http://127.0.0.1:9876/proxy";

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
    /// Record what is shown to this file (.rrd) [default: PROGRAM.rrd in the build folder]
    #[arg(long, value_name = "PATH")]
    record: Option<PathBuf>,
    /// Show nothing, even if there is a display
    #[arg(long, conflicts_with = "web")]
    no_viewer: bool,
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
}

/// Runs the demo.
///
/// # Errors
/// Set-up or the build fails, there is no such program, or a process of the demo fails.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Result<()> {
    let programs = workspace.root().join("launch/programs");
    let program = find_program(&programs, &args.program)?;
    let ros = build::run(workspace)?;
    let view = if args.no_viewer {
        View::Nowhere
    } else {
        View::choose(args.web, has_display())
    };
    match view {
        View::Nowhere if args.no_viewer => {}
        View::Nowhere => note("no display: the picture is only recorded; --web shows it in a browser"),
        View::Window | View::Web => ros::add_package(workspace, VIEWER)?,
    }
    let domain = Domain::take()?;
    note(format!(
        "ROS domain {}: another terminal joins with export ROS_DOMAIN_ID={0}",
        domain.id()
    ));

    let record = record_path(workspace, args)?;
    let viewer = ros.python().with_file_name("rerun");
    let apply = |command: &mut Command| {
        domain.confine(ros.apply(command.current_dir(workspace.root())), workspace);
    };
    let servomesh = workspace.target_dir().join("release/servomesh");
    let command = |arguments: &[String]| {
        let mut command = Command::new(&servomesh);
        apply(command.args(arguments));
        command
    };
    let mut children = Children::new()?;
    children.start(CELL, &mut command(&up_arguments(args, view, &record)))?;
    if let Some(arguments) = viewer_arguments(view) {
        let mut command = Command::new(&viewer);
        apply(command.args(arguments));
        children.start(VIEWER_PROCESS, &mut command)?;
    }
    children.start(
        PROGRAM,
        &mut command(&["run".into(), program.display().to_string()]),
    )?;
    note("the cell runs; stop it with Ctrl-C");
    let outcome = wait_for_program(&mut children);
    // The recording is whole only after the cell has ended in good order.
    children.stop(CELL);
    if record.is_file() {
        note(format!("recorded: {}", record.display()));
        note(how_to_look(&viewer, &record));
    }
    if let Some(failed) = outcome? {
        children.stop_all();
        return failed;
    }
    if children.any() {
        note("the viewer stays open; Ctrl-C or closing it ends the demo");
        children.wait_for_first()?;
    }
    Ok(())
}

/// Waits for the program's end. `None`: all went well; otherwise how the demo ends.
fn wait_for_program(children: &mut Children) -> Result<Option<Result<()>>> {
    loop {
        return Ok(match children.wait_for_first()? {
            Ended::Interrupted => {
                note("interrupted");
                Some(Ok(()))
            }
            Ended::Child {
                name: PROGRAM,
                status,
            } if status.success() => None,
            Ended::Child {
                name: PROGRAM,
                status,
            } => Some(Err(anyhow!(
                "the program failed ({status}); the reason stands above"
            ))),
            Ended::Child {
                name: VIEWER_PROCESS,
                status,
            } => {
                note(format!("the viewer was closed ({status}); the cell goes on"));
                continue;
            }
            Ended::Child { name, status } => {
                Some(Err(anyhow!("{name} ended before the program did ({status})")))
            }
        });
    }
}

fn record_path(workspace: &Workspace, args: &Args) -> Result<PathBuf> {
    let record = match &args.record {
        Some(path) => std::path::absolute(path).context("can't tell where to record")?,
        None => workspace
            .target_dir()
            .join("demo")
            .join(format!("{}.rrd", args.program)),
    };
    if let Some(folder) = record.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("can't create {}", folder.display()))?;
    }
    Ok(record)
}

/// The arguments of `servomesh`: the launch file and its arguments' values.
fn up_arguments(args: &Args, view: View, record: &Path) -> Vec<String> {
    vec![
        "up".to_owned(),
        "launch/cell.launch.xml".to_owned(),
        format!("viewer:={}", view != View::Nowhere),
        format!("speed:={}", args.speed),
        format!("record:={}", record.display()),
    ]
}

/// How a recording is looked at: with the viewer that was installed, or with one that is still to be.
fn how_to_look(viewer: &Path, record: &Path) -> String {
    if viewer.is_file() {
        format!("look at it again: {} {}", viewer.display(), record.display())
    } else {
        format!(
            "look at it: pip install {VIEWER}, then rerun {}",
            record.display()
        )
    }
}

/// The arguments of `rerun`, if it is to run.
fn viewer_arguments(view: View) -> Option<Vec<&'static str>> {
    match view {
        View::Window => Some(vec![LIVE]),
        View::Web => Some(vec!["--serve-web", "--bind", "127.0.0.1", LIVE]),
        View::Nowhere => None,
    }
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
    fn a_viewer_that_is_not_installed_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let (viewer, record) = (folder.path().join("rerun"), folder.path().join("line.rrd"));
        let advice = how_to_look(&viewer, &record);
        assert!(
            advice.contains(VIEWER) && !advice.contains(viewer.to_str().unwrap()),
            "{advice}"
        );
        std::fs::write(&viewer, "").unwrap();
        assert!(how_to_look(&viewer, &record).contains(viewer.to_str().unwrap()));
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
