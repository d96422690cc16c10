//! Runs the example's orders, all at once, and follows each until it has ended.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::error::DemoError;
use super::example::{ORDERS, Order};
use super::history::{self, Event};
use super::outcome::Outcome;
use super::progress::Progress;
use super::screen::Screen;
use crate::cli::client::{Client, ClientError};

/// How often an execution's history is read while it runs.
const POLL: Duration = Duration::from_millis(120);

/// An order whose execution has ended.
#[derive(Clone, Debug)]
pub(super) struct Processed {
    /// The order.
    pub(super) order: &'static Order,
    /// Its execution.
    pub(super) execution_arn: String,
    /// How it ended.
    pub(super) outcome: Outcome,
    /// Everything that happened.
    pub(super) events: Vec<Event>,
}

/// Starts one execution per order; returns them in the order of [`ORDERS`].
pub(super) async fn run_all(
    screen: &Screen,
    client: &Client,
    machine_arn: &str,
) -> Result<Vec<Processed>, DemoError> {
    screen.heading("Orders, all at once");
    let mut running = JoinSet::new();
    let stamp = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S").to_string();
    for order in &ORDERS {
        let arn = start(client, machine_arn, order, &stamp).await?;
        running.spawn(follow(
            client.clone(),
            Progress::new(screen, order),
            order,
            arn,
        ));
    }
    let mut processed = Vec::new();
    while let Some(ended) = running.join_next().await {
        processed.push(ended??);
    }
    processed.sort_by_key(|done| {
        ORDERS
            .iter()
            .position(|order| order.file == done.order.file)
    });
    Ok(processed)
}

/// Every run sends orders of its own: the id of each says when, and is its execution's name, so that no order is
/// processed twice.
async fn start(
    client: &Client,
    machine_arn: &str,
    order: &Order,
    stamp: &str,
) -> Result<String, ClientError> {
    let id = format!("{}-{stamp}", order_id(order));
    let mut input: Value = serde_json::from_str(order.input).unwrap_or_default();
    input["orderId"] = id.as_str().into();
    let start = json!({ "stateMachineArn": machine_arn, "name": id, "input": input.to_string() });
    let started = client.states("StartExecution", start).await?;
    Ok(started["executionArn"]
        .as_str()
        .unwrap_or_default()
        .to_owned())
}

async fn follow(
    client: Client,
    mut progress: Progress,
    order: &'static Order,
    execution_arn: String,
) -> Result<Processed, ClientError> {
    let began = Instant::now();
    let events = loop {
        let events = history::read(&client, &execution_arn).await?;
        progress.update(&events, began.elapsed());
        if events.last().is_some_and(Event::is_end) {
            break events;
        }
        tokio::time::sleep(POLL).await;
    };
    let described = client
        .states(
            "DescribeExecution",
            json!({ "executionArn": execution_arn }),
        )
        .await?;
    let outcome = Outcome::read(&described, duration(&events));
    progress.finish(&outcome, order);
    Ok(Processed {
        order,
        execution_arn,
        outcome,
        events,
    })
}

/// From the first event to the last.
fn duration(events: &[Event]) -> Duration {
    let first = events.first().map_or(0.0, |event| event.at);
    let last = events.last().map_or(0.0, |event| event.at);
    Duration::from_secs_f64((last - first).max(0.0))
}

/// The id within the order, for messages.
pub(super) fn order_id(order: &Order) -> String {
    let input: Value = serde_json::from_str(order.input).unwrap_or_default();
    input["orderId"].as_str().unwrap_or(order.file).to_owned()
}
