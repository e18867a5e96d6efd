//! What only a bus of DYNAMIXEL servos holds.

use super::servo::Servo;
use super::settings::Settings;
use crate::backends::pace::Pace;
use crate::backends::serial::Bus;
use crate::backends::settings::SettingsError;
use servomesh_fieldbus::dynamixel::{Id, Replies};

/// DYNAMIXEL X servos on a serial bus.
pub type Dynamixel = Bus<DynamixelProtocol>;

/// Protocol 2.0, as a bus of DYNAMIXEL X servos speaks it.
#[derive(Debug)]
pub struct DynamixelProtocol {
    /// What the watchdogs are armed with.
    pub(super) armed: u8,
    pub(super) replies: Replies,
    /// Joined reads in a row that nobody answered, while none was ever answered.
    pub(super) fast_tries: u32,
    /// Whether one said in the last read that it has a hardware error.
    pub(super) alert: bool,
}

impl Dynamixel {
    /// A bus whose servos are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let own = DynamixelProtocol {
            armed: settings.watchdog_counts() as u8,
            replies: Replies::Joined,
            fast_tries: 0,
            alert: false,
        };
        let pace = Pace::new(settings.baud, settings.period, settings.latency);
        let servos = settings.servos.into_iter();
        let servos = servos.filter_map(|servo| Id::device(servo.id).map(|id| Servo::new(servo, id)));
        Ok(Self::of(settings.baud, pace, servos.collect(), own))
    }
}
