//! The contract of this repository.

use serde_json::Value;
use warren_contract::check;

#[test]
fn document_is_what_was_accepted() {
    let [document, accepted] = ["openapi.json", "contract.json"].map(|name| {
        let path = format!("{}/../openapi/{name}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).expect("a checked-in file");
        serde_json::from_str::<Value>(&text).expect("JSON")
    });
    if let Err(refused) = check(&document, &accepted) {
        panic!("openapi/openapi.json against openapi/contract.json: {refused}");
    }
}
