//! What FEETECH's series do differently, as a driver sees them.
//!
//! | | STS | SCS |
//! |---|---|---|
//! | words | low byte first | high byte first |
//! | position | 4096 counts all round, which wrap | 1024 counts over 300°, an end at each side |
//! | a read of all | answered in turn | not known: each is asked |
//! | modes | register 33 | PWM where both angle limits are 0, else position |
//! | torque limit | goes with the goals | register 16: EPROM, so none goes with them |
//! | current | measured | not measured |
//! | lock of the EPROM | register 55 | register 48 |
//!
//! All else is alike, and named by the registers of the STS3215.

use super::settings::Mode;
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::number::ByteOrder;
use servomesh_fieldbus::feetech::sts3215::{
    GOAL_DUTY, GOAL_POSITION, GOAL_SPEED, MAX_ANGLE, MIN_ANGLE, MODE, MOVING, PHASE, PRESENT_CURRENT,
    PRESENT_POSITION, RETURN_DELAY, TORQUE_LIMIT,
};
use servomesh_fieldbus::feetech::table::{Model, Register};
use servomesh_fieldbus::feetech::{scs0009, sts3215};

/// A series of servos that share a memory table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Series {
    /// STS3215 and what shares its table.
    Sts,
    /// SCS0009: of other SCS servos neither number nor table is known here.
    Scs,
}

