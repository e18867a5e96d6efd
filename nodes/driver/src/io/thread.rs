//! Runs a bus in real time: one thread that waits for bytes or the next deadline, and for nothing else.
//!
//! Whoever else has something for the core leaves it in an inbox, which is emptied before every frame. A port that is lost is opened again
//! every quarter of a second.

use super::device::{Address, Device};
use super::port::PortError;
use crate::coupling::{Coupling, Outside};
use crate::driver::{Input, Output};
use crate::link::Notice;
use servomesh_types::{DriveMode, EventKind, Stamp};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What a bus says to its process.
#[derive(Debug)]
pub enum Word {
    /// The core's output, never [`Output::Bus`].
    Output(Output),
    /// Something people should know; names the port.
    Notice(Notice),
}

/// A bus that runs. Dropping it switches the torque off and ends the thread.
#[derive(Debug)]
pub struct BusThread {
    shared: Arc<Mutex<Shared>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    inbox: Vec<(Stamp, Input)>,
    end: bool,
    /// What the core is doing, and at which rate its bus runs if not at its own.
    mode: DriveMode,
    other_rate_hz: Option<f64>,
}

impl BusThread {
    /// Runs `coupling` on the port at `path`. What it says comes to `say`, on the bus's thread: it must not wait.
    ///
    /// # Errors
    /// The port can't be opened now.
    pub fn start(
        coupling: Coupling,
        path: PathBuf,
        baud: u32,
        say: impl FnMut(Word) + Send + 'static,
    ) -> Result<Self, PortError> {
        Self::start_at(coupling, Address::Serial { path, baud }, say)
    }

    /// The same on a device of any kind.
    ///
    /// # Errors
    /// The device can't be opened now.
    pub fn start_at(
        coupling: Coupling,
        address: Address,
        mut say: impl FnMut(Word) + Send + 'static,
    ) -> Result<Self, PortError> {
        let port = Device::open(&address)?;
        if let Some(text) = port.slowed() {
            say(Word::Notice(Notice {
                kind: EventKind::Fault,
                text: text.into(),
            }));
        }
        let shared = Arc::new(Mutex::new(Shared::default()));
        let bus = Bus {
            coupling,
            port: Some(port),
            address,
            complaint: None,
            opened: now(),
            shared: Arc::clone(&shared),
            say,
        };
        let thread = std::thread::Builder::new()
            .name("bus".to_owned())
            .spawn(move || bus.run())
            .map_err(|reason| PortError::Other {
                path: PathBuf::new(),
                reason,
            })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Leaves something for the core: it is handed over before the next frame.
    pub fn give(&self, now: Stamp, input: Input) {
        lock(&self.shared).inbox.push((now, input));
    }

    /// What the core is doing.
    pub fn mode(&self) -> DriveMode {
        lock(&self.shared).mode
    }

    /// The rate of the bus \[Hz\] where it is not the one of the configuration.
    pub fn other_rate_hz(&self) -> Option<f64> {
        lock(&self.shared).other_rate_hz
    }
}

impl Drop for BusThread {
    fn drop(&mut self) {
        lock(&self.shared).end = true;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the thread of the bus ended by itself: its servos stop by their own watchdogs");
        }
    }
}

struct Bus<S> {
    coupling: Coupling,
    port: Option<Device>,
    address: Address,
    /// What was said when the port was lost, until it is there again.
    complaint: Option<String>,
    /// When it was opened last.
    opened: Stamp,
    shared: Arc<Mutex<Shared>>,
    say: S,
}

impl<S: FnMut(Word)> Bus<S> {
    fn run(mut self) {
        // What is left is the system's default: waking up some 50 µs later.
        let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
        let mut bytes = [0; 4096];
        let mut inbox = Vec::with_capacity(16);
        let mut reopen = now();
        loop {
            let end = self.take_inbox(&mut inbox);
            for (at, input) in inbox.drain(..) {
                self.with(|coupling, outside| coupling.handle(at, input, outside));
            }
            if end {
                return self.end(&mut bytes);
            }
            if self.port.is_none() && now() >= reopen {
                reopen = now() + REOPEN;
                self.reopen();
            }
            self.confirm();
            self.pass(&mut bytes);
        }
    }

