//! What a drive is asked and told before it may move: a list, worked off from the front.
//!
//! Who it is; torque off; heartbeats both ways; its limits; what its process data carry; its mode. Everything that holds already what it should is
//! let be, so that a drive that is opened again is told nothing but to switch off and to start.

use super::objects::{
    ABORT_CONNECTION, CONTROLWORD, DEVICE_TYPE, HEARTBEAT_CONSUMER, HEARTBEAT_TIME, HIGHEST_POSITION,
    INTERPOLATION_INDEX, INTERPOLATION_PERIOD, LOWEST_POSITION, MAX_CURRENT, MAX_TORQUE, MAX_VELOCITY, MODE,
    POSITION, PRODUCT, PROFILE_ACCELERATION, PROFILE_DECELERATION, PROFILE_VELOCITY, RATED_CURRENT, RECEIVED,
    SENT, SERIAL, STATUSWORD, SUPPLY, SUPPORTED_MODES, SYNC_COB, SYNC_OVERFLOW, TARGET_POSITION,
    TARGET_TORQUE, TARGET_VELOCITY, TORQUE, VENDOR,
};
use super::sdo::Value;
use super::settings::{DriveSettings, Settings};
use servomesh_fieldbus::can::frame::Id;
use servomesh_fieldbus::canopen::nmt::HeartbeatConsumer;
use servomesh_fieldbus::canopen::pdo::{CobId, Entry, Transmission};
use servomesh_fieldbus::canopen::sdo::Address;
use servomesh_fieldbus::canopen::{NodeId, Service};
use servomesh_fieldbus::cia402::{Controlword, Mode};
use std::time::Duration;

/// One thing that is asked or told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Reads what says something of the drive.
    Learn(Fact),
    /// Waits whether somebody else answers, too.
    Listen,
    /// Writes it.
    Write(Address, Value),
    /// Writes it where something else stands. A drive without this object is let be.
    Ensure(Address, Value),
    /// The same; and what was written has to be read again, and the object has to be there.
    Insist(Address, Value),
    /// Lets the drive use this much torque, and no more.
    LimitTorque,
    /// Waits until the drive says that it has its mode.
    AwaitMode,
    /// Takes a PDO that is not needed off the bus.
    Unuse(Address),
    /// Looks whether something else stands in these bits.
    Compare { object: Address, value: u32, mask: u32 },
    /// Goes on so many steps further unless something else stood in one of the bits compared since the last of these.
    UnlessDiffers(usize),
}

/// What a drive says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    Profile,
    Serial,
    Vendor(u32),
    Product(u32),
    Modes,
    RatedCurrent,
    MaxCurrent,
    MaxVelocity,
    LowestPosition,
    HighestPosition,
    Supply,
    Temperature(Address),
}

impl Fact {
    pub(super) fn object(self) -> Address {
        match self {
            Self::Profile => DEVICE_TYPE,
            Self::Serial => SERIAL,
            Self::Vendor(_) => VENDOR,
            Self::Product(_) => PRODUCT,
            Self::Modes => SUPPORTED_MODES,
            Self::RatedCurrent => RATED_CURRENT,
            Self::MaxCurrent => MAX_CURRENT,
            Self::MaxVelocity => MAX_VELOCITY,
            Self::LowestPosition => LOWEST_POSITION,
            Self::HighestPosition => HIGHEST_POSITION,
            Self::Supply => SUPPLY,
            Self::Temperature(object) => object,
        }
    }

    /// Whether a drive may do without this object.
    pub(super) fn is_optional(self) -> bool {
        !matches!(self, Self::Profile | Self::Modes | Self::RatedCurrent)
    }
}

