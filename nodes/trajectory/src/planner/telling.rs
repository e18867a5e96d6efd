//! What goals' senders are told: feedback, how a goal ended, why one was not taken on.
//!
//! **Invariant:** every goal gets exactly one `Done`.

use servomesh_types::{Event, EventKind, GroupName, Stamp};
use std::time::Duration;

use super::{Context, Kind, Planner, Task};
use crate::{Code, Feedback, FollowGoal, GoalId, GripResult, Outcome, Output, Refusal, State, Status};

impl Planner {
    pub(super) fn finish(&mut self, ctx: &mut Context<'_>, mut outcome: Outcome) {
        let Some(task) = self.task.take() else { return };
        outcome.duration = ctx.now.since(task.accepted);
        if let (Kind::Grip(_), None, Some(measured)) = (&task.kind, &outcome.grip, &self.measured) {
            outcome.grip = Some(GripResult {
                position: measured.motion.position[0],
                effort: measured.motion.effort.first().copied().unwrap_or(0.0),
                ..GripResult::default()
            });
        }
        let (kind, text) = match outcome.status {
            Status::Succeeded => (
                EventKind::Arrived,
                format!("goal reached after {:.2} s", outcome.duration.as_secs_f64()),
            ),
            Status::Aborted => (EventKind::GoalAborted, format!("goal given up: {}", outcome.text)),
            Status::Cancelled => (EventKind::GoalAborted, "goal cancelled".to_owned()),
        };
        self.event(ctx, kind, text);
        ctx.out.push_back(Output::Done { id: task.id, outcome });
    }

    pub(super) fn feedback(&mut self, ctx: &mut Context<'_>, desired: &State) {
        let (Some(task), Some(measured), Some(course)) = (&mut self.task, &self.measured, &self.course)
        else {
            return;
        };
        if ctx.now < task.feedback_due {
            return;
        }
        task.feedback_due = ctx.now.next_multiple(ctx.config.feedback_period, Duration::ZERO);
        let actual = &measured.motion;
        let motion = course.planned();
        let path_s = task.path_s;
        let segment = match &task.kind {
            Kind::Path { segment_ends, .. } => {
                let k = segment_ends.partition_point(|(end_s, _)| *end_s <= path_s);
                segment_ends
                    .get(k)
                    .or(segment_ends.last())
                    .map_or(0, |(_, segment)| *segment)
            }
            _ => 0,
        };
        let feedback = Feedback {
            stamp: ctx.now,
            desired: *desired,
            actual: State {
                position: actual.position,
                velocity: actual.velocity,
                acceleration: actual.acceleration,
            },
            effort: actual.effort,
            progress: motion.map_or(0.0, |motion| motion.progress(ctx.now)),
            remaining: motion.and_then(|motion| motion.remaining(ctx.now)),
            path_time: Duration::from_secs_f64(path_s.max(0.0)),
            rate: motion.map_or(1.0, |motion| motion.rate(ctx.now)),
            segment,
            coupling: course.coupling(),
        };
        ctx.out.push_back(Output::Feedback {
            group: self.group.name,
            id: task.id,
            feedback,
        });
    }

    pub(super) fn event(&self, ctx: &mut Context<'_>, kind: EventKind, text: impl Into<String>) {
        let (stamp, group, text) = (ctx.now, Some(self.group.name), text.into());
        ctx.out.push_back(Output::Event(Event {
            stamp,
            kind,
            group,
            text,
        }));
    }
}

impl Task {
    pub(super) fn outcome(&self, now: Stamp, status: Status, code: Code, text: impl Into<String>) -> Outcome {
        Outcome {
            status,
            code,
            text: text.into(),
            duration: now.since(self.accepted),
            grip: None,
            path_deviation: 0.0,
        }
    }
}

/// What people are told that a goal's motion is.
pub(super) fn trajectory_of(goal: &FollowGoal) -> String {
    match goal.points.len() {
        1 => "a trajectory of 1 point".to_owned(),
        count => format!("a trajectory of {count} points"),
    }
}

/// Answers a goal that is not taken on.
pub(crate) fn refuse(ctx: &mut Context<'_>, group: GroupName, id: GoalId, refusal: Refusal) {
    end_unstarted(ctx, group, id, Status::Aborted, refusal);
}

/// Ends a goal for which nothing has moved.
pub(super) fn end_unstarted(
    ctx: &mut Context<'_>,
    group: GroupName,
    id: GoalId,
    status: Status,
    refusal: Refusal,
) {
    let Refusal { code, text } = refusal;
    let stamp = ctx.now;
    let event = Event {
        stamp,
        kind: EventKind::GoalRefused,
        group: Some(group),
        text: text.clone(),
    };
    ctx.out.push_back(Output::Event(event));
    let outcome = Outcome {
        status,
        code,
        text,
        duration: Duration::ZERO,
        grip: None::<GripResult>,
        path_deviation: 0.0,
    };
    ctx.out.push_back(Output::Done { id, outcome });
}
