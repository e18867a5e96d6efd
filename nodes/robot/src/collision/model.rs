//! The solids of a robot and of what stands around it, and which of them are checked against each other. Lengths in m.
//!
//! Decides what can be put into the scene and taken out of it. Base axes are those of the robot's root link.
//!
//! **Invariant:** two things that never move against each other are never a pair. Between changes of the scene (adding, removing,
//! hanging on a link, allowing) nothing allocates: placing, asking and moving obstacles work in memory that is already there.

use nalgebra::{Isometry3, Matrix6xX};

use super::error::{CollisionError, CollisionWarning};
use super::links;
use super::pairs::{self, Verdict};
use super::query::{Proximity, Room, Spot};
use super::settings::CollisionSettings;
use super::solid::Solid;
use crate::model::{LinkId, Model};
use crate::spatial::Placement;
use crate::workspace::Workspace;

/// An obstacle of one [`CollisionModel`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObstacleId(u32);

/// Something that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Collider {
    /// A link of the robot.
    Link(LinkId),
    /// Something around the robot, or held by it.
    Obstacle(ObstacleId),
}

/// A robot with its solids and obstacles, at the positions of the last [`CollisionModel::place`]. Clone it for another thread.
#[derive(Debug, Clone)]
pub struct CollisionModel {
    pub(super) robot: Model,
    pub(super) workspace: Workspace,
    pub(super) items: Vec<Item>,
    pub(super) pieces: Vec<Piece>,
    pub(super) pairs: Vec<ItemPair>,
    pub(super) piece_pairs: Vec<[usize; 2]>,
    /// Where each piece is.
    pub(super) spots: Vec<Spot>,
    pub(super) found: Room<Proximity>,
    /// Pairs of pieces that may be the closest, each with what its distance is not below.
    pub(super) candidates: Room<(f64, usize)>,
    /// The pair of pieces that was closest last: the first to be asked next time.
    pub(super) last_closest: usize,
    pub(super) jacobian: Matrix6xX<f64>,
    link_verdicts: Vec<([LinkId; 2], Verdict)>,
    allowed: Vec<[Collider; 2]>,
    warnings: Vec<CollisionWarning>,
    next_obstacle: u32,
}

/// A link or an obstacle.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) collider: Collider,
    pub(super) name: String,
    /// The link itself, or the one that an obstacle hangs on: the root for one that stands in the base.
    pub(super) carrier: LinkId,
    moves: bool,
    /// Links that an obstacle may touch.
    may_touch: Vec<LinkId>,
    /// Its pieces in `CollisionModel::pieces`.
    pub(super) pieces: std::ops::Range<usize>,
}

/// One solid of an item.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) solid: Solid,
    pub(super) carrier_from_solid: Placement,
}

/// Two items that are checked, and their pairs of pieces in `CollisionModel::piece_pairs`.
#[derive(Debug, Clone)]
pub(super) struct ItemPair {
    pub(super) items: [usize; 2],
    pub(super) pieces: std::ops::Range<usize>,
}

impl CollisionModel {
    /// Takes the collision shapes of a robot and finds out which of its links can touch each other. Reads the meshes that the description
    /// names; takes up to seconds for large meshes or many links. The robot stands with all joints at zero until it is placed.
    pub fn new(robot: &Model, settings: &CollisionSettings) -> Self {
        let mut model = Self {
            workspace: Workspace::new(robot),
            robot: robot.clone(),
            items: Vec::new(),
            pieces: Vec::new(),
            pairs: Vec::new(),
            piece_pairs: Vec::new(),
            spots: Vec::new(),
            found: Room(Vec::new()),
            candidates: Room(Vec::new()),
            last_closest: 0,
            jacobian: Matrix6xX::zeros(robot.velocity_count()),
            link_verdicts: Vec::new(),
            allowed: Vec::new(),
            warnings: Vec::new(),
            next_obstacle: 0,
        };
        for link in robot.links() {
            let solids = links::solids_of(robot, link, settings, &mut model.warnings);
            if solids.is_empty() {
                continue;
            }
            model.add_item(Collider::Link(link), robot.link_name(link), link, solids);
        }
        model.list_pairs();
        model.link_verdicts = pairs::judge(&mut model, settings);
        model.warn_of_verdicts();
        model.list_pairs();
        model.workspace = Workspace::new(robot);
        model.place_all();
        model
    }

