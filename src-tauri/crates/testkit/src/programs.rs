//! The nodes' programs, and the directories that they run in.

use anyhow::{Context as _, Result};
use std::{
    path::PathBuf,
    sync::atomic::{AtomicU32, Ordering},
};

/// The program that `variable` names, else the one called `name` that `cargo xtask setup` put into
/// the cache.
pub fn find(variable: &str, name: &str) -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    if let Some(program) = set(variable) {
        return Ok(program);
    }
    let cache = set("COUNTERSIGN_CACHE")
        .or_else(|| set("XDG_CACHE_HOME").map(|d| d.join("countersign")))
        .or_else(|| set("HOME").map(|d| d.join(".cache/countersign")));
    cache
        .map(|cache| cache.join(name))
        .filter(|program| program.is_file())
        .with_context(|| {
            format!("there is no {name}: run `cargo xtask setup`, or set {variable} to one")
        })
}

/// A directory of its own for a node, not made yet: in the room where there is one.
pub fn fresh_directory(name: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let parent = std::env::var_os(crate::room::ROOM_VARIABLE)
        .map_or_else(std::env::temp_dir, |room| PathBuf::from(room).join("nodes"));
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    parent.join(format!("{name}-{}-{number}", std::process::id()))
}
