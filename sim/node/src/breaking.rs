//! The service `sim/inject_fault`: breaks something in the running simulation, and repairs it.

use r2r::servomesh_msgs::srv::InjectFault;
use servomesh_shell::ros::wire::duration_from_msg;
use servomesh_sim::faults::{About, Kind, Target};
use servomesh_sim::{Fault, Hardware, SimError};
use std::fmt::Write as _;

/// What repairs all that is broken at a target, or everywhere.
const REPAIR: &str = "none";

/// Does what a request asks for, and says what came of it.
pub(crate) fn answer(hardware: &mut Hardware, request: &InjectFault::Request) -> InjectFault::Response {
    match carry_out(hardware, request) {
        Ok(message) => InjectFault::Response {
            success: true,
            message,
        },
        Err(error) => InjectFault::Response {
            success: false,
            message: error.to_string(),
        },
    }
}

fn carry_out(hardware: &mut Hardware, request: &InjectFault::Request) -> Result<String, SimError> {
    match request.kind.as_str() {
        "" => Ok(list(hardware)),
        REPAIR => {
            let repaired = hardware.clear_at(&request.target);
            Ok(format!("repaired: {repaired}"))
        }
        kind => {
            let fault = Fault::new(kind.parse()?, &request.target, request.value)?;
            let said = fault.to_string();
            let lasting = duration_from_msg(&request.lasting);
            hardware.inject(fault, (!lasting.is_zero()).then_some(lasting))?;
            Ok(said)
        }
    }
}

/// What can break, and what is broken.
fn list(hardware: &Hardware) -> String {
    let mut text = String::new();
    for kind in Kind::ALL {
        let About {
            name,
            target,
            unit,
            range: (least, most),
            description,
        } = kind.about();
        let target = match target {
            Target::Joint => "joint",
            Target::JointOrAll => "joint, or all",
            Target::GroupOrAll => "group, or all",
            Target::Supply => "supply or joint",
            Target::Link => "link",
            Target::BodyOrAll => "body, or all",
        };
        let figure = if unit.is_empty() {
            String::new()
        } else {
            format!("; value {least} to {most} {unit}")
        };
        writeln!(text, "{name} ({target}{figure})\n    {description}").expect("a String takes any text");
    }
    for active in hardware.faults() {
        writeln!(text, "now: {}", active.fault).expect("a String takes any text");
    }
    text
}
