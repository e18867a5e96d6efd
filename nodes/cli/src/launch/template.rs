//! Text with `$(…)` substitutions: the grammar of ROS 2's launch front ends.
//!
//! Literal text is anything outside `$(`; a backslash makes the next character literal. Inside `$(name …)` arguments are
//! separated by exactly one space; an argument may be quoted as a whole, `'…'` or `"…"`, and may itself contain
//! substitutions. **Invariant:** a `Template` names only substitutions that exist and have the right number of
//! arguments, so evaluating it can fail only for its values.

use super::error::{LaunchError, Place, Problem};

/// An attribute's text, parsed.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// Where the text starts.
    pub place: Place,
    /// The text as it stands in the file.
    pub text: String,
    pub(super) parts: Vec<Part>,
}

/// A piece of a template: text, or a substitution's value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text(String),
    Call(Function, Vec<Vec<Part>>),
}

/// The substitutions of the supported subset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Var,
    Env,
    FindPkgShare,
    FindPkgPrefix,
    FindExec,
    ExecInPkg,
    Dirname,
    Not,
    And,
    Or,
    Equals,
    NotEquals,
    If,
}

/// Name, fewest and most arguments of each substitution.
const FUNCTIONS: [(&str, Function, usize, usize); 13] = [
    ("var", Function::Var, 1, 2),
    ("env", Function::Env, 1, 2),
    ("find-pkg-share", Function::FindPkgShare, 1, 1),
    ("find-pkg-prefix", Function::FindPkgPrefix, 1, 1),
    ("find-exec", Function::FindExec, 1, 1),
    ("exec-in-pkg", Function::ExecInPkg, 2, 2),
    ("dirname", Function::Dirname, 0, 0),
    ("not", Function::Not, 1, 1),
    ("and", Function::And, 2, 2),
    ("or", Function::Or, 2, 2),
    ("equals", Function::Equals, 2, 2),
    ("not-equals", Function::NotEquals, 2, 2),
    ("if", Function::If, 2, 3),
];

impl Template {
    /// Parses an attribute's text.
    pub fn parse(text: &str, place: Place) -> Result<Self, LaunchError> {
        let mut reader = Reader {
            chars: text.chars().collect(),
            at: 0,
        };
        match reader.fragments(None) {
            Ok(mut parts) => {
                if parts.is_empty() {
                    parts.push(Part::Text(String::new()));
                }
                Ok(Self {
                    place,
                    text: text.to_owned(),
                    parts,
                })
            }
            Err(reason) => Err(place.error(Problem::Syntax {
                text: text.to_owned(),
                reason,
            })),
        }
    }

    /// The text, where it contains no substitution.
    pub fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

struct Reader {
    chars: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn at_substitution(&self) -> bool {
        self.peek() == Some('$') && self.chars.get(self.at + 1) == Some(&'(')
    }

