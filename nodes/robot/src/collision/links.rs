//! The solids of a robot's links. Lengths in m.
//!
//! Decides what stands for each collision shape of a description: the shape itself, its convex hull, a capsule around it, or a guess for a mesh that is
//! missing.
//!
//! **Invariant:** except for a missing mesh, a link's solids contain its shapes.

use nalgebra::{Matrix3, Vector3};

use super::error::CollisionWarning;
use super::mesh;
use super::model::Piece;
use super::settings::{CollisionSettings, LinkSolids, MissingMesh};
use super::solid::Solid;
use crate::assembly::align_z;
use crate::geometry::{Geometry, Shape};
use crate::model::{LinkId, Model};
use crate::spatial::Placement;
use crate::workspace::Workspace;

/// The solids of one link.
pub(super) fn solids_of(
    model: &Model,
    link: LinkId,
    settings: &CollisionSettings,
    warnings: &mut Vec<CollisionWarning>,
) -> Vec<Piece> {
    let mut solids = Vec::new();
    let mut stands_in = false;
    for geometry in model.collisions(link) {
        match solid_of(geometry, settings) {
            Ok(solid) => {
                let placed = Piece {
                    carrier_from_solid: Placement::from_isometry(&geometry.link_from_shape),
                    solid,
                };
                solids.push(match settings.link_solids {
                    LinkSolids::Convex => placed,
                    LinkSolids::Capsules => placed.into_capsule(),
                });
            }
            Err((file, reason)) => {
                let stand_ins = stand_ins(model, link, settings.missing_mesh);
                let link = model.link_name(link).to_owned();
                let stand_in = if stand_ins.is_empty() {
                    "nothing is checked"
                } else {
                    "capsules along the link's joints stand"
                };
                warnings.push(CollisionWarning::Mesh {
                    link,
                    file,
                    reason,
                    stand_in,
                });
                // One set of capsules stands for all of a link's missing meshes.
                if !std::mem::replace(&mut stands_in, true) {
                    solids.extend(stand_ins);
                }
            }
        }
    }
    solids
}

/// The solid of a shape, or a mesh's file and why it can't be used.
fn solid_of(geometry: &Geometry, settings: &CollisionSettings) -> Result<Solid, (String, String)> {
    let checked = "descriptions are checked for finite sizes, zero or more";
    match &geometry.shape {
        Shape::Box { size } => Ok(Solid::cuboid(size).expect(checked)),
        &Shape::Cylinder { radius, length } => Ok(Solid::cylinder(radius, length).expect(checked)),
        &Shape::Capsule { radius, length } => Ok(Solid::capsule(radius, length).expect(checked)),
        &Shape::Sphere { radius } => Ok(Solid::sphere(radius).expect(checked)),
        Shape::Mesh { filename, scale } => mesh::read(filename, scale, &settings.mesh_folders)
            .and_then(|points| Solid::convex_hull(&points).map_err(|error| error.to_string()))
            .map_err(|reason| (filename.clone(), reason)),
    }
}

/// What stands for a mesh of a link that is missing.
fn stand_ins(model: &Model, link: LinkId, missing: MissingMesh) -> Vec<Piece> {
    let MissingMesh::Capsules { radius } = missing else {
        return Vec::new();
    };
    let mut ends = carried_frames(model, link);
    // Joints at the link's own frame and joints at one place need one capsule.
    ends.sort_by(|a, b| b.norm().total_cmp(&a.norm()));
    ends.dedup_by(|a, b| (*a - *b).norm() < 1e-9);
    if ends.len() > 1 {
        ends.retain(|end| end.norm() > 1e-9);
    }
    if ends.is_empty() {
        ends.push(Vector3::zeros());
    }
    ends.iter()
        .map(|end| capsule_between(&[Vector3::zeros(), *end], radius))
        .collect()
}

/// Where the links that this one carries stand in it, with all joints at zero.
fn carried_frames(model: &Model, link: LinkId) -> Vec<Vector3<f64>> {
    let at_zero = Workspace::new(model);
    let link_from_base = model.link_pose(&at_zero, link).inverse();
    model
        .links()
        .filter(|&other| model.link_parent(other) == Some(link))
        .map(|child| {
            (link_from_base * model.link_pose(&at_zero, child))
                .translation
                .vector
        })
        .collect()
}

impl Piece {
    fn into_capsule(self) -> Self {
        let capsule = &self.solid.bounds.capsule;
        if self.solid.half_segment().is_some() {
            return self;
        }
        let in_solid = capsule_between(&capsule.ends, capsule.radius);
        Self {
            carrier_from_solid: self.carrier_from_solid.then(&in_solid.carrier_from_solid),
            solid: in_solid.solid,
        }
    }
}

fn capsule_between(ends: &[Vector3<f64>; 2], radius: f64) -> Piece {
    let along = ends[1] - ends[0];
    let length = along.norm();
    let rotation = if length > 0.0 {
        align_z(&(along / length))
    } else {
        Matrix3::identity()
    };
    let carrier_from_solid = Placement {
        rotation,
        translation: (ends[0] + ends[1]) / 2.0,
    };
    Piece {
        carrier_from_solid,
        solid: Solid::capsule(radius, length).expect("joints and radii are finite"),
    }
}
