//! What a bad line does to what is said on it.
//!
//! Decides per saying (what a master writes at once, what a device answers): whether it is lost, comes late, loses its end, has a bit flipped, has a
//! byte twice.
//!
//! **Invariant:** the same seed and sayings give the same bytes; with all shares at 0 nothing is drawn.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

/// How bad a line is: for each kind, the share of sayings that it happens to, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LineFaults {
    /// Not heard at all.
    pub lost: f64,
    /// Begins later by [`late_s`](Self::late_s).
    pub late: f64,
    /// How late that is \[s\].
    pub late_s: f64,
    /// Ends after a random byte, the last one at the earliest missing.
    pub truncated: f64,
    /// A random bit is the other way around.
    pub corrupted: f64,
    /// A random byte comes twice.
    pub duplicated: f64,
}

impl LineFaults {
    /// Says what can't be, if anything.
    ///
    /// # Errors
    /// A share is not from 0 to 1, or a delay not from 0 to 10 s; the message names it.
    pub fn check(&self) -> Result<(), String> {
        let shares = [
            ("lost", self.lost),
            ("late", self.late),
            ("truncated", self.truncated),
            ("corrupted", self.corrupted),
            ("duplicated", self.duplicated),
        ];
        for (name, share) in shares {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{name} is {share}; a share of sayings is from 0 to 1"));
            }
        }
        if !(0.0..=10.0).contains(&self.late_s) {
            return Err(format!("late_s is {}; it must be from 0 to 10 s", self.late_s));
        }
        Ok(())
    }
}

/// A line's faults in one direction.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    faults: LineFaults,
    random: ChaCha8Rng,
}

impl Noise {
    /// A good line. Equal seeds with different streams are independent.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self {
            faults: LineFaults::default(),
            random,
        }
    }

    /// Makes the line as bad as that from now on.
    pub(crate) fn set(&mut self, faults: LineFaults) {
        self.faults = faults;
    }

    /// What becomes of a saying, and how much later it begins; `None` if nothing is heard.
    pub(crate) fn distort(&mut self, mut bytes: Vec<u8>) -> Option<(Duration, Vec<u8>)> {
        let LineFaults {
            lost,
            late,
            late_s,
            truncated,
            corrupted,
            duplicated,
        } = self.faults;
        if self.happens(lost) || bytes.is_empty() {
            return None;
        }
        let delay = if self.happens(late) {
            Duration::from_secs_f64(late_s)
        } else {
            Duration::ZERO
        };
        if self.happens(corrupted) {
            let (index, bit) = (self.any(bytes.len()), self.any(8));
            bytes[index] ^= 1 << bit;
        }
        if self.happens(duplicated) {
            let index = self.any(bytes.len());
            bytes.insert(index, bytes[index]);
        }
        if self.happens(truncated) {
            let length = self.any(bytes.len());
            bytes.truncate(length);
        }
        (!bytes.is_empty()).then_some((delay, bytes))
    }

    fn happens(&mut self, share: f64) -> bool {
        share > 0.0 && self.random.random::<f64>() < share
    }

    fn any(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distorted(faults: LineFaults) -> Vec<Option<(Duration, Vec<u8>)>> {
        let mut noise = Noise::new(7, 1);
        noise.set(faults);
        (0..1000).map(|_| noise.distort((0..10).collect())).collect()
    }

    fn count(faults: LineFaults, happened: impl Fn(&Option<(Duration, Vec<u8>)>) -> bool) -> usize {
        distorted(faults).iter().filter(|saying| happened(saying)).count()
    }

    #[test]
    fn each_fault_happens_as_often_as_its_share_says() {
        let said: Vec<u8> = (0..10).collect();
        let good = LineFaults::default();
        assert_eq!(
            count(good, |saying| *saying != Some((Duration::ZERO, said.clone()))),
            0
        );
        let tenth = 60..140;
        let lost = LineFaults { lost: 0.1, ..good };
        assert!(tenth.contains(&count(lost, Option::is_none)));
        let (late, late_s) = (0.1, 0.003);
        let late = LineFaults { late, late_s, ..good };
        let three = Duration::from_millis(3);
        assert!(tenth.contains(&count(late, |saying| *saying == Some((three, said.clone())))));
        let length_is = |saying: &Option<(Duration, Vec<u8>)>, holds: fn(usize) -> bool| {
            holds(saying.as_ref().map_or(0, |(_, bytes)| bytes.len()))
        };
        let truncated = LineFaults {
            truncated: 0.1,
            ..good
        };
        assert!(tenth.contains(&count(truncated, |saying| length_is(saying, |length| length < 10))));
        let duplicated = LineFaults {
            duplicated: 0.1,
            ..good
        };
        assert!(tenth.contains(&count(duplicated, |saying| length_is(saying, |length| length == 11))));
        let corrupted = LineFaults {
            corrupted: 0.1,
            ..good
        };
        let one_bit = |saying: &Option<(Duration, Vec<u8>)>| {
            saying.as_ref().is_some_and(|(_, bytes)| {
                let flipped = bytes.iter().zip(&said);
                flipped.map(|(is, was)| (is ^ was).count_ones()).sum::<u32>() == 1
            })
        };
        assert!(tenth.contains(&count(corrupted, one_bit)));
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let bad = LineFaults {
            lost: 0.2,
            late: 0.2,
            late_s: 0.01,
            truncated: 0.2,
            corrupted: 0.2,
            duplicated: 0.2,
        };
        assert_eq!(distorted(bad), distorted(bad));
    }

    #[test]
    fn a_share_that_cannot_be_is_named() {
        let refused = LineFaults {
            lost: 1.5,
            ..LineFaults::default()
        };
        assert_eq!(
            refused.check().unwrap_err(),
            "lost is 1.5; a share of sayings is from 0 to 1"
        );
        let refused = LineFaults {
            late_s: f64::NAN,
            ..LineFaults::default()
        };
        assert!(refused.check().unwrap_err().starts_with("late_s is NaN"));
    }
}
