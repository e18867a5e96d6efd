//! Where packages and executables are.
//!
//! First as ROS 2 has it, along `AMENT_PREFIX_PATH`; then in the source workspace, so that the mesh runs from a checkout
//! with nothing installed. **Invariant:** a failure lists every place that was looked at.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::error::Problem;

/// The package whose executables are built in this workspace.
const OWN_PACKAGE: &str = "servomesh";

pub(super) struct Packages {
    /// `AMENT_PREFIX_PATH`.
    pub(super) prefixes: Vec<PathBuf>,
    /// `PATH`.
    pub(super) path: Vec<PathBuf>,
    /// Folder of the launch file.
    pub(super) folder: PathBuf,
    /// Folder of the running `servomesh`.
    pub(super) executables: Option<PathBuf>,
}

impl Packages {
    /// The prefix that a package is installed in.
    pub(super) fn prefix(&self, package: &str) -> Result<PathBuf, Problem> {
        let mut tried = Vec::new();
        self.installed(package, &mut tried)
            .ok_or_else(|| not_found(format!("package `{package}`"), tried))
    }

    /// A package's share folder; for one of the workspace, its source folder.
    pub(super) fn share(&self, package: &str) -> Result<PathBuf, Problem> {
        let mut tried = Vec::new();
        if let Some(prefix) = self.installed(package, &mut tried) {
            let share = prefix.join("share").join(package);
            if share.is_dir() {
                return Ok(share);
            }
            tried.push(format!("{} is not a folder", share.display()));
        }
        let source = self
            .folder
            .ancestors()
            .find(|folder| declares(&folder.join("package.xml"), package));
        if let Some(folder) = source {
            return Ok(folder.to_path_buf());
        }
        tried.push(format!(
            "no package.xml of that name in {} or above",
            self.folder.display()
        ));
        Err(not_found(format!("package `{package}`"), tried))
    }

    /// An executable of a package.
    pub(super) fn executable(&self, package: &str, name: &str) -> Result<PathBuf, Problem> {
        let mut tried = Vec::new();
        if let Some(prefix) = self.installed(package, &mut tried) {
            let file = prefix.join("lib").join(package).join(name);
            if is_executable(&file) {
                return Ok(file);
            }
            tried.push(format!("{} is not an executable file", file.display()));
        }
        if let Some(folder) = self.executables.as_ref().filter(|_| package == OWN_PACKAGE) {
            let file = folder.join(name);
            if is_executable(&file) {
                return Ok(file);
            }
            tried.push(format!(
                "{} (beside this command) is not an executable file",
                file.display()
            ));
        }
        Err(not_found(
            format!("executable `{name}` of package `{package}`"),
            tried,
        ))
    }

    /// A program on `PATH`.
    pub(super) fn on_path(&self, name: &str) -> Result<PathBuf, Problem> {
        let files = || self.path.iter().map(|folder| folder.join(name));
        files().find(|file| is_executable(file)).ok_or_else(|| {
            not_found(
                format!("program `{name}`"),
                files().map(|file| file.display().to_string()).collect(),
            )
        })
    }

    fn installed(&self, package: &str, tried: &mut Vec<String>) -> Option<PathBuf> {
        if self.prefixes.is_empty() {
            tried.push("AMENT_PREFIX_PATH is empty".to_owned());
        }
        let marker = Path::new("share/ament_index/resource_index/packages").join(package);
        let prefix = self.prefixes.iter().find(|prefix| prefix.join(&marker).exists());
        if prefix.is_none() {
            tried.extend(
                self.prefixes
                    .iter()
                    .map(|p| format!("{} (AMENT_PREFIX_PATH)", p.join(&marker).display())),
            );
        }
        prefix.cloned()
    }
}

fn not_found(what: String, tried: Vec<String>) -> Problem {
    Problem::NotFound { what, tried }
}

fn is_executable(file: &Path) -> bool {
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Whether `manifest` is the package.xml of `package`.
fn declares(manifest: &Path, package: &str) -> bool {
    let Ok(text) = std::fs::read_to_string(manifest) else {
        return false;
    };
    let Ok(document) = roxmltree::Document::parse(&text) else {
        return false;
    };
    document
        .root_element()
        .children()
        .any(|child| child.has_tag_name("name") && child.text().is_some_and(|name| name.trim() == package))
}
