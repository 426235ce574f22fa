//! The operating system's keyring: Secret Service, Keychain or Credential Manager, through the crate
//! `keyring`.
//!
//! Before it is used the keyring shows that it keeps things: it is written to, read and cleared. A
//! keyring that forgets would lose the shares of device seats, the machine's key, and the anchor that
//! catches a journal put back to an older state.
//!
//! Calls block, and may wait for a person who unlocks the keyring.

use std::fmt;

use domain::seal::SecretBytes;
use domain::{PublicKey, Signature};
use keyring::v1::{Entry, Error as StoreError};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use zeroize::Zeroizing;

use crate::random::{RandomError, random};

/// Why the keyring could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// No keyring service is running.
    #[error(
        "no keyring of the operating system answers ({0}): this machine's secrets can't be reached, so its seats can't sign. start the desktop's keyring service (on Linux a Secret Service such as gnome-keyring, in the same D-Bus session) and try again"
    )]
    NoService(String),
    /// The keyring is locked, or its prompt was dismissed.
    #[error(
        "the keyring of the operating system is locked ({0}): nothing was read or changed. unlock it, as you do when you log in, and try again"
    )]
    Locked(String),
    /// It took something and did not have it afterwards.
    #[error(
        "the keyring of the operating system did not keep what was stored in it: it can't hold keys. use a persistent one; nothing of the treasury was stored"
    )]
    Forgetful,
    /// Two entries under one name.
    #[error(
        "the keyring holds more than one secret named `{0}`: which is right can't be told, so none was used. remove the one that does not belong"
    )]
    Ambiguous(String),
    /// A name that can't be one.
    #[error("`{0}` can't name a secret: letters, digits and -_/. up to 200 characters can")]
    Name(String),
    /// There already is a machine key.
    #[error(
        "this machine already has a key for this treasury: a second one would replace it, and every signature of the first would be a stranger's. nothing was changed"
    )]
    MachineKeyExists,
    /// The machine has no key.
    #[error(
        "the keyring has no key of this machine for this treasury: it was founded on another machine or for another user, or the keyring was reset. restore from the backup to take over as a new machine"
    )]
    NoMachineKey,
    /// The machine's key is not one.
    #[error(
        "the machine's key in the keyring is damaged: it can't sign. restore from the backup to take over as a new machine"
    )]
    DamagedMachineKey,
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// Anything else the service says.
    #[error(
        "the keyring of the operating system failed: {0}. nothing was changed that it does not say; try again"
    )]
    Failed(String),
}

/// Named secrets that outlive the program. The product's only one is [`OsKeyring`].
pub trait SecretStore {
    /// The secret with this name, if there is one.
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, KeyringError>;
    /// Stores a secret in place of what has this name.
    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError>;
    /// Deletes a secret; one that is not there is deleted.
    fn delete(&self, name: &str) -> Result<(), KeyringError>;
}

/// The keyring of the user who runs the program, for one treasury or other namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OsKeyring {
    service: String,
}

impl OsKeyring {
    /// Opens the keyring and proves that it keeps and gives back. `namespace` separates treasuries on
    /// one machine.
    pub fn open(namespace: &str) -> Result<Self, KeyringError> {
        check_name(namespace)?;
        if let Err(error) = Entry::store_status() {
            return Err(KeyringError::NoService(error.to_string()));
        }
        let keyring = Self {
            service: format!("countersign/{namespace}"),
        };
        refuse_forgetful_store()?;
        keyring.probe()?;
        Ok(keyring)
    }

    /// Makes the machine's key. An existing one is never replaced.
    pub fn create_machine_key(&self) -> Result<MachineKey, KeyringError> {
        if self.get(MACHINE_KEY)?.is_some() {
            return Err(KeyringError::MachineKeyExists);
        }
        // One in 2^32 random strings is no scalar of the curve.
        let secret = loop {
            let candidate = random::<32>()?;
            if SigningKey::from_slice(candidate.as_slice()).is_ok() {
                break candidate;
            }
        };
        self.set(MACHINE_KEY, secret.as_slice())?;
        let kept = self.machine_key()?;
        if kept.signing.to_bytes().as_slice() != secret.as_slice() {
            return Err(KeyringError::Forgetful);
        }
        Ok(kept)
    }

    /// The machine's key.
    pub fn machine_key(&self) -> Result<MachineKey, KeyringError> {
        let secret = self.get(MACHINE_KEY)?.ok_or(KeyringError::NoMachineKey)?;
        MachineKey::from_secret(&secret)
    }

    /// What was last set as anchor under this name: the journal's head, in the journal's form.
    pub fn anchor(&self, name: &str) -> Result<Option<Vec<u8>>, KeyringError> {
        Ok(self
            .get(&anchor_name(name))?
            .map(|anchor| anchor.expose().to_vec()))
    }

    /// Sets the anchor.
    pub fn set_anchor(&self, name: &str, anchor: &[u8]) -> Result<(), KeyringError> {
        self.set(&anchor_name(name), anchor)
    }

