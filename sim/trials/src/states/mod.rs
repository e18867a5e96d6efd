//! Every state that `safety`'s core can be in, whatever happens and in whichever order: explored over the real core, breadth first.
//!
//! | room | what |
//! |---|---|
//! | [`moves`] | what can happen |
//! | `follower`, `plan`, [`world`] | the machine that does as it is told; the cell around the core |
//! | [`properties`], [`judge`], `ghost` | what must hold in each call; who holds calls against it, and against what |
//! | [`recovery`] | the way out of every state |
//! | [`profile`], [`themes`] | what is explored together: configuration, documented faults, moves |
//! | [`explorer`], `tree` | breadth first, each state once, shortest counter-examples; what is kept of each |
//! | [`orders`] | every fault after every other |

pub mod explorer;
mod follower;
mod ghost;
pub mod judge;
pub mod moves;
pub mod orders;
mod plan;
pub mod profile;
pub mod properties;
pub mod recovery;
pub mod themes;
mod tree;
pub mod world;

use crate::workers;
use anyhow::{Result, bail, ensure};
use explorer::{Bounds, Report, explore};
use moves::Move;
use profile::{Profile, Sketch};
use properties::Property;
use servomesh_safety::StopCategory;
use servomesh_safety::lattice::{Action, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use themes::{Theme, everyday};

/// How far to explore.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How many faults, resets and recoveries in a row, in every order
    #[arg(long, default_value_t = 3)]
    pub depth: usize,
    /// How many moves of all kinds in a row
    #[arg(long, default_value_t = 5)]
    pub moves: usize,
    /// How many states of one profile, at most
    #[arg(long, default_value_t = 100_000)]
    pub states: usize,
    /// Only profiles with this in their names
    #[arg(long, default_value = "")]
    pub only: String,
    /// Threads; 0 for one on each core
    #[arg(long, default_value_t = 0)]
    pub jobs: usize,
}

/// What was explored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    /// Profile by profile.
    pub reports: Vec<Report>,
}

impl Summary {
    /// How often each property was tried, in all.
    pub fn checks(&self) -> BTreeMap<Property, u64> {
        let mut checks = BTreeMap::new();
        for (property, count) in self.reports.iter().flat_map(|report| &report.checks) {
            *checks.entry(*property).or_default() += count;
        }
        checks
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let states: usize = self.reports.iter().map(|report| report.states).sum();
        let transitions: u64 = self.reports.iter().map(|report| report.transitions).sum();
        writeln!(
            f,
            "{states} states, {transitions} transitions, no violation; tried:"
        )?;
        for (property, count) in self.checks() {
            writeln!(f, "  {:20} {count}", format!("{property:?}"))?;
        }
        Ok(())
    }
}

/// Explores all profiles and says what each came to, as soon as it has.
///
/// # Errors
/// The shortest way to a state in which a property does not hold; a fault that was never raised, a property that was never tried; no profile goes by that name.
pub fn run(args: &Args, tell: impl Fn(&Report) + Sync) -> Result<Summary> {
    let mut profiles = all(args)?;
    profiles.retain(|(profile, _)| profile.name.contains(&args.only));
    ensure!(!profiles.is_empty(), "no profile's name contains {:?}", args.only);
    let reports = workers::each(profiles.len() as u64, args.jobs, |number| {
        let (profile, depth) = &profiles[number as usize];
        let bounds = Bounds {
            depth: *depth,
            states: args.states,
        };
        let report = explore(profile, bounds)?;
        tell(&report);
        Ok(report)
    })?;
    let summary = Summary { reports };
    if args.only.is_empty() {
        complete(&summary)?;
    }
    Ok(summary)
}

/// Nothing was left out.
fn complete(summary: &Summary) -> Result<()> {
    let raised: BTreeSet<_> = summary.reports.iter().flat_map(|report| &report.faults).collect();
    if let Some(rule) = TABLE.iter().find(|rule| !raised.contains(&rule.code)) {
        bail!("{} was never raised", rule.name);
    }
    if let Some((property, _)) = summary.checks().into_iter().find(|(_, count)| *count == 0) {
        bail!("{property:?} was never tried");
    }
    Ok(())
}

