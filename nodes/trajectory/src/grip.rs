//! Whether a gripper has arrived, or stands still because something is in its way.

use servomesh_types::Stamp;

use crate::GripResult;
use crate::config::GripperSettings;

/// One gripper goal on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grip {
    pub(crate) target: f64,
    /// Whether the way to the target closes the gripper.
    pub(crate) closing: bool,
    still_since: Option<Stamp>,
}

/// What is known of the gripper's joint at the time of one measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) stamp: Stamp,
    pub(crate) setpoint: f64,
    pub(crate) position: f64,
    pub(crate) velocity: f64,
    pub(crate) effort: f64,
}

impl Grip {
    pub(crate) fn new(from: f64, target: f64, settings: &GripperSettings) -> Self {
        let closing = if settings.closes_downwards {
            target < from
        } else {
            target > from
        };
        Self {
            target,
            closing,
            still_since: None,
        }
    }

    /// What the goal found, once the gripper has stalled: still for a while, short of its goal, behind its setpoint.
    pub(crate) fn stalled(
        &mut self,
        reading: &Reading,
        tolerance: f64,
        settings: &GripperSettings,
    ) -> Option<GripResult> {
        let Reading {
            stamp,
            setpoint,
            position,
            velocity,
            effort,
        } = *reading;
        let blocked = velocity.abs() < settings.stall_velocity
            && (setpoint - position).abs() > tolerance
            && (self.target - position).abs() > tolerance;
        if !blocked {
            self.still_since = None;
            return None;
        }
        let since = *self.still_since.get_or_insert(stamp);
        let long_enough = stamp.since(since) >= settings.stall_time;
        long_enough.then_some(GripResult {
            position,
            effort,
            stalled: true,
            reached: false,
        })
    }

    /// Where the setpoint rests while holding what is at `position`: a little beyond, never past the goal.
    pub(crate) fn hold(&self, position: f64, settings: &GripperSettings) -> f64 {
        let way = self.target - position;
        position + way.clamp(-settings.squeeze, settings.squeeze)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn only_a_joint_that_stays_behind_its_setpoint_has_stalled() {
        let settings = Settings::default().gripper;
        let mut grip = Grip::new(0.08, 0.0, &settings);
        assert!(grip.closing);
        let at = |ms, setpoint, velocity| Reading {
            stamp: Stamp::from_millis(ms),
            setpoint,
            position: 0.03,
            velocity,
            effort: 12.0,
        };
        assert_eq!(
            grip.stalled(&at(0, 0.03, 0.0), 0.002, &settings),
            None,
            "not asked to move yet"
        );
        assert_eq!(
            grip.stalled(&at(10, 0.02, 0.0), 0.002, &settings),
            None,
            "not long enough"
        );
        assert_eq!(
            grip.stalled(&at(105, 0.0, 0.01), 0.002, &settings),
            None,
            "it moves"
        );
        assert_eq!(
            grip.stalled(&at(110, 0.0, 0.0), 0.002, &settings),
            None,
            "counted from now on"
        );
        let found = grip.stalled(&at(210, 0.0, 0.0), 0.002, &settings).unwrap();
        assert_eq!(
            found,
            GripResult {
                position: 0.03,
                effort: 12.0,
                stalled: true,
                reached: false
            }
        );
        assert!((grip.hold(0.03, &settings) - 0.028).abs() < 1e-12);
        assert!(
            (grip.hold(0.001, &settings) - 0.0).abs() < 1e-12,
            "not past its goal"
        );
    }
}
