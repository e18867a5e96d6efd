//! Random paths at their limits, run at uneven ticks with everything between them looked at.

pub(crate) mod timed;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::path::{Corner, Waypoint};
use servomesh_motion::{Bounds, Knot, Motion, PointToPoint, Sample, Spline, State, TimedPath};
use servomesh_types::{JointVec, Stamp, Stopping};
use std::time::Duration;

use timed::timed;

/// The numbers of the cases to run: as many as `PACE_CASES` says, or `usual`.
pub(crate) fn cases(usual: u64) -> std::ops::Range<u64> {
    let count = std::env::var("PACE_CASES").ok().map(|count| {
        count
            .parse()
            .expect("PACE_CASES is the number of random cases to run")
    });
    0..count.unwrap_or(usual)
}

/// A path at the limits.
pub(crate) struct Case {
    pub(crate) number: u64,
    pub(crate) rng: ChaCha8Rng,
    pub(crate) path: TimedPath,
    pub(crate) bounds: Bounds,
    pub(crate) point_to_point: PointToPoint,
}

/// A motion along it.
pub(crate) struct Run {
    pub(crate) case: Case,
    pub(crate) motion: Motion,
    pub(crate) now: Stamp,
    path: TimedPath,
    /// What was looked at last.
    before: Option<(Stamp, Sample)>,
    travelled: JointVec,
}

impl Case {
    pub(crate) fn new(number: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(number);
        let n = rng.random_range(1..=7);
        let mut point_to_point = PointToPoint::new(n);
        let (path, bounds) = match rng.random_range(0..4) {
            0 => spline(&mut rng, n),
            3 => blended(&mut rng, n),
            kind => profile(&mut rng, n, kind == 1, &mut point_to_point),
        };
        Self {
            number,
            rng,
            path,
            bounds,
            point_to_point,
        }
    }
}

/// Through random knots; the limits are what it takes.
fn spline(rng: &mut ChaCha8Rng, n: usize) -> (TimedPath, Bounds) {
    let count = rng.random_range(3..8);
    let mut time_s = 0.0;
    let vec = |most: f64, rng: &mut ChaCha8Rng| JointVec::from_fn(n, |_| rng.random_range(-most..most));
    let knots: Vec<Knot> = (0..count)
        .map(|k| {
            if k > 0 {
                time_s += rng.random_range(0.2..1.2);
            }
            let ends = k == count - 1 || k == 0 && rng.random_bool(0.7);
            let mut state = State::at_rest(vec(1.0, rng));
            if !ends {
                (state.velocity, state.acceleration) = (vec(1.5, rng), vec(4.0, rng));
            }
            Knot { time_s, state }
        })
        .collect();
    let path = TimedPath::Spline(Spline::through(&knots));
    let most = |pick: fn(&Sample) -> JointVec| {
        let mut most = JointVec::zeros(n);
        for pair in knots.windows(2) {
            let h = pair[1].time_s - pair[0].time_s;
            for k in 0..=2000 {
                let s = pair[0].time_s + (h * f64::from(k) / 2000.0).clamp(1e-10, h - 1e-10);
                let value = pick(&path.at(s));
                for i in 0..n {
                    most[i] = most[i].max(value[i].abs() * (1.0 + 1e-6));
                }
            }
        }
        most
    };
    let bounds = Bounds {
        lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
        upper: JointVec::from_fn(n, |_| f64::INFINITY),
        velocity: most(|sample| sample.state.velocity),
        acceleration: most(|sample| sample.state.acceleration),
        jerk: most(|sample| sample.jerk),
    };
    (path, bounds)
}

/// Through waypoints, some passed by blends, timed within limits of several decades.
fn blended(rng: &mut ChaCha8Rng, n: usize) -> (TimedPath, Bounds) {
    loop {
        let scale = JointVec::from_fn(n, |_| 10f64.powf(rng.random_range(-1.0..1.0)));
        let mut vec = |low: f64, high: f64| JointVec::from_fn(n, |i| scale[i] * rng.random_range(low..high));
        let bounds = Bounds {
            lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
            upper: JointVec::from_fn(n, |_| f64::INFINITY),
            velocity: vec(0.5, 3.0),
            acceleration: vec(2.0, 20.0),
            jerk: vec(20.0, 500.0),
        };
        let start = vec(-1.0, 1.0);
        let places: Vec<JointVec> = (0..3).map(|_| vec(-1.0, 1.0)).collect();
        let waypoints: Vec<Waypoint> = places
            .into_iter()
            .map(|position| Waypoint {
                position,
                corner: if rng.random_bool(0.8) {
                    Corner::Blend(rng.random_range(0.01..0.5))
                } else {
                    Corner::Stop
                },
            })
            .collect();
        if let Some(path) = timed(&start, &waypoints, &bounds) {
            return (path, bounds);
        }
    }
}

