//! How a servo moves: a duty cycle out of its goals and what its sensors see, each millisecond.
//!
//! | mode | goal | what it does |
//! |---|---|---|
//! | 0 position | goal position | a profile with goal speed and acceleration, followed by P, I and D |
//! | 1 wheel | goal speed | a speed with the acceleration, by P and I |
//! | 2 PWM | goal duty | that share of the supply |
//! | 3 step | goal position | so many steps on from where it aimed before |
//!
//! What a count of a gain does is not documented. Here P gives 0.5 ‰ of duty for each step of error (full duty at 62 steps with the factory's 32), D
//! takes 0.002 ‰ for each step/s, I gives 0.05 ‰ for each step and second; of the speed loop P gives 0.01 ‰ and I 0.5 ‰ a second for each step/s.
//! Speed and acceleration of 0 are the most the motor can. Servos with longer steps have as much more for each: the same for an angle. A goal time that is
//! not 0 makes the speed such that the way takes it; it goes before the goal speed.
//!
//! **Invariant:** the duty cycle is within the torque limit.

use servomesh_fieldbus::feetech::sts3215::{
    ACCELERATION_LIMIT, DEAD_ZONE_CCW, DEAD_ZONE_CW, GOAL_SPEED, MAX_ANGLE, MIN_ANGLE, MODE, POSITION_D,
    POSITION_I, POSITION_P, SPEED_I, SPEED_P,
};

use super::memory::Memory;

/// What [`MODE`] holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// 0.
    Position,
    /// 1.
    Wheel,
    /// 2.
    Pwm,
    /// 3.
    Step,
}

impl Mode {
    /// The servo's mode.
    pub fn of(memory: &Memory) -> Self {
        let is_motor = memory.series().is_motor_without_limits;
        match memory.get(&MODE) {
            _ if is_motor && limits(memory).is_none() => Self::Pwm,
            1 => Self::Wheel,
            2 => Self::Pwm,
            3 => Self::Step,
            _ => Self::Position,
        }
    }
}

/// The loops of a servo; positions in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Control {
    /// Where it shall be in the end.
    goal: Option<f64>,
    /// How fast it goes there, where a time was said \[steps/s\].
    pace: Option<f64>,
    /// Where it shall be now, and how fast.
    aim: f64,
    aim_speed: f64,
    integral: f64,
}

impl Control {
    /// Begins at `position`, at rest, with nothing to do but to stay.
    pub fn begin(&mut self, position: f64) {
        *self = Self {
            aim: position,
            ..Self::default()
        };
    }

    /// Takes what was written to the goal position \[steps\].
    pub fn set_goal(&mut self, memory: &Memory, counts: i32) {
        let counts = f64::from(counts);
        let goal = match Mode::of(memory) {
            Mode::Step => self.goal.unwrap_or(self.aim) + counts,
            _ => within_limits(memory, counts),
        };
        let time_s = memory
            .series()
            .goal_time
            .map_or(0.0, |register| memory.si(&register));
        self.pace = (time_s > 0.0).then(|| (goal - self.aim).abs() / time_s);
        self.goal = Some(goal);
    }

    /// Where the profile is \[steps\].
    pub fn aim(&self) -> f64 {
        self.aim
    }

    /// Whether the profile is under way.
    pub fn under_way(&self) -> bool {
        self.aim_speed.abs() > 0.0
    }

    /// The duty cycle for the next step of `dt_s`, −1 to 1, with the output at `position` and `speed` \[steps, steps/s\]. `fastest` is the speed of
    /// the motor at the full supply.
    pub fn duty(&mut self, memory: &Memory, position: f64, speed: f64, fastest: f64, dt_s: f64) -> f64 {
        let permille = match Mode::of(memory) {
            Mode::Position | Mode::Step => self.follow(memory, position, speed, fastest, dt_s),
            Mode::Wheel => self.turn(memory, position, speed, fastest, dt_s),
            Mode::Pwm => {
                self.begin(position);
                f64::from(memory.get(&memory.series().goal_duty))
            }
        };
        let limit = f64::from(memory.get(&memory.series().torque_limit)).min(1000.0);
        permille.clamp(-limit, limit) / 1000.0
    }

