//! The state machine as the standard has it, against python's `canopen` (`golden/cia402.py`), and what no words can bring about.

use proptest::prelude::*;
use serde::Deserialize;
use servomesh_fieldbus::cia402::{
    Cause, Command, Controlword, ErrorCode, Mode, Ramp, Reaction, State, Transition, error_name,
    fault_reaction, halt, leave, quick_stop,
};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Golden {
    states: BTreeMap<String, (u16, u16)>,
    transitions: Vec<(String, String, u16)>,
    modes: Vec<(i8, u32)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/cia402.json")).expect("the file of this form")
}

fn named(name: &str) -> Option<State> {
    State::ALL.into_iter().find(|state| state.name() == name)
}

#[test]
fn statuswords_are_read_as_canopen_reads_them() {
    let golden = golden();
    for statusword in 0..=u16::MAX {
        let theirs: Vec<_> = golden
            .states
            .iter()
            .filter(|(_, (mask, value))| statusword & mask == *value)
            .collect();
        assert!(theirs.len() <= 1);
        let theirs = theirs
            .first()
            .map(|(name, _)| named(name).expect("a state of ours"));
        assert_eq!(State::of(statusword), theirs, "{statusword:#06x}");
    }
    for state in State::ALL {
        assert_eq!(State::of(state.bits()), Some(state));
    }
}

#[test]
fn controlwords_lead_where_canopen_says() {
    let golden = golden();
    assert_eq!(golden.transitions.len(), 16);
    let mut found = Vec::new();
    for (old, new, word) in &golden.transitions {
        let to = named(new).expect("a state of ours");
        let Some(from) = named(old) else {
            assert_eq!((old.as_str(), to), ("start", Transition::T0.to()));
            found.push(Transition::T0);
            continue;
        };
        let word = Controlword(*word);
        let transition = match from {
            State::NotReadyToSwitchOn => Transition::T1,
            State::FaultReactionActive => Transition::T14,
            _ => {
                assert_eq!(from.toward(to), Some(word), "{old} to {new}");
                from.obey(word, Controlword(0)).expect("a transition")
            }
        };
        assert_eq!(
            (transition.from(), transition.to()),
            (Some(from), to),
            "{old} to {new}"
        );
        found.push(transition);
    }
    found.push(Transition::T13);
    found.sort();
    found.dedup();
    assert_eq!(found, Transition::ALL);
}

#[test]
fn modes_have_canopens_codes_and_bits() {
    let golden = golden();
    for (code, bit) in &golden.modes {
        let ours = Mode::of(*code);
        assert_eq!(ours.map_or(0, Mode::bit), *bit);
        assert!(ours.is_some() || *code == 0);
    }
    assert_eq!(golden.modes.len(), Mode::ALL.len() + 1);
    assert_eq!(Mode::of(5), None);
    assert_eq!(
        Mode::ALL.map(Mode::name).join(" "),
        "PP VL PV PT HM IP CSP CSV CST"
    );
    let cyclic = Mode::ALL.into_iter().filter(|mode| mode.is_cyclic());
    assert_eq!(cyclic.map(Mode::code).collect::<Vec<_>>(), [8, 9, 10]);
}

/// Each of the states under each of the commands, written out from the standard's figure.
#[test]
fn a_drive_obeys_as_the_standard_says() {
    use Command::{DisableVoltage, EnableOperation, QuickStop, Shutdown, SwitchOn};
    let commands = [Shutdown, SwitchOn, EnableOperation, DisableVoltage, QuickStop];
    let words = [0x06, 0x07, 0x0F, 0x00, 0x02];
    let table: [(State, [u8; 5]); 8] = [
        (State::NotReadyToSwitchOn, [0, 0, 0, 0, 0]),
        (State::SwitchOnDisabled, [2, 0, 0, 0, 0]),
        (State::ReadyToSwitchOn, [0, 3, 3, 7, 7]),
        (State::SwitchedOn, [6, 0, 4, 10, 10]),
        (State::OperationEnabled, [8, 5, 0, 9, 11]),
        (State::QuickStopActive, [0, 0, 16, 12, 0]),
        (State::FaultReactionActive, [0, 0, 0, 0, 0]),
        (State::Fault, [0, 0, 0, 0, 0]),
    ];
    for (state, numbers) in table {
        for ((command, word), number) in commands.into_iter().zip(words).zip(numbers) {
            let word = Controlword(word);
            assert_eq!(word.command(), Some(command));
            let expected = Transition::ALL
                .into_iter()
                .find(|transition| number > 0 && transition.number() == number);
            assert_eq!(
                state.obey(word, Controlword(0)),
                expected,
                "{command:?} in {}",
                state.name()
            );
        }
    }
}

