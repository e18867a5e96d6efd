//! The registers of a servo: which writes they take, and what is kept without power.
//!
//! A write goes register by register. One that can't be written, and one whose range the new value is outside of, stays as it was; the servo
//! answers as if nothing were wrong. While the lock is 1, new values of EPROM registers work but are gone after the next start.
//!
//! **Invariant:** what a register holds is in its range.

use servomesh_fieldbus::feetech::table::{Access, Memory as Kind, Model, Register};

use super::series::Series;

/// The memory of a servo.
#[derive(Clone, Debug)]
pub struct Memory {
    model: &'static Model,
    now: Vec<u8>,
    /// EPROM and factory values that the next start begins with.
    kept: Vec<u8>,
    /// What Recovery restores.
    backup: Option<Vec<u8>>,
}

impl Memory {
    /// A memory as it comes from the factory.
    pub fn new(model: &'static Model) -> Self {
        let mut now = vec![0; model.size()];
        model.reset(&mut now).expect("the memory has the model's size");
        let kept = now.clone();
        Self {
            model,
            now,
            kept,
            backup: None,
        }
    }

    /// Its model.
    pub fn model(&self) -> &'static Model {
        self.model
    }

    /// What its series does in its own way.
    pub fn series(&self) -> &'static Series {
        Series::of(self.model)
    }

    /// What a register holds \[counts\]; 0 where its model has none there.
    pub fn get(&self, register: &Register) -> i32 {
        if self.model.at(register.address).is_none() {
            return 0;
        }
        let bytes = &self.now[usize::from(register.address)..register.end()];
        register
            .get(self.model.order, bytes)
            .expect("the bytes are those of the register")
    }

    /// What a register holds in the unit of its scale.
    pub fn si(&self, register: &Register) -> f64 {
        register.to_si(self.get(register))
    }

    /// Sets a register as the servo itself does, held within its range, if its model has it.
    pub fn set(&mut self, register: &Register, counts: i32) {
        if self.model.at(register.address).is_none() {
            return;
        }
        let bytes = &mut self.now[usize::from(register.address)..register.end()];
        let counts = counts.clamp(register.min, register.max);
        register
            .put(self.model.order, counts, bytes)
            .expect("it takes what is in its range");
    }

    /// Sets a register for good, as a tool at the factory does; the value must be in its range.
    pub fn keep(&mut self, register: &Register, counts: i32) {
        self.set(register, counts);
        let span = usize::from(register.address)..register.end();
        self.kept[span.clone()].copy_from_slice(&self.now[span]);
    }

    /// Bytes from an address on; beyond the last register they are 0.
    pub fn read(&self, address: u8, length: u8) -> Vec<u8> {
        let from = usize::from(address);
        let byte = |place| self.now.get(place).copied().unwrap_or(0);
        (from..from + usize::from(length)).map(byte).collect()
    }

    /// Writes bytes from an address on, and says which registers took a new content, even if it is what they held.
    pub fn write(&mut self, address: u8, data: &[u8]) -> Vec<&'static Register> {
        let from = usize::from(address);
        let to = from + data.len();
        let touched = |register: &&Register| usize::from(register.address) < to && from < register.end();
        let locked = self.get(self.model.lock) != 0;
        let mut taken = Vec::new();
        for register in self.model.registers.iter().filter(touched) {
            let span = usize::from(register.address)..register.end();
            let mut bytes = self.now[span.clone()].to_vec();
            for (place, byte) in span.clone().zip(&mut bytes) {
                if let Some(new) = place.checked_sub(from).and_then(|index| data.get(index)) {
                    *byte = *new;
                }
            }
            let value = register.get(self.model.order, &bytes);
            if register.access != Access::ReadWrite || !value.is_ok_and(|value| register.takes(value)) {
                continue;
            }
            self.now[span.clone()].copy_from_slice(&bytes);
            if register.memory != Kind::Sram && !locked {
                self.kept[span].copy_from_slice(&bytes);
            }
            taken.push(register);
        }
        taken
    }

    /// Begins anew with what is kept without power.
    pub fn restart(&mut self) {
        let mut fresh = vec![0; self.model.size()];
        self.model
            .reset(&mut fresh)
            .expect("the memory has the model's size");
        for register in self.model.registers {
            if register.memory != Kind::Sram {
                let span = usize::from(register.address)..register.end();
                fresh[span.clone()].copy_from_slice(&self.kept[span]);
            }
        }
        self.now = fresh;
    }

    /// Keeps what EPROM holds now for [`recover`](Self::recover).
    pub fn back_up(&mut self) {
        self.backup = Some(self.kept.clone());
    }

    /// Restores EPROM from the backup, or from the factory's values, but for `stays`.
    pub fn recover(&mut self, stays: &[&Register]) {
        let mut restored = self.backup.clone().unwrap_or_else(|| {
            let mut factory = vec![0; self.model.size()];
            self.model
                .reset(&mut factory)
                .expect("the memory has the model's size");
            factory
        });
        for register in stays {
            let span = usize::from(register.address)..register.end();
            restored[span.clone()].copy_from_slice(&self.now[span]);
        }
        for register in self.model.registers {
            if register.memory != Kind::Sram {
                let span = usize::from(register.address)..register.end();
                self.now[span.clone()].copy_from_slice(&restored[span.clone()]);
            }
        }
        self.kept = restored;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_fieldbus::feetech::sts3215::{
        GOAL_POSITION, GOAL_SPEED, ID, LOCK, MAX_TEMPERATURE, MODEL, MODEL_NUMBER, PRESENT_POSITION,
        RETURN_DELAY,
    };

    #[test]
    fn a_locked_eprom_forgets_what_was_written() {
        let mut memory = Memory::new(&MODEL);
        memory.write(RETURN_DELAY.address, &[50]);
        assert_eq!(memory.get(&RETURN_DELAY), 50);
        memory.restart();
        assert_eq!(memory.get(&RETURN_DELAY), 0);
        memory.write(LOCK.address, &[0]);
        memory.write(RETURN_DELAY.address, &[50]);
        memory.restart();
        assert_eq!(memory.get(&RETURN_DELAY), 50);
        assert_eq!(memory.get(&LOCK), 1, "it begins locked");
    }

    #[test]
    fn registers_take_what_they_can_and_the_others_stay() {
        let mut memory = Memory::new(&MODEL);
        assert!(memory.write(MODEL_NUMBER.address, &[1, 2]).is_empty());
        assert!(memory.write(PRESENT_POSITION.address, &[1, 2]).is_empty());
        assert!(memory.write(MAX_TEMPERATURE.address, &[101]).is_empty());
        assert_eq!(
            (memory.get(&MODEL_NUMBER), memory.get(&MAX_TEMPERATURE)),
            (777, 70)
        );
        // Goal position, duty and speed in one go; the duty is too high.
        let taken = memory.write(GOAL_POSITION.address, &[0x00, 0x88, 0xFF, 0x03, 0x10, 0x00]);
        let names: Vec<_> = taken.iter().map(|register| register.name).collect();
        assert_eq!(names, [GOAL_POSITION.name, GOAL_SPEED.name]);
        assert_eq!(memory.get(&GOAL_POSITION), -0x800);
        assert!(memory.write(200, &[1, 2, 3]).is_empty());
        assert_eq!(memory.read(86, 3), [0, 0, 0]);
    }

    #[test]
    fn recovery_brings_back_the_backup_and_leaves_the_id() {
        let mut memory = Memory::new(&MODEL);
        memory.write(LOCK.address, &[0]);
        memory.write(RETURN_DELAY.address, &[9]);
        memory.back_up();
        memory.write(ID.address, &[7, 0, 33]);
        memory.recover(&[&ID]);
        assert_eq!((memory.get(&ID), memory.get(&RETURN_DELAY)), (7, 9));
    }
}
