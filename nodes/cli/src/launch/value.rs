//! Parameter values and their types.
//!
//! An untyped value is read by the rules of YAML 1.1, because `ros2 launch` does: `yes` is a boolean, `017` is 15, and
//! `1e3` is text (a float needs a point and a signed exponent: `1.0e+3`). **Invariant:** a `Value` has exactly one of the
//! types that a ROS parameter can have; a list is uniform and not empty.

use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle};

/// The value of a ROS parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `bool`.
    Bool(bool),
    /// `int64`.
    Int(i64),
    /// `float64`.
    Float(f64),
    /// `string`.
    Str(String),
    /// An array of one of the above.
    List(Vec<Value>),
}

/// The `type` attribute of `<param>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// By YAML's rules.
    Yaml,
    /// One value.
    Scalar(Scalar),
    /// Several values of one type.
    ListOf(Scalar),
}

/// A parameter's element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named after the types they are")]
pub enum Scalar {
    Bool,
    Int,
    Float,
    Str,
}

impl Type {
    /// The names that the attribute may have.
    pub(super) const NAMES: &str =
        "str, bool, int, float, list_of_str, list_of_bool, list_of_int, list_of_float, yaml";

    pub(super) fn from_name(name: &str) -> Option<Self> {
        let scalar = |name: &str| match name {
            "str" => Some(Scalar::Str),
            "bool" => Some(Scalar::Bool),
            "int" => Some(Scalar::Int),
            "float" => Some(Scalar::Float),
            _ => None,
        };
        match (name, name.strip_prefix("list_of_")) {
            ("yaml", _) => Some(Self::Yaml),
            (_, Some(element)) => scalar(element).map(Self::ListOf),
            (_, None) => scalar(name).map(Self::Scalar),
        }
    }
}

impl Value {
    fn scalar_type(&self) -> Option<Scalar> {
        match self {
            Self::Bool(_) => Some(Scalar::Bool),
            Self::Int(_) => Some(Scalar::Int),
            Self::Float(_) => Some(Scalar::Float),
            Self::Str(_) => Some(Scalar::Str),
            Self::List(_) => None,
        }
    }

    /// Reads text whose substitutions have been performed.
    pub(super) fn typed(text: &str, r#type: Type) -> Result<Self, String> {
        let value = match r#type {
            Type::Yaml if text.is_empty() => Self::Str(String::new()),
            Type::Yaml => yaml(text).map_err(|error| error.to_string())?,
            Type::Scalar(Scalar::Str) => Self::Str(text.to_owned()),
            Type::Scalar(Scalar::Bool) => {
                Self::Bool(boolean(text).ok_or(format!("\"{text}\" is not a bool"))?)
            }
            Type::Scalar(Scalar::Int) => Self::Int(decimal(text).ok_or(format!("\"{text}\" is not an int"))?),
            Type::Scalar(Scalar::Float) => {
                let number = text
                    .trim()
                    .parse()
                    .map_err(|_| format!("\"{text}\" is not a float"))?;
                Self::Float(number)
            }
            Type::ListOf(_) => yaml(text).map_err(|error| error.to_string())?,
        };
        value.check(r#type)
    }

    /// Accepts the value only if it has the type asked for and is a possible parameter.
    pub(super) fn check(self, r#type: Type) -> Result<Self, String> {
        let Self::List(items) = &self else {
            return if matches!(r#type, Type::ListOf(_)) {
                Err(format!("{self} is not a list"))
            } else {
                Ok(self)
            };
        };
        let Some(first) = items.first() else {
            return Err("an empty list has no type".to_owned());
        };
        let expected = match r#type {
            Type::ListOf(scalar) => Some(scalar),
            _ => first.scalar_type(),
        };
        match items.iter().find(|item| item.scalar_type() != expected) {
            Some(odd) => Err(format!("{odd} in {self}: all items of a list must have one type")),
            None => Ok(self),
        }
    }
}

/// A boolean as ROS 2's launch reads it: YAML's words, `0` and `1`.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => match yaml(text) {
            Ok(Value::Bool(value)) => Some(value),
            _ => None,
        },
    }
}

/// Text that is no value.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum YamlError {
    /// Not YAML at all; `ros2 launch` then takes a literal as text.
    #[error("not valid YAML: {0}")]
    Syntax(String),
    /// Valid YAML, but nothing that a parameter can be.
    #[error("{0}")]
    Type(String),
}

