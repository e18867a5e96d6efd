//! When a drive's process data go out and when those it receives are obeyed.
//!
//! **Invariant:** a frame that is too short changes nothing, and is reported.

use std::time::Duration;

use servomesh_fieldbus::can::frame::{Frame, Id};
use servomesh_fieldbus::canopen::pdo::Transmission;
use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_types::Stamp;

use super::objects::{Objects, pdos};
use super::table::PDOS;

/// The first of the communication parameters of what it receives.
const RECEIVED: u16 = 0x1400;

/// The first of the communication parameters of what it sends.
const SENT: u16 = 0x1800;

/// What becomes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is no process data.
    No,
    /// It is obeyed, now or at the next SYNC.
    Yes,
    /// It has fewer bytes than its objects.
    TooShort,
}

/// The state of all PDOs.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessData {
    received: [Received; PDOS as usize],
    sent: [Sent; PDOS as usize],
}

#[derive(Clone, Copy, Debug, Default)]
struct Received {
    /// Waits for the next SYNC.
    waiting: Option<Frame>,
    /// When it is missing.
    deadline: Option<Stamp>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    last: Option<[u8; 8]>,
    sampled: Option<Frame>,
    not_before: Option<Stamp>,
    event: Option<Stamp>,
    syncs: u8,
    started: bool,
}

impl ProcessData {
    /// Takes a frame.
    pub(crate) fn receive(&mut self, now: Stamp, frame: &Frame, objects: &mut Objects) -> Taken {
        let mut taken = Taken::No;
        for (index, received) in pdos(RECEIVED).zip(&mut self.received) {
            let mine = objects
                .cob(index)
                .is_some_and(|cob| cob.valid && cob.id == frame.id());
            if !mine {
                continue;
            }
            if frame.bytes().len() < objects.mapping(index).len() {
                return Taken::TooShort;
            }
            received.deadline = timer(objects, index).map(|after| now + after);
            taken = Taken::Yes;
            if objects.transmission(index).is_synchronous() {
                received.waiting = Some(*frame);
            } else {
                obey(frame, index, objects);
            }
        }
        taken
    }

    /// A SYNC: what has waited for it is obeyed.
    pub(crate) fn obey_waiting(&mut self, objects: &mut Objects) {
        for (index, received) in pdos(RECEIVED).zip(&mut self.received) {
            if let Some(frame) = received.waiting.take() {
                obey(&frame, index, objects);
            }
        }
    }

    /// A SYNC: what goes out with it.
    pub(crate) fn sync(&mut self, counter: Option<u8>, objects: &Objects) -> Vec<Frame> {
        let mut frames = Vec::new();
        for (index, sent) in pdos(SENT).zip(&mut self.sent) {
            let Some((frame, data)) = pack(index, objects) else {
                continue;
            };
            let start = objects.get(Address::new(index, 6)) as u8;
            if !sent.started && counter.is_some() && start > 0 && counter != Some(start) {
                continue;
            }
            sent.started = true;
            match objects.transmission(index) {
                Transmission::SyncAcyclic if sent.last != Some(data) => {
                    sent.last = Some(data);
                    frames.push(frame);
                }
                Transmission::Sync(each) => {
                    sent.syncs += 1;
                    if sent.syncs >= each {
                        sent.syncs = 0;
                        frames.push(frame);
                    }
                }
                Transmission::SyncRemote => sent.sampled = Some(frame),
                _ => {}
            }
        }
        frames
    }

    /// What somebody asks for by a remote frame.
    pub(crate) fn asked(&self, id: Id, objects: &Objects) -> Option<Frame> {
        let (index, sent) = pdos(SENT).zip(&self.sent).find(|(index, _)| {
            objects
                .cob(*index)
                .is_some_and(|cob| cob.valid && cob.remote && cob.id == id)
        })?;
        match objects.transmission(index) {
            Transmission::SyncRemote => sent.sampled,
            _ => pack(index, objects).map(|(frame, _)| frame),
        }
    }

    /// What goes out because it has changed, or because it is time.
    pub(crate) fn events(&mut self, now: Stamp, objects: &Objects) -> Vec<Frame> {
        let mut frames = Vec::new();
        for (index, sent) in pdos(SENT).zip(&mut self.sent) {
            let eventful = matches!(
                objects.transmission(index),
                Transmission::Event | Transmission::ProfileEvent
            );
            let Some((frame, data)) = pack(index, objects).filter(|_| eventful) else {
                (sent.last, sent.event) = (None, None);
                continue;
            };
            let due = sent.event.is_some_and(|event| event <= now);
            let early = sent.not_before.is_some_and(|not_before| now < not_before);
            if early || sent.last == Some(data) && !due {
                continue;
            }
            let inhibit = objects.get(Address::new(index, 3)).unsigned_abs();
            sent.not_before = (inhibit > 0).then(|| now + Duration::from_micros(100 * inhibit));
            sent.event = timer(objects, index).map(|after| now + after);
            sent.last = Some(data);
            frames.push(frame);
        }
        frames
    }

    /// Whether one that was to come has not, which is told once.
    pub(crate) fn is_missing(&mut self, now: Stamp) -> bool {
        let mut missing = false;
        for received in &mut self.received {
            if received.deadline.is_some_and(|deadline| deadline <= now) {
                received.deadline = None;
                missing = true;
            }
        }
        missing
    }

    /// When something is to be done without a frame.
    pub(crate) fn deadline(&self) -> Option<Stamp> {
        let events = self.sent.iter().map(|sent| sent.event);
        let missing = self.received.iter().map(|received| received.deadline);
        events.chain(missing).flatten().min()
    }
}

fn obey(frame: &Frame, index: u16, objects: &mut Objects) {
    let mapping = objects.mapping(index);
    if let Some(values) = mapping.unpack(frame.bytes()) {
        for (entry, bits) in values {
            objects.receive(entry, bits);
        }
    }
}

fn pack(index: u16, objects: &Objects) -> Option<(Frame, [u8; 8])> {
    let cob = objects.cob(index).filter(|cob| cob.valid)?;
    let mapping = objects.mapping(index);
    if mapping.is_empty() {
        return None;
    }
    let data = mapping.pack(|entry| objects.bits(entry.address));
    Some((Frame::data(cob.id, &data[..mapping.len()])?, data))
}

fn timer(objects: &Objects, index: u16) -> Option<Duration> {
    let after_ms = objects.get(Address::new(index, 5)).unsigned_abs();
    (after_ms > 0).then(|| Duration::from_millis(after_ms))
}
