//! The main job with one command: `stepwell demo --once`, twice on one data directory. Needs python3 and node.

use std::path::Path;
use std::process::Command;

fn demo(data_dir: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_stepwell"))
        .args(["demo", "--once", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(data_dir)
        .output()
        .expect("the demo can be started");
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{}\n{shown}\n{said}",
        output.status
    );
    shown
}

/// The lines that say how the orders ended: `✓ order-1001    SUCCEEDED`.
fn endings(shown: &str) -> Vec<String> {
    let ended = |line: &&str| line.contains("SUCCEEDED  ") || line.contains("FAILED  ");
    let words = |line: &str| {
        line.split_whitespace()
            .take(3)
            .collect::<Vec<_>>()
            .join(" ")
    };
    shown.lines().filter(ended).map(words).collect()
}

#[test]
fn the_demo_ends_well_and_can_be_run_again() {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let expected = [
        "✓ order-1001 SUCCEEDED",
        "✓ order-1002 FAILED",
        "✓ order-1003 FAILED",
        "✓ order-1004 SUCCEEDED",
    ];
    let first = demo(folder.path());
    assert_eq!(endings(&first), expected, "{first}");
    for told in [
        "iam create-role",
        "attempt 2, 2.0 s later",
        "attempt 3, 4.0 s later",
        "--endpoint-url http://127.0.0.1:",
    ] {
        assert!(first.contains(told), "there is no '{told}' in\n{first}");
    }
    assert!(
        !first.contains('\u{1b}'),
        "there are control sequences in\n{first}"
    );
    let second = demo(folder.path());
    assert_eq!(endings(&second), expected, "{second}");
    assert!(second.contains("iam get-role"), "{second}");
}
