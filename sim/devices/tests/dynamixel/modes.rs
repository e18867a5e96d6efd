//! What DYNAMIXEL servos make of their goals: an XM430-W350 at 12 V with a flywheel, which runs at 4.8 rad/s without a load.

use std::f64::consts::TAU;

use servomesh_devices::{Dynamixel, Mishap, Wire};
use servomesh_fieldbus::dynamixel::table::bits::{drive_mode, moving_status, startup};
use servomesh_fieldbus::dynamixel::{Alarm, Alarms, ErrorNumber, Field, Instruction};

use crate::master::{BAUD, Master, id, model, servo};

const VELOCITY: i32 = 1;
const POSITION: i32 = 3;
const EXTENDED: i32 = 4;
const CURRENT_BASED: i32 = 5;
const PWM: i32 = 16;
const CURRENT: i32 = 0;

/// One servo in a mode with its torque on.
fn in_mode(mode: i32) -> Master {
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::OperatingMode, mode), (Field::TorqueEnable, 1)]);
    master
}

fn near(value: i32, expected: i32, within: i32) {
    assert!(
        (value - expected).abs() <= within,
        "{value} is not {expected} ± {within}"
    );
}

#[test]
fn the_torque_comes_on_without_a_move() {
    for mode in [CURRENT, VELOCITY, POSITION, EXTENDED, CURRENT_BASED, PWM] {
        let mut master = Master::with(&[1]);
        let before = master.get(1, Field::PresentPosition);
        master.set(1, &[(Field::OperatingMode, mode), (Field::GoalPosition, 100)]);
        master.set(1, &[(Field::TorqueEnable, 1)]);
        master.wait_ms(500);
        near(master.get(1, Field::PresentPosition), before, 1);
        near(master.get(1, Field::GoalPosition), before, 1);
    }
}

#[test]
fn a_position_is_reached_and_told() {
    let mut master = in_mode(POSITION);
    master.set(1, &[(Field::GoalPosition, 3000)]);
    master.wait_ms(20);
    assert_eq!(master.get(1, Field::Moving), 1);
    master.wait_ms(1500);
    near(master.get(1, Field::PresentPosition), 3000, 8);
    assert_eq!(master.get(1, Field::Moving), 0);
    let status = master.get(1, Field::MovingStatus);
    assert_eq!(status, i32::from(moving_status::IN_POSITION));
}

#[test]
fn without_a_feed_forward_the_position_lags_by_the_velocity_through_the_gain() {
    // 1 rad/s needs 1/4.8 of 885 counts of PWM; at 6.25 counts for a tick that is 29 ticks, 45 mrad.
    let mut master = in_mode(EXTENDED);
    let count = 42; // of 0.229 rev/min: 1.007 rad/s
    master.set(
        1,
        &[(Field::ProfileVelocity, count), (Field::ProfileAcceleration, 50)],
    );
    master.set(1, &[(Field::GoalPosition, 20_000)]);
    master.wait_ms(2000);
    let trajectory = master.get(1, Field::PositionTrajectory);
    // Read 5 ms later, in which the trajectory moves 3 ticks.
    let lag = trajectory + 3 - master.get(1, Field::PresentPosition);
    near(lag, 29, 5);
    near(master.get(1, Field::PresentVelocity), count, 2);
    near(master.get(1, Field::VelocityTrajectory), count, 0);
}

#[test]
fn a_feed_forward_of_the_velocity_takes_the_lag_away() {
    let mut master = in_mode(EXTENDED);
    // 282 counts of PWM for a tick/ms, times 4.
    master.set(
        1,
        &[(Field::FeedforwardFirstGain, 1128), (Field::ProfileVelocity, 42)],
    );
    master.set(
        1,
        &[(Field::ProfileAcceleration, 50), (Field::GoalPosition, 20_000)],
    );
    master.wait_ms(2000);
    let trajectory = master.get(1, Field::PositionTrajectory);
    let lag = trajectory + 3 - master.get(1, Field::PresentPosition);
    near(lag, 0, 6);
}

