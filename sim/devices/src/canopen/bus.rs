//! A CAN bus in virtual time, as a master reaches it by an adapter: lines of text (slcan) in and out; or by an interface of its kernel: records.
//!
//! Decides who sends when: of all that wait while the bus is idle, the frame whose identifier is most urgent; it is heard by all others when
//! its last bit is through, stuff bits counted. A node whose bit rate is another hears nothing of it.
//!
//! **Invariant:** frames are heard in the order in which they end, each once, and never two at a time.

use std::collections::VecDeque;
use std::time::Duration;

use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::can::timing::wire_bits;
use servomesh_sim::plant::PERIOD;
use servomesh_types::Stamp;

use super::adapter::Adapter;
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
    /// What the master wants sent.
    waiting: Vec<Waiting>,
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
    /// A bus without drives, plugged in, at the time `now`; the adapter, which speaks slcan, is closed, and at `bit_rate` until told another.
    pub fn new(now: Stamp, bit_rate: u32) -> Self {
        Self::reached_by(Adapter::slcan(bit_rate), now)
    }

    /// The same for a master with an interface of its kernel on the bus, which has this bit rate: bytes are the kernel's records.
    pub fn with_interface(now: Stamp, bit_rate: u32) -> Self {
        Self::reached_by(Adapter::interface(bit_rate), now)
    }

    fn reached_by(adapter: Adapter, now: Stamp) -> Self {
        Self {
            now,
            next_step: now.next_multiple(PERIOD, Duration::ZERO),
            adapter,
            waiting: Vec::new(),
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
        self.waiting.iter().map(|waiting| (None, waiting)).chain(devices)
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
            None => &mut self.waiting,
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
        if sent.who.is_some() && self.plugged && self.adapter.bit_rate() == Some(sent.bit_rate) {
            let told = self.adapter.tell(sent.end, &sent.frame);
            self.tell(sent.end, told);
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

    /// Says something to the master.
    fn tell(&mut self, now: Stamp, said: Vec<u8>) {
        let drops = self.adapter.drops_what_is_spoilt();
        if let Some((delay, bytes)) = pass(&mut self.to_master, drops, said) {
            self.heard.push_back((now + delay, bytes));
        }
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
        let drops = self.adapter.drops_what_is_spoilt();
        let Some((_, bytes)) = pass(&mut self.to_devices, drops, bytes.to_vec()) else {
            return;
        };
        let mut rest = &bytes[..];
        while let Some(obeyed) = self.adapter.take(&mut rest, self.waiting.len() >= ADAPTER_ROOM) {
            if obeyed.leaves {
                self.waiting.clear();
            }
            if let (Some(frame), Some(bit_rate)) = (obeyed.frame, self.adapter.bit_rate()) {
                self.order += 1;
                self.waiting.push(Waiting {
                    from: self.now,
                    order: self.order,
                    frame,
                    bit_rate,
                });
            }
            self.tell(self.now, obeyed.answer);
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

    /// Nothing: adapters take every speed of the serial line, and interfaces have none.
    fn set_baud(&mut self, _: u32) {}

    /// Pulls the bus out of the adapter, which stays as it is.
    fn set_plugged(&mut self, plugged: bool) {
        if !plugged {
            self.waiting.clear();
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

/// What becomes of a saying between master and adapter, and how much later it comes; `None` if nothing does. `drops`: what is spoilt is not heard at all.
fn pass(noise: &mut Noise, drops: bool, said: Vec<u8>) -> Option<(Duration, Vec<u8>)> {
    let before = drops.then(|| said.clone());
    let passed = noise.distort(said);
    passed.filter(|(_, bytes)| before.is_none_or(|before| before == *bytes))
}
