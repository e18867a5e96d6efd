//! What can be done to running devices, as lines of text.
//!
//! | line | what happens |
//! |---|---|
//! | `BUS unplug`, `BUS plug` | the master's plug |
//! | `BUS faults devices\|master [KIND=VALUE …]` | the line in that direction is as bad as that, and as good where it says nothing: `lost`, `late`, `late_s`, `truncated`, `corrupted`, `duplicated` |
//! | `BUS ID\|all reboot` | its processor starts anew |
//! | `BUS ID\|all power on\|off` | |
//! | `BUS ID\|all heat DEGC\|none` | what its thermometer reads |
//! | `BUS ID\|all supply VOLTS\|none` | what its voltmeter reads |
//! | `BUS ID\|all id NUMBER` | its id is another |
//! | `truth` | where the machine's joints are |

use crate::device::Mishap;
use crate::error::DevicesError;
use crate::noise::LineFaults;
use crate::wire::Toward;

/// A line that was understood.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// The master's plug of a bus.
    Plug {
        /// Which bus.
        bus: String,
        /// Whether it is in afterwards.
        plugged: bool,
    },
    /// How bad a line is.
    Faults {
        /// Which bus.
        bus: String,
        /// In which direction.
        toward: Toward,
        /// How bad.
        faults: LineFaults,
    },
    /// Something befalls devices.
    Suffer {
        /// Which bus.
        bus: String,
        /// Which device; all without one.
        id: Option<u8>,
        /// What.
        mishap: Mishap,
    },
    /// Where are the joints?
    Truth,
}

impl std::str::FromStr for Command {
    type Err = DevicesError;

    fn from_str(line: &str) -> Result<Self, DevicesError> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words.as_slice() {
            ["truth"] => Ok(Self::Truth),
            [bus, plug @ ("plug" | "unplug")] => Ok(Self::Plug {
                bus: bus.to_owned(),
                plugged: plug == "plug",
            }),
            [bus, "faults", toward, ref kinds @ ..] => Ok(Self::Faults {
                bus: bus.to_owned(),
                toward: match toward {
                    "devices" => Toward::Devices,
                    "master" => Toward::Master,
                    other => {
                        return Err(DevicesError::Command(format!(
                            "faults go to `devices` or `master`, not to {other}"
                        )));
                    }
                },
                faults: faults(kinds)?,
            }),
            [bus, id, ref what @ ..] if !what.is_empty() => Ok(Self::Suffer {
                bus: bus.to_owned(),
                id: if id == "all" {
                    None
                } else {
                    Some(number(id, "an id")?)
                },
                mishap: mishap(what)?,
            }),
            _ => Err(unknown(line)),
        }
    }
}

fn mishap(words: &[&str]) -> Result<Mishap, DevicesError> {
    let reading = |word: &str, what| match word {
        "none" => Ok(None),
        word => number::<f64>(word, what)
            .and_then(|value| {
                let complaint = format!("{what} is finite, not {word}");
                value
                    .is_finite()
                    .then_some(value)
                    .ok_or(DevicesError::Command(complaint))
            })
            .map(Some),
    };
    match *words {
        ["reboot"] => Ok(Mishap::Reboot),
        ["power", "on"] => Ok(Mishap::PowerBack),
        ["power", "off"] => Ok(Mishap::PowerLost),
        ["heat", degc] => Ok(Mishap::Heat(reading(degc, "a temperature in °C")?)),
        ["supply", volts] => Ok(Mishap::Supply(reading(volts, "a voltage in V")?)),
        ["id", id] => Ok(Mishap::Id(number(id, "an id")?)),
        _ => Err(unknown(&words.join(" "))),
    }
}

fn faults(kinds: &[&str]) -> Result<LineFaults, DevicesError> {
    let mut faults = LineFaults::default();
    for kind in kinds {
        let (name, value) = kind.split_once('=').ok_or_else(|| unknown(kind))?;
        let place = match name {
            "lost" => &mut faults.lost,
            "late" => &mut faults.late,
            "late_s" => &mut faults.late_s,
            "truncated" => &mut faults.truncated,
            "corrupted" => &mut faults.corrupted,
            "duplicated" => &mut faults.duplicated,
            other => {
                return Err(DevicesError::Command(format!(
                    "{other} is no fault of a line; there are lost, late, late_s, truncated, corrupted, duplicated"
                )));
            }
        };
        *place = number(value, "a share of sayings")?;
    }
    faults.check().map_err(DevicesError::Command)?;
    Ok(faults)
}

fn number<T: std::str::FromStr>(word: &str, what: &str) -> Result<T, DevicesError> {
    word.parse()
        .map_err(|_| DevicesError::Command(format!("{word:?} is not {what}")))
}

fn unknown(line: &str) -> DevicesError {
    DevicesError::Command(format!(
        "{line:?} is not understood; there are: BUS plug|unplug, BUS faults devices|master KIND=VALUE …, \
         BUS ID|all reboot|power on|off|heat DEGC|supply VOLTS|id NUMBER, truth"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_understood() {
        let bus = || "arm".to_owned();
        for (line, expected) in [
            (
                "arm unplug",
                Command::Plug {
                    bus: bus(),
                    plugged: false,
                },
            ),
            (
                " arm faults master lost=0.01  late=0.5 late_s=0.002",
                Command::Faults {
                    bus: bus(),
                    toward: Toward::Master,
                    faults: LineFaults {
                        lost: 0.01,
                        late: 0.5,
                        late_s: 0.002,
                        ..LineFaults::default()
                    },
                },
            ),
            (
                "arm 3 heat 85",
                Command::Suffer {
                    bus: bus(),
                    id: Some(3),
                    mishap: Mishap::Heat(Some(85.0)),
                },
            ),
            (
                "arm all power off",
                Command::Suffer {
                    bus: bus(),
                    id: None,
                    mishap: Mishap::PowerLost,
                },
            ),
            (
                "arm 3 supply none",
                Command::Suffer {
                    bus: bus(),
                    id: Some(3),
                    mishap: Mishap::Supply(None),
                },
            ),
            ("truth", Command::Truth),
        ] {
            assert_eq!(line.parse::<Command>().expect(line), expected);
        }
    }

    #[test]
    fn what_is_not_understood_is_said() {
        for (line, words) in [
            ("", "is not understood"),
            ("arm", "is not understood"),
            ("arm 300 reboot", "\"300\" is not an id"),
            ("arm 3 heat warm", "\"warm\" is not a temperature"),
            ("arm 3 heat nan", "is finite"),
            ("arm faults both", "not to both"),
            ("arm faults master lots=1", "lots is no fault"),
            ("arm faults master lost=2", "lost is 2"),
        ] {
            let message = line.parse::<Command>().expect_err(line).to_string();
            assert!(message.contains(words), "{message:?} lacks {words:?}");
        }
    }
}
