//! Modes of operation: objects 6060h, 6061h and 6502h.

/// What a drive does with its setpoints while operation is enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Goes to a position by a profile of its own.
    ProfilePosition,
    /// Turns at a speed, for frequency converters.
    Velocity,
    /// Turns at a velocity by a profile of its own.
    ProfileVelocity,
    /// Holds a torque by a profile of its own.
    ProfileTorque,
    /// Looks for its home.
    Homing,
    /// Interpolates between positions it was given.
    InterpolatedPosition,
    /// Follows a position that comes anew at each cycle.
    CyclicSyncPosition,
    /// Follows a velocity that comes anew at each cycle.
    CyclicSyncVelocity,
    /// Follows a torque that comes anew at each cycle.
    CyclicSyncTorque,
}

impl Mode {
    /// All of them, by their codes.
    pub const ALL: [Self; 9] = [
        Self::ProfilePosition,
        Self::Velocity,
        Self::ProfileVelocity,
        Self::ProfileTorque,
        Self::Homing,
        Self::InterpolatedPosition,
        Self::CyclicSyncPosition,
        Self::CyclicSyncVelocity,
        Self::CyclicSyncTorque,
    ];

    /// Its code in objects 6060h and 6061h; 0 there is no mode, negative ones are the manufacturer's.
    pub const fn code(self) -> i8 {
        match self {
            Self::ProfilePosition => 1,
            Self::Velocity => 2,
            Self::ProfileVelocity => 3,
            Self::ProfileTorque => 4,
            Self::Homing => 6,
            Self::InterpolatedPosition => 7,
            Self::CyclicSyncPosition => 8,
            Self::CyclicSyncVelocity => 9,
            Self::CyclicSyncTorque => 10,
        }
    }

    /// The mode of a code; `None` if it is none of these.
    pub fn of(code: i8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.code() == code)
    }

    /// Its bit in object 6502h, the modes a drive has.
    pub const fn bit(self) -> u32 {
        1 << (self.code() - 1)
    }

    /// Whether setpoints come at each cycle, so that a missing one is a fault.
    pub const fn is_cyclic(self) -> bool {
        matches!(
            self,
            Self::CyclicSyncPosition | Self::CyclicSyncVelocity | Self::CyclicSyncTorque
        )
    }

    /// Its abbreviation in manuals.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ProfilePosition => "PP",
            Self::Velocity => "VL",
            Self::ProfileVelocity => "PV",
            Self::ProfileTorque => "PT",
            Self::Homing => "HM",
            Self::InterpolatedPosition => "IP",
            Self::CyclicSyncPosition => "CSP",
            Self::CyclicSyncVelocity => "CSV",
            Self::CyclicSyncTorque => "CST",
        }
    }
}
