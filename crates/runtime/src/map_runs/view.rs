//! What is shown of map runs, and how an open one is changed from outside.

use std::sync::{Arc, PoisonError};

use engine::map_run::Tolerance;
use tokio::sync::oneshot;

use super::record::RunRecord;
use super::worker::News;
use super::{MapRuns, RunId, rows};
use crate::error::RuntimeError;
use crate::id::ExecutionId;
use crate::keys::Namespace;
use crate::query;

/// A map run with what is known of it.
#[derive(Clone, Debug)]
pub struct RunView {
    /// Its ARN.
    pub arn: Arc<str>,
    /// The execution that it belongs to, by its ARN.
    pub execution_arn: Arc<str>,
    /// The state machine's ARN with the label.
    pub machine_arn: Arc<str>,
    /// How it stands; the counts are those of this moment.
    pub record: RunRecord,
}

/// A page of an execution's map runs.
#[derive(Debug, Default)]
pub struct RunList {
    /// Newest first.
    pub runs: Vec<RunView>,
    /// Where the next page begins, if there may be more.
    pub next: Option<Vec<u8>>,
}

/// What is to be changed about an open map run.
#[derive(Clone, Copy, Debug, Default)]
pub struct TolerancePatch {
    /// `maxConcurrency`
    pub concurrency: Option<u64>,
    /// `toleratedFailureCount`
    pub failures: Option<u64>,
    /// `toleratedFailurePercentage`
    pub percentage: Option<f64>,
}

impl TolerancePatch {
    pub(super) fn apply(self, tolerance: &mut Tolerance) {
        if let Some(concurrency) = self.concurrency {
            tolerance.concurrency = concurrency;
        }
        tolerance.failures = self.failures.or(tolerance.failures);
        tolerance.percentage = self.percentage.or(tolerance.percentage);
    }
}

impl MapRuns {
    /// The run of this ARN.
    pub(crate) fn view(
        &self,
        namespace: &Namespace,
        run: RunId,
    ) -> Result<Option<RunView>, RuntimeError> {
        let Some((plan, mut record)) = self.load(namespace, run)? else {
            return Ok(None);
        };
        let parent = query::record(self.0.store.as_ref(), namespace, plan.execution)?;
        let Some(parent) = parent else {
            return Ok(None);
        };
        if let Some(open) = self.open().get(&(namespace.clone(), run)) {
            let counts = *open.counts.lock().unwrap_or_else(PoisonError::into_inner);
            // Before its worker has looked, the row knows better.
            if record.stopped.is_none() && counts.items.total >= record.counts.items.total {
                record.counts = counts;
            }
        }
        let arn = &plan.request.arn;
        let (place, name) = arn.split_once(":mapRun:").unwrap_or_default();
        let machine = name.rsplit_once(':').map_or(name, |(machine, _)| machine);
        Ok(Some(RunView {
            arn: arn.clone(),
            execution_arn: parent.facts.arn.clone(),
            machine_arn: format!("{place}:stateMachine:{machine}").into(),
            record,
        }))
    }

    /// The runs of an execution.
    pub(crate) fn list(
        &self,
        namespace: &Namespace,
        execution: ExecutionId,
        before: Option<&[u8]>,
        limit: usize,
    ) -> Result<RunList, RuntimeError> {
        let store = self.0.store.as_ref();
        let found = rows::of_execution(store, namespace, execution, before, limit + 1)?;
        let mut list = RunList::default();
        for (position, run) in found.iter().take(limit) {
            list.next = (found.len() > limit).then(|| position.to_vec());
            list.runs.extend(self.view(namespace, *run)?);
        }
        Ok(list)
    }

    /// Changes an open run; false if it is not open. Answers when the change is durable.
    pub(crate) async fn update(
        &self,
        namespace: &Namespace,
        run: RunId,
        patch: TolerancePatch,
    ) -> Result<bool, RuntimeError> {
        let (reply, answer) = oneshot::channel();
        let sent = match self.open().get(&(namespace.clone(), run)) {
            None => return Ok(false),
            Some(open) => open.news.send(News::Update { patch, reply }),
        };
        match sent {
            Ok(()) => Ok(answer.await.unwrap_or(false)),
            Err(_) => Ok(false),
        }
    }
}
