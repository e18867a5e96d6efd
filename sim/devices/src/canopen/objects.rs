//! The values of a drive's dictionary, and what a master may do with them.
//!
//! **Invariant:** every value is within its object's range; a mapping that is in use names objects that are there, of at most 64 bits.

use servomesh_fieldbus::canopen::pdo::{CobId, Entry, Mapping, Transmission};
use servomesh_fieldbus::canopen::sdo::{Abort, Address, Dictionary};
use servomesh_fieldbus::cia402::Mode;

use super::drive;
use super::eds::data_sheet;
use super::homing::Method;
use super::object::{Access, Keep, Kind, Map, Object};
use super::table::{self, PDO_ENTRIES, PDOS};

/// The signature that a master writes to store parameters: "save".
const SAVE: i64 = 0x6576_6173;

/// The signature that a master writes to restore defaults: "load".
const LOAD: i64 = 0x6461_6F6C;

/// Bytes that the user data may have.
const MOST_USER_DATA: usize = 8192;

/// A drive's dictionary.
pub(crate) struct Objects {
    table: Vec<Object>,
    values: Vec<i64>,
    user_data: Vec<u8>,
    /// What the next reset begins with: defaults, or what was stored.
    kept: Vec<i64>,
    kept_user_data: Vec<u8>,
    data_sheet: String,
    node: i64,
    /// What has been written since the device looked last.
    written: Vec<Address>,
    /// Whether the motor is powered, so that nothing can be stored.
    pub(crate) powered: bool,
}

impl Objects {
    /// As the drive leaves the factory.
    pub(crate) fn new(serial_number: u32) -> Self {
        let mut table = table::objects();
        for object in &mut table {
            if object.address == Address::new(0x1018, 4) {
                object.default = i64::from(serial_number);
            }
        }
        let defaults: Vec<i64> = table.iter().map(|object| object.default).collect();
        Self {
            data_sheet: data_sheet(&table),
            table,
            values: defaults.clone(),
            kept: defaults,
            user_data: Vec::new(),
            kept_user_data: Vec::new(),
            node: 0,
            written: Vec::new(),
            powered: false,
        }
    }

    /// The value of an object of the table.
    pub(crate) fn get(&self, address: Address) -> i64 {
        self.values[self.place(address)]
    }

    /// The value of an object of the table, as a number to calculate with.
    pub(crate) fn float(&self, address: Address) -> f64 {
        self.get(address) as f64
    }

    /// Gives an object of the table a value, cut to what it may have.
    pub(crate) fn set(&mut self, address: Address, value: i64) {
        let place = self.place(address);
        let Object { low, high, .. } = self.table[place];
        self.values[place] = value.clamp(low, high);
    }

    /// Says how many errors are remembered, which a master can only set to 0.
    pub(crate) fn set_history_count(&mut self, count: i64) {
        let place = self.place(Address::new(0x1003, 0));
        self.values[place] = count;
    }

    /// Gives an object of the table a value, rounded and cut to what it may have.
    pub(crate) fn set_float(&mut self, address: Address, value: f64) {
        // `as` saturates.
        self.set(address, value.round() as i64);
    }

    /// The electronic data sheet.
    pub(crate) fn data_sheet(&self) -> &str {
        &self.data_sheet
    }

    /// What was written since this was asked last, in order.
    pub(crate) fn written(&mut self) -> Vec<Address> {
        std::mem::take(&mut self.written)
    }

    /// Begins anew: with what was stored, in the communication objects alone or in all.
    pub(crate) fn reset(&mut self, node: u8, communication_only: bool) {
        self.node = i64::from(node);
        for (place, object) in self.table.iter().enumerate() {
            if !communication_only || object.address.index < 0x2000 {
                let node = if object.plus_node { self.node } else { 0 };
                self.values[place] = self.kept[place] + node;
            }
        }
        if !communication_only {
            self.user_data.clone_from(&self.kept_user_data);
        }
        self.written.clear();
    }

    /// A PDO's identifier and transmission; the index is 1400h to 1403h or 1800h to 1803h.
    pub(crate) fn cob(&self, index: u16) -> Option<CobId> {
        CobId::decode(self.get(Address::new(index, 1)) as u32)
    }

