//! Decides whether one joint's encoder is believed: stuck, stepping and running-away ones are found by their innovations.
//!
//! | fault | how it shows | found after |
//! |---|---|---|
//! | stuck | the same count again and again, where its noise should change it | as many samples as chance allows |
//! | step | off by the same way, three samples in a row, by more than the joint can have moved | 3 samples |
//! | drift | off by more and more, three samples in a row, likewise | 3 samples |
//!
//! A joint *can* have moved by what the speed of its group and a blow leave: twice the speed of the fastest joint plus a
//! quarter of the joint's own limit, for the interval, plus five standard deviations. A smaller step, or a slower drift,
//! looks like a blow from outside and is told as one; it takes a second sensor to know better. Stuck can be told only where
//! noise changes the count now and then ([`Rules::new`]): a joint that is held stands just as still. A few equal counts are suspect
//! only where the joint was known to move, by readings without a surprise: after one the filter believes any speed for a moment.
//!
//! From the first sample in question the estimate goes on by model and motor current, for at most `coast`; then it follows
//! the encoder again, under protest: the fault stays until [`EncoderWatch::clear`].
//!
//! Units: rad (m). **Invariant:** no reading that is in question reaches the filter unmarked.

use crate::filter::{Innovation, SURPRISE};
use servomesh_types::Fault;
use servomesh_types::fault::Exceeded;

/// What is possible for one joint's readings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rules {
    joint: u8,
    /// Of the joint.
    velocity_limit: f64,
    resolution: f64,
    /// As many equal readings in a row happen by chance once in 10¹² times; 0 where that can't be said.
    equal_still: u32,
    /// Likewise once in 1000 times, for a joint that was just seen to move.
    equal_moving: u32,
}

/// What to do with a reading.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Correct the estimate with it.
    Believe,
    /// Go on by the model.
    Hold,
    /// Start anew from it.
    Restart,
}

/// What the readings of one joint were like lately.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct EncoderWatch {
    reading: f64,
    /// Readings equal to the one before, in a row.
    equal: u32,
    /// It stood still in mid-motion, and still does.
    frozen: bool,
    /// Readings without a surprise, in a row: by now, and before the last surprise.
    calm: [u32; 2],
    /// Readings out of reach, in a row.
    rejected: u32,
    first_off: f64,
    /// Since the last reading that was believed \[s\].
    unheard_s: f64,
    fault: Option<Fault>,
    /// Since the fault was found \[s\].
    faulty_s: f64,
}

impl Rules {
    /// The rules for a joint whose counts are `resolution` apart, with noise of standard deviation `noise`; zero where they
    /// are not known.
    pub(crate) fn new(joint: usize, velocity_limit: f64, resolution: f64, noise: f64) -> Self {
        // At most so often is a count the same as the one before: the true position in the middle of a count.
        let repeats = if resolution > 0.0 && noise > 0.0 {
            within(0.5 * resolution / noise)
        } else {
            1.0
        };
        let rare = |chance: f64| {
            let samples = (chance.ln() / repeats.ln()).ceil();
            if (1.0..=MOST_EQUAL).contains(&samples) {
                samples as u32
            } else {
                0
            }
        };
        Self {
            joint: joint as u8,
            velocity_limit,
            resolution,
            equal_still: rare(1e-12),
            equal_moving: rare(1e-3),
        }
    }

    /// How far the joint can be from where it was predicted to be.
    fn reach(&self, innovation: &Innovation, group_speed: f64, time_s: f64) -> f64 {
        let speed = 0.25 * self.velocity_limit + 2.0 * group_speed;
        speed * time_s + SURPRISE * innovation.variance.sqrt() + 2.0 * self.resolution
    }

    fn exceeded(&self, value: f64, limit: f64) -> Exceeded {
        Exceeded {
            joint: self.joint,
            value,
            limit,
        }
    }
}

impl EncoderWatch {
    /// Begins with a first reading.
    pub(crate) fn starting_at(reading: f64) -> Self {
        Self {
            reading,
            ..Self::default()
        }
    }

    /// What is wrong with it.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Whether its value is the model's, or an encoder's that is not to be believed. A few equal readings are no reason yet.
    pub(crate) fn is_doubtful(&self) -> bool {
        self.fault.is_some() || self.rejected > 0 || self.frozen && self.equal >= FEW
    }

    /// Since the last reading that was believed \[s\].
    pub(crate) fn unheard_s(&self) -> f64 {
        self.unheard_s
    }

    /// Whether the next reading, if its prediction leaves out the surprise before it, shows that the encoder froze then.
    pub(crate) fn froze(
        &self,
        rules: &Rules,
        reading: f64,
        innovation: &Innovation,
        speed: f64,
        dt_s: f64,
    ) -> bool {
        let equal = rules.equal_moving > 0 && reading.to_bits() == self.reading.to_bits();
        equal && self.fault.is_none() && self.unheard_s <= 0.0 && self.stops(rules, innovation, speed, dt_s)
    }

