//! The compiled state machine: what the engine runs.
//!
//! Owns the types only. `compile` makes them from a text; nothing here knows JSON text, diagnostics or how a
//! state is executed. Every path, template, intrinsic and JSONata expression in here is parsed, every name resolved: a
//! `Machine` that exists is valid. State names are unique across the whole machine (spec asl.md section 1), so that a name is an
//! address that survives a restart of a newer binary, while a [`StateId`] is only good in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use expr::json::{Document, Value};
use expr::path::{Path, ReferencePath};
use expr::template::{Expression, Template};

use crate::distributed::Distributed;
use crate::query::{Query, QueryExpression};

/// Position of a state in [`Machine::states`]. Never persisted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateId(pub u32);

/// A whole state machine definition, compiled.
#[derive(Clone, Debug)]
pub struct Machine {
    /// `TimeoutSeconds` of the machine: the longest an execution may run, in seconds.
    pub timeout_seconds: Option<u64>,
    /// The top-level graph.
    pub root: Graph,
    /// `variableReferences` of DescribeStateMachine: the variables that each state reads, by the state's name. States
    /// that read none are absent.
    pub variable_references: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    states: Arc<Vec<State>>,
    by_name: Arc<HashMap<Arc<str>, StateId>>,
}

impl Machine {
    /// Puts a machine together; `states` in document order, names already checked to be unique.
    pub fn new(timeout_seconds: Option<u64>, root: Graph, states: Vec<State>) -> Machine {
        let by_name = states
            .iter()
            .enumerate()
            .map(|(index, state)| (state.name.clone(), StateId(index as u32)))
            .collect();
        Machine {
            timeout_seconds,
            root,
            variable_references: BTreeMap::new(),
            states: Arc::new(states),
            by_name: Arc::new(by_name),
        }
    }

    /// The machine that the children of the distributed Map called `name` run: its item processor, with all states of
    /// this machine shared. None if there is no such Map.
    pub fn item_processor(&self, name: &str) -> Option<Machine> {
        match &self.state(self.find(name)?).kind {
            Kind::Map(map) if map.distributed.is_some() => Some(Machine {
                timeout_seconds: None,
                root: map.processor.clone(),
                ..self.clone()
            }),
            _ => None,
        }
    }

    /// The state at `id`. Ids come from this machine only, so the state is there.
    pub fn state(&self, id: StateId) -> &State {
        &self.states[id.0 as usize]
    }

    /// The state called `name`, anywhere in the machine.
    pub fn find(&self, name: &str) -> Option<StateId> {
        self.by_name.get(name).copied()
    }

    /// All states, nested ones included, in document order.
    pub fn states(&self) -> &[State] {
        &self.states
    }
}

/// One `States` object with its `StartAt`: the machine itself, a Parallel branch or an item processor.
#[derive(Clone, Debug)]
pub struct Graph {
    /// The state that the graph begins with.
    pub start_at: StateId,
}

/// A state: what it is called, what it does, where it goes.
#[derive(Clone, Debug)]
pub struct State {
    /// 1 to 80 characters, unique in the machine.
    pub name: Arc<str>,
    /// What it does.
    pub kind: Kind,
    /// What its expressions are written in.
    pub language: Language,
    /// `InputPath`, `Parameters`, `ResultSelector`, `ResultPath`, `OutputPath`; or `Arguments`.
    pub flow: DataFlow,
    /// `Output` and `Assign` of the state itself; those of choice rules and catchers are theirs.
    pub exit: Exit,
    /// `Next` or `End`. `End` for Choice, Succeed and Fail, which do not use it.
    pub next: Transition,
    /// `Retry`, in order. Task, Parallel and Map only.
    pub retry: Vec<Retrier>,
    /// `Catch`, in order. Task, Parallel and Map only.
    pub catch: Vec<Catcher>,
}

/// Where a state goes when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// To this state of the same graph.
    Next(StateId),
    /// The graph is finished.
    End,
}

