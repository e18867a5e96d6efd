//! The proof that two links never touch: branch and bound over the joints between them. Angles in rad, lengths in m.
//!
//! When joint j turns by δ, no point of a link moves farther than its greatest distance from the joint's axis times δ. So a distance at the
//! middle of a box of joint positions is a bound for the whole box; a box that it does not settle is cut in two.
//!
//! **Invariant:** `true` means that the solids are apart at every position within the joints' limits.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::f64::consts::PI;

use nalgebra::{Matrix6xX, Vector3};

use super::model::{CollisionModel, Item, Piece};
use super::swept::SweptBalls;
use crate::model::{LinkId, Model};
use crate::spatial::Placement;
use crate::workspace::Workspace;

/// The positions of one joint that need to be looked at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) lower: f64,
    pub(super) upper: f64,
    /// Says whether this is all that the joint may do.
    is_whole: bool,
}

impl Range {
    pub(super) fn draw(&self, share: f64) -> f64 {
        self.lower + (self.upper - self.lower) * share
    }

    fn middle(&self) -> f64 {
        self.draw(0.5)
    }

    fn half(&self) -> f64 {
        (self.upper - self.lower) / 2.0
    }
}

/// A box of positions of the joints between two links, with a bound for their distance in it.
struct Cell {
    bound: f64,
    ranges: Vec<Range>,
}

impl Ord for Cell {
    /// The lowest bound is the greatest cell: a heap gives that first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound)
    }
}

impl PartialOrd for Cell {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Cell {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Cell {}

/// What moves a link against its parent.
enum Motion {
    /// One joint.
    Joint(Axis),
    /// Several joints at one place, such as a planar one: no proof is attempted across it.
    Several,
    /// A floating joint.
    Free,
}

struct Axis {
    joint: usize,
    /// Motion per unit of the joint's value: rad if it turns, m if it slides.
    ratio: f64,
    /// Of unit length, in the link's axes; it goes through the link's origin.
    direction: Vector3<f64>,
    turns: bool,
}

impl Motion {
    fn is_by(&self, joint: usize) -> bool {
        matches!(self, Motion::Joint(axis) if axis.joint == joint)
    }
}

/// What moves each link against its parent; `None` for what is rigid with it.
pub(super) struct Motions(Vec<Option<Motion>>);

impl Motions {
    /// Reads them off the Jacobians: what a link does that its parent does not is the doing of what is between them.
    pub(super) fn of(robot: &Model) -> Self {
        let workspace = Workspace::new(robot);
        let jacobian = |link| {
            let mut jacobian = Matrix6xX::zeros(robot.velocity_count());
            robot.jacobian(&workspace, link, &mut jacobian);
            jacobian
        };
        let own_motion = |link: LinkId| {
            let parent = robot.link_parent(link)?;
            let (pose, parent_pose) = (
                robot.link_pose(&workspace, link),
                robot.link_pose(&workspace, parent),
            );
            let arm = pose.translation.vector - parent_pose.translation.vector;
            let (own, carried) = (jacobian(link), jacobian(parent));
            let mut motion = None;
            for velocity in 0..robot.velocity_count() {
                let part = |of: &Matrix6xX<f64>, row| of.fixed_view::<3, 1>(row, velocity).into_owned();
                let angular = part(&own, 3) - part(&carried, 3);
                let linear = part(&own, 0) - part(&carried, 0) - part(&carried, 3).cross(&arm);
                let (turning, sliding) = (angular.norm(), linear.norm());
                if turning.max(sliding) <= STILL {
                    continue;
                }
                let (ratio, along, turns) = if turning > STILL {
                    (turning, angular, true)
                } else {
                    (sliding, linear, false)
                };
                motion = Some(if velocity >= robot.joint_count() {
                    Motion::Free
                } else if motion.is_some() || turning.min(sliding) > STILL {
                    Motion::Several
                } else {
                    Motion::Joint(Axis {
                        joint: velocity,
                        ratio,
                        direction: pose.rotation.inverse() * along / ratio,
                        turns,
                    })
                });
            }
            motion
        };
        Self(robot.links().map(own_motion).collect())
    }

