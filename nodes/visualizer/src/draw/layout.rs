//! Decides which view shows what, and where: the cell big on the left, curves on the right, lanes and log
//! below.
//!
//! rerun's blueprint has no setters for the camera, legends and axes: these are views' properties, which are logged into
//! the blueprint's own store under the view's path.

use super::{events, lanes, plots, scene, time};
use crate::sink::APPLICATION;
use rerun::blueprint::{
    Blueprint, BlueprintActivation, BlueprintPanel, ContainerLike, Horizontal, SelectionPanel, Spatial3DView,
    StateTimelineView, TextLogView, TimePanel, TimeSeriesView, Vertical,
};
use rerun::external::re_log_types::BlueprintActivationCommand;
use rerun::external::re_sdk_types::blueprint::archetypes::{
    Background, EyeControls3D, LineGrid3D, PlotLegend, TextLogColumns, TimeAxis,
};
use rerun::external::re_sdk_types::blueprint::components::{
    BackgroundKind, Corner2D, Eye3DKind, PanelState, TextLogColumn, TimeRange,
};
use rerun::external::re_sdk_types::blueprint::datatypes::{
    TextLogColumn as TextLogColumnDatatype, TextLogColumnKind,
};
use rerun::external::re_sdk_types::datatypes;
use rerun::log::LogMsg;
use rerun::{AsComponents, Color, RecordingStream, RecordingStreamBuilder, RecordingStreamResult};
use servomesh_types::{GroupDescription, JointKind};

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Someone who opens a file: curves show all of it.
    Later,
    /// Someone who watches while it happens: curves show the last seconds.
    Live,
}

/// Lays the views out for these groups, and shows them that way.
pub(super) fn send(
    stream: &RecordingStream,
    groups: &[GroupDescription],
    has_scene: bool,
    audience: Audience,
) -> RecordingStreamResult<()> {
    let mut properties = Properties::default();
    let curves = curves(groups, audience, &mut properties);
    let mut upper = Vec::new();
    let mut shares = Vec::new();
    if has_scene {
        upper.push(cell(&mut properties));
        shares.push(3.0);
    }
    if !curves.is_empty() {
        let rows: Vec<f32> = curves.iter().map(|(_, share)| *share).collect();
        let views = curves.into_iter().map(|(view, _)| view);
        upper.push(Vertical::new(views).with_row_shares(rows).into());
        shares.push(2.2);
    }
    let mut lower = vec![log(&mut properties)];
    if !groups.is_empty() {
        let lanes = StateTimelineView::new("Gates and drives").with_contents(lanes::CONTENTS);
        lower.insert(0, lanes.into());
    }
    let lower = Horizontal::new(lower);
    let root: ContainerLike = if upper.is_empty() {
        lower.into()
    } else {
        let upper = Horizontal::new(upper).with_column_shares(shares);
        Vertical::new([upper.into(), lower.into()])
            .with_row_shares([1.95, 1.0])
            .into()
    };
    let blueprint = Blueprint::new(root)
        .with_auto_views(false)
        .with_blueprint_panel(BlueprintPanel::from_state(PanelState::Hidden))
        .with_selection_panel(SelectionPanel::from_state(PanelState::Hidden))
        .with_time_panel(
            TimePanel::new()
                .with_state(PanelState::Collapsed)
                .with_timeline(time::TIMELINE),
        );
    activate(stream, &blueprint, properties)
}

fn cell(properties: &mut Properties) -> ContainerLike {
    let view: ContainerLike = Spatial3DView::new("Cell").with_origin(scene::ORIGIN).into();
    properties.add(
        &view,
        "EyeControls3D",
        &EyeControls3D::new()
            .with_kind(Eye3DKind::Orbital)
            .with_position(EYE)
            .with_look_target(LOOK_AT)
            .with_eye_up([0.0, 0.0, 1.0]),
    );
    properties.add(
        &view,
        "LineGrid3D",
        &LineGrid3D::new().with_color(Color::from_unmultiplied_rgba(140, 160, 180, 40)),
    );
    properties.add(
        &view,
        "Background",
        &Background::new(BackgroundKind::SolidColor).with_color(Color::from_rgb(24, 28, 34)),
    );
    view
}

fn log(properties: &mut Properties) -> ContainerLike {
    let view: ContainerLike = TextLogView::new("Events").with_origin(events::ORIGIN).into();
    let columns = [TextLogColumnKind::LogLevel, TextLogColumnKind::Body];
    let columns = columns.map(|kind| {
        TextLogColumn(TextLogColumnDatatype {
            kind,
            visible: true.into(),
        })
    });
    properties.add(
        &view,
        "TextLogColumns",
        &TextLogColumns::new().with_text_log_columns(columns),
    );
    view
}

