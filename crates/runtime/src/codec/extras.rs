//! What a row says beyond the fields of its format: a count, then for each extra a tag and its bytes.
//!
//! An extra that is not there costs nothing, and a new one needs no new format. A tag that is not known is refused: it
//! stands for something that a newer server did.

use super::{DecodeError, Reader, Writer};

/// Extras under construction, in the order of their tags.
#[derive(Debug, Default)]
pub struct ExtrasWriter {
    count: u64,
    body: Writer,
}

impl ExtrasWriter {
    /// Adds one; what `write` writes is its bytes.
    pub fn add(&mut self, tag: u8, write: impl FnOnce(&mut Writer)) {
        let mut bytes = Writer::default();
        write(&mut bytes);
        self.count += 1;
        self.body.byte(tag);
        self.body.bytes(&bytes.finish());
    }

    /// Ends the row with them.
    pub fn write(self, out: &mut Writer) {
        out.uint(self.count);
        out.append(self.body);
    }
}

/// Calls `found` with the tag and the bytes of every extra; it says whether it knows the tag.
pub fn read_extras<'a>(
    reader: &mut Reader<'a>,
    mut found: impl FnMut(u8, &mut Reader<'a>) -> Result<bool, DecodeError>,
) -> Result<(), DecodeError> {
    for _ in 0..reader.count()? {
        let tag = reader.byte()?;
        let mut bytes = Reader::unversioned(reader.bytes()?);
        if !found(tag, &mut bytes)? {
            return Err(DecodeError::Extra(tag));
        }
        if !bytes.is_empty() {
            return Err(DecodeError::Malformed("an extra is too long"));
        }
    }
    Ok(())
}
