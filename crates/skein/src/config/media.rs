//! Where media files are kept: the folder in the data folder, or a bucket.

use url::Url;

use super::network::service_url_of;
use super::{Variables, wrong};
use crate::bucket::Bucket;
use crate::exit::Failure;

const REGION: &str = "us-east-1";
const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=63;
const PREFIX_MOST_CHARS: usize = 200;

/// The bucket of `SKEIN_MEDIA_URL`; `None` for the folder.
pub(super) fn bucket(variables: &Variables) -> Result<Option<Bucket>, Failure> {
    let Some(url) = variables.text("SKEIN_MEDIA_URL")? else { return Ok(None) };
    let (name, prefix) = place(&url).map_err(|why| wrong("SKEIN_MEDIA_URL", why))?;
    let needed = |variable| {
        let value = variables.text(variable)?;
        value.ok_or_else(|| wrong(variable, "it is not set, and SKEIN_MEDIA_URL needs it"))
    };
    let region = match variables.text("AWS_REGION")? {
        Some(region) => region,
        None => variables.text("AWS_DEFAULT_REGION")?.unwrap_or_else(|| REGION.to_owned()),
    };
    Ok(Some(Bucket {
        name,
        prefix,
        endpoint: variables
            .text("AWS_ENDPOINT_URL")?
            .map(|url| service_url_of("AWS_ENDPOINT_URL", &url))
            .transpose()?,
        region,
        key_id: needed("AWS_ACCESS_KEY_ID")?,
        secret: needed("AWS_SECRET_ACCESS_KEY")?.into(),
        session_token: variables.text("AWS_SESSION_TOKEN")?.map(Into::into),
    }))
}

/// Name and prefix of `s3://NAME/PREFIX`.
fn place(url: &str) -> Result<(String, String), String> {
    let is_of_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '.');
    let is_of_prefix = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let Some(rest) = url.strip_prefix("s3://") else {
        return Err("it must be s3://BUCKET or s3://BUCKET/PREFIX; without it files are in the data folder".to_owned());
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = prefix.trim_end_matches('/');
    let is_host = Url::parse(url).is_ok_and(|url| url.host_str() == Some(name));
    if !is_host || !NAME_CHARS.contains(&name.len()) || !name.chars().all(is_of_name) {
        return Err(format!("`{name}` is no name of a bucket: 3 to 63 of a-z, 0-9, hyphen and dot"));
    }
    let are_sound = |part: &str| !matches!(part, "" | "." | "..") && part.chars().all(is_of_prefix);
    if prefix.len() > PREFIX_MOST_CHARS || !(prefix.is_empty() || prefix.split('/').all(are_sound)) {
        return Err(format!(
            "its prefix may have {PREFIX_MOST_CHARS} of a-z, A-Z, 0-9, hyphen, underscore and dot, with single slashes between"
        ));
    }
    Ok((name.to_owned(), prefix.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_SECRET_ACCESS_KEY", "hunter2")];

    fn read(pairs: &[(&str, &str)]) -> Result<Option<Bucket>, Failure> {
        bucket(&Variables::given(pairs))
    }

    fn refusal(pairs: &[(&str, &str)]) -> String {
        read(pairs).unwrap_err().faults[0].message.clone()
    }

    #[test]
    fn without_an_address_files_are_in_the_folder_whatever_else_is_set() {
        assert!(read(&KEY).unwrap().is_none());
    }

    #[test]
    fn a_bucket_is_read_with_its_key() {
        let url = ("SKEIN_MEDIA_URL", "s3://geese/media/of-skein/");
        let endpoint = ("AWS_ENDPOINT_URL", "http://127.0.0.1:9000");
        let bucket = read(&[url, endpoint, KEY[0], KEY[1]]).unwrap().unwrap();
        assert_eq!((bucket.name.as_str(), bucket.prefix.as_str()), ("geese", "media/of-skein"));
        assert_eq!((bucket.place().as_str(), bucket.region.as_str()), ("s3://geese/media/of-skein", "us-east-1"));
        assert_eq!(bucket.endpoint.as_ref().unwrap().as_str(), "http://127.0.0.1:9000/");
        assert!(!format!("{bucket:?}").contains("hunter2"));
        let of_region = |name| read(&[url, KEY[0], KEY[1], (name, "eu-west-3")]).unwrap().unwrap().region;
        assert_eq!(
            (of_region("AWS_REGION"), of_region("AWS_DEFAULT_REGION")),
            ("eu-west-3".into(), "eu-west-3".into())
        );
        assert_eq!(read(&[("SKEIN_MEDIA_URL", "s3://geese"), KEY[0], KEY[1]]).unwrap().unwrap().place(), "s3://geese");
    }

    #[test]
    fn what_cannot_be_used_is_refused_by_name() {
        let url = ("SKEIN_MEDIA_URL", "s3://geese");
        assert!(refusal(&[url]).starts_with("AWS_ACCESS_KEY_ID cannot be used: it is not set"));
        assert!(refusal(&[url, KEY[0]]).starts_with("AWS_SECRET_ACCESS_KEY cannot be used"));
        let told = refusal(&[url, KEY[0], KEY[1], ("AWS_ENDPOINT_URL", "geese.example")]);
        assert!(told.starts_with("AWS_ENDPOINT_URL cannot be used"), "{told}");
        for given in ["/var/media", "s3://", "s3://ab", "s3://Geese", "s3://a_b", "s3://user@geese", "s3://geese:9/x"] {
            assert!(refusal(&[("SKEIN_MEDIA_URL", given), KEY[0], KEY[1]]).starts_with("SKEIN_MEDIA_URL"), "{given}");
        }
        for given in ["s3://geese//x", "s3://geese/../x", "s3://geese/a b", &format!("s3://geese/{}", "x".repeat(201))]
        {
            let told = refusal(&[("SKEIN_MEDIA_URL", given), KEY[0], KEY[1]]);
            assert!(told.contains("its prefix may have 200"), "{given}: {told}");
        }
    }
}
