//! How long frames take on the wire, beside the times that every bus has.

pub(super) use crate::backends::pace::HANDLING;
use crate::backends::pace::Pace as Cycles;
use servomesh_fieldbus::can::timing::most_wire_bits;
use servomesh_types::Stamp;
use std::time::Duration;

/// The times of one bus.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    bit_rate: u32,
    cycles: Cycles,
}

impl Pace {
    pub(super) fn new(bit_rate: u32, period: Duration, latency: Duration) -> Self {
        Self {
            bit_rate,
            cycles: Cycles::new(bit_rate, period, latency),
        }
    }

    /// When cycles begin, and which.
    pub(super) fn cycles(&self) -> &Cycles {
        &self.cycles
    }

    /// How long so many bits take.
    pub(super) fn wire(&self, bits: u32) -> Duration {
        Duration::from_nanos(u64::from(bits) * 1_000_000_000 / u64::from(self.bit_rate))
    }

    /// How long a frame of so many bytes takes at most.
    pub(super) fn frame(&self, bytes: u8) -> Duration {
        self.wire(most_wire_bits(false, bytes))
    }

    /// When drives have heard a SYNC that is sent now.
    pub(super) fn synced(&self, now: Stamp) -> Stamp {
        now + self.wire(SYNC_BITS)
    }

    /// Before this no drive's sample can have come: what has, answers an earlier SYNC. Without stuff bits it is 108 bits long.
    pub(super) fn earliest(&self, synced: Stamp) -> Stamp {
        synced + self.wire(LEAST_SAMPLE_BITS)
    }
}

/// Of a SYNC without a counter: 44 bits, 3 of silence, and as many stuff bits as 080h has.
const SYNC_BITS: u32 = 51;
/// Of eight bytes, without the silence after them.
const LEAST_SAMPLE_BITS: u32 = 108;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_fieldbus::can::frame::Frame;
    use servomesh_fieldbus::can::timing::wire_bits;
    use servomesh_fieldbus::canopen::Service;

    #[test]
    fn a_sync_takes_as_long_as_its_bits() {
        let id = Service::Sync.id().expect("has one");
        let sync = Frame::data(id, &[]).expect("empty");
        assert_eq!(wire_bits(&sync), SYNC_BITS);
    }
}
