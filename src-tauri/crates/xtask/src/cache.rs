//! Where things that outlive a checkout are kept, and the lock that keeps two runs apart.

use anyhow::{Context as _, Result};
use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

/// `$COUNTERSIGN_CACHE`, else `$XDG_CACHE_HOME/countersign`, else `~/.cache/countersign`.
pub fn directory() -> Result<PathBuf> {
    let variable = |name: &str| {
        std::env::var_os(name)
            .filter(|v| !v.is_empty())
            .map(PathBuf::from)
    };
    let directory = variable("COUNTERSIGN_CACHE")
        .or_else(|| variable("XDG_CACHE_HOME").map(|d| d.join("countersign")))
        .or_else(|| variable("HOME").map(|d| d.join(".cache/countersign")))
        .context(
            "none of COUNTERSIGN_CACHE, XDG_CACHE_HOME and HOME is set: no place for the cache",
        )?;
    std::fs::create_dir_all(&directory).with_context(|| {
        format!(
            "cannot create the cache directory `{}`",
            directory.display()
        )
    })?;
    Ok(directory)
}

/// The program that the environment variable `variable` names instead of one in the cache.
pub fn given(variable: &str) -> Result<Option<PathBuf>> {
    let Some(given) = std::env::var_os(variable).filter(|v| !v.is_empty()) else {
        return Ok(None);
    };
    let given = PathBuf::from(given);
    anyhow::ensure!(
        given.is_file(),
        "{variable} names `{}`, which is no file",
        given.display()
    );
    Ok(Some(given))
}

/// `<cache>/name` always leads to the program in use, for tests started without xtask.
pub fn point_at(name: &str, program: &Path) -> Result<()> {
    let cache = directory()?;
    let link = cache.join(name);
    if std::fs::read_link(&link).is_ok_and(|target| target == program) {
        return Ok(());
    }
    let fresh = cache.join(format!("{name}.link-{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    std::os::unix::fs::symlink(program, &fresh)
        .with_context(|| format!("cannot link to `{name}`"))?;
    std::fs::rename(&fresh, &link)
        .with_context(|| format!("cannot put the link to `{name}` in its place"))
}

/// Held while one run changes the cache; released when dropped.
pub struct Lock {
    _file: File,
}

/// Takes the lock called `name`, saying so when another run has it.
pub fn lock(directory: &Path, name: &str) -> Result<Lock> {
    let path = directory.join(format!("{name}.lock"));
    let file =
        File::create(&path).with_context(|| format!("cannot create `{}`", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            crate::say::detail(&format!(
                "another run holds `{}`; waiting for it",
                path.display()
            ));
            file.lock()
                .with_context(|| format!("cannot lock `{}`", path.display()))?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).with_context(|| format!("cannot lock `{}`", path.display()));
        }
    }
    Ok(Lock { _file: file })
}

/// The repository's root.
pub fn repository() -> Result<PathBuf> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let root = manifest
        .ancestors()
        .nth(3)
        .context("xtask is not at src-tauri/crates/xtask")?;
    anyhow::ensure!(
        root.join("Cargo.lock").exists(),
        "no Cargo.lock in `{}`",
        root.display()
    );
    Ok(root.to_path_buf())
}
