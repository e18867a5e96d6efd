//! The data sheet of a servo that can be bought: its model, where each figure comes from, and what its maker publishes.
//!
//! Sheets are YAML files, those that come with this crate in `sim/servos/`. The `servo:` block has the form of an entry of a cell's servos
//! file. What is published stands beside it, so that a test can hold the model to it.

use std::path::Path;

use serde::Deserialize;

use crate::error::SimError;
use crate::servo::parameters::ServoParameters;

/// A servo's data sheet.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSheet {
    /// Maker and type.
    pub name: String,
    /// Manuals, pages, addresses.
    pub sources: Vec<String>,
    /// What the maker says it does.
    pub published: Vec<OperatingPoint>,
    /// The model.
    pub servo: ServoParameters,
}

/// What a maker publishes for one supply voltage; what is not published is absent.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperatingPoint {
    /// Voltage of the supply (V).
    pub supply_voltage_v: f64,
    /// The most effort, just before it stalls (N·m).
    #[serde(default)]
    pub stall_effort: Option<f64>,
    /// Current while it stalls (A).
    #[serde(default)]
    pub stall_current_a: Option<f64>,
    /// Speed without load (rad/s).
    #[serde(default)]
    pub no_load_velocity: Option<f64>,
    /// Current without load (A).
    #[serde(default)]
    pub no_load_current_a: Option<f64>,
    /// A speed that it can run at without load (rad/s).
    #[serde(default)]
    pub reaches_velocity: Option<f64>,
    /// How far the model may be off, as a share.
    pub tolerance: f64,
}

impl DataSheet {
    /// Reads a sheet from YAML text.
    ///
    /// # Errors
    /// If the text has not this form, names no source, publishes nothing, or describes a servo that can't be.
    pub fn from_yaml_str(text: &str) -> Result<Self, SimError> {
        Self::from_named(text, "<string>")
    }

    /// Reads a sheet from a YAML file.
    ///
    /// # Errors
    /// As [`DataSheet::from_yaml_str`], and if the file can't be read.
    pub fn from_yaml_file(path: impl AsRef<Path>) -> Result<Self, SimError> {
        let path = path.as_ref();
        Self::from_named(&crate::error::text_of(path)?, &path.display().to_string())
    }

    fn from_named(text: &str, file: &str) -> Result<Self, SimError> {
        let syntax = |reason: String| SimError::Syntax {
            file: file.to_owned(),
            reason,
        };
        let sheet: Self = serde_norway::from_str(text).map_err(|error| syntax(error.to_string()))?;
        if sheet.sources.is_empty() || sheet.published.is_empty() {
            return Err(syntax(
                "a data sheet names its sources and at least one published point".to_owned(),
            ));
        }
        match sheet.servo.impossible() {
            None => Ok(sheet),
            Some((parameter, value, must_be)) => Err(SimError::Parameter {
                file: file.to_owned(),
                servo: sheet.name,
                parameter,
                value,
                must_be,
            }),
        }
    }
}
