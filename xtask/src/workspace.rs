//! Where things are, and how cargo is called.
//!
//! **Invariant:** every cargo that xtask starts sees the same environment as one typed into a shell after
//! `eval "$(cargo xtask env)"`; else build scripts that watch variables would run again and again.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The checkout and the folders that xtask writes to.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The workspace that this xtask was compiled in.
    pub(crate) fn find() -> Self {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().expect("xtask/ lies in the workspace's root");
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything that set-up makes: wheels, built messages, logs. Ignored by git, safe to delete.
    pub(crate) fn ros_dir(&self) -> PathBuf {
        self.root.join(".ros")
    }

    /// Cargo's target folder.
    pub(crate) fn target_dir(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// A cargo command at the workspace's root.
    pub(crate) fn cargo(&self) -> Command {
        self.builder(cargo_path())
    }

    /// A command at the workspace's root that is cargo or runs it: without what would make it build parts anew.
    pub(crate) fn builder(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            if is_of_this_run(&name) {
                command.env_remove(name);
            }
        }
        command
    }
}

fn cargo_path() -> OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Whether `cargo run` set this variable for xtask alone; a nested cargo must not pass it to build scripts.
fn is_of_this_run(name: &OsString) -> bool {
    let Some(name) = name.to_str() else { return false };
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || matches!(
            name,
            "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}

/// The toolchain's folder for libraries, which `cargo run` puts on the loader's path.
pub(crate) fn toolchain_lib_dir() -> Option<PathBuf> {
    let cargo = PathBuf::from(env::var_os("CARGO")?);
    Some(cargo.parent()?.parent()?.join("lib"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_the_workspace() {
        let manifest = std::fs::read_to_string(Workspace::find().root().join("Cargo.toml")).unwrap();
        assert!(manifest.contains("[workspace]"));
    }

    #[test]
    fn variables_of_this_run_stay_here_and_the_users_pass() {
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR", "CARGO_BIN_NAME"] {
            assert!(is_of_this_run(&name.into()), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!is_of_this_run(&name.into()), "{name}");
        }
    }
}
