//! What the program `devices` says to files that can't be used.

use std::process::Command;

fn complaint(text: Option<&str>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("buses.yaml");
    if let Some(text) = text {
        std::fs::write(&file, text).expect("a file");
    }
    let output = Command::new(env!("CARGO_BIN_EXE_devices"))
        .arg("--check")
        .arg(&file)
        .output()
        .expect("it starts");
    assert!(!output.status.success() && output.stdout.is_empty());
    let message = String::from_utf8(output.stderr).expect("text");
    assert_eq!(message.lines().count(), 1, "one message: {message}");
    let folder = folder.path().display().to_string();
    message.replace(&folder, "FOLDER")
}

fn device(entry: &str) -> String {
    complaint(Some(&format!("buses: {{ arm: {{ devices: [{{ {entry} }}] }} }}")))
}

#[test]
fn each_gets_one_clear_message() {
    assert_eq!(
        complaint(None),
        "devices: error: FOLDER/buses.yaml: cannot be read: No such file or directory (os error 2)\n"
    );
    assert!(complaint(Some("buses: [")).contains("FOLDER/buses.yaml: "));
    let unknown = device("protocol: dynamixel, model: XM430, id: 1");
    assert!(
        unknown.contains("bus arm: device 1: model XM430 is unknown; there are "),
        "{unknown}"
    );
    assert!(device("protocol: dynamixel, id: 253").contains("ids are 0 to 252"));
    assert!(device("protocol: feetech, id: 1, baud: 57601").contains("57601"));
    assert!(device("protocol: canopen, id: 128").contains("node ids are 1 to 127"));
    let sheet = device("protocol: feetech, id: 1, motor: { sheet: none.yaml }");
    assert!(
        sheet.contains("bus arm: device 1: FOLDER/none.yaml: cannot be read"),
        "{sheet}"
    );
    let machine = "machine: { urdf: a.urdf, servos: b.yaml }\nbuses: { arm: { devices: [{ protocol: feetech, id: 1 }] } }";
    assert!(complaint(Some(machine)).contains("FOLDER/a.urdf"));
}
