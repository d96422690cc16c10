//! From text to tree: what the expression says, before what it means.

mod lexer;
mod parser;
mod power;
mod tree;

pub(crate) use parser::parse;
pub(crate) use tree::{Kind, Literal, Pairs, SortTerm, Tree};
