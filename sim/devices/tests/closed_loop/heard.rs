//! What a driver said: to its bus, to the mesh, to people.

use servomesh_driver::Output;
use servomesh_driver::coupling::Outside;
use servomesh_driver::link::Notice;
use servomesh_types::{Event, EventKind, ServoState};

#[derive(Default)]
pub(crate) struct Heard {
    to_send: Vec<u8>,
    /// Everything that was taken to the bus.
    pub(crate) sent: Vec<u8>,
    pub(crate) states: Vec<ServoState>,
    pub(crate) events: Vec<Event>,
    pub(crate) notices: Vec<Notice>,
}

impl Outside for Heard {
    fn transmit(&mut self, bytes: &[u8]) {
        self.to_send.extend_from_slice(bytes);
    }

    fn output(&mut self, output: Output) {
        match output {
            Output::State(state) => self.states.push(state),
            Output::Event(event) => self.events.push(event),
            Output::Tracking(_) => {}
            Output::Bus(_) => unreachable!("answers go to the link"),
        }
    }

    fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }
}

impl Heard {
    /// Takes what is to be sent, if there is something.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        let bytes = std::mem::take(&mut self.to_send);
        self.sent.extend_from_slice(&bytes);
        (!bytes.is_empty()).then_some(bytes)
    }

    pub(crate) fn state(&self) -> &ServoState {
        let story = || panic!("there is no state\n{}", self.story());
        self.states.last().unwrap_or_else(story)
    }

    /// How many events tell of a fault.
    pub(crate) fn faults(&self) -> usize {
        let events = self.events.iter();
        events.filter(|event| event.kind == EventKind::Fault).count()
    }

    /// How many notices have this part.
    pub(crate) fn said(&self, part: &str) -> usize {
        let notices = self.notices.iter();
        notices.filter(|notice| notice.text.contains(part)).count()
    }

    /// Everything that was said, for a test that fails.
    pub(crate) fn story(&self) -> String {
        let events = self.events.iter().map(|event| event.text.clone());
        let notices = self.notices.iter().map(|notice| notice.text.to_string());
        events.chain(notices).collect::<Vec<_>>().join("\n")
    }
}
