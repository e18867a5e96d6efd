//! The JSON schema of programs says what the parser does: the sample programs are valid, wrong ones are not, and the file in
//! the tree is the schema of this code.

#![allow(clippy::unwrap_used)] // a test that fails says where

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::Value;
use servomesh_cli::program::{Program, schema};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../launch/programs")
}

fn programs() -> Vec<(PathBuf, String)> {
    let files = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut programs: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
        .collect();
    programs.sort();
    assert!(programs.len() >= 3, "there are sample programs in {:?}", folder());
    programs
}

struct Oracle {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Oracle {
    fn new() -> Self {
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let schema: Value = serde_json::from_str(&schema()).unwrap();
        compiler.add_resource("program.schema.json", schema).unwrap();
        let index = compiler.compile("program.schema.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn check(&self, yaml: &str) -> Result<(), String> {
        let value: Value = serde_norway::from_str(yaml).map_err(|error| error.to_string())?;
        let checked = self.schemas.validate(&value, self.index);
        checked.map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn the_file_in_the_tree_is_the_schema_of_this_code() {
    let file = std::fs::read_to_string(folder().join("program.schema.json")).unwrap();
    assert!(
        file == schema(),
        "make it anew: servomesh run --schema > launch/programs/program.schema.json"
    );
}

#[test]
fn every_sample_program_is_valid_and_names_its_schema() {
    let oracle = Oracle::new();
    for (path, text) in programs() {
        let head = "# yaml-language-server: $schema=program.schema.json\n";
        assert!(text.starts_with(head), "{path:?}");
        Program::parse(&text, &path).unwrap();
        oracle
            .check(&text)
            .unwrap_or_else(|error| panic!("{path:?}: {error}"));
    }
}

/// Every field of every step, in steps that are right.
const RIGHT: &[&str] = &[
    "follow: { group: arm, to: home, speed: 1 }",
    "follow: { through: [home, { a: 1 }] }",
    "move: { group: arm, to: { a: 1 }, speed: 0.1, acceleration: 1, synchronization: none }",
    "line: { group: arm, to: here, frame: f, tool: t, speed: 1, acceleration: 1, tool_speed: 1, tool_acceleration: 1, tool_jerk: 1 }",
    "line: { to: { xyz: [0, 0, 0], rpy: [0, 0, 0], frame: f } }",
    "line: { to: { xyz: [0, 0, 0], quaternion: [0, 0, 0, 1] } }",
    "circle: { via: here, to: here, rpy: [0, 0, 0] }",
    "circle: { centre: [0, 0, 0], axis: [0, 0, 1], angle: -3, quaternion: [0, 0, 0, 1], tool_speed: 0.1 }",
    "path: { blend: 0.1, segments: [ { joint: { to: home, corner: through } }, { line: { to: here, blend: 1 } }, { circle: { via: here, to: here, corner: stop } } ] }",
    "run: { group: c, velocity: -1, acceleration: 0.5 }",
    "grip: { group: g, position: 0.1, max_effort: 0 }",
    "wait: { seconds: 1 }",
    "wait: { event: { kind: goal aborted, group: arm, text: x }, timeout: 1 }",
    "wait: { joint: { group: arm, name: a, above: 1 }, timeout: 1 }",
    "wait: { joint: { group: arm, below: 1 } }",
    "wait: { joint: { group: arm, travels: 1 } }",
    "speed: { group: arm, scale: 0 }",
    "together: [ { line: { to: here } }, { grip: { group: g, position: 0 } }, { wait: { seconds: 1 } }, { speed: { scale: 1 } } ]",
    "track: { group: arm, frame: f, tool: t, steps: [ { line: { to: here } }, { together: [ { run: { group: c, velocity: 1 } } ] } ] }",
    "loop: { times: 2, steps: [ { loop: { forever: true, steps: [ { wait: { seconds: 1 } } ] } } ] }",
];

/// Steps that are wrong by their form alone.
const WRONG: &[&str] = &[
    "folow: { to: home }",
    "follow: {}",
    "follow: { to: home, through: [home] }",
    "follow: { through: [] }",
    "follow: { to: home, speed: 1.1 }",
    "move: { to: 1 }",
    "move: { to: home, speed: 0 }",
    "move: { to: home, speed: \"1\" }",
    "move: { to: home, sped: 1 }",
    "move: { to: home, synchronization: both }",
    "move: { to: {} }",
    "move: { to: { a: 2e7 } }",
    "line: { to: { xyz: [0, 0] } }",
    "line: { to: { xyz: [0, 0, 0, 0] } }",
    "line: { to: { xyz: [0, 0, 1e9] } }",
    "line: { to: { xyz: [0, 0, 0], rpy: [0, 0, 0], quaternion: [0, 0, 0, 1] } }",
    "line: { to: { rpy: [0, 0, 0] } }",
    "line: { to: here, tool_speed: 0 }",
    "circle: { via: here }",
    "circle: { via: here, to: here, angle: 1 }",
    "circle: { centre: here, axis: [0, 0, 1] }",
    "circle: { centre: here, axis: [0, 0, 1], angle: 1, rpy: [0, 0, 0], quaternion: [0, 0, 0, 1] }",
    "path: { segments: [] }",
    "path: { segments: [ { wait: { seconds: 1 } } ] }",
    "path: { segments: [ { line: { to: here, speed: 1 } } ] }",
    "path: { segments: [ { line: { to: here, blend: 1, corner: stop } } ] }",
    "path: { segments: [ { line: { to: here, corner: round } } ] }",
    "run: { group: c }",
    "grip: { position: 1 }",
    "grip: { group: g, position: 0, max_effort: -1 }",
    "wait: {}",
    "wait: { seconds: 0 }",
    "wait: { seconds: 1, timeout: 1 }",
    "wait: { seconds: 1, event: {} }",
    "wait: { event: { kind: gone } }",
    "wait: { joint: { group: arm } }",
    "wait: { joint: { group: arm, above: 1, below: 2 } }",
    "speed: { scale: 1.1 }",
    "speed: {}",
    "together: []",
    "together: [ { loop: { times: 1, steps: [ { wait: { seconds: 1 } } ] } } ]",
    "track: { steps: [ { line: { to: here } } ] }",
    "track: { frame: f, steps: [ { move: { to: home } } ] }",
    "loop: { steps: [ { wait: { seconds: 1 } } ] }",
    "loop: { times: 0, steps: [ { wait: { seconds: 1 } } ] }",
    "loop: { times: 1.5, steps: [ { wait: { seconds: 1 } } ] }",
    "loop: { forever: false, steps: [ { wait: { seconds: 1 } } ] }",
    "{ wait: { seconds: 1 }, speed: { scale: 1 } }",
    "wait",
];

fn whole(step: &str) -> String {
    let head =
        "name: x\ngroup: arm\nposes: { home: { a: 0 } }\nplaces: { here: { xyz: [0, 0, 0] } }\nsteps:\n";
    format!("{head}  - {step}\n")
}

#[test]
fn the_schema_and_the_parser_agree_on_right_and_wrong_steps() {
    let oracle = Oracle::new();
    let parse = |text: &str| Program::parse(text, Path::new("p.yaml")).map_err(|error| error.to_string());
    for step in RIGHT {
        let text = whole(step);
        assert_eq!(
            (oracle.check(&text), parse(&text).map(|_| ())),
            (Ok(()), Ok(())),
            "{step}"
        );
    }
    for step in WRONG {
        let text = whole(step);
        assert!(oracle.check(&text).is_err(), "the schema takes {step}");
        assert!(parse(&text).is_err(), "the parser takes {step}");
    }
    for text in [
        "name: x\n",
        "name: x\nsteps: []\n",
        "steps: [ { wait: { seconds: 1 } } ]\n",
        "name: x\nsteps: [ { wait: { seconds: 1 } } ]\nmore: 1\n",
        "name: x\nposes: { home: { a: b } }\nsteps: [ { wait: { seconds: 1 } } ]\n",
        "name: x\nplaces: { here: {} }\nsteps: [ { wait: { seconds: 1 } } ]\n",
        "- 1\n",
    ] {
        assert!(oracle.check(text).is_err() && parse(text).is_err(), "{text}");
    }
}

#[test]
fn right_steps_use_every_field_there_is() {
    let text: String = RIGHT.iter().map(|step| whole(step)).collect();
    let schema: Value = serde_json::from_str(&schema()).unwrap();
    let mut open = vec![&schema];
    let mut names = 0;
    while let Some(value) = open.pop() {
        let properties = value.get("properties").and_then(Value::as_object);
        for name in properties.into_iter().flat_map(|map| map.keys()) {
            names += 1;
            assert!(text.contains(&format!("{name}:")), "no right step has {name}");
        }
        match value {
            Value::Object(map) => open.extend(map.values()),
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    assert!(names > 80, "{names}");
}