    /// Write, read, delete, read.
    fn probe(&self) -> Result<(), KeyringError> {
        let name = format!("probe/{}", hex::encode(random::<8>()?.as_slice()));
        let content = random::<16>()?;
        self.set(&name, content.as_slice())?;
        let kept = self.get(&name)?;
        self.delete(&name)?;
        let gone = self.get(&name)?.is_none();
        match kept {
            Some(kept) if kept.expose() == content.as_slice() && gone => Ok(()),
            Some(_) | None => Err(KeyringError::Forgetful),
        }
    }

    fn entry(&self, name: &str) -> Result<Entry, KeyringError> {
        check_name(name)?;
        Entry::new(&self.service, name).map_err(|error| explain(error, name))
    }
}

impl SecretStore for OsKeyring {
    fn get(&self, name: &str) -> Result<Option<SecretBytes>, KeyringError> {
        match self.entry(name)?.get_secret() {
            Ok(secret) => Ok(Some(SecretBytes::new(secret))),
            Err(StoreError::NoEntry) => Ok(None),
            Err(error) => Err(explain(error, name)),
        }
    }

    fn set(&self, name: &str, secret: &[u8]) -> Result<(), KeyringError> {
        self.entry(name)?
            .set_secret(secret)
            .map_err(|error| explain(error, name))
    }

    fn delete(&self, name: &str) -> Result<(), KeyringError> {
        match self.entry(name)?.delete_credential() {
            Ok(()) | Err(StoreError::NoEntry) => Ok(()),
            Err(error) => Err(explain(error, name)),
        }
    }
}

const MACHINE_KEY: &str = "machine-key";

fn anchor_name(name: &str) -> String {
    format!("anchor/{name}")
}

/// The machine's own P-256 key: signs links and what the machine does. Wiped on drop.
pub struct MachineKey {
    signing: SigningKey,
}

impl MachineKey {
    fn from_secret(secret: &SecretBytes) -> Result<Self, KeyringError> {
        let signing = SigningKey::from_slice(secret.expose());
        Ok(Self {
            signing: signing.map_err(|_| KeyringError::DamagedMachineKey)?,
        })
    }

    /// The public key, which the roster names.
    pub fn public(&self) -> Result<PublicKey, KeyringError> {
        let point = self.signing.verifying_key().to_sec1_point(true);
        PublicKey::from_sec1(point.as_bytes()).map_err(|_| KeyringError::DamagedMachineKey)
    }

    /// Signs a SHA-256 digest; deterministic (RFC 6979), low-s.
    pub fn sign(&self, digest: &[u8; 32]) -> Result<Signature, KeyringError> {
        let signature: p256::ecdsa::Signature = self
            .signing
            .sign_prehash(digest)
            .map_err(|_| KeyringError::DamagedMachineKey)?;
        Signature::from_bytes(&signature.normalize_s().to_bytes())
            .map_err(|_| KeyringError::DamagedMachineKey)
    }
}

impl fmt::Debug for MachineKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// A store that says itself that it forgets at the end of a process, session or boot.
fn refuse_forgetful_store() -> Result<(), KeyringError> {
    use keyring_core::CredentialPersistence::UntilDelete;
    match keyring_core::get_default_store().map(|store| store.persistence()) {
        Some(UntilDelete) => Ok(()),
        Some(_) => Err(KeyringError::Forgetful),
        None => Err(KeyringError::NoService("none was found".to_owned())),
    }
}

fn check_name(name: &str) -> Result<(), KeyringError> {
    const LONGEST: usize = 200;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_/.".contains(&b);
    if name.is_empty() || name.len() > LONGEST || !name.bytes().all(plain) {
        return Err(KeyringError::Name(name.chars().take(LONGEST).collect()));
    }
    Ok(())
}

/// In our words. What the store attaches to an error can be the secret itself: it is wiped, not shown.
fn explain(error: StoreError, name: &str) -> KeyringError {
    match error {
        StoreError::NoStorageAccess(why) => KeyringError::Locked(why.to_string()),
        StoreError::PlatformFailure(why) => platform(&why.to_string()),
        StoreError::NoDefaultStore => KeyringError::NoService("none was found".to_owned()),
        StoreError::Ambiguous(_) => KeyringError::Ambiguous(name.to_owned()),
        StoreError::BadEncoding(secret) | StoreError::BadDataFormat(secret, _) => {
            drop(Zeroizing::new(secret));
            KeyringError::Failed(format!("the secret named `{name}` is not in its form"))
        }
        StoreError::NoEntry => KeyringError::Failed(format!("`{name}` vanished")),
        other => KeyringError::Failed(other.to_string()),
    }
}

/// Some stores report a lock as a failure of the platform.
fn platform(why: &str) -> KeyringError {
    let said = why.to_ascii_lowercase();
    if said.contains("locked") || said.contains("prompt") {
        KeyringError::Locked(why.to_owned())
    } else {
        KeyringError::Failed(why.to_owned())
    }
}
