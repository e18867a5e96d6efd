//! Carries a launch file out on paper: visits its elements in order and collects the processes.
//!
//! Order and scoping are those of `ros2 launch`: an element sees what stood before it; `<group>` restores variables and
//! environment at its end, unless `scoped="false"`; an include's arguments stay set after it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::description::{Action, Condition, Declaration, Description, Kind};
use super::error::{LaunchError, Place, Problem};
use super::plan::Plan;
use super::scope::{Folder, Host, NAMESPACE, Scope};
use super::template::Template;

/// Includes within includes; more is a file that includes itself.
const INCLUDE_DEPTH_MAX: usize = 32;

/// Reads a launch file with arguments as `name` and value, and resolves it to a plan.
pub fn resolve(file: &Path, arguments: &[(String, String)], host: &Host) -> Result<Plan, LaunchError> {
    let description = read(file)?;
    let folder = absolute_folder(file)?;
    let mut resolver = Resolver {
        scope: Scope::new(host, folder),
        plan: Plan::default(),
        depth: 0,
    };
    for (name, value) in arguments {
        resolver.scope.set_variable(name.clone(), value.clone());
    }
    let given = arguments.iter().map(|(name, _)| name.clone()).collect();
    resolver.description(&description, &given, None)?;
    if let Some(unknown) = arguments
        .iter()
        .find(|(name, _)| !resolver.scope.known.contains(name))
    {
        let declared: Vec<_> = description
            .declarations()
            .iter()
            .map(|(d, _)| d.name.as_str())
            .collect();
        return Err(LaunchError::UnknownArgument {
            name: unknown.0.clone(),
            file: file.display().to_string(),
            declared: if declared.is_empty() {
                "none".to_owned()
            } else {
                declared.join(", ")
            },
        });
    }
    make_labels_unique(&mut resolver.plan);
    Ok(resolver.plan)
}

/// Reads a launch file without resolving it.
pub fn read(file: &Path) -> Result<Description, LaunchError> {
    let text = std::fs::read_to_string(file).map_err(|error| LaunchError::Read {
        file: file.display().to_string(),
        error,
    })?;
    Description::parse(file, &text)
}

/// Splits `name:=value`; a value may be anything but empty, as for `ros2 launch`.
pub fn argument(text: &str) -> Result<(String, String), LaunchError> {
    match text.split_once(":=") {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err(LaunchError::MalformedArgument(text.to_owned())),
    }
}

struct Resolver<'h> {
    scope: Scope<'h>,
    plan: Plan,
    depth: usize,
}

