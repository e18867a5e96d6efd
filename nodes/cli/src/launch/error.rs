//! What can be wrong with a launch file, and where.
//!
//! **Invariant:** an error about the content of a file says file, line and column; one about something that is not
//! supported lists what is.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A position in a launch file; line and column count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it was named: on the command line, or by `<include>`.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl Place {
    /// Makes an error about this place.
    pub(super) fn error(&self, problem: Problem) -> LaunchError {
        LaunchError::At {
            place: self.clone(),
            problem,
        }
    }
}

/// Why a launch file could not be turned into a list of processes.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The file itself could not be read.
    #[error("{file}: cannot be read: {error}")]
    Read {
        /// Path of the file.
        file: String,
        /// The system's reason.
        error: std::io::Error,
    },
    /// The file's content is at fault.
    #[error("{place}: {problem}")]
    At {
        /// Where.
        place: Place,
        /// What.
        problem: Problem,
    },
    /// An argument on the command line is not of the form `name:=value`.
    #[error("argument `{0}`: expected `name:=value`")]
    MalformedArgument(String),
    /// An argument on the command line that no file declares and no substitution reads.
    #[error("argument `{name}` is not known to {file}; it declares: {declared}")]
    UnknownArgument {
        /// Name given.
        name: String,
        /// The launch file.
        file: String,
        /// Names that would have been accepted.
        declared: String,
    },
}

/// What is wrong at one place of a launch file.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// Not well-formed XML.
    #[error("not well-formed XML: {0}")]
    Xml(String),
    /// The root is something other than `<launch>`.
    #[error("the root element is <{0}>; a launch file starts with <launch>")]
    Root(String),
    /// A tag outside the supported subset.
    #[error("<{element}> is not supported inside <{parent}>; supported there: {supported}")]
    Element {
        /// The tag.
        element: String,
        /// The tag around it.
        parent: String,
        /// The tags that may stand there.
        supported: String,
    },
    /// An attribute outside the supported subset.
    #[error("attribute `{attribute}` of <{element}> is not supported; supported: {supported}")]
    Attribute {
        /// The tag.
        element: String,
        /// The attribute.
        attribute: String,
        /// The attributes that it may have.
        supported: String,
    },
    /// A required attribute is absent.
    #[error("<{element}> needs the attribute `{attribute}`")]
    Missing {
        /// The tag.
        element: String,
        /// The attribute.
        attribute: &'static str,
    },
    /// Two things that exclude each other.
    #[error("<{element}> cannot have both {first} and {second}")]
    Exclusive {
        /// The tag.
        element: String,
        /// One of the two.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// An attribute's value is of the wrong kind.
    #[error("attribute `{attribute}` is \"{value}\"; expected {expected}")]
    Value {
        /// The attribute.
        attribute: String,
        /// Its value, substitutions performed.
        value: String,
        /// What would have been accepted.
        expected: String,
    },
    /// Text between tags, which ROS 2 ignores silently.
    #[error("text between tags has no meaning in a launch file: \"{0}\"; use <!-- a comment -->")]
    Text(String),
    /// A substitution that cannot be parsed.
    #[error("in \"{text}\": {reason}")]
    Syntax {
        /// The attribute's value.
        text: String,
        /// What was expected.
        reason: String,
    },
    /// A substitution that parses, but has no value here.
    #[error("{0}")]
    Substitution(String),
    /// A required launch argument was not given.
    #[error("argument `{name}` ({description}) has no default and was not given: pass `{name}:=…`")]
    Required {
        /// Its name.
        name: String,
        /// Its description.
        description: String,
    },
    /// A value outside an argument's `<choice>` list.
    #[error("argument `{name}` is \"{value}\"; choices: {choices}")]
    Choice {
        /// Its name.
        name: String,
        /// The value given.
        value: String,
        /// What may be given.
        choices: String,
    },
    /// A node name or a namespace that ROS 2 refuses.
    #[error("{0}")]
    Name(String),
    /// A parameter's value has no ROS type.
    #[error("parameter `{name}`: {reason}")]
    Parameter {
        /// Full name, parts joined by dots.
        name: String,
        /// Why.
        reason: String,
    },
    /// A file that another one names cannot be used.
    #[error("{path}: {reason}")]
    File {
        /// The path, substitutions performed.
        path: String,
        /// Why.
        reason: String,
    },
    /// A package or one of its executables is nowhere to be found.
    #[error("{what} not found; tried:{}", tried.iter().map(|place| format!("\n  {place}")).collect::<String>())]
    NotFound {
        /// Package or executable.
        what: String,
        /// Every place that was looked at, in order.
        tried: Vec<String>,
    },
}
