//! What a drive's error code (object 603Fh, emergencies) is called in this house.
//!
//! Source of the codes: IEC 61800-7-201 (CiA 402-2), error codes; CiA 301, emergency codes.

use servomesh_types::fault::DriveFault;

/// The fault of an error code.
///
/// What a drive calls its own (FF00h and up), and what belongs to no group that is known, stays a number.
pub const fn of_error_code(code: u16) -> DriveFault {
    match code {
        0x8130 | 0x8250 => DriveFault::Watchdog,
        0x2320..=0x234F => DriveFault::ShortCircuit,
        0x2350..=0x235F => DriveFault::Overload,
        0x2000..=0x2FFF => DriveFault::Overcurrent,
        0x3110 | 0x3210 | 0x3310 => DriveFault::Overvoltage,
        0x3120 | 0x3130 | 0x3220 | 0x3320 => DriveFault::Undervoltage,
        0x4000..=0x4FFF => DriveFault::Overheated,
        0x5000..=0x6FFF => DriveFault::Internal,
        0x7121 => DriveFault::Blocked,
        0x7122 => DriveFault::MotorPosition,
        0x7300..=0x73FF => DriveFault::Encoder,
        0x7500..=0x75FF | 0x8100..=0x82FF | 0x8700..=0x87FF => DriveFault::Communication,
        0x8300..=0x83FF => DriveFault::Overload,
        0x8400..=0x86FF => DriveFault::Following,
        other => DriveFault::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use servomesh_fieldbus::cia402::ErrorCode;

    #[test]
    fn every_code_of_the_standard_that_names_a_cause_has_a_name_here() {
        let named = |code: u16| !matches!(of_error_code(code), DriveFault::Other(_));
        let without: Vec<u16> = ErrorCode::ALL
            .iter()
            .map(|error| error.code)
            .filter(|code| !named(*code))
            .collect();
        // No error, a generic one, and groups that leave open which of two opposite causes it is.
        let open = [0x0000, 0x1000, 0x3000, 0x3100, 0x3200, 0x7000, 0x7120, 0x8000];
        assert_eq!(without, open);
    }

    #[test]
    fn a_code_is_the_fault_that_it_says() {
        for (code, fault) in [
            (0x8130, DriveFault::Watchdog),
            (0x8611, DriveFault::Following),
            (0x4310, DriveFault::Overheated),
            (0x3220, DriveFault::Undervoltage),
            (0x2310, DriveFault::Overcurrent),
            (0xFF01, DriveFault::Other(0xFF01)),
        ] {
            assert_eq!(of_error_code(code), fault, "{code:04X}h");
        }
    }
}
