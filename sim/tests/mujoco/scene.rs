//! A scene of a golden file, played here: how far each part is from where MuJoCo had it.

use std::fmt::Write;

use nalgebra::{Isometry3, Matrix3, Point3, Quaternion, Translation3, UnitQuaternion, Vector3};
use serde::Deserialize;
use servomesh_robot::{Model, Twist};
use servomesh_sim::mechanics::{BodyId, Carrier, MassProperties, Material, Shape, ShapeId, Surface, World};

/// A golden file.
#[derive(Deserialize)]
pub(crate) struct Golden {
    step: f64,
    pub(crate) scenes: Vec<Scene>,
}

/// One play of MuJoCo.
#[derive(Deserialize)]
pub(crate) struct Scene {
    pub(crate) name: String,
    duration: f64,
    /// Steps between frames.
    every: usize,
    gravity: [f64; 3],
    /// Of every pair.
    friction: f64,
    /// How far the first part gets, by the closed form.
    pub(crate) travel: Option<f64>,
    statics: Vec<Static>,
    parts: Vec<Part>,
    hand: Option<Hand>,
    /// For each part x, y, z, then its quaternion w, x, y, z.
    frames: Vec<Vec<[f64; 7]>>,
}

#[derive(Deserialize)]
struct Static {
    shape: Form,
    position: [f64; 3],
    orientation: [f64; 4],
    belt: Option<Belt>,
}

/// Runs at `speed`, changed by `acceleration` until the time `until`; with a mass it runs freely.
#[derive(Deserialize)]
struct Belt {
    direction: [f64; 3],
    speed: f64,
    acceleration: f64,
    until: f64,
    mass: Option<f64>,
}

#[derive(Deserialize)]
struct Part {
    shape: Form,
    mass: f64,
    /// About its axes.
    inertia: [f64; 3],
    position: [f64; 3],
    orientation: [f64; 4],
    velocity: [f64; 3],
    spin: [f64; 3],
}

/// Half lengths; radius and half length.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Form {
    Box([f64; 3]),
    Sphere(f64),
    Cylinder([f64; 2]),
    Capsule([f64; 2]),
    Hull(Vec<[f64; 3]>),
    HalfSpace([f64; 0]),
}

/// Two pads, pressed towards y = 0 from both sides.
#[derive(Deserialize)]
struct Hand {
    half: [f64; 3],
    centres: [[f64; 3]; 2],
    orientation: [f64; 4],
    mass: f64,
    force: f64,
}

/// What is too far from MuJoCo.
#[derive(Clone, Copy)]
pub(crate) struct Tolerance {
    /// Of a part's position (m).
    pub(crate) position: f64,
    /// Of a part's orientation (rad).
    pub(crate) angle: f64,
    /// Of the first part's travel, against the closed form (m).
    pub(crate) travel: f64,
}

impl Golden {
    pub(crate) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("the golden file is of the form that generate.py writes")
    }

    /// Plays all scenes; says which part was too far from where it should be, and when.
    pub(crate) fn check(&self, tolerance: impl Fn(&Scene) -> Tolerance) {
        let mut wrong = String::new();
        for scene in &self.scenes {
            scene.play(self.step, tolerance(scene), &mut wrong);
        }
        assert!(wrong.is_empty(), "\n{wrong}");
    }
}

impl Scene {
    fn play(&self, step_s: f64, tolerance: Tolerance, wrong: &mut String) {
        let (mut world, parts, belts) = self.world();
        let efforts = self.efforts();
        let none = vec![0.0; efforts.len()];
        let steps = (self.duration / step_s).round() as usize;
        assert_eq!(steps / self.every, self.frames.len(), "{}", self.name);
        let (mut off, mut turned) = ([0.0_f64; 2], [0.0_f64; 2]);
        for (frame, expected) in self.frames.iter().enumerate() {
            for step in frame * self.every..(frame + 1) * self.every {
                for (belt, shape) in &belts {
                    world.set_surface(*shape, belt.surface((step + 1) as f64 * step_s));
                }
                world.step(step_s, &efforts, &none);
            }
            for (&part, expected) in parts.iter().zip(expected) {
                let pose = world.body(part).pose;
                let &[x, y, z, w, i, j, k] = expected;
                let time = (frame + 1) as f64 * self.every as f64 * step_s;
                let distance = (pose.translation.vector - Vector3::new(x, y, z)).norm();
                let angle = pose.rotation.angle_to(&quaternion([w, i, j, k]));
                keep_worst(&mut off, distance, time);
                keep_worst(&mut turned, angle, time);
            }
        }
        let mut report = format!(
            "{}: {:.3} mm off at {:.2} s, {:.2} mrad at {:.2} s",
            self.name,
            off[0] * 1e3,
            off[1],
            turned[0] * 1e3,
            turned[1]
        );
        let mut met = off[0] <= tolerance.position && turned[0] <= tolerance.angle;
        if let Some(travel) = self.travel {
            let start = Vector3::from(self.parts[0].position);
            let ours = (world.body(parts[0]).pose.translation.vector - start).norm();
            write!(
                report,
                "; travels {:.3} mm, closed form {:.3} mm",
                ours * 1e3,
                travel * 1e3
            )
            .expect("a String takes any text");
            met &= (ours - travel).abs() <= tolerance.travel;
        }
        println!("{}{report}", if met { "" } else { "WRONG " });
        if !met {
            writeln!(wrong, "{report}").expect("a String takes any text");
        }
    }

