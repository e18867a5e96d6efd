//! One bus of DYNAMIXEL servos: opens them, then cycles.
//!
//! **Opening**: each servo in turn is set up ([`super::setup`]); one that can't be is named once and tried again every half second. A bus
//! cycles when all of its servos are set up, and opens anew the one that was started anew, has a fault to be cleared, or fell silent.
//! **Cycling**: a read at each whole multiple of the period, a frame when its answers are complete or overdue, goals at a fixed phase.

use super::cycle::{self, Read, Taken};
use super::layout::Window;
use super::pace::Pace;
use super::servo::{Goal, Servo, TRIPPED};
use super::settings::{Settings, SettingsError};
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link, Notice};
use servomesh_fieldbus::dynamixel::{
    EncodeError, Id, Instruction, MAX_PACKET, Received, Replies, Status, Stream,
};
use servomesh_types::{EventKind, JointVec, Stamp};
use std::collections::VecDeque;
use std::time::Duration;

/// DYNAMIXEL X servos on a serial bus.
#[derive(Debug)]
pub struct Dynamixel {
    settings: Settings,
    pace: Pace,
    /// What the watchdogs are armed with.
    armed: u8,
    servos: Vec<Servo>,
    stream: Stream,
    phase: Phase,
    replies: Replies,
    /// Joined reads in a row that nobody answered, while none was ever answered.
    unanswered: u32,
    /// The newest answer of the core that was not sent yet.
    command: Option<DriveCommand>,
    /// What the core wants of the torque.
    enable: bool,
    alert: bool,
    /// Reads since the torque, faults, temperatures were read.
    reads: u64,
    status: DriveStatus,
    /// What waits to be sent, at its front.
    buffer: Box<[u8; 4 * MAX_PACKET]>,
    to_send: usize,
    /// Watchdogs may have tripped while the bus was silent: they are armed anew before it cycles.
    rearm: bool,
    todo: VecDeque<Todo>,
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
    /// Answers that came when their time was over.
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
    skipped: u64,
}

#[derive(Clone, Copy, Debug)]
struct Cycling {
    next: Stamp,
    read: Option<Read>,
    /// When the goals of this cycle go out.
    write_at: Stamp,
    written: bool,
}

#[derive(Debug)]
enum Todo {
    Transmit,
    Frame,
    Notice(Notice),
}

