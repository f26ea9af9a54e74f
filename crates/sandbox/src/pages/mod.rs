//! Pages for people: what was posted, as it would look. No script, nothing loaded from anywhere else.

mod home;
mod html;
mod post;
mod profile;
mod rich_text;
mod thread;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http::Shared;
use html::Html;

const STYLE: &str = include_str!("style.css");
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/", get(home::page))
        .route("/profile/{actor}", get(profile::page))
        .route("/profile/{actor}/post/{rkey}", get(thread::page))
}

/// A whole page around its content, with the banner that says what this is.
fn page(status: StatusCode, title: &str, content: &Html) -> Response {
    let mut page = Html::default();
    page.raw("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    page.raw("<meta name=\"color-scheme\" content=\"light dark\"><link rel=\"icon\" href=\"data:,\"><title>");
    page.text(title);
    page.raw(" · Skein sandbox</title><style>");
    page.raw(STYLE);
    page.raw("</style></head><body><header role=\"banner\"><a href=\"/\"><b>Skein sandbox</b></a> ");
    page.raw("<span>A pretend network on this machine. Nothing here was sent to Bluesky or anywhere else.</span>");
    page.raw("</header><main>");
    page.append(content);
    page.raw("</main></body></html>");
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, page.into_string()).into_response()
}

fn missing(what: &str) -> Response {
    let mut content = Html::default();
    content.raw("<h1>Not here</h1><p>");
    content.text(what);
    content.raw("</p><p><a href=\"/\">All accounts and posts</a></p>");
    page(StatusCode::NOT_FOUND, "Not here", &content)
}