/// What a drive is asked and told. `node` is the drive's, `master` this driver's.
pub(super) fn script(settings: &Settings, drive: &DriveSettings, node: NodeId, master: NodeId) -> Vec<Step> {
    let mut steps = vec![
        Step::Learn(Fact::Profile),
        Step::Listen,
        Step::Learn(Fact::Serial),
        Step::Listen,
    ];
    steps.extend(drive.vendor.map(|vendor| Step::Learn(Fact::Vendor(vendor))));
    steps.extend(drive.product.map(|product| Step::Learn(Fact::Product(product))));
    steps.extend([
        Step::Learn(Fact::Modes),
        Step::Write(CONTROLWORD, Value::u16(Controlword::DISABLE_VOLTAGE.0)),
        Step::Ensure(SYNC_COB, Value::u32(number(Service::Sync))),
        Step::Ensure(SYNC_OVERFLOW, Value::u8(0)),
    ]);
    watch(&mut steps, settings, master);
    steps.extend([
        Step::Learn(Fact::RatedCurrent),
        Step::Learn(Fact::MaxCurrent),
        Step::LimitTorque,
        Step::Learn(Fact::MaxVelocity),
    ]);
    if drive.range.is_some() {
        steps.extend([
            Step::Learn(Fact::LowestPosition),
            Step::Learn(Fact::HighestPosition),
        ]);
    }
    process_data(
        &mut steps,
        RECEIVED,
        number(Service::Receive(1, node)),
        goal_entries(drive.mode),
    );
    process_data(&mut steps, SENT, number(Service::Transmit(1, node)), &SAMPLE);
    for pdo in 1..4 {
        steps.extend([RECEIVED, SENT].map(|first| Step::Unuse(Address::new(first + pdo, 1))));
    }
    take_up_mode(&mut steps, settings.period, drive);
    steps.push(Step::Learn(Fact::Supply));
    steps.extend(
        drive
            .thermometer
            .map(|thermometer| Step::Learn(Fact::Temperature(thermometer.object))),
    );
    steps
}

/// Heartbeats both ways: the drive's tells when it fell out of operation, and the driver's is the drive's bus watchdog. Without it a powered drive
/// takes that for a fault, and does what it does about one: 6007h is 1.
fn watch(steps: &mut Vec<Step>, settings: &Settings, master: NodeId) {
    let within_ms = settings.watchdog.as_millis() as u16;
    let every_ms = (within_ms / 2).clamp(10, 500);
    let consumer = HeartbeatConsumer {
        node: master,
        within_ms,
    };
    steps.extend([
        Step::Ensure(HEARTBEAT_TIME, Value::u16(every_ms)),
        Step::Insist(ABORT_CONNECTION, Value::u16(FAULT_SIGNAL)),
        Step::Insist(HEARTBEAT_CONSUMER, Value::u32(consumer.encode())),
    ]);
}

/// A PDO in step with the SYNC: it is taken off the bus, changed and used again, if anything of it is not as it should be.
fn process_data(steps: &mut Vec<Step>, index: u16, id: u32, entries: &[Entry]) {
    let (cob, transmission, inhibit) = (
        Address::new(index, 1),
        Address::new(index, 2),
        Address::new(index, 3),
    );
    let object = |sub| Address::new(index + 0x200, sub);
    let compare = |object, value, mask| Step::Compare { object, value, mask };
    let each_sync = Transmission::Sync(1).code();
    let (sent, count) = (index == SENT, entries.len() as u8);
    steps.extend([
        compare(cob, id, USED | ID),
        compare(transmission, u32::from(each_sync), u32::MAX),
        compare(object(0), u32::from(count), u32::MAX),
    ]);
    let numbered = || (1..).zip(entries);
    steps.extend(numbered().map(|(sub, entry)| compare(object(sub), entry.encode(), u32::MAX)));
    let own = Id::standard(id as u16).map(CobId::of);
    let Some(used) = own else { return }; // identifiers of the predefined set have 11 bits
    let unused = CobId { valid: false, ..used };
    let mut changes = vec![
        Step::Write(cob, Value::u32(unused.encode())),
        Step::Write(object(0), Value::u8(0)),
    ];
    changes.extend(numbered().map(|(sub, entry)| Step::Write(object(sub), Value::u32(entry.encode()))));
    changes.extend([
        Step::Write(object(0), Value::u8(count)),
        Step::Write(transmission, Value::u8(each_sync)),
    ]);
    if sent {
        changes.push(Step::Ensure(inhibit, Value::u16(0)));
    }
    changes.push(Step::Write(cob, Value::u32(used.encode())));
    steps.push(Step::UnlessDiffers(changes.len()));
    steps.extend(changes);
}

