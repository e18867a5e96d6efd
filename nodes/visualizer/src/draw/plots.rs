//! Draws curves: desired against measured, and the following error.

use super::time::Clock;
use crate::record::{Rows, Series};
use rerun::{Color, RecordingStream, RecordingStreamResult, Scalars, SeriesLines};
use servomesh_types::{GroupDescription, GroupName};

/// Where a group's curves are.
pub(super) fn origin(group: GroupName) -> String {
    format!("/motion/{group}")
}

/// Gives each curve its name and colour: one hue a joint; what is desired is broad and pale, what is measured lies on it.
pub(super) fn style(stream: &RecordingStream, group: &GroupDescription) -> RecordingStreamResult<()> {
    for (index, joint) in group.joints.iter().enumerate() {
        let hue = HUES[index % HUES.len()];
        let short = joint.name.strip_suffix("_joint").unwrap_or(&joint.name);
        for series in Series::ALL {
            let (name, colour, width) = match series {
                Series::Desired => (format!("{short} desired"), blend(hue, PAPER, 0.45), 5.0),
                Series::Measured => (short.to_owned(), hue, 1.6),
                Series::FollowingError => (short.to_owned(), hue, 1.6),
            };
            let [r, g, b] = colour;
            let lines = SeriesLines::new()
                .with_names([name])
                .with_colors([Color::from_rgb(r, g, b)])
                .with_widths([width]);
            stream.log_static(path(group.name, series, &joint.name), &lines)?;
        }
    }
    Ok(())
}

/// Draws points; one column a joint.
pub(super) fn draw(
    stream: &RecordingStream,
    clock: &mut Clock,
    group: &GroupDescription,
    rows: &Rows,
) -> RecordingStreamResult<()> {
    let times = clock.column(&rows.stamps);
    for (index, joint) in group.joints.iter().enumerate() {
        // A row that is too short has no value for this joint: not a number is a gap in the curve.
        let column = rows
            .values
            .iter()
            .map(|row| row.get(index).copied().unwrap_or(f64::NAN));
        let scalars = Scalars::new(column).columns_of_unit_batches()?;
        stream.send_columns(
            path(group.name, rows.series, &joint.name),
            [times.clone()],
            scalars,
        )?;
    }
    Ok(())
}

fn path(group: GroupName, series: Series, joint: &str) -> String {
    format!("{}/{}/{joint}", origin(group), series.path())
}

fn blend(a: [u8; 3], b: [u8; 3], share: f32) -> [u8; 3] {
    std::array::from_fn(|i| (f32::from(a[i]) + (f32::from(b[i]) - f32::from(a[i])) * share).round() as u8)
}

/// Hues that stay apart on dark and light grounds, also for most colour-blind eyes (after Okabe and Ito, 2008).
const HUES: [[u8; 3]; 8] = [
    [86, 180, 233],
    [230, 159, 0],
    [0, 190, 140],
    [240, 110, 60],
    [204, 121, 200],
    [240, 228, 66],
    [120, 140, 255],
    [190, 190, 190],
];

/// The ground that pale curves fade into.
const PAPER: [u8; 3] = [20, 24, 28];
