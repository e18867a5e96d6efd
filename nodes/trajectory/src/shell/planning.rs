//! Plans that take longer than a period are worked out beside the loop, in the order in which they come.

use servomesh_trajectory::{Plan, Planned};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A thread that works out plans. It ends with this value, after the plan it is at.
pub(crate) struct Planning {
    plans: Sender<Plan>,
    planned: Receiver<Planned>,
}

impl Planning {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start() -> std::io::Result<Self> {
        let (plans, todo) = channel::<Plan>();
        let (done, planned) = channel();
        let work = move || {
            for plan in todo {
                if done.send(plan.run()).is_err() {
                    return; // nobody waits for it any more
                }
            }
        };
        std::thread::Builder::new()
            .name("planning".to_owned())
            .spawn(work)?;
        Ok(Self { plans, planned })
    }

    /// Hands over a plan; gives it back if the thread is gone.
    pub(crate) fn begin(&self, plan: Plan) -> Result<(), Box<Plan>> {
        self.plans.send(plan).map_err(|error| Box::new(error.0))
    }

    /// The next plan that is worked out.
    pub(crate) fn take(&self) -> Option<Planned> {
        self.planned.try_recv().ok()
    }
}
