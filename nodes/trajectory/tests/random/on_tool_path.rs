//! Lines, arcs and blends of a tool: whatever happens on the way, the tool is where they were asked for.
//!
//! Seen from outside, by forward kinematics of setpoints: distance from the line or circle that was asked for, turning along, how fast
//! the tool goes, what the motors have to give.

use nalgebra::{Isometry3, Translation3, Unit, UnitQuaternion, Vector3};
use rand::RngExt as _;
use servomesh_trajectory::{MoveGoal, Segment, Settings, Status, Steer};
use servomesh_types::{GroupDescription, JointVec, Setpoint};
use std::cell::Cell;

use crate::cell::{ARC, Arm, BLEND, CIRCLE, JOINT_LINE, LINE, THROUGH};
use crate::judge::{distance, distance_from_line, rounding};
use crate::rig::Rig;
use crate::{assert_done, cases, cell, robots};

#[test]
fn a_tool_stays_on_its_lines_and_arcs_while_it_is_overridden_paused_and_stepped_back() {
    let done = Cell::new(0);
    let run = cases(20, |random| {
        let start = cell::arm(random);
        let (group, description) = (start.0.name, start.0.clone());
        let mut arm = Arm::new();
        let goal = cell::tool_path(random, &mut arm, &start.1);
        let asked = Asked::new(&mut arm, &start.1, &goal.path.segments);
        let mut rig = Rig::with(Rig::settings(), Some(cell::robot()), std::slice::from_ref(&start));
        rig.machine(group).kept = Some(Vec::new());
        let id = rig.go(group, goal.clone());
        rig.plan_one();
        if rig.done.contains_key(&id) {
            return; // refused: out of reach, or through a singularity
        }
        done.set(done.get() + 1);
        let (disturbed, stopped) = (random.random_bool(0.8), random.random_bool(0.3));
        for _ in 0..if disturbed { random.random_range(1..10) } else { 0 } {
            rig.run(robots::magnitude(random, 1.0, 300.0) as u32);
            if random.random_bool(0.7) {
                rig.wait_a_little(random);
            }
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        match random.random_range(0..2) {
            _ if !(disturbed && stopped) => {}
            0 => rig.cancel(id),
            _ => rig
                .steer(group, Steer::Stop { category: 2 })
                .expect("a stop is always possible"),
        }
        rig.settle();
        let kept = rig.machine(group).kept.take().expect("they were kept");
        for setpoint in &kept {
            asked.judge(&mut arm, setpoint);
        }
        judge_speed(&mut arm, &kept, &goal);
        if !disturbed {
            judge_effort(&mut arm, &kept, &description);
        }
        if !(disturbed && stopped) {
            assert_eq!(rig.done[&id].status, Status::Succeeded, "{:?}", rig.done[&id]);
            let end = arm.pose(&kept.last().expect("it moved").position);
            let expected = asked.poses.last().expect("it has segments");
            let off = end.translation.vector - expected.translation.vector;
            assert!(off.norm() < 1e-9, "ends {} m off", off.norm());
            let turned = end.rotation.angle_to(&expected.rotation);
            assert!(turned < 1e-7, "ends turned by {turned} rad");
        }
    });
    assert_done(&done, run);
}

/// What was asked for, as geometry.
struct Asked<'a> {
    segments: &'a [Segment],
    start: JointVec,
    /// Before each segment, and at the end.
    poses: Vec<Isometry3<f64>>,
}

impl<'a> Asked<'a> {
    fn new(arm: &mut Arm, start: &JointVec, segments: &'a [Segment]) -> Self {
        let mut poses = vec![arm.pose(start)];
        for segment in segments {
            let from = poses[poses.len() - 1];
            let quaternion = nalgebra::Quaternion::from(segment.rotation);
            let given = (quaternion.norm() > 0.0).then(|| Unit::new_normalize(quaternion));
            let mut to = from;
            match segment.kind {
                JOINT_LINE => to = arm.pose(&place(segment)),
                ARC => {
                    let turn = UnitQuaternion::from_scaled_axis(Vector3::from(segment.axis) * segment.angle);
                    let centre = Vector3::from(segment.centre);
                    to.translation = Translation3::from(centre + turn * (from.translation.vector - centre));
                    to.rotation = given.unwrap_or(turn * from.rotation);
                }
                _ => {
                    to.translation = Translation3::from(segment.translation);
                    to.rotation = given.unwrap_or(from.rotation);
                }
            }
            poses.push(to);
        }
        Self {
            segments,
            start: *start,
            poses,
        }
    }

