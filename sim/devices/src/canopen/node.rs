//! A CANopen node: its NMT state, who watches it and whom it watches, its errors, and the services around its dictionary.
//!
//! **Invariant:** stopped, it says nothing but heartbeats; pre-operational, no process data.

use std::time::Duration;

use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::canopen::emergency::{Emergency, ErrorRegister};
use servomesh_fieldbus::canopen::lss::{self, Effect};
use servomesh_fieldbus::canopen::nmt::{Heartbeat, HeartbeatConsumer, NmtCommand, NmtState};
use servomesh_fieldbus::canopen::sdo::{Address, Server};
use servomesh_fieldbus::canopen::sync::Sync;
use servomesh_fieldbus::canopen::{NodeId, Service};
use servomesh_types::Stamp;

use super::objects::Objects;
use super::process::{ProcessData, Taken};
use super::table::{self, HISTORY};

/// Bytes of the longest object: the data sheet.
pub(crate) const LONGEST: usize = 65_536;

/// How long it takes to answer.
const PROCESSING: Duration = Duration::from_micros(50);

/// How long it waits for the next frame of a transfer.
const TRANSFER_TIMEOUT: Duration = Duration::from_secs(1);

/// The codes of what the bus makes wrong.
pub(crate) mod error {
    pub(crate) const NO_HEARTBEAT: u16 = 0x8130;
    pub(crate) const PDO_TOO_SHORT: u16 = 0x8210;
    pub(crate) const SYNC_LENGTH: u16 = 0x8240;
    pub(crate) const PDO_MISSING: u16 = 0x8250;
}

/// What the device has to do about what the node has heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Begin anew: all of it, or the communication alone.
    Reset { communication_only: bool },
    /// The master is gone, or has stopped the node.
    ConnectionLost(u16),
    /// A cycle begins.
    Sync(Option<u8>),
    /// Listen and talk at another speed from then on \[bit/s\].
    BitRate(Stamp, u32),
    /// Listen and talk at another speed after power-on \[bit/s\].
    KeepBitRate(u32),
}

/// A node.
pub(crate) struct Node {
    id: Option<NodeId>,
    /// The id from the next reset on, and the one that power-on gives.
    next_id: Option<NodeId>,
    kept_id: Option<NodeId>,
    next_bit_rate: Option<u32>,
    state: NmtState,
    server: Box<Server<LONGEST>>,
    transfer_deadline: Option<Stamp>,
    heartbeat: Option<Stamp>,
    guard_toggle: bool,
    guarded_until: Option<Stamp>,
    masters: [Watch; 2],
    process: ProcessData,
    lss: lss::Slave,
    errors: Vec<u16>,
    frames: Vec<(Stamp, Frame)>,
    pub(crate) events: Vec<Event>,
}

/// One of the nodes it watches.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    until: Option<Stamp>,
    lost: bool,
}

