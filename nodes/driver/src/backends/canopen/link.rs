//! One CAN bus with CiA 402 drives: whose what comes is, and what is due next.
//!
//! **Opening** ([`super::opening`]): the adapter, then all drives at once; one that can't be set up is named once and tried again every half second.
//! **Cycling** ([`super::cycling`]): as soon as all are there, and as long as one of them is. A drive that was started anew or fell silent is set up
//! again in the spare time of cycles, while the others go on.

use super::adapter::Adapter;
use super::carrier::{Heard, Reader, Trouble};
use super::cycling::Cycling;
use super::drive::Drive;
use super::pace::Pace;
use super::problem::Problem;
use super::script::script;
use super::sdo::Sdo;
use super::settings::Settings;
use super::setup::{SETTLE, Setup};
use crate::backends::outbox::Outbox;
use crate::backends::settings::SettingsError;
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link};
use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::canopen::emergency::Emergency;
use servomesh_fieldbus::canopen::nmt::{Heartbeat, NmtCommand, NmtState};
use servomesh_fieldbus::canopen::{NodeId, Service};
use servomesh_types::{EventKind, Stamp};
use std::convert::Infallible;
use std::time::Duration;

/// CiA 402 drives on a CAN bus.
#[derive(Debug)]
pub struct Canopen {
    pub(super) settings: Settings,
    pub(super) pace: Pace,
    pub(super) master: Option<NodeId>,
    pub(super) drives: Vec<Drive>,
    reader: Reader,
    pub(super) adapter: Adapter,
    pub(super) phase: Phase,
    /// The newest answer of the core that was not sent yet.
    pub(super) command: Option<DriveCommand>,
    /// Whose turn it is to be asked.
    pub(super) turn: usize,
    /// Frames in a row that the core has not answered.
    pub(super) unanswered: u32,
    pub(super) status: DriveStatus,
    pub(super) heartbeat_at: Stamp,
    pub(super) outbox: Outbox<BUFFER>,
    /// What is wrong with the bus as a whole, as people were told.
    pub(super) bus_problem: Option<Problem>,
    pub(super) silence: Silence,
    pub(super) troubled: Option<Troubled>,
    pub(super) stats: Stats,
}

/// What a bus has seen since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Cycles that were begun.
    pub cycles: u64,
    /// Samples of single drives that did not come in time.
    pub missing_samples: u64,
    /// Samples that came when their cycle was over.
    pub late_samples: u64,
    /// Times at which a drive had to be set up anew.
    pub reopened: u64,
    /// Frames that the adapter did not take.
    pub refused: u64,
}

/// What has been heard since the adapter was opened.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Silence {
    pub(super) heard_anything: bool,
    pub(super) heard_drives: bool,
    pub(super) asked_why: bool,
    pub(super) trouble: Option<Trouble>,
}

/// Frames don't get through, as people were told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Troubled {
    told: Trouble,
    /// When the carrier said so last.
    last: Stamp,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// No device at the port.
    Unplugged,
    Opening,
    Cycling(Cycling),
}