/// A register, and what it is to hold \[counts\].
pub(super) type Setting = (&'static Register, i32);

impl Series {
    /// The series of a model as the servos file names it; `None`: it is not known here. Without a name it is an STS servo.
    pub(super) fn named(model: Option<&str>) -> Option<Self> {
        let all = [Self::Sts, Self::Scs];
        match model {
            None => Some(Self::Sts),
            Some(name) => all.into_iter().find(|series| series.model().name == name),
        }
    }

    /// The model of it whose table is known.
    pub(super) fn model(self) -> &'static Model {
        match self {
            Self::Sts => &sts3215::MODEL,
            Self::Scs => &scs0009::MODEL,
        }
    }

    pub(super) fn order(self) -> ByteOrder {
        self.model().order
    }

    /// Whether its servos answer a read of all, one after the other; else each is asked.
    pub(super) fn is_read_at_once(self) -> bool {
        self.model().sync_read
    }

    /// Counts in a turn of the output.
    pub(super) fn turn(self) -> f64 {
        self.model().counts_per_turn
    }

    /// Counts of its encoder after which it begins again; `None`: it sees less than a turn.
    pub(super) const fn wraps(self) -> Option<i32> {
        match self {
            Self::Sts => Some(4096),
            Self::Scs => None,
        }
    }

    /// The highest count that is a position.
    pub(super) const fn last(self) -> i32 {
        match self {
            Self::Sts => 4095,
            Self::Scs => scs0009::PRESENT_POSITION.max,
        }
    }

    /// Whether it can be at these counts. An STS servo with an offset reads some of them negative.
    pub(super) const fn takes(self, position: i32) -> bool {
        match self {
            Self::Sts => position.abs() <= self.last(),
            Self::Scs => scs0009::PRESENT_POSITION.takes(position),
        }
    }

    /// The way from one position to another \[counts\]: the shorter one, where there are two.
    pub(super) fn way(self, from: i32, to: i32) -> i32 {
        match self.wraps() {
            Some(turn) => {
                let way = (to - from).rem_euclid(turn);
                if way > turn / 2 { way - turn } else { way }
            }
            None => to - from,
        }
    }

    /// Its position in the block that is read.
    pub(super) const fn position(self) -> &'static Register {
        match self {
            Self::Sts => &PRESENT_POSITION,
            Self::Scs => &scs0009::PRESENT_POSITION,
        }
    }

    /// Its current, if it has a sensor of it.
    pub(super) const fn current(self) -> Option<&'static Register> {
        match self {
            Self::Sts => Some(&PRESENT_CURRENT),
            Self::Scs => None,
        }
    }

    /// The last register that says how it is.
    pub(super) const fn last_data(self) -> &'static Register {
        match self {
            Self::Sts => &PRESENT_CURRENT,
            Self::Scs => &MOVING,
        }
    }

    /// How far its position loop stays behind an even motion with the gains it comes with \[s\]: measured on the simulated STS3215 at 12 V, and on the
    /// simulated SCS0009 with the motor of an HS-311 at 6 V and 2 rad/s.
    pub const fn lag_s(self) -> f64 {
        match self {
            Self::Sts => 0.025,
            Self::Scs => 0.041,
        }
    }

    /// What is written in a mode, one register after the other: in position mode the speed is the most that it may take, and register 44 is a time, 0 for
    /// none. Settings refuse an SCS servo with a mode that it has not.
    pub(super) const fn goals(self, mode: Mode) -> &'static [Register] {
        match (self, mode) {
            (Self::Sts, Mode::Position) => &[GOAL_POSITION, GOAL_DUTY, GOAL_SPEED, TORQUE_LIMIT],
            (Self::Sts, Mode::Velocity) => &[GOAL_SPEED, TORQUE_LIMIT],
            (Self::Sts, Mode::Pwm) => &[GOAL_DUTY],
            (Self::Scs, Mode::Position) => &[scs0009::GOAL_POSITION, scs0009::GOAL_TIME, scs0009::GOAL_SPEED],
            (Self::Scs, Mode::Velocity | Mode::Pwm) => &[scs0009::GOAL_DUTY],
        }
    }

    /// What is written from the torque's register on to switch it off: STS servos take an acceleration behind it, and goals come often enough to be
    /// what shapes the motion.
    pub(super) const fn torque_off(self) -> &'static [u8] {
        match self {
            Self::Sts => &[0, NO_LIMIT],
            Self::Scs => &[0],
        }
    }

    /// What its EPROM is to hold for a mode; `held` says what a register holds.
    pub(super) fn eprom(self, mode: Mode, held: impl Fn(&Register) -> Option<i32>) -> ArrayVec<Setting, 3> {
        let mut wanted = ArrayVec::new();
        wanted.push((&RETURN_DELAY, 0));
        match self {
            Self::Sts => {
                let phase = held(&PHASE).unwrap_or(PHASE.reset);
                wanted.push((&MODE, mode.number()));
                wanted.push((&PHASE, (phase & !MANY_TURNS) | STEPS_PER_SECOND));
            }
            Self::Scs => {
                let is_motor = [&MIN_ANGLE_SCS, &MAX_ANGLE_SCS].map(&held) == [Some(0); 2];
                let limits = match mode {
                    Mode::Position if is_motor => Some([MIN_ANGLE_SCS.reset, MAX_ANGLE_SCS.reset]),
                    Mode::Position => None,
                    Mode::Velocity | Mode::Pwm => Some([0, 0]),
                };
                if let Some([lower, upper]) = limits {
                    wanted.push((&MIN_ANGLE_SCS, lower));
                    wanted.push((&MAX_ANGLE_SCS, upper));
                }
            }
        }
        wanted
    }

    /// Within what a goal may lie in a mode \[counts\], by the angle limits that it holds before it is set up: 0 and 0 are none.
    pub(super) fn ends(self, mode: Mode, limits: [i32; 2]) -> (f64, f64) {
        let [lower, upper] = match (self, mode, limits) {
            (Self::Scs, Mode::Velocity | Mode::Pwm, _) | (Self::Sts, _, [0, 0]) => [0, self.last()],
            (Self::Scs, Mode::Position, [0, 0]) => [MIN_ANGLE_SCS.reset, MAX_ANGLE_SCS.reset],
            (_, _, [lower, upper]) => [lower, upper.max(lower)],
        };
        (f64::from(lower), f64::from(upper))
    }
}

const MIN_ANGLE_SCS: Register = scs0009::MIN_ANGLE;
const MAX_ANGLE_SCS: Register = scs0009::MAX_ANGLE;
const _: () = assert!(
    MIN_ANGLE.address == MIN_ANGLE_SCS.address && MAX_ANGLE.address == MAX_ANGLE_SCS.address,
    "the limits of both series are at one place"
);
const _: () = assert!(
    sts3215::ACCELERATION_LIMIT.address == sts3215::TORQUE_ENABLE.address + 1,
    "both are one write"
);
/// No limit of the acceleration.
const NO_LIMIT: u8 = 0;
/// The bit of [`PHASE`] that lets the position count on over turns.
pub(super) const MANY_TURNS: i32 = 1 << 4;
/// The bit of [`PHASE`] that makes speeds steps/s.
const STEPS_PER_SECOND: i32 = 1 << 2;
