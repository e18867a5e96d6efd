//! Behaviour of the supervisor's state machine, on a virtual clock.

use std::time::Duration;

use proptest::prelude::*;
use servomesh_cli::launch::Respawn;
use servomesh_cli::process::{Cell, Exit, Failure, Id, Input, Limits, Notice, Output, Signal, Supervised};

const SECOND: Duration = Duration::from_secs(1);

fn process(label: &str) -> Supervised {
    Supervised {
        label: label.to_owned(),
        respawn: None,
        ends_all: false,
    }
}

fn respawned(label: &str) -> Supervised {
    let respawn = Respawn {
        delay: SECOND / 2,
        max_retries: None,
    };
    Supervised {
        respawn: Some(respawn),
        ..process(label)
    }
}

/// A cell of which every process has been started.
fn running(processes: impl IntoIterator<Item = Supervised>) -> Cell {
    let mut cell = Cell::new(processes, Limits::default());
    for output in drain(&mut cell) {
        if let Output::Start(id) = output {
            cell.handle(Duration::ZERO, Input::Started(id));
        }
    }
    drain(&mut cell);
    cell
}

fn drain(cell: &mut Cell) -> Vec<Output> {
    std::iter::from_fn(|| cell.poll()).collect()
}

/// What is done apart from messages.
fn deeds(cell: &mut Cell) -> Vec<Output> {
    drain(cell)
        .into_iter()
        .filter(|output| !matches!(output, Output::Say(_)))
        .collect()
}

fn failed(outputs: &[Output]) -> Vec<String> {
    let over = outputs.iter().find_map(|output| match output {
        Output::Over(failures) => Some(failures),
        _ => None,
    });
    over.expect("over").iter().map(Failure::to_string).collect()
}

#[test]
fn everything_is_started_at_once_and_announced_once() {
    let mut cell = Cell::new([process("a"), respawned("b")], Limits::default());
    assert_eq!(drain(&mut cell), [Output::Start(Id(0)), Output::Start(Id(1))]);
    cell.handle(Duration::ZERO, Input::Started(Id(0)));
    assert_eq!(drain(&mut cell), []);
    cell.handle(Duration::ZERO, Input::Started(Id(1)));
    assert_eq!(
        drain(&mut cell),
        [Output::Say(Notice::AllStarted { processes: 2 })]
    );
}

#[test]
fn a_plan_without_processes_is_over_at_once() {
    let mut cell = Cell::new([], Limits::default());
    assert_eq!(drain(&mut cell), [Output::Over(Vec::new())]);
}

#[test]
fn a_process_with_respawn_is_started_again_after_its_delay() {
    let mut cell = running([respawned("a"), respawned("b")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Signal(11)));
    assert_eq!(deeds(&mut cell), []);
    assert_eq!(cell.deadline(), Some(SECOND * 3 / 2));
    cell.tick(SECOND * 3 / 2 - Duration::from_nanos(1));
    assert_eq!(deeds(&mut cell), []);
    cell.tick(SECOND * 3 / 2);
    assert_eq!(deeds(&mut cell), [Output::Start(Id(0))]);
    assert_eq!(cell.deadline(), None);
}

#[test]
fn a_process_that_cannot_live_is_given_up_and_the_others_run_on() {
    let mut cell = running([respawned("sick"), respawned("well")]);
    let mut now = SECOND;
    for _ in 0..5 {
        cell.handle(now, Input::Ended(Id(0), Exit::Code(1)));
        now = cell.deadline().expect("a restart");
        cell.tick(now);
        assert_eq!(deeds(&mut cell), [Output::Start(Id(0))]);
    }
    cell.handle(now, Input::Ended(Id(0), Exit::Code(1)));
    let said = drain(&mut cell);
    let [Output::Say(notice @ Notice::GivenUp { .. })] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert_eq!(
        notice.to_string(),
        "sick failed (exit code 1): it was restarted too often in too short a time; it is not restarted, the others run on"
    );
    assert_eq!(cell.deadline(), None);
}

