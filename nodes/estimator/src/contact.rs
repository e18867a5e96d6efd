//! Decides what a joint's external effort means: nothing, a contact, or a collision.
//!
//! | | when | until |
//! |---|---|---|
//! | contact | the effort behind a low-pass of [`CONTACT_HZ`] exceeds the threshold | it falls below 0.7 of the threshold |
//! | collision | the effort itself exceeds `collision_factor` thresholds | [`Touch::clear`] |
//!
//! The threshold follows what the model may be off by: a floor, a share of gravity and inertial efforts, a share of
//! friction and all of it where a joint stands, and five deviations of the effort's own noise. It rises at once and falls
//! with [`FALL_S`], since the effort lags behind what causes its error.
//!
//! Units: N·m (N). **Invariant:** a collision stays until it is cleared.

use servomesh_types::{JointSet, JointVec};
use std::f64::consts::TAU;

/// What touches the joints of one group.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Touch {
    smooth: JointVec,
    threshold: JointVec,
    contact: JointSet,
    collision: JointSet,
    collision_effort: JointVec,
}

impl Touch {
    /// Takes efforts and what they may be off by, `dt_s` after the last ones. The first joint that was hit just now.
    pub(crate) fn update(
        &mut self,
        external: &JointVec,
        doubt: &JointVec,
        collision_factor: f64,
        dt_s: f64,
    ) -> Option<usize> {
        let joints = external.len();
        if self.smooth.len() != joints {
            (self.smooth, self.threshold) = (JointVec::zeros(joints), *doubt);
        }
        let follow = -(-TAU * CONTACT_HZ * dt_s).exp_m1();
        let keep = (-dt_s / FALL_S).exp();
        let mut hit = None;
        for joint in 0..joints {
            let threshold = doubt[joint].max(doubt[joint] + keep * (self.threshold[joint] - doubt[joint]));
            self.threshold[joint] = threshold;
            self.smooth[joint] += follow * (external[joint] - self.smooth[joint]);
            let size = self.smooth[joint].abs();
            if size > threshold {
                self.contact.insert(joint);
            } else if size < 0.7 * threshold {
                self.contact.remove(joint);
            }
            if external[joint].abs() > collision_factor * threshold && !self.collision.contains(joint) {
                if self.collision.is_empty() {
                    self.collision_effort = *external;
                }
                self.collision.insert(joint);
                hit = hit.or(Some(joint));
            }
        }
        hit
    }

    /// Nothing is known of the efforts any more; a collision stays.
    pub(crate) fn lose(&mut self) {
        (self.smooth, self.threshold, self.contact) = (JointVec::EMPTY, JointVec::EMPTY, JointSet::EMPTY);
    }

    /// Forgets collisions.
    pub(crate) fn clear(&mut self) {
        (self.collision, self.collision_effort) = (JointSet::EMPTY, JointVec::EMPTY);
    }

    pub(crate) fn threshold(&self) -> &JointVec {
        &self.threshold
    }

    pub(crate) fn contact(&self) -> JointSet {
        self.contact
    }

    pub(crate) fn collision(&self) -> JointSet {
        self.collision
    }

    pub(crate) fn collision_effort(&self) -> &JointVec {
        &self.collision_effort
    }
}

/// Of the low-pass that a contact has to get through: slower than what friction does at a reversal.
pub(crate) const CONTACT_HZ: f64 = 10.0;
/// How long a threshold takes to fall to 1/e \[s\].
pub(crate) const FALL_S: f64 = 0.05;

#[cfg(test)]
mod tests {
    use super::*;

    const DT: f64 = 0.002;

    fn push(touch: &mut Touch, effort: f64, doubt: f64, samples: usize) -> Option<usize> {
        (0..samples).fold(None, |hit, _| {
            let now = touch.update(
                &JointVec::from([0.0, effort]),
                &JointVec::from([5.0, doubt]),
                2.0,
                DT,
            );
            hit.or(now)
        })
    }

    #[test]
    fn a_push_is_a_contact_that_clears_itself_and_a_blow_is_a_collision_that_stays() {
        let mut touch = Touch::default();
        assert_eq!(push(&mut touch, 7.0, 5.0, 100), None);
        assert!(touch.contact().contains(1) && touch.collision().is_empty());
        push(&mut touch, 0.0, 5.0, 100);
        assert!(touch.contact().is_empty());
        assert_eq!(push(&mut touch, -30.0, 5.0, 1), Some(1), "at the first sample");
        assert_eq!(push(&mut touch, -30.0, 5.0, 10), None, "it is told once");
        push(&mut touch, 0.0, 5.0, 1000);
        assert!(touch.collision().contains(1) && touch.contact().is_empty());
        assert!((touch.collision_effort()[1] + 30.0).abs() < 1e-12);
        touch.clear();
        assert!(touch.collision().is_empty() && touch.collision_effort().is_empty());
    }

    #[test]
    fn what_the_model_may_be_off_by_just_now_or_a_moment_ago_is_no_touch() {
        let mut touch = Touch::default();
        push(&mut touch, 0.0, 30.0, 10);
        assert_eq!(push(&mut touch, 20.0, 5.0, 1), None);
        assert_eq!(push(&mut touch, 0.0, 5.0, 200), None);
        assert_eq!(
            push(&mut touch, 20.0, 5.0, 1),
            Some(1),
            "the threshold has fallen"
        );
    }
}
