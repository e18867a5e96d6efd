//! One bus of STS servos: opens them, then cycles.
//!
//! **Opening**: each servo in turn is set up ([`super::setup`]); one that can't be is named once and tried again every half second. A bus
//! cycles when all of its servos are set up, and opens anew the one that was started anew or fell silent.
//! **Cycling**: a read at each whole multiple of the period, a frame when its answers are complete or overdue, goals at a fixed phase.

use super::answer::Answer;
use super::cycle::{self, Read};
use super::layout::Window;
use super::servo::Servo;
use super::settings::Settings;
use crate::backends::outbox::Outbox;
use crate::backends::pace::{HANDLING, Pace};
use crate::backends::problem::Problem;
use crate::backends::settings::SettingsError;
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link};
use servomesh_fieldbus::feetech::status::{Alarms, Status};
use servomesh_fieldbus::feetech::stream::Stream;
use servomesh_types::{EventKind, JointVec, Stamp};
use std::time::Duration;

/// FEETECH STS servos on a serial bus.
#[derive(Debug)]
pub struct Feetech {
    settings: Settings,
    pace: Pace,
    servos: Vec<Servo>,
    stream: Stream,
    phase: Phase,
    /// The newest answer of the core that was not sent yet.
    command: Option<DriveCommand>,
    /// What the core wants of the torque.
    enable: bool,
    /// Reads since the bus began to cycle.
    reads: u64,
    status: DriveStatus,
    outbox: Outbox<ROOM>,
    /// Whether the servos were said not to be there, and have not been since.
    complained: bool,
    stats: Stats,
}

/// What a bus has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Cycles that were begun.
    pub cycles: u64,
    /// Replies of single servos that did not come, or not as they were sent.
    pub missing_replies: u64,
    /// Answers to no read, or to an earlier one.
    pub stale: u64,
    /// Times at which servos had to be opened anew.
    pub reopened: u64,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// No device at the port.
    Unplugged,
    /// One servo is being set up, or none until `due`.
    Opening {
        asking: Option<Asking>,
        due: Stamp,
    },
    Cycling(Cycling),
}

#[derive(Clone, Copy, Debug)]
struct Asking {
    servo: usize,
    missing: Stamp,
}

#[derive(Clone, Copy, Debug)]
struct Cycling {
    next: Stamp,
    read: Option<Read>,
    /// When the goals of this cycle go out.
    write_at: Stamp,
    written: bool,
}

