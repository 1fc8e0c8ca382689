//! Tells a webhook, with ureq: it blocks, so each call has a thread of the pool that Tokio keeps for that.

use serde_json::json;
use std::error::Error;
use std::time::Duration;
use ureq_client::Agent;

/// A webhook.
pub struct Notifier {
    agent: Agent,
    url: String,
}

impl Notifier {
    /// The webhook at an address.
    pub fn new(url: String) -> Result<Self, Box<dyn Error>> {
        let agent = Agent::config_builder().timeout_global(Some(Duration::from_secs(10))).build().into();
        Ok(Self { agent, url })
    }

    // ANCHOR: tell
    /// Posts a match.
    pub async fn tell(&self, rule: &str, line: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        let message = json!({ "rule": rule, "line": line });
        tokio::task::spawn_blocking(move || agent.post(url).send_json(message)).await??;
        Ok(())
    }
    // ANCHOR_END: tell
}