/// The eight state types.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Passes its input on, or a fixed `Result`.
    Pass {
        /// `Result`: replaces the state's result when present; never interpolated.
        result: Option<Document>,
    },
    /// Calls something outside.
    Task(Box<Task>),
    /// Branches.
    Choice(Choice),
    /// Waits.
    Wait(Wait),
    /// Ends its graph successfully.
    Succeed,
    /// Ends its graph with an error.
    Fail(Fail),
    /// Runs branches side by side.
    Parallel {
        /// In order; their results make the array.
        branches: Vec<Graph>,
    },
    /// Runs its processor once for every item.
    Map(Box<Map>),
}

impl Kind {
    /// The `Type` field's value: `Pass`, `Task`, ...
    pub fn type_name(&self) -> &'static str {
        match self {
            Kind::Pass { .. } => "Pass",
            Kind::Task(_) => "Task",
            Kind::Choice(_) => "Choice",
            Kind::Wait(_) => "Wait",
            Kind::Succeed => "Succeed",
            Kind::Fail(_) => "Fail",
            Kind::Parallel { .. } => "Parallel",
            Kind::Map(_) => "Map",
        }
    }
}

/// A query language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// The older one, and the default.
    #[default]
    JsonPath,
    /// `{% ... %}`.
    Jsonata,
}

impl Language {
    /// The value of `QueryLanguage`.
    pub fn name(self) -> &'static str {
        match self {
            Language::JsonPath => "JSONPath",
            Language::Jsonata => "JSONata",
        }
    }

    /// The other one.
    pub fn other(self) -> Language {
        match self {
            Language::JsonPath => Language::Jsonata,
            Language::Jsonata => Language::JsonPath,
        }
    }
}

/// What a state gives to what it calls, or assigns to variables, in the state's language.
#[derive(Clone, Debug)]
pub enum Payload {
    /// A JSONPath payload template.
    Template(Template),
    /// JSON with JSONata expressions in it.
    Query(Query),
}

/// What a state, a choice rule or a catcher makes of what came out.
#[derive(Clone, Debug, Default)]
pub struct Exit {
    /// `Output`; JSONata only.
    pub output: Option<Query>,
    /// `Assign`: an object, by the names of the variables.
    pub assign: Option<Payload>,
}

/// The data flow fields. What a state type or its language does not have is at its default, which changes nothing.
#[derive(Clone, Debug, Default)]
pub struct DataFlow {
    /// `InputPath`.
    pub input_path: Filter,
    /// `Parameters` or `Arguments` (for Map: `ItemSelector` or its old name `Parameters`, applied per item).
    pub parameters: Option<Payload>,
    /// `ResultSelector`.
    pub result_selector: Option<Template>,
    /// `ResultPath`.
    pub result_path: ResultPath,
    /// `OutputPath`.
    pub output_path: Filter,
}

/// `InputPath` and `OutputPath`.
#[derive(Clone, Debug, Default)]
pub enum Filter {
    /// `$`, the default: the document itself.
    #[default]
    Whole,
    /// `null`: an empty object.
    Empty,
    /// What the path selects.
    Select(Path),
}

/// `ResultPath`.
#[derive(Clone, Debug, Default)]
pub enum ResultPath {
    /// `$`, the default: the result replaces the input.
    #[default]
    Replace,
    /// `null`: the result is dropped, the raw state input goes on.
    Discard,
    /// The result is put into the raw state input.
    At(ReferencePath),
}

/// A number of a field and its dynamic forms.
#[derive(Clone, Debug)]
pub enum Dynamic<T> {
    /// Written in the definition.
    Fixed(T),
    /// `...Path`: taken from the effective input, the context or a variable when the state is entered.
    Path(Path),
    /// A JSONata expression, evaluated when the state is entered.
    Query(QueryExpression),
}

