//! Opening a bus: its servos are set up one after the other, and set up anew when one has lost what it was told.
//!
//! A servo that can't be set up is named once and tried again every half second.

use super::SLOWEST_RETURN;
use super::bus::Bus;
use super::member::{self, Member as _, Turn};
use super::phase::{Asking, Phase};
use super::protocol::{Ask, Protocol};
use crate::backends::problem::Problem;
use servomesh_types::Stamp;

impl<P: Protocol> Bus<P> {
    /// What is due while servos are set up: an answer that is missing, or the next to be set up.
    pub(super) fn tick_opening(&mut self, now: Stamp, asking: Option<Asking>, due: Stamp) {
        match asking {
            Some(asking) if now >= asking.missing => {
                let garbled = P::noise(&self.stream) > asking.noise;
                let outcome = self.servos[asking.servo].missing(self.baud, garbled);
                self.on_setup(now, asking, outcome);
            }
            None if now >= due => self.open(now),
            Some(_) | None => {}
        }
    }

    /// What came of an instruction of a servo's set-up.
    pub(in crate::backends) fn on_setup(&mut self, now: Stamp, asking: Asking, outcome: Result<(), Problem>) {
        let servo = &mut self.servos[asking.servo];
        if let Err(problem) = outcome {
            if let Some(text) = servo.known_mut().standing.refuse(now, problem) {
                self.outbox.complain(text);
            }
        } else if servo.is_set_up() {
            servo.known_mut().standing.settle();
            servo.known_mut().torque = false;
            servo.begin();
        }
        self.open(now);
    }

    /// Opens what is not set up; begins to cycle when nothing is left.
    fn open(&mut self, now: Stamp) {
        let i = match member::turn(&self.servos, now) {
            Turn::Now(i) => i,
            Turn::At(due) => {
                self.phase = Phase::opening_at(due);
                return;
            }
            Turn::Over if std::mem::take(&mut self.rearm) => {
                for servo in &mut self.servos {
                    servo.rearm();
                }
                return self.open(now);
            }
            Turn::Over => return self.begin(now),
        };
        P::clear(&mut self.stream);
        let mut ask = Ask::default();
        let (own, servo) = (&self.own, &self.servos[i]);
        let sent = self.outbox.send(|buffer| {
            ask = own.ask(servo, buffer)?;
            Ok::<_, P::Error>(ask.sent)
        });
        let patience = SLOWEST_RETURN + self.pace.patience(servo.tries());
        self.phase = Phase::Opening {
            asking: Some(Asking {
                servo: i,
                answer: ask.answer,
                missing: self.pace.missing(now, sent, ask.answer, patience),
                noise: P::noise(&self.stream),
            }),
            due: now,
        };
    }

    fn begin(&mut self, now: Stamp) {
        self.outbox.recover("all servos of the bus answer");
        self.lay_out();
        self.reads = 0;
        self.pending.forget(); // what was late came before the answers to the set-up
        self.phase = Phase::cycling_at(self.pace.next_cycle(now));
    }

    /// Opens these servos anew, one bit each. The torque of all goes off: a group moves as a whole.
    pub(in crate::backends) fn reopen(&mut self, now: Stamp, servos: u32) {
        self.stats.reopened += 1;
        self.rearm = true;
        member::restart(&mut self.servos, servos);
        let sent = self.send(|servos, buffer| P::torque_off(servos, buffer));
        for servo in &mut self.servos {
            servo.known_mut().torque = false; // by this, not by a start of its own
        }
        self.phase = Phase::opening_at(now + self.pace.wire(sent));
    }
}
