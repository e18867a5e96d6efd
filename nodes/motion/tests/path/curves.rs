//! The curve of the tool: circles are circles, blends stay in their corners, derivatives are derivatives.

use nalgebra::{Isometry3, UnitQuaternion, Vector3};
use rand::RngExt as _;
use servomesh_motion::path::{Corner, Path, PathError, Settings, Target, ToolCurve, ToolSegment, plan_tool};

use crate::arms::{Arm, moved, seeded, vector};

fn line(position: Vector3<f64>, orientation: Option<UnitQuaternion<f64>>, corner: Corner) -> ToolSegment {
    ToolSegment {
        target: Target::Line {
            position,
            orientation,
        },
        corner,
    }
}

/// The path from where the default arm stands in the middle of its reach, and the pose there.
fn plan(
    segments: impl FnOnce(&Isometry3<f64>) -> Vec<ToolSegment>,
) -> Result<(Path, Isometry3<f64>), PathError> {
    let mut arm = Arm::six();
    let start = servomesh_types::JointVec::from([0.3, -1.3, 1.6, -1.9, -1.57, 0.2]);
    let pose = arm.chain.pose(&start);
    let segments = segments(&pose);
    let path = plan_tool(
        &mut arm.chain,
        &start,
        &segments,
        &arm.bounds,
        &Settings::default(),
    )?;
    Ok((path, pose))
}

fn curve(path: &Path, part: usize) -> &ToolCurve {
    path.parts[part].curve.as_ref().expect("the tool has a curve")
}

#[test]
fn a_circle_is_a_circle_through_its_three_places() {
    for seed in 0..40 {
        let mut rng = seeded(seed);
        let (mut via, mut end) = (Vector3::zeros(), Vector3::zeros());
        let planned = plan(|pose| {
            let start = pose.translation.vector;
            (via, end) = (start + vector(&mut rng, 0.06), start + vector(&mut rng, 0.08));
            vec![ToolSegment {
                target: Target::Circle {
                    via,
                    position: end,
                    orientation: None,
                },
                corner: Corner::Stop,
            }]
        });
        let Ok((path, pose)) = planned else { continue };
        let curve = curve(&path, 0);
        // The circle's centre, from the three places alone: equally far from all, and in their plane.
        let start = pose.translation.vector;
        let normal = (via - start).cross(&(end - start));
        let rows = nalgebra::Matrix3::from_rows(&[
            (via - start).transpose(),
            (end - start).transpose(),
            normal.transpose(),
        ]);
        let right = Vector3::new(
            0.5 * (via.norm_squared() - start.norm_squared()),
            0.5 * (end.norm_squared() - start.norm_squared()),
            normal.dot(&start),
        );
        let centre = rows.try_inverse().expect("they are a triangle") * right;
        let radius = (start - centre).norm();
        let mut nearest = f64::INFINITY;
        for k in 0..=2000 {
            let sample = curve.at(curve.length() * f64::from(k) / 2000.0);
            let from_centre = sample.pose.translation.vector - centre;
            assert!((from_centre.norm() - radius).abs() < 1e-9, "seed {seed}");
            assert!(from_centre.dot(&normal.normalize()).abs() < 1e-9, "seed {seed}");
            assert!((sample.linear[0].norm() - 1.0).abs() < 1e-9, "λ is its length");
            nearest = nearest.min((sample.pose.translation.vector - via).norm());
        }
        assert!(
            nearest < curve.length() / 2000.0,
            "seed {seed}: via is {nearest} off"
        );
        assert!((curve.at(curve.length()).pose.translation.vector - end).norm() < 1e-9);
        assert!(
            curve.length() < std::f64::consts::TAU * radius,
            "one turn at most"
        );
    }
}

#[test]
fn an_arc_turns_the_tool_along_or_to_the_orientation_given() {
    for (orientation, angle) in [
        (None, 1.2),
        (None, -0.7),
        (Some(UnitQuaternion::from_euler_angles(3.0, 0.1, 0.2)), 0.9),
    ] {
        let axis = Vector3::new(0.0, 0.1, 1.0);
        let mut centre = Vector3::zeros();
        let (path, pose) = plan(|pose| {
            centre = pose.translation.vector + Vector3::new(0.05, 0.0, 0.02);
            vec![ToolSegment {
                target: Target::Arc {
                    centre,
                    axis,
                    angle,
                    orientation,
                },
                corner: Corner::Stop,
            }]
        })
        .expect("is within reach");
        let curve = curve(&path, 0);
        let turn = UnitQuaternion::from_scaled_axis(axis.normalize() * angle);
        let end = curve.at(curve.length()).pose;
        let expected = centre + turn * (pose.translation.vector - centre);
        assert!((end.translation.vector - expected).norm() < 1e-12);
        let expected = orientation.unwrap_or(turn * pose.rotation);
        assert!(end.rotation.angle_to(&expected) < 1e-7);
    }
}

