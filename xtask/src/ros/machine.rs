//! What a machine must have before a set-up can start; what is missing is an error that says how to get it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::source::Source;

/// Minor versions of Python 3 for which wheels exist, newest last.
const PYTHON_MINORS: std::ops::RangeInclusive<u32> = 10..=14;

/// What was found.
#[derive(Debug)]
pub(crate) struct Machine {
    /// The interpreter that the environment is made from.
    pub(crate) python: PathBuf,
    /// The C compiler's own headers, which bindgen's clang does not know.
    pub(crate) compiler_include: PathBuf,
}

/// Looks at the machine.
///
/// # Errors
/// Something is missing, all of it in one message.
pub(crate) fn check(source: &Source) -> Result<Machine> {
    let mut missing = Vec::new();
    if *source == Source::Wheels
        && let Some(reason) = no_wheels_for(std::env::consts::OS, std::env::consts::ARCH)
    {
        missing.push(reason);
    }
    let python = find_python(source).map_err(|reason| missing.push(reason)).ok();
    let compiler_include = compiler_include().map_err(|reason| missing.push(reason)).ok();
    for (program, packages) in [("c++", "g++"), ("make", "make")] {
        if !runs(program) {
            missing.push(format!(
                "`{program}`: install it, on Debian and Ubuntu `apt install {packages}`"
            ));
        }
    }
    match (python, compiler_include) {
        (Some(python), Some(compiler_include)) if missing.is_empty() => Ok(Machine {
            python,
            compiler_include,
        }),
        _ => bail!(
            "to set ROS 2 up, this machine lacks:\n  - {}",
            missing.join("\n  - ")
        ),
    }
}

fn no_wheels_for(os: &str, arch: &str) -> Option<String> {
    (os != "linux" || arch != "x86_64").then(|| {
        format!(
            "a sourced ROS 2: wheels of ROS 2 exist for Linux on x86_64, this is {os} on {arch}; install \
             ROS 2 Jazzy (docs.ros.org) and source its setup.bash"
        )
    })
}

/// The first interpreter that can make an environment and compile against its own headers.
fn find_python(source: &Source) -> Result<PathBuf, String> {
    let mut names = vec!["python3".to_owned()];
    // A sourced distribution's modules are compiled for the system's Python, so no other will do.
    if *source == Source::Wheels {
        names.extend(PYTHON_MINORS.rev().map(|minor| format!("python3.{minor}")));
    }
    let mut seen = Vec::new();
    for name in names {
        match probe_python(&name) {
            Ok(path) => return Ok(path),
            Err(Some(reason)) => seen.push(reason),
            Err(None) => {}
        }
    }
    let wanted = format!(
        "Python 3.{} to 3.{} with venv and headers: on Debian and Ubuntu `apt install python3 python3-venv \
         python3-dev`",
        PYTHON_MINORS.start(),
        PYTHON_MINORS.end()
    );
    Err(if seen.is_empty() {
        wanted
    } else {
        format!("{wanted} ({})", seen.join("; "))
    })
}

/// The interpreter's path; or why it does not serve, `None` if there is none of that name.
fn probe_python(name: &str) -> Result<PathBuf, Option<String>> {
    const PROBE: &str = "\
import os, sys, sysconfig
print(sys.version_info[0], sys.version_info[1])
print(sys.executable)
try:
    import venv, ensurepip
    print('venv')
except ImportError:
    print('-')
print(os.path.exists(os.path.join(sysconfig.get_paths()['include'], 'Python.h')))
";
    let output = Command::new(name)
        .args(["-c", PROBE])
        .stderr(Stdio::null())
        .output()
        .map_err(|_| None)?;
    if !output.status.success() {
        return Err(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let [version, executable, venv, headers] = lines[..] else {
        return Err(Some(format!("{name} does not answer like Python 3")));
    };
    let minor = version
        .strip_prefix("3 ")
        .and_then(|minor| minor.parse().ok())
        .unwrap_or(0);
    if !PYTHON_MINORS.contains(&minor) {
        return Err(Some(format!("{name} is version {}", version.replace(' ', "."))));
    }
    if venv != "venv" {
        return Err(Some(format!(
            "{name} lacks the module venv or ensurepip: python3-venv"
        )));
    }
    if headers != "True" {
        return Err(Some(format!("{name} lacks Python.h: python3-dev")));
    }
    Ok(PathBuf::from(executable))
}

fn compiler_include() -> Result<PathBuf, String> {
    let wanted = "a C compiler (`cc`): on Debian and Ubuntu `apt install build-essential`";
    let output = Command::new("cc")
        .arg("-print-file-name=include")
        .stderr(Stdio::null())
        .output()
        .map_err(|_| wanted.to_owned())?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if !output.status.success() || !path.join("stddef.h").is_file() {
        return Err(format!(
            "{wanted} (the one here does not say where its headers are)"
        ));
    }
    Ok(path)
}

fn runs(program: &str) -> bool {
    let mut command = Command::new(program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Asks an interpreter for a few values, one a line.
///
/// # Errors
/// The interpreter can't be started, fails, or prints another number of lines.
pub(crate) fn ask_python<const N: usize>(python: &std::path::Path, script: &str) -> Result<[String; N]> {
    let output = Command::new(python)
        .args(["-c", script])
        // The wheels' start-up hook would restart the interpreter.
        .env("_ROS_WHEELS_BOOTSTRAP_COMPLETE", "1")
        .output()
        .with_context(|| format!("can't start {}", python.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match <[String; N]>::try_from(lines) {
        Ok(answer) if output.status.success() => Ok(answer),
        _ => bail!(
            "{} did not answer: {}",
            python.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wheels_are_for_one_platform() {
        assert_eq!(no_wheels_for("linux", "x86_64"), None);
        assert!(no_wheels_for("linux", "aarch64").unwrap().contains("aarch64"));
        assert!(no_wheels_for("macos", "x86_64").unwrap().contains("macos"));
    }

    #[test]
    fn a_missing_interpreter_is_no_complaint_about_it() {
        assert_eq!(probe_python("python3-that-is-not-there"), Err(None));
    }
}
