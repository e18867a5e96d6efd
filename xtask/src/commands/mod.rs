//! One file per chore.

pub(crate) mod env;
