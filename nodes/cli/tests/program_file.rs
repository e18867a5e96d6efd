//! What a program file means, and what is said of one that can't be.

#![allow(clippy::unwrap_used)] // a test that fails says where

use servomesh_cli::program::step::*;
use servomesh_cli::program::{Action, Goal, Machine, Order, Program, Step};
use servomesh_types::*;
use std::path::Path;

fn parse(text: &str) -> Result<Program, String> {
    Program::parse(text, Path::new("p.yaml")).map_err(|error| error.to_string())
}

/// The steps of a program with some poses and places.
fn steps(text: &str) -> Result<Vec<Step>, String> {
    let head = "name: x\ngroup: arm\nposes: { home: { a: 0 }, up: { a: 1, b: 2.5e-1 } }\nplaces:\n  here: { xyz: [1, 2, 3] }\n  there: { xyz: [1, 2, 4], rpy: [3.141592653589793, 0, 0] }\n  on_belt: { xyz: [0, 0, 1], quaternion: [1, 0, 0, 0], frame: belt }\nsteps:\n";
    parse(&format!("{head}{text}")).map(|program| program.steps)
}

fn error(text: &str) -> String {
    steps(text).expect_err(text)
}

fn order(text: &str) -> Order {
    match &steps(text).unwrap()[0].action {
        Action::Goal(Goal { order, .. }) => order.clone(),
        other => panic!("a goal, but it is {other:?}"),
    }
}

fn path(text: &str) -> PathMove {
    match order(text) {
        Order::Path(path) => path,
        other => panic!("a path, but it is {other:?}"),
    }
}

#[test]
fn each_step_means_what_it_says() {
    let Order::Follow(follow) = order("- follow: { through: [home, up], speed: 0.4 }") else {
        panic!("follow")
    };
    assert_eq!(follow.poses.len(), 2);
    assert_eq!(follow.poses[1]["b"].to_string(), "0.25");
    let Order::Joint(to) = order("- move: { to: { a: -1 }, synchronization: straight }") else {
        panic!("move")
    };
    assert_eq!(
        (to.to["a"].to_string(), to.synchronization),
        ("-1".to_owned(), Synchronization::Straight)
    );
    assert_eq!(
        (to.speed.to_string(), to.acceleration.to_string()),
        ("0.6".to_owned(), "0.6".to_owned())
    );
    let line = path("- line: { to: here, tool_speed: 0.1, frame: belt, tool: tip }");
    let pose = ToolPose {
        position: [1.0, 2.0, 3.0],
        orientation: None,
    };
    assert_eq!(
        line.segments,
        [Segment {
            way: Way::Line(pose),
            corner: Corner::Stop
        }]
    );
    assert_eq!(
        (
            line.frame.as_str(),
            line.tool.as_str(),
            line.tool_speed,
            line.tool_jerk
        ),
        ("belt", "tip", Some(0.1), None)
    );
    let circle = path("- circle: { via: [0, 0, 1], to: here }");
    assert!(matches!(circle.segments[0].way, Way::Circle { via, .. } if via[2].to_bits() == 1_f64.to_bits()));
    let arc = path("- circle: { centre: here, axis: [0, 0, 0.5], angle: 6.28, quaternion: [0, 0, 0, 1] }");
    let Way::Arc {
        centre,
        axis,
        orientation,
        ..
    } = arc.segments[0].way.clone()
    else {
        panic!("arc")
    };
    assert_eq!(
        (centre, axis, orientation),
        ([1.0, 2.0, 3.0], [0.0, 0.0, 1.0], Some([0.0, 0.0, 0.0, 1.0]))
    );
    let Order::Run(run) = order("- run: { group: conveyor, velocity: -0.1 }") else {
        panic!("run")
    };
    assert_eq!(
        run,
        Run {
            velocity: -0.1,
            acceleration: 1.0
        }
    );
    let Order::Grip(grip) = order("- grip: { group: gripper, position: 0.02, max_effort: 60 }") else {
        panic!("grip")
    };
    assert_eq!(
        grip,
        Grip {
            position: 0.02,
            max_effort: 60.0
        }
    );
}

