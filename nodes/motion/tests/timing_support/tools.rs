//! Random tool paths of the default cell's arm, and a look from outside at what a law makes of its tool: differences of poses, by the
//! curve that was planned and by forward kinematics of the joints.

use nalgebra::{UnitQuaternion, Vector3};
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_motion::path::{Chain, Corner, Settings, Target, ToolCurve, ToolSegment, plan_tool};
use servomesh_motion::timing::Tool;
use servomesh_motion::{Bounds, Spline, TimedSpline};
use servomesh_robot::{Model, Workspace};
use servomesh_types::JointVec;

use super::magnitude;

/// A path in parts from rest to rest, and limits for it.
pub(crate) struct Run {
    pub(crate) parts: Vec<(Spline, ToolCurve)>,
    pub(crate) bounds: Bounds,
    pub(crate) tool: ToolLimits,
}

/// What the tool may do.
pub(crate) struct ToolLimits {
    speed: f64,
    acceleration: f64,
    jerk: f64,
    angular_speed: f64,
    angular_acceleration: f64,
    arm: Model,
}

const ARM: [&str; 6] = [
    "shoulder_pan_joint",
    "shoulder_lift_joint",
    "elbow_joint",
    "wrist_1_joint",
    "wrist_2_joint",
    "wrist_3_joint",
];
const TOOL: &str = "gripper_tcp";

/// A path if the one that is drawn can be done.
pub(crate) fn run(random: &mut ChaCha8Rng) -> Option<Run> {
    let whole =
        Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf")).expect("is a robot");
    let arm = whole
        .subset(&ARM, &whole.neutral_positions())
        .expect("has these joints");
    let mut chain = Chain::new(&arm, arm.link(TOOL).expect("has the tool")).expect("has six joints");
    let middle = [0.3, -1.3, 1.6, -1.9, -1.57, 0.2];
    let start = JointVec::from_fn(6, |j| middle[j] + random.random_range(-0.4..0.4));
    let mut at = chain.pose(&start);
    let segments: Vec<ToolSegment> = (0..random.random_range(1..5))
        .map(|_| segment(random, &mut at))
        .collect();
    let mut draw = |least: f64, most: f64| JointVec::from_fn(6, |_| magnitude(random, least, most));
    let bounds = Bounds {
        lower: JointVec::from_fn(6, |_| -3.2),
        upper: JointVec::from_fn(6, |_| 3.2),
        velocity: draw(0.5, 5.0),
        acceleration: draw(2.0, 40.0),
        jerk: draw(20.0, 1000.0),
    };
    let tool = ToolLimits {
        speed: magnitude(random, 0.02, 1.0),
        acceleration: magnitude(random, 0.2, 10.0),
        jerk: magnitude(random, 2.0, 200.0),
        angular_speed: magnitude(random, 0.2, 4.0),
        angular_acceleration: magnitude(random, 1.0, 40.0),
        arm,
    };
    let path = plan_tool(&mut chain, &start, &segments, &bounds, &Settings::default()).ok()?;
    let parts = path.parts.into_iter();
    let parts = parts.filter_map(|part| Some((part.spline, part.curve?)));
    Some(Run {
        parts: parts.collect(),
        bounds,
        tool,
    })
}

fn vector(random: &mut ChaCha8Rng, length: f64) -> Vector3<f64> {
    loop {
        let way = Vector3::from_fn(|_, _| random.random_range(-1.0..1.0));
        if (0.1..=1.0).contains(&way.norm()) {
            return way.normalize() * length;
        }
    }
}

fn segment(random: &mut ChaCha8Rng, at: &mut nalgebra::Isometry3<f64>) -> ToolSegment {
    let start = at.translation.vector;
    let orientation = random.random_bool(0.5).then(|| {
        let angle = magnitude(random, 0.01, 0.5);
        UnitQuaternion::from_scaled_axis(vector(random, angle)) * at.rotation
    });
    let length = magnitude(random, 0.005, 0.2);
    let target = match random.random_range(0..3) {
        0 => {
            at.translation.vector += vector(random, length);
            Target::Line {
                position: at.translation.vector,
                orientation,
            }
        }
        1 => {
            at.translation.vector += vector(random, length);
            Target::Circle {
                via: start + vector(random, length),
                position: at.translation.vector,
                orientation,
            }
        }
        _ => {
            let axis = vector(random, 1.0);
            let centre = start + vector(random, 1.0).cross(&axis).normalize() * length;
            let angle = random.random_range(0.1..1.5);
            let turn = UnitQuaternion::from_scaled_axis(axis * angle);
            at.translation.vector = centre + turn * (start - centre);
            if orientation.is_none() {
                at.rotation = turn * at.rotation;
            }
            Target::Arc {
                centre,
                axis,
                angle,
                orientation,
            }
        }
    };
    if let Some(orientation) = orientation {
        at.rotation = orientation;
    }
    let corner = if random.random_bool(0.7) {
        Corner::Blend(magnitude(random, 1e-3, 0.1))
    } else {
        Corner::Stop
    };
    ToolSegment { target, corner }
}

