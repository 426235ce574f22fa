//! Real authorizations and mandates, earned through the policy with one officer's signed approval.

use std::collections::{BTreeMap, BTreeSet};

use domain::act::{Act, Approving};
use domain::entry::{Draft, FormatVersion};
use domain::proposal::Cancel;
use domain::roster::{Attestation, HexBytes};
use domain::{
    Amount, Approval, Asset, Author, Body, Coin, EntryId, Name, Network, Note, Officer, Payout,
    Proposal, ProposalId, PublicKey, Signature, Span, Subject, Sweep, Timestamp, Transfer,
    TreasuryId, VaultId,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use policy::{
    Authorised, Authorization, Facts, Mandate, Policy, Request, TransferAuthorization, VaultFact,
    Verdict,
};

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

/// What a subject speaks of: its vault, that vault's chain, the coins.
struct World {
    vault: VaultId,
    network: Network,
    assets: BTreeSet<Coin>,
}

/// Alice proposes the subject under this id; she and Bob approve where it is a change, Bob alone
/// otherwise.
fn decide(proposal: ProposalId, subject: Subject, world: World) -> Authorised {
    let (alice, bob) = (signer(1, "Alice"), signer(2, "Bob"));
    let policy = Policy::parse(POLICY).unwrap();
    let now = Timestamp::from_millis(1_800_000_000_000).unwrap();
    let proposed = now.minus(Span::from_secs(60));
    let named = |signer: &Signer| (signer.officer.id(), signer.officer.name.clone());
    let vault = VaultFact {
        name: Name::new("Main").unwrap(),
        network: world.network,
    };
    let facts = Facts {
        now,
        adoption: EntryId::from_bytes([3; 32]),
        policy: policy.hash(),
        officers: [named(&alice), named(&bob)].into(),
        former: BTreeMap::new(),
        vaults: [(world.vault, vault)].into(),
        assets: world.assets,
        payees: BTreeMap::new(),
        uses: Vec::new(),
    };
    let change = subject.payouts().is_empty();
    let subject = Proposal {
        subject,
        expires: now.plus(Span::from_secs(3600)),
        nonce: HexBytes(vec![9; 16]),
    };
    let request = Request {
        proposal,
        subject: &subject,
        initiator: alice.officer.id(),
        proposed,
    };
    let clearance = match policy::evaluate(&policy, &facts, &request) {
        Verdict::Requires(clearance) => clearance,
        Verdict::Refused(reasons) => panic!("the policy refuses: {reasons}"),
    };
    let approving = Approving {
        proposal,
        adoption: facts.adoption,
        policy: facts.policy,
        expires: subject.expires,
    };
    let mut approvals = vec![approve(&bob, approving, proposed)];
    if change {
        approvals.push(approve(&alice, approving, proposed));
    }
    policy::authorise(clearance, &approvals, &facts).unwrap()
}

fn coins(amounts: impl IntoIterator<Item = Asset>) -> BTreeSet<Coin> {
    amounts.into_iter().filter_map(Asset::coin).collect()
}

/// The right to pay a payout, proposed under this id.
pub fn grant(proposal: ProposalId, payout: &Payout) -> Authorization {
    let world = World {
        vault: payout.vault(),
        network: payout.legs()[0].address.network(),
        assets: coins([payout.asset(), payout.fee_cap().asset()]),
    };
    let authorised = decide(proposal, Subject::Payout(payout.clone()), world);
    authorised.into_payout().unwrap()
}

fn mandate(proposal: ProposalId, subject: Subject, assets: BTreeSet<Coin>) -> Mandate {
    let world = World {
        vault: VaultId::from_bytes([1; 32]),
        network: Network::Regtest,
        assets,
    };
    decide(proposal, subject, world).into_change().unwrap()
}

/// The right to cancel some payout at this cost.
pub fn grant_cancel(proposal: ProposalId, fee_cap: Amount) -> Mandate {
    let cancel = Cancel {
        payout: ProposalId::from_bytes([0x71; 32]),
        fee_cap,
    };
    mandate(proposal, Subject::Cancel(cancel), coins([fee_cap.asset()]))
}

/// The right to the first transfer of a sweep of these.
pub fn grant_transfer(
    sweep: ProposalId,
    vault: VaultId,
    network: Network,
    transfers: Vec<Transfer>,
) -> TransferAuthorization {
    let sweep_of = Sweep::new(vault, transfers, Note::EMPTY).unwrap();
    let world = World {
        vault,
        network,
        assets: coins(sweep_of.assets()),
    };
    let mandate = decide(sweep, Subject::Sweep(sweep_of), world).into_change();
    mandate.unwrap().transfer(0).unwrap()
}

/// The right to a change that cancels nothing.
pub fn grant_asset(proposal: ProposalId, coin: Coin) -> Mandate {
    mandate(proposal, Subject::Asset(coin), BTreeSet::new())
}
