//! The demo, and the sandbox that other commands share with it.

use crate::installation::Installation;

#[tokio::test]
async fn the_demo_publishes_a_thread_and_survives_a_cut_cable() {
    let skein = Installation::alone();
    let ran = skein.run(&["demo", "--exit-when-done", "--port", "0"]).await.exits(0);
    for words in [
        "Nothing leaves it.",
        "three parts, one request, one commit",
        "part 3    at://did:plc:",
        "Computed before it was sent, and the same on the server.",
        "its answer was lost",
        "Published once.",
        "One post and not two: the server holds 4 records, 3 of the thread and 1 of this.",
    ] {
        assert!(ran.stdout.contains(words), "`{words}` is missing:\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("bsky.app"), "no link leads to the public app:\n{}", ran.stdout);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
}

#[tokio::test]
async fn other_commands_use_the_sandbox_while_the_demo_lives() {
    let skein = Installation::alone();
    skein.run(&["--sandbox", "post", "hi"]).await.exits(1).says("`skein demo`");
    let mut demo = skein.start(&["demo", "--port", "0"]);
    demo.prints("Ctrl-C stops the network").await;
    skein.run(&["demo"]).await.exits(1).says("A demo already runs");
    skein.run(&["--sandbox", "post", "hi"]).await.exits(0).says("look      http://localhost:");
    skein.run(&["--sandbox", "queue", "show", "last"]).await.exits(0).says("Published");
    let real = skein.run(&["queue", "list", "--all", "--json"]).await.exits(0).json();
    assert_eq!(real, serde_json::json!([]), "the sandbox has a database of its own");
    assert_eq!(demo.interrupt().await, Some(0));
    skein.run(&["--sandbox", "queue"]).await.exits(1).says("No demo runs");
}

#[tokio::test]
async fn a_program_gets_the_demo_as_one_object() {
    let skein = Installation::alone();
    let shown = skein.run(&["demo", "--exit-when-done", "--port", "0", "--json"]).await.exits(0).json();
    assert_eq!(shown["records"], 4);
    assert_eq!(shown["thread"]["status"], "published");
    assert_eq!(shown["cut"]["deliveries"][0]["receipt"]["settled"], "looked_up");
}
