//! Events, for people and recorders.

use super::{Wire, WireError, stamp_from_msg, stamp_to_msg};
use r2r::servomesh_msgs::msg;
use servomesh_types::{Event, EventKind, GroupName};

impl Wire for Event {
    type Msg = msg::Event;

    fn to_msg(&self) -> msg::Event {
        msg::Event {
            stamp: stamp_to_msg(self.stamp),
            kind: self.kind as u8,
            node: String::new(),
            group: self.group.map(|group| group.to_string()).unwrap_or_default(),
            text: self.text.chars().take(LONGEST_TEXT).collect(),
        }
    }

    fn from_msg(msg: &msg::Event) -> Result<Self, WireError> {
        let kind = EventKind::ALL.into_iter().find(|kind| *kind as u8 == msg.kind);
        let group = if msg.group.is_empty() {
            None
        } else {
            Some(GroupName::new(&msg.group)?)
        };
        Ok(Self {
            stamp: stamp_from_msg(&msg.stamp),
            kind: kind.ok_or(WireError::Enum {
                what: "event",
                value: msg.kind.into(),
            })?,
            group,
            text: msg.text.clone(),
        })
    }
}

/// The message's bound is 511 bytes; a character of these texts takes 3 at most.
const LONGEST_TEXT: usize = 170;
