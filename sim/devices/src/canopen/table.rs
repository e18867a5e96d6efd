//! The objects of a CiA 402 drive, with the defaults it leaves the factory with.
//!
//! Positions are counts, 65536 for a turn of the output; velocities counts/s, accelerations counts/s²; torques and currents thousandths of
//! the rated ones.
//!
//! Sources: CiA 301 version 4.2; IEC 61800-7-201 (CiA 402-2). Objects from 2000h on are this drive's own.

use servomesh_fieldbus::canopen::sdo::Address;

use super::object::Kind::{Bytes, DataSheet, I8, I16, I32, Text, U8, U16, U32};
use super::object::Object;

/// Counts for a turn of the output.
pub(crate) const COUNTS_PER_TURN: i64 = 65_536;

/// Process data frames in each direction.
pub(crate) const PDOS: u16 = 4;

/// Objects that a process data frame may have.
pub(crate) const PDO_ENTRIES: u8 = 8;

/// Errors that are remembered, object 1003h.
pub(crate) const HISTORY: u8 = 8;

macro_rules! addresses {
    ($($name:ident = $index:literal : $sub:literal;)*) => { $(pub(crate) const $name: Address = Address::new($index, $sub);)* };
}

addresses! {
    ERROR_REGISTER = 0x1001:0;
    SYNC_COB = 0x1005:0;
    GUARD_TIME = 0x100C:0;
    LIFE_FACTOR = 0x100D:0;
    EMERGENCY_COB = 0x1014:0;
    HEARTBEAT_TIME = 0x1017:0;
    SYNC_OVERFLOW = 0x1019:0;
    ERROR_BEHAVIOUR = 0x1029:1;
    POSITION_GAIN = 0x2010:1;
    VELOCITY_GAIN = 0x2010:2;
    VELOCITY_INTEGRAL_TIME = 0x2010:3;
    HOMING_TORQUE = 0x2011:0;
    TEMPERATURE = 0x2012:1;
    TEMPERATURE_LIMIT = 0x2012:2;
    SUPPLY_LOW = 0x2013:1;
    SUPPLY_HIGH = 0x2013:2;
    ABORT_CONNECTION = 0x6007:0;
    ERROR_CODE = 0x603F:0;
    CONTROLWORD = 0x6040:0;
    STATUSWORD = 0x6041:0;
    QUICK_STOP_OPTION = 0x605A:0;
    SHUTDOWN_OPTION = 0x605B:0;
    DISABLE_OPTION = 0x605C:0;
    HALT_OPTION = 0x605D:0;
    FAULT_OPTION = 0x605E:0;
    MODE = 0x6060:0;
    MODE_DISPLAY = 0x6061:0;
    POSITION_DEMAND = 0x6062:0;
    POSITION_INTERNAL = 0x6063:0;
    POSITION = 0x6064:0;
    FOLLOWING_WINDOW = 0x6065:0;
    FOLLOWING_TIME = 0x6066:0;
    POSITION_WINDOW = 0x6067:0;
    POSITION_TIME = 0x6068:0;
    VELOCITY_DEMAND = 0x606B:0;
    VELOCITY = 0x606C:0;
    VELOCITY_WINDOW = 0x606D:0;
    VELOCITY_TIME = 0x606E:0;
    STANDSTILL_VELOCITY = 0x606F:0;
    STANDSTILL_TIME = 0x6070:0;
    TARGET_TORQUE = 0x6071:0;
    MAX_TORQUE = 0x6072:0;
    MAX_CURRENT = 0x6073:0;
    TORQUE_DEMAND = 0x6074:0;
    RATED_CURRENT = 0x6075:0;
    RATED_TORQUE = 0x6076:0;
    TORQUE = 0x6077:0;
    CURRENT = 0x6078:0;
    SUPPLY = 0x6079:0;
    TARGET_POSITION = 0x607A:0;
    HOME_OFFSET = 0x607C:0;
    LOWEST_POSITION = 0x607D:1;
    HIGHEST_POSITION = 0x607D:2;
    MAX_PROFILE_VELOCITY = 0x607F:0;
    MAX_MOTOR_SPEED = 0x6080:0;
    PROFILE_VELOCITY = 0x6081:0;
    PROFILE_ACCELERATION = 0x6083:0;
    PROFILE_DECELERATION = 0x6084:0;
    QUICK_STOP_DECELERATION = 0x6085:0;
    HOMING_METHOD = 0x6098:0;
    SEARCH_VELOCITY = 0x6099:1;
    ZERO_VELOCITY = 0x6099:2;
    HOMING_ACCELERATION = 0x609A:0;
    POSITION_OFFSET = 0x60B0:0;
    VELOCITY_OFFSET = 0x60B1:0;
    TORQUE_OFFSET = 0x60B2:0;
    INTERPOLATION_PERIOD = 0x60C2:1;
    INTERPOLATION_INDEX = 0x60C2:2;
    FOLLOWING_ERROR = 0x60F4:0;
    TARGET_VELOCITY = 0x60FF:0;
}