#[test]
fn a_fault_is_left_by_a_rising_bit_alone() {
    let (reset, none) = (Controlword::FAULT_RESET, Controlword(0));
    assert_eq!(State::Fault.obey(reset, none), Some(Transition::T15));
    assert_eq!(State::Fault.obey(reset, reset), None, "the bit is held");
    assert_eq!(
        State::Fault.obey(Controlword(0x8F), Controlword(0x0F)),
        Some(Transition::T15)
    );
    assert_eq!(
        State::FaultReactionActive.obey(reset, none),
        None,
        "the motor has not come to rest"
    );
    assert_eq!(State::OperationEnabled.obey(reset, none), None);
    for state in State::ALL {
        let expected = !matches!(state, State::Fault | State::FaultReactionActive);
        assert_eq!(state.fail().is_some(), expected);
    }
}

#[test]
fn every_way_ends_at_its_goal() {
    use State::{OperationEnabled, QuickStopActive, ReadyToSwitchOn, SwitchOnDisabled, SwitchedOn};
    for goal in [
        SwitchOnDisabled,
        ReadyToSwitchOn,
        SwitchedOn,
        OperationEnabled,
        QuickStopActive,
    ] {
        for start in State::ALL {
            let (mut state, mut before, mut steps) = (start, Controlword(0), 0);
            while state != goal {
                let moved = match state.toward(goal) {
                    Some(word) => {
                        let moved = state.obey(word, before);
                        before = word;
                        moved.unwrap_or_else(|| panic!("{word:?} does nothing in {}", state.name()))
                    }
                    None if state == State::NotReadyToSwitchOn => Transition::T1,
                    None if state == State::FaultReactionActive => Transition::T14,
                    None => panic!("no way from {} to {}", state.name(), goal.name()),
                };
                state = moved.to();
                steps += 1;
                assert!(steps < 8, "a loop from {} to {}", start.name(), goal.name());
            }
        }
    }
    for start in [SwitchOnDisabled, OperationEnabled] {
        for goal in [
            State::NotReadyToSwitchOn,
            State::FaultReactionActive,
            State::Fault,
        ] {
            assert_eq!(start.toward(goal), None);
        }
    }
}

proptest! {
    /// Whatever words come, each step begins where the drive is, and power comes through "switched on" or out of a quick stop alone.
    #[test]
    fn any_words_keep_to_the_figure(words in prop::collection::vec(any::<u16>(), 1..200)) {
        let (mut state, mut before) = (State::SwitchOnDisabled, Controlword(0));
        for word in words.into_iter().map(Controlword) {
            if let Some(transition) = state.obey(word, before) {
                prop_assert_eq!(transition.from(), Some(state));
                prop_assert!(matches!(transition.cause(), Cause::Commanded | Cause::Reset));
                if transition.to().is_powered() && !state.is_powered() {
                    prop_assert_eq!(transition, Transition::T4);
                }
                state = transition.to();
            } else if word.0 & 0x82 == 0 {
                prop_assert!(!state.is_powered(), "disable voltage always takes the power away");
            }
            before = word;
        }
    }

    #[test]
    fn other_bits_do_not_change_the_state(state in prop::sample::select(&State::ALL[..]), other: u16) {
        let others = other & !0x6F;
        prop_assert_eq!(State::of(state.bits() | others), Some(state));
    }
}

#[test]
fn option_codes_say_how_the_motor_stops() {
    let reaction = |ramp, then| Some(Reaction { ramp, then });
    assert_eq!(quick_stop(0), reaction(Ramp::Coast, State::SwitchOnDisabled));
    assert_eq!(quick_stop(2), reaction(Ramp::QuickStop, State::SwitchOnDisabled));
    assert_eq!(quick_stop(5), reaction(Ramp::SlowDown, State::QuickStopActive));
    assert_eq!(
        quick_stop(8),
        reaction(Ramp::VoltageLimit, State::QuickStopActive)
    );
    assert_eq!(
        leave(1, State::SwitchedOn),
        reaction(Ramp::SlowDown, State::SwitchedOn)
    );
    assert_eq!(halt(1), reaction(Ramp::SlowDown, State::OperationEnabled));
    assert_eq!(fault_reaction(2), reaction(Ramp::QuickStop, State::Fault));
    assert_eq!(fault_reaction(0), reaction(Ramp::Coast, State::Fault));
    for code in [-1, 9] {
        assert_eq!(quick_stop(code), None);
    }
    assert_eq!(
        (halt(0), leave(2, State::SwitchedOn), fault_reaction(5)),
        (None, None, None)
    );
}

#[test]
fn errors_have_names() {
    assert!(ErrorCode::ALL.windows(2).all(|pair| pair[0].code < pair[1].code));
    assert_eq!(error_name(0x8611), Some("following error"));
    assert_eq!(
        error_name(0x2312),
        Some("continuous over-current"),
        "by its group"
    );
    assert_eq!(error_name(0x8FFF), Some("monitoring"));
    assert_eq!(error_name(0xFF01), Some("manufacturer's own"));
    assert_eq!(error_name(0x9000), None);
}
