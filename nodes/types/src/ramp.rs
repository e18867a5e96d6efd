//! The quickest way of one joint to standstill, with limited acceleration and jerk, in closed form.
//!
//! It is the stop that `safety` commands, and the one that a driver makes where `safety` falls silent: since both are the same, a driver that
//! misses some commands of a stop is where they lead all the same.
//!
//! At most three pieces of constant jerk: to the acceleration that brakes, along it, and back to zero. Ways in rad (m) from where
//! the ramp begins, times in s.
//!
//! **Invariant:** the ramp keeps to the acceleration and jerk it was given and ends at rest exactly.

/// A ramp to standstill; a plain value.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ramp {
    /// Where each piece begins.
    pieces: [Piece; 3],
    duration_s: f64,
    /// How far it leads.
    rest: f64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    begin_s: f64,
    way: f64,
    velocity: f64,
    acceleration: f64,
    jerk: f64,
}

impl Piece {
    fn at(&self, t: f64) -> (f64, f64, f64) {
        let (v, a, j) = (self.velocity, self.acceleration, self.jerk);
        (
            self.way + t * (v + t * (a / 2.0 + t * j / 6.0)),
            v + t * (a + t * j / 2.0),
            a + t * j,
        )
    }
}

impl Ramp {
    /// From `velocity` and `acceleration`, which is within its limit, to rest.
    ///
    /// With â the acceleration that brakes and v₀ the velocity in its direction, the speed is gone where
    /// v₀ + a₀²/2j = â²/j + â·t₂, so â = √(j·v₀ + a₀²/2), or the limit for a time t₂.
    pub fn to_rest(velocity: f64, acceleration: f64, most: f64, jerk: f64) -> Self {
        // What the velocity comes to if the acceleration is given up says which way to brake.
        let given_up = velocity + acceleration * acceleration.abs() / (2.0 * jerk);
        let side = if given_up >= 0.0 { 1.0 } else { -1.0 };
        let (v, a) = (side * velocity, side * acceleration);
        let peak = (jerk * v + a * a / 2.0).max(0.0).sqrt().max(-a);
        let braking = peak.min(most.max(-a));
        let lost = (a * a / 2.0 - braking * braking) / jerk;
        let even_s = if peak > braking {
            ((v + lost) / braking).max(0.0)
        } else {
            0.0
        };
        let times = [(a + braking) / jerk, even_s, braking / jerk];
        let jerks = [-side * jerk, 0.0, side * jerk];
        let mut ramp = Self::default();
        let (mut begin_s, mut state) = (0.0, (0.0, velocity, acceleration));
        for ((piece, time_s), jerk) in ramp.pieces.iter_mut().zip(times).zip(jerks) {
            *piece = Piece {
                begin_s,
                way: state.0,
                velocity: state.1,
                acceleration: state.2,
                jerk,
            };
            state = piece.at(time_s);
            begin_s += time_s;
        }
        ramp.duration_s = begin_s;
        ramp.rest = state.0;
        ramp
    }

    /// How long it takes \[s\].
    pub fn duration_s(&self) -> f64 {
        self.duration_s
    }

    /// Way, velocity and acceleration at a time from its beginning.
    pub fn at(&self, t: f64) -> (f64, f64, f64) {
        if t >= self.duration_s {
            // Rounding must not leave a residue: at the end a joint stands still exactly.
            return (self.rest, 0.0, 0.0);
        }
        let [first, second, third] = &self.pieces;
        let piece = match t {
            t if t >= third.begin_s => third,
            t if t >= second.begin_s => second,
            _ => first,
        };
        piece.at(t - piece.begin_s)
    }

    /// How far it may be beyond what any two of its places span: it turns once at most, so no farther than from the turn to the nearer end.
    pub fn overshoot(&self) -> f64 {
        let (below, above) = self.excursion();
        (below + self.rest.min(0.0))
            .max(above - self.rest.max(0.0))
            .max(0.0)
    }