    /// When a PDO goes out or is obeyed.
    pub(crate) fn transmission(&self, index: u16) -> Transmission {
        Transmission::of(self.get(Address::new(index, 2)) as u8).unwrap_or(Transmission::ProfileEvent)
    }

    /// What a PDO carries; the index is that of its communication parameters.
    pub(crate) fn mapping(&self, index: u16) -> Mapping {
        let index = index + 0x200;
        let count = self.get(Address::new(index, 0)) as u8;
        let entries = (1..=count).map(|sub| Entry::decode(self.get(Address::new(index, sub)) as u32));
        Mapping::of(entries).expect("what is written to a mapping is checked")
    }

    /// Takes a value out of a PDO; what an object can't have is let be.
    pub(crate) fn receive(&mut self, entry: Entry, bits: u64) {
        let place = self.place(entry.address);
        let value = self.table[place].kind.value(bits);
        if self.check(place, value).is_ok() {
            self.values[place] = value;
            self.written.push(entry.address);
        }
    }

    /// The bits of a value for a PDO.
    pub(crate) fn bits(&self, address: Address) -> u64 {
        self.get(address) as u64
    }

    fn find(&self, address: Address) -> Option<usize> {
        self.table
            .binary_search_by_key(&address, |object| object.address)
            .ok()
    }

    fn place(&self, address: Address) -> usize {
        self.find(address)
            .expect("the device names objects of its own table")
    }

    fn seek(&self, address: Address) -> Result<usize, Abort> {
        self.find(address).ok_or_else(|| {
            if self
                .table
                .iter()
                .any(|object| object.address.index == address.index)
            {
                Abort::NoSuchPart
            } else {
                Abort::NoSuchObject
            }
        })
    }

    /// Whether an object may have this value now.
    fn check(&self, place: usize, value: i64) -> Result<(), Abort> {
        let object = &self.table[place];
        let Address { index, sub } = object.address;
        match (index, sub) {
            (0x1010 | 0x1011, _) => {
                let signature = if index == 0x1010 { SAVE } else { LOAD };
                return match (value == signature, self.powered) {
                    (false, _) => Err(Abort::NotStored),
                    (true, true) => Err(Abort::DeviceState),
                    (true, false) => Ok(()),
                };
            }
            (0x1400..0x1404 | 0x1800..0x1804, 1) => self.check_cob(object.address, value)?,
            (0x1400..0x1404, 2) => match Transmission::of(value as u8) {
                None | Some(Transmission::SyncRemote | Transmission::Remote) => return Err(Abort::Value),
                Some(_) => {}
            },
            (0x1800..0x1804, 2) if Transmission::of(value as u8).is_none() => return Err(Abort::Value),
            (0x1600..0x1604 | 0x1A00..0x1A04, _) => self.check_mapping(object.address, value)?,
            (0x6060, _) if value != 0 => {
                let mode = i8::try_from(value).ok().and_then(Mode::of);
                if mode.is_none_or(|mode| drive::MODES & mode.bit() == 0) {
                    return Err(Abort::Value);
                }
            }
            (0x6098, _) if Method::of(value).is_none() => return Err(Abort::Value),
            (0x607D, 1) if value > self.get(table::HIGHEST_POSITION) => {
                return Err(Abort::MaximumBelowMinimum);
            }
            (0x607D, 2) if value < self.get(table::LOWEST_POSITION) => {
                return Err(Abort::MaximumBelowMinimum);
            }
            _ => {}
        }
        match value {
            _ if value > object.high => Err(Abort::TooHigh),
            _ if value < object.low => Err(Abort::TooLow),
            _ => Ok(()),
        }
    }

    /// The identifier of a PDO that is in use can't be another; the drive's own are 11 bits.
    fn check_cob(&self, address: Address, value: i64) -> Result<(), Abort> {
        let new = CobId::decode(value as u32).ok_or(Abort::Value)?;
        let changed = self
            .cob(address.index)
            .is_some_and(|now| now.valid && new.valid && now.id != new.id);
        if changed || new.id.is_extended() {
            return Err(Abort::Value);
        }
        Ok(())
    }

