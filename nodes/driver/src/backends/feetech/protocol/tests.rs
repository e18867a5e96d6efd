//! A bus of three servos on a virtual clock: STS servos, which are asked at once, and SCS servos, which are asked one by one.

use super::super::series::Series;
use super::super::settings::{Mode, ServoSettings, Settings};
use super::*;
use crate::bus::{DriveCommand, DriveStatus};
use crate::link::{Action, Link as _};
use servomesh_fieldbus::feetech::instruction::Instruction;
use servomesh_fieldbus::feetech::packet::{Scan, scan};
use servomesh_fieldbus::feetech::scs0009::{
    GOAL_POSITION, GOAL_SPEED, GOAL_TIME, MAX_TORQUE, PRESENT_POSITION, PRESENT_VOLTAGE, TORQUE_ENABLE,
};
use servomesh_fieldbus::feetech::table::Register;
use servomesh_types::JointVec;
use std::collections::VecDeque;

const SERVOS: usize = 3;
const BAUD: u32 = 1_000_000;
const PERIOD: Duration = Duration::from_millis(10);
const LATENCY: Duration = Duration::from_micros(300);
const BEGIN: Stamp = Stamp::from_millis(1000);

/// What happens on the line to the servo at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Event {
    Asked(usize),
    Answered(usize),
}

/// Three servos, which turn by a step in a millisecond, and their driver's link.
struct Line {
    series: Series,
    now: Stamp,
    link: Feetech,
    memories: [Vec<u8>; SERVOS],
    /// What is on its way to the driver, from whom, and when it is there.
    answers: VecDeque<(Stamp, usize, Vec<u8>)>,
    /// Servos that neither hear nor say anything, one bit each.
    silent: u32,
    /// How much later an answer comes that is so many answers after the first.
    late: fn(usize) -> Duration,
    answered: usize,
    events: Vec<(Stamp, Event)>,
    frames: Vec<DriveStatus>,
    told: Vec<String>,
    command: DriveCommand,
}

impl Line {
    fn new(mode: Mode) -> Self {
        Self::of(Series::Scs, mode)
    }

    fn of(series: Series, mode: Mode) -> Self {
        let (one, voltage) = match series {
            Series::Sts => (ServoSettings::elbow(mode), 120),
            Series::Scs => (ServoSettings::gripper(mode), 60),
        };
        let servo = |place: usize| ServoSettings {
            joint: format!("joint_{place}"),
            id: place as u8 + 1,
            ..one.clone()
        };
        let settings = Settings {
            baud: BAUD,
            period: PERIOD,
            latency: LATENCY,
            servos: (0..SERVOS).map(servo).collect(),
        };
        let memory = |_| {
            let model = series.model();
            let mut memory = vec![0; model.size()];
            model.reset(&mut memory).expect("room for all registers");
            memory[usize::from(PRESENT_VOLTAGE.address)] = voltage;
            memory
        };
        Self {
            series,
            now: BEGIN,
            link: Feetech::new(settings).expect("settings of a bus"),
            memories: [0; SERVOS].map(memory),
            answers: VecDeque::new(),
            silent: 0,
            late: |_| Duration::ZERO,
            answered: 0,
            events: Vec::new(),
            frames: Vec::new(),
            told: Vec::new(),
            command: DriveCommand::default(),
        }
    }

    /// Where a servo is at a time.
    fn position(place: usize, at: Stamp) -> i32 {
        150 + 50 * place as i32 + (at.since(BEGIN).as_millis() as i32)
    }

