//! The registers of the STS3215: magnetic encoder of 12 bits, many turns, current sensor; low byte first.
//!
//! Values of the factory are those of the 12 V type. Limits of 0 and 0 take the range away. Register 18's bits: 0 direction of the drive,
//! 1 brushed bridge, 2 speeds in steps/s instead of 0.732 rpm, 3 a speed of 0 means the highest, 4 feedback over many turns,
//! 5 where the voltage is measured, 6 PWM frequency, 7 direction of the feedback; the units here are those of the factory's 12.
//! Registers 80 to 86 are the factory's and their contents are not documented: their reset values here are 0.
//!
//! Sources: FEETECH's memory table of the STS series; Waveshare's table of the ST3215 for initial values; `sms_sts.py` of FEETECH's
//! `ftservo-python-sdk` 2.0.1; signs after `SMS_STS.cpp` of FEETECH's SCServo library.

use std::f64::consts::TAU;

use super::number::{ByteOrder, SignBit};
use super::table::{Access, Memory, Model, Register, Scale, registers};

const STEP: Scale = Scale::new("rad", TAU / 4096.0);
const SPEED: Scale = Scale::new("rad/s", TAU / 4096.0);
const SPEED_50: Scale = Scale::new("rad/s", 50.0 * TAU / 4096.0);
const ACCELERATION: Scale = Scale::new("rad/s²", 100.0 * TAU / 4096.0);
const CURRENT: Scale = Scale::new("A", 6.5e-3);
const DELAY: Scale = Scale::new("s", 2e-6);

/// The model.
pub static MODEL: Model = Model {
    name: "STS3215",
    number: 0x0309,
    order: ByteOrder::Little,
    counts_per_turn: 4096.0,
    sync_read: true,
    lock: &LOCK,
    registers: REGISTERS,
};

/// What [`TORQUE_ENABLE`] takes besides 0 (off), 1 (on) and 2 (damping): the present position becomes 2048 by a new offset.
pub const SET_MIDDLE: i32 = 128;

