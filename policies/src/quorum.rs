//! Who fills which place of a quorum. One person counts once over all steps, so this is a bipartite
//! matching between places and people: found exactly, by augmenting paths (Kuhn 1955).

use std::collections::{BTreeMap, BTreeSet};

use domain::Name;

use crate::policy::{Demand, Headcount, OwnApproval, Quorum};

/// People in places: the most that can be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seating<'a> {
    demands: &'a [Demand],
    /// Place (step, number in it) to the person who fills it.
    places: BTreeMap<Place, &'a Name>,
}

type Place = (usize, u16);

impl<'a> Seating<'a> {
    /// Seats as many people as can be. Earlier steps are filled first, so what is missing is said of
    /// the latest step it can be.
    pub(crate) fn of(demands: &'a [Demand], people: &BTreeSet<&'a Name>) -> Self {
        let mut seating = Self {
            demands,
            places: BTreeMap::new(),
        };
        for (step, demand) in demands.iter().enumerate() {
            for number in 0..demand.count.get() {
                let place = (step, number);
                if !seating.fill(place, demand, people, &mut BTreeSet::new()) {
                    break;
                }
            }
        }
        seating
    }

    /// Finds a person for a place, moving others to other places where that helps.
    fn fill(
        &mut self,
        place: Place,
        demand: &Demand,
        people: &BTreeSet<&'a Name>,
        asked: &mut BTreeSet<&'a Name>,
    ) -> bool {
        for person in people {
            if !demand.members.contains(*person) || !asked.insert(person) {
                continue;
            }
            let held = self.place_of(person);
            let moved = match held {
                None => true,
                Some(old) => self
                    .demands
                    .get(old.0)
                    .is_some_and(|demand| self.fill(old, demand, people, asked)),
            };
            if moved {
                self.places.insert(place, person);
                return true;
            }
        }
        false
    }

    fn place_of(&self, person: &Name) -> Option<Place> {
        self.places
            .iter()
            .find(|(_, holder)| **holder == person)
            .map(|(place, _)| *place)
    }

    /// Whether every place is filled.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing().is_empty()
    }

    /// What is still missing, step by step.
    pub(crate) fn missing(&self) -> Vec<Demand> {
        let short = |(step, demand): (usize, &Demand)| {
            let filled = self.places.keys().filter(|(at, _)| *at == step).count();
            let filled = u16::try_from(filled).unwrap_or(u16::MAX);
            let count = demand.count.get().saturating_sub(filled);
            (count > 0).then(|| Demand {
                count: Headcount(count),
                ..demand.clone()
            })
        };
        self.demands.iter().enumerate().filter_map(short).collect()
    }

    /// Who is seated, with the group they are counted for.
    pub(crate) fn seated(&self) -> impl Iterator<Item = (&'a Name, &'a Name)> {
        self.places
            .iter()
            .filter_map(|((step, _), person)| Some((*person, &self.demands.get(*step)?.group)))
    }

    /// Places filled.
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }
}

impl Quorum {
    /// What would be missing if everybody in `people` approved what `initiator` proposed.
    pub(crate) fn unreachable_by(
        &self,
        people: &BTreeSet<&Name>,
        initiator: Option<&Name>,
    ) -> Vec<Demand> {
        let approvers = people
            .iter()
            .copied()
            .filter(|name| self.own == OwnApproval::Counts || Some(*name) != initiator)
            .collect();
        Seating::of(&self.demands, &approvers).missing()
    }

    /// Everybody named in its groups.
    pub(crate) fn members(&self) -> BTreeSet<&Name> {
        self.demands
            .iter()
            .flat_map(|demand| &demand.members)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).unwrap()
    }

    fn demand(group: &str, members: &[&str], count: u16) -> Demand {
        Demand {
            group: name(group),
            members: members.iter().map(|m| name(m)).collect(),
            count: Headcount(count),
        }
    }

    #[test]
    fn a_matching_is_found_where_taking_the_first_free_place_fails() {
        // Alice fits both steps, Bob only the first: Alice must make room.
        let demands = [
            demand("Desk", &["Alice", "Bob"], 1),
            demand("Board", &["Alice"], 1),
        ];
        let people = [name("Alice"), name("Bob")];
        let seating = Seating::of(&demands, &people.iter().collect());
        assert!(seating.is_complete());
        let seated: Vec<String> = seating
            .seated()
            .map(|(p, g)| format!("{p} for {g}"))
            .collect();
        assert_eq!(seated, ["Bob for Desk", "Alice for Board"]);
    }

    #[test]
    fn one_person_fills_one_place_only() {
        let demands = [
            demand("Desk", &["Alice", "Bob"], 1),
            demand("Board", &["Alice", "Bob"], 1),
        ];
        let alice = name("Alice");
        let seating = Seating::of(&demands, &BTreeSet::from([&alice]));
        let missing: Vec<String> = seating.missing().iter().map(Demand::to_string).collect();
        assert_eq!(missing, ["1 of Board"]);
    }
}
