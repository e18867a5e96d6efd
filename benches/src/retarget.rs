//! Claims: a retarget of seven joints in mid-motion costs no more than Ruckig's, on average and for 99 of 100; evaluating a
//! motion at a time takes less than 200 ns.
//!
//! The questions are states of random motions at random times, each with a new target: both planners get the same, in turns
//! within one run, synchronized by phase. A retarget's time is its median over the rounds, since it is the same work in each. Ours includes making the profile usable: exact ends
//! and a way to ask for any moment. Before anything counts, the durations must agree. Ruckig is the C++ library of the PyPI package's source,
//! compiled here with `-O3 -DNDEBUG`.

mod peer;

use crate::draw::Draw;
use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, anyhow, ensure};
use peer::Peer;
use servomesh_motion::{Bounds, PointToPoint, State};
use servomesh_types::JointVec;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

const JOINTS: usize = 7;
/// How many retargets a round has.
const QUESTIONS: usize = 4096;
/// Most that ours may take of Ruckig's.
const GOAL: f64 = 1.0;
/// Most that one evaluation may take (ns).
const EVALUATION_NS: f64 = 200.0;
/// How far the sums of all durations may be apart, as a part of them: some of ours are shorter, none is longer.
const SAME: f64 = 2e-3;

/// From which state to which target.
struct Question {
    from: State,
    target: JointVec,
}

/// Measures retargets against Ruckig's, and evaluations against their limit.
///
/// # Errors
/// If Ruckig can't be fetched or compiled, or the two don't agree.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let bounds = bounds();
    let questions = questions(&bounds)?;
    let peer = Peer::compile(&text(&questions, &bounds))?;
    let mut planner = PointToPoint::new(JOINTS);
    let mut sum = 0.0;
    for Question { from, target } in &questions {
        sum += plan(&mut planner, from, target, &bounds)?.duration();
    }
    let (mut ours, mut theirs, mut evaluations) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..effort.rounds {
        ours.push(times(&mut planner, &questions, &bounds)?);
        let answer = peer.run(QUESTIONS)?;
        ensure!(
            sum <= answer.sum * (1.0 + 1e-9) && (answer.sum - sum).abs() <= SAME * sum,
            "Ruckig's durations sum up to {}, ours to {sum}",
            answer.sum
        );
        theirs.push(answer.times);
        evaluations.push(evaluation(&mut planner, &questions, &bounds)?);
    }
    let (ours, theirs) = (medians(&ours), medians(&theirs));
    let (our_mean, their_mean) = (mean(&ours), mean(&theirs));
    let ours = Figures::of_round(&ours).context("no retarget was timed")?;
    let theirs = Figures::of_round(&theirs).context("no retarget of Ruckig's was timed")?;
    let figures = BTreeMap::from([
        ("retarget: ours", ours.clone()),
        ("retarget: Ruckig", theirs.clone()),
    ]);
    let ratio = |claim: &str, unit, ours, peer_name, peer| Ratio {
        claim: claim.to_owned(),
        unit,
        ours,
        peer_name,
        peer,
        goal: GOAL,
        figures: figures.clone(),
        cores: BTreeMap::new(),
    };
    Ok(vec![
        ratio(
            "retarget of 7 joints, mean",
            "µs",
            our_mean / 1e3,
            "Ruckig",
            their_mean / 1e3,
        ),
        ratio("the same, 99 of 100", "µs", ours.p99_us, "Ruckig", theirs.p99_us),
        ratio(
            "a motion at a time, in its limit",
            "ns",
            median(evaluations),
            "limit",
            EVALUATION_NS,
        ),
    ])
}

fn bounds() -> Bounds {
    let all = |value: f64| JointVec::from_fn(JOINTS, |_| value);
    Bounds {
        lower: all(f64::NEG_INFINITY),
        upper: all(f64::INFINITY),
        velocity: JointVec::from([2.175, 2.175, 2.175, 2.175, 2.61, 2.61, 2.61]),
        acceleration: JointVec::from([15.0, 7.5, 10.0, 12.5, 15.0, 20.0, 20.0]),
        jerk: JointVec::from([750.0, 375.0, 500.0, 625.0, 750.0, 1000.0, 1000.0]),
    }
}

fn plan(
    planner: &mut PointToPoint,
    from: &State,
    target: &JointVec,
    bounds: &Bounds,
) -> Result<servomesh_motion::Profile> {
    planner
        .position(from, target, bounds)
        .map_err(|error| anyhow!("{error:?}"))
}

/// States in the middle of motions, each the start of the next.
fn questions(bounds: &Bounds) -> Result<Vec<Question>> {
    let mut draw = Draw(7);
    let mut planner = PointToPoint::new(JOINTS);
    let mut from = State::at_rest(JointVec::zeros(JOINTS));
    let mut questions = Vec::with_capacity(QUESTIONS);
    while questions.len() < QUESTIONS {
        let target = JointVec::from_fn(JOINTS, |_| 2.0 * draw.signed());
        let profile = plan(&mut planner, &from, &target, bounds)?;
        from = profile.at(draw.unit() * profile.duration()).state;
        let target = JointVec::from_fn(JOINTS, |_| 2.0 * draw.signed());
        questions.push(Question { from, target });
    }
    Ok(questions)
}

fn text(questions: &[Question], bounds: &Bounds) -> String {
    let mut text = String::new();
    for Question { from, target } in questions {
        for i in 0..JOINTS {
            let numbers = [
                from.position[i],
                from.velocity[i],
                from.acceleration[i],
                target[i],
                bounds.velocity[i],
                bounds.acceleration[i],
                bounds.jerk[i],
            ];
            for number in numbers {
                text.push_str(&number.to_string());
                text.push(' ');
            }
        }
        text.push('\n');
    }
    text
}

/// How long each retarget takes [ns].
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn times(planner: &mut PointToPoint, questions: &[Question], bounds: &Bounds) -> Result<Vec<Option<u64>>> {
    let mut times = Vec::with_capacity(questions.len());
    for Question { from, target } in questions {
        let start = Instant::now();
        let planned = planner.position(black_box(from), black_box(target), bounds);
        let time = start.elapsed();
        black_box(planned).map_err(|error| anyhow!("{error:?}"))?;
        times.push(u64::try_from(time.as_nanos()).ok());
    }
    Ok(times)
}

/// How long one evaluation takes on average [ns].
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
fn evaluation(planner: &mut PointToPoint, questions: &[Question], bounds: &Bounds) -> Result<f64> {
    const STEPS: u32 = 200;
    let (mut total_ns, mut count) = (0.0, 0.0);
    for Question { from, target } in questions.iter().take(200) {
        let profile = plan(planner, from, target, bounds)?;
        let step = profile.duration() / f64::from(STEPS);
        let start = Instant::now();
        for k in 0..STEPS {
            black_box(profile.at(black_box(step * f64::from(k))));
        }
        total_ns += start.elapsed().as_nanos() as f64;
        count += f64::from(STEPS);
    }
    Ok(total_ns / count)
}

/// Of each retarget over the rounds.
fn medians(rounds: &[Vec<Option<u64>>]) -> Vec<Option<u64>> {
    (0..QUESTIONS)
        .map(|question| {
            let mut times: Vec<_> = rounds.iter().filter_map(|round| round[question]).collect();
            times.sort_unstable();
            times.get(times.len() / 2).copied()
        })
        .collect()
}

fn mean(times: &[Option<u64>]) -> f64 {
    let (sum, count) = times
        .iter()
        .flatten()
        .fold((0.0, 0.0), |(sum, count), ns| (sum + *ns as f64, count + 1.0));
    sum / count
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
