//! The core of a group and the link of its bus, coupled: frames go to the one, answers to the other, and what is left goes outside.
//!
//! Whoever owns a port runs this: the thread on a serial port, or a test that has simulated devices on a virtual clock.

use crate::driver::{Driver, Input, Output};
use crate::link::{Action, Link, Notice};
use servomesh_types::{Core, Stamp};

/// What a [`Coupling`] causes.
pub trait Outside {
    /// These bytes are to be sent.
    fn transmit(&mut self, bytes: &[u8]);

    /// The core says something: never [`Output::Bus`].
    fn output(&mut self, output: Output);

    /// The link has something to tell people.
    fn notice(&mut self, notice: Notice);
}

/// A core with its link.
pub struct Coupling {
    core: Driver,
    link: Box<dyn Link>,
}

impl std::fmt::Debug for Coupling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Coupling")
            .field("core", &self.core)
            .finish_non_exhaustive()
    }
}

impl Coupling {
    /// Couples them.
    pub fn new(core: Driver, link: Box<dyn Link>) -> Self {
        Self { core, link }
    }

    /// The core.
    pub fn core(&self) -> &Driver {
        &self.core
    }

    /// Bytes came from the port.
    pub fn receive(&mut self, now: Stamp, bytes: &[u8], outside: &mut dyn Outside) {
        self.link.receive(now, bytes);
        self.drain(now, outside);
    }

    /// The port lost its device, or has one again.
    pub fn plugged(&mut self, now: Stamp, there: bool, outside: &mut dyn Outside) {
        self.link.plugged(now, there);
        self.drain(now, outside);
    }

    /// Something for the core that is not from the bus.
    pub fn handle(&mut self, now: Stamp, input: Input, outside: &mut dyn Outside) {
        self.core.handle(now, input);
        self.drain_core(now, outside);
        self.drain(now, outside);
    }

    /// Time has come to the [deadline](Self::deadline), or beyond.
    pub fn tick(&mut self, now: Stamp, outside: &mut dyn Outside) {
        if self.link.deadline().is_some_and(|deadline| deadline <= now) {
            self.link.tick(now);
            self.drain(now, outside);
        }
        if self.core.deadline().is_some_and(|deadline| deadline <= now) {
            self.core.tick(now);
            self.drain_core(now, outside);
            self.drain(now, outside);
        }
    }

    /// When to call [`tick`](Self::tick) next.
    pub fn deadline(&self) -> Option<Stamp> {
        [self.link.deadline(), self.core.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn drain(&mut self, now: Stamp, outside: &mut dyn Outside) {
        while let Some(action) = self.link.poll() {
            match action {
                Action::Transmit(bytes) => outside.transmit(bytes),
                Action::Notice(notice) => outside.notice(notice),
                Action::Frame(status) => {
                    self.core.handle(now, Input::Bus(status.clone()));
                    self.drain_core(now, outside);
                }
            }
        }
    }

    fn drain_core(&mut self, now: Stamp, outside: &mut dyn Outside) {
        while let Some(output) = self.core.poll() {
            match output {
                Output::Bus(command) => self.link.command(now, &command),
                other => outside.output(other),
            }
        }
    }
}
