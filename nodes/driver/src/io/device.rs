//! What a bus hangs on: a serial port, a CAN interface of the kernel, or something that makes pulses.

use super::port::{Port, PortError};
use super::pulses::PulsePort;
use crate::backends::Backend;
use crate::backends::canopen::Carrier;
use servomesh_fieldbus::can::interface::{self, Interface};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A serial port.
    Serial {
        /// Where it is.
        path: PathBuf,
        /// Bits per second.
        baud: u32,
    },
    /// An interface of the kernel on a CAN bus.
    Can {
        /// Its name, such as `can0`.
        interface: PathBuf,
    },
    /// A directory of the system's PWM chips, or an I²C bus with a PCA9685.
    Pulses {
        /// Where it is: `/sys/class/pwm/pwmchip0`, `/dev/i2c-1` or, with the chip's address, `/dev/i2c-1:0x41`.
        path: PathBuf,
    },
}

impl Address {
    /// What a backend speaks on: `baud` counts for serial ports only.
    pub fn of(backend: Backend, path: PathBuf, baud: u32) -> Self {
        match backend {
            Backend::Canopen if Carrier::of(&path) == Carrier::Socket => Self::Can { interface: path },
            Backend::Dynamixel | Backend::Feetech | Backend::Canopen => Self::Serial { path, baud },
            Backend::Pwm => Self::Pulses { path },
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        match self {
            Self::Serial { path, .. } | Self::Can { interface: path } | Self::Pulses { path } => path,
        }
    }

    /// What to say when it is lost.
    pub(super) fn lost(&self, reason: &io::Error) -> String {
        match self {
            Self::Serial { .. } => "was unplugged: waiting for it to come back".to_owned(),
            Self::Can { interface } => interface::lost(&interface.to_string_lossy(), reason),
            Self::Pulses { .. } => format!("makes no pulses: {reason}; trying again until it does"),
        }
    }

    /// How long it has to work before it counts as there again: whether pulses can be made shows when they are.
    pub(super) fn trial(&self) -> Duration {
        match self {
            Self::Serial { .. } | Self::Can { .. } => Duration::ZERO,
            Self::Pulses { .. } => Duration::from_secs(1),
        }
    }
}

/// An open device.
#[derive(Debug)]
pub(super) enum Device {
    Serial(Port),
    Can(Interface),
    Pulses(PulsePort),
}

impl Device {
    pub(super) fn open(address: &Address) -> Result<Self, PortError> {
        Ok(match address {
            Address::Serial { path, baud } => Self::Serial(Port::open(path, *baud)?),
            Address::Can { interface } => Self::Can(Interface::open(&interface.to_string_lossy())?),
            Address::Pulses { path } => Self::Pulses(PulsePort::open(path)?),
        })
    }

    pub(super) fn slowed(&self) -> Option<String> {
        match self {
            Self::Serial(port) => port.slowed(),
            Self::Can(_) | Self::Pulses(_) => None,
        }
    }

    /// Waits until there is something to read, or `patience` is over. Says whether there is, or the port is lost: a read tells.
    pub(super) fn wait(&self, patience: Duration) -> bool {
        match self {
            Self::Serial(port) => port.wait(patience),
            Self::Can(interface) => interface.wait(patience),
            Self::Pulses(_) => {
                std::thread::park_timeout(patience);
                false
            }
        }
    }

    pub(super) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Serial(port) => port.read(bytes),
            Self::Can(interface) => interface.read(bytes),
            Self::Pulses(_) => Ok(0),
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Serial(port) => port.write(bytes),
            Self::Can(interface) => interface.write(bytes),
            Self::Pulses(port) => port.write(bytes).map_err(io::Error::other),
        }
    }
}
