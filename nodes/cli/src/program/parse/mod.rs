//! From located YAML to steps: names are resolved, frames settled, and what can't be carried out is refused with its place.
//!
//! | room | what it reads |
//! |---|---|
//! | here | a program, and the steps that hold steps |
//! | `motion` | what moves along: poses in turn, lines, arcs, paths |
//! | `single` | what needs no tables: run, grip, wait, speed |
//! | `value` | poses, places, orientations, names |

mod motion;
mod single;
mod value;

use super::language::*;
use super::shape::{Fields, Steps};
use super::step::*;
use super::wrong::{Spot, Wrong};
use super::yaml::{Content, Key, Node};
use motion::Frame;
use single::{grip, group, run, speed, wait};
use std::collections::BTreeMap;
use value::{Place, place, pose, table};

/// What a program says of itself, and its steps.
pub(super) fn program(node: &Node) -> Result<(String, Vec<Step>), Wrong> {
    let fields = Fields::read(node, &PROGRAM)?;
    let mut reader = Reader {
        poses: table(&fields, "poses", pose)?,
        places: table(&fields, "places", place)?,
        steps: 0,
    };
    let around = Around {
        group: group(&fields, "group")?,
        ..Around::default()
    };
    let steps = reader.list(fields.list("steps"), Steps::Any, &around);
    let steps = steps.map_err(|wrong| wrong.inside("steps"))?;
    Ok((fields.text("name").unwrap_or_default().to_owned(), steps))
}

struct Reader {
    poses: BTreeMap<String, Pose>,
    places: BTreeMap<String, Place>,
    /// How many steps were read.
    steps: usize,
}

/// What holds for a step because of where it stands.
#[derive(Clone, Default)]
struct Around {
    group: Option<String>,
    /// The frame and the tool of a track.
    frame: Option<String>,
    tool: Option<String>,
    depth: usize,
}

impl Reader {
    /// Steps of a list; items count from 1.
    fn list(&mut self, items: &[Node], kind: Steps, around: &Around) -> Result<Vec<Step>, Wrong> {
        let read = |(i, item)| {
            self.step(item, kind, around)
                .map_err(|wrong| wrong.inside(&format!("[{i}]")))
        };
        (1..).zip(items).map(read).collect()
    }

    fn step(&mut self, node: &Node, kind: Steps, around: &Around) -> Result<Step, Wrong> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            let reason = format!("there are more than {MAX_STEPS} steps");
            return Err(Wrong::at(node.spot, reason));
        }
        let (key, content) = only_entry(node, kind)?;
        let step = self.action(&key.text, content, around);
        let (label, action) = step.map_err(|wrong| wrong.inside(&key.text))?;
        let spot = key.spot;
        Ok(Step { spot, label, action })
    }

    fn action(&mut self, name: &str, node: &Node, around: &Around) -> Result<(String, Action), Wrong> {
        let goal = |(label, goal)| (label, Action::Goal(goal));
        match name {
            "follow" => self.follow(&Fields::read(node, &FOLLOW)?, around).map(goal),
            "move" => self.joint_move(&Fields::read(node, &MOVE)?, around).map(goal),
            "line" => self.line(&Fields::read(node, &LINE)?, around).map(goal),
            "circle" => self.circle(&Fields::read(node, &CIRCLE)?, around).map(goal),
            "path" => self.path(&Fields::read(node, &PATH)?, around).map(goal),
            "run" => run(&Fields::read(node, &RUN)?).map(goal),
            "grip" => grip(&Fields::read(node, &GRIP)?).map(goal),
            "wait" => wait(&Fields::read(node, &WAIT)?),
            "speed" => speed(&Fields::read(node, &OVERRIDE)?),
            "together" => self.together(node, around),
            "track" => self.track(&Fields::read(node, &TRACK)?, around),
            "loop" => self.repeat(&Fields::read(node, &LOOP)?, around),
            // Not reached: `only_entry` lets no other name through.
            _ => Err(Wrong::at(node.spot, "there is no such step")),
        }
    }

    fn together(&mut self, node: &Node, around: &Around) -> Result<(String, Action), Wrong> {
        let Content::List(items) = &node.content else {
            return Err(Wrong::at(
                node.spot,
                format!("must be a list of steps, but is {}", node.said()),
            ));
        };
        if items.is_empty() {
            return Err(Wrong::at(node.spot, "is empty"));
        }
        let steps = self.list(items, Steps::Together, &around.deeper(node)?)?;
        let mut busy: BTreeMap<&str, usize> = BTreeMap::new();
        for (i, step) in (1..).zip(&steps) {
            let Action::Goal(Goal { group, .. }) = &step.action else {
                continue;
            };
            if let Some(other) = busy.insert(group, i) {
                let reason =
                    format!("group {group} has a goal in [{other}] already, and can have one at a time");
                return Err(Wrong::at(step.spot, reason).inside(&format!("[{i}]")));
            }
        }
        let labels: Vec<_> = steps.iter().map(|step| step.label.as_str()).collect();
        Ok((labels.join(", with "), Action::Together(steps)))
    }

    fn track(&mut self, fields: &Fields<'_>, around: &Around) -> Result<(String, Action), Wrong> {
        let group = around.group_of(fields)?;
        let frame = fields.text("frame").unwrap_or_default().to_owned();
        let inside = Around {
            group: Some(group.clone()),
            frame: Some(frame.clone()),
            tool: fields.text("tool").map(str::to_owned),
            depth: around.deepened(fields.spot)?,
        };
        let steps = self.list(fields.list("steps"), Steps::Track, &inside);
        let steps = steps.map_err(|wrong| wrong.inside("steps"))?;
        Ok((format!("{group} along with {frame}"), Action::Track(steps)))
    }

    fn repeat(&mut self, fields: &Fields<'_>, around: &Around) -> Result<(String, Action), Wrong> {
        let inside = Around {
            depth: around.deepened(fields.spot)?,
            ..around.clone()
        };
        let steps = self.list(fields.list("steps"), Steps::Any, &inside);
        let steps = steps.map_err(|wrong| wrong.inside("steps"))?;
        let times = fields.count("times");
        let label = match times {
            Some(times) => format!("{times} times"),
            None => "for ever".to_owned(),
        };
        Ok((label, Action::Loop { times, steps }))
    }
}

