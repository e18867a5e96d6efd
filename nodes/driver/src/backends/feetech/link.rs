//! What only a bus of FEETECH servos holds.

use super::servo::Servo;
use super::settings::Settings;
use crate::backends::pace::Pace;
use crate::backends::serial::Bus;
use crate::backends::settings::SettingsError;

/// FEETECH STS or SCS servos on a serial bus.
pub type Feetech = Bus<FeetechProtocol>;

/// FEETECH's protocol, as a bus of STS or SCS servos speaks it.
#[derive(Debug)]
pub struct FeetechProtocol {
    pub(super) settings: Settings,
}

impl Feetech {
    /// A bus whose servos are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let pace = Pace::new(settings.baud, settings.period, settings.latency);
        let servos = settings.servos.iter().cloned().map(Servo::new).collect();
        let own = FeetechProtocol { settings };
        Ok(Self::of(own.settings.baud, pace, servos, own))
    }
}
