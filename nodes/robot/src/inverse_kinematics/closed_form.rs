//! All joint values of a six-axis arm for one pose, from the geometry of its axes. rad and m, in base axes.
//!
//! Two families cover nearly all industrial arms, each from either end of the chain: three neighbouring axes that meet in
//! a point (a spherical wrist or shoulder; Pieper's condition), and three parallel ones in the middle. Both come down to
//! planar subproblems, after Elias and Wen, *IK-Geo: Unified robot inverse kinematics using subproblem decomposition*
//! (2022). Everything is written with the axes as they stand at zero: no frames, no Denavit–Hartenberg parameters.
//!
//! **Invariant:** for exact geometry every solution is among the candidates; for nearly exact geometry (an arm with
//! calibrated kinematics) they are starting points. The caller polishes and checks each.

use nalgebra::{Matrix3, Rotation3, Unit, Vector2, Vector3};

use crate::assembly::align_z;
use crate::inverse_kinematics::chain::{Axis, Chain};
use crate::inverse_kinematics::trigonometry::{DoubleWave, Wave, planar_vectors, turn_between};
use crate::spatial::Placement;

/// How far axes may miss a common point (in reaches of the arm) or be out of parallel (rad) and still be taken for it.
const NEARLY: f64 = 0.01;
/// The same for geometry that counts as exact.
const EXACTLY: f64 = 1e-9;
/// Neighbouring axes at a smaller angle (rad) than this make the rest of a decomposition degenerate.
const CLEARLY_APART: f64 = 0.05;

#[derive(Debug, Clone, Copy)]
enum Family {
    /// The last three axes meet in this point.
    SphericalWrist(Vector3<f64>),
    /// The second, third and fourth axis are parallel to this direction.
    ParallelMiddle(Vector3<f64>),
}

/// The decomposition of one arm.
#[derive(Debug, Clone)]
pub(super) struct ClosedForm {
    /// In the order of the decomposition.
    axes: [Axis; 6],
    family: Family,
    /// Whether the decomposition starts at the link: then the arm is taken as the base's way around the link.
    reversed: bool,
    exact: bool,
    link_from_base_at_zero: Placement,
    reach: f64,
}

impl ClosedForm {
    /// Finds the decomposition that fits an arm best; `None` if none does.
    pub(super) fn of(chain: &Chain) -> Option<Self> {
        let (forwards, base_from_link) = chain.six_axes()?;
        let mut backwards = forwards;
        backwards.reverse();
        let reach = chain.reach();
        let mut best: Option<(f64, Self)> = None;
        for (reversed, axes) in [(false, forwards), (true, backwards)] {
            let families = [spherical_wrist(&axes, reach), parallel_middle(&axes, reach)];
            for (deviation, family) in families.into_iter().flatten() {
                if deviation < NEARLY && best.as_ref().is_none_or(|(least, _)| deviation < *least) {
                    let exact = deviation < EXACTLY;
                    let link_from_base_at_zero = base_from_link.inverse();
                    best = Some((
                        deviation,
                        Self {
                            axes,
                            family,
                            reversed,
                            exact,
                            link_from_base_at_zero,
                            reach,
                        },
                    ));
                }
            }
        }
        best.map(|(_, form)| form)
    }

    /// Whether the candidates are all solutions there are, and to rounding.
    pub(super) fn is_exact(&self) -> bool {
        self.exact
    }

    /// Calls `found` with candidates for the pose; `seed` decides where a joint may stand anywhere (singular poses).
    pub(super) fn each_candidate(
        &self,
        base_from_link: &Placement,
        seed: &[f64; 6],
        mut found: impl FnMut(&[f64; 6]),
    ) {
        // The motion that takes the arm from zero to the pose: the product of the six turns.
        let motion = base_from_link.then(&self.link_from_base_at_zero);
        let mirror = |values: &[f64; 6]| {
            let mut mirrored = values.map(|value| -value);
            mirrored.reverse();
            mirrored
        };
        if self.reversed {
            self.decompose(&motion.inverse(), &mirror(seed), |values| found(&mirror(values)));
        } else {
            self.decompose(&motion, seed, found);
        }
    }

    fn decompose(&self, motion: &Placement, seed: &[f64; 6], found: impl FnMut(&[f64; 6])) {
        match &self.family {
            Family::SphericalWrist(centre) => self.spherical(centre, motion, seed, found),
            Family::ParallelMiddle(direction) => self.parallel(direction, motion, seed, found),
        }
    }