#[test]
fn a_wrong_configuration_is_not_restarted() {
    let mut cell = running([respawned("safety"), respawned("sim")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Code(78)));
    assert_eq!(deeds(&mut cell), []);
    assert_eq!(cell.deadline(), None);
    cell.handle(SECOND, Input::Ended(Id(1), Exit::Code(78)));
    assert_eq!(
        failed(&drain(&mut cell)),
        [
            "safety failed (exit code 78): its configuration is wrong",
            "sim failed (exit code 78): its configuration is wrong"
        ]
    );
}

#[test]
fn a_failure_without_respawn_stops_all() {
    let mut cell = running([process("setup"), respawned("sim")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Code(2)));
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(1), Signal::Interrupt)]);
    cell.handle(SECOND, Input::Ended(Id(1), Exit::Code(0)));
    assert_eq!(failed(&drain(&mut cell)), ["setup failed (exit code 2)"]);
}

#[test]
fn a_process_that_cannot_be_started_has_failed() {
    let mut cell = Cell::new([process("a")], Limits::default());
    drain(&mut cell);
    cell.handle(
        Duration::ZERO,
        Input::Ended(Id(0), Exit::NotStarted("no such folder".to_owned())),
    );
    assert_eq!(
        failed(&drain(&mut cell)),
        ["a failed (could not be started: no such folder)"]
    );
}

#[test]
fn processes_that_finish_without_error_leave_the_others_alone() {
    let mut cell = running([process("a"), process("b")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Code(0)));
    assert_eq!(deeds(&mut cell), []);
    cell.handle(SECOND, Input::Ended(Id(1), Exit::Code(0)));
    assert_eq!(deeds(&mut cell), [Output::Over(Vec::new())]);
}

#[test]
fn on_exit_shutdown_ends_all_without_being_a_failure() {
    let last = Supervised {
        ends_all: true,
        ..process("program")
    };
    let mut cell = running([last, respawned("sim")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Code(0)));
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(1), Signal::Interrupt)]);
    cell.handle(SECOND, Input::Ended(Id(1), Exit::Signal(2)));
    assert_eq!(deeds(&mut cell), [Output::Over(Vec::new())]);
    assert_eq!(cell.deadline(), None, "nothing is due after the end");
}

#[test]
fn a_stop_grows_firmer_with_time() {
    let mut cell = running([respawned("a"), respawned("b")]);
    cell.handle(SECOND, Input::Stop);
    assert_eq!(
        deeds(&mut cell),
        [
            Output::Signal(Id(0), Signal::Interrupt),
            Output::Signal(Id(1), Signal::Interrupt)
        ]
    );
    cell.handle(SECOND * 2, Input::Ended(Id(1), Exit::Code(0)));
    assert_eq!(cell.deadline(), Some(SECOND * 6));
    cell.tick(SECOND * 6);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(0), Signal::Terminate)]);
    cell.tick(SECOND * 11);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(0), Signal::Kill)]);
    assert_eq!(cell.deadline(), None);
    cell.handle(SECOND * 11, Input::Ended(Id(0), Exit::Signal(9)));
    assert_eq!(
        failed(&drain(&mut cell)),
        ["a failed (SIGKILL): it did not stop when asked to"]
    );
}

#[test]
fn only_ctrl_c_makes_a_stop_firmer() {
    let mut cell = running([respawned("a")]);
    cell.handle(SECOND, Input::Interrupt);
    drain(&mut cell);
    cell.handle(SECOND * 2, Input::Stop);
    assert_eq!(deeds(&mut cell), []);
    cell.handle(SECOND * 2, Input::Interrupt);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(0), Signal::Terminate)]);
    assert_eq!(
        cell.deadline(),
        Some(SECOND * 7),
        "the next step is timed from this one"
    );
    cell.handle(SECOND * 3, Input::Interrupt);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(0), Signal::Kill)]);
    cell.handle(SECOND * 4, Input::Interrupt);
    assert_eq!(deeds(&mut cell), []);
}

