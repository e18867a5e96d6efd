//! A scan of a bus in virtual time: who is found at which speed, and who shares an id.

mod assign;
mod dynamixel;
mod feetech;

use std::collections::BTreeSet;
use std::time::Duration;

use servomesh_devices::{Bus, Wire as _};
use servomesh_driver::backends::scan::{Found, LATENCY, Language, Order, Scan, Who};
use servomesh_types::Stamp;

const BAUD: u32 = 1_000_000;

/// What a scan found, and what it ordered besides bytes.
struct Scanned<I> {
    found: Vec<Found<I>>,
    speeds: Vec<u32>,
    /// What was sent.
    sent: BTreeSet<Vec<u8>>,
    asked_each: usize,
    took: Duration,
}

/// What an adapter has to do with bytes.
enum Passing {
    /// It was given them to be sent.
    Out(Vec<u8>),
    /// They came from the line.
    In(Vec<u8>),
}

/// Runs a scan to its end; speeds above `fastest` can't be set.
fn scan<L: Language>(bus: &mut Bus, speeds: &[u32], fastest: u32) -> Scanned<L::Identity> {
    scan_with::<L>(bus, speeds, fastest, |passing| match passing {
        Passing::Out(_) => Vec::new(),
        Passing::In(bytes) => bytes,
    })
}

/// The same through an adapter that says what it hands over when bytes pass.
fn scan_with<L: Language>(
    bus: &mut Bus,
    speeds: &[u32],
    fastest: u32,
    mut adapter: impl FnMut(Passing) -> Vec<u8>,
) -> Scanned<L::Identity> {
    let begin = Stamp::from_millis(5);
    bus.advance_to(begin);
    let mut now = begin;
    let mut scan = Scan::<L>::new(speeds.iter().copied(), LATENCY);
    let (mut tried, mut sent, mut asked_each) = (Vec::new(), BTreeSet::new(), 0);
    while !scan.is_done() {
        let due = scan
            .deadline()
            .expect("a scan that is not done waits for something");
        now = due.max(now).min(bus.next_event().max(now));
        bus.advance_to(now);
        while let Some((at, bytes)) = bus.read() {
            scan.receive(at, &adapter(Passing::In(bytes)));
        }
        scan.tick(now);
        while let Some(order) = scan.poll() {
            match order {
                Order::SetBaud(baud) if baud > fastest => scan.skip(now),
                Order::SetBaud(baud) => {
                    tried.push(baud);
                    bus.set_baud(baud);
                }
                Order::Transmit(bytes) => {
                    bus.write(now, &bytes);
                    sent.insert(bytes.clone());
                    scan.receive(now, &adapter(Passing::Out(bytes)));
                }
                Order::AsksEachId => asked_each += 1,
            }
        }
    }
    Scanned {
        found: scan.found().to_vec(),
        speeds: tried,
        sent,
        asked_each,
        took: now.since(begin),
    }
}

fn ids<I: PartialEq>(found: &[Found<I>]) -> Vec<(u32, u8, bool)> {
    let entry = |found: &Found<I>| (found.baud, found.id, found.who == Who::Clash);
    found.iter().map(entry).collect()
}