/// Time-optimal, from rest or in the middle of a motion.
fn profile(
    rng: &mut ChaCha8Rng,
    n: usize,
    from_rest: bool,
    point_to_point: &mut PointToPoint,
) -> (TimedPath, Bounds) {
    loop {
        let mut vec = |low: f64, high: f64| JointVec::from_fn(n, |_| rng.random_range(low..high));
        let bounds = Bounds {
            lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
            upper: JointVec::from_fn(n, |_| f64::INFINITY),
            velocity: vec(0.5, 3.0),
            acceleration: vec(2.0, 20.0),
            jerk: vec(20.0, 500.0),
        };
        let mut from = State::at_rest(vec(-2.0, 2.0));
        if !from_rest {
            let (v, a) = (vec(-0.7, 0.7), vec(-0.5, 0.5));
            from.velocity = JointVec::from_fn(n, |i| v[i] * bounds.velocity[i]);
            from.acceleration = JointVec::from_fn(n, |i| a[i] * bounds.acceleration[i]);
            // A state that can still keep its velocity.
            for i in 0..n {
                let (v, a) = (from.velocity[i], from.acceleration[i]);
                if (v + 0.5 * a * a.abs() / bounds.jerk[i]).abs() > 0.95 * bounds.velocity[i] {
                    from.acceleration[i] = 0.0;
                }
            }
        }
        let target = vec(-2.0, 2.0);
        let profile = if rng.random_bool(0.85) {
            point_to_point.position(&from, &target, &bounds)
        } else {
            let target = JointVec::from_fn(n, |i| target[i] * 0.4 * bounds.velocity[i]);
            point_to_point.velocity(&from, &target, &bounds)
        };
        if let Ok(profile) = profile {
            return (TimedPath::Profile(profile), bounds);
        }
    }
}

impl Run {
    pub(crate) fn start(mut case: Case) -> Self {
        let now = Stamp::from_nanos(1_000_000_000 + case.rng.random_range(0..1_000_000_000));
        let path = case.path.clone();
        let motion = Motion::along(path.clone(), now, &case.bounds);
        let travelled = JointVec::zeros(case.bounds.jerk.len());
        Self {
            case,
            motion,
            now,
            path,
            before: None,
            travelled,
        }
    }

    /// Goes on with another motion, which starts now.
    pub(crate) fn replace(&mut self, motion: Motion, path: TimedPath) {
        (self.motion, self.path) = (motion, path);
    }

    pub(crate) fn duration(&self) -> f64 {
        self.path.duration()
    }

    pub(crate) fn set_rate(&mut self, rate: f64) {
        self.motion.set_rate(self.now, rate);
    }

    pub(crate) fn pause(&mut self) {
        self.motion.pause(self.now);
    }

    pub(crate) fn resume(&mut self) {
        self.motion.resume(self.now);
    }

    pub(crate) fn step_back(&mut self, back_s: f64) {
        // As slow as that it would take for ever.
        if matches!(&self.motion, Motion::Along { pace, .. } if pace.wished_rate() < 0.01) {
            return;
        }
        let back = Duration::from_secs_f64(back_s);
        let paused = self.motion.is_paused();
        assert_eq!(self.motion.step_back(self.now, back).is_ok(), paused);
    }

    /// Runs for that long, tick by tick.
    pub(crate) fn go_on(&mut self, wait_s: f64) {
        let until = self.now + Duration::from_secs_f64(wait_s);
        while self.now < until {
            let step = Duration::from_nanos(self.case.rng.random_range(900_000..3_000_000));
            self.tick(step);
        }
    }

