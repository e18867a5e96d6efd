//! How a tool moves in a frame, as a function of time alone. Axes of the frame; s, m, rad.
//!
//! **Invariant:** the pose is twice continuously differentiable; before its start and after its end the tool stands still in the frame.

use nalgebra::{Isometry3, Translation3, Unit, UnitQuaternion, Vector3};

use crate::quintic::{End, Quintic};

/// A tool in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relative {
    /// Frame from tool.
    pub pose: Isometry3<f64>,
    /// Velocity and acceleration of the tool's origin.
    pub linear: [Vector3<f64>; 2],
    /// Angular velocity and acceleration.
    pub angular: [Vector3<f64>; 2],
}

/// A motion of a tool in a frame, made in advance.
pub trait RelativeMotion {
    /// The tool `t` seconds after its start.
    fn at(&self, t: f64) -> Relative;

    /// When it ends, in s.
    fn duration(&self) -> f64;
}

impl Relative {
    /// Standing still in the frame.
    pub fn at_rest(frame_from_tool: Isometry3<f64>) -> Self {
        Self {
            pose: frame_from_tool,
            linear: [Vector3::zeros(); 2],
            angular: [Vector3::zeros(); 2],
        }
    }

    /// The same motion with a time that runs at `rate`, which changes by `rate_change` each second.
    pub(crate) fn paced(mut self, rate: f64, rate_change: f64) -> Self {
        for [v, a] in [&mut self.linear, &mut self.angular] {
            *a = *a * rate * rate + *v * rate_change;
            *v *= rate;
        }
        self
    }
}

/// From one pose to another, or staying in one: along a line, and about one axis.
#[derive(Clone, Copy, Debug)]
pub struct PoseMove {
    from: Isometry3<f64>,
    way: Vector3<f64>,
    axis: Unit<Vector3<f64>>,
    angle: f64,
    duration_s: f64,
    share: Quintic,
}

impl PoseMove {
    /// Staying at a pose.
    pub fn stay(frame_from_tool: Isometry3<f64>) -> Self {
        Self {
            from: frame_from_tool,
            way: Vector3::zeros(),
            axis: Vector3::z_axis(),
            angle: 0.0,
            duration_s: 0.0,
            share: Quintic([1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
        }
    }

    /// From rest at one pose to rest at another in `duration_s`, which is finite and above 0.
    pub fn between(from: Isometry3<f64>, to: Isometry3<f64>, duration_s: f64) -> Self {
        let turn: UnitQuaternion<f64> = from.rotation.inverse() * to.rotation;
        let (axis, angle) = turn.axis_angle().unwrap_or((Vector3::z_axis(), 0.0));
        let end = End {
            p: 1.0,
            ..End::default()
        };
        Self {
            from,
            way: to.translation.vector - from.translation.vector,
            axis,
            angle,
            duration_s,
            share: Quintic::between(End::default(), end, duration_s),
        }
    }
}

impl RelativeMotion for PoseMove {
    fn at(&self, t: f64) -> Relative {
        let within = t.clamp(0.0, self.duration_s);
        let [share, mut v, mut a, _] = self.share.at(within);
        if t <= 0.0 || t >= self.duration_s {
            (v, a) = (0.0, 0.0);
        }
        let turned = UnitQuaternion::from_axis_angle(&self.axis, self.angle * share);
        // The axis is fixed in the tool where it started, so it stays what it is in the frame.
        let axis = self.from.rotation * self.axis.into_inner() * self.angle;
        Relative {
            pose: Isometry3::from_parts(
                Translation3::from(self.from.translation.vector + self.way * share),
                self.from.rotation * turned,
            ),
            linear: [self.way * v, self.way * a],
            angular: [axis * v, axis * a],
        }
    }

    fn duration(&self) -> f64 {
        self.duration_s
    }
}
