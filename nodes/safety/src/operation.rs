//! Who moves the cell: mode selector and enabling device (ISO 10218-1).
//!
//! **Invariant:** in manual mode nothing is enabled by silence: the enabling device has to say again and again that it is held.

use crate::digest::Digest;
use servomesh_types::{Fault, OperatingMode, Stamp};
use std::hash::Hasher;
use std::time::Duration;

/// What mode selector and enabling device say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Operation {
    /// What the mode selector says.
    pub mode: OperatingMode,
    /// Whether the enabling device is held in its middle position, and when it said so.
    pub enabling: Option<(Stamp, bool)>,
}

impl Operation {
    /// What of it decides about the future.
    pub(crate) fn digest<H: Hasher>(&self, digest: &mut Digest<'_, H>) {
        let Self { mode, enabling } = self;
        let held = enabling.filter(|(_, held)| *held);
        digest.value((mode, held.is_some()));
        if let Some((heard, _)) = held {
            digest.stamp(heard, digest.config().enabling_timeout);
        }
    }

    /// What forbids motion now, if anything.
    pub fn forbids(&self, now: Stamp, timeout: Duration) -> Option<Fault> {
        if self.mode == OperatingMode::Automatic {
            return None;
        }
        match self.enabling {
            Some((_, false)) | None => Some(Fault::EnablingReleased),
            Some((heard, true)) => {
                let age = now.since(heard);
                (age >= timeout).then_some(Fault::EnablingSilent(age))
            }
        }
    }
}
