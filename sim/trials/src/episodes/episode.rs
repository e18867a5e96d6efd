//! One episode: a fresh cell in a random place, an adversary, and whatever else happens; then silence until the machine stands.
//!
//! **Invariant:** an episode follows from its seed and number alone.

use super::adversary::{Adversary, PERIOD};
use super::course::Course;
use super::kind::Kind;
use super::meddling::Meddler;
use super::site::{Gate, Site};
use super::tally::{Limit, Tally, Violation};
use super::truth::Truth;
use anyhow::{Context as _, Result};
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_sim::harness::{ARM, Cell, HOME, NetworkConfig, Part, arm};
use servomesh_trajectory::{MoveGoal, MoveMode};
use servomesh_types::{Command, CommandMode, Epoch, JointVec, SafetyMode, Setpoint};
use std::time::Duration;

/// One episode.
struct Episode<'s> {
    number: u64,
    who: String,
    gate: Gate,
    rng: ChaCha8Rng,
    kind: Kind,
    cell: Cell,
    adversary: Adversary,
    course: Course<'s>,
    meddler: Meddler,
    truth: Truth<'s>,
    tally: Tally,
}

/// Plays the episode of this number.
///
/// # Errors
/// The cell can't be built or does not wake up.
pub(super) fn play(sites: &[Site], gate: Gate, seed: u64, number: u64) -> Result<Tally> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(number);
    let kind = Kind::ALL[rng.random_range(0..Kind::ALL.len())];
    let site = &sites[rng.random_range(0..sites.len())];
    let mut truth = Truth::new(site)?;
    let mut start = draw_start(site, &mut truth, &mut rng);
    let network = draw_network(&mut rng);
    let mut cell = wake(site, &start, kind, rng.next_u64())?;
    if !truth.stands(&mut cell) {
        // Pressed against something that only the simulation knows of, such as a rail of the conveyor.
        start = HOME.to_vec();
        cell = wake(site, &start, kind, rng.next_u64())?;
    }
    cell.set_network(network);
    truth.take_network(&network);
    let mut episode = Episode {
        who: format!("{kind:?} at {}", site.name),
        number,
        gate,
        kind,
        cell,
        adversary: Adversary::draw(site, kind, &mut rng),
        course: Course::draw(site, kind, &start, &mut rng),
        meddler: Meddler::draw(&mut rng),
        truth,
        tally: Tally::default(),
        rng,
    };
    episode.tally.episodes = 1;
    episode.tally.kinds.insert(kind, 1);
    episode.tally.sites.insert(site.name, 1);
    episode.play()?;
    let mut tally = episode.tally;
    tally.simulated_ms = u64::try_from(episode.cell.now().as_nanos() / 1_000_000)?;
    Ok(tally)
}

/// Somewhere within the joints' ranges, clear of everything.
fn draw_start(site: &Site, truth: &mut Truth, rng: &mut ChaCha8Rng) -> Vec<f64> {
    for _ in 0..TRIES {
        let ranges = site.limits.iter().enumerate();
        let position = ranges.map(|(joint, limits)| {
            let (lower, upper) = site.law.normal.range(joint, limits);
            rng.random_range(lower + FROM_STOPS..upper - FROM_STOPS)
        });
        let position: Vec<f64> = position.collect();
        if truth.could_stand(&position) {
            return position;
        }
    }
    HOME.to_vec()
}

fn draw_network(rng: &mut ChaCha8Rng) -> NetworkConfig {
    let quiet = NetworkConfig::default();
    match rng.random_range(0..10) {
        0 => NetworkConfig {
            delay: Duration::from_millis(1),
            jitter: Duration::from_millis(4),
            ..quiet
        },
        1 => NetworkConfig {
            loss: rng.random_range(0.0..0.2),
            ..quiet
        },
        2 => NetworkConfig {
            jitter: Duration::from_millis(1),
            loss: 0.02,
            duplication: 0.2,
            ..quiet
        },
        _ => quiet,
    }
}

/// A fresh cell with its arm at `start`, in which everybody has spoken.
fn wake(site: &Site, start: &[f64], kind: Kind, seed: u64) -> Result<Cell> {
    let mut cell = Cell::new(&site.files, NetworkConfig::default(), seed)?;
    if kind != Kind::TakingOver {
        cell.kill(Part::Trajectory);
    }
    place(&mut cell, site, start)?;
    let wakes = cell.run_until(WAKING, |cell| {
        let awake = cell.safety().and_then(|state| state.group(arm())).is_some();
        awake && cell.motion("arm").is_some()
    });
    anyhow::ensure!(wakes, "the cell does not wake up");
    Ok(cell)
}

fn place(cell: &mut Cell, site: &Site, start: &[f64]) -> Result<()> {
    let plant = cell.hardware().plant_mut();
    let mut positions = plant.positions().to_vec();
    for (name, position) in ARM.iter().zip(start) {
        positions[site.files.model.joint_index(name)?] = *position;
    }
    for (name, position) in &site.law.others {
        positions[site.files.model.joint_index(name)?] = *position;
    }
    plant.place(&positions)?;
    Ok(())
}

