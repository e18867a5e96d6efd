//! The codec of `fieldbus`, with a buffer in place of the port's output and a stream at its input.

use super::{Exchange, GOAL, SERVOS, STATE, STATES, State, first, ids};
use anyhow::{Context, Result, ensure};
use servomesh_fieldbus::dynamixel::{Id, Instruction, MAX_PACKET, Received, Replies, Stream, fast, group};
use std::hint::black_box;
use std::time::Instant;

pub(super) struct Ours {
    sent: [u8; MAX_PACKET],
    stream: Stream,
}

impl Ours {
    pub(super) fn new() -> Self {
        Self {
            sent: [0; MAX_PACKET],
            stream: Stream::new(),
        }
    }

    /// All bytes that are sent and all data that are understood, summed up.
    pub(super) fn sum(&mut self, exchange: Exchange, states: &[State]) -> Result<u64> {
        let mut sum = 0;
        let mut add = |bytes: &[u8]| sum += bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
        for state in states {
            let sent = self.run(exchange, state, |_, data| add(data))?;
            add(&self.sent[..sent]);
        }
        Ok(sum)
    }

    /// Nanoseconds of that many batches.
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    pub(super) fn times(
        &mut self,
        exchange: Exchange,
        states: &[State],
        batches: usize,
    ) -> Result<Vec<Option<u64>>> {
        ensure!(states.len() == STATES, "{} states", states.len());
        let mut times = Vec::with_capacity(batches);
        for _ in 0..batches {
            let start = Instant::now();
            for state in states {
                let sent = self.run(exchange, black_box(state), |id, data| {
                    black_box((id, data));
                })?;
                black_box(&self.sent[..sent]);
            }
            times.push(u64::try_from(start.elapsed().as_nanos()).ok());
        }
        Ok(times)
    }

    /// Makes the request and reads the answer; returns the length of the request.
    #[inline]
    fn run(&mut self, exchange: Exchange, state: &State, mut data: impl FnMut(Id, &[u8])) -> Result<usize> {
        match exchange {
            Exchange::Write => {
                let blocks = ids().zip(&state.goals);
                Ok(group::sync_write(&mut self.sent, GOAL.0, GOAL.1, blocks)?)
            }
            Exchange::FastRead => {
                let sent = group::sync_read(&mut self.sent, Replies::Joined, STATE.0, STATE.1, ids())?;
                self.stream.expect(fast::length([STATE.1; SERVOS]));
                let Some(Received::Fast(reply)) = self.stream.read(&mut &state.joined[..]) else {
                    anyhow::bail!("the joined answer is none");
                };
                let mut blocks = 0;
                for block in reply.blocks(|_| Some(STATE.1)) {
                    blocks += 1;
                    data(block.id, block.data);
                }
                ensure!(blocks == SERVOS, "{blocks} blocks");
                Ok(sent)
            }
            Exchange::Read => {
                let (address, length) = STATE;
                let sent = Instruction::Read { address, length }.encode(first(), &mut self.sent)?;
                let Some(Received::Packet(packet)) = self.stream.read(&mut &state.single[..]) else {
                    anyhow::bail!("the answer is none");
                };
                let status = packet.status().context("the answer is no status")?;
                ensure!(status.error.number.is_none(), "{:?}", status.error);
                data(status.id, status.parameters);
                Ok(sent)
            }
        }
    }
}
