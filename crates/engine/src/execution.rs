//! An execution as it stands between two steps: a tree of frames. This is what a checkpoint holds.
//!
//! A frame is one thread of control: the root, a Parallel branch or a Map iteration. It stands in one state and one
//! phase. Knows nothing of bytes: the runtime's codec turns it into rows and back.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use asl::definition::StateId;
use expr::json::{Document, Value};

use crate::command::{TaskOutcome, TimerId};
use crate::event::{EventId, Failure};
use crate::map_run::MapRunId;
use crate::redrive::Redriven;
use crate::time::Timestamp;
use crate::variables::{self, Assignments, Variables};

/// What never changes about an execution.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The execution's ARN.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The state machine's unqualified ARN.
    pub machine_arn: Arc<str>,
    /// The state machine's name.
    pub machine_name: Arc<str>,
    /// The role at the start.
    pub role_arn: Arc<str>,
    /// The region that the ARN names.
    pub region: Arc<str>,
    /// When it was started.
    pub started: Timestamp,
    /// The client's text.
    pub input: Document,
    /// The test case whose mocks answer its tasks.
    pub test_case: Option<Arc<str>>,
}

/// Position of a frame; the root is 0. Never used twice within an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameId(pub u32);

impl FrameId {
    /// The frame that the execution begins with.
    pub const ROOT: FrameId = FrameId(0);
}

/// A timer that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// Its id.
    pub id: TimerId,
    /// When it fires.
    pub due: Timestamp,
}

/// Where a frame hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parent {
    /// The frame that stands in the Parallel or Map state.
    pub frame: FrameId,
    /// Branch or item, from 0.
    pub index: u32,
}

/// The item that a frame works on: `$$.Map.Item`.
#[derive(Clone, Debug)]
pub struct MapItem {
    /// `Index`
    pub index: u32,
    /// `Value`
    pub value: Value,
}

/// One thread of control.
#[derive(Clone, Debug)]
pub struct Frame {
    /// Its parent; none for the root.
    pub parent: Option<Parent>,
    /// The state that it stands in, or is about to enter.
    pub state: StateId,
    /// The last event on its path: what the next one points back to.
    pub previous: EventId,
    /// The raw input of the state.
    pub input: Document,
    /// The state's Entered event.
    pub entered: EventId,
    /// When it was entered.
    pub entered_at: Timestamp,
    /// How often each retrier of the state was used.
    pub attempts: Vec<u32>,
    /// The item of the nearest Map iteration around it.
    pub item: Option<Arc<MapItem>>,
    /// The variables of its scope.
    pub variables: Arc<Variables>,
    /// What it waits for.
    pub phase: Phase,
}

/// What a frame waits for.
#[derive(Clone, Debug)]
pub enum Phase {
    /// Its turn to enter its state.
    Entering,
    /// Its turn to begin the state's work again, after a retry's delay.
    Retrying,
    /// Its turn to leave the state with this output.
    Leaving {
        /// The state's output.
        output: Document,
        /// What it assigns.
        assigned: Option<Assignments>,
        /// Where to; none: the graph ends.
        next: Option<StateId>,
    },
    /// A task's answer.
    Task(TaskWait),
    /// The Wait state's timer.
    Waiting {
        /// Fires when the wait is over.
        timer: Timer,
    },
    /// A retrier's delay.
    Backoff {
        /// Fires when the next attempt may begin.
        timer: Timer,
    },
    /// Its branches or iterations.
    Children(Box<Children>),
    /// The end of its map run.
    MapRun(MapRunWait),
    /// Nothing: its work failed and the error is on its way. Never seen between two steps.
    Failing {
        /// The children with which a redrive would go on; none if the work would begin again.
        children: Option<Box<Children>>,
    },
    /// Its parent: the frame is done and its output is kept until the parent is done too.
    Done {
        /// The branch's or iteration's output.
        output: Document,
    },
}

/// A task in flight.
#[derive(Clone, Debug)]
pub struct TaskWait {
    /// The Scheduled event: with the frame, the attempt's name.
    pub scheduled: EventId,
    /// What the task was called with; needed to call it again after a crash.
    pub input: Document,
    /// `Credentials.RoleArn`.
    pub credentials: Option<Arc<str>>,
    /// `TimeoutSeconds`.
    pub timeout_seconds: Option<u64>,
    /// `HeartbeatSeconds`.
    pub heartbeat_seconds: Option<u64>,
    /// `TimeoutSeconds`' timer.
    pub timeout: Option<Timer>,
    /// `HeartbeatSeconds`' timer.
    pub heartbeat: Option<Timer>,
    /// How far it is.
    pub stage: TaskStage,
}

/// How far a task in flight is.
#[derive(Clone, Debug)]
pub enum TaskStage {
    /// The call is being made; its answer is the task's.
    Called,
    /// The call that submits the task is being made.
    Submitting {
        /// How the token was answered before the call: the task's end, once the call has returned.
        answered: Option<Box<TaskOutcome>>,
    },
    /// It was submitted and waits for its token's answer.
    Callback,
    /// It was submitted and waits for the end of the job.
    Job {
        /// What the call returned; it names the job.
        submission: Document,
    },
    /// It waits for a worker of its activity.
    Offered {
        /// Since when.
        since: Timestamp,
    },
    /// A worker has it.
    Taken,
}

