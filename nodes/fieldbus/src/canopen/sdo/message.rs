//! The frames of a transfer, to bytes and back: those of a client ([`Request`]) and of a server ([`Response`]).
//!
//! The segments of a block ([`Segment`]) have no command in them: that one is meant follows from what was said before.
//!
//! **Invariant:** encode ∘ decode = identity.

use super::{Abort, Address};

/// An SDO frame's data.
pub type Frame = [u8; 8];

/// Bytes of data in a segment.
pub const SEGMENT: usize = 7;

/// Up to seven bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    bytes: [u8; SEGMENT],
    length: u8,
}

impl Piece {
    /// The first seven bytes of some, or all of them.
    pub fn of(data: &[u8]) -> Self {
        let length = data.len().min(SEGMENT);
        let mut bytes = [0; SEGMENT];
        bytes[..length].copy_from_slice(&data[..length]);
        Self {
            bytes,
            length: length as u8,
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }

    const fn unused(&self) -> u8 {
        SEGMENT as u8 - self.length
    }
}

/// How a transfer begins: with its data, or with their length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// At most four bytes; `sized` is false where four came, of which the object's own length counts.
    Expedited {
        /// The bytes, in the first `length`.
        bytes: [u8; 4],
        /// How many.
        length: u8,
        /// Whether the sender said how many.
        sized: bool,
    },
    /// In segments: how many bytes there will be, if that is known.
    Segmented(Option<u32>),
}

impl Content {
    /// The beginning of a transfer of these.
    pub fn of(data: &[u8]) -> Self {
        let length = data.len();
        if !(1..=4).contains(&length) {
            return Self::Segmented(u32::try_from(length).ok());
        }
        let mut bytes = [0; 4];
        bytes[..length].copy_from_slice(data);
        Self::Expedited {
            bytes,
            length: length as u8,
            sized: true,
        }
    }

    fn put(self, frame: &mut Frame) {
        match self {
            Self::Expedited { bytes, length, sized } => {
                frame[0] |= 2 | if sized { (4 - length) << 2 | 1 } else { 0 };
                frame[4..].copy_from_slice(&bytes);
            }
            Self::Segmented(Some(length)) => {
                frame[0] |= 1;
                frame[4..].copy_from_slice(&length.to_le_bytes());
            }
            Self::Segmented(None) => {}
        }
    }

    fn get(frame: &Frame) -> Self {
        let &[command, _, _, _, a, b, c, d] = frame;
        let mut bytes = [a, b, c, d];
        match (command & 2 != 0, command & 1 != 0) {
            (false, false) => Self::Segmented(None),
            (false, true) => Self::Segmented(Some(u32::from_le_bytes(bytes))),
            (true, sized) => {
                let length = if sized { 4 - (command >> 2 & 3) } else { 4 };
                bytes[usize::from(length)..].fill(0);
                Self::Expedited { bytes, length, sized }
            }
        }
    }
}

/// What a client says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Writes an object.
    Download(Address, Content),
    /// The next bytes of it.
    DownloadSegment {
        /// Changes from segment to segment, false in the first.
        toggle: bool,
        /// The bytes.
        piece: Piece,
        /// Whether these are the last.
        last: bool,
    },
    /// Reads an object.
    Upload(Address),
    /// Asks for its next bytes.
    UploadSegment {
        /// Changes from segment to segment, false in the first.
        toggle: bool,
    },
    /// Writes an object in blocks.
    BlockDownload {
        /// Which.
        address: Address,
        /// Whether the client can calculate a checksum.
        checksum: bool,
        /// How many bytes there will be, if that is known.
        length: Option<u32>,
    },
    /// All blocks were sent.
    BlockDownloadEnd {
        /// Bytes of the last segment that are none of the data's.
        unused: u8,
        /// The data's.
        checksum: u16,
    },
    /// Reads an object in blocks.
    BlockUpload {
        /// Which.
        address: Address,
        /// Whether the client can calculate a checksum.
        checksum: bool,
        /// Segments in a block, 1 to 127.
        size: u8,
        /// Up to so many bytes the server may switch to the other way; 0: it may not.
        threshold: u8,
    },
    /// Send the first block.
    BlockUploadStart,
    /// Confirms a block.
    BlockUploadAcknowledge {
        /// The last segment that came in order.
        sequence: u8,
        /// Segments in the next block, 1 to 127.
        size: u8,
    },
    /// All blocks have come.
    BlockUploadEnd,
    /// The transfer has ended early.
    Abort(Address, Abort),
}

