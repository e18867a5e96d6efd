//! The environment variables that make ROS 2, the messages and r2r's build work.
//!
//! **Invariant:** the values depend on the set-up and on the caller's own entries alone. Applied twice they are
//! the same, so that cargo never builds r2r again because it was called in another way.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::messages::Messages;
use super::source::Source;
use super::venv::Installed;
use crate::workspace::{Workspace, toolchain_lib_dir};

/// Variables and their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RosEnv {
    vars: BTreeMap<&'static str, OsString>,
    ament_prefixes: Vec<PathBuf>,
    python: PathBuf,
}

impl RosEnv {
    /// Puts the variables together.
    pub(crate) fn new(
        workspace: &Workspace,
        source: &Source,
        installed: &Installed,
        messages: Option<Messages>,
    ) -> Self {
        let callers = |name: &str| callers_entries(workspace, name);
        let messages = messages.map(|messages| messages.prefix);
        let mut ament_prefixes: Vec<PathBuf> = messages.iter().cloned().collect();
        let mut libraries: Vec<PathBuf> = messages.iter().map(|prefix| prefix.join("lib")).collect();
        match source {
            Source::Wheels => {
                ament_prefixes.push(installed.prefix.clone());
                libraries.push(installed.prefix.join("lib"));
                libraries.extend(installed.library_dirs.iter().cloned());
            }
            Source::Sourced { prefixes, .. } => ament_prefixes.extend(prefixes.iter().cloned()),
        }
        libraries.extend(callers("LD_LIBRARY_PATH"));

        let mut modules = messages
            .iter()
            .flat_map(|prefix| python_dirs(prefix, &installed.python_version))
            .collect();
        modules = [modules, callers("PYTHONPATH")].concat();
        let programs = [vec![installed.prefix.join("bin")], callers("PATH")].concat();

        // colcon gives CMake these too, and r2r's build looks at both: equal values, one build.
        let mut cmake_prefixes = ament_prefixes.clone();
        cmake_prefixes.extend(
            callers("CMAKE_PREFIX_PATH")
                .into_iter()
                .filter(|path| !ament_prefixes.contains(path)),
        );

        let mut vars = BTreeMap::from([
            ("AMENT_PREFIX_PATH", joined(&ament_prefixes)),
            ("CMAKE_PREFIX_PATH", joined(&cmake_prefixes)),
            ("LD_LIBRARY_PATH", joined(&libraries)),
            ("PATH", joined(&programs)),
            ("PYTHONPATH", joined(&modules)),
            ("ROS_DISTRO", source.distro().into()),
            ("LIBCLANG_PATH", installed.libclang.clone().into()),
            (
                "BINDGEN_EXTRA_CLANG_ARGS",
                prefixed("-I", &installed.compiler_include),
            ),
        ]);
        if *source == Source::Wheels {
            vars.insert("ROS_VERSION", "2".into());
            vars.insert("ROS_PYTHON_VERSION", "3".into());
            // The wheels' start-up hook restarts each Python to set the loader's path; it is set here.
            vars.insert("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "1".into());
        }
        Self {
            vars,
            ament_prefixes,
            python: installed.program("python"),
        }
    }

    /// Sets the variables for a command.
    pub(crate) fn apply<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.envs(&self.vars)
    }

    /// The interpreter that has the tools and `rclpy`.
    pub(crate) fn python(&self) -> &Path {
        &self.python
    }

    /// Whether a package is in one of the ament prefixes.
    pub(crate) fn provides(&self, package: &str) -> bool {
        let marker = Path::new("share/ament_index/resource_index/packages").join(package);
        self.ament_prefixes
            .iter()
            .any(|prefix| prefix.join(&marker).is_file())
    }

    /// Lines for a POSIX shell's `eval`.
    pub(crate) fn exports(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.vars {
            let value = value.to_string_lossy().replace('\'', r"'\''");
            writeln!(text, "export {name}='{value}'").expect("writing to a String can't fail");
        }
        text
    }
}

/// The entries of a path-like variable that are neither this workspace's set-up nor cargo's own.
fn callers_entries(workspace: &Workspace, name: &str) -> Vec<PathBuf> {
    let own = [
        Some(workspace.ros_dir()),
        Some(workspace.target_dir()),
        toolchain_lib_dir(),
    ];
    let value = env::var_os(name).unwrap_or_default();
    entries_outside(&value, &own.into_iter().flatten().collect::<Vec<_>>())
}

fn entries_outside(value: &OsStr, folders: &[PathBuf]) -> Vec<PathBuf> {
    env::split_paths(value)
        .filter(|path| !path.as_os_str().is_empty())
        .filter(|path| !folders.iter().any(|folder| path.starts_with(folder)))
        .collect()
}

/// Where an ament prefix may hold Python modules: the layout differs between distributions.
fn python_dirs(prefix: &Path, version: &str) -> Vec<PathBuf> {
    [
        "lib/python{}/site-packages",
        "lib/python{}/dist-packages",
        "local/lib/python{}/dist-packages",
    ]
    .iter()
    .map(|layout| prefix.join(layout.replace("{}", version)))
    .filter(|path| path.is_dir())
    .collect()
}

fn joined(paths: &[PathBuf]) -> OsString {
    let mut text = OsString::new();
    for path in paths {
        if !text.is_empty() {
            text.push(":");
        }
        text.push(path);
    }
    text
}

fn prefixed(prefix: &str, path: &Path) -> OsString {
    let mut text = OsString::from(prefix);
    text.push(path);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_entries_do_not_pile_up() {
        let own = [PathBuf::from("/w/.ros"), PathBuf::from("/w/target")];
        let value = OsString::from("/w/.ros/venv/bin:/usr/bin::/w/target/debug/deps:/w/.rosette");
        assert_eq!(
            entries_outside(&value, &own),
            [PathBuf::from("/usr/bin"), PathBuf::from("/w/.rosette")]
        );
    }

    #[test]
    fn exports_survive_a_shell() {
        let vars = BTreeMap::from([("A", OsString::from("it's $HOME"))]);
        let env = RosEnv {
            vars,
            ament_prefixes: vec![],
            python: PathBuf::new(),
        };
        let script = format!("{}\nprintf %s \"$A\"", env.exports());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "it's $HOME");
    }
}
