//! Loads and friction found from motion: from exact efforts exactly, from noisy ones as closely as is told.

mod bench;

use bench::group;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_estimator::{Identification, IdentificationError, Identified, Wanted};
use servomesh_robot::{Model, Payload, Workspace};
use servomesh_types::{GroupDescription, JointVec};

const URDF: &str = include_str!("../../robot/tests/golden/robots/six.urdf");
const MASS: f64 = 2.4;
const CENTRE: [f64; 3] = [0.03, -0.02, 0.11];
const FRICTION: [f64; 3] = [4.0, 2.5, 0.3];

fn arm() -> (Model, GroupDescription, String) {
    let model = Model::from_urdf_str(URDF).expect("a robot");
    let names: Vec<&str> = model.joints().iter().map(|joint| joint.name.as_str()).collect();
    let mut group = group("arm", &names);
    for joint in &mut group.joints {
        joint.drivetrain.armature = 0.4;
        joint.drivetrain.efficiency = 0.8;
        // What is announced is off: it is what is looked for.
        (joint.drivetrain.coulomb, joint.drivetrain.viscous) = (FRICTION[0], FRICTION[1]);
    }
    let last = model.links().last().expect("links");
    let link = model.link_name(last).to_owned();
    (model, group, link)
}

/// A motion of all joints with a load that the model does not know, at `rate` times a slow pace.
fn identify(
    wanted: Wanted,
    moving: &[usize],
    noise: f64,
    rate: f64,
) -> Result<Identified, IdentificationError> {
    let (model, group, link) = arm();
    let mut identification = Identification::new(&model, &group, wanted)?;
    let mut loaded = model.clone();
    for joint in 0..loaded.joint_count() {
        loaded.set_armature(joint, 0.4).expect("possible");
    }
    let payload = Payload {
        mass: MASS,
        centre_of_mass: CENTRE.into(),
        inertia: nalgebra::Matrix3::zeros(),
    };
    let id = loaded.link(&link).expect("it was named by the model");
    loaded.set_payload(id, Some(payload)).expect("possible");
    let mut workspace = Workspace::new(&loaded);
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let joints = loaded.joint_count();
    for sample in 0..600 {
        let t = 0.05 * f64::from(sample);
        let wave = |joint: usize, derivative: i32| {
            if !moving.contains(&joint) {
                return if derivative == 0 { 0.4 } else { 0.0 };
            }
            let w = rate * (0.5 + 0.13 * joint as f64);
            let size = 0.8 * w.powi(derivative);
            let angle = w * t + joint as f64;
            match derivative {
                0 => size * angle.sin(),
                1 => size * angle.cos(),
                _ => -size * angle.sin(),
            }
        };
        let [q, qd, qdd] = [0, 1, 2].map(|order| JointVec::from_fn(joints, |joint| wave(joint, order)));
        let mut effort = JointVec::zeros(joints);
        loaded.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
        let reported = JointVec::from_fn(joints, |joint| {
            let [coulomb, viscous, offset] = FRICTION;
            let direction = qd[joint].signum();
            let at_joint = effort[joint] + coulomb * direction + viscous * qd[joint] + offset;
            // What the motor has to give so that it arrives, and what its driver makes of that.
            let driving = at_joint * direction > 0.0;
            let motor = if driving { at_joint / 0.8 } else { at_joint / 1.2 };
            0.8 * motor + noise * (random.random::<f64>() - 0.5)
        });
        identification.add(&q, &qd, &qdd, &reported);
    }
    identification.solve()
}

fn all(payload: bool) -> Wanted {
    Wanted {
        payload_link: payload.then(|| arm().2),
        friction: true,
    }
}

#[test]
fn load_friction_and_offsets_come_out_as_they_are() {
    let found = identify(all(true), &[0, 1, 2, 3, 4, 5], 0.0, 1.0).expect("the motion says enough");
    let (_, mass, centre) = found.payload.as_ref().expect("it was asked for");
    // Losses near standstill are smoothed a little.
    assert!((mass.value - MASS).abs() < 0.01, "{mass:?}");
    for (found, truth) in centre.iter().zip(CENTRE) {
        assert!((found.value - truth).abs() < 0.002, "{found:?} is not {truth}");
    }
    for (joint, figures) in &found.joints {
        for (found, truth) in figures.iter().zip(FRICTION) {
            assert!(
                (found.value - truth).abs() < 0.05,
                "{joint}: {found:?} is not {truth}"
            );
        }
    }
    assert!(found.residual < 0.05, "{found:?}");
    let yaml = found.to_yaml();
    assert!(
        yaml.contains("payload:\n  link: ") && yaml.contains("    coulomb: [") && yaml.lines().count() > 25,
        "{yaml}"
    );
}

