//! Our side of a scene: the same machine, drives and parts as MuJoCo's.

use anyhow::{Context, Result};
use nalgebra::{Isometry3, Vector3};
use serde::Deserialize;
use servomesh_robot::Model;
use servomesh_sim::mechanics::{BodyId, Carrier, MassProperties, Material, Shape, Surface, World};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

const STEP_S: f64 = 0.001;

/// What `mujoco_scenes.py` writes for us.
#[derive(Deserialize)]
struct Scene {
    /// By joint: start, bias, amplitude, frequency, spring, damping.
    drives: BTreeMap<String, [f64; 6]>,
    armatures: BTreeMap<String, f64>,
    /// Where a joint's position stands among MuJoCo's.
    places: BTreeMap<String, usize>,
    /// The link whose first shape runs, and the joint that moves its surface.
    belt: Option<(String, String)>,
    friction: f64,
    boxes: Vec<[f64; 3]>,
    size: f64,
    mass: f64,
}

/// A scene that can be stepped.
pub(crate) struct Ours {
    world: World,
    drives: Vec<[f64; 6]>,
    places: Vec<usize>,
    parts: Vec<BodyId>,
    efforts: Vec<f64>,
    damping: Vec<f64>,
    steps: usize,
}

impl Ours {
    /// Reads a scene; joints that it does not drive are held.
    pub(crate) fn read(folder: &Path, name: &str) -> Result<Self> {
        let path = folder.join(format!("{name}.json"));
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let scene: Scene = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let whole = Model::from_urdf_file(folder.join(format!("{name}.urdf")))?;
        let driven: Vec<&str> = whole
            .joints()
            .iter()
            .map(|joint| joint.name.as_str())
            .filter(|name| scene.drives.contains_key(*name))
            .collect();
        let mut model = whole.subset(&driven, &vec![0.0; whole.joint_count()])?;
        for (joint, name) in driven.iter().enumerate() {
            model.set_armature(joint, scene.armatures[*name])?;
        }
        let drives: Vec<[f64; 6]> = driven.iter().map(|name| scene.drives[*name]).collect();
        let mut world = World::with_machine(&model);
        let parts = add_shapes(&mut world, &model, &scene)?;
        let start: Vec<f64> = drives.iter().map(|drive| drive[0]).collect();
        world.place_joints(&start, &vec![0.0; start.len()]);
        Ok(Self {
            world,
            parts,
            efforts: vec![0.0; drives.len()],
            places: driven.iter().map(|name| scene.places[*name]).collect(),
            damping: drives.iter().map(|drive| drive[5]).collect(),
            drives,
            steps: 0,
        })
    }

    /// The time of a step [ns] in each block of steps, after a pass that is not timed.
    pub(crate) fn times(mut self, steps: usize, block: usize) -> Vec<Option<u64>> {
        let start = (self.world.clone(), self.steps);
        for _ in 0..steps {
            self.step();
        }
        (self.world, self.steps) = start;
        let mut times = Vec::with_capacity(steps / block);
        for _ in 0..steps / block {
            #[expect(clippy::disallowed_methods, reason = "a bench measures")]
            let clock = Instant::now();
            for _ in 0..block {
                self.step();
            }
            times.push(u64::try_from(clock.elapsed().as_nanos() / block as u128).ok());
        }
        times
    }

    /// All positions, every `every` steps: joints, then x, y, z and the quaternion w, x, y, z of each part.
    pub(crate) fn trace(mut self, steps: usize, every: usize) -> Vec<Vec<f64>> {
        let mut frames = Vec::with_capacity(steps / every);
        for done in 1..=steps {
            self.step();
            if done % every == 0 {
                let mut frame = self.world.joint_positions().to_vec();
                for &part in &self.parts {
                    let pose = self.world.body(part).pose;
                    frame.extend(pose.translation.vector.iter());
                    let q = pose.rotation;
                    frame.extend([q.w, q.i, q.j, q.k]);
                }
                frames.push(frame);
            }
        }
        frames
    }

    /// Where each joint's position stands in a line of MuJoCo's trace.
    pub(crate) fn places(&self) -> Vec<usize> {
        self.places.clone()
    }

    pub(crate) fn part_count(&self) -> usize {
        self.parts.len()
    }

    fn step(&mut self) {
        let t = self.steps as f64 * STEP_S;
        let (positions, velocities) = (self.world.joint_positions(), self.world.joint_velocities());
        for (joint, effort) in self.efforts.iter_mut().enumerate() {
            let [start, bias, amplitude, frequency, spring, damping] = self.drives[joint];
            *effort = bias + amplitude * (frequency * t).cos()
                - spring * (positions[joint] - start)
                - damping * velocities[joint];
        }
        self.world.step(STEP_S, &self.efforts, &self.damping);
        self.steps += 1;
    }
}

/// Adds all shapes, with the running surface, and the parts.
fn add_shapes(world: &mut World, model: &Model, scene: &Scene) -> Result<Vec<BodyId>> {
    let material = Material {
        friction: scene.friction,
        torsion: 0.0,
        restitution: 0.0,
    };
    if let Some((link, joint)) = &scene.belt {
        let shapes = world.add_machine_shapes(material)?;
        let link = model.link(link)?;
        let of_link = shapes
            .into_iter()
            .find(|&shape| world.carrier(shape) == Carrier::Link(link));
        let surface = Surface::Joint {
            joint: model.joint_index(joint)?,
            travel: Vector3::x(),
        };
        world.set_surface(of_link.context("the belt's link has no shape")?, surface);
    }
    let cube = Shape::Box {
        size: Vector3::repeat(scene.size),
    };
    let mut parts = Vec::with_capacity(scene.boxes.len());
    for &[x, y, z] in &scene.boxes {
        let mass = MassProperties::of(&cube, scene.mass)?;
        let body = world.add_body("part", mass, Isometry3::translation(x, y, z))?;
        world.add_shape(Carrier::Body(body), &cube, Isometry3::identity(), material)?;
        parts.push(body);
    }
    Ok(parts)
}
