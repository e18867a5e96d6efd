//! What the link wants of the pulses, as bytes: orders of five bytes each, whatever makes the pulses.
//!
//! ```text
//!   channel, or 255 for the period of all | nanoseconds, 32 bits, the low byte first; no pulses where that is 0
//! ```
//!
//! **Invariant:** what [`Order::encode`] writes, [`decode`] reads back as it was, to the nanosecond.

use std::time::Duration;

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Pulses of all channels repeat after this. There are none before the next orders of each.
    Period(Duration),
    /// The width of a channel's pulses; `None`: no pulses.
    Pulse {
        /// Which channel.
        channel: u8,
        /// How long each pulse is.
        width: Option<Duration>,
    },
}

impl Order {
    /// As bytes.
    pub fn encode(self) -> [u8; BYTES] {
        let (first, time) = match self {
            Self::Period(period) => (PERIOD, period),
            Self::Pulse { channel, width } => (channel, width.unwrap_or_default()),
        };
        let nanoseconds = u32::try_from(time.as_nanos()).unwrap_or(u32::MAX);
        let [a, b, c, d] = nanoseconds.to_le_bytes();
        [first, a, b, c, d]
    }
}

/// The orders in some bytes; what is left of a torn one is none.
pub fn decode(bytes: &[u8]) -> impl Iterator<Item = Order> {
    let (orders, _) = bytes.as_chunks::<BYTES>();
    orders.iter().map(|&[first, a, b, c, d]| {
        let time = Duration::from_nanos(u32::from_le_bytes([a, b, c, d]).into());
        match first {
            PERIOD => Order::Period(time),
            channel => Order::Pulse {
                channel,
                width: (!time.is_zero()).then_some(time),
            },
        }
    })
}

/// Bytes of an order.
pub const BYTES: usize = 5;
const PERIOD: u8 = 0xFF;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_come_back() {
        let orders = [
            Order::Period(Duration::from_millis(20)),
            Order::Pulse {
                channel: 0,
                width: Some(Duration::from_nanos(1_234_567)),
            },
            Order::Pulse {
                channel: 15,
                width: None,
            },
        ];
        let mut bytes = orders.map(Order::encode).concat();
        bytes.push(3);
        assert_eq!(decode(&bytes).collect::<Vec<_>>(), orders);
    }
}
