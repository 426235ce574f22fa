//! What xtask tells the person who runs it. Writing to a closed terminal is no failure of the work.

use std::io::Write as _;

/// One line on standard output.
pub fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

/// A step that begins.
pub fn step(text: &str) {
    line(&format!("==> {text}"));
}

/// A detail under the step.
pub fn detail(text: &str) {
    line(&format!("    {text}"));
}

/// What went wrong, on standard error.
pub fn problem(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {text}");
}
