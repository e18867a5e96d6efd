//! What a time law must keep: limits of joints, efforts, the tool and of λ itself. All in SI units and per unit of λ.

use nalgebra::Vector3;
use servomesh_robot::Model;
use servomesh_types::JointVec;

use crate::bounds::Bounds;

/// Everything that a time law keeps.
///
/// Positions of `bounds` play no part: a path is where it is. If no limit on a jerk is finite, the law has steps of
/// acceleration and is the quickest there is.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Of the joints; infinite where there is none.
    pub bounds: &'a Bounds,
    /// Of the joints' efforts.
    pub efforts: Option<Efforts<'a>>,
    /// Of a tool that the joints carry.
    pub tool: Option<Tool<'a>>,
    /// Of λ̇, λ̈ and λ⃛, as a function of λ.
    pub along: Option<&'a dyn Fn(f64) -> AlongLimits>,
    /// λ̇ at the start, where λ̈ is 0; 0 is at rest.
    pub start_rate: f64,
}

/// Limits of efforts, by the rigid-body model: M(q)·q̈ + C(q, q̇)·q̇ + g(q) stays within ± `limit`.
#[derive(Clone, Copy)]
pub struct Efforts<'a> {
    /// Has the path's joints in the path's order, and no free joints.
    pub model: &'a Model,
    /// Largest magnitudes \[N·m, N\]; infinite where there is none.
    pub limit: JointVec,
}

/// Limits of a tool's motion, as Euclidean norms; infinite where there is none.
#[derive(Clone, Copy)]
pub struct Tool<'a> {
    /// Where the path leads the tool.
    pub curve: &'a dyn ToolCurve,
    /// Speed \[m/s\].
    pub speed: f64,
    /// Acceleration, tangential and normal together \[m/s²\].
    pub acceleration: f64,
    /// Jerk \[m/s³\].
    pub jerk: f64,
    /// Angular speed \[rad/s\].
    pub angular_speed: f64,
    /// Angular acceleration \[rad/s²\].
    pub angular_acceleration: f64,
}

/// How a tool moves as a function of the path's λ. Derivatives may step at the path's knots, nowhere else.
pub trait ToolCurve {
    /// The derivatives at `lambda`.
    fn at(&self, lambda: f64) -> ToolSample;
}

/// Derivatives of a tool's pose with respect to λ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ToolSample {
    /// x′, x″, x‴ of the tool's position, in m.
    pub linear: [Vector3<f64>; 3],
    /// The angular velocity for λ̇ = 1, in rad, and its derivative.
    pub angular: [Vector3<f64>; 2],
}

/// Limits of λ's derivatives at one λ; infinite where there is none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlongLimits {
    /// Largest λ̇.
    pub rate: f64,
    /// Largest |λ̈|.
    pub acceleration: f64,
    /// Largest |λ⃛|.
    pub jerk: f64,
}

impl<'a> Limits<'a> {
    /// Those of the joints alone, from rest.
    pub fn of(bounds: &'a Bounds) -> Self {
        Self {
            bounds,
            efforts: None,
            tool: None,
            along: None,
            start_rate: 0.0,
        }
    }
}

impl AlongLimits {
    /// No limits.
    pub const NONE: Self = Self {
        rate: f64::INFINITY,
        acceleration: f64::INFINITY,
        jerk: f64::INFINITY,
    };
}
