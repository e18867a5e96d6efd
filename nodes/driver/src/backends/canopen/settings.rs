//! What may be configured of a CAN bus with CiA 402 drives.

use super::carrier::Carrier;
use super::homing::HomingSettings;
use crate::backends::settings::{SettingsError, check_ids, check_period};
use crate::bus::Closes;
use servomesh_fieldbus::can::slcan::BIT_RATES;
use servomesh_fieldbus::can::timing::most_wire_bits;
use servomesh_fieldbus::canopen::NodeId;
use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::cia402::Mode;
use std::time::Duration;

/// A bus with the drives of one group.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Of the CAN bus \[bit/s\].
    pub bit_rate: u32,
    /// Length of a cycle.
    pub period: Duration,
    /// How long a drive goes on without hearing this driver's heartbeat: 20 ms to 65 s, in whole milliseconds.
    pub watchdog: Duration,
    /// What adapter, port and operating system add at most to a frame's way.
    pub latency: Duration,
    /// What carries the frames.
    pub carrier: Carrier,
    /// The node id under which this driver makes its heartbeat; no drive may have it.
    pub master: u8,
    /// The drives, in the group's order of joints.
    pub drives: Vec<DriveSettings>,
}

/// One drive.
#[derive(Clone, Debug, PartialEq)]
pub struct DriveSettings {
    /// The joint that it moves.
    pub joint: String,
    /// Its node id.
    pub id: u8,
    /// What it controls itself: [`MODES`].
    pub mode: Mode,
    /// Who made it (object 1018h:01); `None`: anyone.
    pub vendor: Option<u32>,
    /// What it is (object 1018h:02); `None`: whatever it is.
    pub product: Option<u32>,
    /// Where it tells its temperature, since no standard says; `None`: it doesn't.
    pub thermometer: Option<Thermometer>,
    /// How it homes its joint by itself; `None`: it doesn't.
    pub homing: Option<HomingSettings>,
    /// How far its position loop stays behind an even motion \[s\].
    pub lag_s: f64,
    /// The most current it may use \[A\].
    pub current_limit_a: f64,
    /// The highest velocity of its encoder \[counts/s\].
    pub velocity: f64,
    /// The highest acceleration of its encoder [counts/s²].
    pub acceleration: f64,
    /// The lowest and highest position \[counts\]; `None`: without end.
    pub range: Option<(f64, f64)>,
}

/// An object that holds a temperature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermometer {
    /// Which.
    pub object: Address,
    /// What one of its counts is \[K\].
    pub degc_per_count: f64,
}

/// The modes that a drive can be driven in: setpoints for its position by a profile of its own, or for position, velocity or torque in each
/// cycle.
pub const MODES: [Mode; 4] = [
    Mode::ProfilePosition,
    Mode::CyclicSyncPosition,
    Mode::CyclicSyncVelocity,
    Mode::CyclicSyncTorque,
];

impl Settings {
    /// The node id of a driver that is given no other.
    pub const MASTER: u8 = 127;

    /// Checks what can be checked without the drives.
    ///
    /// # Errors
    /// [`SettingsError`] says what can't be, and what may.
    pub fn check(&self) -> Result<(), SettingsError> {
        let ids = self.drives.iter().map(|drive| (drive.joint.as_str(), drive.id));
        check_ids(&ids, NodeId::MAX)?;
        let range = |what, value, allowed| Err(SettingsError::Range { what, value, allowed });
        if !BIT_RATES.contains(&self.bit_rate) {
            return range("baud", f64::from(self.bit_rate), ALLOWED_BIT_RATES);
        }
        if !(20..=65_535).contains(&self.watchdog.as_millis()) {
            return range("watchdog_s", self.watchdog.as_secs_f64(), "0.02 to 65.535 s");
        }
        for drive in &self.drives {
            let of_joint = |what, value, allowed| {
                let joint = drive.joint.clone();
                Err(SettingsError::OfJoint {
                    joint,
                    what,
                    value,
                    allowed,
                })
            };
            if NodeId::new(drive.id).is_none() || drive.id == self.master {
                return of_joint("id", f64::from(drive.id), ALLOWED_IDS);
            }
            if !MODES.contains(&drive.mode) {
                return of_joint("mode", f64::from(drive.mode.code()), ALLOWED_MODES);
            }
        }
        check_period(self.drives.len(), self.busy_s(), self.bit_rate, self.period)
    }

