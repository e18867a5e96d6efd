//! Streams that would move the machine in another way than they say, within what each single check lets pass; and stops that would do so.
//!
//! Each of these was seen on the simulated machine (`sim/trials`, episodes).

#![allow(clippy::unwrap_used)]

mod rig;

use rig::{PERIOD, Rig, URDF, arm};
use servomesh_safety::{Config, Input, Parameters, SafetyFile};
use servomesh_types::*;
use std::time::Duration;

/// Whoever streams to the arm.
struct Stream {
    rig: Rig,
    epoch: Epoch,
    seq: u64,
    position: JointVec,
    velocity: JointVec,
    acceleration: JointVec,
    effort: JointVec,
    effort_limit: JointVec,
}

impl Stream {
    fn new(limits: &str) -> Self {
        let file = format!(
            "clearance: 0.01\ngroups:\n  arm:\n    joints: [shoulder, elbow]\n    tool: {{ link: tool }}\n    {limits}\n"
        );
        let robot = servomesh_robot::Model::from_urdf_str(URDF).unwrap();
        let setup = SafetyFile::parse(&file).and_then(|file| file.setup(&Config::default(), Some(&robot)));
        let mut rig = Rig::set_up(Parameters::default(), setup.unwrap(), &[arm()]);
        rig.run(3);
        let (epoch, zero) = (rig.view(arm()).epoch, JointVec::zeros(2));
        Self {
            position: rig.drive(arm()).position,
            rig,
            epoch,
            seq: 0,
            velocity: zero,
            acceleration: zero,
            effort: JointVec::EMPTY,
            effort_limit: JointVec::EMPTY,
        }
    }

    /// Says where it is.
    fn say(&mut self) {
        self.rig.step();
        self.seq += 1;
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp: self.rig.now,
                epoch: self.epoch,
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position: self.position,
            velocity: self.velocity,
            acceleration: self.acceleration,
            effort: self.effort,
            effort_limit: self.effort_limit,
            ..Setpoint::default()
        };
        let group = arm();
        self.rig.give(Input::Setpoint { group, setpoint });
    }

    /// Goes on towards these accelerations, with limited jerk, until the gate has had enough.
    fn go_on(&mut self, wanted: [f64; 2], periods: usize) {
        let dt = PERIOD.as_secs_f64();
        for _ in 0..periods {
            for (joint, wanted) in wanted.iter().enumerate() {
                let (v, a) = (self.velocity[joint], self.acceleration[joint]);
                let step = (wanted - a).clamp(-JERK * dt, JERK * dt);
                self.position[joint] += dt * (v + dt * (a / 2.0 + step / 6.0));
                self.velocity[joint] += dt * (a + step / 2.0);
                self.acceleration[joint] = a + step;
            }
            self.say();
            if self.rig.mode(arm()) != SafetyMode::Normal {
                return;
            }
        }
    }

    fn fault(&self) -> Option<Fault> {
        self.rig.view(arm()).fault
    }

    /// Lets it stop. All that was commanded.
    fn commands(mut self) -> Vec<Setpoint> {
        self.rig.run(400);
        assert_ne!(self.rig.mode(arm()), SafetyMode::Normal);
        let tracked = self
            .rig
            .commands
            .iter()
            .filter(|(.., command)| command.mode == CommandMode::Track);
        tracked.map(|(.., command)| command.setpoint).collect()
    }
}

#[test]
fn a_stream_can_not_creep_while_it_says_that_it_stands() {
    let mut stream = Stream::new("");
    stream.say();
    for _ in 0..5 {
        stream.position[1] += 0.9 * Parameters::default().revolute.jump;
        stream.say();
    }
    assert!(
        matches!(stream.fault(), Some(Fault::Jump(_))),
        "{:?}",
        stream.fault()
    );
}

#[test]
fn a_stream_can_not_gain_speed_that_its_accelerations_do_not_speak_of() {
    let mut stream = Stream::new("");
    stream.say();
    for _ in 0..5 {
        let gain = 0.9 * Parameters::default().revolute.velocity_jump;
        stream.position[1] += PERIOD.as_secs_f64() * (stream.velocity[1] + gain / 2.0);
        stream.velocity[1] += gain;
        stream.say();
    }
    assert!(
        matches!(stream.fault(), Some(Fault::Acceleration(_))),
        "{:?}",
        stream.fault()
    );
}

