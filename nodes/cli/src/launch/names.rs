//! Names of nodes and namespaces: how ROS 2 joins them and which it accepts.

/// Longest node name that the middleware takes, in characters.
const NODE_NAME_MAX: usize = 255;

/// Puts `own` below `pushed` and makes the result absolute; `None` where neither is given.
///
/// An `own` that starts with `/` stands alone. An empty one names the root.
pub(super) fn namespace(pushed: Option<&str>, own: Option<&str>) -> Result<Option<String>, String> {
    let joined = match (pushed, own) {
        (None, None) => return Ok(None),
        (Some(pushed), None) => pushed.to_owned(),
        (pushed, Some(own)) => match pushed {
            Some(pushed) if !pushed.is_empty() && !own.starts_with('/') => {
                format!("{}/{own}", if pushed == "/" { "" } else { pushed })
            }
            _ => own.to_owned(),
        },
    };
    let joined = if joined == "/" {
        joined.as_str()
    } else {
        joined.trim_end_matches('/')
    };
    let absolute = if joined.starts_with('/') {
        joined.to_owned()
    } else {
        format!("/{joined}")
    };
    let valid = absolute == "/" || absolute[1..].split('/').all(is_token);
    if valid {
        Ok(Some(absolute))
    } else {
        Err(format!(
            "namespace \"{absolute}\": each part must be letters, digits and _, not starting with a digit"
        ))
    }
}

/// Accepts a node's name, without its namespace.
pub(super) fn node(name: &str) -> Result<(), String> {
    if !is_token(name) {
        return Err(format!(
            "node name \"{name}\": must be letters, digits and _, not starting with a digit"
        ));
    }
    if name.len() > NODE_NAME_MAX {
        return Err(format!(
            "node name \"{name}\": {} characters, at most {NODE_NAME_MAX} allowed",
            name.len()
        ));
    }
    Ok(())
}

/// Joins an absolute namespace and a name.
pub(super) fn fully_qualified(namespace: &str, name: &str) -> String {
    if namespace == "/" {
        format!("/{name}")
    } else {
        format!("{namespace}/{name}")
    }
}

fn is_token(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_nest_unless_absolute() {
        let check = |pushed, own, expected: Option<&str>| {
            assert_eq!(
                namespace(pushed, own),
                Ok(expected.map(str::to_owned)),
                "{pushed:?} {own:?}"
            );
        };
        check(None, None, None);
        check(None, Some(""), Some("/"));
        check(None, Some("/"), Some("/"));
        check(None, Some("a/"), Some("/a"));
        check(Some("/a"), None, Some("/a"));
        check(Some("/a"), Some("b"), Some("/a/b"));
        check(Some("/a"), Some(""), Some("/a"));
        check(Some("/a"), Some("/b"), Some("/b"));
        check(Some("/"), Some("b"), Some("/b"));
    }

    #[test]
    fn bad_names_are_refused() {
        for bad in ["a//b", "/1a", "a-b", "a b", "~"] {
            assert!(namespace(None, Some(bad)).is_err(), "{bad}");
        }
        for bad in ["", "/a", "1a", "a-b", "a/b"] {
            assert!(node(bad).is_err(), "{bad}");
        }
        assert!(node(&"a".repeat(256)).is_err());
        assert_eq!(node("arm_driver"), Ok(()));
    }
}