/// The curves of each group, with their share of the height.
fn curves(
    groups: &[GroupDescription],
    audience: Audience,
    properties: &mut Properties,
) -> Vec<(ContainerLike, f32)> {
    let mut views = Vec::new();
    for group in groups {
        let unit = if group.joints.iter().any(|joint| joint.kind == JointKind::Revolute) {
            "rad"
        } else {
            "m"
        };
        let (what, unit) = if group.capabilities.endless {
            ("velocity", format!("{unit}/s"))
        } else {
            ("position", unit.to_owned())
        };
        let mut view = |title: String, series: &[&str], legend: bool| -> ContainerLike {
            let view: ContainerLike = TimeSeriesView::new(title)
                .with_origin(plots::origin(group.name))
                .with_contents(series.iter().map(|series| format!("$origin/{series}/**")))
                .into();
            let legend = PlotLegend::new()
                .with_corner(Corner2D::LeftTop)
                .with_visible(legend);
            properties.add(&view, "PlotLegend", &legend);
            if audience == Audience::Live {
                properties.add(&view, "TimeAxis", &last_seconds());
            }
            view
        };
        let title = format!("{} {what} [{unit}]: desired (broad), measured (thin)", group.name);
        let position = view(title, &["desired", "measured"], false);
        if group.joints.len() > 2 {
            let title = format!("{} following error [{unit}]", group.name);
            views.push((position, 1.9));
            // High enough for its legend, which is that of the positions too.
            views.push((view(title, &["following_error"], true), 2.9));
        } else {
            views.push((position, 1.0));
        }
    }
    views
}

/// A window that goes with the time cursor.
fn last_seconds() -> TimeAxis {
    let relative = |ns: i64| datatypes::TimeRangeBoundary::CursorRelative(datatypes::TimeInt(ns));
    TimeAxis::new().with_view_range(TimeRange(datatypes::TimeRange {
        start: relative(-WINDOW_NS),
        end: relative(0),
    }))
}

/// Views' properties, for which the blueprint has no setters.
#[derive(Default)]
struct Properties(Vec<(String, Vec<rerun::SerializedComponentBatch>)>);

impl Properties {
    fn add(&mut self, view: &ContainerLike, name: &str, archetype: &dyn AsComponents) {
        if let ContainerLike::View(view) = view {
            let path = format!("{}/{name}", view.blueprint_path());
            self.0.push((path, archetype.as_serialized_batches()));
        }
    }
}

/// Sends a blueprint with its views' properties in one store, and makes it the one that is shown.
fn activate(
    stream: &RecordingStream,
    blueprint: &Blueprint,
    properties: Properties,
) -> RecordingStreamResult<()> {
    let (draft, sent) = RecordingStreamBuilder::new(APPLICATION).enabled(true).memory()?;
    blueprint.send(&draft, BlueprintActivation::default())?;
    let is_blueprint = |message: &LogMsg| message.store_id().is_blueprint();
    let messages: Vec<LogMsg> = sent.take().into_iter().filter(is_blueprint).collect();
    let activation = messages.iter().find_map(|message| match message {
        LogMsg::BlueprintActivationCommand(command) => Some(command.clone()),
        _ => None,
    });
    let Some(activation) = activation else {
        return Ok(());
    };
    let additions = logged_into(&activation, properties)?;
    let is_content = |message: &LogMsg| !matches!(message, LogMsg::BlueprintActivationCommand(_));
    let content = messages.into_iter().filter(is_content).chain(additions);
    stream.send_blueprint(content.collect(), activation);
    Ok(())
}

/// The properties as messages of the blueprint's store.
fn logged_into(
    activation: &BlueprintActivationCommand,
    properties: Properties,
) -> RecordingStreamResult<Vec<LogMsg>> {
    let builder = RecordingStreamBuilder::from_store_id(&activation.blueprint_id)
        .enabled(true)
        .send_properties(false);
    let (store, logged) = builder.memory()?;
    store.set_time_sequence("blueprint", 0);
    for (path, batches) in properties.0 {
        store.log_serialized_batches(path, false, batches)?;
    }
    let is_data = |message: &LogMsg| matches!(message, LogMsg::ArrowMsg(..));
    Ok(logged.take().into_iter().filter(is_data).collect())
}

/// From the front right, a little above the arm: the arm, the belt and the bin are in view.
const EYE: [f32; 3] = [1.66, -1.52, 1.42];
const LOOK_AT: [f32; 3] = [0.22, 0.06, 0.50];

/// How much of the past the curves show [ns].
const WINDOW_NS: i64 = 15_000_000_000;
