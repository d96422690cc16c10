//! Draws workflows: valid definitions whose result depends on nothing but the answers of their tasks.
//!
//! Every scope (the root, a branch, an iteration) has a key variable that is unique in the execution, which its tasks
//! send along: with the state's name and its retry count the key names an attempt, whatever else happened in between.
//! At most one branch or iteration of a Parallel or Map may fail, so that no race decides which error is reported.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Scopes within scopes.
const DEPTH: usize = 2;

/// A definition and what its history is checked against.
pub(crate) struct Workflow {
    pub(crate) definition: String,
    /// It has a `TimeoutSeconds` of its own: whether it is reached depends on the clock.
    pub(crate) has_deadline: bool,
}

/// Draws one.
pub(crate) fn draw(random: &mut Random) -> Workflow {
    let mut generator = Generator {
        random,
        states: 0,
        scopes: 0,
    };
    let mut definition = generator.scope(None, Kind::Root, true, 0);
    let has_deadline = generator.random.percent(10);
    if has_deadline {
        definition["TimeoutSeconds"] = json!(generator.random.between(5, 60));
    }
    Workflow {
        definition: definition.to_string(),
        has_deadline,
    }
}

/// The activity of all activity tasks.
pub(crate) const ACTIVITY: &str = "arn:aws:states:us-east-1:123456789012:activity:a";

/// What a task calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Called {
    Function,
    Service,
    Callback,
    Activity,
}

/// As often as they are drawn.
const CALLED: [Called; 8] = [
    Called::Function,
    Called::Function,
    Called::Service,
    Called::Service,
    Called::Callback,
    Called::Callback,
    Called::Activity,
    Called::Activity,
];

/// What a scope is.
enum Kind {
    Root,
    Branch(usize),
    /// Of a Map; the item that fails, if one does.
    Iteration(Option<u64>),
}

/// A scope under construction.
struct Scope {
    number: usize,
    depth: usize,
    outer: Option<usize>,
    may_fail: bool,
}

impl Scope {
    fn key(&self) -> String {
        format!("k{}", self.number)
    }

    fn counter(&self) -> String {
        format!("x{}", self.number)
    }
}

/// Where a state may go.
struct Exits<'a> {
    next: &'a str,
    /// Any later state of the scope.
    later: &'a str,
}

struct Generator<'a> {
    random: &'a mut Random,
    states: usize,
    scopes: usize,
}

