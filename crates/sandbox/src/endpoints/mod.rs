//! The methods that the sandbox answers, one file each.

mod bsky;
mod identity;
mod repo;
mod server;
mod sync;
mod video;

use crate::xrpc::Endpoint;

pub(crate) use bsky::post_views;

/// Every method; others are answered with 501.
pub(crate) const ALL: &[Endpoint] = &[
    server::activate_account::ENDPOINT,
    server::create_account::ENDPOINT,
    server::create_app_password::ENDPOINT,
    server::create_session::ENDPOINT,
    server::deactivate_account::ENDPOINT,
    server::delete_session::ENDPOINT,
    server::describe_server::ENDPOINT,
    server::get_service_auth::ENDPOINT,
    server::get_session::ENDPOINT,
    server::list_app_passwords::ENDPOINT,
    server::refresh_session::ENDPOINT,
    server::revoke_app_password::ENDPOINT,
    identity::resolve_handle::ENDPOINT,
    repo::apply_writes::ENDPOINT,
    repo::create_record::ENDPOINT,
    repo::delete_record::ENDPOINT,
    repo::describe_repo::ENDPOINT,
    repo::get_record::ENDPOINT,
    repo::list_records::ENDPOINT,
    repo::put_record::ENDPOINT,
    repo::upload_blob::ENDPOINT,
    sync::get_blob::ENDPOINT,
    sync::get_latest_commit::ENDPOINT,
    bsky::get_author_feed::ENDPOINT,
    bsky::get_post_thread::ENDPOINT,
    bsky::get_posts::ENDPOINT,
    bsky::get_profile::ENDPOINT,
    video::abort_upload::ENDPOINT,
    video::finish_upload::ENDPOINT,
    video::get_job_status::ENDPOINT,
    video::get_upload_limits::ENDPOINT,
    video::get_upload_status::ENDPOINT,
    video::start_upload::ENDPOINT,
    video::upload_part::ENDPOINT,
    video::upload_video::ENDPOINT,
];
