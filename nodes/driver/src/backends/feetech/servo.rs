//! What is known of one servo, what is believed of it, and what it is told.

use super::layout::Reading;
use super::series::Series;
use super::settings::{Mode, ServoSettings};
use super::setup::Setup;
use crate::backends::problem::Problem;
use crate::backends::serial::{Known, Member};
use crate::bus::{DriveCommand, Ticks};
use arrayvec::ArrayVec;
use servomesh_fieldbus::feetech::status::{Alarm, Alarms};
use servomesh_fieldbus::feetech::sts3215::{GOAL_DUTY, GOAL_POSITION, GOAL_SPEED, TORQUE_LIMIT};
use servomesh_types::Stamp;
use servomesh_types::fault::DriveFault;

/// One servo of a group.
#[derive(Debug)]
pub struct Servo {
    pub(super) settings: ServoSettings,
    pub(super) series: Series,
    pub(super) setup: Setup,
    pub(super) identity: Option<Identity>,
    pub(super) known: Known,
    pub(super) alarms: Alarms,
    /// A position that its joint can't have come to since the last one, or that somebody may have talked into.
    doubt: Option<(Stamp, i32)>,
    /// Since when it has said nothing.
    pub(super) silent_since: Option<Stamp>,
    /// It was silent for so long that it may have started anew, and has not said since whether its torque is on.
    pub(super) suspect: bool,
}

/// What a servo's registers say of itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Identity {
    /// Above this supply it complains \[V\].
    pub(super) highest_v: f64,
    /// Its supply when it was asked \[V\].
    pub(super) voltage_v: f64,
    /// Within what a goal may lie: its angle limits, or what its sensor sees \[ticks\].
    pub(super) ends: (f64, f64),
}

/// What it said in an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said {
    /// When it sampled itself.
    pub(super) sampled: Stamp,
    pub(super) reading: Reading,
    pub(super) alarms: Alarms,
    /// All before it have answered; else one of them may have done so late, and talked into it.
    pub(super) in_turn: bool,
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belief {
    Believed,
    /// It was under torque, and has none without an alarm that takes it away.
    StartedAnew,
    Doubted,
}

impl Servo {
    /// A servo that nothing is known of.
    pub(super) fn new(settings: ServoSettings) -> Self {
        Self {
            series: settings.series(),
            settings,
            setup: Setup::default(),
            identity: None,
            known: Known::default(),
            alarms: Alarms::NONE,
            doubt: None,
            silent_since: None,
            suspect: false,
        }
    }

    /// Takes what it said; `told_on` is whether it was told to have torque.
    pub(super) fn take(&mut self, said: &Said, told_on: bool) -> Belief {
        if !self.believes(said) {
            return Belief::Doubted;
        }
        let Said {
            sampled,
            reading,
            alarms,
            ..
        } = *said;
        self.known.sampled = Some(sampled);
        self.silent_since = None;
        self.known.ticks = Ticks(reading.position.into());
        self.alarms = alarms;
        let keep = |field: &mut f64, read: Option<f64>| *field = read.unwrap_or(*field);
        keep(&mut self.known.current_a, reading.current_a);
        keep(&mut self.known.temperature_degc, reading.temperature_degc);
        keep(&mut self.known.voltage_v, reading.voltage_v);
        if let Some(torque) = reading.torque {
            self.suspect = false;
            let lost = self.known.torque && !torque && told_on;
            self.known.torque = torque;
            if lost && alarms == Alarms::NONE {
                return Belief::StartedAnew;
            }
        }
        Belief::Believed
    }

    /// Nothing was heard of it in the read at `sampled`.
    pub(super) fn miss(&mut self, sampled: Stamp) {
        let since = *self.silent_since.get_or_insert(sampled);
        self.suspect |= sampled.since(since) > QUICKEST_START;
    }

    /// Whether a joint can have come to a position since the last and nobody may have talked into what says so, or it is seen there twice.
    fn believes(&mut self, said: &Said) -> bool {
        let (sampled, position) = (said.sampled, said.reading.position);
        let fastest = FASTER * self.settings.motor.fastest(self.known.voltage_v.max(NOMINAL_V));
        let reachable = |(then, from): (Stamp, i32)| {
            let way = f64::from(self.series.way(from, position));
            way.abs() <= self.spare_ticks() + fastest * sampled.seconds_from(then).abs()
        };
        let last = self.known.sampled.map(|then| (then, self.known.ticks.0 as i32));
        let believed = said.in_turn && last.is_none_or(reachable) || self.doubt.is_some_and(reachable);
        self.doubt = (!believed).then_some((sampled, position));
        believed
    }