    /// How long the bus is busy in a cycle at most: SYNC, samples, goals, and one object asked for \[s\].
    pub fn busy_s(&self) -> f64 {
        let goals = self.drives.iter().map(DriveSettings::goal_bytes);
        let samples = self.drives.len() as u32 * most_wire_bits(false, 8);
        let asked = 2 * most_wire_bits(false, 8);
        let goals: u32 = goals.map(|bytes| most_wire_bits(false, bytes)).sum();
        let bits = most_wire_bits(false, 0) + samples + goals + asked;
        f64::from(bits) / f64::from(self.bit_rate)
    }
}

impl DriveSettings {
    /// Which loops the drive closes itself in its mode.
    pub fn closes(&self) -> Closes {
        match self.mode {
            Mode::CyclicSyncTorque => Closes::Current,
            Mode::CyclicSyncVelocity => Closes::Velocity,
            _ => Closes::Position { lag_s: self.lag_s },
        }
    }

    /// Bytes of what it is told in a cycle: controlword and torque; or controlword, goal and the most torque.
    pub(super) fn goal_bytes(&self) -> u8 {
        match self.mode {
            Mode::CyclicSyncTorque => 4,
            _ => 8,
        }
    }
}

const ALLOWED_BIT_RATES: &str =
    "10 000, 20 000, 50 000, 100 000, 125 000, 250 000, 500 000, 800 000 or 1 000 000 bit/s";
const ALLOWED_IDS: &str = "1 to 127 without this driver's own, under which it makes its heartbeat (127)";
const ALLOWED_MODES: &str = "1 (pp), 8 (csp), 9 (csv) or 10 (cst): others follow no stream of setpoints";

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(rate_hz: f64) -> Settings {
        let drive = |id: u8| DriveSettings {
            joint: format!("joint_{id}"),
            id,
            mode: Mode::CyclicSyncTorque,
            vendor: None,
            product: None,
            thermometer: None,
            homing: None,
            lag_s: 0.002,
            current_limit_a: 3.0,
            velocity: 30_000.0,
            acceleration: 100_000.0,
            range: None,
        };
        Settings {
            bit_rate: 1_000_000,
            period: Duration::from_secs_f64(1.0 / rate_hz),
            watchdog: Duration::from_millis(100),
            latency: Duration::from_millis(1),
            carrier: Carrier::Slcan,
            master: Settings::MASTER,
            drives: (1..=6).map(drive).collect(),
        }
    }

    #[test]
    fn six_drives_fit_a_megabit_at_five_hundred_hertz_and_no_more() {
        assert_eq!(settings(500.0).check(), Ok(()));
        let error = settings(1000.0).check().expect_err("too much").to_string();
        assert!(error.contains("lower rate_hz to 557"), "{error}");
    }

    #[test]
    fn what_can_not_be_is_named() {
        let said = |change: fn(&mut Settings)| {
            let mut settings = settings(500.0);
            change(&mut settings);
            settings.check().expect_err("refused").to_string()
        };
        type Case = (fn(&mut Settings), &'static str);
        let cases: [Case; 6] = [
            (
                |s| s.drives[1].id = 1,
                "joints joint_1 and joint_2 both have id 1",
            ),
            (
                |s| s.drives[1].id = 0,
                "joint joint_2: id is 0, but must be 1 to 127",
            ),
            (|s| s.drives[1].id = 127, "joint joint_2: id is 127, but must be"),
            (|s| s.bit_rate = 300_000, "baud is 300000, but must be 10 000, "),
            (
                |s| s.drives[0].mode = Mode::Homing,
                "mode is 6, but must be 1 (pp)",
            ),
            (|s| s.watchdog = Duration::from_millis(5), "watchdog_s is 0.005"),
        ];
        for (change, part) in cases {
            let text = said(change);
            assert!(text.contains(part), "{text}");
        }
    }
}
