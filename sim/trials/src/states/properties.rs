//! What must hold in each call of the core, whatever happens.

/// One thing that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Property {
    /// In a stop state no motion is commanded but the stop itself, and the way back after a collision.
    NoMotionInAStop,
    /// A stop is over within the time that was published when it began.
    StopEndsInTime,
    /// What the gate does is never less severe than what its most severe active fault calls for.
    AsSevereAsTheWorst,
    /// A fault is forgotten when the table says, neither sooner nor later.
    ClearsAsDocumented,
    /// A reset is refused while a cause persists, and the reason is said.
    NoResetWithACause,
    /// A reset is granted where nothing bars it.
    ResetWithoutACause,
    /// Nothing but a reset opens a gate that was closed.
    NoRestartByItself,
    /// A stop only becomes more severe; its first cause is kept.
    OnlyMoreSevere,
    /// Each reset begins a new epoch, and nothing else does.
    EpochGrows,
    /// What the gates are is said whenever it changed, and only then.
    StateIsSaid,
    /// Commands carry the epoch of their gate, and their stamps and numbers only increase.
    CommandsInOrder,
    /// A tick at its deadline changes something.
    TicksEnd,
    /// An input for one group changes no other group's gate.
    GroupsApart,
    /// The same moves lead to the same state.
    SameAgain,
    /// Once every cause is gone, a reset leads back to motion.
    NoDeadEnd,
}

impl Property {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::NoMotionInAStop,
        Self::StopEndsInTime,
        Self::AsSevereAsTheWorst,
        Self::ClearsAsDocumented,
        Self::NoResetWithACause,
        Self::ResetWithoutACause,
        Self::NoRestartByItself,
        Self::OnlyMoreSevere,
        Self::EpochGrows,
        Self::StateIsSaid,
        Self::CommandsInOrder,
        Self::TicksEnd,
        Self::GroupsApart,
        Self::SameAgain,
        Self::NoDeadEnd,
    ];
}

/// A property that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which one.
    pub property: Property,
    /// What was seen.
    pub what: String,
}
