//! The launch files of this workspace as they stand: the default cell, and the desk arm.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use servomesh_cli::launch::{self, Argument, Host, LaunchError, Plan};

const EXECUTABLES: [&str; 6] = ["sim", "driver", "estimator", "trajectory", "safety", "visualizer"];

fn launch_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../launch")
}

/// Resolves the cell's file.
fn resolve(arguments: &[&str]) -> Result<Plan, LaunchError> {
    resolve_file("cell.launch.xml", arguments)
}

/// Resolves a file on a machine where nothing is installed and the executables lie beside `servomesh`.
fn resolve_file(name: &str, arguments: &[&str]) -> Result<Plan, LaunchError> {
    let folder = tempfile::tempdir().expect("a folder");
    for name in EXECUTABLES {
        let file = folder.path().join(name);
        std::fs::write(&file, "").expect("a file");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("permissions");
    }
    let host = Host {
        executables: Some(folder.path().to_owned()),
        ..Host::default()
    };
    let arguments = arguments
        .iter()
        .map(|text| launch::argument(text))
        .collect::<Result<Vec<_>, _>>()?;
    launch::resolve(&launch_folder().join(name), &arguments, &host)
}

/// A parameter that the launch file itself gives to a node.
fn parameter(plan: &Plan, label: &str, name: &str) -> Option<String> {
    let process = plan
        .processes
        .iter()
        .find(|process| process.label == label)
        .expect(label);
    process.command.iter().find_map(|argument| match argument {
        Argument::Parameters(parameters) => parameters.values.get(name).map(ToString::to_string),
        Argument::Text(_) => None,
    })
}

#[test]
fn every_node_runs_once_and_comes_back() {
    let plan = resolve(&[]).expect("the file resolves");
    let labels: Vec<_> = plan
        .processes
        .iter()
        .map(|process| process.label.as_str())
        .collect();
    let drivers = ["arm_driver", "gripper_driver", "conveyor_driver"];
    let others = ["estimator", "trajectory", "safety", "visualizer"];
    assert_eq!(labels, [&["sim"][..], &drivers, &others].concat());
    for process in &plan.processes {
        assert_eq!(
            process.respawn.map(|respawn| respawn.delay.as_millis()),
            Some(500),
            "{}",
            process.label
        );
    }
}

#[test]
fn the_desk_arm_needs_a_port_and_lives_in_real_time() {
    let error = resolve_file("desk.launch.xml", &[]).expect_err("no port was given");
    assert!(error.to_string().contains("argument `port`"), "{error}");
    let plan = resolve_file("desk.launch.xml", &["port:=/dev/ttyUSB0"]).expect("the file resolves");
    assert_eq!(
        parameter(&plan, "desk_driver", "port").as_deref(),
        Some("\"/dev/ttyUSB0\"")
    );
    for process in &plan.processes {
        assert_eq!(
            parameter(&plan, &process.label, "use_sim_time"),
            None,
            "{}",
            process.label
        );
    }
}

#[test]
fn time_comes_from_the_simulation() {
    let plan = resolve(&[]).expect("the file resolves");
    for process in &plan.processes {
        let expected = (process.label != "sim").then(|| "true".to_owned());
        assert_eq!(
            parameter(&plan, &process.label, "use_sim_time"),
            expected,
            "{}",
            process.label
        );
    }
}

#[test]
fn arguments_reach_their_nodes() {
    let arguments = [
        "speed:=0",
        "lockstep:=false",
        "viewer:=true",
        "record:=/tmp/a.rrd",
        "namespace:=left",
    ];
    let plan = resolve(&arguments).expect("the file resolves");
    assert_eq!(parameter(&plan, "sim", "speed").as_deref(), Some("0.0"));
    assert_eq!(parameter(&plan, "sim", "lockstep").as_deref(), Some("false"));
    assert_eq!(parameter(&plan, "visualizer", "viewer").as_deref(), Some("true"));
    assert_eq!(
        parameter(&plan, "visualizer", "record").as_deref(),
        Some("\"/tmp/a.rrd\"")
    );
    let namespace = Argument::Text("__ns:=/left".to_owned());
    assert!(
        plan.processes
            .iter()
            .all(|process| process.command.contains(&namespace))
    );
}

#[test]
fn every_file_that_is_named_exists() {
    let plan = resolve(&[]).expect("the file resolves");
    for process in &plan.processes {
        for argument in &process.command {
            let Argument::Parameters(parameters) = argument else {
                continue;
            };
            for (name, value) in parameters
                .values
                .iter()
                .filter(|(name, _)| name.ends_with("_file"))
            {
                let path = value.to_string();
                if name.as_str() == "buses_file" && path == "\"\"" {
                    continue; // no byte buses unless somebody names them
                }
                assert!(
                    Path::new(path.trim_matches('"')).is_file(),
                    "{} {name}: {path}",
                    process.label
                );
            }
        }
        for profile in process.environment.values().flatten() {
            assert!(Path::new(profile).is_file(), "{profile}");
        }
    }
}

#[test]
fn every_section_of_the_parameter_file_is_for_a_node_that_runs() {
    let text = std::fs::read_to_string(launch_folder().join("config/cell.yaml")).expect("the file");
    let sections: std::collections::BTreeMap<String, serde_norway::Value> =
        serde_norway::from_str(&text).expect("a parameter file");
    let plan = resolve(&[]).expect("the file resolves");
    let labels: BTreeSet<_> = plan
        .processes
        .iter()
        .map(|process| process.label.as_str())
        .collect();
    for section in sections.keys() {
        assert!(labels.contains(section.as_str()), "{section}");
    }
}