    /// The register at which its goals begin.
    pub(super) fn goal_address(&self) -> u8 {
        self.series.goals(self.settings.mode)[0].address
    }

    /// How many bytes they have.
    pub(super) fn goal_length(&self) -> u8 {
        goal_length(&self.settings)
    }

    /// The bytes of its goals; `ahead_s` is how long the driver may be silent before the next.
    pub(super) fn goals(
        &self,
        command: &DriveCommand,
        joint: usize,
        ahead_s: f64,
    ) -> Option<ArrayVec<u8, 8>> {
        let current_a = *command.current_a.get(joint)?;
        let ticks_per_s = *command.velocity_ticks_per_s.get(joint)?;
        let position = *command.position_ticks.get(joint)?;
        let voltage = |current_a, ticks_per_s| self.settings.motor.voltage(current_a, ticks_per_s);
        let share = |volts: f64| 1000.0 * volts / self.known.voltage_v.max(1.0);
        let mut bytes = ArrayVec::new();
        for register in self.series.goals(self.settings.mode) {
            let counts = match register.address {
                at if at == GOAL_POSITION.address => self.near(position, ahead_s),
                at if at == GOAL_SPEED.address && self.settings.mode == Mode::Position => {
                    (FASTER * self.settings.ticks_per_s).max(SLOWEST)
                }
                at if at == GOAL_SPEED.address => ticks_per_s,
                at if at == TORQUE_LIMIT.address => share(voltage(current_a.abs(), ticks_per_s.abs())).ceil(),
                at if at == GOAL_DUTY.address && self.settings.mode == Mode::Pwm => {
                    share(voltage(current_a, ticks_per_s))
                }
                _ => 0.0,
            };
            let counts = counts.round().clamp(register.min.into(), register.max.into()) as i32;
            let mut two = [0; 2];
            register.put(self.series.order(), counts, &mut two).ok()?;
            bytes.try_extend_from_slice(&two).ok()?;
        }
        Some(bytes)
    }

    /// A goal no further from where the joint was measured than it can move in the loop's lag and `ahead_s`, within the servo's limits.
    fn near(&self, position: f64, ahead_s: f64) -> f64 {
        let most = self.spare_ticks() + FASTER * self.settings.ticks_per_s * (self.settings.lag_s + ahead_s);
        let measured = self.known.ticks.0 as f64;
        let (lowest, highest) = self
            .identity
            .map_or((measured, measured), |identity| identity.ends);
        position
            .clamp(measured - most, measured + most)
            .clamp(lowest, highest)
    }

    /// What noise of the sensor and play of the gear may add \[ticks\].
    fn spare_ticks(&self) -> f64 {
        SPARE_TURN * self.series.turn()
    }
}

impl Member for Servo {
    fn known(&self) -> &Known {
        &self.known
    }

    fn known_mut(&mut self) -> &mut Known {
        &mut self.known
    }

    fn is_set_up(&self) -> bool {
        self.setup.is_done()
    }

    fn restart(&mut self) {
        self.setup.restart();
    }

    fn missing(&mut self, baud: u32, garbled: bool) -> Result<(), Problem> {
        self.setup.missing(&self.settings, baud, garbled)
    }

    /// It may have been moved by hand meanwhile.
    fn begin(&mut self) {
        self.suspect = false;
        self.silent_since = None;
        self.known.sampled = None;
        self.doubt = None;
        self.known.voltage_v = self.identity.map_or(0.0, |identity| identity.voltage_v);
    }

    /// The worst first.
    fn fault(&self) -> Option<DriveFault> {
        let high = self
            .identity
            .is_some_and(|identity| self.known.voltage_v > identity.highest_v);
        let name = |alarm| match alarm {
            Alarm::Angle => DriveFault::Encoder,
            Alarm::OverCurrent => DriveFault::Overcurrent,
            Alarm::Overheat => DriveFault::Overheated,
            Alarm::Overload => DriveFault::Overload,
            Alarm::Voltage if high => DriveFault::Overvoltage,
            Alarm::Voltage => DriveFault::Undervoltage,
        };
        let named = WORST_FIRST.into_iter().find(|alarm| self.alarms.has(*alarm));
        let unnamed = self.alarms.unnamed();
        named
            .map(name)
            .or_else(|| (unnamed != 0).then_some(DriveFault::Other(unnamed.into())))
    }

