//! Pictures of motion: setpoints of the default cell's arm against their limits, in the closed loop on a virtual clock.
//!
//! Each is measured on the spot and the same on every run; `peers/motion_pictures.py` draws what this gathers.
//!
//! | room | what it decides |
//! |---|---|
//! | `recording` | the arm's setpoints, tick by tick, and how much of its limits they take |
//! | `along` | where on a path setpoints are |
//! | `belt` | the tool joins the running belt and stays on it |
//! | `scenes` | a new target in mid-motion; changes of speed, a pause and a step back; a stop |

mod along;
mod belt;
mod recording;
mod scenes;

use crate::pictures;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;

#[derive(Serialize)]
struct Numbers {
    retarget: scenes::Retarget,
    #[serde(rename = "override")]
    speed: scenes::Speed,
    stop: scenes::Stop,
    belt: belt::Belt,
}

/// Plays the scenes and draws them as `motion-<scene>.svg`.
pub(crate) fn draw(folder: &Path) -> Result<()> {
    let numbers = Numbers {
        retarget: scenes::retarget()?,
        speed: scenes::speed()?,
        stop: scenes::stop()?,
        belt: belt::belt()?,
    };
    let scratch = tempfile::tempdir().context("a folder for the numbers")?;
    let file = scratch.path().join("motion.json");
    let json = serde_json::to_string(&numbers).context("numbers as JSON")?;
    std::fs::write(&file, json).with_context(|| file.display().to_string())?;
    pictures::run("motion_pictures.py", &file, folder)
}