    fn add_item(&mut self, collider: Collider, name: &str, carrier: LinkId, pieces: Vec<Piece>) {
        let first = self.pieces.len();
        self.pieces.extend(pieces);
        self.items.push(Item {
            collider,
            name: name.to_owned(),
            carrier,
            moves: self.moves(carrier),
            may_touch: Vec::new(),
            pieces: first..self.pieces.len(),
        });
    }

    fn moves(&self, link: LinkId) -> bool {
        !self.robot.is_rigid_with(link, self.robot.root())
    }

    /// What works but should be known: meshes that are missing, links that touch at zero.
    pub fn warnings(&self) -> &[CollisionWarning] {
        &self.warnings
    }

    /// The robot that this was made from.
    pub fn robot(&self) -> &Model {
        &self.robot
    }

    /// The name of a link or obstacle.
    ///
    /// # Errors
    /// If it is an obstacle that does not exist any more.
    pub fn name(&self, collider: Collider) -> Result<&str, CollisionError> {
        match collider {
            Collider::Link(link) => Ok(self.robot.link_name(link)),
            Collider::Obstacle(obstacle) => Ok(&self.items[self.item_of(obstacle)?].name),
        }
    }

    /// A link with solids, or an obstacle, by name.
    ///
    /// # Errors
    /// If there is none; the message lists those that exist.
    pub fn collider(&self, name: &str) -> Result<Collider, CollisionError> {
        let named = self.items.iter().find(|item| item.name == name);
        named.map(|item| item.collider).ok_or_else(|| {
            let known: Vec<&str> = self.items.iter().map(|item| item.name.as_str()).collect();
            CollisionError::UnknownName {
                name: name.to_owned(),
                known: known.join(", "),
            }
        })
    }

    /// All links with solids and all obstacles.
    pub fn colliders(&self) -> impl Iterator<Item = Collider> {
        self.items.iter().map(|item| item.collider)
    }

    /// The pairs that are checked.
    pub fn checked_pairs(&self) -> impl Iterator<Item = [Collider; 2]> {
        self.pairs
            .iter()
            .map(|pair| pair.items.map(|item| self.items[item].collider))
    }

    /// Why each pair of links that move against each other is checked, or is not.
    pub fn link_pairs(&self) -> &[([LinkId; 2], Verdict)] {
        &self.link_verdicts
    }

    /// Adds something that stands in the base. It is checked against every link that moves.
    ///
    /// # Errors
    /// If a link or obstacle has that name, or the pose is not finite.
    pub fn add_obstacle(
        &mut self,
        name: &str,
        solid: Solid,
        base_from_obstacle: &Isometry3<f64>,
    ) -> Result<ObstacleId, CollisionError> {
        if self.collider(name).is_ok() {
            let name = name.to_owned();
            return Err(CollisionError::NameTaken { name });
        }
        let piece = Piece {
            carrier_from_solid: finite(name, base_from_obstacle)?,
            solid,
        };
        let id = ObstacleId(self.next_obstacle);
        self.next_obstacle += 1;
        let root = self.robot.root();
        self.add_item(Collider::Obstacle(id), name, root, vec![piece]);
        self.list_pairs();
        Ok(id)
    }

