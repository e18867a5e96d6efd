//! The limits at one place of a path, as linear inequalities in x = λ̇², u = λ̈ and w = λ⃛.
//!
//! With q̈ = q″x + q′u and the efforts M(q)q̈ + C(q, q̇)q̇ + g(q) = a(λ)u + b(λ)x + g, every limit but that of jerk is a row
//! `lower ≤ u·ü + x·ẋ ≤ upper`, and jerk is |q′w + 3q″λ̇u + q‴λ̇³| ≤ J.
//! A norm of a plane vector becomes a polygon inside the circle.
//!
//! **Invariant:** every row has `lower < 0 < upper`: standing still is allowed everywhere, so every path has a time law.

use nalgebra::Vector3;
use servomesh_robot::Workspace;
use servomesh_types::MAX_JOINTS;
use std::f64::consts::PI;
use std::ops::Range;

use crate::spline::Spline;
use crate::timing::error::Untimeable;
use crate::timing::limits::{AlongLimits, Limits, Tool, ToolSample};

/// `lower ≤ u·λ̈ + x·λ̇² ≤ upper`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) u: f64,
    pub(super) x: f64,
    pub(super) lower: f64,
    pub(super) upper: f64,
}

/// `|w·λ⃛ + ru·λ̇λ̈ + rrr·λ̇³| ≤ 1`.
#[derive(Clone, Copy, Debug)]
pub(super) struct JerkRow {
    pub(super) w: f64,
    pub(super) ru: f64,
    pub(super) rrr: f64,
}

/// A place on the path, on one side of a knot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) segment: usize,
    pub(super) lambda: f64,
}

/// The joints and their derivatives with respect to λ at one place.
#[derive(Clone, Copy)]
pub(super) struct Geometry {
    pub(super) q: [[f64; MAX_JOINTS]; 4],
}

/// A path with its limits, and the memory to work them out.
pub(super) struct Course<'a> {
    pub(super) path: &'a Spline,
    pub(super) limits: &'a Limits<'a>,
    pub(super) joints: usize,
    /// 1 over the joints' limits of velocity, acceleration and jerk; 0 for a joint that does not move.
    pub(super) per_limit: [[f64; MAX_JOINTS]; 3],
    workspace: Option<Workspace>,
    effort: [[f64; MAX_JOINTS]; 3],
}

impl<'a> Course<'a> {
    pub(super) fn new(path: &'a Spline, limits: &'a Limits<'a>) -> Result<Self, Untimeable> {
        let joints = path.joints();
        let mut counts = vec![
            limits.bounds.velocity.len(),
            limits.bounds.acceleration.len(),
            limits.bounds.jerk.len(),
        ];
        if let Some(efforts) = &limits.efforts {
            counts.extend([efforts.limit.len(), efforts.model.velocity_count()]);
        }
        if let Some(other) = counts.into_iter().find(|count| *count != joints) {
            return Err(Untimeable::Joints {
                path: joints,
                limits: other,
            });
        }
        let bounds = limits.bounds;
        let mut per_limit = [[0.0; MAX_JOINTS]; 3];
        for (per, limits) in per_limit
            .iter_mut()
            .zip([&bounds.velocity, &bounds.acceleration, &bounds.jerk])
        {
            for (j, (per, limit)) in per.iter_mut().zip(limits.iter()).enumerate() {
                if path.moves(j) {
                    *per = 1.0 / limit;
                }
            }
        }
        Ok(Self {
            path,
            limits,
            joints,
            per_limit,
            workspace: limits.efforts.map(|efforts| Workspace::new(efforts.model)),
            effort: [[0.0; MAX_JOINTS]; 3],
        })
    }

    /// Whether any jerk is limited.
    pub(super) fn limits_jerk(&self) -> bool {
        let along = |f: &dyn Fn(f64) -> AlongLimits| {
            self.path.times().iter().any(|lambda| f(*lambda).jerk.is_finite())
        };
        self.limits.bounds.jerk.iter().any(|jerk| jerk.is_finite())
            || self.limits.tool.is_some_and(|tool| tool.jerk.is_finite())
            || self.limits.along.is_some_and(along)
    }