impl Resolver<'_> {
    /// `given` are the arguments passed to this very file: those without default must be among them.
    fn description(
        &mut self,
        description: &Description,
        given: &BTreeSet<String>,
        include: Option<&Place>,
    ) -> Result<(), LaunchError> {
        for (declaration, certain) in description.declarations() {
            self.scope.known.insert(declaration.name.clone());
            if certain && declaration.default.is_none() && !given.contains(&declaration.name) {
                return Err(include.unwrap_or(&declaration.place).error(required(declaration)));
            }
        }
        self.actions(&description.actions)
    }

    fn actions(&mut self, actions: &[Action]) -> Result<(), LaunchError> {
        actions.iter().try_for_each(|action| self.action(action))
    }

    fn action(&mut self, action: &Action) -> Result<(), LaunchError> {
        if let Some(condition) = &action.condition
            && !self.holds(condition)?
        {
            return Ok(());
        }
        match &action.kind {
            Kind::Arg(declaration) => self.declare(declaration, &action.place)?,
            Kind::Let { name, value } => {
                let (name, value) = (self.scope.text(name)?, self.scope.text(value)?);
                self.scope.set_variable(name, value);
            }
            Kind::SetEnv { name, value } => {
                let (name, value) = (self.environment_name(name)?, self.scope.text(value)?);
                self.scope.set_environment(name, Some(value));
            }
            Kind::UnsetEnv { name } => {
                let name = self.environment_name(name)?;
                self.scope.set_environment(name, None);
            }
            Kind::Group { scoped, actions } => {
                let saved = scoped.then(|| self.scope.save());
                self.actions(actions)?;
                if let Some(saved) = saved {
                    self.scope.restore(saved);
                }
            }
            Kind::PushNamespace(template) => {
                let own = self.scope.text(template)?;
                if let Some(namespace) = self.scope.namespace(Some(&own), &template.place)? {
                    self.scope.set_variable(NAMESPACE.to_owned(), namespace);
                }
            }
            Kind::Include { file, arguments } => self.include(file, arguments, &action.place)?,
            Kind::Process(process) => {
                let process = process.resolve(&mut self.scope)?;
                self.plan.processes.push(process);
            }
        }
        Ok(())
    }

    fn holds(&mut self, condition: &Condition) -> Result<bool, LaunchError> {
        let value = self.scope.text(&condition.template)?;
        let truth = match value.trim().to_lowercase().as_str() {
            "true" | "1" => true,
            "false" | "0" => false,
            _ => {
                return Err(condition.template.place.error(Problem::Value {
                    attribute: if condition.wanted { "if" } else { "unless" }.to_owned(),
                    value,
                    expected: "true, 1, false or 0".to_owned(),
                }));
            }
        };
        Ok(truth == condition.wanted)
    }

    fn declare(&mut self, declaration: &Declaration, place: &Place) -> Result<(), LaunchError> {
        let value = match (self.scope.variable(&declaration.name), &declaration.default) {
            (Some(value), _) => value,
            (None, Some(default)) => {
                let value = self.scope.text(default)?;
                self.scope.set_variable(declaration.name.clone(), value.clone());
                value
            }
            (None, None) => return Err(place.error(required(declaration))),
        };
        if declaration.choices.is_empty() || declaration.choices.contains(&value) {
            return Ok(());
        }
        let choices = declaration.choices.join(", ");
        Err(place.error(Problem::Choice {
            name: declaration.name.clone(),
            value,
            choices,
        }))
    }

    fn environment_name(&mut self, template: &Template) -> Result<String, LaunchError> {
        let name = self.scope.text(template)?;
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(template.place.error(Problem::Value {
                attribute: "name".to_owned(),
                value: name,
                expected: "the name of an environment variable".to_owned(),
            }));
        }
        Ok(name)
    }

    fn include(
        &mut self,
        template: &Template,
        arguments: &[(Template, Template)],
        place: &Place,
    ) -> Result<(), LaunchError> {
        let path = self.scope.text(template)?;
        let refuse = |reason: &str| {
            Err(template.place.error(Problem::File {
                path: path.clone(),
                reason: reason.to_owned(),
            }))
        };
        if !path.ends_with(".xml") && !path.ends_with(".launch") {
            return refuse("only launch files in XML (*.launch.xml) can be included");
        }
        if self.depth == INCLUDE_DEPTH_MAX {
            return refuse("includes are nested too deeply; does the file include itself?");
        }
        let file = PathBuf::from(&path);
        let description = match read(&file) {
            Err(LaunchError::Read { error, .. }) => return refuse(&error.to_string()),
            other => other?,
        };
        let folder = absolute_folder(&file)?;
        let outer = self.scope.folder.clone();
        self.scope.folder = outer.clone().after(folder.clone());
        let mut given = BTreeSet::new();
        for (name, value) in arguments {
            let (name, value) = (self.scope.text(name)?, self.scope.text(value)?);
            given.insert(name.clone());
            self.scope.set_variable(name, value);
        }
        self.scope.folder = Folder::Known(folder.clone());
        self.depth += 1;
        self.description(&description, &given, Some(place))?;
        self.depth -= 1;
        self.scope.folder = outer.after(folder);
        Ok(())
    }
}

fn required(declaration: &Declaration) -> Problem {
    Problem::Required {
        name: declaration.name.clone(),
        description: declaration
            .description
            .clone()
            .unwrap_or_else(|| "no description".to_owned()),
    }
}

fn absolute_folder(file: &Path) -> Result<PathBuf, LaunchError> {
    let absolute = std::path::absolute(file).map_err(|error| LaunchError::Read {
        file: file.display().to_string(),
        error,
    })?;
    Ok(absolute
        .parent()
        .map_or_else(|| absolute.clone(), Path::to_path_buf))
}

/// Numbers the second and later processes of one label.
fn make_labels_unique(plan: &mut Plan) {
    let mut taken = BTreeSet::new();
    for process in &mut plan.processes {
        let mut label = process.label.clone();
        let mut number = 1;
        while !taken.insert(label.clone()) {
            number += 1;
            label = format!("{}-{number}", process.label);
        }
        process.label = label;
    }
}
