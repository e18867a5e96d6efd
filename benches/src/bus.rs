//! Claim: a bus of six DYNAMIXEL servos at 1 Mbit/s is cycled at 85 % or more of what the wire allows.
//!
//! The driver's thread runs the desk arm's core and link on one end of a pseudo-terminal, simulated servos answer at the other at the times that their bytes take
//! at that speed. A cycle is a fast sync read, the joined reply and a sync write. The peer is the wire: what these bytes take one after the other. Ours is the
//! time for each cycle in which every servo's reply was there in time, at the fastest of several rates: a cycle with a reply missing counts as none.

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, anyhow};
use servomesh_devices::{BusFile, Rig, Server};
use servomesh_driver::backends::dynamixel::{Dynamixel, Settings};
use servomesh_driver::backends::wires::BusSettings;
use servomesh_driver::coupling::Coupling;
use servomesh_driver::io::{BusThread, Word};
use servomesh_driver::{Config, Driver, JointFiles, Output, Wanted};
use servomesh_robot::Model;
use servomesh_types::{Capabilities, GroupName, ServoState, Stamp};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const BAUD: u32 = 1_000_000;
/// Shares of what the wire allows that are tried.
const SHARES: [f64; 4] = [0.80, 0.86, 0.90, 0.94];
/// What is to be reached.
const GOAL: f64 = 1.0 / 0.85;
/// Longer than opening the servos takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Measures cycles at each rate.
///
/// # Errors
/// The port can't be opened, or the servos don't answer.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let wire_s = settings(500.0)?.1.busy_s();
    let end = Arc::new(AtomicBool::new(false));
    let (tell_port, port) = channel();
    let stop = Arc::clone(&end);
    let devices = std::thread::spawn(move || serve(&stop, &tell_port));
    let runs = port
        .recv()
        .map_err(|_| anyhow!("the devices did not open a port"))
        .and_then(|port| {
            SHARES
                .iter()
                .map(|share| run(&port, share / wire_s, effort))
                .collect::<Result<Vec<Run>>>()
        });
    end.store(true, Ordering::Relaxed);
    devices
        .join()
        .map_err(|_| anyhow!("the thread of the devices ended by itself"))??;
    let best = runs?
        .into_iter()
        .min_by(|a, b| a.cycle_us.total_cmp(&b.cycle_us))
        .context("no rate was tried")?;
    Ok(vec![Ratio {
        claim: format!("a cycle of 6 servos at 1 Mbit/s, set to {:.0} Hz", best.set_hz),
        unit: "µs",
        ours: best.cycle_us,
        peer_name: "the wire",
        peer: wire_s * 1e6,
        goal: GOAL,
        figures: BTreeMap::from([("bus: from one complete cycle to the next", best.figures)]),
        cores: BTreeMap::new(),
    }])
}

struct Run {
    set_hz: f64,
    /// Time for each complete cycle.
    cycle_us: f64,
    figures: Figures,
}

/// Opens the bus at a rate, and takes its states as they come.
fn run(port: &Path, rate_hz: f64, effort: Effort) -> Result<Run> {
    let (core, settings) = settings(rate_hz)?;
    let coupling = Coupling::new(core, Box::new(Dynamixel::new(settings)?));
    let (send, words) = channel();
    let bus = BusThread::start(coupling, port.to_owned(), BAUD, move |word| {
        let _ = send.send(word); // nobody listens any more at the end
    })?;
    let first = next_state(&words)?;
    let (mut complete, mut last, mut gaps) = (0_u64, first.tag.stamp, Vec::new());
    let mut newest = first.tag.stamp;
    for _ in 0..effort.rounds * effort.samples {
        let state = next_state(&words)?;
        newest = state.tag.stamp;
        if (0..state.position.len()).all(|joint| state.is_fresh(joint)) {
            complete += 1;
            gaps.push(Some(newest.since(last).as_nanos() as u64));
            last = newest;
        }
    }
    drop(bus);
    let elapsed_us = newest.seconds_from(first.tag.stamp) * 1e6;
    Ok(Run {
        set_hz: rate_hz,
        cycle_us: elapsed_us / complete as f64,
        figures: Figures::of_round(&gaps).context("no cycle was complete")?,
    })
}

fn next_state(words: &Receiver<Word>) -> Result<ServoState> {
    loop {
        match words.recv_timeout(PATIENCE) {
            Ok(Word::Output(Output::State(state))) => return Ok(state),
            Ok(_) => {}
            Err(_) => return Err(anyhow!("the servos did not answer within {PATIENCE:?}")),
        }
    }
}

/// The servos of the desk arm, until `end`.
fn serve(end: &AtomicBool, tell_port: &std::sync::mpsc::Sender<PathBuf>) -> Result<()> {
    let file = BusFile::read(robots().join("desk.devices.yaml"))?;
    let links = tempfile::tempdir()?;
    let mut server = Server::open(Rig::new(&file, Stamp::ZERO)?, Some(links.path()))?;
    tell_port.send(links.path().join("desk"))?;
    server.run(end, &mut std::io::sink())?;
    Ok(())
}

/// The core of the desk arm and the settings of its bus.
fn settings(rate_hz: f64) -> Result<(Driver, Settings)> {
    let read = |name: &str| std::fs::read_to_string(robots().join(name)).with_context(|| name.to_owned());
    let model = Model::from_urdf_str(&read("desk.urdf")?)?;
    let servos = read("desk.servos.yaml")?;
    let wanted = Wanted {
        name: GroupName::new("desk")?,
        joints: model.joints().iter().map(|joint| joint.name.clone()).collect(),
        rate_hz,
        capabilities: Capabilities::default(),
        backend: "dynamixel".to_owned(),
    };
    let files = JointFiles::parse(&servos, &read("desk.limits.yaml")?)?;
    let (mut params, dynamics) = files.driver(&model, wanted)?;
    let bus = BusSettings {
        baud: BAUD,
        watchdog: Duration::from_millis(100),
        latency: Duration::from_millis(1),
    };
    let settings = Settings::of_file(&servos, bus, &mut params)?;
    Ok((Driver::new(Config::new(params)?, Some(dynamics)), settings))
}

fn robots() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../launch/robots")
}
