//! Real money wants the machine's own card service, not one that a variable names.

use std::ffi::OsStr;

use domain::NetworkClass;

/// libpcsclite connects to the socket named here instead of the system's.
const VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

/// The card readers are somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the variable {VARIABLE} is set: card readers would be reached through a program that could show and sign something else. with real money that is refused and nothing was done; unset the variable and start again"
)]
pub struct RedirectedReaders;

/// Refuses a treasury that may hold real money while the environment redirects card readers. Test
/// treasuries go on: their virtual readers are reached just so.
pub fn refuse_redirected_readers(class: NetworkClass) -> Result<(), RedirectedReaders> {
    check(class, std::env::var_os(VARIABLE).as_deref())
}

fn check(class: NetworkClass, variable: Option<&OsStr>) -> Result<(), RedirectedReaders> {
    match (class, variable) {
        (NetworkClass::Mainnet, Some(_)) => Err(RedirectedReaders),
        (NetworkClass::Mainnet, None) | (NetworkClass::Test, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirected_readers_are_refused_with_real_money() {
        let set = Some(OsStr::new("/tmp/x"));
        assert_eq!(check(NetworkClass::Mainnet, set), Err(RedirectedReaders));
        assert_eq!(
            check(NetworkClass::Mainnet, Some(OsStr::new(""))),
            Err(RedirectedReaders)
        );
        assert_eq!(check(NetworkClass::Mainnet, None), Ok(()));
        assert_eq!(check(NetworkClass::Test, set), Ok(()));
    }
}
