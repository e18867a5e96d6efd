//! What substitutions see: launch variables, the environment and the folder of the current file.
//!
//! Arguments, `<let>` and the pushed namespace live in one table of variables, as in ROS 2. `<group>` restores variables
//! and environment at its end; `<include>` does not, so what an included file sets is visible after it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;

use super::error::{LaunchError, Place, Problem};
use super::names;
use super::packages::Packages;
use super::template::{Function, Part, Template};
use super::value;

/// The machine that a launch file is resolved for. Taken once, so that resolving is a function of its inputs.
#[derive(Clone, Debug, Default)]
pub struct Host {
    /// The environment of `servomesh` itself.
    pub environment: BTreeMap<OsString, OsString>,
    /// Where the mesh's executables lie when they are not installed: the folder of `servomesh` itself.
    pub executables: Option<PathBuf>,
}

impl Host {
    /// Describes the machine and process that this code runs in.
    pub fn current() -> Self {
        let executables = std::env::current_exe()
            .ok()
            .and_then(|path| path.parent().map(PathBuf::from));
        Self {
            environment: std::env::vars_os().collect(),
            executables,
        }
    }
}

/// Variable that holds the pushed namespace; ROS 2's name for it.
pub(super) const NAMESPACE: &str = "ros_namespace";

/// Folder of the file being read, for `$(dirname)`.
#[derive(Clone, Debug)]
pub(super) enum Folder {
    Known(PathBuf),
    /// Some releases of ROS 2 give the own folder here, others that of the file included last.
    Ambiguous {
        own: PathBuf,
        included: PathBuf,
    },
}

impl Folder {
    pub(super) fn own(&self) -> &PathBuf {
        match self {
            Self::Known(own) | Self::Ambiguous { own, .. } => own,
        }
    }

    /// After an include of a file in `included`.
    pub(super) fn after(self, included: PathBuf) -> Self {
        let own = self.own().clone();
        if own == included {
            self
        } else {
            Self::Ambiguous { own, included }
        }
    }
}

#[derive(Debug)]
pub(super) struct Scope<'h> {
    host: &'h Host,
    variables: BTreeMap<String, String>,
    /// Changes against the host's environment; `None` is removed.
    environment: BTreeMap<String, Option<String>>,
    pub(super) folder: Folder,
    /// Variables that some `<arg>` declares or some substitution has asked for.
    pub(super) known: BTreeSet<String>,
}

/// What a `<group>` restores.
pub(super) struct Saved {
    variables: BTreeMap<String, String>,
    environment: BTreeMap<String, Option<String>>,
}

impl<'h> Scope<'h> {
    pub(super) fn new(host: &'h Host, folder: PathBuf) -> Self {
        Self {
            host,
            variables: BTreeMap::new(),
            environment: BTreeMap::new(),
            folder: Folder::Known(folder),
            known: BTreeSet::new(),
        }
    }

    pub(super) fn save(&self) -> Saved {
        Saved {
            variables: self.variables.clone(),
            environment: self.environment.clone(),
        }
    }

    pub(super) fn restore(&mut self, saved: Saved) {
        self.variables = saved.variables;
        self.environment = saved.environment;
    }

    pub(super) fn variable(&mut self, name: &str) -> Option<String> {
        self.known.insert(name.to_owned());
        self.variables.get(name).cloned()
    }

    pub(super) fn set_variable(&mut self, name: String, value: String) {
        self.variables.insert(name, value);
    }

    /// Sets an environment variable for what follows, or removes it.
    pub(super) fn set_environment(&mut self, name: String, value: Option<String>) {
        self.environment.insert(name, value);
    }

    pub(super) fn environment(&self) -> BTreeMap<String, Option<String>> {
        self.environment.clone()
    }

    fn environment_variable(&self, name: &str) -> Option<String> {
        match self.environment.get(name) {
            Some(changed) => changed.clone(),
            None => self
                .host
                .environment
                .get(&OsString::from(name))
                .map(|v| v.to_string_lossy().into_owned()),
        }
    }

    /// The packages as this scope's environment shows them.
    pub(super) fn packages(&self) -> Packages {
        Packages {
            prefixes: split_paths(self.environment_variable("AMENT_PREFIX_PATH").as_deref()),
            path: split_paths(self.environment_variable("PATH").as_deref()),
            folder: self.folder.own().clone(),
            executables: self.host.executables.clone(),
        }
    }

    /// Performs the substitutions of a template.
    pub(super) fn text(&mut self, template: &Template) -> Result<String, LaunchError> {
        self.parts(&template.parts, &template.place)
    }

