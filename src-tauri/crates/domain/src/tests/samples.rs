//! One of everything, with fixed keys and times.

use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use crate::act::*;
use crate::entry::{Draft, FormatVersion, SignedBody};
use crate::proposal::{Cancel, OfficerChange, PayeeChange, PolicyChange, Thaw};
use crate::roster::{Attestation, HexBytes, MachineChange};
use crate::sweep::SweepError;
use crate::vault::VaultPlan;
use crate::*;

/// A P-256 key that signs deterministically (RFC 6979).
pub(super) struct Key(pub(super) SigningKey);

impl Key {
    pub(super) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey::from_sec1(&self.0.verifying_key().to_sec1_point(true).to_bytes()).unwrap()
    }

    pub(super) fn raw(&self, digest: &[u8; 32]) -> p256::ecdsa::Signature {
        let signature: p256::ecdsa::Signature = self.0.sign_prehash(digest).unwrap();
        signature.normalize_s()
    }

    pub(super) fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature::from_bytes(&self.raw(digest).to_bytes()).unwrap()
    }
}

pub(super) const REGTEST: &str = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";
pub(super) const REGTEST_SCRIPT_HASH: &str =
    "bcrt1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qzf4jry";

pub(super) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
        .unwrap()
        .plus(Span::from_secs(seconds))
}

pub(super) fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

pub(super) fn note(text: &str) -> Note {
    Note::new(text).unwrap()
}

pub(super) fn sats(number: u64) -> Sats {
    Sats::new(number).unwrap()
}

pub(super) fn seat(number: u16) -> SeatId {
    SeatId::new(number).unwrap()
}

pub(super) fn treasury() -> TreasuryId {
    TreasuryId::from_bytes([1; 32])
}

pub(super) fn officer(seed: u8) -> Officer {
    let der = |byte| HexBytes(vec![0x30, seed, byte]);
    Officer {
        name: name("Ada Lovelace"),
        sign: Key::new(seed).public(),
        freeze: Key::new(seed + 1).public(),
        open: Key::new(seed + 2).public(),
        serial: 12_345_678,
        firmware: [5, 7, 4],
        attestation: Attestation {
            sign: der(1),
            freeze: der(2),
            open: der(3),
            chain: vec![der(4), der(5)],
        },
        waiver: Some(note("bought before 5.7")),
        possession: None,
    }
}

pub(super) fn machine() -> Machine {
    Machine {
        name: name("host"),
        key: Key::new(0xE1).public(),
        administrators: vec![name("Grace"), name("Linus")],
    }
}

pub(super) fn leg(payee: Option<&str>, address: &str, amount: u64) -> Leg {
    Leg {
        payee: payee.map(name),
        address: Address::parse(address, Network::Regtest).unwrap(),
        amount: Amount::Btc(sats(amount)),
    }
}

pub(super) fn payout() -> Payout {
    let legs = vec![
        leg(Some("Landlord"), REGTEST, 25_000_000),
        leg(None, REGTEST_SCRIPT_HASH, 546),
    ];
    let vault = VaultId::from_bytes([2; 32]);
    Payout::new(vault, legs, sats(10_000), note("rent, November")).unwrap()
}

pub(super) const MAINNET: u64 = 1;
pub(super) const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
/// The first of EIP-55's own.
pub(super) const PAYEE: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

pub(super) fn chain(id: u64) -> ChainId {
    ChainId::new(id).unwrap()
}

pub(super) fn evm_address(text: &str) -> EvmAddress {
    EvmAddress::parse(text, chain(MAINNET)).unwrap()
}

pub(super) fn coin(contract: Option<&str>, symbol: &str, decimals: u8) -> Coin {
    let symbol = Symbol::new(symbol).unwrap();
    Coin::new(chain(MAINNET), contract.map(evm_address), symbol, decimals).unwrap()
}

pub(super) fn ether() -> Coin {
    coin(None, "ETH", 18)
}

