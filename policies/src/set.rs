//! Sets and intervals that conditions are made of: closed under union, intersection and complement,
//! so that questions about a policy can be decided exactly and not only sampled.

use std::collections::BTreeSet;

use domain::U256;

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

/// Whole numbers with a least and a greatest.
pub(crate) trait Whole: Ord + Copy {
    /// The least.
    const LEAST: Self;
    /// The greatest.
    const GREATEST: Self;

    /// One more, unless it is the greatest.
    fn next(self) -> Option<Self>;

    /// One less, unless it is the least.
    fn previous(self) -> Option<Self>;
}

impl Whole for u64 {
    const LEAST: Self = Self::MIN;
    const GREATEST: Self = Self::MAX;

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(1)
    }
}

impl Whole for U256 {
    const LEAST: Self = Self::ZERO;
    const GREATEST: Self = Self::MAX;

    fn next(self) -> Option<Self> {
        self.checked_add(Self::ONE)
    }

    fn previous(self) -> Option<Self> {
        self.checked_sub(Self::ONE)
    }
}

/// Whole numbers as sorted, disjoint, non-adjacent closed intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Intervals<N>(Vec<(N, N)>);

impl<N: Whole> Intervals<N> {
    pub(crate) fn all() -> Self {
        Self(vec![(N::LEAST, N::GREATEST)])
    }

    pub(crate) const fn none() -> Self {
        Self(Vec::new())
    }

    /// From `low` to `high`, both included; nothing when `low` is above `high`.
    pub(crate) fn closed(low: N, high: N) -> Self {
        if low > high {
            return Self::none();
        }
        Self(vec![(low, high)])
    }

    pub(crate) fn at_least(bound: N) -> Self {
        Self::closed(bound, N::GREATEST)
    }

    pub(crate) fn at_most(bound: N) -> Self {
        Self::closed(N::LEAST, bound)
    }

    pub(crate) fn contains(&self, number: N) -> bool {
        self.0
            .iter()
            .any(|(low, high)| (*low..=*high).contains(&number))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn union(&self, other: &Self) -> Self {
        let mut parts: Vec<(N, N)> = self.0.iter().chain(&other.0).copied().collect();
        parts.sort_unstable();
        let mut merged: Vec<(N, N)> = Vec::with_capacity(parts.len());
        for (low, high) in parts {
            match merged.last_mut() {
                Some(last) if last.1.next().is_none_or(|next| low <= next) => {
                    last.1 = last.1.max(high);
                }
                Some(_) | None => merged.push((low, high)),
            }
        }
        Self(merged)
    }

    pub(crate) fn complement(&self) -> Self {
        let mut gaps = Vec::with_capacity(self.0.len().saturating_add(1));
        let mut next = Some(N::LEAST);
        for (low, high) in &self.0 {
            if let (Some(start), Some(end)) = (next, low.previous())
                && start <= end
            {
                gaps.push((start, end));
            }
            next = high.next();
        }
        gaps.extend(next.map(|start| (start, N::GREATEST)));
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
    pub(crate) fn least(&self) -> Option<N> {
        self.0.first().map(|(low, _)| *low)
    }

    /// The greatest number in it.
    pub(crate) fn greatest(&self) -> Option<N> {
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

    /// Numbers near both ends, and around 2^64 and 2^128, where a narrower type would wrap.
    fn small(edges: u64) -> impl Strategy<Value = u64> + Clone {
        prop_oneof![0..edges, (u64::MAX - edges)..=u64::MAX]
    }

    fn large(edges: u64) -> impl Strategy<Value = U256> + Clone {
        let near = move |middle: U256| {
            (0..2 * edges).prop_map(move |by| middle - U256::from(edges) + U256::from(by))
        };
        prop_oneof![
            (0..edges).prop_map(U256::from),
            near(U256::from(u64::MAX)),
            near(U256::from(u128::MAX)),
            (0..edges).prop_map(|by| U256::MAX - U256::from(by)),
        ]
    }

    fn intervals<N: Whole + std::fmt::Debug>(
        edge: impl Strategy<Value = N> + Clone,
    ) -> impl Strategy<Value = Intervals<N>> {
        proptest::collection::vec((edge.clone(), edge), 0..4).prop_map(|parts| {
            parts.into_iter().fold(Intervals::none(), |all, (a, b)| {
                all.union(&Intervals::closed(a.min(b), a.max(b)))
            })
        })
    }

    fn algebra<N: Whole + std::fmt::Debug>(
        a: &Intervals<N>,
        b: &Intervals<N>,
        x: N,
    ) -> Result<(), TestCaseError> {
        prop_assert_eq!(a.intersect(b).contains(x), a.contains(x) && b.contains(x));
        prop_assert_eq!(a.union(b).contains(x), a.contains(x) || b.contains(x));
        prop_assert_eq!(a.complement().contains(x), !a.contains(x));
        prop_assert_eq!(&a.complement().complement(), a);
        if a.covers(b) {
            prop_assert!(!b.contains(x) || a.contains(x));
        }
        prop_assert!(a.is_empty() || a.least().is_some_and(|low| a.contains(low)));
        prop_assert!(a.is_empty() || a.greatest().is_some_and(|high| a.contains(high)));
        prop_assert_eq!(Intervals::at_least(x).complement().contains(x), false);
        prop_assert_eq!(Intervals::at_most(x).contains(x), true);
        Ok(())
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
            a in intervals(small(12)), b in intervals(small(12)), x in small(14),
        ) {
            algebra(&a, &b, x)?;
        }

        #[test]
        fn intervals_of_large_numbers_are_a_boolean_algebra(
            a in intervals(large(12)), b in intervals(large(12)), x in large(14),
        ) {
            algebra(&a, &b, x)?;
        }
    }
}
