//! Map in distributed mode: the map run begins, the frame waits for it, and what its end means.
//!
//! Order of the evaluations, recorded: the items, then the Started event, then the numbers; with all of them the run's
//! own Started event.

use std::sync::Arc;

use asl::definition::{Dynamic, Map, State};
use asl::distributed::{Batcher, Distributed};
use expr::json::{Document, Value};
use expr::uuid_v4;

use crate::command::Command;
use crate::event::EventKind;
use crate::execution::{FrameId, MapRunWait, Phase};
use crate::failure::Fault;
use crate::flow::{self, View};
use crate::map_run::{
    Batches, ItemScope, MapRunId, MapRunOutcome, MapRunRequest, RunItems, Tolerance,
};
use crate::state::numbers;
use crate::step::Run;

/// The most bytes that a batch's input may be allowed.
const MOST_BATCH_BYTES: i64 = 262_144;

impl Run<'_> {
    pub(crate) fn map_run(
        &mut self,
        frame: FrameId,
        state: &State,
        map: &Map,
        distributed: &Distributed,
    ) -> Result<(), Fault> {
        let effective = self.effective_input(frame, state)?;
        let given = match &distributed.reader {
            Some(_) => None,
            None => Some(self.items_of_input(frame, state, map, &effective)?),
        };
        let length = given
            .as_ref()
            .and_then(|items| items.value().as_array())
            .map_or(0, <[Value]>::len);
        self.emit_on(
            frame,
            EventKind::MapStateStarted {
                length: length as u32,
            },
        );
        let request = self.map_run_request(frame, state, map, distributed, &effective, given)?;
        let started = self.emit_on(
            frame,
            EventKind::MapRunStarted {
                map_run_arn: request.arn.clone(),
            },
        );
        let wait = MapRunWait {
            started,
            uuid: request.uuid.clone(),
        };
        self.execution.frame_mut(frame).phase = Phase::MapRun(wait);
        self.count_request(&request);
        self.commands.push(Command::StartMapRun {
            run: MapRunId { frame, started },
            request: Box::new(request),
        });
        Ok(())
    }

    /// The items of the state's input; an object's are its entries.
    fn items_of_input(
        &mut self,
        frame: FrameId,
        state: &State,
        map: &Map,
        effective: &Document,
    ) -> Result<Document, Fault> {
        let items = Document::from_value(self.items(frame, state, map, effective)?);
        let most = self.limits.payload_bytes;
        match effective.fits(most) && items.fits(most) {
            true => Ok(items),
            false => Err(Fault::data_limit(&state.name)),
        }
    }

    fn map_run_request(
        &mut self,
        frame: FrameId,
        state: &State,
        map: &Map,
        distributed: &Distributed,
        effective: &Document,
        given: Option<Document>,
    ) -> Result<MapRunRequest, Fault> {
        let facts = self.execution.facts.clone();
        let scope = self.item_scope(frame, state, effective);
        let context = self.context_of(&facts, frame, state);
        let mut tools = self.tools();
        let mut view = View::before(effective, &context, &mut tools);
        let tolerance = tolerance(map, &mut view)?;
        let items = match (given, &distributed.reader) {
            (Some(items), _) => RunItems::Given(items),
            (None, None) => RunItems::Given(Document::from_value(Value::array(Vec::new()))),
            (None, Some(reader)) => RunItems::Read {
                max_items: max_items(reader.config.max_items.as_ref(), &mut view)?,
                parameters: match &reader.parameters {
                    Some(parameters) => flow::payload(parameters, "ItemReader", &mut view)?,
                    None => Document::from_value(Value::object([])),
                },
            },
        };
        let batches = match &distributed.batcher {
            Some(batcher) => Some(batches(batcher, &mut view)?),
            None => None,
        };
        let export = match distributed.writer.as_ref().and_then(|w| w.export.as_ref()) {
            None => None,
            Some(None) => Some(Document::from_value(Value::object([]))),
            Some(Some(parameters)) => Some(flow::payload(parameters, "ResultWriter", &mut view)?),
        };
        let name = facts.machine_name.split('/').next().unwrap_or_default();
        let label = match &distributed.label {
            Some(label) => label.clone(),
            None => made_up_label(name, &state.name),
        };
        let uuid: Arc<str> = uuid_v4(self.entropy).into();
        Ok(MapRunRequest {
            arn: map_run_arn(&facts.machine_arn, name, &label, &uuid),
            uuid,
            label,
            scope,
            items,
            batches,
            export,
            tolerance,
        })
    }

    /// Variables are looked at by the `ItemSelector` only.
    fn item_scope(&self, frame: FrameId, state: &State, effective: &Document) -> ItemScope {
        let f = self.execution.frame(frame);
        let mut variables = crate::Variables::new();
        if state.flow.parameters.is_some() {
            for scope in self.execution.variables_seen_by(frame) {
                for (name, value) in scope.iter() {
                    variables
                        .entry(name.clone())
                        .or_insert_with(|| value.clone());
                }
            }
        }
        ItemScope {
            state: state.name.clone(),
            effective: effective.clone(),
            entered: f.entered,
            entered_at: f.entered_at,
            retries: f.attempts.iter().sum(),
            item: f.item.clone(),
            redriven: Some(self.execution.redriven),
            variables: Arc::new(variables),
        }
    }

    /// What a commit keeps of a map run's beginning counts for the step.
    fn count_request(&mut self, request: &MapRunRequest) {
        self.count_document(&request.scope.effective);
        if let RunItems::Given(items) = &request.items {
            self.count_document(items);
        }
        let values = request.scope.variables.clone();
        values.values().for_each(|value| self.count_document(value));
    }

    /// The map run has ended; nothing if nobody waits for it.
    pub(crate) fn map_run_ended(&mut self, run: MapRunId, outcome: MapRunOutcome) {
        let waits = self.execution.frames.get(&run.frame).is_some_and(
            |frame| matches!(&frame.phase, Phase::MapRun(wait) if wait.started == run.started),
        );
        if !waits {
            return;
        }
        match outcome {
            MapRunOutcome::Succeeded(result) => {
                let succeeded = self.emit_on(run.frame, EventKind::MapRunSucceeded);
                self.emit(succeeded, EventKind::MapStateSucceeded);
                // Recorded since 2024-11: the Exited event points back to the run's Started event.
                self.execution.frame_mut(run.frame).previous = run.started;
                self.complete(run.frame, &result);
            }
            MapRunOutcome::Failed(failure) => {
                self.emit_on(run.frame, EventKind::MapRunFailed(failure.clone()));
                // What nobody may catch ends the execution, but only after the state has failed.
                self.fail(run.frame, failure);
            }
        }
    }
}

