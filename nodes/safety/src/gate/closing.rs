//! How one group's gate closes: what is active, which stop follows, and where it ends.
//!
//! **Invariant:** the first cause since the last reset is kept; what follows from it does not hide it.
//! **Invariant:** a stop only ever becomes more severe.

use super::{Gate, Phase};
use crate::retreat::Retreat;
use crate::safety::Output;
use crate::stop::Stop;
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

impl Gate {
    /// Stops the group on request. Says whether that changed anything.
    pub(crate) fn stop(&mut self, now: Stamp, cause: Fault, out: &mut VecDeque<Output>) -> bool {
        let (open, before) = (self.open(), self.faults.severity());
        self.raise(now, cause, out);
        open || self.phase == Phase::Unheard || self.faults.severity() > before
    }

    /// Takes a fault, and does what the most severe one calls for.
    pub(super) fn raise(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        let (first, before) = (self.faults.first().is_none(), self.faults.severity());
        let new = self.faults.raise(now, fault);
        // What only follows from the first cause is in the state, and no event.
        if new && fault != Fault::StopRequested && (first || self.faults.severity() > before) {
            let text = format!("{}: {}", self.group.name, fault.describe(&self.group));
            self.say(now, EventKind::Fault, text, out);
        }
        self.obey(now, out);
    }

    /// Does what the most severe fault calls for, if that is not done already.
    fn obey(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        match (self.faults.severity(), self.phase) {
            (_, Phase::Unheard | Phase::Off) => {}
            (Severity::Stop0, _) => {
                let why = self.cause();
                self.switch_off(now, &why, out);
            }
            (Severity::Stop1, Phase::Stopped { .. }) => {
                let why = self.cause();
                self.switch_off(now, &why, out);
            }
            (Severity::Stop1, Phase::Retreating) => self.begin_stop(now, out),
            (Severity::Stop1 | Severity::Stop2, Phase::Idle { .. } | Phase::Tracking) => {
                self.begin_stop(now, out);
            }
            _ => {}
        }
    }

    fn begin_stop(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let commanding = self.commanding();
        let Some(sent) = self.sent.filter(|_| commanding) else {
            return self.come_to_rest(now, false, out);
        };
        self.keep_pace(now);
        self.stop = Stop::plan(&sent, &self.rules);
        if !self.has_to_follow() {
            self.effort = JointVec::EMPTY;
        }
        self.phase = Phase::Stopping;
        self.next = now;
        self.go_on_stopping(now, out);
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
    }

    /// Something is hit on the way back: no further.
    pub(super) fn stop_retreating(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        self.retreat = None;
        self.begin_stop(now, out);
    }

    /// The driver no longer follows: what the gate sends has no meaning, and must not enable it again.
    pub(super) fn lose_driver(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        // What the driver says of itself is the cause, and not what follows from it.
        let known = self.faults.first().is_some();
        self.phase = Phase::Off;
        self.faults.raise(now, fault);
        if !known {
            let text = format!("{}: {}", self.group.name, fault.describe(&self.group));
            self.say(now, EventKind::Fault, text, out);
        }
        self.switch_off(now, "its driver no longer follows", out);
    }

    pub(super) fn switch_off(&mut self, now: Stamp, why: &str, out: &mut VecDeque<Output>) {
        self.phase = Phase::Off;
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
        let text = format!("{}: torque off: {why}", self.group.name);
        self.say(now, EventKind::Stopped, text, out);
        self.keep_off(now, out);
        self.update_resettable(now);
    }

    /// The end of a stop: back from what was hit, if that is to be, and then to rest.
    pub(super) fn end_stop(&mut self, now: Stamp, out: &mut VecDeque<Output>) {
        let hit = matches!(self.faults.first(), Some(Fault::Collision(_)));
        let back = self
            .sent
            .filter(|_| hit && self.faults.severity() == Severity::Stop2);
        if let Some((sent, to)) = back.and_then(|sent| Some((sent, self.trail.target(&sent.position)?))) {
            self.retreat = Some(Retreat::plan(&sent, to, &self.rules));
            self.phase = Phase::Retreating;
            // Once only: what is hit on the way back ends it.
            self.trail.clear();
            return;
        }
        self.come_to_rest(now, true, out);
    }

    /// The group stands still.
    pub(super) fn come_to_rest(&mut self, now: Stamp, hold: bool, out: &mut VecDeque<Output>) {
        let cause = self.cause();
        self.resting = now;
        if self.faults.severity() >= Severity::Stop1 {
            return self.switch_off(now, &format!("stands still: {cause}"), out);
        }
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
        self.phase = Phase::Stopped { hold };
        self.say(
            now,
            EventKind::Stopped,
            format!("{}: stands still: {cause}", self.group.name),
            out,
        );
        self.update_resettable(now);
    }

    fn cause(&self) -> String {
        let first = self.faults.first();
        first.map_or_else(String::new, |fault| fault.describe(&self.group))
    }

    pub(super) fn say(&self, stamp: Stamp, kind: EventKind, text: String, out: &mut VecDeque<Output>) {
        out.push_back(Output::Event(Event {
            stamp,
            kind,
            group: Some(self.group.name),
            text,
        }));
    }
}
