//! Draws lanes: what the gate and the driver of each group do, over time.

use rerun::{RecordingStream, RecordingStreamResult, StateChange, StateConfiguration};
use servomesh_types::{DriveMode, GroupName, SafetyMode};

/// Where the lanes are: gates first, as they sort.
pub(super) const CONTENTS: [&str; 2] = ["/safety/**", "/servo/**"];

/// Gives the states of a group's lanes their names and colours.
pub(super) fn style(stream: &RecordingStream, group: GroupName) -> RecordingStreamResult<()> {
    let configuration = |states: &[(&'static str, u32)]| {
        StateConfiguration::new()
            .with_values(states.iter().map(|(name, _)| *name))
            .with_labels(states.iter().map(|(name, _)| *name))
            .with_colors(states.iter().map(|(_, colour)| *colour))
    };
    stream.log_static(
        gate(group),
        &configuration(&GATE.map(|mode| (gate_name(mode), gate_colour(mode)))),
    )?;
    stream.log_static(
        drive(group),
        &configuration(&DRIVE.map(|mode| (drive_name(mode), drive_colour(mode)))),
    )
}

pub(super) fn draw_gate(
    stream: &RecordingStream,
    group: GroupName,
    mode: SafetyMode,
) -> RecordingStreamResult<()> {
    stream.log(gate(group), &StateChange::single(gate_name(mode)))
}

pub(super) fn draw_drive(
    stream: &RecordingStream,
    group: GroupName,
    mode: DriveMode,
) -> RecordingStreamResult<()> {
    stream.log(drive(group), &StateChange::single(drive_name(mode)))
}

fn gate(group: GroupName) -> String {
    format!("/safety/{group}")
}

fn drive(group: GroupName) -> String {
    format!("/servo/{group}")
}

fn gate_name(mode: SafetyMode) -> &'static str {
    match mode {
        SafetyMode::Normal => "normal",
        SafetyMode::Stopping => "stopping",
        SafetyMode::Stopped => "stopped",
        SafetyMode::Off => "off",
    }
}

fn gate_colour(mode: SafetyMode) -> u32 {
    match mode {
        SafetyMode::Normal => GREEN,
        SafetyMode::Stopping => AMBER,
        SafetyMode::Stopped => RED,
        SafetyMode::Off => PURPLE,
    }
}

fn drive_name(mode: DriveMode) -> &'static str {
    match mode {
        DriveMode::Disabled => "disabled",
        DriveMode::Enabled => "enabled",
        DriveMode::Stopping => "stopping",
        DriveMode::Faulted => "faulted",
    }
}

fn drive_colour(mode: DriveMode) -> u32 {
    match mode {
        DriveMode::Disabled => GREY,
        DriveMode::Enabled => GREEN,
        DriveMode::Stopping => AMBER,
        DriveMode::Faulted => RED,
    }
}

const GATE: [SafetyMode; 4] = [
    SafetyMode::Normal,
    SafetyMode::Stopping,
    SafetyMode::Stopped,
    SafetyMode::Off,
];
const DRIVE: [DriveMode; 4] = [
    DriveMode::Disabled,
    DriveMode::Enabled,
    DriveMode::Stopping,
    DriveMode::Faulted,
];

const GREEN: u32 = 0x2E_9E_5B_FF;
const AMBER: u32 = 0xF2_A9_3B_FF;
const RED: u32 = 0xD9_48_41_FF;
const PURPLE: u32 = 0x8A_4F_BE_FF;
const GREY: u32 = 0x5C_66_70_FF;
