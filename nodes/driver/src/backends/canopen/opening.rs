//! Opening a bus: its adapter, then its drives, all at once.
//!
//! A drive that can't be set up is named once and tried again every half second. Where no drive answers at all, that is said once, of the bus.

use super::carrier::{Carrier, Heard};
use super::link::{Canopen, Phase, Silence};
use super::problem::Problem;
use super::sdo::Outcome;
use servomesh_fieldbus::can::slcan::Request;
use servomesh_fieldbus::canopen::nmt::NmtCommand;
use servomesh_types::Stamp;
use std::convert::Infallible;
use std::time::Duration;

impl Canopen {
    /// What is due while drives are set up.
    pub(super) fn tick_opening(&mut self, now: Stamp) {
        self.adapter.tick(now);
        self.open_adapter(now);
        if !self.adapter.is_ready() {
            return;
        }
        if now >= self.heartbeat_at {
            self.beat(now);
        }
        for i in 0..self.drives.len() {
            if let Some(outcome) = self.drives[i].sdo.tick(now) {
                self.on_outcome(now, i, outcome);
            }
            self.advance(now, i);
        }
        self.begin_if_all_are_there(now);
    }

    /// When [`tick_opening`](Self::tick_opening) is due.
    pub(super) fn opening_deadline(&self) -> Stamp {
        if !self.adapter.is_ready() {
            return self.adapter.deadline().unwrap_or(Stamp::ZERO);
        }
        let of_drives = self.drives.iter().filter(|drive| drive.started.is_none());
        let of_drives = of_drives.map(|drive| {
            let due = drive.sdo.deadline().or(drive.setup.deadline());
            // One that waits for its turn goes on when another has been answered.
            let begins = if drive.begun {
                self.heartbeat_at
            } else {
                drive.retry_at
            };
            due.unwrap_or(begins)
        });
        of_drives.fold(self.heartbeat_at, Stamp::min)
    }

    fn open_adapter(&mut self, now: Stamp) {
        let bit_rate = self.settings.bit_rate;
        let adapter = &mut self.adapter;
        self.outbox
            .send(|into| Ok::<usize, Infallible>(adapter.say(now, bit_rate, into)));
    }

    /// The adapter's answer while it is opened.
    pub(super) fn on_adapter(&mut self, now: Stamp, heard: Heard) {
        let bit_rate = self.settings.bit_rate;
        if let Err(problem) = self.adapter.handle(now, heard, bit_rate) {
            self.tell_of_bus(problem);
        }
        self.tick_opening(now);
    }

    /// Opens the adapter anew, and forgets what was heard through it.
    pub(super) fn reopen_bus(&mut self) {
        self.adapter.restart(self.settings.carrier);
        // An interface of the kernel's stays what it is.
        let stays = self.settings.carrier == Carrier::Socket;
        self.silence = Silence {
            trouble: self.silence.trouble.filter(|_| stays),
            ..Silence::default()
        };
    }

    /// Says once what is wrong with the bus as a whole.
    pub(super) fn tell_of_bus(&mut self, problem: Problem) {
        if self.bus_problem.as_ref() != Some(&problem) {
            self.outbox.complain(problem.to_string());
            self.bus_problem = Some(problem);
        }
    }

    /// Goes on with a drive's set-up as far as that is possible now.
    pub(super) fn advance(&mut self, now: Stamp, i: usize) {
        let drive = &mut self.drives[i];
        if drive.started.is_some() || now < drive.retry_at || !self.adapter.is_ready() {
            return;
        }
        if !std::mem::replace(&mut drive.begun, true) {
            let node = drive.node;
            self.command_node(NmtCommand::EnterPreOperational, node);
        }
        let drive = &mut self.drives[i];
        let outcome = drive.setup.advance(now, &drive.settings, &mut drive.sdo);
        match outcome {
            Err(problem) => self.fail(now, i, problem),
            Ok(()) if self.drives[i].setup.is_done() => {
                self.drives[i].start(now);
                self.command_node(NmtCommand::Start, self.drives[i].node);
                self.recover_if_all_are_there();
            }
            Ok(()) => {}
        }
        if !self.is_cycling() {
            self.ask_in_turn(now);
        }
    }