    /// Each joint and its derivatives with respect to λ.
    #[inline]
    pub(super) fn joints_at(&self, place: Place) -> impl Iterator<Item = (usize, [f64; 4])> {
        let s = place.lambda - self.path.times()[place.segment];
        let quintics = self.path.segment(place.segment).iter().enumerate();
        quintics.map(move |(j, quintic)| (j, quintic.at(s)))
    }

    pub(super) fn geometry(&self, place: Place) -> Geometry {
        let mut q = [[0.0; MAX_JOINTS]; 4];
        for (j, values) in self.joints_at(place) {
            for (derivative, value) in values.into_iter().enumerate() {
                q[derivative][j] = value;
            }
        }
        Geometry { q }
    }

    /// The tool at a place: just beside a knot, on the place's side.
    pub(super) fn tool(&self, tool: &Tool<'_>, place: Place) -> ToolSample {
        let (start, end) = (
            self.path.times()[place.segment],
            self.path.times()[place.segment + 1],
        );
        let inset = BESIDE * (end - start);
        tool.curve.at(place.lambda.clamp(start + inset, end - inset))
    }

    pub(super) fn along(&self, place: Place) -> AlongLimits {
        let along = |f: &dyn Fn(f64) -> AlongLimits| f(place.lambda);
        self.limits.along.map_or(AlongLimits::NONE, along)
    }

    /// Appends the rows at a place, as many at each; those of efforts say nothing where these are `weak`. Returns the largest λ̇² by
    /// the limits of speed.
    pub(super) fn rows(
        &mut self,
        place: Place,
        geometry: &Geometry,
        weak: bool,
        rows: &mut Vec<Row>,
    ) -> Result<f64, Untimeable> {
        let bounds = self.limits.bounds;
        let [_, q1, q2, _] = &geometry.q;
        let length = self.path.duration();
        let mut x_max = (length / SHORTEST_S).powi(2);
        for j in 0..self.joints {
            let moves = q1[j].abs() > 0.0 || q2[j].abs() > 0.0;
            let limits = [
                (bounds.velocity[j], "velocity"),
                (bounds.acceleration[j], "acceleration"),
                (bounds.jerk[j], "jerk"),
            ];
            if let Some((limit, quantity)) = limits
                .into_iter()
                .find(|(limit, _)| moves && (limit.is_nan() || *limit <= 0.0))
            {
                return Err(Untimeable::Blocked {
                    lambda: place.lambda,
                    joint: Some(j),
                    quantity,
                    limit,
                });
            }
            if q1[j].abs() > 0.0 {
                x_max = x_max.min((bounds.velocity[j] / q1[j]).powi(2));
            }
            if bounds.acceleration[j].is_finite() {
                rows.push(if moves {
                    Row::within(q1[j], q2[j], bounds.acceleration[j])
                } else {
                    Row::NONE
                });
            }
        }
        if weak {
            rows.extend(self.effort_rows_at().map(|_| Row::NONE));
        } else {
            self.effort_rows(place, geometry, rows)?;
        }
        if let Some(tool) = &self.limits.tool {
            let ToolSample { linear, angular } = self.tool(tool, place);
            for (first, second, speed, acceleration) in [
                (linear[0], linear[1], tool.speed, tool.acceleration),
                (
                    angular[0],
                    angular[1],
                    tool.angular_speed,
                    tool.angular_acceleration,
                ),
            ] {
                let norm = first.norm();
                if norm > 0.0 {
                    x_max = x_max.min((speed / norm).powi(2));
                }
                if acceleration.is_finite() {
                    let [e1, e2, _] = frame(&first, &second);
                    for (cos, sin) in directions(ACCELERATION_SIDES) {
                        let at = e1 * cos + e2 * sin;
                        rows.push(Row::within(
                            at.dot(&first),
                            at.dot(&second),
                            acceleration * inside(ACCELERATION_SIDES),
                        ));
                    }
                }
            }
        }
        if self.limits.along.is_some() {
            let along = self.along(place);
            x_max = x_max.min(along.rate.powi(2));
            rows.push(Row::within(1.0, 0.0, along.acceleration));
        }
        let finite = rows
            .last()
            .is_none_or(|row| row.u.is_finite() && row.x.is_finite())
            && !x_max.is_nan();
        if finite && geometry.q.iter().flatten().all(|value| value.is_finite()) {
            Ok(x_max)
        } else {
            Err(Untimeable::NoPath { lambda: place.lambda })
        }
    }

