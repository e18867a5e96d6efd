//! Which servos are on a bus: a [`Scan`] asks all of them at each speed, and each that answers what it is.
//!
//! ```text
//! for each speed:  ping of all ► if that was garbled: ping of each id ► registers of each that answered
//! ```
//!
//! Like a [`Link`](crate::link::Link) it has no port and no clock: bytes and time in, [`Order`]s out. Whoever owns the port sets its speed.
//!
//! Two servos with one id answer at the same time. Their answers to a ping may be alike bit for bit, those to a read of all registers are not:
//! times, positions and temperatures differ. So an id clashes if it answers a ping twice, or if what it answers stays garbled.
//!
//! **Invariant:** nothing is written to a servo: a scan changes none.
//! **Invariant:** a servo is listed only after an answer whose checksum is right.

mod found;

pub use found::{Found, Identity, Registers, State, Who};

use super::setup::{AROUND_STATUS, TABLE};
use servomesh_fieldbus::dynamixel::{Id, Instruction, Model, Pong, Received, Skipped, Status, Stream};
use servomesh_types::Stamp;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The speeds that servos are looked for at unless others are named \[bit/s\]: what X servos can be set to, but for 9600, which none comes with, and
/// 4.5 M, which few adapters can.
pub const BAUD_RATES: [u32; 6] = [57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000];

/// What port, adapter and operating system add at most to an answer's way, unless said otherwise: what ROBOTIS' SDK allows, two periods of the
/// latency timer of FTDI's adapters and 2 ms.
pub const LATENCY: Duration = Duration::from_millis(34);

/// Looks for servos.
#[derive(Debug)]
pub struct Scan {
    /// What is still to be looked at, the speed that is set first.
    speeds: VecDeque<u32>,
    latency: Duration,
    step: Step,
    deadline: Option<Stamp>,
    orders: VecDeque<Order>,
    stream: Stream,
    /// What the stream had skipped when the last instruction went out.
    skipped: Skipped,
    /// Who answered at this speed, and how often.
    heard: BTreeMap<u8, (Pong, u32)>,
    found: Vec<Found>,
}

/// Something that a scan wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Set the port to so many bits per second; [`Scan::skip`] tells that it can't be.
    SetBaud(u32),
    /// Send these bytes.
    Transmit(Vec<u8>),
    /// Tell people that answers were garbled, and that each id is asked: that takes some seconds.
    AsksEachId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The speed has to be set.
    Begin,
    /// A ping of all.
    All,
    /// A ping of one.
    Each {
        id: u8,
        tries: u8,
        answered: bool,
    },
    /// The registers of one.
    Registers {
        id: u8,
        tries: u8,
        garbled: bool,
    },
    Done,
}