/// What a server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// The object's beginning.
    Upload(Address, Content),
    /// Its next bytes.
    UploadSegment {
        /// That of the request.
        toggle: bool,
        /// The bytes.
        piece: Piece,
        /// Whether these are the last.
        last: bool,
    },
    /// The object can be, or is, written.
    Download(Address),
    /// The bytes have come.
    DownloadSegment {
        /// That of the request.
        toggle: bool,
    },
    /// The object can be written in blocks.
    BlockDownload {
        /// Which.
        address: Address,
        /// Whether the server can check a checksum.
        checksum: bool,
        /// Segments in a block, 1 to 127.
        size: u8,
    },
    /// Confirms a block.
    BlockDownloadAcknowledge {
        /// The last segment that came in order.
        sequence: u8,
        /// Segments in the next block, 1 to 127.
        size: u8,
    },
    /// The object is written.
    BlockDownloadEnd,
    /// The object can be read in blocks.
    BlockUpload {
        /// Which.
        address: Address,
        /// Whether the server calculates a checksum.
        checksum: bool,
        /// How many bytes there will be, if that is known.
        length: Option<u32>,
    },
    /// All blocks were sent.
    BlockUploadEnd {
        /// Bytes of the last segment that are none of the data's.
        unused: u8,
        /// The data's.
        checksum: u16,
    },
    /// The transfer has ended early.
    Abort(Address, Abort),
}

/// A segment of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its place in the block, from 1.
    pub sequence: u8,
    /// Whether it is the last of all.
    pub last: bool,
    /// Its bytes.
    pub bytes: [u8; SEGMENT],
}

impl Segment {
    /// To bytes.
    pub fn encode(self) -> Frame {
        let mut frame = [0; 8];
        frame[0] = self.sequence & 0x7F | u8::from(self.last) << 7;
        frame[1..].copy_from_slice(&self.bytes);
        frame
    }

    /// From bytes.
    pub const fn decode(frame: &Frame) -> Self {
        let &[head, a, b, c, d, e, f, g] = frame;
        Self {
            sequence: head & 0x7F,
            last: head & 0x80 != 0,
            bytes: [a, b, c, d, e, f, g],
        }
    }
}

impl Request {
    /// To bytes.
    pub fn encode(self) -> Frame {
        match self {
            Self::DownloadSegment { toggle, piece, last } => segment(0, toggle, &piece, last),
            Self::Download(address, content) => {
                let mut frame = head(1 << 5, address);
                content.put(&mut frame);
                frame
            }
            Self::Upload(address) => head(2 << 5, address),
            Self::UploadSegment { toggle } => short([3 << 5 | u8::from(toggle) << 4, 0, 0]),
            Self::Abort(address, abort) => aborted(address, abort),
            Self::BlockUpload {
                address,
                checksum,
                size,
                threshold,
            } => {
                let mut frame = head(5 << 5 | u8::from(checksum) << 2, address);
                (frame[4], frame[5]) = (size, threshold);
                frame
            }
            Self::BlockUploadEnd => short([5 << 5 | 1, 0, 0]),
            Self::BlockUploadAcknowledge { sequence, size } => short([5 << 5 | 2, sequence, size]),
            Self::BlockUploadStart => short([5 << 5 | 3, 0, 0]),
            Self::BlockDownload {
                address,
                checksum,
                length,
            } => sized(6 << 5, address, checksum, length),
            Self::BlockDownloadEnd { unused, checksum } => ended(unused, checksum),
        }
    }

    /// From bytes; `None` if it is none.
    pub fn decode(frame: &Frame) -> Option<Self> {
        let &[command, second, third, _, fifth, sixth, ..] = frame;
        let (address, toggle) = (address(frame), command & 0x10 != 0);
        Some(match (command >> 5, command & 3) {
            (0, _) => Self::DownloadSegment {
                toggle,
                piece: piece(frame),
                last: command & 1 != 0,
            },
            (1, _) => Self::Download(address, Content::get(frame)),
            (2, _) => Self::Upload(address),
            (3, _) => Self::UploadSegment { toggle },
            (4, _) => Self::Abort(address, reason(frame)),
            (5, 0) => Self::BlockUpload {
                address,
                checksum: command & 4 != 0,
                size: fifth,
                threshold: sixth,
            },
            (5, 1) => Self::BlockUploadEnd,
            (5, 2) => Self::BlockUploadAcknowledge {
                sequence: second,
                size: third,
            },
            (5, 3) => Self::BlockUploadStart,
            (6, 0 | 2) => Self::BlockDownload {
                address,
                checksum: command & 4 != 0,
                length: length(frame),
            },
            (6, 1) => Self::BlockDownloadEnd {
                unused: command >> 2 & 7,
                checksum: u16::from_le_bytes([second, third]),
            },
            _ => return None,
        })
    }
}

