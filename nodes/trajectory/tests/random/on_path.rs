//! Speed scales, pauses, steps back and stops stay on the path that an undisturbed run takes.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use servomesh_trajectory::{GoalId, MoveGoal, PathGoal, Phase, Segment, Status, Steer};
use servomesh_types::{GroupName, JointVec, Setpoint};

use crate::judge::{distance, distance_from_line, rounding};
use crate::rig::{PERIOD, Rig};
use crate::{cases, robots};

/// Sends the same kind of goal to equal rigs.
fn send(rig: &mut Rig, random: &mut ChaCha8Rng, group: GroupName) -> GoalId {
    let machine = rig.machine(group);
    let (description, from) = (machine.description.clone(), machine.position.to_vec());
    machine.kept = Some(machine.newest.into_iter().collect());
    let id = match random.random_range(0..3) {
        0 => rig.go(group, robots::path_goal(random, &description, &from)),
        1 => {
            let mut goal = robots::follow_goal(random, &description, &from, rig.now);
            goal.stamp = None;
            rig.follow(group, goal)
        }
        _ => {
            let mut goal = robots::move_goal(random, &description);
            goal.mode = servomesh_trajectory::MoveMode::Joint;
            goal.joint_names.clear();
            goal.target = robots::places(random, &description);
            rig.go(group, goal)
        }
    };
    rig.plan_one();
    id
}

#[test]
fn an_undisturbed_and_a_disturbed_run_pass_the_same_places() {
    cases(120, |random| {
        let start = robots::group(random, "axes");
        let (group, description) = (start.0.name, start.0.clone());
        let seed: u64 = random.random();
        let same = || -> ChaCha8Rng { rand::SeedableRng::seed_from_u64(seed) };
        let mut calm = Rig::new(std::slice::from_ref(&start));
        let id = send(&mut calm, &mut same(), group);
        if calm.done.contains_key(&id) {
            return; // refused
        }
        calm.settle();
        assert_eq!(calm.done[&id].status, Status::Succeeded, "{:?}", calm.done[&id]);
        let curve = calm.machine(group).kept.take().expect("they were kept");

        let mut rig = Rig::new(&[start]);
        send(&mut rig, &mut same(), group);
        let stops = random.random_bool(0.5);
        for _ in 0..random.random_range(1..10) {
            for _ in 0..robots::magnitude(random, 1.0, 300.0) as u32 {
                rig.step();
            }
            if random.random_bool(0.7) {
                rig.wait_a_little(random);
            }
            let _may_be_refused = rig.steer(group, robots::steer(random));
        }
        if stops && random.random_bool(0.5) {
            rig.cancel(id);
        } else if stops {
            let category = random.random_range(1..=2);
            rig.steer(group, Steer::Stop { category })
                .expect("a stop is always possible");
        }
        rig.settle();
        let jerk: f64 = description.joints.iter().map(|joint| joint.limits.jerk()).sum();
        let mut place = 0;
        for setpoint in rig.machine(group).kept.take().expect("they were kept") {
            let off = distance_from_curve(&curve, &setpoint.position, &mut place);
            let size: f64 = setpoint.position.iter().map(|p| p.abs()).sum();
            // Between two ticks of the undisturbed run, a step of jerk is not seen.
            let most = jerk * PERIOD.as_secs_f64().powi(3) / 64.0 + 1e-9 * (1.0 + size);
            assert!(
                off <= most,
                "{off:.3e} > {most:.3e} off the undisturbed path: {setpoint:?}"
            );
        }
        if !stops {
            let end = |rig: &mut Rig| rig.machine(group).newest.map(|setpoint| setpoint.position);
            assert_eq!(rig.done[&id].status, Status::Succeeded, "{:?}", rig.done[&id]);
            assert_eq!(end(&mut rig), end(&mut calm));
        }
    });
}

/// How far a place is from a curve through setpoints, by the quintics through them; `near` is where it was met last.
fn distance_from_curve(curve: &[Setpoint], place: &JointVec, near: &mut usize) -> f64 {
    let last = curve.len() - 1;
    let mut off = f64::INFINITY;
    let around = near.saturating_sub(10)..(*near + 10).min(last);
    // A path may cross itself, or turn sharply: then another part of it is looked for.
    for pieces in [around, 0..last] {
        for k in pieces {
            let (a, b) = (&curve[k], &curve[k + 1]);
            let (ends, length) = (
                distance(&a.position, place).min(distance(&b.position, place)),
                length(a, b),
            );
            if off > ON_CURVE && ends <= length {
                let from_piece = distance_from_piece(a, b, place);
                if from_piece < off {
                    (off, *near) = (from_piece, k);
                }
            }
        }
        if off <= ON_CURVE {
            break;
        }
    }
    off
}

/// At least the length of the curve between two setpoints.
fn length(a: &Setpoint, b: &Setpoint) -> f64 {
    let h = b.tag.stamp.seconds_from(a.tag.stamp);
    let size = |v: &JointVec| v.iter().map(|v| v * v).sum::<f64>().sqrt();
    (size(&a.velocity) + size(&b.velocity)) * h
        + (size(&a.acceleration) + size(&b.acceleration)) * h * h
        + ON_CURVE
}

