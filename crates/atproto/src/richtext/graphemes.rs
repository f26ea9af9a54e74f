use unicode_segmentation::UnicodeSegmentation;

/// How many characters a reader sees: extended grapheme clusters (UAX #29), as Bluesky counts its limit of 300.
pub fn graphemes(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut count = 0;
    let mut at = 0;
    // ASCII characters never join each other, but for CR LF. So only the rest, with one neighbour on each side (which may
    // join it), needs the tables; each such piece adds its inner boundaries.
    while at < bytes.len() {
        let ascii_end = bytes[at..].iter().position(|b| !b.is_ascii()).map_or(bytes.len(), |run| at + run);
        count += boundaries_in_ascii(&bytes[at..ascii_end]);
        if ascii_end == bytes.len() {
            break;
        }
        let rest_end = bytes[ascii_end..].iter().position(u8::is_ascii).map_or(bytes.len(), |run| ascii_end + run + 1);
        let piece_start = if ascii_end > at { ascii_end - 1 } else { at };
        count += text[piece_start..rest_end].graphemes(true).count() - 1;
        at = if rest_end == bytes.len() && !bytes[rest_end - 1].is_ascii() { rest_end } else { rest_end - 1 };
    }
    if text.is_empty() { 0 } else { count + 1 }
}

fn boundaries_in_ascii(ascii: &[u8]) -> usize {
    let pairs = ascii.len().saturating_sub(1);
    if ascii.contains(&b'\r') { pairs - ascii.windows(2).filter(|pair| pair == b"\r\n").count() } else { pairs }
}