    fn world(&self) -> (World, Vec<BodyId>, Vec<(&Belt, ShapeId)>) {
        let material = Material {
            friction: self.friction,
            torsion: 0.0,
            restitution: 0.0,
        };
        let mut world = self.machine(material);
        world.set_gravity(self.gravity.into());
        let mut belts = Vec::new();
        for fixed in &self.statics {
            let pose = pose(fixed.position, fixed.orientation);
            let shape = world
                .add_shape(Carrier::Ground, &fixed.shape.shape(), pose, material)
                .expect("shapes of golden files can be");
            belts.extend(fixed.belt.as_ref().map(|belt| (belt, shape)));
        }
        let parts = self
            .parts
            .iter()
            .map(|part| part.add_to(&mut world, material))
            .collect();
        (world, parts, belts)
    }

    /// The world with the joints of the scene: pads, or a belt that runs freely.
    fn machine(&self, material: Material) -> World {
        let joints: String = if let Some(hand) = &self.hand {
            [("left", -1.0), ("right", 1.0)]
                .iter()
                .zip(&hand.centres)
                .map(|((name, y), centre)| prismatic(name, [0.0, *y, 0.0], *centre, hand.mass))
                .collect()
        } else if let Some((direction, mass)) = self.free_belt() {
            prismatic("belt", direction, [0.0; 3], mass)
        } else {
            return World::new();
        };
        let urdf = format!(r#"<robot name="scene"><link name="base"/>{joints}</robot>"#);
        let model = Model::from_urdf_str(&urdf).expect("the joints above make a machine");
        let mut world = World::with_machine(&model);
        if let Some(hand) = &self.hand {
            for name in ["left", "right"] {
                let pad = Carrier::Link(model.link(name).expect("it has both pads"));
                let turn = pose([0.0; 3], hand.orientation);
                world
                    .add_shape(pad, &Form::Box(hand.half).shape(), turn, material)
                    .expect("a pad has a size");
            }
        }
        if let Some((belt, _)) = self.belts().find(|(_, mass)| mass.is_some()) {
            world.place_joints(&[0.0], &[belt.speed]);
        }
        world
    }

    fn belts(&self) -> impl Iterator<Item = (&Belt, Option<f64>)> {
        let belts = self.statics.iter().filter_map(|fixed| fixed.belt.as_ref());
        belts.map(|belt| (belt, belt.mass))
    }

    fn free_belt(&self) -> Option<([f64; 3], f64)> {
        self.belts()
            .find_map(|(belt, mass)| Some((belt.direction, mass?)))
    }

    fn efforts(&self) -> Vec<f64> {
        match &self.hand {
            Some(hand) => vec![hand.force; 2],
            None => vec![0.0; usize::from(self.free_belt().is_some())],
        }
    }
}

impl Belt {
    /// How the surface runs in the step that ends at `t`.
    fn surface(&self, t: f64) -> Surface {
        let direction = Vector3::from(self.direction);
        if self.mass.is_some() {
            return Surface::Joint {
                joint: 0,
                travel: direction,
            };
        }
        let speed = self.speed + self.acceleration * t.min(self.until);
        Surface::Speed {
            velocity: direction * speed,
        }
    }
}

impl Part {
    fn add_to(&self, world: &mut World, material: Material) -> BodyId {
        let mass = MassProperties {
            mass: self.mass,
            centre_of_mass: Point3::origin(),
            inertia: Matrix3::from_diagonal(&self.inertia.into()),
        };
        let pose = pose(self.position, self.orientation);
        let body = world
            .add_body("part", mass, pose)
            .expect("parts of golden files have masses");
        let carrier = Carrier::Body(body);
        world
            .add_shape(carrier, &self.shape.shape(), Isometry3::identity(), material)
            .expect("shapes of golden files can be");
        let twist = Twist {
            linear: self.velocity.into(),
            angular: self.spin.into(),
        };
        world.place_body(body, &pose, &twist);
        body
    }
}

impl Form {
    fn shape(&self) -> Shape {
        match self {
            Self::Box(half) => Shape::Box {
                size: 2.0 * Vector3::from(*half),
            },
            &Self::Sphere(radius) => Shape::Sphere { radius },
            &Self::Cylinder([radius, half]) => Shape::Cylinder {
                radius,
                length: 2.0 * half,
            },
            &Self::Capsule([radius, half]) => Shape::Capsule {
                radius,
                length: 2.0 * half,
            },
            Self::Hull(corners) => Shape::Convex {
                points: corners.iter().map(|&corner| Point3::from(corner)).collect(),
            },
            Self::HalfSpace([]) => Shape::HalfSpace,
        }
    }
}

/// Keeps the worst value and its time; one that is not a number is worse than any.
fn keep_worst(worst: &mut [f64; 2], value: f64, time: f64) {
    if value.is_nan() || value > worst[0] {
        *worst = [value, time];
    }
}

/// A link that slides along `axis`; its own inertia never turns.
fn prismatic(name: &str, axis: [f64; 3], origin: [f64; 3], mass: f64) -> String {
    let text = |values: [f64; 3]| values.map(|value| value.to_string()).join(" ");
    format!(
        r#"<link name="{name}"><inertial><mass value="{mass}"/>
        <inertia ixx="0.001" ixy="0" ixz="0" iyy="0.001" iyz="0" izz="0.001"/></inertial></link>
        <joint name="{name}_joint" type="prismatic"><parent link="base"/><child link="{name}"/>
        <origin xyz="{}"/><axis xyz="{}"/><limit lower="-10" upper="10" velocity="10" effort="100"/></joint>"#,
        text(origin),
        text(axis)
    )
}

fn pose(position: [f64; 3], orientation: [f64; 4]) -> Isometry3<f64> {
    Isometry3::from_parts(Translation3::from(position), quaternion(orientation))
}

fn quaternion([w, i, j, k]: [f64; 4]) -> UnitQuaternion<f64> {
    UnitQuaternion::from_quaternion(Quaternion::new(w, i, j, k))
}
