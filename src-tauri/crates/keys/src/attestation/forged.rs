//! Authorities and cards that state what a forger wants.

use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SignatureAlgorithm,
};

use super::*;

/// What a forger can choose of a slot's certificate.
pub struct Forged {
    pub subject: String,
    pub firmware: Option<Vec<u8>>,
    pub serial: Option<Vec<u8>>,
    pub policy: Vec<u8>,
    pub critical: bool,
    pub twice: bool,
}

/// An authority, a card under it, and one that is not.
pub struct World {
    pub root: Vec<u8>,
    pub device: Issuer<'static, KeyPair>,
    pub device_der: Vec<u8>,
}

pub fn parameters(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

pub fn authority(name: &str, length: Option<u8>) -> CertificateParams {
    let mut parameters = parameters(name);
    let constraint = length.map_or(
        BasicConstraints::Unconstrained,
        BasicConstraints::Constrained,
    );
    parameters.is_ca = IsCa::Ca(constraint);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters
}

pub fn world_of(
    algorithm: &'static SignatureAlgorithm,
    root: CertificateParams,
    device: CertificateParams,
) -> World {
    let root_key = KeyPair::generate_for(algorithm).unwrap();
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let root = Issuer::new(root, root_key);
    let device_key = KeyPair::generate_for(algorithm).unwrap();
    let device_der = device.signed_by(&device_key, &root).unwrap().der().to_vec();
    World {
        root: root_der,
        device: Issuer::new(device, device_key),
        device_der,
    }
}

pub fn world() -> World {
    world_of(
        &PKCS_ECDSA_P256_SHA256,
        authority("Root", Some(1)),
        authority("Card", Some(0)),
    )
}

impl World {
    pub fn anchors(&self) -> TrustAnchors {
        TrustAnchors::from_roots(vec![self.root.clone()]).unwrap()
    }

    pub fn certificate(&self, forged: &Forged, key: &KeyPair) -> Vec<u8> {
        let mut parameters = parameters(&forged.subject);
        let mut add = |number, content: Vec<u8>| {
            let id = [1, 3, 6, 1, 4, 1, 41482, 3, number];
            let mut extension = CustomExtension::from_oid_content(&id, content);
            extension.set_criticality(forged.critical && number == 10);
            parameters.custom_extensions.push(extension);
        };
        forged
            .firmware
            .iter()
            .for_each(|content| add(3, content.clone()));
        forged
            .serial
            .iter()
            .for_each(|content| add(7, content.clone()));
        add(8, forged.policy.clone());
        if forged.twice {
            add(8, forged.policy.clone());
        }
        if forged.critical {
            add(10, vec![1]);
        }
        parameters
            .signed_by(key, &self.device)
            .unwrap()
            .der()
            .to_vec()
    }

    /// An officer whose card states what `forge` makes of the truth.
    pub fn officer(&self, forge: impl Fn(Slot, &mut Forged)) -> Officer {
        let made = Slot::ALL.map(|slot| {
            let mut forged = Forged {
                subject: format!("YubiKey PIV Attestation {slot}"),
                firmware: Some(vec![5, 7, 1]),
                serial: Some([&[2, 4][..], &SERIAL.to_be_bytes()].concat()),
                policy: slot.policy().to_vec(),
                critical: false,
                twice: false,
            };
            forge(slot, &mut forged);
            let key = KeyPair::generate().unwrap();
            let point = PublicKey::from_sec1(key.public_key_raw()).unwrap();
            (point, HexBytes(self.certificate(&forged, &key)))
        });
        let [(sign, sign_der), (freeze, freeze_der), (open, open_der)] = made;
        Officer {
            name: Name::new("Ada").unwrap(),
            sign,
            freeze,
            open,
            serial: SERIAL,
            firmware: [5, 7, 1],
            attestation: Attestation {
                sign: sign_der,
                freeze: freeze_der,
                open: open_der,
                chain: vec![HexBytes(self.device_der.clone())],
            },
            waiver: None,
            possession: None,
        }
    }

    pub fn refuses(&self, officer: &Officer) -> AttestationError {
        verify(officer, &self.anchors(), FirmwareRule::OldWithWaiver).unwrap_err()
    }
}
