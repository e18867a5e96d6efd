//! What is wrong with a program, and where.

use std::fmt;
use std::path::PathBuf;

/// A place in a file; line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
}

impl Spot {
    /// Where a file begins.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Something in a text that can't be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wrong {
    spot: Spot,
    /// The names of what it is in, from the outside in; items of lists count from 1.
    field: String,
    reason: String,
}

impl Wrong {
    pub(super) fn at(spot: Spot, reason: impl Into<String>) -> Self {
        let (field, reason) = (String::new(), reason.into());
        Self { spot, field, reason }
    }

    /// Says that this is inside `name`: a field, or an item as `[2]`.
    pub(super) fn inside(mut self, name: &str) -> Self {
        let dot = match self.field.chars().next() {
            None | Some('[') => "",
            Some(_) => ".",
        };
        self.field = format!("{name}{dot}{}", self.field);
        self
    }

    pub(super) fn of(self, path: PathBuf) -> ProgramError {
        let Self { spot, field, reason } = self;
        ProgramError::Wrong {
            path,
            spot,
            field,
            reason,
        }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.spot, said(&self.field, &self.reason))
    }
}

/// Why a program can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// The file can't be read.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// What it says can't be.
    #[error("{}:{spot}: {}", path.display(), said(field, reason))]
    Wrong {
        /// Which file.
        path: PathBuf,
        /// Where.
        spot: Spot,
        /// Which field, such as `steps[3].line.to`; items count from 1.
        field: String,
        /// The value, and what would be possible.
        reason: String,
    },
}

fn said(field: &str, reason: &str) -> String {
    match field {
        "" => reason.to_owned(),
        field => format!("{field}: {reason}"),
    }
}
