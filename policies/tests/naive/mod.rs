//! A second evaluator, written from the documentation alone and as plainly as can be: no sets, no
//! intervals, no augmenting paths; every assignment of people to places and every moment is tried.

use domain::{Amount, Approval, Asset, Leg, Payout, Timestamp, U256};
use policy::{Facts, Request, Use, UseState};

use crate::model::{Answer, End, Lane, Limit, Limited, Picked, Range, Rules, Scope};
use crate::money::asset;

const HOUR: u64 = 3_600_000;

/// A leg, who it pays, and which payout it belongs to, counted from 0.
struct Line<'a> {
    who: String,
    leg: &'a Leg,
    item: usize,
}

pub fn judge(
    rules: &Rules,
    facts: &Facts,
    request: &Request<'_>,
    approvals: &[Approval],
) -> Answer {
    let mut answer = Answer::default();
    let faulty = Answer {
        end: End::Faulty,
        ..Answer::default()
    };
    let payouts: &[Payout] = request.subject.subject.payouts();
    let Some(initiator) = facts
        .officers
        .get(&request.initiator)
        .map(|n| n.to_string())
    else {
        return faulty;
    };
    let mut lines = Vec::new();
    for (item, payout) in payouts.iter().enumerate() {
        for leg in payout.legs() {
            let who = owner(facts, leg);
            lines.push(Line { who, leg, item });
        }
        let known = |asset: Asset| match asset {
            Asset::Btc => true,
            Asset::Evm(coin) => facts.assets.iter().any(|entered| *entered == coin),
        };
        if !known(payout.asset()) || !known(payout.fee_cap().asset()) {
            return faulty;
        }
    }
    for line in &lines {
        let stated = line.leg.payee.as_ref().map(|name| name.as_str());
        if stated.is_some_and(|stated| stated != line.who) {
            return faulty;
        }
    }
    let vault = &facts.vaults[&payouts[0].vault()];
    let (chain, vault) = (vault.network.to_string(), vault.name.to_string());
    // In scope is what is in it on its own, except that the total is of all that is paid together.
    let in_scope = |scope: &Scope, line: &Line<'_>| {
        let asset = line.leg.amount.asset();
        let total: U256 = lines
            .iter()
            .filter(|other| other.leg.amount.asset() == asset)
            .map(|other| other.leg.amount.units())
            .sum();
        let age = facts
            .payees
            .iter()
            .find(|(name, _)| name.as_str() == line.who);
        let age = age.map_or(0, |(_, entry)| {
            facts.now.as_millis() - entry.since.as_millis()
        });
        let open = scope.hours.as_ref().is_none_or(|hours| {
            let day = facts.now.weekday_utc();
            let minute = facts.now.minute_of_day_utc();
            let inside = hours.days.contains(&day) && hours.from <= minute && minute < hours.to;
            inside != hours.not
        });
        open && picked(rules, &scope.vaults, &vault)
            && picked(rules, &scope.chains, &chain)
            && picked(rules, &scope.initiators, &initiator)
            && of_asset(&scope.assets, asset)
            && within(&scope.total, asset, total)
            && picked(rules, &scope.payees, &line.who)
            && within(&scope.leg, asset, line.leg.amount.units())
            && scope.young.is_none_or(|hours| age < hours * HOUR)
    };
    for (name, scope) in &rules.denials {
        if lines.iter().any(|line| in_scope(scope, line)) {
            answer.denied.insert(name.clone());
        }
    }
    for limit in &rules.limits {
        let bucket_of = |line: &Line<'_>| match limit.per.as_str() {
            "payee" if line.who == "unknown" => format!("{:?}", line.leg.address),
            "payee" => line.who.clone(),
            "vault" => vault.clone(),
            "initiator" => initiator.clone(),
            "asset" => format!("{:?}", line.leg.amount.asset()),
            _ => String::new(),
        };
        let counted: Vec<&Line<'_>> = lines
            .iter()
            .filter(|line| in_scope(&limit.scope, line))
            .collect();
        for line in &counted {
            let bucket = bucket_of(line);
            let mut adds = Vec::new();
            for (item, payout) in payouts.iter().enumerate() {
                let mine = counted
                    .iter()
                    .filter(|other| other.item == item && bucket_of(other) == bucket);
                let amounts: Vec<Amount> = mine.map(|other| other.leg.amount).collect();
                adds.extend(takes(limit, &amounts, payout.fee_cap()));
            }
            // A limit that the payout adds nothing to is none of its business.
            if adds.is_empty() {
                continue;
            }
            let adds = adds.into_iter().sum();
            if let Some(frees) = over(
                rules,
                facts,
                request,
                limit,
                &bucket,
                adds,
                (&vault, &initiator),
            ) {
                answer.over.insert((limit.name.clone(), bucket, frees));
            }
        }
    }
    let Some(lane) = rules
        .lanes
        .iter()
        .find(|lane| lines.iter().all(|line| in_scope(&lane.scope, line)))
    else {
        return Answer {
            end: End::Refused,
            ..answer
        };
    };
    answer.lane = Some(lane.name.clone());
    let dead = request.proposed.as_millis() + lane.expiry * HOUR <= facts.now.as_millis()
        || request.subject.expires <= facts.now;
    let everybody: Vec<String> = facts
        .officers
        .values()
        .map(|n| n.to_string())
        .filter(|n| lane.own || *n != initiator)
        .collect();
    if dead
        || !answer.denied.is_empty()
        || !answer.over.is_empty()
        || !seats(rules, lane, &everybody)
    {
        return Answer {
            end: End::Refused,
            ..answer
        };
    }
    answer.end = count(rules, lane, facts, request, approvals, &initiator);
    answer
}