#[test]
fn a_path_has_corners_of_three_kinds_and_ends_at_rest() {
    let path = path(
        "- path:\n    blend: 0.05\n    segments:\n      - joint: { to: up }\n      - line: { to: here, blend: 0.01 }\n      - line: { to: there, corner: through }\n      - line: { to: here, corner: stop }\n      - circle: { via: [0, 0, 1], to: there }\n",
    );
    let corners: Vec<_> = path.segments.iter().map(|segment| segment.corner).collect();
    assert_eq!(
        corners,
        [
            Corner::Blend(0.05),
            Corner::Blend(0.01),
            Corner::Through,
            Corner::Stop,
            Corner::Stop
        ]
    );
}

#[test]
fn roll_pitch_and_yaw_turn_about_fixed_axes() {
    // Half a turn about x, then a quarter about z: x → x → y, y → −y → x, z → −z.
    let path = path("- line: { to: { xyz: [0, 0, 0], rpy: [3.141592653589793, 0, 1.5707963267948966] } }");
    let Way::Line(ToolPose {
        orientation: Some([x, y, z, w]),
        ..
    }) = path.segments[0].way
    else {
        panic!("an orientation")
    };
    let half = 0.5_f64.sqrt();
    for (got, expected) in [(x, half), (y, half), (z, 0.0), (w, 0.0)] {
        assert!((got - expected).abs() < 1e-12, "{x} {y} {z} {w}");
    }
}

#[test]
fn a_track_gives_its_steps_group_frame_and_tool() {
    let text = "- track:\n    group: other\n    frame: belt\n    tool: tip\n    steps:\n      - line: { to: on_belt }\n      - line: { to: here, tool: finger }\n      - together: [ { grip: { group: gripper, position: 0 } }, { line: { to: here } } ]\n";
    let program = parse(&format!(
        "name: x\nplaces: {{ here: {{ xyz: [0, 0, 0] }}, on_belt: {{ xyz: [0, 0, 1], frame: belt }} }}\nsteps:\n{text}"
    ))
    .unwrap();
    assert_eq!(program.groups(), ["gripper", "other"]);
    let goals: Vec<_> = program.goals().collect();
    for (goal, tool) in [(goals[0], "tip"), (goals[1], "finger"), (goals[3], "tip")] {
        let Order::Path(path) = &goal.order else {
            panic!("a path")
        };
        assert_eq!(
            (goal.group.as_str(), path.frame.as_str(), path.tool.as_str()),
            ("other", "belt", tool)
        );
    }
    assert_eq!(
        error("- track: { frame: belt, steps: [ { line: { to: here, frame: bin } } ] }"),
        "p.yaml:9:61: steps[1].track.steps[1].line.frame: is bin, but the track's is belt"
    );
    assert!(
        error("- track: { frame: bin, steps: [ { line: { to: on_belt } } ] }")
            .ends_with("on_belt is in frame belt, but the step in bin")
    );
    assert!(
        error("- track: { frame: bin, steps: [ { line: { to: here, group: leg } } ] }")
            .ends_with("is leg, but the track is that of arm")
    );
    assert!(
        error("- track: { frame: bin, steps: [ { move: { to: home } } ] }")
            .contains("there is no such step here; there are: line")
    );
}

#[test]
fn places_of_one_motion_share_a_frame() {
    assert_eq!(path("- line: { to: on_belt }").frame, "belt");
    assert_eq!(path("- line: { to: here }").frame, "");
    assert_eq!(path("- circle: { via: [0, 0, 1], to: on_belt }").frame, "belt");
    assert!(
        error("- path: { segments: [ { line: { to: on_belt } }, { line: { to: here } } ] }").ends_with(
            "segments[2].line.to: here is in frame the robot's root, but the place before in belt"
        )
    );
}

