//! Logos: raster only, bounded before they are decoded, and always drawn anew.
//!
//! 1. Refuse what is too large to be read at all.
//! 2. Look at the first bytes: PNG, JPEG or WebP, whatever the sender calls it. A vector picture is text that a browser
//!    may run, and is refused.
//! 3. Decode on a thread of its own, one after the other, with bounds on sides and on memory.
//! 4. Shrink it and write it as PNG. What is served is our own drawing; nothing of the upload is left in it.
//!
//! A logo is sent, never fetched: the server follows no address that a person gave.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, ImageReader, Limits};
use tokio::sync::Semaphore;

use crate::contract::lifetimes::MOST_LOGO_BYTES;
use crate::contract::table::Stop;
use crate::domain::{FieldProblem, FieldProblems};
use crate::fault::Fault;

use super::refusal::{Outcome, Refusal};

/// The longest side of a logo as it is kept, in pixels.
pub const SIDE: u32 = 256;
/// The longest side of a picture that is read at all.
const MOST_PIXELS: u32 = 4_096;
/// The most memory that decoding may take: a picture of the largest size, four bytes a pixel, and room to work.
const MOST_MEMORY: u64 = 80 * 1024 * 1024;

/// Pictures that are decoded at once: a small file may be a large picture, and whoever sends many of them must not fill
/// the memory.
static TURN: Semaphore = Semaphore::const_new(1);

/// Reads an uploaded picture and draws it anew as PNG, at most [`SIDE`] pixels a side.
///
/// # Errors
/// `Refused` with the field `logo`, when it is no picture that is taken.
pub async fn read_logo(upload: Vec<u8>) -> Outcome<Vec<u8>> {
    let turn = TURN.acquire().await.map_err(Fault::internal)?;
    // The turn goes along: it is not over when whoever sent the picture is gone.
    let drawing = move || {
        let drawn = draw(&upload);
        drop(turn);
        drawn
    };
    let drawn = tokio::task::spawn_blocking(drawing).await.map_err(Fault::internal)?;
    drawn.ok_or_else(|| Stop::Refused(Refusal::Fields(FieldProblems(vec![("logo", FieldProblem::Picture)]))))
}

fn draw(upload: &[u8]) -> Option<Vec<u8>> {
    if upload.len() > MOST_LOGO_BYTES {
        return None;
    }
    let format = image::guess_format(upload).ok()?;
    if !matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP) {
        return None;
    }
    let mut limits = Limits::default();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_MEMORY);
    let mut reader = ImageReader::with_format(Cursor::new(upload), format);
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    // `thumbnail` also enlarges; a small logo stays as it is.
    let picture = if picture.width().max(picture.height()) > SIDE { picture.thumbnail(SIDE, SIDE) } else { picture };
    let mut png = Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(picture.to_rgba8()).write_to(&mut png, ImageFormat::Png).ok()?;
    Some(png.into_inner())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn picture(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        DynamicImage::new_rgb8(width, height).write_to(&mut bytes, format).expect("it is drawn");
        bytes.into_inner()
    }

    fn size(png: &[u8]) -> (u32, u32) {
        let read = image::load_from_memory_with_format(png, ImageFormat::Png).expect("a PNG");
        (read.width(), read.height())
    }

    #[test]
    fn raster_pictures_are_drawn_anew_as_small_png_r_79() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let drawn = draw(&picture(600, 300, format)).expect("taken");
            assert_eq!(size(&drawn), (256, 128), "{format:?}");
        }
        assert_eq!(draw(&picture(40, 30, ImageFormat::Png)).map(|drawn| size(&drawn)), Some((40, 30)));
    }

    #[test]
    fn what_a_browser_might_run_or_a_decoder_choke_on_is_refused_r_79() {
        let mut cut = picture(600, 300, ImageFormat::Png);
        cut.truncate(60);
        let mut heavy = picture(10, 10, ImageFormat::Png);
        heavy.resize(MOST_LOGO_BYTES + 1, 0);
        for bad in [
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(),
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00;".to_vec(),
            b"<html>".to_vec(),
            Vec::new(),
            cut,
            heavy,
            picture(4_097, 1, ImageFormat::Png),
        ] {
            assert_eq!(draw(&bad), None);
        }
    }

    #[tokio::test]
    async fn pictures_are_decoded_one_after_the_other_r_79() {
        let turn = TURN.acquire().await.expect("never closed");
        let mut waits = tokio::spawn(read_logo(picture(40, 30, ImageFormat::Png)));
        assert!(tokio::time::timeout(Duration::from_millis(300), &mut waits).await.is_err());
        drop(turn);
        assert!(waits.await.expect("it ends").is_ok());
    }

    #[test]
    fn nothing_of_the_upload_survives_but_its_pixels() {
        let mut upload = picture(16, 16, ImageFormat::Png);
        upload.extend_from_slice(b"<script>alert(1)</script>");
        let drawn = draw(&upload).expect("what follows the picture is no part of it");
        assert!(!drawn.windows(7).any(|part| part == b"<script"));
    }
}
