//! YAML with places: which values stand where in a file.
//!
//! Lines and columns count from 1, columns in characters. **Invariant:** whatever the text, reading it takes time and memory
//! in proportion to its length, no deeper than [`MAX_DEPTH`] and no list longer than [`MAX_ENTRIES`]; anchors, aliases and tags, with which a short text could mean a
//! long one, are refused.

use super::language::{MAX_BYTES, MAX_DEPTH, MAX_ENTRIES};
use super::wrong::{Spot, Wrong};
use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) spot: Spot,
    pub(super) content: Content,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// Text as it stands there; plain text may stand for a number or a truth.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    /// Names are unique.
    Map(Vec<(Key, Node)>),
}

/// A name in a map, and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) spot: Spot,
    pub(super) text: String,
}

/// Reads the one document of a text.
pub(super) fn load(text: &str) -> Result<Node, Wrong> {
    if text.len() > MAX_BYTES {
        let reason = format!("{} bytes long, but at most {MAX_BYTES} are read", text.len());
        return Err(Wrong::at(Spot::START, reason));
    }
    let mut tree = Tree::default();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let reason = format!("not valid YAML: {}", error.info());
            Wrong::at(spot(Span::empty(*error.marker())), reason)
        })?;
        tree.take(event, spot(span))?;
    }
    tree.root
        .ok_or_else(|| Wrong::at(Spot::START, "there is nothing in it"))
}

/// What was read so far.
#[derive(Default)]
struct Tree {
    /// The lists and maps that are not closed yet.
    open: Vec<Open>,
    root: Option<Node>,
    documents: usize,
}

enum Open {
    List(Spot, Vec<Node>),
    Map(Spot, Vec<(Key, Node)>, Option<Key>),
}

impl Tree {
    fn take(&mut self, event: Event<'_>, spot: Spot) -> Result<(), Wrong> {
        match event {
            Event::Scalar(_, _, anchor, tag) if anchor != 0 || tag.is_some() => Err(foreign(spot)),
            Event::SequenceStart(anchor, tag) | Event::MappingStart(anchor, tag)
                if anchor != 0 || tag.is_some() =>
            {
                Err(foreign(spot))
            }
            Event::Alias(_) => Err(foreign(spot)),
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                let text = text.into_owned();
                self.put(Node {
                    spot,
                    content: Content::Scalar { text, plain },
                })
            }
            Event::SequenceStart(..) => self.enter(Open::List(spot, Vec::new())),
            Event::MappingStart(..) => self.enter(Open::Map(spot, Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(spot, items)) => self.put(Node {
                    spot,
                    content: Content::List(items),
                }),
                Some(Open::Map(spot, entries, _)) => self.put(Node {
                    spot,
                    content: Content::Map(entries),
                }),
                None => Err(Wrong::at(spot, "not valid YAML: an end without a beginning")),
            },
            Event::DocumentStart(_) => {
                self.documents += 1;
                match self.documents {
                    1 => Ok(()),
                    _ => Err(Wrong::at(
                        spot,
                        "a second document begins here, but a file has one",
                    )),
                }
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn enter(&mut self, open: Open) -> Result<(), Wrong> {
        let (Open::List(spot, _) | Open::Map(spot, ..)) = &open;
        if self.open.len() == MAX_DEPTH {
            return Err(Wrong::at(*spot, format!("nested deeper than {MAX_DEPTH} levels")));
        }
        if let Some(Open::Map(_, _, None)) = self.open.last() {
            return Err(Wrong::at(*spot, "a name must be text"));
        }
        self.open.push(open);
        Ok(())
    }

    fn put(&mut self, node: Node) -> Result<(), Wrong> {
        let entries = match self.open.last() {
            None => 0,
            Some(Open::List(_, items)) => items.len(),
            Some(Open::Map(_, entries, _)) => entries.len(),
        };
        if entries == MAX_ENTRIES {
            let reason = format!("there are more than {MAX_ENTRIES} entries here");
            return Err(Wrong::at(node.spot, reason));
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List(_, items)) => items.push(node),
            Some(Open::Map(_, entries, key)) => match (key.take(), node.content) {
                (Some(name), content) => entries.push((
                    name,
                    Node {
                        spot: node.spot,
                        content,
                    },
                )),
                (None, Content::Scalar { text, .. }) => {
                    if let Some((first, _)) = entries.iter().find(|(known, _)| known.text == text) {
                        let reason = format!("stands here a second time; first in line {}", first.spot.line);
                        return Err(Wrong::at(node.spot, reason).inside(&text));
                    }
                    let spot = node.spot;
                    *key = Some(Key { spot, text });
                }
                (None, _) => return Err(Wrong::at(node.spot, "a name must be text")),
            },
        }
        Ok(())
    }
}

fn spot(span: Span) -> Spot {
    Spot {
        line: span.start.line().max(1),
        column: span.start.col() + 1,
    }
}

fn foreign(spot: Spot) -> Wrong {
    Wrong::at(
        spot,
        "anchors, aliases and tags have no meaning here: give poses and places names instead",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_where_they_stand() {
        let node = load("# first\nname: x\nsteps:\n  - grip: { group: gripper }\n").expect("valid");
        let Content::Map(entries) = &node.content else {
            panic!("a map")
        };
        assert_eq!(entries[1].0.spot, Spot { line: 3, column: 1 });
        let Content::List(items) = &entries[1].1.content else {
            panic!("a list")
        };
        assert_eq!(items[0].spot, Spot { line: 4, column: 5 });
    }

    #[test]
    fn what_could_be_long_or_ambiguous_is_refused_with_its_place() {
        let refused = |text: &str| load(text).expect_err(text).to_string();
        assert!(refused("a: &x 1\nb: *x\n").starts_with("1:"), "anchors");
        assert!(refused("a: !!str 1\n").contains("tags"));
        assert_eq!(
            refused("a: 1\nb: 2\na: 3\n"),
            "3:1: a: stands here a second time; first in line 1"
        );
        assert!(refused("a: 1\n---\nb: 2\n").contains("second document"));
        assert!(refused("").contains("nothing"));
        assert!(refused("{[1]: 2}\n").contains("a name must be text"));
        assert!(refused(&"[".repeat(40)).contains("nested deeper than 32"));
        assert!(
            refused(&"[".repeat(10_000)).contains("limit"),
            "by the scanner, which reads ahead"
        );
        assert!(refused(&"a".repeat(MAX_BYTES + 1)).contains("at most 1048576"));
        assert!(refused(&"- 1\n".repeat(MAX_ENTRIES + 1)).starts_with("10001:3: "));
        assert!(refused("a: [1\nb: 2\n").contains("not valid YAML"));
    }
}
