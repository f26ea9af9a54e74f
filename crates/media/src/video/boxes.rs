//! The boxes of an MP4 file, without ever leaving the file or believing what it claims.
//!
//! Written here because what is wanted is little (names and places of boxes, a few fixed fields, two tables read in passing)
//! and each crate lacks a part of it: `mp4parse` carries a licence that this project does not take, `re_mp4` makes room by the
//! sizes that a file claims, and `mp4-atom`, which is careful, wants the whole index in memory.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// Boxes that are looked at in one file.
const BOXES_MAX: u32 = 20_000;
/// Entries of one table that are read: more than ten minutes at 1,000 frames a second.
const ENTRIES_MAX: u64 = 1_000_000;
const CHUNK_BYTES: usize = 8_192;

/// Why the walk stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The file could not be read.
    Io(io::Error),
    /// A box, or what it points to, ends behind the end of the file.
    CutOff { missing_bytes: u64 },
    /// The file breaks the rules.
    Broken(&'static str),
}

/// A box: its name, and where its content is.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: [u8; 4],
    pub(super) body: Range<u64>,
}

/// A file, and how much of it may still be looked at.
pub(super) struct Boxes<R> {
    reader: R,
    length: u64,
    left: u32,
}

impl<R: Read + Seek> Boxes<R> {
    pub(super) fn new(mut reader: R) -> Result<Self, Stop> {
        let length = reader.seek(SeekFrom::End(0)).map_err(Stop::Io)?;
        Ok(Self { reader, length, left: BOXES_MAX })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// At most so many of the first bytes.
    pub(super) fn head(&mut self, at_most: usize) -> Result<Vec<u8>, Stop> {
        let count = self.length.min(at_most as u64);
        let mut head = vec![0; usize::try_from(count).unwrap_or(0)];
        self.read(0, &mut head)?;
        Ok(head)
    }

    /// The box that begins here, in a parent that ends there; `None` at the end of the parent.
    pub(super) fn next(&mut self, at: u64, parent_end: u64) -> Result<Option<Found>, Stop> {
        let room = parent_end.saturating_sub(at);
        if room == 0 {
            return Ok(None);
        }
        // A few bytes of zero at the end close some lists.
        if room < 8 {
            return if parent_end < self.length || self.is_zero(at, room)? {
                Ok(None)
            } else {
                Err(Stop::CutOff { missing_bytes: 8 - room })
            };
        }
        self.left = self.left.checked_sub(1).ok_or(Stop::Broken("it has more boxes than any video needs"))?;
        let [s0, s1, s2, s3, k0, k1, k2, k3] = self.array::<8>(at)?;
        let (header_bytes, size) = match u32::from_be_bytes([s0, s1, s2, s3]) {
            0 => (8, room),
            1 if room >= 16 => (16, u64::from_be_bytes(self.array::<8>(at + 8)?)),
            1 => return Err(Stop::Broken("a box has no room for its own length")),
            size => (8, u64::from(size)),
        };
        if size < header_bytes {
            return Err(Stop::Broken("a box is shorter than its own head"));
        }
        if size > room {
            return Err(if parent_end == self.length {
                Stop::CutOff { missing_bytes: size - room }
            } else {
                Stop::Broken("a box is longer than the box around it")
            });
        }
        Ok(Some(Found { kind: [k0, k1, k2, k3], body: at + header_bytes..at + size }))
    }

    /// The first child of this name.
    pub(super) fn child(&mut self, parent: &Range<u64>, kind: [u8; 4]) -> Result<Option<Found>, Stop> {
        let mut at = parent.start;
        while let Some(found) = self.next(at, parent.end)? {
            if found.kind == kind {
                return Ok(Some(found));
            }
            at = found.body.end;
        }
        Ok(None)
    }

    /// So many bytes from the content of a box, at this place in it.
    pub(super) fn field<const COUNT: usize>(&mut self, body: &Range<u64>, offset: u64) -> Result<[u8; COUNT], Stop> {
        let at = body.start.saturating_add(offset);
        if at.saturating_add(COUNT as u64) > body.end {
            return Err(Stop::Broken("a box is too short for what it must hold"));
        }
        self.array(at)
    }

    pub(super) fn u32(&mut self, body: &Range<u64>, offset: u64) -> Result<u32, Stop> {
        self.field(body, offset).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, body: &Range<u64>, offset: u64) -> Result<u64, Stop> {
        self.field(body, offset).map(u64::from_be_bytes)
    }

    /// Shows every entry of a table whose count stands at 4 and whose entries of `SIZE` bytes follow, in bounded memory.
    pub(super) fn entries<const SIZE: usize>(
        &mut self,
        body: &Range<u64>,
        mut see: impl FnMut([u8; SIZE]) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let count = u64::from(self.u32(body, 4)?);
        let room = (body.end - body.start).saturating_sub(8) / SIZE as u64;
        if count > room {
            return Err(Stop::Broken("a table promises more entries than it holds"));
        }
        if count > ENTRIES_MAX {
            return Err(Stop::Broken("a table has more entries than any video needs"));
        }
        let mut chunk = [0; CHUNK_BYTES];
        let per_chunk = (CHUNK_BYTES / SIZE) as u64;
        let mut done = 0;
        while done < count {
            let entries = (count - done).min(per_chunk);
            let bytes = usize::try_from(entries).unwrap_or(0) * SIZE;
            let Some(part) = chunk.get_mut(..bytes) else { break };
            self.read(body.start + 8 + done * SIZE as u64, part)?;
            part.as_chunks::<SIZE>().0.iter().try_for_each(|entry| see(*entry))?;
            done += entries;
        }
        Ok(())
    }

    fn is_zero(&mut self, at: u64, count: u64) -> Result<bool, Stop> {
        let mut bytes = [0; 8];
        let Some(part) = bytes.get_mut(..usize::try_from(count).unwrap_or(0)) else { return Ok(false) };
        self.read(at, part)?;
        Ok(part.iter().all(|byte| *byte == 0))
    }

    fn array<const COUNT: usize>(&mut self, at: u64) -> Result<[u8; COUNT], Stop> {
        let mut bytes = [0; COUNT];
        self.read(at, &mut bytes)?;
        Ok(bytes)
    }

    fn read(&mut self, at: u64, into: &mut [u8]) -> Result<(), Stop> {
        self.reader.seek(SeekFrom::Start(at)).map_err(Stop::Io)?;
        self.reader.read_exact(into).map_err(Stop::Io)
    }
}
