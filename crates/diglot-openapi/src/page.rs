//! The page that shows a document: Swagger UI as npm has it, in the binary. It loads nothing from anywhere else.

use std::fmt::Write as _;

/// The version of Swagger UI. `cargo xtask docs-page VERSION` brings another.
const VERSION: &str = include_str!("../page/VERSION").trim_ascii();

/// What the page may load and do: nothing but what its own server has.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/// A file that the page loads.
#[derive(Debug, Clone, Copy)]
pub struct Asset {
    /// Its path below that of the page. It has a version in it and is never another.
    pub path: &'static str,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content, compressed with gzip.
    pub gzip: &'static [u8],
}

macro_rules! asset {
    ($file:literal, $media_type:literal) => {
        Asset {
            path: $file,
            media_type: $media_type,
            gzip: include_bytes!(concat!("../page/", $file, ".gz")),
        }
    };
}

const ASSETS: [Asset; 6] = [
    asset!("swagger-ui.css", "text/css; charset=utf-8"),
    asset!("swagger-ui-bundle.js", "text/javascript; charset=utf-8"),
    asset!("start.js", "text/javascript; charset=utf-8"),
    asset!("LICENSE", "text/plain; charset=utf-8"),
    asset!("NOTICE", "text/plain; charset=utf-8"),
    asset!("swagger-ui-bundle.js.LICENSE.txt", "text/plain; charset=utf-8"),
];

/// The file at a path below the page's: `/5.35.0/swagger-ui.css`.
pub fn asset(path: &str) -> Option<Asset> {
    let name = path.strip_prefix('/')?.strip_prefix(VERSION)?.strip_prefix('/')?;
    ASSETS.into_iter().find(|asset| asset.path == name)
}

/// The page at `page`, which shows the document at `document`; both are paths of the server. It refers to what it loads by
/// where it is itself, so that a proxy may serve both below another path.
pub fn page(page: &str, document: &str) -> String {
    let here = page.rsplit('/').next().unwrap_or_default();
    let above = page.matches('/').count() - 1;
    let document = format!("{}{}", "../".repeat(above), document.trim_start_matches('/'));
    let mut text = String::new();
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>API</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<link rel=\"icon\" href=\"data:,\">\n\
         <link rel=\"stylesheet\" href=\"{here}/{VERSION}/swagger-ui.css\">\n\
         <script defer src=\"{here}/{VERSION}/swagger-ui-bundle.js\"></script>\n\
         <script defer src=\"{here}/{VERSION}/start.js\"></script>\n</head>\n\
         <body>\n<div id=\"api\" data-document=\"{document}\"></div>\n</body>\n</html>\n",
        here = escaped(here),
        document = escaped(&document),
    );
    text
}

/// As the value of an attribute.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_page_loads_is_there() {
        for page_path in ["/docs", "/api/docs"] {
            let text = page(page_path, "/openapi.json");
            let loaded: Vec<&str> =
                text.split(['"']).filter(|part| part.ends_with(".js") || part.ends_with(".css")).collect();
            assert_eq!(loaded.len(), 3);
            for path in loaded {
                assert!(asset(path.strip_prefix("docs").expect("beside the page")).is_some(), "{path}");
            }
        }
        assert!(page("/docs", "/openapi.json").contains("data-document=\"openapi.json\""));
        assert!(page("/a/docs", "/b/openapi.json").contains("data-document=\"../b/openapi.json\""));
        assert!(asset("/0.0.1/swagger-ui.css").is_none());
    }

    #[test]
    fn files_are_whole() {
        for Asset { path, gzip, .. } in ASSETS {
            assert_eq!(gzip.get(..2), Some(&[0x1f, 0x8b][..]), "{path}");
        }
    }
}
