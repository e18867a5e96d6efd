//! Claim: a message of the mesh gets from one process to the next no slower than a bare rcl program in C gets it there.
//!
//! A ping at 1 kHz with 7 joints of position, velocity and effort; a hop is half of its round trip. Contestants take turns,
//! and each round starts with another one, so that a busy moment of the machine hits all alike:
//! - ours: r2r with the spin loop of our nodes and the transport of `launch/config/fastdds.xml`, and without that file,
//! - the peers: rcl in C with default settings, that is reliable, keep last 10; and with the quality of service of our streams,
//! - both again as control processes: real-time priority, all on one core,
//! - the floor: a bare UDP echo over loopback.

pub mod node;
mod pair;
mod peers;

use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use pair::Pair;
use std::collections::BTreeMap;
use std::path::Path;

const OURS: &str = "r2r, our transport";
const OURS_REAL_TIME: &str = "r2r, our transport, real time";
const OURS_DEFAULT: &str = "r2r, default transport";
const PEER: &str = "rcl in C, default transport";
const PEER_REAL_TIME: &str = "rcl in C, default transport, real time";
const PEER_DEFAULT: &str = "rcl in C, default transport and QoS";
const FLOOR: &str = "UDP echo";

/// Most that a hop of ours may take of the peer's.
const GOAL: f64 = 1.0;

/// Measures the hop; every contestant takes `effort.rounds` turns.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let workspace = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let transport = workspace.join("launch/config/fastdds.xml").canonicalize();
    let transport = transport.context("launch/config/fastdds.xml")?;
    let ourselves = std::env::current_exe().context("path of this program")?;
    let peers = peers::Peers::compile()?;
    let port = pair::free_port()?;

    let ours = || Pair::new(&ourselves, &["hop_ping"], &["hop_echo"]);
    let rcl = |qos| Pair::new(&peers.rcl, &["ping", qos], &["echo", qos]);
    let mut contestants = vec![
        (FLOOR, Pair::new(&peers.udp, &["ping", &port], &["echo", &port])),
        (PEER_DEFAULT, rcl("default")),
        (PEER, rcl("stream")),
        (OURS_DEFAULT, ours()),
        (OURS, ours().with_transport(&transport)),
    ];
    match pair::real_time_prefix() {
        Some(prefix) => contestants.extend([
            (PEER_REAL_TIME, rcl("stream").with_prefix(&prefix)),
            (
                OURS_REAL_TIME,
                ours().with_transport(&transport).with_prefix(&prefix),
            ),
        ]),
        None => {
            eprintln!("hop: no real-time priority for this user (or no chrt, taskset): measured without it")
        }
    }

    let figures = take_turns(&contestants, effort)?;
    let ratio = |claim: &str, ours: &str, peer, of: fn(&Figures) -> f64| {
        Some(Ratio {
            claim: claim.to_owned(),
            unit: "µs",
            ours: of(figures.get(ours)?),
            peer_name: peer,
            peer: of(figures.get(peer)?),
            goal: GOAL,
            figures: figures.clone(),
            cores: BTreeMap::new(),
        })
    };
    let p50 = |f: &Figures| f.p50_us;
    let p99 = |f: &Figures| f.p99_us;
    let all = [
        ratio("hop, against rcl by default, median", OURS, PEER_DEFAULT, p50),
        ratio("hop, against rcl by default, 99 of 100", OURS, PEER_DEFAULT, p99),
        ratio("hop, against rcl with our QoS, median", OURS, PEER, p50),
        ratio("hop, against rcl with our QoS, 99 of 100", OURS, PEER, p99),
        ratio(
            "hop, both in real time, median",
            OURS_REAL_TIME,
            PEER_REAL_TIME,
            p50,
        ),
        ratio(
            "hop, both in real time, 99 of 100",
            OURS_REAL_TIME,
            PEER_REAL_TIME,
            p99,
        ),
    ];
    Ok(all.into_iter().flatten().collect())
}

/// Figures of a hop of each contestant.
fn take_turns(
    contestants: &[(&'static str, Pair)],
    effort: Effort,
) -> Result<BTreeMap<&'static str, Figures>> {
    let mut rounds: BTreeMap<&'static str, Vec<Figures>> = BTreeMap::new();
    for round in 0..effort.rounds {
        for turn in 0..contestants.len() {
            let (name, pair) = &contestants[(round + turn) % contestants.len()];
            let samples = pair.run(effort.samples).context(*name)?;
            ensure!(
                samples.len() == effort.samples,
                "{name}: {} samples, not {}",
                samples.len(),
                effort.samples
            );
            let round_trip = Figures::of_round(&samples).with_context(|| format!("{name}: no answer"))?;
            rounds.entry(name).or_default().push(round_trip.part(2.0));
        }
    }
    let figures = rounds
        .iter()
        .map(|(name, rounds)| Ok((*name, Figures::of_rounds(rounds).context(*name)?)));
    figures.collect()
}
