//! What a map of a program may hold: one table for the parser, its messages and the schema.
//!
//! **Invariant:** a field that the parser reads stands in a [`Shape`], with its range; so the schema, which is made of the
//! shapes, knows the same names and ranges.

use super::language::MAX_NAME;
use super::wrong::{Spot, Wrong};
use super::yaml::{Content, Key, Node};

/// A map: which fields it may have, and which together.
pub(super) struct Shape {
    /// What it is called: a step's name.
    pub(super) name: &'static str,
    /// What it means, in a sentence.
    pub(super) about: &'static str,
    pub(super) fields: &'static [&'static [Field]],
    /// Sets of fields of which exactly one set must be there, complete.
    pub(super) either: &'static [&'static [&'static str]],
    /// Sets of fields of which one may be there at the most.
    pub(super) at_most_one: &'static [&'static [&'static str]],
}

/// One field of a map.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    /// What it means, with its unit.
    pub(super) about: &'static str,
}

/// What a field's value may be.
pub(super) enum Kind {
    /// Text of 1 to so many bytes.
    Text(usize),
    /// One of these words.
    Word(&'static [&'static str]),
    Number(Range),
    /// A whole number from 1 on.
    Count(u32),
    /// `true`, the only thing it can be.
    Yes,
    /// So many numbers.
    Numbers(usize, Range),
    /// The name of a pose, or positions by joint.
    Pose,
    /// A list of such.
    Poses,
    /// The name of a place, or one as it stands.
    Place,
    /// The name of a place, or `[x, y, z]`.
    Point,
    Map(&'static Shape),
    /// Poses by name.
    PoseTable,
    /// Places by name.
    PlaceTable,
    /// Steps, each a map of one entry with one of these names.
    Steps(Steps),
}

/// Which steps are possible at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// In a program and in a loop.
    Any,
    /// At once.
    Together,
    /// Relative to a moving frame.
    Track,
    /// The segments of a path.
    Segment,
}

/// Which numbers are possible, both ends included unless it is `open`.
#[derive(Clone, Copy)]
pub(super) struct Range {
    pub(super) min: f64,
    pub(super) max: f64,
    /// Whether `min` itself is not possible.
    pub(super) open: bool,
}

impl Range {
    pub(super) const fn new(min: f64, max: f64) -> Self {
        let open = false;
        Self { min, max, open }
    }

    pub(super) const fn above(min: f64, max: f64) -> Self {
        let open = true;
        Self { min, max, open }
    }

    fn holds(self, value: f64) -> bool {
        (self.min..=self.max).contains(&value) && (!self.open || value > self.min)
    }

    fn said(self) -> String {
        let Self { min, max, open } = self;
        match open {
            true => format!("above {min} and at most {max}"),
            false => format!("between {min} and {max}"),
        }
    }
}

impl Shape {
    pub(super) fn each(&self) -> impl Iterator<Item = &'static Field> + use<> {
        self.fields.iter().copied().flatten()
    }
}

/// A map that has the shape it should have, its values read.
#[derive(Debug)]
pub(super) struct Fields<'n> {
    pub(super) spot: Spot,
    values: Vec<(&'static str, Spot, Value<'n>)>,
}

