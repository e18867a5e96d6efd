//! The command `servomesh scan`: which DYNAMIXEL servos are on a serial port.
//!
//! The table goes to standard output, progress and advice to standard error.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use servomesh_cli::servos;
use servomesh_driver::backends::dynamixel::scan::{self, BAUD_RATES, Found, LATENCY, Order, Who};
use servomesh_driver::io::{Port, PortError, serial_ports};
use servomesh_types::Stamp;

/// List the DYNAMIXEL servos on a serial port.
///
/// Asks at each usual speed who is there, and each servo that answers for its model, mode, torque, supply, temperature, position and hardware
/// errors. Tells ids that several servos have. Writes nothing to any servo. Takes about one second for each speed; ten more where
/// answers are garbled, as every id is asked then. No driver may run on the port meanwhile.
///
/// Without PORT: lists the serial ports of this machine.
///
/// Exit code: 0 if all answered well, 1 if nobody answers, if answers clash, or if the port can't be used.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh scan                                  which serial ports there are
  servomesh scan /dev/ttyUSB0                     who is there, at whichever speed
  servomesh scan /dev/ttyUSB0 --baud 1000000      only at 1 Mbit/s")]
pub(crate) struct Scan {
    /// The serial port.
    #[arg(value_name = "PORT")]
    port: Option<PathBuf>,
    /// Bits per second, instead of 57600, 115200, 1, 2, 3 and 4 million.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    baud: Option<u32>,
    /// Seconds to wait for an answer besides the time that its bytes take; more for ports behind a network.
    #[arg(long, value_name = "S", default_value_t = LATENCY.as_secs_f64())]
    latency: f64,
}

impl Scan {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let Some(path) = &self.port else {
            return list_ports();
        };
        let latency = Duration::try_from_secs_f64(self.latency).context("--latency")?;
        let found = self.look(path, latency)?;
        if found.is_empty() {
            bail!("port {}: {}", path.display(), servos::nobody(&self.speeds()));
        }
        print!("{}", servos::table(&found));
        io::stdout().flush().context("standard output")?;
        for line in servos::advice(&found) {
            eprintln!("{line}");
        }
        let clash = found.iter().any(|found| found.who == Who::Clash);
        Ok(if clash {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    fn speeds(&self) -> Vec<u32> {
        self.baud.map_or_else(|| BAUD_RATES.to_vec(), |baud| vec![baud])
    }

    /// Runs a scan on the port, and says how it goes.
    fn look(&self, path: &Path, latency: Duration) -> Result<Vec<Found>> {
        let first = self.baud.unwrap_or(BAUD_RATES[0]);
        let mut port = Port::open(path, first)?;
        #[expect(clippy::disallowed_methods, reason = "servos live in real time")]
        let began = Instant::now();
        let now = || Stamp::ZERO + began.elapsed();
        let mut scan = scan::Scan::new(self.speeds(), latency);
        let mut bytes = [0; 4096];
        let mut progress = Progress::default();
        while let Some(deadline) = scan.deadline() {
            if port.wait(deadline.since(now())) {
                let count = port.read(&mut bytes).with_context(|| lost(path))?;
                scan.receive(now(), &bytes[..count]);
            }
            scan.tick(now());
            while let Some(order) = scan.poll() {
                match order {
                    Order::SetBaud(baud) => {
                        progress.next(baud, scan.found());
                        match port.set_baud(baud) {
                            Err(PortError::Speed { reason, .. }) if self.baud.is_none() => {
                                progress.say(&format!("passed over, the port can't be set to it ({reason})"));
                                scan.skip(now());
                            }
                            set => set?,
                        }
                    }
                    Order::Transmit(bytes) => port.write(&bytes).with_context(|| lost(path))?,
                    Order::AsksEachId => progress.say("answers are garbled, asking each id …"),
                }
            }
        }
        progress.end(scan.found());
        Ok(scan.found().to_vec())
    }
}

/// What has been told of the speed that is looked at.
#[derive(Default)]
struct Progress {
    baud: Option<u32>,
    found_before: usize,
    told: bool,
}

impl Progress {
    fn next(&mut self, baud: u32, found: &[Found]) {
        self.end(found);
        *self = Self {
            baud: Some(baud),
            found_before: found.len(),
            told: false,
        };
        eprint!("{baud:>8} bit/s: ");
    }

    fn say(&mut self, text: &str) {
        eprint!("{text} ");
        self.told = true;
    }

    fn end(&mut self, found: &[Found]) {
        if self.baud.take().is_some() {
            match found.len() - self.found_before {
                0 if self.told => eprintln!(),
                0 => eprintln!("nobody"),
                1 => eprintln!("1 id"),
                count => eprintln!("{count} ids"),
            }
        }
    }
}

fn lost(path: &Path) -> String {
    format!("port {}: was lost: was it unplugged?", path.display())
}

fn list_ports() -> Result<ExitCode> {
    let ports = serial_ports().context("the serial ports of this machine can't be listed")?;
    let Some(first) = ports.first() else {
        bail!("this machine has no serial port: is the adapter plugged in?");
    };
    for port in &ports {
        println!("{}", port.display());
    }
    eprintln!(
        "`servomesh scan {}` lists the servos on the first.",
        first.display()
    );
    Ok(ExitCode::SUCCESS)
}
