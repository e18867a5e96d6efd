//! What flows at the control rate: setpoints, commands, servo states.

use super::fault::{fault_from_msg, fault_to_msg};
use super::{Wire, WireError, duration_from_msg, duration_to_msg, joints, stamp_from_msg, stamp_to_msg};
use r2r::servomesh_msgs::msg;
use servomesh_types::{
    Command, CommandMode, DriveMode, Epoch, HopTimes, JointSet, PowerState, ServoState, Setpoint, Stopping,
    StreamTag, Tracking,
};

impl Wire for StreamTag {
    type Msg = msg::StreamTag;

    fn to_msg(&self) -> msg::StreamTag {
        let HopTimes {
            born_ns,
            gated_ns,
            received_ns,
            applied_ns,
        } = self.hops;
        msg::StreamTag {
            stamp: stamp_to_msg(self.stamp),
            epoch: self.epoch.0,
            seq: self.seq,
            valid_for: duration_to_msg(self.valid_for),
            hops: msg::HopTimes {
                born_ns,
                gated_ns,
                received_ns,
                applied_ns,
            },
        }
    }

    fn from_msg(msg: &msg::StreamTag) -> Result<Self, WireError> {
        let msg::HopTimes {
            born_ns,
            gated_ns,
            received_ns,
            applied_ns,
        } = msg.hops;
        Ok(Self {
            stamp: stamp_from_msg(&msg.stamp),
            epoch: Epoch(msg.epoch),
            seq: msg.seq,
            valid_for: duration_from_msg(&msg.valid_for),
            hops: HopTimes {
                born_ns,
                gated_ns,
                received_ns,
                applied_ns,
            },
        })
    }
}

impl Wire for Setpoint {
    type Msg = msg::Setpoint;

    fn to_msg(&self) -> msg::Setpoint {
        msg::Setpoint {
            tag: self.tag.to_msg(),
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            acceleration: self.acceleration.to_vec(),
            effort: self.effort.to_vec(),
            effort_limit: self.effort_limit.to_vec(),
            release: self.release,
            stopping_time: self.stopping.map_or(f64::NAN, |stopping| stopping.time_s),
            stopping_distance: self
                .stopping
                .map_or_else(Vec::new, |stopping| stopping.distance.to_vec()),
        }
    }

    fn from_msg(msg: &msg::Setpoint) -> Result<Self, WireError> {
        Ok(Self {
            tag: StreamTag::from_msg(&msg.tag)?,
            position: joints(&msg.position)?,
            velocity: joints(&msg.velocity)?,
            acceleration: joints(&msg.acceleration)?,
            effort: joints(&msg.effort)?,
            effort_limit: joints(&msg.effort_limit)?,
            release: msg.release,
            stopping: match msg.stopping_time.is_finite() {
                true => Some(Stopping {
                    time_s: msg.stopping_time,
                    distance: joints(&msg.stopping_distance)?,
                }),
                false => None,
            },
        })
    }
}

impl Wire for Command {
    type Msg = msg::Command;

    fn to_msg(&self) -> msg::Command {
        let mode = match self.mode {
            CommandMode::Off => 0,
            CommandMode::Track => 1,
        };
        msg::Command {
            mode,
            setpoint: self.setpoint.to_msg(),
        }
    }

    fn from_msg(msg: &msg::Command) -> Result<Self, WireError> {
        let mode = match msg.mode {
            0 => CommandMode::Off,
            1 => CommandMode::Track,
            other => {
                return Err(WireError::Enum {
                    what: "command mode",
                    value: other.into(),
                });
            }
        };
        Ok(Self {
            mode,
            setpoint: Setpoint::from_msg(&msg.setpoint)?,
        })
    }
}

impl Wire for ServoState {
    type Msg = msg::ServoState;

