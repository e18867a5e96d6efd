//! The end that asks: one transfer at a time, up or down, in segments or in blocks.
//!
//! **Invariant:** each transfer that was begun has one outcome; what does not belong to it changes nothing.

use super::block::{MAX_SIZE, Receiver, Sender, checksum};
use super::message::{Content, Frame, Piece, Request, Response, SEGMENT, Segment};
use super::{Abort, Address, append};

/// How data travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Up to four bytes at once, more of them in confirmed segments.
    Segments,
    /// In blocks, with a checksum if the server can.
    Blocks,
}

/// Why a transfer can't begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The one before has no outcome yet.
    #[error("object {0}: the transfer before is not over")]
    Busy(Address),
    /// There is no room for its data.
    #[error("object {0}: {1} bytes are more than the {2} there is room for")]
    TooLong(Address, usize, usize),
}

/// Why a transfer has ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdoError {
    /// The server refused.
    #[error("object {0}: the device refused: {1}")]
    Server(Address, Abort),
    /// What the server said, or that it was silent, made this end give up.
    #[error("object {0}: given up: {1}")]
    Client(Address, Abort),
}

/// The client of one server, with room for data of `N` bytes.
#[derive(Clone, Debug)]
pub struct Client<const N: usize> {
    buffer: [u8; N],
    length: usize,
    address: Address,
    phase: Phase,
    request: Option<Frame>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Idle,
    Upload,
    UploadSegment {
        toggle: bool,
        announced: Option<u32>,
    },
    BlockUpload,
    BlockUploadSegments {
        receiver: Receiver,
        checksum: bool,
        announced: Option<u32>,
    },
    Download,
    DownloadSegment {
        toggle: bool,
        sent: usize,
    },
    BlockDownload,
    BlockDownloadSegments {
        sender: Sender,
        checksum: bool,
    },
    BlockDownloadEnd,
    Over(Result<(), SdoError>),
}

impl<const N: usize> Default for Client<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Client<N> {
    /// One that has nothing to do.
    pub const fn new() -> Self {
        Self {
            buffer: [0; N],
            length: 0,
            address: Address::new(0, 0),
            phase: Phase::Idle,
            request: None,
        }
    }

