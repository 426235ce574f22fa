//! What goes to standard output: one report, as text or as JSON. Everything said beside it goes to
//! standard error, so that standard output can be piped.

use std::io::{self, IsTerminal as _, Write as _};

use driver::DriverError;
use serde_json::{Value, json};

/// Lines that begin so must not be overlooked: bold and red on a terminal.
const LOUD: [&str; 5] = ["FROZEN", "STOPPED", "SINGLE-HOST", "REFUSED", "WARNING"];

/// What a command has to say.
#[derive(Debug, Clone)]
pub struct Report {
    /// For people.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// How it ended.
    pub ended: Ended,
}

/// How a command that said something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Done.
    Done,
    /// Something that was wanted did not happen; the report says what.
    Failed,
}

impl Report {
    /// A report of something done.
    pub fn done(text: impl Into<String>, json: Value) -> Self {
        Self {
            text: text.into(),
            json,
            ended: Ended::Done,
        }
    }
}

/// Standard output and standard error.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    json: bool,
}

impl Out {
    /// Text, or JSON.
    pub const fn new(json: bool) -> Self {
        Self { json }
    }

    /// Prints a report.
    pub fn print(self, report: &Report) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let written = if self.json {
            writeln!(stdout, "{}", report.json)
        } else {
            let text = loud(report.text.trim_end(), io::stdout().is_terminal());
            writeln!(stdout, "{text}")
        };
        match written.and_then(|()| stdout.flush()) {
            // Whoever read it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Says something beside the report, to whoever watches.
    pub fn say(self, text: &str) {
        // Standard error may be closed; then nobody watches.
        let _ = writeln!(io::stderr(), "{text}");
    }

    /// Says something beside the report that only people need.
    pub fn explain(self, text: &str) {
        if !self.json {
            self.say(&loud(text.trim_end(), io::stderr().is_terminal()));
        }
    }

    /// Says why a command failed: on standard error, and for programs as JSON on standard output.
    pub fn failure(self, error: &anyhow::Error) {
        let (text, json) = failure(error);
        if self.json {
            let report = Report::done("", json!({ "error": json }));
            let _ = self.print(&report);
        } else {
            self.say(&loud(&text, io::stderr().is_terminal()));
        }
    }
}

/// An error as text and as JSON. A policy's refusal lists its reasons.
fn failure(error: &anyhow::Error) -> (String, Value) {
    let Some(DriverError::Refused(reasons)) = error.downcast_ref::<DriverError>() else {
        let message = error.to_string();
        return (format!("error: {message}"), json!({ "message": message }));
    };
    let list: String = reasons
        .iter()
        .map(|reason| format!("\n  - {reason}"))
        .collect();
    let coded: Vec<Value> = reasons
        .iter()
        .map(|reason| json!({ "code": reason.code(), "text": reason.to_string() }))
        .collect();
    (
        format!("REFUSED by the policy; nothing was signed:{list}"),
        json!({ "message": error.to_string(), "reasons": coded }),
    )
}

fn loud(text: &str, colour: bool) -> String {
    if !colour {
        return text.to_owned();
    }
    let paint = |line: &str| {
        if LOUD.iter().any(|word| line.trim_start().starts_with(word)) {
            format!("\u{1b}[1;31m{line}\u{1b}[0m")
        } else {
            line.to_owned()
        }
    };
    text.lines().map(paint).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_must_not_be_overlooked_is_painted_on_a_terminal_only() {
        let text = "FROZEN the treasury\nfine";
        assert_eq!(loud(text, false), text);
        assert_eq!(
            loud(text, true),
            "\u{1b}[1;31mFROZEN the treasury\u{1b}[0m\nfine"
        );
    }
}
