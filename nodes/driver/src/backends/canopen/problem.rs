//! What is wrong with a drive or its bus, as sentences that say what to do.

use super::carrier::{Carrier, Trouble};
use servomesh_fieldbus::canopen::sdo::{Abort, Address};
use servomesh_fieldbus::cia402::Mode;

/// Which drive a problem is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Which {
    /// Its node id.
    pub id: u8,
    /// The joint that it moves.
    pub joint: String,
}

impl std::fmt::Display for Which {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "drive {} ({})", self.id, self.joint)
    }
}

/// Something that keeps drives from being driven.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Nothing at all comes from the port.
    #[error(
        "nothing at this port answers like a CAN adapter (slcan), nor does any drive: is it the adapter's port, and is the adapter's firmware slcan?"
    )]
    NoAdapter,
    /// The adapter does not have the bus's bit rate.
    #[error("the adapter refuses {bit_rate} bit/s: choose another bit rate, for the drives too")]
    AdapterRate {
        /// What it refuses.
        bit_rate: u32,
    },
    /// The adapter does not join the bus.
    #[error("the adapter refuses to join the bus: unplug it and plug it in again")]
    AdapterClosed,
    /// No drive answers.
    #[error(
        "no drive answers at {bit_rate} bit/s{}: is that the bus's bit rate, is the cable in, are both ends terminated with 120 Ω, are the \
         drives powered?",
        trouble_text(*trouble)
    )]
    NobodyThere {
        /// The bit rate.
        bit_rate: u32,
        /// What the carrier says of it.
        trouble: Option<Trouble>,
    },
    /// Frames don't get through.
    #[error("{}", advice(*trouble, *carrier))]
    Trouble {
        /// What the carrier says.
        trouble: Trouble,
        /// What carries them.
        carrier: Carrier,
    },
    /// Somebody else does what only one may.
    #[error(
        "somebody else on this bus makes {what}: two drivers, or a drive that was set up as a master; one bus, one driver"
    )]
    OtherMaster {
        /// What.
        what: &'static str,
    },
    /// Nobody answers to its id.
    #[error("{which} does not answer: is it powered, and is its node id {}? Others on the bus answer", which.id)]
    Absent {
        /// Which.
        which: Which,
    },
    /// Two answer to one id.
    #[error("{which}: two drives answer to this node id: unplug all but one and give each its own")]
    Doubled {
        /// Which.
        which: Which,
    },
    /// It answers to something else than it was asked.
    #[error(
        "{which}: its answers don't fit what it was asked, as when two drives or two masters share a node id"
    )]
    Garbled {
        /// Which.
        which: Which,
    },
    /// It is no drive.
    #[error("{which} is no CiA 402 drive: its device type says profile {profile}")]
    NoDrive {
        /// Which.
        which: Which,
        /// What it says.
        profile: u16,
    },
    /// It is another one than was configured.
    #[error(
        "{which} has {what} {found:#x}, but {wanted:#x} is configured: correct the servos file, or the node ids"
    )]
    OtherDrive {
        /// Which.
        which: Which,
        /// Of what.
        what: &'static str,
        /// What it is.
        found: u32,
        /// What it should be.
        wanted: u32,
    },
    /// It does not have the mode.
    #[error("{which} has no mode {}; it has {}", mode.name(), modes(*has))]
    NoMode {
        /// Which.
        which: Which,
        /// What was asked for.
        mode: Mode,
        /// What there is, as object 6502h says it.
        has: u32,
    },
    /// It does not take up the mode.
    #[error("{which} does not take up mode {}: does another master hold it, or a mode switch of its own?", mode.name())]
    ModeRefused {
        /// Which.
        which: Which,
        /// What was asked for.
        mode: Mode,
    },
    /// It does not have the way home that it should take.
    #[error(
        "{which} has no homing method {method}: {reason}; choose one that its manual has, or mark: stop or index"
    )]
    NoHomingMethod {
        /// Which.
        which: Which,
        /// The method's number.
        method: i8,
        /// What it answers.
        reason: Abort,
    },
    /// It says that homing has failed.
    #[error(
        "{which} says that homing has failed (statusword bit 13): did it meet its switch, stop or index, and does the method fit them? Then home it anew"
    )]
    HomingError {
        /// Which.
        which: Which,
    },
    /// It does not say what its torques are parts of.
    #[error("{which}: its rated current (object 6075h) is 0: set up its motor first, with its maker's tool")]
    NoRating {
        /// Which.
        which: Which,
    },
    /// A limit that goes beyond the drive's own.
    #[error(
        "{which}: {what} {wanted:.3} {unit} is beyond what the drive takes, {own:.3} {unit}: narrow the joint's limit or widen the drive's"
    )]
    WiderThanDrive {
        /// Which.
        which: Which,
        /// Which limit.
        what: &'static str,
        /// What was configured.
        wanted: f64,
        /// The drive's.
        own: f64,
        /// Of both.
        unit: &'static str,
    },
    /// It refuses to be set up.
    #[error("{which} refuses object {object}: {reason}")]
    Refused {
        /// Which.
        which: Which,
        /// What it was told or asked.
        object: Address,
        /// What it answers.
        reason: Abort,
    },
    /// It does not keep what it is told.
    #[error(
        "{which} does not keep what it is told: object {object} reads {found:#x} after {wanted:#x} was written"
    )]
    NotKept {
        /// Which.
        which: Which,
        /// Which object.
        object: Address,
        /// What it reads.
        found: u32,
        /// What was written.
        wanted: u32,
    },
}

fn trouble_text(trouble: Option<Trouble>) -> &'static str {
    match trouble {
        Some(Trouble::Off) => ", and the CAN controller has left the bus after too many errors",
        Some(Trouble::Errors) => ", and the CAN controller sees errors on the bus",
        Some(Trouble::Overrun) => ", and the CAN controller's buffers are full",
        None => "",
    }
}

fn advice(trouble: Trouble, carrier: Carrier) -> &'static str {
    match (trouble, carrier) {
        (Trouble::Off, Carrier::Socket) => {
            "the CAN controller has left the bus after too many errors: check bit rate, cable and the 120 Ω at both ends; it comes back by itself if its interface was set up with `restart-ms 100`, else after `sudo ip link set` down and up"
        }
        (Trouble::Off, Carrier::Slcan) => {
            "the CAN controller has left the bus after too many errors: check bit rate, cable and the 120 Ω at both ends"
        }
        (Trouble::Errors, _) => {
            "the CAN controller sees many errors on the bus: check bit rate, cable and the 120 Ω at both ends"
        }
        (Trouble::Overrun, Carrier::Socket) => {
            "frames were lost, since the interface had no room for them: `sudo ip link set … txqueuelen 100` gives it more; if that does not help, lower rate_hz"
        }
        (Trouble::Overrun, Carrier::Slcan) => {
            "the adapter refused or lost frames: it had no room for them, or does not take part in the bus; if that does not pass, lower rate_hz"
        }
    }
}

fn modes(bits: u32) -> String {
    let names = Mode::ALL.iter().filter(|mode| bits & mode.bit() != 0);
    let names: Vec<&str> = names.map(|mode| mode.name()).collect();
    names.join(", ")
}