pub(super) fn usdc() -> Coin {
    coin(Some(USDC), "USDC", 6)
}

pub(super) fn units(number: u64) -> U256 {
    U256::from(number)
}

pub(super) fn evm_leg(coin: Coin, number: u64) -> Leg {
    Leg {
        payee: None,
        address: Address::Evm(evm_address(PAYEE)),
        amount: Amount::Evm(coin, units(number)),
    }
}

/// A payout of a coin or token by an account, with a fee cap in ether.
pub(super) fn evm_payout(account: u32, coin: Coin, number: u64) -> Payout {
    let vault = VaultId::from_bytes([2; 32]);
    let cap = Amount::Evm(ether(), units(3_000_000_000_000_000));
    Payout::from_account(
        vault,
        account,
        vec![evm_leg(coin, number)],
        cap,
        note("rent"),
    )
    .unwrap()
}

pub(super) fn batch() -> Batch {
    let payouts = vec![evm_payout(0, usdc(), 1_500_000), evm_payout(3, ether(), 7)];
    Batch::new(VaultId::from_bytes([2; 32]), payouts, note("wages")).unwrap()
}

pub(super) fn transfer(from: u32, to: u32, amount: Amount) -> Transfer {
    let fee_cap = match amount {
        Amount::Btc(_) => Amount::Btc(sats(5_000)),
        Amount::Evm(..) => Amount::Evm(ether(), units(3_000_000_000_000_000)),
    };
    Transfer {
        from,
        to,
        amount,
        fee_cap,
    }
}

pub(super) fn sweep_of(transfers: Vec<Transfer>) -> Result<Sweep, SweepError> {
    Sweep::new(VaultId::from_bytes([2; 32]), transfers, note("deposits"))
}

pub(super) fn sweep() -> Sweep {
    sweep_of(vec![
        transfer(0, 3, Amount::Evm(ether(), units(9))),
        transfer(3, 0, Amount::Evm(usdc(), units(1_500_000))),
        transfer(7, 0, Amount::Evm(ether(), units(7))),
    ])
    .unwrap()
}

fn bitcoin_sweep() -> Sweep {
    sweep_of(vec![transfer(0, 0, Amount::Btc(sats(90_000)))]).unwrap()
}

fn evm_subjects() -> Vec<(&'static str, Subject)> {
    let payout = ProposalId::from_bytes([0x13; 32]);
    let cancel = |fee_cap| Subject::Cancel(Cancel { payout, fee_cap });
    let set = |address: &str| PayeeChange::Set {
        name: name("Landlord"),
        address: Address::Evm(evm_address(address)),
    };
    vec![
        ("evm_payout", Subject::Payout(evm_payout(0, ether(), 5))),
        (
            "token_payout",
            Subject::Payout(evm_payout(7, usdc(), 2_500_000)),
        ),
        ("evm_payee_set", Subject::Payee(set(PAYEE))),
        ("asset_coin", Subject::Asset(ether())),
        ("asset_token", Subject::Asset(usdc())),
        ("batch", Subject::Batch(batch())),
        ("sweep", Subject::Sweep(sweep())),
        ("bitcoin_sweep", Subject::Sweep(bitcoin_sweep())),
        ("cancel", cancel(Amount::Btc(sats(5_000)))),
        ("evm_cancel", cancel(Amount::Evm(ether(), units(9)))),
    ]
}

pub(super) fn seats() -> Vec<Seat> {
    let officers = vec![officer(0x11).id(), officer(0x21).id()];
    let kinds = [
        SeatKind::Device,
        SeatKind::Hardware {
            officers: officers.clone(),
        },
        SeatKind::Recovery {
            officers,
            pieces: 2,
        },
    ];
    kinds
        .into_iter()
        .zip(1..)
        .map(|(kind, number)| Seat {
            id: seat(number),
            name: name(kind.name()),
            machine: machine().id(),
            kind,
        })
        .collect()
}

pub(super) fn vault_plan() -> VaultPlan {
    VaultPlan::new(name("Main"), Network::Regtest, 6, 2, seats()).unwrap()
}