    /// Waits once, and does what has come.
    fn pass(&mut self, bytes: &mut [u8]) {
        let deadline = self.coupling.deadline();
        let patience = deadline.map_or(LONGEST_WAIT, |deadline| deadline.since(now()).min(LONGEST_WAIT));
        let outcome = match &mut self.port {
            Some(port) if port.wait(patience) => port.read(bytes),
            Some(_) => Ok(0),
            None => {
                std::thread::park_timeout(patience);
                Ok(0)
            }
        };
        match outcome {
            Ok(0) => {}
            Ok(count) => self.with(|coupling, outside| coupling.receive(now(), &bytes[..count], outside)),
            Err(reason) => self.lose(&reason),
        }
        self.with(|coupling, outside| coupling.tick(now(), outside));
    }

    fn take_inbox(&self, inbox: &mut Vec<(Stamp, Input)>) -> bool {
        let mut shared = lock(&self.shared);
        std::mem::swap(&mut shared.inbox, inbox);
        shared.mode = self.coupling.core().mode();
        shared.other_rate_hz = self.coupling.core().other_bus_rate_hz();
        shared.end
    }

    /// Switches off and gives the bus the time to say so.
    fn end(&mut self, bytes: &mut [u8]) {
        self.with(|coupling, outside| coupling.handle(now(), Input::SwitchOff, outside));
        let until = now() + LAST_WORDS;
        while self.port.is_some() && now() < until {
            self.pass(bytes);
        }
    }

    fn reopen(&mut self) {
        if let Ok(port) = Device::open(&self.address) {
            self.port = Some(port);
            self.opened = now();
            self.confirm();
            self.with(|coupling, outside| coupling.plugged(now(), true, outside));
        }
    }

    /// Says that the port is there again, once it is sure.
    fn confirm(&mut self) {
        if self.complaint.is_some() && self.port.is_some() && now().since(self.opened) >= self.address.trial()
        {
            self.complaint = None;
            self.tell(EventKind::Recovered, "is there again");
        }
    }

    fn lose(&mut self, reason: &io::Error) {
        self.port = None;
        let what = self.address.lost(reason);
        if self.complaint.as_ref() != Some(&what) {
            self.tell(EventKind::Fault, &what);
            self.complaint = Some(what);
        }
        self.with(|coupling, outside| coupling.plugged(now(), false, outside));
    }

    fn tell(&mut self, kind: EventKind, what: &str) {
        let text = format!("port {} {what}", self.address.path().display()).into();
        (self.say)(Word::Notice(Notice { kind, text }));
    }

    fn with(&mut self, call: impl FnOnce(&mut Coupling, &mut dyn Outside)) {
        let mut outside = Ports {
            port: self.port.as_mut(),
            path: self.address.path(),
            say: &mut self.say,
            lost: None,
        };
        call(&mut self.coupling, &mut outside);
        if let (Some(reason), true) = (outside.lost, self.port.is_some()) {
            self.lose(&reason);
        }
    }
}

struct Ports<'a, S> {
    port: Option<&'a mut Device>,
    path: &'a std::path::Path,
    say: &'a mut S,
    lost: Option<io::Error>,
}

impl<S: FnMut(Word)> Outside for Ports<'_, S> {
    fn transmit(&mut self, bytes: &[u8]) {
        if let (Some(port), None) = (&mut self.port, &self.lost) {
            self.lost = port.write(bytes).err();
        }
    }

    fn output(&mut self, output: Output) {
        (self.say)(Word::Output(output));
    }

    fn notice(&mut self, notice: Notice) {
        (self.say)(Word::Notice(Notice {
            text: format!("port {}: {}", self.path.display(), notice.text).into(),
            ..notice
        }));
    }
}

fn lock(shared: &Mutex<Shared>) -> std::sync::MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// ROS time: that of the system.
#[expect(
    clippy::disallowed_methods,
    reason = "this is where the time of a bus comes from"
)]
fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp::ZERO + since
}

/// How long the inbox may wait while nothing is due.
const LONGEST_WAIT: Duration = Duration::from_millis(5);
/// How often a lost port is looked for.
const REOPEN: Duration = Duration::from_millis(250);
/// For torque off to go out: some cycles of the slowest bus.
const LAST_WORDS: Duration = Duration::from_millis(50);
