//! Pictures of people: whatever comes becomes a square of one size, made anew, so
//! that nothing of what came is ever passed on but its colours.

use std::collections::HashSet;
use std::io::Cursor;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, Limits};

use crate::id::UserId;
use crate::workshop::{WorkError, Workshop};

/// How wide and high a picture is shown, in pixels.
const SIDE: u32 = 256;

/// The widest and highest that is read, in pixels.
const MAX_SIDE: u32 = 4096;

/// The largest that is unpacked, in bytes: four of them for each pixel.
const MAX_UNPACKED_BYTES: u64 = 4 * MAX_SIDE as u64 * MAX_SIDE as u64;

const JPEG_QUALITY: u8 = 85;

/// How many pictures may wait for their turn.
const MAX_WAITING: usize = 16;

/// A picture as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// `image/png` where it is transparent somewhere, else `image/jpeg`.
    pub media_type: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// It is no PNG, JPEG or WebP, or it is broken.
    #[error("this is no PNG, JPEG or WebP picture")]
    NotAPicture,
    /// It would take too much room.
    #[error("a picture has at most 4096 pixels a side and 64 MiB unpacked")]
    TooLarge,
    /// Too many are being worked on.
    #[error("too many pictures are worked on at once")]
    Busy,
}

/// Where pictures are made: one after another, as each may take twice 64 MiB, and
/// one of each person, who could fill the line alone.
#[derive(Clone)]
pub(crate) struct Pictures {
    workshop: Workshop,
    waiting: Arc<Mutex<HashSet<UserId>>>,
}

impl Default for Pictures {
    fn default() -> Self {
        Self { workshop: Workshop::new(1, MAX_WAITING), waiting: Arc::default() }
    }
}

/// Somebody's place in the line, until it is dropped.
struct Place<'a> {
    pictures: &'a Pictures,
    owner: UserId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pictures.waiting().remove(&self.owner);
    }
}

impl Pictures {
    fn waiting(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is made of a file.
    ///
    /// # Errors
    /// [`PictureError`].
    pub(crate) async fn make(&self, owner: UserId, file: Vec<u8>) -> Result<Picture, PictureError> {
        if !self.waiting().insert(owner) {
            return Err(PictureError::Busy);
        }
        let _place = Place { pictures: self, owner };
        match self.workshop.run(move || made_of(&file)).await {
            Ok(made) => made.map_err(PictureError::from),
            Err(WorkError::Busy) => Err(PictureError::Busy),
            // A file over which its decoder stumbles is none.
            Err(WorkError::Died(_)) => Err(PictureError::NotAPicture),
        }
    }
}

/// The measures stand in the first bytes: what is too large is never unpacked.
fn made_of(file: &[u8]) -> ImageResult<Picture> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    reader.limits(limits());
    let mut decoder = reader.into_decoder()?;
    limits().reserve(decoder.total_bytes())?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = square(&DynamicImage::from_decoder(decoder)?);
    picture.apply_orientation(orientation);
    encoded(&picture)
}

/// What lies in the middle. Cut out before it is scaled: a picture one pixel wide
/// would grow to hundreds of megabytes.
fn square(picture: &DynamicImage) -> DynamicImage {
    let (width, height) = (picture.width(), picture.height());
    let side = width.min(height);
    if width == height {
        return picture.resize_exact(SIDE, SIDE, FilterType::Triangle);
    }
    let middle = picture.crop_imm((width - side) / 2, (height - side) / 2, side, side);
    middle.resize_exact(SIDE, SIDE, FilterType::Triangle)
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_UNPACKED_BYTES);
    limits
}

fn encoded(picture: &DynamicImage) -> ImageResult<Picture> {
    let mut bytes = Vec::new();
    let media_type = if picture.color().has_alpha() {
        picture.to_rgba8().write_with_encoder(PngEncoder::new(&mut bytes))?;
        "image/png"
    } else {
        let encoder = JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY);
        picture.to_rgb8().write_with_encoder(encoder)?;
        "image/jpeg"
    };
    Ok(Picture { media_type: media_type.into(), bytes })
}

impl From<ImageError> for PictureError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            _ => Self::NotAPicture,
        }
    }
}

#[cfg(test)]
mod tests {
    use image::{ImageFormat, RgbImage, RgbaImage};

    use super::*;

    /// The beginning of a PNG of 4096 × 2049 pixels, each of them of 8 bytes.
    const DEEP: &[u8] =
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x10\0\0\0\x08\x01\x10\x06\0\0\0\x3d\x5e\xf9\x58\
        \0\0\0\0IDAT\x35\xaf\x06\x1e";

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    #[test]
    fn every_picture_becomes_a_square_of_one_size() {
        let opaque = DynamicImage::from(RgbImage::new(300, 20));
        let transparent = DynamicImage::from(RgbaImage::new(1, MAX_SIDE));
        for (picture, format, media_type) in [
            (&opaque, ImageFormat::Png, "image/jpeg"),
            (&opaque, ImageFormat::Jpeg, "image/jpeg"),
            (&opaque, ImageFormat::WebP, "image/jpeg"),
            (&transparent, ImageFormat::Png, "image/png"),
            (&transparent, ImageFormat::WebP, "image/png"),
        ] {
            let made = made_of(&file(picture, format)).unwrap();
            assert_eq!(made.media_type, media_type, "{format:?}");
            let shown = image::load_from_memory(&made.bytes).unwrap();
            assert_eq!((shown.width(), shown.height()), (SIDE, SIDE));
        }
    }

    #[test]
    fn what_is_too_large_or_no_picture_is_told_apart() {
        let wide = DynamicImage::from(RgbImage::new(MAX_SIDE + 1, 1));
        let wide = made_of(&file(&wide, ImageFormat::Png)).map_err(PictureError::from);
        assert!(matches!(wide, Err(PictureError::TooLarge)), "{wide:?}");
        let deep = made_of(DEEP).map_err(PictureError::from);
        assert!(matches!(deep, Err(PictureError::TooLarge)), "{deep:?}");
        let png = file(&DynamicImage::from(RgbImage::new(9, 9)), ImageFormat::Png);
        for wrong in [b"<svg/>".as_slice(), b"", b"GIF89a", &png[..png.len() / 2], &png[..20]] {
            let refused = made_of(wrong).map_err(PictureError::from);
            assert!(matches!(refused, Err(PictureError::NotAPicture)), "{refused:?}");
        }
    }
}
