//! A CAN bus in virtual time, and the adapter that a master reaches it by: lines of text (slcan) in and out.
//!
//! Decides who sends when: of all that wait while the bus is idle, the frame whose identifier is most urgent; it is heard by all others when
//! its last bit is through, stuff bits counted. A node whose bit rate is another hears nothing of it.
//!
//! **Invariant:** frames are heard in the order in which they end, each once, and never two at a time.

use std::collections::VecDeque;
use std::time::Duration;

use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::can::slcan::{Answer, BIT_RATES, Line, Lines, MAX_LINE, Request};
use servomesh_fieldbus::can::timing::wire_bits;
use servomesh_sim::plant::PERIOD;
use servomesh_types::Stamp;

use crate::device::{CanDevice, Mishap};
use crate::motor::Motor;
use crate::noise::{LineFaults, Noise};
use crate::wire::{Toward, Wire};

/// Frames that the adapter keeps until the bus takes them.
const ADAPTER_ROOM: usize = 256;

/// A CAN bus with its drives and their motors.
pub struct CanBus {
    now: Stamp,
    next_step: Stamp,
    adapter: Adapter,
    plugged: bool,
    members: Vec<Member>,
    sending: Option<Sending>,
    idle_from: Stamp,
    order: u64,
    heard: VecDeque<(Stamp, Vec<u8>)>,
    to_devices: Noise,
    to_master: Noise,
}

struct Member {
    device: Box<dyn CanDevice>,
    motor: Box<dyn Motor>,
    waiting: Vec<Waiting>,
}

/// What the master has at the other end of its serial line.
struct Adapter {
    lines: Lines,
    bit_rate: u32,
    open: bool,
    listens_only: bool,
    times: bool,
    waiting: Vec<Waiting>,
}

/// A frame that waits for the bus, from when on, and in which order it came.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    from: Stamp,
    order: u64,
    frame: Frame,
    bit_rate: u32,
}

#[derive(Clone, Copy, Debug)]
struct Sending {
    /// The device's index; `None`: the master's.
    who: Option<usize>,
    frame: Frame,
    bit_rate: u32,
    end: Stamp,
}

impl CanBus {
    /// A bus without drives, plugged in, at the time `now`; the adapter is closed, and at `bit_rate` until told another.
    pub fn new(now: Stamp, bit_rate: u32) -> Self {
        Self {
            now,
            next_step: now.next_multiple(PERIOD, Duration::ZERO),
            adapter: Adapter {
                lines: Lines::default(),
                bit_rate,
                open: false,
                listens_only: false,
                times: false,
                waiting: Vec::new(),
            },
            plugged: true,
            members: Vec::new(),
            sending: None,
            idle_from: now,
            order: 0,
            heard: VecDeque::new(),
            to_devices: Noise::new(0, 0),
            to_master: Noise::new(0, 1),
        }
    }

    /// Puts a drive with its motor on the bus; gives its index, counted from 0.
    pub fn add(&mut self, device: impl CanDevice + 'static, motor: impl Motor + 'static) -> usize {
        self.add_boxed(Box::new(device), Box::new(motor))
    }

    /// As [`add`](Self::add).
    pub fn add_boxed(&mut self, device: Box<dyn CanDevice>, motor: Box<dyn Motor>) -> usize {
        self.members.push(Member {
            device,
            motor,
            waiting: Vec::new(),
        });
        self.members.len() - 1
    }

    fn call<T>(&mut self, index: usize, call: impl FnOnce(&mut dyn CanDevice) -> T) -> T {
        let member = &mut self.members[index];
        let result = call(&mut *member.device);
        let bit_rate = member.device.bit_rate();
        while let Some((from, frame)) = member.device.poll() {
            self.order += 1;
            member.waiting.push(Waiting {
                from: from.max(self.now),
                order: self.order,
                frame,
                bit_rate,
            });
        }
        result
    }

