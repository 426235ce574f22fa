//! One writer: a lock file that the operating system releases when the process ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// Held as long as the journal is open.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a child that was just forked holds the file, and with it the lock,
        // until its program starts. Should this fail, closing still unlocks a moment later.
        let _ = self.file.unlock();
    }
}

/// Why the lock can't be had.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Somebody else has it.
    Held(String),
    /// The lock file can't be used.
    Io(io::Error),
}

impl From<io::Error> for LockError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Takes the lock beside a journal's file, or says who has it.
pub(crate) fn take(journal: &Path) -> Result<Lock, LockError> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path_beside(journal)?)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(LockError::Held(holder(&mut file))),
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    file.rewind()?;
    let program = std::env::current_exe()
        .ok()
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .unwrap_or_else(|| "unknown program".to_owned());
    write!(file, "process {} ({program})", std::process::id())?;
    Ok(Lock { file })
}

/// By the file's real place, so that all spellings of its path meet at one lock.
fn path_beside(journal: &Path) -> io::Result<PathBuf> {
    let real = match journal.canonicalize() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = journal.file_name().ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidInput, "the path names no file")
            })?;
            let folder = match journal.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            folder.canonicalize()?.join(name)
        }
        known => known?,
    };
    let mut lock = real.into_os_string();
    lock.push(".lock");
    Ok(lock.into())
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    match file.take(200).read_to_string(&mut text) {
        Ok(length) if length > 0 => text,
        // Windows lets nobody read a locked file.
        Ok(_) | Err(_) => "another process".to_owned(),
    }
}