impl Scan {
    /// Looks at these speeds \[bit/s\], one after the other. `latency` is what is added to the time of an answer's bytes before it counts as missing.
    pub fn new(speeds: impl IntoIterator<Item = u32>, latency: Duration) -> Self {
        Self {
            speeds: speeds.into_iter().collect(),
            latency,
            step: Step::Begin,
            deadline: Some(Stamp::ZERO),
            orders: VecDeque::new(),
            stream: Stream::new(),
            skipped: Skipped::default(),
            heard: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Bytes came from the port.
    pub fn receive(&mut self, now: Stamp, mut bytes: &[u8]) {
        let mut stream = std::mem::take(&mut self.stream);
        while let Some(received) = stream.read(&mut bytes) {
            self.take(now, &received);
        }
        self.stream = stream;
        self.go_on(now);
    }

    /// Its deadline has come: what has not been answered by now is missing.
    pub fn tick(&mut self, now: Stamp) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let mut stream = std::mem::take(&mut self.stream);
        while let Some(received) = stream.silence() {
            self.take(now, &received);
        }
        self.stream = stream;
        self.missing(now);
        self.go_on(now);
    }

    /// The port can't be set to the speed that was ordered last: goes on with the next.
    pub fn skip(&mut self, now: Stamp) {
        self.orders.clear();
        self.next_speed();
        self.go_on(now);
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Order> {
        self.orders.pop_front()
    }

    /// When to call [`tick`](Self::tick) next.
    pub fn deadline(&self) -> Option<Stamp> {
        self.deadline
    }

    /// Whether all speeds have been looked at.
    pub fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    /// Who has been found so far, by speed and id.
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    fn baud(&self) -> u32 {
        self.speeds.front().copied().unwrap_or(BAUD_RATES[0])
    }

    fn take(&mut self, now: Stamp, received: &Received<'_>) {
        let Received::Packet(packet) = received else {
            return;
        };
        // An adapter that echoes what it sends gives instructions back: they are no status.
        let Some(status) = packet.status() else { return };
        let number = status.id.number();
        match &mut self.step {
            Step::All => self.heard(number, &status),
            Step::Each { id, answered, .. } if *id == number && !*answered => {
                *answered = status.pong().is_some();
                self.heard(number, &status);
            }
            Step::Registers { id, .. } if *id == number && status.pong().is_none() => {
                self.registers(number, &status);
                self.deadline = Some(now);
            }
            _ => {}
        }
    }

    fn heard(&mut self, number: u8, status: &Status<'_>) {
        if let Some(pong) = status.pong() {
            let entry = self.heard.entry(number).or_insert((pong, 0));
            entry.1 += 1;
        }
    }

    /// A servo said what its registers hold, or that it does not give them.
    fn registers(&mut self, id: u8, status: &Status<'_>) {
        let Some((pong, _)) = self.heard.remove(&id) else {
            return;
        };
        let state = Model::of(pong.model, pong.firmware)
            .filter(|_| status.error.number.is_none())
            .and_then(|model| State::of(model, status.parameters));
        self.tell(id, pong, state.map_or(Registers::Unknown, Registers::Read));
    }

    fn tell(&mut self, id: u8, pong: Pong, registers: Registers) {
        self.push(id, Who::Servo(Identity::of(pong, registers)));
    }

    fn push(&mut self, id: u8, who: Who) {
        let baud = self.baud();
        self.found.push(Found { id, baud, who });
    }

    /// The time for an answer is over.
    fn missing(&mut self, now: Stamp) {
        let spoilt = self.spoilt();
        match self.step {
            Step::Begin | Step::Done => {}
            Step::All if spoilt => {
                self.orders.push_back(Order::AsksEachId);
                self.ping_from(now, 0);
            }
            Step::All => self.read_next(now),
            Step::Each { id, tries, answered } => match (answered, spoilt) {
                (false, true) if tries < TRIES => self.ping(now, id, tries + 1),
                (false, true) => {
                    self.push(id, Who::Clash);
                    self.ping_from(now, id + 1);
                }
                _ => self.ping_from(now, id + 1),
            },
            Step::Registers { id, tries, garbled } => {
                let garbled = garbled || spoilt;
                match self.heard.get(&id) {
                    Some(_) if tries < TRIES => self.read(now, id, tries + 1, garbled),
                    Some((pong, _)) => {
                        let pong = *pong;
                        self.heard.remove(&id);
                        if garbled {
                            self.push(id, Who::Clash);
                        } else {
                            self.tell(id, pong, Registers::Silent);
                        }
                        self.read_next(now);
                    }
                    None => self.read_next(now),
                }
            }
        }
    }

    /// Whether more has come since the last instruction than answers and the stray byte of a line that changes its direction.
    fn spoilt(&self) -> bool {
        let (was, is) = (self.skipped, self.stream.skipped());
        let stray = is.stray - was.stray;
        let answers = match self.step {
            Step::All => self.heard.len() as u64,
            _ => 1,
        };
        is.bytes - was.bytes > stray || stray > STRAY + answers
    }

    fn go_on(&mut self, now: Stamp) {
        if self.step != Step::Begin {
            return;
        }
        let Some(baud) = self.speeds.front() else {
            self.step = Step::Done;
            self.deadline = None;
            return;
        };
        self.orders.push_back(Order::SetBaud(*baud));
        self.step = Step::All;
        let slots = self.wire(SLOTS * PONG) + SLOT * SLOTS as u32;
        self.say(now, Id::BROADCAST, &Instruction::Ping, slots);
    }

    fn next_speed(&mut self) {
        self.speeds.pop_front();
        self.heard.clear();
        self.found.sort_by_key(|found| (found.baud, found.id));
        self.step = Step::Begin;
    }

    /// Pings the first id from `id` on that has not answered yet.
    fn ping_from(&mut self, now: Stamp, id: u8) {
        match (id..=Id::MAX).find(|id| !self.heard.contains_key(id)) {
            Some(id) => self.ping(now, id, 1),
            None => self.read_next(now),
        }
    }

    fn ping(&mut self, now: Stamp, id: u8, tries: u8) {
        self.step = Step::Each {
            id,
            tries,
            answered: false,
        };
        if let Some(to) = Id::device(id) {
            self.say(now, to, &Instruction::Ping, self.wire(PONG) + RETURN_DELAY);
        }
    }

    /// Reads the registers of the next that has answered; the next speed if there is none.
    fn read_next(&mut self, now: Stamp) {
        let twice = |(_, times): &(Pong, u32)| *times > 1;
        while let Some((&id, _)) = self.heard.iter().find(|(_, heard)| twice(heard)) {
            self.heard.remove(&id);
            self.push(id, Who::Clash);
        }
        match self.heard.keys().next() {
            Some(id) => self.read(now, *id, 1, false),
            None => self.next_speed(),
        }
    }

    fn read(&mut self, now: Stamp, id: u8, tries: u8, garbled: bool) {
        self.step = Step::Registers { id, tries, garbled };
        let all = Instruction::Read {
            address: 0,
            length: TABLE as u16,
        };
        if let Some(to) = Id::device(id) {
            self.say(now, to, &all, self.wire(AROUND_STATUS + TABLE) + RETURN_DELAY);
        }
    }

    /// Sends an instruction, whose answers are over after `patience`.
    fn say(&mut self, now: Stamp, to: Id, instruction: &Instruction<'_>, patience: Duration) {
        let mut bytes = vec![0; LONGEST];
        let length = instruction
            .encode(to, &mut bytes)
            .expect("a ping has 10 bytes and a read 14, both for any id");
        bytes.truncate(length);
        self.skipped = self.stream.skipped();
        self.deadline = Some(now + self.wire(length) + patience + self.latency);
        self.orders.push_back(Order::Transmit(bytes));
    }

    /// How long so many bytes take: 8 bits, a start bit and a stop bit each.
    fn wire(&self, bytes: usize) -> Duration {
        Duration::from_nanos(bytes as u64 * 10_000_000_000 / u64::from(self.baud().max(1)))
    }
}

/// Bytes of the answer to a ping.
const PONG: usize = AROUND_STATUS + 3;
/// Ids that a ping of all asks.
const SLOTS: usize = Id::MAX as usize + 1;
/// What ROBOTIS' SDK waits for each id in a ping of all, besides the time of its bytes.
const SLOT: Duration = Duration::from_millis(3);
/// The longest that Return Delay Time can be set to: 254 times 2 µs.
const RETURN_DELAY: Duration = Duration::from_micros(508);
/// Bytes of a ping or a read, with room for stuffing.
const LONGEST: usize = 32;
/// How often an id is asked before what it answers counts as garbled.
const TRIES: u8 = 3;
/// Stray bytes that mean nothing, besides one for each answer: a line that nobody drives for a moment reads as one.
const STRAY: u64 = 1;
