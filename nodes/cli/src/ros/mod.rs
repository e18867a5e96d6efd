//! `servomesh run`: carries out a program against a running cell, through the same actions as everybody else.

mod cell;
mod run;

pub use run::{RunOptions, run};
