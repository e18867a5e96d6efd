//! What a master may read and write, and with which error number it is refused.
//!
//! As the manual names them: Access for what is read-only, locked (EEPROM while the torque is on) or not there; Data Length for a part of a
//! register; Data Range for a value that the register does not take; Data Limit for one beyond a limit in another register. A read that begins at
//! a register and runs over places without one gives 0 for those, as masters that read whole areas count on.
//!
//! **Invariant:** a write is done as a whole or not at all.

use servomesh_fieldbus::dynamixel::table::bits::drive_mode;
use servomesh_fieldbus::dynamixel::table::indirect::FIRST_TARGET;
use servomesh_fieldbus::dynamixel::{Access, ErrorNumber, Field, Memory, Mode, Place, Register};

use super::memory::ControlTable;

/// What a write does, piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// A register gets a number.
    Register(Field, i32),
    /// A byte that is no register's gets a value: of an indirect address, or of indirect data that stand for themselves.
    Byte(u16, u8),
}

impl ControlTable {
    /// Bytes from an address on.
    pub(super) fn read(&self, address: u16, length: u16) -> Result<Vec<u8>, ErrorNumber> {
        if length == 0 {
            return Err(ErrorNumber::DataLength);
        }
        let end = address.checked_add(length).ok_or(ErrorNumber::Access)?;
        if end > self.model.size() || self.model.at(address).is_none() {
            return Err(ErrorNumber::Access);
        }
        let byte = |address| self.bytes()[usize::from(self.target(address))];
        Ok((address..end).map(byte).collect())
    }

    /// What a write of these bytes would do. The EEPROM is not for everyone, and never while the torque is on.
    pub(super) fn check(&self, address: u16, data: &[u8], eeprom: bool) -> Result<Vec<Change>, ErrorNumber> {
        if data.is_empty() {
            return Err(ErrorNumber::DataLength);
        }
        let count = u16::try_from(data.len()).map_err(|_| ErrorNumber::DataLength)?;
        let end = address.checked_add(count).ok_or(ErrorNumber::Access)?;
        let targets: Vec<u16> = (address..end).map(|address| self.target(address)).collect();
        let mut changes = Vec::new();
        let mut from = 0;
        while let Some(&target) = targets.get(from) {
            let size = match self.model.at(target).ok_or(ErrorNumber::Access)? {
                Place::Register(register) => {
                    let size = usize::from(register.kind.size());
                    if register.address != target {
                        return Err(ErrorNumber::Access);
                    }
                    let whole = targets[from..].iter().copied().take(size);
                    if !whole.eq(register.address..register.end()) {
                        return Err(ErrorNumber::DataLength);
                    }
                    let value = register
                        .get(&data[from..from + size])
                        .map_err(|_| ErrorNumber::DataLength)?;
                    self.check_register(register, value, eeprom)?;
                    changes.push(Change::Register(register.field, value));
                    size
                }
                Place::IndirectAddress(area, index) => {
                    let first = area.addresses + 2 * index;
                    let (Some(low), Some(high)) = (data.get(from), data.get(from + 1)) else {
                        return Err(ErrorNumber::DataLength);
                    };
                    if target != first {
                        return Err(ErrorNumber::Access);
                    }
                    let points_to = u16::from_le_bytes([*low, *high]);
                    if !(FIRST_TARGET..self.model.size()).contains(&points_to) {
                        return Err(ErrorNumber::DataRange);
                    }
                    changes.extend([Change::Byte(first, *low), Change::Byte(first + 1, *high)]);
                    2
                }
                Place::IndirectData(..) => {
                    changes.push(Change::Byte(target, data[from]));
                    1
                }
            };
            from += size;
        }
        Ok(changes)
    }

    /// Which byte is meant by an address: for indirect data, the one whose address the indirect address holds.
    fn target(&self, address: u16) -> u16 {
        let Some(Place::IndirectData(area, index)) = self.model.at(address) else {
            return address;
        };
        let from = usize::from(area.addresses + 2 * index);
        match self.bytes().get(from..from + 2) {
            Some(&[low, high]) => u16::from_le_bytes([low, high]),
            _ => address,
        }
    }

    fn check_register(&self, register: &Register, value: i32, eeprom: bool) -> Result<(), ErrorNumber> {
        let locked = register.memory == Memory::Eeprom && (!eeprom || self.get(Field::TorqueEnable) != 0);
        if register.access == Access::Read || locked {
            return Err(ErrorNumber::Access);
        }
        let tripped = self.get(Field::BusWatchdog) == TRIPPED && GOALS.contains(&register.field);
        if tripped || !register.takes(value) || !self.knows(register, value) {
            return Err(ErrorNumber::DataRange);
        }
        let within = |limit| value.abs() <= self.get(limit);
        let allowed = match register.field {
            Field::GoalPwm => within(Field::PwmLimit),
            Field::GoalCurrent => within(Field::CurrentLimit),
            Field::GoalVelocity => within(Field::VelocityLimit),
            Field::GoalPosition if self.mode() == Mode::Position => {
                (self.get(Field::MinPositionLimit)..=self.get(Field::MaxPositionLimit)).contains(&value)
            }
            _ => true,
        };
        if allowed {
            Ok(())
        } else {
            Err(ErrorNumber::DataLimit)
        }
    }

    /// Whether a value within the range has a meaning.
    fn knows(&self, register: &Register, value: i32) -> bool {
        match register.field {
            Field::OperatingMode => self
                .model
                .modes
                .iter()
                .any(|mode| i32::from(mode.number()) == value),
            Field::DriveMode => register.max > 13 || value & i32::from(drive_mode::SLAVE) == 0,
            Field::ProtocolType => matches!(value, 1 | 2 | 20..=22),
            _ => true,
        }
    }

