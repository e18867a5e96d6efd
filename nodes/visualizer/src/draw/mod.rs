//! Draws records with rerun. The only code here that names rerun, beside [`sink`](crate::sink); it runs in the sink's thread.
//!
//! | file | what it draws | below |
//! |---|---|---|
//! | `scene.rs` | shapes and poses of links and of what is around them, the tool's path | `/cell` |
//! | `plots.rs` | desired against measured, following error | `/motion/<group>/<series>/<joint>` |
//! | `lanes.rs` | what gates and drivers do | `/safety/<group>`, `/servo/<group>` |
//! | `events.rs` | the log | `/events` |
//! | `layout.rs` | which view shows what, where | |
//!
//! **Invariant:** all times are ROS time, on the one timeline `ros_time`.

mod events;
mod lanes;
mod layout;
mod plots;
mod scene;
mod time;

pub(crate) use layout::Audience;

use crate::record::Record;
use rerun::{RecordingStream, RecordingStreamResult};
use servomesh_robot::Model;
use servomesh_types::{GroupDescription, GroupName};
use std::collections::BTreeMap;
use time::Clock;

/// One recording stream and what it was told already.
pub(crate) struct Drawing {
    stream: RecordingStream,
    clock: Clock,
    audience: Audience,
    scene: Option<scene::Names>,
    groups: BTreeMap<GroupName, GroupDescription>,
}

impl Drawing {
    /// Takes a stream over and draws what never changes.
    pub(crate) fn open(
        stream: RecordingStream,
        model: Option<&Model>,
        audience: Audience,
    ) -> RecordingStreamResult<Self> {
        stream.set_log_time_enabled(false);
        stream.set_log_tick_enabled(false);
        let scene = model
            .map(|model| scene::draw_static(&stream, model))
            .transpose()?;
        layout::send(&stream, &[], scene.is_some(), audience)?;
        Ok(Self {
            stream,
            audience,
            clock: Clock::default(),
            scene,
            groups: BTreeMap::new(),
        })
    }

    /// Draws one record.
    pub(crate) fn draw(&mut self, record: &Record) -> RecordingStreamResult<()> {
        let (stream, clock) = (&self.stream, &mut self.clock);
        match record {
            Record::Layout(groups) => {
                for group in groups {
                    if self.groups.get(&group.name) == Some(group) {
                        continue;
                    }
                    plots::style(stream, group)?;
                    lanes::style(stream, group.name)?;
                    self.groups.insert(group.name, group.clone());
                }
                layout::send(stream, groups, self.scene.is_some(), self.audience)
            }
            Record::Poses(poses) => match &self.scene {
                Some(names) => {
                    clock.set(stream, poses.stamp);
                    scene::draw(stream, names, poses)
                }
                None => Ok(()),
            },
            Record::Surroundings(surroundings) if self.scene.is_some() => {
                scene::draw_surroundings(stream, surroundings)
            }
            Record::Bodies(bodies) if self.scene.is_some() => {
                clock.set(stream, bodies.stamp);
                scene::draw_bodies(stream, bodies)
            }
            Record::Surroundings(_) | Record::Bodies(_) => Ok(()),
            Record::Rows(rows) => match self.groups.get(&rows.group) {
                Some(group) => plots::draw(stream, clock, group, rows),
                None => Ok(()),
            },
            Record::Gate { stamp, group, mode } => {
                clock.set(stream, *stamp);
                lanes::draw_gate(stream, *group, *mode)
            }
            Record::Drive { stamp, group, mode } => {
                clock.set(stream, *stamp);
                lanes::draw_drive(stream, *group, *mode)
            }
            Record::Event { node, event } => {
                clock.set(stream, event.stamp);
                events::draw(stream, node, event)
            }
        }
    }

    /// Sends what is left and ends the stream, a file with its footer.
    pub(crate) fn close(self) -> Result<(), String> {
        let flushed = self.stream.flush_blocking().map_err(|error| error.to_string());
        self.stream.disconnect();
        flushed
    }
}
