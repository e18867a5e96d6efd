//! What moves two groups of solids against each other, and how far it brings them at most. Lengths in m, angles in rad.
//!
//! All that is rigid with each other is one group; all that stands in the base, too. A point at r from an axis moves by at most r·|δ| when the
//! joint turns by δ. Joint after joint, the one next to the solids first, what has moved by s is at most r + s from the next axis, and never farther
//! than the links between them can hold it.
//!
//! **Invariant:** joints that move by at most `by` from where [`CollisionModel::reaches`] looked change the distance of two groups by at most
//! [`Linkage::travels`] says, whatever the joints' limits are.

use std::collections::BTreeMap;

use nalgebra::Vector3;

use super::model::CollisionModel;
use super::query::Proximity;
use super::swept::SweptBalls;
use crate::body::{Frame, Freedom};
use crate::model::LinkId;

/// Two groups of solids, and the joints that move them against each other. Belongs to one [`CollisionModel`] until its scene changes.
#[derive(Debug, Clone)]
pub struct Linkage {
    movers: Vec<Mover>,
    /// What the movers of each side carry.
    carried: [Carried; 2],
    /// Places in `CollisionModel::pairs`.
    pairs: Vec<usize>,
    /// Places in `CollisionModel::piece_pairs`.
    piece_pairs: Vec<usize>,
    /// Which of them was closest last: the first to be asked next time.
    closest: usize,
}

/// A joint between two groups; a mimic is one more for the joint that it follows.
#[derive(Debug, Clone, Copy)]
struct Mover {
    joint: usize,
    /// Motion for one of the joint's, without its sign.
    ratio: f64,
    body: usize,
    side: usize,
    freedom: Freedom,
    /// The farthest from the axis that what it carries can ever be.
    most: f64,
}

#[derive(Debug, Clone)]
enum Carried {
    /// Places in `CollisionModel::pieces`.
    Pieces(Vec<usize>),
    /// The origin of a link.
    Origin(LinkId),
}

impl Linkage {
    /// The joint of each mover, the one next to the solids first; a joint comes up repeatedly if others follow it.
    pub fn joints(&self) -> impl ExactSizeIterator<Item = usize> {
        self.movers.iter().map(|mover| mover.joint)
    }

    /// Whether it has solids, and so a distance.
    pub fn has_solids(&self) -> bool {
        !self.piece_pairs.is_empty()
    }

    /// How far the two groups come nearer (or apart) at most, for several motions at once: `terms` says for each mover how far it reached where a motion began,
    /// and how far its joint moves.
    #[inline]
    pub fn travels<const N: usize>(&self, mut terms: impl FnMut(usize) -> [(f64, f64); N]) -> [f64; N] {
        let mut travels = [0.0; N];
        for (index, mover) in self.movers.iter().enumerate() {
            for (travel, (reach, by)) in travels.iter_mut().zip(terms(index)) {
                let from_axis = reach + *travel;
                // A NaN stays one in the sum.
                let from_axis = if from_axis < mover.most {
                    from_axis
                } else {
                    mover.most
                };
                *travel += from_axis * (mover.ratio * by);
            }
        }
        travels
    }
}

impl CollisionModel {
    /// The checked pairs, gathered by what moves as one.
    pub fn linkages(&self) -> Vec<Linkage> {
        let body = |item: usize| self.robot.links[self.items[item].carrier.0].body;
        let mut groups: BTreeMap<[Option<usize>; 2], Vec<usize>> = BTreeMap::new();
        for (index, pair) in self.pairs.iter().enumerate() {
            let mut bodies = pair.items.map(body);
            bodies.sort_unstable();
            groups.entry(bodies).or_default().push(index);
        }
        let linkage = |(bodies, pairs): ([Option<usize>; 2], Vec<usize>)| {
            let mut pieces = [const { Vec::new() }; 2];
            for item in pairs.iter().flat_map(|&pair| self.pairs[pair].items) {
                let side = usize::from(body(item) != bodies[0]);
                pieces[side].extend(self.items[item].pieces.clone());
            }
            for pieces in &mut pieces {
                pieces.sort_unstable();
                pieces.dedup();
            }
            let piece_pairs = pairs.iter().flat_map(|&pair| self.pairs[pair].pieces.clone());
            Linkage {
                movers: self.movers(bodies, pieces.each_ref().map(|pieces| self.balls(pieces))),
                carried: pieces.map(Carried::Pieces),
                piece_pairs: piece_pairs.collect(),
                pairs,
                closest: 0,
            }
        };
        groups.into_iter().map(linkage).collect()
    }

    /// What moves a link's origin against the base: no solids.
    pub fn linkage_of_origin(&self, link: LinkId) -> Linkage {
        let on = &self.robot.links[link.0];
        let origin = SweptBalls::new([(on.body_from_link.translation, 0.0)]);
        Linkage {
            movers: self.movers([None, on.body], [SweptBalls::new([]), origin]),
            carried: [Carried::Pieces(Vec::new()), Carried::Origin(link)],
            pairs: Vec::new(),
            piece_pairs: Vec::new(),
            closest: 0,
        }
    }