impl Node {
    /// One that has not started.
    pub(crate) fn new(id: Option<NodeId>, serial_number: u32) -> Self {
        Self {
            id,
            next_id: id,
            kept_id: id,
            next_bit_rate: None,
            state: NmtState::Initialising,
            server: Box::default(),
            transfer_deadline: None,
            heartbeat: None,
            guard_toggle: false,
            guarded_until: None,
            masters: [Watch::default(); 2],
            process: ProcessData::default(),
            lss: lss::Slave::new([0, 0x402, 0x0001_0000, serial_number]),
            errors: Vec::new(),
            frames: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Its number, 0 if it has none.
    pub(crate) fn number(&self) -> u8 {
        self.id.map_or(0, NodeId::number)
    }

    /// Gives it another id from the next reset on.
    pub(crate) fn rename(&mut self, id: Option<NodeId>) {
        (self.next_id, self.kept_id) = (id, id);
    }

    /// Begins anew; after a loss of power with the id that was stored.
    pub(crate) fn reset(&mut self, power_on: bool) {
        if power_on {
            self.next_id = self.kept_id;
        }
        self.id = self.next_id;
        self.state = NmtState::Initialising;
        *self.server = Server::new();
        self.transfer_deadline = None;
        (self.heartbeat, self.guarded_until, self.guard_toggle) = (None, None, false);
        self.masters = [Watch::default(); 2];
        self.process = ProcessData::default();
        self.errors.clear();
        self.frames.clear();
    }

    /// Has begun: tells it, and goes pre-operational. Without an id it stays silent.
    pub(crate) fn boot(&mut self, now: Stamp, objects: &Objects) {
        if self.id.is_none() {
            return;
        }
        self.say_state(now, Heartbeat::of(NmtState::Initialising));
        self.state = NmtState::PreOperational;
        self.schedule_heartbeat(now, objects);
    }

    /// The next frame, and from when on.
    pub(crate) fn poll(&mut self) -> Option<(Stamp, Frame)> {
        if self.frames.is_empty() {
            None
        } else {
            Some(self.frames.remove(0))
        }
    }

    /// Takes a frame.
    pub(crate) fn receive(&mut self, now: Stamp, frame: &Frame, objects: &mut Objects) {
        match Service::of(frame.id()) {
            Some(Service::LssRequest) => return self.configure(now, frame),
            Some(Service::Nmt) => return self.command(now, frame, objects),
            _ if self.id.is_none() || self.state == NmtState::Initialising => return,
            Some(Service::Heartbeat(node)) => {
                return if frame.is_remote() {
                    self.guard(now, node, objects);
                } else {
                    self.hear_heartbeat(now, node, objects);
                };
            }
            _ if self.state == NmtState::Stopped => return,
            Some(Service::SdoRequest(node)) if Some(node) == self.id => {
                return self.serve(now, frame, objects);
            }
            _ => {}
        }
        if i64::from(frame.id().number()) == objects.get(table::SYNC_COB) && !frame.is_remote() {
            let counted = objects.get(table::SYNC_OVERFLOW) > 0;
            match Sync::decode(frame.bytes()) {
                Some(sync) if sync.counter.is_some() == counted => {
                    self.events.push(Event::Sync(sync.counter));
                }
                _ => self.alarm(now, error::SYNC_LENGTH, objects),
            }
        } else if self.state == NmtState::Operational {
            self.exchange(now, frame, objects);
        }
    }

    fn exchange(&mut self, now: Stamp, frame: &Frame, objects: &mut Objects) {
        if frame.is_remote() {
            if let Some(answer) = self.process.asked(frame.id(), objects) {
                self.say(now, answer);
            }
        } else if self.process.receive(now, frame, objects) == Taken::TooShort {
            self.alarm(now, error::PDO_TOO_SHORT, objects);
        }
    }

    /// A cycle begins: what waited is obeyed.
    pub(crate) fn begin_cycle(&mut self, objects: &mut Objects) {
        if self.state == NmtState::Operational {
            self.process.obey_waiting(objects);
        }
    }

    /// A cycle has begun: what belongs to it goes out.
    pub(crate) fn answer_cycle(&mut self, now: Stamp, counter: Option<u8>, objects: &Objects) {
        if self.state == NmtState::Operational {
            for frame in self.process.sync(counter, objects) {
                self.say(now, frame);
            }
        }
    }

    /// Says what has changed.
    pub(crate) fn say_events(&mut self, now: Stamp, objects: &Objects) {
        if self.state == NmtState::Operational {
            for frame in self.process.events(now, objects) {
                self.say(now, frame);
            }
        }
    }

    /// When it wants [`tick`](Self::tick).
    pub(crate) fn deadline(&self) -> Option<Stamp> {
        let process = self
            .process
            .deadline()
            .filter(|_| self.state == NmtState::Operational);
        let watches = self.masters.iter().map(|watch| watch.until);
        [
            self.transfer_deadline,
            self.heartbeat,
            self.guarded_until,
            process,
        ]
        .into_iter()
        .chain(watches)
        .flatten()
        .min()
    }

    /// Its deadline has come.
    pub(crate) fn tick(&mut self, now: Stamp, objects: &mut Objects) {
        let due = |deadline: Option<Stamp>| deadline.is_some_and(|deadline| deadline <= now);
        if due(self.transfer_deadline) {
            self.server.expire();
            self.say_transfer(now);
        }
        if due(self.heartbeat) {
            self.say_state(now, Heartbeat::of(self.state));
            self.schedule_heartbeat(now, objects);
        }
        if due(self.guarded_until) {
            self.guarded_until = None;
            self.lose(now, error::NO_HEARTBEAT, objects);
        }
        for place in 0..self.masters.len() {
            if due(self.masters[place].until) {
                self.masters[place] = Watch {
                    until: None,
                    lost: true,
                };
                self.lose(now, error::NO_HEARTBEAT, objects);
            }
        }
        if self.state == NmtState::Operational && self.process.is_missing(now) {
            self.lose(now, error::PDO_MISSING, objects);
        }
    }

    /// Acts on an object that was written.
    pub(crate) fn written(&mut self, now: Stamp, address: Address, objects: &mut Objects) {
        match address {
            table::HEARTBEAT_TIME => self.schedule_heartbeat(now, objects),
            Address { index: 0x1003, .. } => {
                for sub in 1..=HISTORY {
                    objects.set(Address::new(0x1003, sub), 0);
                }
            }
            // Watching begins with the first heartbeat that is heard.
            Address { index: 0x1016, sub } if sub > 0 => {
                self.masters[usize::from(sub) - 1] = Watch::default();
            }
            _ => {}
        }
    }

    /// Tells that something is wrong. What was wrong with a single frame is over with it.
    pub(crate) fn alarm(&mut self, now: Stamp, code: u16, objects: &mut Objects) {
        if self.errors.contains(&code) {
            return;
        }
        self.errors.push(code);
        let count = (objects.get(HISTORY_COUNT) + 1).min(i64::from(HISTORY));
        for sub in (1..count as u8).rev() {
            let older = objects.get(Address::new(0x1003, sub));
            objects.set(Address::new(0x1003, sub + 1), older);
        }
        objects.set(Address::new(0x1003, 1), i64::from(code));
        objects.set_history_count(count);
        self.say_emergency(now, code, objects);
        if matches!(code, error::PDO_TOO_SHORT | error::SYNC_LENGTH) {
            self.errors.retain(|error| *error != code);
        }
    }

    /// Tells that everything is right again.
    pub(crate) fn all_clear(&mut self, now: Stamp, objects: &mut Objects) {
        if !self.errors.is_empty() {
            self.errors.clear();
            self.say_emergency(now, 0, objects);
        }
    }

    fn say_emergency(&mut self, now: Stamp, code: u16, objects: &mut Objects) {
        let register = self
            .errors
            .iter()
            .fold(0, |register, code| register | ErrorRegister::of(*code).0);
        objects.set(table::ERROR_REGISTER, i64::from(register));
        let cob = objects.get(table::EMERGENCY_COB);
        let id = u16::try_from(cob).ok().and_then(Id::standard);
        if let Some(id) = id.filter(|_| self.speaks()) {
            let emergency = Emergency {
                code,
                register: ErrorRegister(register),
                detail: [0; 5],
            };
            self.say_data(now, id, &emergency.encode());
        }
    }

    fn speaks(&self) -> bool {
        matches!(self.state, NmtState::PreOperational | NmtState::Operational)
    }

    fn command(&mut self, now: Stamp, frame: &Frame, objects: &mut Objects) {
        let Some((command, node)) = NmtCommand::decode(frame.bytes()) else {
            return;
        };
        if self.id.is_none() || node.is_some() && node != self.id || self.state == NmtState::Initialising {
            return;
        }
        match command {
            NmtCommand::ResetNode | NmtCommand::ResetCommunication => {
                let communication_only = command == NmtCommand::ResetCommunication;
                self.events.push(Event::Reset { communication_only });
            }
            _ => self.enter(now, command.to(), objects),
        }
    }

    fn enter(&mut self, now: Stamp, state: NmtState, objects: &mut Objects) {
        let before = std::mem::replace(&mut self.state, state);
        if before == NmtState::Operational && state != NmtState::Operational {
            self.process = ProcessData::default();
        }
        if before != state && state == NmtState::Stopped {
            *self.server = Server::new();
            self.transfer_deadline = None;
            self.events.push(Event::ConnectionLost(error::NO_HEARTBEAT));
        }
        self.say_events(now, objects);
    }

    /// What object 1029h says of a lost connection, and what object 6007h says of it.
    fn lose(&mut self, now: Stamp, code: u16, objects: &mut Objects) {
        self.alarm(now, code, objects);
        self.events.push(Event::ConnectionLost(code));
        match objects.get(table::ERROR_BEHAVIOUR) {
            0 if self.state == NmtState::Operational => self.enter(now, NmtState::PreOperational, objects),
            2 => self.enter(now, NmtState::Stopped, objects),
            _ => {}
        }
    }

    fn hear_heartbeat(&mut self, now: Stamp, node: NodeId, objects: &mut Objects) {
        for (sub, watch) in (1..).zip(&mut self.masters) {
            let entry = objects.get(Address::new(0x1016, sub)) as u32;
            if let Some(consumer) = HeartbeatConsumer::decode(entry).filter(|consumer| consumer.node == node)
            {
                let within = Duration::from_millis(u64::from(consumer.within_ms));
                *watch = Watch {
                    until: Some(now + within),
                    lost: false,
                };
            }
        }
        if !self.masters.iter().any(|watch| watch.lost) && self.errors == [error::NO_HEARTBEAT] {
            let faulted = objects.get(table::ERROR_CODE) != 0;
            if !faulted {
                self.all_clear(now, objects);
            }
        }
    }

    /// Asked whether it lives. A node that makes heartbeats is not guarded.
    fn guard(&mut self, now: Stamp, node: NodeId, objects: &Objects) {
        if Some(node) != self.id || objects.get(table::HEARTBEAT_TIME) > 0 {
            return;
        }
        self.say_state(
            now,
            Heartbeat {
                state: self.state,
                toggle: self.guard_toggle,
            },
        );
        self.guard_toggle = !self.guard_toggle;
        let life_ms = objects.get(table::GUARD_TIME) * objects.get(table::LIFE_FACTOR);
        self.guarded_until = (life_ms > 0).then(|| now + Duration::from_millis(life_ms.unsigned_abs()));
    }

    fn serve(&mut self, now: Stamp, frame: &Frame, objects: &mut Objects) {
        if let Ok(request) = frame.bytes().try_into() {
            self.server.handle(request, objects);
            self.say_transfer(now);
        }
    }

    fn say_transfer(&mut self, now: Stamp) {
        let id = self.id.and_then(|node| Service::SdoResponse(node).id());
        while let (Some(response), Some(id)) = (self.server.poll(), id) {
            self.say_data(now, id, &response);
        }
        self.transfer_deadline = self.server.is_busy().then(|| now + TRANSFER_TIMEOUT);
    }

    fn configure(&mut self, now: Stamp, frame: &Frame) {
        let configuring = self.lss.is_configuring();
        let (answer, effect) = self.lss.handle(frame.bytes(), self.id);
        if let (Some(answer), Some(id)) = (answer, Service::LssResponse.id()) {
            self.say_data(now, id, &answer);
        }
        match effect {
            Some(Effect::Node(id)) => self.next_id = id,
            Some(Effect::Store) => {
                self.kept_id = self.next_id;
                self.events.extend(self.next_bit_rate.map(Event::KeepBitRate));
            }
            Some(Effect::BitRate(index)) => {
                self.next_bit_rate = lss::BIT_RATES.get(usize::from(index)).copied().flatten();
            }
            Some(Effect::ActivateBitRate(delay_ms)) => {
                if let Some(bit_rate) = self.next_bit_rate {
                    let from = now + Duration::from_millis(u64::from(delay_ms));
                    self.events.push(Event::BitRate(from, bit_rate));
                }
            }
            None => {}
        }
        // A node that had no id begins with its first one as soon as it is no longer configured.
        if configuring && !self.lss.is_configuring() && self.id.is_none() && self.next_id.is_some() {
            self.events.push(Event::Reset {
                communication_only: true,
            });
        }
    }

    fn schedule_heartbeat(&mut self, now: Stamp, objects: &Objects) {
        let period_ms = objects.get(table::HEARTBEAT_TIME).unsigned_abs();
        self.heartbeat = (period_ms > 0).then(|| now + Duration::from_millis(period_ms));
    }

    fn say_state(&mut self, now: Stamp, heartbeat: Heartbeat) {
        if let Some(id) = self.id.and_then(|node| Service::Heartbeat(node).id()) {
            self.say_data(now, id, &heartbeat.encode());
        }
    }

    fn say_data(&mut self, now: Stamp, id: Id, data: &[u8]) {
        self.say(now, Frame::data(id, data).expect("at most eight bytes"));
    }

    fn say(&mut self, now: Stamp, frame: Frame) {
        self.frames.push((now + PROCESSING, frame));
    }
}

const HISTORY_COUNT: Address = Address::new(0x1003, 0);
