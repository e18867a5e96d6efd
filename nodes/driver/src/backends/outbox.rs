//! What a link wants done, in order: bytes to be sent, a frame, notices.

use crate::bus::DriveStatus;
use crate::link::{Action, Notice};
use servomesh_types::EventKind;
use std::collections::VecDeque;

/// The actions of a link that wait to be polled, with room for `ROOM` bytes to be sent.
#[derive(Debug)]
pub(super) struct Outbox<const ROOM: usize> {
    todo: VecDeque<Todo>,
    /// What waits to be sent, at its front.
    bytes: Box<[u8; ROOM]>,
    to_send: usize,
    /// Whether something was wrong, and has not been right since.
    complained: bool,
}

#[derive(Debug)]
enum Todo {
    Transmit,
    Frame,
    Notice(Notice),
}

impl<const ROOM: usize> Outbox<ROOM> {
    pub(super) fn new() -> Self {
        Self {
            todo: VecDeque::with_capacity(16),
            bytes: Box::new([0; ROOM]),
            to_send: 0,
            complained: false,
        }
    }

    /// Adds what `write` puts to the front of a buffer to what waits to be sent; gives its length. What does not fit is not sent: a link has
    /// room for more than the sixteen servos of a group ever need.
    pub(super) fn send<E>(&mut self, write: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> usize {
        let sent = write(&mut self.bytes[self.to_send..]).unwrap_or(0);
        if self.to_send == 0 && sent > 0 {
            self.todo.push_back(Todo::Transmit);
        }
        self.to_send += sent;
        sent
    }

    /// Hands over the frame, which the link keeps.
    pub(super) fn frame(&mut self) {
        self.todo.push_back(Todo::Frame);
    }

    /// Tells of something that is wrong.
    pub(super) fn complain(&mut self, text: String) {
        self.complained = true;
        self.tell(EventKind::Fault, text);
    }

    /// Something is wrong that others tell of: that it is right again is worth telling.
    pub(super) fn expect_recovery(&mut self) {
        self.complained = true;
    }

    /// Tells that all is right, if something was wrong; says whether it was.
    pub(super) fn recover(&mut self, text: &str) -> bool {
        let was_wrong = std::mem::take(&mut self.complained);
        if was_wrong {
            self.tell(EventKind::Recovered, text.to_owned());
        }
        was_wrong
    }

    pub(super) fn tell(&mut self, kind: EventKind, text: String) {
        let text = text.into();
        self.todo.push_back(Todo::Notice(Notice { kind, text }));
    }

    /// What is to be done next; `status` is the frame.
    pub(super) fn poll<'a>(&'a mut self, status: &'a DriveStatus) -> Option<Action<'a>> {
        Some(match self.todo.pop_front()? {
            Todo::Transmit => Action::Transmit(&self.bytes[..std::mem::take(&mut self.to_send)]),
            Todo::Frame => Action::Frame(status),
            Todo::Notice(notice) => Action::Notice(notice),
        })
    }
}
