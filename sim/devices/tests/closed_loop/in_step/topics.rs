//! The desk arm over frames: the hardware of the simulation, a driver, and the time that messages take between them.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_driver::bus::{DriveCommand, DriveStatus};
use servomesh_driver::{Driver, Input, Output};
use servomesh_sim::{Hardware, ServoCatalog, Wiring};
use servomesh_types::{Core as _, DriveMode, GroupName, Stamp};

use super::group::{Goal, Goals, Motion, Stream};
use crate::desk::{self, BAUD, JOINTS};
use crate::dynamixel;

const STEP: Duration = Duration::from_millis(1);

pub(crate) struct Topics {
    hardware: Hardware,
    core: Driver,
    group: GroupName,
    commands: Stream,
    mail: BTreeMap<(Stamp, u64), Mail>,
    sent: u64,
    /// How long a message takes.
    delay: std::ops::Range<Duration>,
    random: ChaCha8Rng,
    /// When the answer to each cycle is meant to act.
    meant: BTreeMap<u64, Stamp>,
    pub(crate) goals: Goals,
}

enum Mail {
    Status(DriveStatus),
    Command(DriveCommand),
}

impl Topics {
    pub(crate) fn new(now: Stamp, rate_hz: f64, delay: std::ops::Range<Duration>) -> Self {
        let servos = ServoCatalog::from_yaml_str(desk::SERVOS).unwrap();
        let wiring = Wiring::from_yaml_str(&desk::wiring(rate_hz)).unwrap();
        Self {
            hardware: Hardware::new(&desk::model(), &servos, &wiring, now).unwrap(),
            core: dynamixel::driver(desk::SERVOS, 0..JOINTS, rate_hz, BAUD).0,
            group: GroupName::new("desk").unwrap(),
            commands: Stream::new(0..JOINTS, now),
            mail: BTreeMap::new(),
            sent: 0,
            delay,
            random: ChaCha8Rng::seed_from_u64(1),
            meant: BTreeMap::new(),
            goals: Goals::default(),
        }
    }

    pub(crate) fn enable(&mut self) {
        self.commands.start();
    }

    pub(crate) fn mode(&self) -> DriveMode {
        self.core.mode()
    }

    pub(crate) fn set_delay(&mut self, delay: std::ops::Range<Duration>) {
        self.delay = delay;
    }

    pub(crate) fn run(&mut self, until: Stamp, motion: &Motion) {
        loop {
            let step = self.hardware.now() + STEP;
            let mail = self.mail.first_key_value().map_or(step, |((at, _), _)| *at);
            let now = step.min(mail).min(self.commands.next());
            if now > until {
                return;
            }
            if let Some(entry) = self.mail.first_entry().filter(|entry| entry.key().0 <= now) {
                match entry.remove() {
                    Mail::Status(status) => self.core.handle(now, Input::Bus(status)),
                    Mail::Command(command) => self.act(&command),
                }
            } else if self.commands.next() <= now {
                if let Some(command) = self.commands.take(now, motion) {
                    self.core.handle(now, Input::Command(command));
                }
            } else {
                self.hardware.step();
                while let Some((_, status)) = self.hardware.poll() {
                    self.meant.insert(status.cycle, status.acts.unwrap());
                    self.post(now, Mail::Status(status));
                }
            }
            while let Some(output) = self.core.poll() {
                if let Output::Bus(command) = output {
                    self.post(now, Mail::Command(command));
                }
            }
        }
    }

    /// The drives take it as of the step that comes next.
    fn act(&mut self, command: &DriveCommand) {
        self.hardware.command(self.group, command).unwrap();
        let meant = self.meant.remove(&command.cycle).unwrap();
        if command.enable {
            let acted = self.hardware.now();
            self.goals.0.push(Goal { meant, acted });
        }
    }

    fn post(&mut self, now: Stamp, mail: Mail) {
        self.sent += 1;
        let share = self.random.random::<f64>();
        let delay = self.delay.start + (self.delay.end - self.delay.start).mul_f64(share);
        self.mail.insert((now + delay, self.sent), mail);
    }
}