registers! {
    FIRMWARE_MAJOR "firmware, major" 0 1 Read Eprom 3 0..=255 Scale::PLAIN;
    FIRMWARE_MINOR "firmware, minor" 1 1 Read Eprom 10 0..=255 Scale::PLAIN;
    BYTE_ORDER "byte order" 2 1 Read Eprom 0 0..=1 Scale::PLAIN;
    MODEL_NUMBER "model number" 3 2 Read Eprom 777 0..=65535 Scale::PLAIN;
    ID "id" 5 1 ReadWrite Eprom 1 0..=253 Scale::PLAIN;
    BAUD_RATE "baud rate" 6 1 ReadWrite Eprom 0 0..=7 Scale::PLAIN;
    RETURN_DELAY "return delay" 7 1 ReadWrite Eprom 0 0..=254 DELAY;
    RESPONSE_LEVEL "response level" 8 1 ReadWrite Eprom 1 0..=1 Scale::PLAIN;
    MIN_ANGLE "lower angle limit" 9 2 ReadWrite Eprom 0 0..=4094 STEP;
    MAX_ANGLE "upper angle limit" 11 2 ReadWrite Eprom 4095 0..=4095 STEP;
    MAX_TEMPERATURE "temperature limit" 13 1 ReadWrite Eprom 70 0..=100 Scale::CELSIUS;
    MAX_VOLTAGE "upper voltage limit" 14 1 ReadWrite Eprom 140 0..=254 Scale::DECIVOLT;
    MIN_VOLTAGE "lower voltage limit" 15 1 ReadWrite Eprom 40 0..=254 Scale::DECIVOLT;
    MAX_TORQUE "torque limit at the start" 16 2 ReadWrite Eprom 1000 0..=1000 Scale::PERMILLE;
    PHASE "phase" 18 1 ReadWrite Eprom 12 0..=254 Scale::PLAIN;
    UNLOAD "alarms that take the torque away" 19 1 ReadWrite Eprom 44 0..=254 Scale::PLAIN;
    LED_ALARM "alarms that light the LED" 20 1 ReadWrite Eprom 47 0..=254 Scale::PLAIN;
    POSITION_P "position loop, proportional gain" 21 1 ReadWrite Eprom 32 0..=254 Scale::PLAIN;
    POSITION_D "position loop, derivative gain" 22 1 ReadWrite Eprom 32 0..=254 Scale::PLAIN;
    POSITION_I "position loop, integral gain" 23 1 ReadWrite Eprom 0 0..=254 Scale::PLAIN;
    STARTUP_FORCE "least starting force" 24 1 ReadWrite Eprom 16 0..=254 Scale::PERMILLE;
    INTEGRAL_LIMIT "position loop, integral limit" 25 1 ReadWrite Eprom 0 0..=254 Scale::PLAIN;
    DEAD_ZONE_CW "dead zone, clockwise" 26 1 ReadWrite Eprom 1 0..=32 STEP;
    DEAD_ZONE_CCW "dead zone, counter-clockwise" 27 1 ReadWrite Eprom 1 0..=32 STEP;
    PROTECTION_CURRENT "current limit" 28 2 ReadWrite Eprom 500 0..=2047 CURRENT;
    RESOLUTION "angular resolution" 30 1 ReadWrite Eprom 1 1..=128 Scale::PLAIN;
    OFFSET "position offset" 31 2 ReadWrite Eprom 0 -2047..=2047 STEP, sign SignBit::BIT_11;
    MODE "mode" 33 1 ReadWrite Eprom 0 0..=3 Scale::PLAIN;
    PROTECTION_TORQUE "torque after an overload" 34 1 ReadWrite Eprom 20 0..=100 Scale::PERCENT;
    PROTECTION_TIME "time of an overload" 35 1 ReadWrite Eprom 200 0..=254 Scale::CENTISECOND;
    OVERLOAD_TORQUE "torque that is an overload" 36 1 ReadWrite Eprom 80 0..=100 Scale::PERCENT;
    SPEED_P "speed loop, proportional gain" 37 1 ReadWrite Eprom 10 0..=254 Scale::PLAIN;
    OVERCURRENT_TIME "time of an over-current" 38 1 ReadWrite Eprom 200 0..=254 Scale::CENTISECOND;
    SPEED_I "speed loop, integral gain" 39 1 ReadWrite Eprom 10 0..=254 Scale::PLAIN;
    TORQUE_ENABLE "torque enable" 40 1 ReadWrite Sram 0 0..=128 Scale::PLAIN;
    ACCELERATION_LIMIT "acceleration" 41 1 ReadWrite Sram 0 0..=254 ACCELERATION;
    GOAL_POSITION "goal position" 42 2 ReadWrite Sram 0 -32767..=32767 STEP, sign SignBit::BIT_15;
    GOAL_DUTY "goal duty cycle" 44 2 ReadWrite Sram 0 -1000..=1000 Scale::PERMILLE, sign SignBit::BIT_10;
    GOAL_SPEED "goal speed" 46 2 ReadWrite Sram 0 -32767..=32767 SPEED, sign SignBit::BIT_15;
    TORQUE_LIMIT "torque limit" 48 2 ReadWrite Sram 1000 0..=1000 Scale::PERMILLE;
    LOCK "EPROM lock" 55 1 ReadWrite Sram 1 0..=1 Scale::PLAIN;
    PRESENT_POSITION "present position" 56 2 Read Sram 0 -32767..=32767 STEP, sign SignBit::BIT_15;
    PRESENT_SPEED "present speed" 58 2 Read Sram 0 -32767..=32767 SPEED, sign SignBit::BIT_15;
    PRESENT_LOAD "present duty cycle" 60 2 Read Sram 0 -1000..=1000 Scale::PERMILLE, sign SignBit::BIT_10;
    PRESENT_VOLTAGE "supply voltage" 62 1 Read Sram 0 0..=255 Scale::DECIVOLT;
    PRESENT_TEMPERATURE "temperature" 63 1 Read Sram 0 0..=255 Scale::CELSIUS;
    PENDING "write that waits for its action" 64 1 Read Sram 0 0..=1 Scale::PLAIN;
    STATUS "alarms" 65 1 Read Sram 0 0..=127 Scale::PLAIN;
    MOVING "moving" 66 1 Read Sram 0 0..=1 Scale::PLAIN;
    TARGET_POSITION "position aimed at" 67 2 Read Sram 0 -32767..=32767 STEP, sign SignBit::BIT_15;
    PRESENT_CURRENT "present current" 69 2 Read Sram 0 -32767..=32767 CURRENT, sign SignBit::BIT_15;
    MOVING_THRESHOLD "speed that counts as moving" 80 1 Read Factory 0 0..=255 SPEED_50;
    SPEED_FILTER "time of the speed's difference" 81 1 Read Factory 0 0..=255 Scale::MILLISECOND;
    SPEED_UNIT "factor of speeds" 82 1 Read Factory 0 0..=255 Scale::PLAIN;
    SAMPLE_TIME "sample time" 83 1 Read Factory 0 0..=255 Scale::PLAIN;
    MAX_SPEED "highest speed" 84 1 Read Factory 0 0..=255 SPEED_50;
    MAX_ACCELERATION "highest acceleration" 85 1 Read Factory 0 0..=255 ACCELERATION;
    ACCELERATION_FACTOR "factor of accelerations" 86 1 Read Factory 0 0..=255 Scale::PLAIN;
}
