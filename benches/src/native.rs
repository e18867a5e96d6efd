//! Peers that are programs: compiled here, run to their end, understood by what they print.

use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program prints. It must not mix with the table.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("start {name}"))?;
    ensure!(
        output.status.success(),
        "{command:?}: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).with_context(|| format!("what {name} prints"))
}

/// What a peer answers in its first line and those after.
pub(crate) struct Answer {
    /// Of all that it computed: must be ours too.
    pub(crate) sum: f64,
    /// Of each turn [ns].
    pub(crate) times: Vec<Option<u64>>,
}

impl Answer {
    pub(crate) fn of(command: &mut Command) -> Result<Self> {
        let text = output(command)?;
        let (sum, times) = text.split_once('\n').context("no sum in its output")?;
        let times = times
            .lines()
            .map(|ns| ns.parse().map(Some).context("a time of its"));
        Ok(Self {
            sum: sum.parse().context("the sum of its results")?,
            times: times.collect::<Result<_>>()?,
        })
    }
}

/// Compiles a C++ program of `peers/` against the libraries below `prefix`; `flags` name them.
pub(crate) fn compile_cpp(source: &Path, prefix: &Path, flags: &[String], program: &Path) -> Result<()> {
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    let mut compiler = Command::new("g++");
    compiler
        // Headers of others warn.
        .args(["-std=c++17", "-O3", "-DNDEBUG", "-w"])
        .arg(format!("-I{}", include.display()))
        .arg(format!("-I{}", include.join("eigen3").display()))
        .arg("-o")
        .arg(program)
        .arg(source)
        .arg(format!("-L{}", lib.display()))
        .arg(format!("-Wl,-rpath,{}", lib.display()))
        .args(flags)
        // What the libraries themselves need is found when the program starts.
        .arg("-Wl,--allow-shlib-undefined");
    output(&mut compiler).map(drop)
}

/// The source of a peer.
pub(crate) fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers").join(name)
}