/// Reads one YAML document that is a scalar or a list of scalars. Lists may still be mixed.
pub(super) fn yaml(text: &str) -> Result<Value, YamlError> {
    let mut list: Option<Vec<Value>> = None;
    let mut result = None;
    let mut documents = 0;
    // All events first: what is no YAML at all must be told from YAML of an unsuitable type.
    let events: Result<Vec<_>, _> = Parser::new_from_str(text).collect();
    for (event, _) in events.map_err(|error| YamlError::Syntax(error.to_string()))? {
        let value = match event {
            Event::Scalar(_, _, _, Some(tag)) if !tag.is_yaml_core_schema() => {
                return Err(YamlError::Syntax(format!("unknown tag in \"{text}\"")));
            }
            Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => return Err(foreign(text)),
            Event::Scalar(scalar, ScalarStyle::Plain, ..) => plain(&scalar)?,
            Event::Scalar(scalar, ..) => Value::Str(scalar.into_owned()),
            Event::SequenceStart(0, None) if list.is_none() => {
                list = Some(Vec::new());
                continue;
            }
            Event::SequenceEnd => Value::List(list.take().unwrap_or_default()),
            Event::DocumentStart(_) => {
                documents += 1;
                continue;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) | Event::Alias(_) => {
                return Err(foreign(text));
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentEnd
            | Event::MappingEnd => continue,
        };
        match &mut list {
            Some(items) => items.push(value),
            None => result = Some(value),
        }
    }
    match result {
        Some(value) if documents == 1 => Ok(value),
        _ => Err(foreign(text)),
    }
}

fn foreign(text: &str) -> YamlError {
    YamlError::Type(format!(
        "\"{text}\" is neither a bool, a number, a text nor a list of one of them"
    ))
}

/// Resolves a plain scalar as YAML 1.1 does.
fn plain(text: &str) -> Result<Value, YamlError> {
    let unsupported = |what: &str| {
        Err(YamlError::Type(format!(
            "\"{text}\" is {what} in YAML 1.1: put it in quotes"
        )))
    };
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return unsupported("no value"),
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Ok(Value::Bool(true));
        }
        "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(Value::Bool(false));
        }
        ".nan" | ".NaN" | ".NAN" => return Ok(Value::Float(f64::NAN)),
        _ => {}
    }
    let (negative, magnitude) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if let ".inf" | ".Inf" | ".INF" = magnitude {
        return Ok(Value::Float(if negative {
            f64::NEG_INFINITY
        } else {
            f64::INFINITY
        }));
    }
    if !magnitude.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Ok(Value::Str(text.to_owned()));
    }
    if is_sexagesimal(magnitude) {
        return unsupported("a number in base 60");
    }
    if is_date(text) {
        return unsupported("a date");
    }
    if let Some((radix, digits)) = integer_digits(magnitude) {
        let digits = format!("{}{}", if negative { "-" } else { "" }, digits.replace('_', ""));
        return match i64::from_str_radix(&digits, radix) {
            Ok(value) => Ok(Value::Int(value)),
            Err(_) => unsupported("an integer of more than 64 bits"),
        };
    }
    // YAML 1.1 has `.5`, but not `-.5`.
    let signed_point = magnitude.starts_with('.') && magnitude != text;
    match float(magnitude).filter(|_| !signed_point) {
        Some(value) => Ok(Value::Float(if negative { -value } else { value })),
        None => Ok(Value::Str(text.to_owned())),
    }
}

fn integer_digits(text: &str) -> Option<(u32, &str)> {
    let all = |digits: &str, accepted: fn(char) -> bool| {
        !digits.is_empty() && digits.chars().all(|c| c == '_' || accepted(c)) && digits.contains(accepted)
    };
    if let Some(digits) = text.strip_prefix("0b") {
        return all(digits, |c| matches!(c, '0' | '1')).then_some((2, digits));
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return all(digits, |c| c.is_ascii_hexdigit()).then_some((16, digits));
    }
    match text.strip_prefix('0') {
        Some("") => Some((10, text)),
        Some(digits) => all(digits, |c| c.is_digit(8)).then_some((8, digits)),
        None => all(text, |c| c.is_ascii_digit()).then_some((10, text)),
    }
}

/// A float without sign: digits, a point, digits, and an exponent that has a sign.
fn float(text: &str) -> Option<f64> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.')?;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
    let starts_with_digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let mantissa_valid = digits(whole)
        && digits(fraction)
        && if whole.is_empty() {
            starts_with_digit(fraction)
        } else {
            starts_with_digit(whole)
        };
    let exponent_valid = exponent.is_none_or(|exponent| {
        exponent
            .strip_prefix(['+', '-'])
            .is_some_and(|d| !d.is_empty() && d.chars().all(|c| c.is_ascii_digit()))
    });
    (mantissa_valid && exponent_valid)
        .then(|| text.replace('_', "").parse().ok())
        .flatten()
}

fn is_sexagesimal(text: &str) -> bool {
    let mut parts = text.split(':');
    let first = parts
        .next()
        .is_some_and(|part| part.chars().all(|c| c.is_ascii_digit() || c == '_'));
    let mut more = false;
    let rest = parts.all(|part| {
        more = true;
        let digits = part.split_once('.').map_or(part, |(whole, _)| whole);
        (1..=2).contains(&digits.len())
            && digits.chars().all(|c| c.is_ascii_digit())
            && (digits.len() == 1 || digits.as_bytes()[0] < b'6')
    });
    first && more && rest
}

