//! What a master writes to object 6040h, and what it commands.

/// What object 6040h holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Controlword(pub u16);

impl Controlword {
    /// Towards "ready to switch on": transitions 2, 6, 8.
    pub const SHUTDOWN: Self = Self(0x06);
    /// Towards "switched on": transition 3, and 5 as "disable operation".
    pub const SWITCH_ON: Self = Self(0x07);
    /// Towards "operation enabled": transitions 4 and 16, and 3 before 4.
    pub const ENABLE_OPERATION: Self = Self(0x0F);
    /// Power off at once, the motor coasts: transitions 7, 9, 10, 12.
    pub const DISABLE_VOLTAGE: Self = Self(0x00);
    /// Stops by option code 605A: transition 11, and 7 and 10.
    pub const QUICK_STOP: Self = Self(0x02);
    /// Resets a fault where the bit was 0 before: transition 15.
    pub const FAULT_RESET: Self = Self(0x80);

    /// Bit 4: PP a new setpoint, HM the start of homing.
    pub const MODE_4: u16 = 1 << 4;
    /// Bit 5: PP changes to the new setpoint at once.
    pub const MODE_5: u16 = 1 << 5;
    /// Bit 6: PP takes the setpoint as relative.
    pub const MODE_6: u16 = 1 << 6;
    /// Bit 8: halts by option code 605D, operation stays enabled.
    pub const HALT: u16 = 1 << 8;
    /// Bit 9: PP changes to the next setpoint without stopping at this one.
    pub const CHANGE_ON_SETPOINT: u16 = 1 << 9;

    const RESET: u16 = 1 << 7;

    /// The command it is, by its bits 0 to 3 and 7; bits of modes are not looked at. A held reset bit commands nothing.
    pub const fn command(self) -> Option<Command> {
        if self.0 & Self::RESET != 0 {
            return None;
        }
        Some(match self.0 & 0x0F {
            bits if bits & 0b10 == 0 => Command::DisableVoltage,
            bits if bits & 0b100 == 0 => Command::QuickStop,
            bits if bits & 0b1 == 0 => Command::Shutdown,
            bits if bits & 0b1000 == 0 => Command::SwitchOn,
            _ => Command::EnableOperation,
        })
    }

    /// Whether it resets a fault, coming after that one: the bit rises.
    pub const fn resets_after(self, before: Self) -> bool {
        self.0 & Self::RESET != 0 && before.0 & Self::RESET == 0
    }
}

/// What a controlword commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Bits `x110`.
    Shutdown,
    /// Bits `0111`: switch on, or disable operation.
    SwitchOn,
    /// Bits `1111`: enable operation, after switching on where that is missing.
    EnableOperation,
    /// Bits `xx0x`.
    DisableVoltage,
    /// Bits `x01x`.
    QuickStop,
}
