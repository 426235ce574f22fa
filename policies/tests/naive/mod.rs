//! A second evaluator, written from the documentation alone and as plainly as can be: no sets, no
//! intervals, no augmenting paths; every assignment of people to places and every moment is tried.

use domain::{Amount, Approval, Leg, Timestamp};
use policy::{Facts, Request, Use, UseState};

use crate::model::{Answer, End, Lane, Limit, Limited, Picked, Rules, Scope};

const HOUR: u64 = 3_600_000;

pub fn judge(
    rules: &Rules,
    facts: &Facts,
    request: &Request<'_>,
    approvals: &[Approval],
) -> Answer {
    let mut answer = Answer::default();
    let payout = request.subject.subject.payout().unwrap();
    let Some(initiator) = facts
        .officers
        .get(&request.initiator)
        .map(|n| n.to_string())
    else {
        return Answer {
            end: End::Faulty,
            ..answer
        };
    };
    let legs: Vec<(String, &Leg)> = payout
        .legs()
        .iter()
        .map(|leg| (owner(facts, leg), leg))
        .collect();
    for (who, leg) in &legs {
        if leg
            .payee
            .as_ref()
            .is_some_and(|stated| stated.as_str() != who)
        {
            return Answer {
                end: End::Faulty,
                ..answer
            };
        }
    }
    let vault = facts.vaults[&payout.vault()].name.to_string();
    let total: u64 = legs.iter().map(|(_, leg)| sats(leg.amount)).sum();
    let about = |scope: &Scope| {
        picked(rules, &scope.vaults, &vault)
            && picked(rules, &scope.initiators, &initiator)
            && scope
                .total
                .is_none_or(|(low, high)| low <= total && total <= high)
            && scope.hours.as_ref().is_none_or(|hours| {
                let day = facts.now.weekday_utc();
                let minute = facts.now.minute_of_day_utc();
                let inside = hours.days.contains(&day) && hours.from <= minute && minute < hours.to;
                inside != hours.not
            })
    };
    let in_scope = |scope: &Scope, (who, leg): &(String, &Leg)| {
        let age = facts.payees.iter().find(|(name, _)| name.as_str() == who);
        let age = age.map_or(0, |(_, entry)| {
            facts.now.as_millis() - entry.since.as_millis()
        });
        picked(rules, &scope.payees, who)
            && scope
                .leg
                .is_none_or(|(low, high)| low <= sats(leg.amount) && sats(leg.amount) <= high)
            && scope.young.is_none_or(|hours| age < hours * HOUR)
    };
    for (name, scope) in &rules.denials {
        if about(scope) && legs.iter().any(|leg| in_scope(scope, leg)) {
            answer.denied.insert(name.clone());
        }
    }
    for limit in &rules.limits {
        let scope = &limit.scope;
        if about(scope) {
            for leg in legs.iter().filter(|leg| in_scope(scope, leg)) {
                let bucket = match limit.per.as_str() {
                    "payee" if leg.0 == "unknown" => leg.1.address.to_string(),
                    "payee" => leg.0.clone(),
                    "vault" => vault.clone(),
                    "initiator" => initiator.clone(),
                    _ => String::new(),
                };
                let mine = |other: &&(String, &Leg)| {
                    in_scope(scope, other)
                        && (limit.per != "payee" || other.1.address == leg.1.address)
                };
                let adds = match limit.count {
                    Some(_) => 1,
                    None => {
                        legs.iter()
                            .filter(mine)
                            .map(|l| sats(l.1.amount))
                            .sum::<u64>()
                            + payout.fee_cap().get()
                    }
                };
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
    }
    let Some(lane) = rules
        .lanes
        .iter()
        .find(|lane| about(&lane.scope) && legs.iter().all(|leg| in_scope(&lane.scope, leg)))
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
    adds: u64,
    (vault, initiator): (&str, &str),
) -> Option<Limited> {
    let cap = limit.count.unwrap_or(limit.amount);
    let others: Vec<&Use> = facts
        .uses
        .iter()
        .filter(|used| used.proposal != request.proposal)
        .collect();
    let used_at = |now: u64, settled: bool| -> u64 {
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

fn share(
    rules: &Rules,
    facts: &Facts,
    limit: &Limit,
    bucket: &str,
    used: &Use,
    vault: &str,
    initiator: &str,
) -> u64 {
    let scope = &limit.scope;
    let from = facts.vaults[&used.vault].name.as_str();
    let by = facts
        .officers
        .get(&used.initiator)
        .or_else(|| facts.former.get(&used.initiator))
        .unwrap()
        .as_str();
    let other_bucket =
        (limit.per == "vault" && from != vault) || (limit.per == "initiator" && by != initiator);
    if other_bucket || !picked(rules, &scope.vaults, from) || !picked(rules, &scope.initiators, by)
    {
        return 0;
    }
    let mut sum = 0;
    let mut touched = false;
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
        let same = limit.per != "payee"
            || leg.address.as_str() == bucket
            || who.iter().any(|name| name == bucket);
        if same && who.iter().any(|name| picked(rules, &scope.payees, name)) {
            touched = true;
            sum += sats(leg.amount);
        }
    }
    match (touched, limit.count) {
        (false, _) => 0,
        (true, Some(_)) => 1,
        (true, None) => sum + sats(used.fee),
    }
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

fn sats(amount: Amount) -> u64 {
    match amount {
        Amount::Btc(sats) => sats.get(),
    }
}
