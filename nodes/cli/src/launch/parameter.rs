//! `<param>`: typed values, nested values and parameter files.
//!
//! Later parameters win over earlier ones, whether they come from a file or stand inline.

use std::collections::BTreeMap;

use super::error::{LaunchError, Place, Problem};
use super::scope::Scope;
use super::template::Template;
use super::value::{self, Type, Value, YamlError};
use super::xml::Element;

/// `<param>` before its substitutions are performed.
#[derive(Clone, Debug)]
pub(super) enum ParameterTemplate {
    File(Template),
    Named(Named),
}

#[derive(Clone, Debug)]
pub(super) struct Named {
    place: Place,
    name: Template,
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    /// Items of a list, or one value.
    Value(Type, ValueTemplate),
    Nested(Vec<Named>),
}

/// A value as far as it is known without substitutions.
#[derive(Clone, Debug)]
enum ValueTemplate {
    Known(Value),
    Text(Template),
    List(Vec<ValueTemplate>),
}

/// What a node is given, in order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parameters {
    File(String),
    Inline(BTreeMap<String, Value>),
}

pub(super) fn parse(element: Element<'_>) -> Result<ParameterTemplate, LaunchError> {
    match (element.template("from")?, element.attribute("name")) {
        (Some(_), Some(_)) => Err(element.exclusive("`from`", "`name`")),
        (Some(file), None) => {
            element.allow(&["from"], &[])?;
            Ok(ParameterTemplate::File(file))
        }
        (None, _) => named(element).map(ParameterTemplate::Named),
    }
}

fn named(element: Element<'_>) -> Result<Named, LaunchError> {
    element.allow(&["name", "value", "type"], &["param"])?;
    let name = element.required_template("name")?;
    let mut nested = element
        .children()
        .map(named)
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .peekable();
    let r#type = element.plain("type", Type::NAMES, Type::from_name)?;
    let content = match (element.attribute("value"), nested.peek().is_some()) {
        (Some(_), true) => return Err(element.exclusive("`value`", "nested <param>")),
        (None, true) if r#type.is_some() => return Err(element.exclusive("`type`", "nested <param>")),
        (None, true) => Content::Nested(nested.collect()),
        (None, false) => {
            element.required("value")?;
            Content::Nested(Vec::new())
        }
        (Some((text, place)), false) => {
            let r#type = r#type.unwrap_or(Type::Yaml);
            let value = value_template(text, r#type, &place).map_err(|reason| match reason {
                Unreadable::Template(error) => error,
                Unreadable::Value(reason) => parameter_error(&place, name.text.clone(), reason),
            })?;
            Content::Value(r#type, value)
        }
    };
    Ok(Named {
        place: element.place(),
        name,
        content,
    })
}

enum Unreadable {
    Template(LaunchError),
    Value(String),
}

