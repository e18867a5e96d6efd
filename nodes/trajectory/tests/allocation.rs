//! In steady state nothing is allocated: neither while holding nor on the way.

mod bench;

use bench::Bench;
use servomesh_trajectory::{Input, Output};
use servomesh_types::{Core, GroupMotion};
use std::time::Duration;

/// Ticks for a second with a machine that follows at once, and counts.
fn allocations(bench: &mut Bench) -> u64 {
    let group = bench.group;
    let mut now = bench.now;
    let setpoint = bench.last();
    let mut motion = GroupMotion {
        stamp: now,
        holds_at: now,
        position: setpoint.position,
        velocity: setpoint.velocity,
        ..GroupMotion::default()
    };
    let allocated = allocation_counter::measure(|| {
        for _ in 0..500 {
            now = now.next_multiple(Duration::from_millis(2), Duration::ZERO);
            (motion.stamp, motion.holds_at) = (now, now);
            bench.core.handle(now, Input::Motion { group, motion });
            bench.core.tick(now);
            while let Some(output) = bench.core.poll() {
                if let Output::Setpoint { setpoint, .. } = output {
                    (motion.position, motion.velocity) = (setpoint.position, setpoint.velocity);
                }
            }
        }
    });
    bench.now = now;
    allocated.count_total
}

// One test, since the count is the process's.
#[test]
fn holding_and_moving_allocate_nothing() {
    let mut bench = Bench::arm();
    assert_eq!(allocations(&mut bench), 0, "while holding");
    let mut bench = Bench::arm();
    bench.follow(bench::trajectory(&[
        (3.0, [0.5, 0.2, 0.0]),
        (6.0, [0.1, -0.2, 0.3]),
    ]));
    assert_eq!(allocations(&mut bench), 0, "on a trajectory");
    let mut bench = Bench::arm();
    bench.go_scaled(&[1.0, 1.0, 1.0], 0.1, 1.0);
    assert_eq!(allocations(&mut bench), 0, "on a move");
}
