//! What a backend on a wire is: a protocol without its port.
//!
//! Bytes and time go in; bytes, frames and notices come out. A [`Link`] opens its devices (who is there, what they are, what must be set),
//! and then cycles: it asks the drives, hands over a frame, takes the core's answer, sends it, and uses the rest of the period for chores
//! (temperatures, voltages, a missing device). Whoever owns the port runs it: a thread on a serial port, or a test with simulated
//! devices on a virtual clock.
//!
//! ```text
//!              ┌ receive(now, bytes) ┐                ┌ Transmit(bytes)
//!   port ────► │ tick(now)           │ ──── poll ───► │ Frame(status) ──► core
//!   core ────► └ command(now, …)     ┘                └ Notice(text)
//! ```
//!
//! **Invariant:** after each call that takes `now`, `poll` is drained before the next.
//! **Invariant:** a link reads no clock, opens nothing, and allocates nothing while it cycles.

use crate::bus::{DriveCommand, DriveStatus};
use servomesh_types::{EventKind, Stamp};
use std::borrow::Cow;

/// A backend's protocol, without its port.
pub trait Link: Send {
    /// Bytes came from the port.
    fn receive(&mut self, now: Stamp, bytes: &[u8]);

    /// The port lost its device (`false`) or has one again (`true`); it has one at first.
    fn plugged(&mut self, now: Stamp, there: bool);

    /// Its deadline has come.
    fn tick(&mut self, now: Stamp);

    /// The core's answer to the last frame.
    fn command(&mut self, now: Stamp, command: &DriveCommand);

    /// What is to be done next.
    fn poll(&mut self) -> Option<Action<'_>>;

    /// When to call [`tick`](Self::tick) next.
    fn deadline(&self) -> Option<Stamp>;
}

/// Something that a link wants done.
#[derive(Debug)]
pub enum Action<'a> {
    /// Send these bytes.
    Transmit(&'a [u8]),
    /// Give this to the core.
    Frame(&'a DriveStatus),
    /// Tell people.
    Notice(Notice),
}

/// Something that people should know of a bus: what, at which device, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// [`EventKind::Fault`] or [`EventKind::Recovered`].
    pub kind: EventKind,
    /// The sentence, without the port's name.
    pub text: Cow<'static, str>,
}
