//! `inspectionData`: which stages the service shows, by state type and query language (recorded test_state cases).

use asl::definition::{Kind, Language};
use asl::testing::Subject;
use engine::Variables;
use engine::probe::{Seen, Stage};
use engine::testing::Report;
use expr::json::{self, Document};
use serde_json::{Map, Value, json};

/// A member, and the stage that it shows.
type Shown = (&'static str, Stage);

const AFTER_INPUT: Shown = ("afterInputPath", Stage::InputPath);
const RESULT: Shown = ("result", Stage::Result);
const AFTER_SELECTOR: Shown = ("afterResultSelector", Stage::ResultSelector);
const AFTER_RESULT: Shown = ("afterResultPath", Stage::ResultPath);
const AFTER_ITEM_SELECTOR: Shown = ("afterItemSelector", Stage::ItemSelector);

/// The stages that are shown of a state.
fn stages(kind: &Kind, language: Language) -> &'static [Shown] {
    const PARAMETERS: Shown = ("afterParameters", Stage::Parameters);
    match (kind, language) {
        (Kind::Pass { .. }, Language::JsonPath) => &[
            AFTER_INPUT,
            PARAMETERS,
            RESULT,
            AFTER_SELECTOR,
            AFTER_RESULT,
        ],
        (Kind::Task(_), Language::JsonPath) => &[
            AFTER_INPUT,
            PARAMETERS,
            RESULT,
            AFTER_SELECTOR,
            AFTER_RESULT,
        ],
        (Kind::Parallel { .. }, Language::JsonPath) => &[AFTER_SELECTOR, AFTER_RESULT],
        (Kind::Map(_), Language::JsonPath) => &[
            AFTER_INPUT,
            ("afterItemsPath", Stage::ItemsPath),
            AFTER_ITEM_SELECTOR,
            AFTER_SELECTOR,
            AFTER_RESULT,
        ],
        (_, Language::JsonPath) => &[AFTER_INPUT],
        (Kind::Task(_), Language::Jsonata) => &[("afterArguments", Stage::Parameters), RESULT],
        (Kind::Map(_), Language::Jsonata) => &[AFTER_ITEM_SELECTOR],
        (_, Language::Jsonata) => &[],
    }
}

/// What a test shows besides its answer.
pub(super) fn data(report: &Report, subject: &Subject, input: &Document) -> Value {
    let state = subject.state();
    let mut shown = Map::new();
    shown.insert("input".to_owned(), input.text().into());
    for (member, stage) in stages(&state.kind, state.language) {
        // What a JSONata state does not say is not shown.
        let unsaid = *member == "afterArguments" && state.flow.parameters.is_none();
        if let Some(document) = report.seen.stage(*stage).filter(|_| !unsaid) {
            shown.insert((*member).to_owned(), document.text().into());
        }
    }
    add_numbers(&mut shown, &report.seen);
    if let Some(details) = error_details(&report.seen) {
        shown.insert("errorDetails".to_owned(), details);
    }
    if !report.variables.is_empty() {
        shown.insert("variables".to_owned(), variables(&report.variables).into());
    }
    shown.into()
}

fn add_numbers(shown: &mut Map<String, Value>, seen: &Seen) {
    let Some(numbers) = &seen.numbers else {
        return;
    };
    shown.insert("maxConcurrency".to_owned(), numbers.max_concurrency.into());
    if let Some(count) = numbers.tolerated_count {
        shown.insert("toleratedFailureCount".to_owned(), count.into());
    }
    if let Some(percentage) = numbers.tolerated_percentage {
        shown.insert("toleratedFailurePercentage".to_owned(), percentage.into());
    }
}

/// Which retrier or catcher took the error. A retrier that is used up is named, without an interval ([rec]
/// test_state_configuration_retrier_retry_count).
fn error_details(seen: &Seen) -> Option<Value> {
    let mut details = Map::new();
    if let Some(retried) = seen.retried {
        details.insert("retryIndex".to_owned(), retried.index.into());
        if let Some(millis) = retried.delay_millis {
            details.insert(
                "retryBackoffIntervalSeconds".to_owned(),
                json!(millis / 1000),
            );
        }
    }
    if let Some(index) = seen.caught {
        details.insert("catchIndex".to_owned(), index.into());
    }
    (!details.is_empty()).then(|| details.into())
}

fn variables(variables: &Variables) -> String {
    let members = variables
        .iter()
        .map(|(name, value)| (name.clone(), value.value().clone()));
    json::Value::object(members.collect::<Vec<_>>()).to_text()
}
