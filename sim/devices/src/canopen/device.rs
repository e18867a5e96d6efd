//! A CANopen drive as a whole: node, dictionary and drive, with the power they run on.

use std::time::Duration;

use servomesh_fieldbus::can::frame::Frame;
use servomesh_fieldbus::canopen::NodeId;
use servomesh_types::Stamp;

use super::drive::{Drive, Notice};
use super::node::{Event, Node};
use super::objects::Objects;
use crate::device::{CanDevice, Mishap};
use crate::motor::{MotorCommand, MotorState};

/// How long it takes to start.
const BOOT: Duration = Duration::from_millis(50);

/// A CiA 402 drive on a CAN bus.
pub struct CanopenDrive {
    node: Node,
    objects: Objects,
    drive: Drive,
    bit_rate: u32,
    kept_bit_rate: u32,
    next_bit_rate: Option<(Stamp, u32)>,
    powered: bool,
    boots: Option<Stamp>,
}

impl CanopenDrive {
    /// A drive with this node id, `None` if it waits to be given one by LSS; it boots at `now`. Its serial number tells it from others of
    /// its kind.
    pub fn new(now: Stamp, id: Option<NodeId>, bit_rate: u32, serial_number: u32) -> Self {
        let mut drive = Self {
            node: Node::new(id, serial_number),
            objects: Objects::new(serial_number),
            drive: Drive::new(),
            bit_rate,
            kept_bit_rate: bit_rate,
            next_bit_rate: None,
            powered: true,
            boots: None,
        };
        drive.start(now);
        drive
    }

    /// Its electronic data sheet, which is also its object 1021h.
    pub fn data_sheet(&self) -> &str {
        self.objects.data_sheet()
    }

    fn start(&mut self, now: Stamp) {
        (self.bit_rate, self.next_bit_rate) = (self.kept_bit_rate, None);
        self.node.reset(true);
        self.objects.reset(self.node.number(), false);
        self.drive.restart();
        self.boots = Some(now + BOOT);
    }

    fn reset(&mut self, now: Stamp, communication_only: bool) {
        self.node.reset(false);
        self.objects.reset(self.node.number(), communication_only);
        if !communication_only {
            self.drive.restart();
        }
        self.boots = Some(now + BOOT);
    }

    /// Acts on what was written and heard until nothing is left, then says what has changed.
    fn settle(&mut self, now: Stamp) {
        loop {
            for address in self.objects.written() {
                self.node.written(now, address, &mut self.objects);
                self.drive.written(address, &mut self.objects);
            }
            self.pass_notices(now);
            if self.node.events.is_empty() {
                break;
            }
            match self.node.events.remove(0) {
                Event::Reset { communication_only } => self.reset(now, communication_only),
                Event::ConnectionLost(code) => self.drive.lose_connection(&mut self.objects, code),
                Event::BitRate(from, bit_rate) => self.next_bit_rate = Some((from, bit_rate)),
                Event::KeepBitRate(bit_rate) => self.kept_bit_rate = bit_rate,
                Event::Sync(counter) => {
                    self.node.begin_cycle(&mut self.objects);
                    for address in self.objects.written() {
                        self.drive.written(address, &mut self.objects);
                    }
                    self.node.answer_cycle(now, counter, &self.objects);
                }
            }
        }
        self.node.say_events(now, &self.objects);
    }

    fn pass_notices(&mut self, now: Stamp) {
        for notice in self.drive.notices() {
            match notice {
                Notice::Fault(code) => self.node.alarm(now, code, &mut self.objects),
                Notice::Reset => self.node.all_clear(now, &mut self.objects),
            }
        }
    }
}

impl CanDevice for CanopenDrive {
    fn receive(&mut self, now: Stamp, frame: &Frame) {
        if self.powered && self.boots.is_none() {
            self.node.receive(now, frame, &mut self.objects);
            self.settle(now);
        }
    }

    fn step(&mut self, now: Stamp, motor: &MotorState) -> MotorCommand {
        if !self.powered || self.boots.is_some() {
            return MotorCommand::Off;
        }
        let command = self.drive.step(motor, &mut self.objects);
        self.settle(now);
        command
    }

    fn poll(&mut self) -> Option<(Stamp, Frame)> {
        self.node.poll()
    }

    fn deadline(&self) -> Option<Stamp> {
        if !self.powered {
            return None;
        }
        let bit_rate = self.next_bit_rate.map(|(from, _)| from);
        let node = self.node.deadline().filter(|_| self.boots.is_none());
        [self.boots, bit_rate, node].into_iter().flatten().min()
    }

    fn tick(&mut self, now: Stamp) {
        if let Some((_, bit_rate)) = self.next_bit_rate.take_if(|(from, _)| *from <= now) {
            self.bit_rate = bit_rate;
        }
        if self.boots.take_if(|boots| *boots <= now).is_some() {
            self.node.boot(now, &self.objects);
        }
        if self.boots.is_none() {
            self.node.tick(now, &mut self.objects);
            self.settle(now);
        }
    }

    fn bit_rate(&self) -> u32 {
        self.bit_rate
    }

    fn suffer(&mut self, now: Stamp, mishap: Mishap) {
        match mishap {
            Mishap::PowerLost => {
                self.powered = false;
                self.node.reset(true);
            }
            Mishap::PowerBack => {
                self.powered = true;
                self.start(now);
            }
            Mishap::Reboot if self.powered => self.start(now),
            Mishap::Reboot => {}
            Mishap::Heat(degc) => self.drive.heat_degc = degc,
            Mishap::Supply(volt) => self.drive.supply_v = volt,
            Mishap::Id(number) => {
                self.node.rename(NodeId::new(number));
                if self.powered {
                    self.start(now);
                }
            }
        }
    }
}
