//! Jogging an arm with more joints than directions: of all joint motions for a twist the shortest, and no other in between. Seeded.

mod jog_cell;

use jog_cell::check_step;
use nalgebra::Vector6;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::jog::{Axes, JogGenerator, JogSettings, Request};
use servomesh_motion::tracking::Arm;
use servomesh_motion::{Bounds, State};
use servomesh_robot::Model;
use servomesh_types::JointVec;

const DT: f64 = 0.002;

#[test]
fn seven_joints_follow_twists_within_their_limits() {
    let model = Model::from_urdf_str(include_str!("../../robot/tests/robots/panda.urdf"))
        .expect("a robot of seven joints");
    let names: Vec<String> = (1..=7).map(|k| format!("panda_joint{k}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let all = |value: f64| JointVec::from([value; 7]);
    let bounds = Bounds {
        lower: JointVec::from([-2.89, -1.76, -2.89, -3.07, -2.89, -0.01, -2.89]),
        upper: JointVec::from([2.89, 1.76, 2.89, -0.07, 2.89, 3.75, 2.89]),
        velocity: all(2.0),
        acceleration: all(7.0),
        jerk: all(200.0),
    };
    let q = JointVec::from([0.1, -0.5, 0.2, -2.1, 0.1, 1.7, 0.6]);
    for seed in 0..8 {
        let mut rng = ChaCha8Rng::seed_from_u64(700 + seed);
        let arm = Arm::new(&model, &names, &model.neutral_positions(), "panda_link8").expect("seven joints");
        let (mut look, start) = (arm.clone(), State::at_rest(q));
        let mut jog = JogGenerator::new(start, &bounds, Some(arm), None, JogSettings::default());
        let mut wanted = Vector6::zeros();
        let axes = if seed % 2 == 0 { Axes::Base } else { Axes::Tool };
        let (mut off, mut went) = (0, 0.0);
        for tick in 0..1500 {
            if tick % 50 == 0 {
                wanted = Vector6::from_fn(|_, _| rng.random_range(-0.15..0.15));
            }
            if tick % 10 == 0 {
                jog.command(Request::Twist { twist: wanted, axes }, 0.0)
                    .expect("a request");
            }
            let before = *jog.state();
            let jogged = jog.tick(DT).expect("a tick");
            let after = jogged.sample.state;
            check_step(&bounds, &before, &after, DT, &format!("seed {seed}, tick {tick}"));
            off += u32::from(jogged.off_direction);
            let way = look.pose(&after.position).translation.vector
                - look.pose(&before.position).translation.vector;
            went += way.norm();
        }
        assert!(
            off == 0 && went > 0.1,
            "seed {seed}: {off} ticks off the direction, {went} m"
        );
    }
}
