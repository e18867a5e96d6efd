//! Action servers: goals by number, so that a core can name them.
//!
//! Every goal that arrives is taken on, and one that can't be followed is aborted with its result code and a sentence:
//! ROS 2's own refusal of a goal can't carry either.

use super::stream::{Queue, ready};
use futures::Stream;
use r2r::{ActionServerCancelRequest, ActionServerGoal, ActionServerGoalRequest, WrappedActionTypeSupport};
use std::collections::BTreeMap;

/// Names one goal within this process, over all its action servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GoalNumber(pub u64);

/// An action this node offers.
pub struct ActionServer<A: WrappedActionTypeSupport + 'static> {
    requests: Queue<ActionServerGoalRequest<A>>,
    goals: BTreeMap<GoalNumber, ActiveGoal<A>>,
    /// Results of cancelled goals: r2r completes a cancellation in its next spin, and only then takes the result.
    cancelled: Vec<(GoalNumber, A::Result)>,
}

struct ActiveGoal<A: WrappedActionTypeSupport> {
    handle: ActionServerGoal<A>,
    cancels: Box<dyn Stream<Item = ActionServerCancelRequest> + Unpin>,
    cancelling: bool,
}

impl<A: WrappedActionTypeSupport + 'static> ActionServer<A> {
    pub(super) fn new(requests: Queue<ActionServerGoalRequest<A>>) -> Self {
        Self {
            requests,
            goals: BTreeMap::new(),
            cancelled: Vec::new(),
        }
    }

    /// The next new goal, under the number that `next` gives it.
    pub fn take_goal(&mut self, next: impl FnOnce() -> GoalNumber) -> Option<(GoalNumber, A::Goal)> {
        for (number, result) in std::mem::take(&mut self.cancelled) {
            if let Some(mut goal) = self.goals.remove(&number) {
                note(goal.handle.cancel(result));
            }
        }
        let request = self.requests.take()?;
        match request.accept() {
            Ok((handle, cancels)) => {
                let number = next();
                let goal = handle.goal.clone();
                self.goals.insert(
                    number,
                    ActiveGoal {
                        handle,
                        cancels: Box::new(cancels),
                        cancelling: false,
                    },
                );
                Some((number, goal))
            }
            Err(error) => {
                note(Err(error));
                None
            }
        }
    }

    /// The next goal whose client asks for its cancellation. The request is granted; the goal ends when
    /// [`cancelled`](Self::cancelled) is called.
    pub fn take_cancel(&mut self) -> Option<GoalNumber> {
        for (number, goal) in &mut self.goals {
            if let Some(request) = ready(&mut goal.cancels) {
                request.accept();
                goal.cancelling = true;
                return Some(*number);
            }
        }
        None
    }

    /// Whether this server has a goal of that number.
    pub fn has(&self, number: GoalNumber) -> bool {
        self.goals.contains_key(&number)
    }

    /// Tells a goal's client how far it is.
    pub fn feedback(&self, number: GoalNumber, feedback: A::Feedback) {
        if let Some(goal) = self.goals.get(&number) {
            note(goal.handle.publish_feedback(feedback));
        }
    }

    /// Ends a goal: reached.
    pub fn succeed(&mut self, number: GoalNumber, result: A::Result) {
        match self.goals.remove(&number) {
            // ROS 2's goal states know no way from cancelling to succeeded other than "cancelled".
            Some(goal) if goal.cancelling => {
                self.goals.insert(number, goal);
                self.cancelled(number, result);
            }
            Some(mut goal) => note(goal.handle.succeed(result)),
            None => {}
        }
    }

    /// Ends a goal: given up.
    pub fn abort(&mut self, number: GoalNumber, result: A::Result) {
        match self.goals.remove(&number) {
            Some(goal) if goal.cancelling => {
                self.goals.insert(number, goal);
                self.cancelled(number, result);
            }
            Some(mut goal) => note(goal.handle.abort(result)),
            None => {}
        }
    }

    /// Ends a goal: cancelled, as its client asked.
    pub fn cancelled(&mut self, number: GoalNumber, result: A::Result) {
        if self.goals.contains_key(&number) {
            self.cancelled.push((number, result));
        }
    }
}

/// A client that is gone by now is no error of this node.
fn note(result: r2r::Result<()>) {
    if let Err(error) = result {
        r2r::log_debug!("shell", "an action's answer found no client: {error}");
    }
}
