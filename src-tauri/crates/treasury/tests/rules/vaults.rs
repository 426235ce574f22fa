//! Vaults: which layouts may be ordered, and what a key generation must leave behind.

use domain::act::{KeygenRun, SealedShare, VaultReady};
use domain::roster::HexBytes;
use domain::{
    Act, Epoch, Network, NetworkClass, Seat, SeatKind, SessionId, Subject, VaultId, VaultPlan,
};
use treasury::{IllegalEntry, Step, VaultStage};

use crate::fixture::*;

#[track_caller]
fn not_ordered(t: &mut Fixture, plan: VaultPlan, because: &str) {
    let act = Act::Proposed(Box::new(t.proposal(Subject::Vault(plan), DAY)));
    let refused = t.refuses_by(ALICE, act);
    assert_eq!(refused, IllegalEntry::Proposal(because.to_owned()));
}

fn recovery(pieces: u16) -> SeatKind {
    SeatKind::Recovery {
        officers: ids(&FOUNDERS),
        pieces,
    }
}

fn hardware(people: &[Person]) -> SeatKind {
    SeatKind::Hardware {
        officers: ids(people),
    }
}

#[test]
fn no_machine_reaches_the_threshold_with_keyring_sealed_seats_alone() {
    let (one, two) = (host(1), host(2));
    let machines = [one.machine.clone(), two.machine.clone()];
    let mut t = Fixture::of(&founding(POLICY, &machines)).unwrap();
    let (m1, m2) = (one.machine.id(), two.machine.id());
    let alone = "one machine would reach the threshold with keyring-sealed seats alone";
    not_ordered(&mut t, two_of("Main", seats(&[m1, m1], m1)), alone);
    let apart = two_of("Main", seats(&[m1, m2], m1));
    t.enacted(Subject::Vault(apart));
    // Three of five: two on a machine are below the threshold, three are not.
    let three =
        |seats: Vec<Seat>| VaultPlan::new(name("Big"), Network::Regtest, 1, 3, seats).unwrap();
    not_ordered(&mut t, three(seats(&[m1, m1, m1], m2)), alone);
    not_ordered(&mut t, three(seats(&[m2, m1, m2, m1, m2], m2)), alone);
    t.enacted(Subject::Vault(three(seats(&[m1, m1, m2], m1))));
}

#[test]
fn recovery_takes_as_many_people_as_governance() {
    let mut t = Fixture::under(&POLICY.replace(
        "[governance.default]\nsteps = [{ group = \"Founders\", count = 2 }]",
        "[governance.default]\nsteps = [{ group = \"Founders\", count = 3 }]",
    ));
    let machine = t.host.machine.id();
    let with = |pieces| {
        let kinds = [SeatKind::Device, hardware(&[ALICE, BOB]), recovery(pieces)];
        two_of("Main", numbered(kinds.map(|kind| (machine, kind))))
    };
    let below = "seat 3: 2 pieces open it, but governance takes 3 officers; recovery takes at least as many";
    not_ordered(&mut t, with(2), below);
    let id = t.propose(ALICE, Subject::Vault(with(3)));
    t.approve(id, &FOUNDERS);
    t.run(Act::Enacted { proposal: id });
}

#[test]
fn seats_are_on_known_machines_and_open_to_active_officers() {
    let mut t = Fixture::bare();
    let machine = t.host.machine.id();
    let stranger = host(9).machine.id();
    let nowhere = "seat 1: its machine is not on the roster";
    not_ordered(&mut t, two_of("Main", seats(&[stranger], machine)), nowhere);
    t.enacted(suspension(CAROL));
    let gone = format!("seat 3: officer {} is not active", CAROL.id().short());
    not_ordered(&mut t, layout("Main", machine), &gone);
    let kinds = [SeatKind::Device, hardware(&[ALICE, DORA])];
    let unknown = format!("seat 2: officer {} is not active", DORA.id().short());
    let plan = two_of("Main", numbered(kinds.map(|kind| (machine, kind))));
    not_ordered(&mut t, plan, &unknown);
}

#[test]
fn a_vault_has_a_name_and_a_network_of_the_treasury() {
    let mut t = Fixture::new();
    let machine = t.host.machine.id();
    not_ordered(
        &mut t,
        layout("Main", machine),
        "there is a vault Main already",
    );
    let plan = VaultPlan::new(
        name("Far"),
        Network::Signet,
        3,
        2,
        seats(&[machine], machine),
    );
    not_ordered(
        &mut t,
        plan.unwrap(),
        "this treasury has no vaults on signet",
    );
}

