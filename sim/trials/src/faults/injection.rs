//! One fault in one cell: into the line job's motion, until the arm stands or goes on, and after a repair and a reset back to work.
//!
//! Times in s, ways in rad and m. **Invariant:** the same case and seed give the same outcome.

use super::harm::Harm;
use super::list::{Case, Injury, Then};
use super::recovery::{self, Past};
use super::truth::Truth;
use super::watch::{self, Watch};
use anyhow::{Context as _, Result};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use servomesh_sim::harness::{ARM, Cell, CellFiles, JobError, LineJob, NetworkConfig, PlantJoints};
use servomesh_types::{SafetyMode, Stamp};
use std::cell::RefCell;
use std::time::Duration;

/// What came of one fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Until it was first said, by whom, and by which name.
    pub found: Option<(f64, &'static str, watch::Layer)>,
    /// Until the drives did otherwise, by whose decision, and what was decided.
    pub action: Option<(f64, &'static str, watch::Layer)>,
    /// The stop: none if the arm went on.
    pub stop: Option<Stop>,
    /// Whether it was slowed down.
    pub slowed: bool,
    /// How the machine went beyond its limits, if it did.
    pub beyond: Option<String>,
    /// Why the line job did not go on, if that came before anything was done.
    pub job: Option<String>,
    /// Whether it worked again after a repair, a reset if it had stopped, and a move; or what was in the way.
    pub recovered: Result<(), String>,
}

/// A stop of the arm itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// From the fault to the first standstill.
    pub time_s: f64,
    /// The farthest that any joint had been by then from where it was.
    pub way: f64,
    /// How far the tool had come.
    pub path: f64,
    /// How much longer it took from the moment at which the stop began than was published then.
    pub late_s: Option<f64>,
    /// Likewise how much farther a joint went.
    pub far: Option<f64>,
}

/// Tries one case; the moment, the joint and the direction come from the seed. Nothing if at that moment there is nothing to run into.
///
/// # Errors
/// The cell can't be set up, or its line job fails before anything goes wrong.
pub fn inject(case: &Case, seed: u64) -> Result<Option<Outcome>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let files = CellFiles::default_cell()?;
    let mut cell = Cell::new(&files, NetworkConfig::default(), seed)?;
    Harm::prepare(&mut cell, case.injury)?;
    cell.run_for(Duration::from_millis(300));
    let mut job = LineJob::default();
    let past = bring_to_motion(&mut cell, &mut job, &mut rng)?;
    let Some(mut scene) = Scene::begin(case, &mut cell, &mut job, past, &mut rng)? else {
        return Ok(None);
    };
    scene.observe(case, &mut cell, &mut job)?;
    let stopped = watch::gate(&cell).is_none_or(|gate| gate.mode != SafetyMode::Normal);
    scene.harm.end(&mut cell)?;
    let recovered = recovery::recover(&mut cell, stopped, &scene.past.back());
    Ok(Some(outcome(&scene.watch, &scene.truth, scene.job, recovered)))
}

/// Runs the job to a moment in its first or second cycle at which the arm moves. Says where it was until then.
fn bring_to_motion(cell: &mut Cell, job: &mut LineJob, rng: &mut ChaCha8Rng) -> Result<Past> {
    let joints = PlantJoints::new(cell.hardware().plant().model(), &ARM)?;
    let mut past = Past::new(cell)?;
    let mut wait_s = rng.random_range(0.3..CYCLE_S);
    loop {
        let end = cell.now() + Duration::from_secs_f64(wait_s);
        while cell.now() < end {
            job.go_on(cell).context("before anything went wrong")?;
            cell.run_for(MILLISECOND);
            past.note(cell);
        }
        if joints.velocity(cell.hardware().plant()).max_abs() > MOVES {
            return Ok(past);
        }
        // Not always at the first moment of a motion.
        wait_s = rng.random_range(0.0..0.5);
    }
}

/// A fault and those who look at it.
struct Scene {
    harm: Harm,
    watch: Watch,
    truth: Truth,
    /// Until something was done.
    past: Past,
    /// The same.
    job: Result<(), JobError>,
}

impl Scene {
    /// Lets it go wrong, and waits until it is felt.
    fn begin(
        case: &Case,
        cell: &mut Cell,
        job: &mut LineJob,
        past: Past,
        rng: &mut ChaCha8Rng,
    ) -> Result<Option<Self>> {
        let limits = cell.description("arm").context("the arm is announced")?;
        let limits: Vec<_> = limits.joints.iter().map(|joint| joint.limits).collect();
        let network = match case.injury {
            Injury::Network(config) => config,
            _ => NetworkConfig::default(),
        };
        let mut watch = Watch::new(cell, network.delay);
        watch.look_at_stop(cell);
        let truth = Truth::new(cell, limits.clone())?;
        let harm = Harm::begin(cell, case.injury, rng)?;
        let mut scene = Self {
            harm,
            watch,
            truth,
            past,
            job: Ok(()),
        };
        for _ in 0..UNFELT_MS {
            if scene.harm.is_felt(cell) {
                return Ok(Some(scene));
            }
            job.go_on(cell).context("before anything was felt")?;
            cell.run_for(MILLISECOND);
            scene.look_at_stop(cell);
            scene.truth = Truth::new(cell, limits.clone())?;
        }
        Ok(None)
    }

