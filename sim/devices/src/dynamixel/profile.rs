//! The trajectory to a goal: a step, a rectangle, a trapezoid or a triangle of velocity, in steps of 1 ms.
//!
//! By the manual's "What is the Profile": without a profile velocity the goal is a step; without an acceleration the velocity is; a new goal
//! begins where the trajectory is, with its velocity. A profile by time is turned into the velocity and acceleration that take so long from
//! rest. Units here are ticks and milliseconds.

use servomesh_fieldbus::dynamixel::table::bits::moving_status;

/// What a profile keeps to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bounds {
    /// Profile Velocity \[ticks/ms\] and Profile Acceleration \[ticks/ms²\]; 0 is without.
    Velocity { velocity: f64, acceleration: f64 },
    /// The whole time and the time to accelerate \[ms\]; 0 is without.
    Time { whole: f64, acceleration: f64 },
}

/// A point of the trajectory.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Point {
    /// \[ticks\]
    pub(super) position: f64,
    /// \[ticks/ms\]
    pub(super) velocity: f64,
    /// \[ticks/ms²\]
    pub(super) acceleration: f64,
}

/// A trajectory to a goal position.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Profile {
    point: Point,
    goal: f64,
    /// 0: none.
    velocity: f64,
    acceleration: f64,
    shape: u8,
    ongoing: bool,
}

impl Profile {
    /// At rest at this position.
    pub(super) fn place(&mut self, position: f64) {
        *self = Self {
            point: Point {
                position,
                ..Point::default()
            },
            goal: position,
            ..Self::default()
        };
    }

    /// Goes to another goal from where it is.
    pub(super) fn aim(&mut self, goal: f64, bounds: Bounds) {
        let distance = (goal - self.point.position).abs();
        (self.velocity, self.acceleration) = match bounds {
            Bounds::Velocity { velocity, .. } if velocity <= 0.0 => (0.0, 0.0),
            Bounds::Velocity {
                velocity,
                acceleration,
            } => (velocity, acceleration),
            Bounds::Time { whole, .. } if whole <= 0.0 => (0.0, 0.0),
            Bounds::Time { whole, acceleration } => {
                let ramp = acceleration.min(whole / 2.0);
                let velocity = distance / (whole - ramp);
                (velocity, if ramp > 0.0 { velocity / ramp } else { 0.0 })
            }
        };
        (self.goal, self.ongoing) = (goal, true);
        self.shape = if self.velocity <= 0.0 {
            0
        } else if self.acceleration <= 0.0 {
            moving_status::RECTANGULAR
        } else if distance < self.velocity * self.velocity / self.acceleration {
            moving_status::TRIANGULAR
        } else {
            moving_status::TRAPEZOIDAL
        };
    }

    /// A millisecond later.
    pub(super) fn step(&mut self) -> Point {
        let before = self.point;
        let distance = self.goal - before.position;
        let next = if self.velocity <= 0.0 {
            None
        } else if self.acceleration <= 0.0 {
            let moved = self.velocity.copysign(distance);
            (distance.abs() > self.velocity).then_some((before.position + moved, moved))
        } else {
            self.ramp(distance)
        };
        self.ongoing = next.is_some();
        let (position, velocity) = next.unwrap_or((self.goal, 0.0));
        self.point = Point {
            position,
            velocity,
            acceleration: if self.velocity > 0.0 {
                velocity - before.velocity
            } else {
                0.0
            },
        };
        self.point
    }

    pub(super) fn point(&self) -> Point {
        self.point
    }

    pub(super) fn is_ongoing(&self) -> bool {
        self.ongoing
    }

    /// Bits 4 and 5 of Moving Status.
    pub(super) fn shape(&self) -> u8 {
        self.shape
    }

    /// Bounded acceleration, so that it can always stop at the goal; `None` when it is there.
    fn ramp(&self, distance: f64) -> Option<(f64, f64)> {
        let (now, a) = (self.point.velocity, self.acceleration);
        // The most from which steps of a come to rest within the distance: v + (v − a) + … ≤ |distance|.
        let stoppable = a * ((0.25 + 2.0 * distance.abs() / a).sqrt() - 0.5);
        let wanted = stoppable.min(self.velocity).copysign(distance);
        let velocity = wanted.clamp(now - a, now + a);
        let arrived = now.abs() <= a && distance.abs() <= a;
        (!arrived).then_some((self.point.position + velocity, velocity))
    }
}

