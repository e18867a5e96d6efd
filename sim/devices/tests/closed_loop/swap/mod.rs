//! The gripper's driver is replaced while the arm follows a path, by one with another backend or with the same: what that does to the arm,
//! and how soon the gripper can be used again. All cores, network and machine on one virtual clock.

mod wired;

use std::time::Duration;

use servomesh_sim::Terminals;
use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig, Part};
use servomesh_trajectory::{FollowGoal, GoalId, Point, Status};
use servomesh_types::{DriveMode, GroupName, SafetyMode, Stamp};
use wired::{JOINT, Wired};

/// When the gripper begins to close, counted from the arm's goal.
const GRIP: Duration = Duration::from_millis(800);
/// When its driver dies: it moves then.
const DEATH: Duration = Duration::from_millis(950);
/// When the next driver starts.
const BIRTH: Duration = Duration::from_millis(1250);
const TICK: Duration = Duration::from_millis(2);
const SECOND: Duration = Duration::from_secs(1);

/// Who follows the driver that died.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Successor {
    /// One that talks in frames, as the first did.
    Frames,
    /// One with a DYNAMIXEL on a byte bus.
    Wire,
}

/// How far the arm was from its reference.
#[derive(Clone, Copy, Debug, Default)]
struct Error {
    squares: f64,
    count: f64,
    max: f64,
}

impl Error {
    fn note(&mut self, cell: &Cell) {
        let state = cell.servo_state("arm").expect("the arm was measured");
        assert_eq!(
            state.mode,
            DriveMode::Enabled,
            "the arm is driven: {:?}",
            cell.events()
        );
        for joint in 0..ARM.len() {
            let error = state.following_error(joint);
            self.squares += error * error;
            self.count += 1.0;
            self.max = self.max.max(error.abs());
        }
    }

    fn rms(&self) -> f64 {
        (self.squares / self.count).sqrt()
    }
}

/// How long after its start the new driver was heard, driven, and had closed the gripper.
#[derive(Clone, Copy, Debug)]
struct Usable {
    heard: Duration,
    driven: Duration,
    done: Duration,
}

fn gripper() -> GroupName {
    GroupName::new("gripper").unwrap()
}

fn ready(seed: u64) -> Cell {
    let files = CellFiles::default_cell().unwrap();
    let mut cell = Cell::new(&files, NetworkConfig::default(), seed).unwrap();
    let driven = |cell: &Cell, group| {
        let state = cell.servo_state(group);
        state.is_some_and(|state| state.mode == DriveMode::Enabled)
    };
    assert!(cell.run_until(SECOND, |cell| driven(cell, "arm") && driven(cell, "gripper")));
    cell
}

/// There and back, all joints at once.
fn path(cell: &mut Cell) -> GoalId {
    let start = cell.servo_state("arm").expect("measured").reference;
    let point = |offset: f64, milliseconds: i64| Point {
        positions: start.iter().map(|position| position + offset).collect(),
        time_from_start_ns: milliseconds * 1_000_000,
        ..Point::default()
    };
    let goal = FollowGoal {
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        points: vec![point(0.3, 1000), point(0.6, 2000), point(0.0, 4000)],
        ..FollowGoal::default()
    };
    cell.send_follow("arm", goal)
}

fn start(cell: &mut Cell, successor: Successor, terminals: &Terminals) {
    match successor {
        Successor::Frames => cell.start(Part::Driver(gripper())).unwrap(),
        Successor::Wire => {
            let files = CellFiles::default_cell().unwrap();
            let now = cell.now();
            cell.start_wired(Box::new(Wired::new(&files, terminals.clone(), now)));
        }
    }
}

fn gate_is_open(cell: &Cell) -> bool {
    let gates = cell.safety().map(|state| &state.groups);
    gates.is_some_and(|gates| {
        gates
            .iter()
            .any(|gate| gate.group == gripper() && gate.mode == SafetyMode::Normal)
    })
}

/// Uses a driver that was just started: an operator resets as soon as it is heard, and lets the gripper close.
struct Use {
    born: Stamp,
    heard: Option<Duration>,
    driven: Option<Duration>,
    grip: Option<GoalId>,
}

