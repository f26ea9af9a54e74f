//! `--image F --video F --alt T --captions L=F`: pictures and videos in the order of the command line; an alt text and captions
//! belong to the one before them.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use skein_domain::{Media, NamedCaption};

const IMAGE: &str = "image";
const VIDEO: &str = "video";
const ALT: &str = "alt";
const CAPTIONS: &str = "captions";

/// The pictures and videos of a post.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pictures(pub(crate) Vec<Media>);

impl Args for Pictures {
    fn augment_args(command: Command) -> Command {
        let many = |name: &'static str, value: &'static str, help: &'static str| {
            Arg::new(name).long(name).value_name(value).action(ArgAction::Append).help(help)
        };
        command
            .arg(many(IMAGE, "FILE", "A picture, by path or address; up to ten, in their order"))
            .arg(many(VIDEO, "FILE", "A video, by path or address; it stands alone"))
            .arg(many(ALT, "TEXT", "What the picture or video before it shows, for those who cannot see it"))
            .arg(many(
                CAPTIONS,
                "LANG=FILE",
                "What is said in the video before it, in a language: en=film.vtt; up to 20",
            ))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Pictures {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given: Vec<(usize, &str, &String)> = Vec::new();
        for name in [IMAGE, VIDEO, ALT, CAPTIONS] {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            given.extend(places.zip(values).map(|(place, value)| (place, name, value)));
        }
        given.sort_unstable();
        let mut pictures: Vec<Media> = Vec::new();
        let mut described = false;
        for (_, name, value) in given {
            if name == IMAGE || name == VIDEO {
                pictures.push(Media::new(value.clone(), ""));
                described = false;
                continue;
            }
            let Some(picture) = pictures.last_mut() else {
                return Err(misplaced(&format!("--{name} stands before its --image or --video")));
            };
            if name == CAPTIONS {
                picture.captions.push(caption(value)?);
                continue;
            }
            if described {
                return Err(misplaced("there are two --alt for one --image or --video"));
            }
            picture.alt.clone_from(value);
            described = true;
        }
        Ok(Self(pictures))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn caption(value: &str) -> Result<NamedCaption, Error> {
    let parted = value.split_once('=').filter(|(lang, source)| !lang.is_empty() && !source.is_empty());
    let (lang, source) = parted.ok_or_else(|| {
        Error::raw(ErrorKind::ValueValidation, format!("`{value}` is not LANG=FILE: write --captions en=film.vtt\n"))
    })?;
    Ok(NamedCaption { lang: lang.to_owned(), source: source.to_owned() })
}

fn misplaced(what: &str) -> Error {
    let message = format!("{what}: write --image FILE --alt TEXT, for each picture or video\n");
    Error::raw(ErrorKind::ArgumentConflict, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &[&str]) -> Result<Vec<(String, String)>, String> {
        let command = Pictures::augment_args(Command::new("skein").no_binary_name(true));
        let matches = command.try_get_matches_from(words).map_err(|error| error.to_string())?;
        let pictures = Pictures::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        Ok(pictures.0.into_iter().map(|picture| (picture.source, picture.alt)).collect())
    }

    #[test]
    fn an_alt_text_belongs_to_the_picture_before_it() {
        let pictures = parse(&["--image", "a", "--image", "b", "--alt", "B", "--alt=", "--image", "c"]);
        assert!(pictures.unwrap_err().contains("two --alt"));
        let pictures = parse(&["--image", "a", "--image=b", "--alt", "B", "--image", "c", "--alt", ""]).unwrap();
        let expected = [("a", ""), ("b", "B"), ("c", "")].map(|(source, alt)| (source.to_owned(), alt.to_owned()));
        assert_eq!(pictures, expected);
    }

    #[test]
    fn captions_belong_to_the_video_before_them() {
        let command = Pictures::augment_args(Command::new("skein").no_binary_name(true));
        let words =
            ["--video", "a", "--captions", "en=a=b.vtt", "--alt", "A", "--captions=pt-BR=c.vtt", "--image", "d"];
        let matches = command.try_get_matches_from(words).unwrap();
        let Pictures(media) = Pictures::from_arg_matches(&matches).unwrap();
        let captions: Vec<_> = media[0].captions.iter().map(|one| (one.lang.as_str(), one.source.as_str())).collect();
        assert_eq!(captions, [("en", "a=b.vtt"), ("pt-BR", "c.vtt")]);
        assert_eq!((media[0].alt.as_str(), media[1].captions.len()), ("A", 0));
        assert!(parse(&["--captions", "en=a.vtt", "--video", "a"]).unwrap_err().contains("before its"));
        for wrong in ["en", "=a.vtt", "en="] {
            assert!(parse(&["--video", "a", "--captions", wrong]).unwrap_err().contains("is not LANG=FILE"), "{wrong}");
        }
    }

    #[test]
    fn an_alt_text_without_its_picture_is_refused() {
        assert!(parse(&["--alt", "A"]).is_err());
        assert!(parse(&["--alt", "A", "--image", "a"]).unwrap_err().contains("before its --image"));
        assert_eq!(parse(&[]), Ok(vec![]));
    }
}
