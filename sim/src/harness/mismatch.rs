//! Machines that are not quite what their descriptions say: friction, gear losses, masses and inertias off by a share, up or down at random.
//!
//! **Invariant:** the same seed gives the same machine.

use super::cell::Cell;
use super::files::{CellFiles, FilesError};
use super::network::NetworkConfig;
use crate::servo::catalog::ServoCatalog;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_estimator::Settings;
use servomesh_robot::Model;

impl Cell {
    /// The default cell on a quiet network, with friction and gear losses off by `share` of what its drivers think, and each link's mass and inertia
    /// by `share` of what its estimator does.
    ///
    /// # Errors
    /// `share` is so large that no such machine can be.
    pub fn mismatched(seed: u64, share: f64) -> Result<Self, FilesError> {
        let mut cell = Self::new(&other_friction(seed, share)?, NetworkConfig::default(), seed)?;
        cell.restart_estimator(Settings::default(), other_masses(seed, share)?)?;
        Ok(cell)
    }
}

fn other_friction(seed: u64, share: f64) -> Result<CellFiles, FilesError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut off = || off(&mut random, share);
    let text = scaled(SERVOS, "{ coulomb: ", |value| value * off());
    let text = scaled(&text, "viscous: ", |value| value * off());
    let text = scaled(&text, "efficiency: ", |value| 1.0 - (1.0 - value) * off());
    Ok(CellFiles {
        servos: ServoCatalog::from_yaml_str(&text)?,
        ..CellFiles::default_cell()?
    })
}

fn other_masses(seed: u64, share: f64) -> Result<Model, FilesError> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::new();
    for (index, part) in URDF.split("<inertial>").enumerate() {
        if index == 0 {
            text.push_str(part);
            continue;
        }
        let factor = off(&mut random, share);
        // A file without the end of it is refused below.
        let (inertial, rest) = part.split_once("</inertial>").unwrap_or((part, ""));
        let inertial = INERTIAL.iter().fold(inertial.to_owned(), |text, key| {
            scaled(&text, key, |value| value * factor)
        });
        text.push_str(&format!("<inertial>{inertial}</inertial>{rest}"));
    }
    Ok(Model::from_urdf_str(&text)?)
}

fn off(random: &mut ChaCha8Rng, share: f64) -> f64 {
    if random.random_bool(0.5) {
        1.0 + share
    } else {
        1.0 - share
    }
}

/// A text with each number after `key` changed.
fn scaled(text: &str, key: &str, mut change: impl FnMut(f64) -> f64) -> String {
    let mut parts = text.split(key);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part
            .find(|c: char| !(c.is_ascii_digit() || "+-.eE".contains(c)))
            .unwrap_or(part.len());
        // A comment may name the key too.
        match part[..end].parse::<f64>() {
            Ok(value) => out.push_str(&format!("{key}{}{}", change(value), &part[end..])),
            Err(_) => out.push_str(&format!("{key}{part}")),
        }
    }
    out
}

const URDF: &str = include_str!("../../../launch/robots/cell.urdf");
const SERVOS: &str = include_str!("../../../launch/robots/cell.servos.yaml");
const INERTIAL: [&str; 7] = [
    "mass value=\"",
    "ixx=\"",
    "iyy=\"",
    "izz=\"",
    "ixy=\"",
    "ixz=\"",
    "iyz=\"",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_mass_is_another_weight_and_other_friction_another_servo() {
        let nominal = CellFiles::default_cell().expect("sound");
        let other = other_friction(1, 0.1).expect("possible");
        assert_ne!(other.servos, nominal.servos);
        let heavy = other_masses(1, 0.1).expect("possible");
        let share = heavy.moving_mass() / nominal.model.moving_mass() - 1.0;
        assert!(share.abs() > 1e-3 && share.abs() <= 0.1, "{share}");
    }
}
