//! The end that answers: one transfer at a time about the objects of a [`Dictionary`].
//!
//! **Invariant:** an object is written at most once a transfer, when all its data have come.

use super::block::{MAX_SIZE, Next, Receiver, Sender, checksum};
use super::message::{Content, Frame, Piece, Request, Response, SEGMENT, Segment};
use super::{Abort, Address, append};

/// The objects a server answers about.
pub trait Dictionary {
    /// How many bytes an object has that may be written, `None` if it may have any.
    ///
    /// # Errors
    /// Says why it may not be written.
    fn accepts(&self, address: Address) -> Result<Option<usize>, Abort>;

    /// Puts an object's bytes into the front of a buffer, and tells how many there are.
    ///
    /// # Errors
    /// Says why it can't be read; [`Abort::Memory`] if the buffer is too short.
    fn read(&mut self, address: Address, into: &mut [u8]) -> Result<usize, Abort>;

    /// Gives an object other bytes; as many as it has, if that is fixed.
    ///
    /// # Errors
    /// Says why it can't have them.
    fn write(&mut self, address: Address, data: &[u8]) -> Result<(), Abort>;
}

/// A server with room for data of `N` bytes.
#[derive(Clone, Debug)]
pub struct Server<const N: usize> {
    buffer: [u8; N],
    length: usize,
    address: Address,
    phase: Phase,
    response: Option<Frame>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Idle,
    Upload {
        toggle: bool,
        sent: usize,
    },
    BlockUpload(Sender),
    BlockUploadSegments(Sender),
    BlockUploadEnd,
    Download {
        toggle: bool,
        announced: Option<u32>,
    },
    BlockDownload {
        receiver: Receiver,
        checksum: bool,
        announced: Option<u32>,
    },
}

impl<const N: usize> Default for Server<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Server<N> {
    /// One that waits.
    pub const fn new() -> Self {
        Self {
            buffer: [0; N],
            length: 0,
            address: Address::new(0, 0),
            phase: Phase::Idle,
            response: None,
        }
    }

    /// Whether a transfer is under way, so that the client's silence means something.
    pub const fn is_busy(&self) -> bool {
        !matches!(self.phase, Phase::Idle)
    }

    /// Takes a frame from the client.
    pub fn handle(&mut self, frame: &Frame, objects: &mut impl Dictionary) {
        // 80h is an abort: a segment's sequence is never 0.
        if let Phase::BlockDownload { receiver, .. } = &mut self.phase
            && !receiver.is_finished()
            && frame[0] != 0x80
        {
            match receiver.take(&Segment::decode(frame), &mut self.buffer) {
                Ok(None) => {}
                Ok(Some(sequence)) => self.say(Response::BlockDownloadAcknowledge {
                    sequence,
                    size: MAX_SIZE,
                }),
                Err(abort) => self.give_up(abort),
            }
            return;
        }
        let done = match Request::decode(frame) {
            Some(request) => self.proceed(&request, objects),
            None => Err(Abort::Command),
        };
        if let Err(abort) = done {
            self.give_up(abort);
        }
    }

    /// The next frame to send; to be asked until `None` after each call of another method.
    pub fn poll(&mut self) -> Option<Frame> {
        if let Some(response) = self.response.take() {
            return Some(response);
        }
        let Phase::BlockUploadSegments(sender) = &mut self.phase else {
            return None;
        };
        sender.next(&self.buffer[..self.length]).map(Segment::encode)
    }

    /// The client has been silent for too long: gives the transfer up, and tells it.
    pub fn expire(&mut self) {
        if self.is_busy() {
            self.give_up(Abort::TimedOut);
        }
    }

