//! Device seats: the data key is a secret in the OS keyring.

use domain::seal::{SealShare, SecretBytes, ShareBinding};

use super::envelope::{DataKey, NewSeal, Seal};
use super::{OpenError, SealError, SealKind, SealedFile};
use crate::os_keyring::{KeyringError, SecretStore};

/// Seals the share of a device seat.
pub struct DeviceSealer<'a, S> {
    keyring: &'a S,
}

impl<'a, S: SecretStore> DeviceSealer<'a, S> {
    /// Data keys go into this keyring.
    pub const fn new(keyring: &'a S) -> Self {
        Self { keyring }
    }
}

impl<S: SecretStore> SealShare for DeviceSealer<'_, S> {
    type Sealed = SealedFile;
    type Error = SealError;

    /// The key is in the keyring, and was read back, before there is a file that needs it.
    fn seal(
        &mut self,
        binding: &ShareBinding,
        plaintext: SecretBytes,
    ) -> Result<SealedFile, SealError> {
        let new = NewSeal::new(binding, &plaintext)?;
        let name = key_name(new.check());
        self.keyring.set(&name, new.data_key().as_slice())?;
        let kept = self.keyring.get(&name)?;
        if kept.is_none_or(|kept| kept.expose() != new.data_key().as_slice()) {
            return Err(KeyringError::Forgetful.into());
        }
        new.finish(Seal::Device, &plaintext)
    }
}

/// Opens the share of a device seat.
pub fn open_device<S: SecretStore>(
    file: &SealedFile,
    binding: &ShareBinding,
    keyring: &S,
) -> Result<SecretBytes, OpenError> {
    file.expect(SealKind::Device, binding)?;
    let kept = keyring
        .get(&key_name(file.check()))?
        .ok_or(OpenError::NoKey)?;
    let mut data_key = DataKey::default();
    if kept.expose().len() != data_key.len() {
        return Err(OpenError::WrongKey);
    }
    data_key.copy_from_slice(kept.expose());
    file.decrypt(&data_key)
}

/// Deletes the data key: nobody can open this file any more. For a share that a reshare replaced.
pub fn forget_device<S: SecretStore>(file: &SealedFile, keyring: &S) -> Result<(), KeyringError> {
    keyring.delete(&key_name(file.check()))
}

/// By the check value: two runs for one seat never overwrite each other's key.
fn key_name(check: &[u8; 32]) -> String {
    format!("share-key/{}", hex::encode(check))
}