/// A map run that is under way.
#[derive(Clone, Debug)]
pub struct MapRunWait {
    /// The `MapRunStarted` event: with the frame, the run's name.
    pub started: EventId,
    /// The last part of its ARN.
    pub uuid: Arc<str>,
}

/// The children of a Parallel or Map state.
#[derive(Clone, Debug)]
pub struct Children {
    /// The Started event.
    pub started: EventId,
    /// What the children get, or choose their items from: the effective input.
    pub effective: Document,
    /// The items; empty for Parallel.
    pub items: Option<Document>,
    /// Branches or items in all.
    pub total: u32,
    /// How many may run at a time.
    pub concurrency: u32,
    /// The frames started so far, by index. Rebuilt from the frames when loaded.
    pub frames: Vec<FrameId>,
    /// How many of them are done. Rebuilt from the frames when loaded.
    pub done: u32,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// `SUCCEEDED`
    Succeeded {
        /// The output.
        output: Document,
    },
    /// `FAILED`
    Failed(Failure),
    /// `ABORTED`
    Aborted(Failure),
    /// `TIMED_OUT`
    TimedOut,
}

/// An execution between two steps.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What never changes.
    pub facts: Arc<Facts>,
    /// The last event's id.
    pub last_event: EventId,
    /// The latest time that a step was given.
    pub now: Timestamp,
    /// The next frame's id.
    pub next_frame: u32,
    /// The next timer's id.
    pub next_timer: u32,
    /// The timer of the machine's `TimeoutSeconds`.
    pub deadline: Option<Timer>,
    /// All frames.
    pub frames: BTreeMap<FrameId, Frame>,
    /// Frames whose turn comes, in order.
    pub(crate) ready: VecDeque<FrameId>,
    /// Frames that were changed, made or removed since the last checkpoint.
    pub(crate) changed: BTreeSet<FrameId>,
    /// Variables that were assigned, or went with their frames, since the last checkpoint.
    pub(crate) changed_variables: BTreeSet<(FrameId, Arc<str>)>,
    /// The bytes of all variables of all frames, with those that are about to be assigned.
    pub(crate) variable_bytes: usize,
    /// How many they are.
    pub(crate) variable_count: usize,
    /// The bytes of the documents that frames hold.
    pub(crate) held_bytes: usize,
    /// The same by frame.
    pub(crate) weights: HashMap<FrameId, usize>,
    /// Its caller waits for its end: then it cannot be redriven, and its context object does not say how often it was
    /// ([rec] express_sync against express_async).
    pub is_synchronous: bool,
    /// How it was redriven.
    pub redriven: Redriven,
    /// Set when it has ended.
    pub outcome: Option<Outcome>,
    /// The frames that a redrive would find, once it has ended without success.
    pub remains: BTreeMap<FrameId, Frame>,
}

impl Execution {
    /// One that has not begun: the first input must be [`crate::Input::Start`].
    pub fn new(facts: Arc<Facts>) -> Execution {
        Execution {
            now: facts.started,
            facts,
            last_event: 0,
            next_frame: 0,
            next_timer: 0,
            deadline: None,
            frames: BTreeMap::new(),
            ready: VecDeque::new(),
            changed: BTreeSet::new(),
            changed_variables: BTreeSet::new(),
            variable_bytes: 0,
            variable_count: 0,
            held_bytes: 0,
            weights: HashMap::new(),
            is_synchronous: false,
            redriven: Redriven::default(),
            outcome: None,
            remains: BTreeMap::new(),
        }
    }

    /// One put together from a checkpoint: finds out which frames are ready and which child belongs where.
    pub fn resume(mut self) -> Execution {
        self.changed.clear();
        self.changed_variables.clear();
        for (bytes, count) in self.frames.values().map(variables::held) {
            self.variable_bytes += bytes;
            self.variable_count += count;
        }
        self.ready = self
            .frames
            .iter()
            .filter(|(_, f)| f.is_ready())
            .map(|(id, _)| *id)
            .collect();
        let mut children: BTreeMap<FrameId, BTreeMap<u32, FrameId>> = BTreeMap::new();
        for (id, frame) in &self.frames {
            if let Some(parent) = frame.parent {
                children
                    .entry(parent.frame)
                    .or_default()
                    .insert(parent.index, *id);
            }
        }
        for (parent, by_index) in children {
            let done = by_index
                .values()
                .filter(|id| self.frames[id].is_done())
                .count() as u32;
            if let Some(Phase::Children(state)) = self.frames.get_mut(&parent).map(|f| &mut f.phase)
            {
                state.frames = by_index.into_values().collect();
                state.done = done;
            }
        }
        let all = self.frames.keys().copied().collect();
        self.weigh(all);
        self
    }

