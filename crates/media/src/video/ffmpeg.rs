//! How to run ffmpeg so that its output is what goes out: the arguments, and what it says of its progress.
//!
//! Nothing is started here. The output is H.264 (main profile, `yuv420p`) with AAC, at an even frame rate of at most 60, at most
//! 1,920 px long, with its description in front, and without the metadata of the input: that may say where it was filmed.

use std::ffi::OsString;
use std::path::Path;

use super::bounds::VideoBounds;

/// The same for people to type, without the bounds that come from a file's length.
pub const COMMAND: &str = "ffmpeg -i INPUT -map 0:v:0 -map 0:a:0? -c:v libx264 -profile:v main -pix_fmt yuv420p -fps_mode cfr \
     -c:a aac -movflags +faststart OUTPUT.mp4";

/// Bits a second of the sound.
const AUDIO_BITS_PER_S: u64 = 128_000;
/// Bits a second that the picture may take at most, where the length leaves room.
const VIDEO_MAX_BITS_PER_S: u64 = 8_000_000;
/// Below this nothing can be made out.
const VIDEO_MIN_BITS_PER_S: u64 = 200_000;
/// Of a hundred parts of the limit, so many are planned for: the rest is for what rates overshoot.
const PLANNED_PERCENT: u64 = 90;
/// The kinds of file that are read: none that names other files or addresses, as playlists do.
const FORMATS: &str = "aiff,asf,avi,flv,gif,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mpeg,mpegts,mpegvideo,h264,hevc,ogg";
/// At most 1,920 px long, and even: H.264 in this form knows no odd sides.
const SCALE: &str =
    "scale=w='if(gte(iw,ih),trunc(min(1920,iw)/2)*2,-2)':h='if(gte(iw,ih),-2,trunc(min(1920,ih)/2)*2)',setsar=1";

/// The arguments of ffmpeg, without its name. `duration_ms` is how long the input plays, if that is known: a long one gets fewer
/// bits a second, so that the output stays within the bounds.
pub fn arguments(input: &Path, output: &Path, duration_ms: Option<u64>, bounds: &VideoBounds) -> Vec<OsString> {
    let rate = video_bits_per_s(duration_ms, bounds);
    let (max_rate, buffer) = (rate.to_string(), (rate * 2).to_string());
    let sound = AUDIO_BITS_PER_S.to_string();
    let before = [
        "-nostdin",
        "-hide_banner",
        "-loglevel",
        "error",
        "-nostats",
        "-progress",
        "pipe:1",
        "-y",
        "-protocol_whitelist",
        "file",
        "-format_whitelist",
        FORMATS,
        "-i",
    ];
    let after = [
        "-map",
        "0:v:0",
        "-map",
        "0:a:0?",
        "-sn",
        "-dn",
        "-map_metadata",
        "-1",
        "-map_chapters",
        "-1",
        "-vf",
        SCALE,
        "-c:v",
        "libx264",
        "-preset",
        "medium",
        "-crf",
        "21",
        "-maxrate",
        &max_rate,
        "-bufsize",
        &buffer,
        "-profile:v",
        "main",
        "-pix_fmt",
        "yuv420p",
        "-fps_mode",
        "cfr",
        "-fpsmax",
        "60",
        "-c:a",
        "aac",
        "-b:a",
        &sound,
        "-ac",
        "2",
        "-movflags",
        "+faststart",
        "-f",
        "mp4",
    ];
    let mut arguments: Vec<OsString> = before.iter().map(OsString::from).collect();
    arguments.push(as_file(input));
    arguments.extend(after.iter().map(OsString::from));
    arguments.push(as_file(output));
    arguments
}

/// A path that ffmpeg takes for nothing but a path: neither for an option nor for an address.
fn as_file(path: &Path) -> OsString {
    let mut text = OsString::from("file:");
    text.push(path);
    text
}

