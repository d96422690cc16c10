//! Map runs, as the engine sees them: what one is made of, how it is told to have ended, and what an item becomes on its
//! way to a child.
//!
//! The items themselves never pass through a step: whoever runs the map run reads them and asks [`item_input`] for each.
//! Knows nothing of rows, children or where items come from.

use std::sync::Arc;

use asl::definition::{Kind, Machine};
use expr::Entropy;
use expr::json::{Document, Value};

use crate::context::ContextSource;
use crate::event::{EventId, Failure};
use crate::execution::{Facts, FrameId, MapItem};
use crate::failure::Fault;
use crate::flow::{self, Tools, View};
use crate::redrive::Redriven;
use crate::step::Limits;
use crate::time::Timestamp;
use crate::variables::Variables;

/// One map run of an execution: the frame that waits for it and its Started event. What is said of any other pair is
/// stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MapRunId {
    /// The frame that stands in the Map state.
    pub frame: FrameId,
    /// Its `MapRunStarted` event.
    pub started: EventId,
}

/// What a map run works with, evaluated once when it begins.
#[derive(Clone, Debug)]
pub struct MapRunRequest {
    /// Its ARN.
    pub arn: Arc<str>,
    /// The last part of the ARN, a UUID.
    pub uuid: Arc<str>,
    /// The Map state's label, or the one that was made up for it.
    pub label: Arc<str>,
    /// What an item's selector sees.
    pub scope: ItemScope,
    /// Where the items are.
    pub items: RunItems,
    /// How they are put together; none: each on its own.
    pub batches: Option<Batches>,
    /// The parameters of the `ResultWriter`; none: the results are the state's result.
    pub export: Option<Document>,
    /// How much may go on and go wrong.
    pub tolerance: Tolerance,
}

/// Where the items of a map run are.
#[derive(Clone, Debug)]
pub enum RunItems {
    /// In the state's input: an array.
    Given(Document),
    /// To be read as the state's `ItemReader` says.
    Read {
        /// Its parameters.
        parameters: Document,
        /// `MaxItems`; none or zero: all.
        max_items: Option<i64>,
    },
}

/// `ItemBatcher`, evaluated.
#[derive(Clone, Debug)]
pub struct Batches {
    /// The most items of a batch.
    pub max_items: Option<u64>,
    /// The most bytes of a batch's input.
    pub max_bytes: Option<u64>,
    /// `BatchInput`
    pub input: Option<Document>,
}

/// `MaxConcurrency` and the tolerated failures: what can be changed while the run is open.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// `MaxConcurrency`; 0: the service's limit.
    pub concurrency: u64,
    /// `ToleratedFailureCount`, in items.
    pub failures: Option<u64>,
    /// `ToleratedFailurePercentage`
    pub percentage: Option<f64>,
}

/// What an `ItemSelector` sees besides the item.
#[derive(Clone, Debug)]
pub struct ItemScope {
    /// The Map state's name.
    pub state: Arc<str>,
    /// Its effective input.
    pub effective: Document,
    /// Its Entered event.
    pub entered: EventId,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// How often it was retried.
    pub retries: u32,
    /// The item of the iteration around it.
    pub item: Option<Arc<MapItem>>,
    /// How often the execution was redriven.
    pub redriven: Option<Redriven>,
    /// The variables that it sees; empty where nothing looks at them.
    pub variables: Arc<Variables>,
}

/// How a map run ended.
#[derive(Clone, Debug)]
pub enum MapRunOutcome {
    /// With this result.
    Succeeded(Document),
    /// With this error.
    Failed(Failure),
}

/// What an evaluation outside a step works with.
pub struct ItemMachinery<'a> {
    /// The definition that the execution pinned.
    pub machine: &'a Machine,
    /// The execution's facts.
    pub facts: &'a Facts,
    /// The limits in force.
    pub limits: &'a Limits,
    /// Randomness.
    pub entropy: &'a mut dyn Entropy,
    /// The time.
    pub now: Timestamp,
}

/// What the item at `index` becomes: itself, or what the state's `ItemSelector` makes of it.
pub fn item_input(
    machinery: ItemMachinery<'_>,
    scope: &ItemScope,
    index: u64,
    value: Value,
) -> Result<Document, Failure> {
    let state = machinery
        .machine
        .find(&scope.state)
        .map(|id| machinery.machine.state(id));
    let Some(state) = state.filter(|state| matches!(state.kind, Kind::Map(_))) else {
        return Err(failure_of(
            scope,
            Fault::runtime("The state is not part of the definition."),
        ));
    };
    let Some(selector) = &state.flow.parameters else {
        return Ok(Document::from_value(value));
    };
    let item = MapItem {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        value,
    };
    let context = ContextSource::of_item(machinery.facts, state, scope, Arc::new(item));
    let mut tools = Tools {
        entropy: machinery.entropy,
        now: machinery.now,
        queries: &mut jsonata::Limits::default(),
        probe: None,
    };
    let mut view = View::before(&scope.effective, &context, &mut tools);
    let input = flow::payload(selector, "ItemSelector", &mut view)
        .map_err(|fault| failure_of(scope, fault))?;
    match input.fits(machinery.limits.payload_bytes) {
        true => Ok(input),
        false => Err(failure_of(scope, Fault::data_limit(&scope.state))),
    }
}

/// A state's result is over the payload limit: the words for it.
pub fn result_too_large(state: &str) -> Failure {
    match Fault::data_limit(state) {
        Fault::Failure(failure) => failure,
        _ => Failure::named("States.DataLimitExceeded"),
    }
}

fn failure_of(scope: &ItemScope, fault: Fault) -> Failure {
    fault.outside_of_a_step(&scope.state, scope.entered)
}
