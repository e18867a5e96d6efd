//! CAN over a serial port, as the adapters of Lawicel (CAN232, CANUSB) and CANable do it: lines of text that end with a carriage return.
//!
//! A request that is obeyed is answered by an empty line, or by `z` and `Z` after a frame that was sent; one that is not by a bell.
//!
//! **Invariant:** memory is bounded: a line longer than any that means something is dropped and counted, the next one is read.
//!
//! Sources: Lawicel CANUSB manual, version 1.0D; what `python-can` 4.6.1 sends and takes (`interfaces/slcan.py`).

use super::frame::{Frame, Id};

/// The longest line, with its end: an extended frame of 8 bytes with the time \[bytes\].
pub const MAX_LINE: usize = 1 + 8 + 1 + 16 + 4 + 1;

/// Ends a line.
pub const END: u8 = b'\r';

/// Says no, and is a line of its own.
pub const BELL: u8 = 0x07;

/// Bit rates by the number in the request `S` \[bit/s\].
pub const BIT_RATES: [u32; 9] = [
    10_000, 20_000, 50_000, 100_000, 125_000, 250_000, 500_000, 800_000, 1_000_000,
];

/// What a computer asks of the adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Sets the bit rate, an index into [`BIT_RATES`].
    BitRate(u8),
    /// Sets the bit timing registers BTR0 and BTR1 of an SJA1000 at 16 MHz.
    BitTiming(u8, u8),
    /// Joins the bus.
    Open,
    /// Joins the bus to listen only: not even acknowledging.
    Listen,
    /// Leaves the bus.
    Close,
    /// Sends a frame.
    Send(Frame),
    /// Asks for [`Answer::Flags`].
    Flags,
    /// Asks for [`Answer::Version`].
    Version,
    /// Asks for [`Answer::Serial`].
    Serial,
    /// Switches the time in frames on or off.
    Times(bool),
    /// The SJA1000's acceptance code.
    Code(u32),
    /// The SJA1000's acceptance mask.
    Mask(u32),
    /// Nothing: an empty line, which some send to clear what was begun.
    Nothing,
}

/// What the adapter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request was obeyed.
    Done,
    /// The frame was taken; whether it has 29 bits of identifier.
    Sent {
        /// Whether it was an extended frame.
        extended: bool,
    },
    /// The request was not obeyed.
    Refused,
    /// A frame from the bus, with the time since the last minute \[ms\] if that is switched on.
    Received(Frame, Option<u16>),
    /// What is wrong: bit 0 input full, 1 output full, 2 error warning, 3 data overrun, 5 error passive, 6 arbitration lost, 7 bus error.
    Flags(u8),
    /// Versions of hardware and software, two digits each.
    Version([u8; 4]),
    /// The serial number, four characters.
    Serial([u8; 4]),
}

impl Request {
    /// Writes its line, end included, and returns it; `None` if it has more than the buffer, or the bit rate's index is too high.
    pub fn encode<'b>(&self, into: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut line = Writer { into, used: 0 };
        match self {
            Self::BitRate(index) if usize::from(*index) >= BIT_RATES.len() => return None,
            Self::BitRate(index) => line.put(b'S')?.hex(u32::from(*index), 1)?,
            Self::BitTiming(first, second) => line
                .put(b's')?
                .hex(u32::from(*first), 2)?
                .hex(u32::from(*second), 2)?,
            Self::Open => line.put(b'O')?,
            Self::Listen => line.put(b'L')?,
            Self::Close => line.put(b'C')?,
            Self::Send(frame) => line.frame(frame)?,
            Self::Flags => line.put(b'F')?,
            Self::Version => line.put(b'V')?,
            Self::Serial => line.put(b'N')?,
            Self::Times(on) => line.put(b'Z')?.hex(u32::from(*on), 1)?,
            Self::Code(code) => line.put(b'M')?.hex(*code, 8)?,
            Self::Mask(mask) => line.put(b'm')?.hex(*mask, 8)?,
            Self::Nothing => &mut line,
        };
        line.put(END)?;
        let Writer { into, used } = line;
        Some(&into[..used])
    }

    /// Reads a line without its end; `None` if it is no request, which an adapter answers with [`Answer::Refused`].
    pub fn decode(line: &[u8]) -> Option<Self> {
        let Some((&kind, mut rest)) = line.split_first() else {
            return Some(Self::Nothing);
        };
        let rest = &mut rest;
        let read = match kind {
            b'S' => Self::BitRate(byte(rest, 1).filter(|&index| usize::from(index) < BIT_RATES.len())?),
            b's' => Self::BitTiming(byte(rest, 2)?, byte(rest, 2)?),
            b'O' => Self::Open,
            b'L' => Self::Listen,
            b'C' => Self::Close,
            b't' | b'T' | b'r' | b'R' => Self::Send(frame(kind, rest)?),
            b'F' => Self::Flags,
            b'V' => Self::Version,
            b'N' => Self::Serial,
            b'Z' => Self::Times(byte(rest, 1).filter(|&on| on < 2)? == 1),
            b'M' => Self::Code(hex(rest, 8)?),
            b'm' => Self::Mask(hex(rest, 8)?),
            _ => return None,
        };
        rest.is_empty().then_some(read)
    }
}

