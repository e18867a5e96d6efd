//! The supported subset of ROS 2's launch XML, as types.
//!
//! Reading XML into a `Description` finds every error that needs no values, in all branches, taken or not.
//! What is supported: the README beside this crate.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::error::{LaunchError, Place, Problem};
use super::node::{self, ProcessTemplate};
use super::template::Template;
use super::xml::{self, Element};

/// A launch file.
#[derive(Clone, Debug)]
pub struct Description {
    pub(super) actions: Vec<Action>,
}

/// One element, with its condition.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) place: Place,
    pub(super) condition: Option<Condition>,
    pub(super) kind: Kind,
}

#[derive(Clone, Debug)]
pub(super) struct Condition {
    pub(super) template: Template,
    /// The value for which the element counts: true for `if`, false for `unless`.
    pub(super) wanted: bool,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Arg(Declaration),
    Let {
        name: Template,
        value: Template,
    },
    SetEnv {
        name: Template,
        value: Template,
    },
    UnsetEnv {
        name: Template,
    },
    Group {
        scoped: bool,
        actions: Vec<Action>,
    },
    PushNamespace(Template),
    Include {
        file: Template,
        arguments: Vec<(Template, Template)>,
    },
    Process(ProcessTemplate),
}

/// `<arg>`: something that the file can be given.
#[derive(Clone, Debug)]
pub struct Declaration {
    /// Where it is declared.
    pub place: Place,
    /// Its name.
    pub name: String,
    /// Its value where none is given.
    pub default: Option<Template>,
    /// What it is for.
    pub description: Option<String>,
    /// The values that it may have; empty where any.
    pub choices: Vec<String>,
}

/// Tags that may stand in `<launch>` and `<group>`.
const ACTIONS: [&str; 10] = [
    "arg",
    "let",
    "set_env",
    "unset_env",
    "group",
    "push_ros_namespace",
    "push-ros-namespace",
    "include",
    "node",
    "executable",
];

impl Description {
    /// Reads a launch file's text; `file` is for messages.
    pub fn parse(file: &Path, text: &str) -> Result<Self, LaunchError> {
        let file: Arc<Path> = file.into();
        let actions = xml::with_root(&file, text, |root| {
            if root.tag() != "launch" {
                return Err(root.place().error(Problem::Root(root.tag().to_owned())));
            }
            root.allow(&[], &ACTIONS)?;
            root.children().map(action).collect()
        })?;
        Ok(Self { actions })
    }

    /// The arguments that the file itself declares, and whether each stands under no condition.
    pub fn declarations(&self) -> Vec<(&Declaration, bool)> {
        let mut found = Vec::new();
        collect_declarations(&self.actions, true, &mut found);
        found
    }
}

fn collect_declarations<'a>(actions: &'a [Action], certain: bool, found: &mut Vec<(&'a Declaration, bool)>) {
    for action in actions {
        let certain = certain && action.condition.is_none();
        match &action.kind {
            Kind::Arg(declaration) => found.push((declaration, certain)),
            Kind::Group { actions, .. } => collect_declarations(actions, certain, found),
            _ => {}
        }
    }
}

fn action(element: Element<'_>) -> Result<Action, LaunchError> {
    let kind = match element.tag() {
        "arg" => {
            element.allow(&["name", "default", "description", "if", "unless"], &["choice"])?;
            Kind::Arg(declaration(element)?)
        }
        "let" => {
            element.allow(&["name", "value", "if", "unless"], &[])?;
            Kind::Let {
                name: element.required_template("name")?,
                value: element.required_template("value")?,
            }
        }
        "set_env" => {
            element.allow(&["name", "value", "if", "unless"], &[])?;
            Kind::SetEnv {
                name: element.required_template("name")?,
                value: element.required_template("value")?,
            }
        }
        "unset_env" => {
            element.allow(&["name", "if", "unless"], &[])?;
            Kind::UnsetEnv {
                name: element.required_template("name")?,
            }
        }
        "push_ros_namespace" | "push-ros-namespace" => {
            element.allow(&["namespace", "if", "unless"], &[])?;
            Kind::PushNamespace(element.required_template("namespace")?)
        }
        "group" => {
            element.allow(&["scoped", "if", "unless"], &ACTIONS)?;
            let scoped = element.plain("scoped", "true or false", super::value::boolean)?;
            let actions = element.children().map(action).collect::<Result<_, _>>()?;
            Kind::Group {
                scoped: scoped.unwrap_or(true),
                actions,
            }
        }
        "include" => {
            element.allow(&["file", "if", "unless"], &["arg"])?;
            let arguments = element.children().map(|argument| {
                argument.allow(&["name", "value"], &[])?;
                Ok((
                    argument.required_template("name")?,
                    argument.required_template("value")?,
                ))
            });
            Kind::Include {
                file: element.required_template("file")?,
                arguments: arguments.collect::<Result<_, LaunchError>>()?,
            }
        }
        _ => Kind::Process(node::parse(element)?),
    };
    Ok(Action {
        place: element.place(),
        condition: condition(element)?,
        kind,
    })
}

fn condition(element: Element<'_>) -> Result<Option<Condition>, LaunchError> {
    match (element.template("if")?, element.template("unless")?) {
        (Some(_), Some(_)) => Err(element.exclusive("`if`", "`unless`")),
        (Some(template), None) => Ok(Some(Condition {
            template,
            wanted: true,
        })),
        (None, Some(template)) => Ok(Some(Condition {
            template,
            wanted: false,
        })),
        (None, None) => Ok(None),
    }
}

fn declaration(element: Element<'_>) -> Result<Declaration, LaunchError> {
    let literal = |name| -> Result<_, LaunchError> {
        let Some(template) = element.template(name)? else {
            return Ok(None);
        };
        match template.literal() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(template.place.error(Problem::Value {
                attribute: name.to_owned(),
                value: template.text,
                expected: "text without substitutions: it must be known before launching".to_owned(),
            })),
        }
    };
    element.required("name")?;
    let choices = element.children().map(|choice| {
        choice.allow(&["value"], &[])?;
        Ok(choice.required("value")?.0.to_owned())
    });
    Ok(Declaration {
        place: element.place(),
        name: literal("name")?.unwrap_or_default(),
        default: element.template("default")?,
        description: literal("description")?,
        choices: choices.collect::<Result<_, LaunchError>>()?,
    })
}

/// A delay as an attribute: seconds, not negative.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.trim().parse().ok()?).ok()
}