#[test]
fn a_profile_by_time_arrives_when_it_says() {
    let mut master = Master::with(&[1]);
    master.set(
        1,
        &[(Field::DriveMode, i32::from(drive_mode::TIME_BASED_PROFILE))],
    );
    master.set(1, &[(Field::OperatingMode, POSITION), (Field::TorqueEnable, 1)]);
    master.set(
        1,
        &[(Field::ProfileVelocity, 1000), (Field::ProfileAcceleration, 300)],
    );
    master.set(1, &[(Field::GoalPosition, 3000)]);
    master.wait_ms(500);
    let status = master.get(1, Field::MovingStatus) as u8;
    assert_eq!(
        status & moving_status::PROFILE_ONGOING,
        moving_status::PROFILE_ONGOING
    );
    assert_eq!(status & moving_status::PROFILE, moving_status::TRAPEZOIDAL);
    master.wait_ms(380);
    assert!(master.get(1, Field::PositionTrajectory) < 3000);
    master.wait_ms(100);
    assert_eq!(master.get(1, Field::PositionTrajectory), 3000);
}

#[test]
fn turns_count_in_extended_position_control_and_are_forgotten_at_a_boot() {
    let mut master = in_mode(EXTENDED);
    master.set(1, &[(Field::GoalPosition, 10_000)]);
    master.wait_ms(4000);
    near(master.get(1, Field::PresentPosition), 10_000, 8);
    let begin = master.get(1, Field::PresentPosition);
    master.ask(1, &Instruction::Reboot);
    master.wait_ms(300);
    near(master.get(1, Field::PresentPosition), begin.rem_euclid(4096), 2);
}

#[test]
fn clearing_turns_needs_standstill() {
    let mut master = in_mode(EXTENDED);
    master.set(1, &[(Field::GoalPosition, 9000)]);
    master.wait_ms(300);
    let refused = master.ask(1, &Instruction::ClearMultiTurn).unwrap();
    assert_eq!(refused.error.number, Some(ErrorNumber::ResultFail));
    master.wait_ms(3000);
    let cleared = master.ask(1, &Instruction::ClearMultiTurn).unwrap();
    assert_eq!(cleared.error.number, None);
    master.wait_ms(500);
    near(master.get(1, Field::PresentPosition), 9000 - 8192, 8);
}

#[test]
fn a_velocity_is_held_and_limited_in_its_acceleration() {
    let mut master = in_mode(VELOCITY);
    master.set(
        1,
        &[(Field::ProfileAcceleration, 10), (Field::GoalVelocity, -100)],
    );
    // 10 · 214.577 rev/min² are 0.156 counts in each ms.
    master.wait_ms(300);
    near(master.get(1, Field::VelocityTrajectory), -49, 3);
    master.wait_ms(2000);
    near(master.get(1, Field::PresentVelocity), -100, 2);
    assert_eq!(master.get(1, Field::VelocityTrajectory), -100);
    master.assert_refused(1, Field::GoalVelocity, 201, ErrorNumber::DataLimit);
}

#[test]
fn an_acceleration_that_comes_with_a_goal_velocity_counts_for_it() {
    let mut master = in_mode(VELOCITY);
    let data = [100, 0, 0, 0, 10, 0, 0, 0];
    let both = Instruction::Write {
        address: 104,
        data: &data,
    };
    assert_eq!(master.ask(1, &both).unwrap().error.number, None);
    master.wait_ms(295);
    near(master.get(1, Field::VelocityTrajectory), 47, 3);
}

#[test]
fn a_share_of_the_supply_gives_a_share_of_the_speed() {
    let mut master = in_mode(PWM);
    assert_eq!(master.get(1, Field::GoalPwm), 0);
    master.set(1, &[(Field::GoalPwm, 442)]);
    master.wait_ms(1500);
    // Half of 46 rev/min, less what friction takes.
    near(master.get(1, Field::PresentVelocity), 95, 15);
    assert_eq!(master.get(1, Field::PresentPwm), 442);
    master.assert_refused(1, Field::GoalPwm, 886, ErrorNumber::DataRange);
}

