//! The arm, the obstacles and the positions, for both sides. Lengths in m, angles in rad.
//!
//! **Invariant:** nothing touches in any of the positions.

use crate::draw::Draw;
use anyhow::{Context, Result};
use nalgebra::{Isometry3, Point3, Vector3};
use servomesh_robot::collision::{Collider, CollisionModel, CollisionSettings, LinkSolids, Solid};
use servomesh_robot::{Model, Shape, Workspace};
use servomesh_sim::harness::ARM;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const FINGER: f64 = 0.03;
const OBSTACLES: usize = 10;
const STATES: usize = 512;

/// What is asked, and where the arm is when it is.
pub(super) struct Scene {
    collision: CollisionModel,
    obstacles: Vec<Obstacle>,
    states: Vec<Vec<f64>>,
}

struct Obstacle {
    kind: &'static str,
    measures: Vec<f64>,
    at: Isometry3<f64>,
}

impl Scene {
    pub(super) fn new(link_solids: LinkSolids) -> Result<Self> {
        let urdf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../launch/robots/cell.urdf");
        let cell = Model::from_urdf_file(urdf)?;
        let mut positions = cell.neutral_positions();
        positions[cell.joint_index("gripper_finger_joint")?] = FINGER;
        let arm = cell.subset(&ARM, &positions)?;
        let settings = CollisionSettings {
            link_solids,
            ..CollisionSettings::default()
        };
        let mut draw = Draw(1);
        let mut scene = Self {
            collision: CollisionModel::new(&arm, &settings),
            obstacles: (0..OBSTACLES)
                .map(|index| Obstacle::draw(index, &mut draw))
                .collect(),
            states: Vec::new(),
        };
        for (index, obstacle) in scene.obstacles.iter().enumerate() {
            let name = format!("obstacle {index}");
            scene
                .collision
                .add_obstacle(&name, obstacle.solid()?, &obstacle.at)?;
        }
        while scene.states.len() < STATES {
            let q: Vec<f64> = ARM.iter().map(|_| draw.signed() * std::f64::consts::PI).collect();
            scene.collision.place(&q);
            if scene.collision.closer_than(1e-3).is_none() {
                scene.states.push(q);
            }
        }
        Ok(scene)
    }

    pub(super) fn take_states_of(&mut self, other: &Self) {
        self.states.clone_from(&other.states);
    }

    pub(super) fn state_count(&self) -> usize {
        self.states.len()
    }

    pub(super) fn least_distance(&mut self, state: usize) -> f64 {
        self.collision.place(&self.states[state]);
        let nearest = self.collision.minimum_distance();
        nearest.map_or(f64::INFINITY, |nearest| nearest.distance)
    }

    pub(super) fn is_near(&mut self, state: usize, margin: f64) -> bool {
        self.collision.place(&self.states[state]);
        self.collision.closer_than(margin).is_some()
    }

    pub(super) fn least_distances(&mut self) -> Vec<f64> {
        (0..STATES).map(|state| self.least_distance(state)).collect()
    }

