//! One file per chore.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod demo;
pub(crate) mod env;
pub(crate) mod golden;
pub(crate) mod test;
pub(crate) mod trials;
