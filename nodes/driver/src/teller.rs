//! Publishes what a group measured, from whichever thread drives it, and keeps how long commands were on their way.

use r2r::servomesh_msgs::msg;
use servomesh_shell::latency::Latency;
use servomesh_shell::ros::wire::fault_to_msg;
use servomesh_shell::ros::{Publisher, Wire, system_ns};
use servomesh_types::{GroupDescription, HopTimes, ServoState, Tracking};

/// The doors of `servo_state` and `tracking`.
pub(crate) struct Teller {
    servo_state: Publisher<msg::ServoState>,
    tracking: Publisher<msg::Tracking>,
    /// How the last second went.
    pub(crate) last_second: Option<Tracking>,
    /// Whose joints faults name.
    pub(crate) group: Option<GroupDescription>,
    applied: Applied,
    pub(crate) latencies: Latencies,
    pub(crate) refused: u64,
}

/// When the bus frame went out that first used a command.
#[derive(Default)]
struct Applied {
    hops: HopTimes,
    at_ns: i64,
}

/// How long commands were on their way, since the last report.
#[derive(Default)]
pub(crate) struct Latencies {
    /// From the setpoint's birth to its first bus frame.
    pub(crate) born_to_applied: Latency,
    /// From the gate to this driver.
    pub(crate) gated_to_received: Latency,
}

impl Teller {
    pub(crate) fn new(servo_state: Publisher<msg::ServoState>, tracking: Publisher<msg::Tracking>) -> Self {
        Self {
            servo_state,
            tracking,
            last_second: None,
            group: None,
            applied: Applied::default(),
            latencies: Latencies::default(),
            refused: 0,
        }
    }

    /// The state of a frame follows its answer: the first one with a command's hops says when that was applied.
    pub(crate) fn publish(&mut self, mut state: ServoState) {
        let hops = &mut state.tag.hops;
        if hops.received_ns > 0 {
            if *hops != self.applied.hops {
                self.applied = Applied {
                    hops: *hops,
                    at_ns: system_ns(),
                };
                self.latencies
                    .born_to_applied
                    .note(hops.born_ns, self.applied.at_ns);
            }
            hops.applied_ns = self.applied.at_ns;
        }
        self.refused = state.refused;
        let mut message = state.to_msg();
        message.fault = fault_to_msg(state.fault, self.group.as_ref());
        self.servo_state.publish(&message);
    }
    /// How well the last second went.
    pub(crate) fn tell_tracking(&mut self, tracking: Tracking) {
        self.tracking.publish(&tracking.to_msg());
        self.last_second = Some(tracking);
    }
}
