//! Obstacles, zones and workspaces, as the safety file has them. Lengths in m, angles in rad, base axes of the robot.
//!
//! **Invariant:** a solid is exactly one of the kinds there are; a workspace has room for its tool.

use super::SafetyFile;
use crate::machine::surroundings::{Bounds, Surroundings};
use crate::setup::SetupError;
use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use serde::Deserialize;
use servomesh_robot::collision::{CollisionModel, CollisionSettings, Solid};
use servomesh_robot::{LinkId, Model};
use servomesh_types::range::within;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Placed {
    name: String,
    #[serde(rename = "box")]
    cuboid: Option<[f64; 3]>,
    cylinder: Option<[f64; 2]>,
    capsule: Option<[f64; 2]>,
    sphere: Option<f64>,
    #[serde(default)]
    half_space: bool,
    #[serde(default)]
    xyz: [f64; 3],
    #[serde(default)]
    rpy: [f64; 3],
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tool {
    pub(super) link: String,
    #[serde(default)]
    radius: f64,
    lower: Option<[f64; 3]>,
    upper: Option<[f64; 3]>,
}

impl SafetyFile {
    /// What a group's model must stay clear of.
    pub(super) fn surroundings(
        &self,
        model: &Model,
        bounds: Option<Bounds>,
    ) -> Result<Surroundings, SetupError> {
        let Some(clearance) = self.clearance else {
            return Err(SetupError::Missing {
                field: "clearance".to_owned(),
                why: "a group with a model stays clear of itself and of obstacles",
            });
        };
        let clearance = within("clearance", clearance, CLEARANCE)?;
        let reaction_s = within("reaction_s", self.reaction_s, REACTION_S)?;
        let settings = CollisionSettings {
            proof_steps: PROOF_STEPS,
            ..CollisionSettings::default()
        };
        let mut collision = CollisionModel::new(model, &settings);
        for placed in self.obstacles.iter().chain(&self.keep_out) {
            placed.add_to(&mut collision)?;
        }
        for [a, b] in &self.may_touch {
            collision.allow_pair(a, b).map_err(|error| SetupError::Solid {
                field: "may_touch".to_owned(),
                error,
            })?;
        }
        Ok(Surroundings::new(collision, bounds, clearance, reaction_s))
    }
}

impl Tool {
    pub(super) fn bounds(&self, link: LinkId, field: &str) -> Result<Option<Bounds>, SetupError> {
        let radius = within(&format!("{field}.radius"), self.radius, TOOL_RADIUS)?;
        let (lower, upper) = match (self.lower, self.upper) {
            (None, None) => return Ok(None),
            (Some(lower), Some(upper)) => (lower, upper),
            (lower, _) => {
                let missing = if lower.is_none() { "lower" } else { "upper" };
                return Err(SetupError::Missing {
                    field: format!("{field}.{missing}"),
                    why: "a workspace has two corners",
                });
            }
        };
        for (axis, (lower, upper)) in ["x", "y", "z"].iter().zip(lower.iter().zip(&upper)) {
            let room = upper - lower - 2.0 * radius;
            if room.is_nan() || room <= 0.0 {
                return Err(SetupError::Inverted {
                    field: format!("{field}.lower.{axis}"),
                    lower: lower + radius,
                    upper: upper - radius,
                });
            }
        }
        Ok(Some(Bounds {
            link,
            radius,
            lower: Vector3::from(lower),
            upper: Vector3::from(upper),
        }))
    }
}

impl Placed {
    fn add_to(&self, collision: &mut CollisionModel) -> Result<(), SetupError> {
        let wrong = |error| SetupError::Solid {
            field: self.name.clone(),
            error,
        };
        let given = [
            self.cuboid.map(|size| Solid::cuboid(&Vector3::from(size))),
            self.cylinder
                .map(|[radius, length]| Solid::cylinder(radius, length)),
            self.capsule
                .map(|[radius, length]| Solid::capsule(radius, length)),
            self.sphere.map(Solid::sphere),
            self.half_space.then(|| Ok(Solid::half_space())),
        ];
        let mut solids = given.into_iter().flatten();
        let (Some(solid), None) = (solids.next(), solids.next()) else {
            return Err(SetupError::Missing {
                field: self.name.clone(),
                why: "it is exactly one of box, cylinder, capsule, sphere and half_space",
            });
        };
        let [roll, pitch, yaw] = self.rpy;
        let pose = Isometry3::from_parts(
            Translation3::from(self.xyz),
            UnitQuaternion::from_euler_angles(roll, pitch, yaw),
        );
        collision
            .add_obstacle(&self.name, solid.map_err(wrong)?, &pose)
            .map_err(wrong)?;
        Ok(())
    }
}

/// How long to look for a proof that two links never touch; without one they are checked, which costs little.
const PROOF_STEPS: usize = 500;
/// The range of `clearance` \[m\]: below 1 mm even the drives' own errors would be a collision.
const CLEARANCE: (f64, f64) = (0.001, 1.0);
/// The range of `reaction_s`.
const REACTION_S: (f64, f64) = (0.0, 1.0);
/// The range of a tool's radius \[m\].
const TOOL_RADIUS: (f64, f64) = (0.0, 2.0);