fn count(
    rules: &Rules,
    lane: &Lane,
    facts: &Facts,
    request: &Request<'_>,
    approvals: &[Approval],
    initiator: &str,
) -> End {
    let good: Vec<(String, Timestamp)> = approvals
        .iter()
        .filter(|a| {
            a.proposal() == request.proposal
                && a.adoption() == facts.adoption
                && a.policy() == facts.policy
                && a.expires() > facts.now
        })
        .filter_map(|a| Some((facts.officers.get(&a.officer())?.to_string(), a.effective())))
        .filter(|(who, _)| lane.own || who != initiator)
        .collect();
    let mut moments: Vec<Timestamp> = good.iter().map(|(_, at)| *at).collect();
    moments.sort();
    for moment in moments {
        let mut people: Vec<String> = good
            .iter()
            .filter(|(_, at)| *at <= moment)
            .map(|(who, _)| who.clone())
            .collect();
        people.sort();
        people.dedup();
        if seats(rules, lane, &people) {
            let ready = moment.as_millis() + lane.delay * HOUR;
            return if ready <= facts.now.as_millis() {
                End::Authorised
            } else {
                End::Waiting(ready)
            };
        }
    }
    End::Missing
}

/// Tries every way to give each place to somebody who has none yet.
fn seats(rules: &Rules, lane: &Lane, people: &[String]) -> bool {
    fn place(places: &[&Vec<String>], free: &[String]) -> bool {
        let Some((first, rest)) = places.split_first() else {
            return true;
        };
        (0..free.len()).any(|chosen| {
            let mut left = free.to_vec();
            let person = left.remove(chosen);
            first.contains(&person) && place(rest, &left)
        })
    }
    let places: Vec<&Vec<String>> = lane
        .steps
        .iter()
        .flat_map(|(group, count)| std::iter::repeat_n(&rules.groups[group], usize::from(*count)))
        .collect();
    place(&places, people)
}

/// Nothing when it fits; else when it frees. Every moment at which something leaves is tried.
fn over(
    rules: &Rules,
    facts: &Facts,
    request: &Request<'_>,
    limit: &Limit,
    bucket: &str,
    adds: U256,
    (vault, initiator): (&str, &str),
) -> Option<Limited> {
    let cap = limit.count.map_or(limit.amount.1, U256::from);
    let others: Vec<&Use> = facts
        .uses
        .iter()
        .filter(|used| used.proposal != request.proposal)
        .collect();
    let used_at = |now: u64, settled: bool| -> U256 {
        others
            .iter()
            .filter(|used| {
                used.state == UseState::Reserved
                    || (settled && used.at.as_millis() + limit.window * HOUR > now)
            })
            .map(|used| share(rules, facts, limit, bucket, used, vault, initiator))
            .sum()
    };
    let now = facts.now.as_millis();
    if used_at(now, true) + adds <= cap {
        return None;
    }
    if adds > cap {
        return Some(Limited::Never);
    }
    let mut ends: Vec<u64> = others
        .iter()
        .map(|used| used.at.as_millis() + limit.window * HOUR)
        .filter(|end| *end > now)
        .collect();
    ends.sort();
    let free = ends
        .into_iter()
        .find(|end| used_at(*end, true) + adds <= cap);
    Some(free.map_or(Limited::Reserved, Limited::At))
}

