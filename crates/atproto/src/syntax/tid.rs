use super::SyntaxError;
use super::identifier::identifier_traits;

const KIND: &str = "a TID";
const LENGTH: usize = 13;
/// Base32 in an alphabet whose ASCII order is its numeric order, so that TIDs sort by time as text.
const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";
const MICROS_BITS: u32 = 53;
const CLOCK_ID_BITS: u32 = 10;

/// A timestamp identifier: microseconds since the Unix epoch and a clock id in 13 characters that sort by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tid(String);

identifier_traits!(Tid);

impl Tid {
    /// Reads a TID in its text form.
    ///
    /// # Errors
    /// The rule broken: 13 characters of `2-7a-z`, the first of `2-7a-j` (the highest bit is 0).
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        let refuse = |rule| Err(SyntaxError::new(KIND, rule, text));
        if text.len() != LENGTH {
            return refuse("it must be 13 characters long");
        }
        if !text.bytes().all(|b| ALPHABET.contains(&b)) {
            return refuse("only the digits 2 to 7 and the letters a to z may be used");
        }
        if !text.starts_with(|c| matches!(c, '2'..='7' | 'a'..='j')) {
            return refuse("the first character must be one of 2 to 7 and a to j");
        }
        Ok(Self(text.to_owned()))
    }

    /// The TID of an instant (microseconds since the Unix epoch) on a clock (0 to 1023).
    ///
    /// # Errors
    /// If the microseconds need more than 53 bits, or the clock id more than 10.
    pub fn from_micros(micros: u64, clock_id: u16) -> Result<Self, SyntaxError> {
        if micros >> MICROS_BITS != 0 {
            return Err(SyntaxError::new(KIND, "the microseconds must be below 2^53", &micros.to_string()));
        }
        if clock_id >> CLOCK_ID_BITS != 0 {
            return Err(SyntaxError::new(KIND, "the clock id must be below 1024", &clock_id.to_string()));
        }
        let value = (micros << CLOCK_ID_BITS) | u64::from(clock_id);
        let mut text = String::with_capacity(LENGTH);
        for digit in (0..LENGTH).rev() {
            text.push(char::from(ALPHABET[usize::from((value >> (digit * 5)).to_le_bytes()[0] & 31)]));
        }
        Ok(Self(text))
    }

    /// The 13 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Microseconds since the Unix epoch, by the clock of whoever made this TID; nothing in the network checks it.
    pub fn micros(&self) -> u64 {
        self.value() >> CLOCK_ID_BITS
    }

    /// Which clock made it, 0 to 1023.
    pub fn clock_id(&self) -> u16 {
        let [low, high, ..] = self.value().to_le_bytes();
        u16::from_le_bytes([low, high]) & ((1 << CLOCK_ID_BITS) - 1)
    }

    fn value(&self) -> u64 {
        self.0.bytes().fold(0, |value, byte| (value << 5) | u64::from(digit(byte)))
    }
}

/// The value of one character of the alphabet.
const fn digit(byte: u8) -> u8 {
    if byte.is_ascii_digit() { byte - b'2' } else { byte - b'a' + 6 }
}
