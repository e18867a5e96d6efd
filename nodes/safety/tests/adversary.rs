//! Whatever comes in, in whatever order: what goes out is always something a machine can do.

mod rig;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use rig::{Rig, arm};
use servomesh_safety::{Input, Parameters, StopCategory};
use servomesh_types::*;
use std::time::Duration;

/// One thing an adversary does.
#[derive(Clone, Debug)]
enum Move {
    /// Goes on from its last setpoint with this acceleration, a share of the limit, for each joint.
    Accelerate([f64; 2]),
    /// Wants to be anywhere, at any speed.
    Teleport {
        position: f64,
        velocity: f64,
        acceleration: f64,
    },
    /// Spoils an otherwise good setpoint.
    Spoil(Spoil),
    /// The rest of the mesh for one period, without a setpoint.
    Silence,
    /// The driver's or the estimator's messages are lost, or come again.
    Mute {
        servo: bool,
        motion: bool,
    },
    /// The machine is held, or let go.
    Block(bool),
    Stop,
    Reset,
}

#[derive(Clone, Copy, Debug)]
enum Spoil {
    Epoch,
    Seq,
    Old,
    Ahead,
    NotANumber,
    Size,
    Release,
}

fn moves() -> impl Strategy<Value = Vec<(Move, usize)>> {
    let acceleration = prop_oneof![Just(1.0), Just(-1.0), Just(0.0), -1.2..1.2];
    let steps = prop_oneof![
        30 => (acceleration.clone(), acceleration).prop_map(|(a, b)| Move::Accelerate([a, b])),
        1 => (-3.0..3.0, -4.0..4.0, -12.0..12.0)
            .prop_map(|(position, velocity, acceleration)| Move::Teleport { position, velocity, acceleration }),
        1 => prop_oneof![
            Just(Spoil::Epoch), Just(Spoil::Seq), Just(Spoil::Old),
            Just(Spoil::Ahead), Just(Spoil::NotANumber), Just(Spoil::Size), Just(Spoil::Release),
        ]
        .prop_map(Move::Spoil),
        2 => Just(Move::Silence),
        1 => (prop::bool::weighted(0.2), prop::bool::weighted(0.2))
            .prop_map(|(servo, motion)| Move::Mute { servo, motion }),
        1 => prop::bool::weighted(0.2).prop_map(Move::Block),
        1 => Just(Move::Stop),
        2 => Just(Move::Reset),
    ];
    // Each goes on for some periods, so that speeds build up.
    prop::collection::vec((steps, 1_usize..60), 1..60)
}

/// The adversary: knows the epoch, and where its last setpoint was.
struct Adversary {
    epoch: Epoch,
    seq: u64,
    position: JointVec,
    velocity: JointVec,
    acceleration: JointVec,
}

impl Adversary {
    /// Goes on for one period; begins anew where the machine is with each epoch.
    fn go_on(&mut self, rig: &mut Rig, shares: [f64; 2]) {
        let epoch = rig.view(arm()).epoch;
        let zero = JointVec::zeros(2);
        if self.epoch != epoch {
            let position = rig.drive(arm()).position;
            *self = Self {
                epoch,
                seq: self.seq,
                position,
                velocity: zero,
                acceleration: zero,
            };
            return;
        }
        let dt = rig::PERIOD.as_secs_f64();
        self.acceleration = JointVec::from_fn(2, |i| shares[i] * ACCELERATION);
        for (i, share) in shares.iter().enumerate() {
            // It keeps to the speed limit, mostly, or it would never get far.
            let (v, a) = (self.velocity[i], self.acceleration[i]);
            if share.abs() <= 1.0 && (v + a * dt).abs() > VELOCITY {
                self.acceleration[i] = 0.0;
            }
            self.position[i] += dt * (v + dt * self.acceleration[i] / 2.0);
            self.velocity[i] += dt * self.acceleration[i];
        }
    }

