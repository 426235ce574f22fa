//! `session-bus start DIRECTORY` runs a private D-Bus session with a keyring until its standard input
//! ends; it prints `ready ADDRESS` when secrets can be stored.

use anyhow::{Result, bail};
use std::{
    io::{Read as _, Write as _},
    path::Path,
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ["start", directory] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] else {
        bail!("usage: session-bus start DIRECTORY");
    };
    let session = testkit::session_bus::SessionBus::start(Path::new(directory))?;
    writeln!(std::io::stdout(), "ready {}", session.address())?;
    std::io::stdout().flush()?;
    let mut rest = Vec::new();
    let _ = std::io::stdin().lock().read_to_end(&mut rest);
    Ok(())
}
