//! A follower that catches its leader up and then stays in step with it.
//!
//! **Invariant:** the follower keeps its own limits whatever the leader does; in step, it is where the law wants it, to the last digit. If the leader's
//! setpoints end, it comes to rest.

use super::law::{DoesNotFit, Law};
use crate::pursuit::{Axis, BadTick, Point};

/// A law at work.
#[derive(Clone, Debug)]
pub struct Coupling {
    law: Law,
    axis: Axis,
    leader: Axis,
    point: Point,
    in_step: bool,
}

/// The follower at one tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coupled {
    /// Its setpoint.
    pub point: Point,
    /// Its jerk.
    pub jerk: f64,
    /// Setpoint minus where the law wants it; `None` without a leader.
    pub error: Option<f64>,
    /// Whether it is there, and moves as the law wants.
    pub in_step: bool,
}

impl Coupling {
    /// Engages: the follower, which moves as `from` says, begins to catch up.
    ///
    /// # Errors
    /// [`DoesNotFit`] if the leader's limits allow motions that the follower's do not.
    pub fn engage(law: Law, from: Point, follower: Axis, leader: Axis) -> Result<Self, DoesNotFit> {
        law.fits(&leader, &follower)?;
        Ok(Self {
            law,
            axis: follower,
            leader,
            point: from,
            in_step: false,
        })
    }

    /// `dt_s` seconds later: the follower for the leader's setpoint and jerk at that moment; `None` if it has none.
    ///
    /// # Errors
    /// [`BadTick`], with nothing moved.
    pub fn tick(&mut self, dt_s: f64, leader: Option<(Point, f64)>) -> Result<Coupled, BadTick> {
        let dt_s = BadTick::check(dt_s)?;
        let from = self.point;
        let finite = |(point, jerk): &(Point, f64)| (point.p + point.v + point.a + jerk).is_finite();
        let Some((leader, leader_jerk)) = leader.filter(finite) else {
            self.point = self.axis.rest(from, dt_s);
            self.in_step = false;
            return Ok(self.coupled(from, dt_s, None));
        };
        let (wanted, jerk) = self.law.follower(leader, leader_jerk);
        let followed = self.axis.follow(from, wanted, dt_s);
        self.point = followed.point;
        self.in_step = followed.on_target;
        let mut coupled = self.coupled(from, dt_s, Some(followed.point.p - wanted.p));
        if self.in_step && jerk.abs() <= self.axis.jerk {
            coupled.jerk = jerk;
        }
        Ok(coupled)
    }

    fn coupled(&self, from: Point, dt_s: f64, error: Option<f64>) -> Coupled {
        Coupled {
            point: self.point,
            jerk: (self.point.a - from.a) / dt_s,
            error,
            in_step: self.in_step,
        }
    }

    /// Where the follower is.
    pub fn point(&self) -> Point {
        self.point
    }

    /// How it depends on the leader.
    pub fn law(&self) -> &Law {
        &self.law
    }

    /// The limits of the leader that it was found to fit.
    pub fn leader(&self) -> &Axis {
        &self.leader
    }
}