    /// The scene as `peers/coal.cpp` reads it.
    pub(super) fn to_text(&self) -> Result<String> {
        let robot = self.collision.robot();
        let root = robot.root();
        let mut shapes = Vec::new();
        let mut of_collider: BTreeMap<Collider, Vec<usize>> = BTreeMap::new();
        for collider in self.collision.colliders() {
            let own = of_collider.entry(collider).or_default();
            let Collider::Link(link) = collider else { continue };
            for geometry in robot.collisions(link) {
                own.push(shapes.len());
                let moves = !robot.is_rigid_with(link, root);
                shapes.push((link, moves, geometry.link_from_shape, words(&geometry.shape)?));
            }
        }
        let obstacles = self
            .collision
            .colliders()
            .filter(|collider| matches!(collider, Collider::Obstacle(_)));
        for (collider, obstacle) in obstacles.zip(&self.obstacles) {
            of_collider.entry(collider).or_default().push(shapes.len());
            shapes.push((root, false, obstacle.at, obstacle.words()));
        }

        let mut text = format!("{}\n", shapes.len());
        for (_, moves, _, words) in &shapes {
            writeln!(text, "{} {words}", u8::from(*moves))?;
        }
        let mut pairs = Vec::new();
        for [a, b] in self.collision.checked_pairs() {
            for shape in &of_collider[&a] {
                pairs.extend(of_collider[&b].iter().map(|other| format!("{shape} {other}")));
            }
        }
        writeln!(
            text,
            "{}\n{}\n{}",
            pairs.len(),
            pairs.join("\n"),
            self.states.len()
        )?;
        let mut workspace = Workspace::new(robot);
        for q in &self.states {
            robot.forward_kinematics(&mut workspace, q);
            for (link, _, link_from_shape, _) in &shapes {
                let at = (robot.link_pose(&workspace, *link) * link_from_shape).to_homogeneous();
                let rotation = at.fixed_view::<3, 3>(0, 0).transpose();
                let place = at.fixed_view::<3, 1>(0, 3).into_owned();
                for number in rotation.iter().chain(place.iter()) {
                    write!(text, "{number:e} ")?;
                }
                writeln!(text)?;
            }
        }
        Ok(text)
    }
}

fn words(shape: &Shape) -> Result<String> {
    match shape {
        Shape::Box { size } => Ok(format!("box {} {} {}", size.x, size.y, size.z)),
        Shape::Cylinder { radius, length } => Ok(format!("cylinder {radius} {length}")),
        Shape::Capsule { radius, length } => Ok(format!("capsule {radius} {length}")),
        Shape::Sphere { radius } => Ok(format!("sphere {radius}")),
        Shape::Mesh { filename, .. } => None.with_context(|| format!("{filename}: the peer takes no mesh")),
    }
}

impl Obstacle {
    /// One of five kinds, half a metre or more from the arm's axis.
    fn draw(index: usize, draw: &mut Draw) -> Self {
        let mut size = || 0.175 + 0.125 * draw.signed();
        let (kind, measures) = match index % 5 {
            0 => ("box", vec![size(), size(), size()]),
            1 => ("sphere", vec![size()]),
            2 => ("capsule", vec![size() / 2.0, size()]),
            3 => ("cylinder", vec![size(), size()]),
            _ => ("hull", (0..36).map(|_| size()).collect()),
        };
        let turn = Vector3::from_fn(|_, _| draw.signed() * 2.0);
        let mut place = Vector3::from_fn(|_, _| draw.signed() * 0.9);
        let from_axis = place.xy().norm();
        if from_axis < 0.5 {
            place *= 0.6 / from_axis.max(0.1);
        }
        place.z = 0.9 + 0.8 * draw.signed();
        Self {
            kind,
            measures,
            at: Isometry3::new(place, turn),
        }
    }

    fn solid(&self) -> Result<Solid> {
        let solid = match (self.kind, self.measures.as_slice()) {
            ("box", sides) => Solid::cuboid(&Vector3::from_row_slice(sides)),
            ("sphere", &[radius]) => Solid::sphere(radius),
            ("capsule", &[radius, length]) => Solid::capsule(radius, length),
            ("cylinder", &[radius, length]) => Solid::cylinder(radius, length),
            (_, numbers) => {
                let points: Vec<_> = numbers.chunks(3).map(Point3::from_slice).collect();
                Solid::convex_hull(&points)
            }
        };
        Ok(solid?)
    }

    fn words(&self) -> String {
        let numbers: Vec<String> = self.measures.iter().map(f64::to_string).collect();
        let count = if self.kind == "hull" {
            format!(" {}", numbers.len() / 3)
        } else {
            String::new()
        };
        format!("{}{count} {}", self.kind, numbers.join(" "))
    }
}
