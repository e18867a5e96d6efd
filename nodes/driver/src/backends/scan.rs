//! Which servos are on a serial bus: a [`Scan`] asks all of them at each speed, and each that answers what it is.
//!
//! ```text
//! for each speed:  ping of all ► if that was garbled, or not all hear it: ping of each id ► registers of each that answered
//! ```
//!
//! Like a [`Link`](crate::link::Link) it has no port and no clock: bytes and time in, [`Order`]s out. Whoever owns the port sets its speed. What
//! is said, and how it is understood, is a [`Language`].
//!
//! Two servos with one id answer at the same time. Their answers to a ping may be alike bit for bit, those to a read of all registers are not:
//! times, positions and temperatures differ. So an id clashes if it answers a ping twice, or if what it answers stays garbled.
//!
//! Answers that come when their time is over are still those of their servo: what is listed without registers gets them when they come.
//!
//! **Invariant:** nothing is written to a servo: a scan changes none.
//! **Invariant:** a servo is listed only after an answer whose checksum is right.

use super::pace::wire_time;
use super::serial::SLOWEST_RETURN;
use servomesh_types::Stamp;
use std::collections::{BTreeMap, VecDeque};
use std::fmt::Debug;
use std::time::Duration;

/// What port, adapter and operating system add at most to an answer's way, unless said otherwise: what ROBOTIS' SDK allows, two periods of the
/// latency timer of FTDI's adapters and 2 ms.
pub const LATENCY: Duration = Duration::from_millis(34);

/// Somebody who answers to an id at a speed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Found<I> {
    /// The id.
    pub id: u8,
    /// Bits per second.
    pub baud: u32,
    /// Who it is.
    pub who: Who<I>,
}

/// Who answers to an id.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Who<I> {
    /// One servo.
    Servo(I),
    /// Answers to this id clash: several servos have it, or the line is bad.
    Clash,
}

/// What the registers of a servo hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Registers<S> {
    /// Read.
    Read(S),
    /// It answers to a ping but not to a read: it is set so, or its answers come too late.
    Silent,
    /// Its model is not known here, so neither is what its registers mean; or it refuses to give them.
    Unknown,
}

/// How servos of a kind are asked, and what they answer. The value itself takes packets out of what comes.
pub trait Language: Debug + Default {
    /// What an answer to a ping says.
    type Pong: Copy + Debug;
    /// What is known of a servo in the end.
    type Identity: Copy + Debug + PartialEq;

    /// The highest id.
    const MOST: u8;
    /// Bytes of an answer to a ping.
    const PONG: usize;
    /// Bytes of an answer to a read of all registers.
    const TABLE: usize;
    /// Whether there are servos that don't answer a ping of all.
    const SOME_HEAR_NO_BROADCAST: bool;

    /// The bytes of a ping of one, or of all.
    fn ping(id: Option<u8>) -> Vec<u8>;

    /// The bytes of a read of all registers.
    fn read(id: u8) -> Vec<u8>;

    /// The next thing that was said, out of the front of some bytes; `None` once all are taken.
    fn hear(&mut self, bytes: &mut &[u8]) -> Option<Said<'_, Self::Pong>>;

    /// The next thing that was said behind what never ended, when the line is silent.
    fn silence(&mut self) -> Option<Said<'_, Self::Pong>>;

    /// What has come so far that was no packet.
    fn noise(&self) -> Noise;

    /// Who answered a ping, and then what to a read of all registers.
    fn identity(pong: Self::Pong, registers: Registers<&[u8]>) -> Self::Identity;
}

/// Something that a servo said.
#[derive(Clone, Copy, Debug)]
pub enum Said<'a, P> {
    /// The servo of an id answered a ping.
    Pong(u8, P),
    /// The servo of an id said what all of its registers hold.
    Table(u8, &'a [u8]),
    /// The servo of an id does not give them.
    Refused(u8),
    /// None of these.
    Other,
}

/// Bytes that were no packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noise {
    /// Those that began none.
    pub stray: u64,
    /// Those of packets that were torn or wrong.
    pub spoilt: u64,
}

/// Looks for servos.
#[derive(Debug)]
pub struct Scan<L: Language> {
    /// What is still to be looked at, the speed that is set first.
    speeds: VecDeque<u32>,
    latency: Duration,
    step: Step,
    deadline: Option<Stamp>,
    orders: VecDeque<Order>,
    language: L,
    /// What had been noise when the last instruction went out.
    noise: Noise,
    /// Who answered at this speed, and how often.
    heard: BTreeMap<u8, (L::Pong, u32)>,
    /// Who answered no read at this speed: late answers still may come.
    silent: BTreeMap<u8, L::Pong>,
    found: Vec<Found<L::Identity>>,
}

/// Something that a scan wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Set the port to so many bits per second; [`Scan::skip`] tells that it can't be.
    SetBaud(u32),
    /// Send these bytes.
    Transmit(Vec<u8>),
    /// Tell people that each id is asked, which takes some seconds: answers were garbled, or not all hear a ping of all.
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

impl<L: Language> Scan<L> {
    /// Looks at these speeds \[bit/s\], one after the other. `latency` is what is added to the time of an answer's bytes before it counts as missing.
    pub fn new(speeds: impl IntoIterator<Item = u32>, latency: Duration) -> Self {
        Self {
            speeds: speeds.into_iter().collect(),
            latency,
            step: Step::Begin,
            deadline: Some(Stamp::ZERO),
            orders: VecDeque::new(),
            language: L::default(),
            noise: Noise::default(),
            heard: BTreeMap::new(),
            silent: BTreeMap::new(),
            found: Vec::new(),
        }
    }

