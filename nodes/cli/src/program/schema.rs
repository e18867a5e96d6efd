//! The JSON schema of programs, for editors: made of the tables that the parser reads by.
//!
//! Draft 2020-12. **Invariant:** what the schema refuses the parser refuses. The parser knows more: names that are not
//! there, frames that do not agree, bounds over several steps.

use super::language::{
    COORDINATE, MAX_ENTRIES, MAX_JOINTS, MAX_NAME, MAX_SEGMENTS, PLACE, POSITION, PROGRAM, TOGETHER,
};
use super::shape::{Kind, Range, Shape, Steps};
use serde_json::{Map, Value, json};

/// The schema, as it stands in `launch/programs/program.schema.json`.
pub fn schema() -> String {
    let mut schema = map(&PROGRAM);
    let mut definitions = object(json!({
        "pose": {
            "description": "Positions by joint [rad, m]; joints that are not named stay where they are",
            "type": "object",
            "minProperties": 1,
            "maxProperties": MAX_JOINTS,
            "propertyNames": name(MAX_NAME),
            "additionalProperties": range(POSITION),
        },
        "place": map(&PLACE),
    }));
    for steps in [Steps::Any, Steps::Together, Steps::Track, Steps::Segment] {
        definitions.insert(set(steps).to_owned(), one_of(steps));
        for shape in steps.shapes() {
            definitions.insert(definition(steps, shape), step(shape));
        }
    }
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Servomesh program",
        "$defs": definitions,
    });
    schema.extend(object(head));
    let text = serde_json::to_string_pretty(&Value::Object(schema));
    format!("{}\n", text.expect("a map of text has a form as JSON"))
}

/// A map of this shape.
fn map(shape: &Shape) -> Map<String, Value> {
    let fields = shape.each().map(|field| {
        let mut schema = kind(&field.kind);
        schema.insert("description".to_owned(), field.about.into());
        (field.name.to_owned(), Value::Object(schema))
    });
    let required: Vec<_> = shape
        .each()
        .filter(|field| field.required)
        .map(|field| field.name)
        .collect();
    let mut schema = object(json!({
        "description": shape.about,
        "type": "object",
        "properties": fields.collect::<Map<_, _>>(),
        "additionalProperties": false,
    }));
    if !required.is_empty() {
        schema.insert("required".to_owned(), required.into());
    }
    if !shape.either.is_empty() {
        schema.insert("oneOf".to_owned(), either(shape.either));
    }
    let pairs: Vec<_> = shape.at_most_one.iter().flat_map(|set| pairs(set)).collect();
    if !pairs.is_empty() {
        schema.insert("not".to_owned(), json!({ "anyOf": pairs }));
    }
    schema
}

/// Exactly one of the sets, complete, and nothing of the others.
fn either(sets: &[&[&str]]) -> Value {
    let one = |(i, set): (usize, &&[&str])| {
        let others = sets
            .iter()
            .enumerate()
            .filter(|(j, _)| *j != i)
            .flat_map(|(_, set)| set.iter());
        let others: Vec<_> = others.map(|name| json!({ "required": [name] })).collect();
        json!({ "required": set, "not": { "anyOf": others } })
    };
    sets.iter().enumerate().map(one).collect()
}

fn pairs<'s>(set: &'s [&str]) -> impl Iterator<Item = Value> + use<'s> {
    let pair = move |(i, first)| {
        set[i + 1..]
            .iter()
            .map(move |second| json!({ "required": [first, second] }))
    };
    set.iter().enumerate().flat_map(pair)
}

fn kind(kind: &Kind) -> Map<String, Value> {
    object(match kind {
        Kind::Text(most) => name(*most),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Number(numbers) => range(*numbers),
        Kind::Count(most) => json!({ "type": "integer", "minimum": 1, "maximum": most }),
        Kind::Yes => json!({ "const": true }),
        Kind::Numbers(size, numbers) => list(&range(*numbers), *size, *size),
        Kind::Pose => named_or(&json!({ "$ref": "#/$defs/pose" })),
        Kind::Poses => list(&named_or(&json!({ "$ref": "#/$defs/pose" })), 1, MAX_ENTRIES),
        Kind::Place => named_or(&json!({ "$ref": "#/$defs/place" })),
        Kind::Point => named_or(&list(&range(COORDINATE), 3, 3)),
        Kind::Map(shape) => return map(shape),
        Kind::PoseTable => table("#/$defs/pose"),
        Kind::PlaceTable => table("#/$defs/place"),
        Kind::Steps(steps) => step_list(*steps),
    })
}

/// One of the steps: a map of one entry.
fn one_of(steps: Steps) -> Value {
    let entry = |shape: &&Shape| {
        let known = json!({ "$ref": format!("#/$defs/{}", definition(steps, shape)) });
        (shape.name.to_owned(), known)
    };
    json!({
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": steps.shapes().iter().map(entry).collect::<Map<_, _>>(),
        "additionalProperties": false,
    })
}

/// What a step holds.
fn step(shape: &'static Shape) -> Value {
    if shape.name != TOGETHER.name {
        return Value::Object(map(shape));
    }
    let mut list = object(step_list(Steps::Together));
    list.insert("description".to_owned(), shape.about.into());
    Value::Object(list)
}

fn step_list(steps: Steps) -> Value {
    let most = match steps {
        Steps::Segment => MAX_SEGMENTS,
        Steps::Any | Steps::Together | Steps::Track => MAX_ENTRIES,
    };
    list(&json!({ "$ref": format!("#/$defs/{}", set(steps)) }), 1, most)
}

/// The name of a set of steps.
fn set(steps: Steps) -> &'static str {
    match steps {
        Steps::Any => "step",
        Steps::Together => "step_at_once",
        Steps::Track => "step_along",
        Steps::Segment => "segment",
    }
}

/// The name of a step, which means the same in every set but that of segments.
fn definition(steps: Steps, shape: &Shape) -> String {
    let kind = match steps {
        Steps::Segment => "segment",
        Steps::Any | Steps::Together | Steps::Track => "step",
    };
    format!("{kind}_{}", shape.name)
}

fn list(items: &Value, least: usize, most: usize) -> Value {
    json!({ "type": "array", "items": items, "minItems": least, "maxItems": most })
}

fn table(values: &str) -> Value {
    json!({
        "type": "object",
        "maxProperties": MAX_ENTRIES,
        "propertyNames": name(MAX_NAME),
        "additionalProperties": { "$ref": values },
    })
}

/// Text of so many bytes, of which characters take one or more.
fn name(most: usize) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": most })
}

fn named_or(other: &Value) -> Value {
    json!({ "anyOf": [name(MAX_NAME), other] })
}

fn range(range: Range) -> Value {
    let Range { min, max, open } = range;
    let least = if open { "exclusiveMinimum" } else { "minimum" };
    json!({ "type": "number", least: min, "maximum": max })
}

/// The map of a value that is written as one.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("const".to_owned(), other)]),
    }
}