    fn effort_rows(
        &mut self,
        place: Place,
        geometry: &Geometry,
        rows: &mut Vec<Row>,
    ) -> Result<(), Untimeable> {
        let (Some(efforts), Some(workspace)) = (&self.limits.efforts, &mut self.workspace) else {
            return Ok(());
        };
        let n = self.joints;
        let zeros = [0.0; MAX_JOINTS];
        let [q, q1, q2, _] = geometry.q.each_ref().map(|values| &values[..n]);
        let [hold, push, bend] = &mut self.effort;
        let model = efforts.model;
        model.inverse_dynamics(workspace, q, &zeros[..n], &zeros[..n], &mut hold[..n]);
        model.inverse_dynamics(workspace, q, &zeros[..n], q1, &mut push[..n]);
        model.inverse_dynamics(workspace, q, q1, q2, &mut bend[..n]);
        for j in 0..n {
            let limit = efforts.limit[j];
            if limit.is_infinite() {
                continue;
            }
            if limit.is_nan() || hold[j].abs() >= limit * (1.0 - LEFT_BY_GRAVITY) {
                return Err(Untimeable::Gravity {
                    lambda: place.lambda,
                    joint: j,
                    effort: hold[j],
                    limit,
                });
            }
            rows.push(Row {
                u: (push[j] - hold[j]) / limit,
                x: (bend[j] - hold[j]) / limit,
                lower: -1.0 - hold[j] / limit,
                upper: 1.0 - hold[j] / limit,
            });
        }
        Ok(())
    }

    /// Which of a place's rows are those of efforts.
    pub(super) fn effort_rows_at(&self) -> Range<usize> {
        let bounds = &self.limits.bounds.acceleration;
        let first = bounds.iter().filter(|limit| limit.is_finite()).count();
        let count = self.limits.efforts.map_or(0, |efforts| {
            efforts.limit.iter().filter(|limit| !limit.is_infinite()).count()
        });
        first..first + count
    }

    /// Appends the rows of jerk at a place, as many at each.
    pub(super) fn jerk_rows(&self, place: Place, geometry: &Geometry, rows: &mut Vec<JerkRow>) {
        let [_, q1, q2, q3] = &geometry.q;
        for j in 0..self.joints {
            let jerk = self.limits.bounds.jerk[j];
            if jerk.is_finite() && jerk > 0.0 {
                rows.push(JerkRow {
                    w: q1[j] / jerk,
                    ru: 3.0 * q2[j] / jerk,
                    rrr: q3[j] / jerk,
                });
            }
        }
        if let Some(tool) = self.limits.tool.as_ref().filter(|tool| tool.jerk.is_finite()) {
            let [first, second, third] = self.tool(tool, place).linear;
            let axes @ [e1, e2, e3] = frame(&first, &second);
            let mut push = |at: &Vector3<f64>, jerk: f64| {
                rows.push(JerkRow {
                    w: at.dot(&first) / jerk,
                    ru: 3.0 * at.dot(&second) / jerk,
                    rrr: at.dot(&third) / jerk,
                });
            };
            // What leaves the osculating plane gets a share of its own; a plane curve needs none.
            let leaves = e3.dot(&third).abs() > FLAT * third.norm();
            let share = if leaves { OUT_OF_PLANE } else { 0.0 };
            push(&axes[2], tool.jerk * OUT_OF_PLANE);
            let radius = tool.jerk * (1.0 - share * share).sqrt() * inside(JERK_SIDES);
            for (cos, sin) in directions(JERK_SIDES) {
                push(&(e1 * cos + e2 * sin), radius);
            }
        }
        if self.limits.along.is_some() {
            rows.push(JerkRow {
                w: 1.0 / self.along(place).jerk,
                ru: 0.0,
                rrr: 0.0,
            });
        }
    }

