//! The command `servomesh assign`: another id or speed for one servo on a serial port.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use clap::Args;
use servomesh_driver::backends::assign::{AssignError, Assignable, Line, Place, assign};
use servomesh_driver::backends::dynamixel::scan::Protocol2;
use servomesh_driver::backends::feetech::scan::Scs;
use servomesh_driver::backends::scan::LATENCY;
use servomesh_driver::io::Port;

use crate::scan::{Protocol, lost};

/// Give one servo another id or speed, which it keeps without power.
///
/// Servos come with the id 1, and can't share a bus until each has an id of its own. Writes nothing if the servo is under torque, if several answer to
/// its id, or if another servo has the id that it shall get, at its speed or at the new one. No driver may run on the port meanwhile.
///
/// Exit code: 0 if the servo answers where it should be, 1 if not.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh assign /dev/ttyUSB0 --id 1 --baud 57600 --to-id 3 --to-baud 1000000     a new DYNAMIXEL servo
  servomesh assign /dev/ttyUSB0 --protocol feetech --id 1 --baud 1000000 --to-id 3  a new FEETECH servo")]
pub(crate) struct Assign {
    /// The serial port.
    #[arg(value_name = "PORT")]
    port: PathBuf,
    /// What the servo speaks: DYNAMIXEL's Protocol 2.0, or FEETECH's (STS and SCS).
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Protocol::Dynamixel)]
    protocol: Protocol,
    /// Its id.
    #[arg(long, value_name = "N")]
    id: u8,
    /// Its speed, in bits per second.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    baud: u32,
    /// The id that it shall have; left out: the same.
    #[arg(long, value_name = "N", required_unless_present = "to_baud")]
    to_id: Option<u8>,
    /// The speed that it shall have, in bits per second; left out: the same.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    to_baud: Option<u32>,
    /// Seconds to wait for an answer besides the time that its bytes take; more for ports behind a network.
    #[arg(long, value_name = "S", default_value_t = LATENCY.as_secs_f64())]
    latency: f64,
}

impl Assign {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        match self.protocol {
            Protocol::Dynamixel => self.assign::<Protocol2>(),
            Protocol::Feetech => self.assign::<Scs>(),
        }
    }

    fn assign<L: Assignable>(&self) -> Result<ExitCode> {
        let latency = Duration::try_from_secs_f64(self.latency).context("--latency")?;
        let from = Place {
            id: self.id,
            baud: self.baud,
        };
        let to = Place {
            id: self.to_id.unwrap_or(self.id),
            baud: self.to_baud.unwrap_or(self.baud),
        };
        let mut line = SerialLine(Port::open(&self.port, from.baud)?);
        let facts = assign::<L, _>(&mut line, from, to, latency).map_err(|error| match error {
            AssignError::Line(error) => error,
            error => anyhow::anyhow!("port {}: {error}", self.port.display()),
        })?;
        println!(
            "{}: id {} at {} bit/s is now id {} at {} bit/s",
            facts.model, from.id, from.baud, to.id, to.baud
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// A serial port in real time.
struct SerialLine(Port);

impl Line for SerialLine {
    type Error = anyhow::Error;

    fn set_baud(&mut self, baud: u32) -> Result<()> {
        Ok(self.0.set_baud(baud)?)
    }

    fn exchange(
        &mut self,
        bytes: &[u8],
        patience: Duration,
        enough: &mut dyn FnMut(&[u8]) -> bool,
    ) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "servos live in real time")]
        let end = Instant::now() + patience;
        let mut heard = [0; 4096];
        self.0.write(bytes).with_context(|| lost(self.0.path()))?;
        loop {
            #[expect(clippy::disallowed_methods, reason = "servos live in real time")]
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            if self.0.wait(left) {
                let count = self.0.read(&mut heard).with_context(|| lost(self.0.path()))?;
                if enough(&heard[..count]) {
                    return Ok(());
                }
            }
        }
    }
}