/// A value that its field may have.
#[derive(Debug)]
pub(super) enum Value<'n> {
    Text(&'n str),
    Number(f64),
    Count(u32),
    Yes,
    Numbers(Vec<f64>),
    /// What is resolved against the program's tables.
    Node(&'n Node),
    Map(Fields<'n>),
    Table(&'n [(Key, Node)]),
    List(&'n [Node]),
}

impl<'n> Fields<'n> {
    /// Reads a map of that shape.
    pub(super) fn read(node: &'n Node, shape: &'static Shape) -> Result<Self, Wrong> {
        let names = || {
            shape
                .each()
                .map(|field| field.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let Content::Map(entries) = &node.content else {
            let reason = format!("must be a map of: {}; but is {}", names(), node.said());
            return Err(Wrong::at(node.spot, reason));
        };
        let mut values = Vec::new();
        for (key, node) in entries {
            let Some(field) = shape.each().find(|field| field.name == key.text) else {
                let reason = format!("there is no such field; there are: {}", names());
                return Err(Wrong::at(key.spot, reason).inside(&key.text));
            };
            let value = value(node, &field.kind).map_err(|wrong| wrong.inside(field.name))?;
            values.push((field.name, node.spot, value));
        }
        let fields = Self {
            spot: node.spot,
            values,
        };
        if let Some(missing) = shape
            .each()
            .find(|field| field.required && !fields.has(field.name))
        {
            return Err(Wrong::at(node.spot, "is missing").inside(missing.name));
        }
        fields.check_either(shape)?;
        for set in shape.at_most_one {
            let there: Vec<_> = set.iter().filter(|name| fields.has(name)).collect();
            if let [first, second, ..] = there[..] {
                let reason = format!("give {first} or {second}, not both");
                return Err(Wrong::at(node.spot, reason));
            }
        }
        Ok(fields)
    }

    fn check_either(&self, shape: &Shape) -> Result<(), Wrong> {
        if shape.either.is_empty() {
            return Ok(());
        }
        let touched = shape
            .either
            .iter()
            .filter(|set| set.iter().any(|name| self.has(name)));
        match touched.collect::<Vec<_>>()[..] {
            [set] => match set.iter().find(|name| !self.has(name)) {
                None => Ok(()),
                Some(missing) => Err(Wrong::at(
                    self.spot,
                    format!("goes with {}, but is missing", set.join(", ")),
                )
                .inside(missing)),
            },
            _ => {
                let sets: Vec<_> = shape.either.iter().map(|set| set.join(" with ")).collect();
                Err(Wrong::at(
                    self.spot,
                    format!("give either {}", sets.join(", or ")),
                ))
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// Where a field's value stands; without it, where the map does.
    pub(super) fn spot_of(&self, name: &str) -> Spot {
        let found = self.values.iter().find(|(known, ..)| *known == name);
        found.map_or(self.spot, |(_, spot, _)| *spot)
    }

    pub(super) fn value(&self, name: &str) -> Option<&Value<'n>> {
        let found = self.values.iter().find(|(known, ..)| *known == name);
        found.map(|(.., value)| value)
    }

    pub(super) fn text(&self, name: &str) -> Option<&'n str> {
        match self.value(name) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        match self.value(name) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn count(&self, name: &str) -> Option<u32> {
        match self.value(name) {
            Some(Value::Count(count)) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn numbers<const N: usize>(&self, name: &str) -> Option<[f64; N]> {
        match self.value(name) {
            Some(Value::Numbers(numbers)) => numbers.as_slice().try_into().ok(),
            _ => None,
        }
    }

    pub(super) fn node(&self, name: &str) -> Option<&'n Node> {
        match self.value(name) {
            Some(Value::Node(node)) => Some(node),
            _ => None,
        }
    }

    pub(super) fn map(&self, name: &str) -> Option<&Self> {
        match self.value(name) {
            Some(Value::Map(fields)) => Some(fields),
            _ => None,
        }
    }

    pub(super) fn table(&self, name: &str) -> &'n [(Key, Node)] {
        match self.value(name) {
            Some(Value::Table(entries)) => entries,
            _ => &[],
        }
    }

    pub(super) fn list(&self, name: &str) -> &'n [Node] {
        match self.value(name) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }
}

fn value<'n>(node: &'n Node, kind: &Kind) -> Result<Value<'n>, Wrong> {
    Ok(match kind {
        Kind::Text(most) => Value::Text(text(node, *most)?),
        Kind::Word(words) => {
            let text = text(node, MAX_NAME)?;
            if !words.contains(&text) {
                let reason = format!("there is no {text}; there are: {}", words.join(", "));
                return Err(Wrong::at(node.spot, reason));
            }
            Value::Text(text)
        }
        Kind::Number(range) => Value::Number(number(node, *range)?),
        Kind::Count(most) => Value::Count(count(node, *most)?),
        Kind::Yes => match &node.content {
            Content::Scalar { text, plain: true } if text == "true" => Value::Yes,
            _ => {
                return Err(Wrong::at(
                    node.spot,
                    format!("must be true, but is {}", node.said()),
                ));
            }
        },
        Kind::Numbers(size, range) => Value::Numbers(numbers(node, *size, *range)?),
        Kind::Pose | Kind::Place | Kind::Point => Value::Node(node),
        Kind::Map(shape) => Value::Map(Fields::read(node, shape)?),
        Kind::PoseTable | Kind::PlaceTable => match &node.content {
            Content::Map(entries) => Value::Table(entries),
            _ => {
                return Err(Wrong::at(
                    node.spot,
                    format!("must be a map of names, but is {}", node.said()),
                ));
            }
        },
        Kind::Poses | Kind::Steps(_) => match &node.content {
            Content::List(items) if items.is_empty() => return Err(Wrong::at(node.spot, "is empty")),
            Content::List(items) => Value::List(items),
            _ => {
                return Err(Wrong::at(
                    node.spot,
                    format!("must be a list, but is {}", node.said()),
                ));
            }
        },
    })
}

/// Text, and not what stands for a number, a truth or nothing.
pub(super) fn text(node: &Node, most: usize) -> Result<&str, Wrong> {
    match &node.content {
        Content::Scalar { text, plain } if !plain || !stands_for_something(text) => {
            if text.is_empty() || text.len() > most {
                let reason = format!("must be text of 1 to {most} bytes, but has {}", text.len());
                return Err(Wrong::at(node.spot, reason));
            }
            Ok(text)
        }
        _ => Err(Wrong::at(
            node.spot,
            format!("must be text, but is {}", node.said()),
        )),
    }
}

fn stands_for_something(text: &str) -> bool {
    matches!(
        text,
        "" | "~" | "null" | "Null" | "NULL" | "true" | "True" | "TRUE" | "false" | "False" | "FALSE"
    ) || parse(text).is_some()
}

/// A number of the range.
pub(super) fn number(node: &Node, range: Range) -> Result<f64, Wrong> {
    let value = match &node.content {
        Content::Scalar { text, plain: true } => parse(text),
        _ => None,
    };
    let Some(value) = value else {
        let reason = format!("must be a number {}, but is {}", range.said(), node.said());
        return Err(Wrong::at(node.spot, reason));
    };
    if range.holds(value) {
        return Ok(value);
    }
    let reason = format!("is {value}, but must be {}", range.said());
    Err(Wrong::at(node.spot, reason))
}

/// A number as YAML 1.2 writes decimal ones.
fn parse(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['+', '-']);
    match digits {
        ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN" => digits[1..].parse().ok(),
        // `inf` and `nan` are text in YAML.
        _ if digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') => text.parse().ok(),
        _ => None,
    }
}

fn count(node: &Node, most: u32) -> Result<u32, Wrong> {
    let value = match &node.content {
        Content::Scalar { text, plain: true } => text.parse().ok(),
        _ => None,
    };
    value.filter(|value| (1..=most).contains(value)).ok_or_else(|| {
        let reason = format!("must be a whole number from 1 to {most}, but is {}", node.said());
        Wrong::at(node.spot, reason)
    })
}

/// So many numbers of the range.
pub(super) fn numbers(node: &Node, size: usize, range: Range) -> Result<Vec<f64>, Wrong> {
    match &node.content {
        Content::List(items) if items.len() == size => (1..)
            .zip(items)
            .map(|(i, item)| number(item, range).map_err(|wrong| wrong.inside(&format!("[{i}]"))))
            .collect(),
        Content::List(items) => {
            let reason = format!("must be {size} numbers, but is {}", items.len());
            Err(Wrong::at(node.spot, reason))
        }
        _ => Err(Wrong::at(
            node.spot,
            format!("must be {size} numbers, but is {}", node.said()),
        )),
    }
}

impl Node {
    /// What it is, for messages: short, whatever it is.
    pub(super) fn said(&self) -> String {
        match &self.content {
            Content::Scalar { text, plain: true } if text.is_empty() => "nothing".to_owned(),
            Content::Scalar { text, plain } => {
                let quote = if *plain { "" } else { "\"" };
                let short: String = text.chars().take(40).collect();
                let dots = if short.len() < text.len() { "…" } else { "" };
                format!("{quote}{short}{dots}{quote}")
            }
            Content::List(items) => format!("a list of {}", items.len()),
            Content::Map(entries) => format!("a map of {}", entries.len()),
        }
    }
}
