//! What touches the machine: serial ports, and the thread that runs a bus on one. Only with the feature `ports`.
//!
//! | room | what it does |
//! |---|---|
//! | [`port`] | opens a serial port, or says why it can't |
//! | [`thread`] | runs a [`Coupling`](crate::coupling::Coupling) on a port in real time |

pub mod port;
pub mod thread;

pub use port::{Port, PortError, serial_ports};
pub use thread::{BusThread, Word};
