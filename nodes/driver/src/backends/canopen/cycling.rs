//! Cycling: SYNC, the drives' samples, a frame when they are complete or overdue, goals at a fixed phase; objects in the time that is left.

use super::drive::Drive;
use super::link::{Canopen, Phase};
use super::pace::{HANDLING, Pace};
use crate::bus::DriveCommand;
use servomesh_fieldbus::canopen::Service;
use servomesh_types::{JointVec, Stamp};
use std::time::Duration;

/// A cycle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cycling {
    next: Stamp,
    /// When the first cycle began.
    since: Stamp,
    /// When drives heard the SYNC.
    synced: Stamp,
    /// Before this a sample is one of the cycle before.
    earliest: Stamp,
    /// From then on what has not come is missing.
    overdue: Stamp,
    /// The frame was handed over.
    concluded: bool,
    /// When the goals of this cycle go out.
    write_at: Stamp,
    written: bool,
    /// Cycles since something was asked.
    unasked: u32,
}

impl Cycling {
    /// When something is due. `answered`: the core has given its goals.
    pub(super) fn deadline(&self, answered: bool) -> Stamp {
        if !self.concluded {
            self.overdue
        } else if answered && !self.written {
            self.write_at.min(self.next)
        } else {
            self.next
        }
    }
}

impl Canopen {
    /// Begins to cycle.
    pub(super) fn begin(&mut self, now: Stamp) {
        let next = self.pace.cycles().next_cycle(now);
        self.phase = Phase::Cycling(Cycling {
            next,
            since: now,
            synced: now,
            earliest: now,
            overdue: next,
            concluded: true,
            write_at: next,
            written: true,
            unasked: 0,
        });
    }

    /// What is due in a cycle.
    pub(super) fn tick_cycling(&mut self, now: Stamp) {
        if let Phase::Cycling(cycling) = &self.phase
            && !cycling.concluded
            && now >= cycling.overdue
        {
            self.conclude(now);
        }
        self.write_if_due(now);
        if let Phase::Cycling(cycling) = self.phase
            && cycling.concluded
            && now >= cycling.next
        {
            self.synchronise(now, cycling);
        }
    }

    /// Begins a cycle: all drives sample themselves, and obey the goals they were given before.
    fn synchronise(&mut self, now: Stamp, last: Cycling) {
        for i in 0..self.drives.len() {
            if let Some(outcome) = self.drives[i].sdo.tick(now) {
                if self.drives[i].started.is_some() {
                    if let Some(text) = self.drives[i].told(outcome) {
                        self.outbox.complain(text);
                    }
                } else {
                    self.on_outcome(now, i, outcome);
                }
            }
            let drive = &self.drives[i];
            let heard = drive.sampled.max(drive.started).max(Some(last.since));
            if drive.started.is_some() && heard.is_some_and(|heard| now.since(heard) > SILENT) {
                self.reopen(now, i);
            }
        }
        self.recover_from_trouble(now);
        if self.drives.iter().all(|drive| drive.started.is_none()) {
            self.phase = Phase::Opening;
            self.command = None;
            self.reopen_bus();
            return self.tick_opening(now);
        }
        self.send(Service::Sync, &[]);
        if now >= self.heartbeat_at {
            self.beat(now);
        }
        let taking_part = || self.drives.iter().filter(|drive| drive.started.is_some());
        let goals: Duration = taking_part()
            .map(|drive| self.pace.frame(drive.settings.goal_bytes()))
            .sum();
        let samples = self.pace.frame(8) * taking_part().count() as u32;
        let begin = last.next;
        let next = self.pace.cycles().next_cycle(now);
        let latest = next - goals;
        let synced = self.pace.synced(now);
        let half = begin + self.pace.cycles().period() / 2;
        self.phase = Phase::Cycling(Cycling {
            next,
            synced,
            earliest: self.pace.earliest(synced),
            overdue: (synced + samples + self.pace.cycles().latency()).min(latest - HANDLING),
            concluded: false,
            write_at: half.max(synced + samples + HANDLING).min(latest),
            written: false,
            ..last
        });
        self.stats.cycles += 1;
        self.status.cycle = self.pace.cycles().cycle(begin);
        for drive in self.drives.iter_mut().filter(|drive| drive.started.is_some()) {
            (drive.ambiguous, drive.awaited) = (drive.awaited, true);
        }
    }

    /// A drive's sample. One that comes sooner than it can is of the SYNC before, which its drive had not answered in time; where that may be, all of the
    /// cycle's time is waited for a second one.
    pub(super) fn on_sample(&mut self, now: Stamp, i: usize, data: &[u8]) {
        let Phase::Cycling(cycling) = self.phase else {
            return;
        };
        let drive = &mut self.drives[i];
        if drive.started.is_none() {
            return;
        }
        if now < cycling.earliest {
            self.stats.late_samples += 1;
            return;
        }
        if !drive.take(cycling.synced, data) {
            return;
        }
        if let Err(problem) = drive.watch_homing(drive.statusword()) {
            self.outbox.complain(problem.to_string());
        }
        if cycling.concluded {
            self.stats.late_samples += 1;
            return;
        }
        let complete = |drive: &Drive| drive.started.is_none() || !(drive.awaited || drive.ambiguous);
        if self.drives.iter().all(complete) {
            self.conclude(now);
            self.write_if_due(now);
        }
    }

