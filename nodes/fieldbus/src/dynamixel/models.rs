//! The figures of the models that are known here.
//!
//! Sources: ROBOTIS e-Manual, the specifications and control tables of its pages "dxl/x/…". Where the velocity limit or a gain differs
//! between versions of a page, the latest counts.

use super::model::{Mode, Model, Motor};
use super::table::Indirect;
use super::table::Register;
use super::table::x_series::Figures;

/// All models; those with more than one table have the table of the older firmware first.
pub const MODELS: [&Model; 26] = [
    &XH430_W350,
    &XH430_W210,
    &XM430_W350,
    &XM430_W210,
    &XL430_W250,
    &XC430_W150,
    &XC430_W240,
    &XH430_V350,
    &XH540_V270,
    &XH540_V150,
    &XH540_W270,
    &XH540_W150,
    &XM540_W270,
    &XM540_W150,
    &XL330_M077_TO_FIRMWARE_52,
    &XL330_M077,
    &XL330_M288_TO_FIRMWARE_52,
    &XL330_M288,
    &XC330_T288_TO_FIRMWARE_52,
    &XC330_T288,
    &XC330_M288_TO_FIRMWARE_52,
    &XC330_M288,
    &XC330_T181_TO_FIRMWARE_52,
    &XC330_T181,
    &XC330_M181_TO_FIRMWARE_52,
    &XC330_M181,
];

const BAUD_RATES: &[u32] = &[
    9_600, 57_600, 115_200, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 4_500_000,
];

/// Of the X430; the others say where they differ.
const X430: Figures = Figures {
    number: 0,
    firmware: 46,
    baud_codes: 7,
    drive_mode: 13,
    protocols: (1, 2),
    moving_threshold: 10,
    temperature_degc: 80,
    voltage_range: (95, 160),
    voltage_limits: (95, 160),
    current: None,
    velocity_limit: (0, 1023),
    velocity_gains: (100, 1920),
    position_gains: (800, 0, 0),
    pwm_slope: None,
    external_ports: false,
    shutdown: 52,
};
const X430_WITH_CURRENT: Figures = Figures {
    current: Some((0, 2.69e-3)),
    ..X430
};
const X540: Figures = Figures {
    current: Some((2047, 2.69e-3)),
    drive_mode: 15,
    external_ports: true,
    ..X430
};
const VOLTS_24: (i32, i32) = (110, 300);
/// Of the X330 of 5 V.
const X330: Figures = Figures {
    firmware: 53,
    baud_codes: 6,
    protocols: (2, 22),
    temperature_degc: 70,
    voltage_range: (31, 70),
    voltage_limits: (35, 70),
    pwm_slope: Some((140, 1.977)),
    ..X430
};

macro_rules! models {
    ($($id:ident $name:literal, $indirect:ident,
        $gear:literal : 1, $voltage:literal V, $torque:literal Nm, $current:literal A, $rpm:literal rpm, $figures:expr;)*) => {
        $(
            #[doc = concat!("The ", $name, ".")]
            pub static $id: Model = {
                const FIGURES: Figures = $figures;
                static REGISTERS: [Register; FIGURES.count()] = FIGURES.registers();
                let (rates, _) = BAUD_RATES.split_at(FIGURES.baud_codes as usize + 1);
                Model {
                    name: $name,
                    number: FIGURES.number,
                    firmware: FIGURES.firmware,
                    registers: &REGISTERS,
                    indirect: Indirect::$indirect,
                    modes: if FIGURES.current.is_some() { Mode::WITH_CURRENT } else { Mode::WITHOUT_CURRENT },
                    baud_rates: rates,
                    current_a: match FIGURES.current {
                        Some((_, unit_a)) => Some(unit_a),
                        None => None,
                    },
                    ticks_per_turn: 4096,
                    motor: Motor {
                        voltage_v: $voltage,
                        stall_torque: $torque,
                        stall_current_a: $current,
                        no_load_velocity: $rpm * std::f64::consts::TAU / 60.0,
                        gear_ratio: $gear,
                    },
                }
            };
        )*
    };
}

