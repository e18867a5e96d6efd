//! Parameters of a node: declared once with unit, range and description, validated before anyone sees them.
//!
//! **Invariant:** every value in a [`Params`] has the declared type and lies in the declared range.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// A value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Double(f64),
    /// A text.
    String(String),
    /// Numbers, one for each joint.
    DoubleArray(Vec<f64>),
    /// Texts.
    StringArray(Vec<String>),
}

/// One declared parameter.
#[derive(Clone, Debug)]
pub struct ParamSpec {
    name: &'static str,
    default: Value,
    range: Option<(f64, f64)>,
    description: &'static str,
    live: bool,
}

impl ParamSpec {
    /// A parameter that is read once, when the node is configured. Its type is that of `default`.
    pub fn new(name: &'static str, default: Value, description: &'static str) -> Self {
        Self {
            name,
            default,
            range: None,
            description,
            live: false,
        }
    }

    /// A number between `low` and `high`, both allowed.
    pub fn number(
        name: &'static str,
        default: f64,
        (low, high): (f64, f64),
        description: &'static str,
    ) -> Self {
        Self {
            range: Some((low, high)),
            ..Self::new(name, Value::Double(default), description)
        }
    }

    /// A whole number between `low` and `high`, both allowed.
    pub fn integer(
        name: &'static str,
        default: i64,
        (low, high): (i64, i64),
        description: &'static str,
    ) -> Self {
        Self {
            range: Some((low as f64, high as f64)),
            ..Self::new(name, Value::Integer(default), description)
        }
    }

    /// A switch.
    pub fn switch(name: &'static str, default: bool, description: &'static str) -> Self {
        Self::new(name, Value::Bool(default), description)
    }

    /// A text.
    pub fn text(name: &'static str, default: &str, description: &'static str) -> Self {
        Self::new(name, Value::String(default.to_owned()), description)
    }

    /// The same parameter, but one that may be changed while the node is active.
    #[must_use]
    pub fn live(self) -> Self {
        Self { live: true, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &'static str {
        self.name
    }
    /// Its value unless another is given.
    pub fn default_value(&self) -> &Value {
        &self.default
    }
    /// What it is, with its unit.
    pub fn description(&self) -> &'static str {
        self.description
    }
    /// The range of each of its numbers.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }
    /// Whether it may be changed while the node is active.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// The value as this parameter keeps it: whole numbers are taken where numbers are declared.
    fn accept(&self, value: Value) -> Result<Value, ParamError> {
        let value = match (&self.default, value) {
            (Value::Double(_), Value::Integer(i)) => Value::Double(i as f64),
            (Value::DoubleArray(_), Value::StringArray(empty)) if empty.is_empty() => {
                Value::DoubleArray(Vec::new())
            }
            (_, value) => value,
        };
        if std::mem::discriminant(&self.default) != std::mem::discriminant(&value) {
            return Err(ParamError::Type {
                name: self.name.to_owned(),
                expected: self.default.type_name(),
                got: value,
            });
        }
        if let Some((low, high)) = self.range {
            let outside = |v: &f64| !(low..=high).contains(v);
            let worst = match &value {
                Value::Double(v) if outside(v) => Some(*v),
                Value::Integer(v) if outside(&(*v as f64)) => Some(*v as f64),
                Value::DoubleArray(all) => all.iter().copied().find(outside),
                _ => None,
            };
            if let Some(value) = worst {
                return Err(ParamError::Range {
                    name: self.name.to_owned(),
                    value,
                    low,
                    high,
                });
            }
        }
        Ok(value)
    }
}

/// Why a parameter was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ParamError {
    /// The node has no such parameter.
    #[error("parameter {name}: this node has none of that name; it has {known}")]
    Unknown {
        /// The name given.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The value has another type.
    #[error("parameter {name}: must be a {expected}, but is {got}")]
    Type {
        /// Which parameter.
        name: String,
        /// The declared type.
        expected: &'static str,
        /// The value given.
        got: Value,
    },
    /// A number lies outside its range.
    #[error("parameter {name}: {value} is outside {low} … {high}")]
    Range {
        /// Which parameter.
        name: String,
        /// The value given.
        value: f64,
        /// The lowest allowed.
        low: f64,
        /// The highest allowed.
        high: f64,
    },
    /// The parameter is read when the node is configured.
    #[error(
        "parameter {name}: is read when the node is configured; deactivate and clean up the node to change it"
    )]
    Fixed {
        /// Which parameter.
        name: String,
    },
    /// The node itself refused it.
    #[error("{0}")]
    Refused(String),
}

/// All parameters of a node, with their values.
#[derive(Clone, Debug)]
pub struct Params {
    specs: Vec<ParamSpec>,
    values: BTreeMap<&'static str, Value>,
}

impl Params {
    /// The declared parameters at their defaults.
    ///
    /// # Errors
    /// A declared default that lies outside its own range.
    pub fn new(specs: Vec<ParamSpec>) -> Result<Self, ParamError> {
        let mut values = BTreeMap::new();
        for spec in &specs {
            values.insert(spec.name, spec.accept(spec.default.clone())?);
        }
        Ok(Self { specs, values })
    }

