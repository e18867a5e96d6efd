//! Stops of an arm of seven joints among ten obstacles, each against the same stop looked at closely: what passes is clear, and what is refused is near.
//!
//! `SERVOMESH_CLEAR_STOPS=100000` looks at as many setpoints; a failure prints the seed.

#![allow(clippy::unwrap_used)]

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_robot::{Model, Workspace};
use servomesh_safety::checks::JointRules;
use servomesh_safety::machine::surroundings::{Bounds, Surroundings};
use servomesh_safety::stop::{Reference, Stop};
use servomesh_types::{JointVec, Stamp};
use std::fmt::Write as _;
use std::time::Duration;

const JOINTS: usize = 7;
const CLEARANCE: f64 = 0.01;
const PERIOD_S: f64 = 0.002;
const RULES: JointRules = JointRules {
    lower: -3.0,
    upper: 3.0,
    velocity: 3.0,
    forward: 3.0,
    backward: 3.0,
    acceleration: 8.0,
    acceleration_checked: 8.0,
    jerk: 80.0,
    jerk_checked: 80.0,
    effort: 100.0,
    position_tolerance: 0.0,
    jump: 0.0,
    velocity_jump: 0.0,
    seed_position: 0.0,
    seed_velocity: 0.0,
    following: 0.0,
    standstill: 0.0,
    hold: 0.0,
};

