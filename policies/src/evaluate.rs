//! Judging a proposal: denials, limits, lanes; governance.

use domain::{Name, Subject};

use crate::clearance::{Clearance, Rule, Ticket, Verdict};
use crate::facts::{Facts, Request};
use crate::fault::FactFault;
use crate::govern;
use crate::limits::{self, LimitUse};
use crate::policy::{Deny, GovernanceKind, Lane, Policy, Quorum};
use crate::reason::{Deadline, DeniedLeg, PassedOver, Reason, Reasons};
use crate::scope::{Bundle, Mismatch};
use crate::view::{Order, View, shared_names};

/// Judges a proposal under a policy. Every reason to refuse is told, not only the first.
pub fn evaluate(policy: &Policy, facts: &Facts, request: &Request<'_>) -> Verdict {
    let judged = match Decided::of(&request.subject.subject) {
        Decided::ByLane(order) => order_verdict(policy, facts, request, order),
        Decided::ByGovernance(kind) => change_verdict(policy, facts, request, kind),
    };
    match judged {
        Ok(clearance) => Verdict::Requires(clearance),
        Err(reasons) => Verdict::Refused(reasons),
    }
}

/// Who decides a subject.
enum Decided<'a> {
    /// Payouts: denials, limits and lanes, a batch as one.
    ByLane(Order<'a>),
    /// Changes.
    ByGovernance(GovernanceKind),
}

impl<'a> Decided<'a> {
    fn of(subject: &'a Subject) -> Self {
        match subject {
            Subject::Payout(payout) => Self::ByLane(Order {
                bundle: Bundle::One,
                vault: payout.vault(),
                payouts: std::slice::from_ref(payout),
            }),
            Subject::Batch(batch) => Self::ByLane(Order {
                bundle: Bundle::Batch,
                vault: batch.vault(),
                payouts: batch.payouts(),
            }),
            Subject::Policy(_) => Self::ByGovernance(GovernanceKind::Policy),
            Subject::Officer(_) => Self::ByGovernance(GovernanceKind::Officer),
            Subject::Payee(_) => Self::ByGovernance(GovernanceKind::Payee),
            Subject::Thaw(_) => Self::ByGovernance(GovernanceKind::Thaw),
            Subject::Vault(_) => Self::ByGovernance(GovernanceKind::Vault),
            Subject::Machine(_) => Self::ByGovernance(GovernanceKind::Machine),
            Subject::Asset(_) => Self::ByGovernance(GovernanceKind::Asset),
            Subject::Sweep(_) => Self::ByGovernance(GovernanceKind::Sweep),
            Subject::Cancel(_) => Self::ByGovernance(GovernanceKind::Cancel),
        }
    }
}

/// Today's denials and limits alone, without the own reservations of the payout or batch: what one whose
/// signing has started is held to before a further version of it is signed. Says how it stands
/// under each limit; denials and limits are about payouts, so a change stands under none.
pub fn recheck(
    policy: &Policy,
    facts: &Facts,
    request: &Request<'_>,
) -> Result<Vec<LimitUse>, Reasons> {
    let before = preconditions(policy, facts, request);
    let order = match Decided::of(&request.subject.subject) {
        Decided::ByLane(order) => order,
        Decided::ByGovernance(_) => return Reasons::of(before).map_or(Ok(Vec::new()), Err),
    };
    let view = View::of(order, &policy.rules.assets, facts, request, before)?;
    let (reasons, limits) = standing(policy, facts, request, &view);
    Reasons::of(reasons).map_or(Ok(limits), Err)
}

fn order_verdict(
    policy: &Policy,
    facts: &Facts,
    request: &Request<'_>,
    order: Order<'_>,
) -> Result<Clearance, Reasons> {
    let before = preconditions(policy, facts, request);
    let view = View::of(order, &policy.rules.assets, facts, request, before)?;
    let (reasons, limits) = standing(policy, facts, request, &view);
    let mut lanes = Vec::new();
    for lane in &policy.rules.lanes {
        let Some(because) = lane_mismatch(lane, &view) else {
            let rule = Rule::Lane(lane.name.clone());
            let case = Case {
                policy,
                facts,
                request,
                rule,
                quorum: &lane.quorum,
            };
            let cleared = clear(&case, view.initiator, reasons)?;
            return Ok(Clearance {
                limits,
                passed_over: lanes,
                ..cleared
            });
        };
        let lane = lane.name.clone();
        lanes.push(PassedOver { lane, because });
    }
    let bundle = view.bundle;
    Err(Reasons::ending(reasons, Reason::NoLane { bundle, lanes }))
}

