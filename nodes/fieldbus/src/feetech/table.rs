//! What a register is, and what a model's registers are together.
//!
//! Values are counts as they stand on the wire, signs taken out; [`Scale`] says what a count is in SI units.
//!
//! **Invariant:** what [`Register::put`] writes is within the register's range, and [`Register::get`] reads it back as it was.

use super::Error;
use super::number::{ByteOrder, SignBit};
pub use crate::scale::Scale;

/// What a master may do with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It can be read.
    Read,
    /// It can be read and written.
    ReadWrite,
}

/// Where a register lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Kept without power; writes need the lock register to be 0.
    Eprom,
    /// Begins anew at each start.
    Sram,
    /// Set at the factory, kept without power, not meant to be written.
    Factory,
}

/// One register of a servo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Register {
    /// What it is called.
    pub name: &'static str,
    /// Where it begins.
    pub address: u8,
    /// Its size, 1 or 2 \[bytes\].
    pub size: u8,
    /// What a master may do with it.
    pub access: Access,
    /// Where it lives.
    pub memory: Memory,
    /// What it holds when it comes from the factory, or after the start \[counts\].
    pub reset: i32,
    /// The lowest value it takes \[counts\].
    pub min: i32,
    /// The highest value it takes \[counts\].
    pub max: i32,
    /// What a count is.
    pub scale: Scale,
    /// Where its sign stands, if it has one.
    pub sign: Option<SignBit>,
}

impl Register {
    /// Its value \[counts\] in its bytes. Whatever they hold is a value: a servo's word is not judged here.
    ///
    /// # Errors
    /// [`Error::Size`]: these are not as many bytes as it has.
    pub fn get(&self, order: ByteOrder, bytes: &[u8]) -> Result<i32, Error> {
        let content = match (self.size, bytes) {
            (1, &[byte]) => u16::from(byte),
            (2, &[first, second]) => order.get([first, second]),
            _ => return Err(self.wrong_size(bytes.len())),
        };
        Ok(self.sign.map_or(i32::from(content), |sign| sign.decode(content)))
    }

    /// Writes a value \[counts\] into its bytes.
    ///
    /// # Errors
    /// [`Error::Range`]: it does not take this value; [`Error::Size`]: these are not as many bytes as it has.
    pub fn put(&self, order: ByteOrder, value: i32, bytes: &mut [u8]) -> Result<(), Error> {
        let content = match self.sign {
            _ if !self.takes(value) => None,
            Some(sign) => sign.encode(value),
            None => u16::try_from(value).ok(),
        };
        let content = content.ok_or(Error::Range {
            register: self.name,
            value,
            min: self.min,
            max: self.max,
        })?;
        match (self.size, bytes) {
            (1, [byte]) => *byte = content.to_le_bytes()[0],
            (2, bytes @ [_, _]) => bytes.copy_from_slice(&order.put(content)),
            (_, bytes) => return Err(self.wrong_size(bytes.len())),
        }
        Ok(())
    }

    /// Whether a value \[counts\] is in its range.
    pub const fn takes(&self, value: i32) -> bool {
        self.min <= value && value <= self.max
    }

    /// Counts in the unit of its scale.
    pub fn to_si(&self, counts: i32) -> f64 {
        self.scale.to_si(counts)
    }

    /// The nearest counts to a quantity in the unit of its scale; `None` where that is no value it takes.
    pub fn from_si(&self, quantity: f64) -> Option<i32> {
        self.scale.from_si(quantity, self.min, self.max)
    }

    /// The address after its last byte.
    pub const fn end(&self) -> usize {
        self.address as usize + self.size as usize
    }

    const fn wrong_size(&self, bytes: usize) -> Error {
        Error::Size {
            register: self.name,
            size: self.size,
            bytes,
        }
    }
}

/// A servo's model: what it says it is, and its registers.
#[derive(Debug)]
pub struct Model {
    /// What it is called.
    pub name: &'static str,
    /// What its register 3 reads.
    pub number: u16,
    /// Which byte of its registers comes first.
    pub order: ByteOrder,
    /// Counts of a whole turn of its position.
    pub counts_per_turn: f64,
    /// Whether it knows sync reads and answers broadcast pings in turn.
    pub sync_read: bool,
    /// The register that lets EPROM be written while it is 0.
    pub lock: &'static Register,
    /// All registers, by address.
    pub registers: &'static [Register],
}

impl Model {
    /// The model of a number.
    pub fn of(number: u16) -> Option<&'static Self> {
        super::MODELS.into_iter().find(|model| model.number == number)
    }

    /// The register that this address belongs to.
    pub fn at(&self, address: u8) -> Option<&'static Register> {
        let place = self
            .registers
            .partition_point(|register| register.end() <= usize::from(address));
        self.registers
            .get(place)
            .filter(|register| register.address <= address)
    }

    /// How many bytes from address 0 on its registers take.
    pub fn size(&self) -> usize {
        self.registers.last().map_or(0, Register::end)
    }

    /// Fills a memory with what all registers hold at the start; bytes that belong to none become 0.
    ///
    /// # Errors
    /// [`Error::Room`]: the memory is shorter than [`Model::size`].
    pub fn reset(&self, memory: &mut [u8]) -> Result<(), Error> {
        memory.fill(0);
        let room = memory.len();
        for register in self.registers {
            let needed = register.end();
            let bytes = memory
                .get_mut(usize::from(register.address)..needed)
                .ok_or(Error::Room { needed, room })?;
            register.put(self.order, register.reset, bytes)?;
        }
        Ok(())
    }
}

/// Names each register by a constant and lists them all in `REGISTERS`.
macro_rules! registers {
    ($($id:ident $name:literal $address:literal $size:literal $access:ident $memory:ident
        $reset:literal $min:literal..=$max:literal $scale:path $(, sign $sign:path)?;)*) => {
        $(
            #[doc = concat!("Register ", stringify!($address), ": ", $name, ".")]
            pub const $id: Register = Register {
                name: $name,
                address: $address,
                size: $size,
                access: Access::$access,
                memory: Memory::$memory,
                reset: $reset,
                min: $min,
                max: $max,
                scale: $scale,
                sign: registers!(@sign $($sign)?),
            };
        )*

        /// All registers, by address.
        pub const REGISTERS: &[Register] = &[$($id),*];
    };
    (@sign) => { None };
    (@sign $sign:path) => { Some($sign) };
}
pub(super) use registers;

/// Baud rates by the content of register 6, as the vendor's SDK and manuals have them.
pub const BAUD_RATES: [u32; 8] = [
    1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400,
];
