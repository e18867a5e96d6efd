//! How the servos file says which drive moves a joint:
//!
//! ```yaml
//! wires:
//!   elbow_joint: { id: 3, mode: cst, product: 0x402, temperature: { object: 0x2012, part: 1, degc_per_count: 0.1 } }
//! ```
//!
//! `mode` is `cst` unless said otherwise. `vendor` and `product` are compared with the drive's if they are there. `lag_s` is how far its position
//! loop stays behind an even motion, for `csp` and `pp`: one cycle unless said otherwise, by which the drive interpolates.

use super::carrier::Carrier;
use super::homing::HomingSettings;
use super::settings::{DriveSettings, Settings, Thermometer};
use crate::backends::wires::{self, BusSettings, WireError};
use crate::config::{DriverParams, JointParams};
use crate::counts::Counting;
use crate::homing::Mark;
use serde::{Deserialize, Deserializer, de};
use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::Mode;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    id: u8,
    #[serde(default = "unless_said", deserialize_with = "mode")]
    mode: Mode,
    vendor: Option<u32>,
    product: Option<u32>,
    temperature: Option<Temperature>,
    lag_s: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Temperature {
    object: u16,
    #[serde(default)]
    part: u8,
    degc_per_count: f64,
}

/// The mode in which the driver closes all but the current.
fn unless_said() -> Mode {
    Mode::CyclicSyncTorque
}

fn mode<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Mode, D::Error> {
    let name = String::deserialize(deserializer)?;
    Ok(match name.as_str() {
        "cst" => Mode::CyclicSyncTorque,
        "csv" => Mode::CyclicSyncVelocity,
        "csp" => Mode::CyclicSyncPosition,
        "pp" => Mode::ProfilePosition,
        _ => return Err(de::Error::unknown_variant(&name, &["cst", "csv", "csp", "pp"])),
    })
}

/// How a drive homes its joint, if it does so by itself.
fn homing(joint: &JointParams, acceleration: f64) -> Option<HomingSettings> {
    let Counting::Incremental(homing) = joint.counting else {
        return None;
    };
    let Mark::Drive {
        method,
        zero_velocity,
    } = homing.mark
    else {
        return None;
    };
    let actuator = &joint.actuator;
    Some(HomingSettings {
        method,
        search: actuator.ticks_per_s(homing.velocity).abs(),
        zero: actuator.ticks_per_s(zero_velocity).abs(),
        acceleration: actuator.ticks_per_s(acceleration).abs(),
        most_a: actuator.current_a(homing.effort).abs(),
        home: actuator.ticks(homing.position),
    })
}

impl Settings {
    /// The settings of a group's bus by the text of its servos file. What the drives close themselves goes into `params`.
    ///
    /// # Errors
    /// [`WireError`] names the joint, or the line.
    pub fn of_file(
        servos: &str,
        bus: BusSettings,
        carrier: Carrier,
        params: &mut DriverParams,
    ) -> Result<Self, WireError> {
        let wires: Vec<Wire> = wires::of_file(servos, params)?;
        let period = Duration::from_secs_f64(1.0 / params.group.rate_hz);
        let mut drives = Vec::new();
        let joints = params.group.joints.iter().zip(&mut params.joints);
        for ((described, joint), wire) in joints.zip(wires) {
            let (actuator, limits) = (joint.actuator, described.limits);
            let ends = [limits.lower(), limits.upper()].map(|end| actuator.ticks(end));
            let drive = DriveSettings {
                joint: described.name.clone(),
                id: wire.id,
                mode: wire.mode,
                vendor: wire.vendor,
                product: wire.product,
                thermometer: wire.temperature.map(|said| Thermometer {
                    object: Address::new(said.object, said.part),
                    degc_per_count: said.degc_per_count,
                }),
                homing: homing(joint, limits.acceleration()),
                lag_s: wire.lag_s.unwrap_or(period.as_secs_f64()),
                current_limit_a: actuator.current_limit_a,
                velocity: actuator.ticks_per_s(limits.velocity()).abs(),
                acceleration: actuator.ticks_per_s(limits.acceleration()).abs(),
                range: ends
                    .iter()
                    .all(|end| end.is_finite())
                    .then(|| (ends[0].min(ends[1]), ends[0].max(ends[1]))),
            };
            joint.closes = drive.closes();
            drives.push(drive);
        }
        Ok(Self {
            bit_rate: bus.baud,
            period,
            watchdog: bus.watchdog,
            latency: bus.latency,
            carrier,
            master: Self::MASTER,
            drives,
        })
    }
}