    /// Forgets its fault: the group begins anew.
    pub(crate) fn clear(&mut self) {
        (self.fault, self.frozen, self.equal, self.rejected) = (None, false, 0, 0);
    }

    /// Judges a reading that comes `dt_s` after the one before; `speeds` are those of its joint and of the group's fastest one.
    pub(crate) fn judge(
        &mut self,
        rules: &Rules,
        reading: f64,
        innovation: &Innovation,
        speeds: [f64; 2],
        dt_s: f64,
        coast_s: f64,
    ) -> Verdict {
        let equal = reading.to_bits() == self.reading.to_bits();
        self.reading = reading;
        self.equal = if equal { self.equal + 1 } else { 0 };
        let verdict = if self.fault.is_some() {
            let reach = rules.reach(innovation, speeds[1], dt_s);
            self.under_protest(innovation.value.abs() <= reach, dt_s, coast_s)
        } else {
            self.doubt(rules, innovation, speeds, dt_s)
        };
        match verdict {
            Verdict::Hold => self.unheard_s += dt_s,
            Verdict::Believe | Verdict::Restart => self.unheard_s = 0.0,
        }
        verdict
    }

    fn under_protest(&mut self, within_reach: bool, dt_s: f64, coast_s: f64) -> Verdict {
        let before_s = self.faulty_s;
        self.faulty_s += dt_s;
        if self.faulty_s < coast_s {
            Verdict::Hold
        } else if before_s < coast_s || !within_reach {
            Verdict::Restart
        } else {
            Verdict::Believe
        }
    }

    fn doubt(
        &mut self,
        rules: &Rules,
        innovation: &Innovation,
        [speed, group_speed]: [f64; 2],
        dt_s: f64,
    ) -> Verdict {
        let off = innovation.value;
        let telling = rules.equal_moving > 0 && self.equal > 0;
        self.frozen = telling && (self.frozen || self.stops(rules, innovation, speed, dt_s));
        self.calm = if innovation.is_surprise() {
            [0, self.calm[0]]
        } else {
            [self.calm[0].saturating_add(1), self.calm[1]]
        };
        let allowed = if self.frozen {
            rules.equal_moving
        } else {
            rules.equal_still
        };
        if allowed > 0 && self.equal >= allowed {
            let exceeded = rules.exceeded(f64::from(self.equal), f64::from(allowed));
            return self.fail(Fault::EncoderStuck(exceeded));
        }
        if self.frozen {
            return Verdict::Hold;
        }
        // What was held back may have moved all the while; what was out of reach has its chance only once.
        let time_s = if self.rejected > 0 {
            dt_s
        } else {
            dt_s + self.unheard_s
        };
        let reach = rules.reach(innovation, group_speed, time_s);
        if off.abs() <= reach {
            self.rejected = 0;
            return Verdict::Believe;
        }
        self.rejected += 1;
        if self.rejected == 1 {
            self.first_off = off;
        }
        if self.rejected < REJECTED {
            return Verdict::Hold;
        }
        let exceeded = rules.exceeded(off, reach);
        let steady = (off - self.first_off).abs() < 0.5 * self.first_off.abs();
        self.fail(if steady {
            Fault::EncoderStep(exceeded)
        } else {
            Fault::EncoderDrift(exceeded)
        })
    }

    /// Whether a joint that moved seems to stand at once. One that hardly moved stops without a freeze: then the longer row of equal readings has to
    /// decide. So it has to where its speed was not known, before this surprise or the one just before, which may have been the first sign of
    /// it: while the filter is open it believes any speed, that of one bad reading too.
    fn stops(&self, rules: &Rules, innovation: &Innovation, speed: f64, dt_s: f64) -> bool {
        let [calm, before] = self.calm;
        let settled = calm >= SETTLED || calm == 0 && before >= SETTLED;
        let way = innovation.value.abs().min(speed * dt_s);
        settled && innovation.is_surprise() && way > 4.0 * rules.resolution
    }

    fn fail(&mut self, fault: Fault) -> Verdict {
        (self.fault, self.faulty_s) = (Some(fault), self.unheard_s);
        Verdict::Hold
    }
}

/// The share of a normal distribution within so many standard deviations on both sides: the error function by formula
/// 7.1.27 of Abramowitz and Stegun, *Handbook of Mathematical Functions* (within 5e-4).
fn within(deviations: f64) -> f64 {
    let x = deviations / std::f64::consts::SQRT_2;
    let sum = 1.0 + x * (0.278_393 + x * (0.230_389 + x * (0.000_972 + x * 0.078_108)));
    1.0 - 1.0 / sum.powi(4)
}

/// So many readings in a row that are out of reach are a fault, fewer are garbage.
const REJECTED: u32 = 3;
/// So many equal readings in a row are nothing to talk about.
const FEW: u32 = 4;
/// So many readings without a surprise settle a filter's speed: three times what its narrowest bandwidth, 20 Hz, takes at 500 Hz.
const SETTLED: u32 = 12;
/// Longer rows of equal readings say nothing: the noise is too small to change a count.
const MOST_EQUAL: f64 = 2000.0;