    fn to_msg(&self) -> msg::ServoState {
        msg::ServoState {
            tag: self.tag.to_msg(),
            mode: match self.mode {
                DriveMode::Disabled => 0,
                DriveMode::Enabled => 1,
                DriveMode::Stopping => 2,
                DriveMode::Faulted => 3,
            },
            power: self.power as u8,
            unhomed: self.unhomed.bits(),
            position: self.position.to_vec(),
            velocity: self.velocity.to_vec(),
            effort: self.effort.to_vec(),
            current_a: self.current_a.to_vec(),
            temperature_degc: self.temperature_degc.to_vec(),
            voltage_v: self.voltage_v.to_vec(),
            age_s: self.age_s.to_vec(),
            estimated: self.estimated,
            reference: self.reference.to_vec(),
            fault: fault_to_msg(self.fault, None),
            refused: self.refused,
        }
    }

    fn from_msg(msg: &msg::ServoState) -> Result<Self, WireError> {
        Ok(Self {
            tag: StreamTag::from_msg(&msg.tag)?,
            mode: match msg.mode {
                0 => DriveMode::Disabled,
                1 => DriveMode::Enabled,
                2 => DriveMode::Stopping,
                3 => DriveMode::Faulted,
                other => {
                    return Err(WireError::Enum {
                        what: "drive mode",
                        value: other.into(),
                    });
                }
            },
            power: PowerState::of_number(msg.power).ok_or_else(|| WireError::Enum {
                what: "power state",
                value: msg.power.into(),
            })?,
            unhomed: JointSet::from_bits(msg.unhomed),
            position: joints(&msg.position)?,
            velocity: joints(&msg.velocity)?,
            effort: joints(&msg.effort)?,
            current_a: joints(&msg.current_a)?,
            temperature_degc: joints(&msg.temperature_degc)?,
            voltage_v: joints(&msg.voltage_v)?,
            age_s: joints(&msg.age_s)?,
            estimated: msg.estimated,
            reference: joints(&msg.reference)?,
            fault: fault_from_msg(&msg.fault)?,
            refused: msg.refused,
        })
    }
}

impl Wire for Tracking {
    type Msg = msg::Tracking;

    fn to_msg(&self) -> msg::Tracking {
        msg::Tracking {
            stamp: stamp_to_msg(self.stamp),
            lasting: duration_to_msg(self.lasting),
            cycles: self.cycles,
            cycles_lost: self.cycles_lost,
            driven: self.driven,
            error_rms: self.error_rms.to_vec(),
            error_max: self.error_max.to_vec(),
            saturated: self.saturated.to_vec(),
            replies_lost: self.replies_lost.to_vec(),
        }
    }

    fn from_msg(msg: &msg::Tracking) -> Result<Self, WireError> {
        Ok(Self {
            stamp: stamp_from_msg(&msg.stamp),
            lasting: duration_from_msg(&msg.lasting),
            cycles: msg.cycles,
            cycles_lost: msg.cycles_lost,
            driven: msg.driven,
            error_rms: joints(&msg.error_rms)?,
            error_max: joints(&msg.error_max)?,
            saturated: joints(&msg.saturated)?,
            replies_lost: joints(&msg.replies_lost)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::{JointVec, Stamp};
    use std::time::Duration;

    #[test]
    fn a_setpoint_survives_the_wire() {
        let setpoint = Setpoint {
            tag: StreamTag {
                stamp: Stamp::from_millis(-1500),
                epoch: Epoch(7),
                seq: 9,
                valid_for: Duration::from_millis(50),
                hops: HopTimes {
                    born_ns: 1,
                    ..HopTimes::default()
                },
            },
            position: JointVec::from([0.1, 0.2]),
            release: true,
            stopping: Some(Stopping {
                time_s: 0.2,
                distance: JointVec::from([0.01, 0.02]),
            }),
            ..Setpoint::default()
        };
        assert_eq!(Setpoint::from_msg(&setpoint.to_msg()), Ok(setpoint));
    }
}