impl Feetech {
    /// A bus whose servos are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        Ok(Self {
            pace: Pace::new(settings.baud, settings.period, settings.latency),
            servos: settings.servos.iter().cloned().map(Servo::new).collect(),
            stream: Stream::default(),
            phase: Phase::Opening {
                asking: None,
                due: Stamp::ZERO,
            },
            command: None,
            enable: false,
            reads: 0,
            status: DriveStatus::default(),
            outbox: Outbox::new(),
            complained: false,
            stats: Stats::default(),
            settings,
        })
    }

    /// What the bus has seen.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether all servos are set up and read in cycles.
    pub fn is_cycling(&self) -> bool {
        matches!(self.phase, Phase::Cycling(_))
    }

    /// Opens what is not set up; begins to cycle when nothing is left.
    fn open(&mut self, now: Stamp) {
        let next = (0..self.servos.len()).find(|i| {
            let servo = &self.servos[*i];
            !servo.setup.is_done() && servo.retry_at <= now
        });
        if let Some(i) = next {
            self.stream = Stream::default();
            let (servo, mut answer) = (&self.servos[i], 0);
            let sent = self.outbox.send(|buffer| {
                let ask = servo.setup.ask(servo.settings.id, buffer)?;
                answer = ask.answer;
                Ok::<_, servomesh_fieldbus::feetech::Error>(ask.sent)
            });
            self.phase = Phase::Opening {
                asking: Some(Asking {
                    servo: i,
                    missing: self.pace.missing(now, sent, answer, SLOWEST_RETURN),
                }),
                due: now,
            };
            return;
        }
        let waiting = self.servos.iter().filter(|servo| !servo.setup.is_done());
        match waiting.map(|servo| servo.retry_at).min() {
            Some(due) => self.phase = Phase::Opening { asking: None, due },
            None => self.begin(now),
        }
    }

    fn begin(&mut self, now: Stamp) {
        if std::mem::take(&mut self.complained) {
            let text = "all servos of the bus answer".to_owned();
            self.outbox.tell(EventKind::Recovered, text);
        }
        self.lay_out();
        let next = self.pace.next_cycle(now);
        self.reads = 0;
        self.phase = Phase::Cycling(Cycling {
            next,
            read: None,
            write_at: next,
            written: true,
        });
    }

    /// A servo's answer to its set-up.
    fn on_setup(&mut self, now: Stamp, asking: Asking, outcome: Result<(), Problem>) {
        let servo = &mut self.servos[asking.servo];
        if let Err(problem) = outcome {
            servo.retry_at = now + RETRY;
            let news = servo.problem.as_ref() != Some(&problem);
            let text = problem.to_string();
            servo.problem = Some(problem);
            if news {
                self.complained = true;
                self.outbox.tell(EventKind::Fault, text);
            }
        } else if servo.setup.is_done() {
            servo.begin();
        }
        self.open(now);
    }

    /// Opens these servos anew, one bit each. The torque of all goes off: a group moves as a whole.
    fn reopen(&mut self, now: Stamp, servos: u32) {
        self.stats.reopened += 1;
        for (i, servo) in self.servos.iter_mut().enumerate() {
            if servos & (1 << i) != 0 {
                servo.setup.restart();
            }
        }
        let servos = &self.servos;
        let sent = self
            .outbox
            .send(|buffer| cycle::encode_torque(servos, false, |_| true, buffer));
        let due = now + self.pace.wire(sent);
        self.phase = Phase::Opening { asking: None, due };
    }

    /// Reads all servos, as a new cycle.
    fn read(&mut self, now: Stamp, begin: Stamp) {
        let window = self.window();
        self.reads += 1;
        self.stats.cycles += 1;
        self.stream = Stream::default();
        let servos = &self.servos;
        let sent = self
            .outbox
            .send(|buffer| cycle::encode_read(servos, window, buffer));
        let answers = self.servos.len() * cycle::reply_bytes(window);
        let next = self.pace.next_cycle(now);
        let goals = cycle::goal_bytes(&self.settings.servos);
        let goals = self.pace.wire(goals);
        let latest = next - goals;
        let asked = now + self.pace.wire(sent);
        let waits = GAP * self.servos.len() as u32;
        let read = Read {
            window,
            asked,
            missing: self
                .pace
                .missing(now, sent, answers, waits)
                .min(latest - HANDLING),
            answered: 0,
            started: 0,
        };
        self.phase = Phase::Cycling(Cycling {
            next,
            read: Some(read),
            write_at: (self.pace.goals_end(begin) - goals).min(latest),
            written: false,
        });
        self.status.cycle = self.pace.cycle(begin);
    }

    /// Finds out how long a cycle is on the wire: the longest of its reads, and its goals.
    fn lay_out(&mut self) {
        let mut packet = [0; ROOM];
        // What is longer than that is never sent either.
        let sent = cycle::encode_read(&self.servos, Window::LockedData, &mut packet).unwrap_or_default();
        let answers = self.servos.len() * cycle::reply_bytes(Window::LockedData);
        let goals = cycle::goal_bytes(&self.settings.servos);
        let (reading, goals) = (self.pace.wire(sent + answers), self.pace.wire(goals));
        self.pace.lay_out(reading, goals);
    }

    /// When goals that the core gives now will have reached the servos.
    fn goals_act(&self, now: Stamp) -> Option<Stamp> {
        let Phase::Cycling(cycling) = self.phase else {
            return None;
        };
        let goals = cycle::goal_bytes(&self.settings.servos);
        Some(cycling.write_at.max(now) + self.pace.wire(goals))
    }

    /// What this cycle reads.
    fn window(&self) -> Window {
        let unsure = self
            .servos
            .iter()
            .any(|servo| servo.torque != self.enable || servo.suspect);
        if !self.reads.is_multiple_of(2) {
            Window::Data
        } else if unsure || self.reads.is_multiple_of(STATE_EVERY) {
            Window::State
        } else {
            Window::LockedData
        }
    }

    /// The read is over: all have answered, or the time has come.
    fn conclude(&mut self, now: Stamp, read: &Read) {
        let missing = self.servos.len() - read.answered.count_ones() as usize;
        self.stats.missing_replies += missing as u64;
        for (i, servo) in self.servos.iter_mut().enumerate() {
            if read.answered & (1 << i) == 0 {
                servo.miss(read.sampled(&self.pace, i));
            }
        }
        if read.started != 0 {
            for i in (0..self.servos.len()).filter(|i| read.started & (1 << i) != 0) {
                let settings = &self.servos[i].settings;
                let text = format!(
                    "servo {} ({}) was started anew: it lost its power or was rebooted",
                    settings.id, settings.joint
                );
                self.complained = true;
                self.outbox.tell(EventKind::Fault, text);
            }
            self.reopen(now, read.started);
            return;
        }
        let is_silent = |servo: &Servo| {
            servo
                .silent_since
                .is_some_and(|since| read.asked.since(since) > SILENT)
        };
        let silent: u32 = (0..self.servos.len())
            .filter(|i| is_silent(&self.servos[*i]))
            .map(|i| 1 << i)
            .sum();
        if silent != 0 {
            self.reopen(now, silent);
            return;
        }
        if self.servos.iter().all(|servo| servo.sampled.is_some()) {
            self.fill_status(read);
            self.status.acts = self.goals_act(now);
            self.outbox.frame();
        }
    }

    fn fill_status(&mut self, read: &Read) {
        let (status, servos) = (&mut self.status, &self.servos);
        let of = |read: fn(&Servo) -> f64| JointVec::from_fn(servos.len(), |i| read(&servos[i]));
        // The newest sample of a whole answer: no sample lies after it.
        let stamp = read.sampled(&self.pace, servos.len() - 1);
        status.sampled = servos
            .iter()
            .map(|servo| servo.sampled.unwrap_or(stamp))
            .collect();
        status.stamp = status.sampled.iter().fold(stamp, |newest, at| newest.max(*at));
        status.enabled = servos.iter().all(|servo| servo.torque);
        status.without_torque = (0..servos.len()).filter(|i| !servos[*i].torque).collect();
        status.position_ticks = servos.iter().map(|servo| servo.ticks).collect();
        status.current_a = of(|servo| servo.current_a);
        status.winding_degc = of(|servo| servo.temperature_degc);
        status.voltage_v = of(|servo| servo.voltage_v);
        status.fault = servos.iter().map(Servo::fault).collect();
    }

    /// Sends what the core answered: goals, and torque where it is not as it should be.
    fn write(&mut self) {
        let Some(command) = self.command.take() else {
            return;
        };
        let servos = &self.servos;
        if command.enable {
            let ahead = 2 * self.pace.period();
            self.outbox
                .send(|buffer| cycle::encode_goals(servos, &command, ahead, buffer));
        }
        let switched = |servo: &Servo| !(command.enable && servo.suspect) && servo.torque != command.enable;
        self.outbox
            .send(|buffer| cycle::encode_torque(servos, command.enable, switched, buffer));
        if command.clear_faults && !command.enable {
            // Alarms that last are forgotten when the torque is taken off, also where it is off.
            let alarmed = |servo: &Servo| servo.alarms != Alarms::NONE;
            self.outbox
                .send(|buffer| cycle::encode_torque(servos, false, alarmed, buffer));
        }
    }

    /// An answer to a set-up that came at `now`.
    fn on_answer(&mut self, now: Stamp, asking: Asking, answer: &Answer) {
        let servo = &mut self.servos[asking.servo];
        if answer.id != servo.settings.id {
            return;
        }
        let status = Status {
            id: answer.id,
            alarms: answer.alarms,
            data: &answer.data,
        };
        let outcome = servo.setup.answer(&servo.settings, &mut servo.identity, &status);
        self.on_setup(now, asking, outcome);
    }
}

