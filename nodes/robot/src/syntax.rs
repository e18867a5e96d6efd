//! What in a text is no URDF, and where: the reader of URDF says what it misses, but not in which link or joint.
//!
//! Each element below `<robot>` is read once more by itself; the first one that can't be is the one to name.

/// Names the element that `error`, the reader's, is about, with its line.
pub(crate) fn explain(text: &str, error: &urdf_rs::UrdfError) -> String {
    let document = match roxmltree::Document::parse(text) {
        Ok(document) => document,
        // Not even XML; this error has the line and the column.
        Err(error) => return error.to_string(),
    };
    for element in document
        .root_element()
        .children()
        .filter(roxmltree::Node::is_element)
    {
        let alone = format!(r#"<robot name="alone">{}</robot>"#, &text[element.range()]);
        if let Err(reason) = urdf_rs::read_from_string(&alone) {
            let tag = element.tag_name().name();
            let name = element.attribute("name").unwrap_or("without a name");
            let line = document.text_pos_at(element.range().start).row;
            return format!("{tag} {name} (line {line}): {}", shortened(&reason));
        }
    }
    shortened(error)
}

fn shortened(error: &urdf_rs::UrdfError) -> String {
    let text = error.to_string();
    text.strip_prefix("custom: ").unwrap_or(&text).to_owned()
}
