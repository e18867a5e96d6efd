//! Registers that stand for bytes of others: what is written to or read of the n-th indirect data byte is the byte whose address the n-th
//! indirect address holds. With them, one read gets registers that are far from each other.
//!
//! The X430 and X540 have two areas of 28. The X330 have one: of 20 with the data from 208 on up to firmware 52 (as the manual prints it),
//! of 28 with the data from 224 on since then (ROBOTIS' model files `xl330_m288_fw52.model` and `xl330_m288.model`).

/// The first address that an indirect address takes: registers of the EEPROM can't be reached.
pub const FIRST_TARGET: u16 = 64;

/// An area of indirect addresses and their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Indirect {
    /// Where the indirect addresses begin, two bytes each.
    pub addresses: u16,
    /// Where their data begin, one byte each.
    pub data: u16,
    /// How many there are.
    pub count: u16,
}

impl Indirect {
    pub(in crate::dynamixel) const X430: &'static [Self] = &[
        Self {
            addresses: 168,
            data: 224,
            count: 28,
        },
        Self {
            addresses: 578,
            data: 634,
            count: 28,
        },
    ];
    pub(in crate::dynamixel) const X330: &'static [Self] = &[Self {
        addresses: 168,
        data: 224,
        count: 28,
    }];
    pub(in crate::dynamixel) const X330_TO_FIRMWARE_52: &'static [Self] = &[Self {
        addresses: 168,
        data: 208,
        count: 20,
    }];

    /// The place of the n-th indirect address and its data byte, from 0.
    #[must_use]
    pub fn pair(&self, index: u16) -> Option<(u16, u16)> {
        (index < self.count).then(|| (self.addresses + 2 * index, self.data + index))
    }

    /// The address after its last data byte.
    #[must_use]
    pub const fn end(&self) -> u16 {
        self.data + self.count
    }

    /// Which indirect address this address is a byte of.
    pub(crate) fn index_of_address(&self, address: u16) -> Option<u16> {
        let index = address.checked_sub(self.addresses)? / 2;
        (index < self.count).then_some(index)
    }

    /// Which data byte stands at this address.
    pub(crate) fn index_of_data(&self, address: u16) -> Option<u16> {
        let index = address.checked_sub(self.data)?;
        (index < self.count).then_some(index)
    }
}
