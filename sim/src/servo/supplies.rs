//! The supplies of a machine, and which drives hang on each.
//!
//! Decides the voltage at each drive: that of its supply's bus, less what its own cable takes. Drives act with the voltage of the end of
//! the last step.

use crate::error::SimError;
use crate::servo::catalog::ServoCatalog;
use crate::servo::drive::Drive;
use crate::servo::supply::Supply;

/// All supplies of a machine.
#[derive(Debug, Clone)]
pub struct Supplies {
    supplies: Vec<Connected>,
}

#[derive(Debug, Clone)]
struct Connected {
    name: String,
    supply: Supply,
    /// Indices of its drives, each with the resistance of its cable (Ω).
    drives: Vec<(usize, f64)>,
}

impl Supplies {
    /// The supplies of the `joints`, whose indices are those of the drives.
    ///
    /// # Errors
    /// A joint has no servo in the catalog.
    pub fn new<'a>(
        joints: impl IntoIterator<Item = &'a str>,
        catalog: &'a ServoCatalog,
    ) -> Result<Self, SimError> {
        let mut supplies: Vec<Connected> = Vec::new();
        for (index, joint) in joints.into_iter().enumerate() {
            let (name, parameters) = catalog.supply(joint)?;
            let cable_ohm = if catalog.shares_supply(joint) {
                catalog.servo(joint)?.source_resistance_ohm
            } else {
                0.0
            };
            match supplies.iter_mut().find(|supply| supply.name == name) {
                Some(supply) => supply.drives.push((index, cable_ohm)),
                None => supplies.push(Connected {
                    name: name.to_owned(),
                    supply: Supply::new(parameters),
                    drives: vec![(index, cable_ohm)],
                }),
            }
        }
        Ok(Self { supplies })
    }

    /// Goes through a step of `dt_s` in which the drives took what they say, and hands them their voltages.
    ///
    /// # Panics
    /// If there are fewer drives than joints.
    pub fn step(&mut self, drives: &mut [Drive], dt_s: f64) {
        for Connected {
            supply,
            drives: members,
            ..
        } in &mut self.supplies
        {
            let power_w = members.iter().map(|(index, _)| drives[*index].power_w()).sum();
            supply.step(power_w, dt_s);
            let bus_v = supply.voltage_v();
            for (index, cable_ohm) in members.iter() {
                let drop_v = cable_ohm * drives[*index].power_w() / bus_v;
                drives[*index].set_bus_voltage((bus_v - drop_v).max(0.0));
            }
        }
    }

    /// The names of the supplies, in the order of their first joints.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.supplies.iter().map(|supply| supply.name.as_str())
    }

    /// A supply by its name.
    pub fn get(&self, name: &str) -> Option<&Supply> {
        let found = self.supplies.iter().find(|supply| supply.name == name);
        found.map(|connected| &connected.supply)
    }

    /// The name of a drive's supply.
    pub fn of(&self, drive: usize) -> Option<&str> {
        let hangs_on = |supply: &&Connected| supply.drives.iter().any(|(index, _)| *index == drive);
        self.supplies
            .iter()
            .find(hangs_on)
            .map(|supply| supply.name.as_str())
    }

    /// Sets the share of its voltage that each supply gives.
    pub fn set_health(&mut self, share: impl Fn(&str) -> f64) {
        for Connected { name, supply, .. } in &mut self.supplies {
            supply.set_health(share(name));
        }
    }
}
