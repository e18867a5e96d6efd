//! Each data sheet's model does what its maker publishes, on a dynamometer: a brake that holds the output at a speed.

use servomesh_driver::files::JointFiles;
use servomesh_sim::servo::drive::{Drive, DriveCommand};
use servomesh_sim::{DataSheet, ServoCatalog, SimError};
use servomesh_types::Stamp;
use std::time::Duration;

const SHEETS: [&str; 6] = [
    include_str!("../servos/fha_17c_100.yaml"),
    include_str!("../servos/fha_25c_100.yaml"),
    include_str!("../servos/xm430_w350.yaml"),
    include_str!("../servos/hs_311.yaml"),
    include_str!("../servos/sts3215.yaml"),
    include_str!("../servos/xm540_w270.yaml"),
];

/// Effort (N·m) and current (A) at a speed, with all that the drive can give, once both have settled.
fn dynamometer(sheet: &DataSheet, voltage_v: f64, velocity: f64) -> (f64, f64) {
    let mut drive = Drive::new(&sheet.servo, true, 0.0);
    drive.set_bus_voltage(voltage_v);
    let (mut now, mut position, mut effort) = (Stamp::ZERO, 0.0, 0.0);
    for _ in 0..250 {
        let all = DriveCommand {
            enable: true,
            current_a: f64::MAX,
        };
        drive.command(now, all);
        let reaction = drive.react(now, position, velocity, 1e-3);
        position += 1e-3 * velocity;
        drive.settle(position, velocity);
        now = now + Duration::from_millis(1);
        effort = reaction.effort;
    }
    (effort, drive.state().current_a)
}

/// The speed at which no effort is left, between 0 and `above`.
fn no_load(sheet: &DataSheet, voltage_v: f64, above: f64) -> (f64, f64) {
    let (mut low, mut high) = (0.0, above);
    for _ in 0..40 {
        let middle = 0.5 * (low + high);
        if dynamometer(sheet, voltage_v, middle).0 > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low, dynamometer(sheet, voltage_v, low).1)
}

#[test]
fn every_sheet_reproduces_its_published_points() {
    println!(
        "{:32} {:>6} {:>18} {:>9} {:>9} {:>7}",
        "servo", "V", "figure", "published", "model", "error"
    );
    for text in SHEETS {
        let sheet = DataSheet::from_yaml_str(text).expect("the sheet is sound");
        for point in &sheet.published {
            let volts = point.supply_voltage_v;
            let check = |figure: &str, published: Option<f64>, model: f64| {
                let Some(published) = published else { return };
                let error = model / published - 1.0;
                println!(
                    "{:32} {volts:6.1} {figure:>18} {published:9.4} {model:9.4} {:6.1} %",
                    sheet.name,
                    100.0 * error
                );
                assert!(
                    error.abs() <= point.tolerance,
                    "{}: {figure} at {volts} V",
                    sheet.name
                );
            };
            // Just before it stalls, friction is against it.
            let (stall_effort, stall_current) = dynamometer(&sheet, volts, 0.02);
            check("stall_effort", point.stall_effort, stall_effort);
            check("stall_current_a", point.stall_current_a, stall_current);
            if let Some(published) = point.no_load_velocity {
                let (velocity, current) = no_load(&sheet, volts, 2.0 * published);
                check("no_load_velocity", Some(published), velocity);
                check("no_load_current_a", point.no_load_current_a, current);
            }
            if let Some(velocity) = point.reaches_velocity {
                let (left, _) = dynamometer(&sheet, volts, velocity);
                println!(
                    "{:32} {volts:6.1} runs at {velocity} rad/s with {left:.1} N·m left",
                    sheet.name
                );
                assert!(left > 0.0, "{}: {velocity} rad/s", sheet.name);
                let (left, _) = dynamometer(&sheet, volts, 1.6 * velocity);
                assert!(left < 0.0, "{}: there is an end to it", sheet.name);
            }
        }
    }
}

#[test]
fn a_sheets_servo_goes_as_it_is_into_a_servos_file_for_simulation_and_driver() {
    for text in SHEETS {
        let sheet = DataSheet::from_yaml_str(text).expect("the sheet is sound");
        let (_, servo) = text.split_once("\nservo:\n").expect("it describes a servo");
        let servos: String = servo.lines().map(|line| format!("  {line}\n")).collect();
        let servos = format!("servos:\n  joint:\n{servos}");
        let catalog = ServoCatalog::from_yaml_str(&servos).expect("it is a servo");
        assert_eq!(catalog.servo("joint").expect("it is there"), &sheet.servo);
        JointFiles::parse(&servos, "joints: {}").expect("a driver understands it");
    }
}

#[test]
fn a_sheet_without_sources_or_with_impossible_figures_is_refused() {
    let text = SHEETS[3];
    let refused = |from: &str, to: &str, words: &str| {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text);
        let message = DataSheet::from_yaml_str(&broken).expect_err(words).to_string();
        assert!(message.contains(words), "{message}");
    };
    refused("  - Hitec RCD Korea", "  # Hitec RCD Korea", "sources");
    refused(
        "gear_ratio: 250.0",
        "gear_ratio: -250.0",
        "Hitec HS-311: gear_ratio is -250",
    );
    refused("inductance_h", "inductance_mh", "inductance_mh");
    let missing = DataSheet::from_yaml_file("no/such/sheet.yaml");
    assert!(matches!(missing, Err(SimError::Read { .. })));
}
