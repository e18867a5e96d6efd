//! Which questions are asked: plain ones, and those that lie where a solver's cases meet.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use servomesh_motion::profile::Synchronization;
use servomesh_motion::{Bounds, Profile, State};
use servomesh_types::JointVec;

/// One question.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) from: State,
    pub(crate) target: JointVec,
    pub(crate) bounds: Bounds,
    pub(crate) synchronization: Synchronization,
    pub(crate) retargeted: bool,
}

/// A stream of them, another one for each lot of a seed.
pub(crate) struct Cases {
    random: ChaCha8Rng,
    before: Option<(Case, Profile)>,
}

impl Cases {
    pub(crate) fn new(seed: u64, lot: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(lot);
        Self { random, before: None }
    }

    /// The motion that a case led to, to be left half-way by another.
    pub(crate) fn remember(&mut self, case: &Case, profile: Option<Profile>) {
        self.before = profile.map(|profile| (case.clone(), profile));
    }

    pub(crate) fn next(&mut self) -> Case {
        if self.one_in(2)
            && let Some((case, profile)) = self.before.take()
        {
            return self.retarget(&case, &profile);
        }
        let n = self.random.random_range(1..=7);
        let wild = self.one_in(4);
        let bounds = self.bounds(n, wild);
        let from = self.state(&bounds);
        let target = self.target(&from, &bounds);
        let mut case = Case {
            from,
            target,
            bounds,
            synchronization: self.synchronization(),
            retargeted: false,
        };
        if self.one_in(8) {
            self.line_up(&mut case);
        }
        if self.one_in(4) {
            self.fence(&mut case);
        }
        case
    }

    /// Velocities to change to: those of the start among them, or all zero.
    pub(crate) fn velocities(&mut self, case: &Case) -> JointVec {
        let kind = self.random.random_range(0..4);
        JointVec::from_fn(case.target.len(), |i| {
            let (v, limit) = (case.from.velocity[i], case.bounds.velocity[i]);
            match kind {
                0 => 0.0,
                1 if v.abs() <= limit => v,
                2 if v.abs() <= limit => 0.5 * v,
                _ => self.share() * limit,
            }
        })
    }

    fn one_in(&mut self, n: u32) -> bool {
        self.random.random_range(0..n) == 0
    }

    fn synchronization(&mut self) -> Synchronization {
        use Synchronization::{None, Phase, Straight, Time};
        [Phase, Time, None, Straight][self.random.random_range(0..4)]
    }

    fn limit(&mut self, wild: bool) -> f64 {
        match (wild, self.random.random_range(0..4)) {
            (true, 0..3) => 10.0_f64.powf(self.random.random_range(-6.0..6.0)),
            (_, 3) => 1.0,
            _ => self.random.random_range(0.1..10.0),
        }
    }

    fn bounds(&mut self, n: usize, wild: bool) -> Bounds {
        let same = self.one_in(4);
        let mut each = || {
            let first = self.limit(wild);
            JointVec::from_fn(n, |_| if same { first } else { self.limit(wild) })
        };
        let (velocity, acceleration, jerk) = (each(), each(), each());
        Bounds {
            lower: JointVec::from_fn(n, |_| f64::NEG_INFINITY),
            upper: JointVec::from_fn(n, |_| f64::INFINITY),
            velocity,
            acceleration,
            jerk,
        }
    }

    /// A share of a limit, often one of those that matter.
    fn share(&mut self) -> f64 {
        match self.random.random_range(0..12) {
            0 | 1 => 0.0,
            2 => 1.0,
            3 => -1.0,
            4 => 1e-12,
            5 => 1.0 - 1e-12,
            6 => 0.5,
            _ => self.random.random_range(-1.0..1.0),
        }
    }

