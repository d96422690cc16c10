//! Map: its items; inline, its numbers and the start of an iteration.

use std::sync::Arc;

use asl::definition::{Items, Language, Map, State};
use expr::json::{Document, Kind, Value};

use crate::event::{EventId, EventKind, Iteration};
use crate::execution::{Children, FrameId, MapItem, Parent, Phase};
use crate::failure::Fault;
use crate::flow::{self, View, select};
use crate::probe::{MapNumbers, Stage};
use crate::query::Place;
use crate::state::numbers;
use crate::step::Run;

impl Run<'_> {
    pub(crate) fn map(&mut self, frame: FrameId, state: &State, map: &Map) -> Result<(), Fault> {
        // A test runs a Map as if it were inline.
        if let (Some(distributed), true) = (&map.distributed, self.probe.is_none()) {
            return self.map_run(frame, state, map, distributed);
        }
        let effective = self.effective_input(frame, state)?;
        let items = match self.given_items() {
            Some(items) => items,
            None => self.items(frame, state, map, &effective)?,
        };
        let concurrency = self.concurrency(frame, state, map, &effective)?;
        let total = items.as_array().map_or(0, <[Value]>::len) as u32;
        let items = Document::from_value(items);
        let most = self.limits.payload_bytes;
        if !(effective.fits(most) && items.fits(most)) {
            return Err(Fault::data_limit(&state.name));
        }
        self.count_document(&effective);
        self.count_document(&items);
        let started = self.emit_on(frame, EventKind::MapStateStarted { length: total });
        self.execution.frame_mut(frame).phase = Phase::Children(Box::new(Children {
            started,
            effective,
            items: Some(items),
            total,
            concurrency,
            frames: Vec::new(),
            done: 0,
        }));
        if let Some(outcome) = self.given_outcome() {
            return self.test_map(frame, state, outcome);
        }
        if total == 0 {
            self.map_done(frame, started);
            return Ok(());
        }
        for index in 0..total.min(concurrency) {
            self.start_iteration(frame, index, started)?;
        }
        Ok(())
    }

    pub(crate) fn items(
        &mut self,
        frame: FrameId,
        state: &State,
        map: &Map,
        effective: &Document,
    ) -> Result<Value, Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let (items, source) = match &map.items {
            Items::Input => (effective.value().clone(), "$"),
            Items::Path(path) => (select(path, &context.over(effective))?, &**path.source()),
            Items::Query(query) => {
                let mut tools = self.tools();
                let mut view = View::before(effective, &context, &mut tools);
                let place = Place::Field("Items");
                return view.queries().of_kind(query, Kind::Array, place);
            }
        };
        match (items.as_array(), state.language) {
            (Some(_), _) => {
                if self.probe.is_some() {
                    let selected = Document::from_value(items.clone());
                    self.reached(Stage::ItemsPath, &selected);
                }
                Ok(items)
            }
            (None, Language::JsonPath)
                if map.distributed.is_some() && items.as_object().is_some() =>
            {
                Ok(entries(&items))
            }
            (None, Language::JsonPath) => Err(Fault::runtime(format!(
                "Reference path \"{}\" must point to array.",
                reference(source)
            ))),
            (None, Language::Jsonata) => Err(Fault::query_input(format!(
                "Map state input must be an array but was: {}",
                effective.text()
            ))),
        }
    }

    /// How many iterations may run at a time; the tolerated-failure numbers are checked, as AWS does, though they
    /// mean nothing here.
    fn concurrency(
        &mut self,
        frame: FrameId,
        state: &State,
        map: &Map,
        effective: &Document,
    ) -> Result<u32, Fault> {
        let facts = self.execution.facts.clone();
        let context = self.context_of(&facts, frame, state);
        let mut tools = self.tools();
        let mut view = View::before(effective, &context, &mut tools);
        let numbers = numbers::of_map(map, &mut view)?;
        if let Some(probe) = &mut self.probe {
            probe.seen.numbers = Some(MapNumbers {
                max_concurrency: i64::try_from(numbers.concurrency).unwrap_or(i64::MAX),
                tolerated_count: numbers
                    .failures
                    .map(|count| i64::try_from(count).unwrap_or(i64::MAX)),
                tolerated_percentage: numbers.percentage,
            });
        }
        let most = self.limits.map_concurrency;
        Ok(u32::try_from(numbers.concurrency)
            .ok()
            .filter(|n| *n > 0)
            .map_or(most, |n| n.min(most)))
    }

    /// Starts the iteration for the item at `index`; its Started event comes after `previous`.
    pub(crate) fn start_iteration(
        &mut self,
        frame: FrameId,
        index: u32,
        previous: EventId,
    ) -> Result<(), Fault> {
        let machine = self.machine;
        let state = machine.state(self.execution.frame(frame).state);
        let asl::definition::Kind::Map(map) = &state.kind else {
            return Ok(());
        };
        let item = Arc::new(MapItem {
            index,
            value: self.item(frame, index),
        });
        let input = self.iteration_input(frame, state, &item)?;
        if !input.fits(self.limits.payload_bytes) {
            return Err(Fault::data_limit(&state.name));
        }
        let iteration = Iteration {
            name: state.name.clone(),
            index,
        };
        let started = self.emit(previous, EventKind::MapIterationStarted(iteration));
        self.add_child(frame, map.processor.start_at, input, started, Some(item));
        Ok(())
    }

    pub(crate) fn item(&self, frame: FrameId, index: u32) -> Value {
        let Phase::Children(children) = &self.execution.frame(frame).phase else {
            return Value::Null;
        };
        let items = children
            .items
            .as_ref()
            .and_then(|items| items.value().as_array());
        items
            .and_then(|items| items.get(index as usize))
            .cloned()
            .unwrap_or(Value::Null)
    }

    /// The item itself, or what ItemSelector makes of it: `$` is the state's effective input there.
    pub(crate) fn iteration_input(
        &mut self,
        frame: FrameId,
        state: &State,
        item: &Arc<MapItem>,
    ) -> Result<Document, Fault> {
        let Some(selector) = &state.flow.parameters else {
            return Ok(Document::from_value(item.value.clone()));
        };
        let Phase::Children(children) = &self.execution.frame(frame).phase else {
            return Ok(Document::from_value(item.value.clone()));
        };
        let effective = children.effective.clone();
        let facts = self.execution.facts.clone();
        let context = self
            .context_of(&facts, frame, state)
            .with_item(item.clone());
        let mut tools = self.tools();
        let mut view = View::before(&effective, &context, &mut tools);
        flow::payload(selector, "ItemSelector", &mut view)
    }

    /// The iteration that a child of a Map is; none for a Parallel's branch.
    pub(crate) fn iteration(&self, parent: Parent) -> Option<Iteration> {
        let state = self.machine.state(self.execution.frame(parent.frame).state);
        matches!(state.kind, asl::definition::Kind::Map(_)).then(|| Iteration {
            name: state.name.clone(),
            index: parent.index,
        })
    }

    /// All iterations are done; `last` is what Succeeded and Exited both point back to.
    pub(crate) fn map_done(&mut self, frame: FrameId, last: EventId) {
        self.execution.frame_mut(frame).previous = last;
        self.emit(last, EventKind::MapStateSucceeded);
        let result = self.take_results(frame);
        self.complete(frame, &result);
    }
}

/// As the service shows a reference path: one into the context object has lost a `$`. Of two recordings, both of one case
/// and of tests ([rec] test_state_map_context_object): whether an execution is told the same is not known.
fn reference(source: &str) -> &str {
    match source.starts_with("$$") {
        true => &source[1..],
        false => source,
    }
}

/// The entries of an object, as items.
fn entries(items: &Value) -> Value {
    let members = items
        .as_object()
        .into_iter()
        .flat_map(|object| object.iter());
    let entry = |(key, value): (&Arc<str>, &Value)| {
        Value::object([
            ("Key".into(), Value::string(key.clone())),
            ("Value".into(), value.clone()),
        ])
    };
    Value::array(members.map(entry).collect())
}
