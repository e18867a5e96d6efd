//! What a device on a bus is: it hears the line, says something when it is its turn, and runs a motor.
//!
//! Decides what passes between a device and what it hangs on; when bytes arrive is the line's business, where the motor is the motor's.
//!
//! **Invariant:** a device reads no clock and does no I/O: the same calls give the same bytes.

use servomesh_fieldbus::can::frame::Frame;
use servomesh_types::Stamp;

use crate::motor::{MotorCommand, MotorState};

/// A servo on a serial line that it shares with others.
///
/// After each call that changes it, [`poll`](Self::poll) is called until it says nothing more, and [`deadline`](Self::deadline) is asked anew.
pub trait Device: Send {
    /// Hears bytes; the last one's stop bit ended at `now`. A [`Bus`](crate::Bus) hands over each byte as it ends. They are the master's or
    /// other devices', never its own, and those in which two talked at once are not what either said.
    fn receive(&mut self, now: Stamp, bytes: &[u8]);

    /// Learns at `now` of its motor, a millisecond after the last time, and says what the motor shall do until the next.
    fn step(&mut self, now: Stamp, motor: &MotorState) -> MotorCommand;

    /// The next thing it says.
    fn poll(&mut self) -> Option<Saying>;

    /// When it wants [`tick`](Self::tick): a packet torn off, a turn that comes with time, a reboot that ends.
    fn deadline(&self) -> Option<Stamp>;

    /// Its deadline has come.
    fn tick(&mut self, now: Stamp);

    /// Bits per second that it listens and talks at. What it says in the call that changes them is still said at the old ones.
    fn baud(&self) -> u32;

    /// Something befalls it.
    fn suffer(&mut self, now: Stamp, mishap: Mishap);
}

/// A drive on a CAN bus.
///
/// Called like a [`Device`].
pub trait CanDevice: Send {
    /// Hears a frame of another node, which ended at `now`.
    fn receive(&mut self, now: Stamp, frame: &Frame);

    /// Learns at `now` of its motor, a millisecond after the last time, and says what the motor shall do until the next.
    fn step(&mut self, now: Stamp, motor: &MotorState) -> MotorCommand;

    /// The next frame that it wants to send, and from when on. It gets the bus when that is idle and no frame more urgent waits.
    fn poll(&mut self) -> Option<(Stamp, Frame)>;

    /// When it wants [`tick`](Self::tick): a heartbeat, a timeout, a reboot that ends.
    fn deadline(&self) -> Option<Stamp>;

    /// Its deadline has come.
    fn tick(&mut self, now: Stamp);

    /// Bits per second that it listens and talks at.
    fn bit_rate(&self) -> u32;

    /// Something befalls it.
    fn suffer(&mut self, now: Stamp, mishap: Mishap);
}

/// What a device says at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// When the start bit of the first byte may begin: after its return delay, at its turn. It does not wait for the line to be idle.
    pub begin: Stamp,
    /// The bytes, one right after the other.
    pub bytes: Vec<u8>,
}

/// What may befall a device.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mishap {
    /// Its power is gone: it hears and says nothing, and its motor is free.
    PowerLost,
    /// Its power is back: it boots.
    PowerBack,
    /// Its processor starts anew, as after a brown-out: what is not kept in its EEPROM is lost, its torque is off.
    Reboot,
    /// Its thermometer reads this \[°C\]; `None`: the motor's temperature again.
    Heat(Option<f64>),
    /// Its supply is at this voltage \[V\], as far as it can see; `None`: the motor's supply again.
    Supply(Option<f64>),
    /// Its id is another.
    Id(u8),
}
