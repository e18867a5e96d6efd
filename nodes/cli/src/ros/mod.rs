//! What the command line asks of a running cell, through the same interfaces as everybody else: programs are carried out
//! (`servomesh run`), faults injected (`servomesh fault`), joints tuned (`servomesh tune`).
//!
//! | room | what it does |
//! |---|---|
//! | `cell` | hears the cell: its groups, states, safety, events |
//! | `run` | carries out a program, step by step, and brings all to rest when it ends early |
//! | `goals`, `waits` | what is under way: goals as messages, and what is waited for |
//! | `show` | bars or lines |
//! | `fault` | asks the simulation to break something |
//! | `tune`, `driver` | has joints excited and records them; the parameters of their driver |

mod cell;
mod driver;
mod fault;
mod goals;
mod run;
mod show;
mod tune;
mod waits;

pub use fault::{FaultRequest, inject};
pub use run::{End, RunOptions, run};
pub use tune::{TuneOutcome, TuneRequest, tune};
