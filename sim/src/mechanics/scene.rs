//! What stands and lies around a robot, from a file.
//!
//! Decides what a scene file may say; `launch/robots/cell.scene.yaml` shows all of it. Lengths in m, angles in rad, masses in kg.
//!
//! **Invariant:** a scene that has been put into a world names only links, joints and materials that exist.

use std::collections::BTreeMap;
use std::path::Path;

use nalgebra::{Isometry3, Point3, Translation3, UnitQuaternion, Vector3};
use serde::Deserialize;

use super::body::{BodyId, MassProperties};
use super::shape::{Carrier, Material, Shape, ShapeId, Surface};
use super::world::World;
use crate::error::SimError;

/// A scene as its file describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    file: String,
    entries: File,
}

/// A shape of a scene in a world, for whoever draws it.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneShape {
    /// Its name in the file.
    pub name: String,
    /// The shape in the world.
    pub id: ShapeId,
    /// The body that carries it; `None` if it is fixed.
    pub body: Option<BodyId>,
    /// The shape.
    pub shape: Shape,
    /// Where it stands in its body's frame, or in the frame of what it is fixed to.
    pub carrier_from_shape: Isometry3<f64>,
    /// What carries it.
    pub carrier: Carrier,
    /// Red, green, blue, opacity (0 … 1).
    pub colour: [f64; 4],
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    materials: BTreeMap<String, MaterialEntry>,
    machine: Option<MachineEntry>,
    #[serde(default)]
    fixed: Vec<Entry>,
    #[serde(default)]
    bodies: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MaterialEntry {
    friction: f64,
    #[serde(default)]
    torsion: f64,
    #[serde(default)]
    restitution: f64,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct MachineEntry {
    material: String,
    #[serde(default)]
    of: BTreeMap<String, String>,
    #[serde(default)]
    leave_out: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    on: Option<String>,
    #[serde(default)]
    xyz: [f64; 3],
    #[serde(default)]
    rpy: [f64; 3],
    #[serde(rename = "box")]
    size: Option<[f64; 3]>,
    cylinder: Option<[f64; 2]>,
    capsule: Option<[f64; 2]>,
    sphere: Option<f64>,
    convex: Option<Vec<[f64; 3]>>,
    #[serde(default)]
    half_space: bool,
    material: String,
    mass: Option<f64>,
    runs: Option<RunsEntry>,
    rgba: Option<[f64; 4]>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsEntry {
    joint: String,
    travel: [f64; 3],
}

impl Scene {
    /// The same without what lies around loose: only what is fixed.
    #[must_use]
    pub fn without_bodies(mut self) -> Self {
        self.entries.bodies.clear();
        self
    }

    /// Reads a scene file.
    ///
    /// # Errors
    /// It can't be read, or says what can't be; names entry and value.
    pub fn from_yaml_file(path: impl AsRef<Path>) -> Result<Self, SimError> {
        let path = path.as_ref();
        Self::parse(&crate::error::text_of(path)?, &path.display().to_string())
    }

    /// Reads the text of a scene file.
    ///
    /// # Errors
    /// As [`from_yaml_file`](Self::from_yaml_file).
    pub fn from_yaml_str(text: &str) -> Result<Self, SimError> {
        Self::parse(text, "<string>")
    }

    fn parse(text: &str, file: &str) -> Result<Self, SimError> {
        let scene = Self {
            file: file.to_owned(),
            entries: serde_norway::from_str(text).map_err(|error| SimError::Syntax {
                file: file.to_owned(),
                reason: error.to_string(),
            })?,
        };
        for name in scene.entries.materials.keys() {
            scene.material(name)?;
        }
        for (entry, is_body) in scene.entries() {
            scene.shape(entry)?;
            scene.material(&entry.material)?;
            scene.pose(entry)?;
            match (entry.mass, is_body) {
                (None, true) => return Err(scene.wrong(&entry.name, "a body needs a mass")),
                (Some(_), false) => return Err(scene.wrong(&entry.name, "what is fixed has no mass here")),
                _ => {}
            }
            if is_body && entry.runs.is_some() {
                return Err(scene.wrong(&entry.name, "only what is fixed can run"));
            }
        }
        let names: Vec<&str> = scene.entries().map(|(entry, _)| entry.name.as_str()).collect();
        if let Some(at) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
            return Err(scene.wrong(names[at], "the name is there twice"));
        }
        Ok(scene)
    }

    /// Puts everything into a world. Returns the scene's own shapes, in the order of the file.
    ///
    /// # Errors
    /// If a link or a joint is not in the world's machine.
    pub fn put_into(&self, world: &mut World) -> Result<Vec<SceneShape>, SimError> {
        world.update_links();
        if let Some(machine) = &self.entries.machine {
            self.add_machine(machine, world)?;
        }
        let mut added = Vec::new();
        for (entry, is_body) in self.entries() {
            let link = match (&entry.on, world.model()) {
                (Some(link), Some(model)) => Some(model.link(link)?),
                (Some(_), None) => return Err(self.wrong(&entry.name, "there is no machine to be on")),
                (None, _) => None,
            };
            let shape = self.shape(entry)?;
            let pose = self.pose(entry)?;
            let (carrier, carrier_from_shape, body) = if is_body {
                let base_from_link = link.map_or(Isometry3::identity(), |link| world.link_pose(link));
                let mass = MassProperties::of(&shape, entry.mass.unwrap_or_default())?;
                let body = world.add_body(&entry.name, mass, base_from_link * pose)?;
                (Carrier::Body(body), Isometry3::identity(), Some(body))
            } else {
                (link.map_or(Carrier::Ground, Carrier::Link), pose, None)
            };
            let id = world.add_shape(
                carrier,
                &shape,
                carrier_from_shape,
                self.material(&entry.material)?,
            )?;
            if let Some(runs) = &entry.runs {
                let model = world.model();
                let model =
                    model.ok_or_else(|| self.wrong(&entry.name, "there is no machine to run with"))?;
                let joint = model.joint_index(&runs.joint)?;
                let travel = Vector3::from(runs.travel);
                world.set_surface(id, Surface::Joint { joint, travel });
            }
            added.push(SceneShape {
                name: entry.name.clone(),
                id,
                body,
                shape,
                carrier_from_shape,
                carrier,
                colour: entry.rgba.unwrap_or(GREY),
            });
        }
        Ok(added)
    }

    fn add_machine(&self, machine: &MachineEntry, world: &mut World) -> Result<(), SimError> {
        let Some(model) = world.model().cloned() else {
            return Err(self.wrong("machine", "the world has none"));
        };
        for link in machine.of.keys().chain(&machine.leave_out) {
            model.link(link)?;
        }
        for link in model.links() {
            let name = model.link_name(link);
            if machine.leave_out.iter().any(|left_out| left_out == name) {
                continue;
            }
            let material = self.material(machine.of.get(name).unwrap_or(&machine.material))?;
            for geometry in model.collisions(link) {
                if let Some(shape) = Shape::from_geometry(&geometry.shape) {
                    world.add_shape(Carrier::Link(link), &shape, geometry.link_from_shape, material)?;
                }
            }
        }
        Ok(())
    }

    /// What is fixed, then the bodies; and whether it is one.
    fn entries(&self) -> impl Iterator<Item = (&Entry, bool)> {
        let fixed = self.entries.fixed.iter().map(|entry| (entry, false));
        fixed.chain(self.entries.bodies.iter().map(|entry| (entry, true)))
    }

    fn material(&self, name: &str) -> Result<Material, SimError> {
        let Some(entry) = self.entries.materials.get(name) else {
            return Err(self.wrong(name, "there is no such material under `materials:`"));
        };
        for (what, value, most) in [
            ("friction", entry.friction, f64::MAX),
            ("torsion", entry.torsion, f64::MAX),
            ("restitution", entry.restitution, 1.0),
        ] {
            if !(0.0..=most).contains(&value) {
                return Err(self.wrong(
                    name,
                    &format!("{what} is {value}; it must be 0 or more, restitution at most 1"),
                ));
            }
        }
        Ok(Material {
            friction: entry.friction,
            torsion: entry.torsion,
            restitution: entry.restitution,
        })
    }

    fn shape(&self, entry: &Entry) -> Result<Shape, SimError> {
        let mut shapes = Vec::new();
        shapes.extend(entry.size.map(|size| Shape::Box {
            size: Vector3::from(size),
        }));
        shapes.extend(
            entry
                .cylinder
                .map(|[radius, length]| Shape::Cylinder { radius, length }),
        );
        shapes.extend(
            entry
                .capsule
                .map(|[radius, length]| Shape::Capsule { radius, length }),
        );
        shapes.extend(entry.sphere.map(|radius| Shape::Sphere { radius }));
        shapes.extend(entry.convex.as_ref().map(|points| Shape::Convex {
            points: points.iter().map(|point| Point3::from(*point)).collect(),
        }));
        shapes.extend(entry.half_space.then_some(Shape::HalfSpace));
        match (shapes.pop(), shapes.is_empty()) {
            (Some(shape), true) => {
                let checked = shape.check();
                checked.map_err(|error| self.wrong(&entry.name, &error.to_string()))?;
                Ok(shape)
            }
            _ => Err(self.wrong(&entry.name, "it must have exactly one shape")),
        }
    }

    fn pose(&self, entry: &Entry) -> Result<Isometry3<f64>, SimError> {
        if let Some(bad) = entry.xyz.iter().chain(&entry.rpy).find(|x| !x.is_finite()) {
            return Err(self.wrong(&entry.name, &format!("xyz or rpy has {bad}; it must be finite")));
        }
        let [x, y, z] = entry.xyz;
        let [roll, pitch, yaw] = entry.rpy;
        Ok(Isometry3::from_parts(
            Translation3::new(x, y, z),
            UnitQuaternion::from_euler_angles(roll, pitch, yaw),
        ))
    }

    fn wrong(&self, entry: &str, reason: &str) -> SimError {
        SimError::Syntax {
            file: self.file.clone(),
            reason: format!("{entry}: {reason}"),
        }
    }
}

const GREY: [f64; 4] = [0.6, 0.6, 0.6, 1.0];

#[cfg(test)]
mod tests {
    use super::*;

    fn error(entry: &str) -> String {
        let text =
            format!("materials: {{ wood: {{ friction: 0.4 }} }}\nbodies:\n  - {{ name: a, {entry} }}\n");
        Scene::from_yaml_str(&text).unwrap_err().to_string()
    }

    #[test]
    fn what_cannot_be_names_the_entry_and_the_reason() {
        assert!(error("sphere: 0.1, material: wood").contains("a: a body needs a mass"));
        assert!(error("sphere: 0.1, mass: 1, material: tin").contains("tin: there is no such material"));
        assert!(error("sphere: -0.1, mass: 1, material: wood").contains("radius is -0.1"));
        assert!(error("mass: 1, material: wood").contains("exactly one shape"));
        assert!(error("sphere: 1, box: [1, 1, 1], mass: 1, material: wood").contains("exactly one shape"));
        assert!(error("sphere: 1, mass: 1, material: wood, xyz: [.nan, 0, 0]").contains("finite"));
        assert!(error("sphere: 1, mass: 1, material: wood, weight: 3").contains("weight"));
        let slippery = "materials: { ice: { friction: -1 } }";
        assert!(
            Scene::from_yaml_str(slippery)
                .unwrap_err()
                .to_string()
                .contains("friction is -1")
        );
    }

    #[test]
    fn a_scene_names_what_its_machine_lacks() {
        let scene = "materials: { wood: { friction: 0.4 } }\nfixed: [{ name: a, on: nowhere, sphere: 1, material: wood }]";
        let scene = Scene::from_yaml_str(scene).unwrap();
        let model =
            servomesh_robot::Model::from_urdf_str(include_str!("../../../launch/robots/cell.urdf")).unwrap();
        let error = scene.put_into(&mut World::with_machine(&model)).unwrap_err();
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert!(scene.put_into(&mut World::new()).is_err());
    }
}