    /// Bytes came from the port.
    pub fn receive(&mut self, now: Stamp, mut bytes: &[u8]) {
        let mut language = std::mem::take(&mut self.language);
        while let Some(said) = language.hear(&mut bytes) {
            self.take(now, &said);
        }
        self.language = language;
        self.go_on(now);
    }

    /// Its deadline has come: what has not been answered by now is missing.
    pub fn tick(&mut self, now: Stamp) {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return;
        }
        let mut language = std::mem::take(&mut self.language);
        while let Some(said) = language.silence() {
            self.take(now, &said);
        }
        self.language = language;
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
    pub fn found(&self) -> &[Found<L::Identity>] {
        &self.found
    }

    fn baud(&self) -> u32 {
        self.speeds.front().copied().unwrap_or(1)
    }

    fn take(&mut self, now: Stamp, said: &Said<'_, L::Pong>) {
        match (*said, &mut self.step) {
            (Said::Pong(number, pong), Step::All) => self.heard(number, pong),
            (Said::Pong(number, pong), Step::Each { id, answered, .. }) if *id == number && !*answered => {
                *answered = true;
                self.heard(number, pong);
            }
            (Said::Table(number, table), Step::Registers { id, .. }) if *id == number => {
                self.registers(number, Registers::Read(table));
                self.deadline = Some(now);
            }
            (Said::Refused(number), Step::Registers { id, .. }) if *id == number => {
                self.registers(number, Registers::Unknown);
                self.deadline = Some(now);
            }
            (Said::Table(number, table), _) => self.late(number, table),
            _ => {}
        }
    }

    fn heard(&mut self, number: u8, pong: L::Pong) {
        self.heard.entry(number).or_insert((pong, 0)).1 += 1;
    }

    /// A servo said what its registers hold, or that it does not give them.
    fn registers(&mut self, id: u8, registers: Registers<&[u8]>) {
        if let Some((pong, _)) = self.heard.remove(&id) {
            self.tell(id, pong, registers);
        }
    }

    /// A servo said what its registers hold when it had been listed without them.
    fn late(&mut self, id: u8, table: &[u8]) {
        let baud = self.baud();
        let mut found = self.found.iter_mut();
        if let Some(pong) = self.silent.remove(&id)
            && let Some(found) = found.find(|found| (found.baud, found.id) == (baud, id))
        {
            found.who = Who::Servo(L::identity(pong, Registers::Read(table)));
        }
    }

    fn tell(&mut self, id: u8, pong: L::Pong, registers: Registers<&[u8]>) {
        self.push(id, Who::Servo(L::identity(pong, registers)));
    }

    fn push(&mut self, id: u8, who: Who<L::Identity>) {
        let baud = self.baud();
        self.found.push(Found { id, baud, who });
    }

    /// The time for an answer is over.
    fn missing(&mut self, now: Stamp) {
        let spoilt = self.spoilt();
        match self.step {
            Step::Begin | Step::Done => {}
            Step::All if spoilt || L::SOME_HEAR_NO_BROADCAST => {
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
                            self.silent.insert(id, pong);
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
        let (was, is) = (self.noise, self.language.noise());
        let answers = match self.step {
            Step::All => self.heard.len() as u64,
            _ => 1,
        };
        is.spoilt > was.spoilt || is.stray - was.stray > STRAY + answers
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
        let ids = u32::from(L::MOST) + 1;
        let slots = self.wire(ids as usize * L::PONG) + SLOT * ids;
        self.say(now, L::ping(None), slots);
    }

    fn next_speed(&mut self) {
        self.speeds.pop_front();
        self.heard.clear();
        self.silent.clear();
        self.found.sort_by_key(|found| (found.baud, found.id));
        self.step = Step::Begin;
    }

    /// Pings the first id from `id` on that has not answered yet.
    fn ping_from(&mut self, now: Stamp, id: u8) {
        match (id..=L::MOST).find(|id| !self.heard.contains_key(id)) {
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
        self.say(now, L::ping(Some(id)), self.wire(L::PONG) + SLOWEST_RETURN);
    }

    /// Reads the registers of the next that has answered; the next speed if there is none.
    fn read_next(&mut self, now: Stamp) {
        let twice = |(_, times): &(L::Pong, u32)| *times > 1;
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
        self.say(now, L::read(id), self.wire(L::TABLE) + SLOWEST_RETURN);
    }

    /// Sends an instruction, whose answers are over after `patience`.
    fn say(&mut self, now: Stamp, bytes: Vec<u8>, patience: Duration) {
        self.noise = self.language.noise();
        self.deadline = Some(now + self.wire(bytes.len()) + patience + self.latency);
        self.orders.push_back(Order::Transmit(bytes));
    }

    /// How long so many bytes take at the speed that is looked at.
    fn wire(&self, bytes: usize) -> Duration {
        wire_time(bytes, self.baud())
    }
}

/// What ROBOTIS' and FEETECH's SDKs wait for each id in a ping of all, besides the time of its bytes.
const SLOT: Duration = Duration::from_millis(3);
/// How often an id is asked before what it answers counts as garbled.
const TRIES: u8 = 3;
/// Stray bytes that mean nothing, besides one for each answer: a line that nobody drives for a moment reads as one.
const STRAY: u64 = 1;
