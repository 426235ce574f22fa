//! Where exports go. A window never says where: it could overwrite anything.

use std::path::{Path, PathBuf};

use domain::Timestamp;

use crate::problem::{Answer, Code, Problem};

/// The person's folder for exports, made when it is first used.
pub fn folder() -> Answer<PathBuf> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty());
    let Some(home) = home.map(PathBuf::from) else {
        return Err(Problem::new(
            Code::File,
            "your home folder can't be told, so there is no place to write to; nothing was written",
        ));
    };
    let folder = home.join("Countersign");
    driver::create_private_dir(&folder)
        .map_err(|error| Problem::new(Code::File, error.to_string()))?;
    Ok(folder)
}

/// Writes a file whole.
pub fn write(path: &Path, bytes: &[u8]) -> Answer<()> {
    driver::write_whole(path, bytes).map_err(|error| Problem::new(Code::File, error.to_string()))
}

/// A moment for a file's name: `20261127-101500`.
pub fn stamp(time: Timestamp) -> String {
    time.to_string()
        .trim_end_matches(" UTC")
        .chars()
        .filter_map(|character| match character {
            ' ' => Some('-'),
            digit if digit.is_ascii_digit() => Some(digit),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_makes_a_file_name() {
        let moment = Timestamp::from_millis(1_795_774_500_000).unwrap();
        assert_eq!(stamp(moment), "20261127-101500");
    }
}