    /// Takes an obstacle out.
    ///
    /// # Errors
    /// If it does not exist.
    pub fn remove_obstacle(&mut self, obstacle: ObstacleId) -> Result<(), CollisionError> {
        let removed = self.items.remove(self.item_of(obstacle)?);
        self.pieces.drain(removed.pieces.clone());
        let count = removed.pieces.len();
        for item in &mut self.items {
            if item.pieces.start >= removed.pieces.end {
                item.pieces = item.pieces.start - count..item.pieces.end - count;
            }
        }
        let gone = Collider::Obstacle(obstacle);
        self.allowed.retain(|pair| !pair.contains(&gone));
        self.list_pairs();
        Ok(())
    }

    /// Moves an obstacle within what carries it: the base, or the link that it hangs on. Allocates nothing.
    ///
    /// # Errors
    /// If it does not exist or the pose is not finite.
    pub fn move_obstacle(
        &mut self,
        obstacle: ObstacleId,
        carrier_from_obstacle: &Isometry3<f64>,
    ) -> Result<(), CollisionError> {
        let index = self.item_of(obstacle)?;
        let item = &self.items[index];
        self.pieces[item.pieces.start].carrier_from_solid = finite(&item.name, carrier_from_obstacle)?;
        self.place_item(index);
        Ok(())
    }

    /// Hangs an obstacle on a link, such as a part in a gripper. From then on it moves with the link and is checked against the other links
    /// and obstacles, except the `touching` ones (fingers) and those that are rigid with the link.
    ///
    /// # Errors
    /// If it does not exist, the pose is not finite, or it is a half-space.
    pub fn attach(
        &mut self,
        obstacle: ObstacleId,
        link: LinkId,
        link_from_obstacle: &Isometry3<f64>,
        touching: &[LinkId],
    ) -> Result<(), CollisionError> {
        let index = self.item_of(obstacle)?;
        let moves = self.moves(link);
        let item = &mut self.items[index];
        let placement = finite(&item.name, link_from_obstacle)?;
        let piece = &mut self.pieces[item.pieces.start];
        if piece.solid.is_half_space() {
            return Err(CollisionError::HalfSpaceOnLink {
                name: item.name.clone(),
                link: self.robot.link_name(link).to_owned(),
            });
        }
        (item.carrier, item.moves) = (link, moves);
        item.may_touch = touching.to_vec();
        piece.carrier_from_solid = placement;
        self.list_pairs();
        Ok(())
    }

    /// Takes an obstacle off the link that it hangs on; it stays where it was at the last [`CollisionModel::place`].
    ///
    /// # Errors
    /// If it does not exist.
    pub fn detach(&mut self, obstacle: ObstacleId) -> Result<(), CollisionError> {
        let index = self.item_of(obstacle)?;
        let root = self.robot.root();
        let item = &mut self.items[index];
        (item.carrier, item.moves) = (root, false);
        item.may_touch.clear();
        let piece = item.pieces.start;
        self.pieces[piece].carrier_from_solid = self.spots[piece].base_from_solid;
        self.list_pairs();
        Ok(())
    }

