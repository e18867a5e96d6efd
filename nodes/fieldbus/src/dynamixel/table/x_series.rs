//! The control tables of the X series: one list of all registers, and the figures in which models differ.
//!
//! Sources: the control table of each model in ROBOTIS e-Manual (its pages "dxl/x/…"), read on 2026-11-22; where a page is older than
//! firmware 45, Startup Configuration and Backup Ready as on the pages of the same size that are newer. A velocity count is 0.229 rev/min,
//! an acceleration count 214.577 rev/min². The manual gives 0.113 % for a PWM count; it is 1/885, as 885 is the whole.

use std::f64::consts::TAU;

use super::{Access, Field, Kind, Memory, Register, Scale};

const TICK: Scale = Scale::new("rad", TAU / 4096.0);
const VELOCITY: Scale = Scale::new("rad/s", 0.229 * TAU / 60.0);
const ACCELERATION: Scale = Scale::new("rad/s²", 214.577 * TAU / 3600.0);
const PWM: Scale = Scale::new("", 1.0 / 885.0);
const RETURN_DELAY: Scale = Scale::new("s", 2e-6);
const WATCHDOG: Scale = Scale::new("s", 20e-3);

/// In which figures a model differs from others.
pub(in crate::dynamixel) struct Figures {
    pub(in crate::dynamixel) number: u16,
    pub(in crate::dynamixel) firmware: u8,
    /// Highest code of a baud rate.
    pub(in crate::dynamixel) baud_codes: i32,
    pub(in crate::dynamixel) drive_mode: i32,
    pub(in crate::dynamixel) protocols: (i32, i32),
    pub(in crate::dynamixel) moving_threshold: i32,
    pub(in crate::dynamixel) temperature_degc: i32,
    /// What the voltage limits take and hold \[0.1 V\].
    pub(in crate::dynamixel) voltage_range: (i32, i32),
    pub(in crate::dynamixel) voltage_limits: (i32, i32),
    /// The limit \[counts\] and the unit \[A\] of currents, in models that measure it.
    pub(in crate::dynamixel) current: Option<(i32, f64)>,
    /// What the velocity limit holds and takes at most.
    pub(in crate::dynamixel) velocity_limit: (i32, i32),
    /// P and I.
    pub(in crate::dynamixel) velocity_gains: (i32, i32),
    /// P, I and D.
    pub(in crate::dynamixel) position_gains: (i32, i32, i32),
    /// Reset value and unit \[V/s\].
    pub(in crate::dynamixel) pwm_slope: Option<(i32, f64)>,
    pub(in crate::dynamixel) external_ports: bool,
    pub(in crate::dynamixel) shutdown: i32,
}

impl Figures {
    /// How many registers the model has.
    pub(in crate::dynamixel) const fn count(&self) -> usize {
        let (mut count, mut place) = (0, 0);
        while place < ALL.len() {
            if self.register(&ALL[place]).is_some() {
                count += 1;
            }
            place += 1;
        }
        count
    }

    /// The model's registers, by address.
    pub(in crate::dynamixel) const fn registers<const N: usize>(&self) -> [Register; N] {
        let mut registers = [ALL[0]; N];
        let (mut count, mut place) = (0, 0);
        while place < ALL.len() {
            if let Some(register) = self.register(&ALL[place]) {
                registers[count] = register;
                count += 1;
            }
            place += 1;
        }
        registers
    }

    /// The register as the model has it, if it does.
    const fn register(&self, common: &Register) -> Option<Register> {
        let (min, max, reset) = (common.min, common.max, common.reset);
        Some(match common.field {
            Field::ModelNumber => with(common, min, max, self.number as i32),
            Field::FirmwareVersion => with(common, min, max, self.firmware as i32),
            Field::BaudRate => with(common, min, self.baud_codes, reset),
            Field::DriveMode => with(common, min, self.drive_mode, reset),
            Field::ProtocolType => with(common, self.protocols.0, self.protocols.1, reset),
            Field::MovingThreshold => with(common, min, max, self.moving_threshold),
            Field::TemperatureLimit => with(common, min, max, self.temperature_degc),
            Field::MinVoltageLimit => with(
                common,
                self.voltage_range.0,
                self.voltage_range.1,
                self.voltage_limits.0,
            ),
            Field::MaxVoltageLimit => with(
                common,
                self.voltage_range.0,
                self.voltage_range.1,
                self.voltage_limits.1,
            ),
            Field::VelocityLimit => with(common, min, self.velocity_limit.1, self.velocity_limit.0),
            Field::GoalVelocity => with(common, -self.velocity_limit.1, self.velocity_limit.1, reset),
            Field::Shutdown => with(common, min, max, self.shutdown),
            Field::VelocityPGain => with(common, min, max, self.velocity_gains.0),
            Field::VelocityIGain => with(common, min, max, self.velocity_gains.1),
            Field::PositionPGain => with(common, min, max, self.position_gains.0),
            Field::PositionIGain => with(common, min, max, self.position_gains.1),
            Field::PositionDGain => with(common, min, max, self.position_gains.2),
            Field::CurrentLimit | Field::GoalCurrent | Field::PresentCurrent => match self.current {
                None => return None,
                Some((limit, unit_a)) => {
                    let mut register = match common.field {
                        Field::CurrentLimit => with(common, 0, limit, limit),
                        Field::GoalCurrent => with(common, -limit, limit, reset),
                        _ => *common,
                    };
                    register.scale = Scale::new("A", unit_a);
                    register
                }
            },
            Field::PresentLoad if self.current.is_some() => return None,
            Field::PwmSlope => match self.pwm_slope {
                None => return None,
                Some((reset, unit)) => {
                    let mut register = with(common, min, max, reset);
                    register.scale = Scale::new("V/s", unit);
                    register
                }
            },
            Field::ExternalPortMode1
            | Field::ExternalPortMode2
            | Field::ExternalPortMode3
            | Field::ExternalPortData1
            | Field::ExternalPortData2
            | Field::ExternalPortData3
                if !self.external_ports =>
            {
                return None;
            }
            _ => *common,
        })
    }
}