/// Objects with parts: what they are called, and whether all parts are alike.
pub(crate) const PARTED: &[(u16, &str, bool)] = &[
    (0x1003, "Pre-defined error field", true),
    (0x1010, "Store parameters", true),
    (0x1011, "Restore default parameters", true),
    (0x1016, "Consumer heartbeat time", true),
    (0x1018, "Identity object", false),
    (0x1029, "Error behaviour", true),
    (0x1200, "SDO server parameter", false),
    (0x1400, "RPDO 1 communication parameter", false),
    (0x1401, "RPDO 2 communication parameter", false),
    (0x1402, "RPDO 3 communication parameter", false),
    (0x1403, "RPDO 4 communication parameter", false),
    (0x1600, "RPDO 1 mapping parameter", false),
    (0x1601, "RPDO 2 mapping parameter", false),
    (0x1602, "RPDO 3 mapping parameter", false),
    (0x1603, "RPDO 4 mapping parameter", false),
    (0x1800, "TPDO 1 communication parameter", false),
    (0x1801, "TPDO 2 communication parameter", false),
    (0x1802, "TPDO 3 communication parameter", false),
    (0x1803, "TPDO 4 communication parameter", false),
    (0x1A00, "TPDO 1 mapping parameter", false),
    (0x1A01, "TPDO 2 mapping parameter", false),
    (0x1A02, "TPDO 3 mapping parameter", false),
    (0x1A03, "TPDO 4 mapping parameter", false),
    (0x2010, "Loop gains", false),
    (0x2012, "Temperature", false),
    (0x2013, "Supply limits", false),
    (0x607D, "Software position limit", true),
    (0x608F, "Position encoder resolution", true),
    (0x6099, "Homing speeds", true),
    (0x60C2, "Interpolation time period", false),
];

/// All objects, in the order of their addresses.
pub(crate) fn objects() -> Vec<Object> {
    let mut objects: Vec<Object> = COMMUNICATION.iter().chain(OWN).chain(PROFILE).copied().collect();
    for sub in 1..=HISTORY {
        objects.push(Object::read(0x1003, sub, "Standard error field", U32));
    }
    for pdo in 0..PDOS {
        objects.extend(process_data(pdo));
    }
    objects.sort_by_key(|object| object.address);
    objects
}

/// What the four frames each way carry at first: state and mode; positions and velocities; torques; nothing.
const RECEIVED: [&[u32]; PDOS as usize] = [
    &[0x6040_0010, 0x6060_0008],
    &[0x607A_0020, 0x60FF_0020],
    &[0x6071_0010],
    &[],
];
const SENT: [&[u32]; PDOS as usize] = [
    &[0x6041_0010, 0x6061_0008],
    &[0x6064_0020, 0x606C_0020],
    &[0x6077_0010, 0x603F_0010],
    &[],
];

