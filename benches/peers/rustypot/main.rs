//! Times the packets of the crate rustypot: `rustypot_codec <states> write|fast_read|read <batches>`.
//!
//! Prints the sum of all bytes sent and all data understood, then a time in ns for each batch through all states. Its functions for packets are
//! private, so its handler is called, with a port that hands bytes over in memory and always has an empty input when a request is sent.

use rustypot::DynamixelProtocolHandler;
use serialport::{ClearBuffer, DataBits, Error, ErrorKind, FlowControl, Parity, SerialPort, StopBits};
use std::hint::black_box;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

const IDS: [u8; 6] = [1, 2, 3, 4, 5, 6];
const GOAL: (u8, usize) = (116, 4);
const STATE: (u8, u8) = (126, 10);

type Failure = Box<dyn std::error::Error>;

struct State {
    goals: Vec<Vec<u8>>,
    joined: Vec<u8>,
    single: Vec<u8>,
}

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let mut argument = |name: &str| arguments.next().ok_or(format!("no {name}"));
    let (file, exchange, batches) = (argument("states")?, argument("exchange")?, argument("batches")?);
    let states = std::fs::read_to_string(file)?
        .lines()
        .map(State::read)
        .collect::<Result<Vec<_>, _>>()?;
    let run: fn(&DynamixelProtocolHandler, &mut Port, &State) -> Result<Vec<Vec<u8>>, Failure> =
        match exchange.as_str() {
            "write" => |handler, port, state| {
                handler.sync_write(port, &IDS, GOAL.0, &state.goals)?;
                Ok(Vec::new())
            },
            "fast_read" => |handler, port, state| {
                port.answer(&state.joined);
                handler.fast_sync_read(port, &IDS, STATE.0, STATE.1)
            },
            "read" => |handler, port, state| {
                port.answer(&state.single);
                Ok(vec![handler.read(port, IDS[0], STATE.0, STATE.1)?])
            },
            other => return Err(format!("no exchange {other}").into()),
        };
    let (handler, mut port) = (DynamixelProtocolHandler::v2(), Port::default());
    let add = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let mut sum = 0;
    for state in &states {
        let understood = run(&handler, &mut port, state)?;
        sum += add(&port.sent) + understood.iter().map(|data| add(data)).sum::<u64>();
    }
    println!("{sum}");
    for _ in 0..batches.parse()? {
        let start = Instant::now();
        for state in &states {
            black_box(run(&handler, &mut port, black_box(state))?);
            black_box(&port.sent);
        }
        println!("{}", start.elapsed().as_nanos());
    }
    Ok(())
}

impl State {
    fn read(line: &str) -> Result<Self, Failure> {
        let words = line.split(' ').map(bytes).collect::<Result<Vec<_>, _>>()?;
        let [goals, joined, single] = <[Vec<u8>; 3]>::try_from(words).map_err(|_| "not three words")?;
        let goals = goals.chunks(GOAL.1).map(<[u8]>::to_vec).collect();
        Ok(Self {
            goals,
            joined,
            single,
        })
    }
}

fn bytes(word: &str) -> Result<Vec<u8>, Failure> {
    (0..word.len() / 2)
        .map(|at| Ok(u8::from_str_radix(&word[2 * at..2 * at + 2], 16)?))
        .collect()
}

/// Keeps what is sent, gives what is answered.
#[derive(Default)]
struct Port {
    sent: Vec<u8>,
    answer: Vec<u8>,
    given: usize,
}

impl Port {
    fn answer(&mut self, bytes: &[u8]) {
        self.answer.clear();
        self.answer.extend_from_slice(bytes);
        self.given = 0;
    }
}

impl Read for Port {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = (&self.answer[self.given..]).read(into)?;
        self.given += length;
        Ok(length)
    }
}

impl Write for Port {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.sent.clear();
        self.sent.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn none<T>() -> serialport::Result<T> {
    Err(Error::new(ErrorKind::InvalidInput, "this port is memory"))
}

#[rustfmt::skip]
impl SerialPort for Port {
    fn bytes_to_read(&self) -> serialport::Result<u32> { Ok(0) }
    fn bytes_to_write(&self) -> serialport::Result<u32> { Ok(0) }
    fn clear(&self, _: ClearBuffer) -> serialport::Result<()> { Ok(()) }
    fn timeout(&self) -> Duration { Duration::ZERO }
    fn set_timeout(&mut self, _: Duration) -> serialport::Result<()> { Ok(()) }
    fn name(&self) -> Option<String> { None }
    fn baud_rate(&self) -> serialport::Result<u32> { none() }
    fn data_bits(&self) -> serialport::Result<DataBits> { none() }
    fn flow_control(&self) -> serialport::Result<FlowControl> { none() }
    fn parity(&self) -> serialport::Result<Parity> { none() }
    fn stop_bits(&self) -> serialport::Result<StopBits> { none() }
    fn set_baud_rate(&mut self, _: u32) -> serialport::Result<()> { none() }
    fn set_data_bits(&mut self, _: DataBits) -> serialport::Result<()> { none() }
    fn set_flow_control(&mut self, _: FlowControl) -> serialport::Result<()> { none() }
    fn set_parity(&mut self, _: Parity) -> serialport::Result<()> { none() }
    fn set_stop_bits(&mut self, _: StopBits) -> serialport::Result<()> { none() }
    fn write_request_to_send(&mut self, _: bool) -> serialport::Result<()> { none() }
    fn write_data_terminal_ready(&mut self, _: bool) -> serialport::Result<()> { none() }
    fn read_clear_to_send(&mut self) -> serialport::Result<bool> { none() }
    fn read_data_set_ready(&mut self) -> serialport::Result<bool> { none() }
    fn read_ring_indicator(&mut self) -> serialport::Result<bool> { none() }
    fn read_carrier_detect(&mut self) -> serialport::Result<bool> { none() }
    fn try_clone(&self) -> serialport::Result<Box<dyn SerialPort>> { none() }
    fn set_break(&self) -> serialport::Result<()> { none() }
    fn clear_break(&self) -> serialport::Result<()> { none() }
}