impl Answer {
    /// Writes its line, end included, and returns it; `None` if it has more than the buffer.
    pub fn encode<'b>(&self, into: &'b mut [u8]) -> Option<&'b [u8]> {
        let mut line = Writer { into, used: 0 };
        match self {
            Self::Done | Self::Refused => &mut line,
            Self::Sent { extended } => line.put(if *extended { b'Z' } else { b'z' })?,
            Self::Received(frame, None) => line.frame(frame)?,
            Self::Received(frame, Some(time)) => line.frame(frame)?.hex(u32::from(*time), 4)?,
            Self::Flags(flags) => line.put(b'F')?.hex(u32::from(*flags), 2)?,
            Self::Version(text) => line.put(b'V')?.text(text)?,
            Self::Serial(text) => line.put(b'N')?.text(text)?,
        };
        line.put(if *self == Self::Refused { BELL } else { END })?;
        let Writer { into, used } = line;
        Some(&into[..used])
    }

    /// Reads a line as [`Lines`] gives it; `None` if no adapter says that.
    pub fn decode(line: Line<'_>) -> Option<Self> {
        let Line::Text(text) = line else {
            return Some(Self::Refused);
        };
        let Some((&kind, mut rest)) = text.split_first() else {
            return Some(Self::Done);
        };
        let rest = &mut rest;
        let read = match kind {
            b'z' => Self::Sent { extended: false },
            b'Z' => Self::Sent { extended: true },
            b't' | b'T' | b'r' | b'R' => {
                let frame = frame(kind, rest)?;
                let time = if rest.is_empty() {
                    None
                } else {
                    Some(hex(rest, 4)?)
                };
                Self::Received(frame, time.and_then(|time| u16::try_from(time).ok()))
            }
            b'F' => Self::Flags(byte(rest, 2)?),
            b'V' => Self::Version(four(rest)?),
            b'N' => Self::Serial(four(rest)?),
            _ => return None,
        };
        rest.is_empty().then_some(read)
    }
}

/// What ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A line, without its end.
    Text(&'a [u8]),
    /// A bell; what stood before it is dropped.
    Bell,
}

/// Lines out of a stream of bytes.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    buffer: [u8; MAX_LINE],
    used: usize,
    overlong: bool,
    dropped: u64,
}

impl Lines {
    /// Takes bytes off the front of `input` until a line ends; `None` once all are taken. Line feeds are ignored.
    pub fn next(&mut self, input: &mut &[u8]) -> Option<Line<'_>> {
        while let Some((&byte, rest)) = input.split_first() {
            *input = rest;
            match byte {
                END | BELL => {
                    let (length, overlong) = (self.used, self.overlong);
                    (self.used, self.overlong) = (0, false);
                    if byte == BELL {
                        self.dropped += length as u64;
                        return Some(Line::Bell);
                    }
                    if !overlong {
                        return Some(Line::Text(&self.buffer[..length]));
                    }
                }
                b'\n' => {}
                _ if self.overlong => self.dropped += 1,
                _ if self.used == MAX_LINE - 1 => {
                    self.dropped += self.used as u64 + 1;
                    (self.used, self.overlong) = (0, true);
                }
                _ => {
                    self.buffer[self.used] = byte;
                    self.used += 1;
                }
            }
        }
        None
    }

    /// Bytes so far that stood in no line, or in one too long to mean anything.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn frame(kind: u8, rest: &mut &[u8]) -> Option<Frame> {
    let id = if kind.is_ascii_uppercase() {
        Id::extended(hex(rest, 8)?)?
    } else {
        Id::standard(u16::try_from(hex(rest, 3)?).ok()?)?
    };
    let length = byte(rest, 1)?;
    if kind.eq_ignore_ascii_case(&b'r') {
        return Frame::remote(id, length);
    }
    let mut data = [0; 8];
    let data = data.get_mut(..usize::from(length))?;
    for place in data.iter_mut() {
        *place = byte(rest, 2)?;
    }
    Frame::data(id, data)
}

/// So many hexadecimal digits off the front, at most 8.
fn hex(rest: &mut &[u8], digits: usize) -> Option<u32> {
    let (text, behind) = rest.split_at_checked(digits)?;
    *rest = behind;
    text.iter().try_fold(0, |number: u32, &digit| {
        Some(number << 4 | char::from(digit).to_digit(16)?)
    })
}

/// One or two hexadecimal digits off the front.
fn byte(rest: &mut &[u8], digits: usize) -> Option<u8> {
    hex(rest, digits).and_then(|number| u8::try_from(number).ok())
}

fn four(rest: &mut &[u8]) -> Option<[u8; 4]> {
    let (text, behind) = rest.split_first_chunk()?;
    *rest = behind;
    text.iter().all(u8::is_ascii_graphic).then_some(*text)
}

/// A line that is being written.
struct Writer<'b> {
    into: &'b mut [u8],
    used: usize,
}

impl Writer<'_> {
    fn put(&mut self, byte: u8) -> Option<&mut Self> {
        *self.into.get_mut(self.used)? = byte;
        self.used += 1;
        Some(self)
    }

    fn text(&mut self, text: &[u8]) -> Option<&mut Self> {
        text.iter().try_fold(self, |line, &byte| line.put(byte))
    }

    fn hex(&mut self, number: u32, digits: u32) -> Option<&mut Self> {
        (0..digits).rev().try_fold(self, |line, place| {
            line.put(b"0123456789ABCDEF"[(number >> (4 * place) & 0xF) as usize])
        })
    }

    fn frame(&mut self, frame: &Frame) -> Option<&mut Self> {
        let kind = if frame.is_remote() { b'r' } else { b't' };
        let line = if frame.id().is_extended() {
            self.put(kind.to_ascii_uppercase())?.hex(frame.id().number(), 8)?
        } else {
            self.put(kind)?.hex(frame.id().number(), 3)?
        };
        let line = line.hex(u32::from(frame.length()), 1)?;
        frame
            .bytes()
            .iter()
            .try_fold(line, |line, &byte| line.hex(u32::from(byte), 2))
    }
}
