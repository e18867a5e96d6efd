//! A robot description that has been checked: one tree of links and joints, every number finite and possible.
//!
//! Decides what a usable URDF is. Names have become indices, roll-pitch-yaw has become rotation matrices, axes have
//! length 1, chains of mimic joints point at the joint that really moves.
//!
//! **Invariant:** `joints_from_root` lists each joint after the joint that carries its parent link.

use std::collections::BTreeMap;

use nalgebra::{Matrix3, Vector3};
use urdf_rs::JointType;

use crate::error::{DescriptionProblem as Problem, Warning};
use crate::geometry::{Geometry, Shape};
use crate::joint::{DescribedLimits, JointKind};
use crate::planar::split_planar;
use crate::spatial::{Inertia, Placement};
use crate::syntax::explain;
use crate::tree::{order_tree, resolve_mimic};

#[derive(Debug, Clone)]
pub(crate) struct LinkDescription {
    pub(crate) name: String,
    /// About the link's origin.
    pub(crate) inertia: Inertia,
    pub(crate) visuals: Vec<Geometry>,
    pub(crate) collisions: Vec<Geometry>,
}

#[derive(Debug, Clone)]
pub(crate) struct JointDescription {
    pub(crate) name: String,
    /// `None` for a fixed joint and for a floating one.
    pub(crate) kind: Option<JointKind>,
    pub(crate) floating: bool,
    pub(crate) parent: usize,
    pub(crate) child: usize,
    pub(crate) parent_from_joint: Placement,
    pub(crate) axis: Vector3<f64>,
    pub(crate) limits: DescribedLimits,
    pub(crate) damping: f64,
    pub(crate) friction: f64,
    pub(crate) follows: Option<Follows>,
}

/// `position = multiplier · position(joint) + offset`, where `joint` itself follows nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Follows {
    pub(crate) joint: usize,
    pub(crate) multiplier: f64,
    pub(crate) offset: f64,
}

#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) links: Vec<LinkDescription>,
    pub(crate) joints: Vec<JointDescription>,
    /// How many links the file has. The ones behind them stand between the single motions of planar joints, and nobody sees them.
    pub(crate) link_count: usize,
    pub(crate) root: usize,
    pub(crate) joints_from_root: Vec<usize>,
    pub(crate) warnings: Vec<Warning>,
}

impl Description {
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let robot =
            urdf_rs::read_from_string(text).map_err(|error| Problem::Syntax(explain(text, &error)))?;
        Self::check(&robot)
    }

    fn check(robot: &urdf_rs::Robot) -> Result<Self, Problem> {
        if robot.links.is_empty() {
            return Err(Problem::NoLinks);
        }
        let link_of = index_by_name("link", robot.links.iter().map(|link| link.name.as_str()))?;
        let joint_of = index_by_name("joint", robot.joints.iter().map(|joint| joint.name.as_str()))?;
        let mut warnings = Vec::new();
        let mut links = (robot.links.iter())
            .map(|link| check_link(link, &robot.materials, &mut warnings))
            .collect::<Result<Vec<_>, _>>()?;
        let mut joints = (robot.joints.iter())
            .map(|joint| check_joint(joint, &link_of, &mut warnings))
            .collect::<Result<Vec<_>, _>>()?;
        for (index, joint) in robot.joints.iter().enumerate() {
            joints[index].follows = resolve_mimic(robot, &joint_of, joint)?;
        }
        let link_count = links.len();
        let planar = |joint: &urdf_rs::Joint| joint.joint_type == JointType::Planar;
        for at in (0..joints.len()).rev().filter(|&at| planar(&robot.joints[at])) {
            split_planar(at, &mut joints, &mut links);
        }
        index_by_name("joint", joints.iter().map(|joint| joint.name.as_str()))?;
        let (root, joints_from_root) = order_tree(&links, &joints)?;
        Ok(Self {
            name: robot.name.clone(),
            link_count,
            links,
            joints,
            root,
            joints_from_root,
            warnings,
        })
    }
}

fn index_by_name<'a>(
    what: &'static str,
    names: impl Iterator<Item = &'a str>,
) -> Result<BTreeMap<&'a str, usize>, Problem> {
    let mut indices = BTreeMap::new();
    for (index, name) in names.enumerate() {
        if indices.insert(name, index).is_some() {
            return Err(Problem::Duplicate {
                what,
                name: name.to_owned(),
            });
        }
    }
    Ok(indices)
}

pub(crate) fn finite(item: &str, what: &'static str, values: &[f64]) -> Result<(), Problem> {
    match values.iter().find(|value| !value.is_finite()) {
        Some(&value) => Err(Problem::NotFinite {
            item: item.to_owned(),
            what,
            value,
        }),
        None => Ok(()),
    }
}

