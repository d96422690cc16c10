//! What an expression may look at: the document, and the context object, built only when somebody looks.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use asl::definition::State;
use expr::json::{Document, Value};
use expr::{Allowance, Roots};

use crate::execution::{Facts, Frame, MapItem};
use crate::map_run::ItemScope;
use crate::redrive::Redriven;
use crate::state::counts_retries;
use crate::time::Timestamp;
use crate::variables::Variables;

/// The roots of paths within one state: `$`, `$$` and `$name`.
pub(crate) struct Scope<'a> {
    document: &'a Document,
    source: &'a ContextSource<'a>,
    context: OnceCell<Value>,
}

/// What the context object is made from.
pub(crate) struct ContextSource<'a> {
    facts: &'a Facts,
    /// None where it is not told.
    redriven: Option<Redriven>,
    state: &'a str,
    entered_at: Timestamp,
    retry_count: Option<u32>,
    item: Option<Arc<MapItem>>,
    /// What a test gave instead; only the item of an ItemSelector is added to it.
    given: Option<Value>,
    token: Option<Arc<str>>,
    /// Own scope first.
    variables: Vec<Arc<Variables>>,
    /// What JSONPath may still do in this turn.
    allowance: Rc<Allowance>,
}

impl<'a> ContextSource<'a> {
    /// Of a frame in a state. Only the types that can be retried count retries ([rec]); one that cannot be redriven is not
    /// told that it was not.
    pub(crate) fn new(
        facts: &'a Facts,
        redriven: Option<Redriven>,
        state: &'a State,
        frame: &Frame,
        variables: Vec<Arc<Variables>>,
    ) -> ContextSource<'a> {
        ContextSource {
            facts,
            redriven,
            state: &state.name,
            entered_at: frame.entered_at,
            retry_count: counts_retries(&state.kind).then(|| frame.attempts.iter().sum()),
            item: frame.item.clone(),
            given: None,
            token: None,
            variables,
            allowance: Rc::default(),
        }
    }

    /// Evaluations share what they may do with the others of the turn.
    pub(crate) fn within(mut self, allowance: &Rc<Allowance>) -> ContextSource<'a> {
        self.allowance = allowance.clone();
        self
    }

    /// A test's context object in its stead.
    pub(crate) fn replaced_by(mut self, given: Option<&Value>) -> ContextSource<'a> {
        self.given = given.cloned();
        self
    }

    /// Of an item of a map run, after the step that began it.
    pub(crate) fn of_item(
        facts: &'a Facts,
        state: &'a State,
        scope: &ItemScope,
        item: Arc<MapItem>,
    ) -> ContextSource<'a> {
        ContextSource {
            facts,
            state: &state.name,
            entered_at: scope.entered_at,
            token: None,
            retry_count: Some(scope.retries),
            given: None,
            redriven: scope.redriven,
            item: Some(item),
            variables: vec![scope.variables.clone()],
            allowance: Rc::default(),
        }
    }

    /// A workflow variable.
    pub(crate) fn variable(&self, name: &str) -> Option<&Document> {
        self.variables.iter().find_map(|scope| scope.get(name))
    }

    /// The same, for another item: an ItemSelector sees the item that it selects from.
    pub(crate) fn with_item(mut self, item: Arc<MapItem>) -> ContextSource<'a> {
        self.item = Some(item);
        self
    }

    /// The same with a task token.
    pub(crate) fn with_token(mut self, token: Option<Arc<str>>) -> ContextSource<'a> {
        self.token = token;
        self
    }

    /// Expressions over `document` in this context.
    pub(crate) fn over(&'a self, document: &'a Document) -> Scope<'a> {
        Scope {
            document,
            source: self,
            context: OnceCell::new(),
        }
    }

    /// Key order as recorded (context_object cases): Execution, StateMachine, State, Map; then Task.
    pub(crate) fn object(&self) -> Value {
        let mut members = self.members();
        if let Some(item) = &self.item {
            let pair = [
                ("Index".into(), Value::int(i64::from(item.index))),
                ("Value".into(), item.value.clone()),
            ];
            members.push((
                "Map".into(),
                Value::object([("Item".into(), Value::object(pair))]),
            ));
        }
        // A test's context object has a token, or has none.
        if let (Some(token), None) = (&self.token, &self.given) {
            let pair = [("Token".into(), Value::string(token.clone()))];
            members.push(("Task".into(), Value::object(pair)));
        }
        Value::object(members)
    }

    fn members(&self) -> Vec<(Arc<str>, Value)> {
        if let Some(Value::Object(given)) = &self.given {
            let own = given
                .iter()
                .filter(|(name, _)| self.item.is_none() || &***name != "Map");
            return own
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
        }
        vec![
            ("Execution".into(), self.execution()),
            ("StateMachine".into(), self.state_machine()),
            ("State".into(), self.state_object()),
        ]
    }

    fn execution(&self) -> Value {
        let mut members = vec![
            ("Id".into(), Value::string(self.facts.arn.clone())),
            ("Input".into(), self.facts.input.value().clone()),
            (
                "StartTime".into(),
                Value::string(self.facts.started.to_string()),
            ),
            ("Name".into(), Value::string(self.facts.name.clone())),
            ("RoleArn".into(), Value::string(self.facts.role_arn.clone())),
        ];
        if let Some(redriven) = self.redriven {
            let count = Value::int(i64::from(redriven.count));
            members.push(("RedriveCount".into(), count));
            let at = redriven.at.map(|at| Value::string(at.to_string()));
            members.extend(at.map(|at| ("RedriveTime".into(), at)));
        }
        Value::object(members)
    }

    fn state_machine(&self) -> Value {
        Value::object([
            ("Id".into(), Value::string(self.facts.machine_arn.clone())),
            (
                "Name".into(),
                Value::string(self.facts.machine_name.clone()),
            ),
        ])
    }

    fn state_object(&self) -> Value {
        let mut members = vec![
            ("Name".into(), Value::string(self.state)),
            (
                "EnteredTime".into(),
                Value::string(self.entered_at.to_string()),
            ),
        ];
        if let Some(count) = self.retry_count {
            members.push(("RetryCount".into(), Value::int(i64::from(count))));
        }
        Value::object(members)
    }
}

impl Roots for Scope<'_> {
    fn input(&self) -> &Value {
        self.document.value()
    }

    fn context(&self) -> &Value {
        self.context.get_or_init(|| self.source.object())
    }

    fn variable(&self, name: &str) -> Option<&Value> {
        self.source.variable(name).map(Document::value)
    }

    fn allowance(&self) -> Option<&Allowance> {
        Some(&self.source.allowance)
    }
}