    fn follow(&mut self, memory: &Memory, position: f64, speed: f64, fastest: f64, dt_s: f64) -> f64 {
        if let Some(goal) = self.goal {
            let most = match (self.pace, memory.get(&GOAL_SPEED).abs()) {
                (Some(pace), _) => pace.min(fastest),
                (None, 0) => fastest,
                (None, speed) => f64::from(speed).min(fastest),
            };
            self.approach(goal, most, acceleration(memory), dt_s);
        }
        let series = memory.series();
        let per_step = STS_TURN / series.turn;
        let error = self.aim - position;
        let zone = if error < 0.0 {
            &DEAD_ZONE_CW
        } else {
            &DEAD_ZONE_CCW
        };
        if error.abs() <= f64::from(memory.get(zone)) {
            return -D_PERMILLE * per_step * f64::from(memory.get(&POSITION_D)) * speed;
        }
        let gain = |register| f64::from(memory.get(register));
        self.integral += I_PERMILLE * per_step * gain(&POSITION_I) * error * dt_s;
        let most = INTEGRAL_PERMILLE * series.integral_limit.as_ref().map_or(0.0, gain);
        if most > 0.0 {
            self.integral = self.integral.clamp(-most, most);
        }
        let wanted = P_PERMILLE * per_step * gain(&POSITION_P) * error + self.integral;
        let least = gain(&series.startup_force).copysign(error);
        let damping = D_PERMILLE * per_step * gain(&POSITION_D) * (self.aim_speed - speed);
        if wanted.abs() < least.abs() {
            least + damping
        } else {
            wanted + damping
        }
    }

    /// Moves the aim on towards the goal with a trapezoid of speed.
    fn approach(&mut self, goal: f64, most: f64, acceleration: f64, dt_s: f64) {
        let way = goal - self.aim;
        let change = acceleration * dt_s;
        // What can still be stopped within the way, v² = 2·a·s, less what a step adds.
        let stoppable = (2.0 * acceleration * way.abs()).sqrt().min(most);
        let wanted = stoppable.copysign(way);
        let speed = self.aim_speed + (wanted - self.aim_speed).clamp(-change, change);
        if way.abs() <= speed.abs() * dt_s || way.abs() < 1e-9 {
            (self.aim, self.aim_speed) = (goal, 0.0);
        } else {
            (self.aim, self.aim_speed) = (self.aim + speed * dt_s, speed);
        }
    }

    fn turn(&mut self, memory: &Memory, position: f64, speed: f64, fastest: f64, dt_s: f64) -> f64 {
        let goal = f64::from(memory.get(&GOAL_SPEED)).clamp(-fastest, fastest);
        let change = acceleration(memory) * dt_s;
        self.aim_speed += (goal - self.aim_speed).clamp(-change, change);
        (self.aim, self.goal) = (position, None);
        let error = self.aim_speed - speed;
        self.integral += SPEED_I_PERMILLE * f64::from(memory.get(&SPEED_I)) * error * dt_s;
        self.integral = self.integral.clamp(-1000.0, 1000.0);
        SPEED_P_PERMILLE * f64::from(memory.get(&SPEED_P)) * error + self.integral
    }
}

/// Limits of 0 and 0 take the range away; else a goal is held within them.
fn within_limits(memory: &Memory, goal: f64) -> f64 {
    limits(memory).map_or(goal, |(low, high)| goal.clamp(low, high))
}

/// The angle limits; `None`: they are taken away.
fn limits(memory: &Memory) -> Option<(f64, f64)> {
    match (memory.get(&MIN_ANGLE), memory.get(&MAX_ANGLE)) {
        (0, 0) => None,
        (low, high) => Some((f64::from(low), f64::from(high.max(low)))),
    }
}

fn acceleration(memory: &Memory) -> f64 {
    match memory.get(&ACCELERATION_LIMIT) {
        0 => HARDEST * memory.series().turn / STS_TURN,
        counts => 100.0 * f64::from(counts),
    }
}

/// What the constants below count with \[steps\].
const STS_TURN: f64 = 4096.0;
/// Steps/s² without a limit: to full speed within 15 ms.
const HARDEST: f64 = 200_000.0;
const P_PERMILLE: f64 = 0.5;
const D_PERMILLE: f64 = 0.002;
const I_PERMILLE: f64 = 0.05;
/// ‰ for each count of the integral's limit.
const INTEGRAL_PERMILLE: f64 = 4.0;
const SPEED_P_PERMILLE: f64 = 0.01;
const SPEED_I_PERMILLE: f64 = 0.5;
