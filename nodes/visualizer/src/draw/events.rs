//! Draws the log: what happened, who says so, how bad it is.

use rerun::{Color, RecordingStream, RecordingStreamResult, TextLog, TextLogLevel};
use servomesh_types::{Event, EventKind};

/// Where the log is; one entity a node below it.
pub(super) const ORIGIN: &str = "/events";

pub(super) fn draw(stream: &RecordingStream, node: &str, event: &Event) -> RecordingStreamResult<()> {
    let (level, [r, g, b]) = match event.kind {
        EventKind::Fault => (TextLogLevel::ERROR, [235, 87, 80]),
        EventKind::Stopped | EventKind::GoalAborted | EventKind::GoalRefused => {
            (TextLogLevel::WARN, [242, 169, 59])
        }
        EventKind::Recovered | EventKind::Arrived | EventKind::Grasped => {
            (TextLogLevel::INFO, [90, 200, 130])
        }
        EventKind::Started | EventKind::GoalAccepted => (TextLogLevel::INFO, [170, 180, 190]),
    };
    let kind = event.kind.name();
    let node = if node.is_empty() { "unknown" } else { node };
    let text = match &event.group {
        Some(group) => format!("{node} · {group}: {kind}: {}", event.text),
        None => format!("{node}: {kind}: {}", event.text),
    };
    let log = TextLog::new(text)
        .with_level(level)
        .with_color(Color::from_rgb(r, g, b));
    stream.log(
        rerun::EntityPath::from(vec![ORIGIN.trim_start_matches('/').into(), node.into()]),
        &log,
    )
}
