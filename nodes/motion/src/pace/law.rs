//! s(u): where on its own time s a path is at the real time u, both in s. A chain of pieces with constant s⃛.
//!
//! **Invariant:** s, ṡ and s̈ are continuous, and the last piece has a constant rate: what is said of it holds for ever.

use crate::path_time::PathTime;

/// The function.
#[derive(Clone, Debug)]
pub(crate) struct Law {
    /// Ascending by time, at least one; the last one has neither acceleration nor jerk.
    pieces: Vec<Piece>,
}

/// From `from` on, in s.
#[derive(Clone, Copy, Debug)]
struct Piece {
    from: f64,
    time: PathTime,
}

impl Law {
    /// A constant rate from s = 0 on.
    pub(crate) fn steady(rate: f64) -> Self {
        let mut pieces = Vec::with_capacity(PIECES);
        let time = PathTime::steady(0.0, rate);
        pieces.push(Piece { from: 0.0, time });
        Self { pieces }
    }

    /// The path's time at `u`, in s; before all it knows, as it was at first.
    pub(crate) fn at(&self, u: f64) -> PathTime {
        let k = self
            .pieces
            .partition_point(|piece| piece.from <= u)
            .saturating_sub(1);
        let piece = &self.pieces[k];
        piece.time.after((u - piece.from).max(0.0))
    }

    /// From when on its rate is constant, in s, and the path's time there.
    pub(crate) fn settled(&self) -> (f64, PathTime) {
        let piece = &self.pieces[self.pieces.len() - 1];
        (piece.from, piece.time)
    }

    /// When it is at `s`, in s, if its last piece brings it there at all.
    pub(crate) fn when_settled_at(&self, s: f64) -> Option<f64> {
        let (from, time) = self.settled();
        let u = from + (s - time.s) / time.rate;
        (u.is_finite() && u >= from).then_some(u)
    }

    /// From when on it is at `s` or beyond for good, in s, if ever.
    pub(crate) fn when_at(&self, s: f64) -> Option<f64> {
        let beyond = self.pieces.iter().rev().take_while(|piece| piece.time.s >= s);
        let k = self.pieces.len() - beyond.count();
        let Some(next) = self.pieces.get(k) else {
            return self.when_settled_at(s);
        };
        let Some(piece) = k.checked_sub(1).map(|k| &self.pieces[k]) else {
            return Some(next.from);
        };
        // Bisection: a piece may come to rest at its end, where Newton's steps are poor.
        let (mut low, mut high) = (0.0, next.from - piece.from);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if piece.time.after(middle).s < s {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(piece.from + high)
    }

    /// Forgets what comes after `u`, and what lies so far back that nobody asks for it.
    pub(crate) fn cut(&mut self, u: f64) {
        self.cut_ahead(u, u);
    }

    /// Forgets what comes after `u`, which may be ahead of `now`.
    pub(crate) fn cut_ahead(&mut self, now: f64, u: f64) {
        let keep = self.pieces.partition_point(|piece| piece.from < u);
        self.pieces.truncate(keep);
        let old = self
            .pieces
            .partition_point(|piece| piece.from < now - HISTORY_S)
            .saturating_sub(1);
        let crowded = self.pieces.len().saturating_sub(PIECES - ROOM);
        self.pieces.drain(..old.max(crowded));
    }

    /// Whether another transition fits in without a cut.
    pub(crate) fn has_room(&self) -> bool {
        self.pieces.len() <= PIECES - ROOM
    }

    /// Goes on like that from `from` on, which is after all that was said.
    pub(crate) fn push(&mut self, from: f64, time: PathTime) {
        debug_assert!(self.pieces.len() < PIECES, "the pieces have their bound");
        debug_assert!(self.pieces.last().is_none_or(|last| from >= last.from));
        self.pieces.push(Piece { from, time });
    }
}

/// Whether two rates are the same but for rounding.
pub(crate) fn same_rate(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-12
}

/// Measurements refer to the past; what is older is of no use, in s.
const HISTORY_S: f64 = 0.5;

/// Pieces of new transitions, and of the past.
const PIECES: usize = 2 * ROOM;

/// Pieces that fit in after a cut.
pub(crate) const ROOM: usize = 640;

/// Until a moment in a piece is known to rounding.
const HALVINGS: u32 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_law_that_is_cut_goes_on_from_there() {
        let mut law = Law::steady(1.0);
        law.cut(2.0);
        law.push(
            2.0,
            PathTime {
                s: 2.0,
                rate: 1.0,
                acceleration: 0.0,
                jerk: -1.0,
            },
        );
        law.push(3.0, PathTime::steady(3.0 - 1.0 / 6.0, 0.5));
        assert!((law.at(1.0).s - 1.0).abs() < 1e-15, "the past is kept");
        assert!((law.at(2.5).rate - 0.875).abs() < 1e-15);
        assert!((law.at(5.0).s - (4.0 - 1.0 / 6.0)).abs() < 1e-12);
        for s in [2.0, 2.3, 2.8, 4.0] {
            let u = law.when_at(s).unwrap();
            assert!((law.at(u).s - s).abs() < 1e-12, "{s} at {u}");
        }
        assert!(law.settled().1.is_steady());
    }

    #[test]
    fn what_is_cut_again_and_again_stays_bounded() {
        let mut law = Law::steady(1.0);
        for k in 1..10_000 {
            let u = f64::from(k) * 1e-5;
            let now = law.at(u);
            law.cut(u);
            law.push(u, PathTime::steady(now.s, 1.0));
        }
        assert!(law.pieces.len() <= PIECES);
        assert!((law.at(0.099).s - 0.099).abs() < 1e-12);
    }
}