    fn waiting(&self) -> impl Iterator<Item = (Option<usize>, &Waiting)> {
        let devices = self
            .members
            .iter()
            .enumerate()
            .flat_map(|(index, member)| member.waiting.iter().map(move |waiting| (Some(index), waiting)));
        self.adapter
            .waiting
            .iter()
            .map(|waiting| (None, waiting))
            .chain(devices)
    }

    fn next_start(&self) -> Option<Stamp> {
        if self.sending.is_some() {
            return None;
        }
        let first = self.waiting().map(|(_, waiting)| waiting.from).min()?;
        Some(first.max(self.idle_from))
    }

    fn next_deadline(&self) -> Option<Stamp> {
        let deadlines = self.members.iter().filter_map(|member| member.device.deadline());
        deadlines.min()
    }

    /// Gives the bus to the most urgent of those that wait.
    fn start(&mut self, now: Stamp) {
        let ready = self.waiting().filter(|(_, waiting)| waiting.from <= now);
        let first = ready.min_by(|(_, one), (_, other)| {
            one.frame
                .arbitration(&other.frame)
                .then(one.order.cmp(&other.order))
        });
        let Some((
            who,
            &Waiting {
                order,
                frame,
                bit_rate,
                ..
            },
        )) = first
        else {
            return;
        };
        let queue = match who {
            Some(index) => &mut self.members[index].waiting,
            None => &mut self.adapter.waiting,
        };
        queue.retain(|waiting| waiting.order != order);
        let bits = u64::from(wire_bits(&frame));
        let end = now + Duration::from_nanos(bits * 1_000_000_000 / u64::from(bit_rate));
        self.sending = Some(Sending {
            who,
            frame,
            bit_rate,
            end,
        });
    }

    fn deliver(&mut self, sent: &Sending) {
        self.idle_from = sent.end;
        if sent.who.is_some() && self.plugged && self.adapter.open && self.adapter.bit_rate == sent.bit_rate {
            let minute_ms = sent.end.as_nanos().div_euclid(1_000_000).rem_euclid(60_000);
            let time = self.adapter.times.then_some(minute_ms as u16);
            self.tell(sent.end, Answer::Received(sent.frame, time));
        }
        if sent.who.is_none() && !self.plugged {
            return;
        }
        for index in 0..self.members.len() {
            if sent.who != Some(index) && self.members[index].device.bit_rate() == sent.bit_rate {
                self.call(index, |device| device.receive(sent.end, &sent.frame));
            }
        }
    }

    /// Puts a line on the master's serial line.
    fn tell(&mut self, now: Stamp, answer: Answer) {
        let mut buffer = [0; MAX_LINE];
        let line = answer
            .encode(&mut buffer)
            .expect("the buffer has room for every answer");
        if let Some((delay, bytes)) = self.to_master.distort(line.to_vec()) {
            self.heard.push_back((now + delay, bytes));
        }
    }

    /// Does what a line asks for, and answers it.
    fn obey(&mut self, request: Option<Request>) -> Answer {
        let adapter = &mut self.adapter;
        match request {
            Some(Request::BitRate(index)) if !adapter.open => match BIT_RATES.get(usize::from(index)) {
                Some(bit_rate) => adapter.bit_rate = *bit_rate,
                None => return Answer::Refused,
            },
            Some(Request::Open | Request::Listen) if adapter.open => return Answer::Refused,
            Some(Request::Open) => (adapter.open, adapter.listens_only) = (true, false),
            Some(Request::Listen) => (adapter.open, adapter.listens_only) = (true, true),
            Some(Request::Close) => {
                adapter.open = false;
                adapter.waiting.clear();
            }
            Some(Request::Send(frame)) => {
                let full = adapter.waiting.len() >= ADAPTER_ROOM;
                if !adapter.open || adapter.listens_only || full {
                    return Answer::Refused;
                }
                self.order += 1;
                adapter.waiting.push(Waiting {
                    from: self.now,
                    order: self.order,
                    frame,
                    bit_rate: adapter.bit_rate,
                });
                let extended = frame.id().is_extended();
                return Answer::Sent { extended };
            }
            Some(Request::Flags) => return Answer::Flags(0),
            Some(Request::Version) => return Answer::Version(*b"1013"),
            Some(Request::Serial) => return Answer::Serial(*b"SMSH"),
            Some(Request::Times(on)) => adapter.times = on,
            Some(Request::Nothing) => {}
            // Neither its own bit timing nor a filter: it takes the standard's rates and hears everything.
            Some(Request::BitRate(_) | Request::BitTiming(..) | Request::Code(_) | Request::Mask(_))
            | None => {
                return Answer::Refused;
            }
        }
        Answer::Done
    }