    fn get(&self, place: usize, register: &Register) -> i32 {
        let bytes = &self.memories[place][usize::from(register.address)..register.end()];
        register.get(self.series.order(), bytes).expect("its bytes")
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let coming = self.answers.front().map(|(at, ..)| *at);
            let due = self.link.deadline();
            let Some(next) = coming.into_iter().chain(due).min().filter(|next| *next < end) else {
                self.now = end;
                return;
            };
            self.now = next.max(self.now);
            match self.answers.pop_front_if(|(at, ..)| *at <= self.now) {
                Some((_, place, bytes)) => {
                    self.events.push((self.now, Event::Answered(place)));
                    self.link.receive(self.now, &bytes);
                }
                None => self.link.tick(self.now),
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        let mut sent = Vec::new();
        let mut framed = false;
        while let Some(action) = self.link.poll() {
            match action {
                Action::Transmit(bytes) => sent.extend_from_slice(bytes),
                Action::Frame(status) => {
                    self.frames.push(status.clone());
                    framed = true;
                }
                Action::Notice(notice) => self.told.push(notice.text.into_owned()),
            }
        }
        self.hear(&sent);
        if framed {
            self.link.command(self.now, &self.command);
            self.drain();
        }
    }

    /// The servos hear what was sent now.
    fn hear(&mut self, sent: &[u8]) {
        let mut rest = sent;
        while let Scan::Found { packet, skip: 0, .. } = scan(rest) {
            rest = &rest[packet.wire_len()..];
            let heard = self.now + byte_times(sent.len() - rest.len());
            let place = usize::from(packet.id).wrapping_sub(1);
            match Instruction::decode(&packet).expect("an instruction") {
                Instruction::Read { address, length } => {
                    self.events.push((self.now, Event::Asked(place)));
                    self.read(heard, place, address, length);
                }
                Instruction::SyncRead { address, length, ids } if self.series == Series::Sts => {
                    let mut turn = heard;
                    for place in ids.iter().map(|id| usize::from(*id) - 1) {
                        self.read(turn, place, address, length);
                        turn = turn + byte_times(6 + usize::from(length));
                        if self.is_silent(place) {
                            turn = turn + GAP;
                        }
                    }
                }
                Instruction::Write { address, data } => {
                    self.write(place, address, data);
                    self.answer(heard, place, &[]);
                }
                Instruction::SyncWrite { address, blocks } => {
                    for (id, data) in blocks.iter() {
                        self.write(usize::from(id) - 1, address, data);
                    }
                }
                other => panic!("{other:?} is not known to SCS servos, or not asked of them"),
            }
        }
        assert!(rest.is_empty(), "{rest:?}");
    }

    fn set(&mut self, place: usize, register: &Register, counts: i32) {
        let bytes = &mut self.memories[place][usize::from(register.address)..register.end()];
        register
            .put(self.series.order(), counts, bytes)
            .expect("it takes it");
    }

    fn write(&mut self, place: usize, address: u8, data: &[u8]) {
        if self.is_silent(place) {
            return;
        }
        let from = usize::from(address);
        self.memories[place][from..from + data.len()].copy_from_slice(data);
        if address == GOAL_POSITION.address {
            self.set(place, &TORQUE_ENABLE, 1); // as a new goal does
        }
    }

    /// A servo samples itself at a time, and answers.
    fn read(&mut self, at: Stamp, place: usize, address: u8, length: u8) {
        self.set(place, &PRESENT_POSITION, Self::position(place, at));
        let memory = self.memories[place].iter().skip(address.into());
        let mut data: Vec<u8> = memory.take(length.into()).copied().collect();
        data.resize(length.into(), 0); // no registers
        self.answer(at, place, &data);
    }

    fn is_silent(&self, place: usize) -> bool {
        self.silent & (1 << place) != 0
    }

    /// A servo that has heard all at a time answers. What is late keeps back what is behind it.
    fn answer(&mut self, heard: Stamp, place: usize, data: &[u8]) {
        if self.is_silent(place) {
            return;
        }
        let mut buffer = [0; 128];
        let (id, alarms) = (place as u8 + 1, Alarms::NONE);
        let status = Status { id, alarms, data };
        let bytes = status.encode(&mut buffer).expect("it fits").to_vec();
        let there = heard + byte_times(bytes.len()) + (self.late)(self.answered);
        let behind = self.answers.back().map_or(there, |(at, ..)| *at);
        self.answered += 1;
        self.answers.push_back((there.max(behind), place, bytes));
    }

    /// Torque on, each where it is when it is told.
    fn enable(&mut self, goal: f64) {
        self.command = DriveCommand {
            enable: true,
            current_a: JointVec::from_fn(SERVOS, |_| 0.0),
            velocity_ticks_per_s: JointVec::from_fn(SERVOS, |_| 0.0),
            position_ticks: JointVec::from_fn(SERVOS, |_| goal),
            ..DriveCommand::default()
        };
    }

    /// No frame says what was not so: each position is that of its servo when that was sampled.
    #[track_caller]
    fn assert_true(&self) {
        for frame in &self.frames {
            for place in 0..SERVOS {
                let (sampled, ticks) = (frame.sampled[place], frame.position_ticks[place].0);
                let was = Self::position(place, sampled);
                assert!(
                    (ticks - i64::from(was)).abs() <= 1,
                    "servo {place}: {ticks}, not {was}, at {sampled:?}"
                );
            }
        }
    }
}

fn byte_times(bytes: usize) -> Duration {
    Duration::from_micros(10 * bytes as u64)
}

#[test]
fn each_is_asked_when_the_one_before_it_has_answered() {
    let mut line = Line::new(Mode::Position);
    line.run(Duration::from_millis(50));
    assert!(line.link.is_cycling());
    line.events.clear();
    line.frames.clear();
    line.run(PERIOD * 20);
    let order: Vec<Event> = line.events.iter().map(|(_, event)| *event).collect();
    let cycle = (0..SERVOS).flat_map(|place| [Event::Asked(place), Event::Answered(place)]);
    let cycles = cycle.collect::<Vec<_>>().repeat(20);
    assert_eq!(order, cycles);
    assert_eq!(line.frames.len(), 20);
    line.assert_true();
    let ages = line.frames.iter().flat_map(|frame| {
        let sampled = frame.sampled.iter();
        sampled.map(|sampled| frame.stamp.since(*sampled))
    });
    let oldest = ages.max().expect("frames");
    assert!(oldest <= Duration::from_micros(2 * 320), "{oldest:?}");
    assert_eq!(
        (line.link.stats().stale, line.link.stats().missing_replies),
        (0, 0)
    );
    assert!(line.told.is_empty(), "{:?}", line.told);
}

#[test]
fn servos_that_know_it_are_read_at_once() {
    for mode in Mode::ALL {
        let mut line = Line::of(Series::Sts, mode);
        line.enable(900.0);
        line.run(Duration::from_millis(105)); // between two cycles
        line.events.clear();
        line.frames.clear();
        line.run(PERIOD * 20);
        let order: Vec<Event> = line.events.iter().map(|(_, event)| *event).collect();
        let cycles = (0..SERVOS).map(Event::Answered).collect::<Vec<_>>().repeat(20);
        assert_eq!(order, cycles);
        line.assert_true();
        assert!(line.frames.len() == 20 && line.frames.iter().all(|frame| frame.enabled));
        let stats = line.link.stats();
        assert_eq!((stats.stale, stats.missing_replies, stats.reopened), (0, 0, 0));
    }
}

#[test]
fn goals_are_a_position_and_a_speed_and_eprom_stays_as_it_is() {
    let mut line = Line::new(Mode::Position);
    line.enable(900.0);
    line.run(Duration::from_millis(200));
    for place in 0..SERVOS {
        let holds = [&TORQUE_ENABLE, &GOAL_TIME, &GOAL_SPEED, &MAX_TORQUE].map(|at| line.get(place, at));
        assert_eq!(holds, [1, 0, 440, MAX_TORQUE.reset], "servo {place}");
        let measured = Line::position(place, line.now);
        let ahead = line.get(place, &GOAL_POSITION) - measured;
        // 1.5 times 293 steps/s for 20 ms of lag and two cycles, and five steps, from where it was up to a cycle ago.
        assert!((10..=23).contains(&ahead), "servo {place}: {ahead} steps ahead");
    }
    assert!(line.frames.last().is_some_and(|frame| frame.enabled));
}

#[test]
fn one_that_says_nothing_keeps_the_others_from_nothing() {
    let mut line = Line::of(Series::Sts, Mode::Position);
    line.run(Duration::from_millis(55)); // between two cycles
    line.frames.clear();
    line.silent = 0b010;
    line.run(PERIOD * 10);
    line.assert_true();
    let last = line.frames.last().expect("frames");
    assert!(last.stamp.since(last.sampled[1]) > PERIOD * 9, "{last:?}");
    assert!(last.stamp.since(last.sampled[2]) <= PERIOD * 2, "{last:?}");
    assert_eq!((line.frames.len(), line.link.stats().missing_replies), (10, 10));
}

#[test]
fn one_that_says_nothing_is_passed_over_when_its_answer_is_missing() {
    let mut line = Line::new(Mode::Position);
    line.run(Duration::from_millis(50));
    line.events.clear();
    line.frames.clear();
    line.silent = 0b010;
    line.run(PERIOD * 10);
    let asked = |place| {
        let events = line.events.iter();
        events.filter_map(move |(at, event)| (*event == Event::Asked(place)).then_some(*at))
    };
    assert_eq!((asked(1).count(), asked(2).count()), (10, 10));
    for (second, third) in asked(1).zip(asked(2)) {
        let waited = third.since(second);
        assert!(
            waited >= LATENCY + byte_times(8 + 6 + 11) && waited <= LATENCY + byte_times(8 + 6 + 27),
            "{waited:?}"
        );
    }
    assert_eq!(line.frames.len(), 10);
    line.assert_true();
    let last = line.frames.last().expect("frames");
    assert!(last.stamp.since(last.sampled[1]) > PERIOD * 9, "{last:?}");
    assert!(last.stamp.since(last.sampled[2]) <= PERIOD * 2, "{last:?}");
    assert_eq!(line.link.stats().missing_replies, 10);
    line.run(Duration::from_millis(400));
    let named = "servo 2 (joint_1) does not answer: is it powered";
    assert!(
        line.told.iter().any(|text| text.starts_with(named)),
        "{:?}",
        line.told
    );
    assert_eq!(line.link.stats().reopened, 1);
}

#[test]
fn answers_that_were_held_up_are_never_taken_for_newer_ones() {
    // Every seventh answer is late, by up to 30 ms: within its servo's turn, within its cycle, in one of the next.
    let late = |answer: usize| match answer {
        60.. if answer.is_multiple_of(7) => Duration::from_micros((answer as u64 * 1_303) % 30_000),
        _ => Duration::ZERO,
    };
    for (series, mode) in [
        (Series::Sts, Mode::Position),
        (Series::Scs, Mode::Position),
        (Series::Scs, Mode::Pwm),
    ] {
        let mut line = Line::of(series, mode);
        line.late = late;
        line.enable(400.0);
        line.run(Duration::from_millis(700));
        line.assert_true();
        let stats = line.link.stats();
        assert!(stats.stale > 5 && stats.missing_replies > 5, "{stats:?}");
        assert!(line.frames.len() > 30, "{} frames", line.frames.len());
        assert_eq!(stats.reopened, 0);
        assert!(line.told.is_empty(), "{:?}", line.told);
    }
}

#[test]
fn an_answer_that_comes_in_the_turn_of_the_next_is_one_to_this_read() {
    let mut line = Line::new(Mode::Position);
    // A quarter of a millisecond longer than it is waited for.
    line.late = |answer| match answer {
        30.. if answer.is_multiple_of(SERVOS) => LATENCY + Duration::from_micros(250),
        _ => Duration::ZERO,
    };
    line.run(Duration::from_millis(400));
    line.assert_true();
    let stats = line.link.stats();
    assert_eq!((stats.missing_replies, stats.stale), (0, 0));
    let passed_over = line
        .events
        .windows(2)
        .filter(|pair| matches!(pair, [(_, Event::Asked(one)), (_, Event::Asked(next))] if *next == one + 1));
    assert!(passed_over.count() > 20, "its turn is over when it answers");
    let last = line.frames.last().expect("frames");
    let oldest = last
        .sampled
        .iter()
        .map(|sampled| last.stamp.since(*sampled))
        .max();
    assert!(oldest < Some(PERIOD), "{last:?}");
}

#[test]
fn one_that_has_lost_its_torque_was_started_anew_and_gets_no_goal() {
    for series in [Series::Sts, Series::Scs] {
        let mut line = Line::of(series, Mode::Position);
        line.enable(400.0);
        line.run(Duration::from_millis(205)); // between two cycles
        line.set(2, &TORQUE_ENABLE, 0);
        line.silent = 0b100; // while it starts
        line.run(Duration::from_millis(30));
        line.silent = 0;
        for _ in 0..30 {
            assert_eq!(line.get(2, &TORQUE_ENABLE), 0, "{series:?}");
            if line.told.is_empty() {
                line.run(Duration::from_millis(1));
            }
        }
        let anew = |text: &String| text.starts_with("servo 3 (joint_2) was started anew");
        assert!(line.told.iter().any(anew), "{series:?}: {:?}", line.told);
        line.command = DriveCommand::default(); // a fault, as the core takes it
        line.run(Duration::from_millis(200));
        assert!((0..SERVOS).all(|place| line.get(place, &TORQUE_ENABLE) == 0));
        assert_eq!(line.link.stats().reopened, 1, "{:?}", line.told);
        line.assert_true();
    }
}

#[test]
fn after_the_plug_was_pulled_all_are_set_up_again() {
    for series in [Series::Sts, Series::Scs] {
        let mut line = Line::of(series, Mode::Position);
        line.enable(400.0);
        line.run(Duration::from_millis(200));
        line.link.plugged(line.now, false);
        line.answers.clear();
        line.drain();
        line.frames.clear();
        line.run(Duration::from_millis(200));
        assert!(line.frames.is_empty());
        line.command = DriveCommand::default();
        line.link.plugged(line.now, true);
        line.drain();
        line.run(Duration::from_millis(200));
        assert!(line.link.is_cycling() && line.frames.len() > 10, "{series:?}");
        assert!((0..SERVOS).all(|place| line.get(place, &TORQUE_ENABLE) == 0));
        line.assert_true();
    }
}