    /// What is controlled.
    pub(super) fn mode(&self) -> Mode {
        u8::try_from(self.get(Field::OperatingMode))
            .ok()
            .and_then(Mode::of)
            .unwrap_or(Mode::Position)
    }
}

/// What Bus Watchdog holds after it has tripped.
pub(super) const TRIPPED: i32 = -1;

/// What can't be written after the watchdog has tripped, and turns the torque on where Drive Mode says so.
pub(super) const GOALS: [Field; 4] = [
    Field::GoalPwm,
    Field::GoalCurrent,
    Field::GoalVelocity,
    Field::GoalPosition,
];

#[cfg(test)]
mod tests {
    use servomesh_fieldbus::dynamixel::Model;

    use super::*;

    fn table() -> ControlTable {
        ControlTable::new(Model::named("XM430-W350").unwrap())
    }

    fn write(table: &mut ControlTable, address: u16, data: &[u8]) -> Result<(), ErrorNumber> {
        for change in table.check(address, data, true)? {
            match change {
                Change::Register(field, value) => table.set(field, value),
                Change::Byte(address, value) => *table.byte_mut(address).unwrap() = value,
            }
        }
        Ok(())
    }

    #[test]
    fn each_refusal_has_the_number_that_the_manual_gives_it() {
        let mut table = table();
        for (address, data, expected) in [
            (0, &[1, 2][..], Err(ErrorNumber::Access)),   // read-only
            (14, &[1], Err(ErrorNumber::Access)),         // nothing there
            (117, &[1], Err(ErrorNumber::Access)),        // inside of a register
            (116, &[1, 2], Err(ErrorNumber::DataLength)), // half of it
            (116, &[], Err(ErrorNumber::DataLength)),
            (7, &[253], Err(ErrorNumber::DataRange)),
            (11, &[2], Err(ErrorNumber::DataRange)), // no such mode
            (10, &[2], Err(ErrorNumber::DataRange)), // slave: X540 only
            (116, &[0, 0x10, 0, 0], Err(ErrorNumber::DataLimit)), // 4096 in position mode
            (102, &[0xAA, 0x04], Err(ErrorNumber::DataRange)), // 1194 above what the register takes
            (104, &[201, 0, 0, 0], Err(ErrorNumber::DataLimit)), // above Velocity Limit
            (65535, &[0, 0], Err(ErrorNumber::Access)),
            (116, &[0, 0x08, 0, 0], Ok(())),
            (112, &[50, 0, 0, 0, 0, 0x04, 0, 0], Ok(())), // two registers at once
        ] {
            assert_eq!(write(&mut table, address, data), expected, "{address} {data:?}");
        }
        assert_eq!(table.get(Field::ProfileVelocity), 50);
        assert_eq!(table.get(Field::GoalPosition), 1024);
    }

    #[test]
    fn the_eeprom_is_locked_while_the_torque_is_on_and_for_the_secondary_id() {
        let mut table = table();
        table.set(Field::TorqueEnable, 1);
        assert_eq!(write(&mut table, 9, &[0]), Err(ErrorNumber::Access));
        table.set(Field::TorqueEnable, 0);
        assert_eq!(table.check(9, &[0], false), Err(ErrorNumber::Access));
        assert_eq!(write(&mut table, 9, &[0]), Ok(()));
    }

    #[test]
    fn a_wrong_part_of_a_write_leaves_the_whole_undone() {
        let mut table = table();
        let both = [50, 0, 0, 0, 0, 0x10, 0, 0];
        assert_eq!(write(&mut table, 112, &both), Err(ErrorNumber::DataLimit));
        assert_eq!(table.get(Field::ProfileVelocity), 0);
    }

    #[test]
    fn indirect_data_are_the_bytes_that_their_addresses_point_to() {
        let mut table = table();
        for (index, target) in [116_u16, 117, 118, 119, 65].into_iter().enumerate() {
            let address = 168 + 2 * index as u16;
            assert_eq!(write(&mut table, address, &target.to_le_bytes()), Ok(()));
        }
        assert_eq!(write(&mut table, 224, &[0, 4, 0, 0, 1]), Ok(()));
        assert_eq!((table.get(Field::GoalPosition), table.get(Field::Led)), (1024, 1));
        assert_eq!(table.read(224, 5), Ok(vec![0, 4, 0, 0, 1]));
        assert_eq!(write(&mut table, 224, &[0, 4]), Err(ErrorNumber::DataLength));
        assert_eq!(write(&mut table, 168, &[63, 0]), Err(ErrorNumber::DataRange));
        // Those that point to themselves are bytes of their own; the second area too.
        assert_eq!(write(&mut table, 634, &[9, 8]), Ok(()));
        assert_eq!(table.read(634, 2), Ok(vec![9, 8]));
    }

    #[test]
    fn reads_run_over_gaps_but_not_over_the_end() {
        let table = table();
        assert_eq!(table.read(0, 2), Ok(vec![0xFC, 0x03]));
        assert_eq!(table.read(64, 84).map(|bytes| bytes.len()), Ok(84));
        assert_eq!(table.read(14, 1), Err(ErrorNumber::Access));
        assert_eq!(table.read(660, 3), Err(ErrorNumber::Access));
        assert_eq!(table.read(65530, 10), Err(ErrorNumber::Access));
        assert_eq!(table.read(64, 0), Err(ErrorNumber::DataLength));
    }
}
