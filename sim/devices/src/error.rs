//! What can be wrong with the files that buses are built from, with commands, and with ports.

use std::path::PathBuf;

use servomesh_sim::SimError;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum DevicesError {
    /// A file could not be read.
    #[error("{}: cannot be read: {reason}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// A file says what can't be.
    #[error("{file}: {reason}")]
    Invalid {
        /// The file.
        file: String,
        /// Where and why.
        reason: String,
    },
    /// A bus can't be built as the file has it.
    #[error("bus {bus}: {reason}")]
    Bus {
        /// The bus.
        bus: String,
        /// Why.
        reason: String,
    },
    /// The machine can't be built.
    #[error(transparent)]
    Machine(#[from] SimError),
    /// A port can't be opened, linked or read.
    #[error("bus {bus}: {action}: {reason}")]
    Port {
        /// The bus.
        bus: String,
        /// What was tried.
        action: String,
        /// What the system said.
        #[source]
        reason: std::io::Error,
    },
    /// A command that can't be followed.
    #[error("{0}")]
    Command(String),
}
