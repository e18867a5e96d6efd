//! The program `devices`: a pseudo-terminal, or a CAN interface of the kernel, for each bus of a file, with servos at the other end.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Context as _;
use clap::Parser;
use servomesh_devices::{BusFile, Rig, Server};
use servomesh_types::Stamp;

/// Opens a pseudo-terminal, or a CAN interface of the kernel, for each bus of a file, and answers there as the servos that the file names would.
///
/// Prints a line for each bus, `NAME: PORT (DEVICES)`, and then `ready`. Any program that talks to servos over a serial port can open PORT; the speed
/// that it sets counts, as do the times that bytes take at that speed. The devices' motors are simulated, in real time.
///
/// Ctrl-C ends it. Exit code: 0 after Ctrl-C or SIGTERM, 1 if a file can't be used or a port can't be opened.
#[derive(Parser)]
#[command(name = "devices", version)]
#[command(
    after_help = "Lines of standard input say what shall go wrong; each is answered with `ok` or `error: …`:
  arm unplug                          the master's port hangs up
  arm plug                            … and is back, under the same link if there is one
  arm faults master lost=0.01         1 % of the answers are lost (also late=, late_s=, truncated=, corrupted=, duplicated=)
  arm faults devices corrupted=0.1    a tenth of what the master writes has a wrong bit
  arm 3 reboot                        device 3 starts anew
  arm all power off                   all devices without power; then `power on`
  arm 3 heat 85                       its thermometer reads 85 °C; then `heat none`
  arm 3 supply 6.5                    its supply reads 6.5 V; then `supply none`
  arm 3 id 7                          its id is 7
  truth                               where the machine's joints really are

Examples:
  devices robot.buses.yaml
  devices robot.buses.yaml --links /tmp/robot     ports as /tmp/robot/<bus>"
)]
struct Arguments {
    /// Which buses there are, with which devices; `sim/devices/README.md` describes it.
    #[arg(value_name = "FILE.yaml")]
    file: PathBuf,
    /// Folder for a link to each port, named like its bus. It is made if it is not there.
    #[arg(long, value_name = "DIR")]
    links: Option<PathBuf>,
    /// Build everything, open nothing.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("devices: error: {}", in_words(&error));
            ExitCode::FAILURE
        }
    }
}

/// An error with its causes, each once: some say their cause themselves.
fn in_words(error: &anyhow::Error) -> String {
    let mut words = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !words.contains(&cause) {
            words = format!("{words}: {cause}");
        }
    }
    words
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = BusFile::read(&arguments.file)?;
    let rig = Rig::new(&file, Stamp::ZERO).with_context(|| arguments.file.display().to_string())?;
    if arguments.check {
        return Ok(());
    }
    let end = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&end)).context("signals")?;
    }
    let mut server = Server::open(rig, arguments.links.as_deref())?;
    let mut out = io::stdout();
    writeln!(out, "{}ready", server.ports()).context("standard output")?;
    out.flush().context("standard output")?;
    server.run(&end, &mut out)?;
    Ok(())
}
