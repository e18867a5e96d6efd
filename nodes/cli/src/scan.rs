//! The command `servomesh scan`: which servos are on a serial port.
//!
//! The table goes to standard output, progress and advice to standard error.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use servomesh_cli::servos::{self, Listed};
use servomesh_driver::backends::scan::{self, Found, LATENCY, Language, Order, Who};
use servomesh_driver::backends::{dynamixel, feetech};
use servomesh_driver::io::{Port, PortError, serial_ports};
use servomesh_types::Stamp;

/// List the servos on a serial port.
///
/// Asks at each usual speed who is there, and each servo that answers for its model, mode, torque, supply, temperature, position and hardware
/// errors. Tells ids that several servos have. Writes nothing to any servo. Takes about one second for each speed; ten more where
/// answers are garbled, as every id is asked then, and always for FEETECH's, of which some hear no ping of all. No driver may run on the port meanwhile.
///
/// Without PORT: lists the serial ports of this machine.
///
/// Exit code: 0 if all answered well, 1 if nobody answers, if answers clash, or if the port can't be used.
#[derive(Args)]
#[command(after_help = "Examples:
  servomesh scan                                  which serial ports there are
  servomesh scan /dev/ttyUSB0                     who is there, at whichever speed
  servomesh scan /dev/ttyUSB0 --baud 1000000      only at 1 Mbit/s
  servomesh scan /dev/ttyUSB0 --protocol feetech --baud 1000000")]
pub(crate) struct Scan {
    /// The serial port.
    #[arg(value_name = "PORT")]
    port: Option<PathBuf>,
    /// What the servos speak: DYNAMIXEL's Protocol 2.0, or FEETECH's (STS and SCS).
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Protocol::Dynamixel)]
    protocol: Protocol,
    /// Bits per second, instead of 57600, 115200, 1, 2, 3 and 4 million (DYNAMIXEL), or the eight that FEETECH's servos can.
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    baud: Option<u32>,
    /// Seconds to wait for an answer besides the time that its bytes take; more for ports behind a network.
    #[arg(long, value_name = "S", default_value_t = LATENCY.as_secs_f64())]
    latency: f64,
}

/// What servos on a serial port speak.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Protocol {
    /// Protocol 2.0 of DYNAMIXEL's.
    Dynamixel,
    /// FEETECH's.
    Feetech,
}

impl Scan {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let Some(path) = &self.port else {
            return list_ports();
        };
        match self.protocol {
            Protocol::Dynamixel => {
                self.list::<dynamixel::scan::Protocol2>(path, &dynamixel::scan::BAUD_RATES)
            }
            Protocol::Feetech => self.list::<feetech::scan::Scs>(path, &feetech::scan::BAUD_RATES),
        }
    }

    /// Lists who is found on the port at these speeds, unless another is asked for.
    fn list<L: Language<Identity: Listed>>(&self, path: &Path, usual: &[u32]) -> Result<ExitCode> {
        let latency = Duration::try_from_secs_f64(self.latency).context("--latency")?;
        let speeds = self.baud.map_or_else(|| usual.to_vec(), |baud| vec![baud]);
        let found = self.look::<L>(path, &speeds, latency)?;
        if found.is_empty() {
            bail!(
                "port {}: {}",
                path.display(),
                servos::nobody::<L::Identity>(&speeds)
            );
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

    /// Runs a scan on the port, and says how it goes.
    fn look<L: Language>(
        &self,
        path: &Path,
        speeds: &[u32],
        latency: Duration,
    ) -> Result<Vec<Found<L::Identity>>> {
        let first = speeds.first().context("no speed to look at")?;
        let mut port = Port::open(path, *first)?;
        #[expect(clippy::disallowed_methods, reason = "servos live in real time")]
        let began = Instant::now();
        let now = || Stamp::ZERO + began.elapsed();
        let mut scan = scan::Scan::<L>::new(speeds.iter().copied(), latency);
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
                        progress.next(baud, scan.found().len());
                        match port.set_baud(baud) {
                            Err(PortError::Speed { reason, .. }) if self.baud.is_none() => {
                                progress.say(&format!("passed over, the port can't be set to it ({reason})"));
                                scan.skip(now());
                            }
                            set => set?,
                        }
                    }
                    Order::Transmit(bytes) => port.write(&bytes).with_context(|| lost(path))?,
                    Order::AsksEachId => progress.say("asking each id …"),
                }
            }
        }
        progress.end(scan.found().len());
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
    fn next(&mut self, baud: u32, found: usize) {
        self.end(found);
        *self = Self {
            baud: Some(baud),
            found_before: found,
            told: false,
        };
        eprint!("{baud:>8} bit/s: ");
    }

    fn say(&mut self, text: &str) {
        eprint!("{text} ");
        self.told = true;
    }

    fn end(&mut self, found: usize) {
        if self.baud.take().is_some() {
            match found - self.found_before {
                0 if self.told => eprintln!(),
                0 => eprintln!("nobody"),
                1 => eprintln!("1 id"),
                count => eprintln!("{count} ids"),
            }
        }
    }
}

/// What became of a port that can't be used any more.
pub(crate) fn lost(path: &Path) -> String {
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