impl Canopen {
    /// A bus whose drives are opened from the first call on.
    ///
    /// # Errors
    /// [`SettingsError`]: what can't be.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.check()?;
        let patience = settings.latency + ANSWER;
        let master = NodeId::new(settings.master);
        let drives = settings.drives.iter().filter_map(|drive| {
            let node = NodeId::new(drive.id)?;
            let setup = Setup::new(script(&settings, drive, node, master?));
            Some(Drive::new(drive.clone(), node, Sdo::new(patience), setup))
        });
        Ok(Self {
            pace: Pace::new(settings.bit_rate, settings.period, settings.latency),
            master,
            drives: drives.collect(),
            reader: settings.carrier.reader(),
            adapter: Adapter::new(settings.carrier, settings.latency),
            phase: Phase::Opening,
            command: None,
            turn: 0,
            unanswered: 0,
            status: DriveStatus::default(),
            heartbeat_at: Stamp::ZERO,
            outbox: Outbox::new(),
            bus_problem: None,
            silence: Silence::default(),
            troubled: None,
            stats: Stats::default(),
            settings,
        })
    }

    /// What the bus has seen.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Whether drives are read in cycles.
    pub fn is_cycling(&self) -> bool {
        matches!(self.phase, Phase::Cycling(_))
    }

    pub(super) fn hand_over(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
        self.outbox.frame();
    }

    /// Sends what `write` puts to the front of a buffer.
    pub(super) fn send_bytes(&mut self, write: impl FnOnce(&mut [u8]) -> usize) {
        self.outbox.send(|into| Ok::<usize, Infallible>(write(into)));
    }

    pub(super) fn send(&mut self, service: Service, data: &[u8]) {
        let frame = service.id().and_then(|id| Frame::data(id, data));
        if let Some(frame) = frame {
            let carrier = self.settings.carrier;
            self.send_bytes(|into| carrier.encode(&frame, into));
        }
    }

    pub(super) fn command_node(&mut self, command: NmtCommand, node: NodeId) {
        self.send(Service::Nmt, &command.encode(Some(node)));
    }

    /// Tells that this driver lives, as long as its core does.
    pub(super) fn beat(&mut self, now: Stamp) {
        let every = self.settings.watchdog / HEARTBEATS;
        self.heartbeat_at = now + every;
        let silent = self.settings.period * self.unanswered;
        if let Some(master) = self.master.filter(|_| silent < self.settings.watchdog / 2) {
            let beat = Heartbeat::of(NmtState::Operational).encode();
            self.send(Service::Heartbeat(master), &beat);
        }
    }

    /// Sends what a drive is to be asked.
    pub(super) fn ask(&mut self, now: Stamp, i: usize) {
        let node = self.drives[i].node;
        if self.drives[i].sdo.has_request()
            && let Some(request) = self.drives[i].sdo.request(now)
        {
            self.send(Service::SdoRequest(node), &request);
        }
    }

    fn on_frame(&mut self, now: Stamp, frame: &Frame) {
        let Some(service) = Service::of(frame.id()).filter(|_| !frame.is_remote()) else {
            return;
        };
        let of = |drives: &[Drive], node: NodeId| drives.iter().position(|drive| drive.node == node);
        match service {
            Service::Transmit(1, node) => {
                if let Some(i) = of(&self.drives, node) {
                    self.on_sample(now, i, frame.bytes());
                }
            }
            Service::SdoResponse(node) => {
                let drive = of(&self.drives, node);
                if let (Some(i), Ok(response)) = (drive, frame.bytes().try_into()) {
                    self.silence.heard_drives = true;
                    self.on_response(now, i, response);
                }
            }
            Service::Emergency(node) => {
                let emergency = Emergency::decode(frame.bytes());
                if let (Some(i), Some(emergency)) = (of(&self.drives, node), emergency) {
                    self.on_emergency(i, emergency);
                }
            }
            Service::Heartbeat(node) if Some(node) == self.master => {
                let what = "this driver's heartbeat";
                self.tell_of_bus(Problem::OtherMaster { what });
            }
            Service::Heartbeat(node) => {
                if let (Some(i), Some(beat)) = (of(&self.drives, node), Heartbeat::decode(frame.bytes())) {
                    self.silence.heard_drives = true;
                    self.on_state(now, i, beat.state);
                }
            }
            Service::Sync => self.tell_of_bus(Problem::OtherMaster { what: "a SYNC" }),
            _ => {}
        }
    }

    fn on_response(&mut self, now: Stamp, i: usize, response: &[u8; 8]) {
        let drive = &mut self.drives[i];
        let Some(outcome) = drive.sdo.handle(response) else {
            if !self.is_cycling() {
                self.ask_in_turn(now);
            }
            return;
        };
        if drive.started.is_some() {
            if let Some(text) = drive.told(outcome) {
                self.outbox.complain(text);
            }
        } else {
            self.on_answer(now, i, outcome);
        }
    }

    fn on_emergency(&mut self, i: usize, emergency: Emergency) {
        let drive = &mut self.drives[i];
        if emergency.is_reset() {
            drive.error = None;
            return;
        }
        if drive.error.replace(emergency.code) != Some(emergency.code) {
            let name = emergency.name().unwrap_or("a code that no standard has");
            let text = format!("{}: emergency {:04X}h: {name}", drive.which(), emergency.code);
            self.outbox.complain(text);
        }
    }

    /// The carrier says that frames don't get through: people are told once, and again where it is worse.
    fn on_trouble(&mut self, now: Stamp, trouble: Trouble) {
        self.silence.trouble = self.silence.trouble.max(Some(trouble));
        let told = self.troubled.map(|troubled| troubled.told);
        if told < Some(trouble) {
            let carrier = self.settings.carrier;
            let text = Problem::Trouble { trouble, carrier }.to_string();
            self.outbox.tell(EventKind::Fault, text);
        }
        self.troubled = Some(Troubled {
            told: trouble.max(told.unwrap_or(trouble)),
            last: now,
        });
    }

    /// Says that frames get through, where they did not and now have for long enough.
    pub(super) fn recover_from_trouble(&mut self, now: Stamp) {
        if self
            .troubled
            .take_if(|troubled| now.since(troubled.last) > CALM)
            .is_some()
        {
            self.silence.trouble = None;
            let text = "frames get through again".to_owned();
            self.outbox.tell(EventKind::Recovered, text);
        }
    }

    /// A drive says in which state it is: started anew, or fallen out of operation.
    fn on_state(&mut self, now: Stamp, i: usize, state: NmtState) {
        let drive = &mut self.drives[i];
        match (drive.started, state) {
            (Some(_), NmtState::Initialising) => {
                let text = format!(
                    "{} was started anew: it lost its power or was rebooted",
                    drive.which()
                );
                self.outbox.complain(text);
                self.reopen(now, i);
            }
            (Some(started), NmtState::PreOperational | NmtState::Stopped)
                if now.since(started) > STARTING =>
            {
                self.reopen(now, i);
            }
            (None, NmtState::Initialising) => drive.restart(now + SETTLE),
            _ => {}
        }
        if !self.is_cycling() {
            self.advance(now, i);
        }
    }

    /// Takes a drive out of service, to be set up anew.
    pub(super) fn reopen(&mut self, now: Stamp, i: usize) {
        self.stats.reopened += 1;
        self.drives[i].restart(now + SETTLE);
    }
}

