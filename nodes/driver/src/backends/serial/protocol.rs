//! What servos of one make do their own way.

use super::bus::Bus;
use super::member::Member;
use super::phase::{Asked, Asking};
use crate::bus::DriveCommand;
use servomesh_types::Stamp;
use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What is asked, told and understood on a bus of servos. The value is what only such a bus holds.
pub trait Protocol: Debug + Sized {
    /// A servo of a group.
    type Servo: Member + Debug;
    /// What takes packets out of the bytes that come.
    type Stream: Default + Debug;
    /// A read of all servos.
    type Read: Asked + Copy + Debug;
    /// What can't be sent.
    type Error;

    /// Forgets what has come and is no packet yet.
    fn clear(stream: &mut Self::Stream);

    /// How many bytes have come that are no packet, or not yet.
    fn noise(stream: &Self::Stream) -> u64;

    /// Writes the next instruction of a servo's set-up to the front of the buffer.
    ///
    /// # Errors
    /// It is longer than the buffer.
    fn ask(&self, servo: &Self::Servo, buffer: &mut [u8]) -> Result<Ask, Self::Error>;

    /// Reads one packet while servos are set up; `false` when none is left.
    fn hear_opening(bus: &mut Bus<Self>, now: Stamp, asking: Option<Asking>, bytes: &mut &[u8]) -> bool;

    /// Writes an instruction that takes the torque off all servos to the front of the buffer; gives its length.
    ///
    /// # Errors
    /// It is longer than the buffer.
    fn torque_off(servos: &[Self::Servo], buffer: &mut [u8]) -> Result<usize, Self::Error>;

    /// How long the longest of the usual reads takes.
    fn reading(bus: &Bus<Self>) -> Duration;

    /// How long the goals of all servos take on the wire.
    fn goals_take(bus: &Bus<Self>) -> Duration;

    /// How many bytes of each servo the next read should bring, and how many it may at most.
    fn wanted(bus: &Bus<Self>) -> RangeInclusive<u16>;

    /// Reads so many bytes of all servos; goals have to begin by `latest`.
    fn read(bus: &mut Bus<Self>, now: Stamp, length: u16, latest: Stamp) -> Self::Read;

    /// Reads one packet of a bus that cycles; `false` when none is left. `read` is what was asked and is not over yet.
    fn hear_cycling(bus: &mut Bus<Self>, now: Stamp, read: Option<Self::Read>, bytes: &mut &[u8]) -> bool;

    /// The time of a read is over, or of one exchange of it.
    fn give_up(bus: &mut Bus<Self>, now: Stamp, read: Self::Read);

    /// What a read that is over says of the bus, if no servo has lost its set-up.
    fn judge(_bus: &mut Bus<Self>, _read: &Self::Read) {}

    /// Whether a servo has been silent for so long that it has to be opened anew.
    fn is_silent(bus: &Bus<Self>, servo: &Self::Servo, at: Stamp) -> bool;

    /// Sends what the core answered: goals, and torque where it is not as it should be. Gives how many bytes of them.
    fn write(bus: &mut Bus<Self>, now: Stamp, command: &DriveCommand) -> usize;
}

/// What an exchange of a servo's set-up sends, and how long its answer is \[bytes\].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub(in crate::backends) sent: usize,
    pub(in crate::backends) answer: usize,
}
