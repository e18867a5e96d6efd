//! Claims: packets of a DYNAMIXEL bus cost a tenth of what they cost ROBOTIS' SDK for Python, and no more than the crate rustypot takes.
//!
//! What a master of six servos does: goals for all in one packet (a sync write, 44 bytes), the states of all in one answer (a fast sync read, 20
//! and 92 bytes), the state of one (a read, 14 and 21 bytes). Both ends of a packet are timed together, as the peers have them: the request is
//! made, the answer is read. Nobody has a port: bytes are handed over in memory, and that is in each one's time.
//!
//! Everybody goes through the same 64 states, in batches, in turns. The sums of all bytes that were sent and of all data that were understood
//! must be the same. No data need stuffing, which the SDK for Python does not get right.
//!
//! **Invariant:** every request is made anew from its ids, addresses and data; nobody keeps a packet from one time to the next.

mod ours;
mod peers;

use crate::draw::Draw;
use crate::ratio::{Effort, Ratio};
use crate::stats::Figures;
use anyhow::{Context, Result, ensure};
use ours::Ours;
use peers::Peers;
use servomesh_fieldbus::dynamixel::{FastBlock, FastWriter, Id, MAX_PACKET, Status, StatusError, fast};
use std::collections::BTreeMap;

/// Most that ours may take of the SDK's for Python.
const SDK_GOAL: f64 = 0.1;
/// Most that ours may take of rustypot's.
const RUSTYPOT_GOAL: f64 = 1.0;
/// How many states there are; a batch goes through all of them once.
const STATES: usize = 64;
/// The SDK for Python takes milliseconds for a batch: so many samples are one of its batches.
const SAMPLES_PER_SDK_BATCH: usize = 50;
const SERVOS: usize = 6;
/// Goal Position of the X series, and its bytes.
const GOAL: (u16, u16) = (116, 4);
/// Present Current, Velocity and Position of the X series, and their bytes.
const STATE: (u16, u16) = (126, 10);

/// What is timed.
#[derive(Clone, Copy)]
enum Exchange {
    Write,
    FastRead,
    Read,
}

struct Task {
    exchange: Exchange,
    /// As the peers' programs know it.
    name: &'static str,
    claims: [&'static str; 2],
    /// Names under which the figures are printed: ours, the SDK's, rustypot's.
    figures: [&'static str; 3],
}

macro_rules! tasks {
    ($($exchange:ident, $name:literal, $what:literal;)*) => {
        [$(Task {
            exchange: Exchange::$exchange,
            name: $name,
            claims: [concat!($what, ", SDK in Python"), concat!($what, ", rustypot")],
            figures: [concat!($what, ": ours"), concat!($what, ": SDK in Python"), concat!($what, ": rustypot")],
        }),*]
    };
}

const TASKS: [Task; 3] = tasks! {
    Write, "write", "dynamixel: goals of six";
    FastRead, "fast_read", "dynamixel: states of six, joined";
    Read, "read", "dynamixel: state of one";
};

/// Times all exchanges in turns with both peers.
///
/// # Errors
/// If a peer can't be installed or built, or does not send and understand what ours does.
pub fn measure(effort: Effort) -> Result<Vec<Ratio>> {
    let states: Vec<State> = {
        let mut draws = Draw(6);
        (0..STATES)
            .map(|_| State::draw(&mut draws))
            .collect::<Result<_>>()?
    };
    let peers = Peers::new(&states)?;
    let mut ratios = Vec::new();
    for task in &TASKS {
        ratios.extend(task.measure(&states, &peers, effort).with_context(|| task.name)?);
    }
    Ok(ratios)
}

impl Task {
    fn measure(&self, states: &[State], peers: &Peers, effort: Effort) -> Result<Vec<Ratio>> {
        let mut ours = Ours::new();
        let our_sum = ours.sum(self.exchange, states)?;
        let sdk_batches = effort.samples.div_ceil(SAMPLES_PER_SDK_BATCH);
        let mut rounds = [const { Vec::new() }; 3];
        for _ in 0..effort.rounds {
            let sdk = peers.sdk(self.name, sdk_batches)?;
            let rustypot = peers.rustypot(self.name, effort.samples)?;
            for (peer, answer) in [("the SDK", &sdk), ("rustypot", &rustypot)] {
                let same = (answer.sum - our_sum as f64).abs() < 0.5;
                ensure!(same, "{peer}: bytes sum up to {}, ours to {our_sum}", answer.sum);
            }
            let times = ours.times(self.exchange, states, effort.samples)?;
            for (rounds, times) in rounds.iter_mut().zip([&times, &sdk.times, &rustypot.times]) {
                let figures = Figures::of_round(times).context("no batch was timed")?;
                rounds.push(figures.part(STATES as f64));
            }
        }
        let figures = |at: usize| Figures::of_rounds(&rounds[at]).context("there are no rounds");
        let all = [figures(0)?, figures(1)?, figures(2)?];
        let against = |at: usize, peer_name, goal| Ratio {
            claim: self.claims[at - 1].to_owned(),
            unit: "ns",
            ours: all[0].p50_us * 1e3,
            peer_name,
            peer: all[at].p50_us * 1e3,
            goal,
            figures: [0, at].map(|at| (self.figures[at], all[at].clone())).into(),
            cores: BTreeMap::new(),
        };
        Ok(vec![
            against(1, "dynamixel-sdk for Python", SDK_GOAL),
            against(2, "rustypot", RUSTYPOT_GOAL),
        ])
    }
}

/// What is written once, and what the servos answer.
struct State {
    goals: [[u8; GOAL.1 as usize]; SERVOS],
    joined: Vec<u8>,
    single: Vec<u8>,
}

impl State {
    fn draw(draws: &mut Draw) -> Result<Self> {
        // Without FF no header stands in the data.
        let mut byte = || (draws.unit() * 255.0) as u8;
        let goals = std::array::from_fn(|_| std::array::from_fn(|_| byte()));
        let data: [[u8; STATE.1 as usize]; SERVOS] = std::array::from_fn(|_| std::array::from_fn(|_| byte()));
        let mut buffer = [0; MAX_PACKET];
        let length = fast::length([STATE.1; SERVOS]).context("six blocks are short enough")?;
        let mut writer = FastWriter::new(&mut buffer, length)?;
        for (id, data) in ids().zip(&data) {
            writer.block(FastBlock {
                id,
                error: StatusError::NONE,
                data,
            })?;
        }
        let written = writer.written();
        let joined = buffer[..written].to_vec();
        let status = Status {
            id: first(),
            error: StatusError::NONE,
            parameters: &data[0],
        };
        let written = status.encode(&mut buffer)?;
        let single = buffer[..written].to_vec();
        Ok(Self {
            goals,
            joined,
            single,
        })
    }
}

fn ids() -> impl Iterator<Item = Id> {
    (1..=SERVOS as u8).filter_map(Id::device)
}

fn first() -> Id {
    Id::device(1).expect("1 is a device's")
}
