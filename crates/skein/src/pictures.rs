//! `--image F --alt T`: pictures in the order of the command line; an alt text belongs to the picture before it.

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};
use skein_domain::Media;

const IMAGE: &str = "image";
const ALT: &str = "alt";

/// The pictures of a post.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pictures(pub(crate) Vec<Media>);

impl Args for Pictures {
    fn augment_args(command: Command) -> Command {
        let many = |name: &'static str, value: &'static str| {
            Arg::new(name).long(name).value_name(value).action(ArgAction::Append)
        };
        let alt =
            many(ALT, "TEXT").help("What the picture before it shows, for those who cannot see it").requires(IMAGE);
        command.arg(many(IMAGE, "FILE").help("A picture, by path or address; up to ten, in their order")).arg(alt)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Pictures {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given: Vec<(usize, &str, &String)> = Vec::new();
        for name in [IMAGE, ALT] {
            let places = matches.indices_of(name).into_iter().flatten();
            let values = matches.get_many::<String>(name).into_iter().flatten();
            given.extend(places.zip(values).map(|(place, value)| (place, name, value)));
        }
        given.sort_unstable();
        let mut pictures: Vec<Media> = Vec::new();
        let mut described = false;
        for (_, name, value) in given {
            if name == IMAGE {
                pictures.push(Media { source: value.clone(), alt: String::new() });
                described = false;
                continue;
            }
            match pictures.last_mut() {
                Some(picture) if !described => picture.alt.clone_from(value),
                Some(_) => return Err(misplaced("there are two --alt for one --image")),
                None => return Err(misplaced("--alt stands before its --image")),
            }
            described = true;
        }
        Ok(Self(pictures))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn misplaced(what: &str) -> Error {
    Error::raw(ErrorKind::ArgumentConflict, format!("{what}: write --image FILE --alt TEXT, for each picture\n"))
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
    fn an_alt_text_without_its_picture_is_refused() {
        assert!(parse(&["--alt", "A"]).is_err());
        assert!(parse(&["--alt", "A", "--image", "a"]).unwrap_err().contains("before its --image"));
        assert_eq!(parse(&[]), Ok(vec![]));
    }
}
