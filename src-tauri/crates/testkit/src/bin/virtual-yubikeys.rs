//! `virtual-yubikeys start DIRECTORY` runs a room there until its standard input ends; it prints
//! `ready` when cards can come. (`serve` is the part of it that runs inside the namespace.)

use anyhow::{Result, bail};
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["start", directory] => testkit::room::enter_namespace(Path::new(directory)),
        ["serve", directory] => testkit::room::server::serve(Path::new(directory)),
        _ => bail!("usage: virtual-yubikeys start DIRECTORY"),
    }
}