    /// Whether a transfer is under way: begun, and its outcome not there yet.
    pub const fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Idle | Phase::Over(_))
    }

    /// Reads an object.
    ///
    /// # Errors
    /// The transfer before is not over.
    pub fn upload(&mut self, address: Address, way: Way) -> Result<(), StartError> {
        self.begin(address)?;
        (self.length, self.phase) = (0, Phase::Upload);
        let mut request = Request::Upload(address);
        if way == Way::Blocks {
            self.phase = Phase::BlockUpload;
            request = Request::BlockUpload {
                address,
                checksum: true,
                size: MAX_SIZE,
                threshold: 0,
            };
        }
        self.request = Some(request.encode());
        Ok(())
    }

    /// Writes an object.
    ///
    /// # Errors
    /// The transfer before is not over, or there is no room for these data.
    pub fn download(&mut self, address: Address, data: &[u8], way: Way) -> Result<(), StartError> {
        self.begin(address)?;
        let Some(place) = self.buffer.get_mut(..data.len()) else {
            return Err(StartError::TooLong(address, data.len(), N));
        };
        place.copy_from_slice(data);
        (self.length, self.phase) = (data.len(), Phase::Download);
        let mut request = Request::Download(address, Content::of(data));
        if way == Way::Blocks {
            self.phase = Phase::BlockDownload;
            request = Request::BlockDownload {
                address,
                checksum: true,
                length: u32::try_from(data.len()).ok(),
            };
        }
        self.request = Some(request.encode());
        Ok(())
    }

    /// The next frame to send; to be asked until `None` after each call of another method.
    pub fn poll(&mut self) -> Option<Frame> {
        if let Some(request) = self.request.take() {
            return Some(request);
        }
        let Phase::BlockDownloadSegments { sender, .. } = &mut self.phase else {
            return None;
        };
        sender.next(&self.buffer[..self.length]).map(Segment::encode)
    }

    /// Takes a frame from the server.
    pub fn handle(&mut self, frame: &Frame) {
        let response = match &mut self.phase {
            Phase::Idle | Phase::Over(_) => return,
            // 80h is an abort: a segment's sequence is never 0.
            Phase::BlockUploadSegments { receiver, .. } if !receiver.is_finished() && frame[0] != 0x80 => {
                match receiver.take(&Segment::decode(frame), &mut self.buffer) {
                    Ok(None) => {}
                    Ok(Some(sequence)) => self.say(Request::BlockUploadAcknowledge {
                        sequence,
                        size: MAX_SIZE,
                    }),
                    Err(abort) => self.give_up(abort),
                }
                return;
            }
            _ => Response::decode(frame),
        };
        match response {
            Some(Response::Abort(_, abort)) => self.end(Err(SdoError::Server(self.address, abort))),
            Some(response) => {
                if let Err(abort) = self.proceed(&response) {
                    self.give_up(abort);
                }
            }
            None => self.give_up(Abort::Command),
        }
    }

    /// The server has been silent for too long: gives up, and tells it.
    pub fn expire(&mut self) {
        if self.is_busy() {
            self.give_up(Abort::TimedOut);
        }
    }

    /// How the transfer ended, once: the data that were read, nothing for what was written, or why it ended early. `None`: it has not.
    pub fn outcome(&mut self) -> Option<Result<&[u8], SdoError>> {
        let Phase::Over(outcome) = self.phase else {
            return None;
        };
        self.phase = Phase::Idle;
        Some(outcome.map(|()| &self.buffer[..self.length]))
    }

    fn begin(&mut self, address: Address) -> Result<(), StartError> {
        if !matches!(self.phase, Phase::Idle) {
            return Err(StartError::Busy(address));
        }
        self.address = address;
        Ok(())
    }

    fn proceed(&mut self, response: &Response) -> Result<(), Abort> {
        let mine = self.address;
        match (self.phase, *response) {
            // A server that has no blocks may answer a request for them as it does others.
            (Phase::Upload | Phase::BlockUpload, Response::Upload(address, content)) if address == mine => {
                match content {
                    Content::Expedited { bytes, length, .. } => {
                        append(&mut self.buffer, &mut self.length, &bytes[..usize::from(length)])?;
                        self.end(Ok(()));
                    }
                    Content::Segmented(announced) => {
                        if announced.is_some_and(|length| length as usize > N) {
                            return Err(Abort::Memory);
                        }
                        self.phase = Phase::UploadSegment {
                            toggle: false,
                            announced,
                        };
                        self.say(Request::UploadSegment { toggle: false });
                    }
                }
            }
            (
                Phase::UploadSegment { toggle, announced },
                Response::UploadSegment {
                    toggle: theirs,
                    piece,
                    last,
                },
            ) => {
                if theirs != toggle {
                    return Err(Abort::Toggle);
                }
                append(&mut self.buffer, &mut self.length, piece.bytes())?;
                if last {
                    if announced.is_some_and(|length| length as usize != self.length) {
                        return Err(Abort::Length);
                    }
                    self.end(Ok(()));
                } else {
                    self.phase = Phase::UploadSegment {
                        toggle: !toggle,
                        announced,
                    };
                    self.say(Request::UploadSegment { toggle: !toggle });
                }
            }
            (
                Phase::BlockUpload,
                Response::BlockUpload {
                    address,
                    checksum,
                    length: announced,
                },
            ) if address == mine => {
                if announced.is_some_and(|length| length as usize > N) {
                    return Err(Abort::Memory);
                }
                self.phase = Phase::BlockUploadSegments {
                    receiver: Receiver::new(MAX_SIZE),
                    checksum,
                    announced,
                };
                self.say(Request::BlockUploadStart);
            }
            (
                Phase::BlockUploadSegments {
                    receiver,
                    checksum: checked,
                    announced,
                },
                Response::BlockUploadEnd { unused, checksum },
            ) => {
                let expected = checked.then_some(checksum);
                let data = receiver.finish(&self.buffer, unused, announced, expected)?;
                self.length = data.len();
                self.say(Request::BlockUploadEnd);
                self.end(Ok(()));
            }
            (Phase::Download, Response::Download(address)) if address == mine => {
                if (1..=4).contains(&self.length) {
                    self.written();
                } else {
                    self.say_segment(false, 0);
                }
            }
            (Phase::DownloadSegment { toggle, sent }, Response::DownloadSegment { toggle: theirs }) => {
                if theirs != toggle {
                    return Err(Abort::Toggle);
                }
                if sent == self.length {
                    self.written();
                } else {
                    self.say_segment(!toggle, sent);
                }
            }
            (
                Phase::BlockDownload,
                Response::BlockDownload {
                    address,
                    checksum,
                    size,
                },
            ) if address == mine => {
                self.phase = Phase::BlockDownloadSegments {
                    sender: Sender::new(self.length, size)?,
                    checksum,
                };
            }
            (
                Phase::BlockDownloadSegments {
                    mut sender,
                    checksum: checked,
                },
                Response::BlockDownloadAcknowledge { sequence, size },
            ) => {
                let next = sender.acknowledge(sequence, size)?;
                self.phase = Phase::BlockDownloadSegments {
                    sender,
                    checksum: checked,
                };
                if let super::block::Next::End { unused } = next {
                    let data = &self.buffer[..self.length];
                    let checksum = if checked { checksum(data) } else { 0 };
                    self.phase = Phase::BlockDownloadEnd;
                    self.say(Request::BlockDownloadEnd { unused, checksum });
                }
            }
            (Phase::BlockDownloadEnd, Response::BlockDownloadEnd) => self.written(),
            _ => return Err(Abort::Command),
        }
        Ok(())
    }

    fn say(&mut self, request: Request) {
        self.request = Some(request.encode());
    }

    fn say_segment(&mut self, toggle: bool, sent: usize) {
        let piece = Piece::of(&self.buffer[sent..self.length]);
        let sent = (sent + SEGMENT).min(self.length);
        self.phase = Phase::DownloadSegment { toggle, sent };
        let last = sent == self.length;
        self.say(Request::DownloadSegment { toggle, piece, last });
    }

    fn written(&mut self) {
        self.length = 0;
        self.end(Ok(()));
    }

    fn give_up(&mut self, abort: Abort) {
        self.say(Request::Abort(self.address, abort));
        self.end(Err(SdoError::Client(self.address, abort)));
    }

    fn end(&mut self, outcome: Result<(), SdoError>) {
        self.phase = Phase::Over(outcome);
    }
}
