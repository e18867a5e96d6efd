//! Installs Pinocchio's wheel, compiles `peers/pinocchio.cpp` against it, and runs that.
//!
//! Compiling its templates takes over a minute, so the program stays beside the wheel, with the source it was made from.

use crate::wheels;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The library, and headers that its own ask for.
const WHEELS: [&str; 3] = ["pin==4.1.0", "cmeel-eigen==3.4.1", "cmeel-urdfdom-headers==3.0.0"];

/// As Pinocchio's CMake files pass them on; the first makes its users take the algorithms from the library.
const DEFINITIONS: [&str; 9] = [
    "PINOCCHIO_ENABLE_TEMPLATE_INSTANTIATION",
    "PINOCCHIO_WITH_URDFDOM",
    "PINOCCHIO_URDFDOM_HEADERS_MAJOR_VERSION=3",
    "PINOCCHIO_URDFDOM_HEADERS_MINOR_VERSION=0",
    "PINOCCHIO_URDFDOM_HEADERS_PATCH_VERSION=0",
    "BOOST_MPL_LIMIT_LIST_SIZE=30",
    "BOOST_MPL_LIMIT_VECTOR_SIZE=30",
    "BOOST_MPL_CFG_NO_PREPROCESSED_HEADERS",
    "BOOST_FUSION_INVOKE_MAX_ARITY=12",
];

pub(super) struct Peer {
    program: PathBuf,
}

/// What one run says.
pub(super) struct Answer {
    pub(super) sum: f64,
    pub(super) times: Vec<Option<u64>>,
}

impl Peer {
    pub(super) fn compile() -> Result<Self> {
        let prefix = wheels::site_packages(&WHEELS)?.join("cmeel.prefix");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/pinocchio.cpp");
        let text = std::fs::read_to_string(&source).with_context(|| source.display().to_string())?;
        let (program, made_from) = (prefix.join("servomesh_peer"), prefix.join("servomesh_peer.cpp"));
        let is_made = std::fs::read_to_string(&made_from).is_ok_and(|made_from| made_from == text);
        if !is_made || !program.is_file() {
            eprintln!("compiling {} (over a minute, once) …", source.display());
            compile(&source, &prefix, &program)?;
            std::fs::write(&made_from, text).with_context(|| made_from.display().to_string())?;
        }
        Ok(Self { program })
    }

    pub(super) fn run(
        &self,
        urdf: &Path,
        link: &str,
        algorithm: &str,
        batches: usize,
        calls: usize,
    ) -> Result<Answer> {
        let output = Command::new(&self.program)
            .arg(urdf)
            .args([link, algorithm, &batches.to_string(), &calls.to_string()])
            .output()
            .with_context(|| self.program.display().to_string())?;
        ensure!(
            output.status.success(),
            "{algorithm}: {}\n{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        let text = String::from_utf8(output.stdout).context("its output")?;
        let (sum, times) = text.split_once('\n').context("no sum in its output")?;
        let times = times
            .lines()
            .map(|ns| ns.parse().map(Some).context("a time of its"));
        Ok(Answer {
            sum: sum.parse().context("the sum of its results")?,
            times: times.collect::<Result<_>>()?,
        })
    }
}

fn compile(source: &Path, prefix: &Path, program: &Path) -> Result<()> {
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    let status = Command::new("g++")
        // Its headers warn.
        .args(["-std=c++17", "-O3", "-DNDEBUG", "-w"])
        .args(DEFINITIONS.map(|definition| format!("-D{definition}")))
        .arg(format!("-I{}", include.display()))
        .arg(format!("-I{}", include.join("eigen3").display()))
        .arg(format!("-I{}", include.join("urdfdom_headers").display()))
        .arg("-o")
        .arg(program)
        .arg(source)
        .arg(format!("-L{}", lib.display()))
        .arg(format!("-Wl,-rpath,{}", lib.display()))
        .args(["-lpinocchio_parsers", "-lpinocchio_default", "-lurdfdom_model"])
        // What the libraries themselves need is found when the program starts.
        .arg("-Wl,--allow-shlib-undefined")
        .status()
        .context("start g++")?;
    ensure!(status.success(), "g++ on {}: {status}", source.display());
    Ok(())
}
