//! Segments of a tool's path: which are usable, and where each is at which length. m, rad, base axes.
//!
//! **Invariant:** a stretch is longer than nothing and made of finite, plausible numbers.

use std::f64::consts::TAU;

use nalgebra::{Isometry3, Translation3, UnitQuaternion, Vector3};
use servomesh_types::JointVec;

use super::Corner;
use super::error::PathError;
use super::tool_curve::ROTATION_LENGTH;
use super::turning::turn_between;

/// Where a segment goes.
#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// To joint positions, in a straight line in joint space (rad or m).
    Joint(JointVec),
    /// The tool in a straight line, turning at a steady rate the shorter way.
    Line {
        /// The end (m).
        position: Vector3<f64>,
        /// At the end; none: as at the start.
        orientation: Option<UnitQuaternion<f64>>,
    },
    /// The tool on the arc through a place to the end.
    Circle {
        /// On the arc, between start and end (m).
        via: Vector3<f64>,
        /// The end (m).
        position: Vector3<f64>,
        /// At the end; none: as at the start.
        orientation: Option<UnitQuaternion<f64>>,
    },
    /// The tool on an arc about an axis.
    Arc {
        /// On the axis (m).
        centre: Vector3<f64>,
        /// Of any length but 0.
        axis: Vector3<f64>,
        /// Counter-clockwise about the axis (rad); several turns if need be.
        angle: f64,
        /// At the end; none: turning with the arc.
        orientation: Option<UnitQuaternion<f64>>,
    },
}

/// A segment of a tool's path.
#[derive(Clone, Copy, Debug)]
pub struct ToolSegment {
    /// Where it goes.
    pub target: Target,
    /// What happens at its end.
    pub corner: Corner,
}

/// A line or an arc over its length λ.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// A start, and how far it goes for each m of λ: less than 1 where it mostly turns.
    Line { from: Vector3<f64>, rate: Vector3<f64> },
    /// From `centre + x` about the axis x × y, with |x| = |y| and x ⊥ y; rad for each m of λ.
    Arc {
        centre: Vector3<f64>,
        x: Vector3<f64>,
        y: Vector3<f64>,
        rate: f64,
    },
}

/// One segment of the tool, from its start pose on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) segment: usize,
    pub(super) length: f64,
    pub(super) way: Way,
    pub(super) from: UnitQuaternion<f64>,
    /// The rotation vector from start to end (rad).
    pub(super) turn: Vector3<f64>,
}

/// The longest way a segment may go, and the farthest a place may be (m).
pub const MAX_LENGTH: f64 = 1000.0;
/// The most turns of an arc (rad).
pub const MAX_ANGLE: f64 = 1000.0 * TAU;
/// Segments shorter than this (m, rad) count as nothing: no machine shows them.
const NOTHING: f64 = 1e-6;
/// The least length of an axis that has a direction.
const LEAST_AXIS: f64 = 1e-9;
/// The least radius of a blend (m, rad).
pub const LEAST_BLEND: f64 = 1e-6;
/// The least sine of the widest angle between start, via and end that makes a circle.
const COLLINEAR: f64 = 1e-6;

impl Way {
    /// Position and three derivatives at length `s`.
    pub(super) fn at(&self, s: f64) -> [Vector3<f64>; 4] {
        match self {
            Self::Line { from, rate } => [from + rate * s, *rate, Vector3::zeros(), Vector3::zeros()],
            Self::Arc { centre, x, y, rate } => {
                let (sin, cos) = (rate * s).sin_cos();
                let (out, along) = (x * cos + y * sin, (y * cos - x * sin) * *rate);
                let square = rate * rate;
                [centre + out, along, out * -square, along * -square]
            }
        }
    }
}

impl Stretch {
    /// Segment number `segment` from pose `start` on.
    ///
    /// # Errors
    /// Numbers that can't be meant; a segment without length.
    pub(super) fn new(segment: usize, start: &Isometry3<f64>, target: &Target) -> Result<Self, PathError> {
        let check = Check(segment);
        let from = start.translation.vector;
        let (way, way_length, turn) = match *target {
            Target::Joint(_) => return Err(PathError::MixedCorner { segment }),
            Target::Line {
                position,
                orientation,
            } => {
                check.place("a coordinate of the end (m)", &position)?;
                let way = position - from;
                (Shape::Line(way), way.norm(), check.turn(start, orientation)?)
            }
            Target::Circle {
                via,
                position,
                orientation,
            } => {
                check.place("a coordinate of the end (m)", &position)?;
                check.place("a coordinate of via (m)", &via)?;
                let (centre, axis, angle) = check.circle(&from, &via, &position)?;
                let shape = Shape::Arc { centre, axis, angle };
                (
                    shape,
                    (from - centre).norm() * angle,
                    check.turn(start, orientation)?,
                )
            }
            Target::Arc {
                centre,
                axis,
                angle,
                orientation,
            } => {
                check.place("a coordinate of the centre (m)", &centre)?;
                let (centre, axis) = check.axis(&from, &centre, &axis)?;
                check.angle(angle)?;
                let turn = match orientation {
                    Some(_) => check.turn(start, orientation)?,
                    None => axis * angle,
                };
                let axis = axis * angle.signum();
                let angle = angle.abs();
                let radius = (from - centre).norm();
                if radius > NOTHING {
                    (Shape::Arc { centre, axis, angle }, radius * angle, turn)
                } else {
                    (Shape::Line(Vector3::zeros()), 0.0, turn)
                }
            }
        };
        if way_length <= NOTHING && turn.norm() <= NOTHING {
            return Err(PathError::NoLength { segment });
        }
        if way_length > MAX_LENGTH {
            return Err(check.bad("the length (m)", way_length, "at most 1000 m"));
        }
        let length = way_length.max(ROTATION_LENGTH * turn.norm());
        let way = match shape_of(way, way_length) {
            Shape::Line(way) => Way::Line {
                from,
                rate: way / length,
            },
            Shape::Arc { centre, axis, angle } => {
                let x = from - centre;
                Way::Arc {
                    centre,
                    x,
                    y: axis.cross(&x),
                    rate: angle / length,
                }
            }
        };
        Ok(Self {
            segment,
            length,
            way,
            from: start.rotation,
            turn,
        })
    }

