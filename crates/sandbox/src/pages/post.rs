use jiff::tz::TimeZone;
use serde_json::Value;
use skein_atproto::syntax::Datetime;

use super::html::Html;
use super::rich_text;
use crate::endpoints::post_views::{FoundPost, find_post, profile_record};
use crate::network::Network;
use crate::schema::BlobRef;

/// Writes one post: author, time, text, what is embedded, URI and CID.
pub(super) fn write(html: &mut Html, network: &Network, post: FoundPost<'_>, is_focus: bool) {
    let value = &post.record.value;
    html.raw(if is_focus { "<article class=\"focus\">" } else { "<article>" });
    html.raw("<p class=\"who\">");
    write_author(html, network, post);
    html.raw(" <a class=\"when\"");
    html.attribute("href", &post_path(post));
    html.raw(">");
    write_time(html, value["createdAt"].as_str().unwrap_or(""));
    html.raw("</a></p><p class=\"text\"");
    if let Some(lang) = value["langs"][0].as_str() {
        html.attribute("lang", lang);
    }
    html.raw(" dir=\"auto\">");
    rich_text::write(html, value["text"].as_str().unwrap_or(""), &value["facets"]);
    html.raw("</p>");
    write_embed(html, network, post, &value["embed"]);
    write_labels(html, value);
    html.raw("<dl><dt>URI</dt><dd><code>");
    html.text(&post.uri());
    html.raw("</code></dd><dt>CID</dt><dd><code>");
    html.text(post.record.cid.as_str());
    html.raw("</code></dd><dt>Indexed</dt><dd>");
    html.text(&post.record.indexed_at);
    html.raw("</dd></dl></article>");
}

fn post_path(post: FoundPost<'_>) -> String {
    format!("/profile/{}/post/{}", post.account.handle, post.path.rkey)
}

fn write_author(html: &mut Html, network: &Network, post: FoundPost<'_>) {
    html.raw("<a");
    html.attribute("href", &format!("/profile/{}", post.account.handle));
    html.raw(">");
    let profile = profile_record(network, &post.account.did);
    if let Some(name) = profile.and_then(|profile| profile["displayName"].as_str()).filter(|name| !name.is_empty()) {
        html.element("<b dir=\"auto\">", name, "</b> ");
    }
    html.element("<span class=\"handle\">@", post.account.handle.as_str(), "</span></a>");
}

fn write_time(html: &mut Html, created_at: &str) {
    let readable = Datetime::parse(created_at).ok().map(|datetime| {
        datetime.to_timestamp().to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M:%S UTC").to_string()
    });
    html.raw("<time");
    html.attribute("datetime", created_at);
    html.attribute("title", created_at);
    html.element(">", readable.as_deref().unwrap_or(created_at), "</time>");
}

fn write_embed(html: &mut Html, network: &Network, post: FoundPost<'_>, embed: &Value) {
    match embed["$type"].as_str() {
        Some("app.bsky.embed.images") => write_pictures(html, post, &embed["images"]),
        Some("app.bsky.embed.gallery") => write_pictures(html, post, &embed["items"]),
        Some("app.bsky.embed.video") => {
            html.element("<p class=\"box\">Video. ", embed["alt"].as_str().unwrap_or("No description."), "</p>");
        }
        Some("app.bsky.embed.external") => write_card(html, &embed["external"]),
        Some("app.bsky.embed.record") => write_quote(html, network, &embed["record"]),
        Some("app.bsky.embed.recordWithMedia") => {
            write_embed(html, network, post, &embed["media"]);
            write_quote(html, network, &embed["record"]["record"]);
        }
        Some(other) => html.element("<p class=\"box\">Embedded: ", other, "</p>"),
        None => {}
    }
}

fn write_pictures(html: &mut Html, post: FoundPost<'_>, pictures: &Value) {
    html.raw("<div class=\"pictures\">");
    for picture in pictures.as_array().map_or(&[][..], Vec::as_slice) {
        let alt = picture["alt"].as_str().unwrap_or("");
        let cid = BlobRef::read(&picture["image"]).map_or("", |blob| blob.cid);
        html.raw("<figure><img");
        html.attribute("src", &format!("/xrpc/com.atproto.sync.getBlob?did={}&cid={cid}", post.account.did));
        html.attribute("alt", alt);
        for side in ["width", "height"] {
            if let Some(length) = picture["aspectRatio"][side].as_u64() {
                html.attribute(if side == "width" { "width" } else { "height" }, &length.to_string());
            }
        }
        html.element("><figcaption>", if alt.is_empty() { "No description." } else { alt }, "</figcaption></figure>");
    }
    html.raw("</div>");
}

fn write_card(html: &mut Html, card: &Value) {
    let uri = card["uri"].as_str().unwrap_or("");
    html.raw("<p class=\"box\">");
    if rich_text::is_web_address(uri) {
        html.raw("<a rel=\"noopener noreferrer nofollow\"");
        html.attribute("href", uri);
        html.element("><b>", card["title"].as_str().unwrap_or(uri), "</b></a>");
    } else {
        html.element("<b>", card["title"].as_str().unwrap_or(uri), "</b>");
    }
    html.element("<br>", card["description"].as_str().unwrap_or(""), "<br>");
    html.element("<small>", uri, "</small></p>");
}

fn write_quote(html: &mut Html, network: &Network, reference: &Value) {
    let uri = reference["uri"].as_str().unwrap_or("");
    html.raw("<blockquote class=\"box\">");
    match find_post(network, uri) {
        Some(quoted) => {
            html.raw("<p class=\"who\">");
            write_author(html, network, quoted);
            html.raw("</p><p class=\"text\" dir=\"auto\">");
            let value = &quoted.record.value;
            rich_text::write(html, value["text"].as_str().unwrap_or(""), &value["facets"]);
            html.raw("</p><a");
            html.attribute("href", &post_path(quoted));
            html.raw(">Show the quoted post</a>");
        }
        None => html.element("Quoted, but not in the sandbox: <code>", uri, "</code>"),
    }
    html.raw("</blockquote>");
}

fn write_labels(html: &mut Html, value: &Value) {
    for label in value["labels"]["values"].as_array().map_or(&[][..], Vec::as_slice) {
        html.element("<span class=\"label\">", label["val"].as_str().unwrap_or(""), "</span> ");
    }
}