/// One subject of each kind, by name.
pub(super) fn subjects() -> Vec<(&'static str, Subject)> {
    let address = BtcAddress::parse(REGTEST, Network::Regtest).unwrap();
    let mut all = vec![
        ("payout", Subject::Payout(payout())),
        (
            "policy",
            Subject::Policy(PolicyChange {
                text: "version = 1\n".to_owned(),
            }),
        ),
        (
            "officer_add",
            Subject::Officer(OfficerChange::Add(Box::new(officer(0x31)))),
        ),
        (
            "officer_suspend",
            Subject::Officer(OfficerChange::Suspend(officer(0x31).id())),
        ),
        (
            "payee_set",
            Subject::Payee(PayeeChange::Set {
                name: name("Landlord"),
                address: address.into(),
            }),
        ),
        (
            "payee_remove",
            Subject::Payee(PayeeChange::Remove {
                name: name("Landlord"),
            }),
        ),
        (
            "thaw",
            Subject::Thaw(Thaw {
                freezes: vec![EntryId::from_bytes([3; 32]), EntryId::from_bytes([4; 32])],
            }),
        ),
        ("vault", Subject::Vault(vault_plan())),
        (
            "machine",
            Subject::Machine(MachineChange {
                machine: machine(),
                replaces: MachineId::from_bytes([5; 32]),
                head: LinkId::from_bytes([6; 32]),
            }),
        ),
    ];
    all.extend(evm_subjects());
    all
}

pub(super) fn proposal(subject: Subject) -> Proposal {
    Proposal {
        subject,
        expires: at(86_400),
        nonce: HexBytes(vec![7; 16]),
    }
}

pub(super) fn founding() -> Founding {
    Founding {
        name: name("Acme Treasury"),
        class: NetworkClass::Test,
        networks: vec![Network::Regtest],
        officers: vec![officer(0x11), officer(0x21)],
        machines: vec![machine()],
        attestation_roots: vec![HexBytes(vec![0x30, 0])],
        test_roots: true,
        policy: "version = 1\n".to_owned(),
        waiver: None,
        nonce: HexBytes(vec![9; 32]),
    }
}

fn signing_acts() -> Vec<Act> {
    let plan = EntryId::from_bytes([10; 32]);
    let session = SessionId::from_bytes([11; 32]);
    let txid = || HexBytes(vec![12; 32]);
    let run = SigningRun {
        plan,
        session,
        seats: vec![seat(1), seat(3)],
    };
    let sighting = Sighting { plan, txid: txid() };
    let path = |keychain, index| ChildPath::new(keychain, index).unwrap();
    vec![
        Act::Planned(Box::new(Planned {
            proposal: ProposalId::from_bytes([13; 32]),
            version: 1,
            transaction: HexBytes(vec![2, 0]),
            inputs: vec![PlannedInput {
                value: sats(30_000_000),
                path: path(0, 7),
            }],
            change: Some(PlannedChange {
                output: 2,
                path: path(1, 8),
            }),
        })),
        Act::Released(Release {
            plan,
            seat: seat(2),
            expires: at(600),
        }),
        Act::SigningStarted(run.clone()),
        Act::SigningRetried(run),
        Act::SigningAborted(Abort {
            session,
            fault: note("seat 3 was silent"),
            culprits: vec![seat(3)],
        }),
        Act::Signed(Signed {
            plan,
            session,
            transaction: HexBytes(vec![2, 1]),
        }),
        Act::Broadcast(sighting.clone()),
        Act::Confirmed(Confirmation {
            plan,
            txid: txid(),
            block: HexBytes(vec![14; 32]),
            height: 200,
        }),
        Act::Reorged(sighting.clone()),
        Act::Dropped(sighting),
        Act::Replaced {
            plan,
            txid: txid(),
            by: HexBytes(vec![15; 32]),
        },
    ]
}