models! {
    XH430_W350 "XH430-W350", X430, 353.5 : 1, 12.0 V, 3.4 Nm, 1.3 A, 30.0 rpm, Figures {
        number: 1000, current: Some((648, 2.69e-3)), velocity_limit: (130, 1023), position_gains: (900, 0, 0), ..X430_WITH_CURRENT
    };
    XH430_W210 "XH430-W210", X430, 212.6 : 1, 12.0 V, 2.5 Nm, 1.3 A, 50.0 rpm, Figures {
        number: 1010, current: Some((648, 2.69e-3)), velocity_limit: (210, 1023), position_gains: (900, 0, 0), ..X430_WITH_CURRENT
    };
    XM430_W350 "XM430-W350", X430, 353.5 : 1, 12.0 V, 4.1 Nm, 2.3 A, 46.0 rpm, Figures {
        number: 1020, current: Some((1193, 2.69e-3)), velocity_limit: (200, 1023), ..X430_WITH_CURRENT
    };
    XM430_W210 "XM430-W210", X430, 212.6 : 1, 12.0 V, 3.0 Nm, 2.3 A, 77.0 rpm, Figures {
        number: 1030, current: Some((1193, 2.69e-3)), velocity_limit: (330, 1023), ..X430_WITH_CURRENT
    };
    XL430_W250 "XL430-W250", X430, 258.5 : 1, 11.1 V, 1.4 Nm, 1.3 A, 57.0 rpm, Figures {
        number: 1060, temperature_degc: 72, voltage_range: (60, 140), voltage_limits: (60, 140), velocity_limit: (265, 1023),
        velocity_gains: (100, 1000), position_gains: (640, 0, 4000), ..X430
    };
    XC430_W150 "XC430-W150", X430, 159.59 : 1, 12.0 V, 1.6 Nm, 1.4 A, 106.0 rpm, Figures {
        number: 1070, voltage_range: (60, 160), voltage_limits: (60, 160), moving_threshold: 20, velocity_limit: (460, 1023),
        position_gains: (460, 0, 0), ..X430
    };
    XC430_W240 "XC430-W240", X430, 245.22 : 1, 12.0 V, 1.9 Nm, 1.4 A, 70.0 rpm, Figures {
        number: 1080, voltage_range: (60, 160), voltage_limits: (60, 160), velocity_limit: (306, 1023), position_gains: (700, 0, 0), ..X430
    };
    XH430_V350 "XH430-V350", X430, 353.5 : 1, 24.0 V, 3.3 Nm, 0.7 A, 31.0 rpm, Figures {
        number: 1040, voltage_range: VOLTS_24, voltage_limits: VOLTS_24, current: Some((689, 1.34e-3)), velocity_limit: (135, 1023),
        ..X430_WITH_CURRENT
    };
    XH540_V270 "XH540-V270", X430, 272.5 : 1, 24.0 V, 9.2 Nm, 2.4 A, 34.0 rpm, Figures {
        number: 1140, voltage_range: VOLTS_24, voltage_limits: VOLTS_24, velocity_limit: (128, 1023), ..X540
    };
    XH540_V150 "XH540-V150", X430, 152.3 : 1, 24.0 V, 6.4 Nm, 2.4 A, 60.0 rpm, Figures {
        number: 1150, voltage_range: VOLTS_24, voltage_limits: VOLTS_24, velocity_limit: (230, 1023), ..X540
    };
    XH540_W270 "XH540-W270", X430, 272.5 : 1, 12.0 V, 9.9 Nm, 4.9 A, 39.0 rpm, Figures {
        number: 1100, velocity_limit: (167, 1023), ..X540
    };
    XH540_W150 "XH540-W150", X430, 152.3 : 1, 12.0 V, 7.1 Nm, 4.9 A, 70.0 rpm, Figures {
        number: 1110, velocity_limit: (300, 1023), ..X540
    };
    XM540_W270 "XM540-W270", X430, 272.5 : 1, 12.0 V, 10.6 Nm, 4.4 A, 30.0 rpm, Figures {
        number: 1120, velocity_limit: (128, 1023), ..X540
    };
    XM540_W150 "XM540-W150", X430, 152.3 : 1, 12.0 V, 7.3 Nm, 4.4 A, 53.0 rpm, Figures {
        number: 1130, velocity_limit: (230, 1023), ..X540
    };
    XL330_M077 "XL330-M077", X330, 77.5 : 1, 5.0 V, 0.215 Nm, 1.47 A, 383.0 rpm, FIGURES_XL330_M077;
    XL330_M077_TO_FIRMWARE_52 "XL330-M077", X330_TO_FIRMWARE_52, 77.5 : 1, 5.0 V, 0.215 Nm, 1.47 A, 383.0 rpm, Figures {
        firmware: 52, ..FIGURES_XL330_M077
    };
    XL330_M288 "XL330-M288", X330, 288.4 : 1, 5.0 V, 0.52 Nm, 1.47 A, 103.0 rpm, FIGURES_XL330_M288;
    XL330_M288_TO_FIRMWARE_52 "XL330-M288", X330_TO_FIRMWARE_52, 288.4 : 1, 5.0 V, 0.52 Nm, 1.47 A, 103.0 rpm, Figures {
        firmware: 52, ..FIGURES_XL330_M288
    };
    XC330_T288 "XC330-T288", X330, 288.35 : 1, 11.1 V, 0.92 Nm, 0.80 A, 65.0 rpm, FIGURES_XC330_T288;
    XC330_T288_TO_FIRMWARE_52 "XC330-T288", X330_TO_FIRMWARE_52, 288.35 : 1, 11.1 V, 0.92 Nm, 0.80 A, 65.0 rpm, Figures {
        firmware: 52, ..FIGURES_XC330_T288
    };
    XC330_T181 "XC330-T181", X330, 180.62 : 1, 11.1 V, 0.76 Nm, 0.80 A, 104.0 rpm, FIGURES_XC330_T181;
    XC330_T181_TO_FIRMWARE_52 "XC330-T181", X330_TO_FIRMWARE_52, 180.62 : 1, 11.1 V, 0.76 Nm, 0.80 A, 104.0 rpm, Figures {
        firmware: 52, ..FIGURES_XC330_T181
    };
    XC330_M181 "XC330-M181", X330, 180.62 : 1, 5.0 V, 0.60 Nm, 1.80 A, 129.0 rpm, FIGURES_XC330_M181;
    XC330_M181_TO_FIRMWARE_52 "XC330-M181", X330_TO_FIRMWARE_52, 180.62 : 1, 5.0 V, 0.60 Nm, 1.80 A, 129.0 rpm, Figures {
        firmware: 52, ..FIGURES_XC330_M181
    };
    XC330_M288 "XC330-M288", X330, 288.35 : 1, 5.0 V, 0.93 Nm, 1.80 A, 81.0 rpm, FIGURES_XC330_M288;
    XC330_M288_TO_FIRMWARE_52 "XC330-M288", X330_TO_FIRMWARE_52, 288.35 : 1, 5.0 V, 0.93 Nm, 1.80 A, 81.0 rpm, Figures {
        firmware: 52, ..FIGURES_XC330_M288
    };
}

