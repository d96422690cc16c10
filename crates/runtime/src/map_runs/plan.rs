//! What never changes about a map run: whose it is and what the engine evaluated when it began. A row of its own, so that
//! what changes is small.

use std::sync::Arc;

use engine::map_run::{Batches, ItemScope, MapRunRequest, RunItems, Tolerance};
use engine::{FrameId, MapRunId, Redriven, Timestamp};
use expr::json::Document;

use crate::codec::frames::{read_item, write_item};
use crate::codec::{DecodeError, Reader, Writer};
use crate::id::ExecutionId;

const VERSION: u8 = 1;

/// See the module's documentation.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The execution that waits for it.
    pub(crate) execution: ExecutionId,
    /// Where in it.
    pub(crate) id: MapRunId,
    /// How many map runs it is inside of, itself included.
    pub(crate) depth: u32,
    /// What was evaluated. Its tolerance is the record's business.
    pub(crate) request: MapRunRequest,
}

impl Plan {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let request = &self.request;
        let mut out = Writer::versioned(VERSION);
        out.bytes(&self.execution.0.to_be_bytes());
        out.uint(u64::from(self.id.frame.0));
        out.uint(self.id.started);
        out.uint(u64::from(self.depth));
        for text in [&request.arn, &request.uuid, &request.label] {
            out.text(text);
        }
        write_scope(&mut out, &request.scope);
        match &request.items {
            RunItems::Given(items) => {
                out.byte(0);
                out.text(items.text());
            }
            RunItems::Read {
                parameters,
                max_items,
            } => {
                out.byte(1);
                out.text(parameters.text());
                out.option(*max_items, Writer::int);
            }
        }
        out.option(request.batches.as_ref(), |out, batches| {
            out.option(batches.max_items, Writer::uint);
            out.option(batches.max_bytes, Writer::uint);
            write_document(out, batches.input.as_ref());
        });
        write_document(&mut out, request.export.as_ref());
        out.finish()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Result<Plan, DecodeError> {
        let mut reader = Reader::versioned(bytes, VERSION)?;
        let reader = &mut reader;
        let execution = reader.bytes()?.try_into().map_err(|_| DecodeError::Short)?;
        let id = MapRunId {
            frame: FrameId(reader.uint32()?),
            started: reader.uint()?,
        };
        let depth = reader.uint32()?;
        let [arn, uuid, label] = [reader.shared()?, reader.shared()?, reader.shared()?];
        let scope = read_scope(reader)?;
        let items = match reader.byte()? {
            0 => RunItems::Given(read_document(reader)?),
            1 => RunItems::Read {
                parameters: read_document(reader)?,
                max_items: reader.option(Reader::int)?,
            },
            _ => return Err(DecodeError::Malformed("the items are of an unknown kind")),
        };
        let batches = reader.option(|reader| {
            Ok(Batches {
                max_items: reader.option(Reader::uint)?,
                max_bytes: reader.option(Reader::uint)?,
                input: reader.option(read_document)?,
            })
        })?;
        let request = MapRunRequest {
            arn,
            uuid,
            label,
            scope,
            items,
            batches,
            export: reader.option(read_document)?,
            tolerance: Tolerance::default(),
        };
        Ok(Plan {
            execution: ExecutionId(u128::from_be_bytes(execution)),
            id,
            depth,
            request,
        })
    }
}

fn write_document(out: &mut Writer, document: Option<&Document>) {
    out.option(document.map(Document::text), Writer::text);
}

fn read_document(reader: &mut Reader<'_>) -> Result<Document, DecodeError> {
    Ok(Document::trusted(reader.shared()?))
}

fn write_scope(out: &mut Writer, scope: &ItemScope) {
    out.text(&scope.state);
    out.text(scope.effective.text());
    out.uint(scope.entered);
    out.int(scope.entered_at.0);
    out.uint(u64::from(scope.retries));
    out.option(scope.item.as_deref(), write_item);
    out.option(scope.redriven, |out, redriven| {
        out.uint(u64::from(redriven.count));
        out.option(redriven.at, |out, at| out.int(at.0));
    });
    out.uint(scope.variables.len() as u64);
    for (name, value) in scope.variables.iter() {
        out.text(name);
        out.text(value.text());
    }
}

fn read_scope(reader: &mut Reader<'_>) -> Result<ItemScope, DecodeError> {
    Ok(ItemScope {
        state: reader.shared()?,
        effective: read_document(reader)?,
        entered: reader.uint()?,
        entered_at: Timestamp(reader.int()?),
        retries: reader.uint32()?,
        item: reader.option(read_item)?,
        redriven: reader.option(|reader| {
            Ok(Redriven {
                count: reader.uint32()?,
                at: reader.option(Reader::int)?.map(Timestamp),
            })
        })?,
        variables: {
            let count = reader.count()?;
            let variables = (0..count)
                .map(|_| Ok((reader.shared()?, read_document(reader)?)))
                .collect::<Result<_, DecodeError>>()?;
            Arc::new(variables)
        },
    })
}
