//! Which pictures are drawn, and how: what is measured goes as JSON to a script in `peers/`, which draws with matplotlib.

use crate::ratio::Effort;
use crate::{motion_pictures, simulation, wheels};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

const DRAWER: &str = "matplotlib==3.11.2";

/// Options of `pictures`.
#[derive(clap::Args)]
pub struct Args {
    /// Only these; all without a name.
    of: Option<Of>,
    /// Folder that gets the pictures.
    #[arg(long, default_value = "docs/pictures")]
    folder: PathBuf,
}

/// What there are pictures of.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Of {
    /// How the simulation's speed goes with size, and how far it is from `MuJoCo` over time.
    Simulation,
    /// Setpoints of the cell's arm against their limits: retarget, override, stop, a moving belt.
    Motion,
}

/// Measures and draws.
///
/// # Errors
/// If a peer or matplotlib can't be installed, a motion is not what it should be, or a file can't be written.
pub fn draw(args: &Args, effort: Effort) -> Result<()> {
    let folder = &args.folder;
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    if args.of.is_none_or(|of| of == Of::Simulation) {
        simulation::pictures::draw(folder, effort)?;
    }
    if args.of.is_none_or(|of| of == Of::Motion) {
        motion_pictures::draw(folder)?;
    }
    Ok(())
}

/// Runs a script of `peers/` that draws numbers into a folder.
pub(crate) fn run(script: &str, numbers: &Path, folder: &Path) -> Result<()> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(script);
    let status = Command::new(wheels::python(&[DRAWER])?)
        .arg("-B")
        .arg(script)
        .args([numbers, folder])
        .status()
        .context("start Python")?;
    ensure!(status.success(), "drawing: {status}");
    Ok(())
}
