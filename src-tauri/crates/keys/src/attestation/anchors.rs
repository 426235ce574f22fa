//! What attestations must lead to.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::certificate::{Certificate, Malformed};
use super::{AttestationError, Whose, read};

/// Yubico's two roots: until and from firmware 5.7.4. From
/// <https://developers.yubico.com/PKI/>, the same as in the crate `attestation-validator` 0.2.0.
const YUBICO_ROOTS: [(&[u8], &str); 2] = [
    (
        include_bytes!("roots/yubico-piv-root-ca-263751.der"),
        "63ece914e54dd87915f34033c85af4c0696ba1512f8add66ced738331207b546",
    ),
    (
        include_bytes!("roots/yubico-attestation-root-1.der"),
        "62760c6a6ef91679f454c8902b80fd009825b3f25da90f1fbace2ec6586cd5a8",
    ),
];

/// SHA-256 of Yubico's intermediate certificates, which keys from 5.7.4 on need and do not carry.
const YUBICO_INTERMEDIATES: [(&str, &str); 5] = [
    (
        "4698a1d3389c3ec60016c216250f1d0439922832d65142327436376dc2942b55",
        "Yubico Attestation Intermediate A 1",
    ),
    (
        "d4cc3f456fdaf4e7812a21aab1dfe9d8e27d24e2fd2d6f21c9940109f0daa754",
        "Yubico Attestation Intermediate B 1",
    ),
    (
        "6de693f05376f5d8ca29069261e1c8626c75d503bd2edbfd75354cad1f722870",
        "Yubico PIV Attestation A 1",
    ),
    (
        "2d55b7998f4e42569d6d8fa382b6dc77d1dacf07358b19701163892922b17052",
        "Yubico PIV Attestation B 1",
    ),
    (
        "0c90b7d184a36edf50a35f9be935f0c5689bfdcfe5bdd073366cafb49061a440",
        "Yubico PIV Attestation B2 1",
    ),
];

/// Larger than any collection of certificates that belongs here.
const MAX_FILE: u64 = 64 << 10;
/// More files than belong here.
const MAX_FILES: usize = 64;

/// Why trust anchors can't be used.
#[derive(Debug, thiserror::Error)]
pub enum AnchorError {
    /// A certificate that can't be read.
    #[error("a root certificate can't be read ({0}); nothing is trusted because of it")]
    MalformedRoot(&'static str),
    /// No root at all: everything would be refused.
    #[error("no root certificate was given: no YubiKey could be enrolled")]
    NoRoots,
    /// The folder or a file can't be read.
    #[error("`{}` can't be read: {source}", path.display())]
    Unreadable {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Too large, too many, or not certificates.
    #[error("`{}` does not belong among intermediate certificates: {why}. remove it", path.display())]
    NoCertificates {
        /// What.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// A certificate that is not pinned.
    #[error(
        "`{}` holds `{subject}` (SHA-256 {sha256}), which is none of Yubico's intermediates that this program knows: nothing was loaded. take the file from developers.yubico.com/PKI, or a newer Countersign", path.display()
    )]
    NotPinned {
        /// The file.
        path: PathBuf,
        /// Whose certificate it says it is.
        subject: String,
        /// Its fingerprint.
        sha256: String,
    },
}

/// Pinned roots, and intermediates that complete what a YubiKey carries.
#[derive(Debug, Clone)]
pub struct TrustAnchors {
    roots: Vec<Certificate>,
    intermediates: Vec<Certificate>,
}

impl TrustAnchors {
    /// Roots in DER: a treasury's own, as its founding names them.
    pub fn from_roots(roots: Vec<Vec<u8>>) -> Result<Self, AnchorError> {
        if roots.is_empty() {
            return Err(AnchorError::NoRoots);
        }
        let parse = |der: Vec<u8>| {
            Certificate::parse(&der).map_err(|Malformed(why)| AnchorError::MalformedRoot(why))
        };
        let roots = roots.into_iter().map(parse).collect::<Result<_, _>>()?;
        Ok(Self {
            roots,
            intermediates: Vec::new(),
        })
    }

