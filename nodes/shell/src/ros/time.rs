//! ROS time: the system clock, or `/clock` where `use_sim_time` is set.

use super::{qos, stream::Latest, wire::stamp_from_msg};
use r2r::rosgraph_msgs::msg::Clock;
use servomesh_types::Stamp;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(super) enum RosTime {
    System,
    Sim {
        clock: Latest<Clock>,
        now: Option<Stamp>,
    },
}

/// What looking at the clock brought.
#[derive(PartialEq, Eq)]
pub(super) enum Looked {
    /// Time went on, or stood still.
    Onward,
    /// A simulation began anew: time went back.
    Back,
}

impl RosTime {
    pub(super) fn sim(node: &mut r2r::Node) -> r2r::Result<Self> {
        let stream = node.subscribe::<Clock>("/clock", qos::CLOCK)?;
        Ok(Self::Sim {
            clock: Latest::unnumbered(stream),
            now: None,
        })
    }

    /// Takes in what `/clock` said since the last look.
    pub(super) fn look(&mut self) -> Looked {
        let Self::Sim { clock, now } = self else {
            return Looked::Onward;
        };
        let Some(sample) = clock.take() else {
            return Looked::Onward;
        };
        let new = stamp_from_msg(&sample.clock);
        match now.replace(new) {
            // A sample may be overtaken by a newer one, which is not a simulation that began anew.
            Some(old) if old.since(new) > OVERTAKEN => Looked::Back,
            Some(old) if new < old => {
                *now = Some(old);
                Looked::Onward
            }
            _ => Looked::Onward,
        }
    }

    /// ROS time; `None` until the first `/clock`.
    pub(super) fn now(&self) -> Option<Stamp> {
        match self {
            Self::System => Some(Stamp::from_nanos(system_ns())),
            Self::Sim { now, .. } => *now,
        }
    }

    /// How long the loop may wait for messages, if the core's next deadline is at `deadline`.
    pub(super) fn patience(&self, deadline: Option<Stamp>) -> Duration {
        match (self, deadline) {
            // The deadline comes with a `/clock` message, which ends the wait.
            (Self::Sim { .. }, _) | (_, None) => LONGEST_WAIT,
            (Self::System, Some(deadline)) => {
                deadline.since(Stamp::from_nanos(system_ns())).min(LONGEST_WAIT)
            }
        }
    }
}

/// The system clock \[ns, Unix time\]: ROS time without `use_sim_time`, and hop times always.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where a node's shell reads the clock"
)]
pub fn system_ns() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_nanos()).unwrap_or(i64::MAX)
}

/// Signals, lifecycle and discovery are looked at this often even if no message comes.
const LONGEST_WAIT: Duration = Duration::from_millis(20);

/// A clock that goes back by less is a sample overtaken on its way.
const OVERTAKEN: Duration = Duration::from_millis(100);
