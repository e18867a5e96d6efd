//! The five lifecycle services and `~/transition_event` of a managed node.

use super::{Io, Publisher, Service, qos};
use crate::lifecycle::{State, Transition};
use r2r::lifecycle_msgs::msg;
use r2r::lifecycle_msgs::srv::{ChangeState, GetAvailableStates, GetAvailableTransitions, GetState};

pub(super) struct LifecycleServices {
    change_state: Service<ChangeState::Service>,
    get_state: Service<GetState::Service>,
    available_states: Service<GetAvailableStates::Service>,
    available_transitions: Service<GetAvailableTransitions::Service>,
    transition_graph: Service<GetAvailableTransitions::Service>,
    events: Publisher<msg::TransitionEvent>,
}

impl LifecycleServices {
    pub(super) fn open(io: &mut Io) -> anyhow::Result<Self> {
        Ok(Self {
            change_state: io.service("~/change_state")?,
            get_state: io.service("~/get_state")?,
            available_states: io.service("~/get_available_states")?,
            available_transitions: io.service("~/get_available_transitions")?,
            transition_graph: io.service("~/get_transition_graph")?,
            events: io.publisher("~/transition_event", qos::STATE)?,
        })
    }

    /// Answers the questions that came since the last call.
    pub(super) fn answer(&mut self, state: State) {
        while let Some(request) = self.get_state.take() {
            request.respond(GetState::Response {
                current_state: state_msg(state),
            });
        }
        while let Some(request) = self.available_states.take() {
            let mut available_states = vec![state_of(0, "unknown")];
            available_states.extend(State::ALL.map(state_msg));
            available_states.extend(UNDERWAY.map(|t| state_of(t.underway().0, t.underway().1)));
            request.respond(GetAvailableStates::Response { available_states });
        }
        while let Some(request) = self.available_transitions.take() {
            let available_transitions = Transition::from(state).map(first_half).collect();
            request.respond(GetAvailableTransitions::Response {
                available_transitions,
            });
        }
        while let Some(request) = self.transition_graph.take() {
            let available_transitions = Transition::ALL
                .into_iter()
                .flat_map(|t| [first_half(t), second_half(t, true), second_half(t, false)])
                .collect();
            request.respond(GetAvailableTransitions::Response {
                available_transitions,
            });
        }
    }

    /// Carries out the transitions that were asked for since the last call. `carry_out` tells whether it went well.
    pub(super) fn change(
        &mut self,
        io: &mut Io,
        state: impl Fn() -> State,
        mut carry_out: impl FnMut(&mut Io, &Publisher<msg::TransitionEvent>, Transition) -> bool,
    ) {
        while let Some(request) = self.change_state.take() {
            let asked = &request.message().transition;
            let success = match Transition::requested(state(), asked.id, &asked.label) {
                Ok(transition) => carry_out(io, &self.events, transition),
                Err(reason) => {
                    io.warn(&reason);
                    false
                }
            };
            request.respond(ChangeState::Response { success });
        }
    }

    pub(super) fn events(&self) -> &Publisher<msg::TransitionEvent> {
        &self.events
    }
}

/// Tells that a transition began.
pub(super) fn announce_start(io: &Io, events: &Publisher<msg::TransitionEvent>, transition: Transition) {
    announce(io, events, first_half(transition));
}

/// Tells how a transition ended.
pub(super) fn announce_end(
    io: &Io,
    events: &Publisher<msg::TransitionEvent>,
    transition: Transition,
    ok: bool,
) {
    announce(io, events, second_half(transition, ok));
}

fn announce(io: &Io, events: &Publisher<msg::TransitionEvent>, what: msg::TransitionDescription) {
    events.publish(&msg::TransitionEvent {
        timestamp: u64::try_from(io.system_ns()).unwrap_or(0),
        transition: what.transition,
        start_state: what.start_state,
        goal_state: what.goal_state,
    });
}

/// From a primary state to the state of being underway.
fn first_half(t: Transition) -> msg::TransitionDescription {
    let (id, label) = t.underway();
    msg::TransitionDescription {
        transition: msg::Transition {
            id: t.id(),
            label: t.label().to_owned(),
        },
        start_state: state_msg(t.start()),
        goal_state: state_of(id, label),
    }
}

/// From being underway to the goal, or back to the start.
fn second_half(t: Transition, ok: bool) -> msg::TransitionDescription {
    let (id, label) = t.underway();
    let outcome = if ok {
        "transition_success"
    } else {
        "transition_failure"
    };
    msg::TransitionDescription {
        transition: msg::Transition {
            id: t.outcome_id(ok),
            label: outcome.to_owned(),
        },
        start_state: state_of(id, label),
        goal_state: state_msg(if ok { t.goal() } else { t.start() }),
    }
}

fn state_msg(state: State) -> msg::State {
    state_of(state.id(), state.label())
}

fn state_of(id: u8, label: &str) -> msg::State {
    msg::State {
        id,
        label: label.to_owned(),
    }
}

/// One transition for each state of being underway.
const UNDERWAY: [Transition; 5] = [
    Transition::Configure,
    Transition::Cleanup,
    Transition::UnconfiguredShutdown,
    Transition::Activate,
    Transition::Deactivate,
];
