//! What the gate says of itself.

use super::WireError;
use super::fault::{fault_from_msg, fault_to_msg};
use r2r::servomesh_msgs::msg;
use servomesh_types::{Epoch, GroupDescription, GroupName, GroupSafety, SafetyMode, SafetyState};

/// A gate's state as a message; the group's description gives the fault's text its joint name.
pub fn group_safety_to_msg(state: &GroupSafety, group: Option<&GroupDescription>) -> msg::GroupSafety {
    msg::GroupSafety {
        group: state.group.to_string(),
        mode: safety_mode_to_msg(state.mode),
        epoch: state.epoch.0,
        fault: fault_to_msg(state.fault, group),
        resettable: state.resettable,
        speed_scale: state.speed_scale,
    }
}

/// The number of a mode in `GroupSafety` and `SafetyState`.
pub fn safety_mode_to_msg(mode: SafetyMode) -> u8 {
    match mode {
        SafetyMode::Normal => 0,
        SafetyMode::Stopping => 1,
        SafetyMode::Stopped => 2,
        SafetyMode::Off => 3,
    }
}

/// The state of the whole gate from its message.
///
/// # Errors
/// The message can't be a safety state; says why.
pub fn safety_state_from_msg(msg: &msg::SafetyState) -> Result<SafetyState, WireError> {
    let group = |msg: &msg::GroupSafety| {
        Ok(GroupSafety {
            group: GroupName::new(&msg.group)?,
            mode: match msg.mode {
                0 => SafetyMode::Normal,
                1 => SafetyMode::Stopping,
                2 => SafetyMode::Stopped,
                3 => SafetyMode::Off,
                other => {
                    return Err(WireError::Enum {
                        what: "safety mode",
                        value: other.into(),
                    });
                }
            },
            epoch: Epoch(msg.epoch),
            fault: fault_from_msg(&msg.fault)?,
            resettable: msg.resettable,
            speed_scale: msg.speed_scale,
        })
    };
    Ok(SafetyState {
        groups: msg.groups.iter().map(group).collect::<Result<_, _>>()?,
    })
}