impl Around {
    fn group_of(&self, fields: &Fields<'_>) -> Result<String, Wrong> {
        let own = group(fields, "group")?;
        if let (Some(own), Some(of), Some(_)) = (&own, &self.group, &self.frame)
            && own != of
        {
            let reason = format!("is {own}, but the track is that of {of}");
            return Err(Wrong::at(fields.spot_of("group"), reason).inside("group"));
        }
        own.or_else(|| self.group.clone()).ok_or_else(|| {
            let reason = "is missing: give it here, or for the whole program at the top";
            Wrong::at(fields.spot, reason).inside("group")
        })
    }

    fn frame_of(&self, fields: &Fields<'_>) -> Result<Frame, Wrong> {
        let own = fields.text("frame").map(str::to_owned);
        match (own, &self.frame) {
            (Some(own), Some(of)) if own != *of => {
                let reason = format!("is {own}, but the track's is {of}");
                Err(Wrong::at(fields.spot_of("frame"), reason).inside("frame"))
            }
            (own, of) => Ok(own.or_else(|| of.clone()).map_or(Frame::Open, Frame::Given)),
        }
    }

    fn deeper(&self, node: &Node) -> Result<Self, Wrong> {
        let depth = self.deepened(node.spot)?;
        Ok(Self {
            depth,
            ..self.clone()
        })
    }

    fn deepened(&self, spot: Spot) -> Result<usize, Wrong> {
        match self.depth + 1 {
            depth if depth > MAX_NESTING => Err(Wrong::at(
                spot,
                format!("steps stand in steps more than {MAX_NESTING} levels deep"),
            )),
            depth => Ok(depth),
        }
    }
}

/// The one entry of a step: its name and what it holds.
fn only_entry(node: &Node, kind: Steps) -> Result<(&Key, &Node), Wrong> {
    let names = || {
        let names: Vec<_> = kind.shapes().iter().map(|shape| shape.name).collect();
        names.join(", ")
    };
    let what = if kind == Steps::Segment { "segment" } else { "step" };
    let Content::Map(entries) = &node.content else {
        let reason = format!("must be a {what}, one of: {}; but is {}", names(), node.said());
        return Err(Wrong::at(node.spot, reason));
    };
    let [(key, content)] = entries.as_slice() else {
        let reason = format!(
            "a {what} is one of: {}; but here are {} entries",
            names(),
            entries.len()
        );
        return Err(Wrong::at(node.spot, reason));
    };
    if kind.shapes().iter().any(|shape| shape.name == key.text) {
        return Ok((key, content));
    }
    let reason = format!("there is no such {what} here; there are: {}", names());
    Err(Wrong::at(key.spot, reason).inside(&key.text))
}
