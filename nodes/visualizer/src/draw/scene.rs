//! Draws the cell: shapes once, poses at each picture.
//!
//! Links lie flat below `/cell`, each at its pose in the world, so that one lost picture misplaces one link and not a chain.
//! Meshes are left out: their files are names that only a ROS package index resolves.

use crate::record::{Bodies, Poses, Surroundings};
use crate::scene::fixed_links;
use nalgebra::{Isometry3, Vector3};
use rerun::{
    Boxes3D, Capsules3D, Color, Cylinders3D, Ellipsoids3D, EntityPath, FillMode, LineStrips3D, Quaternion,
    Radius, RecordingStream, RecordingStreamResult, Transform3D, ViewCoordinates,
};
use servomesh_robot::{Geometry, LinkId, Model, Shape};
use std::collections::BTreeMap;

/// Where the scene is.
pub(super) const ORIGIN: &str = "/cell";

/// Where what is around the robot is.
const SURROUNDINGS: &str = "/cell/surroundings";

/// The links' entities.
pub(crate) type Names = BTreeMap<LinkId, String>;

/// Draws all shapes, and places the links that nothing moves.
pub(super) fn draw_static(stream: &RecordingStream, model: &Model) -> RecordingStreamResult<Names> {
    stream.log_static(ORIGIN, &ViewCoordinates::RIGHT_HAND_Z_UP())?;
    for (link, world_from_link) in fixed_links(model) {
        stream.log_static(entity(model, link), &transform(&world_from_link))?;
    }
    for link in model.links() {
        draw_shapes(stream, &entity(model, link), model.visuals(link))?;
    }
    Ok(model.links().map(|link| (link, entity(model, link))).collect())
}

/// Draws where the links are, and the tool's path.
pub(super) fn draw(stream: &RecordingStream, names: &Names, poses: &Poses) -> RecordingStreamResult<()> {
    for (link, world_from_link) in &poses.links {
        if let Some(name) = names.get(link) {
            stream.log(name.as_str(), &transform(world_from_link))?;
        }
    }
    if poses.trail.len() < 2 {
        return Ok(());
    }
    // Two strips, so that the older half fades: a strip has one colour.
    let points: Vec<[f32; 3]> = poses.trail.iter().map(|p| vec3(&p.coords)).collect();
    let strips = points
        .chunks(points.len().div_ceil(FADES.len()).max(1))
        .collect::<Vec<_>>();
    let joined = (0..strips.len()).map(|i| {
        let next = strips.get(i + 1).and_then(|strip| strip.first());
        strips[i].iter().chain(next).copied().collect::<Vec<_>>()
    });
    let shades = FADES[FADES.len() - strips.len()..]
        .iter()
        .map(|&alpha| faded(TRAIL, alpha));
    let trail = LineStrips3D::new(joined)
        .with_colors(shades)
        .with_radii([Radius::new_ui_points(1.8)]);
    stream.log(format!("{ORIGIN}/tool_path"), &trail)
}

/// Draws the shapes of what is around the robot.
pub(super) fn draw_surroundings(
    stream: &RecordingStream,
    surroundings: &Surroundings,
) -> RecordingStreamResult<()> {
    draw_shapes(stream, SURROUNDINGS, &surroundings.fixed)?;
    for (body, shapes) in &surroundings.bodies {
        draw_shapes(stream, &surrounding(body).to_string(), shapes)?;
    }
    Ok(())
}

/// Draws where bodies are.
pub(super) fn draw_bodies(stream: &RecordingStream, bodies: &Bodies) -> RecordingStreamResult<()> {
    for (body, world_from_body) in &bodies.poses {
        stream.log(surrounding(body), &transform(world_from_body))?;
    }
    Ok(())
}

