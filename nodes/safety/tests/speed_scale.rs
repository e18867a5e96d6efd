//! How fast groups may run: who it is said of, what it survives, what is refused.

mod rig;

use rig::{Rig, arm, gripper};
use servomesh_safety::{Input, Parameters};
use servomesh_types::*;

fn set(rig: &mut Rig, group: &str, scale: f64) -> (bool, String) {
    rig.give(Input::SetSpeedScale {
        request: 9,
        group: group.to_owned(),
        scale,
    });
    let (request, granted, text) = rig.answers.last().expect("an answer").clone();
    assert_eq!(request, 9);
    (granted, text)
}

/// Of the arm and of the gripper.
fn percents(rig: &Rig) -> [i64; 2] {
    [arm(), gripper()].map(|group| percent(rig, group))
}

fn percent(rig: &Rig, group: GroupName) -> i64 {
    (100.0 * rig.view(group).speed_scale).round() as i64
}

fn heard() -> Rig {
    let mut rig = Rig::new(Parameters::default(), &[arm(), gripper()]);
    rig.run(3);
    rig
}

#[test]
fn it_is_one_until_somebody_says_otherwise_and_is_said_at_once() {
    let mut rig = heard();
    assert_eq!(percents(&rig), [100, 100]);
    assert_eq!(
        set(&mut rig, "arm", 0.3),
        (true, "arm may run at 30 % of what is planned".to_owned())
    );
    assert_eq!(percents(&rig), [30, 100]);
    let (granted, text) = set(&mut rig, "", 0.5);
    assert!(
        granted && text == "all groups may run at 50 % of what is planned",
        "{text}"
    );
    assert_eq!(percents(&rig), [50, 50]);
    // Both ends are possible.
    assert!(set(&mut rig, "arm", 0.0).0 && set(&mut rig, "gripper", 1.0).0);
    assert_eq!(percents(&rig), [0, 100]);
    let said = rig.states.len();
    set(&mut rig, "arm", 0.0);
    assert_eq!(rig.states.len(), said, "what does not change is not said anew");
}

#[test]
fn what_can_not_be_is_refused_with_what_can_and_changes_nothing() {
    let mut rig = heard();
    set(&mut rig, "", 0.5);
    for (group, scale, expected) in [
        ("arm", 1.01, "scale is 1.01, but must be between 0 and 1"),
        ("arm", -0.1, "scale is -0.1, but must be between 0 and 1"),
        ("arm", f64::NAN, "scale is NaN, but must be between 0 and 1"),
        ("", f64::INFINITY, "scale is inf, but must be between 0 and 1"),
        ("leg", 0.5, "there is no group leg; there are: arm, gripper"),
        ("an arm", 0.5, "there is no group an arm; there are: arm, gripper"),
    ] {
        assert_eq!(set(&mut rig, group, scale), (false, expected.to_owned()));
        assert_eq!(percents(&rig), [50, 50]);
    }
    let mut nobody = Rig::new(Parameters::default(), &[]);
    assert_eq!(
        set(&mut nobody, "arm", 0.5),
        (false, "there is no group arm; there are: none yet".to_owned())
    );
}

#[test]
fn it_survives_a_reset_and_another_driver() {
    let mut rig = Rig::swinging();
    set(&mut rig, "arm", 0.25);
    rig.stop();
    rig.run(300);
    assert!(rig.reset().0);
    assert_eq!(percent(&rig, arm()), 25);
    let mut other = rig::description(arm());
    other.backend = "another".into();
    rig.give(Input::Group(other));
    rig.run(3);
    assert_eq!(percent(&rig, arm()), 25);
}

#[test]
fn all_includes_groups_that_are_announced_later() {
    let mut rig = heard();
    set(&mut rig, "", 0.4);
    let mut late = rig::description(gripper());
    let name = GroupName::new("late").expect("a name");
    late.name = name;
    rig.give(Input::Group(late));
    let zero = JointVec::zeros(1);
    rig.give(Input::ServoState {
        group: name,
        state: ServoState {
            tag: StreamTag {
                stamp: rig.now,
                ..StreamTag::default()
            },
            position: zero,
            velocity: zero,
            ..ServoState::default()
        },
    });
    assert_eq!(percent(&rig, name), 40);
}

#[test]
fn the_parameter_says_where_it_begins() {
    let slow = Parameters {
        speed_scale: 0.1,
        ..Parameters::default()
    };
    let mut rig = Rig::new(slow, &[arm()]);
    rig.run(3);
    assert_eq!(percent(&rig, arm()), 10);
    let wrong = Parameters {
        speed_scale: 1.5,
        ..Parameters::default()
    };
    let error = servomesh_safety::Config::new(wrong).expect_err("above one");
    assert_eq!(
        error.to_string(),
        "speed_scale is 1.5, but must be between 0 and 1"
    );
}