    /// The same in even ticks, with nothing looked at between them.
    pub(crate) fn wait(&mut self, wait_s: f64) {
        let until = self.now + Duration::from_secs_f64(wait_s);
        self.before = None;
        while self.now < until {
            self.now = (self.now + Duration::from_millis(2)).min(until);
            self.motion.tick(self.now, 2);
        }
    }

    fn tick(&mut self, step: Duration) {
        const BETWEEN: u32 = 10;
        for k in 1..=BETWEEN {
            self.look(self.now + step * k / BETWEEN);
        }
        self.now = self.now + step;
        self.motion.tick(self.now, 2);
        let before = format!("{:?}", self.motion.at(self.now));
        self.motion.tick(self.now, 2);
        assert_eq!(before, format!("{:?}", self.motion.at(self.now)));
    }

    /// Limits, continuity and the path, at any moment.
    fn look(&mut self, stamp: Stamp) {
        let number = self.case.number;
        let Motion::Along { path, start, pace } = &self.motion else {
            return;
        };
        let time = pace.at(stamp.seconds_from(*start));
        assert!((-1.0..=1.0).contains(&time.rate), "case {number}: rate {time:?}");
        let planned = path.at(time.s);
        let sample = time.apply(&planned);
        let bounds = &self.case.bounds;
        for i in 0..bounds.jerk.len() {
            let quantities = [
                (
                    sample.state.velocity[i],
                    planned.state.velocity[i],
                    bounds.velocity[i],
                ),
                (
                    sample.state.acceleration[i],
                    planned.state.acceleration[i],
                    bounds.acceleration[i],
                ),
                (sample.jerk[i], planned.jerk[i], bounds.jerk[i]),
            ];
            for (k, (value, planned, limit)) in quantities.into_iter().enumerate() {
                let most = limit.max(planned.abs()) * (1.0 + 1e-9);
                assert!(
                    value.abs() <= most,
                    "case {number}: derivative {} of joint {i} is {value} of {limit} (planned {planned}) at {time:?} {}",
                    k + 1,
                    stamp.seconds_from(*start),
                );
            }
        }
        let state = self.motion.at(stamp);
        assert_eq!(state, sample.state);
        if let Some((before_stamp, before)) = self.before.replace((stamp, sample)) {
            let dt = stamp.seconds_from(before_stamp);
            for i in 0..bounds.jerk.len() {
                let (a, b) = (&before.state, &state);
                let jerk = bounds.jerk[i] * (1.0 + 1e-6);
                let at = format!(
                    "case {number}, joint {i}, {dt} s to {stamp}, u {}, {time:?} before {:?} of {}",
                    stamp.seconds_from(*start),
                    pace.at(before_stamp.seconds_from(*start)),
                    path.duration()
                );
                let acceleration = (b.acceleration[i] - a.acceleration[i]).abs();
                assert!(
                    acceleration <= jerk * (dt + ROUNDED_END_S) + 1e-7,
                    "acceleration jumps by {acceleration}: {at}"
                );
                let velocity = (b.velocity[i] - a.velocity[i] - a.acceleration[i] * dt).abs();
                assert!(
                    velocity <= jerk * dt * dt / 2.0 + 1e-9,
                    "velocity jumps by {velocity}: {at}"
                );
                let position =
                    (b.position[i] - a.position[i] - a.velocity[i] * dt - a.acceleration[i] * dt * dt / 2.0)
                        .abs();
                assert!(
                    position <= jerk * dt.powi(3) / 6.0 + 1e-11,
                    "position jumps by {position}: {at}"
                );
                self.travelled[i] += (b.position[i] - a.position[i]).abs();
            }
        }
    }

    /// It comes to rest, and stays.
    pub(crate) fn pause_and_see(&mut self) {
        self.pause();
        let mut still = 0;
        for _ in 0..LONG {
            // A step back starts from rest.
            still = if self.motion.rate(self.now) == 0.0 {
                still + 1
            } else {
                0
            };
            if still > 3 || self.motion.is_over(self.now) {
                break;
            }
            self.go_on(0.05);
        }
        assert!(
            self.motion.at(self.now).is_at_rest(),
            "case {} does not pause: {:?}",
            self.case.number,
            self.motion.path_time(self.now)
        );
    }