/// What one payout takes of a limit by some of its legs; nothing when no leg is meant, or when neither
/// they nor the fee are of what the limit counts.
fn takes(limit: &Limit, legs: &[Amount], fee: Amount) -> Option<U256> {
    if legs.is_empty() {
        return None;
    }
    if limit.count.is_some() {
        return Some(U256::from(1));
    }
    let mut all = legs.to_vec();
    all.push(fee);
    all.retain(|amount| amount.asset() == asset(limit.amount.0));
    match all.is_empty() {
        true => None,
        false => Some(all.iter().map(|amount| amount.units()).sum()),
    }
}

fn share(
    rules: &Rules,
    facts: &Facts,
    limit: &Limit,
    bucket: &str,
    used: &Use,
    vault: &str,
    initiator: &str,
) -> U256 {
    let scope = &limit.scope;
    let from = &facts.vaults[&used.vault];
    let by = facts
        .officers
        .get(&used.initiator)
        .or_else(|| facts.former.get(&used.initiator))
        .unwrap()
        .as_str();
    let other_bucket = (limit.per == "vault" && from.name.as_str() != vault)
        || (limit.per == "initiator" && by != initiator);
    if other_bucket
        || !picked(rules, &scope.vaults, from.name.as_str())
        || !picked(rules, &scope.chains, &from.network.to_string())
        || !picked(rules, &scope.initiators, by)
    {
        return U256::ZERO;
    }
    if used.legs.is_empty() {
        // Nobody was paid: the fee counts unless somebody must have been.
        let anybody = ["unknown", "Somebody Else"].into_iter();
        let anybody = anybody.chain(facts.payees.keys().map(|name| name.as_str()));
        let same = match limit.per.as_str() {
            "payee" => false,
            "asset" => format!("{:?}", used.fee.asset()) == bucket,
            _ => true,
        };
        let counts = same
            && limit.count.is_none()
            && of_asset(&scope.assets, used.fee.asset())
            && used.fee.asset() == asset(limit.amount.0)
            && anybody
                .into_iter()
                .all(|who| picked(rules, &scope.payees, who));
        return if counts { used.fee.units() } else { U256::ZERO };
    }
    let mut counted = Vec::new();
    for leg in &used.legs {
        let mut who = vec![owner(facts, leg)];
        who.extend(leg.payee.as_ref().map(ToString::to_string));
        let entered_later = facts
            .payees
            .values()
            .any(|entry| entry.address == leg.address && entry.since > used.at);
        if leg.payee.is_none() && entered_later {
            who.push("unknown".to_owned());
        }
        if leg.payee.is_some() {
            who.retain(|name| name != "unknown");
        }
        let same = match limit.per.as_str() {
            "payee" => {
                format!("{:?}", leg.address) == bucket || who.iter().any(|name| name == bucket)
            }
            "asset" => format!("{:?}", leg.amount.asset()) == bucket,
            _ => true,
        };
        let meant = who.iter().any(|name| picked(rules, &scope.payees, name));
        if same && meant && of_asset(&scope.assets, leg.amount.asset()) {
            counted.push(leg.amount);
        }
    }
    takes(limit, &counted, used.fee).unwrap_or_default()
}

fn of_asset(condition: &Option<Picked>, paid: Asset) -> bool {
    condition
        .as_ref()
        .is_none_or(|Picked { not, items }| items.iter().any(|word| asset(word) == paid) != *not)
}

fn within(range: &Option<Range>, paid: Asset, units: U256) -> bool {
    range
        .as_ref()
        .is_none_or(|Range { of, low, high }| asset(of) == paid && *low <= units && units <= *high)
}

fn picked(rules: &Rules, condition: &Option<Picked>, item: &str) -> bool {
    let Some(Picked { not, items }) = condition else {
        return true;
    };
    let hit = items
        .iter()
        .any(|word| match (word.as_str(), word.strip_prefix('@')) {
            (_, Some(list)) => rules
                .groups
                .get(list)
                .or(rules.lists.get(list))
                .unwrap()
                .iter()
                .any(|name| name == item),
            ("known", None) => item != "unknown",
            (word, None) => word == item,
        });
    hit != *not
}

fn owner(facts: &Facts, leg: &Leg) -> String {
    let entry = facts
        .payees
        .iter()
        .find(|(_, entry)| entry.address == leg.address);
    entry.map_or("unknown".to_owned(), |(name, _)| name.to_string())
}
