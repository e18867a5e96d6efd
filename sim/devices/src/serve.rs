//! A rig in real time, behind pseudo-terminals and CAN interfaces.
//!
//! One thread goes round: it takes what masters have written, lets time pass up to now, gives them what is due, and sleeps until something is due
//! again or somebody writes. All buses share it, so that joints of one machine move in step; a millisecond of a bus with six servos takes
//! a small part of a millisecond. Where the machine is too slow, answers come late, and time does not stretch.
//!
//! **Invariant:** nothing reaches a master before its last bit would have.

use std::io::{self, Write};
use std::num::NonZeroU64;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use servomesh_types::Stamp;

use crate::command::Command;
use crate::error::DevicesError;
use crate::port::Port;
use crate::rig::Rig;

/// Buses with their ports.
pub struct Server {
    rig: Rig,
    /// In the order of the rig's buses; none while the plug is out.
    ports: Vec<Option<Port>>,
    links: Option<PathBuf>,
    began: Instant,
    /// What of a line of commands has come so far; `None` once there is nothing more to come.
    line: Option<Vec<u8>>,
}

impl Server {
    /// Opens a port for each bus, with a link of the bus's name in the folder `links` if there is one.
    ///
    /// # Errors
    /// A port can't be opened or linked; names the bus.
    pub fn open(rig: Rig, links: Option<&Path>) -> Result<Self, DevicesError> {
        #[expect(clippy::disallowed_methods, reason = "masters live in real time")]
        let began = Instant::now();
        let mut server = Self {
            rig,
            ports: Vec::new(),
            links: links.map(Path::to_owned),
            began,
            line: Some(Vec::new()),
        };
        for index in 0..server.rig.buses_mut().len() {
            let port = server.open_port(index)?;
            server.ports.push(Some(port));
        }
        // A wake-up that is late by the usual 50 µs would make every answer late; who can't have less lives with that.
        let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1000));
        Ok(server)
    }

    fn open_port(&mut self, index: usize) -> Result<Port, DevicesError> {
        let bus = &self.rig.buses_mut()[index];
        let link = self.links.as_ref().map(|folder| folder.join(&bus.name));
        Port::open(bus.interface.as_deref(), bus.baud, link.as_deref()).map_err(|reason| DevicesError::Port {
            bus: bus.name.clone(),
            action: "its port can't be opened".to_owned(),
            reason,
        })
    }

    /// Says which bus is where, one line for each.
    pub fn ports(&mut self) -> String {
        let buses = self.rig.buses_mut().iter().zip(&self.ports);
        let line = |(bus, port): (&crate::rig::NamedBus, &Option<Port>)| {
            let port = port.as_ref()?.name();
            Some(format!("{}: {port} ({})\n", bus.name, bus.devices))
        };
        buses.filter_map(line).collect()
    }

    /// Serves until `end` is set. Lines of standard input are followed as [commands](crate::command), each answered with a line on `out`
    /// that begins with `ok` or `error:`.
    ///
    /// # Errors
    /// A port fails, or the answer to a command can't be written.
    pub fn run(&mut self, end: &AtomicBool, out: &mut impl Write) -> Result<(), DevicesError> {
        // What is left is the system's default: answering some 50 µs later.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut buffer = [0; 4096];
        while !end.load(Ordering::Relaxed) {
            for index in 0..self.ports.len() {
                self.take(index, &mut buffer)?;
            }
            let now = self.now();
            self.rig.advance_to(now);
            for index in 0..self.ports.len() {
                self.give(index)?;
            }
            if self.wait()? {
                self.listen(&mut buffer, out)?;
            }
        }
        Ok(())
    }

    /// The same in a program that has its standard input for something else: nothing there is a command.
    ///
    /// # Errors
    /// A port fails.
    pub fn run_alone(&mut self, end: &AtomicBool) -> Result<(), DevicesError> {
        self.line = None;
        self.run(end, &mut io::sink())
    }

    fn now(&self) -> Stamp {
        Stamp::ZERO + self.began.elapsed()
    }

    /// Takes what a master has written.
    fn take(&mut self, index: usize, buffer: &mut [u8]) -> Result<(), DevicesError> {
        let Some(port) = &mut self.ports[index] else {
            return Ok(());
        };
        let now = Stamp::ZERO + self.began.elapsed();
        let bus = &mut self.rig.buses_mut()[index];
        let bytes = match port.read(buffer) {
            Ok([]) => return Ok(()),
            Ok(bytes) => bytes,
            Err(reason) => return Err(failed(&bus.name, "can't read", port, reason)),
        };
        let baud = port.baud();
        if let Some(baud) = baud.map_err(|reason| failed(&bus.name, "no speed of", port, reason))? {
            bus.wire.set_baud(baud);
        }
        bus.wire.write(now, bytes);
        Ok(())
    }

    /// Gives a master what has reached it.
    fn give(&mut self, index: usize) -> Result<(), DevicesError> {
        let bus = &mut self.rig.buses_mut()[index];
        while let Some((_, bytes)) = bus.wire.read() {
            let Some(port) = &mut self.ports[index] else {
                continue;
            };
            let written = port.write(&bytes);
            written.map_err(|reason| failed(&bus.name, "can't write", port, reason))?;
        }
        Ok(())
    }

    /// Sleeps until something is due or somebody writes; says whether there may be a command.
    fn wait(&mut self) -> Result<bool, DevicesError> {
        let due = self.rig.next_event().since(self.now());
        let timeout = Timespec::try_from(due).unwrap_or(Timespec {
            tv_sec: 1,
            tv_nsec: 0,
        });
        let input = io::stdin();
        let mut waits: Vec<PollFd<'_>> = self
            .ports
            .iter()
            .flatten()
            .map(|port| PollFd::from_borrowed_fd(port.as_fd(), PollFlags::IN))
            .collect();
        if self.line.is_some() {
            waits.push(PollFd::from_borrowed_fd(input.as_fd(), PollFlags::IN));
        }
        match poll(&mut waits, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                return Err(DevicesError::Command(format!("can't wait for masters: {error}")));
            }
        }
        let last = waits.last().map(PollFd::revents);
        Ok(self.line.is_some() && last.is_some_and(|events| !events.is_empty()))
    }

    /// Follows commands on standard input.
    fn listen(&mut self, buffer: &mut [u8], out: &mut impl Write) -> Result<(), DevicesError> {
        let Some(mut line) = self.line.take() else {
            return Ok(());
        };
        match rustix::io::read(io::stdin(), &mut *buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => line.extend_from_slice(&buffer[..count]),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            // Input that can't be read brings no commands, and the devices go on.
            Err(_) => return Ok(()),
        }
        while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            let text: Vec<u8> = line.drain(..=end).collect();
            let text = String::from_utf8_lossy(&text).trim().to_owned();
            if text.is_empty() {
                continue;
            }
            let answer = match self.follow(&text) {
                Ok(answer) if answer.is_empty() => "ok".to_owned(),
                Ok(answer) => format!("ok {answer}"),
                Err(error) => format!("error: {error}"),
            };
            writeln!(out, "{answer}")
                .and_then(|()| out.flush())
                .map_err(|error| DevicesError::Command(format!("can't answer a command: {error}")))?;
        }
        self.line = Some(line);
        Ok(())
    }

    fn follow(&mut self, text: &str) -> Result<String, DevicesError> {
        match text.parse()? {
            Command::Plug { bus, plugged } => self.plug(&bus, plugged)?,
            Command::Faults { bus, toward, faults } => {
                self.rig.bus_mut(&bus)?.wire.set_faults(toward, faults);
            }
            Command::Suffer { bus, id, mishap } => self.rig.bus_mut(&bus)?.suffer(id, mishap)?,
            Command::Truth => {
                let Some(machine) = self.rig.machine() else {
                    return Err(DevicesError::Command("there is no machine".to_owned()));
                };
                return Ok(machine.look(|plant| {
                    let joints = plant.model().joints().iter().zip(plant.positions());
                    let words = joints.map(|(joint, position)| format!("{}={position:.6}", joint.name));
                    words.collect::<Vec<_>>().join(" ")
                }));
            }
        }
        Ok(String::new())
    }

    fn plug(&mut self, name: &str, plugged: bool) -> Result<(), DevicesError> {
        self.rig.bus_mut(name)?.wire.set_plugged(plugged);
        let names = self.rig.buses_mut().iter().map(|bus| bus.name.as_str());
        let found = names.zip(0..).find(|(other, _)| *other == name);
        let Some((_, index)) = found else {
            return Ok(());
        };
        if !plugged {
            self.ports[index] = None;
        } else if self.ports[index].is_none() {
            self.ports[index] = Some(self.open_port(index)?);
        }
        Ok(())
    }
}

/// What went wrong at the port of a bus.
fn failed(bus: &str, action: &str, port: &Port, reason: io::Error) -> DevicesError {
    DevicesError::Port {
        bus: bus.to_owned(),
        action: format!("{action} {}", port.device()),
        reason,
    }
}
