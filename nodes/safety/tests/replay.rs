//! The same inputs give the same outputs.

mod rig;

use rig::{Rig, arm, gripper};
use servomesh_safety::{Input, Output, Parameters};
use servomesh_types::{Core, JointVec};

/// Two groups, lost setpoints, a fault, a stop, resets: a little of everything.
fn story() -> Vec<Output> {
    let mut rig = Rig::new(Parameters::default(), &[arm(), gripper()]);
    rig.run(3);
    rig.drive(arm()).swing = Some(0.5);
    rig.drive(gripper()).swing = Some(0.01);
    rig.run(100);
    let swing = rig.drive(arm()).swing.take();
    rig.run(2);
    rig.drive(arm()).swing = swing;
    rig.run(50);
    rig.drive(gripper()).temperature_degc = JointVec::from([150.0]);
    rig.run(200);
    rig.reset();
    rig.stop();
    rig.run(300);
    rig.drive(gripper()).temperature_degc = JointVec::from([50.0]);
    rig.run(3);
    rig.reset();
    rig.run(200);
    rig.log
}

#[test]
fn the_same_inputs_give_the_same_outputs() {
    let (once, again) = (story(), story());
    assert!(once.len() > 1000);
    assert_eq!(once, again);
}

#[test]
fn state_is_said_only_when_it_changes() {
    let said: Vec<_> = story()
        .into_iter()
        .filter_map(|output| match output {
            Output::State(state) => Some(state),
            _ => None,
        })
        .collect();
    assert!(said.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(said.len() < 20, "{}", said.len());
}

#[test]
fn ticks_before_the_deadline_do_nothing() {
    let mut rig = Rig::swinging();
    let deadline = rig.safety.deadline().expect("setpoints are watched");
    let before = rig.log.len();
    for share in 1..10 {
        let ahead = deadline.since(rig.now).mul_f64(f64::from(share) / 10.0);
        rig.give_tick(rig.now + ahead);
    }
    assert_eq!(rig.log.len(), before);
    rig.give(Input::Stop { request: 1 });
    assert!(rig.log.len() > before);
}