#[test]
fn noise_makes_figures_less_sure_by_as_much_as_is_told() {
    let found = identify(all(true), &[0, 1, 2, 3, 4, 5], 8.0, 1.0).expect("the motion says enough");
    let (_, mass, _) = found.payload.expect("it was asked for");
    assert!(
        mass.deviation > 1e-3 && (mass.value - MASS).abs() < 4.0 * mass.deviation,
        "{mass:?}"
    );
    assert!((mass.value - MASS).abs() < 0.1 * MASS, "{mass:?}");
}

#[test]
fn what_the_motion_does_not_show_is_named() {
    let error = identify(all(false), &[0, 1, 2, 3, 4], 0.0, 1.0).expect_err("the last joint stands");
    assert_eq!(
        error,
        IdentificationError::Unseen(format!("Coulomb friction of joint {}", arm().1.joints[5].name))
    );
    let nothing = identify(Wanted::default(), &[0], 0.0, 1.0).expect_err("nothing is wanted");
    assert_eq!(nothing, IdentificationError::Nothing);
    let few = identify(all(true), &[], 0.0, 1.0).expect_err("nothing moves");
    assert!(
        matches!(
            few,
            IdentificationError::TooFew {
                rows: 0,
                unknowns: 22
            }
        ),
        "{few}"
    );
    let hand = Wanted {
        payload_link: Some("hand".to_owned()),
        friction: false,
    };
    assert!(
        identify(hand, &[0], 0.0, 1.0)
            .expect_err("no such link")
            .to_string()
            .contains("hand")
    );
}

#[test]
fn a_run_begins_and_ends_on_request() {
    use servomesh_estimator::{Config, Estimator, Input};
    use servomesh_types::{Core, DriveMode, GroupName, Stamp};

    let (model, group, link) = arm();
    let name = group.name;
    let mut core = Estimator::new(Config::default(), Some(model.clone()));
    let wanted = Wanted {
        payload_link: Some(link),
        friction: false,
    };
    let unknown = core.begin_identification(name, wanted.clone());
    assert_eq!(unknown, Err(IdentificationError::NoGroup(name)));
    core.handle(Stamp::ZERO, Input::Group(group.clone()));
    assert_eq!(
        core.finish_identification(name),
        Err(IdentificationError::NotBegun(name))
    );
    assert_eq!(core.begin_identification(name, wanted), Ok(()));
    // The load that the model knows is all there is: nothing more is found.
    let mut exact = model;
    for joint in 0..exact.joint_count() {
        exact.set_armature(joint, 0.4).expect("possible");
    }
    let mut workspace = Workspace::new(&exact);
    let joints = exact.joint_count();
    for i in 1..=2500 {
        let now = Stamp::from_nanos(i * bench::PERIOD_NS);
        let t = now.as_seconds();
        let wave = |order: i32| {
            JointVec::from_fn(joints, |joint| {
                let w = 0.6 + 0.1 * joint as f64;
                let angle = w * t + joint as f64;
                w.powi(order) * [angle.sin(), angle.cos(), -angle.sin()][order as usize]
            })
        };
        let (q, qd, qdd) = (wave(0), wave(1), wave(2));
        let mut effort = JointVec::zeros(joints);
        exact.inverse_dynamics(&mut workspace, &q, &qd, &qdd, &mut effort);
        let mut state = bench::sample(now, i.unsigned_abs(), &q);
        state.mode = DriveMode::Enabled;
        state.effort = JointVec::from_fn(joints, |joint| {
            let direction = qd[joint].signum();
            let at_joint = effort[joint] + FRICTION[0] * direction + FRICTION[1] * qd[joint];
            at_joint / if at_joint * direction > 0.0 { 1.0 } else { 1.5 }
        });
        core.handle(now, Input::ServoState { group: name, state });
        while core.poll().is_some() {}
    }
    let found = core.finish_identification(name).expect("the motion says enough");
    let (_, mass, _) = found.payload.expect("it was asked for");
    assert!(mass.value.abs() < 0.05, "{mass:?}");
    assert!(found.rows > 800, "{}", found.rows);
    let other = GroupName::new("other").expect("a name");
    assert_eq!(
        core.finish_identification(other),
        Err(IdentificationError::NotBegun(other))
    );
}
