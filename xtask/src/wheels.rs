//! Python environments with packages that only one chore needs, in `target/wheels/`.
//!
//! **Invariant:** an environment that is used has all of its packages; one that was not finished is made anew.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

use crate::progress::run_logged;
use crate::workspace::Workspace;

/// Where they are.
pub(crate) fn folder(workspace: &Workspace) -> PathBuf {
    workspace.root().join("target/wheels")
}

/// The packages of a requirements file, without its comments.
pub(crate) fn packages(requirements: &str) -> Vec<&str> {
    let lines = requirements
        .lines()
        .map(|line| line.split(" #").next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

/// The interpreter of an environment with the packages; made if it is not there. `chore` is whom it is for.
///
/// # Errors
/// Python or pip fails; the message says where its output is.
pub(crate) fn environment(workspace: &Workspace, chore: &str, packages: &[&str]) -> Result<PathBuf> {
    let wheels = folder(workspace);
    let names = packages.join("+");
    // A list of packages may be longer than a folder's name.
    let name = if names.len() > 100 {
        let digest = format!("{:x}", Sha256::digest(&names));
        format!("{chore}-{}", &digest[..16])
    } else {
        format!("{chore}-{names}")
    };
    let folder = wheels.join(name);
    let (python, installed) = (folder.join("bin/python"), folder.join("installed"));
    if !installed.is_file() {
        fs::create_dir_all(&wheels).with_context(|| format!("can't create {}", wheels.display()))?;
        let mut create = Command::new("python3");
        create.args(["-m", "venv", "--clear"]).arg(&folder);
        run_logged(
            "Python environment",
            &mut create,
            &wheels.join(format!("{chore}-venv.log")),
        )?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--disable-pip-version-check"])
            .args(packages);
        run_logged(
            &format!("installing {names}"),
            &mut pip,
            &wheels.join(format!("{chore}-pip.log")),
        )?;
        fs::write(&installed, "").with_context(|| format!("can't write {}", installed.display()))?;
    }
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_no_packages() {
        let text = "# why\n\npyserial==3.5\npython-can[serial]==4.6.1  # slcan\n";
        assert_eq!(packages(text), ["pyserial==3.5", "python-can[serial]==4.6.1"]);
    }
}
