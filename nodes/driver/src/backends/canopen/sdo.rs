//! One object of a drive after the other, with a time in which its answer has to come.

use servomesh_fieldbus::canopen::sdo::{Abort, Address, Client, SdoError, Way};
use servomesh_types::Stamp;
use std::time::Duration;

/// A transfer's frame.
pub(super) type Frame = [u8; 8];

/// A number, as it travels: its lowest bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) bits: u32,
    pub(super) bytes: u8,
}

impl Value {
    pub(super) const fn u8(bits: u8) -> Self {
        Self {
            bits: bits as u32,
            bytes: 1,
        }
    }

    pub(super) const fn u16(bits: u16) -> Self {
        Self {
            bits: bits as u32,
            bytes: 2,
        }
    }

    pub(super) const fn u32(bits: u32) -> Self {
        Self { bits, bytes: 4 }
    }
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// This was read, or nothing for what was written.
    Done(Value),
    /// The drive refuses.
    Refused(Abort),
    /// What came was no answer to what was asked.
    Garbled,
    /// Nothing came.
    Missing,
}

/// The transfers with one drive.
#[derive(Debug)]
pub(super) struct Sdo {
    client: Client<8>,
    patience: Duration,
    /// A request waits to be sent.
    waiting: bool,
    missing: Option<Stamp>,
    /// Answers that came while nothing was asked.
    unasked: u32,
}

impl Sdo {
    /// Nothing asked yet; an answer is missing after `patience`.
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            client: Client::new(),
            patience,
            waiting: false,
            missing: None,
            unasked: 0,
        }
    }

    /// Whether something is asked that has no outcome yet.
    pub(super) fn is_busy(&self) -> bool {
        self.client.is_busy()
    }

    /// Whether a request waits to be sent.
    pub(super) fn has_request(&self) -> bool {
        self.waiting
    }

    /// Asks for an object. Nothing may be under way.
    pub(super) fn read(&mut self, address: Address) {
        self.waiting = self.client.upload(address, Way::Segments).is_ok();
        self.unasked = 0;
    }

    /// Writes an object. Nothing may be under way.
    pub(super) fn write(&mut self, address: Address, value: Value) {
        let bytes = value.bits.to_le_bytes();
        let data = &bytes[..usize::from(value.bytes).min(bytes.len())];
        self.waiting = self.client.download(address, data, Way::Segments).is_ok();
        self.unasked = 0;
    }

    /// The frame to send, if one waits.
    pub(super) fn request(&mut self, now: Stamp) -> Option<Frame> {
        self.waiting = false;
        let request = self.client.poll()?;
        self.missing = self.client.is_busy().then(|| now + self.patience);
        Some(request)
    }

    /// Takes a frame from the drive; how the transfer ended, if it did.
    pub(super) fn handle(&mut self, frame: &Frame) -> Option<Outcome> {
        if !self.client.is_busy() || self.waiting {
            self.unasked += 1;
            return None;
        }
        self.client.handle(frame);
        // Anything longer than a number goes on in segments.
        self.waiting = self.client.is_busy();
        self.outcome()
    }

    /// When the answer is missing.
    pub(super) fn deadline(&self) -> Option<Stamp> {
        self.missing
    }

    /// Gives up what has not been answered in time.
    pub(super) fn tick(&mut self, now: Stamp) -> Option<Outcome> {
        if self.missing.is_none_or(|missing| now < missing) {
            return None;
        }
        self.client.expire();
        self.waiting = true; // it is told
        self.outcome()
    }

    /// Forgets what was asked.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.patience);
    }

    /// Answers since the last request that nobody asked for.
    pub(super) fn unasked(&self) -> u32 {
        self.unasked
    }

    fn outcome(&mut self) -> Option<Outcome> {
        let outcome = match self.client.outcome()? {
            Ok(data) => {
                let mut bytes = [0; 4];
                let length = data.len().min(bytes.len());
                bytes[..length].copy_from_slice(&data[..length]);
                Outcome::Done(Value {
                    bits: u32::from_le_bytes(bytes),
                    bytes: length as u8,
                })
            }
            Err(SdoError::Server(_, abort)) => Outcome::Refused(abort),
            Err(SdoError::Client(_, Abort::TimedOut)) => Outcome::Missing,
            Err(SdoError::Client(..)) => Outcome::Garbled,
        };
        self.missing = None;
        Some(outcome)
    }
}

impl Value {
    /// It as a number with a sign.
    pub(super) fn signed(self) -> f64 {
        let unused = 32_u32.saturating_sub(8 * u32::from(self.bytes));
        let number = if unused >= 32 {
            0
        } else {
            (self.bits << unused).cast_signed() >> unused
        };
        f64::from(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_sign_of_its_length() {
        let signed = |bits, bytes| Value { bits, bytes }.signed();
        assert!((signed(0xFFFE, 2) + 2.0).abs() < 1e-12);
        assert!((signed(0xFFFE, 4) - 65_534.0).abs() < 1e-12);
        assert!((signed(0xFF, 1) + 1.0).abs() < 1e-12);
        assert!(signed(0, 0).abs() < 1e-12);
    }

    #[test]
    fn an_answer_that_nobody_asked_for_is_counted_and_changes_nothing() {
        let mut sdo = Sdo::new(Duration::from_millis(50));
        let answer = [0x43, 0x00, 0x10, 0x00, 0x92, 0x01, 0x02, 0x00];
        sdo.read(Address::new(0x1000, 0));
        let request = sdo.request(Stamp::from_millis(1)).expect("a request");
        assert_eq!(request, [0x40, 0x00, 0x10, 0x00, 0, 0, 0, 0]);
        let Some(Outcome::Done(value)) = sdo.handle(&answer) else {
            panic!("an answer");
        };
        assert_eq!((value.bits, value.bytes), (0x0002_0192, 4));
        assert_eq!(sdo.handle(&answer), None);
        assert_eq!(sdo.unasked(), 1);
    }

    #[test]
    fn what_is_not_answered_in_time_is_missing_once() {
        let mut sdo = Sdo::new(Duration::from_millis(50));
        sdo.write(Address::new(0x6040, 0), Value::u16(6));
        let asked = Stamp::from_millis(7);
        sdo.request(asked).expect("a request");
        assert_eq!(sdo.deadline(), Some(Stamp::from_millis(57)));
        assert_eq!(sdo.tick(Stamp::from_millis(56)), None);
        assert_eq!(sdo.tick(Stamp::from_millis(57)), Some(Outcome::Missing));
        assert_eq!(sdo.tick(Stamp::from_millis(58)), None);
        assert!(!sdo.is_busy());
    }
}
