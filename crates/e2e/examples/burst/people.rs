//! The accounts of the stub: as many as are asked for, each with a number that its names follow from.

const LETTERS: u32 = 26;
const LETTERS_OF_A_DID: usize = 24;

/// `u17.test`.
pub(crate) fn handle(number: u32) -> String {
    format!("u{number}.test")
}

/// A DID of the form of PLC's, spelled with the letters of the number.
pub(crate) fn did(number: u32) -> String {
    let mut letters = [b'a'; LETTERS_OF_A_DID];
    let mut rest = number;
    for letter in letters.iter_mut().rev() {
        *letter += u8::try_from(rest % LETTERS).unwrap_or(0);
        rest /= LETTERS;
    }
    format!("did:plc:{}", String::from_utf8_lossy(&letters))
}

/// The number in a handle or a DID, if it is one of ours.
pub(crate) fn number(name: &str) -> Option<u32> {
    if let Some(letters) = name.strip_prefix("did:plc:") {
        let ours = letters.len() == LETTERS_OF_A_DID && letters.bytes().all(|letter| letter.is_ascii_lowercase());
        return ours.then(|| {
            letters.bytes().fold(0_u32, |sum, letter| sum.wrapping_mul(LETTERS).wrapping_add(u32::from(letter - b'a')))
        });
    }
    name.strip_prefix('u')?.strip_suffix(".test")?.parse().ok()
}

/// The text of a post, which says when it is due.
pub(crate) fn text(number: u32, due_us: i64) -> String {
    format!("Post {number}, due {due_us}")
}

/// The instant in a text, in microseconds.
pub(crate) fn due_us(text: &str) -> Option<i64> {
    text.rsplit_once("due ")?.1.parse().ok()
}