const fn with(common: &Register, min: i32, max: i32, reset: i32) -> Register {
    Register {
        min,
        max,
        reset,
        ..*common
    }
}

macro_rules! registers {
    ($($field:ident $name:literal $address:literal $kind:ident $access:ident $memory:ident
        $reset:literal $min:literal..=$max:literal $scale:path;)*) => {
        [$(Register {
            field: Field::$field,
            name: $name,
            address: $address,
            kind: Kind::$kind,
            access: Access::$access,
            memory: Memory::$memory,
            reset: $reset,
            min: $min,
            max: $max,
            scale: $scale,
        }),*]
    };
}

/// All registers in the order of [`Field`], which is that of their addresses.
pub(super) const ALL: [Register; 61] = registers! {
    ModelNumber "Model Number" 0 U16 Read Eeprom 0 0..=65535 Scale::PLAIN;
    ModelInformation "Model Information" 2 U32 Read Eeprom 0 0..=2147483647 Scale::PLAIN;
    FirmwareVersion "Firmware Version" 6 U8 Read Eeprom 0 0..=255 Scale::PLAIN;
    Id "ID" 7 U8 ReadWrite Eeprom 1 0..=252 Scale::PLAIN;
    BaudRate "Baud Rate" 8 U8 ReadWrite Eeprom 1 0..=7 Scale::PLAIN;
    ReturnDelayTime "Return Delay Time" 9 U8 ReadWrite Eeprom 250 0..=254 RETURN_DELAY;
    DriveMode "Drive Mode" 10 U8 ReadWrite Eeprom 0 0..=13 Scale::PLAIN;
    OperatingMode "Operating Mode" 11 U8 ReadWrite Eeprom 3 0..=16 Scale::PLAIN;
    SecondaryId "Secondary(Shadow) ID" 12 U8 ReadWrite Eeprom 255 0..=255 Scale::PLAIN;
    ProtocolType "Protocol Type" 13 U8 ReadWrite Eeprom 2 1..=2 Scale::PLAIN;
    HomingOffset "Homing Offset" 20 I32 ReadWrite Eeprom 0 -1044479..=1044479 TICK;
    MovingThreshold "Moving Threshold" 24 U32 ReadWrite Eeprom 10 0..=1023 VELOCITY;
    TemperatureLimit "Temperature Limit" 31 U8 ReadWrite Eeprom 80 0..=100 Scale::CELSIUS;
    MaxVoltageLimit "Max Voltage Limit" 32 U16 ReadWrite Eeprom 160 95..=160 Scale::DECIVOLT;
    MinVoltageLimit "Min Voltage Limit" 34 U16 ReadWrite Eeprom 95 95..=160 Scale::DECIVOLT;
    PwmLimit "PWM Limit" 36 U16 ReadWrite Eeprom 885 0..=885 PWM;
    CurrentLimit "Current Limit" 38 U16 ReadWrite Eeprom 0 0..=0 Scale::PLAIN;
    VelocityLimit "Velocity Limit" 44 U32 ReadWrite Eeprom 0 0..=1023 VELOCITY;
    MaxPositionLimit "Max Position Limit" 48 U32 ReadWrite Eeprom 4095 0..=4095 TICK;
    MinPositionLimit "Min Position Limit" 52 U32 ReadWrite Eeprom 0 0..=4095 TICK;
    ExternalPortMode1 "External Port Mode 1" 56 U8 ReadWrite Eeprom 3 0..=3 Scale::PLAIN;
    ExternalPortMode2 "External Port Mode 2" 57 U8 ReadWrite Eeprom 3 0..=3 Scale::PLAIN;
    ExternalPortMode3 "External Port Mode 3" 58 U8 ReadWrite Eeprom 3 0..=3 Scale::PLAIN;
    StartupConfiguration "Startup Configuration" 60 U8 ReadWrite Eeprom 0 0..=3 Scale::PLAIN;
    PwmSlope "PWM Slope" 62 U8 ReadWrite Eeprom 140 1..=255 Scale::PLAIN;
    Shutdown "Shutdown" 63 U8 ReadWrite Eeprom 52 0..=63 Scale::PLAIN;
    TorqueEnable "Torque Enable" 64 U8 ReadWrite Ram 0 0..=1 Scale::PLAIN;
    Led "LED" 65 U8 ReadWrite Ram 0 0..=1 Scale::PLAIN;
    StatusReturnLevel "Status Return Level" 68 U8 ReadWrite Ram 2 0..=2 Scale::PLAIN;
    RegisteredInstruction "Registered Instruction" 69 U8 Read Ram 0 0..=1 Scale::PLAIN;
    HardwareErrorStatus "Hardware Error Status" 70 U8 Read Ram 0 0..=63 Scale::PLAIN;
    VelocityIGain "Velocity I Gain" 76 U16 ReadWrite Ram 1920 0..=16383 Scale::PLAIN;
    VelocityPGain "Velocity P Gain" 78 U16 ReadWrite Ram 100 0..=16383 Scale::PLAIN;
    PositionDGain "Position D Gain" 80 U16 ReadWrite Ram 0 0..=16383 Scale::PLAIN;
    PositionIGain "Position I Gain" 82 U16 ReadWrite Ram 0 0..=16383 Scale::PLAIN;
    PositionPGain "Position P Gain" 84 U16 ReadWrite Ram 800 0..=16383 Scale::PLAIN;
    FeedforwardSecondGain "Feedforward 2nd Gain" 88 U16 ReadWrite Ram 0 0..=16383 Scale::PLAIN;
    FeedforwardFirstGain "Feedforward 1st Gain" 90 U16 ReadWrite Ram 0 0..=16383 Scale::PLAIN;
    BusWatchdog "Bus Watchdog" 98 I8 ReadWrite Ram 0 0..=127 WATCHDOG;
    GoalPwm "Goal PWM" 100 I16 ReadWrite Ram 0 -885..=885 PWM;
    GoalCurrent "Goal Current" 102 I16 ReadWrite Ram 0 0..=0 Scale::PLAIN;
    GoalVelocity "Goal Velocity" 104 I32 ReadWrite Ram 0 -1023..=1023 VELOCITY;
    ProfileAcceleration "Profile Acceleration" 108 U32 ReadWrite Ram 0 0..=32767 ACCELERATION;
    ProfileVelocity "Profile Velocity" 112 U32 ReadWrite Ram 0 0..=32767 VELOCITY;
    GoalPosition "Goal Position" 116 I32 ReadWrite Ram 0 -1048575..=1048575 TICK;
    RealtimeTick "Realtime Tick" 120 U16 Read Ram 0 0..=32767 Scale::MILLISECOND;
    Moving "Moving" 122 U8 Read Ram 0 0..=1 Scale::PLAIN;
    MovingStatus "Moving Status" 123 U8 Read Ram 0 0..=255 Scale::PLAIN;
    PresentPwm "Present PWM" 124 I16 Read Ram 0 -885..=885 PWM;
    PresentCurrent "Present Current" 126 I16 Read Ram 0 -32768..=32767 Scale::PLAIN;
    PresentLoad "Present Load" 126 I16 Read Ram 0 -1000..=1000 Scale::PERMILLE;
    PresentVelocity "Present Velocity" 128 I32 Read Ram 0 -2147483648..=2147483647 VELOCITY;
    PresentPosition "Present Position" 132 I32 Read Ram 0 -2147483648..=2147483647 TICK;
    VelocityTrajectory "Velocity Trajectory" 136 I32 Read Ram 0 -2147483648..=2147483647 VELOCITY;
    PositionTrajectory "Position Trajectory" 140 I32 Read Ram 0 -2147483648..=2147483647 TICK;
    PresentInputVoltage "Present Input Voltage" 144 U16 Read Ram 0 0..=65535 Scale::DECIVOLT;
    PresentTemperature "Present Temperature" 146 U8 Read Ram 0 0..=255 Scale::CELSIUS;
    BackupReady "Backup Ready" 147 U8 Read Ram 0 0..=1 Scale::PLAIN;
    ExternalPortData1 "External Port Data 1" 152 U16 ReadWrite Ram 0 0..=4095 Scale::PLAIN;
    ExternalPortData2 "External Port Data 2" 154 U16 ReadWrite Ram 0 0..=4095 Scale::PLAIN;
    ExternalPortData3 "External Port Data 3" 156 U16 ReadWrite Ram 0 0..=4095 Scale::PLAIN;
};