impl Feetech {
    /// Takes the next packet out of the bytes, and out of the stream where `line_is_silent`; says whether there was one.
    fn take(&mut self, now: Stamp, bytes: &mut &[u8], line_is_silent: bool) -> bool {
        let packet = if line_is_silent {
            self.stream.flush()
        } else {
            self.stream.next(bytes)
        };
        let Some(packet) = packet else { return false };
        let Ok(status) = Status::decode(&packet) else {
            return true;
        };
        match &mut self.phase {
            Phase::Unplugged | Phase::Opening { asking: None, .. } => {}
            Phase::Opening {
                asking: Some(asking), ..
            } => {
                let asking = *asking;
                if let Some(answer) = Answer::of(&status) {
                    self.on_answer(now, asking, &answer);
                }
            }
            Phase::Cycling(cycling) => {
                let Some(read) = &mut cycling.read else {
                    self.stats.stale += 1;
                    return true;
                };
                if !read.take(now, &self.pace, &mut self.servos, &status, self.enable) {
                    self.stats.stale += 1;
                } else if read.is_complete(self.servos.len()) {
                    let read = *read;
                    cycling.read = None;
                    self.conclude(now, &read);
                }
            }
        }
        true
    }
}

impl Link for Feetech {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        if !matches!(self.phase, Phase::Unplugged) {
            while self.take(now, &mut bytes, false) {}
        }
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.stream = Stream::default();
        self.command = None;
        if there {
            for servo in &mut self.servos {
                servo.setup.restart();
                servo.retry_at = now;
            }
            self.phase = Phase::Opening {
                asking: None,
                due: now,
            };
        } else {
            self.complained = true;
            self.phase = Phase::Unplugged;
        }
    }

    fn tick(&mut self, now: Stamp) {
        match self.phase {
            Phase::Unplugged => {}
            Phase::Opening {
                asking: Some(asking), ..
            } if now >= asking.missing => {
                let garbled = self.stream.skipped() + self.stream.undecided() as u64 > 0;
                let servo = &mut self.servos[asking.servo];
                let outcome = servo.setup.missing(&servo.settings, self.settings.baud, garbled);
                self.on_setup(now, asking, outcome);
            }
            Phase::Opening { asking: None, due } if now >= due => self.open(now),
            Phase::Opening { .. } => {}
            Phase::Cycling(cycling) => {
                if cycling.read.is_some_and(|read| now >= read.missing) {
                    while self.take(now, &mut &[][..], true) {}
                    if let Phase::Cycling(cycling) = &mut self.phase
                        && let Some(read) = cycling.read.take()
                    {
                        self.conclude(now, &read);
                    }
                }
                let Phase::Cycling(cycling) = &mut self.phase else {
                    return;
                };
                if !cycling.written && self.command.is_some() && now >= cycling.write_at {
                    cycling.written = true;
                    self.write();
                }
                if let Phase::Cycling(cycling) = self.phase
                    && cycling.read.is_none()
                    && now >= cycling.next
                {
                    self.read(now, cycling.next);
                }
            }
        }
    }

    fn command(&mut self, now: Stamp, command: &DriveCommand) {
        self.enable = command.enable;
        self.command = Some(*command);
        if let Phase::Cycling(cycling) = &mut self.phase
            && now >= cycling.write_at
            && !cycling.written
        {
            cycling.written = true;
            self.write();
        }
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        self.outbox.poll(&self.status)
    }

    fn deadline(&self) -> Option<Stamp> {
        match &self.phase {
            Phase::Unplugged => None,
            Phase::Opening { asking, due } => Some(asking.map_or(*due, |asking| asking.missing)),
            Phase::Cycling(cycling) => Some(match cycling.read {
                Some(read) => read.missing,
                None if !cycling.written && self.command.is_some() => cycling.write_at.min(cycling.next),
                None => cycling.next,
            }),
        }
    }
}

/// Bytes that wait to be sent at most: goals in three modes and two switches of the torque, for sixteen servos.
const ROOM: usize = 1024;
/// Return delays are set to nothing, but not before the first set-up: 254 · 2 µs.
const SLOWEST_RETURN: Duration = Duration::from_micros(508);
/// How much longer than its answer takes a servo is waited for, by the one whose turn is after it.
const GAP: Duration = Duration::from_micros(100);
/// Every so many reads the torque is read; an even number.
const STATE_EVERY: u64 = 8;
/// A servo that says nothing for so long is opened anew: it may have lost its power, or be another.
const SILENT: Duration = Duration::from_millis(250);
/// How long until a servo that can't be set up is tried again.
const RETRY: Duration = Duration::from_millis(500);
