//! The groups that drivers announce on `<group>/description`: the mesh's service discovery.
//!
//! Nobody keeps a list of groups. The graph is looked at a few times a second; a topic of the right name and type is
//! subscribed, and its latched message is the group.

use super::{Io, Queue, Wire, qos};
use r2r::servomesh_msgs::msg::GroupDescription as DescriptionMsg;
use servomesh_types::{GroupDescription, GroupName, Stamp};
use std::collections::BTreeMap;
use std::time::Duration;

/// The groups heard of so far.
#[derive(Default)]
pub struct Groups {
    announcements: BTreeMap<GroupName, Queue<DescriptionMsg>>,
    next_look: Stamp,
}

impl Groups {
    /// No group yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the graph when it is time to, and gives the next group that was announced, or announced anew.
    pub fn take(&mut self, io: &mut Io) -> Option<GroupDescription> {
        let now = Stamp::from_nanos(io.system_ns());
        if now >= self.next_look {
            self.next_look = now + LOOK_EVERY;
            self.look(io);
        }
        for (name, announcements) in &mut self.announcements {
            if let Some(message) = announcements.take() {
                match GroupDescription::from_msg(&message) {
                    Ok(description) if description.name == *name => return Some(description),
                    Ok(other) => io.warn(&format!(
                        "topic {name}/description announces a group called {}: ignored",
                        other.name
                    )),
                    Err(error) => io.warn(&format!("topic {name}/description: {error}: ignored")),
                }
            }
        }
        None
    }

    fn look(&mut self, io: &mut Io) {
        for name in io.topics_of_type(TYPE, SUFFIX) {
            let Ok(group) = GroupName::new(&name) else {
                continue;
            };
            if self.announcements.contains_key(&group) {
                continue;
            }
            match io.queue::<DescriptionMsg>(&format!("{group}{SUFFIX}"), qos::LATCHED) {
                Ok(queue) => {
                    self.announcements.insert(group, queue);
                }
                Err(error) => io.warn(&format!("can't listen to {group}{SUFFIX}: {error:#}")),
            }
        }
    }
}

const TYPE: &str = "servomesh_msgs/msg/GroupDescription";
const SUFFIX: &str = "/description";

/// A new group is known within a quarter of a second, at the price of one look at a local table.
const LOOK_EVERY: Duration = Duration::from_millis(250);
