//! The SYNC that starts a cycle, and the time of day.

/// The highest value of a SYNC's counter, object 1019h.
pub const MAX_COUNTER: u8 = 240;

/// A frame that starts a cycle: with a counter from 1 where object 1019h is set, empty where not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sync {
    /// The cycle's number, 1 to [`MAX_COUNTER`].
    pub counter: Option<u8>,
}

impl Sync {
    /// A frame's data: nothing, or one byte.
    pub fn encode(&self) -> &[u8] {
        self.counter.as_slice()
    }

    /// Reads a frame's data; `None` if it is none.
    pub fn decode(data: &[u8]) -> Option<Self> {
        match *data {
            [] => Some(Self { counter: None }),
            [counter @ 1..=MAX_COUNTER] => Some(Self {
                counter: Some(counter),
            }),
            _ => None,
        }
    }
}

/// The time of day, CiA's `TIME_OF_DAY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeOfDay {
    /// Since midnight \[ms\]; 28 bits.
    pub ms: u32,
    /// Since the first of January 1984 \[days\].
    pub days: u16,
}

impl TimeOfDay {
    /// A frame's data. Bits of `ms` above the 28 are cut off.
    pub const fn encode(self) -> [u8; 6] {
        let [a, b, c, d] = (self.ms & 0x0FFF_FFFF).to_le_bytes();
        let [e, f] = self.days.to_le_bytes();
        [a, b, c, d, e, f]
    }

    /// Reads a frame's data; `None` if it has not 6 bytes.
    pub const fn decode(data: &[u8]) -> Option<Self> {
        let &[a, b, c, d, e, f] = data else { return None };
        Some(Self {
            ms: u32::from_le_bytes([a, b, c, d]) & 0x0FFF_FFFF,
            days: u16::from_le_bytes([e, f]),
        })
    }
}
