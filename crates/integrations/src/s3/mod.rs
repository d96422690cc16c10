//! S3, as far as item readers and result writers of a Map need it: a client, and the items in objects and lists.
//!
//! Objects are read by ranges, so that memory does not grow with them. Buckets are named in the path, as custom
//! endpoints want it.

mod client;
mod csv;
mod json;
mod reader;
mod window;
mod xml;

pub use client::{ListPage, ListRequest, Listed, ObjectName, Part, S3Client, S3Error};
pub use reader::{Format, ItemReader, ReadError, TextItem};