    /// All have told where they are, or the time has come to go on without.
    fn conclude(&mut self, now: Stamp) {
        let Phase::Cycling(cycling) = &mut self.phase else {
            return;
        };
        cycling.concluded = true;
        cycling.unasked += 1;
        let (synced, next) = (cycling.synced, cycling.next);
        let missing = self.drives.iter().filter(|drive| drive.awaited);
        self.stats.missing_samples += missing.count() as u64;
        if self.drives.iter().all(|drive| drive.sampled.is_some()) {
            self.fill_status(synced, next);
            self.hand_over();
        }
        self.ask_somebody(now);
    }

    /// Fills the frame of a cycle: sampled at `stamp`; its answer is obeyed at the SYNC that goes out at `next`.
    fn fill_status(&mut self, stamp: Stamp, next: Stamp) {
        let acts = self.pace.synced(next);
        let (status, drives) = (&mut self.status, &self.drives);
        (status.stamp, status.acts) = (stamp, Some(acts));
        status.enabled = drives.iter().all(Drive::is_enabled);
        status.without_torque = (0..drives.len()).filter(|i| !drives[*i].is_powered()).collect();
        status.position_ticks = drives.iter().map(|drive| drive.ticks).collect();
        status.sampled = drives
            .iter()
            .map(|drive| drive.sampled.unwrap_or(stamp))
            .collect();
        status.current_a = JointVec::from_fn(drives.len(), |i| drives[i].current_a);
        status.winding_degc = of_all(drives, |drive| drive.temperature_degc);
        status.voltage_v = of_all(drives, |drive| drive.supply_v);
        status.fault = drives.iter().map(Drive::fault).collect();
        status.homing = drives.iter().map(|drive| drive.homing.report()).collect();
    }

    /// Sends the core's goals, if it has given them and their time has come.
    pub(super) fn write_if_due(&mut self, now: Stamp) {
        let Phase::Cycling(cycling) = &mut self.phase else {
            return;
        };
        if cycling.written || now < cycling.write_at {
            return;
        }
        if let Some(command) = self.command.take() {
            cycling.written = true;
            self.write(now, &command);
        }
    }

    fn write(&mut self, now: Stamp, command: &DriveCommand) {
        for i in 0..self.drives.len() {
            if self.drives[i].started.is_some() {
                self.drives[i].want_home(command.home.contains(i));
                let (data, length) = self.drives[i].goal(i, command);
                self.send(Service::Receive(1, self.drives[i].node), &data[..length]);
            }
        }
        if now + self.pace.cycles().period() >= self.heartbeat_at {
            self.beat(now);
        }
    }

    /// Asks one drive for one object, if there is time for that before the next SYNC: one that is set up first, then one whose fault is not known,
    /// then for temperatures and supplies.
    fn ask_somebody(&mut self, now: Stamp) {
        let Phase::Cycling(cycling) = self.phase else {
            return;
        };
        if now + time_to_ask(&self.pace) > cycling.next {
            return;
        }
        let count = self.drives.len();
        let first = self.turn;
        let turns = || (0..count).map(|turn| (first + turn) % count);
        for i in 0..count {
            self.advance(now, i);
        }
        let wants = |drives: &[Drive]| turns().find(|i| drives[*i].sdo.has_request());
        if wants(&self.drives).is_none() {
            let taking_part = |i: &usize| self.drives[*i].started.is_some();
            let is_urgent = |i: &usize| self.drives[*i].is_urgent() || self.drives[*i].homing.has_request();
            let urgent = turns().filter(taking_part).find(is_urgent);
            let due = cycling.unasked >= ASK_EVERY;
            let next = urgent.or_else(|| turns().find(taking_part).filter(|_| due));
            if let Some(i) = next {
                self.drives[i].ask();
            }
        }
        if let Some(i) = wants(&self.drives) {
            self.ask(now, i);
            self.turn = (i + 1) % count;
            if let Phase::Cycling(cycling) = &mut self.phase {
                cycling.unasked = 0;
            }
        }
    }
}

/// What each drive tells; empty unless all do.
fn of_all(drives: &[Drive], told: fn(&Drive) -> Option<f64>) -> JointVec {
    let all = drives.iter().all(|drive| told(drive).is_some());
    let count = if all { drives.len() } else { 0 };
    JointVec::from_fn(count, |i| told(&drives[i]).unwrap_or_default())
}

/// A request and its answer, with a drive that takes its time.
fn time_to_ask(pace: &Pace) -> Duration {
    pace.frame(8) * 2 + HANDLING
}

/// Every so many cycles a drive is asked for its temperature or its supply.
const ASK_EVERY: u32 = 8;
/// A drive that says nothing for so long is set up anew: it may have lost its power.
const SILENT: Duration = Duration::from_millis(250);