    /// A mapping is changed while its PDO is not in use: count to 0, objects, count.
    fn check_mapping(&self, address: Address, value: i64) -> Result<(), Abort> {
        let Address { index, sub } = address;
        if self.cob(index - 0x200).is_some_and(|cob| cob.valid) {
            return Err(Abort::Access);
        }
        let part = |sub| self.get(Address::new(index, sub));
        if sub > 0 {
            return match (part(0), value) {
                (0, 0) => Ok(()),
                (0, _) => self.check_entry(index, value),
                _ => Err(Abort::Access),
            };
        }
        let count = u8::try_from(value).map_err(|_| Abort::Value)?;
        if count > PDO_ENTRIES {
            return Err(Abort::PdoLength);
        }
        for sub in 1..=count {
            self.check_entry(index, part(sub))?;
        }
        let entries = (1..=count).map(|sub| Entry::decode(part(sub) as u32));
        Mapping::of(entries).map(|_| ()).map_err(|_| Abort::PdoLength)
    }

    fn check_entry(&self, index: u16, content: i64) -> Result<(), Abort> {
        let entry = Entry::decode(content as u32);
        let object = &self.table[self.seek(entry.address)?];
        let fits = match object.map {
            Map::None => false,
            Map::Transmit => index >= 0x1A00,
            Map::Both => true,
        };
        if !fits || object.kind.size() != Some(usize::from(entry.bits) / 8) || !entry.bits.is_multiple_of(8) {
            return Err(Abort::NotMappable);
        }
        Ok(())
    }

    /// Stores or restores, as sub-index 1 (all), 2 (communication) or 3 (application) says.
    fn keep(&mut self, address: Address) {
        let class = |keep| match address.sub {
            1 => keep != Keep::No,
            2 => keep == Keep::Communication,
            _ => keep == Keep::Application,
        };
        for (place, object) in self.table.iter().enumerate() {
            if !class(object.keep) {
                continue;
            }
            let node = if object.plus_node { self.node } else { 0 };
            self.kept[place] = if address.index == 0x1010 {
                self.values[place] - node
            } else {
                object.default
            };
        }
        if address.sub != 2 {
            self.kept_user_data = if address.index == 0x1010 {
                self.user_data.clone()
            } else {
                Vec::new()
            };
        }
    }
}

impl Dictionary for Objects {
    fn accepts(&self, address: Address) -> Result<Option<usize>, Abort> {
        let object = &self.table[self.seek(address)?];
        match object.access {
            Access::ReadWrite => Ok(object.kind.size()),
            Access::Constant | Access::ReadOnly => Err(Abort::ReadOnly),
        }
    }

    fn read(&mut self, address: Address, into: &mut [u8]) -> Result<usize, Abort> {
        let place = self.seek(address)?;
        let number = self.values[place].to_le_bytes();
        let data = match self.table[place].kind {
            Kind::Text(text) => text.as_bytes(),
            Kind::DataSheet => self.data_sheet.as_bytes(),
            Kind::Bytes => &self.user_data,
            kind => &number[..kind.size().expect("a number has one")],
        };
        into.get_mut(..data.len())
            .ok_or(Abort::Memory)?
            .copy_from_slice(data);
        Ok(data.len())
    }

    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), Abort> {
        let place = self.seek(address)?;
        if self.table[place].kind == Kind::Bytes {
            if data.len() > MOST_USER_DATA {
                return Err(Abort::Memory);
            }
            self.user_data = data.to_vec();
            return Ok(());
        }
        let mut bytes = [0; 8];
        bytes
            .get_mut(..data.len())
            .ok_or(Abort::TooLong)?
            .copy_from_slice(data);
        let value = self.table[place].kind.value(u64::from_le_bytes(bytes));
        self.check(place, value)?;
        if matches!(address.index, 0x1010 | 0x1011) {
            self.keep(address);
        } else {
            self.values[place] = value;
            self.written.push(address);
        }
        Ok(())
    }
}

/// The indices of the communication parameters of all PDOs that begin at this one.
pub(crate) fn pdos(first: u16) -> impl Iterator<Item = u16> {
    first..first + PDOS
}