fn not_negative(item: &str, what: &'static str, value: f64) -> Result<(), Problem> {
    if value.is_nan() {
        Err(Problem::NotFinite {
            item: item.to_owned(),
            what,
            value,
        })
    } else if value < 0.0 {
        Err(Problem::Negative {
            item: item.to_owned(),
            what,
            value,
        })
    } else {
        Ok(())
    }
}

fn check_pose(item: &str, pose: &urdf_rs::Pose) -> Result<Placement, Problem> {
    finite(item, "origin xyz", &*pose.xyz)?;
    finite(item, "origin rpy", &*pose.rpy)?;
    Ok(Placement::from_xyz_rpy(*pose.xyz, *pose.rpy))
}

fn check_link(
    link: &urdf_rs::Link,
    materials: &[urdf_rs::Material],
    warnings: &mut Vec<Warning>,
) -> Result<LinkDescription, Problem> {
    let item = format!("link {}", link.name);
    let inertia = check_inertia(link, &item, warnings)?;
    let visuals = (link.visual.iter())
        .map(|visual| {
            let colour = colour_of(visual.material.as_ref(), materials);
            check_geometry(&item, &visual.origin, &visual.geometry, colour)
        })
        .collect::<Result<_, _>>()?;
    let collisions = (link.collision.iter())
        .map(|collision| check_geometry(&item, &collision.origin, &collision.geometry, None))
        .collect::<Result<_, _>>()?;
    Ok(LinkDescription {
        name: link.name.clone(),
        inertia,
        visuals,
        collisions,
    })
}

fn check_inertia(link: &urdf_rs::Link, item: &str, warnings: &mut Vec<Warning>) -> Result<Inertia, Problem> {
    let inertial = &link.inertial;
    let link_from_inertia = check_pose(item, &inertial.origin)?;
    let mass = inertial.mass.value;
    finite(item, "mass", &[mass])?;
    not_negative(item, "mass", mass)?;
    let i = &inertial.inertia;
    finite(item, "inertia", &[i.ixx, i.ixy, i.ixz, i.iyy, i.iyz, i.izz])?;
    let tensor = Matrix3::new(i.ixx, i.ixy, i.ixz, i.ixy, i.iyy, i.iyz, i.ixz, i.iyz, i.izz);
    let scale = tensor.amax();
    if scale > 0.0 {
        let mut moments: [f64; 3] = tensor.symmetric_eigenvalues().into();
        moments.sort_by(f64::total_cmp);
        // A thin rod's smallest moment may round to a hair below zero.
        if moments[0] < -1e-9 * scale {
            return Err(Problem::NotPositiveDefinite {
                link: link.name.clone(),
                moments,
            });
        }
        if moments[2] > (moments[0] + moments[1]) * (1.0 + 1e-6) {
            warnings.push(Warning::ImpossibleMoments {
                link: link.name.clone(),
                moments,
            });
        }
        if mass <= 0.0 {
            warnings.push(Warning::InertiaWithoutMass {
                link: link.name.clone(),
            });
        }
    } else if mass > 0.0 {
        warnings.push(Warning::PointMass {
            link: link.name.clone(),
            mass,
        });
    }
    let r = link_from_inertia.rotation;
    Ok(Inertia::about_origin(
        mass,
        &link_from_inertia.translation,
        &(r * tensor * r.transpose()),
    ))
}

/// A material is given in place, or by the name of one defined for the whole robot.
fn colour_of(material: Option<&urdf_rs::Material>, all: &[urdf_rs::Material]) -> Option<[f64; 4]> {
    let material = material?;
    let named = || {
        all.iter()
            .find(|other| other.name == material.name)?
            .color
            .as_ref()
    };
    material.color.as_ref().or_else(named).map(|colour| *colour.rgba)
}

fn check_geometry(
    item: &str,
    origin: &urdf_rs::Pose,
    geometry: &urdf_rs::Geometry,
    colour: Option<[f64; 4]>,
) -> Result<Geometry, Problem> {
    let positive = |what, values: &[f64]| {
        finite(item, what, values)?;
        values
            .iter()
            .try_for_each(|&value| not_negative(item, what, value))
    };
    let shape = match geometry {
        urdf_rs::Geometry::Box { size } => {
            positive("box size", &**size)?;
            Shape::Box {
                size: Vector3::from(**size),
            }
        }
        &urdf_rs::Geometry::Cylinder { radius, length } => {
            positive("cylinder size", &[radius, length])?;
            Shape::Cylinder { radius, length }
        }
        &urdf_rs::Geometry::Capsule { radius, length } => {
            positive("capsule size", &[radius, length])?;
            Shape::Capsule { radius, length }
        }
        &urdf_rs::Geometry::Sphere { radius } => {
            positive("sphere radius", &[radius])?;
            Shape::Sphere { radius }
        }
        urdf_rs::Geometry::Mesh { filename, scale } => {
            let scale = scale.map_or(Vector3::repeat(1.0), |scale| Vector3::from(*scale));
            finite(item, "mesh scale", scale.as_slice())?;
            Shape::Mesh {
                filename: filename.clone(),
                scale,
            }
        }
    };
    Ok(Geometry {
        link_from_shape: check_pose(item, origin)?.to_isometry(),
        shape,
        colour,
    })
}

