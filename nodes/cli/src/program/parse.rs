//! From located YAML to steps: names are resolved, frames settled, and what can't be carried out is refused with its place.

use super::language::*;
use super::shape::{Fields, Steps, number, numbers, text};
use super::step::*;
use super::wrong::{Spot, Wrong};
use super::yaml::{Content, Key, Node};
use servomesh_types::EventKind;
use std::collections::BTreeMap;

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

/// A place as it is written.
#[derive(Clone, Debug)]
struct Place {
    pose: ToolPose,
    frame: Option<String>,
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

    fn follow(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
        let group = around.group_of(fields)?;
        let listed = (1..).zip(fields.list("through"));
        let through = listed.map(|(i, node)| (format!("through[{i}]"), node));
        let named: Vec<(String, Pose)> = fields
            .node("to")
            .map(|node| ("to".to_owned(), node))
            .into_iter()
            .chain(through)
            .map(|(name, node)| self.pose(node).map_err(|wrong| wrong.inside(&name)))
            .collect::<Result<_, _>>()?;
        let (names, poses): (Vec<_>, Vec<_>) = named.into_iter().unzip();
        let label = format!("{group} → {}", names.join(" → "));
        let speed = fields.number("speed").unwrap_or(DEFAULT_SPEED);
        Ok((
            label,
            Goal {
                group,
                order: Order::Follow(Follow { poses, speed }),
            },
        ))
    }

    fn joint_move(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
        let group = around.group_of(fields)?;
        let (name, to) = self.required_pose(fields)?;
        let (speed, acceleration) = pace(fields);
        let synchronization = match fields.text("synchronization") {
            Some("time") => Synchronization::Time,
            Some("none") => Synchronization::None,
            Some("straight") => Synchronization::Straight,
            _ => Synchronization::Phase,
        };
        let order = Order::Joint(JointMove {
            to,
            speed,
            acceleration,
            synchronization,
        });
        Ok((format!("{group} ⇒ {name}"), Goal { group, order }))
    }

    fn line(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
        let group = around.group_of(fields)?;
        let mut frame = around.frame_of(fields)?;
        let (name, to) = self.required_place(fields, &mut frame)?;
        let segment = Segment {
            way: Way::Line(to),
            corner: Corner::Stop,
        };
        let order = path(vec![segment], fields, frame, around);
        Ok((format!("{group} ─ {name}"), Goal { group, order }))
    }

    fn circle(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
        let group = around.group_of(fields)?;
        let mut frame = around.frame_of(fields)?;
        let (name, way) = self.arc(fields, &mut frame)?;
        let segment = Segment {
            way,
            corner: Corner::Stop,
        };
        let order = path(vec![segment], fields, frame, around);
        Ok((format!("{group} ⌒ {name}"), Goal { group, order }))
    }

    fn path(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
        let group = around.group_of(fields)?;
        let mut frame = around.frame_of(fields)?;
        let items = fields.list("segments");
        if items.len() > MAX_SEGMENTS {
            let reason = format!(
                "has {} of them, but a path has at most {MAX_SEGMENTS}",
                items.len()
            );
            return Err(Wrong::at(fields.spot_of("segments"), reason).inside("segments"));
        }
        let blend = fields.number("blend").map(Corner::Blend);
        let mut segments = Vec::with_capacity(items.len());
        let mut last = String::new();
        for (i, item) in (1..).zip(items) {
            let read = self.segment(item, &mut frame);
            let (name, way, corner) = read.map_err(|wrong| wrong.inside(&format!("segments[{i}]")))?;
            let corner = corner.or(blend).unwrap_or_default();
            segments.push(Segment { way, corner });
            last = name;
        }
        // The last one ends at rest, whatever holds for the others.
        if let (Some(last), Some(_)) = (segments.last_mut(), blend) {
            last.corner = match last.corner {
                Corner::Blend(_) => Corner::Stop,
                corner => corner,
            };
        }
        let label = format!("{group} ∿ {last}, {} segments", segments.len());
        let order = path(segments, fields, frame, around);
        Ok((label, Goal { group, order }))
    }

