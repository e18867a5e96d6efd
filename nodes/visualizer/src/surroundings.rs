//! Messages of the simulation → what stands and lies around the robot. A real machine has no such topics.

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};
use r2r::geometry_msgs::msg::Pose;
use r2r::servomesh_msgs::msg::{SimScene, SimShape, SimTruth};
use servomesh_robot::{Geometry, Shape};
use servomesh_shell::ros::wire::{WireError, stamp_from_msg};
use servomesh_visualizer::record::{Bodies, Surroundings};

/// The shapes, by what carries them.
pub(crate) fn of_scene(message: &SimScene) -> Result<Surroundings, WireError> {
    let mut surroundings = Surroundings::default();
    for shape in &message.shapes {
        let geometry = geometry(shape)?;
        if shape.body.is_empty() {
            surroundings.fixed.push(geometry);
        } else {
            let body = surroundings.bodies.entry(shape.body.clone()).or_default();
            body.push(geometry);
        }
    }
    Ok(surroundings)
}

/// Where the bodies are.
pub(crate) fn of_truth(message: &SimTruth) -> Result<Bodies, WireError> {
    let mut poses = Vec::with_capacity(message.bodies.len());
    for body in &message.bodies {
        poses.push((body.name.clone(), pose(&body.pose)?));
    }
    Ok(Bodies {
        stamp: stamp_from_msg(&message.stamp),
        poses,
    })
}

fn geometry(message: &SimShape) -> Result<Geometry, WireError> {
    let (radius, length) = (message.size[0], message.size[1]);
    let (shape, sizes) = match message.kind {
        0 => (
            Shape::Box {
                size: Vector3::from_column_slice(&message.size),
            },
            &message.size[..],
        ),
        1 => (Shape::Sphere { radius }, &message.size[..1]),
        2 => (Shape::Cylinder { radius, length }, &message.size[..2]),
        3 => (Shape::Capsule { radius, length }, &message.size[..2]),
        other => {
            return Err(WireError::Enum {
                what: "shape",
                value: other.into(),
            });
        }
    };
    if let Some(size) = sizes.iter().find(|size| !(size.is_finite() && **size > 0.0)) {
        return Err(WireError::Description(format!(
            "a shape of {:?} has a size of {size} m",
            message.body
        )));
    }
    Ok(Geometry {
        link_from_shape: pose(&message.pose)?,
        shape,
        colour: Some(std::array::from_fn(|i| f64::from(message.rgba[i]))),
    })
}

fn pose(message: &Pose) -> Result<Isometry3<f64>, WireError> {
    let (p, q) = (&message.position, &message.orientation);
    let rotation = Quaternion::new(q.w, q.x, q.y, q.z);
    let numbers = [p.x, p.y, p.z, rotation.norm()];
    if !numbers.iter().all(|number| number.is_finite()) || rotation.norm() < 0.5 {
        return Err(WireError::Description(format!("a pose can't be: {message:?}")));
    }
    Ok(Isometry3::from_parts(
        Translation3::new(p.x, p.y, p.z),
        UnitQuaternion::from_quaternion(rotation),
    ))
}
