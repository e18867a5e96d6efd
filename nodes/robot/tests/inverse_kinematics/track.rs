//! Following a pose along a line: every point of it, without jumps, until it leaves the reach.

use crate::arms::{Arm, seeded};
use nalgebra::{Translation3, Vector3};

#[test]
fn a_line_is_followed_without_jumps() {
    for mut arm in [Arm::ur5e(), Arm::panda()] {
        let mut ik = arm.solver();
        let mut rng = seeded(40);
        let mut followed = 0;
        for _ in 0..20 {
            let mut q = arm.draw(&mut rng);
            let start = arm.pose(&q);
            for step in 1..=100 {
                // 10 cm/s in steps of 1 ms × 10: a millimetre each.
                let along = Vector3::new(0.6, -0.64, 0.48) * (1e-3 * f64::from(step));
                let goal = Translation3::from(along) * start;
                let before = q.clone();
                if ik.track(&goal, &mut q).is_err() {
                    assert_eq!(q, before);
                    break;
                }
                arm.expect_solution(&goal, &q);
                let jump = q
                    .iter()
                    .zip(&before)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f64::max);
                assert!(jump < 0.5, "{jump} rad in a millimetre");
                followed += 1;
            }
        }
        assert!(followed > 1000, "{followed} of 2000 points");
    }
}

#[test]
fn no_joint_changes_its_turn() {
    let mut arm = Arm::ur5e();
    let mut ik = arm.solver();
    let mut q = vec![0.3, -1.2, 1.5, -0.8, -1.4, std::f64::consts::TAU - 0.005];
    let start = arm.pose(&q);
    let turned = |angle: f64| start * nalgebra::UnitQuaternion::from_axis_angle(&Vector3::z_axis(), angle);
    ik.track(&turned(0.004), &mut q).expect("is before the limit");
    let error = ik
        .track(&turned(0.008), &mut q)
        .expect_err("is beyond the limit of the last joint");
    assert!(
        error.binding_limits().any(|binding| binding.joint == 5),
        "{error}"
    );
    // The same pose is a whole turn back, which is for `nearest` to find.
    let seed = q.clone();
    ik.nearest(&turned(0.008), &seed, &mut q)
        .expect("is within reach");
    arm.expect_solution(&turned(0.008), &q);
}
