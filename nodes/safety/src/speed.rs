//! How fast one group may run, of what is planned: what was asked for, what faults leave of it, what its mode allows.
//!
//! Shares 0 … 1. `trajectory` obeys the scale by slowing down on its paths, which takes a while; the gate enforces it after that.
//!
//! **Invariant:** the scale is never above any of its causes; what is enforced is never below what was said within the settling time.

use crate::digest::Digest;
use servomesh_types::Stamp;
use std::hash::Hasher;
use std::time::Duration;

/// How fast one group may run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speed {
    /// By `safety/set_speed_scale`.
    asked: f64,
    /// What faults leave of it.
    left: f64,
    /// What the mode allows.
    allowed: f64,
    /// Scales that were said before, and until when.
    before: [(Stamp, f64); KEPT],
    kept: usize,
}

impl Speed {
    /// As fast as asked.
    pub fn new(asked: f64) -> Self {
        Self {
            asked,
            left: 1.0,
            allowed: 1.0,
            before: [(Stamp::ZERO, 0.0); KEPT],
            kept: 0,
        }
    }

    /// The scale now.
    pub fn scale(&self) -> f64 {
        self.asked.min(self.left).min(self.allowed)
    }

    /// What was asked for.
    pub fn asked(&self) -> f64 {
        self.asked
    }

    /// Someone asks for another scale.
    pub fn ask(&mut self, now: Stamp, scale: f64) {
        self.change(now, |speed| speed.asked = scale);
    }

    /// Faults leave another part.
    pub fn leave(&mut self, now: Stamp, part: f64) {
        self.change(now, |speed| speed.left = part);
    }

    /// The mode allows another part.
    pub fn allow(&mut self, now: Stamp, part: f64) {
        self.change(now, |speed| speed.allowed = part);
    }

    /// The scale that is enforced: the highest one of the last `settle`.
    pub fn enforced(&self, now: Stamp, settle: Duration) -> f64 {
        let recent = self.before[..self.kept]
            .iter()
            .filter(|(until, _)| now < *until + settle);
        recent.fold(self.scale(), |highest, (_, scale)| highest.max(*scale))
    }

    /// The group stands still: from now on there is nothing to slow down.
    pub fn settle(&mut self) {
        self.kept = 0;
    }

    /// What of it decides about the future.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self {
            asked,
            left,
            allowed,
            before,
            kept,
        } = self;
        for share in [asked, left, allowed] {
            digest.number(*share);
        }
        digest.value(kept);
        for (until, share) in &before[..*kept] {
            digest.stamp(*until, digest.config().settle);
            digest.number(*share);
        }
    }

    fn change(&mut self, now: Stamp, change: impl FnOnce(&mut Self)) {
        let before = self.scale();
        change(self);
        if self.scale() >= before {
            return;
        }
        if self.kept == KEPT {
            // Without room the two oldest become one, which is at least as much as each was.
            let (oldest, next) = (self.before[0].1, self.before[1].1);
            self.before[1].1 = oldest.max(next);
            self.before.copy_within(1.., 0);
            self.kept -= 1;
        }
        self.before[self.kept] = (now, before);
        self.kept += 1;
    }
}

/// How many scales are kept that were said before.
const KEPT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lower_scale_is_enforced_once_there_was_time_to_slow_down() {
        let settle = Duration::from_millis(100);
        let mut speed = Speed::new(1.0);
        speed.ask(Stamp::from_millis(1000), 0.5);
        speed.leave(Stamp::from_millis(1050), 0.2);
        let enforced = |ms| (100.0 * speed.enforced(Stamp::from_millis(ms), settle)).round() as i32;
        assert_eq!(
            [1000, 1099, 1100, 1149, 1150].map(enforced),
            [100, 100, 50, 50, 20]
        );
        speed.settle();
        let enforced = speed.enforced(Stamp::from_millis(1060), settle);
        assert!((enforced - 0.2).abs() < 1e-12, "{enforced}");
    }

    #[test]
    fn many_changes_never_enforce_less_than_was_said_lately() {
        let mut speed = Speed::new(1.0);
        for step in 0..50_i64 {
            speed.ask(Stamp::from_millis(1000 + step), 1.0 - 0.01 * step as f64);
        }
        let settle = Duration::from_millis(20);
        assert!(speed.enforced(Stamp::from_millis(1050), settle) >= 0.7);
        assert!(speed.enforced(Stamp::from_millis(1080), settle) < 0.52);
    }
}