    /// The declarations, in their order.
    pub fn specs(&self) -> &[ParamSpec] {
        &self.specs
    }

    /// One declaration.
    pub fn spec(&self, name: &str) -> Option<&ParamSpec> {
        self.specs.iter().find(|spec| spec.name == name)
    }

    /// One value.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// A copy in which `changes` are made: all of them, or none.
    ///
    /// # Errors
    /// The first change that can't be made. With `active`, only live parameters can change.
    pub fn with(&self, changes: Vec<(String, Value)>, active: bool) -> Result<Self, ParamError> {
        let mut changed = self.clone();
        for (name, value) in changes {
            let spec = self.spec(&name).ok_or_else(|| ParamError::Unknown {
                known: self.specs.iter().map(|s| s.name).collect::<Vec<_>>().join(", "),
                name: name.clone(),
            })?;
            let value = spec.accept(value)?;
            if active && !spec.live && self.values.get(spec.name) != Some(&value) {
                return Err(ParamError::Fixed { name });
            }
            changed.values.insert(spec.name, value);
        }
        Ok(changed)
    }

    /// A number.
    pub fn number(&self, name: &str) -> f64 {
        self.read(name, |v| if let Value::Double(v) = v { Some(*v) } else { None })
    }
    /// A number of seconds as a duration.
    pub fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs_f64(self.number(name).max(0.0))
    }
    /// A whole number.
    pub fn integer(&self, name: &str) -> i64 {
        self.read(name, |v| if let Value::Integer(v) = v { Some(*v) } else { None })
    }
    /// A switch.
    pub fn switch(&self, name: &str) -> bool {
        self.read(name, |v| if let Value::Bool(v) = v { Some(*v) } else { None })
    }
    /// A text.
    pub fn text(&self, name: &str) -> &str {
        match self.value(name) {
            Some(Value::String(text)) => text,
            _ => undeclared(name),
        }
    }
    /// Numbers, one for each joint.
    pub fn numbers(&self, name: &str) -> &[f64] {
        match self.value(name) {
            Some(Value::DoubleArray(all)) => all,
            _ => undeclared(name),
        }
    }
    /// Texts.
    pub fn texts(&self, name: &str) -> &[String] {
        match self.value(name) {
            Some(Value::StringArray(all)) => all,
            _ => undeclared(name),
        }
    }

    fn read<T>(&self, name: &str, get: impl Fn(&Value) -> Option<T>) -> T {
        self.value(name).and_then(get).unwrap_or_else(|| undeclared(name))
    }
}

/// Reading a parameter that the same program did not declare is a mistake in that program, not of its user.
fn undeclared(name: &str) -> ! {
    panic!("parameter {name} is read but not declared with that type")
}

impl Value {
    /// The type's name as ROS users know it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Bool(_) => "boolean",
            Self::Integer(_) => "whole number",
            Self::Double(_) => "number",
            Self::String(_) => "text",
            Self::DoubleArray(_) => "list of numbers",
            Self::StringArray(_) => "list of texts",
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Integer(v) => write!(f, "{v}"),
            Self::Double(v) => write!(f, "{v}"),
            Self::String(v) => write!(f, "{v:?}"),
            Self::DoubleArray(v) => write!(f, "{v:?}"),
            Self::StringArray(v) => write!(f, "{v:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params() -> Params {
        Params::new(vec![
            ParamSpec::number("rate_hz", 500.0, (1.0, 1000.0), "Rate of the loop [Hz]"),
            ParamSpec::number("gain", 1.0, (0.0, 10.0), "Gain [1/s]").live(),
            ParamSpec::text("group", "arm", "Which group"),
        ])
        .unwrap()
    }

    fn refusal(name: &str, value: Value, active: bool) -> String {
        params()
            .with(vec![(name.to_owned(), value)], active)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_refusal_names_parameter_value_and_what_is_allowed() {
        assert_eq!(
            refusal("rate_hz", Value::Double(0.0), false),
            "parameter rate_hz: 0 is outside 1 … 1000"
        );
        assert_eq!(
            refusal("group", Value::Integer(3), false),
            "parameter group: must be a text, but is 3"
        );
        assert!(refusal("ratio", Value::Double(1.0), false).contains("rate_hz, gain, group"));
        assert!(refusal("rate_hz", Value::Double(f64::NAN), false).contains("outside"));
    }

    #[test]
    fn only_live_parameters_change_while_active() {
        assert!(
            refusal("rate_hz", Value::Double(100.0), true).contains("is read when the node is configured")
        );
        let changed = params()
            .with(vec![("gain".into(), Value::Double(2.0))], true)
            .unwrap();
        assert!((changed.number("gain") - 2.0).abs() < 1e-12);
        // Setting what it already is changes nothing.
        assert!(
            params()
                .with(vec![("rate_hz".into(), Value::Double(500.0))], true)
                .is_ok()
        );
    }

    #[test]
    fn a_whole_number_is_taken_where_a_number_is_declared() {
        let changed = params()
            .with(vec![("gain".into(), Value::Integer(3))], false)
            .unwrap();
        assert_eq!(changed.value("gain"), Some(&Value::Double(3.0)));
    }
}
