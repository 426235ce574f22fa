//! Sets and intervals that conditions are made of: closed under union, intersection and complement,
//! so that questions about a policy can be decided exactly and not only sampled.

use std::collections::BTreeSet;

/// A finite set, or all but a finite set, of a universe that need not be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Finite<T: Ord> {
    /// These and no others.
    Only(BTreeSet<T>),
    /// All but these.
    AllBut(BTreeSet<T>),
}

impl<T: Ord + Clone> Finite<T> {
    pub(crate) fn all() -> Self {
        Self::AllBut(BTreeSet::new())
    }

    pub(crate) fn contains(&self, item: &T) -> bool {
        match self {
            Self::Only(set) => set.contains(item),
            Self::AllBut(set) => !set.contains(item),
        }
    }

    pub(crate) fn complement(self) -> Self {
        match self {
            Self::Only(set) => Self::AllBut(set),
            Self::AllBut(set) => Self::Only(set),
        }
    }

    pub(crate) fn intersect(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(a), Self::Only(b)) => Self::Only(a & b),
            (Self::Only(a), Self::AllBut(b)) | (Self::AllBut(b), Self::Only(a)) => {
                Self::Only(a - b)
            }
            (Self::AllBut(a), Self::AllBut(b)) => Self::AllBut(a | b),
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        self.complement()
            .intersect(&other.complement())
            .complement()
    }

    /// Surely empty. All but every element of a finite universe is written as `Only` of none.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Only(set) => set.is_empty(),
            Self::AllBut(_) => false,
        }
    }

    /// Whether every element of `other` is in this set.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.intersect(&self.clone().complement()).is_empty()
    }
}

/// Whole numbers as sorted, disjoint, non-adjacent closed intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intervals(Vec<(u64, u64)>);

impl Intervals {
    pub(crate) fn all() -> Self {
        Self(vec![(0, u64::MAX)])
    }

    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// From `low` to `high`, both included; nothing when `low` is above `high`.
    pub(crate) fn closed(low: u64, high: u64) -> Self {
        if low > high {
            return Self::none();
        }
        Self(vec![(low, high)])
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.0
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&number))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut parts: Vec<(u64, u64)> = self.0.iter().chain(&other.0).copied().collect();
        parts.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(parts.len());
        for (low, high) in parts {
            match merged.last_mut() {
                Some(last) if low <= last.1.saturating_add(1) => last.1 = last.1.max(high),
                Some(_) | None => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    pub(crate) fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len().saturating_add(1));
        let mut next = Some(0);
        for (low, high) in &self.0 {
            if let (Some(start), Some(end)) = (next, low.checked_sub(1))
                && start <= end
            {
                gaps.push((start, end));
            }
            next = high.checked_add(1);
        }
        gaps.extend(next.map(|start| (start, u64::MAX)));
        Self(gaps)
    }

    pub(crate) fn intersect(&self, other: &Self) -> Self {
        self.complement().union(&other.complement()).complement()
    }

    /// Whether every number of `other` is in this set.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        other.intersect(&self.complement()).is_empty()
    }

    /// The least number in it.
    pub(crate) fn least(&self) -> Option<u64> {
        self.0.first().map(|(low, _)| *low)
    }

    /// The greatest number in it.
    pub(crate) fn greatest(&self) -> Option<u64> {
        self.0.last().map(|(_, high)| *high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn finite() -> impl Strategy<Value = Finite<u8>> {
        (
            any::<bool>(),
            proptest::collection::btree_set(0_u8..6, 0..6),
        )
            .prop_map(|(only, set)| {
                if only {
                    Finite::Only(set)
                } else {
                    Finite::AllBut(set)
                }
            })
    }

    fn intervals() -> impl Strategy<Value = Intervals> {
        let edge = prop_oneof![0_u64..12, (u64::MAX - 12)..=u64::MAX];
        proptest::collection::vec((edge.clone(), edge), 0..4).prop_map(|parts| {
            parts.into_iter().fold(Intervals::none(), |all, (a, b)| {
                all.union(&Intervals::closed(a.min(b), a.max(b)))
            })
        })
    }

    proptest! {
        #[test]
        fn finite_sets_are_a_boolean_algebra(a in finite(), b in finite(), x in 0_u8..8) {
            prop_assert_eq!(a.intersect(&b).contains(&x), a.contains(&x) && b.contains(&x));
            prop_assert_eq!(a.clone().union(b.clone()).contains(&x), a.contains(&x) || b.contains(&x));
            prop_assert_eq!(a.clone().complement().contains(&x), !a.contains(&x));
            if a.covers(&b) { prop_assert!(!b.contains(&x) || a.contains(&x)); }
        }

        #[test]
        fn intervals_are_a_boolean_algebra(
            a in intervals(), b in intervals(),
            x in prop_oneof![0_u64..14, (u64::MAX - 14)..=u64::MAX],
        ) {
            prop_assert_eq!(a.intersect(&b).contains(x), a.contains(x) && b.contains(x));
            prop_assert_eq!(a.union(&b).contains(x), a.contains(x) || b.contains(x));
            prop_assert_eq!(a.complement().contains(x), !a.contains(x));
            prop_assert_eq!(a.complement().complement(), a.clone());
            if a.covers(&b) { prop_assert!(!b.contains(x) || a.contains(x)); }
            prop_assert!(a.is_empty() || a.least().is_some_and(|low| a.contains(low)));
            prop_assert!(a.is_empty() || a.greatest().is_some_and(|high| a.contains(high)));
        }
    }
}
