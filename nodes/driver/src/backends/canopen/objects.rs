//! The objects of a drive's dictionary that this driver uses.
//!
//! Sources: CiA 301 version 4.2; IEC 61800-7-201 (CiA 402-2).

use servomesh_fieldbus::canopen::sdo::Address;

const fn whole(index: u16) -> Address {
    Address::new(index, 0)
}

/// Device type: the lower 16 bits are the profile's number.
pub(super) const DEVICE_TYPE: Address = whole(0x1000);
/// Which identifier is the SYNC's; bit 30: the device makes it.
pub(super) const SYNC_COB: Address = whole(0x1005);
/// Whose heartbeat is awaited, and for how long.
pub(super) const HEARTBEAT_CONSUMER: Address = Address::new(0x1016, 1);
/// How often the drive tells that it lives \[ms\].
pub(super) const HEARTBEAT_TIME: Address = whole(0x1017);
/// Identity: vendor, product, serial number.
pub(super) const VENDOR: Address = Address::new(0x1018, 1);
pub(super) const PRODUCT: Address = Address::new(0x1018, 2);
pub(super) const SERIAL: Address = Address::new(0x1018, 4);
/// How far the SYNC counts; 0: it has no counter.
pub(super) const SYNC_OVERFLOW: Address = whole(0x1019);
/// What a lost connection does to a powered motor.
pub(super) const ABORT_CONNECTION: Address = whole(0x6007);
pub(super) const ERROR_CODE: Address = whole(0x603F);
pub(super) const CONTROLWORD: Address = whole(0x6040);
pub(super) const STATUSWORD: Address = whole(0x6041);
pub(super) const MODE: Address = whole(0x6060);
pub(super) const MODE_DISPLAY: Address = whole(0x6061);
pub(super) const POSITION: Address = whole(0x6064);
/// Thousandths of the rated torque, or current.
pub(super) const TARGET_TORQUE: Address = whole(0x6071);
pub(super) const MAX_TORQUE: Address = whole(0x6072);
pub(super) const MAX_CURRENT: Address = whole(0x6073);
/// \[mA\].
pub(super) const RATED_CURRENT: Address = whole(0x6075);
pub(super) const TORQUE: Address = whole(0x6077);
/// \[mV\].
pub(super) const SUPPLY: Address = whole(0x6079);
pub(super) const TARGET_POSITION: Address = whole(0x607A);
/// What the position is at home.
pub(super) const HOME_OFFSET: Address = whole(0x607C);
pub(super) const LOWEST_POSITION: Address = Address::new(0x607D, 1);
pub(super) const HIGHEST_POSITION: Address = Address::new(0x607D, 2);
pub(super) const MAX_VELOCITY: Address = whole(0x607F);
pub(super) const PROFILE_VELOCITY: Address = whole(0x6081);
pub(super) const PROFILE_ACCELERATION: Address = whole(0x6083);
pub(super) const PROFILE_DECELERATION: Address = whole(0x6084);
pub(super) const HOMING_METHOD: Address = whole(0x6098);
pub(super) const SEARCH_VELOCITY: Address = Address::new(0x6099, 1);
pub(super) const ZERO_VELOCITY: Address = Address::new(0x6099, 2);
pub(super) const HOMING_ACCELERATION: Address = whole(0x609A);
/// Time between setpoints: a number, and the power of ten of seconds that it counts.
pub(super) const INTERPOLATION_PERIOD: Address = Address::new(0x60C2, 1);
pub(super) const INTERPOLATION_INDEX: Address = Address::new(0x60C2, 2);
pub(super) const TARGET_VELOCITY: Address = whole(0x60FF);
pub(super) const SUPPORTED_MODES: Address = whole(0x6502);

/// The communication parameters of what the drive receives and sends; 200h further are the mappings.
pub(super) const RECEIVED: u16 = 0x1400;
pub(super) const SENT: u16 = 0x1800;