fn tolerance(map: &Map, view: &mut View<'_, '_>) -> Result<Tolerance, Fault> {
    let numbers = numbers::of_map(map, view)?;
    Ok(Tolerance {
        concurrency: numbers.concurrency,
        failures: numbers.failures,
        percentage: numbers.percentage,
    })
}

/// A negative number is the reader's to refuse ([rec] test_map_item_reader_csv_max_items_paths).
fn max_items(number: Option<&Dynamic<u64>>, view: &mut View<'_, '_>) -> Result<Option<i64>, Fault> {
    numbers::integer("MaxItems", number, view)
}

fn batches(batcher: &Batcher, view: &mut View<'_, '_>) -> Result<Batches, Fault> {
    let max_items = positive(
        "MaxItemsPerBatch",
        batcher.max_items.as_ref(),
        i64::MAX,
        view,
    )?;
    let max_bytes = positive(
        "MaxInputBytesPerBatch",
        batcher.max_bytes.as_ref(),
        MOST_BATCH_BYTES,
        view,
    )?;
    let input = match &batcher.input {
        Some(input) => Some(flow::payload(input, "BatchInput", view)?),
        None => None,
    };
    Ok(Batches {
        max_items,
        max_bytes,
        input,
    })
}

fn positive(
    field: &str,
    number: Option<&Dynamic<u64>>,
    most: i64,
    view: &mut View<'_, '_>,
) -> Result<Option<u64>, Fault> {
    match numbers::integer(field, number, view)? {
        None => Ok(None),
        Some(number) if (1..=most).contains(&number) => Ok(Some(number.unsigned_abs())),
        Some(number) if number < 1 => Err(Fault::runtime(format!("{field} must be positive."))),
        Some(_) => Err(Fault::runtime(format!("{field} cannot exceed {most}."))),
    }
}

/// `arn:<p>:states:<r>:<a>:mapRun:<machine>/<label>:<uuid>`
fn map_run_arn(machine_arn: &str, machine: &str, label: &str, uuid: &str) -> Arc<str> {
    let place = machine_arn
        .split_once(":stateMachine:")
        .map_or(machine_arn, |(place, _)| place);
    format!("{place}:mapRun:{machine}/{label}:{uuid}").into()
}

/// The same for the same state of the same machine, whatever its run.
fn made_up_label(machine: &str, state: &str) -> Arc<str> {
    struct Fixed([u64; 2], usize);
    impl expr::Entropy for Fixed {
        fn next_u64(&mut self) -> u64 {
            self.1 += 1;
            self.0[(self.1 - 1) % 2]
        }
    }
    let hash = |basis: u64| {
        let bytes = machine.bytes().chain([0]).chain(state.bytes());
        bytes.fold(basis, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        })
    };
    let halves = [hash(0xcbf2_9ce4_8422_2325), hash(0x6c62_272e_07bb_0142)];
    uuid_v4(&mut Fixed(halves, 0)).into()
}