    /// How far it leads at most: (below, above) its beginning, both ≥ 0.
    pub fn excursion(&self) -> (f64, f64) {
        let (mut below, mut above) = (self.rest.min(0.0), self.rest.max(0.0));
        let [first, ..] = &self.pieces;
        // The first piece brakes: what moves against it from the beginning goes on to rest that way.
        if first.velocity * first.jerk <= 0.0 {
            return (-below, above);
        }
        // Else it turns once, where its velocity crosses zero in one of its pieces.
        for (index, piece) in self.pieces.iter().enumerate() {
            let end_s = self
                .pieces
                .get(index + 1)
                .map_or(self.duration_s, |next| next.begin_s)
                - piece.begin_s;
            for t in turns(piece).into_iter().filter(|t| (0.0..=end_s).contains(t)) {
                let way = piece.at(t).0;
                (below, above) = (below.min(way), above.max(way));
            }
        }
        (-below, above)
    }
}

/// Where a piece's velocity v + a·t + j·t²/2 is zero; NaN where it is not.
fn turns(piece: &Piece) -> [f64; 2] {
    let (v, a, j) = (piece.velocity, piece.acceleration, piece.jerk);
    let root = (a * a - 2.0 * j * v).sqrt();
    // The form that does not cancel.
    let q = -(a + root.copysign(a));
    [q / j, 2.0 * v / q]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rsruckig::brake::stop_distance_third_order;
    use rsruckig::prelude::*;

    /// The time-optimal way as Ruckig has it: (duration, way).
    fn ruckig(velocity: f64, acceleration: f64, most: f64, jerk: f64) -> (f64, f64) {
        let mut input = InputParameter::<1>::new(None);
        input.control_interface = ControlInterface::Velocity;
        input.current_velocity[0] = velocity;
        input.current_acceleration[0] = acceleration;
        input.max_acceleration[0] = most;
        input.max_jerk[0] = jerk;
        let mut profile = Trajectory::new(None);
        let result = Ruckig::<1, ThrowErrorHandler>::new(None, 0.0).calculate(&input, &mut profile);
        assert!(matches!(result, Ok(RuckigResult::Working)), "{result:?}");
        let mut way = daov_stack![0.0];
        profile.at_time(
            profile.get_duration(),
            &mut Some(&mut way),
            &mut None,
            &mut None,
            &mut None,
            &mut None,
        );
        (profile.get_duration(), way[0])
    }

    proptest! {
        #[test]
        fn it_is_the_one_that_ruckig_finds(
            velocity in -4.0..=4.0, share in -1.0..=1.0, most in 0.5..20.0, jerk in 5.0..500.0,
        ) {
            let acceleration = share * most;
            let ramp = Ramp::to_rest(velocity, acceleration, most, jerk);
            let (duration, way) = ruckig(velocity, acceleration, most, jerk);
            prop_assert!((ramp.duration_s() - duration).abs() < 1e-9, "{} {duration}", ramp.duration_s());
            prop_assert!((ramp.at(ramp.duration_s()).0 - way).abs() < 1e-9, "{ramp:?} {way}");
            let (below, above) = ramp.excursion();
            let farthest = [-1.0, 1.0].map(|side: f64| stop_distance_third_order(side * velocity, side * acceleration, most, jerk));
            prop_assert!(below <= farthest[0] + 1e-9 && above <= farthest[1] + 1e-9);
            for step in 0..=200 {
                let (way, _, acceleration) = ramp.at(ramp.duration_s() * f64::from(step) / 200.0);
                prop_assert!(way >= -below - 1e-9 && way <= above + 1e-9, "{way} beyond -{below} … {above}");
                prop_assert!(acceleration.abs() <= most * (1.0 + 1e-12));
            }
            // It goes over from piece to piece without a step, and comes to rest by itself.
            let before = ramp.at(ramp.duration_s() * (1.0 - 1e-9));
            prop_assert!(before.1.abs() < 1e-6 && before.2.abs() < 1e-5, "{before:?}");
        }
    }

    #[test]
    fn at_rest_there_is_nothing_to_do() {
        let ramp = Ramp::to_rest(0.0, 0.0, 5.0, 50.0);
        assert_eq!(
            (ramp.duration_s(), ramp.at(0.0), ramp.excursion()),
            (0.0, (0.0, 0.0, 0.0), (0.0, 0.0))
        );
    }
}
