//! What a drive reports of itself: a name, how severe it is at least, and what to do about it.
//!
//! Drives say it in codes of their own; whoever decodes those gives one of these. Numbers and codes are stable over releases.
//!
//! **Invariant:** [`DriveFault::of_number`] and [`DriveFault::number`] are each other's inverse but for what [`DriveFault::Other`] holds.

use crate::Severity;
use std::fmt;

/// What a drive can report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DriveFault {
    /// Its bus watchdog tripped: no frame reached it in time.
    Watchdog,
    /// Its winding or its power stage is too hot.
    Overheated,
    /// Its current was too high.
    Overcurrent,
    /// Its supply is above its window.
    Overvoltage,
    /// Its supply is below its window.
    Undervoltage,
    /// Its load was too high for too long (I²t, or a servo's own measure).
    Overload,
    /// Its encoder at the output can't be read, or contradicts itself.
    Encoder,
    /// The sensor on the motor's shaft, by which it commutates, can't be read.
    MotorPosition,
    /// A short circuit, an earth leakage, or an electrical shock on its circuit.
    ShortCircuit,
    /// It can't make sense of what its bus brings, or lost its master.
    Communication,
    /// Its own position loop is too far from its goal.
    Following,
    /// It lost its power, or started anew, while it was in use.
    LostPower,
    /// It was told to switch its torque on, and has none.
    NotSwitchedOn,
    /// Its input for safe torque off (STO) is open.
    SafeTorqueOff,
    /// Its motor is blocked.
    Blocked,
    /// Hardware or software inside of it is defective, or its parameters are lost.
    Internal,
    /// A code this program does not know.
    Other(u16),
}

impl DriveFault {
    /// All that have a name; [`DriveFault::Other`] is none of them.
    pub const ALL: [Self; 16] = [
        Self::Watchdog,
        Self::Overheated,
        Self::Overcurrent,
        Self::Overvoltage,
        Self::Undervoltage,
        Self::Overload,
        Self::Encoder,
        Self::MotorPosition,
        Self::ShortCircuit,
        Self::Communication,
        Self::Following,
        Self::LostPower,
        Self::NotSwitchedOn,
        Self::SafeTorqueOff,
        Self::Blocked,
        Self::Internal,
    ];

    /// Its number in frames of drives: from 1 in the order of [`ALL`](Self::ALL), 255 for others.
    pub const fn number(self) -> u8 {
        match self {
            Self::Watchdog => 1,
            Self::Overheated => 2,
            Self::Overcurrent => 3,
            Self::Overvoltage => 4,
            Self::Undervoltage => 5,
            Self::Overload => 6,
            Self::Encoder => 7,
            Self::MotorPosition => 8,
            Self::ShortCircuit => 9,
            Self::Communication => 10,
            Self::Following => 11,
            Self::LostPower => 12,
            Self::NotSwitchedOn => 13,
            Self::SafeTorqueOff => 14,
            Self::Blocked => 15,
            Self::Internal => 16,
            Self::Other(_) => 255,
        }
    }

    /// The one with a number; what has none becomes [`DriveFault::Other`]. `None` for 0: nothing is wrong.
    pub fn of_number(number: u8) -> Option<Self> {
        let place = usize::from(number).checked_sub(1)?;
        Some(
            Self::ALL
                .get(place)
                .copied()
                .unwrap_or(Self::Other(number.into())),
        )
    }

    /// The code of [`Fault::Drive`](crate::Fault::Drive) with it: 40 to 43 for the first ones, and 80 and on.
    pub const fn code(self) -> u16 {
        match self {
            Self::Watchdog => 40,
            Self::Overheated => 41,
            Self::Overcurrent => 42,
            Self::Other(_) => 43,
            named => 76 + named.number() as u16,
        }
    }

    /// The one with a code, `other` being what [`DriveFault::Other`] holds; `None` if it is no drive's.
    pub fn of_code(code: u16, other: u16) -> Option<Self> {
        match code {
            43 => Some(Self::Other(other)),
            code => Self::ALL.into_iter().find(|fault| fault.code() == code),
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Watchdog => "bus watchdog tripped",
            Self::Overheated => "winding overheated",
            Self::Overcurrent => "overcurrent",
            Self::Overvoltage => "overvoltage",
            Self::Undervoltage => "undervoltage",
            Self::Overload => "overload",
            Self::Encoder => "encoder error",
            Self::MotorPosition => "motor position sensor error",
            Self::ShortCircuit => "short circuit",
            Self::Communication => "communication error",
            Self::Following => "following error of the drive",
            Self::LostPower => "power lost",
            Self::NotSwitchedOn => "not switched on",
            Self::SafeTorqueOff => "safe torque off",
            Self::Blocked => "motor blocked",
            Self::Internal => "internal error",
            Self::Other(_) => "unknown fault",
        }
    }

    /// What it calls for at least. A drive that doesn't know its motor's position, or burns, may not hold a load under power.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Encoder | Self::MotorPosition | Self::ShortCircuit | Self::SafeTorqueOff => Severity::Stop0,
            _ => Severity::Stop2,
        }
    }

    /// What to do about it, as a sentence without its full stop.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Watchdog => "look for a driver that was held up, or a cable that is loose",
            Self::Overheated => "let it cool, then lower its load or the speed",
            Self::Overcurrent => "look for a jam, then lower acceleration or the current limit",
            Self::Overvoltage => "check the supply; braking may need a braking resistor",
            Self::Undervoltage => "check the supply, its cable and how much it can give",
            Self::Overload => "look for a jam or a load that is too heavy; reset it after it has rested",
            Self::Encoder => "check the encoder's cable, then replace the servo",
            Self::MotorPosition => "check the motor's sensor cable, then replace the servo",
            Self::ShortCircuit => "switch the power off and check motor and cables before it is on again",
            Self::Communication => "check the cable, its termination and the bus load",
            Self::Following => "look for a jam, then lower the speed or raise the drive's gains",
            Self::LostPower => "check the plug and the supply; it starts again from where it stands",
            Self::NotSwitchedOn => "check the enable input, the brake and the drive's supply",
            Self::SafeTorqueOff => "close the emergency stop or the safety circuit, then reset",
            Self::Blocked => "free the motor, then reset",
            Self::Internal => "switch it off and on; replace it if that does not help",
            Self::Other(_) => "look the code up in the drive's manual",
        }
    }
}

impl fmt::Display for DriveFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(code) => write!(f, "fault {code:#06x}"),
            named => f.write_str(named.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_codes_lead_back_and_keep_their_meaning() {
        for fault in DriveFault::ALL {
            assert_eq!(DriveFault::of_number(fault.number()), Some(fault));
            assert_eq!(DriveFault::of_code(fault.code(), 0), Some(fault));
        }
        assert_eq!(DriveFault::of_number(0), None);
        assert_eq!(DriveFault::of_code(43, 7), Some(DriveFault::Other(7)));
        assert_eq!(DriveFault::of_code(44, 0), None);
        let codes = DriveFault::ALL.map(DriveFault::code);
        assert_eq!(codes[..5], [40, 41, 42, 80, 81]);
        assert_eq!(DriveFault::Internal.code(), 92);
    }

    #[test]
    fn a_sentence_with_its_advice_fits_a_message() {
        for fault in DriveFault::ALL {
            let text = format!("joint {}: drive: {fault}: {}", "x".repeat(64), fault.advice());
            assert!(text.len() < 255 - 50, "{text}");
        }
    }
}