    /// Stops checking a pair, such as the fingers of a gripper that are meant to touch.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn allow_pair(&mut self, a: &str, b: &str) -> Result<(), CollisionError> {
        let pair = [self.collider(a)?, self.collider(b)?];
        if !self.is_allowed(pair) {
            self.allowed.push(pair);
        }
        self.list_pairs();
        Ok(())
    }

    /// Checks a pair again that was allowed before.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn forbid_pair(&mut self, a: &str, b: &str) -> Result<(), CollisionError> {
        let pair = [self.collider(a)?, self.collider(b)?];
        self.allowed
            .retain(|other| *other != pair && *other != [pair[1], pair[0]]);
        self.list_pairs();
        Ok(())
    }

    /// Puts the robot where its joints are at `q`; every question is answered for that. Allocates nothing.
    ///
    /// # Panics
    /// If `q` has the wrong length for the robot.
    pub fn place(&mut self, q: &[f64]) {
        self.robot.forward_kinematics(&mut self.workspace, q);
        for index in 0..self.items.len() {
            if self.items[index].moves {
                self.place_item(index);
            }
        }
    }

    fn place_all(&mut self) {
        for index in 0..self.items.len() {
            self.place_item(index);
        }
    }

    fn place_item(&mut self, index: usize) {
        let item = &self.items[index];
        let link = &self.robot.links[item.carrier.0];
        let base_from_carrier = match link.body {
            Some(body) => self.workspace.base_from_body[body].then(&link.body_from_link),
            None => link.body_from_link,
        };
        for index in item.pieces.clone() {
            let piece = &self.pieces[index];
            let base_from_solid = base_from_carrier.then(&piece.carrier_from_solid);
            self.spots[index] = Spot::new(&piece.solid, base_from_solid);
        }
    }

    pub(super) fn item_of(&self, obstacle: ObstacleId) -> Result<usize, CollisionError> {
        let wanted = Collider::Obstacle(obstacle);
        let place = self.items.iter().position(|item| item.collider == wanted);
        place.ok_or(CollisionError::NoSuchObstacle { number: obstacle.0 })
    }

    fn is_allowed(&self, pair: [Collider; 2]) -> bool {
        self.allowed
            .iter()
            .any(|other| *other == pair || *other == [pair[1], pair[0]])
    }

    fn is_checked(&self, a: &Item, b: &Item) -> bool {
        let touches = |held: &Item, other: &Item| match other.collider {
            Collider::Link(link) => held.may_touch.contains(&link),
            Collider::Obstacle(_) => false,
        };
        let by_links = match (a.collider, b.collider) {
            (Collider::Link(a), Collider::Link(b)) => {
                let verdict = self.link_verdicts.iter().find(|(links, _)| *links == [a, b]);
                verdict.is_none_or(|(_, verdict)| verdict.is_checked())
            }
            _ => true,
        };
        !self.robot.is_rigid_with(a.carrier, b.carrier)
            && by_links
            && !touches(a, b)
            && !touches(b, a)
            && !self.is_allowed([a.collider, b.collider])
    }

    /// Makes the list of pairs anew, with all memory that the questions need, and places every piece.
    pub(super) fn list_pairs(&mut self) {
        let (mut pairs, mut piece_pairs) = (Vec::new(), Vec::new());
        for (first, a) in self.items.iter().enumerate() {
            for (second, b) in self.items.iter().enumerate().skip(first + 1) {
                if !self.is_checked(a, b) {
                    continue;
                }
                let start = piece_pairs.len();
                for piece in a.pieces.clone() {
                    piece_pairs.extend(b.pieces.clone().map(|other| [piece, other]));
                }
                pairs.push(ItemPair {
                    items: [first, second],
                    pieces: start..piece_pairs.len(),
                });
            }
        }
        self.found = Room(Vec::with_capacity(pairs.len()));
        self.candidates = Room(Vec::with_capacity(piece_pairs.len()));
        (self.pairs, self.piece_pairs) = (pairs, piece_pairs);
        self.last_closest = 0;
        self.spots = vec![Spot::default(); self.pieces.len()];
        self.place_all();
    }

    fn warn_of_verdicts(&mut self) {
        for (links, verdict) in &self.link_verdicts {
            let [a, b] = links.map(|link| self.robot.link_name(link).to_owned());
            match *verdict {
                Verdict::AlwaysTouch => self.warnings.push(CollisionWarning::AlwaysTouch { a, b }),
                Verdict::Checked {
                    depth_at_zero: Some(depth),
                } => {
                    self.warnings.push(CollisionWarning::TouchAtZero { a, b, depth });
                }
                _ => {}
            }
        }
    }
}

fn finite(name: &str, pose: &Isometry3<f64>) -> Result<Placement, CollisionError> {
    let placement = Placement::from_isometry(pose);
    let numbers = placement.rotation.iter().chain(placement.translation.iter());
    if numbers.into_iter().all(|number| number.is_finite()) {
        return Ok(placement);
    }
    let name = name.to_owned();
    Err(CollisionError::BadPose { name })
}
