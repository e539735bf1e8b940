//! As much of PNG as Chromium writes: eight bits, RGB or RGBA, not interlaced.

use std::collections::HashSet;
use std::io::Read as _;

pub struct Picture {
    channels: usize,
    samples: Vec<u8>,
}

impl Picture {
    pub fn read(png: &[u8]) -> Picture {
        assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
        let (mut header, mut packed, mut at) = (&png[..0], Vec::new(), 8);
        while at + 12 <= png.len() {
            let length = u32::from_be_bytes(png[at..at + 4].try_into().unwrap()) as usize;
            let data = &png[at + 8..at + 8 + length];
            match &png[at + 4..at + 8] {
                b"IHDR" => header = data,
                b"IDAT" => packed.extend_from_slice(data),
                _ => {}
            }
            at += length + 12;
        }
        let width = u32::from_be_bytes(header[..4].try_into().unwrap()) as usize;
        assert_eq!((header[8], header[12]), (8, 0), "depth and interlacing");
        let channels = if header[9] == 6 { 4 } else { 3 };
        let mut raw = Vec::new();
        flate2::read::ZlibDecoder::new(&packed[..]).read_to_end(&mut raw).unwrap();
        Picture { channels, samples: unfiltered(&raw, width * channels, channels) }
    }

    fn pixels(&self) -> impl Iterator<Item = [u8; 3]> {
        self.samples.chunks_exact(self.channels).map(|pixel| [pixel[0], pixel[1], pixel[2]])
    }

    pub fn colours(&self) -> usize {
        self.pixels().collect::<HashSet<_>>().len()
    }

    /// Most of it is darker than middle grey.
    pub fn is_dark(&self) -> bool {
        let dark = self.pixels().filter(|pixel| pixel.iter().map(|sample| u32::from(*sample)).sum::<u32>() < 384).count();
        dark * 2 > self.samples.len() / self.channels
    }
}

/// PNG section 9: each line says how it differs from the one above and the pixel before.
fn unfiltered(raw: &[u8], stride: usize, channels: usize) -> Vec<u8> {
    let mut samples: Vec<u8> = Vec::with_capacity(raw.len());
    for (row, line) in raw.chunks_exact(stride + 1).enumerate() {
        for (column, byte) in line[1..].iter().enumerate() {
            let here = row * stride + column;
            let left = if column >= channels { samples[here - channels] } else { 0 };
            let above = if row > 0 { samples[here - stride] } else { 0 };
            let corner = if row > 0 && column >= channels { samples[here - stride - channels] } else { 0 };
            let guess = match line[0] {
                1 => left,
                2 => above,
                3 => u8::midpoint(left, above),
                4 => paeth(left, above, corner),
                _ => 0,
            };
            samples.push(byte.wrapping_add(guess));
        }
    }
    samples
}

fn paeth(left: u8, above: u8, corner: u8) -> u8 {
    let distance = |to: u8| (i32::from(left) + i32::from(above) - i32::from(corner) - i32::from(to)).abs();
    [left, above, corner].into_iter().min_by_key(|to| distance(*to)).unwrap()
}
