//! Tells a webhook, with reqwest.

use reqwest::Client;
use serde_json::json;
use std::time::Duration;

/// A webhook.
pub struct Notifier {
    client: Client,
    url: String,
}

impl Notifier {
    /// The webhook at an address.
    pub fn new(url: String) -> reqwest::Result<Self> {
        let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
        Ok(Self { client, url })
    }

    /// Posts a match.
    pub async fn tell(&self, rule: &str, line: &str) -> reqwest::Result<()> {
        let message = json!({ "rule": rule, "line": line });
        self.client.post(&self.url).json(&message).send().await?.error_for_status()?;
        Ok(())
    }
}
