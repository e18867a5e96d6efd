//! The registers of the X series by name.

use super::Register;
use super::x_series::ALL;

/// A register of the X series; each model has most of them, at the same address with the same size and sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the register that the manual calls so")]
pub enum Field {
    ModelNumber,
    ModelInformation,
    FirmwareVersion,
    Id,
    BaudRate,
    ReturnDelayTime,
    DriveMode,
    OperatingMode,
    SecondaryId,
    ProtocolType,
    HomingOffset,
    MovingThreshold,
    TemperatureLimit,
    MaxVoltageLimit,
    MinVoltageLimit,
    PwmLimit,
    CurrentLimit,
    VelocityLimit,
    MaxPositionLimit,
    MinPositionLimit,
    ExternalPortMode1,
    ExternalPortMode2,
    ExternalPortMode3,
    StartupConfiguration,
    PwmSlope,
    Shutdown,
    TorqueEnable,
    Led,
    StatusReturnLevel,
    RegisteredInstruction,
    HardwareErrorStatus,
    VelocityIGain,
    VelocityPGain,
    PositionDGain,
    PositionIGain,
    PositionPGain,
    FeedforwardSecondGain,
    FeedforwardFirstGain,
    BusWatchdog,
    GoalPwm,
    GoalCurrent,
    GoalVelocity,
    ProfileAcceleration,
    ProfileVelocity,
    GoalPosition,
    RealtimeTick,
    Moving,
    MovingStatus,
    PresentPwm,
    PresentCurrent,
    /// In place of the present current, in models that do not measure it.
    PresentLoad,
    PresentVelocity,
    PresentPosition,
    VelocityTrajectory,
    PositionTrajectory,
    PresentInputVoltage,
    PresentTemperature,
    BackupReady,
    ExternalPortData1,
    ExternalPortData2,
    ExternalPortData3,
}

impl Field {
    /// Where it begins.
    #[must_use]
    pub const fn address(self) -> u16 {
        self.common().address
    }

    /// Its bytes.
    #[must_use]
    pub const fn size(self) -> u16 {
        self.common().kind.size()
    }

    /// What all models that have it have in common: place, size, sign, access, memory; other figures are a model's own.
    pub(super) const fn common(self) -> &'static Register {
        &ALL[self as usize]
    }

    /// Its number \[counts\] in a control table from address 0 on; `None` if that ends before it.
    #[must_use]
    pub fn get(self, table: &[u8]) -> Option<i32> {
        let Register { address, kind, .. } = self.common();
        let from = usize::from(*address);
        kind.get(table.get(from..from + usize::from(kind.size()))?)
    }

    /// Puts a number \[counts\] into a control table from address 0 on, whatever the range; does nothing if that ends before it.
    pub fn put(self, table: &mut [u8], value: i32) {
        let Register { address, kind, .. } = self.common();
        let from = usize::from(*address);
        if let Some(bytes) = table.get_mut(from..from + usize::from(kind.size())) {
            kind.put(value, bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stands_where_the_list_says() {
        for (place, register) in ALL.iter().enumerate() {
            assert_eq!(register.field as usize, place, "{}", register.name);
        }
        assert_eq!(
            (Field::GoalPosition.address(), Field::GoalPosition.size()),
            (116, 4)
        );
    }
}