    /// Efforts as shares of their limits where the joints move so.
    pub(super) fn effort_shares(&mut self, q: &[f64], qd: &[f64], qdd: &[f64]) -> &[f64] {
        let n = self.joints;
        let (Some(efforts), Some(workspace)) = (&self.limits.efforts, &mut self.workspace) else {
            return &[];
        };
        let shares = &mut self.effort[0][..n];
        efforts.model.inverse_dynamics(workspace, q, qd, qdd, shares);
        for (share, limit) in shares.iter_mut().zip(efforts.limit.iter()) {
            *share /= limit;
        }
        shares
    }
}

impl Row {
    /// Nothing moves.
    const NONE: Self = Self {
        u: 0.0,
        x: 0.0,
        lower: -1.0,
        upper: 1.0,
    };

    /// The share of the limit that is used.
    #[inline]
    pub(super) fn used(&self, x: f64, u: f64) -> f64 {
        let value = self.u * u + self.x * x;
        if value > 0.0 {
            value / self.upper
        } else {
            value / self.lower
        }
    }

    /// Whether more than a `share` of the limit can be used where 0 ≤ λ̇² ≤ `x_top` and λ̈ is in this range.
    pub(super) fn can_use(&self, share: f64, x_top: f64, [low, high]: [f64; 2]) -> bool {
        let by_u = [self.u * low, self.u * high];
        let by_x = self.x * x_top;
        let most = by_u[0].max(by_u[1]) + by_x.max(0.0);
        let least = by_u[0].min(by_u[1]) + by_x.min(0.0);
        !(most < share * self.upper && least > share * self.lower)
    }

    /// An effort as a share of its limit, with what gravity takes.
    pub(super) fn whole(&self, x: f64, u: f64) -> f64 {
        self.u * u + self.x * x - 0.5 * (self.lower + self.upper)
    }

    fn within(u: f64, x: f64, limit: f64) -> Self {
        Self {
            u: u / limit,
            x: x / limit,
            lower: -1.0,
            upper: 1.0,
        }
    }
}

/// Unit vectors along the curve, towards its centre and out of its plane.
fn frame(first: &Vector3<f64>, second: &Vector3<f64>) -> [Vector3<f64>; 3] {
    let unit = |v: Vector3<f64>, smallest: f64| v.try_normalize(smallest);
    let e1 = unit(*first, f64::MIN_POSITIVE)
        .or_else(|| unit(*second, f64::MIN_POSITIVE))
        .unwrap_or_else(Vector3::x);
    let across = second - e1 * e1.dot(second);
    let any = if e1.x.abs() < 0.7 {
        Vector3::x()
    } else {
        Vector3::y()
    };
    let e2 = unit(across, FLAT * second.norm().max(f64::MIN_POSITIVE))
        .unwrap_or_else(|| (any - e1 * e1.dot(&any)).normalize());
    [e1, e2, e1.cross(&e2)]
}

/// Half of the sides of a regular polygon; the rows' two sides are the other half.
fn directions(sides: u32) -> impl Iterator<Item = (f64, f64)> {
    (0..sides).map(move |k| {
        let (sin, cos) = (PI * f64::from(k) / f64::from(sides)).sin_cos();
        (cos, sin)
    })
}

/// The radius of the circle in a polygon with its corners on the unit circle.
fn inside(sides: u32) -> f64 {
    (PI / f64::from(2 * sides)).cos()
}

/// No path is shorter, in s: a bound of λ̇ where no limit gives one.
const SHORTEST_S: f64 = 1e-4;

/// What must be left of an effort, as a share, where gravity takes the rest.
const LEFT_BY_GRAVITY: f64 = 1e-6;

/// How far beside a knot a tool is asked for, as a share of the segment.
const BESIDE: f64 = 1e-9;

/// A vector that leaves a plane by less, as a share, does not.
const FLAT: f64 = 1e-9;

/// Half of a polygon's sides: it misses 0.9 % of the circle's radius.
const ACCELERATION_SIDES: u32 = 12;

/// The same for jerk: 1.9 %.
const JERK_SIDES: u32 = 8;

/// The share of jerk for what leaves the osculating plane; 0.954 is left within it.
const OUT_OF_PLANE: f64 = 0.3;
