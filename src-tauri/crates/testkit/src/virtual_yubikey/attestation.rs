//! Attestation: the authorities that stand where Yubico's roots stand, and the certificates that a
//! card makes about its own keys.

use super::{
    apdu::{Answer, Status, tlv},
    card::Card,
    memory::Origin,
};
use anyhow::{Context as _, Result};
use rcgen::{CertificateParams, CustomExtension, DnType, Issuer, KeyPair, KeyUsagePurpose};
use std::{collections::BTreeMap, fs, path::Path};

/// Yubico's arc for what a PIV attestation says.
const YUBICO_PIV: [u64; 9] = [1, 3, 6, 1, 4, 1, 41482, 3, 0];
const FIRMWARE: u64 = 3;
const SERIAL: u64 = 7;
const POLICIES: u64 = 8;
const FORM_FACTOR: u64 = 9;
const USB_A_KEYCHAIN: u8 = 1;

/// The names of the authorities that every room has: `test` is the one to trust in tests, `another`
/// the one to refuse, and `deep` has two intermediates that are not on the card, as real keys of
/// firmware 5.7.4 and later have.
const NAMES: [&str; 3] = ["test", "another", "deep"];

/// A root, the intermediates under it, and the key that signs cards' attestation certificates.
pub struct Authority {
    /// The root's certificate, DER.
    pub root: Vec<u8>,
    /// Certificates between the root and the card's own, DER, the root's child first.
    pub intermediates: Vec<Vec<u8>>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// An authority with fresh keys.
    pub fn generate(name: &str) -> Result<Self> {
        let (key, parameters) = (KeyPair::generate()?, authority_parameters(&root_name(name)));
        let root = parameters.self_signed(&key)?.der().to_vec();
        let mut issuer = Issuer::new(parameters, key);
        let mut intermediates = Vec::new();
        for tier in tiers(name) {
            let (key, parameters) = (KeyPair::generate()?, authority_parameters(tier));
            intermediates.push(parameters.signed_by(&key, &issuer)?.der().to_vec());
            issuer = Issuer::new(parameters, key);
        }
        Ok(Self {
            root,
            intermediates,
            issuer,
        })
    }

    fn save(&self, directory: &Path, name: &str) -> Result<()> {
        fs::write(directory.join(format!("{name}.der")), &self.root)?;
        for (number, der) in (1..).zip(&self.intermediates) {
            fs::write(directory.join(intermediate_file(name, number)), der)?;
        }
        fs::write(
            directory.join(format!("{name}.key")),
            self.issuer.key().serialized_der(),
        )?;
        Ok(())
    }

    fn load(directory: &Path, name: &str) -> Result<Self> {
        let key = KeyPair::try_from(fs::read(directory.join(format!("{name}.key")))?)?;
        let tiers = tiers(name);
        let intermediates = (1..=tiers.len())
            .map(|number| fs::read(directory.join(intermediate_file(name, number))));
        let issuer_name = tiers
            .last()
            .map_or_else(|| root_name(name), |tier| (*tier).to_owned());
        Ok(Self {
            root: fs::read(directory.join(format!("{name}.der")))?,
            intermediates: intermediates.collect::<Result<_, _>>()?,
            issuer: Issuer::new(authority_parameters(&issuer_name), key),
        })
    }

    /// A card's attestation key and the certificate for it.
    pub(super) fn certify_card(&self) -> Result<(KeyPair, Vec<u8>)> {
        let key = KeyPair::generate()?;
        let certificate = card_parameters()
            .signed_by(&key, &self.issuer)?
            .der()
            .to_vec();
        Ok((key, certificate))
    }
}

/// The authorities of a room, by name.
pub struct Authorities(BTreeMap<String, Authority>);

impl Authorities {
    /// The authorities kept in `directory`, made there the first time. Their certificates are
    /// `NAME.der` and, for `deep`, `NAME-intermediate-N.der`.
    pub fn open(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory)?;
        let mut authorities = BTreeMap::new();
        for name in NAMES {
            let authority = if directory.join(format!("{name}.key")).exists() {
                Authority::load(directory, name)
                    .with_context(|| format!("cannot read the attestation root `{name}`"))?
            } else {
                let authority = Authority::generate(name)?;
                authority.save(directory, name)?;
                authority
            };
            authorities.insert(name.to_owned(), authority);
        }
        Ok(Self(authorities))
    }

    /// The authority with this name.
    pub fn get(&self, name: &str) -> Result<&Authority> {
        self.0.get(name).with_context(|| {
            format!(
                "no attestation root `{name}` here; there are {}",
                NAMES.join(", ")
            )
        })
    }
}

fn root_name(name: &str) -> String {
    format!("TEST Attestation Root {name}")
}

fn tiers(name: &str) -> &'static [&'static str] {
    match name {
        "deep" => &[
            "TEST Attestation Intermediate A 1",
            "TEST PIV Attestation A 1",
        ],
        _ => &[],
    }
}

fn intermediate_file(name: &str, number: usize) -> String {
    format!("{name}-intermediate-{number}.der")
}

/// The issuer that a card's attestation key is.
pub(super) fn card_issuer(key: KeyPair) -> Issuer<'static, KeyPair> {
    Issuer::new(card_parameters(), key)
}

fn card_parameters() -> CertificateParams {
    authority_parameters("TEST YubiKey PIV Attestation")
}

fn authority_parameters(name: &str) -> CertificateParams {
    let mut parameters = named(name);
    parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

impl Card {
    /// ATTEST: a certificate that says how the key in `slot` came to be.
    pub(super) fn attest(&self, slot: u8) -> Answer {
        let key = self
            .memory
            .keys
            .get(&slot)
            .ok_or(Status::REFERENCE_NOT_FOUND)?;
        if key.origin != Origin::Generated {
            return Err(Status::WRONG_DATA);
        }
        let mut parameters = named(&format!("YubiKey PIV Attestation {slot:x}"));
        let facts = [
            (FIRMWARE, self.config.firmware.to_vec()),
            (SERIAL, der_integer(self.config.serial)),
            (POLICIES, vec![key.pin_policy, key.touch_policy]),
            (FORM_FACTOR, vec![USB_A_KEYCHAIN]),
        ];
        for (number, content) in facts {
            let mut identifier = YUBICO_PIV;
            if let Some(last) = identifier.last_mut() {
                *last = number;
            }
            let extension = CustomExtension::from_oid_content(&identifier, content);
            parameters.custom_extensions.push(extension);
        }
        let public = PublicKey(key.point());
        let certificate = parameters.signed_by(&public, &self.attestation);
        certificate
            .map(|c| c.der().to_vec())
            .map_err(|_| Status::INTERNAL)
    }
}

/// The shortest two's-complement coding of a positive number.
fn der_integer(number: u32) -> Vec<u8> {
    let bytes = u64::from(number).to_be_bytes();
    let mut digits = bytes.as_slice();
    while let [0, next @ ..] = digits {
        match next.first() {
            Some(first) if *first < 0x80 => digits = next,
            _ => break,
        }
    }
    tlv(&[0x02], digits)
}

struct PublicKey(Vec<u8>);

impl rcgen::PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

#[cfg(test)]
mod tests {
    use super::der_integer;

    #[test]
    fn serials_are_coded_as_der_wants_them() {
        assert_eq!(der_integer(0), [2, 1, 0]);
        assert_eq!(der_integer(0x7F), [2, 1, 0x7F]);
        assert_eq!(der_integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(der_integer(u32::MAX), [2, 5, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
}
