//! Where shapes touch, or will within the step.
//!
//! Decides by parry's contact manifolds, kept between steps. Each pair looks ahead by how far its shapes can come together in the step, so that
//! nothing passes through a surface that is thinner than a step's travel.

use nalgebra::{Point3, Vector3};
use parry3d_f64::math::{Pose, Vector};
use parry3d_f64::query::{
    ContactManifold, DefaultQueryDispatcher, PersistentQueryDispatcher, TrackedContact,
};

use super::shape::{Kind, Placed, ShapeId};

/// Where two shapes touch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    pub(super) shapes: [ShapeId; 2],
    pub(super) point: Point3<f64>,
    /// From the second into the first.
    pub(super) normal: Vector3<f64>,
    pub(super) gap: f64,
    /// What held it in the last step.
    pub(super) hold: Hold,
    /// Which manifold it is of, and which point of that.
    source: (usize, usize),
}

/// What friction did at a point of contact in the last step; it stays with the point.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Hold {
    /// Along the surface, on the first shape, in base axes (N).
    pub(super) force: Vector3<f64>,
    /// About the normal (N·m).
    pub(super) moment: f64,
}

/// How far ahead even things at rest look (m): contacts that come and go with the last bit would make a stack tremble.
pub(super) const MARGIN: f64 = 1e-3;

#[derive(Debug, Clone)]
struct Pair {
    key: (u32, u32),
    manifold: ContactManifold<(), Hold>,
}

/// The manifolds of all pairs, in the order of their keys.
#[derive(Debug, Clone, Default)]
pub(super) struct NarrowPhase {
    pairs: Vec<Pair>,
    next: Vec<Pair>,
    unused: Vec<Pair>,
    before: Vec<TrackedContact<Hold>>,
}

/// How far a shape may come in the step (m), and whether it is round and turns.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Reach {
    pub(super) way: f64,
    pub(super) rolls: bool,
}

impl NarrowPhase {
    /// Fills `touches` for the pairs given, which are sorted.
    pub(super) fn touches(
        &mut self,
        keys: &[(u32, u32)],
        shapes: &[Placed],
        poses: &[Pose],
        reaches: &[Reach],
        touches: &mut Vec<Touch>,
    ) {
        self.follow(keys);
        touches.clear();
        for (place, pair) in self.pairs.iter_mut().enumerate() {
            let (first, second) = (pair.key.0 as usize, pair.key.1 as usize);
            let from_second = poses[first].inv_mul(&poses[second]);
            let ahead = MARGIN + reaches[first].way + reaches[second].way;
            let rolls = reaches[first].rolls || reaches[second].rolls;
            if rolls {
                // Parry would let the points turn with the shape for a degree before it looks again.
                std::mem::swap(&mut self.before, &mut pair.manifold.points);
                pair.manifold.points.clear();
            }
            let known = DefaultQueryDispatcher.contact_manifold_convex_convex(
                &from_second,
                &*shapes[first].shape,
                &*shapes[second].shape,
                None,
                None,
                ahead,
                &mut pair.manifold,
            );
            known.expect("parry knows every pair of convex shapes");
            if rolls {
                go_on_from(&self.before, &mut pair.manifold.points);
            }
            let normal = poses[first].transform_vector(pair.manifold.local_n1);
            for (index, point) in pair.manifold.points.iter().enumerate() {
                if point.dist > ahead {
                    continue;
                }
                let on_first = poses[first].transform_point(point.local_p1);
                let on_second = poses[second].transform_point(point.local_p2);
                // Between refreshes parry's points stay with their shapes. On a belt the bed's point would fall behind the part's.
                let point_of = match (shapes[first].kind, shapes[second].kind) {
                    (Kind::Body(_), Kind::Body(_)) => (on_first + on_second) * 0.5,
                    (Kind::Body(_), _) => on_first,
                    _ => on_second,
                };
                touches.push(Touch {
                    shapes: [ShapeId(first), ShapeId(second)],
                    point: Point3::from(vector(point_of)),
                    normal: -vector(normal),
                    gap: point.dist,
                    hold: point.data,
                    source: (place, index),
                });
            }
        }
    }

    /// Lets go everywhere, before what held in this step is kept.
    pub(super) fn let_go(&mut self) {
        for pair in &mut self.pairs {
            for point in &mut pair.manifold.points {
                point.data = Hold::default();
            }
        }
    }

    /// Keeps what held at a touch, for the next step.
    pub(super) fn keep(&mut self, touch: &Touch, hold: Hold) {
        let (place, index) = touch.source;
        self.pairs[place].manifold.points[index].data = hold;
    }

    /// Keeps the manifolds of pairs that are still there.
    fn follow(&mut self, keys: &[(u32, u32)]) {
        if self.pairs.len() == keys.len() && self.pairs.iter().zip(keys).all(|(pair, key)| pair.key == *key) {
            return;
        }
        self.next.clear();
        let mut wanted = keys.iter().copied().peekable();
        let make = |key, unused: &mut Vec<Pair>| match unused.pop() {
            Some(mut pair) => {
                pair.key = key;
                pair.manifold.clear();
                pair.manifold.local_n1 = Vector::ZERO;
                pair
            }
            None => Pair {
                key,
                manifold: ContactManifold::new(),
            },
        };
        for pair in self.pairs.drain(..) {
            while let Some(key) = wanted.next_if(|key| *key < pair.key) {
                self.next.push(make(key, &mut self.unused));
            }
            if wanted.next_if_eq(&pair.key).is_some() {
                self.next.push(pair);
            } else {
                self.unused.push(pair);
            }
        }
        for key in wanted {
            self.next.push(make(key, &mut self.unused));
        }
        std::mem::swap(&mut self.pairs, &mut self.next);
    }

    /// Forgets the manifolds: something was put somewhere else.
    pub(super) fn forget(&mut self) {
        self.unused.append(&mut self.pairs);
    }
}

/// Hands on what held at points that have only moved a little.
fn go_on_from(before: &[TrackedContact<Hold>], points: &mut [TrackedContact<Hold>]) {
    for point in points {
        let distance = |old: &TrackedContact<Hold>| (old.local_p1 - point.local_p1).length_squared();
        let nearest = before
            .iter()
            .min_by(|one, other| distance(one).total_cmp(&distance(other)));
        if let Some(old) = nearest.filter(|old| distance(old) < MARGIN * MARGIN) {
            point.data = old.data;
        }
    }
}

fn vector(v: Vector) -> Vector3<f64> {
    Vector3::new(v.x, v.y, v.z)
}
