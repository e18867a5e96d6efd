//! In steady state the estimator allocates nothing.

mod bench;

use bench::{PERIOD_NS, group, measured_by, name, sample};
use servomesh_estimator::{Config, Estimator, Input, Output};
use servomesh_types::{Core, DriveMode, Stamp};

#[test]
fn a_cell_in_motion_allocates_nothing() {
    let link = |name: &str| {
        format!(
            r#"<link name="{name}"><inertial><origin xyz="0.2 0 0"/><mass value="2"/>
            <inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/></inertial></link>"#
        )
    };
    let joint = |name: &str, parent: &str, child: &str| {
        format!(
            r#"<joint name="{name}" type="continuous"><parent link="{parent}"/><child link="{child}"/>
            <origin xyz="0.4 0 0"/><axis xyz="0 1 0"/><limit velocity="3" effort="9"/></joint>"#
        )
    };
    let urdf = format!(
        r#"<robot name="r"><link name="world"/>{}{}{}{}</robot>"#,
        link("upper"),
        link("lower"),
        joint("a", "world", "upper"),
        joint("b", "upper", "lower")
    );
    let model = servomesh_robot::Model::from_urdf_str(&urdf).unwrap();
    let mut core = Estimator::new(Config::default(), Some(model));
    let arm = measured_by(group("arm", &["a", "b"]), 1e-5, 1e-5);
    core.handle(Stamp::ZERO, Input::Group(arm));
    let mut observed = 0;
    let mut step = |i: i64| {
        let now = Stamp::from_nanos(i * PERIOD_NS);
        let p = 0.5 * now.as_seconds() + 1e-5 * f64::from((i % 3) as i32);
        let mut state = sample(now, i.unsigned_abs(), &[p, -p]);
        state.mode = DriveMode::Enabled;
        core.handle(
            now,
            Input::ServoState {
                group: name("arm"),
                state,
            },
        );
        core.tick(now);
        let mut outputs = 0;
        while let Some(output) = core.poll() {
            outputs += 1;
            if let Output::Motion(frame) = output {
                observed += core
                    .motions(frame.stamp)
                    .map(|(_, motion)| motion.external.len())
                    .sum::<usize>();
            }
        }
        outputs + core.joint_states(now).count() + core.transforms().count()
    };
    // Without a motor that holds it, its weight is a collision, which is said once.
    (1..200).for_each(|i| {
        step(i);
    });
    let mut said = 0;
    let allocated = allocation_counter::measure(|| said = (200..2000).map(&mut step).sum::<usize>());
    assert_eq!(allocated.count_total, 0);
    assert!(said > 5000 && observed > 3000, "{said}, {observed}");
}
