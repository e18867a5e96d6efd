//! How one group's gate closes: what is latched, which stop follows, and where it ends.
//!
//! **Invariant:** the first cause since the last reset is kept; what follows from it does not hide it.

use super::{Gate, Phase};
use crate::config::StopCategory;
use crate::safety::Output;
use servomesh_types::*;
use std::collections::VecDeque;
use std::time::Duration;

impl Gate {
    /// Stops the group on request. Says whether that changed anything.
    pub(crate) fn stop(&mut self, now: Stamp, out: &mut VecDeque<Output>) -> bool {
        if self.phase == Phase::Unheard {
            self.fault.get_or_insert(Fault::StopRequested);
            return true;
        }
        let open = self.open();
        self.fail(now, Fault::StopRequested, out);
        open
    }

    /// Latches the first cause and begins the stop.
    pub(super) fn fail(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        if !self.open() {
            return;
        }
        let commanding = self.commanding();
        self.latch(now, fault, out);
        let Some(sent) = self.sent.filter(|_| commanding) else {
            return self.come_to_rest(now, false, out);
        };
        if !self.stop.plan(&sent, &self.rules) {
            return self.switch_off(now, "no stop could be planned", out);
        }
        self.phase = Phase::Stopping;
        self.next = now;
        self.go_on_stopping(now, out);
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
    }

    pub(super) fn latch(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            if fault != Fault::StopRequested {
                let text = format!("{}: {}", self.group.name, fault.describe(&self.group));
                self.say(now, EventKind::Fault, text, out);
            }
        }
    }

    /// The driver no longer follows: what the gate sends has no meaning, and must not enable it again.
    pub(super) fn lose_driver(&mut self, now: Stamp, fault: Fault, out: &mut VecDeque<Output>) {
        self.latch(now, fault, out);
        self.switch_off(now, "its driver no longer follows", out);
    }

    pub(super) fn switch_off(&mut self, now: Stamp, why: &str, out: &mut VecDeque<Output>) {
        self.phase = Phase::Off;
        self.next = now.next_multiple(self.config.period(), Duration::ZERO);
        let text = format!("{}: torque off: {why}", self.group.name);
        self.say(now, EventKind::Stopped, text, out);
        self.update_resettable(now);
    }

    /// The end of a stop.
    pub(super) fn come_to_rest(&mut self, now: Stamp, hold: bool, out: &mut VecDeque<Output>) {
        let cause = self
            .fault
            .map_or_else(String::new, |fault| fault.describe(&self.group));
        if self.config.stop_category == StopCategory::One {
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

    pub(super) fn say(&self, stamp: Stamp, kind: EventKind, text: String, out: &mut VecDeque<Output>) {
        out.push_back(Output::Event(Event {
            stamp,
            kind,
            group: Some(self.group.name),
            text,
        }));
    }
}