#[test]
fn a_blend_stays_within_its_radius_and_leaves_the_rest_alone() {
    for seed in 0..60 {
        let mut rng = seeded(seed);
        let radius = rng.random_range(0.005..0.08);
        let mut places = Vec::new();
        let planned = plan(|pose| {
            let mut at = *pose;
            places = vec![at];
            (0..3)
                .map(|_| {
                    at = moved(&at, &mut rng, 0.08, 0.2);
                    places.push(at);
                    line(at.translation.vector, Some(at.rotation), Corner::Blend(radius))
                })
                .collect()
        });
        let Ok((path, _)) = planned else { continue };
        assert_eq!(path.corners.len(), 2, "the last corner is a stop");
        let curve = curve(&path, 0);
        for (k, shape) in path.corners.iter().enumerate() {
            let corner = places[k + 1].translation.vector;
            assert!(
                shape.extent <= radius && shape.extent >= radius.min(0.04) - 1e-12,
                "seed {seed}"
            );
            let lambda = 0.08 * (k + 1) as f64;
            let mut nearest = f64::INFINITY;
            for step in 0..=400 {
                let s = shape.extent * (f64::from(step) / 200.0 - 1.0);
                let off = (curve.at(lambda + s).pose.translation.vector - corner).norm();
                assert!(off <= radius + 1e-12, "seed {seed}: {off}");
                nearest = nearest.min(off);
            }
            assert!((nearest - shape.deviation).abs() < 1e-3 * radius && nearest < 0.375 * radius);
        }
        for k in 0..=2000 {
            let lambda = 0.24 * f64::from(k) / 2000.0;
            if path
                .corners
                .iter()
                .enumerate()
                .any(|(k, c)| (lambda - 0.08 * (k + 1) as f64).abs() < c.extent)
            {
                continue;
            }
            let line = ((lambda / 0.08) as usize).min(2);
            let share = lambda / 0.08 - line as f64;
            let (from, to) = (&places[line], &places[line + 1]);
            let at = curve.at(lambda).pose;
            let position = from.translation.vector.lerp(&to.translation.vector, share);
            assert!((at.translation.vector - position).norm() < 1e-12, "seed {seed}");
            let expected = from.rotation.slerp(&to.rotation, share);
            assert!(at.rotation.angle_to(&expected) < 1e-7, "seed {seed}");
        }
    }
}

/// Lines and arcs with blends and exact passes, of all kinds of turning.
fn mixed(pose: &Isometry3<f64>) -> Vec<ToolSegment> {
    let at = |x: f64, y: f64, z: f64| pose.translation.vector + Vector3::new(x, y, z);
    let turned = |angle: f64| UnitQuaternion::from_euler_angles(angle, 0.3 * angle, -angle) * pose.rotation;
    let arc = |centre, angle, orientation, corner| ToolSegment {
        target: Target::Arc {
            centre,
            axis: Vector3::z(),
            angle,
            orientation,
        },
        corner,
    };
    vec![
        line(at(0.05, 0.0, 0.0), Some(turned(0.2)), Corner::Through),
        arc(at(0.05, 0.04, 0.0), 1.5, None, Corner::Blend(0.03)),
        line(at(0.06, 0.06, 0.03), Some(turned(0.4)), Corner::Blend(0.02)),
        line(at(0.0, 0.06, 0.03), None, Corner::Through),
        line(at(-0.03, 0.06, 0.03), None, Corner::Through),
        arc(at(-0.03, 0.03, 0.03), 1.0, Some(turned(0.1)), Corner::Blend(0.05)),
        line(at(0.0, 0.0, 0.05), None, Corner::Stop),
    ]
}