#[test]
fn a_current_is_a_torque() {
    let mut master = in_mode(CURRENT);
    assert_eq!(master.get(1, Field::GoalCurrent), 0);
    master.motors[0].with(|motor| motor.set_load(1.0));
    let current_a = master.motors[0].with(|motor| {
        use servomesh_devices::Motor;
        1.0 / motor
            .state(servomesh_types::Stamp::ZERO)
            .parameters
            .torque_nm_per_a
    });
    let counts = (current_a / 2.69e-3).round() as i32;
    master.set(1, &[(Field::GoalCurrent, counts)]);
    master.wait_ms(300);
    near(master.get(1, Field::PresentCurrent), counts, 2);
    near(master.get(1, Field::PresentVelocity), 0, 1);
    master.assert_refused(1, Field::GoalCurrent, 1194, ErrorNumber::DataRange);
}

#[test]
fn current_based_position_control_reaches_its_goal_and_yields_beyond_its_current() {
    let mut master = in_mode(CURRENT_BASED);
    master.set(1, &[(Field::GoalPosition, 5000)]);
    master.wait_ms(3000);
    near(master.get(1, Field::PresentPosition), 5000, 10);
    master.set(1, &[(Field::GoalCurrent, 100)]);
    master.motors[0].with(|motor| motor.set_load(1.5));
    master.wait_ms(200);
    assert!(master.get(1, Field::PresentCurrent) <= 101);
    assert!(master.get(1, Field::PresentPosition) < 4900);
}

#[test]
fn a_low_goal_pwm_limits_every_mode() {
    let mut master = in_mode(EXTENDED);
    master.set(1, &[(Field::GoalPwm, 200), (Field::GoalPosition, 100_000)]);
    master.wait_ms(1000);
    assert_eq!(master.get(1, Field::PresentPwm), 200);
    let status = master.get(1, Field::MovingStatus) as u8;
    assert_eq!(
        status & moving_status::FOLLOWING_ERROR,
        moving_status::FOLLOWING_ERROR
    );
}

#[test]
fn a_reversed_servo_moves_the_other_way_in_every_mode() {
    for (mode, goal, value) in [
        (VELOCITY, Field::GoalVelocity, 100),
        (EXTENDED, Field::GoalPosition, 6000),
        (PWM, Field::GoalPwm, 300),
        (CURRENT, Field::GoalCurrent, 200),
        (CURRENT_BASED, Field::GoalPosition, 6000),
    ] {
        let mut master = Master::of([servo(1).with(Field::DriveMode, 1).unwrap()]);
        master.set(1, &[(Field::OperatingMode, mode), (Field::TorqueEnable, 1)]);
        let before = master.get(1, Field::PresentPosition);
        master.set(1, &[(goal, value)]);
        master.wait_ms(200);
        assert!(master.get(1, Field::PresentPosition) > before + 20, "{goal:?}");
        assert!(master.get(1, Field::PresentVelocity) > 10, "{goal:?}");
        assert!(master.get(1, Field::PresentPwm) > 0, "{goal:?}");
        let turned = master.motors[0].with(|motor| {
            use servomesh_devices::Motor;
            motor.state(servomesh_types::Stamp::ZERO).position
        });
        assert!(turned < 0.5 * TAU, "{goal:?}");
    }
}

