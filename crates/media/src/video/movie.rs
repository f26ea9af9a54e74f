//! The description of a film: its `moov` box.

use std::io::{Read, Seek};
use std::ops::Range;

use super::boxes::{Boxes, Found, Stop};
use super::info::{Film, FourLetters, VideoCodec};
use super::timing::Distances;

/// What the description lacks.
#[derive(Debug)]
pub(super) enum Lack {
    Stop(Stop),
    Description,
    VideoTrack,
    Length { frames: u64 },
    Whole,
}

impl From<Stop> for Lack {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// Walks the boxes of the file and reads its description.
pub(super) fn read<R: Read + Seek>(file: &mut Boxes<R>) -> Result<Film, Lack> {
    let (mut movie, mut first_frames) = (None, None);
    let mut at = 0;
    loop {
        match file.next(at, file.length()) {
            Ok(Some(Found { kind, body })) => {
                match &kind {
                    b"moov" => movie = movie.or(Some(body.clone())),
                    b"mdat" => first_frames = first_frames.or(Some(at)),
                    _ => {}
                }
                at = body.end;
            }
            Ok(None) => break,
            // Whatever else is cut off: description and frames are there.
            Err(Stop::CutOff { .. }) if movie.is_some() && first_frames.is_some() => break,
            Err(stop) => return Err(stop.into()),
        }
    }
    let movie = movie.ok_or(Lack::Description)?;
    let is_faststart = first_frames.is_none_or(|frames| movie.start < frames);
    describe(file, &movie, is_faststart)
}

fn describe<R: Read + Seek>(file: &mut Boxes<R>, movie: &Range<u64>, is_faststart: bool) -> Result<Film, Lack> {
    let head = required(file, movie, *b"mvhd")?;
    let movie_head = MovieHead::read(file, &head)?;
    let (mut picture, mut audio, mut has_fragments) = (None, None, false);
    let mut at = movie.start;
    while let Some(found) = file.next(at, movie.end)? {
        match &found.kind {
            b"mvex" => has_fragments = true,
            b"trak" => match handler(file, &found.body)? {
                Some(media) if &media.kind == b"vide" && picture.is_none() => {
                    picture = Some(Track::read(file, &found.body, &media.body)?);
                }
                Some(media) if &media.kind == b"soun" && audio.is_none() => {
                    audio = sample_entry(file, &media.body)?.map(|entry| FourLetters(entry.kind));
                }
                _ => {}
            },
            _ => {}
        }
        at = found.body.end;
    }
    let track = picture.ok_or(Lack::VideoTrack)?;
    if has_fragments && track.distances.frames() == 0 {
        return Err(Lack::Whole);
    }
    let frames = track.distances.frames();
    let played_ms = in_ms(track.distances.total(), track.timescale);
    let duration_ms = if movie_head.duration_ms == 0 { played_ms } else { movie_head.duration_ms };
    if frames == 0 || played_ms == 0 || duration_ms == 0 {
        return Err(Lack::Length { frames });
    }
    if track.last_chunk > file.length() {
        return Err(Stop::CutOff { missing_bytes: track.last_chunk - file.length() }.into());
    }
    let (mut width, mut height) = track.size;
    if track.swaps_sides != movie_head.swaps_sides {
        (width, height) = (height, width);
    }
    let timing = track.distances.timing();
    Ok(Film { video: track.codec, audio, duration_ms, width, height, frames, timing, is_faststart })
}

struct MovieHead {
    duration_ms: u64,
    swaps_sides: bool,
}

impl MovieHead {
    fn read<R: Read + Seek>(file: &mut Boxes<R>, body: &Range<u64>) -> Result<Self, Stop> {
        let [version] = file.field(body, 0)?;
        let (timescale, duration, matrix_at) = if version == 1 {
            (file.u32(body, 20)?, file.u64(body, 24)?, 32 + 16)
        } else {
            (file.u32(body, 12)?, short(file.u32(body, 16)?), 20 + 16)
        };
        // All ones: not known.
        let duration = if duration == u64::MAX { 0 } else { duration };
        Ok(Self { duration_ms: in_ms(duration, timescale), swaps_sides: swaps_sides(file, body, matrix_at)? })
    }
}

/// A track of pictures.
struct Track {
    codec: VideoCodec,
    /// As stored, not turned.
    size: (u32, u32),
    swaps_sides: bool,
    timescale: u32,
    distances: Distances,
    /// Where the last chunk of frames begins.
    last_chunk: u64,
}

impl Track {
    fn read<R: Read + Seek>(file: &mut Boxes<R>, track: &Range<u64>, media: &Range<u64>) -> Result<Self, Stop> {
        let head = required(file, track, *b"tkhd")?;
        let [version] = file.field(&head, 0)?;
        let matrix_at = if version == 1 { 52 } else { 40 };
        let shown = |fixed: u32| fixed.saturating_add(0x8000) >> 16;
        let shown = (shown(file.u32(&head, matrix_at + 36)?), shown(file.u32(&head, matrix_at + 40)?));
        let turned = swaps_sides(file, &head, matrix_at)?;
        let media_head = required(file, media, *b"mdhd")?;
        let [version] = file.field(&media_head, 0)?;
        let timescale = file.u32(&media_head, if version == 1 { 20 } else { 12 })?;
        let entry = sample_entry(file, media)?.ok_or(Stop::Broken("it does not say how its frames are compressed"))?;
        let [w0, w1, h0, h1] = file.field(&entry.body, 24)?;
        let stored = (u32::from(u16::from_be_bytes([w0, w1])), u32::from(u16::from_be_bytes([h0, h1])));
        let size = if shown.0 == 0 || shown.1 == 0 { stored } else { shown };
        if size.0 == 0 || size.1 == 0 {
            return Err(Stop::Broken("its frames have no size"));
        }
        let table = sample_table(file, media)?.ok_or(Stop::Broken("it does not say where its frames are"))?;
        let distances = distances(file, &table)?;
        let last_chunk = last_chunk(file, &table)?;
        let codec = VideoCodec::of(entry.kind);
        Ok(Self { codec, size, swaps_sides: turned, timescale, distances, last_chunk })
    }
}

/// What a track holds: `vide`, `soun` …
struct Media {
    kind: [u8; 4],
    body: Range<u64>,
}

fn handler<R: Read + Seek>(file: &mut Boxes<R>, track: &Range<u64>) -> Result<Option<Media>, Stop> {
    let Some(media) = file.child(track, *b"mdia")? else { return Ok(None) };
    let Some(handler) = file.child(&media.body, *b"hdlr")? else { return Ok(None) };
    Ok(Some(Media { kind: file.field(&handler.body, 8)?, body: media.body }))
}

fn sample_table<R: Read + Seek>(file: &mut Boxes<R>, media: &Range<u64>) -> Result<Option<Range<u64>>, Stop> {
    let Some(info) = file.child(media, *b"minf")? else { return Ok(None) };
    Ok(file.child(&info.body, *b"stbl")?.map(|table| table.body))
}

/// The first description of samples: its name is the codec.
fn sample_entry<R: Read + Seek>(file: &mut Boxes<R>, media: &Range<u64>) -> Result<Option<Found>, Stop> {
    let Some(table) = sample_table(file, media)? else { return Ok(None) };
    let Some(descriptions) = file.child(&table, *b"stsd")? else { return Ok(None) };
    // Version, flags and a count come before the first one.
    file.next(descriptions.body.start.saturating_add(8), descriptions.body.end)
}

fn distances<R: Read + Seek>(file: &mut Boxes<R>, table: &Range<u64>) -> Result<Distances, Stop> {
    let times = required(file, table, *b"stts")?;
    let mut distances = Distances::default();
    file.entries::<8>(&times, |[c0, c1, c2, c3, d0, d1, d2, d3]| {
        distances.add(u32::from_be_bytes([c0, c1, c2, c3]), u32::from_be_bytes([d0, d1, d2, d3]));
        Ok(())
    })?;
    Ok(distances)
}

/// Where the last chunk of frames begins; 0 if there is none.
fn last_chunk<R: Read + Seek>(file: &mut Boxes<R>, table: &Range<u64>) -> Result<u64, Stop> {
    let mut last = 0;
    if let Some(found) = file.child(table, *b"stco")? {
        file.entries::<4>(&found.body, |offset| {
            last = last.max(u64::from(u32::from_be_bytes(offset)));
            Ok(())
        })?;
    } else if let Some(found) = file.child(table, *b"co64")? {
        file.entries::<8>(&found.body, |offset| {
            last = last.max(u64::from_be_bytes(offset));
            Ok(())
        })?;
    }
    Ok(last)
}

fn required<R: Read + Seek>(file: &mut Boxes<R>, parent: &Range<u64>, kind: [u8; 4]) -> Result<Range<u64>, Stop> {
    let missing = match &kind {
        b"mvhd" => "the head of its description (mvhd) is missing",
        b"tkhd" => "the head of a track (tkhd) is missing",
        b"mdhd" => "the clock of a track (mdhd) is missing",
        _ => "the times of its frames (stts) are missing",
    };
    Ok(file.child(parent, kind)?.ok_or(Stop::Broken(missing))?.body)
}

/// Whether a matrix turns what is seen by a quarter: then it leaves more across than along.
fn swaps_sides<R: Read + Seek>(file: &mut Boxes<R>, body: &Range<u64>, at: u64) -> Result<bool, Stop> {
    let mut part = |index: u64| file.field(body, at + 4 * index).map(|bytes| i32::from_be_bytes(bytes).unsigned_abs());
    let (along_x, across_x, across_y, along_y) = (part(0)?, part(1)?, part(3)?, part(4)?);
    Ok(u64::from(across_x) + u64::from(across_y) > u64::from(along_x) + u64::from(along_y))
}

fn short(duration: u32) -> u64 {
    if duration == u32::MAX { u64::MAX } else { u64::from(duration) }
}

/// Milliseconds, rounded up: what plays at all has a length.
fn in_ms(units: u64, timescale: u32) -> u64 {
    if timescale == 0 {
        return 0;
    }
    u64::try_from((u128::from(units) * 1_000).div_ceil(u128::from(timescale))).unwrap_or(u64::MAX)
}
