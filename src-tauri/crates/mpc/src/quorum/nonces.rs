//! A nonce that can sign once.

use frost_secp256k1_tr as frost;
use frost_secp256k1_tr::round1::{SigningCommitments, SigningNonces};
use rand_core::{CryptoRng, RngCore};

use crate::redact::redacted;

/// The pair of nonces for one input (RFC 9591, section 5.1).
///
/// Two signatures with one pair give the share away. The library's own type can be copied and is
/// only borrowed to sign; this one can't be copied, stored or read, and signing consumes it.
pub(crate) struct Nonces(SigningNonces);

redacted!(Nonces);

impl Nonces {
    /// Makes a pair from fresh randomness and the share, so that weak randomness alone does not
    /// reveal it.
    pub fn new<R: RngCore + CryptoRng>(
        keys: &frost::keys::KeyPackage,
        rng: &mut R,
    ) -> (Self, SigningCommitments) {
        let (nonces, commitments) = frost::round1::commit(keys.signing_share(), rng);
        (Self(nonces), commitments)
    }

    /// Signs once (RFC 9591, section 5.2), under the key with exactly one BIP341 tweak and no
    /// script tree.
    pub fn sign(
        self,
        package: &frost::SigningPackage,
        keys: &frost::keys::KeyPackage,
    ) -> Result<frost::round2::SignatureShare, frost::Error> {
        frost::round2::sign_with_tweak(package, &self.0, keys, None)
    }
}