fn change_verdict(
    policy: &Policy,
    facts: &Facts,
    request: &Request<'_>,
    kind: GovernanceKind,
) -> Result<Clearance, Reasons> {
    let mut reasons = preconditions(policy, facts, request);
    reasons.extend(shared_names(facts));
    reasons.extend(govern::effects(policy, facts, &request.subject.subject));
    let Some(initiator) = facts.officers.get(&request.initiator) else {
        return Err(Reasons::ending(
            reasons,
            FactFault::Initiator(request.initiator),
        ));
    };
    let Some(quorum) = policy.rules.governance_of(kind) else {
        return Err(Reasons::ending(reasons, Reason::NoGovernance(kind)));
    };
    let rule = Rule::Governance(kind);
    clear(
        &Case {
            policy,
            facts,
            request,
            rule,
            quorum,
        },
        initiator,
        reasons,
    )
}

/// What holds for every proposal: the policy in force, a clock that is right, time left.
fn preconditions(policy: &Policy, facts: &Facts, request: &Request<'_>) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if policy.hash() != facts.policy {
        reasons.push(FactFault::OtherPolicy.into());
    }
    if request.proposed > facts.now {
        let (at, now) = (request.proposed, facts.now);
        reasons.push(
            FactFault::ClockBehind {
                what: "the proposal",
                at,
                now,
            }
            .into(),
        );
    }
    reasons
}

/// Denials and limits: the reasons against, and how it stands under each limit.
fn standing(
    policy: &Policy,
    facts: &Facts,
    request: &Request<'_>,
    view: &View<'_>,
) -> (Vec<Reason>, Vec<LimitUse>) {
    let mut reasons: Vec<Reason> = policy
        .rules
        .denials
        .iter()
        .filter_map(|deny| denied(deny, view))
        .collect();
    let mut all = Vec::new();
    for limit in &policy.rules.limits {
        match limits::standing(limit, view, facts, request.proposal) {
            Ok(uses) => {
                let over = uses.iter().filter(|used| used.is_over());
                reasons.extend(over.cloned().map(|over| Reason::OverLimit(Box::new(over))));
                all.extend(uses);
            }
            Err(fault) => reasons.push(fault.into()),
        }
    }
    (reasons, all)
}

fn denied(deny: &Deny, view: &View<'_>) -> Option<Reason> {
    let legs: Vec<DeniedLeg> = view
        .items
        .iter()
        .flat_map(|item| deny.scope.legs(view, item))
        .map(|leg| DeniedLeg {
            leg: leg.number,
            amount: leg.leg.amount,
            payee: leg.whom(),
        })
        .collect();
    (!legs.is_empty()).then(|| Reason::Denied {
        deny: deny.name.clone(),
        scope: crate::describe::scope(&deny.scope, "a leg"),
        legs,
    })
}

fn lane_mismatch(lane: &Lane, view: &View<'_>) -> Option<Mismatch> {
    view.items
        .iter()
        .find_map(|item| lane.scope.mismatch(view, item))
}

/// A proposal and the rule that it falls under.
struct Case<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    request: &'a Request<'a>,
    rule: Rule,
    quorum: &'a Quorum,
}

/// Time left, and people who could approve; then the clearance, unless there are reasons against.
fn clear(
    case: &Case<'_>,
    initiator: &Name,
    mut reasons: Vec<Reason>,
) -> Result<Clearance, Reasons> {
    let Case {
        policy,
        facts,
        request,
        rule,
        quorum,
    } = case;
    let by_rule = request.proposed.plus(quorum.expiry);
    let (ends, by) = if request.subject.expires <= by_rule {
        (request.subject.expires, Deadline::Proposal)
    } else {
        (by_rule, Deadline::Rule(rule.clone()))
    };
    if ends <= facts.now {
        reasons.push(Reason::Expired { ended: ends, by });
    }
    let missing = quorum.unreachable_by(&facts.active(), Some(initiator));
    if !missing.is_empty() {
        reasons.push(Reason::Unreachable {
            rule: rule.clone(),
            initiator: initiator.clone(),
            missing,
        });
    }
    if let Some(reasons) = Reasons::of(reasons) {
        return Err(reasons);
    }
    Ok(Clearance {
        ticket: Box::new(Ticket {
            proposal: request.proposal,
            subject: request.subject.clone(),
            initiator: request.initiator,
            initiator_name: initiator.clone(),
            adoption: facts.adoption,
            policy: policy.hash(),
            judged: facts.now,
        }),
        rule: rule.clone(),
        quorum: (*quorum).clone(),
        ends,
        limits: Vec::new(),
        passed_over: Vec::new(),
    })
}
