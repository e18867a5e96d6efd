//! In steady state nothing is allocated: neither while holding nor on the way.
#![expect(unsafe_code, reason = "counting allocations takes an allocator of one's own")]

mod bench;

use bench::Bench;
use servomesh_trajectory::{Input, Output};
use servomesh_types::{Core, GroupMotion};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

struct Counting;

static COUNT: AtomicUsize = AtomicUsize::new(0);

// SAFETY: hands everything to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Ticks for a second with a machine that follows at once, and counts.
fn allocations(bench: &mut Bench) -> usize {
    let group = bench.group;
    let mut now = bench.now;
    let setpoint = bench.last();
    let mut motion = GroupMotion {
        stamp: now,
        position: setpoint.position,
        velocity: setpoint.velocity,
        ..GroupMotion::default()
    };
    let before = COUNT.load(Ordering::Relaxed);
    for _ in 0..500 {
        now = now.next_multiple(Duration::from_millis(2), Duration::ZERO);
        motion.stamp = now;
        bench.core.handle(now, Input::Motion { group, motion });
        bench.core.tick(now);
        while let Some(output) = bench.core.poll() {
            if let Output::Setpoint { setpoint, .. } = output {
                (motion.position, motion.velocity) = (setpoint.position, setpoint.velocity);
            }
        }
    }
    let counted = COUNT.load(Ordering::Relaxed) - before;
    bench.now = now;
    counted
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
