//! A small world for tests: officers with real keys, addresses made from labels, signed approvals.

use domain::act::{Act, Approving};
use domain::address::Network;
use domain::entry::{Author, Body, Draft, FormatVersion};
use domain::roster::{Attestation, HexBytes};
use domain::{
    Address, Approval, BtcAddress, EntryId, EvmAddress, Name, Officer, OfficerId, PolicyHash,
    ProposalId, PublicKey, Signature, Timestamp, TreasuryId, VaultId,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sha2::{Digest, Sha256};

pub fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub fn hash(label: &str) -> [u8; 32] {
    Sha256::digest(label).into()
}

pub fn proposal_id(label: &str) -> ProposalId {
    ProposalId::from_bytes(hash(&format!("proposal {label}")))
}

pub fn adoption_id(label: &str) -> EntryId {
    EntryId::from_bytes(hash(&format!("adoption {label}")))
}

pub fn vault_id(label: &str) -> VaultId {
    VaultId::from_bytes(hash(&format!("vault {label}")))
}

/// An address made from the hash of a label: P2WPKH, or an account of an EVM chain.
pub fn address(label: &str, network: Network) -> Address {
    let hash = hash(&format!("address {label}"));
    let Some(bitcoin) = network.to_bitcoin() else {
        let bytes = hash[..20].try_into().unwrap();
        return EvmAddress::from_bytes(bytes, network.chain_id().unwrap())
            .unwrap()
            .into();
    };
    let program = bitcoin::WitnessProgram::new(bitcoin::WitnessVersion::V0, &hash[..20]);
    let address = bitcoin::Address::from_witness_program(program.unwrap(), bitcoin);
    BtcAddress::parse(&address.to_string(), network)
        .unwrap()
        .into()
}

/// An officer whose key is made from the label and whose name is `called`.
pub struct Signer {
    key: SigningKey,
    officer: Officer,
}

impl Signer {
    pub fn new(label: &str, called: &str) -> Self {
        let key = SigningKey::from_slice(&hash(&format!("officer {label}"))).unwrap();
        let point = key.verifying_key().to_sec1_point(true);
        let public = PublicKey::from_sec1(point.as_bytes()).unwrap();
        let nothing = HexBytes(Vec::new());
        let officer = Officer {
            name: name(called),
            sign: public,
            freeze: public,
            open: public,
            serial: 1,
            firmware: [5, 7, 4],
            attestation: Attestation {
                sign: nothing.clone(),
                freeze: nothing.clone(),
                open: nothing,
                chain: Vec::new(),
            },
            waiver: None,
            possession: None,
        };
        Self { key, officer }
    }

    pub fn id(&self) -> OfficerId {
        self.officer.id()
    }

    pub fn officer(&self) -> &Officer {
        &self.officer
    }

    /// Signs an approval and verifies it, as a machine does that reads it from the journal.
    pub fn approve(&self, approving: Approving, at: Timestamp) -> Approval {
        let body = Body {
            version: FormatVersion,
            treasury: Some(TreasuryId::from_bytes([7; 32])),
            time: at,
            author: Author::Officer(self.id()),
            act: Act::Approved(approving),
        };
        let draft = Draft::new(body).unwrap();
        let signature: p256::ecdsa::Signature = self.key.sign_prehash(draft.digest()).unwrap();
        let signature = Signature::from_bytes(&signature.normalize_s().to_bytes()).unwrap();
        let signed = draft.sign(&[(self.officer.sign, signature)]).unwrap();
        Approval::verify(&signed, &self.officer, at).unwrap()
    }
}

pub fn approving(
    proposal: ProposalId,
    adoption: EntryId,
    policy: PolicyHash,
    expires: Timestamp,
) -> Approving {
    Approving {
        proposal,
        adoption,
        policy,
        expires,
    }
}
