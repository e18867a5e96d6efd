//! What the command line asks of a running cell, through the same interfaces as everybody else: programs are carried out
//! (`servomesh run`), faults injected (`servomesh fault`).

mod cell;
mod fault;
mod run;

pub use fault::{FaultRequest, inject};
pub use run::{RunOptions, run};
