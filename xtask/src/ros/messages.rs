//! The message packages of `msgs/`, built with colcon.
//!
//! The servomesh messages are always built; a stand-in for a standard package only where the distribution lacks
//! that package. They are installed below a folder named after a digest of their files: r2r's build looks at
//! `AMENT_PREFIX_PATH` alone, so a changed message must change that path for r2r to generate its bindings anew.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::environment::RosEnv;
use super::venv::Installed;
use crate::progress::run_logged;
use crate::workspace::Workspace;

/// The package that no distribution may stand in for.
const OWN: &str = "servomesh_msgs";
/// Builds that are kept, so that going back to another branch costs nothing.
const KEPT: usize = 3;

/// Built messages, ready for use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Messages {
    /// Their ament prefix.
    pub(crate) prefix: PathBuf,
}

/// What has to be there.
#[derive(Debug)]
pub(crate) struct Wanted {
    packages: Vec<String>,
    home: PathBuf,
}

impl Wanted {
    /// Lists the packages that the distribution lacks, and where their build belongs.
    ///
    /// # Errors
    /// A package can't be read.
    pub(crate) fn list(workspace: &Workspace, base: &RosEnv, installed: &Installed) -> Result<Self> {
        let mut packages = Vec::new();
        let mut digest = Sha256::new();
        digest.update(&installed.key);
        digest.update(&installed.python_version);
        for folder in sorted(&workspace.root().join("msgs"))? {
            let name = folder
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !folder.join("package.xml").is_file() || (name != OWN && base.provides(&name)) {
                continue;
            }
            add_folder(&mut digest, &folder, &folder)?;
            packages.push(name);
        }
        if packages.is_empty() {
            bail!("no message package found in msgs/: is this the whole checkout?");
        }
        let digest = format!("{:x}", digest.finalize());
        let home = workspace.ros_dir().join("msgs").join(&digest[..16]);
        Ok(Self { packages, home })
    }

    /// The messages, if a build of exactly these files was finished.
    pub(crate) fn existing(&self) -> Option<Messages> {
        self.finished().is_file().then(|| Messages {
            prefix: self.home.join("install"),
        })
    }

    /// Builds them; the caller holds the lock.
    ///
    /// # Errors
    /// colcon fails; its log is named.
    pub(crate) fn build(&self, workspace: &Workspace, base: &RosEnv) -> Result<Messages> {
        let all = workspace.ros_dir().join("msgs");
        let mut colcon = Command::new("colcon");
        colcon
            .current_dir(workspace.root())
            .arg("--log-base")
            .arg(all.join("log"));
        colcon.args([
            "build",
            "--merge-install",
            "--executor",
            "sequential",
            "--base-paths",
            "msgs",
        ]);
        colcon.arg("--packages-select").args(&self.packages);
        // One build folder for all digests: what a change does not touch is not compiled again. It remembers where it
        // installed last, so CMake has to be told anew.
        colcon
            .arg("--cmake-force-configure")
            .arg("--build-base")
            .arg(build_dir(workspace))
            .arg("--install-base")
            .arg(self.home.join("install"));
        colcon.args(["--event-handlers", "console_direct+", "--cmake-args"]);
        colcon.args(["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF"]);
        base.apply(&mut colcon);
        let what = format!("building messages ({})", self.packages.join(", "));
        run_logged(&what, &mut colcon, &workspace.ros_dir().join("log/messages.log"))?;
        let index = self
            .home
            .join("install/share/ament_index/resource_index/packages");
        if let Some(missing) = self.packages.iter().find(|name| !index.join(name).is_file()) {
            bail!(
                "{missing} was built, but is not in {}: remove .ros/msgs and try again",
                index.display()
            );
        }
        fs::write(self.finished(), "").context("can't mark the messages as built")?;
        forget_old(&all, &self.home)?;
        self.existing().context("the built messages vanished")
    }

    fn finished(&self) -> PathBuf {
        self.home.join("finished")
    }
}

/// Where messages are compiled, whatever their digest.
pub(crate) fn build_dir(workspace: &Workspace) -> PathBuf {
    workspace.ros_dir().join("msgs/build")
}

/// Removes all builds but the newest ones and the given one.
fn forget_old(all: &Path, current: &Path) -> Result<()> {
    let mut builds = Vec::new();
    for home in sorted(all)? {
        let marker = home.join("finished");
        if home != current && marker.is_file() {
            let modified = fs::metadata(&marker).and_then(|metadata| metadata.modified());
            builds.push((modified.unwrap_or(SystemTime::UNIX_EPOCH), home));
        }
    }
    builds.sort();
    builds.reverse();
    for (_, home) in builds.into_iter().skip(KEPT - 1) {
        fs::remove_dir_all(&home).with_context(|| format!("can't remove {}", home.display()))?;
    }
    Ok(())
}

/// Adds the names and contents of all files below a folder, in a fixed order.
fn add_folder(digest: &mut Sha256, root: &Path, folder: &Path) -> Result<()> {
    for path in sorted(folder)? {
        if path.is_dir() {
            add_folder(digest, root, &path)?;
            continue;
        }
        // Prose does not change what is built.
        if path.extension() == Some(OsStr::new("md")) {
            continue;
        }
        let name = path.strip_prefix(root).unwrap_or(&path);
        let text = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
        for part in [
            root.file_name().unwrap_or_default().as_encoded_bytes(),
            name.as_os_str().as_encoded_bytes(),
            &text,
        ] {
            digest.update(part.len().to_le_bytes());
            digest.update(part);
        }
    }
    Ok(())
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("can't read {}", folder.display()))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()
        .with_context(|| format!("can't read {}", folder.display()))?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(files: &[(&str, &str)]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("some_msgs");
        for (name, text) in files {
            let path = package.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let mut digest = Sha256::new();
        add_folder(&mut digest, &package, &package).unwrap();
        format!("{:x}", digest.finalize())
    }

    #[test]
    fn the_digest_follows_names_and_contents_but_not_prose() {
        let files = [("package.xml", "<package/>"), ("msg/A.msg", "int8 a")];
        let digest = digest_of(&files);
        assert_eq!(digest, digest_of(&files));
        assert_ne!(digest, digest_of(&[files[0], ("msg/A.msg", "int8 b")]));
        assert_ne!(digest, digest_of(&[files[0], ("msg/B.msg", "int8 a")]));
        assert_eq!(digest, digest_of(&[files[0], files[1], ("README.md", "about")]));
    }

    #[test]
    fn only_the_newest_builds_are_kept() {
        let all = tempfile::tempdir().unwrap();
        for (age_s, name) in [(40, "a"), (30, "b"), (20, "c"), (10, "d")] {
            let home = all.path().join(name);
            fs::create_dir(&home).unwrap();
            let marker = fs::File::create(home.join("finished")).unwrap();
            let at = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000 - age_s);
            marker.set_modified(at).unwrap();
        }
        fs::create_dir(all.path().join("build")).unwrap();
        forget_old(all.path(), &all.path().join("a")).unwrap();
        let left: Vec<_> = ["a", "b", "c", "d", "build"]
            .map(|name| all.path().join(name).exists())
            .into();
        assert_eq!(left, [true, false, true, true, true]);
    }
}