/// Shoulder, elbow and wrist of three, one and three joints.
fn arm() -> Model {
    let axes = ["0 0 1", "0 1 0", "0 0 1", "0 1 0", "0 0 1", "0 1 0", "0 0 1"];
    let lengths = [0.2, 0.15, 0.25, 0.2, 0.2, 0.1, 0.1];
    let mut text = r#"<robot name="arm"><link name="l0"/>"#.to_owned();
    let mut below = 0.0;
    for (index, (axis, length)) in axes.iter().zip(lengths).enumerate() {
        let (own, parent) = (index + 1, index);
        let shape = match index % 2 {
            0 => format!(r#"<cylinder radius="0.05" length="{length}"/>"#),
            _ => format!(r#"<box size="0.09 0.08 {length}"/>"#),
        };
        write!(
            text,
            r#"<link name="l{own}"><collision><origin xyz="0.01 0 {}"/><geometry>{shape}</geometry></collision></link>
            <joint name="j{own}" type="revolute"><parent link="l{parent}"/><child link="l{own}"/><origin xyz="0 0 {below}"/>
            <axis xyz="{axis}"/><limit lower="-3" upper="3" velocity="3" effort="100"/></joint>"#,
            length / 2.0
        )
        .unwrap();
        below = length;
    }
    Model::from_urdf_str(&(text + "</robot>")).unwrap()
}

struct Scene {
    collision: CollisionModel,
    bounds: Bounds,
    workspace: Workspace,
}

impl Scene {
    fn new(rng: &mut ChaCha8Rng) -> Self {
        let model = arm();
        let settings = CollisionSettings {
            proof_steps: 0,
            samples: 20,
            ..CollisionSettings::default()
        };
        let mut collision = CollisionModel::new(&model, &settings);
        for index in 0..10 {
            let size = Vector3::from_fn(|_, _| rng.random_range(0.05..0.3));
            let solid = match index % 4 {
                0 => Solid::cuboid(&size),
                1 => Solid::sphere(size.x),
                2 => Solid::capsule(size.x / 2.0, size.y),
                _ => Solid::cylinder(size.x / 2.0, size.y),
            };
            let around = UnitQuaternion::from_euler_angles(0.0, 0.0, rng.random_range(-3.0..3.0));
            let at = around * Vector3::new(rng.random_range(0.5..1.1), 0.0, rng.random_range(-0.3..1.2));
            let pose = Isometry3::from_parts(Translation3::from(at), around);
            let name = format!("o{index}");
            collision.add_obstacle(&name, solid.unwrap(), &pose).unwrap();
        }
        Self {
            workspace: Workspace::new(&model),
            bounds: Bounds {
                link: model.link("l7").unwrap(),
                radius: 0.03,
                lower: Vector3::new(-1.0, -1.0, -0.2),
                upper: Vector3::new(1.0, 1.0, 1.3),
            },
            collision,
        }
    }

    fn surroundings(&self, reaction_s: f64) -> Surroundings {
        Surroundings::new(self.collision.clone(), Some(self.bounds), CLEARANCE, reaction_s)
    }

    /// The room at a position, by exact distances.
    fn room(&mut self, q: &[f64]) -> f64 {
        self.collision.place(q);
        let distance = self.collision.minimum_distance().unwrap().distance;
        let model = self.collision.robot();
        model.forward_kinematics(&mut self.workspace, q);
        let tool = model
            .link_pose(&self.workspace, self.bounds.link)
            .translation
            .vector;
        let inside = (tool - self.bounds.lower)
            .min()
            .min((self.bounds.upper - tool).min());
        (inside - self.bounds.radius).min(distance - CLEARANCE)
    }

    /// The least room of a stop that begins `late_s` after its setpoint, and on the way to it.
    fn least_room(&mut self, from: &JointVec, to: &Reference, late_s: f64, looks: usize) -> f64 {
        let stop = Stop::plan(
            &to.extrapolated(to.told + Duration::from_secs_f64(late_s)),
            &[RULES; JOINTS],
        );
        let duration_s = late_s + stop.duration_s();
        let mut least = f64::INFINITY;
        for look in 0..=looks {
            let t = duration_s * look as f64 / looks as f64;
            let q = JointVec::from_fn(JOINTS, |i| {
                if t < late_s {
                    to.position[i] + t * (to.velocity[i] + t * to.acceleration[i] / 2.0)
                } else {
                    stop.joint_at(i, t - late_s).0
                }
            });
            least = least.min(self.room(&q));
        }
        for share in [0.0, 0.25, 0.5, 0.75] {
            let q = JointVec::from_fn(JOINTS, |i| from[i] + share * (to.position[i] - from[i]));
            least = least.min(self.room(&q));
        }
        least
    }
}

/// A wild but possible stream: each joint towards a velocity that is drawn anew now and then, within its limits.
struct Stream {
    rng: ChaCha8Rng,
    at: Reference,
    wanted: JointVec,
}

impl Stream {
    /// At rest, near something.
    fn restart(&mut self, scene: &mut Scene) {
        loop {
            let q = JointVec::from_fn(JOINTS, |_| self.rng.random_range(-2.5..2.5));
            if (0.005..NEAR).contains(&scene.room(&q)) {
                self.at = Reference {
                    position: q,
                    velocity: JointVec::zeros(JOINTS),
                    acceleration: JointVec::zeros(JOINTS),
                    ..self.at
                };
                return;
            }
        }
    }

    fn step(&mut self, fastest: f64) {
        if self.rng.random_bool(0.01) {
            self.wanted = JointVec::from_fn(JOINTS, |_| fastest * self.rng.random_range(-1.0..1.0));
        }
        let Reference {
            position: q,
            velocity: v,
            acceleration: a,
            ..
        } = &mut self.at;
        for i in 0..JOINTS {
            // What the velocity comes to if the acceleration is given up.
            let comes_to = v[i] + a[i] * a[i].abs() / (2.0 * RULES.jerk);
            let most = RULES.jerk * PERIOD_S;
            let aimed = (20.0 * (self.wanted[i] - comes_to)).clamp(-RULES.acceleration, RULES.acceleration);
            let change = (aimed - a[i]).clamp(-most, most);
            q[i] += PERIOD_S * (v[i] + PERIOD_S * (a[i] / 2.0 + change / 6.0));
            v[i] += PERIOD_S * (a[i] + change / 2.0);
            a[i] += change;
        }
        self.at.told = self.at.told + Duration::from_secs_f64(PERIOD_S);
    }
}

#[derive(Default, Debug)]
struct Counted {
    passed: usize,
    refused: usize,
    /// Of those that were looked at: how many are clear by nothing, 5 mm and 20 mm, and how many of these were refused.
    clear: [usize; 3],
    clear_but_refused: [usize; 3],
}

/// Streams at up to `fastest` through a scene, and looks at some of the stops closely.
fn stream(seed: u64, fastest: f64, reaction_s: f64, setpoints: usize) -> Counted {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut scene = Scene::new(&mut rng);
    let mut surroundings = scene.surroundings(reaction_s);
    let at = Reference {
        told: Stamp::from_millis(1000),
        ..Reference::default()
    };
    let mut stream = Stream {
        rng,
        at,
        wanted: JointVec::zeros(JOINTS),
    };
    stream.restart(&mut scene);
    let mut counted = Counted::default();
    for setpoint in 0..setpoints {
        let from = stream.at.position;
        stream.step(fastest);
        let stop = Stop::plan(&stream.at, &[RULES; JOINTS]);
        let answer = surroundings.check(&[RULES; JOINTS], &from, &stop);
        let counts = if answer.is_ok() {
            &mut counted.passed
        } else {
            &mut counted.refused
        };
        *counts += 1;
        let rest = JointVec::from_fn(JOINTS, |i| stop.joint_at(i, stop.duration_s()).0);
        let is_near = setpoint % LOOK_EVERY == 0 && scene.room(&rest).min(scene.room(&from)) < NEAR;
        if answer.is_err() || is_near {
            let lateness = [0.0, reaction_s * stream.rng.random_range(0.0..=1.0), reaction_s];
            let lateness = if reaction_s > 0.0 {
                &lateness[..]
            } else {
                &lateness[..1]
            };
            let rooms = lateness
                .iter()
                .map(|late_s| scene.least_room(&from, &stream.at, *late_s, LOOKS));
            let room = rooms.fold(f64::INFINITY, f64::min);
            assert!(
                answer.is_err() || room > -1e-9,
                "seed {seed}, setpoint {setpoint} passed, but {room} m"
            );
            for (class, margin) in MARGINS.iter().enumerate() {
                counted.clear[class] += usize::from(room > *margin);
                counted.clear_but_refused[class] += usize::from(room > *margin && answer.is_err());
            }
        }
        if answer.is_err() || setpoint % RESTART_EVERY == 0 {
            stream.restart(&mut scene);
        }
    }
    counted
}

#[test]
fn what_passes_is_clear_all_along() {
    let setpoints = std::env::var("SERVOMESH_CLEAR_STOPS").map_or(6000, |text| text.parse().unwrap());
    let (mut passed, mut refused) = (0, 0);
    for (seed, (fastest, reaction_s)) in (0..).zip([
        (0.3, 0.0),
        (1.0, 0.0),
        (3.0, 0.0),
        (0.3, 0.05),
        (1.0, 0.02),
        (3.0, 0.01),
    ]) {
        let counted = stream(seed, fastest, reaction_s, setpoints / 6);
        println!("up to {fastest} rad/s, {reaction_s} s late: {counted:?}");
        passed += counted.passed;
        refused += counted.refused;
        // What begins late is between more places than it can go through.
        assert!(
            reaction_s > 0.0 || counted.clear_but_refused[1] == 0,
            "{fastest} rad/s"
        );
    }
    assert!(passed > setpoints / 2 && refused > 0, "{passed} of {setpoints}");
}

/// Every so many setpoints a stop is looked at if it begins or ends this near to something.
const LOOK_EVERY: usize = 4;
const NEAR: f64 = 0.03;
const RESTART_EVERY: usize = 250;
const LOOKS: usize = 30;
/// By how much a stop is clear \[m\].
const MARGINS: [f64; 3] = [0.0, 0.005, 0.02];