fn video_bits_per_s(duration_ms: Option<u64>, bounds: &VideoBounds) -> u64 {
    let duration_ms = duration_ms.unwrap_or(bounds.max_duration_ms).max(1);
    let total_bits = bounds.max_bytes.saturating_mul(8).saturating_mul(PLANNED_PERCENT) / 100;
    let per_s = total_bits.saturating_mul(1_000) / duration_ms;
    per_s.saturating_sub(AUDIO_BITS_PER_S).clamp(VIDEO_MIN_BITS_PER_S, VIDEO_MAX_BITS_PER_S)
}

/// How far ffmpeg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoded {
    /// How much of the film is encoded, in milliseconds of its playing time.
    pub until_ms: u64,
    /// Whether this is the last report.
    pub is_end: bool,
}

impl Encoded {
    /// In percent of a film of this length; at most 100.
    pub fn percent(self, duration_ms: u64) -> u8 {
        if self.is_end || duration_ms == 0 {
            return if self.is_end { 100 } else { 0 };
        }
        u8::try_from(self.until_ms.saturating_mul(100) / duration_ms).unwrap_or(100).min(100)
    }
}

/// Reads what ffmpeg writes to `-progress`: lines of `key=value`, a report ends with the key `progress`.
#[derive(Debug, Default)]
pub struct ProgressReader {
    until_ms: u64,
}

impl ProgressReader {
    /// Takes one line, and gives the report that it ends.
    pub fn line(&mut self, line: &str) -> Option<Encoded> {
        let (key, value) = line.trim().split_once('=')?;
        match key {
            // Before the first frame it is "N/A", and for some inputs negative.
            "out_time_us" => {
                let until_ms = value.trim().parse::<i64>().map_or(0, |us| u64::try_from(us / 1_000).unwrap_or(0));
                self.until_ms = self.until_ms.max(until_ms);
                None
            }
            "progress" => Some(Encoded { until_ms: self.until_ms, is_end: value.trim() == "end" }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(arguments: &[OsString]) -> Vec<&str> {
        arguments.iter().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn what_people_type_is_part_of_what_is_run() {
        let arguments = arguments(Path::new("-in"), Path::new("out.mp4"), None, &VideoBounds::POST);
        let run = words(&arguments).join(" ");
        assert!(run.contains("-i file:-in ") && run.ends_with(" file:out.mp4"), "{run}");
        let typed = COMMAND.strip_prefix("ffmpeg -i INPUT ").unwrap().strip_suffix(" OUTPUT.mp4").unwrap();
        for option in typed.split(" -") {
            let option = option.trim_start_matches('-');
            assert!(run.contains(&format!("-{option}")), "{option} is not in {run}");
        }
    }

    #[test]
    fn a_long_film_gets_fewer_bits_so_that_it_fits() {
        let rate = |duration_ms| video_bits_per_s(duration_ms, &VideoBounds::POST);
        assert_eq!(rate(Some(1_000)), VIDEO_MAX_BITS_PER_S);
        let ten_minutes = rate(Some(600_000));
        assert_eq!(ten_minutes, 3_472_000);
        assert!((ten_minutes + AUDIO_BITS_PER_S) * 600 / 8 < VideoBounds::POST.max_bytes);
        assert_eq!(rate(None), ten_minutes);
        assert_eq!(rate(Some(u64::MAX)), VIDEO_MIN_BITS_PER_S);
        assert_eq!(rate(Some(0)), VIDEO_MAX_BITS_PER_S);
    }

    #[test]
    fn progress_is_read_line_by_line() {
        let mut reader = ProgressReader::default();
        for line in ["frame=12", "out_time_us=N/A", "out_time_us=-5", "nonsense", "=", "fps=0.0"] {
            assert_eq!(reader.line(line), None, "{line}");
        }
        assert_eq!(reader.line("progress=continue"), Some(Encoded { until_ms: 0, is_end: false }));
        assert_eq!(reader.line("out_time_us=2500000\r"), None);
        let half = reader.line("progress=continue").unwrap();
        assert_eq!((half.until_ms, half.percent(5_000), half.percent(1_000), half.percent(0)), (2_500, 50, 100, 0));
        assert_eq!(reader.line("progress=end").unwrap().percent(9_000), 100);
    }
}