impl Dynamixel {
    /// A bus whose servos are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let servos: Vec<Servo> = settings
            .servos
            .iter()
            .filter_map(|servo| Some(Servo::new(servo.clone(), Id::device(servo.id)?)))
            .collect();
        Ok(Self {
            pace: Pace::new(settings.baud, settings.period, settings.latency),
            armed: settings.watchdog_counts() as u8,
            servos,
            stream: Stream::new(),
            phase: Phase::Opening {
                asking: None,
                due: Stamp::ZERO,
            },
            replies: Replies::Joined,
            unanswered: 0,
            command: None,
            enable: false,
            alert: false,
            reads: 0,
            status: DriveStatus::default(),
            buffer: Box::new([0; 4 * MAX_PACKET]),
            to_send: 0,
            rearm: false,
            todo: VecDeque::with_capacity(16),
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

    fn tell(&mut self, kind: EventKind, text: String) {
        self.todo.push_back(Todo::Notice(Notice {
            kind,
            text: text.into(),
        }));
    }

    /// Adds what `write` puts to the front of a buffer to what waits to be sent; gives its length. What does not fit is not sent: sixteen servos
    /// never need as much.
    fn send(&mut self, write: impl FnOnce(&[Servo], &mut [u8]) -> Result<usize, EncodeError>) -> usize {
        let sent = write(&self.servos, &mut self.buffer[self.to_send..]).unwrap_or(0);
        if self.to_send == 0 && sent > 0 {
            self.todo.push_back(Todo::Transmit);
        }
        self.to_send += sent;
        sent
    }

    /// Opens what is not set up; begins to cycle when nothing is left.
    fn open(&mut self, now: Stamp) {
        let next = (0..self.servos.len()).find(|i| {
            let servo = &self.servos[*i];
            !servo.setup.is_done() && servo.retry_at <= now
        });
        if let Some(i) = next {
            self.stream.clear();
            self.stream.expect(None);
            let (armed, mut answer) = (self.armed, 0);
            let sent = self.send(|servos, buffer| {
                let ask = servos[i].setup.ask(&servos[i], armed, buffer)?;
                answer = ask.answer;
                Ok(ask.sent)
            });
            self.phase = Phase::Opening {
                asking: Some(Asking {
                    servo: i,
                    missing: self.pace.missing(now, sent, answer, SLOWEST_RETURN),
                    skipped: self.stream.skipped().bytes,
                }),
                due: now,
            };
            return;
        }
        let waiting = self.servos.iter().filter(|servo| !servo.setup.is_done());
        match waiting.map(|servo| servo.retry_at).min() {
            Some(due) => self.phase = Phase::Opening { asking: None, due },
            None if std::mem::take(&mut self.rearm) => {
                for servo in &mut self.servos {
                    servo.setup.rearm();
                }
                self.open(now);
            }
            None => self.begin(now),
        }
    }

    fn begin(&mut self, now: Stamp) {
        if std::mem::take(&mut self.complained) {
            self.tell(EventKind::Recovered, "all servos of the bus answer".to_owned());
        }
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
    fn on_setup(&mut self, now: Stamp, asking: Asking, outcome: Result<(), super::Problem>) {
        let servo = &mut self.servos[asking.servo];
        if let Err(problem) = outcome {
            servo.retry_at = now + RETRY;
            let news = servo.problem.as_ref() != Some(&problem);
            let text = problem.to_string();
            servo.problem = Some(problem);
            if news {
                self.complained = true;
                self.tell(EventKind::Fault, text);
            }
        } else if servo.setup.is_done() {
            servo.problem = None;
            servo.torque = false;
        }
        self.open(now);
    }

    /// Opens these servos anew, one bit each.
    fn reopen(&mut self, now: Stamp, servos: u32) {
        self.stats.reopened += 1;
        for (i, servo) in self.servos.iter_mut().enumerate() {
            if servos & (1 << i) != 0 {
                servo.setup.restart();
            }
        }
        self.rearm = true;
        let sent = self.send(|servos, buffer| cycle::encode_torque(servos, false, buffer));
        let due = now + self.pace.wire(sent);
        self.phase = Phase::Opening { asking: None, due };
    }

    /// Reads all servos, as a new cycle.
    fn read(&mut self, now: Stamp, begin: Stamp) {
        let window = self.window();
        self.reads += 1;
        self.stats.cycles += 1;
        self.stream.clear();
        let (replies, mut answer) = (self.replies, 0);
        let sent = self.send(|servos, buffer| {
            let (sent, expected) = cycle::encode_read(servos, window, replies, buffer)?;
            answer = expected;
            Ok(sent)
        });
        self.stream.expect(match self.replies {
            Replies::Joined => cycle::joined_length(&self.servos, window),
            Replies::Separate => None,
        });
        let next = self.pace.next_cycle(now);
        let goals = self.pace.wire(self.goal_bytes());
        let latest = next - goals;
        let answered = now + self.pace.wire(sent + answer) + HANDLING;
        let half = begin + self.pace.period() / 2;
        let read = Read {
            window,
            replies: self.replies,
            sampled: now + self.pace.wire(sent),
            earliest: self.pace.earliest(now, sent, answer),
            missing: self
                .pace
                .missing(now, sent, answer, Duration::ZERO)
                .min(latest - HANDLING),
            answered: 0,
        };
        self.phase = Phase::Cycling(Cycling {
            next,
            read: Some(read),
            write_at: half.max(answered).min(latest),
            written: false,
        });
        self.status.cycle = self.pace.cycle(begin);
    }

    fn goal_bytes(&self) -> usize {
        let goals = self
            .servos
            .iter()
            .map(|servo| 1 + usize::from(servo.goal_registers().1));
        AROUND_WRITE + goals.sum::<usize>()
    }

    /// What this cycle reads.
    fn window(&self) -> Window {
        let switching = self.servos.iter().any(|servo| servo.torque != self.enable);
        if self.reads.is_multiple_of(SLOW_EVERY) {
            Window::Slow
        } else if switching || self.alert || self.reads.is_multiple_of(STATE_EVERY) {
            Window::State
        } else {
            Window::Fast
        }
    }

    /// The read is over: all have answered, or the time has.
    fn conclude(&mut self, now: Stamp, read: &Read, taken: Taken) {
        let missing = self.servos.len() - read.answered.count_ones() as usize;
        self.stats.missing_replies += missing as u64;
        self.alert = taken.alert;
        if taken.lost != 0 {
            for i in (0..self.servos.len()).filter(|i| taken.lost & (1 << i) != 0) {
                let settings = &self.servos[i].settings;
                let text = format!(
                    "servo {} ({}) was started anew: it lost its power or was rebooted",
                    settings.id, settings.joint
                );
                self.complained = true;
                self.tell(EventKind::Fault, text);
            }
            self.reopen(now, taken.lost);
            return;
        }
        if self.replies == Replies::Joined && read.answered == 0 && self.unanswered < u32::MAX {
            self.unanswered += 1;
            if self.unanswered == NO_FAST_READS {
                self.replies = Replies::Separate;
                self.tell(
                    EventKind::Recovered,
                    "no servo answers a fast read: reading them one by one".to_owned(),
                );
            }
        } else if read.answered != 0 {
            self.unanswered = u32::MAX; // fast reads are known to work, or not to be used
        }
        let silent = |servo: &Servo| {
            servo
                .sampled
                .is_none_or(|sampled| read.sampled.since(sampled) > SILENT)
        };
        let silent: u32 = (0..self.servos.len())
            .filter(|i| silent(&self.servos[*i]) && self.reads > STATE_EVERY)
            .map(|i| 1 << i)
            .sum();
        if silent != 0 {
            self.reopen(now, silent);
            return;
        }
        if self.servos.iter().all(|servo| servo.sampled.is_some()) {
            self.fill_status(read.sampled);
            self.todo.push_back(Todo::Frame);
        }
    }

    fn fill_status(&mut self, stamp: Stamp) {
        let (status, servos) = (&mut self.status, &self.servos);
        let of = |read: fn(&Servo) -> f64| JointVec::from_fn(servos.len(), |i| read(&servos[i]));
        status.stamp = stamp;
        status.enabled = servos.iter().all(|servo| servo.torque);
        status.without_torque = (0..servos.len()).filter(|i| !servos[*i].torque).collect();
        status.position_ticks = servos.iter().map(|servo| servo.ticks).collect();
        status.sampled = servos
            .iter()
            .map(|servo| servo.sampled.unwrap_or(stamp))
            .collect();
        status.current_a = of(|servo| servo.current_a);
        status.winding_degc = of(|servo| servo.temperature_degc);
        status.voltage_v = of(|servo| servo.voltage_v);
        status.fault = servos.iter().map(Servo::fault).collect();
    }

    /// Sends what the core answered: goals, and torque where it is not as it should be.
    fn write(&mut self, now: Stamp) {
        let Some(command) = self.command.take() else {
            return;
        };
        if command.enable {
            let goals = Goal {
                current_a: &command.current_a,
                velocity_ticks_per_s: &command.velocity_ticks_per_s,
                position_ticks: &command.position_ticks,
            };
            self.send(|servos, buffer| cycle::encode_goals(servos, goals, buffer));
        }
        if self.servos.iter().any(|servo| servo.torque != command.enable) {
            self.send(|servos, buffer| cycle::encode_torque(servos, command.enable, buffer));
        }
        if command.clear_faults {
            self.clear_faults(now);
        }
    }

    /// Reboots servos that shut down, and arms watchdogs that tripped.
    fn clear_faults(&mut self, now: Stamp) {
        let mut rebooted = 0;
        let tripped = self.servos.iter().any(|servo| servo.watchdog == TRIPPED);
        for i in 0..self.servos.len() {
            if self.servos[i].hardware_error != 0 {
                self.send(|servos, buffer| Instruction::Reboot.encode(servos[i].id, buffer));
                let servo = &mut self.servos[i];
                servo.retry_at = now + REBOOT;
                servo.hardware_error = 0;
                rebooted |= 1 << i;
            }
        }
        if rebooted != 0 || tripped {
            self.reopen(now, rebooted);
        }
    }

    fn on_packet(&mut self, now: Stamp, status: &OwnedStatus) {
        match self.phase {
            Phase::Opening {
                asking: Some(asking), ..
            } if status.id == self.servos[asking.servo].id => {
                let servo = &mut self.servos[asking.servo];
                let status = status.as_status();
                let outcome = servo
                    .setup
                    .answer(&servo.settings, &mut servo.model, &status, self.armed);
                self.on_setup(now, asking, outcome);
            }
            _ => {}
        }
    }
}

/// An answer, out of the stream's hands.
#[derive(Debug)]
struct OwnedStatus {
    id: Id,
    error: servomesh_fieldbus::dynamixel::StatusError,
    parameters: arrayvec::ArrayVec<u8, 160>,
}

impl OwnedStatus {
    fn of(status: &Status<'_>) -> Option<Self> {
        let mut parameters = arrayvec::ArrayVec::new();
        parameters.try_extend_from_slice(status.parameters).ok()?;
        Some(Self {
            id: status.id,
            error: status.error,
            parameters,
        })
    }

    fn as_status(&self) -> Status<'_> {
        Status {
            id: self.id,
            error: self.error,
            parameters: &self.parameters,
        }
    }
}

impl Link for Dynamixel {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        loop {
            match &mut self.phase {
                Phase::Unplugged => return,
                Phase::Opening { .. } => {
                    let packet = match self.stream.read(&mut bytes) {
                        None => return,
                        Some(Received::Packet(packet)) => {
                            packet.status().and_then(|status| OwnedStatus::of(&status))
                        }
                        Some(Received::Fast(_)) => None,
                    };
                    if let Some(status) = packet {
                        self.on_packet(now, &status);
                    }
                }
                Phase::Cycling(cycling) => {
                    let Some(read) = &mut cycling.read else {
                        // Nothing was asked: an answer that is too late.
                        while self.stream.read(&mut bytes).is_some() {
                            self.stats.stale += 1;
                        }
                        return;
                    };
                    let servos = &mut self.servos[..];
                    let taken = match self.stream.read(&mut bytes) {
                        None => return,
                        Some(Received::Fast(_) | Received::Packet(_))
                            if now < read.earliest && read.replies == Replies::Joined =>
                        {
                            self.stats.stale += 1;
                            continue;
                        }
                        Some(Received::Fast(reply)) => read.take_joined(servos, &reply, self.armed),
                        Some(Received::Packet(packet)) => match packet.status() {
                            Some(status) => read.take_separate(servos, &status, self.armed),
                            None => continue,
                        },
                    };
                    let joined_is_over = read.replies == Replies::Joined && read.answered != 0;
                    if joined_is_over || read.is_complete(self.servos.len()) || taken.lost != 0 {
                        let read = *read;
                        cycling.read = None;
                        self.conclude(now, &read, taken);
                    }
                }
            }
        }
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.stream.clear();
        self.command = None;
        if there {
            self.rearm = true;
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
                let garbled = self.stream.skipped().bytes + self.stream.waiting() as u64 > asking.skipped;
                let servo = &mut self.servos[asking.servo];
                let outcome = servo.setup.missing(&servo.settings, self.settings.baud, garbled);
                self.on_setup(now, asking, outcome);
            }
            Phase::Opening { asking: None, due } if now >= due => self.open(now),
            Phase::Opening { .. } => {}
            Phase::Cycling(cycling) => {
                if let Some(mut read) = cycling.read.filter(|read| now >= read.missing) {
                    let mut taken = Taken::default();
                    while let Some(received) = self.stream.silence() {
                        if let Received::Fast(reply) = received {
                            taken = read.take_joined(&mut self.servos, &reply, self.armed);
                        }
                    }
                    if let Phase::Cycling(cycling) = &mut self.phase {
                        cycling.read = None;
                    }
                    self.conclude(now, &read, taken);
                }
                let Phase::Cycling(cycling) = &mut self.phase else {
                    return;
                };
                if !cycling.written && self.command.is_some() && now >= cycling.write_at {
                    cycling.written = true;
                    self.write(now);
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
            self.write(now);
        }
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        Some(match self.todo.pop_front()? {
            Todo::Transmit => Action::Transmit(&self.buffer[..std::mem::take(&mut self.to_send)]),
            Todo::Frame => Action::Frame(&self.status),
            Todo::Notice(notice) => Action::Notice(notice),
        })
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

/// Return delays are set to nothing, but not before the first set-up: 254 · 2 µs.
const SLOWEST_RETURN: Duration = Duration::from_micros(508);
/// From an answer's last byte to the goals: the core takes some 10 µs, two threads wake up.
const HANDLING: Duration = Duration::from_micros(100);
/// Header, id, length, code, address, length and CRC of a sync write.
const AROUND_WRITE: usize = 14;
/// Every so many reads torque and faults are read too.
const STATE_EVERY: u64 = 8;
/// Every so many reads temperatures and voltages are read too.
const SLOW_EVERY: u64 = 64;
/// A servo that says nothing for so long is opened anew: it may have lost its power.
const SILENT: Duration = Duration::from_millis(250);
/// How long until a servo that can't be set up is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How long a servo takes to start.
const REBOOT: Duration = Duration::from_millis(400);
/// Reads that nobody answers until they are taken for an instruction that nobody knows.
const NO_FAST_READS: u32 = 20;