const FIGURES_XL330_M077: Figures = Figures {
    number: 1190,
    current: Some((1750, 1e-3)),
    velocity_limit: (1620, 2047),
    velocity_gains: (40, 400),
    position_gains: (400, 400, 0),
    shutdown: 53,
    ..X330
};
const FIGURES_XL330_M288: Figures = Figures {
    number: 1200,
    current: Some((1750, 1e-3)),
    velocity_limit: (445, 2047),
    velocity_gains: (180, 1600),
    position_gains: (400, 0, 0),
    shutdown: 53,
    ..X330
};
const FIGURES_XC330_T288: Figures = Figures {
    number: 1220,
    voltage_range: (55, 140),
    voltage_limits: (55, 140),
    current: Some((910, 1e-3)),
    velocity_limit: (320, 2047),
    velocity_gains: (40, 1200),
    position_gains: (900, 0, 0),
    pwm_slope: Some((255, 3.955)),
    ..X330
};
const FIGURES_XC330_M288: Figures = Figures {
    number: 1240,
    current: Some((2352, 1e-3)),
    velocity_limit: (350, 2047),
    velocity_gains: (50, 1600),
    position_gains: (1100, 0, 500),
    ..X330
};
const FIGURES_XC330_T181: Figures = Figures {
    number: 1210,
    velocity_limit: (510, 2047),
    ..FIGURES_XC330_T288
};
const FIGURES_XC330_M181: Figures = Figures {
    number: 1230,
    velocity_limit: (545, 2047),
    velocity_gains: (100, 1400),
    position_gains: (1200, 0, 500),
    ..FIGURES_XC330_M288
};
