//! In steady state a cycle of the driver allocates nothing: neither while it follows commands nor while it stops.

mod common;

use common::{Bench, DT, JOINTS, quintic};
use servomesh_driver::{Input, Output};
use servomesh_types::{Command, CommandMode, Core, DriveMode};

/// Gives an input straight to the core; allocations until its outputs are drained, or `None` if one is an event.
fn allocations(bench: &mut Bench, input: Input) -> Option<u64> {
    let mut outputs = [const { None }; 4];
    let count = allocation_counter::measure(|| {
        bench.driver.handle(bench.now, input);
        for slot in &mut outputs {
            *slot = bench.driver.poll();
        }
    })
    .count_total;
    assert_eq!(bench.driver.poll(), None);
    let mut eventful = false;
    for output in outputs.into_iter().flatten() {
        eventful |= matches!(output, Output::Event(_));
        bench.take(output);
    }
    (!eventful).then_some(count)
}

#[test]
fn a_cycle_allocates_nothing() {
    let mut bench = Bench::enabled();
    for k in 0..1000 {
        let [p, v, a] = quintic(f64::from(k) * DT, 1.2, 1.2);
        // Every 50 commands a gap that is picked up smoothly; from 600 on silence, and so the driver's own stop.
        if k % 50 > 5 && k < 600 {
            let setpoint = bench.setpoint(1, [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]);
            let command = Input::Command(Command {
                mode: CommandMode::Track,
                setpoint,
            });
            assert_eq!(allocations(&mut bench, command), Some(0), "command {k}");
        }
        bench.drives_only();
        let frame = Input::Bus(bench.frame());
        let count = allocations(&mut bench, frame);
        assert!(
            count.is_none_or(|count| count == 0),
            "frame {k}: {count:?} in {:?}",
            bench.driver.mode()
        );
    }
    assert_eq!(bench.driver.mode(), DriveMode::Disabled);
}