    fn state(&mut self, bounds: &Bounds) -> State {
        let n = bounds.velocity.len();
        let beyond = if self.one_in(8) { 3.0 } else { 1.0 };
        let mut state = State::at_rest(JointVec::zeros(n));
        let kind = self.random.random_range(0..4);
        for i in 0..n {
            state.position[i] = self.random.random_range(-3.0..3.0);
            if kind == 0 {
                continue;
            }
            let (v, a) = (self.share(), self.share());
            state.velocity[i] = beyond * v * bounds.velocity[i];
            state.acceleration[i] = if kind == 1 {
                0.0
            } else {
                beyond * a * bounds.acceleration[i]
            };
            let change = state.acceleration[i] * state.acceleration[i].abs() / (2.0 * bounds.jerk[i]);
            if beyond < 2.0 && (state.velocity[i] + change).abs() > bounds.velocity[i] {
                // From within the limits they can be kept: exactly so, or with room.
                if change.abs() > bounds.velocity[i] {
                    state.acceleration[i] = 0.0;
                } else {
                    state.velocity[i] = bounds.velocity[i].copysign(change) - change;
                }
            }
        }
        state
    }

    fn target(&mut self, from: &State, bounds: &Bounds) -> JointVec {
        let kind = self.random.random_range(0..6);
        JointVec::from_fn(bounds.velocity.len(), |i| {
            let (v, a, j) = (bounds.velocity[i], bounds.acceleration[i], bounds.jerk[i]);
            let way = match kind {
                0 => 0.0,
                1 => {
                    self.random.random_range(-1.0..1.0) * 10.0_f64.powf(self.random.random_range(-12.0..0.0))
                }
                // About where the axis would come to rest.
                2 => {
                    let t = from.velocity[i] / a;
                    from.velocity[i] * t.abs() * 0.5 * self.random.random_range(0.0..3.0)
                }
                3 => self.share() * v * (v / a + a / j),
                _ => self.random.random_range(-3.0..3.0),
            };
            from.position[i] + way
        })
    }

    /// Makes the start's velocity and acceleration lie on the line to the target.
    fn line_up(&mut self, case: &mut Case) {
        let n = case.target.len();
        let way = JointVec::from_fn(n, |i| case.target[i] - case.from.position[i]);
        let least = |limits: &JointVec| {
            (0..n)
                .filter(|i| way[*i] != 0.0)
                .map(|i| limits[i] / way[i].abs())
                .fold(f64::INFINITY, f64::min)
        };
        let (v, a, j) = (
            least(&case.bounds.velocity),
            least(&case.bounds.acceleration),
            least(&case.bounds.jerk),
        );
        if !v.is_finite() {
            return;
        }
        let speed = self.random.random_range(-0.5..0.5) * v;
        let thrust = self.random.random_range(-1.0..1.0) * a.min((v * j).sqrt() * 0.9);
        for i in 0..n {
            case.from.velocity[i] = way[i] * speed;
            case.from.acceleration[i] = way[i] * thrust;
        }
    }

    /// Puts end stops near.
    fn fence(&mut self, case: &mut Case) {
        for i in 0..case.target.len() {
            let (p, t) = (case.from.position[i], case.target[i]);
            let stop = case.from.velocity[i].powi(2) / case.bounds.acceleration[i];
            let room = stop * self.random.random_range(0.0..3.0) + self.random.random_range(0.0..0.1);
            case.bounds.lower[i] = p.min(t) - if self.one_in(3) { 0.0 } else { room };
            case.bounds.upper[i] = p.max(t) + if self.one_in(3) { 0.0 } else { room };
        }
    }

    fn retarget(&mut self, before: &Case, profile: &Profile) -> Case {
        let corners = profile.corners();
        let s = if self.one_in(4) && !corners.is_empty() {
            corners[self.random.random_range(0..corners.len())]
        } else {
            self.random.random_range(0.0..=1.0) * profile.duration()
        };
        let from = profile.at(s).state;
        let target = match self.random.random_range(0..4) {
            0 => before.target,
            _ => self.target(&from, &before.bounds),
        };
        let mut bounds = before.bounds;
        let fenced = bounds.lower[0].is_finite();
        if fenced {
            for i in 0..target.len() {
                bounds.lower[i] = bounds.lower[i].min(target[i]);
                bounds.upper[i] = bounds.upper[i].max(target[i]);
            }
        }
        Case {
            from,
            target,
            bounds,
            synchronization: self.synchronization(),
            retargeted: true,
        }
    }
}
