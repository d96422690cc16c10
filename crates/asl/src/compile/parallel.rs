//! The Parallel state.

use expr::json::Value;

use super::Compiler;
use super::graph::Level;
use super::schema::{self, Schema};
use super::state::Current;
use crate::definition::{Graph, Kind};
use crate::location::At;

impl Compiler<'_> {
    pub(super) fn parallel(&mut self, current: &mut Current<'_, '_>) -> Option<Kind> {
        let branches = current.fields.elements("Branches");
        let mut graphs = Vec::with_capacity(branches.len());
        for (index, branch) in branches.iter().enumerate() {
            let at = current.at.key("Branches");
            graphs.push(self.nested_graph(&schema::BRANCH, branch, &at.index(index)));
        }
        let branches = graphs.into_iter().collect::<Option<Vec<Graph>>>()?;
        (!branches.is_empty()).then_some(Kind::Parallel { branches })
    }

    fn nested_graph(&mut self, schema: &Schema, value: &Value, at: &At<'_>) -> Option<Graph> {
        let object = self.object(value, at)?;
        self.nested(at, |compiler| {
            let mut fields = compiler.fields(schema, object, compiler.machine_dialect(), at);
            compiler.graph(&mut fields, Level::Nested, at)
        })
    }
}
