//! What makes pulses: the system's PWM chips, or a PCA9685 on an I²C bus. Opened with its errors explained, and told
//! [orders](crate::backends::pwm::orders).

use super::sysfs_pwm::SysfsPwm;
use crate::backends::pwm::orders::decode;
use crate::backends::pwm::pca9685::{WriteError, Writer};
use i2cdev::core::I2CDevice as _;
use i2cdev::linux::{LinuxI2CDevice, LinuxI2CError};
use std::io;
use std::path::{Path, PathBuf};

/// Something that makes pulses.
#[derive(Debug)]
pub struct PulsePort(Kind);

#[derive(Debug)]
enum Kind {
    Sysfs(SysfsPwm),
    Pca9685(Chip),
}

/// Why there are no pulses, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum PulseError {
    /// There is nothing there.
    #[error("port {}: there is no such bus or chip; {known}", path.display())]
    Absent {
        /// What was asked for.
        path: PathBuf,
        /// The chips there are, as a sentence.
        known: String,
    },
    /// Its owner does not let this user in.
    #[error("port {}: no permission: add the user to the group that owns it (`ls -l` shows it; often i2c or gpio), then log in anew", path.display())]
    Permission {
        /// What can't be opened.
        path: PathBuf,
    },
    /// It is something else.
    #[error(
        "port {}: makes no pulses: give a chip of the system's, such as /sys/class/pwm/pwmchip0, or the I²C bus of a PCA9685, such as /dev/i2c-1 or /dev/i2c-1:0x41",
        path.display()
    )]
    NoPulses {
        /// What was asked for.
        path: PathBuf,
    },
    /// Nobody answers on the I²C bus.
    #[error(
        "port {}: no chip answers at address {address:#04x}: has it its supply, are SDA and SCL connected, and is that its address (0x40 unless its jumpers are closed)?",
        path.display()
    )]
    NoChip {
        /// Which bus.
        path: PathBuf,
        /// Who was asked.
        address: u16,
    },
    /// A driver of the kernel's has the chip.
    #[error("port {}: the kernel has the chip at address {address:#04x} itself: give its directory under /sys/class/pwm instead", path.display())]
    Claimed {
        /// Which bus.
        path: PathBuf,
        /// Which chip.
        address: u16,
    },
    /// It has no such output.
    #[error("port {}: there is no channel {channel}: it has {channels}, counted from 0", path.display())]
    Channel {
        /// Which chip.
        path: PathBuf,
        /// What was asked for.
        channel: u8,
        /// How many there are.
        channels: u32,
    },
    /// It does not do what it is told.
    #[error("port {}: {what}: {reason}", path.display())]
    System {
        /// Which file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// What the system says.
        reason: io::Error,
    },
}

#[derive(Debug)]
struct Chip {
    device: LinuxI2CDevice,
    path: PathBuf,
    address: u16,
    writer: Writer,
}

impl PulsePort {
    /// Opens a directory such as `/sys/class/pwm/pwmchip0`, or a bus such as `/dev/i2c-1` with a PCA9685 at 0x40, or at the address behind a colon.
    ///
    /// # Errors
    /// [`PulseError`] says why not, and what to do.
    pub fn open(path: &Path) -> Result<Self, PulseError> {
        let kind = if path.is_dir() {
            Kind::Sysfs(SysfsPwm::open(path)?)
        } else {
            let (bus, address) = split(path);
            Kind::Pca9685(Chip::open(&bus, address)?)
        };
        Ok(Self(kind))
    }

    /// Follows orders.
    ///
    /// # Errors
    /// [`PulseError`]: the rest of the orders is not followed.
    pub fn write(&mut self, orders: &[u8]) -> Result<(), PulseError> {
        for order in decode(orders) {
            match &mut self.0 {
                Kind::Sysfs(chip) => chip.follow(order)?,
                Kind::Pca9685(Chip {
                    device,
                    path,
                    address,
                    writer,
                }) => writer
                    .follow(order, |bytes| device.write(bytes))
                    .map_err(|error| match error {
                        WriteError::Bus(reason) => explain(path, *address, reason.into()),
                        other => PulseError::System {
                            path: path.clone(),
                            what: "pulses",
                            reason: io::Error::other(other.to_string()),
                        },
                    })?,
            }
        }
        Ok(())
    }
}