impl ToolLimits {
    pub(crate) fn of<'a>(&self, curve: &'a ToolCurve) -> Tool<'a> {
        Tool {
            curve,
            speed: self.speed,
            acceleration: self.acceleration,
            jerk: self.jerk,
            angular_speed: self.angular_speed,
            angular_acceleration: self.angular_acceleration,
        }
    }

    /// Holds the tool to its limits in the middle of each piece that is long enough for differences; tells the largest shares of
    /// speed, acceleration and jerk that the arm's real tool takes, which is off the curve by some µm.
    #[track_caller]
    pub(crate) fn judge(&self, timed: &TimedSpline, curve: &ToolCurve) -> [f64; 3] {
        let mut workspace = Workspace::new(&self.arm);
        let link = self.arm.link(TOOL).expect("has the tool");
        let mut shares = [0.0_f64; 3];
        for pair in timed.corners().windows(2) {
            let (t, h) = (0.5 * (pair[0] + pair[1]), (pair[1] - pair[0]) / 3.0);
            if h < SHORTEST {
                continue;
            }
            let h = h.min(LONGEST);
            let planned = |k: f64| curve.at(timed.law().at(t + k * h).s).pose;
            let [v, a, j] = differences(|k| planned(k).translation.vector, h);
            let within = |what: &str, value: f64, limit: f64, rounding: f64| {
                assert!(
                    value <= limit * (1.0 + 1e-6) + rounding,
                    "the tool's {what} is {value} of {limit} at {t} s"
                );
            };
            // A difference has a remainder too: of a tenth of a per cent where the piece is short, as they are here.
            within("speed", v, self.speed * (1.0 + REMAINDER), 1e-15 / h);
            within(
                "acceleration",
                a,
                self.acceleration * (1.0 + REMAINDER),
                4e-15 / h.powi(2),
            );
            within("jerk", j, self.jerk * (1.0 + REMAINDER), 8e-15 / h.powi(3));
            let turn = planned(1.0).rotation * planned(-1.0).rotation.inverse();
            within(
                "angular speed",
                turn.angle() / (2.0 * h),
                self.angular_speed,
                1e-8 / h,
            );
            let mut real = |k: f64| {
                let q = timed.at(t + k * h).state.position;
                self.arm.forward_kinematics(&mut workspace, &q);
                self.arm.link_pose(&workspace, link).translation.vector
            };
            let [v, a, j] = differences(&mut real, h);
            let limits = [self.speed, self.acceleration, self.jerk];
            for ((share, value), limit) in shares.iter_mut().zip([v, a, j]).zip(limits) {
                *share = share.max(value / limit);
            }
        }
        assert!(shares[0] <= 1.01, "the arm's tool takes {shares:?} of its limits");
        shares
    }
}

/// Magnitudes of the first three derivatives by central differences with the step `h`.
fn differences(mut at: impl FnMut(f64) -> Vector3<f64>, h: f64) -> [f64; 3] {
    let (far_before, before, now, after, far_after) = (at(-1.0), at(-0.5), at(0.0), at(0.5), at(1.0));
    [
        (after - before).norm() / h,
        (after - now * 2.0 + before).norm() * 4.0 / h.powi(2),
        (far_after - after * 2.0 + before * 2.0 - far_before).norm() * 4.0 / h.powi(3),
    ]
}

/// Shorter steps than that are lost in rounding, in s.
const SHORTEST: f64 = 2e-4;

/// Longer ones have too much of a remainder, in s.
const LONGEST: f64 = 1e-3;

/// Of a limit.
const REMAINDER: f64 = 2e-3;
