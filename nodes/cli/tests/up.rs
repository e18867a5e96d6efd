//! `servomesh up` with real processes: the wiring. Nothing here waits for time to pass; everything waits for lines and ends.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A running `servomesh up` over shell scripts.
struct Up {
    child: Child,
    stdout: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

/// One `<executable>`: a name, its other attributes, and its script. `$FOLDER` is a folder of this test's own.
struct Script<'a>(&'a str, &'a str, &'a str);

impl Up {
    fn start(scripts: &[Script<'_>]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Scripts and tests wait for each other at these.
        let pipes = ["go", "held", "never"].map(|name| folder.path().join(name));
        assert!(
            Command::new("mkfifo")
                .args(pipes)
                .status()
                .expect("mkfifo runs")
                .success()
        );
        let mut xml = format!(
            "<launch><set_env name=\"FOLDER\" value=\"{}\"/>",
            folder.path().display()
        );
        for Script(name, attributes, script) in scripts {
            std::fs::write(folder.path().join(name), script).expect("a script");
            let path = folder.path().join(name);
            write!(
                xml,
                "<executable name=\"{name}\" cmd=\"/bin/sh {}\" {attributes}/>",
                path.display()
            )
            .expect("text");
        }
        let file = folder.path().join("main.launch.xml");
        std::fs::write(&file, xml + "</launch>").expect("a launch file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_servomesh"))
            .arg("up")
            .arg(&file)
            // A killed servomesh leaves its parameter files behind: here they go with the test's folder.
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("servomesh starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        Self {
            child,
            stdout,
            folder,
        }
    }

    /// The next line on stdout.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("text");
        line.trim_end().to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("servomesh runs");
    }

    /// Waits for the end; the rest of stdout, and all of stderr.
    fn end(mut self) -> (ExitStatus, String, String) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stdout.read_to_string(&mut stdout).expect("text");
        self.child
            .stderr
            .take()
            .expect("stderr is piped")
            .read_to_string(&mut stderr)
            .expect("text");
        (self.child.wait().expect("an end"), stdout, stderr)
    }

    /// A pipe with a name, in the folder of this test.
    fn pipe(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Lasts until it is signalled, without a child process of its own.
const FOR_EVER: &str = "echo ready; read line < $FOLDER/never\n";

#[test]
fn lines_come_behind_the_name_of_their_process() {
    let one = "echo out; echo err >&2; printf 'no line end'";
    let up = Up::start(&[Script("one", "", one), Script("other", "", "echo $FOLDER")]);
    let folder = up.folder.path().display().to_string();
    let (status, stdout, stderr) = up.end();
    assert!(status.success());
    let mut lines: Vec<_> = stdout.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    let other = format!("[other] {folder}");
    assert_eq!(lines, ["[one]   no line end", "[one]   out", &other]);
    assert!(stderr.contains("[one]   err\n"), "{stderr}");
    assert!(stderr.contains("servomesh: all 2 processes started"), "{stderr}");
    assert!(!stderr.contains('\x1b'), "no colours where there is no terminal");
}

#[test]
fn a_process_with_respawn_comes_back() {
    let script = "echo $$; if [ ! -e $FOLDER/once ]; then touch $FOLDER/once; kill -9 $$; fi\n";
    let mut up = Up::start(&[Script("a", "respawn=\"true\" respawn_max_retries=\"1\"", script)]);
    let (first, second) = (up.line(), up.line());
    assert_ne!(first, second);
    let (status, _, stderr) = up.end();
    assert!(
        stderr.contains("a ended (SIGKILL); restarting it in 0.0 s"),
        "{stderr}"
    );
    assert!(
        stderr.contains("a failed (exit code 0): its respawn_max_retries are used up"),
        "{stderr}"
    );
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_wrong_configuration_is_named_and_not_restarted() {
    let script = "echo 'cell.urdf: no joint elbow' >&2; exit 78";
    let up = Up::start(&[Script("safety", "respawn=\"true\"", script)]);
    let (status, _, stderr) = up.end();
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr
            .contains("error: safety failed (exit code 78): its configuration is wrong; it is not restarted"),
        "{stderr}"
    );
    assert!(
        stderr.contains("1 of 1 processes failed:\n  safety failed"),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("its last lines on stderr:\n    cell.urdf: no joint elbow\n"),
        "{stderr}"
    );
}

#[test]
fn a_failure_brings_all_down() {
    let fails = "read line < $FOLDER/go; echo why >&2; exit 3";
    let mut up = Up::start(&[Script("stays", "", FOR_EVER), Script("fails", "", fails)]);
    assert_eq!(up.line(), "[stays] ready");
    std::fs::write(up.pipe("go"), "now\n").expect("the script reads");
    let (status, _, stderr) = up.end();
    assert_eq!(status.code(), Some(1));
    assert!(
        stderr.contains("fails failed (exit code 3); stopping all"),
        "{stderr}"
    );
    assert!(stderr.contains("sending SIGINT to stays"), "{stderr}");
    assert!(
        stderr.ends_with("  fails failed (exit code 3); its last lines on stderr:\n    why\n"),
        "{stderr}"
    );
}

#[test]
fn a_stop_by_signal_is_orderly() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut up = Up::start(&[Script("a", "respawn=\"true\"", FOR_EVER)]);
        assert_eq!(up.line(), "[a] ready");
        up.signal(signal);
        let (status, _, stderr) = up.end();
        assert_eq!(status.code(), Some(0), "{signal:?}: {stderr}");
    }
}

#[test]
fn ctrl_c_again_and_again_ends_even_the_deaf() {
    let script = format!("trap '' INT TERM; {FOR_EVER}");
    let mut up = Up::start(&[Script("deaf", "", &script)]);
    assert_eq!(up.line(), "[deaf] ready");
    // A user who keeps pressing until it is over.
    let presses = format!("while kill -INT {}; do sleep 0.1; done", up.child.id());
    let mut user = Command::new("/bin/sh")
        .args(["-c", &presses])
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell");
    let (status, _, stderr) = up.end();
    user.wait().expect("nothing is left to press for");
    assert_eq!(status.code(), Some(1));
    for sent in ["SIGINT", "SIGTERM", "SIGKILL"] {
        assert!(stderr.contains(&format!("sending {sent} to deaf")), "{stderr}");
    }
    assert!(
        stderr.contains("deaf failed (SIGKILL): it did not stop when asked to"),
        "{stderr}"
    );
}

#[test]
fn what_a_process_leaves_behind_ends_with_it() {
    let script = "(exec 3> $FOLDER/held; read line < $FOLDER/never) & read line < $FOLDER/go";
    let up = Up::start(&[Script("parent", "", script)]);
    // Opening waits until the child has opened its end; reading then waits for the child's death.
    let mut held = File::open(up.pipe("held")).expect("the child opens its end");
    std::fs::write(up.pipe("go"), "now\n").expect("the script reads");
    held.read_to_end(&mut Vec::new()).expect("an end");
    let (status, _, stderr) = up.end();
    assert_eq!(status.code(), Some(0), "{stderr}");
}

#[test]
fn nothing_outlives_a_killed_servomesh() {
    let script = "exec 3> $FOLDER/held; echo ready; read line < $FOLDER/never";
    let mut up = Up::start(&[Script("a", "", script)]);
    let mut held = File::open(up.pipe("held")).expect("the script opens its end");
    assert_eq!(up.line(), "[a] ready");
    up.signal(Signal::KILL);
    held.read_to_end(&mut Vec::new()).expect("an end");
    assert!(!up.end().0.success());
}
