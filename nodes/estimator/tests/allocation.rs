//! In steady state the estimator allocates nothing.

mod bench;

use bench::{PERIOD_NS, group, name, sample};
use servomesh_estimator::{Config, Estimator, Input};
use servomesh_types::{Core, Stamp};

#[test]
fn a_cell_in_motion_allocates_nothing() {
    let urdf = r#"<robot name="r"><link name="world"/><link name="arm"/><joint name="a" type="continuous">
        <parent link="world"/><child link="arm"/><axis xyz="0 0 1"/><limit velocity="3" effort="9"/></joint></robot>"#;
    let model = servomesh_robot::Model::from_urdf_str(urdf).unwrap();
    let mut core = Estimator::new(Config::default(), Some(model));
    core.handle(Stamp::ZERO, Input::Group(group("arm", &["a", "b"])));
    let mut step = |i: i64| {
        let now = Stamp::from_nanos(i * PERIOD_NS);
        let p = 0.5 * now.as_seconds();
        let state = sample(now, i.unsigned_abs(), &[p, -p]);
        core.handle(
            now,
            Input::ServoState {
                group: name("arm"),
                state,
            },
        );
        core.tick(now);
        let mut outputs = 0;
        while core.poll().is_some() {
            outputs += 1;
        }
        outputs + core.joint_states(now).count() + core.transforms().count()
    };
    (1..100).for_each(|i| {
        step(i);
    });
    let mut said = 0;
    let allocated = allocation_counter::measure(|| said = (100..2000).map(&mut step).sum::<usize>());
    assert_eq!(allocated.count_total, 0);
    assert!(said > 5000, "{said}");
}