#[cfg(test)]
mod tests {
    use super::*;

    const T: f64 = 0.002;
    const COUNT: f64 = 1.2e-5;

    fn rules() -> Rules {
        Rules::new(1, 3.0, COUNT, 0.5 * COUNT)
    }

    /// Feeds readings against predictions; the fault, and how many samples it took.
    fn found(rules: &Rules, samples: impl Iterator<Item = (f64, f64)>, speed: f64) -> Option<(Fault, usize)> {
        let mut watch = EncoderWatch::starting_at(0.0);
        samples.enumerate().find_map(|(at, (reading, predicted))| {
            let innovation = Innovation {
                value: reading - predicted,
                variance: 1e-10,
            };
            watch.judge(rules, reading, &innovation, [speed; 2], T, 0.05);
            watch.fault().map(|fault| (fault, at + 1))
        })
    }

    #[test]
    fn a_step_a_drift_and_a_freeze_get_their_names() {
        let moving = |i: usize| 1.0 * T * i as f64;
        // Noise that the counts of a live encoder have.
        let alive = |i: usize| COUNT * f64::from(u8::from(i.is_multiple_of(2)));
        let step = found(
            &rules(),
            (1..50).map(|i| (moving(i) + alive(i) + 0.02, moving(i))),
            1.0,
        );
        assert!(
            matches!(step, Some((Fault::EncoderStep(e), 3)) if e.joint == 1 && (e.value - 0.02).abs() < 1e-4)
        );
        let drift = found(
            &rules(),
            (1..50).map(|i| (moving(i) + alive(i) + 9.0 * T * i as f64, moving(i))),
            1.0,
        );
        assert!(matches!(drift, Some((Fault::EncoderDrift(_), 3))), "{drift:?}");
        // It says nothing of its first readings: the speed is not known yet.
        let frozen = |i: usize| if i < 20 { moving(i) + alive(i) } else { moving(20) };
        let stuck = found(&rules(), (1..200).map(|i| (frozen(i), moving(i))), 1.0);
        assert!(
            matches!(stuck, Some((Fault::EncoderStuck(_), 25..50))),
            "{stuck:?}"
        );
        let still = found(&rules(), (1..200).map(|_| (0.0, 0.0)), 0.0);
        assert!(
            matches!(still, Some((Fault::EncoderStuck(_), 50..100))),
            "{still:?}"
        );
    }

    #[test]
    fn what_a_blow_can_do_is_no_fault_and_neither_is_one_bad_reading() {
        let alive = |i: usize| COUNT * f64::from(u8::from(i.is_multiple_of(2)));
        // It stops dead while it was thought to go on at 1 rad/s, and the estimate follows at the second sample.
        let stop = found(
            &rules(),
            (1..500).map(|i| (alive(i), if i == 1 { T } else { 0.0 })),
            1.0,
        );
        assert_eq!(stop, None);
        let garbage = found(
            &rules(),
            (1..500).map(|i| (if i % 3 == 0 { 2.5 } else { alive(i) }, 0.0)),
            0.0,
        );
        assert_eq!(garbage, None);
    }

    #[test]
    fn an_encoder_without_noise_may_stand_for_ever() {
        let rules = Rules::new(0, 0.2, 5e-6, 0.0);
        assert_eq!(found(&rules, (1..100_000).map(|_| (0.0, 0.0)), 0.0), None);
    }

    #[test]
    fn a_faulty_encoder_is_held_back_and_then_followed_under_protest() {
        let mut watch = EncoderWatch::starting_at(0.0);
        let verdicts: Vec<Verdict> = (0..40)
            .map(|i| {
                let innovation = Innovation {
                    value: if watch.unheard_s() > 0.0 || i == 0 {
                        1.0
                    } else {
                        0.0
                    },
                    variance: 1e-10,
                };
                let reading = 1.0 + COUNT * f64::from(i % 2);
                watch.judge(&rules(), reading, &innovation, [0.0; 2], T, 0.05)
            })
            .collect();
        let held = verdicts
            .iter()
            .take_while(|verdict| **verdict == Verdict::Hold)
            .count();
        assert!((23..=26).contains(&held), "{held} samples of 2 ms");
        assert_eq!(verdicts[held], Verdict::Restart);
        assert!(
            verdicts[held + 1..]
                .iter()
                .all(|verdict| *verdict == Verdict::Believe)
        );
        assert!(watch.is_doubtful(), "still not believed");
        watch.clear();
        assert!(!watch.is_doubtful());
    }

    #[test]
    fn chances_are_those_of_the_normal_distribution() {
        for (deviations, share) in [(0.5, 0.3829), (1.0, 0.6827), (2.0, 0.9545), (3.0, 0.9973)] {
            assert!((within(deviations) - share).abs() < 1e-3, "{deviations}");
        }
    }
}
