//! Installs Pinocchio's wheel, compiles `peers/pinocchio.cpp` against it, and runs that.
//!
//! Compiling its templates takes over a minute, so the program stays beside the wheel, with the source it was made from.

use crate::native::{Answer, compile_cpp, source};
use crate::wheels;
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};
use std::process::Command;

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

const LIBRARIES: [&str; 3] = ["pinocchio_parsers", "pinocchio_default", "urdfdom_model"];

pub(super) struct Peer {
    program: PathBuf,
}

impl Peer {
    pub(super) fn compile() -> Result<Self> {
        let prefix = wheels::pinocchio()?;
        let source = source("pinocchio.cpp");
        let text = std::fs::read_to_string(&source).with_context(|| source.display().to_string())?;
        let (program, made_from) = (prefix.join("servomesh_peer"), prefix.join("servomesh_peer.cpp"));
        let is_made = std::fs::read_to_string(&made_from).is_ok_and(|made_from| made_from == text);
        if !is_made || !program.is_file() {
            eprintln!("compiling {} (over a minute, once) …", source.display());
            let headers = prefix.join("include/urdfdom_headers");
            let mut flags = DEFINITIONS.map(|definition| format!("-D{definition}")).to_vec();
            flags.push(format!("-I{}", headers.display()));
            flags.extend(LIBRARIES.map(|library| format!("-l{library}")));
            compile_cpp(&source, &prefix, &flags, &program)?;
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
        let mut program = Command::new(&self.program);
        program
            .arg(urdf)
            .args([link, algorithm, &batches.to_string(), &calls.to_string()]);
        Answer::of(&mut program)
    }
}
