//! MP4 files of a few hundred bytes, box by box: what tests need to say of a video, and no frame that could be decoded.

/// A video file to make.
#[derive(Clone, Debug)]
pub struct Film {
    /// The brand of the file: `isom`, or `qt  ` for `QuickTime`.
    pub brand: [u8; 4],
    /// The codec, by its four letters; `None` leaves the video track out.
    pub codec: Option<[u8; 4]>,
    /// Whether there is sound.
    pub has_sound: bool,
    /// Width as stored, in pixels.
    pub width: u16,
    /// Height as stored, in pixels.
    pub height: u16,
    /// How many quarters the picture is turned clockwise when it is shown.
    pub quarter_turns: u8,
    /// Units of a second.
    pub timescale: u32,
    /// Runs of frames: how many, and how many units each lasts.
    pub times: Vec<(u32, u32)>,
    /// How long it says that it plays; `None` for what the frames add up to.
    pub claimed_units: Option<u32>,
    /// Whether the description stands before the frames.
    pub is_faststart: bool,
    /// Whether the frames are said to be in fragments.
    pub has_fragments: bool,
    /// Bytes in place of frames.
    pub payload: Vec<u8>,
}

impl Default for Film {
    /// H.264 with sound, 64 x 48 px, two seconds at 30 frames a second, description first.
    fn default() -> Self {
        Self {
            brand: *b"isom",
            codec: Some(*b"avc1"),
            has_sound: true,
            width: 64,
            height: 48,
            quarter_turns: 0,
            timescale: 15_360,
            times: vec![(60, 512)],
            claimed_units: None,
            is_faststart: true,
            has_fragments: false,
            payload: vec![0xA5; 64],
        }
    }
}

impl Film {
    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let brand = [&self.brand[..], &[0, 0, 2, 0], b"isom"].concat();
        let (head, frames) = (boxed(*b"ftyp", &brand), boxed(*b"mdat", &self.payload));
        let length_of_description = self.description(0).len();
        let before = head.len() + if self.is_faststart { length_of_description } else { 0 };
        let description = self.description(u32::try_from(before + 8).unwrap_or(u32::MAX));
        if self.is_faststart { [head, description, frames].concat() } else { [head, frames, description].concat() }
    }

    fn units(&self) -> u32 {
        self.claimed_units.unwrap_or_else(|| self.times.iter().map(|(frames, each)| frames * each).sum())
    }

    fn description(&self, frames_at: u32) -> Vec<u8> {
        let mut head = words(&[0, 0, 0, self.timescale, self.units(), 0x0001_0000, 0x0100_0000, 0, 0]);
        head.extend(matrix(0));
        head.extend(words(&[0, 0, 0, 0, 0, 0, 3]));
        let mut inside = boxed(*b"mvhd", &head);
        if let Some(codec) = self.codec {
            inside.extend(self.track(*b"vide", codec, frames_at));
        }
        if self.has_sound {
            inside.extend(self.track(*b"soun", *b"mp4a", frames_at));
        }
        if self.has_fragments {
            inside.extend(boxed(*b"mvex", &[]));
        }
        boxed(*b"moov", &inside)
    }

    fn track(&self, kind: [u8; 4], codec: [u8; 4], frames_at: u32) -> Vec<u8> {
        let is_picture = &kind == b"vide";
        let mut head = words(&[3, 0, 0, 1, 0, self.units(), 0, 0, 0, 0]);
        head.extend(matrix(if is_picture { self.quarter_turns } else { 0 }));
        let side = |side: u16| if is_picture { u32::from(side) << 16 } else { 0 };
        head.extend(words(&[side(self.width), side(self.height)]));
        let media_head = words(&[0, 0, 0, self.timescale, self.units(), 0x55C4_0000]);
        let handler = [&words(&[0, 0])[..], &kind, &words(&[0, 0, 0]), b"\0"].concat();
        let table = boxed(*b"stbl", &self.table(is_picture, codec, frames_at));
        let media = [boxed(*b"mdhd", &media_head), boxed(*b"hdlr", &handler), boxed(*b"minf", &table)].concat();
        boxed(*b"trak", &[boxed(*b"tkhd", &head), boxed(*b"mdia", &media)].concat())
    }

    fn table(&self, is_picture: bool, codec: [u8; 4], frames_at: u32) -> Vec<u8> {
        let mut entry = vec![0, 0, 0, 0, 0, 0, 0, 1];
        if is_picture {
            entry.extend([0; 16]);
            entry.extend(self.width.to_be_bytes());
            entry.extend(self.height.to_be_bytes());
            entry.extend([0; 50]);
        } else {
            entry.extend([0; 20]);
        }
        let descriptions = [words(&[0, 1]), boxed(codec, &entry)].concat();
        let runs = if self.has_fragments { &[][..] } else { &self.times[..] };
        let mut times = words(&[0, u32::try_from(runs.len()).unwrap_or(u32::MAX)]);
        times.extend(runs.iter().flat_map(|(frames, each)| words(&[*frames, *each])));
        [boxed(*b"stsd", &descriptions), boxed(*b"stts", &times), boxed(*b"stco", &words(&[0, 1, frames_at]))].concat()
    }
}

/// A box with its name and its content.
pub fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &kind, content].concat()
}

fn words(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn matrix(quarter_turns: u8) -> Vec<u8> {
    const ONE: u32 = 0x0001_0000;
    const MINUS: u32 = 0xFFFF_0000;
    let (a, b, c, d) = match quarter_turns % 4 {
        0 => (ONE, 0, 0, ONE),
        1 => (0, ONE, MINUS, 0),
        2 => (MINUS, 0, 0, MINUS),
        _ => (0, MINUS, ONE, 0),
    };
    words(&[a, b, 0, c, d, 0, 0, 0, 0x4000_0000])
}