    fn setpoint(&mut self, rig: &Rig) -> Setpoint {
        self.seq += 1;
        Setpoint {
            tag: StreamTag {
                stamp: rig.now,
                epoch: self.epoch,
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                hops: HopTimes {
                    born_ns: 1,
                    ..HopTimes::default()
                },
            },
            position: self.position,
            velocity: self.velocity,
            acceleration: self.acceleration,
            ..Setpoint::default()
        }
    }

    fn act(&mut self, rig: &mut Rig, step: &Move) {
        if let Move::Accelerate(shares) = step {
            self.go_on(rig, *shares);
        }
        let mut setpoint = self.setpoint(rig);
        match step {
            Move::Accelerate(_) => {}
            Move::Teleport {
                position,
                velocity,
                acceleration,
            } => {
                setpoint.position[1] = *position;
                setpoint.velocity[1] = *velocity;
                setpoint.acceleration[1] = *acceleration;
            }
            Move::Spoil(Spoil::Epoch) => setpoint.tag.epoch.0 ^= 1,
            Move::Spoil(Spoil::Seq) => setpoint.tag.seq = 0,
            Move::Spoil(Spoil::Old) => setpoint.tag.stamp = setpoint.tag.stamp - Duration::from_secs(1),
            Move::Spoil(Spoil::Ahead) => setpoint.tag.stamp = setpoint.tag.stamp + Duration::from_secs(1),
            Move::Spoil(Spoil::NotANumber) => setpoint.velocity[0] = f64::NAN,
            Move::Spoil(Spoil::Size) => setpoint.position = JointVec::zeros(1),
            Move::Spoil(Spoil::Release) => setpoint.release = true,
            Move::Silence => return,
            Move::Mute { servo, motion } => {
                (rig.drive(arm()).speaks, rig.drive(arm()).estimated) = (!servo, !motion);
                return;
            }
            Move::Block(blocked) => {
                let drive = rig.drive(arm());
                drive.blocked = *blocked;
                drive.velocity = JointVec::zeros(2);
                return;
            }
            Move::Stop => return rig.give(Input::Stop { request: 0 }),
            Move::Reset => return rig.give(Input::Reset { request: 0 }),
        }
        rig.give(Input::Setpoint {
            group: arm(),
            setpoint,
        });
    }
}

const ACCELERATION: f64 = 10.0;
const VELOCITY: f64 = 3.0;

fn play(moves: &[(Move, usize)], stop_category: StopCategory) -> Rig {
    let mut rig = Rig::new(
        Parameters {
            stop_category,
            // It changes its acceleration at once: what is to be kept here is all the rest.
            jerk_factor: 1e6,
            ..Parameters::default()
        },
        &[arm()],
    );
    rig.run(3);
    let zero = JointVec::zeros(2);
    let mut adversary = Adversary {
        epoch: Epoch::NONE,
        seq: 0,
        position: zero,
        velocity: zero,
        acceleration: zero,
    };
    for (step, times) in moves {
        for _ in 0..*times {
            rig.step();
            adversary.act(&mut rig, step);
        }
    }
    rig
}

/// What holds for every pair of successive commands to a group that follows them.
fn check_commands(rig: &Rig) -> Result<(), TestCaseError> {
    let mut before: Option<&Setpoint> = None;
    let mut passed = false;
    for (.., command) in &rig.commands {
        let to = &command.setpoint;
        if command.mode == CommandMode::Off {
            before = None;
            continue;
        }
        for joint in 0..2 {
            let (q, v, a) = (to.position[joint], to.velocity[joint], to.acceleration[joint]);
            prop_assert!(q.abs() <= 2.0 + 1e-3 + 1e-9, "position {q}");
            prop_assert!(v.abs() <= VELOCITY * 1.01 + 1e-9, "velocity {v}");
            prop_assert!(a.abs() <= ACCELERATION * 1.01 + 1e-9, "acceleration {a}");
        }
        // A new epoch begins at the measured position; the driver takes it only from near there.
        if let Some(from) = before.filter(|from| from.tag.epoch == to.tag.epoch) {
            let dt = to.tag.stamp.seconds_from(from.tag.stamp);
            prop_assert!(dt > 0.0, "time runs back");
            prop_assert!(to.tag.seq == from.tag.seq + 1);
            for joint in 0..2 {
                let (v0, v1) = (from.velocity[joint], to.velocity[joint]);
                let unexplained = to.position[joint] - from.position[joint] - (v0 + v1) / 2.0 * dt;
                // Setpoint and extrapolation can part for the four periods that are filled in at most; the first
                // setpoint after a held position is near the measured one, as that was.
                let first = to.tag.hops.born_ns != 0 && !passed;
                let apart = if first {
                    0.02
                } else {
                    2.0 * ACCELERATION * 0.010_f64.powi(2)
                };
                prop_assert!(
                    unexplained.abs() <= apart + 5e-4,
                    "jump of {unexplained} in {dt} s"
                );
            }
        }
        if before.is_none_or(|from| from.tag.epoch != to.tag.epoch) {
            passed = false;
        }
        passed |= to.tag.hops.born_ns != 0;
        before = Some(to);
    }
    Ok(())
}

