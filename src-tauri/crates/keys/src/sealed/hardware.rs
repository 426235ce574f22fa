//! Hardware seats: any one of at least two officers opens them, with PIN and touch.

use std::collections::BTreeSet;

use domain::seal::{SealShare, SecretBytes, ShareBinding};
use domain::{OfficerId, PublicKey};

use super::envelope::{NewSeal, Seal};
use super::{MAX_OPENERS, OpenError, Opener, SealError, SealKind, SealedFile};
use crate::cards::CardError;
use crate::hpke::SharedSecret;

/// Seals the share of a hardware seat.
#[derive(Debug)]
pub struct HardwareSealer {
    officers: Vec<Opener>,
}

impl HardwareSealer {
    /// At least two officers, each with a key of their own.
    pub fn new(officers: Vec<Opener>) -> Result<Self, SealError> {
        check_officers(SealKind::Hardware, &officers)?;
        Ok(Self { officers })
    }
}

impl SealShare for HardwareSealer {
    type Sealed = SealedFile;
    type Error = SealError;

    fn seal(
        &mut self,
        binding: &ShareBinding,
        plaintext: SecretBytes,
    ) -> Result<SealedFile, SealError> {
        let new = NewSeal::new(binding, &plaintext)?;
        let lid = |opener| new.lid(SealKind::Hardware, 1, 0, opener, new.data_key());
        let lids = self.officers.iter().map(lid).collect::<Result<_, _>>()?;
        new.finish(Seal::Hardware { lids }, &plaintext)
    }
}

/// Opens the share of a hardware seat. `agree` asks the officer's YubiKey for the ECDH of slot 82
/// with the key it is given: [`crate::cards::Cards::agree`].
pub fn open_hardware(
    file: &SealedFile,
    binding: &ShareBinding,
    officer: &PublicKey,
    agree: impl FnOnce(&PublicKey) -> Result<SharedSecret, CardError>,
) -> Result<SecretBytes, OpenError> {
    file.expect(SealKind::Hardware, binding)?;
    let lid = file.lid(officer)?;
    let agreed = agree(lid.ephemeral())?;
    file.decrypt(&file.open_lid(lid, &agreed)?)
}

pub(super) fn check_officers(kind: SealKind, officers: &[Opener]) -> Result<(), SealError> {
    const LEAST: usize = 2;
    let given = officers.len();
    if given < LEAST {
        return Err(SealError::TooFewOfficers {
            kind,
            least: LEAST,
            given,
        });
    }
    if given > MAX_OPENERS {
        return Err(SealError::TooManyOfficers {
            most: MAX_OPENERS,
            given,
        });
    }
    match named_twice(officers) {
        Some(officer) => Err(SealError::OfficerTwice(officer)),
        None => Ok(()),
    }
}

/// An officer that stands there twice, or whose key does.
pub(super) fn named_twice(officers: &[Opener]) -> Option<OfficerId> {
    let (mut people, mut keys) = (BTreeSet::new(), BTreeSet::new());
    let mut all = officers.iter();
    all.find(|o| !people.insert(o.officer) || !keys.insert(o.key))
        .map(|o| o.officer)
}