fn draw_shapes(stream: &RecordingStream, entity: &str, shapes: &[Geometry]) -> RecordingStreamResult<()> {
    // One entity for each kind of shape: the fewer there are, the lighter the viewer.
    let mut boxes = Placed::default();
    let mut cylinders = Placed::default();
    let mut capsules = Placed::default();
    let mut spheres = Placed::default();
    for geometry in shapes {
        match &geometry.shape {
            Shape::Box { size } => boxes.push(vec3(&(size / 2.0)), geometry, Vector3::zeros()),
            &Shape::Cylinder { radius, length } => {
                cylinders.push([length as f32, radius as f32], geometry, Vector3::zeros());
            }
            // rerun's capsule begins at its origin; a description's is centred on it.
            &Shape::Capsule { radius, length } => {
                capsules.push(
                    [length as f32, radius as f32],
                    geometry,
                    Vector3::new(0.0, 0.0, -length / 2.0),
                );
            }
            &Shape::Sphere { radius } => spheres.push([radius as f32; 3], geometry, Vector3::zeros()),
            Shape::Mesh { .. } => {}
        }
    }
    if !boxes.sizes.is_empty() {
        let drawn = Boxes3D::from_half_sizes(boxes.sizes)
            .with_centers(boxes.centres)
            .with_quaternions(boxes.rotations)
            .with_colors(boxes.colours)
            .with_fill_mode(FillMode::Solid);
        stream.log_static(format!("{entity}/boxes"), &drawn)?;
    }
    if !cylinders.sizes.is_empty() {
        let (lengths, radii): (Vec<f32>, Vec<f32>) = cylinders.sizes.iter().map(|&[l, r]| (l, r)).unzip();
        let drawn = Cylinders3D::from_lengths_and_radii(lengths, radii)
            .with_centers(cylinders.centres)
            .with_quaternions(cylinders.rotations)
            .with_colors(cylinders.colours)
            .with_fill_mode(FillMode::Solid);
        stream.log_static(format!("{entity}/cylinders"), &drawn)?;
    }
    if !capsules.sizes.is_empty() {
        let (lengths, radii): (Vec<f32>, Vec<f32>) = capsules.sizes.iter().map(|&[l, r]| (l, r)).unzip();
        let drawn = Capsules3D::from_lengths_and_radii(lengths, radii)
            .with_translations(capsules.centres)
            .with_quaternions(capsules.rotations)
            .with_colors(capsules.colours)
            .with_fill_mode(FillMode::Solid);
        stream.log_static(format!("{entity}/capsules"), &drawn)?;
    }
    if !spheres.sizes.is_empty() {
        let drawn = Ellipsoids3D::from_half_sizes(spheres.sizes)
            .with_centers(spheres.centres)
            .with_colors(spheres.colours)
            .with_fill_mode(FillMode::Solid);
        stream.log_static(format!("{entity}/spheres"), &drawn)?;
    }
    Ok(())
}

/// The shapes of one kind on one link.
struct Placed<S> {
    sizes: Vec<S>,
    centres: Vec<[f32; 3]>,
    rotations: Vec<Quaternion>,
    colours: Vec<Color>,
}

impl<S> Default for Placed<S> {
    fn default() -> Self {
        Self {
            sizes: Vec::new(),
            centres: Vec::new(),
            rotations: Vec::new(),
            colours: Vec::new(),
        }
    }
}

impl<S> Placed<S> {
    fn push(&mut self, size: S, geometry: &Geometry, shape_from_origin: Vector3<f64>) {
        let link_from_origin = geometry.link_from_shape * nalgebra::Translation3::from(shape_from_origin);
        self.sizes.push(size);
        self.centres.push(vec3(&link_from_origin.translation.vector));
        self.rotations.push(quaternion(&link_from_origin));
        let [r, g, b, a] = geometry
            .colour
            .unwrap_or(GREY)
            .map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8);
        self.colours.push(Color::from_unmultiplied_rgba(r, g, b, a));
    }
}

/// A body's entity; its name may have spaces.
fn surrounding(body: &str) -> EntityPath {
    EntityPath::from(vec!["cell".into(), "surroundings".into(), body.into()])
}

fn entity(model: &Model, link: LinkId) -> String {
    format!("{ORIGIN}/{}", model.link_name(link))
}

fn transform(pose: &Isometry3<f64>) -> Transform3D {
    Transform3D::from_translation_rotation(vec3(&pose.translation.vector), quaternion(pose))
}

fn quaternion(pose: &Isometry3<f64>) -> Quaternion {
    Quaternion::from_xyzw(std::array::from_fn(|i| pose.rotation.coords[i] as f32))
}

fn vec3(v: &Vector3<f64>) -> [f32; 3] {
    std::array::from_fn(|i| v[i] as f32)
}

fn faded([r, g, b]: [u8; 3], alpha: u8) -> Color {
    Color::from_unmultiplied_rgba(r, g, b, alpha)
}

/// For shapes that have no colour of their own.
const GREY: [f64; 4] = [0.7, 0.7, 0.72, 1.0];

/// The tool's path.
const TRAIL: [u8; 3] = [255, 176, 64];

/// Opacity of the parts of the path, oldest first.
const FADES: [u8; 6] = [30, 60, 100, 150, 200, 255];