    /// Says whether a joint's positions look the same after every whole turn.
    fn turns_alike(&self, joint: usize) -> bool {
        self.0.iter().flatten().all(|motion| match motion {
            Motion::Joint(axis) => axis.joint != joint || (axis.turns && (axis.ratio - 1.0).abs() < STILL),
            Motion::Several | Motion::Free => true,
        })
    }

    /// Says whether a floating joint is between two links.
    pub(super) fn is_free(&self, robot: &Model, a: LinkId, b: LinkId) -> bool {
        own_chains(robot, [a, b])
            .iter()
            .flatten()
            .any(|link| matches!(self.0[link.0], Some(Motion::Free)))
    }
}

/// Which positions of each joint to look at: its limits, or one turn where all turns look the same. A sliding joint without limits is looked at
/// within ±1 m, and one that makes others turn faster or slower within ±π; no proof is attempted with those.
pub(super) fn ranges(robot: &Model, motions: &Motions) -> Vec<Range> {
    let joints = robot.joints().iter().enumerate();
    joints
        .map(|(index, joint)| {
            let (lower, upper) = (joint.limits.lower, joint.limits.upper);
            let widest = if joint.kind.is_rotary() { PI } else { 1.0 };
            let one_turn = joint.kind.is_rotary() && upper - lower > 2.0 * PI && motions.turns_alike(index);
            let is_open = !(lower.is_finite() && upper.is_finite());
            let (lower, upper) = match (one_turn, is_open) {
                (true, _) => (-PI, PI),
                (false, true) => (lower.max(-widest), upper.min(widest)),
                (false, false) => (lower, upper),
            };
            Range {
                lower,
                upper,
                is_whole: one_turn || !is_open,
            }
        })
        .collect()
}

/// Proves that a pair never touches within `ranges`. `false` if it touches somewhere, or if `steps` positions are not enough.
pub(super) fn never_touch(
    model: &mut CollisionModel,
    pair: usize,
    motions: &Motions,
    ranges: &[Range],
    steps: usize,
) -> bool {
    let Some(speeds) = speeds(model, pair, motions, ranges) else {
        return false;
    };
    let moving: Vec<usize> = (0..ranges.len()).filter(|&joint| speeds[joint] > 0.0).collect();
    if moving.iter().any(|&joint| !ranges[joint].is_whole) {
        return false;
    }
    let mut q = model.robot.neutral_positions();
    for (position, range) in q.iter_mut().zip(ranges) {
        *position = range.middle();
    }
    let whole: Vec<Range> = moving.iter().map(|&joint| ranges[joint]).collect();
    // Where the bound is lowest a touch is most likely: if there is one, it is found soon.
    let mut boxes = BinaryHeap::from([Cell {
        bound: f64::NEG_INFINITY,
        ranges: whole,
    }]);
    for _ in 0..steps {
        let Some(Cell { ranges: cell, .. }) = boxes.pop() else {
            return true;
        };
        for (&joint, range) in moving.iter().zip(&cell) {
            q[joint] = range.middle();
        }
        model.place(&q);
        let separation = model.item_separation(pair).expect("a listed pair has pieces");
        if separation.distance <= 0.0 {
            return false;
        }
        let spread = |(&joint, range): (&usize, &Range)| speeds[joint] * range.half();
        let spreads: Vec<f64> = moving.iter().zip(&cell).map(spread).collect();
        let bound = separation.distance - spreads.iter().sum::<f64>();
        if bound > 0.0 {
            continue;
        }
        let widest = (0..moving.len())
            .max_by(|&a, &b| spreads[a].total_cmp(&spreads[b]))
            .expect("a box that is not settled has a joint that moves");
        let middle = cell[widest].middle();
        let (mut below, mut above) = (cell.clone(), cell);
        below[widest].upper = middle;
        above[widest].lower = middle;
        boxes.extend([below, above].map(|ranges| Cell { bound, ranges }));
    }
    boxes.is_empty()
}

/// For each joint, how fast the two items of a pair can move against each other per unit of the joint's speed, at most. `None` if more than
/// single joints are between them.
fn speeds(model: &CollisionModel, pair: usize, motions: &Motions, ranges: &[Range]) -> Option<Vec<f64>> {
    let mut speeds = vec![0.0; ranges.len()];
    let items = model.pairs[pair].items.map(|item| &model.items[item]);
    let chains = own_chains(&model.robot, items.map(|item| item.carrier));
    for (item, own) in items.into_iter().zip(&chains) {
        add_speeds(model, item, own, motions, ranges, &mut speeds)?;
    }
    for (side, own) in chains.iter().enumerate() {
        let moving = || own.iter().copied().filter(|link| motions.0[link.0].is_some());
        // The joint next to an item turns the item itself; the one next to what both stand on turns the other item, as seen from this one.
        for (link, item) in moving()
            .next()
            .zip(Some(items[side]))
            .into_iter()
            .chain(moving().next_back().zip(Some(items[1 - side])))
        {
            if let Some(joint) = idle_joint(model, item, link, motions) {
                speeds[joint] = 0.0;
            }
        }
    }
    Some(speeds)
}

/// The joint of `link`, if its turns leave an item as it is: it alone depends on that joint, the item is rigid with one of the joint's sides, and every piece of
/// it is round about the joint's axis.
fn idle_joint(model: &CollisionModel, item: &Item, link: LinkId, motions: &Motions) -> Option<usize> {
    let robot = &model.robot;
    let Some(Motion::Joint(axis)) = &motions.0[link.0] else {
        return None;
    };
    let is_beside = |side| robot.is_rigid_with(side, item.carrier);
    let drives_more = motions
        .0
        .iter()
        .flatten()
        .filter(|motion| motion.is_by(axis.joint))
        .count()
        > 1;
    if !axis.turns || drives_more || !(is_beside(link) || is_beside(robot.link_parent(link)?)) {
        return None;
    }
    let at_zero = Workspace::new(robot);
    let link_from_item = robot.link_pose(&at_zero, link).inverse() * robot.link_pose(&at_zero, item.carrier);
    let link_from_item = Placement::from_isometry(&link_from_item);
    let is_round = model.pieces[item.pieces.clone()].iter().all(|piece| {
        let at = link_from_item.then(&piece.carrier_from_solid);
        let off_axis = at.translation.cross(&axis.direction).norm();
        let tilt = at.rotation.column(2).cross(&axis.direction).norm();
        off_axis < STILL && tilt < STILL && piece.solid.is_round_about_z()
    });
    is_round.then_some(axis.joint)
}

/// For each of two links, itself and the links that carry it but not the other one, towards the root.
fn own_chains(robot: &Model, links: [LinkId; 2]) -> [Vec<LinkId>; 2] {
    let chain = |link| std::iter::successors(Some(link), |&link| robot.link_parent(link)).collect::<Vec<_>>();
    let [a, b] = links.map(chain);
    let without =
        |own: &[LinkId], other: &[LinkId]| own.iter().copied().filter(|link| !other.contains(link)).collect();
    [without(&a, &b), without(&b, &a)]
}

/// Adds the speeds of an item's points that the joints of the links in `own` (from the item towards the root) cause.
fn add_speeds(
    model: &CollisionModel,
    item: &Item,
    own: &[LinkId],
    motions: &Motions,
    ranges: &[Range],
    speeds: &mut [f64],
) -> Option<()> {
    let robot = &model.robot;
    let at_zero = Workspace::new(robot);
    let ball = |piece: &Piece| {
        let bounds = &piece.solid.bounds;
        (
            piece.carrier_from_solid.point(&bounds.centre),
            bounds.sphere_radius,
        )
    };
    let mut balls = SweptBalls::new(model.pieces[item.pieces.clone()].iter().map(ball));
    for &link in own {
        let parent = robot.link_parent(link).expect("the root carries both");
        let parent_from_link = robot.link_pose(&at_zero, parent).inverse() * robot.link_pose(&at_zero, link);
        match &motions.0[link.0] {
            Some(Motion::Joint(axis)) if axis.turns => {
                speeds[axis.joint] += axis.ratio * balls.farthest_from(&axis.direction);
                balls.turn(&axis.direction);
            }
            Some(Motion::Joint(axis)) => {
                let range = ranges[axis.joint];
                speeds[axis.joint] += axis.ratio;
                balls.slide(
                    &axis.direction,
                    axis.ratio * range.middle(),
                    axis.ratio * range.half(),
                );
            }
            Some(Motion::Several | Motion::Free) => return None,
            None => {}
        }
        balls.go_on(|centre| parent_from_link.transform_point(&(*centre).into()).coords);
    }
    Some(())
}

/// Rates below this are rounding.
const STILL: f64 = 1e-9;
