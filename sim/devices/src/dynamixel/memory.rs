//! The control table as it stands in a device: EEPROM, RAM, and the copy that a backup makes.
//!
//! **Invariant:** every byte of the EEPROM survives a boot; every byte of the RAM begins anew, but for what a backup restores.

use servomesh_fieldbus::dynamixel::table::bits::startup;
use servomesh_fieldbus::dynamixel::{Access, Field, Memory, Model, Place, ResetScope};

/// A device's control table.
#[derive(Clone, Debug)]
pub(super) struct ControlTable {
    pub(super) model: &'static Model,
    bytes: Vec<u8>,
    backup: Option<Vec<u8>>,
}

impl ControlTable {
    /// As it comes from the factory.
    pub(super) fn new(model: &'static Model) -> Self {
        let mut table = Self {
            model,
            bytes: fresh(model),
            backup: None,
        };
        table.boot();
        table
    }

    /// The number in a register; 0 if the model does not have it.
    pub(super) fn get(&self, field: Field) -> i32 {
        match self.model.register(field) {
            Some(_) => field.get(&self.bytes).unwrap_or(0),
            None => 0,
        }
    }

    /// Puts a number into a register, whatever its range; nothing if the model does not have it.
    pub(super) fn set(&mut self, field: Field, value: i32) {
        if self.model.register(field).is_some() {
            field.put(&mut self.bytes, value);
        }
    }

    /// Bits of a register of one byte.
    pub(super) fn has(&self, field: Field, bits: u8) -> bool {
        self.get(field) & i32::from(bits) != 0
    }

    /// A register's number in the unit of its scale; 0 if the model does not have it.
    pub(super) fn si(&self, field: Field) -> f64 {
        match self.model.register(field) {
            Some(register) => register.to_si(self.get(field)),
            None => 0.0,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn byte_mut(&mut self, address: u16) -> Option<&mut u8> {
        self.bytes.get_mut(usize::from(address))
    }

    /// Begins the RAM anew.
    pub(super) fn boot(&mut self) {
        let fresh = fresh(self.model);
        let ram = ram_begin(self.model);
        self.bytes[ram..].copy_from_slice(&fresh[ram..]);
        if self.has(Field::StartupConfiguration, startup::RESTORE_RAM)
            && let Some(backup) = self.backup.take()
        {
            self.restore_ram(&backup);
            self.backup = Some(backup);
        }
        self.set(Field::BackupReady, i32::from(self.backup.is_some()));
    }

    /// Puts everything back to what it was when new, but for what the scope spares.
    pub(super) fn factory_reset(&mut self, scope: ResetScope) {
        let (id, baud) = (self.get(Field::Id), self.get(Field::BaudRate));
        self.bytes = fresh(self.model);
        if scope != ResetScope::All {
            self.set(Field::Id, id);
        }
        if scope == ResetScope::AllButIdAndBaudRate {
            self.set(Field::BaudRate, baud);
        }
        self.boot();
    }

    /// Keeps a copy of everything.
    pub(super) fn store(&mut self) {
        self.backup = Some(self.bytes.clone());
        self.set(Field::BackupReady, 1);
    }

    /// Puts the EEPROM back to the copy; `false` if there is none.
    pub(super) fn restore(&mut self) -> bool {
        let Some(backup) = &self.backup else {
            return false;
        };
        let eeprom = ram_begin(self.model);
        self.bytes[..eeprom].copy_from_slice(&backup[..eeprom]);
        true
    }

    /// Settings come back from the copy; goals, the torque and the watchdog do not.
    fn restore_ram(&mut self, backup: &[u8]) {
        const KEPT: [Field; 6] = [
            Field::TorqueEnable,
            Field::BusWatchdog,
            Field::GoalPwm,
            Field::GoalCurrent,
            Field::GoalVelocity,
            Field::GoalPosition,
        ];
        let model = self.model;
        let bytes = self.bytes.iter_mut().zip(backup);
        for (address, (byte, kept)) in (0..).zip(bytes).skip(ram_begin(model)) {
            let comes_back = match model.at(address) {
                Some(Place::Register(register)) => {
                    register.access == Access::ReadWrite && !KEPT.contains(&register.field)
                }
                Some(_) => true,
                None => false,
            };
            if comes_back {
                *byte = *kept;
            }
        }
    }
}

fn fresh(model: &Model) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(model.size())];
    model
        .reset(&mut bytes)
        .expect("the memory is as long as the model's table");
    bytes
}

/// Where the RAM begins.
fn ram_begin(model: &Model) -> usize {
    let first = model
        .registers
        .iter()
        .find(|register| register.memory == Memory::Ram);
    first.map_or(usize::from(model.size()), |register| {
        usize::from(register.address)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> ControlTable {
        ControlTable::new(Model::named("XM430-W350").unwrap())
    }

    #[test]
    fn a_boot_keeps_the_eeprom_and_begins_the_ram_anew() {
        let mut table = table();
        table.set(Field::Id, 7);
        table.set(Field::PositionPGain, 123);
        table.boot();
        assert_eq!((table.get(Field::Id), table.get(Field::PositionPGain)), (7, 800));
    }

    #[test]
    fn a_reset_spares_what_its_scope_says() {
        for (scope, id, baud) in [
            (ResetScope::All, 1, 1),
            (ResetScope::AllButId, 7, 1),
            (ResetScope::AllButIdAndBaudRate, 7, 3),
        ] {
            let mut table = table();
            table.set(Field::Id, 7);
            table.set(Field::BaudRate, 3);
            table.set(Field::ReturnDelayTime, 0);
            table.factory_reset(scope);
            assert_eq!((table.get(Field::Id), table.get(Field::BaudRate)), (id, baud));
            assert_eq!(table.get(Field::ReturnDelayTime), 250);
        }
    }

    #[test]
    fn a_backup_brings_back_the_eeprom_and_at_the_start_settings_of_the_ram() {
        let mut table = table();
        assert!(!table.restore());
        table.set(Field::StartupConfiguration, i32::from(startup::RESTORE_RAM));
        table.set(Field::PositionPGain, 555);
        table.set(Field::GoalPosition, 99);
        table.store();
        assert_eq!(table.get(Field::BackupReady), 1);
        table.set(Field::VelocityLimit, 3);
        assert!(table.restore());
        assert_eq!(table.get(Field::VelocityLimit), 200);
        table.boot();
        assert_eq!(table.get(Field::PositionPGain), 555);
        assert_eq!(table.get(Field::GoalPosition), 0);
        assert_eq!(table.get(Field::BackupReady), 1);
    }
}