fn check_joint(
    joint: &urdf_rs::Joint,
    link_of: &BTreeMap<&str, usize>,
    warnings: &mut Vec<Warning>,
) -> Result<JointDescription, Problem> {
    let item = format!("joint {}", joint.name);
    let find = |role, link: &str| {
        link_of.get(link).copied().ok_or_else(|| Problem::MissingLink {
            joint: joint.name.clone(),
            role,
            link: link.to_owned(),
        })
    };
    let kind = match joint.joint_type {
        JointType::Fixed => None,
        JointType::Revolute => Some(JointKind::Revolute),
        JointType::Continuous => Some(JointKind::Continuous),
        JointType::Prismatic => Some(JointKind::Prismatic),
        JointType::Floating | JointType::Planar => None,
        JointType::Spherical => {
            return Err(Problem::UnsupportedJoint {
                joint: joint.name.clone(),
                kind: "spherical".to_owned(),
            });
        }
    };
    let has_axis = kind.is_some() || joint.joint_type == JointType::Planar;
    let dynamics = joint.dynamics.clone().unwrap_or_default();
    not_negative(&item, "damping", dynamics.damping)?;
    not_negative(&item, "friction", dynamics.friction)?;
    Ok(JointDescription {
        name: joint.name.clone(),
        kind,
        floating: joint.joint_type == JointType::Floating,
        parent: find("parent", &joint.parent.link)?,
        child: find("child", &joint.child.link)?,
        parent_from_joint: check_pose(&item, &joint.origin)?,
        axis: if has_axis {
            check_axis(joint, &item)?
        } else {
            Vector3::z()
        },
        limits: check_limits(joint, kind, &item, warnings)?,
        damping: dynamics.damping,
        friction: dynamics.friction,
        follows: None,
    })
}

fn check_axis(joint: &urdf_rs::Joint, item: &str) -> Result<Vector3<f64>, Problem> {
    finite(item, "axis", &*joint.axis.xyz)?;
    let axis = Vector3::from(*joint.axis.xyz);
    let length = axis.norm();
    if length < 1e-9 {
        return Err(Problem::BadAxis {
            joint: joint.name.clone(),
            length,
        });
    }
    Ok(axis / length)
}

fn check_limits(
    joint: &urdf_rs::Joint,
    kind: Option<JointKind>,
    item: &str,
    warnings: &mut Vec<Warning>,
) -> Result<DescribedLimits, Problem> {
    let limit = &joint.limit;
    let mut limits = DescribedLimits {
        lower: limit.lower,
        upper: limit.upper,
        velocity: limit.velocity,
        acceleration: limit.acceleration.min(limit.deceleration),
        jerk: limit.jerk,
        effort: limit.effort,
    };
    let Some(kind) = kind else { return Ok(limits) };
    for (what, value) in [
        ("velocity limit", limits.velocity),
        ("acceleration limit", limit.acceleration),
        ("deceleration limit", limit.deceleration),
        ("jerk limit", limits.jerk),
        ("effort limit", limits.effort),
    ] {
        not_negative(item, what, value)?;
    }
    if kind == JointKind::Continuous {
        (limits.lower, limits.upper) = (f64::NEG_INFINITY, f64::INFINITY);
    }
    for (what, value) in [("lower limit", limits.lower), ("upper limit", limits.upper)] {
        if value.is_nan() {
            return Err(Problem::NotFinite {
                item: item.to_owned(),
                what,
                value,
            });
        }
    }
    let (lower, upper) = (limits.lower, limits.upper);
    if lower > upper {
        return Err(Problem::LimitsInverted {
            joint: joint.name.clone(),
            lower,
            upper,
        });
    }
    if joint.mimic.is_none() {
        for (limit, room) in [
            ("velocity", limits.velocity),
            ("effort", limits.effort),
            ("position", upper - lower),
        ] {
            if room <= 0.0 {
                warnings.push(Warning::ZeroLimit {
                    joint: joint.name.clone(),
                    limit,
                });
            }
        }
    }
    Ok(limits)
}