    fn segment(&self, node: &Node, frame: &mut Frame) -> Result<(String, Way, Option<Corner>), Wrong> {
        let (key, node) = only_entry(node, Steps::Segment)?;
        let mut read = || match key.text.as_str() {
            "joint" => {
                let fields = Fields::read(node, &SEGMENT_JOINT)?;
                let (name, to) = self.required_pose(&fields)?;
                Ok((name, Way::Joint(to), corner(&fields)))
            }
            "line" => {
                let fields = Fields::read(node, &SEGMENT_LINE)?;
                let (name, to) = self.required_place(&fields, frame)?;
                Ok((name, Way::Line(to), corner(&fields)))
            }
            _ => {
                let fields = Fields::read(node, &SEGMENT_CIRCLE)?;
                let (name, way) = self.arc(&fields, frame)?;
                Ok((name, way, corner(&fields)))
            }
        };
        read().map_err(|wrong: Wrong| wrong.inside(&key.text))
    }

    fn arc(&self, fields: &Fields<'_>, frame: &mut Frame) -> Result<(String, Way), Wrong> {
        if let Some(via) = fields.node("via") {
            let via = self.point(via, frame).map_err(|wrong| wrong.inside("via"))?;
            let (name, mut to) = self.required_place(fields, frame)?;
            if let Some(given) = orientation(fields)? {
                if to.orientation.is_some() {
                    let reason = "its end has an orientation already";
                    return Err(Wrong::at(fields.spot, reason));
                }
                to.orientation = Some(given);
            }
            return Ok((name, Way::Circle { via, to }));
        }
        let centre = fields
            .node("centre")
            .ok_or_else(|| Wrong::at(fields.spot, "is missing").inside("centre"))?;
        let centre = self
            .point(centre, frame)
            .map_err(|wrong| wrong.inside("centre"))?;
        let axis = fields.numbers("axis").unwrap_or_default();
        let Some(axis) = unit(axis) else {
            let reason = format!("{axis:?} has no direction");
            return Err(Wrong::at(fields.spot_of("axis"), reason).inside("axis"));
        };
        let angle = fields.number("angle").unwrap_or_default();
        let orientation = orientation(fields)?;
        Ok((
            format!("{angle} rad"),
            Way::Arc {
                centre,
                axis,
                angle,
                orientation,
            },
        ))
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

    fn required_pose(&self, fields: &Fields<'_>) -> Result<(String, Pose), Wrong> {
        let node = fields
            .node("to")
            .ok_or_else(|| Wrong::at(fields.spot, "is missing").inside("to"))?;
        self.pose(node).map_err(|wrong| wrong.inside("to"))
    }

    fn required_place(&self, fields: &Fields<'_>, frame: &mut Frame) -> Result<(String, ToolPose), Wrong> {
        let node = fields
            .node("to")
            .ok_or_else(|| Wrong::at(fields.spot, "is missing").inside("to"))?;
        self.place(node, frame).map_err(|wrong| wrong.inside("to"))
    }

    /// A pose by its name or as it stands, with what to call it.
    fn pose(&self, node: &Node) -> Result<(String, Pose), Wrong> {
        if let Content::Map(_) = node.content {
            return Ok(("a pose".to_owned(), pose(node)?));
        }
        let name = text(node, MAX_NAME)?;
        let known = self.poses.get(name).cloned();
        known
            .map(|pose| (name.to_owned(), pose))
            .ok_or_else(|| unknown(node, "pose", name, self.poses.keys()))
    }

    fn place(&self, node: &Node, frame: &mut Frame) -> Result<(String, ToolPose), Wrong> {
        let (name, place) = if let Content::Map(_) = node.content {
            ("a place".to_owned(), place(node)?)
        } else {
            self.named_place(node)?
        };
        frame.settle(node, &name, place.frame)?;
        Ok((name, place.pose))
    }

    fn named_place(&self, node: &Node) -> Result<(String, Place), Wrong> {
        let name = text(node, MAX_NAME)?;
        let known = self.places.get(name).cloned();
        known
            .map(|place| (name.to_owned(), place))
            .ok_or_else(|| unknown(node, "place", name, self.places.keys()))
    }

    fn point(&self, node: &Node, frame: &mut Frame) -> Result<[f64; 3], Wrong> {
        if let Content::List(_) = node.content {
            let point = numbers(node, 3, COORDINATE)?;
            return Ok([point[0], point[1], point[2]]);
        }
        let (name, place) = self.named_place(node)?;
        frame.settle(node, &name, place.frame)?;
        Ok(place.pose.position)
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

/// The frame that the places of one motion share.
enum Frame {
    /// That of the step; places without one are in it.
    Given(String),
    /// Not known yet: the first place says it.
    Open,
    /// That of the first place; `None`: the robot's root.
    Found(Option<String>),
}

impl Frame {
    /// Takes in the frame of a place.
    fn settle(&mut self, node: &Node, place: &str, frame: Option<String>) -> Result<(), Wrong> {
        let said = |frame: &Option<String>| frame.clone().unwrap_or_else(|| "the robot's root".to_owned());
        match self {
            Self::Given(own) => match frame {
                Some(frame) if frame != *own => {
                    let reason = format!("{place} is in frame {frame}, but the step in {own}");
                    Err(Wrong::at(node.spot, reason))
                }
                _ => Ok(()),
            },
            Self::Open => {
                *self = Self::Found(frame);
                Ok(())
            }
            Self::Found(first) if *first == frame => Ok(()),
            Self::Found(first) => {
                let (own, first) = (said(&frame), said(first));
                let reason = format!("{place} is in frame {own}, but the place before in {first}");
                Err(Wrong::at(node.spot, reason))
            }
        }
    }

    fn name(self) -> String {
        match self {
            Self::Given(name) => name,
            Self::Open => String::new(),
            Self::Found(name) => name.unwrap_or_default(),
        }
    }
}

fn path(segments: Vec<Segment>, fields: &Fields<'_>, frame: Frame, around: &Around) -> Order {
    let (speed, acceleration) = pace(fields);
    let tool = fields.text("tool").map(str::to_owned);
    Order::Path(PathMove {
        segments,
        frame: frame.name(),
        tool: tool.or_else(|| around.tool.clone()).unwrap_or_default(),
        speed,
        acceleration,
        tool_speed: fields.number("tool_speed"),
        tool_acceleration: fields.number("tool_acceleration"),
        tool_jerk: fields.number("tool_jerk"),
    })
}

fn pace(fields: &Fields<'_>) -> (f64, f64) {
    let speed = fields.number("speed").unwrap_or(DEFAULT_SPEED);
    (speed, fields.number("acceleration").unwrap_or(speed))
}

fn corner(fields: &Fields<'_>) -> Option<Corner> {
    let named = fields.text("corner").map(|name| match name {
        "through" => Corner::Through,
        _ => Corner::Stop,
    });
    fields.number("blend").map(Corner::Blend).or(named)
}

fn run(fields: &Fields<'_>) -> Result<(String, Goal), Wrong> {
    let group = required_group(fields)?;
    let velocity = fields.number("velocity").unwrap_or_default();
    let acceleration = fields.number("acceleration").unwrap_or(1.0);
    let order = Order::Run(Run {
        velocity,
        acceleration,
    });
    Ok((format!("{group} at {velocity} /s"), Goal { group, order }))
}

fn grip(fields: &Fields<'_>) -> Result<(String, Goal), Wrong> {
    let group = required_group(fields)?;
    let position = fields.number("position").unwrap_or_default();
    let max_effort = fields.number("max_effort").unwrap_or_default();
    let order = Order::Grip(Grip { position, max_effort });
    Ok((
        format!("{group} to {:.0} mm", position * 1e3),
        Goal { group, order },
    ))
}

fn wait(fields: &Fields<'_>) -> Result<(String, Action), Wrong> {
    let timeout_s = fields.number("timeout");
    let (label, until) = if let Some(seconds) = fields.number("seconds") {
        (format!("wait {seconds} s"), Until::Elapsed(seconds))
    } else if let Some(event) = fields.map("event") {
        event_of(event).map_err(|wrong| wrong.inside("event"))?
    } else if let Some(joint) = fields.map("joint") {
        joint_of(joint).map_err(|wrong| wrong.inside("joint"))?
    } else {
        return Err(Wrong::at(fields.spot, "waits for nothing"));
    };
    Ok((label, Action::Wait(Wait { until, timeout_s })))
}

fn event_of(fields: &Fields<'_>) -> Result<(String, Until), Wrong> {
    let name = fields.text("kind");
    let kind = EVENT_KINDS.into_iter().find(|kind| Some(kind.name()) == name);
    let group = group(fields, "group")?;
    let text = fields.text("text").map(str::to_owned);
    let mut label = format!("wait for {}", name.unwrap_or("an event"));
    label.extend(group.iter().map(|group| format!(" of {group}")));
    label.extend(text.iter().map(|text| format!(" with \"{text}\"")));
    Ok((label, Until::Event { kind, group, text }))
}

fn joint_of(fields: &Fields<'_>) -> Result<(String, Until), Wrong> {
    let group = required_group(fields)?;
    let joint = fields.text("name").map(str::to_owned);
    let (said, position) = if let Some(limit) = fields.number("above") {
        (format!("above {limit}"), Passing::Above(limit))
    } else if let Some(limit) = fields.number("below") {
        (format!("below {limit}"), Passing::Below(limit))
    } else {
        let distance = fields.number("travels").unwrap_or_default();
        (format!("{distance} on"), Passing::Travelled(distance))
    };
    let label = format!("wait for {} {said}", joint.as_deref().unwrap_or(&group));
    Ok((
        label,
        Until::Joint {
            group,
            joint,
            position,
        },
    ))
}

fn speed(fields: &Fields<'_>) -> Result<(String, Action), Wrong> {
    let group = group(fields, "group")?.unwrap_or_default();
    let scale = fields.number("scale").unwrap_or(1.0);
    let who = if group.is_empty() { "all" } else { &group };
    let label = format!("{who} at {} % speed", scale * 100.0);
    Ok((label, Action::Override(Override { group, scale })))
}

/// A group's name, if it is given and could be one.
fn group(fields: &Fields<'_>, name: &str) -> Result<Option<String>, Wrong> {
    let Some(text) = fields.text(name) else {
        return Ok(None);
    };
    match servomesh_types::GroupName::new(text) {
        Ok(_) => Ok(Some(text.to_owned())),
        Err(error) => Err(Wrong::at(fields.spot_of(name), error.to_string()).inside(name)),
    }
}

fn required_group(fields: &Fields<'_>) -> Result<String, Wrong> {
    group(fields, "group")?.ok_or_else(|| Wrong::at(fields.spot, "is missing").inside("group"))
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

/// A table of named values.
fn table<T>(
    fields: &Fields<'_>,
    name: &str,
    read: impl Fn(&Node) -> Result<T, Wrong>,
) -> Result<BTreeMap<String, T>, Wrong> {
    let entry = |(key, node): &(Key, Node)| {
        if key.text.is_empty() || key.text.len() > MAX_NAME {
            let reason = format!(
                "a name has 1 to {MAX_NAME} bytes, but this one has {}",
                key.text.len()
            );
            return Err(Wrong::at(key.spot, reason));
        }
        let value = read(node).map_err(|wrong| wrong.inside(&key.text))?;
        Ok((key.text.clone(), value))
    };
    let entries = fields.table(name).iter().map(entry).collect::<Result<_, _>>();
    entries.map_err(|wrong| wrong.inside(name))
}

/// Positions by joint.
fn pose(node: &Node) -> Result<Pose, Wrong> {
    let Content::Map(entries) = &node.content else {
        let reason = format!("must be positions by joint, but is {}", node.said());
        return Err(Wrong::at(node.spot, reason));
    };
    if entries.is_empty() || entries.len() > MAX_JOINTS {
        let reason = format!("has {} joints, but a group has 1 to {MAX_JOINTS}", entries.len());
        return Err(Wrong::at(node.spot, reason));
    }
    let entry = |(key, node): &(Key, Node)| {
        if key.text.is_empty() || key.text.len() > MAX_NAME {
            let reason = format!(
                "a joint's name has 1 to {MAX_NAME} bytes, but this one has {}",
                key.text.len()
            );
            return Err(Wrong::at(key.spot, reason));
        }
        let position = number(node, POSITION).map_err(|wrong| wrong.inside(&key.text))?;
        Ok((key.text.clone(), position))
    };
    entries.iter().map(entry).collect()
}

fn place(node: &Node) -> Result<Place, Wrong> {
    let fields = Fields::read(node, &PLACE)?;
    let position = fields.numbers("xyz").unwrap_or_default();
    let orientation = orientation(&fields)?;
    Ok(Place {
        pose: ToolPose {
            position,
            orientation,
        },
        frame: fields.text("frame").map(str::to_owned),
    })
}

/// An orientation as x, y, z, w, of length 1.
fn orientation(fields: &Fields<'_>) -> Result<Option<[f64; 4]>, Wrong> {
    if let Some(given) = fields.numbers::<4>("quaternion") {
        let length = given.iter().map(|x| x * x).sum::<f64>().sqrt();
        if (length - 1.0).abs() > QUATERNION_TOLERANCE {
            let reason = format!("has length {length:.4}, but must have length 1");
            return Err(Wrong::at(fields.spot_of("quaternion"), reason).inside("quaternion"));
        }
        return Ok(Some(given.map(|x| x / length)));
    }
    Ok(fields.numbers::<3>("rpy").map(quaternion))
}

/// Roll, pitch and yaw about fixed axes, as in URDF: q = q_z(yaw)·q_y(pitch)·q_x(roll).
fn quaternion([roll, pitch, yaw]: [f64; 3]) -> [f64; 4] {
    let (sr, cr) = (roll / 2.0).sin_cos();
    let (sp, cp) = (pitch / 2.0).sin_cos();
    let (sy, cy) = (yaw / 2.0).sin_cos();
    [
        sr * cp * cy - cr * sp * sy,
        cr * sp * cy + sr * cp * sy,
        cr * cp * sy - sr * sp * cy,
        cr * cp * cy + sr * sp * sy,
    ]
}

fn unit(axis: [f64; 3]) -> Option<[f64; 3]> {
    let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
    (length > SHORTEST_AXIS).then(|| axis.map(|x| x / length))
}

fn unknown<'a>(node: &Node, what: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Wrong {
    let known: Vec<_> = known.map(String::as_str).collect();
    let known = match known.as_slice() {
        [] => "none".to_owned(),
        known => known.join(", "),
    };
    Wrong::at(
        node.spot,
        format!("there is no {what} {name}; there are: {known}"),
    )
}

/// How far a quaternion's length may be from 1: numbers with four digits are near enough.
const QUATERNION_TOLERANCE: f64 = 1e-3;
/// An axis shorter than this is taken for none.
const SHORTEST_AXIS: f64 = 1e-3;

/// Every kind of event, in the order of the language's words.
const EVENT_KINDS: [EventKind; 9] = [
    EventKind::Started,
    EventKind::GoalAccepted,
    EventKind::GoalRefused,
    EventKind::Arrived,
    EventKind::GoalAborted,
    EventKind::Grasped,
    EventKind::Stopped,
    EventKind::Fault,
    EventKind::Recovered,
];
