//! Whose turn it is to answer: to a ping of all, and to reads of a group.
//!
//! A ping of all is answered in slots of time by id: 14 bytes of an answer and 1 ms, within the 14 bytes and 3 ms for each id that ROBOTIS' SDK
//! waits. A separate answer in a group begins, after the return delay, when that of the one before in the list has been heard; without it,
//! never. A joined answer goes on right behind the block before, without a delay.

use std::time::Duration;

use servomesh_fieldbus::dynamixel::{BulkRead, Id, Item, Replies, SyncRead, fast};

/// Bytes of an answer to a ping.
const PONG: u32 = 14;

/// Silence between the slots.
const BETWEEN: Duration = Duration::from_millis(1);

/// Header, id, length field and code of a joined answer, and what each block has besides its data.
const JOINED_HEAD: usize = 8;
const AROUND_BLOCK: usize = 4;

/// What it is to answer, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) address: u16,
    pub(super) length: u16,
    pub(super) place: TurnPlace,
}

/// Behind whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TurnPlace {
    /// First, with a status of its own.
    First,
    /// When this one's status has been heard.
    After(Id),
    /// As a block of a joined answer with this length field, behind so many bytes of it; 0 begins it.
    Joined { length_field: u16, behind: usize },
}

/// How long a device waits with its answer to a ping of all, besides its return delay.
pub(super) fn ping_slot(id: Id, byte: Duration) -> Duration {
    (byte * PONG + BETWEEN) * u32::from(id.number())
}

/// The turn of `id` in a sync read, if it is in the list.
pub(super) fn in_sync_read(read: &SyncRead<'_>, id: Id) -> Option<Turn> {
    let items = read.ids().map(|id| Item {
        id,
        address: read.address,
        length: read.length,
    });
    turn(&items.collect::<Vec<_>>(), read.replies, id)
}

/// The turn of `id` in a bulk read, if it is in the list.
pub(super) fn in_bulk_read(read: &BulkRead<'_>, id: Id) -> Option<Turn> {
    turn(&read.items().collect::<Vec<_>>(), read.replies, id)
}

fn turn(items: &[Item], replies: Replies, id: Id) -> Option<Turn> {
    let index = items.iter().position(|item| item.id == id)?;
    let (before, own) = (&items[..index], items[index]);
    let place = match (replies, before) {
        (Replies::Separate, []) => TurnPlace::First,
        (Replies::Separate, [.., last]) => TurnPlace::After(last.id),
        (Replies::Joined, _) => {
            let blocks = before.iter().map(|item| usize::from(item.length) + AROUND_BLOCK);
            TurnPlace::Joined {
                length_field: fast::length(items.iter().map(|item| item.length))?,
                behind: if index == 0 {
                    0
                } else {
                    JOINED_HEAD + blocks.sum::<usize>()
                },
            }
        }
    };
    Some(Turn {
        address: own.address,
        length: own.length,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items() -> Vec<Item> {
        let item = |number, address, length| Item {
            id: Id::device(number).unwrap(),
            address,
            length,
        };
        vec![item(3, 132, 4), item(7, 144, 2), item(5, 126, 10)]
    }

    fn place(number: u8, replies: Replies) -> Option<TurnPlace> {
        turn(&items(), replies, Id::device(number).unwrap()).map(|turn| turn.place)
    }

    #[test]
    fn answers_come_in_the_order_of_the_list() {
        let id = |number| Id::device(number).unwrap();
        assert_eq!(place(3, Replies::Separate), Some(TurnPlace::First));
        assert_eq!(place(7, Replies::Separate), Some(TurnPlace::After(id(3))));
        assert_eq!(place(5, Replies::Separate), Some(TurnPlace::After(id(7))));
        assert_eq!(place(4, Replies::Separate), None);
    }

    #[test]
    fn a_block_stands_behind_the_blocks_before() {
        let joined = |behind| {
            let length_field = 29;
            Some(TurnPlace::Joined { length_field, behind })
        };
        assert_eq!(place(3, Replies::Joined), joined(0));
        assert_eq!(place(7, Replies::Joined), joined(16));
        assert_eq!(place(5, Replies::Joined), joined(22));
    }
}
