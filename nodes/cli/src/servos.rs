//! What a scan of a serial port found, as text for people: a table, and what to do about what is wrong.

use crate::columns::columns;
use servomesh_driver::backends::scan::{Found, Registers, Who};
use servomesh_driver::backends::{dynamixel, feetech};
use servomesh_fieldbus::dynamixel::{Alarm, Mode};
use servomesh_fieldbus::feetech::status;

/// A servo that can be listed.
pub trait Listed {
    /// What people should check if nobody answers.
    const CHECK: &'static str;

    /// Its model, or what is known of it.
    fn model(&self) -> String;

    /// The version of its firmware.
    fn firmware(&self) -> Option<String>;

    /// Mode, torque, supply, temperature, position and errors; `None` if its registers are not known.
    fn cells(&self) -> Option<[String; 6]>;

    /// What to do about it, behind who it is.
    fn wrong(&self) -> Option<String>;
}

const TITLES: [&str; 10] = [
    "id",
    "model",
    "firmware",
    "bit/s",
    "mode",
    "torque",
    "supply",
    "temperature",
    "position",
    "hardware errors",
];

type Row = [String; TITLES.len()];

/// A line for each id, below the titles; columns as wide as they need.
pub fn table<I: Listed>(found: &[Found<I>]) -> String {
    let rows: Vec<Row> = std::iter::once(TITLES.map(str::to_owned))
        .chain(found.iter().map(row))
        .collect();
    columns(&rows)
}

fn row<I: Listed>(found: &Found<I>) -> Row {
    let (id, baud) = (found.id.to_string(), found.baud.to_string());
    let none = || "-".to_owned();
    let (model, firmware, cells) = match &found.who {
        Who::Servo(servo) => (servo.model(), servo.firmware(), servo.cells()),
        Who::Clash => ("answers clash".to_owned(), None, None),
    };
    let firmware = firmware.unwrap_or_else(none);
    let [mode, torque, supply, temperature, position, errors] =
        cells.unwrap_or_else(|| std::array::from_fn(|_| none()));
    [
        id,
        model,
        firmware,
        baud,
        mode,
        torque,
        supply,
        temperature,
        position,
        errors,
    ]
}

impl Listed for dynamixel::scan::Identity {
    const CHECK: &'static str = "have the servos their supply (their LED blinks once when it comes), are data lines and ground connected, \
        is this the right port, do they speak Protocol 2.0 (`--protocol feetech` finds FEETECH's), and is their speed another (`--baud`)?";

    fn model(&self) -> String {
        self.model.map_or_else(
            || format!("number {}", self.number),
            |model| model.name.to_owned(),
        )
    }

    fn firmware(&self) -> Option<String> {
        Some(self.firmware.to_string())
    }

    fn cells(&self) -> Option<[String; 6]> {
        let Registers::Read(state) = &self.registers else {
            return None;
        };
        Some([
            state.mode.map_or("none", Mode::name).to_owned(),
            on_or_off(state.torque),
            format!("{:.1} V", state.voltage_v),
            format!("{:.0} °C", state.temperature_degc),
            format!("{} ({:.3} rad)", state.position_ticks, state.position),
            joined(state.alarms.iter().map(Alarm::name)),
        ])
    }

    fn wrong(&self) -> Option<String> {
        match self.registers {
            Registers::Silent => Some(
                "answers to a ping but to no read: its Status Return Level is 0 (the driver sets it to 2), or its answers come late (`--latency`)"
                    .to_owned(),
            ),
            Registers::Unknown if self.model.is_none() => Some(format!(
                "is of a model that is not known here: number {}",
                self.number
            )),
            Registers::Unknown => Some("refuses to be read".to_owned()),
            Registers::Read(_) => None,
        }
    }
}

impl Listed for feetech::scan::Identity {
    const CHECK: &'static str = "have the servos their supply, are data line and ground connected, is this the right port, \
        are they FEETECH's of the series STS or SCS, and is their speed another (`--baud`)?";

    fn model(&self) -> String {
        match (self.model, self.registers) {
            (Some(name), _) => name.to_owned(),
            (None, Registers::Read(state)) => format!("number {}", state.number),
            (None, Registers::Silent | Registers::Unknown) => "unknown".to_owned(),
        }
    }

    fn firmware(&self) -> Option<String> {
        match self.registers {
            Registers::Read(state) => Some(format!("{}.{}", state.firmware.0, state.firmware.1)),
            Registers::Silent | Registers::Unknown => None,
        }
    }

    fn cells(&self) -> Option<[String; 6]> {
        let Registers::Read(state) = &self.registers else {
            return None;
        };
        let ticks = state.position_ticks;
        Some([
            state.mode.unwrap_or("-").to_owned(),
            on_or_off(state.torque),
            format!("{:.1} V", state.voltage_v),
            format!("{:.0} °C", state.temperature_degc),
            state
                .position
                .map_or_else(|| ticks.to_string(), |rad| format!("{ticks} ({rad:.3} rad)")),
            joined(state.alarms.iter().map(status::Alarm::name)),
        ])
    }

