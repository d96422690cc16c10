//! What the example needs on this machine: Python and Node.js for its functions; the aws CLI only to go on by hand.

use std::process::Stdio;
use std::time::Duration;

use console::style;
use tokio::process::Command;

use super::error::DemoError;
use super::screen::{Mark, Screen};

/// How long a tool may take to say its version.
const LIMIT: Duration = Duration::from_secs(15);

/// A program and what it is wanted for.
struct Tool {
    program: &'static str,
    oldest: (u32, u32),
    purpose: &'static str,
    remedy: &'static str,
    required: bool,
}

const TOOLS: [Tool; 3] = [
    Tool {
        program: "python3",
        oldest: (3, 9),
        purpose: "runs the functions written in Python",
        remedy: "Debian, Ubuntu: apt install python3; Fedora: dnf install python3; macOS: brew install python",
        required: true,
    },
    Tool {
        program: "node",
        oldest: (18, 0),
        purpose: "runs the functions written in JavaScript",
        remedy: "Debian, Ubuntu: apt install nodejs; Fedora: dnf install nodejs; macOS: brew install node",
        required: true,
    },
    Tool {
        program: "aws",
        oldest: (1, 27),
        purpose: "to go on by hand afterwards",
        remedy: "optional, to go on by hand afterwards: pip install awscli, or AWS's installer for version 2",
        required: false,
    },
];

/// Shows what is there. [`DemoError::Missing`] if something that is required is not.
pub(super) async fn check(screen: &Screen) -> Result<(), DemoError> {
    screen.heading("Needs");
    let busy = screen.busy("looking", "for Python, Node.js and the aws CLI");
    let (python, node, aws) =
        tokio::join!(version(&TOOLS[0]), version(&TOOLS[1]), version(&TOOLS[2]));
    drop(busy);
    let mut complete = true;
    for (tool, found) in TOOLS.iter().zip([python, node, aws]) {
        complete &= show(screen, tool, found.as_deref());
    }
    complete.then_some(()).ok_or(DemoError::Missing)
}

/// Whether the demo can go on.
fn show(screen: &Screen, tool: &Tool, found: Option<&str>) -> bool {
    let recent = found.is_some_and(|found| number(found) >= Some(tool.oldest));
    let (major, minor) = tool.oldest;
    match found {
        Some(found) if recent => {
            screen.item(
                Mark::Good,
                tool.program,
                format!("{found:<10} {}", style(tool.purpose).dim()),
            );
        }
        Some(found) => {
            let mark = if tool.required { Mark::Bad } else { Mark::Note };
            screen.item(
                mark,
                tool.program,
                format!(
                    "{found} is too old, {major}.{minor} or later is needed; {}",
                    tool.remedy
                ),
            );
        }
        None if tool.required => {
            let wanted = format!(
                "not found, {major}.{minor} or later is needed: it {}",
                tool.purpose
            );
            screen.item(
                Mark::Bad,
                tool.program,
                format!("{wanted}\n{:17}{}", "", tool.remedy),
            );
        }
        None => screen.item(
            Mark::Note,
            tool.program,
            format!("not found; {}", tool.remedy),
        ),
    }
    recent || !tool.required
}

/// The first version number that `--version` prints.
async fn version(tool: &Tool) -> Option<String> {
    let mut command = Command::new(tool.program);
    command
        .arg("--version")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .ok()?
        .ok()?;
    let said = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&said).into_owned();
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[start..];
    let end = rest
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

/// Major and minor number.
fn number(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next().flatten().unwrap_or(0)))
}
