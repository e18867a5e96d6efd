//! Where a frame and a motion in it take the joints, and whether they can be there. SI, base axes; times in s.
//!
//! **Invariant:** what [`Carried::step`] allows keeps the joints' limits in this tick, and leaves each joint a way to rest. Nothing allocates.

use nalgebra::{Isometry3, Point3};
use servomesh_types::{JointVec, Stopping};

use super::arm::Arm;
use super::check::Infeasible;
use super::frame::{Frame, ToolMotion};
use super::relative::RelativeMotion;
use super::way_out::WayOut;
use crate::bounds::{Bounds, Quantity};
use crate::pursuit::{Axis, Point};
use crate::state::State;

/// An arm that a frame carries along, while its tool moves in the frame.
#[derive(Debug, Clone)]
pub(super) struct Carried<M> {
    pub(super) arm: Arm,
    pub(super) frame: Frame,
    pub(super) motion: M,
    pub(super) bounds: Bounds,
}

/// Where the frame's joint and the time of the motion are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) coordinate: Point,
    pub(super) clock: Point,
}

/// How both come to rest.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rest {
    pub(super) coordinate: Axis,
    pub(super) clock: Axis,
}

impl Rest {
    /// `time` seconds after the stop began at `place`.
    pub(super) fn after(&self, place: Place, time: f64) -> Place {
        Place {
            coordinate: self.coordinate.rest(place.coordinate, time),
            clock: self.clock.rest(place.clock, time),
        }
    }

    /// The same with a share of the jerk.
    pub(super) fn gentler(self, share: f64) -> Self {
        let gentler = |axis: Axis| Axis {
            jerk: share * axis.jerk,
            ..axis
        };
        Self {
            coordinate: gentler(self.coordinate),
            clock: gentler(self.clock),
        }
    }

    /// How long that takes with a motion that ends at `end_s`: from then on its time is nobody's matter.
    fn duration(&self, place: Place, end_s: f64) -> f64 {
        let (_, coordinate_s) = self.coordinate.resting_place(place.coordinate);
        let (_, clock_s) = self.clock.resting_place(place.clock);
        if place.clock.p >= end_s {
            coordinate_s
        } else {
            coordinate_s.max(clock_s)
        }
    }
}

impl<M: RelativeMotion> Carried<M> {
    /// The joints at `place`, if they can be there `dt` seconds from `from` and each can come to rest from there by itself.
    pub(super) fn step(&mut self, from: &State, place: Place, dt: f64) -> Result<State, Infeasible> {
        let tool = self.tool(place);
        let to = self
            .arm
            .carry(from, (&tool.pose, &tool.velocity, &tool.acceleration), dt)
            .ok_or(out_of_reach(place))?;
        // What a smooth motion with these velocities and accelerations does.
        let led = from.led(&to, dt);
        for joint in 0..to.position.len() {
            let by = to.position[joint] - led[joint];
            if by.abs() > ONE_MOTION {
                return Err(Infeasible::Jump {
                    joint,
                    by,
                    time_s: place.clock.p,
                    coordinate: place.coordinate.p,
                });
            }
            let axis = self.bounds.axis(joint);
            keeps(joint, axis.excess(from.joint(joint), to.joint(joint), dt), place)?;
        }
        Ok(to)
    }

    /// Leaving along the frame from there: what it takes, as far as it keeps positions, velocities and accelerations; and whether it does so to the end.
    pub(super) fn leave(
        &mut self,
        state: &State,
        place: Place,
        rest: &Rest,
    ) -> (Stopping, Result<(), Infeasible>) {
        let duration_s = rest.duration(place, self.motion.duration());
        let mut way = WayOut::new(state, duration_s, LOOKS, &self.bounds);
        let mut near = state.position;
        for k in 1..=LOOKS {
            let time_s = duration_s * k as f64 / LOOKS as f64;
            match self.looked_at(rest.after(place, time_s), &near) {
                Ok(then) => {
                    way.add(&then, time_s, &self.bounds);
                    near = then.position;
                }
                Err(limit) => return (way.stopping(), Err(limit)),
            }
        }
        (way.stopping(), Ok(()))
    }

    /// The joints there, if they keep positions, velocities and accelerations.
    fn looked_at(&mut self, place: Place, near: &JointVec) -> Result<State, Infeasible> {
        let then = self.joints(place, near)?;
        for joint in 0..near.len() {
            let axis = self.bounds.axis(joint);
            keeps(joint, axis.excess_at(then.joint(joint)), place)?;
        }
        Ok(then)
    }

    fn tool(&mut self, Place { coordinate, clock }: Place) -> ToolMotion {
        let relative = self.motion.at(clock.p).paced(clock.v, clock.a);
        self.frame.carry(coordinate, &relative)
    }

    fn joints(&mut self, place: Place, near: &JointVec) -> Result<State, Infeasible> {
        let tool = self.tool(place);
        let position = self.arm.track(&tool.pose, near).ok_or(out_of_reach(place))?;
        let (velocity, acceleration) = self
            .arm
            .joint_motion(&position, &tool.velocity, &tool.acceleration)
            .ok_or(out_of_reach(place))?;
        Ok(State {
            position,
            velocity,
            acceleration,
        })
    }

    /// Whether the motion starts where the tool is with the joints at `q` and the frame's joint at `coordinate`.
    pub(super) fn starts_at(&mut self, q: &JointVec, coordinate: f64) -> Result<(), Infeasible> {
        let is = self.arm.pose(q);
        let start = self.frame.pose(coordinate) * self.motion.at(0.0).pose;
        let distance = (is.translation.vector - start.translation.vector).norm();
        let angle = is.rotation.angle_to(&start.rotation);
        if distance <= SAME_PLACE && angle <= SAME_PLACE {
            Ok(())
        } else {
            Err(Infeasible::StartsElsewhere { distance, angle })
        }
    }

    /// How far the tool at `place` is from where it would be with the frame's joint at `coordinate`.
    pub(super) fn error(&mut self, place: Place, coordinate: f64) -> f64 {
        let Isometry3 { translation, .. } = self.motion.at(place.clock.p).pose;
        let in_frame = Point3::from(translation.vector);
        let wanted = self.frame.pose(coordinate) * in_frame;
        let is = self.frame.pose(place.coordinate.p) * in_frame;
        nalgebra::distance(&wanted, &is)
    }
}

fn out_of_reach(Place { coordinate, clock }: Place) -> Infeasible {
    Infeasible::OutOfReach {
        time_s: clock.p,
        coordinate: coordinate.p,
    }
}

fn keeps(joint: usize, excess: Option<(Quantity, f64, f64)>, place: Place) -> Result<(), Infeasible> {
    match excess {
        None => Ok(()),
        Some((quantity, value, limit)) => Err(Infeasible::Beyond {
            joint,
            quantity,
            value,
            limit,
            time_s: place.clock.p,
            coordinate: place.coordinate.p,
        }),
    }
}

/// How often the way of leaving is looked at.
const LOOKS: usize = 5;

/// In m and rad: what inverse kinematics may be off, with room.
const SAME_PLACE: f64 = 1e-6;

/// In rad or m: what positions may differ from the integral of their velocities: ten times what inverse kinematics may be off.
const ONE_MOTION: f64 = 1e-6;
