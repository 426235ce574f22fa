//! X.509 certificates (RFC 5280), as far as attestation needs them.

use domain::PublicKey;
use p256::ecdsa::signature::Verifier as _;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::pkcs1v15;
use rsa::pkcs1v15::VerifyingKey as RsaKey;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::{Decode as _, Encode as _, Reader as _, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::spki::DecodePublicKey as _;

use crate::cards::Firmware;

/// Larger than any of Yubico's.
const MAX_CERTIFICATE: usize = 4096;

const SHA256_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const SHA384_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.12");
const SHA512_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.13");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const ECDSA_SHA512: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.4");

const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const FIRMWARE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.3");
const SERIAL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.7");
const POLICY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.41482.3.8");

/// Why bytes are no certificate that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// A certificate, parsed and not yet believed.
#[derive(Debug, Clone)]
pub struct Certificate {
    der: Vec<u8>,
    /// What the signature is over: the bytes as they came.
    signed: Vec<u8>,
    inner: CertificateInner<Raw>,
}

/// What a YubiKey says about a key it made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    pub firmware: Firmware,
    pub serial: u32,
    /// PIN and touch policy.
    pub policy: [u8; 2],
}

impl Certificate {
    /// Parses DER. A critical extension that is not understood is refused, and one that is there twice.
    pub fn parse(der: &[u8]) -> Result<Self, Malformed> {
        if der.len() > MAX_CERTIFICATE {
            return Err(Malformed("it is too large"));
        }
        let inner = CertificateInner::<Raw>::from_der(der);
        let inner = inner.map_err(|_| Malformed("it is not X.509 in DER"))?;
        let signed = signed_part(der)
            .ok_or(Malformed("it is not X.509 in DER"))?
            .to_vec();
        let certificate = Self {
            der: der.to_vec(),
            signed,
            inner,
        };
        certificate.check_extensions()?;
        let tbs = certificate.inner.tbs_certificate();
        if tbs.signature() != certificate.inner.signature_algorithm() {
            return Err(Malformed("it names two signature algorithms"));
        }
        let validity = tbs.validity();
        if validity.not_before.to_unix_duration() > validity.not_after.to_unix_duration() {
            return Err(Malformed("its validity ends before it begins"));
        }
        Ok(certificate)
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Who it is for, such as `CN=Yubico PIV Attestation`.
    pub fn subject(&self) -> String {
        self.inner.tbs_certificate().subject().to_string()
    }

    /// Who says so.
    pub fn issuer(&self) -> String {
        self.inner.tbs_certificate().issuer().to_string()
    }

    /// Whether the names say that this is `child`'s issuer.
    pub fn is_named_by(&self, child: &Certificate) -> bool {
        self.inner.tbs_certificate().subject() == child.inner.tbs_certificate().issuer()
    }

    /// Whether this signed `child`: names and signature.
    pub fn issued(&self, child: &Certificate) -> bool {
        self.is_named_by(child) && self.signed(child).is_some()
    }

    /// Whether it may sign certificates with `below` further ones under those.
    pub fn may_issue(&self, below: usize) -> bool {
        let constraints = self
            .extension(BASIC_CONSTRAINTS)
            .and_then(|content| BasicConstraints::from_der(content).ok());
        let is_authority = constraints.is_some_and(|constraints| {
            constraints.ca
                && constraints
                    .path_len_constraint
                    .is_none_or(|most| below <= usize::from(most))
        });
        let usage = self.extension(KEY_USAGE).map(KeyUsage::from_der);
        is_authority && usage.is_none_or(|usage| usage.is_ok_and(|usage| usage.key_cert_sign()))
    }

    /// The public key, when it is on P-256.
    pub fn p256_key(&self) -> Result<PublicKey, Malformed> {
        self.key_der()
            .and_then(|der| p256::PublicKey::from_public_key_der(&der).ok())
            .and_then(|key| PublicKey::from_sec1(&key.to_sec1_bytes()).ok())
            .ok_or(Malformed("its key is not a P-256 key"))
    }

    /// What the card states about the key.
    pub fn statement(&self) -> Result<Statement, Malformed> {
        let content = |id| self.extension(id);
        let firmware = content(FIRMWARE).and_then(|bytes| bytes.try_into().ok());
        let serial = content(SERIAL).and_then(|bytes| u32::from_der(bytes).ok());
        let policy = content(POLICY).and_then(|bytes| bytes.try_into().ok());
        Ok(Statement {
            firmware: Firmware(firmware.ok_or(Malformed("it states no firmware"))?),
            serial: serial.ok_or(Malformed("it states no serial number"))?,
            policy: policy.ok_or(Malformed("it states no PIN and touch policy"))?,
        })
    }

    fn check_extensions(&self) -> Result<(), Malformed> {
        const KNOWN: [ObjectIdentifier; 5] =
            [BASIC_CONSTRAINTS, KEY_USAGE, FIRMWARE, SERIAL, POLICY];
        let mut seen = std::collections::BTreeSet::new();
        for extension in self.extensions() {
            if extension.critical && !KNOWN.contains(&extension.extn_id) {
                return Err(Malformed(
                    "it has a critical extension that is not understood",
                ));
            }
            if !seen.insert(extension.extn_id) {
                return Err(Malformed("it has an extension twice"));
            }
        }
        Ok(())
    }

    fn extensions(&self) -> &[Extension] {
        self.inner
            .tbs_certificate()
            .extensions()
            .map_or(&[], Vec::as_slice)
    }

    fn extension(&self, id: ObjectIdentifier) -> Option<&[u8]> {
        let found = self
            .extensions()
            .iter()
            .find(|extension| extension.extn_id == id);
        found.map(|extension| extension.extn_value.as_bytes())
    }

    fn key_der(&self) -> Option<Vec<u8>> {
        self.inner
            .tbs_certificate()
            .subject_public_key_info()
            .to_der()
            .ok()
    }

    /// Verifies `child`'s signature with this certificate's key, by the algorithm that `child` names.
    fn signed(&self, child: &Certificate) -> Option<()> {
        let key = self.key_der()?;
        let signature = child.inner.signature().as_bytes()?;
        let message = child.signed.as_slice();
        match child.inner.signature_algorithm().oid {
            SHA256_RSA => verify_rsa(RsaKey::<Sha256>::new(rsa_key(&key)?), message, signature),
            SHA384_RSA => verify_rsa(RsaKey::<Sha384>::new(rsa_key(&key)?), message, signature),
            SHA512_RSA => verify_rsa(RsaKey::<Sha512>::new(rsa_key(&key)?), message, signature),
            ECDSA_SHA256 => verify_ecdsa(&key, &Sha256::digest(message), signature),
            ECDSA_SHA384 => verify_ecdsa(&key, &Sha384::digest(message), signature),
            ECDSA_SHA512 => verify_ecdsa(&key, &Sha512::digest(message), signature),
            _ => None,
        }
    }
}

/// The first element of the outer sequence, header included.
fn signed_part(der: &[u8]) -> Option<&[u8]> {
    let mut reader = SliceReader::new(der).ok()?;
    x509_cert::der::Header::decode(&mut reader).ok()?;
    reader.tlv_bytes().ok()
}

/// RSA keys of 2048 to 4096 bits.
fn rsa_key(der: &[u8]) -> Option<rsa::RsaPublicKey> {
    use rsa::traits::PublicKeyParts as _;
    let key = rsa::RsaPublicKey::from_public_key_der(der).ok()?;
    (256..=512).contains(&key.size()).then_some(key)
}

fn verify_rsa<D>(key: RsaKey<D>, message: &[u8], signature: &[u8]) -> Option<()>
where
    RsaKey<D>: rsa::signature::Verifier<pkcs1v15::Signature>,
    D: rsa::signature::digest::Digest,
{
    let signature = pkcs1v15::Signature::try_from(signature).ok()?;
    key.verify(message, &signature).ok()
}

/// ECDSA on P-256 or P-384, whichever the key is on.
fn verify_ecdsa(key: &[u8], digest: &[u8], signature: &[u8]) -> Option<()> {
    if let Ok(key) = p256::ecdsa::VerifyingKey::from_public_key_der(key) {
        let signature = p256::ecdsa::Signature::from_der(signature).ok()?;
        return key.verify_prehash(digest, &signature).ok();
    }
    let key = p384::ecdsa::VerifyingKey::from_public_key_der(key).ok()?;
    let signature = p384::ecdsa::Signature::from_der(signature).ok()?;
    key.verify_prehash(digest, &signature).ok()
}
