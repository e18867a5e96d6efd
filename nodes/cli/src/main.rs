//! The `servomesh` command line.

mod assign;
mod devices;
#[cfg(feature = "ros")]
mod fault;
mod run;
mod scan;
#[cfg(feature = "ros")]
mod tuning;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use servomesh_cli::process::{Console, Limits, Options};
use servomesh_cli::{launch, print, process};

/// Exit code for a launch file or arguments that cannot be used (`EX_CONFIG` of sysexits.h).
const EX_CONFIG: u8 = 78;
/// Exit code for a program that cannot be executed, as shells have it.
const NOT_FOUND: u8 = 127;

/// Moves machines built from servos.
#[derive(Parser)]
#[command(name = "servomesh", version)]
struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    Up(Up),
    Run(run::Run),
    Devices(devices::Devices),
    Scan(scan::Scan),
    Assign(assign::Assign),
    #[cfg(feature = "ros")]
    Fault(fault::Fault),
    #[cfg(feature = "ros")]
    Tune(tuning::Tune),
    /// Becomes another program that dies with the process `parent`.
    #[command(name = "__exec", hide = true)]
    Exec {
        parent: u32,
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
}

/// Start everything that a launch file describes, and keep it running.
///
/// Reads ROS 2 launch XML (a subset; whatever is outside it is an error that names the line) and means by it what
/// `ros2 launch` means. Each process's output comes line by line, behind its name.
///
/// A process with respawn="true" that ends is started again, with growing delay; one that ends too often, or with exit
/// code 78 (wrong configuration), is given up while the others run on. A process without it that fails stops all.
/// Ctrl-C stops all: SIGINT, after 5 s SIGTERM, after 5 s more SIGKILL; Ctrl-C again goes one step on at once.
///
/// Exit code: 0 after an orderly end, 1 if a process failed for good, 78 if the launch file cannot be used.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh up launch/cell.launch.xml                      start the cell
  servomesh up launch/cell.launch.xml speed:=0 viewer:=true   … as fast as possible, with a live viewer
  servomesh up --show-args launch/cell.launch.xml          what can be set
  servomesh up --print launch/cell.launch.xml              what would be started, and with which parameters")]
struct Up {
    /// Show the commands and parameters that the file resolves to, and start nothing.
    #[arg(long, short)]
    print: bool,
    /// With --print: as JSON.
    #[arg(long, requires = "print")]
    json: bool,
    /// Show the arguments that the file takes.
    #[arg(long, short, conflicts_with = "print")]
    show_args: bool,
    /// Restarts of one process that are allowed within --restart-window.
    #[arg(long, value_name = "N", default_value_t = Limits::default().restarts_max)]
    max_restarts: u32,
    /// Time over which restarts are counted, in seconds.
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    restart_window: Duration,
    /// The launch file.
    #[arg(value_name = "FILE.launch.xml")]
    file: PathBuf,
    /// Arguments of the launch file; the last of one name counts.
    #[arg(value_name = "NAME:=VALUE")]
    arguments: Vec<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let result = match Command::parse().action {
        Action::Up(up) => up.run(),
        Action::Run(run) => run.run(),
        Action::Devices(devices) => devices.run(),
        Action::Scan(scan) => scan.run(),
        Action::Assign(assign) => assign.run(),
        #[cfg(feature = "ros")]
        Action::Fault(fault) => fault.run(),
        #[cfg(feature = "ros")]
        Action::Tune(tune) => tune.run(),
        Action::Exec { parent, command } => {
            let error = process::replace_by(parent, &command);
            eprintln!("servomesh: error: cannot start `{}`: {error}", command.join(" "));
            Ok(ExitCode::from(NOT_FOUND))
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("servomesh: error: {error:#}");
        if error.is::<launch::LaunchError>() || error.is::<servomesh_cli::program::ProgramError>() {
            ExitCode::from(EX_CONFIG)
        } else {
            ExitCode::FAILURE
        }
    })
}

impl Up {
    fn run(&self) -> anyhow::Result<ExitCode> {
        if self.show_args {
            print!("{}", print::arguments(&launch::read(&self.file)?));
            return Ok(ExitCode::SUCCESS);
        }
        let arguments = self
            .arguments
            .iter()
            .map(|text| launch::argument(text))
            .collect::<Result<Vec<_>, _>>()?;
        let plan = launch::resolve(&self.file, &arguments, &launch::Host::current())?;
        if self.print {
            if self.json {
                println!("{}", print::plan_json(&plan));
            } else {
                print!("{}", print::plan(&plan));
            }
            return Ok(ExitCode::SUCCESS);
        }
        let limits = Limits {
            restarts_max: self.max_restarts,
            window: self.restart_window,
            ..Limits::default()
        };
        let options = Options {
            limits,
            ..Options::default()
        };
        // One thread, this one: processes die with the thread that started them.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("runtime")?;
        let summary = runtime.block_on(process::supervise(&plan, &options, &mut Console::standard()))?;
        Ok(if summary.failures.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        })
    }
}
