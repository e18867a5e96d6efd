//! The bits of modes, alarms and motion states.

/// Bits of Drive Mode.
pub mod drive_mode {
    /// The positive direction is clockwise.
    pub const REVERSE: u8 = 0x01;
    /// Driven by the PWM of a master over the sync cable (X540 only).
    pub const SLAVE: u8 = 0x02;
    /// Profile Velocity and Profile Acceleration are times \[ms\] instead of limits.
    pub const TIME_BASED_PROFILE: u8 = 0x04;
    /// A goal turns the torque on.
    pub const TORQUE_ON_BY_GOAL: u8 = 0x08;
}

/// Bits of Startup Configuration.
pub mod startup {
    /// The torque is on from the start.
    pub const TORQUE_ON: u8 = 0x01;
    /// The RAM begins as it was when the control table was stored.
    pub const RESTORE_RAM: u8 = 0x02;
}

/// Bits of Moving Status.
pub mod moving_status {
    /// The goal is reached.
    pub const IN_POSITION: u8 = 0x01;
    /// A profile runs.
    pub const PROFILE_ONGOING: u8 = 0x02;
    /// The position does not follow the profile.
    pub const FOLLOWING_ERROR: u8 = 0x08;
    /// Both bits of the shape of the velocity profile; 0 is a step.
    pub const PROFILE: u8 = 0x30;
    /// At the highest velocity from beginning to end.
    pub const RECTANGULAR: u8 = 0x10;
    /// The highest velocity is not reached.
    pub const TRIANGULAR: u8 = 0x20;
    /// Up, at the highest velocity, down.
    pub const TRAPEZOIDAL: u8 = 0x30;
}

/// A hardware error: a bit of Hardware Error Status and of Shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The supply is outside the voltage limits.
    InputVoltage,
    /// The position sensor does not work as it should.
    MotorEncoder,
    /// The temperature is above its limit.
    Overheating,
    /// A short circuit, or too little power to run the motor.
    ElectricalShock,
    /// The load has been above what the servo can hold for too long.
    Overload,
}

impl Alarm {
    /// All that the X series has, by bit.
    pub const ALL: [Self; 5] = [
        Self::InputVoltage,
        Self::MotorEncoder,
        Self::Overheating,
        Self::ElectricalShock,
        Self::Overload,
    ];

    /// Its bit.
    #[must_use]
    pub const fn bit(self) -> u8 {
        match self {
            Self::InputVoltage => 0x01,
            Self::MotorEncoder => 0x08,
            Self::Overheating => 0x04,
            Self::ElectricalShock => 0x10,
            Self::Overload => 0x20,
        }
    }

    /// What the manual calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InputVoltage => "input voltage error",
            Self::MotorEncoder => "motor encoder error",
            Self::Overheating => "overheating error",
            Self::ElectricalShock => "electrical shock error",
            Self::Overload => "overload error",
        }
    }
}

/// Several alarms: what Hardware Error Status or Shutdown holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Alarms(pub u8);

impl Alarms {
    /// Whether this one is among them.
    #[must_use]
    pub const fn has(self, alarm: Alarm) -> bool {
        self.0 & alarm.bit() != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, alarm: Alarm) -> Self {
        Self(self.0 | alarm.bit())
    }

    /// Those that are among both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Each of them; bits without a meaning are left out.
    pub fn iter(self) -> impl Iterator<Item = Alarm> {
        Alarm::ALL.into_iter().filter(move |alarm| self.has(*alarm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shutdowns_reset_value_is_overheating_shock_and_overload() {
        let alarms: Vec<_> = Alarms(52).iter().collect();
        assert_eq!(
            alarms,
            [Alarm::Overheating, Alarm::ElectricalShock, Alarm::Overload]
        );
    }
}
