//! What an adversary does wrong.
//!
//! **Invariant:** [`Kind::ALL`] has each kind once; an episode's number and seed alone decide which it is.

/// What a stream does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Jerks, accelerations and velocities at random, within their limits.
    Random,
    /// Always at a limit, or beyond it by what is tolerated.
    Hugging,
    /// At full speed at what is near, the border of the workspace or an end stop.
    Aiming,
    /// It stays where it was, while it says that it moves.
    Frozen,
    /// It jumps, by a hair or by a radian.
    Jumping,
    /// It says what is no number.
    NotANumber,
    /// It has too few joints, or too many.
    WrongSize,
    /// It says again what it said before.
    Replayed,
    /// Its numbers or stamps go back and forth.
    OutOfOrder,
    /// It speaks in another epoch.
    Stale,
    /// What it says is over already, or far in the future.
    Untimely,
    /// Its time runs by fits and starts, as far ahead as it may.
    Warped,
    /// Its velocity is not that of its positions.
    WrongVelocity,
    /// Its acceleration is not that of its velocities.
    WrongAcceleration,
    /// It creeps on in steps that are each within the tolerance.
    Creeping,
    /// It gains speed in steps that are each within the tolerance.
    Surging,
    /// It asks for efforts that nothing needs.
    Pushing,
    /// It lets joints have no effort.
    Limp,
    /// It falls silent in mid-motion.
    Silent,
    /// Much of it is missing.
    Stuttering,
    /// It asks for torque off in mid-motion.
    Releasing,
    /// It goes on where `trajectory` is moving.
    TakingOver,
    /// One after the other.
    Switching,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 23] = [
        Self::Random,
        Self::Hugging,
        Self::Aiming,
        Self::Frozen,
        Self::Jumping,
        Self::NotANumber,
        Self::WrongSize,
        Self::Replayed,
        Self::OutOfOrder,
        Self::Stale,
        Self::Untimely,
        Self::Warped,
        Self::WrongVelocity,
        Self::WrongAcceleration,
        Self::Creeping,
        Self::Surging,
        Self::Pushing,
        Self::Limp,
        Self::Silent,
        Self::Stuttering,
        Self::Releasing,
        Self::TakingOver,
        Self::Switching,
    ];
}
