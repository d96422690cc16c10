//! Reading primitives.

use std::sync::Arc;

/// Why bytes are not what they should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// They end too early.
    #[error("the row is cut short")]
    Short,
    /// A newer server wrote them.
    #[error("the row's version is {0}, which this server does not know")]
    Version(u8),
    /// A newer server wrote something into them that this one does not know.
    #[error("the row has an extra of the kind {0}, which this server does not know")]
    Extra(u8),
    /// Something else.
    #[error("{0}")]
    Malformed(&'static str),
}

/// Bytes being read.
#[derive(Clone, Debug)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Checks the version byte first.
    pub fn versioned(bytes: &'a [u8], version: u8) -> Result<Reader<'a>, DecodeError> {
        let mut reader = Reader(bytes);
        match reader.byte()? {
            found if found == version => Ok(reader),
            found => Err(DecodeError::Version(found)),
        }
    }

    /// A row that has no version byte.
    pub fn unversioned(bytes: &'a [u8]) -> Reader<'a> {
        Reader(bytes)
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let (first, rest) = self.0.split_first().ok_or(DecodeError::Short)?;
        self.0 = rest;
        Ok(*first)
    }

    /// An unsigned number.
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(DecodeError::Malformed("a number is too long"))
    }

    /// An unsigned number of 32 bits.
    pub fn uint32(&mut self) -> Result<u32, DecodeError> {
        u32::try_from(self.uint()?).map_err(|_| DecodeError::Malformed("a number is out of range"))
    }

    /// How many things follow; each takes at least a byte, so that a wrong count cannot make us allocate.
    pub fn count(&mut self) -> Result<usize, DecodeError> {
        let count = usize::try_from(self.uint()?).map_err(|_| DecodeError::Short)?;
        (count <= self.0.len())
            .then_some(count)
            .ok_or(DecodeError::Short)
    }

    /// A signed number.
    pub fn int(&mut self) -> Result<i64, DecodeError> {
        let zigzag = self.uint()?;
        Ok((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    /// Length, then the bytes.
    pub fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.count()?;
        let (bytes, rest) = self.0.split_at(length);
        self.0 = rest;
        Ok(bytes)
    }

    /// A text.
    pub fn text(&mut self) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes()?)
            .map_err(|_| DecodeError::Malformed("a text is not UTF-8"))
    }

    /// A text that nobody wants to see.
    pub fn skip_text(&mut self) -> Result<(), DecodeError> {
        self.bytes().map(drop)
    }

    /// A text to keep.
    pub fn shared(&mut self) -> Result<Arc<str>, DecodeError> {
        self.text().map(Arc::from)
    }

    /// Presence, then the value.
    pub fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        match self.byte()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(DecodeError::Malformed("a flag is neither 0 nor 1")),
        }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
