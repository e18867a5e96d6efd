//! The services that change how motions run.

use r2r::servomesh_msgs::srv::{Pause, SetSpeedScale, StepBack, Stop};
use servomesh_shell::ros::{Io, Request, Service};
use servomesh_trajectory::{Input, Steer};
use servomesh_types::GroupName;
use std::collections::BTreeMap;

pub(crate) struct Steering {
    stop: Service<Stop::Service>,
    pause: Service<Pause::Service>,
    resume: Service<Pause::Service>,
    step_back: Service<StepBack::Service>,
    scale: Service<SetSpeedScale::Service>,
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
}

/// A request that waits for its answer.
enum Waiting {
    Stop(Request<Stop::Service>),
    Pause(Request<Pause::Service>),
    StepBack(Request<StepBack::Service>),
    Scale(Request<SetSpeedScale::Service>),
}

impl Steering {
    pub(crate) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            stop: io.service("~/stop")?,
            pause: io.service("~/pause")?,
            resume: io.service("~/resume")?,
            step_back: io.service("~/step_back")?,
            scale: io.service("~/set_speed_scale")?,
            waiting: BTreeMap::new(),
            last: 0,
        })
    }

    /// The next request, as an input of the core.
    pub(crate) fn take(&mut self) -> Option<Input> {
        let (waiting, group, steer) = if let Some(request) = self.stop.take() {
            let Stop::Request { group, category } = request.message().clone();
            (Waiting::Stop(request), group, Steer::Stop { category })
        } else if let Some(request) = self.pause.take() {
            let group = request.message().group.clone();
            (Waiting::Pause(request), group, Steer::Pause)
        } else if let Some(request) = self.resume.take() {
            let group = request.message().group.clone();
            (Waiting::Pause(request), group, Steer::Resume)
        } else if let Some(request) = self.step_back.take() {
            let StepBack::Request { group, time } = request.message().clone();
            (Waiting::StepBack(request), group, Steer::StepBack(time))
        } else if let Some(request) = self.scale.take() {
            let SetSpeedScale::Request { group, scale } = request.message().clone();
            (Waiting::Scale(request), group, Steer::Scale(scale))
        } else {
            return None;
        };
        let group = match group.as_str() {
            "" => None,
            name => match GroupName::new(name) {
                Ok(name) => Some(name),
                Err(error) => {
                    waiting.respond(false, error.to_string());
                    return self.take();
                }
            },
        };
        self.last += 1;
        let request = self.last;
        self.waiting.insert(request, waiting);
        Some(Input::Steer {
            request,
            group,
            steer,
        })
    }

    pub(crate) fn answer(&mut self, request: u64, granted: bool, text: String) {
        if let Some(waiting) = self.waiting.remove(&request) {
            waiting.respond(granted, text);
        }
    }
}

impl Waiting {
    fn respond(self, success: bool, message: String) {
        match self {
            Self::Stop(request) => request.respond(Stop::Response { success, message }),
            Self::Pause(request) => request.respond(Pause::Response { success, message }),
            Self::StepBack(request) => request.respond(StepBack::Response { success, message }),
            Self::Scale(request) => request.respond(SetSpeedScale::Response { success, message }),
        }
    }
}
