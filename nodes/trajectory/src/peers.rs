//! What groups know of each other: who leads, where it should be at this tick, and where it was measured.

use servomesh_motion::State;
use servomesh_types::{GroupDescription, GroupMotion, GroupName, Stamp};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All announced groups.
#[derive(Debug, Default)]
pub(crate) struct Peers(BTreeMap<GroupName, Peer>);

/// One group, as others see it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) group: Arc<GroupDescription>,
    /// Its newest setpoint and when that applies; `None` while it has none.
    pub(crate) setpoint: Option<(Stamp, State)>,
    /// The newest measurement.
    pub(crate) measured: Option<GroupMotion>,
    /// Whether it follows another group itself.
    pub(crate) follows: bool,
}

impl Peers {
    pub(crate) fn announce(&mut self, group: &Arc<GroupDescription>) {
        let peer = Peer {
            group: Arc::clone(group),
            setpoint: None,
            measured: None,
            follows: false,
        };
        self.0.insert(group.name, peer);
    }

    pub(crate) fn remove(&mut self, group: GroupName) {
        self.0.remove(&group);
    }

    pub(crate) fn get(&self, group: GroupName) -> Option<&Peer> {
        self.0.get(&group)
    }

    pub(crate) fn get_mut(&mut self, group: GroupName) -> Option<&mut Peer> {
        self.0.get_mut(&group)
    }

    /// The group that a joint belongs to, and which of its joints that is.
    pub(crate) fn owner(&self, joint: &str) -> Option<(GroupName, usize)> {
        self.0
            .iter()
            .find_map(|(name, peer)| Some((*name, peer.group.joint_index(joint)?)))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = GroupName> {
        self.0.keys().copied()
    }
}
