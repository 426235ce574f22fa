//! How the company's own nodes stand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Network;
use driver::{Driver, EvmSettings, Settings};
use wording::view::network_words;

use crate::convert::{count, time};
use crate::dto::{NodeHealth, NodeState, NodeTest};
use crate::engine::Engine;
use crate::problem::sentence;

/// Between two looks at all nodes.
const EVERY: Duration = Duration::from_secs(30);

/// Asks every node from time to time, for as long as the app runs.
pub async fn watch(engine: Arc<Engine>) {
    loop {
        let networks = engine.view().treasury().founding.networks.clone();
        for network in networks {
            if let Ok(driver) = engine.own_driver() {
                test(&engine, &driver, network).await;
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Asks one node, and keeps what it said.
pub async fn test(engine: &Engine, driver: &Driver, network: Network) -> NodeTest {
    let began = Instant::now();
    let asked = driver.check_node(network).await;
    let milliseconds = count(began.elapsed().as_millis());
    let mut health = unasked(driver.settings(), network);
    health.seen = driver.now().ok().map(time);
    let test = match asked {
        Ok(height) => {
            health.state = NodeState::Answers;
            health.height = Some(count(height));
            NodeTest {
                ok: true,
                words: format!("It answers, is on {network}, and has {height} blocks"),
                height: health.height,
                milliseconds,
            }
        }
        Err(error) => {
            let words = sentence(&error.to_string());
            if health.state != NodeState::NotSet {
                health.state = NodeState::Trouble;
                health.trouble = Some(words.clone());
            }
            NodeTest {
                ok: false,
                words,
                height: None,
                milliseconds,
            }
        }
    };
    engine.keep_node(network, health);
    test
}

/// All nodes of the treasury's networks, as last asked.
pub fn all(engine: &Engine) -> Vec<NodeHealth> {
    let view = engine.view();
    let settings = view.home.settings();
    view.treasury()
        .founding
        .networks
        .iter()
        .filter_map(|network| {
            engine.node(*network).or_else(|| {
                settings
                    .as_ref()
                    .ok()
                    .map(|settings| unasked(settings, *network))
            })
        })
        .collect()
}

fn unasked(settings: &Settings, network: Network) -> NodeHealth {
    let place = place_of(settings, network);
    NodeHealth {
        network: network.to_string(),
        network_words: network_words(network),
        state: if place.is_some() {
            NodeState::NotAsked
        } else {
            NodeState::NotSet
        },
        place,
        height: None,
        seen: None,
        trouble: None,
    }
}

fn place_of(settings: &Settings, network: Network) -> Option<String> {
    match network.chain_id() {
        None => settings.bitcoin.as_ref().map(|node| node.url.clone()),
        Some(chain) => settings
            .evm
            .iter()
            .find(|node: &&EvmSettings| node.chain_id == chain)
            .map(|node| place(&node.url)),
    }
}

/// Where a node is, without the path, in which providers hide a token.
pub fn place(url: &str) -> String {
    evm::NodeConfig::new(url).map_or_else(
        |_| "an address that can't be read".to_owned(),
        |config| config.place(),
    )
}
