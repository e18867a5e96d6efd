//! What ticks of the online generators cost: `cargo test --release -p servomesh_motion --test jog_cost -- --ignored --nocapture`.

mod jog_cell;

use jog_cell::{JOINTS, cell};
use nalgebra::Vector6;
use servomesh_motion::State;
use servomesh_motion::cam::{CamTable, Coupling, Law};
use servomesh_motion::jog::{Axes, JogGenerator, JogSettings, Request, Surroundings};
use servomesh_motion::pursuit::{Axis, Point};
use servomesh_motion::tracking::{Heard, LeaderSettings, Measured, PoseMove, Settings, Tracking};
use servomesh_robot::collision::{CollisionModel, CollisionSettings};

const DT: f64 = 0.002;
const TICKS: usize = 1000;

/// Median and 99th of 100, in µs.
#[expect(clippy::disallowed_methods, reason = "it is time that is measured")]
fn cost(name: &str, mut tick: impl FnMut(usize)) {
    let mut times: Vec<f64> = (0..TICKS)
        .map(|k| {
            let start = std::time::Instant::now();
            tick(k);
            start.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{name}: {:.2} µs median, {:.2} µs 99 of 100",
        times[TICKS / 2],
        times[TICKS * 99 / 100]
    );
}

#[test]
#[ignore = "prints times"]
fn ticks() {
    let cell = cell();
    let (q, pose) = cell.over_the_belt(-0.2, 0.25);
    let mut frame = cell.frame();
    let axis = |velocity: f64, jerk: f64| Axis {
        lower: -0.1,
        upper: 0.6,
        velocity,
        acceleration: jerk / 10.0,
        jerk,
    };
    let mut from = Point::default();
    cost("pursuit of one joint", |k| {
        let target = Point {
            p: 0.2 * DT * k as f64,
            v: 0.2,
            a: 0.0,
        };
        from = axis(0.5, 10.0).follow(from, target, DT).point;
    });
    let cam = CamTable::through(&[(0.0, 0.0), (0.2, 0.05), (0.4, 0.0)], 0.4).expect("a cam");
    let wide = Axis {
        lower: -1.0,
        upper: 1.0,
        velocity: 9.0,
        acceleration: 900.0,
        jerk: 90_000.0,
    };
    let mut coupling =
        Coupling::engage(Law::Cam(cam), Point::default(), wide, axis(0.5, 10.0)).expect("it fits");
    cost("cam", |k| {
        let leader = Point {
            p: 0.1 * DT * k as f64,
            v: 0.1,
            a: 0.0,
        };
        coupling.tick(DT, Some((leader, 0.0))).expect("a tick");
    });
    let settings = Settings {
        coordinate: axis(0.4, 15.0),
        leader: LeaderSettings::default(),
        margin: 0.95,
    };
    let motion = PoseMove::stay(frame.pose(0.0).inverse() * pose);
    let mut tracking = Tracking::join(
        cell.arm(),
        cell.frame(),
        motion,
        &q,
        Point::default(),
        &cell.bounds,
        settings,
    )
    .expect("the arm can follow");
    cost("tracking", |k| {
        let point = Point {
            p: 0.2 * DT * k as f64,
            v: 0.2,
            a: 0.0,
        };
        tracking
            .tick(DT, Heard::measured(Some(Measured { point, age_s: 0.003 })))
            .expect("a tick");
    });
    let twist = Request::Twist {
        twist: Vector6::new(0.02, 0.1, -0.05, 0.0, 0.0, 0.1),
        axes: Axes::Base,
    };
    let arm = cell
        .model
        .subset(&JOINTS, &cell.positions)
        .expect("the arm has them");
    let collision = CollisionModel::new(&arm, &CollisionSettings::default());
    for (name, collision) in [
        ("jog by a twist", None),
        ("jog by a twist, with collision check", Some(collision)),
    ] {
        let surroundings = collision.map(|model| Surroundings::new(model, &[0, 1, 2, 3, 4, 5], &q, 0.03));
        let mut jog = JogGenerator::new(
            State::at_rest(q),
            &cell.bounds,
            Some(cell.arm()),
            surroundings,
            JogSettings::default(),
        );
        cost(name, |_| {
            jog.command(twist, 0.0).expect("a request");
            jog.tick(DT).expect("a tick");
        });
    }
}
