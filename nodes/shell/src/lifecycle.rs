//! The states and transitions of a managed node, as ROS 2's lifecycle design and `lifecycle_msgs` have them.
//!
//! Source: design.ros2.org, "Managed nodes"; the numbers are those of `lifecycle_msgs/msg/State` and `Transition`.

/// A primary state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum State {
    /// Created; nothing is set up.
    Unconfigured = 1,
    /// Set up; does nothing.
    Inactive = 2,
    /// Does its duty.
    Active = 3,
    /// About to end.
    Finalized = 4,
}

/// A transition that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Transition {
    /// Unconfigured → inactive.
    Configure = 1,
    /// Inactive → unconfigured.
    Cleanup = 2,
    /// Inactive → active.
    Activate = 3,
    /// Active → inactive.
    Deactivate = 4,
    /// Unconfigured → finalized.
    UnconfiguredShutdown = 5,
    /// Inactive → finalized.
    InactiveShutdown = 6,
    /// Active → finalized.
    ActiveShutdown = 7,
}

impl State {
    /// All primary states.
    pub const ALL: [Self; 4] = [Self::Unconfigured, Self::Inactive, Self::Active, Self::Finalized];

    /// The state's name in `lifecycle_msgs`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Inactive => "inactive",
            Self::Active => "active",
            Self::Finalized => "finalized",
        }
    }

    /// Its number in `lifecycle_msgs`.
    pub fn id(self) -> u8 {
        self as u8
    }
}

impl Transition {
    /// All transitions that can be asked for.
    pub const ALL: [Self; 7] = [
        Self::Configure,
        Self::Cleanup,
        Self::Activate,
        Self::Deactivate,
        Self::UnconfiguredShutdown,
        Self::InactiveShutdown,
        Self::ActiveShutdown,
    ];

    /// The transition's name in `lifecycle_msgs`.
    pub fn label(self) -> &'static str {
        match self {
            Self::Configure => "configure",
            Self::Cleanup => "cleanup",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::UnconfiguredShutdown | Self::InactiveShutdown | Self::ActiveShutdown => "shutdown",
        }
    }

    /// Its number in `lifecycle_msgs`.
    pub fn id(self) -> u8 {
        self as u8
    }

    /// Where it starts.
    pub fn start(self) -> State {
        match self {
            Self::Configure | Self::UnconfiguredShutdown => State::Unconfigured,
            Self::Cleanup | Self::Activate | Self::InactiveShutdown => State::Inactive,
            Self::Deactivate | Self::ActiveShutdown => State::Active,
        }
    }

    /// Where it ends if it succeeds; if it fails, the node stays where it was.
    pub fn goal(self) -> State {
        match self {
            Self::Configure | Self::Deactivate => State::Inactive,
            Self::Cleanup => State::Unconfigured,
            Self::Activate => State::Active,
            Self::UnconfiguredShutdown | Self::InactiveShutdown | Self::ActiveShutdown => State::Finalized,
        }
    }

    /// The state that the node is in while the transition goes on: number and name in `lifecycle_msgs`.
    pub fn underway(self) -> (u8, &'static str) {
        match self {
            Self::Configure => (10, "configuring"),
            Self::Cleanup => (11, "cleaningup"),
            Self::UnconfiguredShutdown | Self::InactiveShutdown | Self::ActiveShutdown => {
                (12, "shuttingdown")
            }
            Self::Activate => (13, "activating"),
            Self::Deactivate => (14, "deactivating"),
        }
    }

    /// The number of the transition that ends [`underway`](Self::underway), if it went well and if not.
    pub fn outcome_id(self, ok: bool) -> u8 {
        let tens = match self {
            Self::Configure => 10,
            Self::Cleanup => 20,
            Self::Activate => 30,
            Self::Deactivate => 40,
            Self::UnconfiguredShutdown | Self::InactiveShutdown | Self::ActiveShutdown => 50,
        };
        if ok { tens } else { tens + 1 }
    }

    /// The transition that a request asks for in `state`: by number, or by name where the number is 0.
    ///
    /// # Errors
    /// A sentence that names what was asked for and what is possible.
    pub fn requested(state: State, id: u8, label: &str) -> Result<Self, String> {
        let matches = |t: &Self| {
            if label.is_empty() || id != 0 {
                t.id() == id
            } else {
                t.label() == label
            }
        };
        Self::ALL
            .into_iter()
            .find(|t| t.start() == state && (matches(t) || (is_shutdown(id) && is_shutdown(t.id()))))
            .ok_or_else(|| {
                let possible: Vec<_> = Self::from(state).map(Self::label).collect();
                let asked = if label.is_empty() {
                    id.to_string()
                } else {
                    label.to_owned()
                };
                format!(
                    "transition {asked} is not possible in state {}; possible: {possible:?}",
                    state.label()
                )
            })
    }

    /// The transitions that start in `state`.
    pub fn from(state: State) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |t| t.start() == state)
    }
}

/// Callers ask for a shutdown by any of its three numbers.
fn is_shutdown(id: u8) -> bool {
    (Transition::UnconfiguredShutdown.id()..=Transition::ActiveShutdown.id()).contains(&id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_goes_the_documented_way_and_back() {
        let way = [
            Transition::Configure,
            Transition::Activate,
            Transition::Deactivate,
            Transition::Cleanup,
            Transition::UnconfiguredShutdown,
        ];
        let end = way.into_iter().fold(State::Unconfigured, |state, transition| {
            assert_eq!(Transition::requested(state, transition.id(), ""), Ok(transition));
            transition.goal()
        });
        assert_eq!(end, State::Finalized);
    }

    #[test]
    fn an_impossible_transition_names_what_is_possible() {
        let error = Transition::requested(State::Unconfigured, Transition::Activate.id(), "").unwrap_err();
        assert!(
            error.contains("unconfigured") && error.contains("configure"),
            "{error}"
        );
        assert!(Transition::requested(State::Finalized, Transition::Configure.id(), "").is_err());
    }

    #[test]
    fn a_transition_can_be_asked_for_by_name_and_shutdown_by_any_of_its_numbers() {
        assert_eq!(
            Transition::requested(State::Active, 0, "deactivate"),
            Ok(Transition::Deactivate)
        );
        assert_eq!(
            Transition::requested(State::Active, 5, ""),
            Ok(Transition::ActiveShutdown)
        );
    }
}
