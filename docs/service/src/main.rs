//! A service that takes lines of a log, counts those that match a rule, and tells a webhook.
//!
//! It is the program of the chapter "A real program": a page of code, and about two hundred crates.

mod answer;
#[cfg_attr(feature = "ureq", path = "notify_ureq.rs")]
#[cfg_attr(not(feature = "ureq"), path = "notify_reqwest.rs")]
mod notify;
mod rules;

use answer::{Format, answer};
use axum::Router;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use clap::Parser;
use notify::Notifier;
use rules::Rules;
use serde::Serialize;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;
use tokio::net::TcpListener;

/// Counts the lines of a log that match a rule, and tells a webhook.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: String,
    /// A JSON file of rules: a list of objects with `name` and `pattern`
    #[arg(long)]
    rules: PathBuf,
    /// Where to post each match, http or https
    #[arg(long, value_name = "URL")]
    notify: Option<String>,
    /// The least important messages to log
    #[arg(long, default_value = "info")]
    log: tracing::level_filters::LevelFilter,
}

/// What all requests share.
struct App {
    rules: Rules,
    notifier: Option<Notifier>,
    lines: AtomicU64,
    sent: AtomicU64,
    failed: AtomicU64,
    start: Instant,
}

#[derive(Serialize)]
struct Received {
    lines: u64,
    matched: u64,
}

#[derive(Serialize)]
struct Stats<'a> {
    lines: u64,
    sent: u64,
    failed: u64,
    matches: Vec<Count<'a>>,
}

#[derive(Serialize)]
struct Count<'a> {
    name: &'a str,
    count: u64,
}

#[derive(Serialize)]
struct Description<'a> {
    name: &'a str,
    pattern: &'a str,
}

#[derive(Serialize)]
struct Health {
    healthy: bool,
    seconds: u64,
}

#[derive(Serialize)]
struct About {
    name: &'static str,
    version: &'static str,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_max_level(arguments.log).with_writer(std::io::stderr).init();
    let app = Arc::new(App {
        rules: Rules::load(&arguments.rules)?,
        notifier: arguments.notify.map(Notifier::new).transpose()?,
        lines: AtomicU64::new(0),
        sent: AtomicU64::new(0),
        failed: AtomicU64::new(0),
        start: Instant::now(),
    });
    let router = Router::new()
        .route("/", get(about))
        .route("/health", get(health))
        .route("/lines", post(lines))
        .route("/stats", get(stats))
        .route("/rules", get(all_rules))
        .route("/rules/{index}", get(one_rule))
        .with_state(app);
    let listener = TcpListener::bind(&arguments.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, router).await?;
    Ok(())
}

async fn about(format: Query<Format>) -> Response {
    answer(&format, &About { name: "linehook", version: env!("CARGO_PKG_VERSION") })
}

async fn health(State(app): State<Arc<App>>, format: Query<Format>) -> Response {
    answer(&format, &Health { healthy: true, seconds: app.start.elapsed().as_secs() })
}

async fn lines(State(app): State<Arc<App>>, format: Query<Format>, text: String) -> Response {
    let mut received = Received { lines: 0, matched: 0 };
    for line in text.lines() {
        received.lines += 1;
        let Some(rule) = app.rules.first_match(line) else { continue };
        received.matched += 1;
        tracing::debug!(rule, line, "match");
        if let Some(notifier) = &app.notifier {
            let told = notifier.tell(rule, line).await;
            if let Err(error) = &told {
                tracing::warn!(%error, "cannot notify");
            }
            if told.is_ok() { &app.sent } else { &app.failed }.fetch_add(1, Relaxed);
        }
    }
    app.lines.fetch_add(received.lines, Relaxed);
    answer(&format, &received)
}

async fn stats(State(app): State<Arc<App>>, format: Query<Format>) -> Response {
    let matches = app.rules.iter().map(|rule| Count { name: &rule.name, count: rule.count.load(Relaxed) }).collect();
    let (lines, sent, failed) = (app.lines.load(Relaxed), app.sent.load(Relaxed), app.failed.load(Relaxed));
    answer(&format, &Stats { lines, sent, failed, matches })
}

async fn all_rules(State(app): State<Arc<App>>, format: Query<Format>) -> Response {
    let rules: Vec<_> =
        app.rules.iter().map(|rule| Description { name: &rule.name, pattern: rule.pattern.as_str() }).collect();
    answer(&format, &rules)
}

/// Panics where there is no such rule: a mistake, as services have some. Only this request may notice.
async fn one_rule(State(app): State<Arc<App>>, Path(index): Path<usize>, format: Query<Format>) -> Response {
    let rule = &app.rules[index];
    answer(&format, &Description { name: &rule.name, pattern: rule.pattern.as_str() })
}
