//! What touches the machine: serial ports, what makes pulses, and the thread that runs a bus on one. Only with the feature `ports`.
//!
//! | room | what it does |
//! |---|---|
//! | [`port`] | opens a serial port, or says why it can't |
//! | [`pulses`], `sysfs_pwm` | opens what makes pulses, or says why it can't; the system's PWM chips as files |
//! | [`device`] | which of them, or which CAN interface of the kernel, a bus hangs on |
//! | [`thread`] | runs a [`Coupling`](crate::coupling::Coupling) on a port in real time |

pub mod device;
pub mod port;
pub mod pulses;
mod sysfs_pwm;
pub mod thread;

pub use device::Address;
pub use port::{Port, PortError, serial_ports};
pub use pulses::{PulseError, PulsePort};
pub use thread::{BusThread, Word};
