//! The steps in their order: a person waits least for what fails most.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{Bench, Ended, colcon};
use crate::commands::build;
use crate::progress::{note, run_shown, shown};
use crate::wheels;

/// One check.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) checks: &'static str,
    pub(super) run: fn(&Bench<'_>) -> Result<Ended>,
}

/// All of them.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        checks: "the code is formatted",
        run: fmt,
    },
    Step {
        name: "typos",
        checks: "words are spelled right",
        run: typos,
    },
    Step {
        name: "deny",
        checks: "licences, sources and bans of dependencies (needs cargo-deny)",
        run: deny,
    },
    Step {
        name: "cores",
        checks: "tests and doctests of all that needs no ROS, with none in sight",
        run: cores,
    },
    Step {
        name: "clippy",
        checks: "lints of everything, shells included",
        run: clippy,
    },
    Step {
        name: "docs",
        checks: "the documentation builds and its links lead somewhere",
        run: docs,
    },
    Step {
        name: "shell",
        checks: "tests of the ROS adapter against real ROS 2",
        run: shell,
    },
    Step {
        name: "masters",
        checks: "the simulated devices, driven by the SDKs of servos' makers and by python's canopen",
        run: masters,
    },
    Step {
        name: "build",
        checks: "the nodes build as they run on a machine",
        run: release,
    },
    Step {
        name: "processes",
        checks: "messages and running nodes, seen by rclpy",
        run: processes,
    },
    Step {
        name: "colcon",
        checks: "colcon builds and installs the packages",
        run: colcon::run,
    },
];

pub(super) fn names() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

fn fmt(bench: &Bench<'_>) -> Result<Ended> {
    passes(bench.workspace.cargo().args(["fmt", "--all", "--check"]))
}

fn typos(bench: &Bench<'_>) -> Result<Ended> {
    let mut typos = Command::new("typos");
    passes(bench.ros()?.apply(typos.current_dir(bench.workspace.root())))
}

fn deny(bench: &Bench<'_>) -> Result<Ended> {
    let mut version = bench.workspace.cargo();
    version
        .args(["deny", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !version.status().is_ok_and(|status| status.success()) {
        return Ok(Ended::Skipped(
            "cargo-deny is not installed (cargo install cargo-deny)",
        ));
    }
    passes(
        bench
            .workspace
            .cargo()
            .args(["deny", "check", "licenses", "bans", "sources"]),
    )
}

/// Without the variables of any ROS, so that a core that needs one can't pass.
fn cores(bench: &Bench<'_>) -> Result<Ended> {
    let mut cargo = bench.workspace.cargo();
    for variable in [
        "ROS_DISTRO",
        "AMENT_PREFIX_PATH",
        "CMAKE_PREFIX_PATH",
        "LD_LIBRARY_PATH",
        "PYTHONPATH",
    ] {
        cargo.env_remove(variable);
    }
    passes(cargo.args(["test", "--locked", "--workspace"]))
}

fn clippy(bench: &Bench<'_>) -> Result<Ended> {
    let mut cargo = bench.workspace.cargo();
    cargo.args([
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--features",
        "ros",
        "--",
        "-D",
        "warnings",
    ]);
    passes(bench.ros()?.apply(&mut cargo))
}

fn docs(bench: &Bench<'_>) -> Result<Ended> {
    let mut cargo = bench.workspace.cargo();
    cargo.args(["doc", "--locked", "--workspace", "--no-deps", "--features", "ros"]);
    passes(bench.ros()?.apply(&mut cargo).env("RUSTDOCFLAGS", "-D warnings"))
}

fn shell(bench: &Bench<'_>) -> Result<Ended> {
    let mut cargo = bench.workspace.cargo();
    cargo.args([
        "test",
        "--locked",
        "--package",
        "servomesh_shell",
        "--features",
        "ros",
    ]);
    passes(alone(bench, &mut cargo)?)
}

/// Needs no ROS: the devices and the masters' wheels only.
fn masters(bench: &Bench<'_>) -> Result<Ended> {
    let root = bench.workspace.root();
    let tests = root.join("sim/devices/tests/masters");
    passes(bench.workspace.cargo().args([
        "build",
        "--locked",
        "--workspace",
        "--bin",
        "devices",
        "--bin",
        "servomesh",
    ]))?;
    let requirements = std::fs::read_to_string(tests.join("requirements.txt"))
        .with_context(|| format!("can't read the requirements in {}", tests.display()))?;
    let python = wheels::environment(bench.workspace, "masters", &wheels::packages(&requirements))?;
    let mut pytest = Command::new(python);
    pytest
        .current_dir(root)
        .args(["-m", "pytest", "-p", "no:cacheprovider"])
        .arg(&tests);
    passes(
        pytest
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("SERVOMESH_BIN_DIR", bench.workspace.target_dir().join("debug")),
    )
}

fn release(bench: &Bench<'_>) -> Result<Ended> {
    passes(
        bench
            .ros()?
            .apply(bench.workspace.cargo().args(build::CARGO_ARGS)),
    )
}

fn processes(bench: &Bench<'_>) -> Result<Ended> {
    let root = bench.workspace.root();
    let mut pytest = Command::new(bench.ros()?.python());
    pytest
        .current_dir(root)
        .args(["-m", "pytest", "-p", "no:cacheprovider", "msgs"]);
    if root.join("nodes/tests").is_dir() {
        pytest.arg("nodes/tests");
    }
    let binaries = bench.workspace.target_dir().join("release");
    passes(alone(bench, &mut pytest)?.env("SERVOMESH_BIN_DIR", binaries))
}

/// A command with ROS 2 that hears this run's nodes and no others.
fn alone<'a>(bench: &Bench<'_>, command: &'a mut Command) -> Result<&'a mut Command> {
    let domain = bench.domain()?;
    Ok(domain.confine(bench.ros()?.apply(command), bench.workspace))
}

/// Runs a step's command; the command is printed first, so that it can be pasted.
pub(super) fn passes(command: &mut Command) -> Result<Ended> {
    note(format!("$ {}", shown(command)));
    run_shown(command)?;
    Ok(Ended::Passed)
}

/// Fails unless a file is there and can be run.
pub(super) fn runs(path: &std::path::Path, env: &crate::ros::RosEnv) -> Result<()> {
    let mut command = Command::new(path);
    let output = env.apply(command.arg("--help")).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("can't start {}", path.display()))?;
    if !output.status.success() {
        bail!(
            "{} --help failed: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_short() {
        let mut names = names();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STEPS.len());
        assert!(names.iter().all(|name| name.len() < 10));
    }
}
