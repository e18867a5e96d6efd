//! The arm on lines, blends and arcs in its closed loop: how far the real tool is from the curve that is commanded. m, rad, s.

use nalgebra::{Point3, Vector3};
use servomesh_robot::Workspace;
use servomesh_sim::harness::{ARM, Cell, CellFiles, NetworkConfig};
use servomesh_trajectory::{GoalId, MoveGoal, MoveMode, PathGoal, Segment, Status, Steer};
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

/// The elbow up, the tool pointing down, well within reach.
const START: [f64; 6] = [
    -0.2448,
    -1.3758,
    1.8351,
    -2.03,
    -std::f64::consts::FRAC_PI_2,
    -1.8156,
];

/// What happens on the way, and when.
type Wishes = [(f64, Steer)];

/// The real tool, as far as it was watched.
#[derive(Debug, Default)]
struct Watched {
    commanded: Vec<Point3<f64>>,
    real: Vec<Point3<f64>>,
}

fn ready(seed: u64) -> Cell {
    let files = CellFiles::default_cell().expect("the files of the default cell are sound");
    let mut cell = Cell::new(&files, NetworkConfig::default(), seed).expect("they fit each other");
    cell.run_for(Duration::from_millis(200));
    let goal = MoveGoal {
        joint_names: ARM.iter().map(|name| (*name).to_owned()).collect(),
        target: START.to_vec(),
        ..MoveGoal::default()
    };
    let id = cell.send_move("arm", goal);
    assert!(cell.run_until(Duration::from_secs(20), |cell| cell.outcome(id).is_some()));
    let outcome = cell.outcome(id).expect("it has ended");
    assert_eq!(outcome.status, Status::Succeeded, "{}", outcome.text);
    cell.run_for(Duration::from_millis(300));
    cell
}

/// The tool with the arm's joints at `arm`, or where they really are.
fn tool(cell: &mut Cell, arm: Option<&JointVec>) -> Point3<f64> {
    let plant = cell.hardware().plant();
    let model = plant.model();
    let mut positions = plant.positions().to_vec();
    for (joint, name) in arm.iter().flat_map(|arm| arm.iter()).zip(ARM) {
        positions[model.joint_index(name).expect("an arm joint")] = *joint;
    }
    let mut workspace = Workspace::new(model);
    model.forward_kinematics(&mut workspace, &positions);
    let link = model.link("gripper_tcp").expect("a link of the cell");
    model.link_pose(&workspace, link).translation.vector.into()
}

/// A line, a blend, a line, a blend, half a circle on which the tool turns along.
fn path(from: &Point3<f64>) -> MoveGoal {
    let corner = [
        from + Vector3::new(-0.1, 0.0, 0.0),
        from + Vector3::new(-0.1, 0.15, -0.05),
    ];
    let line = |to: &Point3<f64>| Segment {
        kind: 1,
        translation: to.coords.into(),
        corner: 1,
        blend: 0.03,
        ..Segment::default()
    };
    let arc = Segment {
        kind: 3,
        centre: (corner[1] + Vector3::new(0.05, 0.0, 0.0)).coords.into(),
        axis: [0.0, 0.0, -1.0],
        angle: std::f64::consts::PI,
        ..Segment::default()
    };
    MoveGoal {
        mode: MoveMode::Path,
        path: PathGoal {
            segments: vec![line(&corner[0]), line(&corner[1]), arc],
            ..PathGoal::default()
        },
        ..MoveGoal::default()
    }
}

/// Follows the path and does what is wished at its time; the tool is watched at each millisecond until the arm stands.
fn watch(cell: &mut Cell, wishes: &Wishes) -> (GoalId, Watched) {
    let from = tool(cell, None);
    let id = cell.send_move("arm", path(&from));
    let began = cell.now();
    let mut wishes = wishes.iter();
    let mut next = wishes.next();
    let mut watched = Watched::default();
    let mut rests: Option<Stamp> = None;
    while rests.is_none_or(|since| cell.now().seconds_from(since) < 0.3) {
        assert!(
            cell.now().seconds_from(began) < 30.0,
            "the path ends; {:?}",
            cell.events()
        );
        cell.run_for(Duration::from_millis(1));
        if let Some((when, steer)) = next
            && cell.now().seconds_from(began) >= *when
        {
            cell.steer(Some("arm"), *steer).expect("it is on its path");
            next = wishes.next();
        }
        let setpoint = *cell.setpoint("arm").expect("the arm has setpoints");
        let commanded = tool(cell, Some(&setpoint.position));
        if watched.commanded.last() != Some(&commanded) {
            watched.commanded.push(commanded);
        }
        watched.real.push(tool(cell, None));
        if cell.outcome(id).is_some() {
            rests.get_or_insert(cell.now());
        }
    }
    (id, watched)
}

impl Watched {
    /// The largest distance of the real tool from the curve through the commanded places, and where it ends.
    fn deviation(&self) -> f64 {
        let from_curve = |place: &Point3<f64>| {
            let lines = self.commanded.windows(2).map(|pair| {
                let line = pair[1] - pair[0];
                let share = ((place - pair[0]).dot(&line) / line.norm_squared()).clamp(0.0, 1.0);
                (place - (pair[0] + line * share)).norm()
            });
            lines.fold(f64::INFINITY, f64::min)
        };
        self.real.iter().map(from_curve).fold(0.0, f64::max)
    }

    fn rest(&self) -> f64 {
        let (commanded, real) = (self.commanded.last(), self.real.last());
        match (commanded, real) {
            (Some(commanded), Some(real)) => (real - commanded).norm(),
            _ => f64::INFINITY,
        }
    }

    fn fastest(&self) -> f64 {
        let steps = self.real.windows(2).map(|pair| (pair[1] - pair[0]).norm() / 1e-3);
        steps.fold(0.0, f64::max)
    }
}

fn check(what: &str, wishes: &Wishes, ends: Status) {
    for seed in 1..3 {
        let mut cell = ready(seed);
        let (id, watched) = watch(&mut cell, wishes);
        let outcome = cell.outcome(id).expect("it has ended");
        assert_eq!(outcome.status, ends, "{}", outcome.text);
        let (deviation, rest, fastest) = (watched.deviation(), watched.rest(), watched.fastest());
        println!(
            "{what}, seed {seed}: {:.3} mm off the curve at most, {:.3} mm at rest, up to {fastest:.2} m/s",
            deviation * 1e3,
            rest * 1e3
        );
        assert!(
            deviation < OFF_CURVE,
            "{what}, seed {seed}: {deviation} m off the curve"
        );
        assert!(rest < AT_REST, "{what}, seed {seed}: {rest} m off at rest");
    }
}

#[test]
fn the_tool_follows_lines_blends_and_arcs() {
    check("as planned", &[], Status::Succeeded);
}

#[test]
fn the_tool_stays_on_its_curve_under_override_pause_and_steps_back() {
    let wishes = [
        (0.4, Steer::Scale(0.3)),
        (0.8, Steer::Scale(1.0)),
        (1.1, Steer::Pause),
        (1.8, Steer::StepBack(0.3)),
        (2.8, Steer::Resume),
    ];
    check("overridden, paused, stepped back", &wishes, Status::Succeeded);
}

#[test]
fn the_tool_stays_on_its_curve_in_a_stop() {
    check("stopped", &[(0.7, Steer::Stop { category: 2 })], Status::Aborted);
}

/// Of the real tool from the commanded curve, in m.
const OFF_CURVE: f64 = 6e-4;

/// Of the real tool from where it should rest, in m.
const AT_REST: f64 = 1.5e-4;
