//! Machines that are not quite what their descriptions say.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::Model;
use servomesh_sim::harness::CellFiles;
use servomesh_sim::servo::catalog::ServoCatalog;

const URDF: &str = include_str!("../../../launch/robots/cell.urdf");
const SERVOS: &str = include_str!("../../../launch/robots/cell.servos.yaml");

/// The default cell whose friction and gear losses are off by `share` of what the drivers think, up or down at random.
pub(crate) fn files(seed: u64, share: f64) -> CellFiles {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut off = || {
        if random.random_bool(0.5) {
            1.0 + share
        } else {
            1.0 - share
        }
    };
    let text = scaled(SERVOS, "{ coulomb: ", |value| value * off());
    let text = scaled(&text, "viscous: ", |value| value * off());
    let text = scaled(&text, "efficiency: ", |value| 1.0 - (1.0 - value) * off());
    let mut files = CellFiles::default_cell().expect("the files of the default cell are sound");
    files.servos = ServoCatalog::from_yaml_str(&text).expect("servos with other friction");
    files
}

/// The robot's description with each link's mass and inertia off by `share`, up or down at random.
pub(crate) fn model(seed: u64, share: f64) -> Model {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut text = String::new();
    for (index, part) in URDF.split("<inertial>").enumerate() {
        if index == 0 {
            text.push_str(part);
            continue;
        }
        let factor = if random.random_bool(0.5) {
            1.0 + share
        } else {
            1.0 - share
        };
        let (inertial, rest) = part.split_once("</inertial>").expect("it ends");
        let keys = [
            "mass value=\"",
            "ixx=\"",
            "iyy=\"",
            "izz=\"",
            "ixy=\"",
            "ixz=\"",
            "iyz=\"",
        ];
        let inertial = keys.iter().fold(inertial.to_owned(), |text, key| {
            scaled(&text, key, |value| value * factor)
        });
        text.push_str(&format!("<inertial>{inertial}</inertial>{rest}"));
    }
    Model::from_urdf_str(&text).expect("a robot that weighs something else")
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

#[test]
fn another_mass_is_another_weight() {
    let (nominal, heavy) = (
        Model::from_urdf_str(URDF).expect("the cell's robot"),
        model(1, 0.1),
    );
    let share = heavy.moving_mass() / nominal.moving_mass() - 1.0;
    assert!(share.abs() > 1e-3 && share.abs() <= 0.1, "{share}");
    assert_ne!(
        files(1, 0.1).servos,
        CellFiles::default_cell().expect("sound").servos
    );
}