#[test]
fn derivatives_are_derivatives_and_nothing_steps() {
    let (path, _) = plan(mixed).expect("is within reach");
    let curve = curve(&path, 0);
    let h = 1e-6;
    let breaks = curve.breaks(0.0);
    for k in 1..4000 {
        let lambda = curve.length() * f64::from(k) / 4000.0;
        if breaks.iter().any(|b| (b - lambda).abs() < 2.0 * h) {
            continue;
        }
        let (a, m, b) = (curve.at(lambda - h), curve.at(lambda), curve.at(lambda + h));
        let check = |numeric: Vector3<f64>, exact: Vector3<f64>, what: &str| {
            let off = (numeric - exact).norm();
            assert!(off < 1e-5 * (1.0 + exact.norm()), "{what} at {lambda}: {off}");
        };
        check(
            (b.pose.translation.vector - a.pose.translation.vector) / (2.0 * h),
            m.linear[0],
            "p′",
        );
        check(
            (b.pose.rotation * a.pose.rotation.inverse()).scaled_axis() / (2.0 * h),
            m.angular[0],
            "ω",
        );
        for order in 0..2 {
            check(
                (b.linear[order] - a.linear[order]) / (2.0 * h),
                m.linear[order + 1],
                "p″ or p‴",
            );
            check(
                (b.angular[order] - a.angular[order]) / (2.0 * h),
                m.angular[order + 1],
                "ω′ or ω″",
            );
        }
        assert!((m.pose.rotation.as_ref().norm() - 1.0).abs() < 1e-12);
    }
    let tiny = 1e-9;
    for lambda in &breaks[1..breaks.len() - 1] {
        let (a, b) = (curve.at(lambda - tiny), curve.at(lambda + tiny));
        assert!((a.pose.translation.vector - b.pose.translation.vector).norm() < 3e-9);
        assert!(a.pose.rotation.angle_to(&b.pose.rotation) < 1e-6);
        for order in 0..2 {
            let (p, w) = (&a.linear, &a.angular);
            let step = (p[order] - b.linear[order]).norm();
            assert!(step < 3.0 * tiny * (1.0 + p[order + 1].norm() + b.linear[order + 1].norm()) + 1e-9);
            let step = (w[order] - b.angular[order]).norm();
            assert!(step < 3.0 * tiny * (1.0 + w[order + 1].norm() + b.angular[order + 1].norm()) + 1e-8);
        }
    }
}

#[test]
fn what_is_passed_through_is_met_exactly() {
    let (path, pose) = plan(mixed).expect("is within reach");
    let curve = curve(&path, 0);
    let ends = path.parts[0].segment_ends();
    let segments = mixed(&pose);
    for (k, shape) in path.corners.iter().enumerate() {
        if shape.corner != Corner::Through {
            continue;
        }
        let at = curve.at(ends[k].0).pose;
        if let Target::Line {
            position,
            orientation,
        } = segments[k].target
        {
            assert!((at.translation.vector - position).norm() < 1e-12, "corner {k}");
            assert!(
                orientation.is_none_or(|wanted| at.rotation.angle_to(&wanted) < 1e-7),
                "corner {k}"
            );
        }
        assert!(shape.deviation <= Settings::default().transition, "{shape:?}");
    }
}

#[test]
fn an_angle_that_is_to_be_passed_through_is_refused() {
    let error = plan(|pose| {
        let at = pose.translation.vector;
        let (x, y) = (Vector3::x() * 0.05, Vector3::y() * 0.05);
        vec![
            line(at + x, None, Corner::Through),
            line(at + x + y, None, Corner::Stop),
        ]
    })
    .expect_err("that is a right angle");
    let PathError::NotTangential { segment: 0, angle } = error else {
        panic!("{error}");
    };
    assert!((angle - std::f64::consts::FRAC_PI_2).abs() < 1e-9);
}

#[test]
fn the_tool_may_turn_on_the_spot() {
    let (path, pose) = plan(|pose| {
        let turned = UnitQuaternion::from_scaled_axis(Vector3::new(0.0, 0.3, 0.8)) * pose.rotation;
        let there = pose.translation.vector + Vector3::new(0.0, 0.0, 0.1);
        vec![
            line(pose.translation.vector, Some(turned), Corner::Blend(0.005)),
            line(there, None, Corner::Stop),
        ]
    })
    .expect("is within reach");
    let curve = curve(&path, 0);
    let turn: Vector3<f64> = Vector3::new(0.0, 0.3, 0.8);
    assert!((curve.length() - 0.1 - 0.02 * turn.norm()).abs() < 1e-12);
    let end = curve.at(curve.length()).pose;
    let turned = UnitQuaternion::from_scaled_axis(turn) * pose.rotation;
    assert!(end.rotation.angle_to(&turned) < 1e-7);
}