/// `2001-01-01`, alone or with a time after it.
fn is_date(text: &str) -> bool {
    let date: Vec<_> = text
        .split(['T', 't', ' '])
        .next()
        .unwrap_or_default()
        .split('-')
        .collect();
    let lengths: Vec<_> = date.iter().map(|part| part.len()).collect();
    let digits = date.iter().all(|part| part.chars().all(|c| c.is_ascii_digit()));
    digits && (lengths == [4, 2, 2] || (text.contains(':') && matches!(lengths[..], [4, 1..=2, 1..=2])))
}

/// An integer as Python's `int()` reads it.
fn decimal(text: &str) -> Option<i64> {
    text.trim().parse().ok()
}

/// Writes the value so that YAML 1.1 and 1.2, and rcl's own reader, read the same type back.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) if value.is_nan() => f.write_str(".nan"),
            Self::Float(value) if value.is_infinite() => {
                f.write_str(if *value > 0.0 { ".inf" } else { "-.inf" })
            }
            Self::Float(value) => {
                let text = format!("{value:?}");
                match text.split_once('e') {
                    None => f.write_str(&text),
                    Some((mantissa, exponent)) => {
                        let point = if mantissa.contains('.') { "" } else { ".0" };
                        let sign = if exponent.starts_with('-') { "" } else { "+" };
                        write!(f, "{mantissa}{point}e{sign}{exponent}")
                    }
                }
            }
            Self::Str(text) => quoted(text, f),
            Self::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    write!(f, "{}{item}", if index == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

fn quoted(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("\"")?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            '\n' => f.write_str("\\n")?,
            '\t' => f.write_str("\\t")?,
            c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
            c => write!(f, "{c}")?,
        }
    }
    f.write_str("\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untyped_values_follow_yaml_1_1() {
        let check = |text: &str, expected: &str| {
            let value = yaml(text).expect(text);
            assert_eq!(value.to_string(), expected, "{text}");
        };
        check("true", "true");
        check("Off", "false");
        check("y", "\"y\"");
        check("42", "42");
        check("+1_000", "1000");
        check("017", "15");
        check("0x1F", "31");
        check("-0b11", "-3");
        check("08", "\"08\"");
        check("1.5", "1.5");
        check("5.", "5.0");
        check(".5", "0.5");
        check("-.5", "\"-.5\"");
        check("1.0e-3", "0.001");
        check("1.0e+30", "1.0e+30");
        check("1e3", "\"1e3\"");
        check("1.0e3", "\"1.0e3\"");
        check(".inf", ".inf");
        check("-.Inf", "-.inf");
        check("'1'", "\"1\"");
        check("\"a\\tb\"", "\"a\\tb\"");
        check("text # comment", "\"text\"");
        check("/a/b:c", "\"/a/b:c\"");
        check("[1, 2]", "[1, 2]");
        check("- a\n- b", "[\"a\", \"b\"]");
        check("192.168.0.1", "\"192.168.0.1\"");
        check("1.2.3", "\"1.2.3\"");
        check("2001-1-1", "\"2001-1-1\"");
        check("10:70", "\"10:70\"");
    }

    #[test]
    fn what_no_parameter_can_be_is_an_error() {
        for text in [
            "~",
            "null",
            " ",
            "a: b",
            "[[1]]",
            "1:30",
            "2001-01-01",
            "99999999999999999999",
            "&a b",
            "!!str 1",
        ] {
            assert!(
                matches!(yaml(text), Err(YamlError::Type(_))),
                "{text}: {:?}",
                yaml(text)
            );
        }
        for text in ["@a", "[1", "{", "'a", "*a", "!a b"] {
            assert!(
                matches!(yaml(text), Err(YamlError::Syntax(_))),
                "{text}: {:?}",
                yaml(text)
            );
        }
    }

    #[test]
    fn a_type_is_enforced() {
        let check = |text: &str, name: &str, expected: Result<&str, &str>| {
            let read = Value::typed(text, Type::from_name(name).expect(name)).map(|value| value.to_string());
            assert_eq!(read.as_deref().map_err(String::as_str), expected, "{text} {name}");
        };
        check("5", "str", Ok("\"5\""));
        check("5", "float", Ok("5.0"));
        check("1e3", "float", Ok("1000.0"));
        check("1", "bool", Ok("true"));
        check("5", "bool", Err("\"5\" is not a bool"));
        check("5.0", "int", Err("\"5.0\" is not an int"));
        check("", "yaml", Ok("\"\""));
        check("[1, 2]", "list_of_int", Ok("[1, 2]"));
        check("[1.0]", "list_of_float", Ok("[1.0]"));
        check(
            "[1]",
            "list_of_float",
            Err("1 in [1]: all items of a list must have one type"),
        );
        check("1", "list_of_int", Err("1 is not a list"));
        check("[]", "yaml", Err("an empty list has no type"));
        check(
            "[1, 2.0]",
            "yaml",
            Err("2.0 in [1, 2.0]: all items of a list must have one type"),
        );
        assert_eq!(Type::from_name("double"), None);
        assert_eq!(Type::from_name("list_of_yaml"), None);
    }
}