    /// Whether frames are waiting for their turn: the step's budget was spent.
    pub fn has_ready(&self) -> bool {
        self.outcome.is_none() && !self.ready.is_empty()
    }

    /// Whether frames were changed since the last checkpoint.
    pub fn has_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// The frames that a checkpoint must write (those that still exist) or delete (those that do not).
    pub fn take_changed(&mut self) -> BTreeSet<FrameId> {
        std::mem::take(&mut self.changed)
    }

    /// The variables that a checkpoint must write (those of frames that still exist) or delete. Each is a row of its own,
    /// so that a scope with much in it is not written again for every state.
    pub fn take_changed_variables(&mut self) -> BTreeSet<(FrameId, Arc<str>)> {
        std::mem::take(&mut self.changed_variables)
    }

    /// What its variables take, in bytes.
    pub fn variable_bytes(&self) -> usize {
        self.variable_bytes
    }

    /// Whether the execution has ended.
    pub fn is_closed(&self) -> bool {
        self.outcome.is_some()
    }

    /// The tasks in flight.
    pub fn tasks(&self) -> impl Iterator<Item = (crate::TaskId, &TaskWait)> {
        self.frames
            .iter()
            .filter_map(|(id, frame)| match &frame.phase {
                Phase::Task(wait) => Some((
                    crate::TaskId {
                        frame: *id,
                        scheduled: wait.scheduled,
                    },
                    wait,
                )),
                _ => None,
            })
    }

    /// A timer of this execution fires at another time than its checkpoint says. Heartbeats only ever move in memory: a
    /// process that takes the execution over grants a full interval anyway.
    pub fn move_timer(&mut self, timer: TimerId, due: Timestamp) {
        let waits = self
            .frames
            .values_mut()
            .find_map(|frame| match &mut frame.phase {
                Phase::Task(wait) => wait.heartbeat.as_mut().filter(|set| set.id == timer),
                _ => None,
            });
        if let Some(set) = waits {
            set.due = due;
        }
    }

    /// The map runs that are waited for.
    pub fn map_runs(&self) -> impl Iterator<Item = (MapRunId, &MapRunWait)> {
        self.frames
            .iter()
            .filter_map(|(frame, state)| match &state.phase {
                Phase::MapRun(wait) => {
                    let (frame, started) = (*frame, wait.started);
                    Some((MapRunId { frame, started }, wait))
                }
                _ => None,
            })
    }

    /// The timers that are set.
    pub fn timers(&self) -> impl Iterator<Item = Timer> {
        self.frames
            .values()
            .flat_map(Frame::timers)
            .chain(self.deadline)
    }

    pub(crate) fn frame(&self, id: FrameId) -> &Frame {
        self.frames
            .get(&id)
            .expect("a frame is only named while it exists")
    }

    /// The frame, marked as changed.
    pub(crate) fn frame_mut(&mut self, id: FrameId) -> &mut Frame {
        self.changed.insert(id);
        self.frames
            .get_mut(&id)
            .expect("a frame is only named while it exists")
    }

    /// The children of a Parallel or Map. Which they are and how many are done is rebuilt from their own frames, so
    /// that the parent's row, with all its items, is not written again for every child.
    pub(crate) fn children_mut(&mut self, id: FrameId) -> Option<&mut Children> {
        match &mut self.frames.get_mut(&id)?.phase {
            Phase::Children(children) => Some(children),
            _ => None,
        }
    }

    pub(crate) fn add_frame(&mut self, frame: Frame) -> FrameId {
        let id = FrameId(self.next_frame);
        self.next_frame += 1;
        self.frames.insert(id, frame);
        self.changed.insert(id);
        self.ready.push_back(id);
        id
    }

    pub(crate) fn remove_frame(&mut self, id: FrameId) -> Option<Frame> {
        self.changed.insert(id);
        let frame = self.frames.remove(&id)?;
        for name in frame.variables.keys() {
            self.changed_variables.insert((id, name.clone()));
        }
        let (bytes, count) = variables::held(&frame);
        self.variable_bytes -= bytes;
        self.variable_count -= count;
        Some(frame)
    }

    pub(crate) fn new_timer(&mut self, due: Timestamp) -> Timer {
        let id = TimerId(self.next_timer);
        self.next_timer += 1;
        Timer { id, due }
    }
}

impl Frame {
    fn is_ready(&self) -> bool {
        matches!(
            self.phase,
            Phase::Entering | Phase::Retrying | Phase::Leaving { .. }
        )
    }

    /// Whether it only waits for its siblings.
    pub fn is_done(&self) -> bool {
        matches!(self.phase, Phase::Done { .. })
    }

    /// The timers that it has set.
    pub fn timers(&self) -> impl Iterator<Item = Timer> + use<> {
        let (first, second) = match &self.phase {
            Phase::Task(wait) => (wait.timeout, wait.heartbeat),
            Phase::Waiting { timer } | Phase::Backoff { timer } => (Some(*timer), None),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}