fn take_up_mode(steps: &mut Vec<Step>, period: Duration, drive: &DriveSettings) {
    if drive.mode.is_cyclic() {
        let (value, index) = interpolation(period);
        steps.extend([
            Step::Ensure(INTERPOLATION_PERIOD, Value::u8(value)),
            Step::Ensure(INTERPOLATION_INDEX, Value::u8(index.cast_unsigned())),
        ]);
    } else {
        let whole = |number: f64| Value::u32(number.round().clamp(1.0, f64::from(u32::MAX)) as u32);
        steps.extend([
            Step::Ensure(PROFILE_VELOCITY, whole(drive.velocity)),
            Step::Ensure(PROFILE_ACCELERATION, whole(drive.acceleration)),
            Step::Ensure(PROFILE_DECELERATION, whole(drive.acceleration)),
        ]);
    }
    steps.extend([
        Step::Ensure(MODE, Value::u8(drive.mode.code().cast_unsigned())),
        Step::AwaitMode,
    ]);
}

/// A period as object 60C2h has it: 1 to 255, and the power of ten of seconds that it counts; as exact as that can be.
pub(super) fn interpolation(period: Duration) -> (u8, i8) {
    let mut best = (f64::INFINITY, (1, -3));
    for index in (-6..=0).rev() {
        let unit_s = 10_f64.powi(i32::from(index));
        let value = (period.as_secs_f64() / unit_s).round();
        if (1.0..=255.0).contains(&value) {
            let off = (value * unit_s - period.as_secs_f64()).abs();
            if off < best.0 - 1e-12 {
                best = (off, (value as u8, index));
            }
        }
    }
    best.1
}

fn number(service: Service) -> u32 {
    service.id().map_or(0, Id::number)
}

const fn entry(address: Address, bits: u8) -> Entry {
    Entry { address, bits }
}

/// What a drive tells in each cycle.
pub(super) const SAMPLE: [Entry; 3] = [entry(STATUSWORD, 16), entry(POSITION, 32), entry(TORQUE, 16)];

/// What a drive is told in each cycle.
fn goal_entries(mode: Mode) -> &'static [Entry] {
    const WORD: Entry = entry(CONTROLWORD, 16);
    const MOST: Entry = entry(MAX_TORQUE, 16);
    match mode {
        Mode::CyclicSyncTorque => &const { [WORD, entry(TARGET_TORQUE, 16)] },
        Mode::CyclicSyncVelocity => &const { [WORD, entry(TARGET_VELOCITY, 32), MOST] },
        _ => &const { [WORD, entry(TARGET_POSITION, 32), MOST] },
    }
}

/// Object 6007h: a lost connection is a fault.
const FAULT_SIGNAL: u16 = 1;
/// Of a COB-ID: bit 31 says that the PDO is not used, bit 29 that the identifier has 29 bits.
const USED: u32 = 1 << 31 | 1 << 29;
const ID: u32 = 0x7FF;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_told_as_exactly_as_a_byte_and_a_power_of_ten_can() {
        let cases = [
            (2000, (2, -3)),
            (2500, (25, -4)),
            (1000, (1, -3)),
            (125, (125, -6)),
            (20_000, (2, -2)),
            (3003, (3, -3)),
        ];
        for (us, told) in cases {
            assert_eq!(interpolation(Duration::from_micros(us)), told, "{us} µs");
        }
    }
}