fn process_data(pdo: u16) -> Vec<Object> {
    let mut objects = Vec::new();
    for (sent, first, mapped) in [(false, 0x1400, RECEIVED), (true, 0x1800, SENT)] {
        let (index, mapping) = (first + pdo, first + 0x200 + pdo);
        let mapped = mapped[usize::from(pdo)];
        let cob = i64::from(0x100 * pdo + if sent { 0x180 } else { 0x200 });
        let unused = if mapped.is_empty() { 1 << 31 } else { 0 };
        let remote = if sent { 1 << 30 } else { 0 };
        let highest = if sent { 6 } else { 5 };
        objects.push(Object::constant(
            index,
            0,
            "Highest sub-index supported",
            U8,
            highest,
        ));
        objects.push(Object::parameter(index, 1, "COB-ID", U32, cob | unused | remote).plus_node());
        objects.push(Object::parameter(index, 2, "Transmission type", U8, 255));
        if sent {
            objects.push(Object::parameter(index, 3, "Inhibit time", U16, 0));
        }
        objects.push(Object::parameter(index, 5, "Event timer", U16, 0));
        if sent {
            objects.push(Object::parameter(index, 6, "SYNC start value", U8, 0).within(0, 240));
        }
        objects.push(
            Object::parameter(mapping, 0, "Number of mapped objects", U8, mapped.len() as i64)
                .within(0, i64::from(PDO_ENTRIES)),
        );
        for sub in 1..=PDO_ENTRIES {
            let content = mapped.get(usize::from(sub) - 1).copied().unwrap_or(0);
            objects.push(Object::parameter(
                mapping,
                sub,
                "Mapped object",
                U32,
                i64::from(content),
            ));
        }
    }
    objects
}

const COMMUNICATION: &[Object] = &[
    Object::constant(0x1000, 0, "Device type", U32, 0x0002_0192),
    Object::read(0x1001, 0, "Error register", U8).sent(),
    Object::command(0x1003, 0, "Number of errors", U8).within(0, 0),
    Object::parameter(0x1005, 0, "COB-ID SYNC", U32, 0x80).within(0, 0x7FF),
    Object::constant(0x1008, 0, "Manufacturer device name", Text("Servomesh drive"), 0),
    Object::constant(0x1009, 0, "Manufacturer hardware version", Text("simulated"), 0),
    Object::constant(
        0x100A,
        0,
        "Manufacturer software version",
        Text(env!("CARGO_PKG_VERSION")),
        0,
    ),
    Object::parameter(0x100C, 0, "Guard time", U16, 0),
    Object::parameter(0x100D, 0, "Life time factor", U8, 0),
    Object::constant(0x1010, 0, "Highest sub-index supported", U8, 3),
    Object::parameter(0x1010, 1, "Store all parameters", U32, 1).forgotten(),
    Object::parameter(0x1010, 2, "Store communication parameters", U32, 1).forgotten(),
    Object::parameter(0x1010, 3, "Store application parameters", U32, 1).forgotten(),
    Object::constant(0x1011, 0, "Highest sub-index supported", U8, 3),
    Object::parameter(0x1011, 1, "Restore all default parameters", U32, 1).forgotten(),
    Object::parameter(0x1011, 2, "Restore communication defaults", U32, 1).forgotten(),
    Object::parameter(0x1011, 3, "Restore application defaults", U32, 1).forgotten(),
    Object::parameter(0x1014, 0, "COB-ID EMCY", U32, 0x80).plus_node(),
    Object::constant(0x1016, 0, "Highest sub-index supported", U8, 2),
    Object::parameter(0x1016, 1, "Consumer heartbeat time", U32, 0),
    Object::parameter(0x1016, 2, "Consumer heartbeat time", U32, 0),
    Object::parameter(0x1017, 0, "Producer heartbeat time", U16, 0),
    Object::constant(0x1018, 0, "Highest sub-index supported", U8, 4),
    Object::constant(0x1018, 1, "Vendor-ID", U32, 0),
    Object::constant(0x1018, 2, "Product code", U32, 0x402),
    Object::constant(0x1018, 3, "Revision number", U32, 0x0001_0000),
    Object::read(0x1018, 4, "Serial number", U32),
    Object::parameter(0x1019, 0, "Synchronous counter overflow value", U8, 0).within(0, 240),
    Object::constant(0x1021, 0, "Store EDS", DataSheet, 0),
    Object::constant(0x1022, 0, "Store format", U8, 0),
    Object::constant(0x1029, 0, "Highest sub-index supported", U8, 1),
    Object::parameter(0x1029, 1, "Communication error", U8, 0).within(0, 2),
    Object::constant(0x1200, 0, "Highest sub-index supported", U8, 2),
    Object::constant(0x1200, 1, "COB-ID client to server", U32, 0x600).plus_node(),
    Object::constant(0x1200, 2, "COB-ID server to client", U32, 0x580).plus_node(),
];

