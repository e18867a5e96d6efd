//! Which servos hang on which bus, how fast each bus runs, and where the joints stand at the start.

use crate::error::SimError;
use serde::Deserialize;
use servomesh_types::{GroupName, MAX_JOINTS};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// The buses of a cell, by the name of the group behind each.
#[derive(Clone, Debug, PartialEq)]
pub struct Wiring {
    watchdog: Duration,
    buses: BTreeMap<GroupName, Bus>,
}

/// One bus.
#[derive(Clone, Debug, PartialEq)]
pub struct Bus {
    /// Time between two cycles; a whole number of physical steps.
    pub period: Duration,
    /// Its joints, in the order of its frames.
    pub joints: Vec<WiredJoint>,
}

/// A joint on a bus.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct WiredJoint {
    /// Its name in the robot's description.
    pub name: String,
    /// Where it stands at the start \[rad, m\].
    pub start: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    watchdog_s: f64,
    buses: BTreeMap<String, BusEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BusEntry {
    rate_hz: f64,
    joints: Vec<WiredJoint>,
}

impl Wiring {
    /// Reads a wiring file.
    ///
    /// # Errors
    /// It can't be read, or says what can't be; names bus and value.
    pub fn from_yaml_file(path: impl AsRef<Path>) -> Result<Self, SimError> {
        let path = path.as_ref();
        Self::parse(&crate::error::text_of(path)?, &path.display().to_string())
    }

    /// Reads the text of a wiring file.
    ///
    /// # Errors
    /// As [`from_yaml_file`](Self::from_yaml_file).
    pub fn from_yaml_str(text: &str) -> Result<Self, SimError> {
        Self::parse(text, "<string>")
    }

    fn parse(text: &str, file: &str) -> Result<Self, SimError> {
        let syntax = |reason: String| SimError::Syntax {
            file: file.to_owned(),
            reason,
        };
        let entries: File = serde_norway::from_str(text).map_err(|error| syntax(error.to_string()))?;
        if entries.buses.is_empty() {
            return Err(syntax(
                "there is no bus; a cell has at least one under `buses:`".to_owned(),
            ));
        }
        if !(entries.watchdog_s > 0.0 && entries.watchdog_s <= 10.0) {
            return Err(syntax(format!(
                "watchdog_s is {}; it must be above 0 and at most 10 s",
                entries.watchdog_s
            )));
        }
        let mut buses = BTreeMap::new();
        for (name, entry) in entries.buses {
            let bus = entry
                .check()
                .map_err(|reason| syntax(format!("bus {name}: {reason}")))?;
            buses.insert(
                GroupName::new(&name).map_err(|error| syntax(error.to_string()))?,
                bus,
            );
        }
        Ok(Self {
            watchdog: Duration::from_secs_f64(entries.watchdog_s),
            buses,
        })
    }

    /// How long a drive drives on without a frame.
    pub fn watchdog(&self) -> Duration {
        self.watchdog
    }

    /// The buses, in order of their names.
    pub fn buses(&self) -> impl Iterator<Item = (GroupName, &Bus)> {
        self.buses.iter().map(|(name, bus)| (*name, bus))
    }
}

impl BusEntry {
    fn check(self) -> Result<Bus, String> {
        let period_ms = 1e3 / self.rate_hz;
        if !(period_ms.is_finite() && period_ms >= 1.0 && period_ms.fract() == 0.0) {
            return Err(format!(
                "rate_hz is {}; a cycle must take a whole number of milliseconds (1000, 500, 250, 200, 125, 100, …)",
                self.rate_hz
            ));
        }
        if self.joints.is_empty() || self.joints.len() > MAX_JOINTS {
            return Err(format!(
                "{} joints; a bus has 1 to {MAX_JOINTS}",
                self.joints.len()
            ));
        }
        if let Some(joint) = self.joints.iter().find(|joint| !joint.start.is_finite()) {
            return Err(format!(
                "joint {}: start is {}; it must be finite",
                joint.name, joint.start
            ));
        }
        Ok(Bus {
            period: Duration::from_millis(period_ms as u64),
            joints: self.joints,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(rate: &str, watchdog: &str) -> String {
        let text = format!(
            "watchdog_s: {watchdog}\nbuses:\n  arm: {{ rate_hz: {rate}, joints: [{{ name: a, start: 0 }}] }}\n"
        );
        Wiring::from_yaml_str(&text).unwrap_err().to_string()
    }

    #[test]
    fn a_bus_that_cannot_be_names_itself_and_the_value() {
        assert!(error("333", "0.1").contains("bus arm: rate_hz is 333"));
        assert!(error("0", "0.1").contains("rate_hz is 0"));
        assert!(error("500", "-1").contains("watchdog_s is -1"));
        assert!(error("500, speed: 3", "0.1").contains("speed"));
    }

    #[test]
    fn the_default_cell_is_wired() {
        let wiring = Wiring::from_yaml_str(include_str!("../../launch/robots/cell.wiring.yaml")).unwrap();
        let names: Vec<_> = wiring
            .buses()
            .map(|(name, bus)| (name.to_string(), bus.joints.len()))
            .collect();
        assert_eq!(
            names,
            [
                ("arm".to_owned(), 6),
                ("conveyor".to_owned(), 1),
                ("gripper".to_owned(), 1)
            ]
        );
    }
}
