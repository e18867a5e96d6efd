//! Layer setting services: node ids and bit rates given over the bus.
//!
//! A device waits until it is chosen, with all others or alone by its four numbers of object 1018h, and is then configured.
//! **Invariant:** whatever frames come, a device's [`Identity`] is not changed, and its node id is 1 to 127 or none.

use super::node::NodeId;

/// Object 1018h: vendor, product, revision, serial number.
pub type Identity = [u32; 4];

/// What a device does with what it hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It takes this node id when communication is reset; `None` takes it off the bus.
    Node(Option<NodeId>),
    /// It takes the bit rate of this index into the standard's table (0 is 1 Mbit/s) when told to.
    BitRate(u8),
    /// After this delay, and once more after its new bit rate, all are silent \[ms\].
    ActivateBitRate(u16),
    /// It keeps node id and bit rate over power-off.
    Store,
}

/// Bit rates by the standard's index \[bit/s\]; index 5 is reserved.
pub const BIT_RATES: [Option<u32>; 9] = [
    Some(1_000_000),
    Some(800_000),
    Some(500_000),
    Some(250_000),
    Some(125_000),
    None,
    Some(50_000),
    Some(20_000),
    Some(10_000),
];

/// The device's end.
#[derive(Clone, Debug)]
pub struct Slave {
    identity: Identity,
    configuring: bool,
    selected: usize,
    ranges: [u32; 6],
    scanned: usize,
}

impl Slave {
    /// One that waits.
    pub const fn new(identity: Identity) -> Self {
        Self {
            identity,
            configuring: false,
            selected: 0,
            ranges: [0; 6],
            scanned: 0,
        }
    }

    /// Whether it has been chosen, and is configured.
    pub const fn is_configuring(&self) -> bool {
        self.configuring
    }

    /// Takes a request's data; its node id is what is asked for by code 94. What it answers, and what it does.
    pub fn handle(&mut self, data: &[u8], node: Option<NodeId>) -> (Option<[u8; 8]>, Option<Effect>) {
        let Ok(request) = <[u8; 8]>::try_from(data) else {
            return (None, None);
        };
        let [code, first, second, third, fourth, ..] = request;
        let number = u32::from_le_bytes([first, second, third, fourth]);
        let answer = |error: u8| Some([code, error, 0, 0, 0, 0, 0, 0]);
        match code {
            4 => {
                self.configuring = first == 1;
                self.selected = 0;
                (None, None)
            }
            64..=67 => (self.select(usize::from(code - 64), number), None),
            70..=75 => (self.narrow(usize::from(code - 70), number), None),
            76 if node.is_none() => (Some([80, 0, 0, 0, 0, 0, 0, 0]), None),
            81 => (self.scan(&request, node), None),
            _ if !self.configuring => (None, None),
            17 => match (first, NodeId::new(first)) {
                (0xFF, _) => (answer(0), Some(Effect::Node(None))),
                (_, Some(node)) => (answer(0), Some(Effect::Node(Some(node)))),
                _ => (answer(1), None),
            },
            19 if first == 0 && BIT_RATES.get(usize::from(second)).is_some_and(Option::is_some) => {
                (answer(0), Some(Effect::BitRate(second)))
            }
            19 => (answer(1), None),
            21 => (
                None,
                Some(Effect::ActivateBitRate(u16::from_le_bytes([first, second]))),
            ),
            23 => (answer(0), Some(Effect::Store)),
            90..=93 => {
                let [a, b, c, d] = self.identity[usize::from(code - 90)].to_le_bytes();
                (Some([code, a, b, c, d, 0, 0, 0]), None)
            }
            94 => (answer(node.map_or(0xFF, NodeId::number)), None),
            _ => (None, None),
        }
    }

    /// Chosen alone: all four numbers have come, in their order, and are its own.
    fn select(&mut self, place: usize, number: u32) -> Option<[u8; 8]> {
        if place != self.selected || self.identity[place] != number {
            self.selected = 0;
            return None;
        }
        self.selected += 1;
        if self.selected < self.identity.len() {
            return None;
        }
        (self.selected, self.configuring) = (0, true);
        Some([68, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Asked whether it is one of these: vendor, product, and ranges of revision and serial number.
    fn narrow(&mut self, place: usize, number: u32) -> Option<[u8; 8]> {
        self.ranges[place] = number;
        let [vendor, product, revision, serial] = self.identity;
        let [of, kind, lowest, highest, first, last] = self.ranges;
        let meant = (of, kind) == (vendor, product)
            && (lowest..=highest).contains(&revision)
            && (first..=last).contains(&serial);
        (place == 5 && meant).then_some([79, 0, 0, 0, 0, 0, 0, 0])
    }

    /// Fast scan: whether the uppermost bits of one of its numbers are these. Only a device without a node id takes part.
    fn scan(&mut self, request: &[u8; 8], node: Option<NodeId>) -> Option<[u8; 8]> {
        const YES: [u8; 8] = [79, 0, 0, 0, 0, 0, 0, 0];
        if node.is_some() {
            return None;
        }
        let [_, a, b, c, d, bit, place, next] = *request;
        if bit == 0x80 {
            self.scanned = 0;
            return Some(YES);
        }
        let (place, next) = (usize::from(place), usize::from(next));
        if bit > 31 || place != self.scanned || next >= self.identity.len() {
            return None;
        }
        let mine = *self.identity.get(place)?;
        if (mine ^ u32::from_le_bytes([a, b, c, d])) >> bit != 0 {
            return None;
        }
        self.scanned = next;
        if bit == 0 && next < place {
            self.configuring = true;
        }
        Some(YES)
    }
}