    /// Text and substitutions up to the closing `quote`, or to the end where there is none.
    fn fragments(&mut self, quote: Option<char>) -> Result<Vec<Part>, String> {
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            if self.at_substitution() {
                push_text(&mut parts, &mut text);
                parts.push(self.substitution(quote.is_some())?);
                continue;
            }
            match self.peek() {
                None if quote.is_some() => return Err("a quote is not closed".to_owned()),
                None => break,
                c if c == quote => break,
                Some('\\') => self.escaped(&mut text),
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        push_text(&mut parts, &mut text);
        Ok(parts)
    }

    /// A backslash and the character that it makes literal; at the end of the text it stands for itself.
    fn escaped(&mut self, text: &mut String) {
        self.at += 1;
        match self.peek() {
            Some(c) => {
                text.push(c);
                self.at += 1;
            }
            None => text.push('\\'),
        }
    }

    fn substitution(&mut self, quoted: bool) -> Result<Part, String> {
        self.at += 2;
        let name: String = self.chars[self.at..]
            .iter()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        self.at += name.chars().count();
        let mut arguments = Vec::new();
        loop {
            match self.peek() {
                Some(')') => break self.at += 1,
                Some(' ') => {
                    self.at += 1;
                    arguments.push(self.argument(quoted)?);
                }
                Some(c) => return Err(format!("`{c}` after `$({name}`: expected one space or `)`")),
                None => return Err(format!("`$({name}` is not closed")),
            }
        }
        let Some(&(name, function, fewest, most)) = FUNCTIONS.iter().find(|(known, ..)| *known == name)
        else {
            let known: Vec<_> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
            return Err(format!(
                "`$({name} …)` is not supported; supported: {}",
                known.join(", ")
            ));
        };
        if !(fewest..=most).contains(&arguments.len()) {
            let expected = if fewest == most {
                fewest.to_string()
            } else {
                format!("{fewest} or {most}")
            };
            return Err(format!(
                "`$({name} …)` takes {expected} argument(s), not {}",
                arguments.len()
            ));
        }
        Ok(Part::Call(function, arguments))
    }

    fn argument(&mut self, quoted: bool) -> Result<Vec<Part>, String> {
        if let Some(quote @ ('\'' | '"')) = self.peek()
            && !quoted
        {
            self.at += 1;
            let parts = self.fragments(Some(quote))?;
            self.at += 1;
            return Ok(parts);
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        loop {
            if self.at_substitution() {
                push_text(&mut parts, &mut text);
                parts.push(self.substitution(quoted)?);
                continue;
            }
            match self.peek() {
                None | Some(' ' | ')') => break,
                Some('(') => {
                    return Err("a bracket inside an argument must be written `\\(` or quoted".to_owned());
                }
                Some(c @ ('\'' | '"')) => {
                    return Err(format!(
                        "{c} inside an argument: quote the whole argument, or write \\{c}"
                    ));
                }
                Some('\\') if self.chars.get(self.at + 1) == Some(&' ') => {
                    text.push('\\');
                    self.at += 1;
                }
                Some('\\') => self.escaped(&mut text),
                Some(c) => {
                    text.push(c);
                    self.at += 1;
                }
            }
        }
        push_text(&mut parts, &mut text);
        if parts.is_empty() {
            return Err("arguments are separated by exactly one space".to_owned());
        }
        Ok(parts)
    }
}

fn push_text(parts: &mut Vec<Part>, text: &mut String) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn parse(text: &str) -> Result<Vec<Part>, String> {
        let place = Place {
            file: Path::new("x.launch.xml").into(),
            line: 3,
            column: 7,
        };
        match Template::parse(text, place) {
            Ok(template) => Ok(template.parts),
            Err(error) => Err(error.to_string()),
        }
    }

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    #[test]
    fn text_without_substitutions_is_itself() {
        for plain in ["", "a b", "costs 5$", "a$b", "()", "it's"] {
            assert_eq!(parse(plain), Ok(vec![text(plain)]));
        }
    }

    #[test]
    fn a_backslash_makes_the_next_character_literal() {
        assert_eq!(parse(r"a\$(var b)"), Ok(vec![text("a$(var b)")]));
        assert_eq!(parse(r"a\b\\"), Ok(vec![text(r"ab\")]));
        assert_eq!(parse(r"a\"), Ok(vec![text(r"a\")]));
    }

    #[test]
    fn substitutions_nest() {
        let inner = Part::Call(Function::Env, vec![vec![text("ROBOT")], vec![text("ur")]]);
        assert_eq!(
            parse("x_$(var a_$(env ROBOT ur))_y"),
            Ok(vec![
                text("x_"),
                Part::Call(Function::Var, vec![vec![text("a_"), inner]]),
                text("_y")
            ])
        );
    }

    #[test]
    fn a_quoted_argument_keeps_its_spaces_and_substitutions() {
        assert_eq!(
            parse(r#"$(env A 'b "c" $(var d)')"#),
            Ok(vec![Part::Call(
                Function::Env,
                vec![
                    vec![text("A")],
                    vec![text("b \"c\" "), Part::Call(Function::Var, vec![vec![text("d")]])]
                ]
            )])
        );
        assert_eq!(
            parse("$(env A '')"),
            Ok(vec![Part::Call(Function::Env, vec![vec![text("A")], vec![]])])
        );
    }

    #[test]
    fn what_is_not_supported_is_an_error_with_its_place() {
        let check = |source: &str, expected: &str| {
            let message = parse(source).expect_err(source);
            assert!(message.starts_with("x.launch.xml:3:7: "), "{message}");
            assert!(message.contains(expected), "{source}: {message}");
        };
        check(
            "$(eval '1 + 1')",
            "`$(eval …)` is not supported; supported: var, env",
        );
        check("$(var a", "not closed");
        check("$(var  a)", "exactly one space");
        check("$(var)", "takes 1 or 2 argument(s), not 0");
        check("$(dirname x)", "takes 0 argument(s), not 1");
        check("$(env A 'b)", "quote is not closed");
        check("$(env A don't)", "quote the whole argument");
        check("$(env A (b))", "bracket");
        check("$(var\ta)", "expected one space");
    }
}
