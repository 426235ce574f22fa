//! A real authorization, earned through the policy with one officer's signed approval.

use std::collections::{BTreeMap, BTreeSet};

use domain::act::{Act, Approving};
use domain::entry::{Draft, FormatVersion};
use domain::roster::{Attestation, HexBytes};
use domain::{
    Approval, Asset, Author, Body, Coin, EntryId, Name, Officer, OfficerId, Payout, Proposal,
    ProposalId, PublicKey, Signature, Span, Subject, Timestamp, TreasuryId,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use policy::{Authorization, Facts, Policy, Request, VaultFact, Verdict};

const POLICY: &str = r#"
version = 1

[groups]
directors = ["Alice", "Bob"]

[[lane]]
name = "any"
scope = { vaults = ["Main"] }
steps = [{ group = "directors", count = 1 }]
expiry = "1 d"

[governance.default]
steps = [{ group = "directors", count = 2 }]
initiator_may_approve = true
expiry = "1 d"
"#;

struct Signer {
    key: SigningKey,
    officer: Officer,
}

fn signer(seed: u8, called: &str) -> Signer {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    let public = PublicKey::from_sec1(key.verifying_key().to_sec1_point(true).as_bytes()).unwrap();
    let nothing = HexBytes(Vec::new());
    let officer = Officer {
        name: Name::new(called).unwrap(),
        sign: public,
        freeze: public,
        open: public,
        serial: seed.into(),
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
    Signer { key, officer }
}

fn approve(signer: &Signer, approving: Approving, at: Timestamp) -> Approval {
    let body = Body {
        version: FormatVersion,
        treasury: Some(TreasuryId::from_bytes([7; 32])),
        time: at,
        author: Author::Officer(signer.officer.id()),
        act: Act::Approved(approving),
    };
    let draft = Draft::new(body).unwrap();
    let signature: p256::ecdsa::Signature = signer.key.sign_prehash(draft.digest()).unwrap();
    let signature = Signature::from_bytes(&signature.normalize_s().to_bytes()).unwrap();
    let signed = draft.sign(&[(signer.officer.sign, signature)]).unwrap();
    Approval::verify(&signed, &signer.officer, at).unwrap()
}

fn facts(
    now: Timestamp,
    policy: &Policy,
    payout: &Payout,
    officers: BTreeMap<OfficerId, Name>,
) -> Facts {
    let network = payout.legs()[0].address.network();
    let coins = [payout.asset(), payout.fee_cap().asset()];
    let assets: BTreeSet<Coin> = coins.into_iter().filter_map(Asset::coin).collect();
    let vault = VaultFact {
        name: Name::new("Main").unwrap(),
        network,
    };
    Facts {
        now,
        adoption: EntryId::from_bytes([3; 32]),
        policy: policy.hash(),
        officers,
        former: BTreeMap::new(),
        vaults: [(payout.vault(), vault)].into(),
        assets,
        payees: BTreeMap::new(),
        uses: Vec::new(),
    }
}

/// Alice proposes the payout under this id, Bob approves.
pub fn grant(proposal: ProposalId, payout: &Payout) -> Authorization {
    let (alice, bob) = (signer(1, "Alice"), signer(2, "Bob"));
    let policy = Policy::parse(POLICY).unwrap();
    let now = Timestamp::from_millis(1_800_000_000_000).unwrap();
    let proposed = now.minus(Span::from_secs(60));
    let named = |signer: &Signer| (signer.officer.id(), signer.officer.name.clone());
    let facts = facts(now, &policy, payout, [named(&alice), named(&bob)].into());
    let subject = Proposal {
        subject: Subject::Payout(payout.clone()),
        expires: now.plus(Span::from_secs(3600)),
        nonce: HexBytes(vec![9; 16]),
    };
    let request = Request {
        proposal,
        subject: &subject,
        initiator: alice.officer.id(),
        proposed,
    };
    let Verdict::Requires(clearance) = policy::evaluate(&policy, &facts, &request) else {
        panic!("the policy refuses");
    };
    let approving = Approving {
        proposal,
        adoption: facts.adoption,
        policy: facts.policy,
        expires: subject.expires,
    };
    let approval = approve(&bob, approving, proposed);
    let authorised = policy::authorise(clearance, &[approval], &facts).unwrap();
    authorised.into_payout().unwrap()
}
