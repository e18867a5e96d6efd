//! Splits a command line into words as a POSIX shell would, without expanding anything.

use super::template::{Part, Template};

/// One word of a command line, substitutions not yet performed.
pub(super) type Word = Vec<Part>;

/// Splits text at white space outside quotes.
///
/// Single quotes keep everything, double quotes everything but `\"` and `\\`; outside quotes a backslash keeps the next
/// character. There are no comments.
pub(super) fn split(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    let unclosed = |quote: char| {
        format!("a {quote} in \"{text}\" is not closed (a substitution cannot stand in quotes)")
    };
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err(unclosed('\'')),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('"') => break,
                        Some('\\') => match chars.next() {
                            Some(c @ ('"' | '\\')) => word.push(c),
                            Some(c) => word.extend(['\\', c]),
                            None => return Err(unclosed('"')),
                        },
                        Some(c) => word.push(c),
                        None => return Err(unclosed('"')),
                    }
                }
            }
            '\\' => match chars.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err(format!("\"{text}\" ends in a backslash")),
            },
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Splits a template into words.
///
/// Only the literal text is split: a substitution's value never is, and an empty one gives an empty word. That is what
/// `ros2 launch` does.
pub(super) fn of_template(template: &Template) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut word: Word = Vec::new();
    for part in &template.parts {
        let Part::Text(text) = part else {
            word.push(part.clone());
            continue;
        };
        let mut pieces = split(text)?.into_iter().map(Part::Text);
        let Some(first) = pieces.next() else {
            words.push(std::mem::take(&mut word));
            continue;
        };
        if text.starts_with(char::is_whitespace) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        word.push(first);
        for piece in pieces {
            words.push(std::mem::replace(&mut word, vec![piece]));
        }
        if text.ends_with(char::is_whitespace) {
            words.push(std::mem::take(&mut word));
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_like_a_shell_does() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(split(text).expect(text), expected, "{text}");
        };
        check("", &[]);
        check("  a\tb ", &["a", "b"]);
        check(
            "a'b c'd '' \"e\\\"f\\n\" g\\ h #i",
            &["ab cd", "", "e\"f\\n", "g h", "#i"],
        );
        assert!(split("a 'b").is_err());
        assert!(split("a \"b\\").is_err());
        assert!(split("a\\").is_err());
    }
}
