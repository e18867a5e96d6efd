//! A launch file as elements that know their place in the file.
//!
//! **Invariant:** every attribute, child element and text is either in the list that the caller allows or an error:
//! nothing in a launch file is skipped silently.

use std::path::Path;
use std::sync::Arc;

use roxmltree::{Document, Node, NodeType};

use super::error::{LaunchError, Place, Problem};
use super::template::Template;

/// One element; a thin view of roxmltree's node.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    node: Node<'a, 'a>,
    file: &'a Arc<Path>,
}

/// Parses `text` and hands its root element to `read`.
pub(super) fn with_root<T>(
    file: &Arc<Path>,
    text: &str,
    read: impl FnOnce(Element<'_>) -> Result<T, LaunchError>,
) -> Result<T, LaunchError> {
    let document = Document::parse(text).map_err(|error| {
        let pos = error.pos();
        let place = Place {
            file: file.clone(),
            line: pos.row,
            column: pos.col,
        };
        place.error(Problem::Xml(without_position(&error.to_string())))
    })?;
    read(Element {
        node: document.root_element(),
        file,
    })
}

/// roxmltree ends its messages with "at row:column", which the place says already.
fn without_position(message: &str) -> String {
    message
        .rsplit_once(" at ")
        .map_or(message, |(text, _)| text)
        .to_owned()
}

impl<'a> Element<'a> {
    pub(super) fn tag(&self) -> &'a str {
        self.node.tag_name().name()
    }

    pub(super) fn place(&self) -> Place {
        self.place_at(self.node.range().start)
    }

    fn place_at(&self, offset: usize) -> Place {
        let pos = self.node.document().text_pos_at(offset);
        Place {
            file: self.file.clone(),
            line: pos.row,
            column: pos.col,
        }
    }

    /// Refuses every attribute and child tag that is not listed.
    pub(super) fn allow(&self, attributes: &[&str], children: &[&str]) -> Result<(), LaunchError> {
        for attribute in self.node.attributes() {
            if !attributes.contains(&attribute.name()) {
                return Err(self.place_at(attribute.range().start).error(Problem::Attribute {
                    element: self.tag().to_owned(),
                    attribute: attribute.name().to_owned(),
                    supported: list(attributes),
                }));
            }
        }
        for child in self.node.children() {
            let place = || self.place_at(child.range().start);
            match child.node_type() {
                NodeType::Element if !children.contains(&child.tag_name().name()) => {
                    return Err(place().error(Problem::Element {
                        element: child.tag_name().name().to_owned(),
                        parent: self.tag().to_owned(),
                        supported: list(children),
                    }));
                }
                NodeType::Text => {
                    let text = child.text().unwrap_or_default().trim();
                    if !text.is_empty() {
                        return Err(place().error(Problem::Text(text.to_owned())));
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Child elements in document order.
    pub(super) fn children(&self) -> impl Iterator<Item = Element<'a>> {
        let file = self.file;
        self.node
            .children()
            .filter(Node::is_element)
            .map(move |node| Element { node, file })
    }

    /// Child elements with one tag.
    pub(super) fn children_named(&self, tag: &'static str) -> impl Iterator<Item = Element<'a>> {
        self.children().filter(move |child| child.tag() == tag)
    }

    /// An attribute's raw text and place.
    pub(super) fn attribute(&self, name: &str) -> Option<(&'a str, Place)> {
        let attribute = self
            .node
            .attributes()
            .find(|attribute| attribute.name() == name)?;
        Some((attribute.value(), self.place_at(attribute.range_value().start)))
    }

    pub(super) fn required(&self, name: &'static str) -> Result<(&'a str, Place), LaunchError> {
        self.attribute(name).ok_or_else(|| {
            self.place().error(Problem::Missing {
                element: self.tag().to_owned(),
                attribute: name,
            })
        })
    }

    /// An attribute's text with its substitutions parsed.
    pub(super) fn template(&self, name: &str) -> Result<Option<Template>, LaunchError> {
        self.attribute(name)
            .map(|(text, place)| Template::parse(text, place))
            .transpose()
    }

    pub(super) fn required_template(&self, name: &'static str) -> Result<Template, LaunchError> {
        let (text, place) = self.required(name)?;
        Template::parse(text, place)
    }

    /// An attribute that ROS 2 reads before substitutions are performed, such as a delay.
    pub(super) fn plain<T>(
        &self,
        name: &str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, LaunchError> {
        let Some((text, place)) = self.attribute(name) else {
            return Ok(None);
        };
        read(text).map(Some).ok_or_else(|| {
            place.error(Problem::Value {
                attribute: name.to_owned(),
                value: text.to_owned(),
                expected: expected.to_owned(),
            })
        })
    }

    pub(super) fn exclusive(&self, first: &'static str, second: &'static str) -> LaunchError {
        self.place().error(Problem::Exclusive {
            element: self.tag().to_owned(),
            first,
            second,
        })
    }
}

fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "nothing".to_owned()
    } else {
        names.join(", ")
    }
}
