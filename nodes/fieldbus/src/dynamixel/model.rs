//! What a model of the X series is: its control table, modes, units and what its motor can do.
//!
//! ```
//! use servomesh_fieldbus::dynamixel::{Field, Model};
//!
//! let model = Model::named("XM430-W350").expect("a known model");
//! assert_eq!((model.number, model.ticks_per_turn), (1020, 4096));
//!
//! let velocity = model.register(Field::GoalVelocity).expect("it has one");
//! assert_eq!((velocity.address, velocity.from_si(1.0)), (104, Some(42))); // 42 · 0.229 rev/min
//!
//! let mut table = vec![0; usize::from(model.size())];
//! model.reset(&mut table)?;
//! assert_eq!(Field::PositionPGain.get(&table), Some(800));
//! # Ok::<(), servomesh_fieldbus::dynamixel::TableError>(())
//! ```

use super::models::MODELS;
use super::table::{Field, Indirect, Kind, Register, TableError};

/// What the servo controls; the numbers are those of Operating Mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// 0: the current.
    Current,
    /// 1: the velocity.
    Velocity,
    /// 3: the position within a turn, between the position limits.
    Position,
    /// 4: the position over 512 turns.
    ExtendedPosition,
    /// 5: the position over 512 turns with Goal Current as the limit of the current.
    CurrentBasedPosition,
    /// 16: the voltage, as a share of the supply.
    Pwm,
}

impl Mode {
    /// What Operating Mode holds.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Current => 0,
            Self::Velocity => 1,
            Self::Position => 3,
            Self::ExtendedPosition => 4,
            Self::CurrentBasedPosition => 5,
            Self::Pwm => 16,
        }
    }

    /// The mode of a number.
    #[must_use]
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.number() == number)
    }

    /// What a file and a table call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Velocity => "velocity",
            Self::Position => "position",
            Self::ExtendedPosition => "extended_position",
            Self::CurrentBasedPosition => "current_based_position",
            Self::Pwm => "pwm",
        }
    }

    /// The mode of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.name() == name)
    }

    /// Every mode there is.
    pub const ALL: [Self; 6] = [
        Self::Current,
        Self::Velocity,
        Self::Position,
        Self::ExtendedPosition,
        Self::CurrentBasedPosition,
        Self::Pwm,
    ];
    pub(super) const WITH_CURRENT: &'static [Self] = &Self::ALL;
    pub(super) const WITHOUT_CURRENT: &'static [Self] =
        &[Self::Velocity, Self::Position, Self::ExtendedPosition, Self::Pwm];
}

/// What the motor does at its recommended voltage, as the manual gives it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Motor {
    /// The recommended supply \[V\].
    pub voltage_v: f64,
    /// Torque at standstill, at the output.
    pub stall_torque: f64,
    /// Current at standstill \[A\].
    pub stall_current_a: f64,
    /// Velocity without a load, at the output.
    pub no_load_velocity: f64,
    /// Turns of the motor for one of the output.
    pub gear_ratio: f64,
}

/// A model of the X series.
#[derive(Debug, PartialEq)]
pub struct Model {
    /// What the manual calls it.
    pub name: &'static str,
    /// What its register Model Number reads.
    pub number: u16,
    /// The latest firmware that the control table is known to be of.
    pub firmware: u8,
    /// All registers but the indirect ones, by address.
    pub registers: &'static [Register],
    /// Its indirect addresses and data.
    pub indirect: &'static [Indirect],
    /// What it can control.
    pub modes: &'static [Mode],
    /// Bits per second by the code in Baud Rate.
    pub baud_rates: &'static [u32],
    /// What one count of a current is \[A\]; `None` if it does not measure it.
    pub current_a: Option<f64>,
    /// Counts of a whole turn of the output.
    pub ticks_per_turn: i32,
    /// What its motor can do.
    pub motor: Motor,
}

/// What stands at an address of a control table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    /// A register.
    Register(&'static Register),
    /// The n-th indirect address of an area.
    IndirectAddress(Indirect, u16),
    /// The n-th indirect data byte of an area.
    IndirectData(Indirect, u16),
}

