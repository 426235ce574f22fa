//! PINs and passwords: typed at the terminal, or read from an inherited file descriptor. Never an
//! argument, never in the environment.

use std::fs::File;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

/// Longer than any PIN, PUK or password that is asked for.
const LONGEST: usize = 256;

/// Where secrets come from. Clones share one source, so that lines are taken in order.
#[derive(Debug, Clone)]
pub struct Secrets(Source);

#[derive(Debug, Clone)]
enum Source {
    Terminal,
    Descriptor(Arc<Mutex<File>>),
}

impl Secrets {
    /// Asks at the terminal.
    pub const fn at_terminal() -> Self {
        Self(Source::Terminal)
    }

    /// Reads from a descriptor that this process inherited, one line a secret.
    pub fn from_descriptor(number: u32) -> anyhow::Result<Self> {
        let path = format!("/dev/fd/{number}");
        let file = File::open(&path).map_err(|error| {
            anyhow::anyhow!(
                "file descriptor {number}, named by --pin-fd, can't be read ({error}): a pipe or a file is needed, for example `--pin-fd 3 3<PIPE`; nothing was done"
            )
        })?;
        Ok(Self(Source::Descriptor(Arc::new(Mutex::new(file)))))
    }

    /// Whether a person types them.
    pub const fn is_terminal(&self) -> bool {
        matches!(self.0, Source::Terminal)
    }

    /// One secret. An empty one means that the person gave up.
    pub fn ask(&self, prompt: &str) -> Result<Zeroizing<String>, String> {
        let typed = match &self.0 {
            Source::Terminal => rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .map_err(|error| format!("nothing could be asked at this terminal ({error}); give PINs with --pin-fd where there is none"))?,
            Source::Descriptor(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                line(&mut *file).map_err(|error| format!("--pin-fd: {error}"))?
            }
        };
        if typed.is_empty() {
            return Err("nothing was typed".to_owned());
        }
        Ok(typed)
    }
}

/// Reads byte by byte up to the end of the line: what follows belongs to the next secret, perhaps of
/// another process that inherits the same pipe.
fn line(from: &mut impl io::Read) -> io::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = Zeroizing::new([0_u8; 1]);
    loop {
        let read = from.by_ref().read(byte.as_mut_slice())?;
        let [next] = *byte;
        if read == 0 && bytes.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "there is no further line, but another PIN is needed",
            ));
        }
        if read == 0 || next == b'\n' {
            break;
        }
        if bytes.len() == LONGEST {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line is longer than any PIN or password",
            ));
        }
        bytes.push(next);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "a line is not text"))?;
    Ok(Zeroizing::new(text.trim_end_matches('\r').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_takes_no_byte_of_the_next_secret() {
        let mut from = io::Cursor::new(b"804231\r\n778812\nlast".to_vec());
        assert_eq!(line(&mut from).unwrap().as_str(), "804231");
        assert_eq!(from.position(), 8);
        assert_eq!(line(&mut from).unwrap().as_str(), "778812");
        assert_eq!(line(&mut from).unwrap().as_str(), "last");
        assert!(line(&mut from).is_err());
    }

    #[test]
    fn an_endless_line_is_refused_and_not_kept() {
        assert!(line(&mut io::repeat(b'1')).is_err());
    }
}
