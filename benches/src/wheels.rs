//! Libraries of peers that come as Python wheels: each in an environment of its own below `target/wheels/`, installed once.
//!
//! A wheel brings the native library and its headers; Python only fetches them.
//!
//! **Invariant:** an environment is used only if its installation came to its end.

use crate::native::output;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder with the packages of `requirements`, such as `["mujoco==4.0.0"]`; installs them if need be.
///
/// # Errors
/// Without `python3` with `venv`, or if `pip` can't install them.
pub fn site_packages(requirements: &[&str]) -> Result<PathBuf> {
    let lib = environment(requirements)?.join("lib");
    only_folder(&lib).map(|python| python.join("site-packages"))
}

/// The Python that has the packages of `requirements`; installs them if need be.
///
/// # Errors
/// As [`site_packages`].
pub fn python(requirements: &[&str]) -> Result<PathBuf> {
    Ok(environment(requirements)?.join("bin/python"))
}

/// The folder with Pinocchio, Coal, which comes with it, and the headers that theirs ask for.
///
/// # Errors
/// As [`site_packages`].
pub fn pinocchio() -> Result<PathBuf> {
    Ok(
        site_packages(&["pin==4.1.0", "cmeel-eigen==3.4.1", "cmeel-urdfdom-headers==3.0.0"])?
            .join("cmeel.prefix"),
    )
}

fn environment(requirements: &[&str]) -> Result<PathBuf> {
    let wheels = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/wheels");
    std::fs::create_dir_all(&wheels).with_context(|| wheels.display().to_string())?;
    // Peers that look into it resolve links: a path without `..` stays true.
    let environment = wheels
        .canonicalize()
        .with_context(|| wheels.display().to_string())?
        .join(requirements.join("+"));
    let installed = environment.join("installed");
    if !installed.is_file() {
        eprintln!("installing {} …", requirements.join(", "));
        output(
            Command::new("python3")
                .args(["-m", "venv", "--clear"])
                .arg(&environment),
        )?;
        output(
            Command::new(environment.join("bin/python"))
                .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
                .args(requirements),
        )?;
        std::fs::write(&installed, "").with_context(|| installed.display().to_string())?;
    }
    Ok(environment)
}

/// The one `python3.<minor>` below `lib`.
fn only_folder(lib: &Path) -> Result<PathBuf> {
    let mut folders = Vec::new();
    for entry in lib.read_dir().with_context(|| lib.display().to_string())? {
        folders.push(entry.with_context(|| lib.display().to_string())?.path());
    }
    ensure!(
        folders.len() == 1,
        "{}: {} folders instead of one",
        lib.display(),
        folders.len()
    );
    folders.pop().context("there is one")
}
