//! The files that browsers are served.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{Client, Response, redirect::Policy};

use crate::{harness::app::TestApp, store::database::Database};

/// Asks for files as a browser does that follows nothing by itself.
struct Browser {
    root: String,
    client: Client,
}

impl Browser {
    fn of(app: &TestApp) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { root: format!("http://{}", app.running.address), client }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut request = self.client.get(format!("{}{path}", self.root));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer")
    }

    /// What a page loads from below this path.
    async fn files_of(&self, page: &str, below: &str) -> Vec<String> {
        let html = self.get(page, &[]).await.text().await.expect("a text");
        let named = html.split(['"', '\'']).map(|p| p.trim_start_matches("./"));
        let files = named.filter(|p| p.ends_with(".js") || p.ends_with(".css"));
        files.map(|p| if p.starts_with('/') { p.to_owned() } else { format!("{below}{p}") }).collect()
    }
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|v| v.to_str().expect("text").to_owned()).unwrap_or_default()
}

#[actix::test]
async fn the_first_page_is_served_whole() {
    let app = TestApp::start(Database::sqlite()).await;
    let browser = Browser::of(&app);
    let page = browser.get("/", &[]).await;
    assert_eq!((page.status().as_u16(), header(&page, "content-type")), (200, "text/html; charset=utf-8".to_owned()));
    assert!(header(&page, "content-security-policy").starts_with("default-src 'self';"));
    assert_eq!(header(&page, "x-content-type-options"), "nosniff");
    assert_eq!(header(&page, "cache-control"), "no-cache");
    let tag = header(&page, "etag");
    let again = browser.get("/", &[("if-none-match", &format!("\"other\", W/{tag}"))]).await;
    assert_eq!((again.status().as_u16(), again.content_length()), (304, Some(0)));
    let files = browser.files_of("/", "/").await;
    assert!(!files.is_empty());
    for file in files.iter().map(String::as_str).chain(["/favicon.ico"]) {
        assert_eq!(browser.get(file, &[]).await.status(), 200, "{file}");
    }
    for path in ["/start/", "/start/none.js", "/start/../Cargo.toml", "/start/%2e%2e/Cargo.toml"] {
        assert_eq!(browser.get(path, &[]).await.status(), 404, "{path}");
    }
    app.close().await;
}

#[actix::test]
async fn a_text_is_packed_for_whoever_can_unpack_it() {
    let app = TestApp::start(Database::sqlite()).await;
    let browser = Browser::of(&app);
    let files = browser.files_of("/", "/").await;
    let script = files.iter().find(|f| f.ends_with(".js")).expect("a script");
    let whole = browser.get(script, &[]).await;
    assert_eq!((header(&whole, "content-encoding"), header(&whole, "vary")), (String::new(), "accept-encoding".into()));
    let packed = browser.get(script, &[("accept-encoding", "gzip, br")]).await;
    assert_eq!(header(&packed, "content-encoding"), "gzip");
    let (one, other) = (header(&whole, "etag"), header(&packed, "etag"));
    assert_ne!(one, other, "a cache must not take the one for the other");
    let asked = [("accept-encoding", "gzip"), ("if-none-match", &*other)];
    assert_eq!(browser.get(script, &asked).await.status(), 304);
    assert_eq!(browser.get(script, &[asked[1]]).await.status(), 200);
    let (whole, packed) = (whole.bytes().await.expect("bytes"), packed.bytes().await.expect("bytes"));
    let mut unpacked = Vec::new();
    GzDecoder::new(&*packed).read_to_end(&mut unpacked).expect("gzip");
    assert_eq!(unpacked, whole);
    assert!(packed.len() < whole.len() / 2, "{} of {}", packed.len(), whole.len());
    app.close().await;
}

/// The built pages; where there are none, a page says how to get them.
#[actix::test]
async fn built_pages_are_served_under_their_own_policies() {
    let app = TestApp::start(Database::sqlite()).await;
    let browser = Browser::of(&app);
    for (path, framed_by) in [("/m/", "frame-ancestors 'self'"), ("/console/", "frame-ancestors 'none'")] {
        let bare = browser.get(&format!("{}?person=%E6%9E%97&x=1", path.trim_end_matches('/')), &[]).await;
        assert_eq!((bare.status().as_u16(), header(&bare, "location")), (308, format!("{path}?person=%E6%9E%97&x=1")));
        let page = browser.get(&format!("{path}?person=amy"), &[]).await;
        assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
        let policy = header(&page, "content-security-policy");
        assert!(policy.ends_with(framed_by) && policy.contains("script-src 'self';"), "{policy}");
        for none in ["none.js", "../.gitkeep", "%2e%2e/.gitkeep", "..%2f.gitkeep", "/etc/passwd"] {
            assert_eq!(browser.get(&format!("{path}{none}"), &[]).await.status(), 404, "{none}");
        }
        if page.status() == 404 {
            assert!(page.text().await.expect("a text").contains("scripts/web"));
            continue;
        }
        assert_eq!(header(&page, "cache-control"), "no-cache");
        let files = browser.files_of(path, path).await;
        assert!(!files.is_empty(), "{path} loads nothing");
        for file in files {
            let answer = browser.get(&file, &[("accept-encoding", "gzip")]).await;
            let told = ["cache-control", "content-encoding"].map(|name| header(&answer, name));
            assert_eq!((answer.status().as_u16(), told), (200, KEPT.map(str::to_owned)), "{file}");
        }
    }
    app.close().await;
}

/// A file with a hash in its name.
const KEPT: [&str; 2] = ["public, max-age=31536000, immutable", "gzip"];