/// Near enough to look no farther.
const ON_CURVE: f64 = 1e-9;

/// By golden-section search along parts of the quintic between two setpoints: it may turn round there.
fn distance_from_piece(a: &Setpoint, b: &Setpoint, place: &JointVec) -> f64 {
    const PARTS: u8 = 8;
    let h = b.tag.stamp.seconds_from(a.tag.stamp);
    let at = |t: f64| distance(&quintic(a, b, h, t), place);
    let share = 0.5 * (5f64.sqrt() - 1.0);
    let part = h / f64::from(PARTS);
    let parts = (0..PARTS).map(|k| {
        let (mut from, mut to) = (part * f64::from(k), part * f64::from(k + 1));
        let ends = at(from).min(at(to));
        for _ in 0..40 {
            let (left, right) = (to - share * (to - from), from + share * (to - from));
            if at(left) < at(right) {
                to = right;
            } else {
                from = left;
            }
        }
        at(0.5 * (from + to)).min(ends)
    });
    parts.fold(f64::INFINITY, f64::min)
}

/// The quintic through position, velocity and acceleration at both ends.
fn quintic(a: &Setpoint, b: &Setpoint, h: f64, t: f64) -> JointVec {
    let x = t / h;
    JointVec::from_fn(a.position.len(), |i| {
        let (p, v, w) = (a.position[i], a.velocity[i] * h, a.acceleration[i] * h * h);
        let gap = b.position[i] - p - v - w / 2.0;
        let turn = b.velocity[i] * h - v - w;
        let bend = b.acceleration[i] * h * h - w;
        let c3 = 10.0 * gap - 4.0 * turn + bend / 2.0;
        let c4 = -15.0 * gap + 7.0 * turn - bend;
        let c5 = 6.0 * gap - 3.0 * turn + bend / 2.0;
        p + x * (v + x * (w / 2.0 + x * (c3 + x * (c4 + x * c5))))
    })
}

#[test]
fn a_path_of_joints_keeps_its_lines_and_its_corners() {
    cases(100, |random| {
        let start = robots::group(random, "axes");
        let group = start.0.name;
        let mut rig = Rig::new(std::slice::from_ref(&start));
        let goal = robots::path_goal(random, &start.0, &start.1);
        let PathGoal { segments, .. } = goal.path.clone();
        rig.machine(group).kept = Some(Vec::new());
        let id = rig.go(group, MoveGoal { ..goal });
        rig.plan_one();
        if rig.done.contains_key(&id) {
            return; // refused
        }
        rig.settle();
        assert_eq!(rig.done[&id].status, Status::Succeeded, "{:?}", rig.done[&id]);
        let kept = rig.machine(group).kept.take().expect("they were kept");
        let positions: Vec<JointVec> = kept.iter().map(|setpoint| setpoint.position).collect();
        let jerk: f64 = start.0.joints.iter().map(|joint| joint.limits.jerk()).sum();
        let missed = jerk * PERIOD.as_secs_f64().powi(3); // a stop in passing falls between two ticks
        judge_lines(&start.1, &segments, &positions, missed);
        assert_eq!(rig.phase(group), Phase::Holding);
    });
}

fn judge_lines(start: &JointVec, segments: &[Segment], positions: &[JointVec], missed: f64) {
    let place = |k: usize| JointVec::try_from(&segments[k].position[..]).expect("joints of the test");
    let last = segments.len() - 1;
    let corner = |k: usize| if k == last { 0 } else { segments[k].corner };
    for position in positions {
        let on_the_way = (0..=last).any(|k| {
            let from = if k == 0 { *start } else { place(k - 1) };
            let is_line = corner(k) != THROUGH && (k == 0 || corner(k - 1) != THROUGH);
            let on_line =
                distance_from_line(position, &from, &place(k)) <= 10.0 * rounding(position.max_abs());
            let in_blend =
                corner(k) == BLEND && distance(position, &place(k)) <= segments[k].blend * (1.0 + 1e-9);
            !is_line || on_line || in_blend
        });
        assert!(
            on_the_way,
            "{position:?} is on no line of {segments:?} from {start:?}"
        );
    }
    for k in (0..=last).filter(|k| corner(*k) != BLEND) {
        let nearest = positions.iter().map(|position| distance(position, &place(k)));
        let nearest = nearest.fold(f64::INFINITY, f64::min);
        let step = positions
            .windows(2)
            .map(|pair| distance(&pair[0], &pair[1]))
            .fold(0.0, f64::max);
        let most = if corner(k) == THROUGH {
            step
        } else {
            missed + rounding(place(k).max_abs())
        };
        assert!(nearest <= most, "{nearest} from waypoint {k} of {segments:?}");
    }
}

const BLEND: u8 = 1;
const THROUGH: u8 = 2;
