//! Starting, stopping and resetting nodes; and what they say of their state, by heartbeat or when guarded.

use super::node::NodeId;

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NmtState {
    /// It starts; said once, as boot-up.
    Initialising,
    /// It answers nothing but NMT and heartbeats.
    Stopped,
    /// It does everything.
    Operational,
    /// It does everything but process data.
    PreOperational,
}

impl NmtState {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Initialising,
        Self::Stopped,
        Self::Operational,
        Self::PreOperational,
    ];

    /// Its code in a heartbeat.
    pub const fn code(self) -> u8 {
        match self {
            Self::Initialising => 0,
            Self::Stopped => 4,
            Self::Operational => 5,
            Self::PreOperational => 127,
        }
    }

    /// The state of a code; `None` if there is none.
    pub fn of(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initialising => "initialising",
            Self::Stopped => "stopped",
            Self::Operational => "operational",
            Self::PreOperational => "pre-operational",
        }
    }
}

/// What a master tells nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NmtCommand {
    /// Go operational.
    Start,
    /// Stop everything but NMT and heartbeats.
    Stop,
    /// Go pre-operational.
    EnterPreOperational,
    /// Begin anew, as after power-on.
    ResetNode,
    /// Begin anew with the communication alone: the objects 1000h to 1FFFh.
    ResetCommunication,
}

impl NmtCommand {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Start,
        Self::Stop,
        Self::EnterPreOperational,
        Self::ResetNode,
        Self::ResetCommunication,
    ];

    /// Its code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Start => 1,
            Self::Stop => 2,
            Self::EnterPreOperational => 128,
            Self::ResetNode => 129,
            Self::ResetCommunication => 130,
        }
    }

    /// A frame's data, for one node or, with `None`, for all.
    pub fn encode(self, node: Option<NodeId>) -> [u8; 2] {
        [self.code(), node.map_or(0, NodeId::number)]
    }

    /// Reads a frame's data: the command, and for which node, `None` for all. `None` if it is no command, or for no node.
    pub fn decode(data: &[u8]) -> Option<(Self, Option<NodeId>)> {
        let &[code, node] = data else { return None };
        let command = Self::ALL.into_iter().find(|command| command.code() == code)?;
        match node {
            0 => Some((command, None)),
            _ => Some((command, Some(NodeId::new(node)?))),
        }
    }

    /// The state it leads to; after a reset, a node goes from there to pre-operational by itself.
    pub const fn to(self) -> NmtState {
        match self {
            Self::Start => NmtState::Operational,
            Self::Stop => NmtState::Stopped,
            Self::EnterPreOperational => NmtState::PreOperational,
            Self::ResetNode | Self::ResetCommunication => NmtState::Initialising,
        }
    }
}

/// What a node says of its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heartbeat {
    /// Its state.
    pub state: NmtState,
    /// When guarded: changes from answer to answer. A heartbeat has it 0.
    pub toggle: bool,
}

impl Heartbeat {
    /// One that is not asked for.
    pub const fn of(state: NmtState) -> Self {
        Self { state, toggle: false }
    }

    /// A frame's data.
    pub const fn encode(self) -> [u8; 1] {
        [self.state.code() | (self.toggle as u8) << 7]
    }

    /// Reads a frame's data; `None` if it is none.
    pub fn decode(data: &[u8]) -> Option<Self> {
        let &[byte] = data else { return None };
        Some(Self {
            state: NmtState::of(byte & 0x7F)?,
            toggle: byte & 0x80 != 0,
        })
    }
}

/// One entry of object 1016h: whose heartbeat is awaited, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeartbeatConsumer {
    /// Whose.
    pub node: NodeId,
    /// For how long at most \[ms\]; above zero.
    pub within_ms: u16,
}

impl HeartbeatConsumer {
    /// What the entry holds.
    pub const fn encode(self) -> u32 {
        (self.node.number() as u32) << 16 | self.within_ms as u32
    }

    /// What an entry says; `None`: nobody's heartbeat is awaited.
    pub fn decode(entry: u32) -> Option<Self> {
        let node = NodeId::new(u8::try_from(entry >> 16).ok()?)?;
        let within_ms = (entry & 0xFFFF) as u16;
        (within_ms > 0).then_some(Self { node, within_ms })
    }
}
