//! The policy.

use domain::{Act, Subject};
use policy::Policy;
use tauri::State;
use wording::view::View;

use crate::app::App;
use crate::convert::{count, time};
use crate::dto::{GroupView, PolicyCheck, PolicyErrorView, PolicyVersion, PolicyView};
use crate::problem::Answer;

/// The policy in force.
#[tauri::command]
#[specta::specta]
pub async fn policy(app: State<'_, App>) -> Answer<PolicyView> {
    let view = app.engine()?.view();
    let adoption = &view.treasury().adoption;
    let adopted = view
        .entries
        .iter()
        .find(|entry| entry.id() == adoption.entry)
        .map(|entry| time(entry.body.body().time));
    Ok(policy_view(&adoption.policy, adopted))
}

fn policy_view(policy: &Policy, adopted: Option<String>) -> PolicyView {
    PolicyView {
        hash: policy.hash().to_string(),
        adopted,
        text: policy.text().to_owned(),
        words: policy::describe(policy).to_string(),
        groups: policy
            .groups()
            .iter()
            .map(|(name, members)| GroupView {
                name: name.to_string(),
                members: members.iter().map(ToString::to_string).collect(),
            })
            .collect(),
    }
}

/// Every policy that was in force, the newest first.
#[tauri::command]
#[specta::specta]
pub async fn policy_history(app: State<'_, App>) -> Answer<Vec<PolicyVersion>> {
    let view = app.engine()?.view();
    let mut versions: Vec<PolicyVersion> = view
        .entries
        .iter()
        .filter_map(|entry| {
            let (text, by, proposal) = adopted(&view, &entry.body.body().act)?;
            Some(PolicyVersion {
                hash: Policy::parse(&text)
                    .map(|policy| policy.hash().to_string())
                    .unwrap_or_default(),
                adopted: time(entry.body.body().time),
                by,
                proposal,
                text,
                in_force: entry.id() == view.treasury().adoption.entry,
            })
        })
        .collect();
    versions.reverse();
    Ok(versions)
}

/// The policy that an act adopts, who proposed it, and the proposal.
fn adopted(view: &View, act: &Act) -> Option<(String, String, Option<String>)> {
    match act {
        Act::Founded(founding) => Some((founding.policy.clone(), "the founders".to_owned(), None)),
        Act::Enacted { proposal } => {
            let record = view.treasury().proposals.get(proposal)?;
            match &record.proposal.subject {
                Subject::Policy(change) => Some((
                    change.text.clone(),
                    view.name(record.initiator),
                    Some(proposal.to_string()),
                )),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What a text would be as a policy, and what it would change.
#[tauri::command]
#[specta::specta]
pub async fn check_policy(app: State<'_, App>, text: String) -> Answer<PolicyCheck> {
    // Before the founding there is none to compare with.
    let before = app
        .engine()
        .map(|engine| engine.view().treasury().adoption.policy.text().to_owned())
        .unwrap_or_default();
    let diff = wording::proposal::policy_difference(&before, &text);
    Ok(match Policy::parse(&text) {
        Ok(policy) => PolicyCheck {
            error: None,
            view: Some(policy_view(&policy, None)),
            diff,
        },
        Err(error) => {
            let position = error.position();
            PolicyCheck {
                error: Some(PolicyErrorView {
                    line: Some(count(position.line)),
                    column: Some(count(position.column)),
                    words: error.problem().to_string(),
                }),
                view: None,
                diff,
            }
        }
    })
}
