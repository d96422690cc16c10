//! Definitions in, diagnostics or machines out.

mod check;
mod choice;
mod compiled;
mod data_flow;
mod errors;
mod fields;
mod graph;
mod json_text;
mod limits;
mod map;
mod positions;
mod query_language;
mod resources;
mod responses;
mod services;
mod timestamps;
mod unsupported;
mod variables;
mod warnings;
