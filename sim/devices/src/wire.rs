//! What a master has at its end of a bus, whichever kind of bus it is.

use servomesh_types::Stamp;

use crate::device::Mishap;
use crate::noise::LineFaults;

/// A bus as its master sees it, in virtual time: bytes go in, and come out when their time has come. For a CAN bus the bytes are those of an
/// adapter's serial line.
pub trait Wire: Send {
    /// The master writes bytes at `now`. What it has written before goes out first.
    fn write(&mut self, now: Stamp, bytes: &[u8]);

    /// The next bytes that have reached the master, and when the last of them did.
    fn read(&mut self) -> Option<(Stamp, Vec<u8>)>;

    /// Goes on to `now`. Time never goes back: an earlier one does nothing.
    fn advance_to(&mut self, now: Stamp);

    /// When something happens next that the master may hear of, or that moves a motor.
    fn next_event(&self) -> Stamp;

    /// Sets at how many bits per second the master's port talks and listens.
    fn set_baud(&mut self, baud: u32);

    /// Pulls the master's plug, or puts it in again. Without it nothing passes between master and devices; what was under way is torn off.
    fn set_plugged(&mut self, plugged: bool);

    /// Seeds what is random on the line; 0 unless set. It is good then, until faults are set.
    fn set_seed(&mut self, seed: u64);

    /// Makes the line bad, or good again, in one direction.
    fn set_faults(&mut self, toward: Toward, faults: LineFaults);

    /// Something befalls a device, by its index on the bus.
    ///
    /// # Panics
    /// If there is no such device.
    fn suffer(&mut self, device: usize, mishap: Mishap);
}

/// A direction on a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Toward {
    /// What the master says.
    Devices,
    /// What devices say; other devices hear it as the master does.
    Master,
}