/// A velocity on its way to a goal velocity; any unit, in steps of 1 ms.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VelocityRamp {
    velocity: f64,
    goal: f64,
    /// 0: none.
    acceleration: f64,
    ongoing: bool,
}

impl VelocityRamp {
    pub(super) fn place(&mut self, velocity: f64) {
        *self = Self {
            velocity,
            goal: velocity,
            ..Self::default()
        };
    }

    /// Goes to another velocity, by so much each millisecond, or at once with 0.
    pub(super) fn aim(&mut self, goal: f64, acceleration: f64) {
        (self.goal, self.acceleration, self.ongoing) = (goal, acceleration, true);
    }

    pub(super) fn velocity(&self) -> f64 {
        self.velocity
    }

    pub(super) fn is_ongoing(&self) -> bool {
        self.ongoing
    }

    pub(super) fn step(&mut self) -> f64 {
        let missing = self.goal - self.velocity;
        self.ongoing = self.acceleration > 0.0 && missing.abs() > self.acceleration;
        self.velocity = if self.ongoing {
            self.velocity + self.acceleration.copysign(missing)
        } else {
            self.goal
        };
        self.velocity
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps until it is there, with the highest velocity and acceleration on the way.
    fn run(profile: &mut Profile) -> (usize, f64, f64) {
        let (mut steps, mut velocity, mut acceleration) = (0, 0.0_f64, 0.0_f64);
        while profile.is_ongoing() {
            let point = profile.step();
            velocity = velocity.max(point.velocity.abs());
            acceleration = acceleration.max(point.acceleration.abs());
            steps += 1;
            assert!(steps < 100_000);
        }
        (steps, velocity, acceleration)
    }

    fn assert_at(profile: &Profile, goal: f64) {
        let position = profile.point().position;
        assert!((position - goal).abs() < 1e-9, "{position}");
    }

    fn bounds(velocity: f64, acceleration: f64) -> Bounds {
        Bounds::Velocity {
            velocity,
            acceleration,
        }
    }

    #[test]
    fn without_a_velocity_the_goal_is_a_step() {
        let mut profile = Profile::default();
        profile.aim(1000.0, bounds(0.0, 0.5));
        assert_eq!(run(&mut profile), (1, 0.0, 0.0));
        assert_eq!(profile.shape(), 0);
        assert_at(&profile, 1000.0);
    }

    #[test]
    fn a_trapezoid_takes_as_long_as_its_bounds_say() {
        let mut profile = Profile::default();
        profile.aim(-1000.0, bounds(2.0, 0.01));
        assert_eq!(profile.shape(), moving_status::TRAPEZOIDAL);
        let (steps, velocity, acceleration) = run(&mut profile);
        // 200 ms up, 300 ms at 2 ticks/ms, 200 ms down.
        assert!((699..=704).contains(&steps), "{steps}");
        assert!(
            velocity <= 2.0 && acceleration <= 0.0101,
            "{velocity} {acceleration}"
        );
        assert_at(&profile, -1000.0);
    }

    #[test]
    fn a_short_way_is_a_triangle_and_without_acceleration_a_rectangle() {
        let mut profile = Profile::default();
        profile.aim(100.0, bounds(2.0, 0.01));
        assert_eq!(profile.shape(), moving_status::TRIANGULAR);
        let (steps, velocity, _) = run(&mut profile);
        assert!(
            (198..=203).contains(&steps) && velocity < 1.05,
            "{steps} {velocity}"
        );
        profile.aim(0.0, bounds(2.0, 0.0));
        assert_eq!(profile.shape(), moving_status::RECTANGULAR);
        assert_eq!(run(&mut profile).0, 50);
    }

    #[test]
    fn a_profile_by_time_takes_that_time() {
        for acceleration in [0.0, 100.0, 400.0] {
            let mut profile = Profile::default();
            let whole = 500.0;
            profile.aim(2048.0, Bounds::Time { whole, acceleration });
            let (steps, ..) = run(&mut profile);
            assert!((496..=504).contains(&steps), "{acceleration}: {steps}");
        }
    }

    #[test]
    fn a_new_goal_on_the_way_makes_no_jump() {
        let mut profile = Profile::default();
        profile.aim(1000.0, bounds(2.0, 0.01));
        for _ in 0..300 {
            profile.step();
        }
        profile.aim(-1000.0, bounds(2.0, 0.01));
        let (_, velocity, acceleration) = run(&mut profile);
        assert!(
            velocity <= 2.001 && acceleration <= 0.0101,
            "{velocity} {acceleration}"
        );
        assert_at(&profile, -1000.0);
    }
}