#[test]
fn limits_of_a_mode_that_is_chosen_at_a_standstill_hold_at_once_and_in_the_stop_too() {
    let mut stream = Stream::new("reduced: { velocity: 0.2, tool_speed: 5 }");
    stream.rig.select(OperatingMode::Manual);
    stream.rig.give(Input::Enabling { held: true });
    stream.go_on([0.0, 10.0], 90);
    assert!(
        matches!(stream.fault(), Some(Fault::Velocity(_))),
        "{:?}",
        stream.fault()
    );
    let fastest = stream
        .commands()
        .iter()
        .fold(0.0, |most: f64, to| most.max(to.velocity.max_abs()));
    // 0.2 of 3 rad/s, and 1 %.
    assert!((0.5..0.606 + 1e-9).contains(&fastest), "{fastest}");
}

#[test]
fn a_stop_does_not_turn_round_where_only_one_direction_is_safe() {
    let mut stream = Stream::new("normal: { direction: { elbow: positive } }");
    stream.go_on([0.0, 10.0], 70);
    stream.go_on([0.0, -10.0], 300);
    assert!(
        matches!(stream.fault(), Some(Fault::Direction(_))),
        "{:?}",
        stream.fault()
    );
    let backwards = stream
        .commands()
        .iter()
        .fold(0.0, |most: f64, to| most.max(-to.velocity[1]));
    let standstill = Parameters::default().revolute.standstill;
    assert!(backwards <= standstill + 1e-9, "{backwards} rad/s");
}

#[test]
fn a_stop_does_not_make_a_slow_tool_quick() {
    let mut stream = Stream::new("normal: { tool_speed: 0.3 }");
    // Stretched out, the elbow takes the tool back by what the shoulder brings it forward.
    stream.go_on([5.0, -10.0], 300);
    assert!(
        matches!(stream.fault(), Some(Fault::ToolSpeed { .. })),
        "{:?}",
        stream.fault()
    );
    let quickest = stream.commands().iter().fold(0.0, |most: f64, to| {
        let (q, v) = (&to.position, &to.velocity);
        let both = v[0] + v[1];
        let x = -0.5 * (q[0].sin() * v[0] + (q[0] + q[1]).sin() * both);
        let y = 0.5 * (q[0].cos() * v[0] + (q[0] + q[1]).cos() * both);
        most.max(x.hypot(y))
    });
    assert!((0.1..0.303 * 1.02).contains(&quickest), "{quickest} m/s");
}

#[test]
fn where_a_model_says_what_is_clear_efforts_do_not_lead_astray() {
    let mut stream = Stream::new("");
    stream.effort = JointVec::from([-50.0, 1.0]);
    stream.effort_limit = JointVec::from([0.0, 1.0]);
    stream.go_on([0.0, 5.0], 50);
    let sent = stream.rig.last_command(arm()).setpoint;
    assert_eq!(sent.effort, JointVec::from([-2.5, 1.0]), "5 % of 50 N·m");
    assert!(sent.effort_limit.is_empty(), "no joint is let go limp");
    let before = stream.rig.commands.len() - 1;
    stream.rig.stop();
    for _ in 0..25 {
        stream.rig.step();
    }
    let stop = stream.rig.commands_since(before);
    let eased = stop.windows(2).map(|pair| {
        let [before, after] = [0, 1].map(|i| pair[i].2.setpoint.effort);
        after.first().copied().unwrap_or(0.0) - before.first().copied().unwrap_or(0.0)
    });
    // 2.5 N·m in 50 ms.
    assert!(eased.clone().count() > 20 && eased.fold(0.0, f64::max) < 0.1 + 1e-9);
    let sent = stream.rig.last_command(arm()).setpoint;
    assert!(sent.velocity[1] > 0.1 && sent.effort.is_empty(), "{sent:?}");
}

#[test]
fn an_epoch_does_not_begin_in_mid_motion() {
    let begin = |velocity: f64, acceleration: f64| {
        let mut stream = Stream::new("");
        stream.velocity[1] = velocity;
        stream.acceleration[1] = acceleration;
        stream.say();
        (stream.fault(), stream.rig.commands.len())
    };
    assert!(matches!(begin(0.1, 0.0), (Some(Fault::Jump(_)), 0)));
    assert!(matches!(begin(0.0, 5.0), (Some(Fault::Jerk(_)), 0)));
    // The first few setpoints of a start from rest may be lost.
    let late = 4.0 * PERIOD.as_secs_f64();
    assert_eq!(begin(JERK * late * late / 2.0, JERK * late).0, None);
}

/// Of the rig's joints \[rad/s³\].
const JERK: f64 = 100.0;
