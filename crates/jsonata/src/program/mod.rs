//! The program: what the evaluator runs. Made of the parser's tree once.

mod ancestry;
mod compile;
mod node;
mod references;
mod steps;

pub(crate) use compile::compile;
pub(crate) use node::{
    Group, Kind, Lambda, Node, Operator, Partial, Path, Program, SortTerm, Stage, Transform,
};
pub(crate) use references::{Found, references};
