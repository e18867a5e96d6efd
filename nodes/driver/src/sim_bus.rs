//! The backend `sim`: bus frames as messages on two reliable topics.

use arrayvec::ArrayVec;
use r2r::servomesh_msgs::msg;
use servomesh_driver::bus::{DriveCommand, DriveStatus, Ticks};
use servomesh_shell::ros::wire::stamp_from_msg;
use servomesh_types::fault::DriveFault;
use servomesh_types::joint_vec::TooManyJoints;
use servomesh_types::{JointSet, JointVec, MAX_JOINTS};

/// A frame from the drives.
///
/// # Errors
/// An array is longer than a group can be.
pub(crate) fn status_from_msg(msg: &msg::DriveStatus) -> Result<DriveStatus, TooManyJoints> {
    let stamp = stamp_from_msg(&msg.stamp);
    Ok(DriveStatus {
        stamp,
        acts: Some(stamp), // in the step after the sample, which the simulation takes with the answer to it
        cycle: msg.cycle,
        enabled: msg.enabled,
        without_torque: JointSet::from_bits(msg.without_torque),
        position_ticks: fixed(msg.position_ticks.iter().map(|&ticks| Ticks(ticks)))?,
        current_a: JointVec::try_from(&msg.current_a[..])?,
        winding_degc: JointVec::try_from(&msg.winding_degc[..])?,
        voltage_v: JointVec::try_from(&msg.voltage_v[..])?,
        fault: fixed(msg.fault.iter().map(|&code| DriveFault::of_number(code)))?,
        ..DriveStatus::default()
    })
}

/// A frame to the drives, written into a message that is used again and again.
pub(crate) fn fill_command(msg: &mut msg::DriveCommand, command: &DriveCommand) {
    msg.cycle = command.cycle;
    msg.enable = command.enable;
    msg.clear_faults = command.clear_faults;
    msg.current_a.clear();
    msg.current_a.extend_from_slice(&command.current_a);
}

fn fixed<T>(values: impl ExactSizeIterator<Item = T>) -> Result<ArrayVec<T, MAX_JOINTS>, TooManyJoints> {
    match values.len() {
        len if len > MAX_JOINTS => Err(TooManyJoints { len }),
        _ => Ok(values.collect()),
    }
}