fn evm_acts() -> Vec<Act> {
    let plan = EntryId::from_bytes([10; 32]);
    vec![
        Act::PlannedEvm(Box::new(PlannedEvm {
            proposal: ProposalId::from_bytes([13; 32]),
            version: 1,
            transaction: HexBytes(vec![2, 0xc0]),
            account: ChildPath::new(0, 7).unwrap(),
        })),
        Act::BatchReleased(BatchRelease {
            batch: ProposalId::from_bytes([13; 32]),
            plans: PlansHash::of([plan, EntryId::from_bytes([20; 32])].into_iter()),
            seat: seat(2),
            expires: at(600),
        }),
        Act::Reverted(Confirmation {
            plan,
            txid: HexBytes(vec![12; 32]),
            block: HexBytes(vec![14; 32]),
            height: 200,
        }),
    ]
}

fn other_acts() -> Vec<Act> {
    let proposal = ProposalId::from_bytes([13; 32]);
    let vault = VaultId::from_bytes([2; 32]);
    let session = SessionId::from_bytes([11; 32]);
    let scopes = [
        Scope::Treasury,
        Scope::Vault(vault),
        Scope::Payout(proposal),
    ];
    let mut acts = vec![
        Act::Founded(Box::new(founding())),
        Act::Approved(Approving {
            proposal,
            adoption: EntryId::from_bytes([16; 32]),
            policy: PolicyHash::from_bytes([17; 32]),
            expires: at(3600),
        }),
        Act::Declined(Declining {
            proposal,
            reason: note("unknown \"payee\""),
        }),
        Act::Lapsed { proposal },
        Act::Enacted { proposal },
        Act::KeygenStarted(KeygenRun {
            vault,
            epoch: Epoch::FIRST,
            session,
        }),
        Act::KeygenAborted(Abort {
            session,
            fault: note(""),
            culprits: vec![],
        }),
        Act::VaultReady(Box::new(VaultReady {
            vault,
            session,
            key: VaultKey {
                epoch: Epoch::FIRST,
                threshold: 2,
                group: HexBytes(vec![2; 33]),
                chain_code: HexBytes(vec![18; 32]),
                verifying_shares: vec![(seat(1), HexBytes(vec![3; 33]))],
            },
            sealed: vec![SealedShare {
                seat: seat(1),
                sha256: HexBytes(vec![19; 32]),
            }],
            accepted_by: vec![vec![seat(1), seat(2)]],
        })),
        Act::ClockConfirmed { time: at(5) },
    ];
    acts.extend(scopes.map(|scope| {
        Act::Frozen(Freeze {
            scope,
            head: LinkId::from_bytes([6; 32]),
            reason: note("odd screen"),
        })
    }));
    acts
}

/// Bodies with every act and every kind of proposal.
pub(super) fn bodies() -> Vec<Body> {
    let proposed = subjects()
        .into_iter()
        .map(|(_, subject)| Act::Proposed(Box::new(proposal(subject))));
    proposed
        .chain(other_acts())
        .chain(signing_acts())
        .chain(evm_acts())
        .map(|act| match act {
            Act::Founded(_) => body(None, Author::Founders, act),
            _ => body(Some(treasury()), Author::Officer(officer(0x11).id()), act),
        })
        .collect()
}

pub(super) fn body(treasury: Option<TreasuryId>, author: Author, act: Act) -> Body {
    Body {
        version: FormatVersion,
        treasury,
        time: at(1),
        author,
        act,
    }
}

/// Signed by as many keys as the body needs.
pub(super) fn signed(body: Body) -> SignedBody {
    let seeds: &[u8] = if matches!(body.act, Act::Founded(_)) {
        &[0x11, 0x21]
    } else {
        &[0x11]
    };
    let draft = Draft::new(body).unwrap();
    let digest = *draft.digest();
    let signatures: Vec<_> = seeds
        .iter()
        .map(|seed| (Key::new(*seed).public(), Key::new(*seed).sign(&digest)))
        .collect();
    draft.sign(&signatures).unwrap()
}
