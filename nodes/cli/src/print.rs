//! A plan as text for people and as JSON for programs; the arguments of a launch file as text.

use std::fmt::Write as _;

use serde_json::json;

use crate::launch::{Argument, Description, Plan, Process};

/// Shows every process of a plan: command, parameters, environment, what happens when it ends.
pub fn plan(plan: &Plan) -> String {
    plan.processes.iter().map(process).collect::<Vec<_>>().join("\n")
}

fn process(process: &Process) -> String {
    let mut text = format!("{}  ({})\n", process.label, process.place);
    let words: Vec<_> = process
        .command
        .iter()
        .map(|argument| match argument {
            Argument::Text(word) => shell_quoted(word),
            Argument::Parameters(parameters) => format!("<parameters of {}>", parameters.node),
        })
        .collect();
    line(&mut text, "command", &words.join(" "));
    for argument in &process.command {
        if let Argument::Parameters(parameters) = argument {
            for (name, value) in &parameters.values {
                line(&mut text, "parameter", &format!("{name}: {value}"));
            }
        }
    }
    for (name, value) in &process.environment {
        match value {
            Some(value) => line(
                &mut text,
                "environment",
                &format!("{name}={}", shell_quoted(value)),
            ),
            None => line(&mut text, "environment", &format!("{name} removed")),
        }
    }
    if let Some(folder) = &process.folder {
        line(&mut text, "folder", &folder.display().to_string());
    }
    let end = match (&process.respawn, process.ends_all) {
        (_, true) => "ends all others".to_owned(),
        (Some(respawn), false) => format!(
            "restarted after {} s, then with growing delay",
            respawn.delay.as_secs_f64()
        ),
        (None, false) => "not restarted; a failure ends all others".to_owned(),
    };
    line(&mut text, "when it ends", &end);
    text
}

fn line(text: &mut String, title: &str, content: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {title:<13} {content}");
}

/// Shows a plan as one JSON document: a list of processes.
pub fn plan_json(plan: &Plan) -> String {
    let processes: Vec<_> = plan.processes.iter().map(process_json).collect();
    format!("{:#}", json!(processes))
}

fn process_json(process: &Process) -> serde_json::Value {
    let command: Vec<_> = process
        .command
        .iter()
        .map(|argument| match argument {
            Argument::Text(word) => json!(word),
            Argument::Parameters(parameters) => json!({ "parameters": parameters.to_string() }),
        })
        .collect();
    json!({
        "label": process.label,
        "place": process.place.to_string(),
        "command": command,
        "environment": process.environment,
        "folder": process.folder,
        "respawn_delay_s": process.respawn.map(|respawn| respawn.delay.as_secs_f64()),
        "respawn_max_retries": process.respawn.and_then(|respawn| respawn.max_retries),
        "ends_all": process.ends_all,
    })
}

/// Lists the arguments that a launch file declares.
pub fn arguments(description: &Description) -> String {
    let mut text = "Arguments (pass as '<name>:=<value>'):\n".to_owned();
    let declarations = description.declarations();
    for (declaration, certain) in &declarations {
        let star = if *certain { "" } else { "*" };
        let description = declaration
            .description
            .as_deref()
            .unwrap_or("no description given");
        let _ = write!(
            text,
            "\n    '{}':{star}\n        {description}\n",
            declaration.name
        );
        if !declaration.choices.is_empty() {
            let _ = writeln!(text, "        (one of: {})", declaration.choices.join(", "));
        }
        match &declaration.default {
            Some(default) => {
                let _ = writeln!(text, "        (default: '{}')", default.text);
            }
            None => text.push_str("        (required)\n"),
        }
    }
    if declarations.is_empty() {
        text.push_str("\n    none\n");
    }
    if declarations.iter().any(|(_, certain)| !certain) {
        text.push_str("\n* counts only under a condition\n");
    }
    text
}

/// A word as a shell would take it.
fn shell_quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=,+@%~".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(shell_quoted("--ros-args"), "--ros-args");
        assert_eq!(shell_quoted(""), "''");
        assert_eq!(shell_quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}
