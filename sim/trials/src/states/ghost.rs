//! What a gate was told and what it did, remembered beside it: the truth that its answers are held against.

use servomesh_safety::Config;
use servomesh_types::*;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};

/// What is remembered of one group.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ghost {
    servo: Option<ServoState>,
    motion: Option<GroupMotion>,
    /// Until when a stop has to be over.
    pub(crate) stop_until: Option<Stamp>,
    /// How fast it may be by then \[rad/s\].
    pub(crate) stop_speed: f64,
    /// Whether it went back already.
    pub(crate) retreats: bool,
    /// The last command to move, or to hold.
    pub(crate) command: Option<Setpoint>,
    /// Active faults that wait for a restart of the drives, and have seen one.
    pub(crate) restarted: BTreeSet<u16>,
    /// Whether the newest servo state was the first one after a restart.
    pub(crate) fresh: bool,
    /// Codes of all faults that are active.
    pub(crate) active: BTreeSet<u16>,
}

impl Ghost {
    pub(crate) fn hear_servo(&mut self, state: &ServoState, fresh: bool) {
        // A driver that is heard for the first time, and that nobody commanded, has just been started.
        self.fresh = fresh || (self.servo.is_none() && state.tag.epoch == Epoch::NONE);
        self.servo = Some(*state);
    }

    pub(crate) fn hear_motion(&mut self, motion: &GroupMotion) {
        self.motion = Some(*motion);
    }

    /// The driver announced something else: what was heard before is of another machine.
    pub(crate) fn begin_anew(&mut self) {
        (self.servo, self.motion, self.stop_until) = (None, None, None);
    }

    pub(crate) fn hottest_degc(&self) -> f64 {
        self.servo
            .as_ref()
            .map_or(0.0, |servo| servo.temperature_degc.max_abs())
    }

    /// What bars a reset, by all that was heard; `enabled` in manual mode alone: whether the enabling device allows motion.
    pub(crate) fn obstacle(
        &self,
        now: Stamp,
        config: &Config,
        view: &GroupSafety,
        enabled: Option<bool>,
    ) -> Option<&'static str> {
        let manual = enabled.is_some();
        let servo = self.servo.as_ref()?;
        let motion_age = self.motion.as_ref().map(|motion| now.since(motion.stamp));
        let fresh = motion_age.is_some_and(|age| age < config.motion_state_timeout);
        let active = |code| view.active.iter().any(|active| active.fault.code() == code);
        let velocity = match &self.motion {
            Some(motion) if fresh => motion.velocity.max_abs(),
            _ => servo.velocity.max_abs(),
        };
        let waits = |active: &ActiveFault| {
            active.clearing == Clearing::PowerCycle && !self.restarted.contains(&active.fault.code())
        };
        let stays = |active: &ActiveFault| active.clearing == Clearing::Itself && active.severity.stops();
        [
            (view.mode == SafetyMode::Stopping, "the stop is not over"),
            (
                now.since(servo.tag.stamp) >= config.servo_state_timeout,
                "its servo state is silent",
            ),
            (
                motion_age.is_none_or(|age| age >= config.motion_state_timeout)
                    && (motion_age.is_some() || active(MOTION_STATE_SILENT)),
                "its motion state is silent",
            ),
            (
                !manual && NEAR.into_iter().any(active) && super::profile::too_near(&servo.position),
                "it is too near",
            ),
            (
                self.hottest_degc() > config.winding_degc - config.winding_hysteresis_degc,
                "it is hot",
            ),
            (
                velocity > config.revolute.standstill || servo.mode == DriveMode::Stopping,
                "it moves",
            ),
            (
                view.mode == SafetyMode::Off && servo.mode == DriveMode::Enabled,
                "its drives are on",
            ),
            (
                !manual && active(COLLISION) && self.motion.is_some_and(|motion| !motion.contact.is_empty()),
                "it touches something",
            ),
            (enabled == Some(false), "the enabling device is not held"),
            (view.active.iter().any(waits), "its drives were not started anew"),
            (view.active.iter().any(stays), "what clears itself is still there"),
        ]
        .into_iter()
        .find_map(|(bars, why)| bars.then_some(why))
    }

    pub(crate) fn digest(&self, now: Stamp, hasher: &mut impl Hasher) {
        let Self {
            // What was heard is what the gate knows.
            servo: _,
            motion: _,
            stop_until,
            stop_speed,
            retreats,
            // What was commanded last is what the gate goes on from.
            command: _,
            restarted,
            fresh: _,
            active: _,
        } = self;
        stop_until
            .map(|until| until.as_nanos() - now.as_nanos())
            .hash(hasher);
        (retreats, restarted).hash(hasher);
        if stop_until.is_some() {
            stop_speed.to_bits().hash(hasher);
        }
    }
}

const MOTION_STATE_SILENT: u16 = 13;
const COLLISION: u16 = 60;
const NEAR: [u16; 2] = [71, 72];