    fn is_at_full_rate(&self) -> bool {
        (self.motion.rate(self.now) - 1.0).abs() < 1e-12
    }

    /// It reaches its end.
    pub(crate) fn resume_and_see(&mut self) {
        self.resume();
        self.set_rate(1.0);
        let number = self.case.number;
        let rests = self.path.ends_at_rest();
        for _ in 0..LONG {
            let there = self
                .motion
                .path_time(self.now)
                .is_some_and(|(s, _)| s > self.path.duration());
            if self.motion.is_over(self.now) || !rests && there && self.is_at_full_rate() {
                break;
            }
            self.go_on(0.05);
        }
        if !rests {
            return assert!(self.is_at_full_rate(), "case {number} does not go on");
        }
        assert!(
            self.motion.is_over(self.now),
            "case {number} does not end: {:?}",
            self.motion.path_time(self.now)
        );
        let state = self.motion.at(self.now);
        let end = self.path.at(self.path.duration()).state;
        assert!(state.is_at_rest(), "case {number} ends in {state:?}");
        let off = (0..end.position.len()).map(|i| (state.position[i] - end.position[i]).abs());
        assert!(
            off.fold(0.0, f64::max) < 1e-12,
            "case {number} ends in {state:?} instead of {end:?}"
        );
        assert_eq!(self.motion.last_position(), end.position);
    }

    /// It stops as announced; gives the announced time and the one taken, if it moved.
    pub(crate) fn stop_and_see(&mut self) -> Option<(f64, f64)> {
        let number = self.case.number;
        let (now, bounds) = (self.now, self.case.bounds);
        let present = self.motion.at(now);
        let Stopping { time_s, distance } = self.motion.stopping(now, &bounds);
        self.motion
            .stop(now, &bounds, 2.0, &mut self.case.point_to_point)
            .unwrap_or_else(|error| panic!("case {number}: {error:?}"));
        let after = self.motion.at(now);
        for i in 0..distance.len() {
            let off = (after.position[i] - present.position[i]).abs();
            assert!(off < 1e-11, "case {number}: {off}");
            assert!(
                (after.velocity[i] - present.velocity[i]).abs() < 1e-9,
                "case {number}"
            );
            assert!(
                (after.acceleration[i] - present.acceleration[i]).abs() < 1e-7,
                "case {number}"
            );
        }
        self.before = None;
        self.travelled = JointVec::zeros(distance.len());
        let mut taken = None;
        for _ in 0..LONG {
            if self.motion.is_over(self.now) {
                break;
            }
            taken = self.motion.end().map(|end| end.seconds_from(now));
            self.go_on(0.02);
        }
        assert!(self.motion.is_over(self.now), "case {number} does not stop");
        assert!(self.motion.at(self.now).is_at_rest(), "case {number}");
        let taken_s = taken.unwrap_or(0.0);
        assert!(
            taken_s <= time_s + 1e-8,
            "case {number}: {taken_s} s instead of {time_s} s"
        );
        for i in 0..distance.len() {
            assert!(
                self.travelled[i] <= distance[i] + 1e-8,
                "case {number}: joint {i} goes {} instead of {}",
                self.travelled[i],
                distance[i]
            );
        }
        (!present.is_at_rest()).then_some((time_s, taken_s))
    }
}

/// A timed path is at its end so much earlier, where what is left is lost in the rounding of its length.
const ROUNDED_END_S: f64 = 5e-6;

/// Enough of 0.02 s each for anything here to end.
const LONG: u32 = 2_000;

/// A straight line from rest to rest, and a moment on it, before it brakes for its own end.
pub(crate) fn straight(case: &Case) -> Option<(TimedPath, f64)> {
    let mut rng = ChaCha8Rng::seed_from_u64(case.number + 1);
    let n = case.bounds.jerk.len();
    let from = State::at_rest(JointVec::from_fn(n, |_| rng.random_range(-2.0..2.0)));
    let target = JointVec::from_fn(n, |_| rng.random_range(-2.0..2.0));
    let profile = PointToPoint::new(n).position(&from, &target, &case.bounds).ok()?;
    let path = TimedPath::Profile(profile);
    let s = rng.random_range(0.05..0.5) * path.duration();
    Some((path, s))
}
