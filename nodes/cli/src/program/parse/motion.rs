//! Motions of a group: through poses, to a pose, along lines, arcs and paths.
//!
//! **Invariant:** the places of one motion share a frame.

use super::value::orientation;
use super::value::{Place, place, pose, unit, unknown};
use super::{Around, Reader, only_entry};
use crate::program::language::{
    COORDINATE, DEFAULT_SPEED, MAX_NAME, MAX_SEGMENTS, SEGMENT_CIRCLE, SEGMENT_JOINT, SEGMENT_LINE,
};
use crate::program::shape::{Fields, Steps, numbers, text};
use crate::program::step::*;
use crate::program::wrong::Wrong;
use crate::program::yaml::{Content, Node};

impl Reader {
    pub(super) fn follow(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
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

    pub(super) fn joint_move(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
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

    pub(super) fn line(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
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

    pub(super) fn circle(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
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

    pub(super) fn path(&self, fields: &Fields<'_>, around: &Around) -> Result<(String, Goal), Wrong> {
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

/// The frame that the places of one motion share.
pub(super) enum Frame {
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
