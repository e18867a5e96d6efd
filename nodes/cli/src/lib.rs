//! The `servomesh` command: what it decides, without ROS.
//!
//! - [`launch`] reads a launch file into a plan of processes.
//! - [`process`] keeps the processes of a plan running, and brings all of them down in the end.
//! - [`program`] reads a program file, and holds what came of running it.
//! - `ros` (feature `ros`) runs a program against a running cell.
//! - [`tune`] says how a joint is excited, what its record says, and which gains suit it.
//! - [`servos`] shows what a scan of a serial port found, as text.
//! - [`mod@print`] shows a plan, and the arguments of a launch file, as text.

mod columns;
pub mod launch;
pub mod print;
pub mod process;
pub mod program;
#[cfg(feature = "ros")]
pub mod ros;
pub mod servos;
pub mod tune;