    /// Balls around pieces, in the axes of the body that they are on.
    fn balls(&self, pieces: &[usize]) -> SweptBalls {
        let items = self.items.iter();
        let carrier = |piece: &usize| items.clone().find(|item| item.pieces.contains(piece));
        let ball = |piece: &usize| {
            let link = &self.robot.links[carrier(piece).map_or(self.robot.root().0, |item| item.carrier.0)];
            let (solid, at) = (
                &self.pieces[*piece].solid,
                &self.pieces[*piece].carrier_from_solid,
            );
            (
                link.body_from_link.point(&at.point(&solid.bounds.centre)),
                solid.bounds.sphere_radius,
            )
        };
        SweptBalls::new(pieces.iter().map(ball))
    }

    /// The bodies that carry one of two but not the other.
    fn movers(&self, bodies: [Option<usize>; 2], balls: [SweptBalls; 2]) -> Vec<Mover> {
        let chain = |body| std::iter::successors(body, |&body: &usize| self.robot.bodies[body].parent);
        let mut movers = Vec::new();
        for (side, mut balls) in balls.into_iter().enumerate() {
            let mut endless = false;
            for index in
                chain(bodies[side]).filter(|&index| !chain(bodies[1 - side]).any(|other| other == index))
            {
                let body = &self.robot.bodies[index];
                let most = match body.freedom {
                    Freedom::Turns if endless => f64::INFINITY,
                    Freedom::Turns => balls.farthest_from(&Vector3::z()),
                    Freedom::Slides => 1.0,
                    Freedom::Free => f64::INFINITY,
                };
                movers.push(Mover {
                    joint: body.joint,
                    ratio: body.ratio.abs(),
                    body: index,
                    side,
                    freedom: body.freedom,
                    most: most * OUTWARDS,
                });
                // How far a joint slides is not asked here: what carries it is only known by where it is.
                endless |= body.freedom != Freedom::Turns;
                let Frame { rotation, origin } = &body.parent_from_joint;
                balls.turn(&Vector3::z());
                balls.go_on(|centre| (rotation.apply((*centre).into()) + *origin).into());
            }
        }
        movers
    }

    /// How far what each mover carries is from its axis, at the positions of the last [`CollisionModel::place`]; 1 where it slides.
    ///
    /// # Panics
    /// If `reaches` has fewer numbers than the linkage has movers.
    pub fn reaches(&self, linkage: &Linkage, reaches: &mut [f64]) {
        for (index, mover) in linkage.movers.iter().enumerate() {
            let at = &self.workspace.base_from_body[mover.body];
            let axis: Vector3<f64> = at.rotation.column(2).into();
            reaches[index] = match (mover.freedom, &linkage.carried[mover.side]) {
                (Freedom::Slides, _) => 1.0,
                (Freedom::Free, _) => f64::INFINITY,
                (Freedom::Turns, Carried::Origin(link)) => {
                    let origin = self.robot.link_origin(&self.workspace, *link);
                    (Vector3::from(origin) - at.translation).cross(&axis).norm() * OUTWARDS
                }
                (Freedom::Turns, Carried::Pieces(pieces)) => {
                    let farthest = |&piece: &usize| self.spots[piece].farthest_from(&at.translation, &axis);
                    pieces.iter().map(farthest).fold(0.0, f64::max) * OUTWARDS
                }
            };
        }
    }

    /// A distance that no two solids of the groups are below, at the positions of the last [`CollisionModel::place`]: less than the exact one by at most a
    /// hundredth where it is less than `near`, beyond that one by their bounds.
    pub fn clearance(&self, linkage: &mut Linkage, near: f64) -> f64 {
        let mut least = f64::INFINITY;
        let first = linkage.closest.min(linkage.piece_pairs.len().saturating_sub(1));
        for place in std::iter::once(first).chain(0..linkage.piece_pairs.len()) {
            let Some(&piece_pair) = linkage.piece_pairs.get(place) else {
                break;
            };
            if let Some(distance) = self.piece_clearance(piece_pair, near, least)
                && distance < least
            {
                (least, linkage.closest) = (distance, place);
            }
        }
        least
    }

    /// The two of a linkage's groups that are closest; `None` if it has no solids.
    pub fn closest_of(&self, linkage: &Linkage) -> Option<Proximity> {
        let closest = |&pair: &usize| {
            let separation = self.item_separation(pair)?;
            Some(self.proximity(pair, &separation))
        };
        let pairs = linkage.pairs.iter().filter_map(closest);
        pairs.min_by(|a, b| a.distance.total_cmp(&b.distance))
    }
}

/// Lengths are this much longer than computed.
const OUTWARDS: f64 = 1.0 + 1e-12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collision::CollisionSettings;
    use crate::model::Model;

    #[test]
    fn each_pair_is_in_one_linkage() {
        let cell = Model::from_urdf_str(include_str!("../../../../launch/robots/cell.urdf"));
        let settings = CollisionSettings {
            samples: 0,
            proof_steps: 0,
            ..CollisionSettings::default()
        };
        let model = CollisionModel::new(&cell.expect("a sound robot"), &settings);
        let linkages = model.linkages();
        let all = |of: fn(&Linkage) -> &[usize]| {
            let mut all: Vec<usize> = linkages.iter().flat_map(of).copied().collect();
            all.sort_unstable();
            all
        };
        assert!(linkages.len() > 10 && linkages.len() < model.pairs.len());
        assert!(all(|linkage| &linkage.pairs).into_iter().eq(0..model.pairs.len()));
        assert!(
            all(|linkage| &linkage.piece_pairs)
                .into_iter()
                .eq(0..model.piece_pairs.len())
        );
    }
}
