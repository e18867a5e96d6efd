//! Solving allocates nothing: in closed form or by descents, one solution or all, reached or not.

use nalgebra::Isometry3;
use servomesh_robot::{InverseKinematics, Model, Workspace};

/// How often this thread allocates in `work`.
fn allocations(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).count_total
}

#[test]
fn solving_allocates_nothing() {
    assert!(
        allocations(|| drop(std::hint::black_box(vec![1]))) > 0,
        "the counter counts"
    );
    for (file, link) in [("ur5e.urdf", "tool0"), ("panda.urdf", "panda_hand_tcp")] {
        let path = format!("{}/tests/robots/{file}", env!("CARGO_MANIFEST_DIR"));
        let model = Model::from_urdf_file(path).expect("is a robot");
        let link = model.link(link).expect("exists");
        let mut workspace = Workspace::new(&model);
        let truth: Vec<f64> = (0..model.joint_count())
            .map(|joint| 0.4 - 0.25 * joint as f64)
            .collect();
        let truth: Vec<f64> = truth
            .iter()
            .zip(model.joints())
            .map(|(value, joint)| value.clamp(joint.limits.lower, joint.limits.upper))
            .collect();
        model.forward_kinematics(&mut workspace, &truth);
        let goal = model.link_pose(&workspace, link);
        let far = Isometry3::translation(3.0, 0.0, 0.0);
        let seed = vec![-0.1; model.joint_count()];
        let mut q = seed.clone();
        let solver = InverseKinematics::new(&model, link).expect("joints move the link");
        for mut ik in [solver.clone(), solver.without_closed_form()] {
            let count = allocations(|| {
                ik.nearest(&goal, &seed, &mut q).expect("is within reach");
                ik.track(&goal, &mut q).expect("is there already");
                assert!(ik.all(&goal, &seed).expect("is within reach").len() > 1);
                assert!(ik.nearest(&far, &seed, &mut q).is_err());
                assert!(ik.all(&far, &seed).is_err());
            });
            assert_eq!(count, 0, "{file}: allocations");
        }
    }
}
