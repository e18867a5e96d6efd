//! A serial port: opened with its errors explained, read without waiting, written at once.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use serial2::{CharSize, FlowControl, Parity, SerialPort, StopBits};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An open serial port that no other driver has.
#[derive(Debug)]
pub struct Port {
    serial: SerialPort,
    path: PathBuf,
}

/// Why a port can't be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PortError {
    /// There is no such file.
    #[error("port {}: there is no such port; {known}", path.display())]
    Absent {
        /// What was asked for.
        path: PathBuf,
        /// The ports there are, as a sentence.
        known: String,
    },
    /// Its owner does not let this user in.
    #[error(
        "port {}: no permission: add the user to the group that owns it (`sudo usermod -aG dialout $USER`, then log in anew)",
        path.display()
    )]
    Permission {
        /// Which port.
        path: PathBuf,
    },
    /// Another process has it.
    #[error("port {0}: another driver has it: one port, one group; stop the other (`fuser {0}` names it)", path.display())]
    Busy {
        /// Which port.
        path: PathBuf,
    },
    /// It is no serial port.
    #[error("port {}: is no serial port", path.display())]
    NoPort {
        /// What was asked for.
        path: PathBuf,
    },
    /// It does not know this speed.
    #[error("port {}: can't be set to {baud} bit/s: {reason}", path.display())]
    Speed {
        /// Which port.
        path: PathBuf,
        /// What was asked for.
        baud: u32,
        /// What the system says.
        reason: io::Error,
    },
    /// There are no pulses.
    #[error(transparent)]
    Pulses(#[from] super::pulses::PulseError),
    /// There is no CAN.
    #[error(transparent)]
    Can(#[from] servomesh_fieldbus::can::interface::InterfaceError),
    /// Something else.
    #[error("port {}: {reason}", path.display())]
    Other {
        /// Which port.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
}

impl Port {
    /// Opens a port with 8 data bits, no parity, one stop bit, raw, at `baud` bits per second.
    ///
    /// # Errors
    /// [`PortError`] says why not, and what to do.
    pub fn open(path: &Path, baud: u32) -> Result<Self, PortError> {
        let path = path.to_path_buf();
        let explain = |reason: io::Error| match reason.kind() {
            io::ErrorKind::NotFound => PortError::Absent {
                path: path.clone(),
                known: known_ports(),
            },
            io::ErrorKind::PermissionDenied => PortError::Permission { path: path.clone() },
            _ if rustix::io::Errno::from_io_error(&reason) == Some(rustix::io::Errno::NOTTY) => {
                PortError::NoPort { path: path.clone() }
            }
            _ => PortError::Other {
                path: path.clone(),
                reason,
            },
        };
        let mut serial = SerialPort::open(&path, serial2::KeepSettings).map_err(explain)?;
        let settings = |serial: &mut SerialPort| -> io::Result<()> {
            let mut settings = serial.get_configuration()?;
            settings.set_raw();
            settings.set_char_size(CharSize::Bits8);
            settings.set_parity(Parity::None);
            settings.set_stop_bits(StopBits::One);
            settings.set_flow_control(FlowControl::None);
            settings.set_baud_rate(baud)?;
            serial.set_configuration(&settings)
        };
        settings(&mut serial).map_err(|reason| match explain(reason) {
            PortError::Other { path, reason } => PortError::Speed { path, baud, reason },
            other => other,
        })?;
        flock(&serial, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| PortError::Busy { path: path.clone() })?;
        let nothing = |reason| PortError::Other {
            path: path.clone(),
            reason,
        };
        serial.set_read_timeout(Duration::ZERO).map_err(nothing)?;
        serial.discard_buffers().map_err(nothing)?;
        Ok(Self { serial, path })
    }

    /// Sets its speed \[bit/s\] and forgets what came at the one before.
    ///
    /// # Errors
    /// [`PortError::Speed`]: it does not know this speed; it keeps the one it has.
    pub fn set_baud(&mut self, baud: u32) -> Result<(), PortError> {
        let set = |serial: &mut SerialPort| -> io::Result<()> {
            let mut settings = serial.get_configuration()?;
            settings.set_baud_rate(baud)?;
            serial.set_configuration(&settings)?;
            serial.discard_buffers()
        };
        set(&mut self.serial).map_err(|reason| PortError::Speed {
            path: self.path.clone(),
            baud,
            reason,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until there is something to read, or `patience` is over. Says whether there is, or the port is lost: a read tells.
    pub fn wait(&self, patience: Duration) -> bool {
        let mut ports = [PollFd::new(&self.serial, PollFlags::IN)];
        let patience = Timespec {
            tv_sec: patience.as_secs().cast_signed(),
            tv_nsec: patience.subsec_nanos().into(),
        };
        // An interrupted wait is over early: whoever waits looks at the clock anyway.
        matches!(poll(&mut ports, Some(&patience)), Ok(ready) if ready > 0)
    }

    /// Reads what is there.
    ///
    /// # Errors
    /// The port is gone.
    pub fn read(&self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.serial.read(bytes) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Err(error) if matches!(error.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                Ok(0)
            }
            other => other,
        }
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// The port is gone.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.serial.write_all(bytes)
    }

    /// What slows an adapter down, as a sentence: USB adapters of FTDI keep answers back for their latency timer.
    pub fn slowed(&self) -> Option<String> {
        let name = self.path.canonicalize().ok()?;
        let name = name.file_name()?.to_str()?.to_owned();
        let timer = format!("/sys/bus/usb-serial/devices/{name}/latency_timer");
        let set: u32 = std::fs::read_to_string(&timer).ok()?.trim().parse().ok()?;
        (set > 1).then(|| {
            format!(
                "port {}: its adapter keeps answers back for {set} ms: `echo 1 | sudo tee {timer}` makes that 1 ms",
                self.path.display()
            )
        })
    }
}

/// The serial ports of this machine.
///
/// # Errors
/// The system does not list them.
pub fn serial_ports() -> io::Result<Vec<PathBuf>> {
    let mut ports = SerialPort::available_ports()?;
    ports.sort();
    Ok(ports)
}

/// The serial ports of this machine, as a sentence.
fn known_ports() -> String {
    let ports = serial_ports().unwrap_or_default();
    let names: Vec<String> = ports.iter().map(|path| path.display().to_string()).collect();
    if names.is_empty() {
        "this machine has none: is the adapter plugged in?".to_owned()
    } else {
        format!("there are {}", names.join(", "))
    }
}
