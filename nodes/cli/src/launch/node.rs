//! `<node>` and `<executable>`: from XML to a process of the plan.
//!
//! The command line is the one that `ros2 launch` gives a node, word for word and in its order: program, `args`,
//! `ros_args`, name, namespace, parameters, remappings. Only the files with inline parameters differ: consecutive ones
//! are written as one file, which means the same.

use std::time::Duration;

use super::description::seconds;
use super::error::{LaunchError, Place, Problem};
use super::names;
use super::parameter::{self, ParameterTemplate, Parameters};
use super::plan::{Argument, Process, Respawn};
use super::scope::Scope;
use super::template::Template;
use super::words::{self, Word};
use super::xml::Element;

/// A process before its substitutions are performed.
#[derive(Clone, Debug)]
pub(super) struct ProcessTemplate {
    place: Place,
    program: Program,
    name: Option<Template>,
    folder: Option<Template>,
    prefix: Option<Template>,
    output: Option<Template>,
    respawn: Option<Template>,
    respawn_delay: Duration,
    respawn_max_retries: Option<u32>,
    ends_all: bool,
    environment: Vec<(Template, Template)>,
}

#[derive(Clone, Debug)]
enum Program {
    Executable(Vec<Word>),
    Node {
        package: Option<Template>,
        executable: Template,
        namespace: Option<Template>,
        process_name: Option<Template>,
        arguments: Vec<Word>,
        ros_arguments: Option<Vec<Word>>,
        parameters: Vec<ParameterTemplate>,
        remappings: Vec<(Template, Template)>,
    },
}

/// Variables with which `ros2 launch --launch-prefix` works.
const PREFIX: &str = "launch-prefix";
const PREFIX_FILTER: &str = "launch-prefix-filter";

const PROCESS_ATTRIBUTES: [&str; 10] = [
    "name",
    "output",
    "respawn",
    "respawn_delay",
    "respawn_max_retries",
    "cwd",
    "launch-prefix",
    "on_exit",
    "if",
    "unless",
];

pub(super) fn parse(element: Element<'_>) -> Result<ProcessTemplate, LaunchError> {
    let program = if element.tag() == "node" {
        node(element)?
    } else {
        executable(element)?
    };
    let on_exit = element.plain("on_exit", "shutdown", |text| (text == "shutdown").then_some(()))?;
    let retries = element.plain("respawn_max_retries", "a whole number", |text| {
        text.trim().parse::<i64>().ok()
    })?;
    let delay = element.plain(
        "respawn_delay",
        "seconds, not negative, without substitutions",
        seconds,
    )?;
    let environment = element.children_named("env").map(|variable| {
        variable.allow(&["name", "value"], &[])?;
        Ok((
            variable.required_template("name")?,
            variable.required_template("value")?,
        ))
    });
    Ok(ProcessTemplate {
        place: element.place(),
        program,
        name: element.template("name")?,
        folder: element.template("cwd")?,
        prefix: element.template("launch-prefix")?,
        output: element.template("output")?,
        respawn: element.template("respawn")?,
        respawn_delay: delay.unwrap_or_default(),
        respawn_max_retries: retries.and_then(|retries| u32::try_from(retries).ok()),
        ends_all: on_exit.is_some(),
        environment: environment.collect::<Result<_, LaunchError>>()?,
    })
}

fn executable(element: Element<'_>) -> Result<Program, LaunchError> {
    element.allow(&[&["cmd"], &PROCESS_ATTRIBUTES[..]].concat(), &["env"])?;
    let words = words(&element.required_template("cmd")?)?;
    Ok(Program::Executable(words))
}

fn node(element: Element<'_>) -> Result<Program, LaunchError> {
    let own = ["pkg", "exec", "namespace", "exec_name", "args", "ros_args"];
    element.allow(
        &[&own, &PROCESS_ATTRIBUTES[..]].concat(),
        &["param", "remap", "env"],
    )?;
    let optional_words = |name| element.template(name)?.as_ref().map(words).transpose();
    let remappings = element.children_named("remap").map(|remap| {
        remap.allow(&["from", "to"], &[])?;
        Ok((remap.required_template("from")?, remap.required_template("to")?))
    });
    Ok(Program::Node {
        package: element.template("pkg")?,
        executable: element.required_template("exec")?,
        namespace: element.template("namespace")?,
        process_name: element.template("exec_name")?,
        arguments: optional_words("args")?.unwrap_or_default(),
        ros_arguments: optional_words("ros_args")?,
        parameters: element
            .children_named("param")
            .map(parameter::parse)
            .collect::<Result<_, _>>()?,
        remappings: remappings.collect::<Result<_, LaunchError>>()?,
    })
}

fn words(template: &Template) -> Result<Vec<Word>, LaunchError> {
    words::of_template(template).map_err(|reason| {
        template.place.error(Problem::Syntax {
            text: template.text.clone(),
            reason,
        })
    })
}

impl ProcessTemplate {
    /// Performs all substitutions.
    pub(super) fn resolve(&self, scope: &mut Scope<'_>) -> Result<Process, LaunchError> {
        if let Some(output) = &self.output {
            let text = scope.text(output)?;
            if !["screen", "log", "both", "own_log", "full"].contains(&text.as_str()) {
                return Err(invalid(
                    output,
                    "output",
                    text,
                    "screen, log, both, own_log or full",
                ));
            }
        }
        let (label, command) = match &self.program {
            Program::Executable(words) => self.executable_command(words, scope)?,
            Program::Node { .. } => self.node_command(scope)?,
        };
        let mut environment = scope.environment();
        for (name, value) in &self.environment {
            environment.insert(scope.text(name)?, Some(scope.text(value)?));
        }
        Ok(Process {
            label,
            place: self.place.clone(),
            command: self.with_prefix(command, scope)?,
            folder: self
                .folder
                .as_ref()
                .map(|folder| scope.text(folder))
                .transpose()?
                .map(Into::into),
            environment,
            respawn: self.respawn(scope)?,
            ends_all: self.ends_all,
        })
    }