#[test]
fn one_ctrl_c_that_arrives_twice_is_one() {
    let mut cell = running([respawned("a")]);
    cell.handle(SECOND, Input::Interrupt);
    drain(&mut cell);
    cell.handle(SECOND + Duration::from_millis(299), Input::Interrupt);
    assert_eq!(deeds(&mut cell), []);
    cell.handle(SECOND + Duration::from_millis(300), Input::Interrupt);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(0), Signal::Terminate)]);
}

#[test]
fn a_stop_cancels_restarts_that_are_due_later() {
    let mut cell = running([respawned("a"), respawned("b")]);
    cell.handle(SECOND, Input::Ended(Id(0), Exit::Code(1)));
    drain(&mut cell);
    cell.handle(SECOND, Input::Stop);
    assert_eq!(deeds(&mut cell), [Output::Signal(Id(1), Signal::Interrupt)]);
    cell.handle(SECOND, Input::Ended(Id(1), Exit::Code(143)));
    assert_eq!(deeds(&mut cell), [Output::Over(Vec::new())]);
}

/// A process ends in some way, time passes, or the user acts.
#[derive(Clone, Debug)]
enum Step {
    End(usize, i32),
    Wait(u64),
    Stop,
    Interrupt,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..4_usize, prop_oneof![Just(0), Just(1), Just(78)]).prop_map(|(id, code)| Step::End(id, code)),
        4 => (0..20_000_u64).prop_map(Step::Wait),
        1 => Just(Step::Stop),
        1 => Just(Step::Interrupt),
    ]
}

proptest! {
    /// Whatever happens: no process is started while it runs or after a stop has begun, the restart intensity holds, and
    /// the cell is over exactly when nothing runs and nothing is due.
    #[test]
    fn the_cell_keeps_its_invariants(steps in prop::collection::vec(step(), 0..200)) {
        let limits = Limits::default();
        let ends_all = Supervised { ends_all: true, ..process("d") };
        let mut cell = Cell::new([respawned("a"), respawned("b"), process("c"), ends_all], limits);
        let mut running = [false; 4];
        let mut starts: [Vec<Duration>; 4] = Default::default();
        let (mut now, mut stopping, mut over) = (Duration::ZERO, false, false);
        for step in steps.iter().map(Some).chain([None]) {
            for output in drain(&mut cell) {
                prop_assert!(!over, "{output:?} after the end");
                match output {
                    Output::Start(Id(id)) => {
                        prop_assert!(!running[id] && !stopping);
                        running[id] = true;
                        starts[id].push(now);
                    }
                    Output::Signal(Id(id), _) => {
                        prop_assert!(running[id]);
                        stopping = true;
                    }
                    Output::Over(_) => over = true,
                    Output::Say(_) => {}
                }
            }
            prop_assert_eq!(over, running == [false; 4] && cell.deadline().is_none());
            match step {
                Some(Step::End(id, code)) if running[*id] => {
                    running[*id] = false;
                    cell.handle(now, Input::Ended(Id(*id), Exit::Code(*code)));
                }
                Some(Step::Wait(ms)) => {
                    now += Duration::from_millis(*ms);
                    cell.tick(now);
                }
                Some(Step::Stop) => {
                    stopping = true;
                    cell.handle(now, Input::Stop);
                }
                Some(Step::Interrupt) => {
                    stopping = true;
                    cell.handle(now, Input::Interrupt);
                }
                _ => {}
            }
        }
        for starts in starts {
            // The first start is none of the restarts; a restart is counted when the process ends, so at most the longest
            // delay earlier than it happens.
            for window in starts.windows(limits.restarts_max as usize + 2) {
                let span = window[window.len() - 1] - window[0];
                prop_assert!(span + limits.delay_max >= limits.window, "{window:?}");
            }
        }
    }
}
