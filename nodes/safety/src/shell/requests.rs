//! The gate's services: which input each request is, and who waits for its answer.
//!
//! **Invariant:** every request is answered once.

use r2r::servomesh_msgs::srv::{SafetyFunction, SelectMode, SetSpeedScale};
use r2r::std_srvs::srv::Trigger;
use servomesh_safety::{Function, Input};
use servomesh_shell::ros::{Io, Request, Service, wire};
use std::collections::BTreeMap;

/// The services, and the requests that are not answered yet.
pub(crate) struct Requests {
    stop: Service<Trigger::Service>,
    reset: Service<Trigger::Service>,
    speed_scale: Service<SetSpeedScale::Service>,
    function: Service<SafetyFunction::Service>,
    select_mode: Service<SelectMode::Service>,
    waiting: BTreeMap<u64, Waiting>,
    last: u64,
}

/// Who waits for an answer.
enum Waiting {
    Trigger(Request<Trigger::Service>),
    SpeedScale(Request<SetSpeedScale::Service>),
    Function(Request<SafetyFunction::Service>),
    SelectMode(Request<SelectMode::Service>),
}

impl Requests {
    pub(crate) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            stop: io.service("safety/stop")?,
            reset: io.service("safety/reset")?,
            speed_scale: io.service("safety/set_speed_scale")?,
            function: io.service("safety/function")?,
            select_mode: io.service("safety/select_mode")?,
            waiting: BTreeMap::new(),
            last: 0,
        })
    }

    /// A number for a request of the node's own, whose answer nobody waits for.
    pub(crate) fn own(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    /// The next request as an input; what can't be one is answered here.
    pub(crate) fn take(&mut self, active: bool) -> Option<Input> {
        loop {
            let (waiting, input) = self.next()?;
            match input {
                _ if !active => waiting.respond(false, "safety is not active, so no gate is open".to_owned()),
                Err(refused) => waiting.respond(false, refused),
                Ok(input) => {
                    self.waiting.insert(self.last, waiting);
                    return Some(input);
                }
            }
        }
    }

    pub(crate) fn answer(&mut self, request: u64, granted: bool, text: String) {
        if let Some(waiting) = self.waiting.remove(&request) {
            waiting.respond(granted, text);
        }
    }

    fn next(&mut self) -> Option<(Waiting, Result<Input, String>)> {
        let request = self.own();
        if let Some(asked) = self.stop.take() {
            return Some((Waiting::Trigger(asked), Ok(Input::Stop { request })));
        }
        if let Some(asked) = self.function.take() {
            let SafetyFunction::Request { group, function } = asked.message().clone();
            let input = match function {
                0 => Ok(Function::TorqueOff),
                1 => Ok(Function::Stop1),
                2 => Ok(Function::Stop2),
                3 => Ok(Function::Reduced(true)),
                4 => Ok(Function::Reduced(false)),
                other => Err(format!(
                    "there is no function {other}; there are: STO 0, SS1 1, SS2 2, REDUCED 3, NORMAL 4"
                )),
            };
            let input = input.map(|function| Input::Function {
                request,
                group,
                function,
            });
            return Some((Waiting::Function(asked), input));
        }
        if let Some(asked) = self.select_mode.take() {
            let mode = wire::operating_mode_from_msg(asked.message().mode);
            let input = mode
                .map(|mode| Input::SelectMode { request, mode })
                .map_err(|error| error.to_string());
            return Some((Waiting::SelectMode(asked), input));
        }
        if let Some(asked) = self.reset.take() {
            return Some((Waiting::Trigger(asked), Ok(Input::Reset { request })));
        }
        let asked = self.speed_scale.take()?;
        let SetSpeedScale::Request { group, scale } = asked.message().clone();
        let input = Input::SetSpeedScale {
            request,
            group,
            scale,
        };
        Some((Waiting::SpeedScale(asked), Ok(input)))
    }
}

impl Waiting {
    fn respond(self, success: bool, message: String) {
        match self {
            Self::Trigger(request) => request.respond(Trigger::Response { success, message }),
            Self::SpeedScale(request) => request.respond(SetSpeedScale::Response { success, message }),
            Self::Function(request) => request.respond(SafetyFunction::Response { success, message }),
            Self::SelectMode(request) => request.respond(SelectMode::Response { success, message }),
        }
    }
}