    pub(super) fn parts(&mut self, parts: &[Part], place: &Place) -> Result<String, LaunchError> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(literal) => text.push_str(literal),
                Part::Call(function, arguments) => text.push_str(&self.call(*function, arguments, place)?),
            }
        }
        Ok(text)
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Vec<Part>],
        place: &Place,
    ) -> Result<String, LaunchError> {
        let fail = |message: String| Err(place.error(Problem::Substitution(message)));
        let at = |problem| place.error(problem);
        let first = match arguments.first() {
            Some(parts) => self.parts(parts, place)?,
            None => String::new(),
        };
        let value = match function {
            Function::Var => match (self.variable(&first), arguments.get(1)) {
                (Some(value), _) => value,
                (None, Some(default)) => self.parts(default, place)?,
                (None, None) => {
                    let defined: Vec<_> = self.variables.keys().map(String::as_str).collect();
                    return fail(format!(
                        "variable `{first}` is not set here; set are: {}",
                        defined.join(", ")
                    ));
                }
            },
            Function::Env => match (self.environment_variable(&first), arguments.get(1)) {
                (Some(value), _) => value,
                (None, Some(default)) => self.parts(default, place)?,
                (None, None) => {
                    return fail(format!(
                        "environment variable `{first}` is not set and has no default"
                    ));
                }
            },
            Function::FindPkgShare => display(&self.packages().share(&first).map_err(at)?),
            Function::FindPkgPrefix => display(&self.packages().prefix(&first).map_err(at)?),
            Function::FindExec => display(&self.packages().on_path(&first).map_err(at)?),
            Function::ExecInPkg => {
                let package = self.parts(&arguments[1], place)?;
                display(&self.packages().executable(&package, &first).map_err(at)?)
            }
            Function::Dirname => match &self.folder {
                Folder::Known(folder) => display(folder),
                Folder::Ambiguous { own, included } => {
                    return fail(format!(
                        "`$(dirname)` after an <include> is {} in some releases of ROS 2 and {} in others: set a \
                         variable with <let> before the include",
                        own.display(),
                        included.display()
                    ));
                }
            },
            Function::Not => (!truth(&first, place)?).to_string(),
            Function::And | Function::Or => {
                let (left, right) = (
                    truth(&first, place)?,
                    truth(&self.parts(&arguments[1], place)?, place)?,
                );
                (if function == Function::And {
                    left && right
                } else {
                    left || right
                })
                .to_string()
            }
            Function::Equals | Function::NotEquals => {
                if arguments.iter().any(Vec::is_empty) {
                    return fail(
                        "comparing with '' gives different answers in different releases of ROS 2".to_owned(),
                    );
                }
                let equal = equal(&first, &self.parts(&arguments[1], place)?);
                (equal == (function == Function::Equals)).to_string()
            }
            Function::If => {
                let chosen = if truth(&first, place)? {
                    arguments.get(1)
                } else {
                    arguments.get(2)
                };
                chosen.map_or(Ok(String::new()), |parts| self.parts(parts, place))?
            }
        };
        Ok(value)
    }

    /// The namespace that a node or a `<push_ros_namespace>` gets from `own`, below the one pushed so far.
    pub(super) fn namespace(
        &mut self,
        own: Option<&str>,
        place: &Place,
    ) -> Result<Option<String>, LaunchError> {
        let pushed = self.variable(NAMESPACE);
        names::namespace(pushed.as_deref(), own).map_err(|message| place.error(Problem::Name(message)))
    }
}

/// A logical operand: YAML's booleans, `0` and `1`.
fn truth(text: &str, place: &Place) -> Result<bool, LaunchError> {
    value::boolean(text).ok_or_else(|| {
        place.error(Problem::Substitution(format!(
            "\"{text}\" is neither true nor false"
        )))
    })
}

/// Equality as `$(equals …)` has it: of booleans, else of numbers within one part in 10⁹, else of the text.
fn equal(left: &str, right: &str) -> bool {
    let boolean = |text: &str| match text.to_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    };
    if let (Some(left), Some(right)) = (boolean(left), boolean(right)) {
        return left == right;
    }
    if let (Ok(left), Ok(right)) = (left.trim().parse::<f64>(), right.trim().parse::<f64>()) {
        let scale = f64::max(left.abs(), right.abs());
        // Infinities are equal only to themselves; not-a-number to nothing.
        return left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)
            || (scale.is_finite() && (left - right).abs() <= 1e-9 * scale);
    }
    left == right
}

fn split_paths(list: Option<&str>) -> Vec<PathBuf> {
    list.iter()
        .flat_map(std::env::split_paths)
        .filter(|path| !path.as_os_str().is_empty())
        .collect()
}

fn display(path: &std::path::Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluate(source: &str) -> Result<String, String> {
        let host = Host {
            environment: [("HOME".into(), "/home/me".into()), ("EMPTY".into(), "".into())].into(),
            executables: None,
        };
        let mut scope = Scope::new(&host, "/launch".into());
        scope.set_variable("robot".into(), "ur5e".into());
        scope.set_variable("empty".into(), String::new());
        let place = Place {
            file: std::path::Path::new("x").into(),
            line: 1,
            column: 1,
        };
        let template = Template::parse(source, place).map_err(|error| error.to_string())?;
        scope.text(&template).map_err(|error| error.to_string())
    }

    #[test]
    fn substitutions_take_their_values_from_the_scope() {
        let check =
            |source: &str, expected: &str| assert_eq!(evaluate(source).as_deref(), Ok(expected), "{source}");
        check("a $(var robot).urdf", "a ur5e.urdf");
        check("$(var none 'a b')", "a b");
        check("$(var robot $(var none))", "ur5e");
        check("$(env HOME)$(env EMPTY x)$(env NONE y)", "/home/mey");
        check("$(dirname)/x", "/launch/x");
        check("$(not true) $(and 1 yes) $(or false off)", "false true false");
        check(
            "$(equals 1 true) $(equals 1.0 1) $(equals a b) $(not-equals a b)",
            "true true false true",
        );
        check(
            "$(equals nan nan) $(equals inf inf) $(equals inf 1)",
            "false true false",
        );
        check("$(if true a b)$(if 0 a b)$(if no a)", "ab");
    }

    #[test]
    fn what_has_no_value_is_an_error() {
        let check = |source: &str, expected: &str| {
            let message = evaluate(source).expect_err(source);
            assert!(message.contains(expected), "{source}: {message}");
        };
        check("$(var nobody)", "`nobody` is not set here; set are: empty, robot");
        check("$(env NONE)", "`NONE` is not set");
        check("$(not maybe)", "neither true nor false");
        check("$(not $(var empty))", "neither true nor false");
        check("$(equals $(var empty) '')", "different releases");
        check("$(find-exec no-such-program)", "not found; tried:");
        check("$(find-pkg-share no_such_package)", "AMENT_PREFIX_PATH is empty");
    }
}
