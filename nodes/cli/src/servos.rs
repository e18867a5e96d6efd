//! What a scan of a serial port found, as text for people: a table, and what to do about what is wrong.

use crate::columns::columns;
use servomesh_driver::backends::dynamixel::scan::{Found, Identity, Registers, State, Who};
use servomesh_fieldbus::dynamixel::{Alarm, Mode};

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
pub fn table(found: &[Found]) -> String {
    let rows: Vec<Row> = std::iter::once(TITLES.map(str::to_owned))
        .chain(found.iter().map(row))
        .collect();
    columns(&rows)
}

fn row(found: &Found) -> Row {
    let (id, baud) = (found.id.to_string(), found.baud.to_string());
    let none = || "-".to_owned();
    let Who::Servo(servo) = &found.who else {
        return [
            id,
            "answers clash".to_owned(),
            none(),
            baud,
            none(),
            none(),
            none(),
            none(),
            none(),
            none(),
        ];
    };
    let [mode, torque, supply, temperature, position, errors] = match &servo.registers {
        Registers::Read(state) => cells(state),
        Registers::Silent | Registers::Unknown => std::array::from_fn(|_| none()),
    };
    let firmware = servo.firmware.to_string();
    [
        id,
        model(servo),
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

fn model(servo: &Identity) -> String {
    match servo.model {
        Some(model) => model.name.to_owned(),
        None => format!("number {}", servo.number),
    }
}

fn cells(state: &State) -> [String; 6] {
    let errors: Vec<_> = state.alarms.iter().map(Alarm::name).collect();
    [
        state.mode.map_or("none", Mode::name).to_owned(),
        if state.torque { "on" } else { "off" }.to_owned(),
        format!("{:.1} V", state.voltage_v),
        format!("{:.0} °C", state.temperature_degc),
        format!("{} ({:.3} rad)", state.position_ticks, state.position),
        if errors.is_empty() {
            "none".to_owned()
        } else {
            errors.join(", ")
        },
    ]
}

/// What to do about each servo that is not as it should be: one sentence each.
pub fn advice(found: &[Found]) -> Vec<String> {
    found.iter().filter_map(advise).collect()
}

fn advise(found: &Found) -> Option<String> {
    let Found { id, baud, who } = found;
    let servo = match who {
        Who::Clash => {
            return Some(format!(
                "id {id} at {baud} bit/s: answers clash: several servos have this id, or the wiring is bad; \
                 leave only one of them on the bus and give it another id"
            ));
        }
        Who::Servo(servo) => servo,
    };
    match servo.registers {
        Registers::Silent => Some(format!(
            "id {id} at {baud} bit/s answers to a ping but to no read: its Status Return Level is 0 (the driver sets it to 2), or its answers come late (`--latency`)"
        )),
        Registers::Unknown if servo.model.is_none() => Some(format!(
            "id {id} at {baud} bit/s is of a model that is not known here: number {}",
            servo.number
        )),
        Registers::Unknown => Some(format!("id {id} at {baud} bit/s refuses to be read")),
        Registers::Read(_) => None,
    }
}

/// What to check if nobody answers at these speeds \[bit/s\].
pub fn nobody(speeds: &[u32]) -> String {
    let speeds: Vec<_> = speeds.iter().map(u32::to_string).collect();
    format!(
        "nobody answers at {} bit/s: have the servos their supply (their LED blinks once when it comes), are data lines and ground connected, \
         is this the right port, do they speak Protocol 2.0, and is their speed another (`--baud`)?",
        speeds.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
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
}