    #[track_caller]
    fn judge(&self, arm: &mut Arm, setpoint: &Setpoint) {
        let tool = arm.pose(&setpoint.position);
        let mut nearest = Off {
            way: f64::INFINITY,
            turn: f64::INFINITY,
        };
        for k in 0..self.segments.len() {
            let corner = self.poses[k + 1].translation.vector;
            let last = k + 1 == self.segments.len();
            let from_corner = (tool.translation.vector - corner).norm();
            if self.segments[k].corner == BLEND
                && !last
                && from_corner <= self.segments[k].blend * (1.0 + 1e-9)
            {
                return;
            }
            let off = self.off(k, &tool, &setpoint.position);
            if off.way <= ON_PATH && off.turn <= TURNED {
                return;
            }
            if off.way < nearest.way {
                nearest = off;
            }
        }
        panic!(
            "{:.3e} m and {:.3e} rad off all segments: {setpoint:?}",
            nearest.way, nearest.turn
        );
    }

    /// How far the tool is from a segment, and from how it should be turned there.
    fn off(&self, k: usize, tool: &Isometry3<f64>, joints: &JointVec) -> Off {
        let (from, to) = (&self.poses[k], &self.poses[k + 1]);
        let segment = &self.segments[k];
        let at = tool.translation.vector;
        let start = from.translation.vector;
        let (way, share) = match segment.kind {
            JOINT_LINE => {
                let start = match k.checked_sub(1).map(|k| &self.segments[k]) {
                    None => self.start,
                    Some(before) if before.kind == JOINT_LINE => place(before),
                    Some(_) => return Off::free(self.nearest_joint_line(k, joints)),
                };
                let off = distance_from_line(joints, &start, &place(segment));
                return Off::free(if off <= 10.0 * rounding(joints.max_abs()) {
                    0.0
                } else {
                    off
                });
            }
            LINE => {
                let line = to.translation.vector - start;
                let share = ((at - start).dot(&line) / line.norm_squared()).clamp(0.0, 1.0);
                ((at - start - line * share).norm(), share)
            }
            ARC => self.off_circle(
                &at,
                &start,
                &Vector3::from(segment.centre),
                &axis(segment),
                segment.angle,
            ),
            CIRCLE => {
                let (via, end) = (Vector3::from(segment.via), to.translation.vector);
                let (centre, normal) = through(&start, &via, &end);
                let (x, e) = (start - centre, end - centre);
                let angle = normal
                    .dot(&x.cross(&e))
                    .atan2(x.dot(&e))
                    .rem_euclid(std::f64::consts::TAU);
                self.off_circle(&at, &start, &centre, &normal, angle)
            }
            kind => panic!("{kind} is no segment of these tests"),
        };
        // Where the turning changes at a point that is passed through, it does so gradually.
        let gradual = segment.corner == THROUGH || k > 0 && self.segments[k - 1].corner == THROUGH;
        let turn = if gradual {
            0.0
        } else {
            let with_arc = segment.kind == ARC && !cell::is_turned(&segment.rotation);
            let expected = if with_arc {
                UnitQuaternion::from_scaled_axis(axis(segment) * segment.angle * share) * from.rotation
            } else {
                from.rotation.slerp(&to.rotation, share)
            };
            tool.rotation.angle_to(&expected)
        };
        Off { way, turn }
    }