const OWN: &[Object] = &[
    Object::parameter(0x2000, 0, "User data", Bytes, 0),
    Object::constant(0x2010, 0, "Highest sub-index supported", U8, 3),
    Object::parameter(0x2010, 1, "Position loop gain in 0.01/s", U16, 2500),
    Object::parameter(
        0x2010,
        2,
        "Velocity loop gain in mA s/rad, 0 for one after the rotor",
        U16,
        0,
    ),
    Object::parameter(
        0x2010,
        3,
        "Velocity loop integral time in ms, 0 for none",
        U16,
        40,
    ),
    Object::parameter(0x2011, 0, "Homing torque limit", U16, 500),
    Object::constant(0x2012, 0, "Highest sub-index supported", U8, 2),
    Object::read(0x2012, 1, "Temperature in 0.1 degC", I16).sent(),
    Object::parameter(0x2012, 2, "Temperature limit in 0.1 degC", I16, 800),
    Object::constant(0x2013, 0, "Highest sub-index supported", U8, 2),
    Object::parameter(0x2013, 1, "Lowest supply in mV", U32, 9_000),
    Object::parameter(0x2013, 2, "Highest supply in mV", U32, 60_000),
];

const TURN: i64 = COUNTS_PER_TURN;

const PROFILE: &[Object] = &[
    Object::parameter(0x6007, 0, "Abort connection option code", I16, 1).within(0, 3),
    Object::read(0x603F, 0, "Error code", U16).sent(),
    Object::command(0x6040, 0, "Controlword", U16),
    Object::read(0x6041, 0, "Statusword", U16).sent(),
    Object::parameter(0x605A, 0, "Quick stop option code", I16, 2).within(0, 8),
    Object::parameter(0x605B, 0, "Shutdown option code", I16, 0).within(0, 1),
    Object::parameter(0x605C, 0, "Disable operation option code", I16, 1).within(0, 1),
    Object::parameter(0x605D, 0, "Halt option code", I16, 1).within(1, 4),
    Object::parameter(0x605E, 0, "Fault reaction option code", I16, 2).within(0, 4),
    Object::command(0x6060, 0, "Modes of operation", I8),
    Object::read(0x6061, 0, "Modes of operation display", I8).sent(),
    Object::read(0x6062, 0, "Position demand value", I32).sent(),
    Object::read(0x6063, 0, "Position actual internal value", I32).sent(),
    Object::read(0x6064, 0, "Position actual value", I32).sent(),
    Object::parameter(0x6065, 0, "Following error window", U32, TURN / 8),
    Object::parameter(0x6066, 0, "Following error time out", U16, 100),
    Object::parameter(0x6067, 0, "Position window", U32, TURN / 500),
    Object::parameter(0x6068, 0, "Position window time", U16, 5),
    Object::read(0x606B, 0, "Velocity demand value", I32).sent(),
    Object::read(0x606C, 0, "Velocity actual value", I32).sent(),
    Object::parameter(0x606D, 0, "Velocity window", U16, TURN / 50),
    Object::parameter(0x606E, 0, "Velocity window time", U16, 5),
    Object::parameter(0x606F, 0, "Velocity threshold", U16, TURN / 100),
    Object::parameter(0x6070, 0, "Velocity threshold time", U16, 5),
    Object::command(0x6071, 0, "Target torque", I16),
    Object::parameter(0x6072, 0, "Max torque", U16, 3000).received(),
    Object::parameter(0x6073, 0, "Max current", U16, 3000),
    Object::read(0x6074, 0, "Torque demand", I16).sent(),
    Object::read(0x6075, 0, "Motor rated current", U32),
    Object::read(0x6076, 0, "Motor rated torque", U32),
    Object::read(0x6077, 0, "Torque actual value", I16).sent(),
    Object::read(0x6078, 0, "Current actual value", I16).sent(),
    Object::read(0x6079, 0, "DC link circuit voltage", U32).sent(),
    Object::command(0x607A, 0, "Target position", I32),
    Object::parameter(0x607C, 0, "Home offset", I32, 0),
    Object::constant(0x607D, 0, "Highest sub-index supported", U8, 2),
    Object::parameter(0x607D, 1, "Min position limit", I32, i32::MIN as i64),
    Object::parameter(0x607D, 2, "Max position limit", I32, i32::MAX as i64),
    Object::parameter(0x607F, 0, "Max profile velocity", U32, 10 * TURN),
    Object::parameter(0x6080, 0, "Max motor speed", U32, 10 * TURN),
    Object::parameter(0x6081, 0, "Profile velocity", U32, TURN / 2).received(),
    Object::parameter(0x6083, 0, "Profile acceleration", U32, 5 * TURN).within(1, u32::MAX as i64),
    Object::parameter(0x6084, 0, "Profile deceleration", U32, 5 * TURN).within(1, u32::MAX as i64),
    Object::parameter(0x6085, 0, "Quick stop deceleration", U32, 10 * TURN).within(1, u32::MAX as i64),
    Object::parameter(0x6086, 0, "Motion profile type", I16, 0).within(0, 0),
    Object::constant(0x608F, 0, "Highest sub-index supported", U8, 2),
    Object::constant(0x608F, 1, "Encoder increments", U32, TURN),
    Object::constant(0x608F, 2, "Motor revolutions", U32, 1),
    Object::parameter(0x6098, 0, "Homing method", I8, 35),
    Object::constant(0x6099, 0, "Highest sub-index supported", U8, 2),
    Object::parameter(0x6099, 1, "Speed during search for switch", U32, TURN / 5).within(1, 10 * TURN),
    Object::parameter(0x6099, 2, "Speed during search for zero", U32, TURN / 20).within(1, 10 * TURN),
    Object::parameter(0x609A, 0, "Homing acceleration", U32, 2 * TURN).within(1, u32::MAX as i64),
    Object::command(0x60B0, 0, "Position offset", I32),
    Object::command(0x60B1, 0, "Velocity offset", I32),
    Object::command(0x60B2, 0, "Torque offset", I16),
    Object::constant(0x60C2, 0, "Highest sub-index supported", U8, 2),
    Object::parameter(0x60C2, 1, "Interpolation time period value", U8, 1).within(1, 255),
    Object::parameter(0x60C2, 2, "Interpolation time index", I8, -3).within(-6, 0),
    Object::read(0x60F4, 0, "Following error actual value", I32).sent(),
    Object::command(0x60FF, 0, "Target velocity", I32),
    Object::constant(
        0x6502,
        0,
        "Supported drive modes",
        U32,
        super::drive::MODES as i64,
    ),
];
