//! Node ids, and which frame identifier belongs to which service: the predefined connection set.
//!
//! **Invariant:** a [`NodeId`] is 1 to 127; [`Service::of`] and [`Service::id`] are each other's inverse.

use crate::can::frame::Id;

/// The number of a node, 1 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u8);

impl NodeId {
    /// The highest number.
    pub const MAX: u8 = 127;

    /// The node of a number; `None` unless it is 1 to 127.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= Self::MAX {
            Some(Self(number))
        } else {
            None
        }
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }
}

/// Who speaks to whom with a frame, as its identifier tells where nobody has changed the identifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// The master starts, stops or resets nodes.
    Nmt,
    /// Whoever makes the SYNC begins a cycle.
    Sync,
    /// Somebody tells the time of day.
    Time,
    /// A node tells that something is wrong.
    Emergency(NodeId),
    /// A node's process data, PDO 1 to 4.
    Transmit(u8, NodeId),
    /// Process data for a node, PDO 1 to 4.
    Receive(u8, NodeId),
    /// A node answers about one of its objects.
    SdoResponse(NodeId),
    /// A master asks about one of a node's objects.
    SdoRequest(NodeId),
    /// A node tells that it lives; as a remote frame, it is asked to.
    Heartbeat(NodeId),
    /// A node answers about its id or bit rate.
    LssResponse,
    /// A master gives node ids and bit rates.
    LssRequest,
}

impl Service {
    /// The service of an identifier; `None` if the predefined set has none for it.
    pub fn of(id: Id) -> Option<Self> {
        if id.is_extended() {
            return None;
        }
        let number = u16::try_from(id.number()).ok()?;
        let node = NodeId::new((number & 0x7F) as u8);
        Some(match (number & 0x780, node) {
            (0x000, None) => Self::Nmt,
            (0x080, None) => Self::Sync,
            (0x080, Some(node)) => Self::Emergency(node),
            (0x100, None) => Self::Time,
            (base @ (0x180 | 0x280 | 0x380 | 0x480), Some(node)) => Self::Transmit((base >> 8) as u8, node),
            (base @ (0x200 | 0x300 | 0x400 | 0x500), Some(node)) => {
                Self::Receive((base >> 8) as u8 - 1, node)
            }
            (0x580, Some(node)) => Self::SdoResponse(node),
            (0x600, Some(node)) => Self::SdoRequest(node),
            (0x700, Some(node)) => Self::Heartbeat(node),
            (0x780, _) if number == 0x7E4 => Self::LssResponse,
            (0x780, _) if number == 0x7E5 => Self::LssRequest,
            _ => return None,
        })
    }

    /// Its identifier; `None` for a PDO that is not 1 to 4.
    pub const fn id(self) -> Option<Id> {
        let (base, node) = match self {
            Self::Nmt => (0x000, 0),
            Self::Sync => (0x080, 0),
            Self::Time => (0x100, 0),
            Self::Emergency(node) => (0x080, node.0),
            Self::Transmit(pdo @ 1..=4, node) => (0x080 + 0x100 * pdo as u16, node.0),
            Self::Receive(pdo @ 1..=4, node) => (0x100 + 0x100 * pdo as u16, node.0),
            Self::Transmit(..) | Self::Receive(..) => return None,
            Self::SdoResponse(node) => (0x580, node.0),
            Self::SdoRequest(node) => (0x600, node.0),
            Self::Heartbeat(node) => (0x700, node.0),
            Self::LssResponse => (0x7E4, 0),
            Self::LssRequest => (0x7E5, 0),
        };
        Id::standard(base + node as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_services_are_each_others_inverse() {
        let mut known = 0;
        for number in 0..1 << 11 {
            let id = Id::standard(number).expect("11 bits");
            if let Some(service) = Service::of(id) {
                known += 1;
                assert_eq!(service.id(), Some(id), "{service:?}");
            }
        }
        assert_eq!(known, 5 + 127 * 12);
        assert_eq!(Service::of(Id::extended(0x181).expect("29 bits")), None);
    }
}
