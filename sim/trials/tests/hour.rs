//! A sample of the fault-free hour: one part, on one machine.

use servomesh_trials::hour::{Args, run};

#[test]
fn nothing_stops_the_line_job_of_a_machine_that_is_a_tenth_off_and_nothing_is_doubted() {
    let args = Args {
        minutes: 0.05,
        seed: 1,
        machines: 1,
        off: 0.1,
    };
    let summary = run(&args).expect("such machines can be");
    println!("{summary:?}");
    assert!(summary.is_clean(), "{:#?}", summary.told);
    assert_eq!(summary.parts, 1);
    assert!(
        summary.efforts.iter().all(|share| (0.01..1.0).contains(share)),
        "the observer observes: {:?}",
        summary.efforts
    );
}
