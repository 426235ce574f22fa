//! The grade: how much one machine, administrator or officer could do alone.

use domain::{MachineId, Network, SeatKind, Subject, VaultPlan};
use treasury::{Grade, GradeReason};

use crate::fixture::*;

/// A treasury of three machines and a vault of these seats, each (machine from 1, what seals it).
struct Layout {
    told: &'static str,
    administrators: [&'static [&'static str]; 3],
    threshold: u16,
    seats: Vec<(u8, SeatKind)>,
    grade: Option<GradeReason>,
}

const DEVICE_SEAT: SeatKind = SeatKind::Device;

fn hardware(people: &[Person]) -> SeatKind {
    SeatKind::Hardware {
        officers: ids(people),
    }
}

fn recovery(pieces: u16) -> SeatKind {
    SeatKind::Recovery {
        officers: ids(&FOUNDERS),
        pieces,
    }
}

fn machine(number: u8, seats: usize) -> Option<GradeReason> {
    Some(GradeReason::Machine {
        machine: format!("Machine {number}"),
        seats,
        threshold: 2,
    })
}

fn administrator(who: &str, seats: usize) -> Option<GradeReason> {
    Some(GradeReason::Administrator {
        administrator: name(who),
        seats,
        threshold: 2,
    })
}

fn officer(who: &str, seats: usize) -> Option<GradeReason> {
    Some(GradeReason::Officer {
        officer: who.to_owned(),
        seats,
        threshold: 2,
    })
}

const APART: [&[&str]; 3] = [&["Ada"], &["Ben"], &["Cleo"]];

fn table() -> Vec<Layout> {
    let row = |told, administrators, seats, grade| Layout {
        told,
        administrators,
        threshold: 2,
        seats,
        grade,
    };
    vec![
        row(
            "the demo: a device, a hardware and a recovery seat on one machine",
            APART,
            vec![
                (1, DEVICE_SEAT),
                (1, hardware(&[ALICE, BOB])),
                (1, recovery(2)),
            ],
            machine(1, 3),
        ),
        row(
            "two seats on one machine, the third elsewhere",
            APART,
            vec![
                (2, DEVICE_SEAT),
                (1, hardware(&[ALICE, BOB])),
                (1, recovery(2)),
            ],
            machine(1, 2),
        ),
        row(
            "three devices, three machines, three administrators",
            APART,
            vec![(1, DEVICE_SEAT), (2, DEVICE_SEAT), (3, DEVICE_SEAT)],
            None,
        ),
        row(
            "boxes are not people: one administers two of the machines",
            [&["Ada"], &["Ben"], &["Ben", "Cleo"]],
            vec![(1, DEVICE_SEAT), (2, DEVICE_SEAT), (3, DEVICE_SEAT)],
            administrator("Ben", 2),
        ),
        row(
            "an administrator of all machines opens no hardware seat",
            [&["Ada"], &["Ada"], &["Ada"]],
            vec![
                (1, DEVICE_SEAT),
                (2, hardware(&[ALICE, BOB])),
                (3, hardware(&[BOB, CAROL])),
            ],
            officer("Bob", 2),
        ),
        row(
            "no officer opens two",
            [&["Ada"], &["Ada"], &["Ada"]],
            vec![
                (1, DEVICE_SEAT),
                (2, hardware(&[ALICE, BOB])),
                (3, recovery(2)),
            ],
            None,
        ),
        row(
            "an officer who opens one and administers the other",
            [&["Alice"], &["Ben"], &["Cleo"]],
            vec![
                (1, DEVICE_SEAT),
                (2, hardware(&[ALICE, BOB])),
                (3, recovery(2)),
            ],
            officer("Alice", 2),
        ),
        row(
            "pieces of a recovery seat are not the seat",
            APART,
            vec![(1, recovery(2)), (2, recovery(3)), (3, recovery(2))],
            None,
        ),
        Layout {
            threshold: 3,
            ..row(
                "a higher threshold: two of three on a machine are not enough",
                APART,
                vec![
                    (1, DEVICE_SEAT),
                    (1, DEVICE_SEAT),
                    (2, DEVICE_SEAT),
                    (3, recovery(2)),
                ],
                None,
            )
        },
    ]
}

#[test]
fn each_layout_has_the_grade_of_its_weakest_place() {
    for Layout {
        told,
        administrators,
        threshold,
        seats,
        grade,
    } in table()
    {
        let hosts =
            [1, 2, 3].map(|number| host_of(number, administrators[usize::from(number) - 1]));
        let machines = hosts.clone().map(|host| host.machine);
        let mut t = Fixture::of(&founding(POLICY, &machines)).unwrap();
        assert_eq!(
            t.treasury().grade(),
            Grade::Distributed,
            "before any vault: {told}"
        );
        let id = |number: u8| -> MachineId { hosts[usize::from(number) - 1].machine.id() };
        let seats = numbered(seats.into_iter().map(|(number, kind)| (id(number), kind)));
        let plan = VaultPlan::new(name("Main"), Network::Regtest, 1, threshold, seats).unwrap();
        t.enacted(Subject::Vault(plan));
        let expected = grade.map_or(Grade::Distributed, Grade::SingleHost);
        assert_eq!(t.treasury().grade(), expected, "{told}");
    }
}

#[test]
fn the_worst_vault_is_the_treasury_s_grade() {
    let hosts = [1, 2, 3].map(|number| host_of(number, APART[usize::from(number) - 1]));
    let machines = hosts.clone().map(|host| host.machine);
    let mut t = Fixture::of(&founding(POLICY, &machines)).unwrap();
    let apart = numbered(hosts.map(|host| (host.machine.id(), SeatKind::Device)));
    t.enacted(Subject::Vault(two_of("Apart", apart)));
    assert!(!t.treasury().grade().is_single_host());
    t.enacted(Subject::Vault(layout("Together", t.host.machine.id())));
    assert_eq!(t.treasury().grade().name(), "single-host");
}

#[test]
fn one_machine_is_a_single_host_even_without_a_vault() {
    let mut t = Fixture::bare();
    assert!(t.treasury().grade().is_single_host());
    // Nor does a machine that took the place of a lost one make two of them.
    let next = host(2);
    let proposal = t.takeover(&next);
    t.host = next;
    let id = t.proposed(ALICE, proposal);
    t.approve(id, &[ALICE, BOB]);
    t.run(domain::Act::Enacted { proposal: id });
    assert!(t.treasury().grade().is_single_host());
}

#[test]
fn a_suspended_officer_s_reach_counts_as_before() {
    // What was ever open to somebody stays so: the key is still in that person's pocket.
    let hosts = [1, 2, 3].map(|number| host_of(number, APART[usize::from(number) - 1]));
    let machines = hosts.clone().map(|host| host.machine);
    let mut t = Fixture::of(&founding(POLICY, &machines)).unwrap();
    let kinds = [
        DEVICE_SEAT,
        hardware(&[ALICE, CAROL]),
        hardware(&[BOB, CAROL]),
    ];
    let seats = numbered(hosts.map(|host| host.machine.id()).into_iter().zip(kinds));
    t.enacted(Subject::Vault(two_of("Main", seats)));
    t.enacted(suspension(CAROL));
    let reason = officer("Carol", 2).unwrap();
    assert_eq!(t.treasury().grade(), Grade::SingleHost(reason));
}