    fn name(&self) -> String {
        format!("servo {} ({})", self.settings.id, self.settings.joint)
    }
}

/// How many bytes the goals of a servo have.
pub(super) fn goal_length(servo: &ServoSettings) -> u8 {
    let registers = servo.series().goals(servo.mode);
    registers.iter().map(|register| register.size).sum()
}

const WORST_FIRST: [Alarm; 5] = [
    Alarm::Angle,
    Alarm::OverCurrent,
    Alarm::Overheat,
    Alarm::Overload,
    Alarm::Voltage,
];
/// How much faster than its limit a joint may be for a moment: while it catches up, or is pushed.
const FASTER: f64 = 1.5;
/// Noise of the sensor and play of the gear \[turns\]: 16 counts of an STS servo.
const SPARE_TURN: f64 = 16.0 / 4096.0;
/// The lowest speed that may be a limit \[ticks/s\]: 0 would be the highest.
const SLOWEST: f64 = 1.0;
/// Of a servo whose supply is not known yet \[V\]; the highest of both series.
const NOMINAL_V: f64 = 12.0;
/// A servo that was silent for longer may have started anew meanwhile.
const QUICKEST_START: std::time::Duration = std::time::Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An STS servo.
    fn servo(mode: Mode) -> Servo {
        let identity = Identity {
            highest_v: 14.0,
            voltage_v: 12.0,
            ends: (400.0, 3600.0),
        };
        standing(ServoSettings::elbow(mode), identity, 2000)
    }

    /// An SCS servo.
    fn small(mode: Mode) -> Servo {
        let identity = Identity {
            highest_v: 9.0,
            voltage_v: 6.0,
            ends: (20.0, 1003.0),
        };
        standing(ServoSettings::gripper(mode), identity, 500)
    }

    fn standing(settings: ServoSettings, identity: Identity, position: i64) -> Servo {
        let mut servo = Servo::new(settings);
        servo.identity = Some(identity);
        servo.begin();
        servo.known.ticks = Ticks(position);
        servo
    }

    /// A position, in turn, in a cycle of 4 ms.
    fn said(cycle: i64, position: i32) -> Said {
        Said {
            sampled: Stamp::from_millis(4 * cycle),
            reading: Reading {
                position,
                ..Reading::default()
            },
            alarms: Alarms::NONE,
            in_turn: true,
        }
    }

    fn command(current_a: f64, ticks_per_s: f64, position: f64) -> DriveCommand {
        DriveCommand {
            current_a: [current_a].into(),
            velocity_ticks_per_s: [ticks_per_s].into(),
            position_ticks: [position].into(),
            ..DriveCommand::default()
        }
    }

    fn told(servo: &Servo, command: &DriveCommand) -> Vec<i32> {
        let bytes = servo.goals(command, 0, 0.008).expect("goals");
        assert_eq!(bytes.len(), usize::from(servo.goal_length()));
        let (pairs, _) = bytes.as_chunks::<2>();
        pairs
            .iter()
            .zip(servo.series.goals(servo.settings.mode))
            .map(|(pair, register)| register.get(servo.series.order(), pair).expect("two bytes"))
            .collect()
    }

    #[test]
    fn each_mode_is_told_its_goal() {
        let command = command(-0.9, -100.0, 2010.4);
        // 0.9 A take 4.0 V, 100 steps/s 0.37 V more: 364 ‰ of 12 V.
        assert_eq!(told(&servo(Mode::Position), &command), [2010, 0, 1950, 364]);
        assert_eq!(told(&servo(Mode::Velocity), &command), [-100, 364]);
        assert_eq!(told(&servo(Mode::Pwm), &command), [-364]);
        assert_eq!(servo(Mode::Velocity).goal_address(), 46);
        assert_eq!(servo(Mode::Pwm).goal_address(), 44);
    }

    #[test]
    fn an_scs_servo_is_told_a_time_and_a_speed_and_no_torque_limit() {
        // 293 steps/s are the joint's limit: 440 of the servo's own, and 15 steps ahead in 28 ms and for noise and play.
        assert_eq!(
            told(&small(Mode::Position), &command(0.1, 100.0, 510.2)),
            [510, 0, 440]
        );
        assert_eq!(
            told(&small(Mode::Position), &command(0.1, 100.0, 900.0)),
            [517, 0, 440]
        );
        assert_eq!(
            told(&small(Mode::Position), &command(0.1, 100.0, -900.0)),
            [483, 0, 440]
        );
        let mut at_end = small(Mode::Position);
        at_end.known.ticks = Ticks(1000);
        assert_eq!(told(&at_end, &command(0.1, 0.0, 1020.0))[0], 1003);
        let bytes = small(Mode::Position).goals(&command(0.1, 100.0, 510.2), 0, 0.008);
        assert_eq!(bytes.expect("goals")[..2], [0x01, 0xFE], "high byte first");
        // 0.1 A take 0.725 V, 100 steps/s 0.438 V more: 194 ‰ of 6 V.
        assert_eq!(told(&small(Mode::Pwm), &command(-0.1, -100.0, 510.2)), [-194]);
    }

    #[test]
    fn the_ends_of_a_potentiometer_are_not_next_to_each_other() {
        let mut servo = Servo::new(ServoSettings::gripper(Mode::Position));
        servo.begin();
        assert_eq!(
            servo.take(&said(1, 1020), false),
            Belief::Believed,
            "the first of all"
        );
        assert_eq!(servo.take(&said(2, 3), false), Belief::Doubted);
        assert_eq!(servo.known.ticks, Ticks(1020), "it keeps what it said");
    }

    #[test]
    fn a_position_out_of_reach_is_believed_when_it_is_seen_twice() {
        let mut servo = servo(Mode::Position);
        let take = |servo: &mut Servo, cycle, position| servo.take(&said(cycle, position), false);
        assert_eq!(take(&mut servo, 1, 4090), Belief::Believed, "the first of all");
        assert_eq!(take(&mut servo, 2, 5), Belief::Believed, "through the wrap");
        assert_eq!(take(&mut servo, 3, 600), Belief::Doubted);
        assert_eq!(servo.known.ticks, Ticks(5), "it keeps what it said");
        assert_eq!(take(&mut servo, 4, 8), Belief::Believed);
        assert_eq!(take(&mut servo, 5, 600), Belief::Doubted);
        assert_eq!(take(&mut servo, 6, 604), Belief::Believed, "moved by hand");
    }

    #[test]
    fn a_position_that_somebody_may_have_talked_into_is_believed_when_it_is_seen_twice() {
        let mut servo = servo(Mode::Position);
        let out_of_turn = |cycle, position| Said {
            in_turn: false,
            ..said(cycle, position)
        };
        assert_eq!(servo.take(&said(1, 2000), false), Belief::Believed);
        assert_eq!(servo.take(&out_of_turn(2, 2010), false), Belief::Doubted);
        assert_eq!(servo.known.ticks, Ticks(2000), "it keeps what it said");
        assert_eq!(servo.take(&out_of_turn(3, 2012), false), Belief::Believed);
        assert_eq!(servo.take(&out_of_turn(4, 2014), false), Belief::Doubted);
        assert_eq!(servo.take(&said(5, 2016), false), Belief::Believed);
    }

    #[test]
    fn torque_that_is_gone_without_an_alarm_was_lost_by_a_start() {
        let mut servo = servo(Mode::Position);
        let state = |torque, alarms| {
            let mut state = said(1, 2000);
            (state.reading.torque, state.alarms) = (Some(torque), alarms);
            state
        };
        let (well, hot) = (Alarms::NONE, Alarms::NONE.with(Alarm::Overheat));
        assert_eq!(servo.take(&state(true, well), true), Belief::Believed);
        assert_eq!(servo.take(&state(false, hot), true), Belief::Believed);
        assert_eq!(servo.fault(), Some(DriveFault::Overheated));
        servo.take(&state(true, well), true);
        assert_eq!(servo.take(&state(false, well), true), Belief::StartedAnew);
    }

    proptest! {
        #[test]
        fn no_goal_is_further_ahead_than_the_joint_can_go(current in -9.0..9.0, speed in -1e5..1e5, position in -1e7..1e7, ticks in 0_i64..4096) {
            let mut servo = servo(Mode::Position);
            servo.known.ticks = Ticks(ticks);
            let told = told(&servo, &command(current, speed, position));
            let goal = i64::from(told[0]);
            prop_assert!((400..=3600).contains(&goal));
            // 16 ticks, and 1950 a second for 28 ms; or the way back into the servo's limits.
            prop_assert!((goal - ticks).abs() <= 71 || goal == 400 || goal == 3600);
            prop_assert!((0..=1000).contains(&told[3]));
        }
    }
}