impl Episode<'_> {
    fn play(&mut self) -> Result<()> {
        self.meddler.begin(&mut self.cell, &mut self.rng);
        let goes = if self.rng.random_bool(0.25) {
            self.rng.random_range(2..=GOES)
        } else {
            1
        };
        for _ in 0..goes {
            let Some(epoch) = self.open()? else { break };
            self.stream(epoch)?;
            self.fall_silent()?;
        }
        self.truth.end_stop(&mut self.tally);
        Ok(())
    }

    /// One period of everybody.
    fn pass_time(&mut self) -> Result<()> {
        self.cell.run_for(PERIOD);
        self.truth
            .look(&mut self.cell, self.number, &self.who, &mut self.tally)
    }

    /// Opens the gate if it is closed. Says in which epoch setpoints pass.
    fn open(&mut self) -> Result<Option<Epoch>> {
        for _ in 0..PATIENCE {
            let state = self.cell.safety().context("safety runs")?;
            let gate = *state.group(arm()).context("safety knows the arm")?;
            if gate.mode == SafetyMode::Normal {
                return Ok(Some(gate.epoch));
            }
            self.meddler.permit(&mut self.cell);
            self.cell.reset();
            self.pass_time()?;
        }
        // In manual mode, or where it is hot, that may be how it has to be.
        Ok(None)
    }

    fn stream(&mut self, epoch: Epoch) -> Result<()> {
        let state = self.cell.servo_state("arm").context("the arm is measured")?;
        self.adversary.begin_at(state.position);
        if self.kind == Kind::TakingOver {
            self.watch_trajectory()?;
        }
        // Most are short; some have the time to come to full speed.
        let longest = if self.rng.random_bool(0.15) { LONGEST } else { LONG };
        let length = self.rng.random_range(10..longest);
        let trouble = self.rng.random_range(0..length);
        // Some give up as soon as nothing passes any more, others never notice.
        let stubborn = self.rng.random_range(0..50);
        let mut closed = 0;
        let mut wanted = JointVec::EMPTY;
        for period in 0..length {
            if period % REFLECTS_EVERY == 0 {
                wanted = self.course.wanted(self.adversary.position(), &mut self.rng);
            }
            if self.kind == Kind::Switching && self.rng.random_bool(0.1) {
                let other = Kind::ALL[self.rng.random_range(0..Kind::ALL.len())];
                self.adversary.switch_to(other);
            }
            self.meddler.act(&mut self.cell, &mut self.rng);
            self.adversary.go_on(&wanted, &mut self.rng);
            let said = self
                .adversary
                .say(self.cell.now(), epoch, period >= trouble, &mut self.rng);
            if let Some(setpoint) = said {
                self.send(setpoint);
            }
            self.pass_time()?;
            let state = self.cell.safety().and_then(|state| state.group(arm()));
            if state.is_none_or(|gate| gate.mode != SafetyMode::Normal) {
                closed += 1;
            }
            if closed > stubborn {
                break;
            }
        }
        Ok(())
    }

    fn send(&mut self, setpoint: Setpoint) {
        match self.gate {
            Gate::Whole | Gate::Blind => self.cell.stream("arm", setpoint),
            Gate::Bypassed => self.cell.command(
                "arm",
                Command {
                    mode: CommandMode::Track,
                    setpoint,
                },
            ),
        }
    }

    /// Lets `trajectory` move, and goes on from its stream.
    fn watch_trajectory(&mut self) -> Result<()> {
        let target = self.adversary.position();
        let target = target.iter().map(|q| q + self.rng.random_range(-0.5..0.5));
        let goal = MoveGoal {
            mode: MoveMode::Joint,
            target: target.collect(),
            ..MoveGoal::default()
        };
        self.cell.send_move("arm", goal);
        for _ in 0..self.rng.random_range(10..LONG) {
            self.pass_time()?;
        }
        if let Some(setpoint) = self.cell.setpoint("arm").copied() {
            self.adversary.take_over(&setpoint);
        }
        Ok(())
    }

    /// Waits until the machine stands and the gate, if it ever sent anything, is closed.
    fn fall_silent(&mut self) -> Result<()> {
        let enough = if self.rng.random_bool(0.05) {
            STANDING_ON
        } else {
            STANDING
        };
        let mut standing = 0;
        for _ in 0..PATIENCE {
            self.pass_time()?;
            let state = self.cell.safety().context("safety runs")?;
            let gate = state.group(arm()).context("safety knows the arm")?;
            // A gate that nothing ever passed stays open; nothing moves at its command.
            let over = gate.mode >= SafetyMode::Stopped || gate.mode == SafetyMode::Normal;
            standing = if over && self.truth.stands(&mut self.cell) {
                standing + 1
            } else {
                0
            };
            if standing > enough {
                return Ok(());
            }
        }
        let text = format!("it never stands, {}: {:?}", self.who, self.cell.safety());
        self.tally.violations.push(Violation {
            limit: Limit::Standstill,
            episode: self.number,
            text,
        });
        Ok(())
    }
}

/// How long a cell may take to wake up.
const WAKING: Duration = Duration::from_millis(400);
/// How many periods of silence are waited for a standstill, or of resets for an open gate.
const PATIENCE: u32 = 1000;
/// For how many periods it has to stand; and in some episodes, in which it is looked at for longer.
const STANDING: u32 = 20;
const STANDING_ON: u32 = 400;
/// How many times it is reset and streamed to at most.
const GOES: u32 = 3;
/// For how many periods it is streamed to at most, mostly and ever: full speed takes 370.
const LONG: u32 = 120;
const LONGEST: u32 = 450;
/// How many periods an adversary keeps its direction.
const REFLECTS_EVERY: u32 = 25;
/// How many random places are tried before the default cell's own.
const TRIES: u32 = 1000;
/// What an episode begins from end stops at least \[rad\].
const FROM_STOPS: f64 = 0.01;