/// What holds for commands in each mode, in the order in which everything was said.
fn check_modes(rig: &Rig) -> Result<(), TestCaseError> {
    use servomesh_safety::Output;
    let mut mode = SafetyMode::Normal;
    let mut epoch = Epoch::NONE;
    for output in &rig.log {
        match output {
            Output::State(state) => {
                let view = state.group(arm()).copied().expect("the only group");
                prop_assert!(view.epoch >= epoch);
                prop_assert!(
                    mode == SafetyMode::Normal || view.mode != SafetyMode::Normal || view.epoch > epoch
                );
                prop_assert!(mode != SafetyMode::Off || view.mode != SafetyMode::Stopped);
                prop_assert_eq!(view.fault.is_some(), view.mode != SafetyMode::Normal);
                (mode, epoch) = (view.mode, view.epoch);
            }
            Output::Command { command, .. } => {
                let setpoint = &command.setpoint;
                prop_assert!(
                    setpoint.tag.hops.born_ns == 0 || mode == SafetyMode::Normal,
                    "passed while {mode:?}"
                );
                let still = setpoint.velocity.max_abs() + setpoint.acceleration.max_abs();
                prop_assert!(mode != SafetyMode::Stopped || still <= 0.0, "moves while stopped");
                prop_assert!(
                    mode != SafetyMode::Off || command.mode == CommandMode::Off,
                    "tracks while off"
                );
            }
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: Some(Box::new(FileFailurePersistence::Direct("tests/adversary.regressions"))), ..ProptestConfig::with_cases(300) })]

    #[test]
    fn commands_keep_to_limits_never_jump_and_suit_the_mode(moves in moves(), one in prop::bool::ANY) {
        let category = if one { StopCategory::One } else { StopCategory::Two };
        let rig = play(&moves, category);
        check_commands(&rig)?;
        check_modes(&rig)?;
    }
}

#[test]
fn silence_at_the_last_chance_to_stop_leads_no_further_than_the_end_stop() {
    for periods in 150..450 {
        let rig = play(
            &[(Move::Accelerate([1.0, -1.0]), periods), (Move::Silence, 300)],
            StopCategory::Two,
        );
        check_commands(&rig).unwrap();
        assert_eq!(rig.mode(arm()), SafetyMode::Stopped);
    }
}

#[test]
fn the_adversary_does_get_far() {
    // Otherwise the property above would hold for want of motion.
    let moves = [
        (Move::Accelerate([1.0, -1.0]), 450),
        (Move::Silence, 300),
        (Move::Reset, 1),
        (Move::Accelerate([-1.0, 1.0]), 600),
    ];
    let rig = play(&moves, StopCategory::Two);
    check_commands(&rig).unwrap();
    check_modes(&rig).unwrap();
    let furthest = rig
        .commands
        .iter()
        .map(|(.., c)| c.setpoint.position.max_abs())
        .fold(0.0, f64::max);
    assert!(furthest > 1.8, "only got to {furthest}");
    let faults: Vec<_> = rig
        .states
        .iter()
        .filter_map(|(_, state)| state.group(arm())?.fault)
        .collect();
    assert!(
        faults.iter().any(|fault| matches!(fault, Fault::Position(_))),
        "{faults:?}"
    );
}