    fn wrong(&self) -> Option<String> {
        match self.registers {
            Registers::Silent => Some(
                "answers to a ping but to no read: its answers come late (`--latency`), or it is none of the series STS and SCS".to_owned(),
            ),
            Registers::Unknown => Some("has registers that are none of the series STS and SCS".to_owned()),
            Registers::Read(_) => None,
        }
    }
}

fn on_or_off(torque: bool) -> String {
    if torque { "on" } else { "off" }.to_owned()
}

fn joined(errors: impl Iterator<Item = &'static str>) -> String {
    let errors: Vec<_> = errors.collect();
    if errors.is_empty() {
        "none".to_owned()
    } else {
        errors.join(", ")
    }
}

/// What to do about each servo that is not as it should be: one sentence each.
pub fn advice<I: Listed>(found: &[Found<I>]) -> Vec<String> {
    found.iter().filter_map(advise).collect()
}

fn advise<I: Listed>(found: &Found<I>) -> Option<String> {
    let wrong = match &found.who {
        Who::Clash => Some(
            ": answers clash: several servos have this id, or the wiring is bad; \
             leave only one of them on the bus and give it another id"
                .to_owned(),
        ),
        Who::Servo(servo) => servo.wrong().map(|wrong| format!(" {wrong}")),
    };
    wrong.map(|wrong| format!("id {} at {} bit/s{wrong}", found.id, found.baud))
}

/// What to check if none of these servos answers at these speeds \[bit/s\].
pub fn nobody<I: Listed>(speeds: &[u32]) -> String {
    let speeds: Vec<_> = speeds.iter().map(u32::to_string).collect();
    format!("nobody answers at {} bit/s: {}", speeds.join(", "), I::CHECK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dynamixel::scan::{Found, Identity, Registers, State};
    use servomesh_fieldbus::dynamixel::{Alarms, Model};

    fn found(id: u8, registers: Registers) -> Found {
        let servo = Identity {
            number: 1020,
            firmware: 46,
            model: Model::of(1020, 46),
            registers,
        };
        Found {
            id,
            baud: 1_000_000,
            who: Who::Servo(servo),
        }
    }

    fn state(alarms: Alarms) -> Registers {
        Registers::Read(State {
            mode: Some(Mode::CurrentBasedPosition),
            torque: true,
            alarms,
            voltage_v: 12.04,
            temperature_degc: 31.0,
            position_ticks: 2048,
            position: std::f64::consts::PI,
        })
    }

    #[test]
    fn columns_stand_below_their_titles() {
        let hot = Alarms(0).with(Alarm::Overheating).with(Alarm::Overload);
        let clash = Found {
            id: 252,
            baud: 57_600,
            who: Who::Clash,
        };
        let text = table(&[found(1, state(Alarms(0))), found(12, state(hot)), clash]);
        let expected = "\
id   model          firmware  bit/s    mode                    torque  supply  temperature  position          hardware errors
1    XM430-W350     46        1000000  current_based_position  on      12.0 V  31 °C        2048 (3.142 rad)  none
12   XM430-W350     46        1000000  current_based_position  on      12.0 V  31 °C        2048 (3.142 rad)  overheating error, overload error
252  answers clash  -         57600    -                       -       -       -            -                 -
";
        assert_eq!(text, expected);
    }

    #[test]
    fn only_what_is_wrong_has_advice() {
        let clash = Found {
            id: 3,
            baud: 57_600,
            who: Who::Clash,
        };
        let advice = advice(&[found(1, state(Alarms(0))), clash, found(4, Registers::Silent)]);
        assert_eq!(advice.len(), 2, "{advice:?}");
        assert!(
            advice[0].contains("id 3 at 57600 bit/s: answers clash"),
            "{advice:?}"
        );
        assert!(advice[1].contains("Status Return Level is 0"), "{advice:?}");
    }

    #[test]
    fn servos_of_feetech_stand_in_the_same_columns() {
        let state = |number, position| feetech::scan::State {
            number,
            firmware: (3, 10),
            mode: Some("position"),
            torque: false,
            alarms: status::Alarms::NONE.with(status::Alarm::Voltage),
            voltage_v: 11.9,
            temperature_degc: 29.0,
            position_ticks: 2048,
            position,
        };
        let found = |id, model, registers| super::Found {
            id,
            baud: 1_000_000,
            who: Who::Servo(feetech::scan::Identity { model, registers }),
        };
        let all = [
            found(1, Some("STS3215"), super::Registers::Read(state(777, Some(0.5)))),
            found(2, None, super::Registers::Read(state(2825, None))),
            found(3, None, super::Registers::Silent),
        ];
        let expected = "\
id  model        firmware  bit/s    mode      torque  supply  temperature  position          hardware errors
1   STS3215      3.10      1000000  position  off     11.9 V  29 °C        2048 (0.500 rad)  supply voltage
2   number 2825  3.10      1000000  position  off     11.9 V  29 °C        2048              supply voltage
3   unknown      -         1000000  -         -       -       -            -                 -
";
        assert_eq!(table(&all), expected);
        let advice = advice(&all);
        assert_eq!(advice.len(), 1, "{advice:?}");
        assert!(
            advice[0].starts_with("id 3 at 1000000 bit/s answers to a ping"),
            "{advice:?}"
        );
    }
}
