//! Opening a bus: its servos are set up one after the other, and set up anew when one was started anew or fell silent.
//!
//! A servo that can't be set up is named once and tried again every half second.

use super::cycle;
use super::link::{Asking, Feetech};
use crate::backends::problem::Problem;
use crate::backends::serial::{self, Member as _, Phase, SLOWEST_RETURN, Turn};
use servomesh_fieldbus::feetech::status::Status;
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_types::Stamp;

impl Feetech {
    /// Reads one packet while servos are set up; `false` when none is left.
    pub(super) fn receive_opening(&mut self, now: Stamp, asking: Option<Asking>, bytes: &mut &[u8]) -> bool {
        let Some(packet) = self.stream.next(bytes) else {
            return false;
        };
        if let (Ok(status), Some(asking)) = (Status::decode(&packet), asking)
            && let servo = &mut self.servos[asking.servo]
            && status.id == servo.settings.id
        {
            let outcome = servo.setup.answer(&servo.settings, &mut servo.identity, &status);
            self.on_setup(now, asking, outcome);
        }
        true
    }

    /// What is due while servos are set up: an answer that is missing, or the next to be set up.
    pub(super) fn tick_opening(&mut self, now: Stamp, asking: Option<Asking>, due: Stamp) {
        match asking {
            Some(asking) if now >= asking.missing => {
                let garbled = self.stream.skipped() + self.stream.undecided() as u64 > 0;
                let servo = &mut self.servos[asking.servo];
                let outcome = servo.setup.missing(&servo.settings, self.settings.baud, garbled);
                self.on_setup(now, asking, outcome);
            }
            None if now >= due => self.open(now),
            Some(_) | None => {}
        }
    }

    /// Opens what is not set up; begins to cycle when nothing is left.
    fn open(&mut self, now: Stamp) {
        let i = match serial::turn(&self.servos, now) {
            Turn::Now(i) => i,
            Turn::At(due) => {
                self.phase = Phase::opening_at(due);
                return;
            }
            Turn::Over => return self.begin(now),
        };
        self.stream = Stream::default();
        let mut answer = 0;
        let sent = self.send(|servos, buffer| {
            let ask = servos[i].setup.ask(&servos[i].settings, buffer)?;
            answer = ask.answer;
            Ok(ask.sent)
        });
        self.phase = Phase::Opening {
            asking: Some(Asking {
                servo: i,
                missing: self.pace.missing(now, sent, answer, SLOWEST_RETURN),
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

    /// A servo's answer to its set-up.
    fn on_setup(&mut self, now: Stamp, asking: Asking, outcome: Result<(), Problem>) {
        let servo = &mut self.servos[asking.servo];
        if let Err(problem) = outcome {
            if let Some(text) = servo.standing.refuse(now, problem) {
                self.outbox.complain(text);
            }
        } else if servo.is_set_up() {
            servo.begin();
        }
        self.open(now);
    }

    /// Opens these servos anew, one bit each. The torque of all goes off: a group moves as a whole.
    pub(super) fn reopen(&mut self, now: Stamp, servos: u32) {
        self.stats.reopened += 1;
        serial::restart(&mut self.servos, servos);
        let sent = self.send(|servos, buffer| cycle::encode_torque(servos, false, |_| true, buffer));
        for servo in &mut self.servos {
            servo.known.torque = false; // by this, not by a start of its own
        }
        self.phase = Phase::opening_at(now + self.pace.wire(sent));
    }
}