    /// Yubico's roots, with the intermediates in a folder (PEM or DER; each must be a pinned one). An
    /// empty folder will do for keys before firmware 5.7.4.
    pub fn yubico(intermediates: &Path) -> Result<Self, AnchorError> {
        let mut anchors = Self::from_roots(Self::yubico_roots())?;
        for path in files(intermediates)? {
            for certificate in load(&path)? {
                let sha256 = hex::encode(certificate.sha256());
                if !YUBICO_INTERMEDIATES
                    .iter()
                    .any(|(pinned, _)| *pinned == sha256)
                {
                    let subject = certificate.subject();
                    return Err(AnchorError::NotPinned {
                        path,
                        subject,
                        sha256,
                    });
                }
                anchors.intermediates.push(certificate);
            }
        }
        Ok(anchors)
    }

    /// Yubico's roots in DER, for a founding to name.
    pub fn yubico_roots() -> Vec<Vec<u8>> {
        YUBICO_ROOTS.iter().map(|(der, _)| der.to_vec()).collect()
    }

    /// The same roots, with these intermediates (DER), for test roots that have some.
    pub fn with_intermediates(mut self, ders: Vec<Vec<u8>>) -> Result<Self, AnchorError> {
        for der in ders {
            let parsed = Certificate::parse(&der);
            let parsed = parsed.map_err(|Malformed(why)| AnchorError::MalformedRoot(why))?;
            self.intermediates.push(parsed);
        }
        Ok(self)
    }

    /// The roots in DER, for a founding to name.
    pub fn roots(&self) -> Vec<Vec<u8>> {
        self.roots.iter().map(|root| root.der().to_vec()).collect()
    }

    /// Certificates that lead from a card's own (f9) to below a root, nearest first. Those of the path
    /// that are known; whether it holds is for `verify` to say.
    pub(crate) fn intermediates_for(
        &self,
        device: &[u8],
    ) -> Result<Vec<Vec<u8>>, AttestationError> {
        let mut at = read(Whose::Device, device)?;
        let mut path = Vec::new();
        while self.issuer_of(&at).is_none() && path.len() < super::MAX_CHAIN {
            let Some(next) = self.intermediates.iter().find(|issuer| issuer.issued(&at)) else {
                break;
            };
            path.push(next.der().to_vec());
            at = next.clone();
        }
        Ok(path)
    }

    /// The pinned root that a certificate names as its issuer. Of several with one name, the one that
    /// signed it.
    pub(super) fn issuer_of(&self, certificate: &Certificate) -> Option<&Certificate> {
        let mut named = self
            .roots
            .iter()
            .filter(|root| root.is_named_by(certificate));
        let signed = self.roots.iter().find(|root| root.issued(certificate));
        signed.or_else(|| named.next())
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, AnchorError> {
    let failed = |source| AnchorError::Unreadable {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_file() {
            files.push(entry.path());
        }
        if files.len() > MAX_FILES {
            let path = folder.to_owned();
            return Err(AnchorError::NoCertificates {
                path,
                why: "there are too many files",
            });
        }
    }
    files.sort();
    Ok(files)
}

fn load(path: &Path) -> Result<Vec<Certificate>, AnchorError> {
    let failed = |source| AnchorError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let strange = |why| AnchorError::NoCertificates {
        path: path.to_owned(),
        why,
    };
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(MAX_FILE + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(strange("it is too large"));
    }
    let ders = if bytes.starts_with(b"-----BEGIN") {
        use x509_cert::der::Encode as _;
        let chain = x509_cert::Certificate::load_pem_chain(&bytes)
            .map_err(|_| strange("it is not PEM with certificates"))?;
        let ders = chain
            .iter()
            .map(|c| c.to_der())
            .collect::<Result<Vec<_>, _>>();
        ders.map_err(|_| strange("it is not PEM with certificates"))?
    } else {
        vec![bytes]
    };
    let parse = |der: Vec<u8>| Certificate::parse(&der).map_err(|Malformed(why)| strange(why));
    ders.into_iter().map(parse).collect()
}
