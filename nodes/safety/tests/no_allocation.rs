//! In steady state the way from a setpoint to its command allocates nothing, nor do the stop and the standstill.

use servomesh_safety::{Config, Input, Output, Safety};
use servomesh_types::*;
use std::time::Duration;

const PERIOD: Duration = Duration::from_millis(2);

/// One period: servo state, motion state, setpoint, tick. Says how many commands came.
fn period(safety: &mut Safety, now: Stamp, epoch: Epoch, seq: u64, group: GroupName) -> usize {
    let (zero, warm) = (JointVec::zeros(6), JointVec::from([30.0; 6]));
    let tag = StreamTag {
        stamp: now,
        epoch,
        seq,
        valid_for: Duration::from_millis(50),
        ..StreamTag::default()
    };
    let (mode, position, velocity) = (DriveMode::Enabled, zero, zero);
    let state = ServoState {
        tag,
        mode,
        position,
        velocity,
        temperature_degc: warm,
        ..ServoState::default()
    };
    let motion = GroupMotion {
        stamp: now,
        position,
        velocity,
        ..GroupMotion::default()
    };
    let setpoint = Setpoint {
        tag,
        position,
        velocity,
        acceleration: zero,
        ..Setpoint::default()
    };
    let mut commands = 0;
    for input in [
        Input::ServoState { group, state },
        Input::Motion { group, motion },
        Input::Setpoint { group, setpoint },
    ] {
        safety.handle(now, input);
        while let Some(output) = safety.poll() {
            commands += usize::from(matches!(output, Output::Command { .. }));
        }
    }
    safety.tick(now);
    while let Some(output) = safety.poll() {
        commands += usize::from(matches!(output, Output::Command { .. }));
    }
    commands
}

#[test]
fn steady_state_allocates_nothing() {
    let group = GroupName::new("arm").unwrap();
    let limits = JointLimits::new((-2.0, 2.0), 3.0, 10.0, 100.0, 50.0).unwrap();
    let joint = |i: usize| JointDescription {
        name: format!("joint_{i}"),
        kind: JointKind::Revolute,
        limits,
        drivetrain: servomesh_types::Drivetrain::default(),
    };
    let mut safety = Safety::new(Config::default());
    let mut now = Stamp::from_millis(1000);
    safety.handle(
        now,
        Input::Group(GroupDescription {
            name: group,
            joints: (0..6).map(joint).collect(),
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "test".into(),
        }),
    );
    let zero = JointVec::zeros(6);
    let tag = StreamTag {
        stamp: now,
        ..StreamTag::default()
    };
    let state = ServoState {
        tag,
        position: zero,
        velocity: zero,
        ..ServoState::default()
    };
    safety.handle(now, Input::ServoState { group, state });
    let Some(Output::State(said)) = safety.poll() else {
        panic!("a new group is announced")
    };
    let epoch = said.group(group).unwrap().epoch;

    let mut count = |safety: &mut Safety, from: u64| {
        let mut commands = 0;
        let allocated = allocation_counter::measure(|| {
            for seq in from..from + 1000 {
                now = now + PERIOD;
                commands += period(safety, now, epoch, seq, group);
            }
        });
        (allocated.count_total, commands)
    };
    count(&mut safety, 1);
    assert_eq!(
        count(&mut safety, 1001),
        (0, 1000),
        "(allocations, commands) while tracking"
    );
    let stop_at = Stamp::from_millis(1000) + PERIOD * 2000;
    safety.handle(stop_at, Input::Stop { request: 1 });
    while safety.poll().is_some() {}
    count(&mut safety, 2001);
    assert_eq!(
        count(&mut safety, 3001),
        (0, 1000),
        "(allocations, commands) while holding"
    );
}
