//! Who streams: knows where its last setpoint was, goes on from there as well as it can, and then spoils what it says.
//!
//! rad, s, N·m. **Invariant:** what it says follows from its generator and from what it was told.

use super::kind::Kind;
use super::site::Site;
use rand::{RngExt as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use servomesh_sim::harness::ARM;
use servomesh_types::{Epoch, JointLimits, JointVec, Setpoint, Stamp, StreamTag};
use std::time::Duration;

/// The period of the stream.
pub(super) const PERIOD: Duration = Duration::from_millis(2);

/// How near to its limits an adversary goes, each as a share of what a joint may do.
#[derive(Clone, Copy, Debug)]
struct Manners {
    velocity: f64,
    acceleration: f64,
    jerk: f64,
}

/// Who streams.
pub(super) struct Adversary {
    limits: Vec<JointLimits>,
    manners: Manners,
    kind: Kind,
    /// Which joint it plays tricks with.
    joint: usize,
    position: JointVec,
    velocity: JointVec,
    acceleration: JointVec,
    seq: u64,
    /// How far ahead of time it speaks.
    lead: Duration,
    last: Setpoint,
    replayed: Option<Setpoint>,
}

impl Adversary {
    /// Draws one. It keeps to what the site allows, mostly, or it would never get far.
    pub(super) fn draw(site: &Site, kind: Kind, rng: &mut ChaCha8Rng) -> Self {
        let allowed = &site.law.normal;
        let (velocity, acceleration) = (
            allowed.velocity.unwrap_or(1.0),
            allowed.acceleration.unwrap_or(1.0),
        );
        let pace = match kind {
            Kind::Aiming | Kind::Hugging => *[1.0, 1.0, 0.5, 0.1].choose(rng).unwrap_or(&1.0),
            _ => rng.random_range(0.1..1.0),
        };
        let manners = match kind {
            // To what the gate tolerates: 1 % of velocity and acceleration, 5 % of jerk.
            Kind::Hugging => Manners {
                velocity: 1.0099 * velocity * pace,
                acceleration: 1.0099 * acceleration,
                jerk: 1.049,
            },
            _ => Manners {
                velocity: 0.995 * velocity * pace,
                acceleration: acceleration * rng.random_range(0.5..1.0),
                jerk: 1.0,
            },
        };
        let zero = JointVec::zeros(ARM.len());
        Self {
            limits: site.limits.clone(),
            manners,
            kind,
            joint: rng.random_range(0..ARM.len()),
            position: zero,
            velocity: zero,
            acceleration: zero,
            // Above what `trajectory` has said before.
            seq: 1 << 32,
            lead: Duration::from_micros(rng.random_range(0..10_000) * u64::from(rng.random_bool(0.2))),
            last: Setpoint::default(),
            replayed: None,
        }
    }

    /// Begins at rest where the machine was measured.
    pub(super) fn begin_at(&mut self, position: JointVec) {
        let zero = JointVec::zeros(position.len());
        (self.position, self.velocity, self.acceleration) = (position, zero, zero);
        self.replayed = None;
    }

    /// Goes on from another stream's setpoint.
    pub(super) fn take_over(&mut self, from: &Setpoint) {
        (self.position, self.velocity, self.acceleration) = (from.position, from.velocity, from.acceleration);
    }

    /// Where its last setpoint was.
    pub(super) fn position(&self) -> &JointVec {
        &self.position
    }

    /// Does something else from now on.
    pub(super) fn switch_to(&mut self, kind: Kind) {
        self.kind = kind;
    }

    /// One period further: each joint towards the wanted share of its acceleration, with limited jerk, and never faster than it may be.
    pub(super) fn go_on(&mut self, wanted: &JointVec, rng: &mut ChaCha8Rng) {
        let mut dt = PERIOD.as_secs_f64();
        // An epoch that began in mid-motion would end there.
        let begins = self.velocity.max_abs() <= 0.0 && self.acceleration.max_abs() <= 0.0;
        if self.kind == Kind::Warped {
            let before = self.lead;
            let soonest = before.saturating_sub(PERIOD) + Duration::from_micros(50);
            self.lead = soonest.max(Duration::from_micros(rng.random_range(0..19_000)));
            dt = (PERIOD + self.lead - before).as_secs_f64();
        }
        for (joint, limit) in self.limits.iter().enumerate() {
            let (v, a) = (self.velocity[joint], self.acceleration[joint]);
            let jerk = self.manners.jerk * limit.jerk();
            let fastest = self.manners.velocity * limit.velocity();
            // What the velocity comes to if the acceleration is given up from here on.
            let comes_to = v + a * a.abs() / (2.0 * jerk) + 2.0 * a * dt;
            let mut wish = wanted[joint] * self.manners.acceleration * limit.acceleration();
            if comes_to * wish.signum() > fastest {
                wish = 0.0;
            }
            let step = (wish - a).clamp(-jerk * dt, jerk * dt);
            self.position[joint] += dt * (v + dt * (a / 2.0 + step / 6.0));
            self.velocity[joint] += dt * (a + step / 2.0);
            self.acceleration[joint] = a + step;
        }
        if begins {
            return;
        }
        match self.kind {
            // Each step within what the gate lets pass from one setpoint to the next.
            Kind::Creeping => {
                for joint in 0..self.limits.len() {
                    self.position[joint] += 0.95 * JUMP * wanted[joint].signum();
                }
            }
            Kind::Surging => {
                for joint in 0..self.limits.len() {
                    let gain = 0.95 * VELOCITY_JUMP * wanted[joint].signum();
                    let fastest = self.manners.velocity * self.limits[joint].velocity();
                    if (self.velocity[joint] + gain).abs() < fastest {
                        self.velocity[joint] += gain;
                        self.position[joint] += gain * dt / 2.0;
                    }
                }
            }
            _ => {}
        }
    }

    /// The next thing it says, spoilt if it is to be; nothing while it is silent.
    pub(super) fn say(
        &mut self,
        now: Stamp,
        epoch: Epoch,
        spoils: bool,
        rng: &mut ChaCha8Rng,
    ) -> Option<Setpoint> {
        self.seq += 1;
        let good = Setpoint {
            tag: StreamTag {
                stamp: now + self.lead,
                epoch,
                seq: self.seq,
                valid_for: Duration::from_millis(50),
                ..StreamTag::default()
            },
            position: self.position,
            velocity: self.velocity,
            acceleration: self.acceleration,
            ..Setpoint::default()
        };
        let before = std::mem::replace(&mut self.last, good);
        if spoils {
            self.spoil(good, &before, rng)
        } else {
            Some(good)
        }
    }

    fn spoil(&mut self, good: Setpoint, before: &Setpoint, rng: &mut ChaCha8Rng) -> Option<Setpoint> {
        let joint = self.joint;
        let mut bad = good;
        match self.kind {
            Kind::Random
            | Kind::Hugging
            | Kind::Aiming
            | Kind::Creeping
            | Kind::Surging
            | Kind::TakingOver
            | Kind::Switching => {}
            Kind::Frozen => {
                let frozen = *self.replayed.get_or_insert(*before);
                bad.position = frozen.position;
                if rng.random_bool(0.5) {
                    (bad.velocity, bad.acceleration) = (frozen.velocity, frozen.acceleration);
                }
            }
            Kind::Jumping => {
                let way = 10_f64.powf(rng.random_range(-4.0..0.5));
                let which = rng.random_range(0..3);
                let vec = [&mut bad.position, &mut bad.velocity, &mut bad.acceleration];
                for (i, vec) in vec.into_iter().enumerate() {
                    if i == which {
                        vec[joint] += way * if rng.random() { 1.0 } else { -1.0 };
                    }
                }
            }
            Kind::NotANumber => {
                let value = *[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]
                    .choose(rng)
                    .unwrap_or(&f64::NAN);
                match rng.random_range(0..5) {
                    0 => bad.position[joint] = value,
                    1 => bad.velocity[joint] = value,
                    2 => bad.acceleration[joint] = value,
                    3 => bad.effort = with(joint, value),
                    _ => bad.effort_limit = with(joint, value),
                }
            }
            Kind::WrongSize => {
                let size = *[0, 1, 5, 7, 8].choose(rng).unwrap_or(&0);
                let resized =
                    |vec: &JointVec| JointVec::from_fn(size, |i| vec.get(i).copied().unwrap_or(0.0));
                match rng.random_range(0..4) {
                    0 => bad.position = resized(&bad.position),
                    1 => bad.velocity = resized(&bad.velocity),
                    2 => bad.acceleration = resized(&bad.acceleration),
                    _ => bad.effort = JointVec::zeros(size.max(1)),
                }
            }
            Kind::Replayed => {
                let old = *self.replayed.get_or_insert(*before);
                // With its old number, or with a new one and a new stamp.
                bad = if rng.random_bool(0.5) {
                    old
                } else {
                    Setpoint { tag: good.tag, ..old }
                };
            }
            Kind::OutOfOrder => {
                bad.tag.seq = bad.tag.seq.wrapping_add_signed(rng.random_range(-3..3));
                if rng.random_bool(0.3) {
                    bad.tag.stamp = bad.tag.stamp - PERIOD * rng.random_range(1..5);
                }
            }
            Kind::Stale => {
                bad.tag.epoch = Epoch(good.tag.epoch.0.wrapping_add_signed(rng.random_range(-2..=2)))
            }
            Kind::Untimely => {
                let by = Duration::from_millis(rng.random_range(15..2000));
                bad.tag.stamp = if rng.random() {
                    good.tag.stamp + by
                } else {
                    good.tag.stamp - by
                };
                if rng.random_bool(0.2) {
                    bad.tag.valid_for = Duration::ZERO;
                }
            }
            Kind::Warped => bad.tag.valid_for = Duration::from_millis(rng.random_range(0..1000)),
            Kind::WrongVelocity => {
                let share = rng.random_range(0.5..1.5);
                bad.velocity.iter_mut().for_each(|v| *v *= share);
            }
            Kind::WrongAcceleration => bad.acceleration = JointVec::zeros(ARM.len()),
            Kind::Pushing => {
                let share = rng.random_range(-2.0..2.0);
                bad.effort = JointVec::from_fn(ARM.len(), |i| share * self.limits[i].effort());
            }
            Kind::Limp => {
                let share = rng.random_range(0.0..1.0);
                bad.effort_limit = JointVec::from_fn(ARM.len(), |i| {
                    if i == joint {
                        share * self.limits[i].effort()
                    } else {
                        self.limits[i].effort()
                    }
                });
            }
            Kind::Silent => return None,
            Kind::Stuttering if rng.random_bool(0.6) => return None,
            Kind::Stuttering => {}
            Kind::Releasing => bad.release = true,
        }
        Some(bad)
    }
}

/// One value for each joint, all zero but one.
fn with(joint: usize, value: f64) -> JointVec {
    JointVec::from_fn(ARM.len(), |i| if i == joint { value } else { 0.0 })
}

/// What the gate tolerates from one setpoint to the next: position \[rad\] and velocity \[rad/s\].
const JUMP: f64 = 5e-4;
const VELOCITY_JUMP: f64 = 0.05;