    /// Position by the first three axes, orientation by the last three.
    fn spherical(
        &self,
        centre: &Vector3<f64>,
        motion: &Placement,
        seed: &[f64; 6],
        mut found: impl FnMut(&[f64; 6]),
    ) {
        let [h1, h2, h3, h4, h5, h6] = self.axes.map(|axis| axis.direction);
        let [o1, o2, o3, ..] = self.axes.map(|axis| axis.point);
        let target = motion.rotation * centre + motion.translation - o1;
        // With x(θ₃) the wrist seen from axis 2 and y = Rot(h₂, θ₂)·x: o₂ − o₁ + y = Rot(h₁, −θ₁)·target.
        let (a, b, r) = (o2 - o1, o3 - o2, centre - o3);
        let x_norm2 =
            Wave::constant(b.norm_squared() + r.norm_squared()) + Wave::of_turning(&b, &h3, &r) * 2.0;
        let x_along = Wave::constant(h2.dot(&b)) + Wave::of_turning(&h2, &h3, &r);
        let by_length =
            (Wave::constant(target.norm_squared() - a.norm_squared()) - x_norm2) * 0.5 - x_along * h2.dot(&a);
        let by_height = Wave::constant(h1.dot(&(target - a))) - x_along * h1.dot(&h2);
        let frame = align_z(&h2);
        let in_plane = |v: &Vector3<f64>| frame.tr_mul(v).xy();
        let (rows, values) = self.comparable([in_plane(&a), in_plane(&h1)], [by_length, by_height]);
        let norm2 = DoubleWave::from(x_norm2) - x_along * x_along;
        planar_vectors(rows, values, norm2, |q3, y_plane| {
            let x = b + turn(&h3, q3) * r;
            let y = frame * Vector3::new(y_plane.x, y_plane.y, h2.dot(&x));
            let q2 = turn_between(&h2, &x, &y, seed[1]);
            let q1 = turn_between(&h1, &(a + y), &target, seed[0]);
            let wrist = turn(&h3, -q3) * turn(&h2, -q2) * turn(&h1, -q1) * motion.rotation;
            let h6_turned = wrist * h6;
            (Wave::of_turning(&h4, &h5, &h6) - Wave::constant(h4.dot(&h6_turned))).each_root(|q5| {
                let bent = turn(&h5, q5) * h6;
                let q4 = turn_between(&h4, &bent, &h6_turned, seed[3]);
                let rest = turn(&h5, -q5) * turn(&h4, -q4) * wrist;
                found(&[q1, q2, q3, q4, q5, turn_of(&h6, &rest)]);
            });
        });
    }

    /// The first, fifth and sixth axis from what parallel axes leave alone; then a planar arm of two links.
    fn parallel(
        &self,
        h: &Vector3<f64>,
        motion: &Placement,
        seed: &[f64; 6],
        mut found: impl FnMut(&[f64; 6]),
    ) {
        let [h1, h2, h3, h4, h5, h6] = self.axes.map(|axis| axis.direction);
        let [o1, o2, o3, o4, o5, o6] = self.axes.map(|axis| axis.point);
        let sense = |direction: &Vector3<f64>| direction.dot(h).signum();
        let last = motion.rotation * h6;
        let target = motion.rotation * o6 + motion.translation - o1;
        // Turns about h change no component along h: neither of a point on axis 6, nor of the direction of axis 6.
        // The unknown of the plane is y = (cos θ₅, sin θ₅).
        let row_of = |v: &Vector3<f64>| {
            let wave = Wave::of_turning(h, &h5, v);
            (Vector2::new(wave.cos, wave.sin), Wave::constant(wave.mean))
        };
        let ((by_point, point_mean), (by_direction, direction_mean)) = (row_of(&(o6 - o5)), row_of(&h6));
        let height = Wave::of_turning_back(h, &h1, &target) - Wave::constant(h.dot(&(o5 - o1))) - point_mean;
        let tilt = Wave::of_turning_back(h, &h1, &last) - direction_mean;
        let (rows, values) = self.comparable([by_point, by_direction], [height, tilt]);
        planar_vectors(rows, values, Wave::constant(1.0).into(), |q1, y| {
            let q5 = y.y.atan2(y.x);
            let (back, bent) = (turn(&h1, -q1), turn(&h5, q5));
            let q6 = turn_between(
                &h6,
                &(motion.rotation.transpose() * turn(&h1, q1) * h),
                &(bent.transpose() * h),
                seed[5],
            );
            let unwind = (turn(&h6, -q6), bent.transpose());
            let planar = back * motion.rotation * unwind.0 * unwind.1;
            let q234 = turn_of(h, &planar);
            // The same motion of a point on axis 4.
            let on_5 = unwind.1 * (o4 - o5) + o5;
            let on_6 = unwind.0 * (on_5 - o6) + o6;
            let elbowed = back * (motion.rotation * on_6 + motion.translation - o1) + o1 - o2;
            let across = |v: Vector3<f64>| v - h * h.dot(&v);
            let (b, r, g) = (across(o3 - o2), across(o4 - o3), across(elbowed));
            let stretch = Wave::constant(b.norm_squared() + r.norm_squared() - g.norm_squared())
                + Wave::of_turning(&b, h, &r) * 2.0;
            stretch.each_root(|q3| {
                let q2 = turn_between(h, &(b + turn(h, q3) * r), &g, seed[1]);
                let q4 = q234 - q2 - q3;
                found(&[q1, q2 * sense(&h2), q3 * sense(&h3), q4 * sense(&h4), q5, q6]);
            });
        });
    }