    /// Asks drives that have something to be asked, a few at a time: more would keep those with high ids from the bus.
    pub(super) fn ask_in_turn(&mut self, now: Stamp) {
        let count = self.drives.len();
        for _ in 0..count {
            let under_way = self.drives.iter().filter(|drive| drive.sdo.deadline().is_some());
            if under_way.count() >= AT_ONCE {
                return;
            }
            let mut turns = (0..count).map(|turn| (self.turn + turn) % count);
            let Some(i) = turns.find(|i| self.drives[*i].sdo.has_request()) else {
                return;
            };
            self.ask(now, i);
            self.turn = (i + 1) % count;
        }
    }

    /// A drive's answer to what it was asked while it is set up.
    pub(super) fn on_answer(&mut self, now: Stamp, i: usize, outcome: Outcome) {
        self.on_outcome(now, i, outcome);
        if !self.is_cycling() {
            self.advance(now, i);
            self.begin_if_all_are_there(now);
        }
    }

    /// How a transfer of a drive's set-up ended.
    pub(super) fn on_outcome(&mut self, now: Stamp, i: usize, outcome: Outcome) {
        if outcome == Outcome::Missing {
            self.ask_why_nobody_answers();
        }
        let drive = &mut self.drives[i];
        if let Err(problem) = drive.setup.answer(now, &drive.settings, outcome) {
            self.fail(now, i, problem);
        }
    }

    /// Asks the adapter whether it sees errors, before the last try is over.
    fn ask_why_nobody_answers(&mut self) {
        let silent = !self.silence.heard_drives && !self.silence.asked_why;
        if silent && self.settings.carrier == Carrier::Slcan {
            self.silence.asked_why = true;
            self.send_bytes(|into| Request::Flags.encode(into).map_or(0, <[u8]>::len));
        }
    }

    /// A drive can't be driven, for the time being.
    fn fail(&mut self, now: Stamp, i: usize, problem: Problem) {
        self.drives[i].restart(now + RETRY);
        if matches!(problem, Problem::Absent { .. }) && !self.silence.heard_drives {
            let unheard = self.settings.carrier == Carrier::Slcan && !self.silence.heard_anything;
            let nobody_there = matches!(self.bus_problem, Some(Problem::NobodyThere { .. }));
            if unheard {
                self.tell_of_bus(Problem::NoAdapter);
            } else if !nobody_there {
                self.tell_of_bus(Problem::NobodyThere {
                    bit_rate: self.settings.bit_rate,
                    trouble: self.silence.trouble,
                });
            }
            if self.drives.iter().all(|drive| drive.retry_at > now) {
                self.reopen_bus(); // which also brings a controller back that had left the bus
            }
        } else if self.drives[i].problem.as_ref() != Some(&problem) {
            self.outbox.complain(problem.to_string());
            self.drives[i].problem = Some(problem);
        }
    }

    fn all_are_there(&self) -> bool {
        self.drives.iter().all(|drive| drive.started.is_some())
    }

    fn recover_if_all_are_there(&mut self) {
        if self.all_are_there() && self.outbox.recover("all drives of the bus answer") {
            (self.bus_problem, self.troubled) = (None, None);
        }
    }

    fn begin_if_all_are_there(&mut self, now: Stamp) {
        if matches!(self.phase, Phase::Opening) && self.all_are_there() {
            self.begin(now);
        }
    }
}

/// Objects that are asked for at a time.
const AT_ONCE: usize = 3;
/// How long until a drive that can't be set up is tried again.
const RETRY: Duration = Duration::from_millis(500);
