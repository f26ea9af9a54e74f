//! `GET /healthz`: the process answers. Nothing else is looked at, so that a database that is away makes nobody start it anew.

/// Always 200.
pub(crate) async fn get() -> &'static str {
    "ok\n"
}