    fn proceed(&mut self, request: &Request, objects: &mut impl Dictionary) -> Result<(), Abort> {
        match (self.phase, *request) {
            (_, Request::Abort(..)) => self.phase = Phase::Idle,
            (_, Request::Upload(address)) => {
                self.read(address, objects)?;
                self.say_upload();
            }
            (
                _,
                Request::BlockUpload {
                    address,
                    size,
                    threshold,
                    ..
                },
            ) => {
                self.read(address, objects)?;
                let sender = Sender::new(self.length, size)?;
                if self.length <= usize::from(threshold) {
                    self.say_upload();
                } else {
                    self.phase = Phase::BlockUpload(sender);
                    self.say(Response::BlockUpload {
                        address,
                        checksum: true,
                        length: u32::try_from(self.length).ok(),
                    });
                }
            }
            (_, Request::Download(address, content)) => self.begin_download(address, &content, objects)?,
            (
                _,
                Request::BlockDownload {
                    address,
                    checksum,
                    length: announced,
                },
            ) => {
                self.begin(address);
                self.announce(announced, objects)?;
                self.phase = Phase::BlockDownload {
                    receiver: Receiver::new(MAX_SIZE),
                    checksum,
                    announced,
                };
                self.say(Response::BlockDownload {
                    address,
                    checksum: true,
                    size: MAX_SIZE,
                });
            }
            (Phase::Upload { toggle, sent }, Request::UploadSegment { toggle: theirs }) => {
                if theirs != toggle {
                    return Err(Abort::Toggle);
                }
                let piece = Piece::of(&self.buffer[sent..self.length]);
                let sent = (sent + SEGMENT).min(self.length);
                let last = sent == self.length;
                self.phase = if last {
                    Phase::Idle
                } else {
                    Phase::Upload {
                        toggle: !toggle,
                        sent,
                    }
                };
                self.say(Response::UploadSegment { toggle, piece, last });
            }
            (Phase::BlockUpload(sender), Request::BlockUploadStart) => {
                self.phase = Phase::BlockUploadSegments(sender);
            }
            (Phase::BlockUploadSegments(mut sender), Request::BlockUploadAcknowledge { sequence, size }) => {
                match sender.acknowledge(sequence, size)? {
                    Next::Block => self.phase = Phase::BlockUploadSegments(sender),
                    Next::End { unused } => {
                        // Clients look at it because the server can calculate it, whether they asked for it or not.
                        let checksum = checksum(&self.buffer[..self.length]);
                        self.phase = Phase::BlockUploadEnd;
                        self.say(Response::BlockUploadEnd { unused, checksum });
                    }
                }
            }
            (Phase::BlockUploadEnd, Request::BlockUploadEnd) => self.phase = Phase::Idle,
            (
                Phase::Download { toggle, announced },
                Request::DownloadSegment {
                    toggle: theirs,
                    piece,
                    last,
                },
            ) => {
                if theirs != toggle {
                    return Err(Abort::Toggle);
                }
                append(&mut self.buffer, &mut self.length, piece.bytes())?;
                self.phase = Phase::Download {
                    toggle: !toggle,
                    announced,
                };
                if last {
                    if announced.is_some_and(|length| length as usize != self.length) {
                        return Err(Abort::Length);
                    }
                    write(objects, self.address, &self.buffer[..self.length])?;
                    self.phase = Phase::Idle;
                }
                self.say(Response::DownloadSegment { toggle });
            }
            (
                Phase::BlockDownload {
                    receiver,
                    checksum: checked,
                    announced,
                },
                Request::BlockDownloadEnd { unused, checksum },
            ) => {
                let expected = checked.then_some(checksum);
                let data = receiver.finish(&self.buffer, unused, announced, expected)?;
                write(objects, self.address, data)?;
                self.phase = Phase::Idle;
                self.say(Response::BlockDownloadEnd);
            }
            _ => return Err(Abort::Command),
        }
        Ok(())
    }

    /// A new transfer takes the place of one that is not over.
    fn begin(&mut self, address: Address) {
        (self.address, self.length, self.phase) = (address, 0, Phase::Idle);
    }

    fn read(&mut self, address: Address, objects: &mut impl Dictionary) -> Result<(), Abort> {
        self.begin(address);
        let length = objects.read(address, &mut self.buffer)?;
        if length > N {
            return Err(Abort::Memory);
        }
        self.length = length;
        Ok(())
    }

    fn say_upload(&mut self) {
        let content = Content::of(&self.buffer[..self.length]);
        if matches!(content, Content::Segmented(_)) {
            self.phase = Phase::Upload {
                toggle: false,
                sent: 0,
            };
        }
        self.say(Response::Upload(self.address, content));
    }

    fn begin_download(
        &mut self,
        address: Address,
        content: &Content,
        objects: &mut impl Dictionary,
    ) -> Result<(), Abort> {
        self.begin(address);
        match *content {
            Content::Expedited { bytes, length, sized } => {
                let fixed = objects.accepts(address)?;
                let length = match fixed {
                    Some(fixed) if !sized => fixed.min(4),
                    _ => usize::from(length),
                };
                write(objects, address, &bytes[..length])?;
            }
            Content::Segmented(announced) => {
                self.announce(announced, objects)?;
                self.phase = Phase::Download {
                    toggle: false,
                    announced,
                };
            }
        }
        self.say(Response::Download(address));
        Ok(())
    }

    /// Refuses what can't be written, or not at this length, before it comes.
    fn announce(&mut self, announced: Option<u32>, objects: &impl Dictionary) -> Result<(), Abort> {
        let fixed = objects.accepts(self.address)?;
        let Some(announced) = announced else { return Ok(()) };
        fits(announced as usize, fixed)?;
        if announced as usize > N {
            return Err(Abort::Memory);
        }
        Ok(())
    }

    fn say(&mut self, response: Response) {
        self.response = Some(response.encode());
    }

    fn give_up(&mut self, abort: Abort) {
        self.phase = Phase::Idle;
        self.say(Response::Abort(self.address, abort));
    }
}

fn write(objects: &mut impl Dictionary, address: Address, data: &[u8]) -> Result<(), Abort> {
    fits(data.len(), objects.accepts(address)?)?;
    objects.write(address, data)
}

fn fits(length: usize, fixed: Option<usize>) -> Result<(), Abort> {
    match fixed {
        Some(fixed) if length > fixed => Err(Abort::TooLong),
        Some(fixed) if length < fixed => Err(Abort::TooShort),
        _ => Ok(()),
    }
}