    /// The first equation is one of lengths times metres; brings both to the same size.
    fn comparable(&self, rows: [Vector2<f64>; 2], values: [Wave; 2]) -> ([Vector2<f64>; 2], [Wave; 2]) {
        let per_metre = 1.0 / self.reach;
        ([rows[0] * per_metre, rows[1]], [values[0] * per_metre, values[1]])
    }
}

/// Where the last three axes nearly meet, and by how many reaches they miss it.
fn spherical_wrist(axes: &[Axis; 6], reach: f64) -> Option<(f64, Family)> {
    let wrist = &axes[3..];
    let apart = |a: &Axis, b: &Axis| a.direction.cross(&b.direction).norm() > CLEARLY_APART;
    let sound =
        apart(&wrist[0], &wrist[1]) && apart(&wrist[1], &wrist[2]) && apart_lines(&axes[0], &axes[1], reach);
    let across = |axis: &Axis| Matrix3::identity() - axis.direction * axis.direction.transpose();
    let normal: Matrix3<f64> = wrist.iter().map(across).sum();
    let moment: Vector3<f64> = wrist.iter().map(|axis| across(axis) * axis.point).sum();
    let centre = normal.try_inverse()? * moment;
    let misses = wrist
        .iter()
        .map(|axis| (across(axis) * (centre - axis.point)).norm());
    let deviation = misses.fold(0.0, f64::max) / reach;
    sound.then_some((deviation, Family::SphericalWrist(centre)))
}

/// The common direction of the second, third and fourth axis, and by how much (rad) they are out of parallel.
fn parallel_middle(axes: &[Axis; 6], reach: f64) -> Option<(f64, Family)> {
    let middle = &axes[1..4];
    let first = middle[0].direction;
    let sum: Vector3<f64> = middle
        .iter()
        .map(|axis| axis.direction * axis.direction.dot(&first).signum())
        .sum();
    let direction = Unit::try_new(sum, 1e-3)?.into_inner();
    let deviation = middle
        .iter()
        .map(|axis| axis.direction.cross(&direction).norm())
        .fold(0.0, f64::max);
    let apart = |axis: &Axis| axis.direction.cross(&direction).norm() > CLEARLY_APART;
    let wrist_bends = axes[4].direction.cross(&axes[5].direction).norm() > CLEARLY_APART;
    let has_links = apart_lines(&middle[0], &middle[1], reach) && apart_lines(&middle[1], &middle[2], reach);
    (apart(&axes[0]) && apart(&axes[4]) && wrist_bends && has_links)
        .then_some((deviation, Family::ParallelMiddle(direction)))
}

/// Says whether two axes are different lines.
fn apart_lines(a: &Axis, b: &Axis, reach: f64) -> bool {
    let between = b.point - a.point;
    a.direction.cross(&b.direction).norm() > CLEARLY_APART
        || (between - a.direction * a.direction.dot(&between)).norm() > NEARLY * reach
}

fn turn(axis: &Vector3<f64>, angle: f64) -> Matrix3<f64> {
    Rotation3::from_axis_angle(&Unit::new_unchecked(*axis), angle).into_inner()
}

/// The angle of a rotation about a known axis.
fn turn_of(axis: &Vector3<f64>, rotation: &Matrix3<f64>) -> f64 {
    let across = align_z(axis).column(0).into_owned();
    turn_between(axis, &across, &(rotation * across), 0.0)
}