    fn respawn(&self, scope: &mut Scope<'_>) -> Result<Option<Respawn>, LaunchError> {
        let Some(template) = &self.respawn else {
            return Ok(None);
        };
        let text = scope.text(template)?;
        let Some(wanted) = super::value::boolean(&text) else {
            return Err(invalid(template, "respawn", text, "true or false"));
        };
        let respawn = Respawn {
            delay: self.respawn_delay,
            max_retries: self.respawn_max_retries,
        };
        Ok(wanted.then_some(respawn))
    }

    fn executable_command(
        &self,
        words: &[Word],
        scope: &mut Scope<'_>,
    ) -> Result<(String, Vec<Argument>), LaunchError> {
        let command = self.perform(words, scope)?;
        let [program, ..] = command.as_slice() else {
            return Err(self
                .place
                .error(Problem::Substitution("the command is empty".to_owned())));
        };
        let label = match &self.name {
            Some(name) => scope.text(name)?,
            None => base_name(program),
        };
        Ok((label, command.into_iter().map(Argument::Text).collect()))
    }

    fn node_command(&self, scope: &mut Scope<'_>) -> Result<(String, Vec<Argument>), LaunchError> {
        let Program::Node {
            package,
            executable,
            namespace,
            process_name,
            arguments,
            ros_arguments,
            parameters,
            remappings,
        } = &self.program
        else {
            return Ok((String::new(), Vec::new()));
        };
        let mut command = vec![program(package.as_ref(), executable, scope)?];
        command.extend(self.perform(arguments, scope)?);
        if let Some(words) = ros_arguments {
            command.push("--ros-args".to_owned());
            command.extend(self.perform(words, scope)?);
        }
        command.push("--ros-args".to_owned());

        let name = self.name.as_ref().map(|name| scope.text(name)).transpose()?;
        if let (Some(name), Some(template)) = (&name, &self.name) {
            names::node(name).map_err(|message| template.place.error(Problem::Name(message)))?;
            command.extend(["-r".to_owned(), format!("__node:={name}")]);
        }
        let own_namespace = namespace
            .as_ref()
            .map(|namespace| scope.text(namespace))
            .transpose()?;
        let place = namespace
            .as_ref()
            .map_or(&self.place, |namespace| &namespace.place);
        let namespace = scope.namespace(own_namespace.as_deref(), place)?;
        if let Some(namespace) = &namespace {
            command.extend(["-r".to_owned(), format!("__ns:={namespace}")]);
        }

        let mut label = match (&name, process_name) {
            (_, Some(process_name)) => scope.text(process_name)?,
            (Some(name), None) => name.clone(),
            (None, None) => String::new(),
        };
        if label.is_empty() {
            label = base_name(&command[0]);
        }
        let full_name = namespace
            .zip(name)
            .map(|(namespace, name)| names::fully_qualified(&namespace, &name));
        let mut command: Vec<_> = command.into_iter().map(Argument::Text).collect();
        for parameters in parameter::resolve(parameters, scope)? {
            command.push(Argument::Text("--params-file".to_owned()));
            command.push(match parameters {
                Parameters::File(path) => Argument::Text(path),
                Parameters::Inline(values) => Argument::Parameters(super::plan::Parameters {
                    node: full_name.clone().unwrap_or_else(|| "/**".to_owned()),
                    values,
                }),
            });
        }
        for (from, to) in remappings {
            let rule = format!("{}:={}", scope.text(from)?, scope.text(to)?);
            command.extend([Argument::Text("-r".to_owned()), Argument::Text(rule)]);
        }
        Ok((label, command))
    }

    fn perform(&self, words: &[Word], scope: &mut Scope<'_>) -> Result<Vec<String>, LaunchError> {
        words.iter().map(|word| scope.parts(word, &self.place)).collect()
    }

    fn with_prefix(
        &self,
        command: Vec<Argument>,
        scope: &mut Scope<'_>,
    ) -> Result<Vec<Argument>, LaunchError> {
        let (prefix, place) = match &self.prefix {
            Some(template) => (scope.text(template)?, &template.place),
            None => {
                if scope.variable(PREFIX_FILTER).is_some() {
                    let message = format!("`{PREFIX_FILTER}` is not supported");
                    return Err(self.place.error(Problem::Substitution(message)));
                }
                (scope.variable(PREFIX).unwrap_or_default(), &self.place)
            }
        };
        let words =
            words::split(&prefix).map_err(|reason| place.error(Problem::Syntax { text: prefix, reason }))?;
        Ok(words.into_iter().map(Argument::Text).chain(command).collect())
    }
}

fn program(
    package: Option<&Template>,
    executable: &Template,
    scope: &mut Scope<'_>,
) -> Result<String, LaunchError> {
    let name = scope.text(executable)?;
    let Some(package) = package else { return Ok(name) };
    let package = scope.text(package)?;
    let path = scope
        .packages()
        .executable(&package, &name)
        .map_err(|problem| executable.place.error(problem))?;
    Ok(path.display().to_string())
}

fn base_name(program: &str) -> String {
    program.rsplit('/').next().unwrap_or(program).to_owned()
}

fn invalid(template: &Template, attribute: &str, value: String, expected: &str) -> LaunchError {
    template.place.error(Problem::Value {
        attribute: attribute.to_owned(),
        value,
        expected: expected.to_owned(),
    })
}
