//! Balls of positions in which a pair of bodies is known to be clear. Lengths in m.
//!
//! A ball is a position, how much nearer the two may come there, and how far each joint between the two reaches. The oldest one gives way to a new one.
//!
//! **Invariant:** what [`Balls::left`] does not say is less than nothing is clear.

use servomesh_robot::collision::Linkage;
use servomesh_types::JointVec;

/// A way from one place to another: each joint is between its two values, give or take `slack`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub(super) from: &'a [f64],
    pub(super) to: &'a [f64],
    pub(super) slack: &'a [f64],
}

/// The balls of one pair.
#[derive(Clone, Debug)]
pub(super) struct Balls {
    linkage: Linkage,
    joints: Vec<usize>,
    /// How much nearer the two may come: nothing where there is no ball yet.
    rooms: Vec<f64>,
    /// For one ball after the other, where each joint stands and how far it reaches.
    terms: Vec<(f64, f64)>,
    /// The reaches of a ball that is being made.
    reaches: Vec<f64>,
    newest: usize,
}

impl Balls {
    pub(super) fn new(linkage: Linkage) -> Self {
        let joints: Vec<usize> = linkage.joints().collect();
        Self {
            rooms: vec![f64::NEG_INFINITY; BALLS],
            terms: vec![(0.0, 0.0); BALLS * joints.len()],
            reaches: vec![0.0; joints.len()],
            newest: 0,
            joints,
            linkage,
        }
    }

    pub(super) fn linkage(&self) -> &Linkage {
        &self.linkage
    }

    /// The ball that was made last: what rooms and reaches are about; one without room if there is none.
    pub(super) fn newest(&self) -> usize {
        self.newest
    }

    pub(super) fn room(&self, ball: usize) -> f64 {
        self.rooms[ball]
    }

    /// Makes a ball about a position; `ask` says the room and fills in the reaches there.
    pub(super) fn make(
        &mut self,
        position: &JointVec,
        ask: impl FnOnce(&mut Linkage, &mut [f64]) -> f64,
    ) -> usize {
        self.newest = (self.newest + 1) % BALLS;
        self.rooms[self.newest] = ask(&mut self.linkage, &mut self.reaches);
        let own = self.newest * self.joints.len()..(self.newest + 1) * self.joints.len();
        let terms = self.terms[own].iter_mut();
        for (term, (&joint, reach)) in terms.zip(self.joints.iter().zip(&self.reaches)) {
            *term = (position[joint], *reach);
        }
        self.newest
    }

    /// What is left of a ball's room on a stretch.
    pub(super) fn left(&self, ball: usize, stretch: &Stretch<'_>) -> f64 {
        let [left] = self.all_left([ball], stretch);
        left
    }

    /// The ball with the most room left on a stretch, if one has any.
    pub(super) fn best(&self, stretch: &Stretch<'_>) -> Option<usize> {
        let mut best = None;
        let mut most = 0.0;
        for first in (0..BALLS).step_by(LANES) {
            let balls = std::array::from_fn::<usize, LANES, _>(|lane| first + lane);
            for (ball, left) in balls.iter().zip(self.all_left(balls, stretch)) {
                if left >= most {
                    (best, most) = (Some(*ball), left);
                }
            }
        }
        best
    }

    /// Several at a time: each is a chain of sums that wait for one another.
    #[inline]
    fn all_left<const N: usize>(&self, balls: [usize; N], stretch: &Stretch<'_>) -> [f64; N] {
        let movers = self.joints.len();
        let travels = self.linkage.travels(|mover| {
            let joint = self.joints[mover];
            let (from, to, slack) = (stretch.from[joint], stretch.to[joint], stretch.slack[joint]);
            balls.map(|ball| {
                let (centre, reach) = self.terms[ball * movers + mover];
                let (before, after) = ((from - centre).abs(), (to - centre).abs());
                let by = if before > after { before } else { after };
                (reach, by + slack)
            })
        });
        std::array::from_fn(|lane| self.rooms[balls[lane]] - travels[lane])
    }

    /// How far the two come nearer at most on the way between two places, if the reaches are about those of the newest ball.
    pub(super) fn about(&self, from: &[f64], to: &[f64], slack: &[f64]) -> f64 {
        let first = self.newest * self.joints.len();
        let [travel] = self.linkage.travels(|mover| {
            let joint = self.joints[mover];
            [(
                self.terms[first + mover].1,
                (to[joint] - from[joint]).abs() + slack[joint],
            )]
        });
        travel
    }
}

/// How many balls are kept for each pair: a long stop close to something takes some thirty.
const BALLS: usize = 32;
/// How many are looked at together; [`BALLS`] is a multiple of it.
const LANES: usize = 8;