impl Generator<'_> {
    fn name(&mut self, prefix: &str) -> String {
        self.states += 1;
        format!("{prefix}{}", self.states)
    }

    fn scope(&mut self, outer: Option<usize>, kind: Kind, may_fail: bool, depth: usize) -> Value {
        let scope = Scope {
            number: self.scopes,
            depth,
            outer,
            may_fail,
        };
        self.scopes += 1;
        let middle = self.random.between(1, 4 - depth as u64);
        let mut names = vec![self.name("First")];
        names.extend((0..middle).map(|_| self.name("S")));
        names.push(self.name("Last"));
        let mut states = Map::new();
        let first = self.first(&scope, &kind, &names[1]);
        states.insert(names[0].clone(), first);
        if let Kind::Iteration(Some(item)) = kind {
            self.fail_on_item(&mut states, &names, item);
        }
        for position in 1..names.len() - 1 {
            let later = self
                .random
                .between(position as u64 + 1, names.len() as u64 - 1);
            let exits = Exits {
                next: &names[position + 1],
                later: &names[later as usize],
            };
            let state = self.middle(&scope, &names[position], &exits, &mut states);
            states.insert(names[position].clone(), state);
        }
        states.insert(names[names.len() - 1].clone(), last(&scope));
        json!({"StartAt": names[0], "States": states})
    }

    /// Gives the scope its variables, and items for its Maps.
    fn first(&mut self, scope: &Scope, kind: &Kind, next: &str) -> Value {
        let outer = scope.outer.unwrap_or_default();
        let query = self.random.percent(40);
        let key = match (kind, query) {
            (Kind::Root, _) => json!("r"),
            (Kind::Branch(index), false) => {
                json!(format!(
                    "States.Format('{{}}.b{index}.{{}}', $k{outer}, $.in.rc)"
                ))
            }
            (Kind::Branch(index), true) => {
                json!(format!(
                    "{{% $k{outer} & '.b{index}.' & $string($states.input.rc) %}}"
                ))
            }
            (Kind::Iteration(_), false) => {
                json!(format!(
                    "States.Format('{{}}.i{{}}.{{}}', $k{outer}, $.in.i, $.in.rc)"
                ))
            }
            (Kind::Iteration(_), true) => {
                json!(format!(
                    "{{% $k{outer} & '.i' & $string($states.input.i) & '.' & $string($states.input.rc) %}}"
                ))
            }
        };
        let items: Vec<u64> = (0..self.random.below(5)).collect();
        let path = !query && !matches!(kind, Kind::Root);
        let key_name = if path {
            format!("{}.$", scope.key())
        } else {
            scope.key()
        };
        let assign = json!({key_name: key, scope.counter(): self.random.below(3)});
        match query {
            true => {
                json!({"Type": "Pass", "QueryLanguage": "JSONata", "Assign": assign, "Next": next,
                "Output": {"items": items, "in": "{% $states.input %}"}})
            }
            false => json!({"Type": "Pass", "Assign": assign, "Next": next,
                "Parameters": {"items": items, "in.$": "$"}}),
        }
    }

    fn fail_on_item(&mut self, states: &mut Map<String, Value>, names: &[String], item: u64) {
        let (choice, fail) = (self.name("Guard"), self.name("Fail"));
        states[&names[0]]["Next"] = json!(choice);
        states.insert(
            choice,
            json!({"Type": "Choice", "Default": names[1],
            "Choices": [{"Variable": "$.in.i", "NumericEquals": item, "Next": fail}]}),
        );
        states.insert(
            fail,
            json!({"Type": "Fail", "Error": "Item", "Cause": "this one"}),
        );
    }

    fn middle(
        &mut self,
        scope: &Scope,
        name: &str,
        exits: &Exits<'_>,
        states: &mut Map<String, Value>,
    ) -> Value {
        let nested = scope.depth < DEPTH;
        match self.random.below(if nested { 14 } else { 9 }) {
            0..=4 => self.task(scope, name, exits),
            5 => self.pass(scope, exits.next),
            6 | 7 => self.wait(exits.next),
            8 => self.choice(scope, exits, states),
            9..=11 => self.parallel(scope, exits),
            _ => self.map(scope, exits),
        }
    }

    fn pass(&mut self, scope: &Scope, next: &str) -> Value {
        let counter = scope.counter();
        match self.random.percent(50) {
            true => json!({"Type": "Pass", "QueryLanguage": "JSONata", "Next": next,
                "Assign": {&counter: format!("{{% ${counter} + 1 %}}"), format!("p{}", scope.number): {"of": format!("{{% ${} %}}", scope.key())}},
                "Output": format!("{{% $merge([$states.input, {{'p': ${counter}}}]) %}}")}),
            false => {
                json!({"Type": "Pass", "Next": next, "ResultPath": "$.p", "Result": {"p": [1, "two"]},
                "Assign": {format!("{counter}.$"): format!("States.MathAdd(${counter}, 1)")}})
            }
        }
    }

    fn wait(&mut self, next: &str) -> Value {
        let seconds = self.random.between(0, 12);
        match self.random.percent(50) {
            true => json!({"Type": "Wait", "Seconds": seconds, "Next": next}),
            false => json!({"Type": "Wait", "QueryLanguage": "JSONata", "Next": next,
                "Seconds": format!("{{% {seconds} + 0 %}}")}),
        }
    }

    fn choice(
        &mut self,
        scope: &Scope,
        exits: &Exits<'_>,
        states: &mut Map<String, Value>,
    ) -> Value {
        let target = match scope.may_fail && self.random.percent(40) {
            true => {
                let fail = self.name("Fail");
                states.insert(
                    fail.clone(),
                    json!({"Type": "Fail", "Error": "Chosen", "Cause": "by a Choice"}),
                );
                fail
            }
            false => exits.later.to_owned(),
        };
        let (counter, bound) = (scope.counter(), self.random.below(4));
        match self.random.percent(50) {
            true => json!({"Type": "Choice", "QueryLanguage": "JSONata", "Default": exits.next,
                "Choices": [{"Condition": format!("{{% ${counter} > {bound} %}}"), "Next": target}]}),
            false => json!({"Type": "Choice", "Default": exits.next,
                "Choices": [{"Variable": format!("${counter}"), "NumericGreaterThan": bound, "Next": target}]}),
        }
    }

    fn task(&mut self, scope: &Scope, name: &str, exits: &Exits<'_>) -> Value {
        let called = *self.random.pick(&CALLED);
        // Whoever has a token, or would take a task, may be gone for ever.
        let timed =
            self.random.percent(50) || matches!(called, Called::Callback | Called::Activity);
        let query = self.random.percent(40);
        let (key, counter) = (scope.key(), scope.counter());
        let mut payload = match query {
            true => {
                json!({"s": name, "t": timed, "key": format!("{{% ${key} %}}"), "x": format!("{{% ${counter} %}}"),
                "n": "{% $states.context.State.RetryCount %}",
                "r": "{% $states.context.Execution.RedriveCount %}"})
            }
            false => {
                json!({"s": name, "t": timed, "key.$": format!("${key}"), "x.$": format!("${counter}"),
                "n.$": "$$.State.RetryCount", "r.$": "$$.Execution.RedriveCount"})
            }
        };
        if called == Called::Callback {
            match query {
                true => payload["token"] = json!("{% $states.context.Task.Token %}"),
                false => payload["token.$"] = json!("$$.Task.Token"),
            }
        }
        let invoked = |payload| json!({"FunctionName": "f", "Payload": payload});
        let (resource, arguments) = match called {
            Called::Function => ("arn:aws:lambda:us-east-1:123456789012:function:f", payload),
            Called::Service => ("arn:aws:states:::lambda:invoke", invoked(payload)),
            Called::Callback => (
                "arn:aws:states:::lambda:invoke.waitForTaskToken",
                invoked(payload),
            ),
            Called::Activity => (ACTIVITY, payload),
        };
        let mut state = match query {
            true => json!({"Type": "Task", "QueryLanguage": "JSONata", "Arguments": arguments,
                "Output": "{% $merge([$states.input, {'t': $states.result}]) %}",
                "Assign": {&counter: "{% $states.result.v %}"}}),
            false => json!({"Type": "Task", "Parameters": arguments, "ResultPath": "$.t",
                "Assign": {format!("{counter}.$"): "$.v"}}),
        };
        state["Resource"] = json!(resource);
        state["Next"] = json!(exits.next);
        if timed {
            let timeout = self.random.between(2, 20);
            state["TimeoutSeconds"] = json!(timeout);
            if self.random.percent(40) {
                state["HeartbeatSeconds"] = json!(self.random.between(1, timeout - 1));
            }
        }
        if self.random.percent(60) {
            state["Retry"] = self.retriers();
        }
        if !scope.may_fail || self.random.percent(50) {
            state["Catch"] = self.catchers(scope, query, exits.later);
        }
        state
    }

    fn retriers(&mut self) -> Value {
        let mut retrier = |errors: Value| {
            json!({"ErrorEquals": errors, "IntervalSeconds": self.random.between(1, 4),
                "MaxAttempts": self.random.below(4), "BackoffRate": self.random.between(1, 2)})
        };
        match (
            retrier(json!(["E1", "States.Timeout"])),
            retrier(json!(["States.ALL"])),
        ) {
            (first, second) if self.random.percent(60) => json!([first, second]),
            (first, _) => json!([first]),
        }
    }

    fn catchers(&mut self, scope: &Scope, query: bool, target: &str) -> Value {
        let counter = scope.counter();
        match query {
            true => json!([{"ErrorEquals": ["States.ALL"], "Next": target,
                "Assign": {&counter: format!("{{% ${counter} + 10 %}}")},
                "Output": "{% $merge([$states.input, {'e': $states.errorOutput}]) %}"}]),
            false => json!([{"ErrorEquals": ["States.ALL"], "Next": target, "ResultPath": "$.e",
                "Assign": {format!("{counter}.$"): format!("States.MathAdd(${counter}, 10)")}}]),
        }
    }

    /// Retry and Catch of a Parallel or Map; whether one of its children may fail.
    fn guard(&mut self, scope: &Scope, state: &mut Value, target: &str) -> bool {
        let caught = self.random.percent(50);
        if caught {
            state["Catch"] = self.catchers(scope, false, target);
        }
        if self.random.percent(30) {
            state["Retry"] = self.retriers();
        }
        caught || scope.may_fail
    }

    fn parallel(&mut self, scope: &Scope, exits: &Exits<'_>) -> Value {
        let mut state = json!({"Type": "Parallel", "Next": exits.next, "ResultPath": "$.q",
            "Parameters": {"rc.$": "$$.State.RetryCount", "d.$": "$.items"}});
        let may_fail = self.guard(scope, &mut state, exits.later);
        let branches = self.random.between(1, 3);
        let failing = self.random.below(branches);
        let branches: Vec<Value> = (0..branches)
            .map(|index| {
                let kind = Kind::Branch(index as usize);
                let may_fail = may_fail && index == failing;
                self.scope(Some(scope.number), kind, may_fail, scope.depth + 1)
            })
            .collect();
        state["Branches"] = json!(branches);
        state
    }

    fn map(&mut self, scope: &Scope, exits: &Exits<'_>) -> Value {
        let mut state = json!({"Type": "Map", "Next": exits.next, "ResultPath": "$.m", "ItemsPath": "$.items",
            "ItemSelector": {"rc.$": "$$.State.RetryCount", "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value"}});
        let may_fail = self.guard(scope, &mut state, exits.later);
        let concurrency = self.random.below(4);
        if concurrency > 0 {
            state["MaxConcurrency"] = json!(concurrency);
        }
        let failing = (may_fail && self.random.percent(40)).then(|| self.random.below(4));
        let kind = Kind::Iteration(failing);
        state["ItemProcessor"] = self.scope(Some(scope.number), kind, false, scope.depth + 1);
        state
    }
}

/// Gives all that the scope knows.
fn last(scope: &Scope) -> Value {
    let mut output = json!({"k": format!("{{% ${} %}}", scope.key()), "x": format!("{{% ${} %}}", scope.counter()),
        "d": "{% $states.input %}"});
    if let Some(outer) = scope.outer {
        output["outer"] = json!(format!("{{% $x{outer} %}}"));
    }
    json!({"Type": "Pass", "QueryLanguage": "JSONata", "Output": output, "End": true})
}