    /// Distance from an arc, and which share of it has been passed.
    fn off_circle(
        &self,
        at: &Vector3<f64>,
        start: &Vector3<f64>,
        centre: &Vector3<f64>,
        axis: &Vector3<f64>,
        angle: f64,
    ) -> (f64, f64) {
        let centre = centre + axis * axis.dot(&(start - centre));
        let (x, now) = (start - centre, at - centre);
        let height = axis.dot(&now);
        let flat = now - axis * height;
        let turned = axis.dot(&x.cross(&flat)).atan2(x.dot(&flat)) * angle.signum();
        // A little before the start is rounding, not nearly a whole turn.
        let turned = if turned < -1e-3 {
            turned + std::f64::consts::TAU
        } else {
            turned.max(0.0)
        };
        let beyond = (turned - angle.abs()).max(0.0) * x.norm();
        (
            height.hypot(flat.norm() - x.norm()).hypot(beyond),
            (turned / angle.abs()).min(1.0),
        )
    }

    /// A line in joint space from where the tool's segment before ended: its joints there are the planner's choice.
    fn nearest_joint_line(&self, k: usize, joints: &JointVec) -> f64 {
        let reach = JOINT_REACH;
        let off = distance(joints, &place(&self.segments[k]));
        if off <= reach { 0.0 } else { off }
    }
}

/// How far off a tool is.
#[derive(Clone, Copy)]
struct Off {
    way: f64,
    turn: f64,
}

impl Off {
    fn free(way: f64) -> Self {
        Self { way, turn: 0.0 }
    }
}

fn place(segment: &Segment) -> JointVec {
    JointVec::try_from(&segment.position[..]).expect("joints of the test")
}

fn axis(segment: &Segment) -> Vector3<f64> {
    Vector3::from(segment.axis).normalize()
}

/// Centre and normal of the circle through three places, which come counter-clockwise: equally far from all, in their plane.
fn through(a: &Vector3<f64>, b: &Vector3<f64>, c: &Vector3<f64>) -> (Vector3<f64>, Vector3<f64>) {
    let (u, w) = (b - a, c - a);
    let normal = u.cross(&w).normalize();
    let rows = nalgebra::Matrix3::from_rows(&[u.transpose(), w.transpose(), normal.transpose()]);
    let right = Vector3::new(0.5 * u.norm_squared(), 0.5 * w.norm_squared(), 0.0);
    let from_a = rows.try_inverse().expect("they are a triangle") * right;
    (a + from_a, normal)
}

#[track_caller]
fn judge_speed(arm: &mut Arm, kept: &[Setpoint], goal: &MoveGoal) {
    let default = Settings::default().tool;
    let only_tool = goal
        .path
        .segments
        .iter()
        .all(|segment| segment.kind != JOINT_LINE);
    if !only_tool {
        return; // lines in joint space have no limits of the tool
    }
    let limit = if goal.path.tool_speed > 0.0 {
        goal.path.tool_speed
    } else {
        default.speed
    };
    for setpoint in kept {
        let (speed, angular) = arm.speed(&setpoint.position, &setpoint.velocity);
        assert!(
            speed <= limit * (1.0 + SPEED) && angular <= default.angular_speed * (1.0 + SPEED),
            "the tool goes {speed} m/s of {limit} and turns {angular} rad/s: {setpoint:?}"
        );
    }
}

#[track_caller]
fn judge_effort(arm: &mut Arm, kept: &[Setpoint], group: &GroupDescription) {
    for setpoint in kept {
        let Setpoint {
            position,
            velocity,
            acceleration,
            ..
        } = setpoint;
        let effort = arm.effort(position, velocity, acceleration);
        for (joint, effort) in group.joints.iter().zip(effort.iter()) {
            let limit = joint.limits.effort() * (1.0 + 1e-6);
            assert!(
                effort.abs() <= limit,
                "joint {} takes {effort}: {setpoint:?}",
                joint.name
            );
        }
    }
}

/// The joints' path is within 10 µm of the tool's between its knots; where it is passed through a place, within 50 µm of its segments.
const ON_PATH: f64 = 6e-5;

/// The joints' path is within 10 µrad; and the share of the way that is left is known to a micrometre of perhaps 5 mm.
const TURNED: f64 = 2e-3;

/// The joints' path is off the curve by some µm that come and go within millimetres.
const SPEED: f64 = 5e-3;

/// Lines in joint space of these tests are shorter.
const JOINT_REACH: f64 = 3.0;
