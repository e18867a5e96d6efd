//! A serial bus in virtual time: a master's bytes go in, the devices' answers come out when their last bit is there.
//!
//! Decides the order of what happens: bytes that have ended are heard, then deadlines that have come, then the motors' steps, each
//! millisecond on a grid of whole ones. What a device says in a call begins when it wants, not before that call.
//!
//! **Invariant:** the same calls give the same answers at the same times, however finely time is cut.

use std::collections::VecDeque;
use std::time::Duration;

use arrayvec::ArrayVec;
use servomesh_sim::plant::PERIOD;
use servomesh_types::Stamp;

use crate::device::{Device, Mishap};
use crate::line::{End, Heard, Line};
use crate::motor::Motor;
use crate::noise::{LineFaults, Noise};
use crate::uart::Receiver;
use crate::wire::{Toward, Wire};

/// A serial bus with its devices and their motors.
pub struct Bus {
    now: Stamp,
    next_step: Stamp,
    /// The master's bits per second.
    baud: u32,
    plugged: bool,
    line: Line,
    members: Vec<Member>,
    /// What has reached the master.
    heard: VecDeque<(Stamp, Vec<u8>)>,
    receiver: Option<Receiver>,
    to_devices: Noise,
    to_master: Noise,
}

struct Member {
    device: Box<dyn Device>,
    motor: Box<dyn Motor>,
    /// What it hears with while somebody talks at another speed than its own.
    receiver: Option<Receiver>,
}

impl Bus {
    /// A bus without devices, plugged in, at the time `now`; its master talks at `baud` bits per second.
    pub fn new(now: Stamp, baud: u32) -> Self {
        Self {
            now,
            next_step: now.next_multiple(PERIOD, Duration::ZERO),
            baud,
            plugged: true,
            line: Line::default(),
            members: Vec::new(),
            heard: VecDeque::new(),
            receiver: None,
            to_devices: Noise::new(0, 0),
            to_master: Noise::new(0, 1),
        }
    }

    /// Puts a device with its motor on the bus; gives its index, counted from 0.
    pub fn add(&mut self, device: impl Device + 'static, motor: impl Motor + 'static) -> usize {
        self.add_boxed(Box::new(device), Box::new(motor))
    }

    pub(crate) fn add_boxed(&mut self, device: Box<dyn Device>, motor: Box<dyn Motor>) -> usize {
        self.members.push(Member {
            device,
            motor,
            receiver: None,
        });
        self.members.len() - 1
    }

    fn next_deadline(&self) -> Option<Stamp> {
        let deadlines = self.members.iter().filter_map(|member| member.device.deadline());
        deadlines.min()
    }

    /// Lets everyone hear what was said.
    fn deliver(&mut self, heard: &Heard) {
        if heard.who != End::Master && self.plugged && !self.deaf(End::Master, heard) {
            let bytes = listen(&mut self.receiver, self.baud, heard);
            match self.heard.back_mut() {
                _ if bytes.is_empty() => {}
                Some((end, waiting)) if *end == heard.begin => {
                    waiting.extend(bytes);
                    *end = heard.end;
                }
                _ => self.heard.push_back((heard.end, bytes.to_vec())),
            }
        }
        for index in 0..self.members.len() {
            let listener = End::Device(index);
            if heard.who == listener || self.deaf(listener, heard) {
                continue;
            }
            let member = &mut self.members[index];
            let bytes = listen(&mut member.receiver, member.device.baud(), heard);
            if !bytes.is_empty() {
                self.call(index, |device| device.receive(heard.end, &bytes));
            }
        }
    }

    /// Whether somebody does not hear a clash because it talked itself.
    fn deaf(&self, listener: End, heard: &Heard) -> bool {
        heard.clashed && self.line.talked(listener, heard.begin, heard.end)
    }

    /// Calls a device, and puts on the line what it says then.
    fn call<T>(&mut self, index: usize, call: impl FnOnce(&mut dyn Device) -> T) -> T {
        let device = &mut *self.members[index].device;
        // What answers an order to change the speed is still said at the old one.
        let baud = device.baud();
        let result = call(device);
        while let Some(saying) = device.poll() {
            let begin = saying.begin.max(self.now);
            if let Some((delay, bytes)) = self.to_master.distort(saying.bytes) {
                self.line.say(End::Device(index), baud, begin + delay, &bytes);
            }
        }
        result
    }

    fn tick(&mut self, now: Stamp) {
        for index in 0..self.members.len() {
            let due = |device: &dyn Device| device.deadline().is_some_and(|deadline| deadline <= now);
            if due(&*self.members[index].device) {
                self.call(index, |device| device.tick(now));
                let device = &*self.members[index].device;
                assert!(
                    !due(device),
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

impl Wire for Bus {
    fn write(&mut self, now: Stamp, bytes: &[u8]) {
        self.advance_to(now);
        if !self.plugged {
            return;
        }
        if let Some((delay, bytes)) = self.to_devices.distort(bytes.to_vec()) {
            self.line.say(End::Master, self.baud, self.now + delay, &bytes);
        }
    }

    fn read(&mut self) -> Option<(Stamp, Vec<u8>)> {
        self.heard.pop_front()
    }

    fn advance_to(&mut self, now: Stamp) {
        loop {
            let deadline = self.next_deadline();
            let due = deadline.map_or(self.next_step, |deadline| deadline.min(self.next_step));
            let limit = due.min(now);
            if let Some(heard) = self.line.hear(limit) {
                self.now = self.now.max(heard.end);
                self.deliver(&heard);
            } else if due > now {
                break;
            } else {
                self.now = self.now.max(due);
                if deadline.is_some_and(|deadline| deadline <= due) {
                    self.tick(self.now);
                } else {
                    self.step(due);
                    self.next_step = due + PERIOD;
                }
            }
        }
        self.now = self.now.max(now);
    }

    fn next_event(&self) -> Stamp {
        let others = [self.next_deadline(), self.line.next_end()];
        others.into_iter().flatten().fold(self.next_step, Stamp::min)
    }

    fn set_baud(&mut self, baud: u32) {
        self.baud = baud;
    }

    fn set_plugged(&mut self, plugged: bool) {
        if !plugged {
            self.line.silence(End::Master);
            self.heard.clear();
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
        self.call(device, |device| device.suffer(now, mishap));
    }
}

/// What someone who listens at `baud` makes of a byte.
fn listen(receiver: &mut Option<Receiver>, baud: u32, heard: &Heard) -> ArrayVec<u8, MOST> {
    if heard.baud == baud {
        *receiver = None;
        return heard.byte.into_iter().collect();
    }
    if receiver.as_ref().is_some_and(|receiver| receiver.baud() != baud) {
        *receiver = None;
    }
    let receiver = receiver.get_or_insert_with(|| Receiver::new(baud));
    let mut bytes = ArrayVec::new();
    if let Some(byte) = heard.byte {
        receiver.see(heard.begin, heard.baud, byte, &mut bytes);
    }
    if heard.last {
        receiver.rest(&mut bytes);
    }
    bytes
}

/// Ten bits fall at most five times, each time a start bit for who listens at a higher speed; one more may end in the rest after them.
const MOST: usize = 6;