/// All profiles, and how many moves each may take in a row.
fn all(args: &Args) -> Result<Vec<(Profile, usize)>> {
    let mut all = Vec::new();
    for theme in Theme::ALL {
        for sketch in sketches(theme) {
            all.push((themed(&sketch, theme)?, usize::MAX));
        }
    }
    all.push((everything()?, args.moves));
    all.push((two_groups()?, args.moves));
    for profile in orders::profiles()? {
        all.push((profile, args.depth));
    }
    Ok(all)
}

/// The configurations that matter to a theme.
pub fn sketches(theme: Theme) -> Vec<Sketch<'static>> {
    let of = |category| Sketch {
        category,
        ..Sketch::default()
    };
    let mut sketches: Vec<_> = [StopCategory::Two, StopCategory::One, StopCategory::Zero]
        .map(of)
        .into();
    let more = match theme {
        Theme::Drives => Sketch {
            power_cycle: &["drive_overcurrent", "following"],
            faults: &[("following", Action::Stop1, "stop_1")],
            ..Sketch::default()
        },
        Theme::Requests => Sketch {
            power_cycle: &["torque_off_requested"],
            ..Sketch::default()
        },
        Theme::Estimator => Sketch {
            retreat: 0.05,
            ..Sketch::default()
        },
        Theme::Heat => Sketch {
            faults: &[("warm", Action::Stop1, "stop_1")],
            ..Sketch::default()
        },
        Theme::Setpoints => Sketch {
            faults: &[
                ("jump", Action::Stop0, "stop_0"),
                ("not_finite", Action::Stop1, "stop_1"),
            ],
            ..Sketch::default()
        },
        Theme::Modes | Theme::Announcements => return sketches,
    };
    sketches.push(more);
    if theme == Theme::Heat {
        sketches.push(Sketch {
            faults: &[("warm", Action::Hold, "hold")],
            ..Sketch::default()
        });
    }
    sketches
}

/// One theme on one configuration.
///
/// # Errors
/// The safety file is refused.
pub fn themed(sketch: &Sketch<'_>, theme: Theme) -> Result<Profile> {
    let mut profile = sketch.profile(format!("{theme:?}, {}", said(sketch)))?;
    profile.moves = everyday(0);
    profile.moves.extend(theme.acts().into_iter().map(Move::one));
    Ok(profile)
}

/// Everything that can happen, together.
fn everything() -> Result<Profile> {
    let mut profile = Sketch::default().profile("everything".to_owned())?;
    profile.moves = everyday(0);
    for act in Theme::ALL.into_iter().flat_map(Theme::acts) {
        let step = Move::one(act);
        if !profile.moves.contains(&step) {
            profile.moves.push(step);
        }
    }
    Ok(profile)
}

/// Two groups, to each of which anything can happen.
///
/// # Errors
/// The safety file is refused.
pub fn two_groups() -> Result<Profile> {
    let sketch = Sketch {
        groups: 2,
        ..Sketch::default()
    };
    let mut profile = sketch.profile("two groups".to_owned())?;
    for group in 0..2 {
        profile.moves.extend(everyday(group));
        for theme in [Theme::Requests, Theme::Setpoints, Theme::Drives] {
            let acts = theme.acts().into_iter();
            profile.moves.extend(acts.map(|act| Move {
                group,
                acts: vec![act],
            }));
        }
    }
    Ok(profile)
}

fn said(sketch: &Sketch<'_>) -> String {
    let mut said = format!("category {:?}", sketch.category);
    for (name, _, action) in sketch.faults {
        said += &format!(", {name}: {action}");
    }
    for name in sketch.power_cycle {
        said += &format!(", {name} by power cycle");
    }
    if sketch.retreat > 0.0 {
        said += ", retreat";
    }
    said
}
