//! What reaches an execution from outside by the name of one task: an answer or a heartbeat of somebody who has its
//! token, and the claim of a worker. Whoever asks is told when what was decided is durable.

use std::sync::Arc;

use engine::execution::Phase;
use engine::{Command, Execution, Input, Machinery, Offer, TaskOutcome, Timestamp};
use store::{Transaction, Write};

use super::live::Live;
use super::{Commit, Draft, Effect, Reply, Shard};
use crate::activities::{ActivityTask, Claim, Offered, offered_key};
use crate::id::ExecutionId;
use crate::ports::TaskKey;
use crate::tokens::{Around, TokenKey};

/// Who waits for what a step decides about a task.
pub(super) enum Asks {
    /// Somebody who answers it.
    Answer(Reply<bool>),
    /// A worker.
    Claim(Box<Claim>),
}

impl Asks {
    /// What they are told.
    pub(super) fn told(self, accepted: bool, live: &Live, tokens: &TokenKey) -> Effect {
        match self {
            Asks::Answer(reply) => Effect::Accepted(accepted, reply),
            Asks::Claim(claim) => match accepted.then(|| handed(claim.key(), live, tokens)) {
                Some(Some(task)) => Effect::Hand(claim, task),
                _ => Effect::Missed(claim),
            },
        }
    }

    /// What they are told of a task that is not there.
    fn nothing(self) -> Effect {
        match self {
            Asks::Answer(reply) => Effect::Accepted(false, reply),
            Asks::Claim(claim) => Effect::Missed(claim),
        }
    }
}

/// The task as its worker gets it.
fn handed(key: TaskKey, live: &Live, tokens: &TokenKey) -> Option<ActivityTask> {
    match &live.execution.frames.get(&key.task.frame)?.phase {
        Phase::Task(wait) => Some(ActivityTask {
            key,
            token: tokens.token(&live.namespace, key),
            input: wait.input.clone(),
        }),
        _ => None,
    }
}

impl Shard {
    pub(super) fn answered(
        &mut self,
        key: TaskKey,
        outcome: TaskOutcome,
        reply: Reply<bool>,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        let input = Input::TokenAnswered {
            task: key.task,
            outcome,
        };
        self.ask(key.execution, input, Asks::Answer(reply), now, out);
    }

    /// Takes a task for a worker, unless the worker has gone away meanwhile.
    pub(super) fn take(&mut self, claim: Box<Claim>, now: Timestamp, out: &mut Vec<Commit>) {
        if claim.is_void() {
            return out.push(commit_of(Effect::Refused(claim)));
        }
        let key = claim.key();
        let input = Input::TaskTaken {
            task: key.task,
            worker: claim.worker(),
        };
        self.ask(key.execution, input, Asks::Claim(claim), now, out);
    }

    fn ask(
        &mut self,
        id: ExecutionId,
        input: Input,
        asks: Asks,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        self.bring(id);
        match self.residents.get_mut(id) {
            Some(live) => {
                let draft = Draft {
                    transaction: live.transaction(),
                    effects: Vec::new(),
                    asks: Some(asks),
                };
                self.step(id, input, now, draft, out);
            }
            // After everything that is on its way: what ended the execution is durable before anybody hears of it.
            None => self.not_here(id, asks, out),
        }
    }

    fn not_here(&self, id: ExecutionId, asks: Asks, out: &mut Vec<Commit>) {
        match asks {
            Asks::Answer(reply) if self.residents.rows_of(id).is_some() => {
                reply(Err(self.unreadable()));
            }
            asks => out.push(commit_of(asks.nothing())),
        }
    }

    /// Moves a heartbeat's timer. Nothing is written: a process that takes the execution over grants a full interval.
    pub(super) fn heartbeat(
        &mut self,
        key: TaskKey,
        reply: Reply<bool>,
        now: Timestamp,
        out: &mut Vec<Commit>,
    ) {
        let id = key.execution;
        self.bring(id);
        let Some(live) = self.residents.get_mut(id) else {
            return self.not_here(id, Asks::Answer(reply), out);
        };
        let around = Around {
            namespace: &live.namespace,
            execution: id,
            tokens: &self.surroundings.tokens,
            runner: &*self.surroundings.runner,
        };
        let machinery = Machinery {
            machine: &live.machine,
            limits: &self.limits,
            entropy: &mut *self.entropy,
            surroundings: &around,
        };
        let input = Input::Heartbeat(key.task);
        let step = engine::step(machinery, &mut live.execution, input, now);
        for command in step.commands {
            match command {
                Command::ClearTimer { timer, due } => {
                    self.timers.remove(&(due, id, timer));
                }
                Command::SetTimer { timer, due } => {
                    self.timers.insert((due, id, timer));
                    self.moved.insert((id, timer), due);
                }
                _ => {}
            }
        }
        match step.accepted {
            true => reply(Ok(true)),
            false => out.push(commit_of(Effect::Accepted(false, reply))),
        }
    }

    /// Puts the timers of heartbeats to where they really are: rows say where they were when they were written.
    pub(super) fn move_timers(&self, id: ExecutionId, execution: &mut Execution) {
        let beats: Vec<_> = execution
            .tasks()
            .filter_map(|(_, wait)| Some((wait.heartbeat?, wait.heartbeat_seconds?)))
            .collect();
        for (timer, seconds) in beats {
            let granted = timer
                .due
                .max(self.surroundings.opened.plus_seconds(seconds));
            let due = self.moved.get(&(id, timer.id)).copied();
            execution.move_timer(timer.id, due.unwrap_or(granted));
        }
    }

    pub(super) fn offer(
        &self,
        id: ExecutionId,
        offer: Offer,
        writes: &mut Vec<Write>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(live) = self.residents.get(id) else {
            return;
        };
        let offered = Offered::new(id, &offer);
        writes.push(Write::Put {
            key: offered_key(&live.namespace, &offer.activity, offered.place),
            value: offered.encode().into(),
        });
        effects.push(Effect::Offer(offer.activity, offered));
    }

    pub(super) fn withdraw(
        &self,
        id: ExecutionId,
        offer: Offer,
        writes: &mut Vec<Write>,
        effects: &mut Vec<Effect>,
    ) {
        let Some(live) = self.residents.get(id) else {
            return;
        };
        let place = Offered::new(id, &offer).place;
        let key = offered_key(&live.namespace, &offer.activity, place);
        // Offered by the same step: then it never was.
        writes.retain(|write| *write.key() != key);
        writes.push(Write::Delete { key });
        effects.push(Effect::Withdraw(offer.activity, place));
    }
}

/// A commit that writes nothing: its effect comes after those of all commits before it.
fn commit_of(effect: Effect) -> Commit {
    Commit {
        transaction: Transaction::new(),
        effects: vec![effect],
        hold: Arc::new(()),
        is_immediate: false,
    }
}