/// What a Task state adds.
#[derive(Clone, Debug)]
pub struct Task {
    /// What it calls.
    pub resource: Resource,
    /// `TimeoutSeconds`, 1..=99,999,999.
    pub timeout: Option<Dynamic<u64>>,
    /// `HeartbeatSeconds`, 1..=99,999,999.
    pub heartbeat: Option<Dynamic<u64>>,
    /// `Credentials`: an object with a `RoleArn`.
    pub credentials: Option<Payload>,
}

/// A Task's `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// As written.
    pub arn: Arc<str>,
    /// What it names.
    pub target: Target,
}

/// What a `Resource` names (spec integrations.md section 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `arn:<p>:lambda:<r>:<acct>:function:<name>[:qualifier]`.
    Function,
    /// `arn:<p>:states:<r>:<acct>:activity:<name>`.
    Activity,
    /// `arn:<p>:states:::<service>:<action>[suffix]`.
    Service {
        /// `lambda`, `sqs`, `aws-sdk:dynamodb`, ...: the history's `resourceType`.
        resource_type: Arc<str>,
        /// The action with its suffix, `invoke.waitForTaskToken`: the history's `resource`.
        resource: Arc<str>,
        /// The action alone, `invoke`.
        action: Arc<str>,
        /// How its end is learnt.
        pattern: Pattern,
    },
}

/// How the end of a service task is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The answer of the call is the result.
    RequestResponse,
    /// `.sync`: the job's end is the result.
    Sync,
    /// `.sync:2`: the same, with parsed JSON.
    Sync2,
    /// `.waitForTaskToken`: somebody answers with the token.
    WaitForTaskToken,
}

/// What a Choice state adds.
#[derive(Clone, Debug)]
pub struct Choice {
    /// In order; the first that holds wins.
    pub rules: Vec<ChoiceRule>,
    /// `Default`.
    pub default: Option<StateId>,
}

/// One of `Choices`.
#[derive(Clone, Debug)]
pub struct ChoiceRule {
    /// When it holds.
    pub condition: Condition,
    /// Its `Output` and `Assign`.
    pub exit: Exit,
    /// Where it leads.
    pub next: StateId,
}

/// A choice rule's test.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All hold.
    And(Vec<Condition>),
    /// One holds.
    Or(Vec<Condition>),
    /// It does not hold.
    Not(Box<Condition>),
    /// A comparison.
    Test(Comparison),
    /// `Condition` of a JSONata state; only at the top of a rule.
    Query(Query),
}

/// `Variable` with one operator.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// `Variable`.
    pub variable: Path,
    /// The operator, without `Path`.
    pub operator: Operator,
    /// What it is compared with.
    pub operand: Operand,
}

/// The right side of a comparison.
#[derive(Clone, Debug)]
pub enum Operand {
    /// Written in the definition; of the type that the operator takes.
    Literal(Value),
    /// The operator's `...Path` form.
    Path(Path),
}

/// How two values of one family are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// `Equals`
    Equals,
    /// `LessThan`
    LessThan,
    /// `GreaterThan`
    GreaterThan,
    /// `LessThanEquals`
    LessThanEquals,
    /// `GreaterThanEquals`
    GreaterThanEquals,
}

/// The Choice operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `StringEquals`, `StringLessThan`, ...
    String(Relation),
    /// `StringMatches`; no `Path` form.
    StringMatches,
    /// `NumericEquals`, ...
    Numeric(Relation),
    /// `BooleanEquals`.
    BooleanEquals,
    /// `TimestampEquals`, ...
    Timestamp(Relation),
    /// `IsNull`; like all type tests, takes a boolean and has no `Path` form.
    IsNull,
    /// `IsPresent`
    IsPresent,
    /// `IsNumeric`
    IsNumeric,
    /// `IsString`
    IsString,
    /// `IsBoolean`
    IsBoolean,
    /// `IsTimestamp`
    IsTimestamp,
}

