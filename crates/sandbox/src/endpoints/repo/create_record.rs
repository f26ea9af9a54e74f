use serde_json::json;

use super::{CREATE_POINTS, commit_body, uri_of, without_nulls, write_charges};
use crate::network::{Draft, Network, Write};
use crate::xrpc::{Answer, Auth, Endpoint, Input, Refusal, Request, Verb};

pub(crate) const ENDPOINT: Endpoint = Endpoint {
    nsid: "com.atproto.repo.createRecord",
    verb: Verb::Post,
    auth: Auth::Session,
    input: Input::Records,
    costs: |network, request| write_charges(network, request, CREATE_POINTS),
    handler: handle,
};

fn handle(network: &mut Network, request: &Request) -> Result<Answer, Refusal> {
    let did = network.writing_account(request.text("repo"), request.did())?;
    let prepared = network.prepare(&Draft {
        collection: request.text("collection"),
        rkey: request.input["rkey"].as_str(),
        record: &request.input["record"],
        validate: request.input["validate"].as_bool(),
        path: vec!["record".into()],
    })?;
    let (uri, cid) = (uri_of(&did, &prepared.path), prepared.record.cid.clone());
    let writes = vec![Write::Create(prepared.path, prepared.record)];
    let commit = network.commit(&did, writes, request.input["swapCommit"].as_str())?;
    Ok(Answer::json(without_nulls(json!({
        "uri": uri,
        "cid": cid.as_str(),
        "commit": commit_body(&commit),
        "validationStatus": prepared.validation_status,
    }))))
}
