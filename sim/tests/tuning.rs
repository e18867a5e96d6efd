//! Auto-tuning on the simulated cell: a joint is excited by its own driver, and found again as the plant is.

use servomesh_driver::excitation::Excitation;
use servomesh_driver::identify::{Identified, Sample, identify};
use servomesh_driver::tune::tune;
use servomesh_driver::{Config, Driver, DriverParams, Input, JointFiles, Output, Wanted};
use servomesh_robot::{Model, Workspace};
use servomesh_sim::{Hardware, ServoCatalog, Wiring};
use servomesh_types::{
    Capabilities, Command, CommandMode, Core, DriveMode, Epoch, GroupName, JointVec, Setpoint, Stamp,
    StreamTag,
};
use std::time::Duration;

const URDF: &str = include_str!("../../launch/robots/cell.urdf");
const SERVOS: &str = include_str!("../../launch/robots/cell.servos.yaml");
const LIMITS: &str = include_str!("../../launch/robots/cell.limits.yaml");
const RATE_HZ: f64 = 500.0;
const START: f64 = 0.3;

/// Excites one joint of the cell, whose others are held by their brakes; what its driver says.
fn run(joint: &str, servos: &str) -> (DriverParams, Vec<Sample>) {
    let model = Model::from_urdf_str(URDF).expect("the cell is one");
    let catalog = ServoCatalog::from_yaml_str(servos).expect("the servos are possible");
    let wiring = format!(
        "watchdog_s: 0.05\nbuses:\n  one: {{ rate_hz: 500, joints: [{{ name: {joint}, start: {START} }}] }}\n"
    );
    let wiring = Wiring::from_yaml_str(&wiring).expect("the wiring is one");
    let mut hardware = Hardware::new(&model, &catalog, &wiring, Stamp::ZERO).expect("they fit");
    hardware.set_seed(11);
    let name = GroupName::new("one").expect("a name");
    let files = JointFiles::parse(servos, LIMITS).expect("they are files");
    let wanted = Wanted {
        name,
        joints: vec![joint.to_owned()],
        rate_hz: RATE_HZ,
        capabilities: Capabilities::default(),
        backend: "sim".to_owned(),
    };
    let (params, _) = files.driver(&model, wanted).expect("the joint is known");
    let limits = params.group.joints[0].limits;
    // Without the model: what has to be found is not known.
    let mut driver = Driver::new(Config::new(params.clone()).expect("they are possible"), None);
    let excitation = Excitation {
        about: START,
        amplitude: 0.3,
        velocity: 0.5 * limits.velocity(),
        acceleration: limits.acceleration(),
        jerk: f64::INFINITY,
        from_hz: 0.2,
        to_hz: 12.0,
        lasting_s: 15.0,
    };
    let (mut record, mut seq) = (Vec::new(), 0);
    while hardware.now() < Stamp::from_millis(17_000) {
        hardware.step();
        while let Some((_, status)) = hardware.poll() {
            let now = hardware.now();
            driver.handle(now, Input::Bus(status));
            let t = now.seconds_from(Stamp::from_millis(1_500));
            seq += 1;
            let [position, velocity, acceleration] = excitation.at(t).map(|value| JointVec::from([value]));
            let still = !(0.0..=15.0).contains(&t);
            let at_rest = |vec: JointVec| if still { JointVec::zeros(1) } else { vec };
            let setpoint = Setpoint {
                tag: StreamTag {
                    stamp: now,
                    epoch: Epoch(1),
                    seq,
                    valid_for: Duration::from_millis(50),
                    ..StreamTag::default()
                },
                position,
                velocity: at_rest(velocity),
                acceleration: at_rest(acceleration),
                ..Setpoint::default()
            };
            let mut outputs = Vec::new();
            while let Some(output) = driver.poll() {
                outputs.push(output);
            }
            driver.handle(
                now,
                Input::Command(Command {
                    mode: CommandMode::Track,
                    setpoint,
                }),
            );
            for output in outputs {
                match output {
                    Output::Bus(answer) => hardware.command(name, &answer).expect("a frame for one joint"),
                    Output::State(state) if (0.0..15.0).contains(&t) => {
                        assert_eq!(state.mode, DriveMode::Enabled, "{:?}", state.fault);
                        record.push(Sample {
                            position: state.position[0],
                            effort: state.effort[0],
                        });
                    }
                    _ => {}
                }
            }
        }
    }
    (params, record)
}

/// What the joint turns by the description, its rotor included, where it stands.
fn true_inertia(joint: &str, params: &DriverParams) -> f64 {
    let model = Model::from_urdf_str(URDF).expect("the cell is one");
    let mut places = vec![0.0; model.joint_count()];
    places[model.joint_index(joint).expect("it is there")] = START;
    let one = model.subset(&[joint], &places).expect("it is there");
    let mut workspace = Workspace::new(&one);
    let mut effort = |acceleration: f64| {
        let mut effort = [0.0];
        one.inverse_dynamics(&mut workspace, &[START], &[0.0], &[acceleration], &mut effort);
        effort[0]
    };
    effort(1.0) - effort(0.0) + params.joints[0].actuator.reflected_inertia()
}

fn found(joint: &str, servos: &str) -> (DriverParams, Identified) {
    let (params, record) = run(joint, servos);
    let found = identify(&record, RATE_HZ).expect("the record says enough");
    println!("{joint}: {found:?}, truly {}", true_inertia(joint, &params));
    (params, found)
}

#[test]
fn a_joint_of_the_cell_is_found_as_the_plant_is_and_tuned() {
    let lossless = SERVOS
        .replace("efficiency: 0.80", "efficiency: 1.0")
        .replace("efficiency: 0.75", "efficiency: 1.0");
    for joint in ["wrist_3_joint", "elbow_joint"] {
        let (params, found) = found(joint, &lossless);
        let friction = params.joints[0].friction;
        let inertia = true_inertia(joint, &params);
        assert!(
            (found.inertia / inertia - 1.0).abs() < 0.05,
            "{found:?}, truly {inertia}"
        );
        assert!(
            (found.coulomb / friction.coulomb - 1.0).abs() < 0.2,
            "{found:?}, {friction:?}"
        );
        assert!(
            (found.viscous / friction.viscous - 1.0).abs() < 0.3,
            "{found:?}, {friction:?}"
        );

        assert_eq!(found.resonance_hz, None, "the plant's gears are stiff");
        let rotor = params.joints[0].actuator.reflected_inertia();
        let tuned = tune(&found, rotor, RATE_HZ, 50.0).expect("it can be tuned");
        assert!((tuned.margin_deg - 50.0).abs() < 0.5, "{tuned:?}");
        let config = Config::new(params).expect("they are possible");
        config.tuning(&[tuned.gains]).expect("its own gains are taken");
    }
}