impl Response {
    /// To bytes.
    pub fn encode(self) -> Frame {
        match self {
            Self::UploadSegment { toggle, piece, last } => segment(0, toggle, &piece, last),
            Self::DownloadSegment { toggle } => short([1 << 5 | u8::from(toggle) << 4, 0, 0]),
            Self::Upload(address, content) => {
                let mut frame = head(2 << 5, address);
                content.put(&mut frame);
                frame
            }
            Self::Download(address) => head(3 << 5, address),
            Self::Abort(address, abort) => aborted(address, abort),
            Self::BlockDownload {
                address,
                checksum,
                size,
            } => {
                let mut frame = head(5 << 5 | u8::from(checksum) << 2, address);
                frame[4] = size;
                frame
            }
            Self::BlockDownloadEnd => short([5 << 5 | 1, 0, 0]),
            Self::BlockDownloadAcknowledge { sequence, size } => short([5 << 5 | 2, sequence, size]),
            Self::BlockUpload {
                address,
                checksum,
                length,
            } => sized(6 << 5, address, checksum, length),
            Self::BlockUploadEnd { unused, checksum } => ended(unused, checksum),
        }
    }

    /// From bytes; `None` if it is none.
    pub fn decode(frame: &Frame) -> Option<Self> {
        let &[command, second, third, _, fifth, ..] = frame;
        let (address, toggle) = (address(frame), command & 0x10 != 0);
        Some(match (command >> 5, command & 3) {
            (0, _) => Self::UploadSegment {
                toggle,
                piece: piece(frame),
                last: command & 1 != 0,
            },
            (1, _) => Self::DownloadSegment { toggle },
            (2, _) => Self::Upload(address, Content::get(frame)),
            (3, _) => Self::Download(address),
            (4, _) => Self::Abort(address, reason(frame)),
            (5, 0) => Self::BlockDownload {
                address,
                checksum: command & 4 != 0,
                size: fifth,
            },
            (5, 1) => Self::BlockDownloadEnd,
            (5, 2) => Self::BlockDownloadAcknowledge {
                sequence: second,
                size: third,
            },
            (6, 0 | 2) => Self::BlockUpload {
                address,
                checksum: command & 4 != 0,
                length: length(frame),
            },
            (6, 1) => Self::BlockUploadEnd {
                unused: command >> 2 & 7,
                checksum: u16::from_le_bytes([second, third]),
            },
            _ => return None,
        })
    }
}

fn head(command: u8, address: Address) -> Frame {
    let [low, high] = address.index.to_le_bytes();
    [command, low, high, address.sub, 0, 0, 0, 0]
}

const fn short([command, second, third]: [u8; 3]) -> Frame {
    [command, second, third, 0, 0, 0, 0, 0]
}

fn segment(command: u8, toggle: bool, piece: &Piece, last: bool) -> Frame {
    let mut frame = [0; 8];
    frame[0] = command | u8::from(toggle) << 4 | piece.unused() << 1 | u8::from(last);
    frame[1..].copy_from_slice(&piece.bytes);
    frame
}

fn sized(command: u8, address: Address, checksum: bool, length: Option<u32>) -> Frame {
    let mut frame = head(command | u8::from(checksum) << 2, address);
    if let Some(length) = length {
        frame[0] |= 2;
        frame[4..].copy_from_slice(&length.to_le_bytes());
    }
    frame
}

const fn ended(unused: u8, checksum: u16) -> Frame {
    let [low, high] = checksum.to_le_bytes();
    short([6 << 5 | (unused & 7) << 2 | 1, low, high])
}

fn aborted(address: Address, abort: Abort) -> Frame {
    let mut frame = head(4 << 5, address);
    frame[4..].copy_from_slice(&abort.code().to_le_bytes());
    frame
}

const fn address(frame: &Frame) -> Address {
    Address::new(u16::from_le_bytes([frame[1], frame[2]]), frame[3])
}

fn piece(frame: &Frame) -> Piece {
    Piece::of(&frame[1..8 - usize::from(frame[0] >> 1 & 7)])
}

const fn number(frame: &Frame) -> u32 {
    u32::from_le_bytes([frame[4], frame[5], frame[6], frame[7]])
}

fn length(frame: &Frame) -> Option<u32> {
    (frame[0] & 2 != 0).then(|| number(frame))
}

fn reason(frame: &Frame) -> Abort {
    Abort::of(number(frame))
}
