//! The Choice state and its rules.

use expr::json::{Kind as JsonKind, Object, Value};
use expr::path::Path;

use super::fields::{Dialect, Fields, Sees};
use super::flow::exit;
use super::operators::{self, OperandType, OperatorField};
use super::schema::{self, Schema, Shape};
use super::state::Current;
use super::{Compiler, warnings};
use crate::definition::{Choice, ChoiceRule, Comparison, Condition, Kind, Language, Operand};
use crate::location::At;

/// What a rule is, of which it must have exactly one.
const SELECTORS: [&str; 5] = ["And", "Or", "Not", "Variable", "Condition"];

impl Compiler<'_> {
    pub(super) fn choice(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let elements = current.fields.elements("Choices");
        if elements.is_empty() {
            current.scope.mark_vague();
        }
        let mut rules = Vec::with_capacity(elements.len());
        for (index, value) in elements.iter().enumerate() {
            let at = current.at.key("Choices");
            rules.push(self.top_rule(value, current, &at.index(index)));
        }
        let default = match current.fields.text("Default") {
            None => None,
            Some(name) => Some(self.transition(
                current.scope,
                current.id,
                &name,
                &current.at.key("Default"),
            )?),
        };
        let rules = rules.into_iter().collect::<Option<Vec<ChoiceRule>>>()?;
        Some(Kind::Choice(Choice { rules, default }))
    }

    fn top_rule(
        &mut self,
        value: &Value,
        current: &mut Current<'_, '_>,
        at: &At<'_>,
    ) -> Option<ChoiceRule> {
        let Some(object) = self.object(value, at) else {
            current.scope.mark_vague();
            return None;
        };
        let (mut fields, condition) = self.rule(&schema::RULE, object, current.dialect, at);
        let Some(next) = fields.text("Next") else {
            current.scope.mark_vague();
            return None;
        };
        let next = self.transition(current.scope, current.id, &next, &at.key("Next"));
        Some(ChoiceRule {
            condition: condition?,
            exit: exit(&mut fields),
            next: next?,
        })
    }

    fn rule<'v>(
        &mut self,
        schema: &Schema,
        object: &'v Object,
        dialect: Dialect,
        at: &At<'_>,
    ) -> (Fields<'v>, Option<Condition>) {
        let selectors: Vec<&str> = SELECTORS
            .into_iter()
            .filter(|name| object.contains_key(name))
            .collect();
        let compares = selectors == ["Variable"];
        let is_operator =
            |name: &str| (compares || selectors.is_empty()) && operators::find(name).is_some();
        let mut fields = self.fields_and(schema, object, dialect, at, &is_operator);
        let condition = match selectors.as_slice() {
            [selector] => self.selected(selector, &mut fields, object, dialect, at),
            _ => {
                let list = SELECTORS.join(", ");
                self.refuse(
                    at,
                    format!("The object must have only one of the following fields, [{list}]"),
                )
            }
        };
        (fields, condition)
    }

    /// What the one selector of a rule says.
    fn selected(
        &mut self,
        selector: &str,
        fields: &mut Fields<'_>,
        object: &Object,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Condition> {
        match selector {
            "And" => self
                .conditions(fields, "And", dialect, at)
                .map(Condition::And),
            "Or" => self
                .conditions(fields, "Or", dialect, at)
                .map(Condition::Or),
            "Not" => self.negation(fields, dialect, at),
            "Variable" => self.comparison(object, dialect, at).map(Condition::Test),
            // `Condition` is JSONata's; a JSONPath state was told so.
            _ => fields.query("Condition").map(Condition::Query),
        }
    }

    fn conditions(
        &mut self,
        fields: &mut Fields<'_>,
        name: &'static str,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Vec<Condition>> {
        let field = at.key(name);
        let mut conditions = Vec::new();
        for (index, value) in fields.elements(name).iter().enumerate() {
            conditions.push(self.condition(value, dialect, &field.index(index)));
        }
        conditions
            .into_iter()
            .collect::<Option<Vec<Condition>>>()
            .filter(|conditions| !conditions.is_empty())
    }

    fn negation(
        &mut self,
        fields: &mut Fields<'_>,
        dialect: Dialect,
        at: &At<'_>,
    ) -> Option<Condition> {
        let value = fields.json("Not")?;
        self.condition(value, dialect, &at.key("Not"))
            .map(|condition| Condition::Not(Box::new(condition)))
    }

    fn condition(&mut self, value: &Value, dialect: Dialect, at: &At<'_>) -> Option<Condition> {
        let object = self.object(value, at)?;
        self.nested(at, |compiler| {
            compiler.rule(&schema::NESTED_RULE, object, dialect, at).1
        })
    }

    fn comparison(&mut self, object: &Object, dialect: Dialect, at: &At<'_>) -> Option<Comparison> {
        if dialect.language == Language::Jsonata {
            self.foreign_operators(object, dialect, at);
            return None;
        }
        let variable = self.compared_path(object.get("Variable")?, &at.key("Variable"));
        let found: Vec<(&str, &Value, OperatorField)> = object
            .iter()
            .filter_map(|(name, value)| Some((&**name, value, operators::find(name)?)))
            .collect();
        let [(name, value, field)] = found.as_slice() else {
            return self.refuse_operators(found.len(), at);
        };
        let operand = self.operand(*field, value, &at.key(name));
        Some(Comparison {
            variable: variable?,
            operator: field.operator,
            operand: operand?,
        })
    }

    fn foreign_operators(&mut self, object: &Object, dialect: Dialect, at: &At<'_>) {
        for (name, _) in object
            .iter()
            .filter(|(name, _)| dialect.strict && operators::find(name).is_some())
        {
            self.foreign_field(name, dialect.language, at);
        }
    }

    fn refuse_operators<T>(&mut self, found: usize, at: &At<'_>) -> Option<T> {
        let list = operators::names().join(", ");
        let demand = match found {
            0 => "This object should have only one of the following fields",
            _ => "There should only be one of the following fields",
        };
        self.refuse(at, format!("{demand}: [{list}]"))
    }

    fn operand(&mut self, field: OperatorField, value: &Value, at: &At<'_>) -> Option<Operand> {
        if field.is_path {
            return self.compared_path(value, at).map(Operand::Path);
        }
        let is_right = match field.operand {
            OperandType::Text => self.text(value, at).is_some(),
            OperandType::Number => self.is_kind(JsonKind::Number, value, at),
            OperandType::Boolean => self.is_kind(JsonKind::Boolean, value, at),
            OperandType::Timestamp => self.value(Shape::Timestamp, value, JSON_PATH, at).is_some(),
        };
        if let (true, Some(text)) = (field.has_path, value.as_str()) {
            warnings::path_in_text(&mut self.log, text, at);
        }
        is_right.then(|| Operand::Literal(value.clone()))
    }

    fn is_kind(&mut self, kind: JsonKind, value: &Value, at: &At<'_>) -> bool {
        if value.kind() != kind {
            self.wrong_kind(kind, at);
        }
        value.kind() == kind
    }

    /// `Variable` and the `...Path` operators. They take any path, but the service speaks of Reference Paths.
    fn compared_path(&mut self, value: &Value, at: &At<'_>) -> Option<Path> {
        let text = self.text(value, at)?;
        if !text.starts_with('$') {
            return self.refuse(
                at,
                "Value is not a Reference Path: Reference path didn't start with '$'",
            );
        }
        self.path(text, at)
    }
}

const JSON_PATH: Dialect = Dialect {
    language: Language::JsonPath,
    strict: true,
    sees: Sees::Nothing,
};