impl Link for Canopen {
    fn receive(&mut self, now: Stamp, bytes: &[u8]) {
        let mut bytes = bytes;
        if matches!(self.phase, Phase::Unplugged) {
            return;
        }
        while let Some(heard) = self.reader.next(&mut bytes) {
            self.silence.heard_anything = true;
            match heard {
                Heard::Frame(frame) => self.on_frame(now, &frame),
                Heard::Trouble(trouble) => self.on_trouble(now, trouble),
                // What it counts is what it has seen until now: whether that was all, time tells.
                Heard::Well => self.silence.trouble = None,
                heard if self.adapter.is_ready() => {
                    if heard == Heard::Refused {
                        self.stats.refused += 1;
                        self.on_trouble(now, Trouble::Overrun);
                    }
                }
                heard => self.on_adapter(now, heard),
            }
        }
    }

    fn plugged(&mut self, now: Stamp, there: bool) {
        self.reader.clear();
        self.command = None;
        for drive in &mut self.drives {
            drive.restart(now);
        }
        self.phase = if there {
            self.reopen_bus();
            Phase::Opening
        } else {
            Phase::Unplugged
        };
        self.tick(now);
    }

    fn tick(&mut self, now: Stamp) {
        match self.phase {
            Phase::Unplugged => {}
            Phase::Opening => self.tick_opening(now),
            Phase::Cycling(_) => self.tick_cycling(now),
        }
    }

    fn command(&mut self, now: Stamp, command: &DriveCommand) {
        self.unanswered = 0;
        self.command = Some(*command);
        self.write_if_due(now);
    }

    fn poll(&mut self) -> Option<Action<'_>> {
        self.outbox.poll(&self.status)
    }

    fn deadline(&self) -> Option<Stamp> {
        match &self.phase {
            Phase::Unplugged => None,
            Phase::Opening => Some(self.opening_deadline()),
            Phase::Cycling(cycling) => Some(cycling.deadline(self.command.is_some())),
        }
    }
}

/// Sixteen drives are told, asked and woken in less than that.
const BUFFER: usize = 4096;
/// How long drives take to answer.
const ANSWER: Duration = Duration::from_millis(50);
/// Heartbeats within the time in which one is awaited.
const HEARTBEATS: u32 = 4;
/// How long nothing may be wrong with a bus before that is said to be over.
const CALM: Duration = Duration::from_secs(5);
/// How long a drive that was told to start may still say that it has not.
const STARTING: Duration = Duration::from_millis(50);