    fn tick(&mut self, now: Stamp) {
        for index in 0..self.members.len() {
            let due = |device: &dyn CanDevice| device.deadline().is_some_and(|deadline| deadline <= now);
            if due(&*self.members[index].device) {
                self.call(index, |device| device.tick(now));
                assert!(
                    !due(&*self.members[index].device),
                    "a device at its deadline sets a later one, or it would be called for ever"
                );
            }
        }
    }

    fn step(&mut self, now: Stamp) {
        for index in 0..self.members.len() {
            let state = self.members[index].motor.state(now);
            let command = self.call(index, |device| device.step(now, &state));
            self.members[index].motor.command(now, command);
        }
    }
}

impl Wire for CanBus {
    fn write(&mut self, now: Stamp, bytes: &[u8]) {
        self.advance_to(now);
        let Some((_, bytes)) = self.to_devices.distort(bytes.to_vec()) else {
            return;
        };
        let mut rest = &bytes[..];
        while let Some(line) = self.adapter.lines.next(&mut rest) {
            let request = match line {
                Line::Text(text) => Request::decode(text),
                Line::Bell => None,
            };
            let answer = self.obey(request);
            self.tell(self.now, answer);
        }
    }

    fn read(&mut self) -> Option<(Stamp, Vec<u8>)> {
        self.heard.pop_front()
    }

    fn advance_to(&mut self, now: Stamp) {
        loop {
            let due = self.next_event();
            if due > now {
                break;
            }
            self.now = self.now.max(due);
            if let Some(sent) = self.sending.take_if(|sending| sending.end <= due) {
                self.deliver(&sent);
            } else if self.next_deadline().is_some_and(|deadline| deadline <= due) {
                self.tick(self.now);
            } else if self.next_step <= due {
                self.step(due);
                self.next_step = due + PERIOD;
            } else {
                self.start(self.now);
            }
        }
        self.now = self.now.max(now);
    }

    fn next_event(&self) -> Stamp {
        let sent = self.sending.map(|sending| sending.end);
        let others = [self.next_deadline(), sent, self.next_start()];
        others.into_iter().flatten().fold(self.next_step, Stamp::min)
    }

    /// Nothing: adapters take every speed of the serial line.
    fn set_baud(&mut self, _: u32) {}

    /// Pulls the bus out of the adapter, which stays as it is.
    fn set_plugged(&mut self, plugged: bool) {
        if !plugged {
            self.adapter.waiting.clear();
        }
        self.plugged = plugged;
    }

    fn set_seed(&mut self, seed: u64) {
        self.to_devices = Noise::new(seed, 0);
        self.to_master = Noise::new(seed, 1);
    }

    fn set_faults(&mut self, toward: Toward, faults: LineFaults) {
        match toward {
            Toward::Devices => self.to_devices.set(faults),
            Toward::Master => self.to_master.set(faults),
        }
    }

    fn suffer(&mut self, device: usize, mishap: Mishap) {
        let now = self.now;
        // Without power nothing more of it comes, not even the rest of a frame.
        if matches!(mishap, Mishap::PowerLost | Mishap::Reboot) {
            self.members[device].waiting.clear();
            if self
                .sending
                .take_if(|sending| sending.who == Some(device))
                .is_some()
            {
                self.idle_from = now;
            }
        }
        self.call(device, |device| device.suffer(now, mishap));
    }
}
