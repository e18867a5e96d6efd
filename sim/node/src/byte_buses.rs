//! Byte buses of the running simulation: devices behind pseudo-terminals, on the terminals of its motors, served by a thread of their own.
//!
//! The thread lives in real time to the microsecond, as masters on serial ports do; the simulation takes its steps beside it, and both meet
//! at the motors' terminals once a millisecond.

use anyhow::Context as _;
use servomesh_devices::{BusFile, Motor, Rig, Server, TerminalMotor};
use servomesh_sim::Hardware;
use servomesh_types::Stamp;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;

/// The buses of a file, served until it is dropped.
pub(crate) struct ByteBuses {
    /// Which bus is where, a line for each.
    pub(crate) ports: String,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    failures: Receiver<String>,
}

impl ByteBuses {
    /// Opens a port for each bus of the file, with a link of the bus's name in the folder `links` if there is one.
    pub(crate) fn start(file: &Path, links: Option<&Path>, hardware: &mut Hardware) -> anyhow::Result<Self> {
        let mut joints = |joint: &str, ratio| match hardware.terminals(joint) {
            Ok(terminals) => Ok(Box::new(TerminalMotor::new(terminals, ratio)) as Box<dyn Motor>),
            Err(error) => Err(error.to_string()),
        };
        let rig = Rig::around(&BusFile::read(file)?, &mut joints, Stamp::ZERO)?;
        let mut server = Server::open(rig, links)?;
        let ports = server.ports();
        let end = Arc::new(AtomicBool::new(false));
        let (say, failures) = channel();
        let ended = Arc::clone(&end);
        let thread = std::thread::Builder::new()
            .name("byte buses".to_owned())
            .spawn(move || {
                if let Err(error) = server.run_alone(&ended) {
                    // The node ends the thread before it stops listening.
                    let _ = say.send(error.to_string());
                }
            })
            .context("a thread for the byte buses")?;
        Ok(Self {
            ports,
            end,
            thread: Some(thread),
            failures,
        })
    }

    /// Why the buses are served no longer, once.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failures.try_recv().ok()
    }
}

impl Drop for ByteBuses {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            eprintln!("the thread of the byte buses ended by itself: their servos were gone");
        }
    }
}
