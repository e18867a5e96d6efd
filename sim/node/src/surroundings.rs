//! What stands and lies around the robot, as messages: shapes once, poses again and again.
//!
//! A shape goes with a body, a link that moves, or nothing. Links that carry shapes are said under their own names.

use nalgebra::{Isometry3, Vector3};
use r2r::geometry_msgs::msg::{Point, Pose, Quaternion, Twist as TwistMsg, Vector3 as Vector3Msg};
use r2r::servomesh_msgs::msg::{SimBody, SimScene, SimShape};
use servomesh_robot::{LinkId, Twist};
use servomesh_sim::Plant;
use servomesh_sim::mechanics::{Carrier, SceneShape, Shape};
use std::collections::BTreeSet;

/// The shapes that can be seen. Half-spaces have no end and convex hulls no size: nobody can draw them from this.
pub(crate) fn scene(plant: &Plant) -> SimScene {
    SimScene {
        shapes: plant
            .scene()
            .iter()
            .filter_map(|shape| message(plant, shape))
            .collect(),
    }
}

/// Where everything is that carries shapes.
pub(crate) fn bodies(plant: &Plant) -> Vec<SimBody> {
    let free = plant
        .bodies()
        .map(|body| said(body.name, &body.pose, &body.twist));
    let links = moving_carriers(plant).into_iter().map(|link| {
        let name = plant.model().link_name(link);
        said(name, &plant.link_pose(link), &plant.link_velocity(link))
    });
    free.chain(links).collect()
}

fn moving_carriers(plant: &Plant) -> BTreeSet<LinkId> {
    let moves = |link: &LinkId| !plant.model().is_rigid_with(*link, plant.model().root());
    let links = plant.scene().iter().filter_map(|shape| match shape.carrier {
        Carrier::Link(link) => Some(link),
        Carrier::Ground | Carrier::Body(_) => None,
    });
    links.filter(moves).collect()
}

fn message(plant: &Plant, shape: &SceneShape) -> Option<SimShape> {
    if shape.colour[3] <= 0.0 {
        return None;
    }
    let (kind, size) = match shape.shape {
        Shape::Box { size } => (SimShape::BOX as u8, [size.x, size.y, size.z]),
        Shape::Sphere { radius } => (SimShape::SPHERE as u8, [radius, 0.0, 0.0]),
        Shape::Cylinder { radius, length } => (SimShape::CYLINDER as u8, [radius, length, 0.0]),
        Shape::Capsule { radius, length } => (SimShape::CAPSULE as u8, [radius, length, 0.0]),
        Shape::Convex { .. } | Shape::HalfSpace => return None,
    };
    let model = plant.model();
    let (body, pose) = match shape.carrier {
        Carrier::Ground => (String::new(), shape.carrier_from_shape),
        Carrier::Body(id) => (plant.world().body(id).name.to_owned(), shape.carrier_from_shape),
        Carrier::Link(link) if model.is_rigid_with(link, model.root()) => {
            (String::new(), plant.link_pose(link) * shape.carrier_from_shape)
        }
        Carrier::Link(link) => (model.link_name(link).to_owned(), shape.carrier_from_shape),
    };
    Some(SimShape {
        body,
        kind,
        size: size.to_vec(),
        pose: pose_to_msg(&pose),
        rgba: shape.colour.map(|part| part as f32).to_vec(),
    })
}

fn said(name: &str, pose: &Isometry3<f64>, twist: &Twist) -> SimBody {
    SimBody {
        name: name.to_owned(),
        pose: pose_to_msg(pose),
        twist: TwistMsg {
            linear: vector_to_msg(&twist.linear),
            angular: vector_to_msg(&twist.angular),
        },
    }
}

fn pose_to_msg(pose: &Isometry3<f64>) -> Pose {
    let (t, q) = (&pose.translation, &pose.rotation);
    Pose {
        position: Point {
            x: t.x,
            y: t.y,
            z: t.z,
        },
        orientation: Quaternion {
            x: q.i,
            y: q.j,
            z: q.k,
            w: q.w,
        },
    }
}

fn vector_to_msg(v: &Vector3<f64>) -> Vector3Msg {
    Vector3Msg {
        x: v.x,
        y: v.y,
        z: v.z,
    }
}