#[test]
fn waits_loops_and_overrides_are_steps() {
    let list = steps(
        "- wait: { seconds: 1.5 }\n- wait: { event: { kind: grasped, group: gripper, text: part }, timeout: 3 }\n- wait: { joint: { group: conveyor, above: 0.4 } }\n- wait: { joint: { group: arm, name: b, travels: 0.1 } }\n- speed: { scale: 0.5 }\n- loop: { times: 3, steps: [ { wait: { seconds: 1 } } ] }\n- loop: { forever: true, steps: [ { loop: { times: 1, steps: [ { speed: { group: arm, scale: 0 } } ] } } ] }\n",
    )
    .unwrap();
    let waits: Vec<_> = list
        .iter()
        .filter_map(|step| match &step.action {
            Action::Wait(wait) => Some(wait.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(
        waits[0],
        Wait {
            until: Until::Elapsed(1.5),
            timeout_s: None
        }
    );
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        waits[1],
        Wait {
            until: Until::Event {
                kind: Some(EventKind::Grasped),
                group: text("gripper"),
                text: text("part")
            },
            timeout_s: Some(3.0)
        }
    );
    let Until::Joint {
        joint: None,
        position,
        ..
    } = &waits[2].until
    else {
        panic!("a joint")
    };
    assert!(position.holds(0.0, 0.41) && !position.holds(0.0, 0.4));
    let Until::Joint { position, .. } = &waits[3].until else {
        panic!("a joint")
    };
    assert!(
        position.holds(1.0, 0.89) && !position.holds(1.0, 1.05),
        "to either side"
    );
    assert_eq!(
        list[4].action,
        Action::Override(Override {
            group: String::new(),
            scale: 0.5
        })
    );
    assert!(matches!(list[5].action, Action::Loop { times: Some(3), .. }));
    assert!(
        matches!(&list[6].action, Action::Loop { times: None, steps } if steps[0].action.inner().len() == 1)
    );
    assert_eq!(list[6].label, "for ever");
}

#[test]
fn every_kind_of_event_has_its_word() {
    let refused = error("- wait: { event: { kind: graspt } }");
    let (_, words) = refused.split_once("there are: ").unwrap();
    for word in words.split(", ") {
        let list = steps(&format!("- wait: {{ event: {{ kind: {word} }} }}")).unwrap();
        let Action::Wait(Wait {
            until: Until::Event { kind: Some(kind), .. },
            ..
        }) = &list[0].action
        else {
            panic!("{word}")
        };
        assert_eq!(kind.name(), word);
    }
    assert_eq!(words.split(", ").count(), 9);
}

#[test]
fn a_mistake_names_file_line_column_field_value_and_what_is_possible() {
    for (text, expected) in [
        (
            "- folow: { to: home }",
            "p.yaml:9:3: steps[1].folow: there is no such step here; there are: follow, move, line, circle, path, run, grip, wait, track, together, loop, speed",
        ),
        (
            "- move: { to: hme }",
            "p.yaml:9:15: steps[1].move.to: there is no pose hme; there are: home, up",
        ),
        (
            "- line: { to: home }",
            "p.yaml:9:15: steps[1].line.to: there is no place home; there are: here, on_belt, there",
        ),
        (
            "- move: { to: home, speed: 2 }",
            "p.yaml:9:28: steps[1].move.speed: is 2, but must be above 0 and at most 1",
        ),
        (
            "- move: { to: home, speed: 0 }",
            "p.yaml:9:28: steps[1].move.speed: is 0, but must be above 0 and at most 1",
        ),
        (
            "- move: { to: home, speed: .nan }",
            "p.yaml:9:28: steps[1].move.speed: is NaN, but must be above 0 and at most 1",
        ),
        (
            "- move: { to: home, speed: fast }",
            "p.yaml:9:28: steps[1].move.speed: must be a number above 0 and at most 1, but is fast",
        ),
        (
            "- move: { to: home, speed: \"1\" }",
            "p.yaml:9:28: steps[1].move.speed: must be a number above 0 and at most 1, but is \"1\"",
        ),
        (
            "- move: { to: home, sped: 1 }",
            "p.yaml:9:21: steps[1].move.sped: there is no such field; there are: group, to, speed, acceleration, synchronization",
        ),
        ("- move: { speed: 1 }", "p.yaml:9:9: steps[1].move.to: is missing"),
        (
            "- move: home",
            "p.yaml:9:9: steps[1].move: must be a map of: group, to, speed, acceleration, synchronization; but is home",
        ),
        (
            "- move: { to: { a: .inf } }",
            "p.yaml:9:20: steps[1].move.to.a: is inf, but must be between -10000000 and 10000000",
        ),
        (
            "- move: { to: home, group: \"left arm\" }",
            "p.yaml:9:28: steps[1].move.group: ",
        ),
        (
            "- follow: { to: home, through: [up] }",
            "p.yaml:9:11: steps[1].follow: give either to, or through",
        ),
        (
            "- follow: { through: [up, hm] }",
            "p.yaml:9:27: steps[1].follow.through[2]: there is no pose hm; there are: home, up",
        ),
        (
            "- follow: { through: [] }",
            "p.yaml:9:22: steps[1].follow.through: is empty",
        ),
        (
            "- circle: { via: here }",
            "p.yaml:9:11: steps[1].circle.to: goes with via, to, but is missing",
        ),
        (
            "- circle: { via: here, to: here, angle: 1 }",
            "p.yaml:9:11: steps[1].circle: give either via with to, or centre with axis with angle",
        ),
        (
            "- circle: { centre: here, axis: [0, 0, 0], angle: 1 }",
            "p.yaml:9:33: steps[1].circle.axis: [0.0, 0.0, 0.0] has no direction",
        ),
        (
            "- line: { to: { xyz: [0, 0] } }",
            "p.yaml:9:22: steps[1].line.to.xyz: must be 3 numbers, but is 2",
        ),
        (
            "- line: { to: { xyz: [0, 0, 101] } }",
            "p.yaml:9:29: steps[1].line.to.xyz[3]: is 101, but must be between -100 and 100",
        ),
        (
            "- line: { to: { xyz: [0, 0, 0], rpy: [0, 0, 0], quaternion: [0, 0, 0, 1] } }",
            "p.yaml:9:15: steps[1].line.to: give rpy or quaternion, not both",
        ),
        (
            "- line: { to: { xyz: [0, 0, 0], quaternion: [0, 0, 0, 0] } }",
            "p.yaml:9:45: steps[1].line.to.quaternion: has length 0.0000, but must have length 1",
        ),
        (
            "- path: { segments: [ { line: { to: here, blend: 0.1, corner: stop } } ] }",
            "p.yaml:9:31: steps[1].path.segments[1].line: give blend or corner, not both",
        ),
        (
            "- path: { segments: [ { wait: { seconds: 1 } } ] }",
            "p.yaml:9:25: steps[1].path.segments[1].wait: there is no such segment here; there are: joint, line, circle",
        ),
        (
            "- grip: { position: 0 }",
            "p.yaml:9:9: steps[1].grip.group: is missing",
        ),
        (
            "- wait: { seconds: 1, timeout: 2 }",
            "p.yaml:9:9: steps[1].wait: give seconds or timeout, not both",
        ),
        (
            "- wait: {}",
            "p.yaml:9:9: steps[1].wait: give either seconds, or event, or joint",
        ),
        (
            "- wait: { seconds: 86401 }",
            "p.yaml:9:20: steps[1].wait.seconds: is 86401, but must be above 0 and at most 86400",
        ),
        (
            "- loop: { times: 0, steps: [ { wait: { seconds: 1 } } ] }",
            "p.yaml:9:18: steps[1].loop.times: must be a whole number from 1 to 1000000, but is 0",
        ),
        (
            "- loop: { forever: false, steps: [ { wait: { seconds: 1 } } ] }",
            "p.yaml:9:20: steps[1].loop.forever: must be true, but is false",
        ),
        (
            "- speed: { scale: 1.5 }",
            "p.yaml:9:19: steps[1].speed.scale: is 1.5, but must be between 0 and 1",
        ),
        (
            "- together: [ { together: [] } ]",
            "p.yaml:9:17: steps[1].together[1].together: there is no such step here; there are: ",
        ),
        ("- together: []", "p.yaml:9:13: steps[1].together: is empty"),
        (
            "- together: [ { move: { to: home } }, { follow: { to: up } } ]",
            "p.yaml:9:41: steps[1].together[2]: group arm has a goal in [1] already, and can have one at a time",
        ),
        (
            "- { move: { to: home }, wait: { seconds: 1 } }",
            "p.yaml:9:3: steps[1]: a step is one of: ",
        ),
        ("- home", "p.yaml:9:3: steps[1]: must be a step, one of: "),
    ] {
        let got = error(text);
        assert!(
            got.starts_with(expected),
            "{text}\n got      {got}\n expected {expected}"
        );
    }
    for (text, expected) in [
        ("", "p.yaml:1:1: there is nothing in it"),
        ("name: x\nsteps: []\n", "p.yaml:2:8: steps: is empty"),
        (
            "name: 1\nsteps: [ { wait: { seconds: 1 } } ]\n",
            "p.yaml:1:7: name: must be text, but is 1",
        ),
        (
            "steps: [ { wait: { seconds: 1 } } ]\n",
            "p.yaml:1:1: name: is missing",
        ),
        (
            "name: x\nsteps: [ { move: { to: { a: 0 } } } ]\n",
            "p.yaml:2:18: steps[1].move.group: is missing: give it here, or for the whole program at the top",
        ),
        (
            "name: x\nposes: { home: { a: .nan } }\nsteps: [ { wait: { seconds: 1 } } ]\n",
            "p.yaml:2:21: poses.home.a: is NaN, but must be between",
        ),
        (
            "name: x\nposes: { home: {} }\nsteps: [ { wait: { seconds: 1 } } ]\n",
            "p.yaml:2:16: poses.home: has 0 joints, but a group has 1 to 16",
        ),
        (
            "name: x\nposes: { a: {a: 0}, a: {a: 1} }\nsteps: [ { wait: { seconds: 1 } } ]\n",
            "p.yaml:2:21: a: stands here a second time; first in line 2",
        ),
    ] {
        let got = parse(text).expect_err(text);
        assert!(
            got.starts_with(expected),
            "{text}\n got      {got}\n expected {expected}"
        );
    }
}

#[test]
fn what_is_too_much_is_refused_with_the_bound() {
    let step = "- wait: { seconds: 1 }\n";
    assert!(steps(&step.repeat(10_000)).is_ok());
    // A loop of a hundred, over and over: more steps than lists may be long.
    let inner = "      - wait: { seconds: 1 }\n".repeat(100);
    let round = format!("- loop:\n    times: 1\n    steps:\n{inner}");
    assert!(error(&round.repeat(100)).ends_with("there are more than 10000 steps"));
    assert!(error(&step.repeat(10_001)).ends_with("there are more than 10000 entries here"));
    let segment = "{ line: { to: here } },".repeat(1001);
    assert!(
        error(&format!("- path: {{ segments: [ {segment} ] }}"))
            .ends_with("segments: has 1001 of them, but a path has at most 1000")
    );
    let nested = |depth: usize| {
        let open = "{ loop: { times: 1, steps: [ ".repeat(depth);
        format!("- {open} {{ wait: {{ seconds: 1 }} }} {}", "] } }".repeat(depth))
    };
    assert!(steps(&nested(8)).is_ok());
    assert!(error(&nested(9)).ends_with("steps stand in steps more than 8 levels deep"));
    let many: Vec<_> = (0..17).map(|i| format!("j{i}: 0")).collect();
    assert!(
        error(&format!("- move: {{ to: {{ {} }} }}", many.join(", ")))
            .ends_with("has 17 joints, but a group has 1 to 16")
    );
    let long = "x".repeat(65);
    assert!(
        error(&format!("- move: {{ to: {long} }}")).ends_with("must be text of 1 to 64 bytes, but has 65")
    );
}

#[test]
fn steps_come_in_the_order_of_the_file() {
    let text = "- loop: { times: 2, steps: [ { grip: { group: g1, position: 0 } }, { together: [ { grip: { group: g2, position: 0 } }, { run: { group: g3, velocity: 0 } } ] } ] }\n- move: { to: home }\n";
    let head = "name: x\ngroup: arm\nposes: { home: { a: 0 } }\nsteps:\n";
    let program = parse(&format!("{head}{text}")).unwrap();
    let groups: Vec<_> = program.goals().map(|goal| goal.group.as_str()).collect();
    assert_eq!(groups, ["g1", "g2", "g3", "arm"]);
    assert_eq!(program.named_groups(), ["arm", "g1", "g2", "g3"]);
}

#[test]
fn a_program_names_groups_that_it_only_watches() {
    let text = "name: x\nsteps:\n  - wait: { joint: { group: belt, above: 1 } }\n  - wait: { event: { group: gripper } }\n  - loop: { times: 1, steps: [ { speed: { group: arm, scale: 1 } }, { speed: { scale: 1 } } ] }\n";
    let program = parse(text).unwrap();
    assert_eq!(program.groups(), [""; 0]);
    assert_eq!(program.named_groups(), ["arm", "belt", "gripper"]);
}

#[test]
fn a_machine_says_what_it_has_instead() {
    let limits = JointLimits::new((-2.0, 2.0), 3.0, 10.0, 100.0, 50.0).unwrap();
    let group = |name: &str, joints: &[&str], gripper, endless| GroupDescription {
        name: GroupName::new(name).unwrap(),
        joints: joints
            .iter()
            .map(|&name| JointDescription {
                name: name.into(),
                kind: JointKind::Revolute,
                limits,
                drivetrain: Drivetrain::default(),
            })
            .collect(),
        rate_hz: 500.0,
        capabilities: Capabilities { gripper, endless },
        backend: "test".into(),
    };
    let machine = Machine {
        groups: vec![
            group("arm", &["a", "b"], false, false),
            group("gripper", &["g"], true, false),
            group("belt", &["m"], false, true),
        ],
        links: Machine::links_of("<robot><link name='base'/><joint name='j'/><link name='tip'/></robot>")
            .unwrap(),
    };
    let check = |text: &str| {
        let head = "name: x\ngroup: arm\nposes: { home: { a: 0 }, up: { a: 1, b: 0.5 } }\nsteps:\n";
        machine
            .check(&parse(&format!("{head}{text}")).unwrap())
            .map_err(|error| error.to_string())
    };
    check("- move: { to: home }\n- run: { group: belt, velocity: 1 }\n- grip: { group: gripper, position: 0 }\n- line: { to: { xyz: [0, 0, 0], frame: tip }, tool: tip }\n- path: { segments: [ { joint: { to: up } } ] }\n- wait: { joint: { group: belt, above: 0 } }\n").unwrap();
    for (text, expected) in [
        (
            "- move: { group: leg, to: home }",
            "p.yaml:5:3: there is no group leg; there are: arm, gripper, belt",
        ),
        (
            "- wait: { seconds: 1 }\n- move: { group: gripper, to: home }",
            "p.yaml:6:3: group gripper has no joint a; it has: g",
        ),
        (
            "- move: { to: { a: 2.1 } }",
            "p.yaml:5:3: joint a: 2.1 is outside its limits -2 … 2",
        ),
        (
            "- follow: { through: [home, { b: -3 }] }",
            "p.yaml:5:3: joint b: -3 is outside its limits -2 … 2",
        ),
        (
            "- run: { group: arm, velocity: 1 }",
            "p.yaml:5:3: group arm does not run on without end",
        ),
        (
            "- grip: { group: belt, position: 1 }",
            "p.yaml:5:3: group belt is no gripper",
        ),
        (
            "- loop: { times: 1, steps: [ { line: { to: { xyz: [0, 0, 0] }, frame: bin } } ] }",
            "p.yaml:5:32: frame: there is no link bin; there are: base, tip",
        ),
        (
            "- line: { to: { xyz: [0, 0, 0] }, tool: tp }",
            "p.yaml:5:3: tool: there is no link tp; there are: base, tip",
        ),
        (
            "- path: { segments: [ { joint: { to: home } } ] }",
            "p.yaml:5:3: a joint segment says where every joint of arm is to be, but not b",
        ),
        (
            "- wait: { joint: { group: arm, above: 0 } }",
            "p.yaml:5:3: say which joint of group arm: a, b",
        ),
        (
            "- wait: { joint: { group: arm, name: c, above: 0 } }",
            "p.yaml:5:3: group arm has no joint c; it has: a, b",
        ),
        (
            "- wait: { event: { group: leg } }",
            "p.yaml:5:3: there is no group leg; there are: arm, gripper, belt",
        ),
        (
            "- speed: { group: leg, scale: 1 }",
            "p.yaml:5:3: there is no group leg; there are: arm, gripper, belt",
        ),
    ] {
        assert_eq!(check(text), Err(expected.to_owned()), "{text}");
    }
}
