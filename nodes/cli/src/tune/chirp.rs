//! The motion that lets a joint show what it is: a chirp about the place where it stands, while the others of its group stand still.
//!
//! **Invariant:** a chirp stays within the limits of position, velocity, acceleration and jerk that its group announces.

use servomesh_driver::excitation::Excitation;
use servomesh_types::{GroupDescription, JointKind};

/// A joint's chirp, with the joints of its group that stand.
#[derive(Clone, Debug, PartialEq)]
pub struct Chirp {
    /// Its index in the group.
    pub joint: usize,
    /// Where every joint of the group stands at its begin and its end.
    pub start: Vec<f64>,
    /// How it moves.
    pub excitation: Excitation,
}

/// Where a group is to be at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// Time after the begin \[s\].
    pub time_s: f64,
    /// Position of each joint.
    pub position: Vec<f64>,
    /// Velocity of each joint.
    pub velocity: Vec<f64>,
    /// Acceleration of each joint.
    pub acceleration: Vec<f64>,
}

/// Why a joint gets no chirp.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ChirpError {
    /// Its group has no such joint.
    #[error("group {group} has no joint {joint}; it has {known}")]
    NoJoint {
        /// Which group.
        group: String,
        /// The joint that was asked for.
        joint: String,
        /// The joints that there are.
        known: String,
    },
    /// It stands too near to a limit.
    #[error(
        "joint {joint} stands at {position:.3} {unit}, {room:.3} {unit} from its limit, but needs {needed} {unit} on both sides: move it away first"
    )]
    NoRoom {
        /// Which joint.
        joint: String,
        /// Where it stands.
        position: f64,
        /// How far its nearer limit is.
        room: f64,
        /// How far it has to be.
        needed: f64,
        /// The unit of all three.
        unit: &'static str,
    },
}

impl Chirp {
    /// The chirp of a joint of a group whose joints stand at `at`.
    ///
    /// # Errors
    /// [`ChirpError`]: the group has no such joint, or it has no room.
    pub fn plan(group: &GroupDescription, joint: &str, at: &[f64]) -> Result<Self, ChirpError> {
        let index = group.joint_index(joint).ok_or_else(|| {
            let known: Vec<_> = group.joints.iter().map(|joint| joint.name.as_str()).collect();
            ChirpError::NoJoint {
                group: group.name.to_string(),
                joint: joint.to_owned(),
                known: known.join(", "),
            }
        })?;
        let described = &group.joints[index];
        let limits = &described.limits;
        let (widest, needed, unit) = match described.kind {
            JointKind::Revolute => (WIDEST_RAD, NEEDED_RAD, "rad"),
            JointKind::Prismatic => (WIDEST_M, NEEDED_M, "m"),
        };
        let position = at.get(index).copied().unwrap_or_default();
        let room = (limits.upper() - position).min(position - limits.lower());
        if room < needed {
            return Err(ChirpError::NoRoom {
                joint: joint.to_owned(),
                position,
                room,
                needed,
                unit,
            });
        }
        let excitation = Excitation {
            about: position,
            amplitude: widest.min(room),
            velocity: VELOCITY_SHARE * limits.velocity(),
            acceleration: limits.acceleration(),
            jerk: limits.jerk(),
            from_hz: FROM_HZ,
            to_hz: TO_HZ.min(HIGHEST_SHARE * group.rate_hz),
            lasting_s: LASTING_S,
        };
        Ok(Self {
            joint: index,
            start: at.to_vec(),
            excitation,
        })
    }

    /// The points of a trajectory, close enough for what is between them to be the chirp's.
    pub fn points(&self) -> Vec<Point> {
        let count = (self.excitation.lasting_s / SPACING_S).round() as usize;
        (1..=count)
            .map(|k| {
                let time_s = k as f64 * SPACING_S;
                let still = || vec![0.0; self.start.len()];
                let [q, v, a] = if k == count {
                    [self.excitation.about, 0.0, 0.0]
                } else {
                    self.excitation.at(time_s)
                };
                let (mut position, mut velocity, mut acceleration) = (self.start.clone(), still(), still());
                position[self.joint] = q;
                velocity[self.joint] = v;
                acceleration[self.joint] = a;
                Point {
                    time_s,
                    position,
                    velocity,
                    acceleration,
                }
            })
            .collect()
    }
}

/// How far a joint swings to each side at most, and the room without which its friction drowns the rest.
const WIDEST_RAD: f64 = 0.3;
const NEEDED_RAD: f64 = 0.08;
const WIDEST_M: f64 = 0.03;
const NEEDED_M: f64 = 0.008;
/// What is left is the loop's, to correct with.
const VELOCITY_SHARE: f64 = 0.5;
/// As slow as friction needs to show, as fast as the inertia does within usual limits of jerk.
const FROM_HZ: f64 = 0.2;
const TO_HZ: f64 = 12.0;
/// Of the bus's rate: beyond it the loop follows nothing.
const HIGHEST_SHARE: f64 = 0.04;
const LASTING_S: f64 = 15.0;
/// Eight points in the fastest swing; 1500 in all, which `trajectory` takes.
const SPACING_S: f64 = 0.01;

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_types::{Capabilities, Drivetrain, GroupName, JointDescription, JointLimits};

    fn group() -> GroupDescription {
        let joint = |name: &str, kind| JointDescription {
            name: name.to_owned(),
            kind,
            limits: JointLimits::new((-1.0, 1.0), 2.0, 6.0, 60.0, 100.0).unwrap(),
            drivetrain: Drivetrain::default(),
        };
        GroupDescription {
            name: GroupName::new("arm").unwrap(),
            joints: vec![
                joint("elbow", JointKind::Revolute),
                joint("slide", JointKind::Prismatic),
            ],
            rate_hz: 500.0,
            capabilities: Capabilities::default(),
            backend: "sim".to_owned(),
        }
    }

    #[test]
    fn one_joint_swings_within_its_limits_while_the_others_stand() {
        let chirp = Chirp::plan(&group(), "elbow", &[0.85, 0.2]).unwrap();
        let points = chirp.points();
        let (mut largest, mut last) = ([0.0_f64; 3], 0.0);
        for point in &points {
            assert!(point.time_s > last);
            last = point.time_s;
            assert_eq!(
                (point.position[1], point.velocity[1], point.acceleration[1]),
                (0.2, 0.0, 0.0)
            );
            let way = [point.position[0] - 0.85, point.velocity[0], point.acceleration[0]];
            largest = std::array::from_fn(|k| largest[k].max(way[k].abs()));
        }
        assert!(
            largest[0] <= 0.15 && largest[1] <= 1.0 && largest[2] <= 6.0,
            "{largest:?}"
        );
        let end = points.last().unwrap();
        assert_eq!((end.position[0], end.velocity[0]), (0.85, 0.0));
        assert!(points.len() < 2000, "{}", points.len());
    }

    #[test]
    fn what_has_no_room_or_is_not_there_is_refused_with_its_place() {
        let refused = |joint, at: [f64; 2]| Chirp::plan(&group(), joint, &at).unwrap_err().to_string();
        let text = refused("elbow", [-0.95, 0.0]);
        assert!(
            text.contains("joint elbow stands at -0.950 rad, 0.050 rad from its limit"),
            "{text}"
        );
        let text = refused("slide", [0.0, 0.995]);
        assert!(text.contains("needs 0.008 m on both sides"), "{text}");
        assert_eq!(
            refused("wrist", [0.0; 2]),
            "group arm has no joint wrist; it has elbow, slide"
        );
    }
}
