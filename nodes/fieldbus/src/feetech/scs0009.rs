//! The registers of the SCS0009: potentiometer of 10 bits over 300°, one turn, no current sensor; high byte first.
//!
//! Limits of 0 and 0 make it a motor that [`GOAL_TIME`] drives: read as a duty cycle it is [`GOAL_DUTY`]. Voltage limits and the overload's
//! registers 37 to 39 are not documented for this model; their reset values are those of its series.
//!
//! Sources: FEETECH's memory table of the SCSCL series and of the SCS15; `scscl.py` of FEETECH's `ftservo-python-sdk` 2.0.1;
//! registers 78 to 83 after LeRobot's table.

use std::f64::consts::PI;

use super::number::{ByteOrder, SignBit};
use super::table::{Access, Memory, Model, Register, Scale, registers};

/// 300° over 1024 counts.
const STEP: Scale = Scale::new("rad", PI / 0.6 / 1024.0);
const SPEED: Scale = Scale::new("rad/s", PI / 0.6 / 1024.0);
const SPEED_50: Scale = Scale::new("rad/s", 50.0 * PI / 0.6 / 1024.0);
const DELAY: Scale = Scale::new("s", 2e-6);

/// The model.
pub static MODEL: Model = Model {
    name: "SCS0009",
    number: 0x0504,
    order: ByteOrder::Big,
    counts_per_turn: 1024.0 * 360.0 / 300.0,
    sync_read: false,
    lock: &LOCK,
    registers: REGISTERS,
};

/// [`GOAL_TIME`] of a servo that is a motor: its duty cycle.
pub const GOAL_DUTY: Register = Register {
    name: "goal duty cycle",
    min: -1000,
    max: 1000,
    scale: Scale::PERMILLE,
    sign: Some(SignBit::BIT_10),
    ..GOAL_TIME
};

registers! {
    FIRMWARE_MAJOR "firmware, major" 0 1 Read Eprom 3 0..=255 Scale::PLAIN;
    FIRMWARE_MINOR "firmware, minor" 1 1 Read Eprom 0 0..=255 Scale::PLAIN;
    BYTE_ORDER "byte order" 2 1 Read Eprom 1 0..=1 Scale::PLAIN;
    MODEL_NUMBER "model number" 3 2 Read Eprom 1284 0..=65535 Scale::PLAIN;
    ID "id" 5 1 ReadWrite Eprom 1 0..=253 Scale::PLAIN;
    BAUD_RATE "baud rate" 6 1 ReadWrite Eprom 0 0..=7 Scale::PLAIN;
    RETURN_DELAY "return delay" 7 1 ReadWrite Eprom 0 0..=254 DELAY;
    RESPONSE_LEVEL "response level" 8 1 ReadWrite Eprom 1 0..=1 Scale::PLAIN;
    MIN_ANGLE "lower angle limit" 9 2 ReadWrite Eprom 20 0..=1023 STEP;
    MAX_ANGLE "upper angle limit" 11 2 ReadWrite Eprom 1003 0..=1023 STEP;
    MAX_TEMPERATURE "temperature limit" 13 1 ReadWrite Eprom 80 0..=100 Scale::CELSIUS;
    MAX_VOLTAGE "upper voltage limit" 14 1 ReadWrite Eprom 90 0..=254 Scale::DECIVOLT;
    MIN_VOLTAGE "lower voltage limit" 15 1 ReadWrite Eprom 40 0..=254 Scale::DECIVOLT;
    MAX_TORQUE "torque limit" 16 2 ReadWrite Eprom 1000 0..=1023 Scale::PERMILLE;
    PHASE "phase" 18 1 ReadWrite Eprom 0 0..=254 Scale::PLAIN;
    UNLOAD "alarms that take the torque away" 19 1 ReadWrite Eprom 37 0..=254 Scale::PLAIN;
    LED_ALARM "alarms that light the LED" 20 1 ReadWrite Eprom 37 0..=254 Scale::PLAIN;
    POSITION_P "position loop, proportional gain" 21 1 ReadWrite Eprom 15 0..=254 Scale::PLAIN;
    POSITION_D "position loop, derivative gain" 22 1 ReadWrite Eprom 0 0..=254 Scale::PLAIN;
    POSITION_I "position loop, integral gain" 23 1 ReadWrite Eprom 0 0..=254 Scale::PLAIN;
    STARTUP_FORCE "least starting force" 24 2 ReadWrite Eprom 0 0..=1023 Scale::PERMILLE;
    DEAD_ZONE_CW "dead zone, clockwise" 26 1 ReadWrite Eprom 2 0..=32 STEP;
    DEAD_ZONE_CCW "dead zone, counter-clockwise" 27 1 ReadWrite Eprom 2 0..=32 STEP;
    PROTECTION_TORQUE "torque after an overload" 37 1 ReadWrite Eprom 20 0..=100 Scale::PERCENT;
    PROTECTION_TIME "time of an overload" 38 1 ReadWrite Eprom 200 0..=254 Scale::CENTISECOND;
    OVERLOAD_TORQUE "torque that is an overload" 39 1 ReadWrite Eprom 80 0..=100 Scale::PERCENT;
    TORQUE_ENABLE "torque enable" 40 1 ReadWrite Sram 0 0..=2 Scale::PLAIN;
    GOAL_POSITION "goal position" 42 2 ReadWrite Sram 0 0..=1023 STEP;
    GOAL_TIME "goal time" 44 2 ReadWrite Sram 0 0..=9999 Scale::MILLISECOND;
    GOAL_SPEED "goal speed" 46 2 ReadWrite Sram 0 0..=32767 SPEED;
    LOCK "EPROM lock" 48 1 ReadWrite Sram 1 0..=1 Scale::PLAIN;
    PRESENT_POSITION "present position" 56 2 Read Sram 0 0..=1023 STEP;
    PRESENT_SPEED "present speed" 58 2 Read Sram 0 -32767..=32767 SPEED, sign SignBit::BIT_15;
    PRESENT_LOAD "present duty cycle" 60 2 Read Sram 0 -1000..=1000 Scale::PERMILLE, sign SignBit::BIT_10;
    PRESENT_VOLTAGE "supply voltage" 62 1 Read Sram 0 0..=255 Scale::DECIVOLT;
    PRESENT_TEMPERATURE "temperature" 63 1 Read Sram 0 0..=255 Scale::CELSIUS;
    PENDING "write that waits for its action" 64 1 Read Sram 0 0..=1 Scale::PLAIN;
    STATUS "alarms" 65 1 Read Sram 0 0..=127 Scale::PLAIN;
    MOVING "moving" 66 1 Read Sram 0 0..=1 Scale::PLAIN;
    MAX_DUTY_STEP "largest step of the duty cycle" 78 1 Read Factory 0 0..=255 Scale::PLAIN;
    MOVING_THRESHOLD "speed that counts as moving" 79 1 Read Factory 0 0..=255 SPEED_50;
    SPEED_FILTER "time of the speed's difference" 80 1 Read Factory 0 0..=255 Scale::MILLISECOND;
    MIN_SPEED "lowest speed" 81 1 Read Factory 0 0..=255 SPEED_50;
    MAX_SPEED "highest speed" 82 1 Read Factory 0 0..=255 SPEED_50;
    ACCELERATION "acceleration" 83 1 Read Factory 0 0..=255 Scale::PLAIN;
}
