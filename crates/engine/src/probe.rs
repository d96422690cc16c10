//! What a test sees of a state's data flow, stage by stage, and what it gives the state instead of the world.
//!
//! Owns no rule of the language: the stages report here, and a run without a probe is the same run. What of it is shown
//! to whom is the API's business.

use expr::json::{Document, Value};

use crate::command::TaskOutcome;
use crate::event::Failure;

/// What a test gives a state besides input and variables.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The context object, all of it; none: the execution's own.
    pub context: Option<Value>,
    /// How often the retrier that takes an error was used before.
    pub retries: u32,
    /// How the call, the branches or the iterations end, which then are not begun; none: they are.
    pub outcome: Option<TaskOutcome>,
    /// The items of a Map that reads them from elsewhere.
    pub items: Option<Document>,
    /// How many of a Map's iterations failed.
    pub failed_iterations: u32,
}

/// A stage of the data flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `InputPath`
    InputPath,
    /// `Parameters` or `Arguments`
    Parameters,
    /// `ItemsPath`
    ItemsPath,
    /// `ItemSelector`: the inputs of the iterations, as an array.
    ItemSelector,
    /// What came out of the state's work.
    Result,
    /// `ResultSelector`
    ResultSelector,
    /// `ResultPath`
    ResultPath,
}

/// How many stages there are.
const STAGES: usize = Stage::ResultPath as usize + 1;

/// The numbers of a Map, as they were evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct MapNumbers {
    /// `MaxConcurrency`; 0 where there is none.
    pub max_concurrency: i64,
    /// `ToleratedFailureCount`
    pub tolerated_count: Option<i64>,
    /// `ToleratedFailurePercentage`
    pub tolerated_percentage: Option<f64>,
}

impl MapNumbers {
    /// Whether so many failures are more than the Map says it tolerates. One that says nothing is not asked
    /// ([rec] test_map_state_failure_count, BASE_MAP_STATE).
    pub(crate) fn are_exceeded(&self, failed: u32, total: u32) -> bool {
        let failed_percentage = f64::from(failed) * 100.0;
        self.tolerated_count
            .is_some_and(|most| i64::from(failed) > most)
            || self
                .tolerated_percentage
                .is_some_and(|most| failed_percentage > most * f64::from(total))
    }
}

/// The retrier that took an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retried {
    /// Its position.
    pub index: usize,
    /// The delay before the next attempt, in milliseconds; none when it is used up.
    pub delay_millis: Option<u64>,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    stages: [Option<Document>; STAGES],
    /// Of a Map.
    pub numbers: Option<MapNumbers>,
    /// How many items a Map has.
    pub items: Option<u32>,
    /// The last error of the state.
    pub failure: Option<Failure>,
    /// The retrier that took it.
    pub retried: Option<Retried>,
    /// The position of the catcher that took it.
    pub caught: Option<usize>,
}

impl Seen {
    /// What a stage came to; none if it was not reached.
    pub fn stage(&self, stage: Stage) -> Option<&Document> {
        self.stages[stage as usize].as_ref()
    }

    pub(crate) fn record(&mut self, stage: Stage, document: &Document) {
        self.stages[stage as usize] = Some(document.clone());
    }
}

/// Watches the state of one frame: whoever uses it runs no other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Probe {
    pub(crate) given: Given,
    pub(crate) seen: Seen,
    /// The items that a Map's ItemSelector has not come to yet.
    pub(crate) selecting: Option<Selecting>,
}

/// A Map whose items are selected, some in each turn, as its iterations would start.
#[derive(Clone, Debug)]
pub(crate) struct Selecting {
    /// How the Map is to end then.
    pub(crate) outcome: TaskOutcome,
    /// The inputs so far.
    pub(crate) inputs: Vec<Value>,
    /// The bytes that further ones may take.
    pub(crate) room: usize,
}