    /// Looks until the arm stands after something was done, or patience is over.
    fn observe(&mut self, case: &Case, cell: &mut Cell, job: &mut LineJob) -> Result<()> {
        let begun = self.truth.since();
        loop {
            self.harm.go_on(cell)?;
            self.pass(cell);
            let since_s = cell.now().seconds_from(begun);
            let Some(action) = self.watch.action() else {
                // It rests now and then on its way.
                self.truth.forget_rest();
                self.past.note(cell);
                if self.job.is_ok() {
                    self.job = job.go_on(cell);
                }
                let slowed_s = self.watch.slowed().map_or(0.0, |at| cell.now().seconds_from(at));
                if since_s > case.patience.as_secs_f64() || slowed_s > SETTLED_S {
                    return Ok(());
                }
                continue;
            };
            let acted_s = cell.now().seconds_from(action.at);
            let settled = self.truth.stands_s(cell.now()) > SETTLED_S && acted_s > SETTLED_S;
            if settled && self.watch.closed().is_some() || acted_s > LONGEST_STOP_S {
                return Ok(());
            }
        }
    }

    /// A millisecond, event by event.
    fn pass(&mut self, cell: &mut Cell) {
        let end = cell.now() + MILLISECOND;
        let watch = RefCell::new(&mut self.watch);
        cell.run_until(MILLISECOND, |cell| {
            watch.borrow_mut().look(cell);
            cell.now() >= end
        });
        self.watch.look_at_drives(cell);
        self.look_at_stop(cell);
        if self.watch.reached().is_some() {
            self.truth.act(cell);
        }
        self.truth.look(cell);
    }

    fn look_at_stop(&mut self, cell: &Cell) {
        if cell.now().as_nanos() % PUBLISHED_EACH_NS == 0 {
            self.watch.look_at_stop(cell);
        }
    }
}

fn outcome(
    watch: &Watch,
    truth: &Truth,
    job: Result<(), JobError>,
    recovered: Result<(), String>,
) -> Outcome {
    let since = |at: Stamp| at.seconds_from(truth.since());
    let stop = watch.action().zip(truth.rest()).map(|(action, rest)| {
        let published = watch.published();
        let took_s = rest.at.seconds_from(watch.reached().unwrap_or(action.at));
        let farthest = |way: &[f64]| way.iter().fold(0.0, |most: f64, way| most.max(*way));
        let far = published.map(|published| {
            let beyond = rest
                .after
                .iter()
                .zip(published.distance.iter())
                .map(|(way, said)| way - said);
            beyond.fold(f64::NEG_INFINITY, f64::max)
        });
        Stop {
            time_s: since(rest.at),
            way: farthest(&rest.way),
            path: rest.path,
            late_s: published.map(|published| took_s - published.time_s),
            far,
        }
    });
    Outcome {
        found: watch
            .report()
            .map(|report| (since(report.at), watch::name(&report.fault), report.by)),
        action: watch.action().map(|action| {
            (
                since(watch.reached().unwrap_or(action.at)),
                action.what,
                action.by,
            )
        }),
        stop,
        slowed: watch.slowed().is_some(),
        beyond: truth.beyond().map(str::to_owned),
        job: job.err().map(|error| error.to_string()),
        recovered,
    }
}

impl Outcome {
    /// What is not as it is meant to be.
    pub fn amiss(&self, then: Then) -> Option<String> {
        let stopped = self.stop.is_some() || self.action.is_some();
        let wrong = match then {
            Then::Stops if self.found.is_none() => Some("it was not noticed"),
            Then::Stops if self.stop.is_none() => Some("it did not come to a stop"),
            Then::Derates if !(self.slowed || stopped) => Some("it was not slowed down"),
            Then::GoesOn if stopped => Some("it stopped"),
            Then::GoesOn => self.job.as_deref(),
            _ => None,
        };
        let recovered = || self.recovered.as_ref().err().cloned();
        wrong.map(str::to_owned).or_else(recovered)
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);
/// About as long as a part takes.
const CYCLE_S: f64 = 12.0;
/// A stop that begins between two of these is held to the last one.
const PUBLISHED_EACH_NS: i64 = 10_000_000;
/// A joint that is faster than this moves \[rad/s\].
const MOVES: f64 = 0.2;
/// A post is run into within so many milliseconds, or not at all.
const UNFELT_MS: u64 = 600;
/// How long it stands until nothing more is waited for.
const SETTLED_S: f64 = 0.4;
/// No stop takes that long.
const LONGEST_STOP_S: f64 = 3.0;
