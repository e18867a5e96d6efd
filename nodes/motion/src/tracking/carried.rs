//! Where a frame and a motion in it take the joints, and whether they can be there. SI, base axes; times in s.
//!
//! **Invariant:** what [`Carried::follow`] allows keeps the joints' limits in this tick and leaves a way out along the frame. Nothing allocates.

use nalgebra::{Isometry3, Point3};
use servomesh_types::JointVec;

use super::arm::Arm;
use super::check::Infeasible;
use super::frame::Frame;
use super::relative::RelativeMotion;
use crate::bounds::Bounds;
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

    fn duration(&self, place: Place) -> f64 {
        let (_, coordinate_s) = self.coordinate.resting_place(place.coordinate);
        let (_, clock_s) = self.clock.resting_place(place.clock);
        coordinate_s.max(clock_s)
    }
}

impl<M: RelativeMotion> Carried<M> {
    /// The joints at `place`, if they can be there `dt` seconds from `from` and leave along the frame from there.
    pub(super) fn follow(
        &mut self,
        from: &State,
        place: Place,
        dt: f64,
        rest: &Rest,
    ) -> Result<State, Infeasible> {
        let state = self.step(from, place, dt)?;
        self.can_leave(&state, place, rest)?;
        Ok(state)
    }

    /// The same, if each joint can come to rest from there by itself.
    pub(super) fn step(&mut self, from: &State, place: Place, dt: f64) -> Result<State, Infeasible> {
        let to = self.joints(place, &from.position)?;
        for joint in 0..to.position.len() {
            let (a, b) = (from.joint(joint), to.joint(joint));
            self.allows(joint, (a, b), dt, place)?;
            // What a smooth motion with these velocities and accelerations does.
            let way = dt * ((a.v + b.v) / 2.0 + dt * (a.a - b.a) / 12.0);
            let by = b.p - a.p - way;
            if by.abs() > ONE_MOTION {
                return Err(Infeasible::Jump {
                    joint,
                    by,
                    time_s: place.clock.p,
                    coordinate: place.coordinate.p,
                });
            }
        }
        Ok(to)
    }

    /// Whether leaving along the frame from there keeps velocities and accelerations.
    fn can_leave(&mut self, state: &State, place: Place, rest: &Rest) -> Result<(), Infeasible> {
        let duration = rest.duration(place);
        let mut near = state.position;
        for k in 1..=LOOKS {
            let time = duration * k as f64 / LOOKS as f64;
            let place = rest.after(place, time);
            let then = self.joints(place, &near)?;
            near = then.position;
            for joint in 0..near.len() {
                let there = then.joint(joint);
                self.allows(joint, (there, there), time, place)?;
            }
        }
        Ok(())
    }

    fn joints(&mut self, place: Place, near: &JointVec) -> Result<State, Infeasible> {
        let Place { coordinate, clock } = place;
        let relative = self.motion.at(clock.p).paced(clock.v, clock.a);
        let tool = self.frame.carry(coordinate, &relative);
        let out_of_reach = Infeasible::OutOfReach {
            time_s: clock.p,
            coordinate: coordinate.p,
        };
        let position = self.arm.track(&tool.pose, near).ok_or(out_of_reach)?;
        let (velocity, acceleration) = self
            .arm
            .joint_motion(&position, &tool.velocity, &tool.acceleration)
            .ok_or(out_of_reach)?;
        Ok(State {
            position,
            velocity,
            acceleration,
        })
    }

    fn allows(
        &self,
        joint: usize,
        (from, to): (Point, Point),
        dt: f64,
        place: Place,
    ) -> Result<(), Infeasible> {
        match self.bounds.axis(joint).excess(from, to, dt) {
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

/// How often the way of leaving is looked at.
const LOOKS: usize = 3;

/// In m and rad: what inverse kinematics may be off, with room.
const SAME_PLACE: f64 = 1e-6;

/// In rad or m: what positions may differ from the integral of their velocities: ten times what inverse kinematics may be off.
const ONE_MOTION: f64 = 1e-6;
