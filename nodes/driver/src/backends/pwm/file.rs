//! How the servos file says which channel moves a joint:
//!
//! ```yaml
//! wires:
//!   pan_joint: { channel: 0, pulse_us: [1100, 1900], at: [-0.698, 0.698], velocity: 6.9 }
//! ```
//!
//! `at` is where the joint stands with these pulses \[rad, m\], `velocity` how fast its servo turns it \[rad/s, m/s\]; `lag_s`, 0 unless given, how far it stays behind an even motion,
//! and `start`, the middle of the joint's limits unless given, where it is taken to be before its first pulse.

use super::settings::{ServoSettings, Settings};
use crate::backends::wires::{self, WireError};
use crate::config::DriverParams;
use serde::Deserialize;
use std::time::Duration;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    channel: u8,
    pulse_us: [f64; 2],
    at: [f64; 2],
    velocity: f64,
    #[serde(default)]
    lag_s: f64,
    start: Option<f64>,
}

impl Settings {
    /// The settings of a group's servos by the text of its servos file. What the servos close themselves goes into `params`.
    ///
    /// # Errors
    /// [`WireError`] names the joint, or the line.
    pub fn of_file(servos: &str, params: &mut DriverParams) -> Result<Self, WireError> {
        let wires: Vec<Wire> = wires::of_file(servos, params)?;
        let mut settings = Vec::new();
        let joints = params.group.joints.iter().zip(&mut params.joints);
        for ((described, joint), wire) in joints.zip(wires) {
            let (actuator, limits) = (joint.actuator, described.limits);
            let middle = 0.5 * (limits.lower() + limits.upper());
            let ends = [limits.lower(), limits.upper()].map(|end| actuator.ticks(end));
            let servo = ServoSettings {
                joint: described.name.clone(),
                channel: wire.channel,
                pulse_us: wire.pulse_us,
                at_ticks: wire.at.map(|at| actuator.ticks(at)),
                ticks_per_s: actuator.ticks_per_s(wire.velocity).abs(),
                lag_s: wire.lag_s,
                start_ticks: actuator.ticks(wire.start.unwrap_or(middle)),
                joint_ticks_per_s: actuator.ticks_per_s(limits.velocity()).abs(),
                range_ticks: [ends[0].min(ends[1]), ends[0].max(ends[1])],
            };
            joint.closes = servo.closes();
            settings.push(servo);
        }
        Ok(Self {
            period: Duration::from_secs_f64(1.0 / params.group.rate_hz),
            servos: settings,
        })
    }
}
