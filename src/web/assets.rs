//! The style sheet and the mark, served from the binary.
//!
//! A file's name carries the hash of its bytes, so that it may be kept for ever and still changes with the next
//! version. A handful of files needs no build step: the names are made at first use.

use std::sync::LazyLock;

/// What `Cache-Control` says of every asset: its name changes when its bytes do.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The folder that assets are served from, with its slashes.
pub const FOLDER: &str = "/assets/";

/// One file as it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asset {
    /// The whole body.
    pub bytes: &'static [u8],
    /// Its media type.
    pub content_type: &'static str,
}

/// The asset at a request path such as `/assets/kit-0123456789abcdef.css`; `None` for any other path, old hashes
/// included.
pub fn find(path: &str) -> Option<Asset> {
    let name = path.strip_prefix(FOLDER)?;
    NAMED.iter().find(|named| named.path[FOLDER.len()..] == *name).map(|named| named.asset)
}

/// The path of a file of `assets/`, as templates write it: `asset_path("kit.css")`.
///
/// # Panics
/// When there is no such file, which the first rendering of any page would show.
pub fn asset_path(file: &str) -> &'static str {
    let named = NAMED.iter().find(|named| named.file == file);
    &named.expect("templates name only files of the table").path
}

struct Named {
    file: &'static str,
    path: String,
    asset: Asset,
}

static NAMED: LazyLock<Vec<Named>> = LazyLock::new(|| {
    FILES.iter().map(|&(file, asset)| Named { file, path: hashed_path(file, asset.bytes), asset }).collect()
});

fn hashed_path(file: &str, bytes: &[u8]) -> String {
    let (stem, extension) = file.rsplit_once('.').expect("every file of the table has an extension");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let hash = data_encoding::HEXLOWER.encode(&hash.as_ref()[..8]);
    format!("{FOLDER}{stem}-{hash}.{extension}")
}

const FILES: [(&str, Asset); 2] = [
    ("kit.css", Asset { bytes: include_bytes!("../../assets/kit.css"), content_type: "text/css; charset=utf-8" }),
    ("mark.svg", Asset { bytes: include_bytes!("../../assets/mark.svg"), content_type: "image/svg+xml" }),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asset_is_found_under_its_hashed_name_alone() {
        let path = asset_path("kit.css");
        let hash = path.strip_prefix("/assets/kit-").and_then(|rest| rest.strip_suffix(".css")).expect(path);
        assert_eq!(hash.len(), 16, "{path}");
        assert_eq!(find(path).expect("served").content_type, "text/css; charset=utf-8");
        for other in ["/assets/kit.css", "/assets/kit-0000000000000000.css", "/assets/", "/kit.css", "/assets//kit.css"]
        {
            assert_eq!(find(other), None, "{other}");
        }
    }

    #[test]
    fn no_asset_reaches_for_anything_elsewhere() {
        for (file, asset) in FILES {
            let text = std::str::from_utf8(asset.bytes).expect("assets are text");
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for forbidden in ["http:", "https:", "//", "@import", "<script", "javascript:"] {
                assert!(!text.contains(forbidden), "{file} contains {forbidden}");
            }
        }
    }
}
