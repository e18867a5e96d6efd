//! Where a first joint is to be next: swings of four periods each, and ways that lead on and on.
//!
//! **Invariant:** velocities and accelerations lead exactly from each place to the next, by an even jerk, and all of them are whole numbers of some
//! unit: whoever swings for ever comes by few states.

use super::moves::Stream;
use std::time::Duration;

/// Where a machine is told to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    /// In units of 1/96 rad: what limited jerk comes to in a period.
    place: i32,
    /// In units of 1/2 rad/s; at most 2, and 1 while it changes.
    speed: i32,
    /// In units of 16 rad/s².
    push: i32,
}

impl Plan {
    /// At rest.
    pub(crate) fn at(position: f64) -> Self {
        Self {
            place: (position * UNITS).round() as i32,
            speed: 0,
            push: 0,
        }
    }

    /// A period goes by: a swing goes on, said or not.
    pub(crate) fn pass_time(&mut self, stream: Stream) {
        let towards = match stream {
            Stream::IntoZone => 2,
            Stream::OutOfWorkspace => -2,
            _ if self.speed == 0 => 2 * self.side(),
            _ => 0,
        };
        // Whoever pushes stops pushing first.
        let push = if self.push == 0 {
            (towards - self.speed).signum()
        } else {
            0
        };
        let speed = self.speed + self.push + push;
        // Δq = (v₀ + v₁)/2·Δt − (a₁ − a₀)/12·Δt².
        self.place += (3 * (self.speed + speed) - (push - self.push)) / 2;
        (self.speed, self.push) = (speed, push);
    }

    /// \[rad\]
    pub(crate) fn position(&self) -> f64 {
        f64::from(self.place) / UNITS
    }

    /// \[rad/s\]
    pub(crate) fn velocity(&self) -> f64 {
        f64::from(self.speed) / 2.0
    }

    /// \[rad/s²\]
    pub(crate) fn acceleration(&self) -> f64 {
        16.0 * f64::from(self.push)
    }

    /// An acceleration that is allowed, but does not follow on any \[rad/s²\].
    pub(crate) fn sudden(&self) -> f64 {
        let along = if self.speed == 0 {
            self.side()
        } else {
            self.speed.signum()
        };
        -40.0 * f64::from(along)
    }

    /// To which side a swing goes from there: never far from the middle.
    fn side(&self) -> i32 {
        if self.place > 0 { -1 } else { 1 }
    }
}

/// A power of two, so that time is as exact as speeds are.
pub(crate) const PERIOD: Duration = Duration::from_nanos(62_500_000);
/// How far a swing goes, and how fine the encoder is \[rad\].
pub(crate) const SWING: f64 = 0.125;
/// In a radian.
const UNITS: f64 = 96.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_planned_leads_from_place_to_place() {
        let dt = PERIOD.as_secs_f64();
        let streams = [
            [Stream::Good; 9],
            [Stream::IntoZone; 9],
            [Stream::OutOfWorkspace; 9],
            [Stream::Good; 9],
        ];
        let mut plan = Plan::at(SWING);
        for stream in streams.into_iter().flatten() {
            let before = plan;
            plan.pass_time(stream);
            let (v0, v1) = (before.velocity(), plan.velocity());
            let (a0, a1) = (before.acceleration(), plan.acceleration());
            assert!(
                (v1 - v0 - dt * (a0 + a1) / 2.0).abs() < 1e-12,
                "{before:?} {plan:?}"
            );
            let way = dt * ((v0 + v1) / 2.0 - dt * (a1 - a0) / 12.0);
            assert!(
                (plan.position() - before.position() - way).abs() < 1e-12,
                "{before:?} {plan:?}"
            );
        }
    }

    #[test]
    fn a_swing_takes_four_periods_and_comes_back() {
        let mut plan = Plan::at(0.0);
        for end in [SWING, 0.0, SWING] {
            (0..4).for_each(|_| plan.pass_time(Stream::Good));
            assert_eq!(plan, Plan::at(end));
        }
    }
}
