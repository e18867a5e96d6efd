//! What frames and their absence change: faults and the way out of them, stops and their ends, homing that has found its mark.

use super::{Activity, Driver, HOMING};
use crate::bus::{DriveStatus, Ticks};
use crate::counts::Counting;
use crate::homing::Progress;
use crate::reference::Motion;
use crate::stop::Stop;
use crate::watch::first_fault;
use servomesh_types::fault::DriveFault;
use servomesh_types::{EventKind, Fault, Setpoint, Stamp};

impl Driver {
    /// Looks for what is wrong with the newest measurement, and moves on between modes.
    pub(super) fn judge(&mut self, now: Stamp, frame: &DriveStatus) {
        let Some(measured) = &self.measured else { return };
        let t = measured.stamp;
        let driven = self.is_driven();
        let faulted = matches!(self.activity, Activity::Faulted { .. });
        let without_torque = || measured.without_torque.iter().next().unwrap_or(0) as u8;
        let demand = self.demand();
        let found = first_fault(
            &self.config,
            frame,
            measured,
            driven,
            faulted,
            self.homed_by_drive(),
        )
        .or_else(|| {
            let kind = self.power.wrong(t, demand, measured.enabled)?;
            Some(Fault::Drive {
                joint: without_torque(),
                kind,
            })
        });
        let standing = measured
            .speed
            .iter()
            .zip(&self.config.group().joints)
            .all(|(speed, joint)| speed.abs() < STANDING * joint.limits.velocity());
        match &mut self.activity {
            Activity::Faulted {
                fault,
                clearing_until: Some(until),
            } => match found {
                None => {
                    let text = format!("over: {}", fault.describe(self.config.group()));
                    self.activity = Activity::Disabled;
                    self.tell(now, EventKind::Recovered, text);
                }
                Some(fault) if now > *until => self.fail_again(now, fault),
                Some(_) => {}
            },
            Activity::Faulted { .. } => {}
            _ if found.is_some() => {
                if let Some(fault) = found {
                    self.fail(now, fault);
                }
            }
            Activity::Tracking(tracker) if t > tracker.end() => {
                let last = *tracker.setpoint();
                let (end, from) = (tracker.end(), tracker.at(tracker.end()));
                self.begin_stop(now, end, &from, last);
            }
            Activity::Homing { search, last } => {
                let life = self.config.command_timeout().min(last.tag.valid_for);
                let end = last.tag.stamp + life;
                let joint = search.joint;
                if t > end {
                    let (from, last) = (search.motion(), *last);
                    self.begin_stop(now, end, &from, last);
                } else {
                    match search.advance(&self.config, measured) {
                        Progress::Moving => {}
                        Progress::Failed(fault) => self.fail(now, fault),
                        Progress::Found(ticks) => self.home(now, joint, ticks),
                    }
                }
            }
            Activity::Stopping { stop, .. } => {
                let over_for = -stop.remaining_s(t);
                if over_for > 0.0 && (standing || over_for > SETTLE_S) {
                    self.activity = Activity::Disabled;
                    self.tell(
                        now,
                        EventKind::Stopped,
                        "stands still: torque off, brakes on".to_owned(),
                    );
                }
            }
            Activity::Disabled | Activity::Tracking(_) => {}
        }
    }

    /// A joint has found its mark: the next one, or torque off, since the positions of before mean nothing any more.
    fn home(&mut self, now: Stamp, joint: usize, ticks: Ticks) {
        let params = &self.config.joints()[joint];
        let Counting::Incremental(homing) = params.counting else {
            return;
        };
        self.counts.home(&params.actuator, joint, ticks, homing.position);
        let name = self.config.group().joint_name(joint);
        let text = format!("joint {name} is homed: its mark is at {}", homing.position);
        self.measured = None;
        self.homing_until = Some(now + HOMING);
        self.activity = Activity::Disabled;
        self.tenure.used_up = true;
        self.tell(now, EventKind::Recovered, text);
    }

    /// Stops from where the last command ended, so that the reference never waits for a frame.
    fn begin_stop(&mut self, now: Stamp, end: Stamp, from: &Motion, last: Setpoint) {
        self.tenure.used_up = true;
        let silent = Fault::CommandSilent(end.since(last.tag.stamp));
        let stop = Stop::plan(&self.config, from, end);
        self.activity = Activity::Stopping { stop, last };
        self.tell(now, EventKind::Fault, format!("{silent}: stopping"));
    }

    pub(super) fn watch_bus(&mut self, now: Stamp) {
        let Some(silence) = self.bus.watch(now) else {
            return;
        };
        if self.measured.is_some() {
            self.fail(now, Fault::BusSilent(silence.lasting));
        } else if silence.begins {
            self.tell(
                now,
                EventKind::Fault,
                "the drives have not been heard yet".to_owned(),
            );
        }
        self.publish();
    }

    /// Torque off, brakes on, until a newer epoch. The first fault is kept.
    pub(super) fn fail(&mut self, now: Stamp, fault: Fault) {
        if !matches!(self.activity, Activity::Faulted { .. }) {
            self.fail_again(now, fault);
        }
    }

    fn fail_again(&mut self, now: Stamp, fault: Fault) {
        if let Fault::BusSilent(_)
        | Fault::Drive {
            kind: DriveFault::LostPower | DriveFault::Undervoltage,
            ..
        } = fault
        {
            self.counts.forget(); // encoders that only count began anew
        }
        self.activity = Activity::Faulted {
            fault,
            clearing_until: None,
        };
        self.tenure.used_up = true;
        let what = fault.describe(self.config.group());
        self.tell(
            now,
            EventKind::Fault,
            format!("{what}: torque off, brakes on until a newer epoch"),
        );
    }
}

/// Share of the velocity limit below which a joint counts as standing.
const STANDING: f64 = 0.01;
/// How long after a stop's end the joints may still swing before the brakes close anyway \[s\].
const SETTLE_S: f64 = 0.2;
