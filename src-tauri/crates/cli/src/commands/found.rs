//! `found`: every founding officer signs.

use domain::{Network, NetworkClass};
use driver::{Driver, FoundingPlan, Surroundings};
use policy::Policy;
use serde_json::{Value, json};

use super::enrol::certificates;
use super::look::read_text;
use crate::args::Found;
use crate::out::Report;
use crate::terminal::Terminal;
use wording::paper::{Fields, Paper, all};
use wording::view::{View, class_word, grade_reason, grade_words, network_words};

/// `found`: says what the policy means before anybody signs it.
pub async fn found(terminal: &Terminal, what: Found) -> anyhow::Result<Report> {
    let text = read_text(&what.policy)?;
    let policy = Policy::parse(&text).map_err(|error| {
        anyhow::anyhow!("{}: {error}; nothing was founded", what.policy.display())
    })?;
    terminal.out.explain(&format!(
        "Founding {}. All founders sign the roster, the networks and this policy:\n\n{}",
        what.name,
        policy::describe(&policy)
    ));
    let class = what
        .network
        .first()
        .map_or(NetworkClass::Test, |network| network.class());
    let mut desk = terminal.desk_for(class)?;
    let plan = FoundingPlan {
        name: what.name,
        networks: what.network,
        policy: text,
        officers: what.officers,
        machine: what.machine,
        administrators: what.administrators,
        test_roots: certificates(&what.test_attestation_root)?,
        waiver: what.waiver,
    };
    let (driver, _) = Driver::found(
        terminal.home.clone(),
        plan,
        Surroundings::default(),
        &mut desk,
    )
    .await?;
    Ok(founded(&View::of(&driver).await?))
}

fn founded(view: &View) -> Report {
    let treasury = view.treasury();
    let mut paper = Paper::default();
    paper.line(format!("{} is founded.", treasury.founding.name));
    paper.fields(&roster(view));
    paper.gap();
    paper.line(grade_words(treasury));
    if treasury.founding.test_roots {
        paper.line("Its YubiKeys are attested by test roots: it can never hold real money.");
    }
    paper.gap();
    paper.line(format!(
        "Next: {}, then countersign vault create",
        node_commands(&treasury.founding.networks)
    ));
    Report::done(paper.text(), founded_json(view))
}

/// How the nodes of these networks are set.
fn node_commands(networks: &[Network]) -> String {
    let evm = networks.iter().filter_map(|network| network.chain_id());
    let evm = evm.map(|chain| format!("countersign settings evm {chain} URL"));
    let bitcoin = networks.iter().any(|network| network.chain_id().is_none());
    let bitcoin = bitcoin.then(|| "countersign settings bitcoin URL --user USER".to_owned());
    all(&bitcoin.into_iter().chain(evm).collect::<Vec<_>>())
}

fn founded_json(view: &View) -> Value {
    let treasury = view.treasury();
    let officers: Vec<String> = treasury
        .founding
        .officers
        .iter()
        .map(|officer| officer.name.to_string())
        .collect();
    json!({
        "treasury": treasury.id.to_string(),
        "name": treasury.founding.name.to_string(),
        "grade": treasury.grade().name(),
        "grade_reason": grade_reason(treasury),
        "network_class": class_word(treasury.founding.class),
        "officers": officers,
        "test_roots": treasury.founding.test_roots,
    })
}

fn roster(view: &View) -> Fields {
    let treasury = view.treasury();
    let networks: Vec<String> = treasury
        .founding
        .networks
        .iter()
        .map(|network| network_words(*network))
        .collect();
    let mut officers = Vec::new();
    for officer in &treasury.founding.officers {
        officers.push(format!(
            "{}, YubiKey {}, id {}",
            officer.name,
            officer.serial,
            officer.id().short()
        ));
    }
    let machines: Vec<String> = treasury
        .founding
        .machines
        .iter()
        .map(|machine| {
            let by: Vec<String> = machine
                .administrators
                .iter()
                .map(ToString::to_string)
                .collect();
            format!("{}, administered by {}", machine.name, all(&by))
        })
        .collect();
    let mut fields = Fields::default();
    fields.add("Treasury", treasury.id);
    fields.add("Networks", networks.join(", "));
    fields.add("Officers", officers.join("\n"));
    fields.add("Machine", machines.join("\n"));
    fields.add("Policy", treasury.adoption.policy.hash().short());
    fields.maybe("Waiver", treasury.founding.waiver.as_ref());
    fields
}