    /// The pose at its end.
    pub(super) fn end(&self) -> Isometry3<f64> {
        let orientation = UnitQuaternion::from_scaled_axis(self.turn) * self.from;
        Isometry3::from_parts(Translation3::from(self.way.at(self.length)[0]), orientation)
    }
}

#[derive(Clone, Copy)]
enum Shape {
    Line(Vector3<f64>),
    Arc {
        centre: Vector3<f64>,
        axis: Vector3<f64>,
        angle: f64,
    },
}

/// What only rounding moves stands still.
fn shape_of(shape: Shape, length: f64) -> Shape {
    if length > NOTHING {
        shape
    } else {
        Shape::Line(Vector3::zeros())
    }
}

/// Refuses what can't be meant in one segment.
#[derive(Clone, Copy)]
pub(super) struct Check(pub(super) usize);

impl Check {
    pub(super) fn bad(self, what: &'static str, value: f64, must_be: &'static str) -> PathError {
        PathError::BadValue {
            segment: self.0,
            what,
            value,
            must_be,
        }
    }

    fn place(self, what: &'static str, place: &Vector3<f64>) -> Result<(), PathError> {
        match place.iter().find(|c| !(-MAX_LENGTH..=MAX_LENGTH).contains(*c)) {
            Some(&value) => Err(self.bad(what, value, "a number of at most 1000 m")),
            None => Ok(()),
        }
    }

    fn angle(self, angle: f64) -> Result<(), PathError> {
        if !(NOTHING..=MAX_ANGLE).contains(&angle.abs()) {
            return Err(self.bad(
                "the angle (rad)",
                angle,
                "1e-6 or more in magnitude, at most 1000 turns",
            ));
        }
        Ok(())
    }

    pub(super) fn corner(self, corner: Corner) -> Result<(), PathError> {
        match corner {
            Corner::Blend(radius) if !(LEAST_BLEND..=MAX_LENGTH).contains(&radius) => Err(self.bad(
                "blend",
                radius,
                "a number from 1e-6 to 1000; for none, stop there",
            )),
            _ => Ok(()),
        }
    }

    fn turn(
        self,
        start: &Isometry3<f64>,
        end: Option<UnitQuaternion<f64>>,
    ) -> Result<Vector3<f64>, PathError> {
        let Some(end) = end else {
            return Ok(Vector3::zeros());
        };
        let norm = end.as_ref().norm();
        if !(0.999..=1.001).contains(&norm) {
            return Err(self.bad("the orientation's norm", norm, "1"));
        }
        let end = UnitQuaternion::new_normalize(end.into_inner());
        Ok(turn_between(&start.rotation, &end))
    }

    /// Foot of the start on the axis, and the axis with length 1.
    fn axis(
        self,
        from: &Vector3<f64>,
        centre: &Vector3<f64>,
        axis: &Vector3<f64>,
    ) -> Result<(Vector3<f64>, Vector3<f64>), PathError> {
        let norm = axis.norm();
        if !(LEAST_AXIS..=f64::MAX).contains(&norm) {
            return Err(self.bad("the axis' length", norm, "a number above 1e-9"));
        }
        let axis = axis / norm;
        Ok((centre + axis * axis.dot(&(from - centre)), axis))
    }

    /// Centre, axis and angle of the arc through three places.
    fn circle(
        self,
        from: &Vector3<f64>,
        via: &Vector3<f64>,
        to: &Vector3<f64>,
    ) -> Result<(Vector3<f64>, Vector3<f64>, f64), PathError> {
        let (u, w) = (via - from, to - from);
        for (what, length) in [
            ("the distance from start to via (m)", u.norm()),
            ("the distance from start to end (m)", w.norm()),
            ("the distance from via to end (m)", (to - via).norm()),
        ] {
            if length <= NOTHING {
                return Err(self.bad(
                    what,
                    length,
                    "above 1e-6; for a full circle give centre and angle",
                ));
            }
        }
        let normal = u.cross(&w);
        let sides = [u.norm(), w.norm(), (to - via).norm()];
        // The law of sines: the longest side is twice the radius times the sine of the angle opposite.
        let longest = sides.into_iter().fold(0.0, f64::max);
        let flat = longest * normal.norm() / sides.iter().product::<f64>();
        if flat < COLLINEAR {
            return Err(self.bad(
                "the sine of the triangle of start, via and end",
                flat,
                "above 1e-6: three places on a line are no circle",
            ));
        }
        let to_centre = (normal.cross(&u) * w.norm_squared() + w.cross(&normal) * u.norm_squared())
            / (2.0 * normal.norm_squared());
        let axis = normal.normalize();
        let (x, end) = (-to_centre, w - to_centre);
        let angle = axis.dot(&x.cross(&end)).atan2(x.dot(&end)).rem_euclid(TAU);
        Ok((from + to_centre, axis, angle))
    }
}