impl Chip {
    fn open(path: &Path, address: u16) -> Result<Self, PulseError> {
        let wrong = |error: LinuxI2CError| explain(path, address, error.into());
        if !path.exists() {
            return Err(PulseError::Absent {
                path: path.to_path_buf(),
                known: known(),
            });
        }
        let mut device = LinuxI2CDevice::new(path, address).map_err(wrong)?;
        // Whoever acknowledges this is there: register 0 is read and nothing is changed.
        device.write(&[0]).map_err(wrong)?;
        device.read(&mut [0]).map_err(wrong)?;
        Ok(Self {
            device,
            path: path.to_path_buf(),
            address,
            writer: Writer::default(),
        })
    }
}

fn explain(path: &Path, address: u16, reason: io::Error) -> PulseError {
    use rustix::io::Errno;
    let path = path.to_path_buf();
    match Errno::from_io_error(&reason) {
        Some(Errno::ACCESS | Errno::PERM) => PulseError::Permission { path },
        Some(Errno::NOTTY | Errno::INVAL) => PulseError::NoPulses { path },
        Some(Errno::NXIO | Errno::REMOTEIO | Errno::TIMEDOUT) => PulseError::NoChip { path, address },
        Some(Errno::BUSY) => PulseError::Claimed { path, address },
        _ => PulseError::System {
            path,
            what: "I²C",
            reason,
        },
    }
}

/// The bus, and the chip's address on it.
fn split(path: &Path) -> (PathBuf, u16) {
    let text = path.to_string_lossy();
    let parts = text.rsplit_once(":0x").and_then(|(bus, address)| {
        let address = u16::from_str_radix(address, 16).ok()?;
        Some((PathBuf::from(bus), address))
    });
    parts.unwrap_or_else(|| (path.to_path_buf(), DEFAULT_ADDRESS))
}

/// The chips and buses of this machine, as a sentence.
fn known() -> String {
    let listed = |directory: &str, begin: &str| -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        let names = entries.flatten().map(|entry| entry.path().display().to_string());
        let begin = format!("{directory}/{begin}");
        names.filter(|name| name.starts_with(&begin)).collect()
    };
    let mut all = [listed("/sys/class/pwm", "pwmchip"), listed("/dev", "i2c-")].concat();
    all.sort();
    if all.is_empty() {
        "this machine has none: are its I²C and PWM switched on?".to_owned()
    } else {
        format!("there are {}", all.join(", "))
    }
}

/// Of a PCA9685 without closed jumpers.
const DEFAULT_ADDRESS: u16 = 0x40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chips_address_stands_behind_its_bus() {
        assert_eq!(
            split(Path::new("/dev/i2c-1")),
            (PathBuf::from("/dev/i2c-1"), 0x40)
        );
        assert_eq!(
            split(Path::new("/dev/i2c-7:0x41")),
            (PathBuf::from("/dev/i2c-7"), 0x41)
        );
        assert_eq!(
            split(Path::new("/dev/i2c-7:x")),
            (PathBuf::from("/dev/i2c-7:x"), 0x40)
        );
    }

    #[test]
    fn what_is_no_chip_is_refused_with_advice() {
        let error = PulsePort::open(Path::new("/dev/i2c-99:0x41"))
            .unwrap_err()
            .to_string();
        assert!(
            error.starts_with("port /dev/i2c-99: there is no such bus or chip; "),
            "{error}"
        );
        let error = PulsePort::open(Path::new("/dev/null")).unwrap_err().to_string();
        assert!(
            error.starts_with("port /dev/null: makes no pulses: give a chip"),
            "{error}"
        );
        let silent = explain(Path::new("/dev/i2c-1"), 0x40, io::Error::from_raw_os_error(121));
        assert!(
            silent.to_string().contains("no chip answers at address 0x40"),
            "{silent}"
        );
        let claimed = explain(Path::new("/dev/i2c-1"), 0x40, io::Error::from_raw_os_error(16));
        assert!(
            claimed.to_string().contains("under /sys/class/pwm instead"),
            "{claimed}"
        );
    }
}