#[test]
fn two_vaults_of_one_name_are_not_both_ordered() {
    let mut t = Fixture::bare();
    let machine = t.host.machine.id();
    let one = t.propose(ALICE, Subject::Vault(layout("Main", machine)));
    let two = t.propose(BOB, Subject::Vault(layout("Main", machine)));
    t.approve(one, &[ALICE, BOB]);
    t.approve(two, &[ALICE, BOB]);
    t.run(Act::Enacted { proposal: one });
    let refused = t.refuses(Act::Enacted { proposal: two });
    let because = "there is a vault Main already".to_owned();
    assert_eq!(refused, IllegalEntry::Proposal(because));
}

#[test]
fn real_money_on_one_machine_needs_a_waiver_of_the_founding() {
    let real = |waiver: Option<&str>| {
        let mut founding = founding(POLICY, &[host(1).machine]);
        founding.class = NetworkClass::Mainnet;
        founding.networks = vec![Network::Bitcoin];
        founding.test_roots = false;
        founding.waiver = waiver.map(note);
        Fixture::of(&founding).unwrap()
    };
    let plan = |t: &Fixture| {
        let machine = t.host.machine.id();
        VaultPlan::new(
            name("Main"),
            Network::Bitcoin,
            3,
            2,
            seats(&[machine], machine),
        )
        .unwrap()
    };
    let mut bare = real(None);
    let order = plan(&bare);
    let because = "on this layout one machine can open enough seats to sign alone; real money needs a waiver recorded at founding";
    not_ordered(&mut bare, order, because);
    let mut waived = real(Some("small amounts, decided on Friday"));
    let order = plan(&waived);
    waived.enacted(Subject::Vault(order));
}

#[test]
fn a_distributed_layout_needs_no_waiver_for_real_money() {
    let hosts = [host_of(1, &["Ada"]), host_of(2, &["Ben"])];
    let mut founding = founding(POLICY, &hosts.clone().map(|host| host.machine));
    founding.class = NetworkClass::Mainnet;
    founding.networks = vec![Network::Bitcoin];
    founding.test_roots = false;
    let mut t = Fixture::of(&founding).unwrap();
    let kinds = hosts.map(|host| (host.machine.id(), SeatKind::Device));
    let plan = VaultPlan::new(name("Main"), Network::Bitcoin, 3, 2, numbered(kinds)).unwrap();
    t.enacted(Subject::Vault(plan));
}

/// An ordered vault whose key generation runs.
fn generating() -> (Fixture, VaultId, SessionId) {
    let mut t = Fixture::bare();
    let id = t.enacted(Subject::Vault(layout("Main", t.host.machine.id())));
    let vault = VaultId::from_bytes(*id.as_bytes());
    let session = t.session();
    t.run(keygen(vault, session));
    (t, vault, session)
}

#[test]
fn one_key_generation_runs_at_a_time_and_each_session_once() {
    let (mut t, vault, session) = generating();
    let refuse = |why: &str| IllegalEntry::Vault {
        vault,
        why: why.to_owned(),
    };
    let other = t.session();
    let open = refuse("another key generation is not closed yet");
    assert_eq!(t.refuses(keygen(vault, other)), open);
    let unknown = t.refuses(Act::KeygenAborted(abort(other, &[])));
    assert!(matches!(
        unknown,
        IllegalEntry::Unknown {
            what: "key generation",
            ..
        }
    ));
    assert_eq!(t.next(), Some(Step::CloseKeygen(session)));
    t.run(Act::KeygenAborted(abort(session, &[])));
    assert_eq!(t.next(), None);
    assert_eq!(
        t.refuses(keygen(vault, session)),
        refuse("the session was used before")
    );
    let later = Act::KeygenStarted(KeygenRun {
        vault,
        epoch: Epoch::try_from(2).unwrap(),
        session: other,
    });
    assert_eq!(
        t.refuses(later),
        refuse("key generation makes the first epoch")
    );
    t.run(keygen(vault, other));
    t.run(Act::VaultReady(Box::new(t.vault_ready(vault, other))));
    let third = t.session();
    assert_eq!(t.refuses(keygen(vault, third)), refuse("it has a key"));
    let nowhere = VaultId::from_bytes([3; 32]);
    let unknown = t.refuses(keygen(nowhere, third));
    assert!(matches!(
        unknown,
        IllegalEntry::Unknown { what: "vault", .. }
    ));
}