/// Reads a value in the order in which ROS 2 does: YAML first, substitutions in what that leaves as text.
///
/// So `'$(var x)'` loses its quotes before `x` is looked up, and the value of `x` is typed by YAML's rules again; to keep
/// text as text, use `type="str"`.
fn value_template(text: &str, r#type: Type, place: &Place) -> Result<ValueTemplate, Unreadable> {
    let template = |text: &str| Template::parse(text, place.clone()).map_err(Unreadable::Template);
    let scalar = |text: &str, r#type: Type| -> Result<ValueTemplate, Unreadable> {
        let template = template(text)?;
        match (template.literal(), r#type) {
            // Text that stands in the file has been through YAML already.
            (Some(text), Type::Yaml) => Ok(ValueTemplate::Known(Value::Str(text.to_owned()))),
            (Some(text), _) => Value::typed(text, r#type)
                .map(ValueTemplate::Known)
                .map_err(Unreadable::Value),
            (None, _) => Ok(ValueTemplate::Text(template)),
        }
    };
    if let Type::Scalar(_) = r#type {
        return scalar(text, r#type);
    }
    if text.is_empty() {
        return scalar("", r#type);
    }
    let parsed = match value::yaml(text) {
        Ok(parsed) => parsed,
        Err(YamlError::Syntax(_)) if r#type == Type::Yaml => Value::Str(text.to_owned()),
        Err(error) => return Err(Unreadable::Value(error.to_string())),
    };
    match parsed {
        Value::Str(text) if r#type == Type::Yaml => scalar(&text, Type::Yaml),
        Value::List(items) => {
            let items = items.into_iter().map(|item| match item {
                Value::Str(text) => scalar(&text, Type::Yaml),
                known => Ok(ValueTemplate::Known(known)),
            });
            let items = items.collect::<Result<Vec<_>, _>>()?;
            let known: Option<Vec<_>> = items.iter().map(ValueTemplate::known).collect();
            match known {
                Some(known) => Value::List(known)
                    .check(r#type)
                    .map(ValueTemplate::Known)
                    .map_err(Unreadable::Value),
                None => Ok(ValueTemplate::List(items)),
            }
        }
        known => known
            .check(r#type)
            .map(ValueTemplate::Known)
            .map_err(Unreadable::Value),
    }
}

impl ValueTemplate {
    fn known(&self) -> Option<Value> {
        match self {
            Self::Known(value) => Some(value.clone()),
            _ => None,
        }
    }

    fn resolve(&self, r#type: Type, scope: &mut Scope<'_>) -> Result<Result<Value, String>, LaunchError> {
        match self {
            Self::Known(value) => Ok(Ok(value.clone())),
            Self::Text(template) => Ok(Value::typed(&scope.text(template)?, r#type)),
            Self::List(items) => {
                let item_type = match r#type {
                    Type::ListOf(scalar) => Type::Scalar(scalar),
                    other => other,
                };
                let mut values = Vec::new();
                for item in items {
                    match item.resolve(item_type, scope)? {
                        Ok(value) => values.push(value),
                        Err(reason) => return Ok(Err(reason)),
                    }
                }
                Ok(Value::List(values).check(r#type))
            }
        }
    }
}

/// Performs all substitutions and joins neighbouring inline parameters.
pub(super) fn resolve(
    templates: &[ParameterTemplate],
    scope: &mut Scope<'_>,
) -> Result<Vec<Parameters>, LaunchError> {
    let mut resolved = Vec::new();
    for template in templates {
        match template {
            ParameterTemplate::File(file) => {
                let path = scope.text(file)?;
                if let Err(error) = std::fs::File::open(&path) {
                    return Err(file.place.error(Problem::File {
                        path,
                        reason: error.to_string(),
                    }));
                }
                resolved.push(Parameters::File(path));
            }
            ParameterTemplate::Named(named) => {
                if !matches!(resolved.last(), Some(Parameters::Inline(_))) {
                    resolved.push(Parameters::Inline(BTreeMap::new()));
                }
                if let Some(Parameters::Inline(values)) = resolved.last_mut() {
                    named.insert("", values, scope)?;
                }
            }
        }
    }
    Ok(resolved)
}

impl Named {
    fn insert(
        &self,
        prefix: &str,
        values: &mut BTreeMap<String, Value>,
        scope: &mut Scope<'_>,
    ) -> Result<(), LaunchError> {
        let name = format!("{prefix}{}", scope.text(&self.name)?);
        match &self.content {
            Content::Value(r#type, value) => {
                let value = value
                    .resolve(*r#type, scope)?
                    .map_err(|reason| parameter_error(&self.place, name.clone(), reason))?;
                values.insert(name, value);
            }
            Content::Nested(nested) => {
                for child in nested {
                    child.insert(&format!("{name}."), values, scope)?;
                }
            }
        }
        Ok(())
    }
}

fn parameter_error(place: &Place, name: String, reason: String) -> LaunchError {
    place.error(Problem::Parameter { name, reason })
}
