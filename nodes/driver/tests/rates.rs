//! Commands that don't come at the rate of the bus: they apply at their stamps, and the reference runs through them.

mod common;

use common::{Bench, JOINTS, params, quintic};
use servomesh_driver::{Gains, Input};
use servomesh_types::{Command, CommandMode, DriveMode, Stamp};
use std::time::Duration;

/// Both joints go a way of 1.2 rad in 1.2 s; commands are made at `command_hz`, each is under way for 0.4 ms and is missing if `lost` says so.
/// The largest distance from the commanded motion, at the bus's samples.
fn worst(command_hz: f64, bus_hz: f64, lost: impl Fn(u32) -> bool) -> f64 {
    let mut params = params();
    params.group.rate_hz = bus_hz;
    for joint in &mut params.joints {
        joint.gains = Gains::for_rate(bus_hz.min(500.0));
    }
    let mut bench = Bench::with(params);
    let start = bench.now;
    let motion = |at: Stamp| {
        let [p, v, a] = quintic(at.seconds_from(start) - 1.0, 1.2, 1.2);
        [[0.4 + p; JOINTS], [v; JOINTS], [a; JOINTS]]
    };
    bench.cycle();
    let (mut worst, mut made): (f64, u32) = (0.0, 0);
    while bench.now.seconds_from(start) < 2.6 {
        let next_frame = bench.now + bench.period;
        loop {
            let stamp = start + Duration::from_secs_f64(f64::from(made) / command_hz);
            let arrives = stamp + Duration::from_micros(400);
            if arrives > next_frame {
                break;
            }
            made += 1;
            let mut setpoint = bench.setpoint(1, motion(stamp));
            setpoint.tag.stamp = stamp;
            if !lost(made) && arrives >= bench.now {
                bench.driver_hears(
                    arrives,
                    Input::Command(Command {
                        mode: CommandMode::Track,
                        setpoint,
                    }),
                );
            }
        }
        bench.cycle();
        let [position, ..] = motion(bench.now);
        if bench.now.seconds_from(start) > 0.5 {
            for joint in &bench.joints {
                worst = worst.max((joint.position - position[0]).abs());
            }
        }
    }
    assert_eq!(bench.state().mode, DriveMode::Enabled, "{:?}", bench.events);
    worst
}

#[test]
fn other_rates_than_the_buses_are_followed_about_as_well() {
    let equal = worst(500.0, 500.0, |_| false);
    println!("500 Hz on 500 Hz: {equal:.2e} rad");
    for (command_hz, bus_hz) in [
        (250.0, 641.0),
        (500.0, 400.0),
        (250.0, 1000.0),
        (100.0, 500.0),
        (1000.0, 500.0),
        (333.0, 500.0),
    ] {
        let other = worst(command_hz, bus_hz, |_| false);
        println!("{command_hz} Hz on {bus_hz} Hz: {other:.2e} rad");
        // A slower bus closes slower loops.
        let slower = (500.0 / bus_hz).max(1.0).powi(2);
        assert!(
            other < 2.0 * equal * slower,
            "{command_hz} Hz on {bus_hz} Hz: {other} rad against {equal}"
        );
    }
}

#[test]
fn lost_commands_are_bridged_at_any_rate() {
    let whole = worst(250.0, 641.0, |_| false);
    let torn = worst(250.0, 641.0, |k| k % 20 < 3);
    assert!(torn < 4.0 * whole + 2e-4, "{torn} against {whole}");
}
