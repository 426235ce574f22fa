//! Digests that people and machines sign are pinned, and bind every field.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::samples::*;
use crate::roster::HexBytes;
use crate::seal::ShareBinding;
use crate::words::{WORDS, fingerprint};
use crate::*;

fn id(proposal: &Proposal) -> ProposalId {
    proposal.id(treasury(), officer(0x11).id(), at(1))
}

#[test]
fn the_id_of_each_kind_of_proposal_is_pinned() {
    let ids: Vec<String> = subjects()
        .into_iter()
        .map(|(name, subject)| format!("{name} {}", id(&proposal(subject))))
        .collect();
    assert_snapshot!("proposal_ids", ids.join("\n"));
}

#[test]
fn the_bytes_that_a_proposals_id_hashes_are_pinned() {
    let bytes = proposal(Subject::Payout(payout()))
        .canonical(treasury(), officer(0x11).id(), at(1))
        .into_bytes();
    assert_snapshot!("payout_canonical", hex::encode(bytes));
}

#[test]
fn a_shares_associated_data_is_pinned_and_binds_each_field() {
    let binding = ShareBinding {
        treasury: treasury(),
        vault: VaultId::from_bytes([2; 32]),
        seat: seat(3),
        epoch: Epoch::FIRST,
    };
    assert_snapshot!("share_binding", hex::encode(binding.associated_data()));
    let others = [
        ShareBinding {
            treasury: TreasuryId::from_bytes([9; 32]),
            ..binding
        },
        ShareBinding {
            vault: VaultId::from_bytes([9; 32]),
            ..binding
        },
        ShareBinding {
            seat: seat(4),
            ..binding
        },
        ShareBinding {
            epoch: Epoch::try_from(2).unwrap(),
            ..binding
        },
    ];
    let all: BTreeSet<Vec<u8>> = others
        .iter()
        .chain([&binding])
        .map(ShareBinding::associated_data)
        .collect();
    assert_eq!(all.len(), 5);
}

#[test]
fn the_challenge_of_a_new_officer_is_pinned_and_binds_its_keys() {
    let officer = officer(0x31);
    assert_snapshot!("challenge", hex::encode(officer.challenge(treasury())));
    let key = Key::new(0x77).public();
    let others = [
        Officer {
            name: name("Eve"),
            ..officer.clone()
        },
        Officer {
            sign: key,
            ..officer.clone()
        },
        Officer {
            freeze: key,
            ..officer.clone()
        },
        Officer {
            open: key,
            ..officer.clone()
        },
        Officer {
            serial: 1,
            ..officer.clone()
        },
    ];
    let all: BTreeSet<[u8; 32]> = others
        .iter()
        .chain([&officer])
        .map(|officer| officer.challenge(treasury()))
        .chain([officer.challenge(TreasuryId::from_bytes([9; 32]))])
        .collect();
    assert_eq!(all.len(), 7);
}

#[test]
fn the_fingerprint_is_twelve_words_of_the_first_132_bits() {
    let id = id(&proposal(Subject::Payout(payout())));
    let words = fingerprint(id);
    assert_snapshot!("fingerprint", words.join(" "));
    let list = bip39::Language::English.word_list();
    let bits: String = words
        .iter()
        .map(|word| list.iter().position(|known| known == word).unwrap())
        .map(|index| format!("{index:011b}"))
        .collect();
    let digest: String = id
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:08b}"))
        .collect();
    assert_eq!(bits.len(), 132);
    assert!(digest.starts_with(&bits));
    assert_eq!(
        fingerprint(ProposalId::from_bytes([0; 32])),
        ["abandon"; WORDS]
    );
    assert_eq!(
        fingerprint(ProposalId::from_bytes([0xFF; 32])),
        ["zoo"; WORDS]
    );
}

#[test]
fn the_payload_of_each_act_is_pinned() {
    let payloads: Vec<String> = bodies()
        .into_iter()
        .map(|body| String::from_utf8(signed(body).envelope().payload().to_vec()).unwrap())
        .collect();
    assert_snapshot!("payloads", payloads.join("\n"));
}

/// Payouts that differ from [`payout`] in one thing each.
fn altered_payouts() -> Vec<Payout> {
    let good = payout();
    let legs = |change: &dyn Fn(&mut Vec<Leg>)| {
        let mut legs = payout().legs().to_vec();
        change(&mut legs);
        Payout::new(good.vault(), legs, good.fee_cap(), good.memo().clone()).unwrap()
    };
    let with = |vault, cap, memo: &str| {
        Payout::new(vault, good.legs().to_vec(), sats(cap), note(memo)).unwrap()
    };
    let memo = good.memo().as_str();
    vec![
        with(VaultId::from_bytes([9; 32]), 10_000, memo),
        with(good.vault(), 10_001, memo),
        with(good.vault(), 10_000, "rent, December"),
        with(good.vault(), 10_000, ""),
        legs(&|legs| legs.reverse()),
        legs(&|legs| {
            legs.pop();
        }),
        legs(&|legs| legs.push(legs[1].clone())),
        legs(&|legs| legs[0].payee = None),
        legs(&|legs| legs[0].payee = Some(name("Landlady"))),
        legs(&|legs| legs[0].amount = Amount::Btc(sats(25_000_001))),
        legs(&|legs| legs[0].address = legs[1].address.clone()),
    ]
}

#[test]
fn a_proposals_id_binds_each_field() {
    let good = proposal(Subject::Payout(payout()));
    let mut ids: Vec<ProposalId> = altered_payouts()
        .into_iter()
        .map(|payout| id(&proposal(Subject::Payout(payout))))
        .collect();
    ids.extend(
        subjects()
            .into_iter()
            .map(|(_, subject)| id(&proposal(subject))),
    );
    let initiator = officer(0x11).id();
    ids.push(good.id(TreasuryId::from_bytes([9; 32]), initiator, at(1)));
    ids.push(good.id(treasury(), officer(0x21).id(), at(1)));
    ids.push(good.id(treasury(), initiator, at(2)));
    ids.push(id(&Proposal {
        expires: at(86_401),
        ..good.clone()
    }));
    ids.push(id(&Proposal {
        nonce: HexBytes(vec![8; 16]),
        ..good
    }));
    let different: BTreeSet<ProposalId> = ids.iter().copied().collect();
    assert_eq!(different.len(), ids.len());
}

#[test]
fn fields_that_run_together_give_different_bytes() {
    let of = |fields: &[&str]| {
        fields
            .iter()
            .fold(Canonical::new("test"), |hash, field| hash.text(field))
            .finish()
    };
    assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    assert_ne!(of(&["abc"]), of(&["abc", ""]));
    assert_ne!(Canonical::new("a").finish(), Canonical::new("b").finish());
}
