//! Where an adversary wants to go: which acceleration each joint is to have next, as a share of what it may have.
//!
//! rad, m. **Invariant:** shares are within −1 … 1.

use super::kind::Kind;
use super::site::Site;
use rand::{RngExt as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use servomesh_robot::Workspace;
use servomesh_robot::collision::{Collider, CollisionModel, Proximity};
use servomesh_sim::harness::ARM;
use servomesh_types::JointVec;

/// What an adversary makes for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Target {
    /// Wherever chance leads.
    Nothing,
    /// A limit of each joint, one way or the other.
    Limits,
    /// Whatever is nearest at the moment.
    Nearest,
    /// Two things that can touch.
    Pair(Collider, Collider),
    /// A face of the box that the tool must stay in: axis, and which way.
    Border(usize, f64),
    /// An end stop of a joint, while others move at random.
    EndStop(usize, f64),
}

/// The way of one adversary.
pub(super) struct Course<'s> {
    site: &'s Site,
    target: Target,
    collision: CollisionModel,
    workspace: Workspace,
}

impl<'s> Course<'s> {
    /// Draws one.
    pub(super) fn draw(site: &'s Site, kind: Kind, start: &[f64], rng: &mut ChaCha8Rng) -> Self {
        let mut collision = site.law.collision.clone();
        collision.place(start);
        let target = match kind {
            Kind::Random => Target::Nothing,
            Kind::Hugging => Target::Limits,
            // What spoils its setpoints is the more dangerous the nearer it is to something.
            _ => match rng.random_range(0..6) {
                0 => Target::Limits,
                1 => Target::Nearest,
                2 | 3 => {
                    let near = collision.pairs_within(FAR);
                    let pair = near.choose(rng).map(|near| Target::Pair(near.a, near.b));
                    pair.unwrap_or(Target::Nothing)
                }
                4 => Target::Border(rng.random_range(0..3), sign(rng)),
                _ => Target::EndStop(rng.random_range(0..ARM.len()), sign(rng)),
            },
        };
        Self {
            site,
            target,
            workspace: Workspace::new(collision.robot()),
            collision,
        }
    }

    /// In which direction each joint is to be driven from `position` on.
    pub(super) fn wanted(&mut self, position: &JointVec, rng: &mut ChaCha8Rng) -> JointVec {
        let joints = ARM.len();
        match self.target {
            Target::Nothing => JointVec::from_fn(joints, |_| rng.random_range(-1.0..1.0)),
            Target::Limits => JointVec::from_fn(joints, |_| sign(rng)),
            Target::Nearest => {
                self.collision.place(position);
                let nearest = self.collision.minimum_distance();
                self.towards(nearest, rng)
            }
            Target::Pair(a, b) => {
                self.collision.place(position);
                let near = self.collision.pairs_within(FAR);
                let near = near.iter().find(|near| (near.a, near.b) == (a, b)).copied();
                self.towards(near, rng)
            }
            Target::Border(axis, side) => {
                let robot = self.collision.robot();
                robot.forward_kinematics(&mut self.workspace, position);
                let mut alone = JointVec::zeros(joints);
                JointVec::from_fn(joints, |joint| {
                    alone[joint] = 1.0;
                    let twist = robot.link_velocity(&self.workspace, self.site.law.tool, &alone);
                    alone[joint] = 0.0;
                    full(side * twist.linear[axis])
                })
            }
            Target::EndStop(joint, side) => JointVec::from_fn(joints, |i| {
                if i == joint {
                    side
                } else {
                    rng.random_range(-0.3..0.3)
                }
            }),
        }
    }

    /// Down the slope of a distance.
    fn towards(&mut self, near: Option<Proximity>, rng: &mut ChaCha8Rng) -> JointVec {
        let mut slope = JointVec::zeros(ARM.len());
        let found = near.is_some_and(|near| self.collision.distance_gradient(&near, &mut slope).is_ok());
        if !found {
            return JointVec::from_fn(ARM.len(), |_| rng.random_range(-1.0..1.0));
        }
        JointVec::from_fn(ARM.len(), |i| full(-slope[i]))
    }
}

/// All one way, unless it makes no difference.
fn full(slope: f64) -> f64 {
    if slope.abs() < NO_DIFFERENCE {
        0.0
    } else {
        slope.signum()
    }
}

fn sign(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random() { 1.0 } else { -1.0 }
}

/// What is farther apart is nothing to aim at \[m\].
const FAR: f64 = 2.0;
/// A joint that changes a distance by less than this \[m/rad\] is left as it is.
const NO_DIFFERENCE: f64 = 1e-3;
