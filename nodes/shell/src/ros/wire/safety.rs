//! What the gate says of itself.

use super::fault::{fault_from_msg, fault_to_msg};
use super::{WireError, joints};
use r2r::servomesh_msgs::msg;
use servomesh_types::{
    ActiveFault, ActiveFaults, Clearing, Epoch, GroupDescription, GroupName, GroupSafety, OperatingMode,
    SafetyMode, SafetyState, Severity, Stamp, Stopping,
};

/// A gate's state as a message, as of `now`; the group's description gives the faults' texts their joints' names.
pub fn group_safety_to_msg(
    state: &GroupSafety,
    group: Option<&GroupDescription>,
    now: Stamp,
) -> msg::GroupSafety {
    let active = |active: &ActiveFault| msg::ActiveFault {
        fault: fault_to_msg(Some(active.fault), group),
        severity: active.severity as u8,
        clearing: active.clearing as u8,
        age: active.age(now).as_secs_f64(),
        present: active.present,
        clears: active.what_clears().to_owned(),
    };
    let stopping = state.stopping.unwrap_or_default();
    msg::GroupSafety {
        group: state.group.to_string(),
        mode: safety_mode_to_msg(state.mode),
        epoch: state.epoch.0,
        fault: fault_to_msg(state.fault, group),
        severity: state.severity as u8,
        active: state.active.iter().map(active).collect(),
        resettable: state.resettable,
        speed_scale: state.speed_scale,
        stopping_time: stopping.time_s,
        stopping_distance: stopping.distance.to_vec(),
        reduced: state.reduced,
        modelled: state.modelled,
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

/// The mode selector's number in `SafetyState`.
pub fn operating_mode_to_msg(mode: OperatingMode) -> u8 {
    match mode {
        OperatingMode::Automatic => 0,
        OperatingMode::Manual => 1,
    }
}

/// What a mode selector's number means.
///
/// # Errors
/// It is none of those in `SafetyState`.
pub fn operating_mode_from_msg(number: u8) -> Result<OperatingMode, WireError> {
    match number {
        0 => Ok(OperatingMode::Automatic),
        1 => Ok(OperatingMode::Manual),
        other => Err(WireError::Enum {
            what: "operating mode",
            value: other.into(),
        }),
    }
}

/// The state of the whole gate from its message.
///
/// # Errors
/// The message can't be a safety state; says why.
pub fn safety_state_from_msg(msg: &msg::SafetyState) -> Result<SafetyState, WireError> {
    let stamp = super::stamp_from_msg(&msg.stamp);
    Ok(SafetyState {
        operation: operating_mode_from_msg(msg.operation)?,
        groups: msg
            .groups
            .iter()
            .map(|group| group_from_msg(group, stamp))
            .collect::<Result<_, _>>()?,
    })
}

fn group_from_msg(msg: &msg::GroupSafety, stamp: Stamp) -> Result<GroupSafety, WireError> {
    let mut active = ActiveFaults::default();
    for fault in &msg.active {
        if let Some(fault) = active_from_msg(fault, stamp)? {
            active.push(fault);
        }
    }
    let distance = joints(&msg.stopping_distance)?;
    let stopping = (!distance.is_empty()).then_some(Stopping {
        time_s: msg.stopping_time,
        distance,
    });
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
        severity: severity_from_msg(msg.severity)?,
        active,
        resettable: msg.resettable,
        speed_scale: msg.speed_scale,
        stopping,
        reduced: msg.reduced,
        modelled: msg.modelled,
    })
}

fn active_from_msg(msg: &msg::ActiveFault, stamp: Stamp) -> Result<Option<ActiveFault>, WireError> {
    let Some(fault) = fault_from_msg(&msg.fault)? else {
        return Ok(None);
    };
    let age_ns = (msg.age * 1e9) as i64;
    Ok(Some(ActiveFault {
        fault,
        severity: severity_from_msg(msg.severity)?,
        clearing: match msg.clearing {
            0 => Clearing::Itself,
            1 => Clearing::Reset,
            2 => Clearing::PowerCycle,
            other => {
                return Err(WireError::Enum {
                    what: "clearing rule",
                    value: other.into(),
                });
            }
        },
        since: Stamp::from_nanos(stamp.as_nanos().saturating_sub(age_ns)),
        present: msg.present,
    }))
}

fn severity_from_msg(number: u8) -> Result<Severity, WireError> {
    Ok(match number {
        0 => Severity::Normal,
        1 => Severity::Warn,
        2 => Severity::Derate,
        3 => Severity::Hold,
        4 => Severity::Stop2,
        5 => Severity::Stop1,
        6 => Severity::Stop0,
        other => {
            return Err(WireError::Enum {
                what: "severity",
                value: other.into(),
            });
        }
    })
}