/// What a Wait state waits for.
#[derive(Clone, Debug)]
pub enum Wait {
    /// `Seconds`, 0..=99,999,999.
    Seconds(u64),
    /// `SecondsPath`.
    SecondsPath(Path),
    /// `Timestamp`, RFC 3339.
    Timestamp(Arc<str>),
    /// `TimestampPath`.
    TimestampPath(Path),
    /// `Seconds`, as a JSONata expression.
    SecondsQuery(QueryExpression),
    /// `Timestamp`, as a JSONata expression.
    TimestampQuery(QueryExpression),
}

/// What a Fail state adds.
#[derive(Clone, Debug, Default)]
pub struct Fail {
    /// `Error` or `ErrorPath`.
    pub error: Option<FailText>,
    /// `Cause` or `CausePath`.
    pub cause: Option<FailText>,
}

/// A Fail state's text.
#[derive(Clone, Debug)]
pub enum FailText {
    /// As written.
    Literal(Arc<str>),
    /// `ErrorPath`, `CausePath`: a path or an intrinsic.
    Expression(Expression),
    /// `Error`, `Cause`, as a JSONata expression.
    Query(QueryExpression),
}

/// What a Map state adds.
#[derive(Clone, Debug)]
pub struct Map {
    /// `ItemProcessor` or its old name `Iterator`.
    pub processor: Graph,
    /// Where the items are.
    pub items: Items,
    /// `MaxConcurrency`; 0 or absent: the service's limit.
    pub max_concurrency: Option<Dynamic<u64>>,
    /// `ToleratedFailureCount`: evaluated and checked, without effect on an inline Map.
    pub tolerated_failure_count: Option<Dynamic<u64>>,
    /// `ToleratedFailurePercentage`, 0..=100.
    pub tolerated_failure_percentage: Option<Dynamic<f64>>,
    /// What distributed mode adds; none for an inline Map.
    pub distributed: Option<Box<Distributed>>,
}

/// Where a Map's items are.
#[derive(Clone, Debug)]
pub enum Items {
    /// The effective input is the array.
    Input,
    /// `ItemsPath`.
    Path(Path),
    /// `Items`.
    Query(Query),
}

/// One of `Retry`.
#[derive(Clone, Debug)]
pub struct Retrier {
    /// `ErrorEquals`.
    pub errors: ErrorMatcher,
    /// `IntervalSeconds`, default 1.
    pub interval_seconds: u64,
    /// `MaxAttempts`, default 3.
    pub max_attempts: u64,
    /// `BackoffRate`, default 2.0.
    pub backoff_rate: f64,
    /// `MaxDelaySeconds`.
    pub max_delay_seconds: Option<u64>,
    /// `JitterStrategy: FULL`.
    pub full_jitter: bool,
}

/// One of `Catch`.
#[derive(Clone, Debug)]
pub struct Catcher {
    /// `ErrorEquals`.
    pub errors: ErrorMatcher,
    /// `ResultPath` for the error output.
    pub result_path: ResultPath,
    /// Its `Output` and `Assign`.
    pub exit: Exit,
    /// `Next`.
    pub next: StateId,
}

/// `ErrorEquals`: which errors a retrier or catcher takes.
#[derive(Clone, Debug)]
pub struct ErrorMatcher {
    names: Vec<Arc<str>>,
}

impl ErrorMatcher {
    /// From the names as written; not empty.
    pub fn new(names: Vec<Arc<str>>) -> ErrorMatcher {
        ErrorMatcher { names }
    }

    /// Whether the error is taken (spec asl.md section 7).
    ///
    /// `States.ALL` takes everything but `States.Runtime`, `States.TaskFailed` everything but timeouts and
    /// `States.Runtime`.
    pub fn matches(&self, error: &str) -> bool {
        error != "States.Runtime" && self.names.iter().any(|name| matches_name(name, error))
    }
}

fn matches_name(name: &str, error: &str) -> bool {
    let timeout = |e: &str| e == "States.Timeout" || e == "States.HeartbeatTimeout";
    match name {
        "States.ALL" => true,
        "States.TaskFailed" => !timeout(error),
        _ => name == error,
    }
}
