//! What is known of one group's machine, how old that is, and what is still in the way of a reset.
//!
//! Positions in rad (m), ages in ROS time. **Invariant:** a state that is older than the newest, has the wrong size or
//! holds a NaN is not kept, so that garbage shows as silence and never as a measurement.

use crate::checks::JointRules;
use crate::config::Parameters;
use crate::digest::Digest;
use servomesh_types::fault::Exceeded;
use servomesh_types::{DriveMode, Epoch, Fault, GroupMotion, JointSet, JointVec, ServoState, Stamp};
use std::fmt;
use std::hash::Hasher;
use std::time::Duration;

/// The newest measurements of one group.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    servo: Option<ServoState>,
    motion: Option<GroupMotion>,
    /// When they were taken; a stamp ahead of `now` counts as taken now, or a wrong clock would look fresh for ever.
    servo_at: Stamp,
    motion_at: Stamp,
}

/// What a reset would have to wait for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Obstacle {
    /// The stop has not come to its end, or a joint still moves.
    Moving,
    /// The drives have not switched off yet.
    Powered,
    /// The cause is still there, or another one is.
    Fault(Fault),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moving => f.write_str("it still moves"),
            Self::Powered => f.write_str("its drives are still on"),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl Measured {
    /// Keeps a servo state. Says whether it was good enough to be kept.
    pub fn keep_servo(&mut self, now: Stamp, state: &ServoState, joints: usize) -> bool {
        let fits = |vec: &JointVec| vec.len() == joints && vec.is_finite();
        // A driver whose bus is silent says so with the last measurement: same stamp, next number.
        let age = (state.tag.stamp, state.tag.seq);
        let newer = self
            .servo
            .as_ref()
            .is_none_or(|kept| age > (kept.tag.stamp, kept.tag.seq));
        // A drive without a sensor in its winding leaves the temperature out.
        let warm = &state.temperature_degc;
        if !newer || !fits(&state.position) || !fits(&state.velocity) || !(warm.is_empty() || fits(warm)) {
            return false;
        }
        self.servo = Some(*state);
        self.servo_at = state.tag.stamp.min(now);
        true
    }

    /// Whether a servo state that is kept next is of a driver that was started anew since the newest one: it numbers its states from the
    /// beginning again, or nobody has commanded it, and somebody had. It may have taken a command before it was heard.
    pub fn is_anew(&self, state: &ServoState) -> bool {
        let never = state.tag.epoch == Epoch::NONE;
        match self.servo.as_ref().map(|kept| &kept.tag) {
            Some(kept) => state.tag.seq <= kept.seq || (never && kept.epoch != Epoch::NONE),
            None => never,
        }
    }

    /// Keeps a motion state. Says whether it was good enough to be kept.
    pub fn keep_motion(&mut self, now: Stamp, motion: &GroupMotion, joints: usize) -> bool {
        let fits = |vec: &JointVec| vec.len() == joints && vec.is_finite();
        let newer = self.motion.as_ref().is_none_or(|kept| motion.stamp > kept.stamp);
        if !newer || !fits(&motion.position) || !fits(&motion.velocity) {
            return false;
        }
        self.motion = Some(*motion);
        self.motion_at = motion.stamp.min(now);
        true
    }

    /// The newest servo state.
    pub fn servo(&self) -> Option<&ServoState> {
        self.servo.as_ref()
    }

    /// Whether the newest servo state says that the driver follows the commands of `epoch`.
    pub fn follows(&self, epoch: Epoch) -> bool {
        self.servo
            .is_some_and(|servo| servo.mode == DriveMode::Enabled && servo.tag.epoch == epoch)
    }

    /// When the newest servo state was taken.
    pub fn servo_at(&self) -> Stamp {
        self.servo_at
    }

    /// When the newest motion state was taken, or `since` if that is later.
    pub fn motion_at(&self, since: Stamp) -> Stamp {
        if self.motion.is_some() {
            self.motion_at.max(since)
        } else {
            since
        }
    }

    /// Silence of the servo state that lasts too long.
    pub fn servo_silent(&self, now: Stamp, timeout: Duration) -> Option<Fault> {
        let age = now.since(self.servo_at);
        (age >= timeout).then_some(Fault::ServoStateSilent(age))
    }

    /// Silence of the motion state that lasts too long, counted from `since` at the earliest.
    pub fn motion_silent(&self, now: Stamp, since: Stamp, timeout: Duration) -> Option<Fault> {
        let age = now.since(self.motion_at(since));
        (age >= timeout).then_some(Fault::MotionStateSilent(age))
    }

    /// Measured velocity of each joint: the estimator's while it is fresh, else the driver's unfiltered one.
    pub fn velocity(&self, now: Stamp, motion_timeout: Duration) -> Option<&JointVec> {
        match &self.motion {
            Some(motion) if now.since(self.motion_at) < motion_timeout => Some(&motion.velocity),
            _ => self.servo.as_ref().map(|servo| &servo.velocity),
        }
    }

    /// The first winding above `limit_degc`.
    pub fn overheated(&self, limit_degc: f64) -> Option<Fault> {
        let windings = &self.servo.as_ref()?.temperature_degc;
        let joint = windings.iter().position(|degc| *degc > limit_degc)?;
        Some(Fault::Overheated(Exceeded {
            joint: joint as u8,
            value: windings[joint],
            limit: limit_degc,
        }))
    }

    /// The newest motion state.
    pub fn motion(&self) -> Option<&GroupMotion> {
        self.motion.as_ref()
    }

    /// Joints that were hit in this epoch, as the estimator sees it.
    pub fn hit(&self) -> JointSet {
        self.motion.map_or(JointSet::EMPTY, |motion| motion.collision)
    }

    /// Whether something is touched now.
    pub fn touches(&self) -> bool {
        self.motion.is_some_and(|motion| !motion.contact.is_empty())
    }

    /// What a joint was hit with, and what was the limit then: as the estimator says it, where it says it of this joint.
    pub fn collision(&self, joint: usize) -> Fault {
        let told = self.motion.and_then(|motion| motion.fault);
        if let Some(fault @ Fault::Collision(exceeded)) = told
            && usize::from(exceeded.joint) == joint
        {
            return fault;
        }
        let of = |values: fn(&GroupMotion) -> &JointVec| {
            let motion = self.motion.as_ref();
            motion
                .and_then(|motion| values(motion).get(joint).copied())
                .unwrap_or(0.0)
        };
        Fault::Collision(Exceeded {
            joint: joint as u8,
            value: of(|motion| &motion.collision_effort),
            limit: of(|motion| &motion.external_threshold),
        })
    }

    /// What the estimator says of the encoders.
    pub fn encoder_fault(&self) -> Option<Fault> {
        let fault = self.motion.as_ref()?.fault?;
        matches!(
            fault,
            Fault::EncoderStuck(_) | Fault::EncoderStep(_) | Fault::EncoderDrift(_)
        )
        .then_some(fault)
    }

    /// Whether the cause of a fault is still there, as far as measurements tell.
    pub fn shows(&self, now: Stamp, parameters: &Parameters, fault: &Fault) -> bool {
        let cool_degc = parameters.winding_degc - parameters.winding_hysteresis_degc;
        match fault {
            Fault::ServoStateSilent(_) => self.servo_silent(now, parameters.servo_state_timeout).is_some(),
            Fault::MotionStateSilent(_) => {
                let timeout = parameters.motion_state_timeout;
                self.motion.is_none() || self.motion_silent(now, self.motion_at, timeout).is_some()
            }
            Fault::Overheated(_) => self.overheated(cool_degc).is_some(),
            // The estimator keeps what it says of encoders until a new epoch: a reset is what makes it look again.
            _ => false,
        }
    }

    /// What is in the way of moving again after `cause`, apart from the gate's own mode.
    ///
    /// A fault that the driver has latched is not: it clears them when a new epoch enables it, so it can't be gone before.
    pub fn obstacle(
        &self,
        now: Stamp,
        parameters: &Parameters,
        rules: &[JointRules],
        cause: Option<Fault>,
    ) -> Option<Obstacle> {
        let cool_degc = parameters.winding_degc - parameters.winding_hysteresis_degc;
        let silent = || match &self.motion {
            Some(_) => self.motion_silent(now, self.motion_at, parameters.motion_state_timeout),
            None => cause.filter(|fault| matches!(fault, Fault::MotionStateSilent(_))),
        };
        self.servo_silent(now, parameters.servo_state_timeout)
            .or_else(silent)
            .or_else(|| self.overheated(cool_degc))
            .map(Obstacle::Fault)
            .or_else(|| self.moving(now, parameters, rules).then_some(Obstacle::Moving))
    }

    /// What of it decides about the future, for a gate of that epoch.
    pub(crate) fn digest<H: Hasher>(&self, epoch: Epoch, digest: &mut Digest<'_, H>) {
        let Self {
            servo,
            motion,
            servo_at,
            motion_at,
        } = self;
        let (servo_counts, motion_counts) = (
            digest.config().servo_state_timeout,
            digest.config().motion_state_timeout,
        );
        digest.stamp(*servo_at, servo_counts);
        digest.stamp(*motion_at, motion_counts);
        digest.value((servo.is_some(), motion.is_some()));
        if let Some(servo) = servo {
            // A stamp ahead of time is compared with that of a first setpoint. Efforts, currents, references and the count of refusals are of no concern to a gate.
            digest.stamp(servo.tag.stamp, servo_counts);
            digest.epoch(servo.tag.epoch, epoch);
            digest.value(servo.mode as u8);
            for numbers in [&servo.position, &servo.velocity, &servo.temperature_degc] {
                digest.joints(numbers);
            }
            digest.fault(servo.fault.as_ref());
        }
        if let Some(motion) = motion {
            digest.joints(&motion.position);
            digest.joints(&motion.velocity);
            digest.value((motion.contact.bits(), motion.collision.bits()));
            digest.fault(motion.fault.as_ref());
        }
    }

    fn moving(&self, now: Stamp, parameters: &Parameters, rules: &[JointRules]) -> bool {
        let ramping = self.servo.is_some_and(|servo| servo.mode == DriveMode::Stopping);
        let fast = self
            .velocity(now, parameters.motion_state_timeout)
            .is_some_and(|velocity| {
                velocity
                    .iter()
                    .zip(rules)
                    .any(|(velocity, rule)| velocity.abs() > rule.standstill)
            });
        ramping || fast
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::StreamTag;

    fn state(ms: i64, position: f64) -> ServoState {
        ServoState {
            tag: StreamTag {
                stamp: Stamp::from_millis(ms),
                ..StreamTag::default()
            },
            position: JointVec::from([position]),
            velocity: JointVec::zeros(1),
            temperature_degc: JointVec::from([25.0]),
            ..ServoState::default()
        }
    }

    #[test]
    fn garbage_and_reordered_states_are_not_kept() {
        let mut measured = Measured::default();
        let now = Stamp::from_millis(10);
        assert!(measured.keep_servo(now, &state(10, 1.0), 1));
        assert!(!measured.keep_servo(now, &state(9, 2.0), 1), "older");
        assert!(!measured.keep_servo(now, &state(11, f64::NAN), 1), "not a number");
        assert!(!measured.keep_servo(now, &state(12, 1.0), 2), "wrong size");
        assert_eq!(measured.servo().map(|servo| servo.position[0]), Some(1.0));
    }

    #[test]
    fn a_stamp_from_the_future_does_not_stay_fresh() {
        let mut measured = Measured::default();
        measured.keep_servo(Stamp::from_millis(10), &state(5000, 0.0), 1);
        let timeout = Duration::from_millis(50);
        assert!(measured.servo_silent(Stamp::from_millis(59), timeout).is_none());
        assert!(measured.servo_silent(Stamp::from_millis(60), timeout).is_some());
    }
}
