//! Which network is talked to: the addresses of its shared services.

use url::Url;

/// The directory of `did:plc` documents of the public network.
pub const PUBLIC_PLC_URL: &str = "https://plc.directory";
/// The cached, unauthenticated reads of the public network; also resolves handles.
pub const PUBLIC_APPVIEW_URL: &str = "https://public.api.bsky.app";
/// The service of the public network that encodes videos.
pub const PUBLIC_VIDEO_URL: &str = "https://video.bsky.app";

/// The shared services of one network. Their origins are trusted: they may be private and may use plain http.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The directory of `did:plc` documents (`SKEIN_PLC_URL`).
    pub plc_url: Url,
    /// Where handles are resolved that DNS and HTTPS do not know (`SKEIN_APPVIEW_URL`).
    pub appview_url: Url,
    /// Where videos are encoded (`SKEIN_VIDEO_URL`).
    pub video_url: Url,
}

impl Default for Environment {
    /// The public network.
    #[expect(clippy::expect_used, reason = "the addresses are constants, parsed by a test")]
    fn default() -> Self {
        Self {
            plc_url: Url::parse(PUBLIC_PLC_URL).expect("a constant"),
            appview_url: Url::parse(PUBLIC_APPVIEW_URL).expect("a constant"),
            video_url: Url::parse(PUBLIC_VIDEO_URL).expect("a constant"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_network_has_https_addresses() {
        let environment = Environment::default();
        assert_eq!(environment.plc_url.as_str(), "https://plc.directory/");
        assert_eq!(environment.appview_url.as_str(), "https://public.api.bsky.app/");
        assert_eq!(environment.video_url.as_str(), "https://video.bsky.app/");
    }
}