#[test]
fn a_seat_that_lied_in_key_generation_never_holds_that_key() {
    let (mut t, vault, session) = generating();
    let refuse = |why: &str| IllegalEntry::Vault {
        vault,
        why: why.to_owned(),
    };
    let stranger = Act::KeygenAborted(abort(session, &[seat_id(4)]));
    assert_eq!(t.refuses(stranger), refuse("it has no seat 4 to blame"));
    t.run(Act::KeygenAborted(abort(session, &[HARDWARE])));
    let again = t.session();
    let banned = "seat 2 broke the protocol and is banned; order the vault anew without it";
    assert_eq!(t.refuses(keygen(vault, again)), refuse(banned));
    // The ban is of that vault's key alone.
    t.vault_of(layout("Second", t.host.machine.id()));
}

#[test]
fn a_vault_is_ready_when_every_share_is_sealed_and_proven() {
    let (mut t, vault, session) = generating();
    let lie = |change: &dyn Fn(&mut VaultReady), why: &str| {
        let mut ready = t.vault_ready(vault, session);
        change(&mut ready);
        let refused = t.refuses(Act::VaultReady(Box::new(ready)));
        let why = why.to_owned();
        assert_eq!(refused, IllegalEntry::Vault { vault, why });
    };
    let running = "this key generation is not running";
    lie(&|r| r.session = SessionId::from_bytes([1; 32]), running);
    let other = "its key has another threshold or epoch than ordered";
    lie(&|r| r.key.threshold = 3, other);
    lie(&|r| r.key.epoch = Epoch::try_from(2).unwrap(), other);
    let shared = "its key is not shared among exactly its seats";
    lie(&|r| r.key.verifying_shares.truncate(2), shared);
    lie(&|r| r.key.verifying_shares[2].0 = DEVICE, shared);
    lie(
        &|r| {
            r.key
                .verifying_shares
                .push(r.key.verifying_shares[0].clone())
        },
        shared,
    );
    let point = "the verifying share of seat 2 is no point of the curve";
    lie(&|r| r.key.verifying_shares[1].1.0.truncate(32), point);
    lie(
        &|r| r.key.verifying_shares[1].1 = HexBytes(vec![0; 33]),
        point,
    );
    let sealed = "not every seat's share is sealed";
    lie(&|r| r.sealed.truncate(2), sealed);
    lie(&|r| r.sealed[0].sha256.0.truncate(31), sealed);
    lie(&|r| r.sealed.push(r.sealed[0].clone()), sealed);
    let stranger = SealedShare {
        seat: seat_id(4),
        sha256: HexBytes(vec![1; 32]),
    };
    lie(&|r| r.sealed[2] = stranger.clone(), sealed);
    let cover = "the quorums that signed do not cover all seats";
    lie(&|r| r.accepted_by.truncate(1), cover);
    lie(
        &|r| r.accepted_by = vec![vec![DEVICE, HARDWARE, RECOVERY]],
        cover,
    );
    lie(&|r| r.accepted_by[0] = vec![DEVICE, DEVICE], cover);
    lie(&|r| r.accepted_by.clear(), cover);
    lie(&|r| r.accepted_by.push(vec![DEVICE, seat_id(4)]), cover);
    let mut ready = t.vault_ready(vault, session);
    ready.key.chain_code.0.pop();
    assert!(
        matches!(t.refuses(Act::VaultReady(Box::new(ready))), IllegalEntry::Vault { why, .. } if why.contains("chain code"))
    );
    let mut ready = t.vault_ready(vault, session);
    ready.key.group = HexBytes(vec![4; 33]);
    assert!(
        matches!(t.refuses(Act::VaultReady(Box::new(ready))), IllegalEntry::Vault { why, .. } if why.contains("group key"))
    );
    t.run(Act::VaultReady(Box::new(t.vault_ready(vault, session))));
    assert!(matches!(
        t.treasury().vaults[&vault].stage,
        VaultStage::Ready { .. }
    ));
}

#[test]
fn a_vault_without_a_key_pays_nobody() {
    let (mut t, vault, _) = generating();
    t.vault = vault;
    let subject = Subject::Payout(t.payout(vec![leg(1, 1_000)]));
    let act = Act::Proposed(Box::new(t.proposal(subject, DAY)));
    let because = IllegalEntry::Proposal("vault Main has no key yet".to_owned());
    assert_eq!(t.refuses_by(ALICE, act), because);
}

#[test]
fn no_key_is_made_for_a_layout_that_no_longer_holds() {
    let mut t = Fixture::bare();
    let id = t.enacted(Subject::Vault(layout("Main", t.host.machine.id())));
    let vault = VaultId::from_bytes(*id.as_bytes());
    t.enacted(suspension(CAROL));
    let session = t.session();
    let why = format!(
        "seat 3: officer {} is not active; order it anew",
        CAROL.id().short()
    );
    assert_eq!(
        t.refuses(keygen(vault, session)),
        IllegalEntry::Vault { vault, why }
    );
}
