//! Error codes: object 603Fh, and the first two bytes of an emergency message.

/// An error code with its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// What object 603Fh holds.
    pub code: u16,
    /// What it means.
    pub name: &'static str,
}

/// The name of an error code: its own, or that of its group; `None` if it belongs to no group of the standard.
pub fn error_name(code: u16) -> Option<&'static str> {
    let known = |code| {
        let place = ErrorCode::ALL
            .binary_search_by_key(&code, |error| error.code)
            .ok()?;
        Some(ErrorCode::ALL[place].name)
    };
    if code >= 0xFF00 {
        return Some("manufacturer's own");
    }
    known(code)
        .or_else(|| known(code & 0xFFF0))
        .or_else(|| known(code & 0xFF00))
        .or_else(|| known(code & 0xF000))
}

impl ErrorCode {
    /// Codes and groups, in the order of their codes.
    pub const ALL: [Self; 54] = [
        error(0x0000, "no error"),
        error(0x1000, "generic error"),
        error(0x2000, "current"),
        error(0x2300, "current, device output side"),
        error(0x2310, "continuous over-current"),
        error(0x2320, "short circuit or earth leakage"),
        error(0x2330, "earth leakage"),
        error(0x2340, "short circuit"),
        error(0x2350, "I²t load level, fault"),
        error(0x2351, "I²t load level, warning"),
        error(0x3000, "voltage"),
        error(0x3100, "mains voltage"),
        error(0x3110, "mains over-voltage"),
        error(0x3120, "mains under-voltage"),
        error(0x3130, "phase failure"),
        error(0x3200, "DC link voltage"),
        error(0x3210, "DC link over-voltage"),
        error(0x3220, "DC link under-voltage"),
        error(0x4000, "temperature"),
        error(0x4200, "device temperature"),
        error(0x4210, "device too hot"),
        error(0x4300, "drive temperature"),
        error(0x4310, "drive too hot"),
        error(0x5000, "device hardware"),
        error(0x5113, "5 V supply low"),
        error(0x5530, "data memory"),
        error(0x6000, "device software"),
        error(0x6010, "software reset by watchdog"),
        error(0x6300, "data record"),
        error(0x6310, "loss of parameters"),
        error(0x6320, "parameter error"),
        error(0x7000, "additional modules"),
        error(0x7120, "motor"),
        error(0x7121, "motor blocked"),
        error(0x7122, "motor error or commutation"),
        error(0x7300, "sensor"),
        error(0x7305, "incremental sensor 1"),
        error(0x7310, "speed"),
        error(0x7320, "position"),
        error(0x7500, "communication"),
        error(0x8000, "monitoring"),
        error(0x8100, "communication monitoring"),
        error(0x8110, "CAN overrun, objects lost"),
        error(0x8120, "CAN error passive"),
        error(0x8130, "heartbeat or guarding lost"),
        error(0x8140, "recovered from bus off"),
        error(0x8210, "PDO too short"),
        error(0x8220, "PDO too long"),
        error(0x8311, "torque too high"),
        error(0x8400, "velocity control"),
        error(0x8500, "position control"),
        error(0x8611, "following error"),
        error(0x8612, "reference limit"),
        error(0x8700, "synchronisation"),
    ];
}

const fn error(code: u16, name: &'static str) -> ErrorCode {
    ErrorCode { code, name }
}
