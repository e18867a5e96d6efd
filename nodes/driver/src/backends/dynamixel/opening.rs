//! Opening a bus: its servos are set up one after the other, and set up anew when one has lost what it was told.
//!
//! A servo that can't be set up is named once and tried again every half second.

use super::cycle;
use super::link::{Asking, Dynamixel};
use super::setup::AROUND_STATUS;
use crate::backends::problem::Problem;
use crate::backends::serial::{self, Member as _, Phase, SLOWEST_RETURN, Turn};
use servomesh_fieldbus::dynamixel::Received;
use servomesh_types::Stamp;

impl Dynamixel {
    /// Reads one packet while servos are set up; `false` when none is left.
    pub(super) fn receive_opening(&mut self, now: Stamp, asking: Option<Asking>, bytes: &mut &[u8]) -> bool {
        let Some(received) = self.stream.read(bytes) else {
            return false;
        };
        if let (Received::Packet(packet), Some(asking)) = (received, asking)
            && let Some(status) = packet.status()
            && let servo = &mut self.servos[asking.servo]
            && status.id == servo.id
            && (status.error.number.is_some() || status.parameters.len() == asking.parameters)
        {
            let outcome = servo
                .setup
                .answer(&servo.settings, &mut servo.model, &status, self.armed);
            self.on_setup(now, asking, outcome);
        }
        true
    }

    /// What is due while servos are set up: an answer that is missing, or the next to be set up.
    pub(super) fn tick_opening(&mut self, now: Stamp, asking: Option<Asking>, due: Stamp) {
        match asking {
            Some(asking) if now >= asking.missing => {
                let garbled = self.stream.skipped().bytes + self.stream.waiting() as u64 > asking.skipped;
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
            Turn::Over if std::mem::take(&mut self.rearm) => {
                for servo in &mut self.servos {
                    servo.setup.rearm();
                }
                return self.open(now);
            }
            Turn::Over => return self.begin(now),
        };
        self.stream.clear();
        self.stream.expect(None);
        let (armed, mut parameters) = (self.armed, 0);
        let sent = self.send(|servos, buffer| {
            let ask = servos[i].setup.ask(&servos[i], armed, buffer)?;
            parameters = ask.parameters;
            Ok(ask.sent)
        });
        let patience = SLOWEST_RETURN + self.pace.patience(self.servos[i].setup.tries());
        self.phase = Phase::Opening {
            asking: Some(Asking {
                servo: i,
                parameters,
                missing: self.pace.missing(now, sent, AROUND_STATUS + parameters, patience),
                skipped: self.stream.skipped().bytes,
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
            servo.standing.settle();
            servo.known.torque = false;
        }
        self.open(now);
    }

    /// Opens these servos anew, one bit each.
    pub(super) fn reopen(&mut self, now: Stamp, servos: u32) {
        self.stats.reopened += 1;
        serial::restart(&mut self.servos, servos);
        self.rearm = true;
        let sent = self.send(|servos, buffer| cycle::encode_torque(servos, false, buffer));
        self.phase = Phase::opening_at(now + self.pace.wire(sent));
    }
}
