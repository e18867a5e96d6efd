//! What a servo answers: data that were asked for, and its alarms.
//!
//! The alarms are the servo's state, not the outcome of the instruction: a write that the servo did not take is answered like one
//! it took. A servo says nothing at all to an instruction it does not know, or one whose checksum is wrong.

use super::packet::Packet;
use super::{Error, MAX_ID};

/// One servo's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// Who answers.
    pub id: u8,
    /// What it complains of.
    pub alarms: Alarms,
    /// What was asked for; empty in the answers to writes.
    pub data: &'a [u8],
}

impl<'a> Status<'a> {
    /// Writes the packet and returns its bytes.
    ///
    /// # Errors
    /// [`Error::Id`], [`Error::TooLong`], [`Error::Room`].
    pub fn encode<'b>(&self, into: &'b mut [u8]) -> Result<&'b [u8], Error> {
        if self.id > MAX_ID {
            return Err(Error::Id {
                id: self.id,
                most: MAX_ID,
            });
        }
        Packet {
            id: self.id,
            code: self.alarms.bits(),
            parameters: self.data,
        }
        .encode(into)
    }

    /// Reads a packet as a servo's answer.
    ///
    /// # Errors
    /// [`Error::Id`]: nobody has that id; [`Error::Status`]: bit 7 is set, which the vendor's SDK refuses too.
    pub fn decode(packet: &Packet<'a>) -> Result<Self, Error> {
        if packet.id > MAX_ID {
            return Err(Error::Id {
                id: packet.id,
                most: MAX_ID,
            });
        }
        Ok(Self {
            id: packet.id,
            alarms: Alarms::new(packet.code).ok_or(Error::Status(packet.code))?,
            data: packet.parameters,
        })
    }
}

/// A servo's status byte: the code of its answers and its register 65. Registers 19 (what takes the torque away) and 20 (what
/// lights the LED) have the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Alarms(u8);

impl Alarms {
    /// All is well.
    pub const NONE: Self = Self(0);

    /// The alarms of a status byte; `None` if bit 7 is set.
    pub const fn new(bits: u8) -> Option<Self> {
        if bits & 0x80 == 0 { Some(Self(bits)) } else { None }
    }

    /// The status byte.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, alarm: Alarm) -> Self {
        Self(self.0 | alarm.bit())
    }

    /// These without one.
    #[must_use]
    pub const fn without(self, alarm: Alarm) -> Self {
        Self(self.0 & !alarm.bit())
    }

    /// Whether this one is among them.
    pub const fn has(self, alarm: Alarm) -> bool {
        self.0 & alarm.bit() != 0
    }

    /// Those with a name, from the lowest bit up.
    pub fn iter(self) -> impl Iterator<Item = Alarm> {
        Alarm::ALL.into_iter().filter(move |&alarm| self.has(alarm))
    }

    /// Bits that mean nothing the vendor has told.
    pub fn unnamed(self) -> u8 {
        Alarm::ALL.into_iter().fold(self, Self::without).0
    }
}

/// One thing a servo complains of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The supply is outside registers 15 to 14.
    Voltage,
    /// The angle sensor does not answer or is out of its range.
    Angle,
    /// The temperature is above register 13.
    Overheat,
    /// The current was above register 28 for longer than register 38 allows.
    OverCurrent,
    /// The load was above register 36 for longer than register 35 allows.
    Overload,
}

impl Alarm {
    /// All of them, from the lowest bit up.
    pub const ALL: [Self; 5] = [
        Self::Voltage,
        Self::Angle,
        Self::Overheat,
        Self::OverCurrent,
        Self::Overload,
    ];

    /// Its bit in the status byte, as in the vendor's SDK.
    pub const fn bit(self) -> u8 {
        match self {
            Self::Voltage => 0x01,
            Self::Angle => 0x02,
            Self::Overheat => 0x04,
            Self::OverCurrent => 0x08,
            Self::Overload => 0x20,
        }
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Voltage => "supply voltage",
            Self::Angle => "angle sensor",
            Self::Overheat => "overheating",
            Self::OverCurrent => "over-current",
            Self::Overload => "overload",
        }
    }

    /// What to do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Voltage => {
                "check the supply and the voltage drop along the cable; compare registers 14 and 15 with the servo's type"
            }
            Self::Angle => "switch the servo off and on; if it comes again, its sensor or magnet is damaged",
            Self::Overheat => "let the servo cool down; it works too hard, or register 13 is too low",
            Self::OverCurrent => {
                "look for what blocks the joint and for a short circuit, then take the torque off and on"
            }
            Self::Overload => {
                "look for what blocks the joint or weighs on it, then take the torque off and on"
            }
        }
    }
}