impl Model {
    /// All that are known, each with its control tables by firmware.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        MODELS.into_iter()
    }

    /// The model of a number, with the control table of its firmware: both are what it answers to a ping. Of a firmware later than those
    /// known here, the latest.
    #[must_use]
    pub fn of(number: u16, firmware: u8) -> Option<&'static Self> {
        let mut tables = MODELS.into_iter().filter(|model| model.number == number);
        let latest = tables.clone().next_back()?;
        Some(tables.find(|model| firmware <= model.firmware).unwrap_or(latest))
    }

    /// The model of a name as the manual writes it, with its latest firmware; case and what separates its parts do not matter.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        fn letters(text: &str) -> impl Iterator<Item = u8> {
            text.bytes()
                .filter(u8::is_ascii_alphanumeric)
                .map(|byte| byte.to_ascii_lowercase())
        }
        let mut models = MODELS.into_iter();
        models.rfind(|model| letters(model.name).eq(letters(name)))
    }

    /// The register, if it has it.
    #[must_use]
    pub fn register(&self, field: Field) -> Option<&'static Register> {
        self.at_or_after(field.address())
            .iter()
            .take_while(|register| register.address == field.address())
            .find(|register| register.field == field)
    }

    /// What stands at this address, `None` between registers and behind the last.
    #[must_use]
    pub fn at(&self, address: u16) -> Option<Place> {
        if let Some(register) = self.at_or_after(address).first()
            && register.address <= address
        {
            return Some(Place::Register(register));
        }
        self.indirect.iter().find_map(|area| {
            let byte = area.index_of_address(address);
            byte.map(|index| Place::IndirectAddress(*area, index))
                .or_else(|| {
                    area.index_of_data(address)
                        .map(|index| Place::IndirectData(*area, index))
                })
        })
    }

    /// How many bytes from address 0 on its registers take.
    #[must_use]
    pub fn size(&self) -> u16 {
        let indirect = self.indirect.iter().map(Indirect::end);
        indirect
            .chain(self.registers.last().map(Register::end))
            .max()
            .unwrap_or(0)
    }

    /// Fills a memory with what all registers hold when it comes from the factory: the n-th indirect address is that of the n-th data byte,
    /// which is 0; bytes that belong to none are 0. What the manual gives no initial value for (goals, what is measured) is 0 too.
    ///
    /// # Errors
    /// [`TableError::Room`]: the memory is shorter than [`Model::size`].
    pub fn reset(&self, memory: &mut [u8]) -> Result<(), TableError> {
        let (needed, room) = (self.size(), memory.len());
        if room < usize::from(needed) {
            return Err(TableError::Room { needed, room });
        }
        memory.fill(0);
        for register in self.registers {
            register.field.put(memory, register.reset);
        }
        for (address, data) in self
            .indirect
            .iter()
            .flat_map(|area| (0..area.count).filter_map(|index| area.pair(index)))
        {
            let address = usize::from(address);
            Kind::U16.put(i32::from(data), &mut memory[address..address + 2]);
        }
        Ok(())
    }

    /// The place of the n-th indirect address and of its data byte, from 0, over all its areas.
    #[must_use]
    pub fn indirect_pair(&self, index: u16) -> Option<(u16, u16)> {
        let mut index = index;
        for area in self.indirect {
            match area.pair(index) {
                None => index -= area.count,
                pair => return pair,
            }
        }
        None
    }

    /// Bits per second that a code in Baud Rate stands for.
    #[must_use]
    pub fn baud_rate(&self, code: u8) -> Option<u32> {
        self.baud_rates.get(usize::from(code)).copied()
    }

    /// The code that stands for so many bits per second.
    #[must_use]
    pub fn baud_code(&self, bits_per_second: u32) -> Option<u8> {
        let mut codes = 0..;
        let mut rates = self.baud_rates.iter().zip(&mut codes);
        rates.find_map(|(rate, code)| (*rate == bits_per_second).then_some(code))
    }

    /// Radians of a whole number of ticks.
    #[must_use]
    pub fn radians(&self, ticks: i32) -> f64 {
        f64::from(ticks) * std::f64::consts::TAU / f64::from(self.ticks_per_turn)
    }

    fn at_or_after(&self, address: u16) -> &'static [Register] {
        let place = self
            .registers
            .partition_point(|register| register.end() <= address);
        &self.registers[place..]
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Access;
    use super::*;

    #[test]
    fn registers_stand_one_after_the_other_and_hold_what_they_take() {
        for model in MODELS {
            let mut end = 0;
            for register in model.registers {
                assert!(register.address >= end, "{} {}", model.name, register.name);
                end = register.end();
                assert!(
                    register.takes(register.reset) || register.access == Access::Read,
                    "{} {}",
                    model.name,
                    register.name
                );
                let Some(Place::Register(found)) = model.at(end - 1) else {
                    panic!("{} {}", model.name, register.name)
                };
                assert_eq!(found, register);
                assert_eq!(model.register(register.field), Some(register));
            }
            let Some(Place::IndirectAddress(..)) = model.at(168) else {
                panic!("{}", model.name)
            };
            assert_eq!(model.at(model.size()), None);
        }
    }

    #[test]
    fn a_fresh_table_reads_as_the_manual_prints_it() {
        for model in MODELS {
            let mut table = vec![0xA5; usize::from(model.size())];
            model.reset(&mut table).unwrap();
            assert_eq!(Field::ModelNumber.get(&table), Some(i32::from(model.number)));
            for register in model.registers {
                assert_eq!(
                    register.field.get(&table),
                    Some(register.reset),
                    "{}",
                    register.name
                );
            }
            let (address, data) = model.indirect_pair(0).unwrap();
            let stored = &table[usize::from(address)..][..2];
            assert_eq!(Kind::U16.get(stored), Some(i32::from(data)));
            let needed = model.size();
            assert_eq!(
                model.reset(&mut [0; 64]),
                Err(TableError::Room { needed, room: 64 })
            );
        }
    }

    #[test]
    fn the_firmware_decides_where_indirect_data_stand_in_an_xl330() {
        let pairs = |firmware| {
            let model = Model::of(1200, firmware).unwrap();
            (0..28).map_while(|index| model.indirect_pair(index)).last()
        };
        assert_eq!(pairs(46), Some((206, 227)));
        assert_eq!(pairs(52), Some((206, 227)));
        assert_eq!(pairs(53), Some((222, 251)));
        assert_eq!(pairs(99), Some((222, 251)));
    }

    #[test]
    fn a_model_is_found_by_number_and_by_name() {
        for model in MODELS {
            assert_eq!(Model::of(model.number, model.firmware), Some(model));
        }
        assert_eq!(Model::named("xm430_w350").map(|model| model.number), Some(1020));
        assert_eq!(Model::named("XL330-M288").map(|model| model.firmware), Some(53));
        assert_eq!(Model::named("AX-12"), None);
        assert_eq!(Model::of(12, 1), None);
    }

    #[test]
    fn only_models_that_measure_the_current_control_it() {
        for model in MODELS {
            let controls = model.modes.contains(&Mode::Current);
            assert_eq!(controls, model.current_a.is_some());
            assert_eq!(controls, model.register(Field::GoalCurrent).is_some());
            assert_eq!(controls, model.register(Field::PresentLoad).is_none());
        }
    }

    #[test]
    fn units_are_those_of_the_manual() {
        let model = Model::named("XM430-W350").unwrap();
        for (field, counts, expected) in [
            (Field::CurrentLimit, 1193, 3.209_17),
            (Field::GoalPosition, 4096, std::f64::consts::TAU),
            (Field::GoalPwm, 885, 1.0),
            (Field::ProfileAcceleration, 1, 0.374_508),
            (Field::BusWatchdog, 100, 2.0),
        ] {
            let si = model.register(field).unwrap().to_si(counts);
            assert!((si - expected).abs() < 1e-6, "{field:?}: {si}");
        }
        assert_eq!(model.baud_rate(3), Some(1_000_000));
        assert_eq!(model.baud_code(4_500_000), Some(7));
        assert_eq!(model.baud_code(1_234), None);
    }
}