#[test]
fn a_homing_offset_moves_what_is_read_and_what_is_asked() {
    let mut master = Master::with(&[1]);
    let before = master.get(1, Field::PresentPosition);
    master.set(1, &[(Field::HomingOffset, -500)]);
    near(master.get(1, Field::PresentPosition), before - 500, 0);
    master.set(1, &[(Field::TorqueEnable, 1), (Field::GoalPosition, 1000)]);
    master.wait_ms(1500);
    near(master.get(1, Field::PresentPosition), 1000, 8);
    // In position control an offset of more than a quarter of a turn is ignored.
    let mut master = Master::with(&[1]);
    master.set(1, &[(Field::HomingOffset, 2000)]);
    near(master.get(1, Field::PresentPosition), before, 0);
    master.set(1, &[(Field::OperatingMode, EXTENDED)]);
    master.wait_ms(2);
    near(master.get(1, Field::PresentPosition), before + 2000, 0);
}

#[test]
fn a_goal_turns_the_torque_on_where_the_drive_mode_says_so() {
    let by_goal = i32::from(drive_mode::TORQUE_ON_BY_GOAL);
    let mut master = Master::of([servo(1).with(Field::DriveMode, by_goal).unwrap()]);
    master.set(1, &[(Field::GoalPosition, 2500)]);
    assert_eq!(master.get(1, Field::TorqueEnable), 1);
    master.wait_ms(1500);
    near(master.get(1, Field::PresentPosition), 2500, 8);
}

#[test]
fn the_torque_can_be_on_from_the_start() {
    let on = i32::from(startup::TORQUE_ON);
    let mut master = Master::of([servo(1).with(Field::StartupConfiguration, on).unwrap()]);
    assert_eq!(master.get(1, Field::TorqueEnable), 1);
    let before = master.get(1, Field::PresentPosition);
    near(master.get(1, Field::GoalPosition), before, 0);
}

#[test]
fn another_mode_brings_its_gains_and_limits() {
    let mut master = Master::with(&[1]);
    master.set(
        1,
        &[
            (Field::PositionPGain, 100),
            (Field::ProfileVelocity, 10),
            (Field::GoalPwm, 5),
        ],
    );
    master.set(1, &[(Field::OperatingMode, EXTENDED)]);
    assert_eq!(master.get(1, Field::PositionPGain), 800);
    assert_eq!(master.get(1, Field::ProfileVelocity), 0);
    assert_eq!(master.get(1, Field::GoalPwm), 885);
    assert_eq!(master.get(1, Field::GoalCurrent), 1193);
}

#[test]
fn a_blocked_servo_is_overloaded_after_a_second() {
    let mut master = in_mode(EXTENDED);
    master.set(1, &[(Field::GoalPosition, 100_000)]);
    for _ in 0..1100 {
        let motor = &master.motors[0];
        motor.with(|motor| motor.place(0.5 * TAU));
        master.wait_ms(1);
    }
    let alarms = Alarms(master.get(1, Field::HardwareErrorStatus) as u8);
    assert!(alarms.has(Alarm::Overload), "{alarms:?}");
    assert_eq!(master.get(1, Field::TorqueEnable), 0);
}

#[test]
fn a_servo_whose_supply_fails_has_an_electrical_shock_or_a_voltage_error() {
    let mut master = in_mode(POSITION);
    master.bus.suffer(0, Mishap::Supply(Some(5.0)));
    master.wait_ms(3);
    let alarms = Alarms(master.get(1, Field::HardwareErrorStatus) as u8);
    assert!(alarms.has(Alarm::InputVoltage));
}

#[test]
fn a_pwm_slope_slows_the_voltage_down() {
    let xl330 = Dynamixel::new(model("XL330-M288"), id(1), BAUD)
        .and_then(|servo| servo.with(Field::ReturnDelayTime, 0))
        .and_then(|servo| servo.with(Field::PwmSlope, 1))
        .and_then(|servo| servo.with(Field::Shutdown, 0))
        .unwrap();
    let mut master = Master::of([xl330]);
    master.set(
        1,
        &[
            (Field::OperatingMode, PWM),
            (Field::TorqueEnable, 1),
            (Field::GoalPwm, 885),
        ],
    );
    master.wait_ms(995);
    // 1.977 V/s of 12 V.
    near(master.get(1, Field::PresentPwm), 146, 4);
}