impl Use {
    fn of(born: Stamp) -> Self {
        Self {
            born,
            heard: None,
            driven: None,
            grip: None,
        }
    }

    fn go_on(&mut self, cell: &mut Cell) -> Option<Usable> {
        let age = cell.now().since(self.born);
        let state = *cell.servo_state("gripper")?;
        if state.tag.stamp > self.born {
            self.heard.get_or_insert(age);
        }
        let heard = self.heard?;
        if !gate_is_open(cell) {
            cell.reset();
            return None;
        }
        if state.mode == DriveMode::Enabled {
            self.driven.get_or_insert(age);
        }
        let driven = self.driven?;
        let grip = *self
            .grip
            .get_or_insert_with(|| cell.send_grip("gripper", 0.03, 0.0));
        let outcome = cell.outcome(grip)?;
        assert_eq!(
            outcome.status,
            Status::Succeeded,
            "{outcome:?}; {:?}",
            cell.events()
        );
        Some(Usable {
            heard,
            driven,
            done: age,
        })
    }
}

/// The arm's error on its way, undisturbed or with a driver that is replaced meanwhile.
fn follow(seed: u64, successor: Option<Successor>) -> (Error, Option<Usable>) {
    let mut cell = ready(seed);
    let terminals = cell.hardware().terminals(JOINT).unwrap();
    let began = cell.now();
    let arm = path(&mut cell);
    let (mut error, mut usable) = (Error::default(), None);
    let mut using: Option<Use> = None;
    while cell.outcome(arm).is_none() {
        cell.run_for(TICK);
        error.note(&cell);
        let since = cell.now().since(began);
        assert!(since < 6 * SECOND, "the arm arrives: {:?}", cell.events());
        if since == GRIP {
            cell.send_grip("gripper", 0.01, 0.0);
        }
        let Some(successor) = successor else { continue };
        if since == DEATH {
            let speed = cell.servo_state("gripper").expect("measured").velocity[0];
            assert!(speed < -0.02, "it dies in motion, at {speed} m/s");
            cell.kill(Part::Driver(gripper()));
        } else if since == BIRTH {
            using = Some(Use::of(cell.now()));
            start(&mut cell, successor, &terminals);
        } else if let (Some(using), None) = (&mut using, usable) {
            usable = using.go_on(&mut cell);
        }
    }
    let outcome = cell.outcome(arm).unwrap();
    assert_eq!(
        outcome.status,
        Status::Succeeded,
        "{outcome:?}; {:?}",
        cell.events()
    );
    (error, usable)
}

/// From the smallest to the largest.
fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| {
        (value.min(low), value.max(high))
    })
}

#[test]
fn the_arm_does_not_feel_that_the_grippers_driver_is_replaced_by_one_of_another_backend() {
    check(Successor::Wire);
}

#[test]
fn the_arm_does_not_feel_that_the_grippers_driver_is_replaced_by_one_of_the_same_backend() {
    check(Successor::Frames);
}

fn check(successor: Successor) {
    let undisturbed: Vec<Error> = (1..=6).map(|seed| follow(seed, None).0).collect();
    let (rms, max) = (
        range(undisturbed.iter().map(Error::rms)),
        range(undisturbed.iter().map(|error| error.max)),
    );
    println!("undisturbed: rms {rms:?}, max {max:?} rad");
    for seed in 1..=3 {
        let (error, usable) = follow(seed, Some(successor));
        println!(
            "{successor:?}, seed {seed}: rms {}, max {} rad; {usable:?}",
            error.rms(),
            error.max
        );
        assert!(
            error.rms() <= rms.1 + (rms.1 - rms.0),
            "seed {seed}: {error:?} beside {rms:?}"
        );
        assert!(
            error.max <= max.1 + (max.1 - max.0),
            "seed {seed}: {error:?} beside {max:?}"
        );
        let usable = usable.expect("the gripper was used again");
        assert!(
            usable.heard < usable.driven && usable.driven < usable.done,
            "seed {seed}: {usable:?}"
        );
        assert!(usable.done < SECOND, "seed {seed}: {usable:?}");
    }
}
