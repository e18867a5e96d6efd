//! The system's PWM chips, as files under `/sys/class/pwm`: a channel is exported, its period set, and its pulses switched on.
//!
//! Source: the kernel's Documentation/ABI/testing/sysfs-class-pwm and Documentation/driver-api/pwm.rst.
//!
//! **Invariant:** a channel's duty cycle is never longer than its period: it is 0 while the period is set.

use super::pulses::PulseError;
use crate::backends::pwm::orders::Order;
use std::collections::BTreeMap;
use std::fs::{OpenOptions, read_to_string};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// One chip.
#[derive(Debug)]
pub(super) struct SysfsPwm {
    path: PathBuf,
    channels: u32,
    period: Option<Duration>,
    /// Channels that are set up, and whether they make pulses.
    enabled: BTreeMap<u8, bool>,
}

impl SysfsPwm {
    pub(super) fn open(path: &Path) -> Result<Self, PulseError> {
        let counted = read_to_string(path.join("npwm"));
        let channels = counted.ok().and_then(|text| text.trim().parse().ok());
        let Some(channels) = channels else {
            let path = path.to_path_buf();
            return Err(PulseError::NoPulses { path });
        };
        Ok(Self {
            path: path.to_path_buf(),
            channels,
            period: None,
            enabled: BTreeMap::new(),
        })
    }

    pub(super) fn follow(&mut self, order: Order) -> Result<(), PulseError> {
        match order {
            Order::Period(period) => {
                self.period = Some(period);
                self.enabled.clear();
                Ok(())
            }
            Order::Pulse { channel, width } => {
                let Some(period) = self.period else { return Ok(()) };
                let enabled = match self.enabled.get(&channel) {
                    Some(enabled) => *enabled,
                    None => {
                        self.set_up(channel, period)?;
                        false
                    }
                };
                if let Some(width) = width {
                    self.tell(channel, "duty_cycle", &width.min(period).as_nanos().to_string())?;
                }
                if enabled != width.is_some() {
                    self.tell(channel, "enable", if width.is_some() { "1" } else { "0" })?;
                }
                self.enabled.insert(channel, width.is_some());
                Ok(())
            }
        }
    }

    /// Exports a channel where it is not, and sets its period, without pulses.
    fn set_up(&self, channel: u8, period: Duration) -> Result<(), PulseError> {
        if u32::from(channel) >= self.channels {
            return Err(PulseError::Channel {
                path: self.path.clone(),
                channel,
                channels: self.channels,
            });
        }
        if !self.directory(channel).is_dir() {
            write(&self.path.join("export"), &channel.to_string())?;
        }
        self.tell(channel, "enable", "0")?;
        self.tell(channel, "duty_cycle", "0")?;
        self.tell(channel, "period", &period.as_nanos().to_string())
    }

    fn directory(&self, channel: u8) -> PathBuf {
        self.path.join(format!("pwm{channel}"))
    }

    fn tell(&self, channel: u8, file: &str, text: &str) -> Result<(), PulseError> {
        write(&self.directory(channel).join(file), text)
    }
}

fn write(path: &Path, text: &str) -> Result<(), PulseError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
        file.write_all(text.as_bytes())
    };
    write().map_err(|reason| {
        let path = path.to_path_buf();
        match reason.kind() {
            io::ErrorKind::PermissionDenied => PulseError::Permission { path },
            _ => PulseError::System {
                path,
                what: "can't be written",
                reason,
            },
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A directory laid out like that of a chip of three channels, of which 0 and 1 are exported.
    fn chip() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let chip = directory.path();
        fs::write(chip.join("npwm"), "3\n").unwrap();
        fs::write(chip.join("export"), "").unwrap();
        export(chip, 0);
        export(chip, 1);
        directory
    }

    fn export(chip: &Path, channel: u8) {
        let channel = chip.join(format!("pwm{channel}"));
        fs::create_dir(&channel).unwrap();
        for (file, content) in [
            ("enable", "1\n"),
            ("period", "1000000\n"),
            ("duty_cycle", "900000\n"),
        ] {
            fs::write(channel.join(file), content).unwrap();
        }
    }

    fn read(chip: &Path, channel: u8) -> [String; 3] {
        ["enable", "period", "duty_cycle"].map(|file| {
            let path = chip.join(format!("pwm{channel}")).join(file);
            fs::read_to_string(path).unwrap()
        })
    }

    fn pulse(channel: u8, us: u64) -> Order {
        Order::Pulse {
            channel,
            width: (us > 0).then(|| Duration::from_micros(us)),
        }
    }

    #[test]
    fn channels_are_set_up_told_and_switched_off() {
        let directory = chip();
        let mut chip = SysfsPwm::open(directory.path()).unwrap();
        chip.follow(Order::Period(Duration::from_millis(20))).unwrap();
        chip.follow(pulse(0, 0)).unwrap();
        assert_eq!(read(directory.path(), 0), ["0", "20000000", "0"]);
        chip.follow(pulse(0, 1500)).unwrap();
        chip.follow(pulse(1, 1234)).unwrap();
        assert_eq!(read(directory.path(), 0), ["1", "20000000", "1500000"]);
        assert_eq!(read(directory.path(), 1), ["1", "20000000", "1234000"]);
        chip.follow(pulse(0, 0)).unwrap();
        assert_eq!(read(directory.path(), 0)[0], "0");
        assert_eq!(fs::read_to_string(directory.path().join("export")).unwrap(), "");
    }

    #[test]
    fn a_channel_that_is_not_there_yet_is_exported() {
        let directory = chip();
        let mut chip = SysfsPwm::open(directory.path()).unwrap();
        chip.follow(Order::Period(Duration::from_millis(20))).unwrap();
        let error = chip.follow(pulse(2, 1500)).unwrap_err().to_string();
        assert!(
            error.contains("pwm2/enable: can't be written"),
            "no kernel makes it here: {error}"
        );
        assert_eq!(fs::read_to_string(directory.path().join("export")).unwrap(), "2");
        export(directory.path(), 2);
        chip.follow(pulse(2, 1500)).unwrap();
        assert_eq!(read(directory.path(), 2), ["1", "20000000", "1500000"]);
    }

    #[test]
    fn what_it_has_not_is_named() {
        let directory = chip();
        let mut chip = SysfsPwm::open(directory.path()).unwrap();
        chip.follow(Order::Period(Duration::from_millis(20))).unwrap();
        let error = chip.follow(pulse(3, 1500)).unwrap_err().to_string();
        assert!(
            error.contains("there is no channel 3: it has 3, counted from 0"),
            "{error}"
        );
        let empty = tempfile::tempdir().unwrap();
        let error = SysfsPwm::open(empty.path()).unwrap_err().to_string();
        assert!(error.contains("makes no pulses"), "{error}");
        let path = directory.path().join("pwm0/period");
        let refused = write(&path.join("below"), "1").unwrap_err();
        assert!(matches!(refused, PulseError::System { .. }), "{refused}");
    }
}
