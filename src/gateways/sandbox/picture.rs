//! A picture that stands for a mini-program code: a PNG, a pattern of what it carries. It cannot
//! be scanned.

use sha2::{Digest, Sha256};

/// Cells along an edge, with a free one at each end.
const CELLS: u32 = 18;

/// Black on white, of this width and height.
pub fn picture(scene: &str, width: u32) -> Vec<u8> {
    let pattern = Sha256::digest(scene);
    let row_bytes = width.div_ceil(8) as usize;
    let mut pixels = Vec::with_capacity((row_bytes + 1) * width as usize);
    for y in 0..width {
        // No filter.
        pixels.push(0);
        let mut row = vec![0xff_u8; row_bytes];
        for x in (0..width).filter(|x| is_black(&pattern, x * CELLS / width, y * CELLS / width)) {
            row[x as usize / 8] &= !(0x80 >> (x % 8));
        }
        pixels.extend(row);
    }
    let size = width.to_be_bytes();
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &[&size[..], &size, &[1, 0, 0, 0, 0]].concat());
    chunk(&mut png, b"IDAT", &zlib(&pixels));
    chunk(&mut png, b"IEND", &[]);
    png
}

/// The same on either side of the middle, so that it looks made.
fn is_black(pattern: &[u8], x: u32, y: u32) -> bool {
    let edge = CELLS - 1;
    if x == 0 || y == 0 || x == edge || y == edge {
        return false;
    }
    let cell = (x.min(edge - x) + y * CELLS / 2) as usize;
    pattern[cell / 8 % pattern.len()] >> (cell % 8) & 1 == 1
}

fn chunk(png: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    png.extend((data.len() as u32).to_be_bytes());
    png.extend(kind);
    png.extend(data);
    png.extend(crc32(kind.iter().chain(data)).to_be_bytes());
}

/// Stored, not deflated.
fn zlib(data: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let blocks = data.chunks(0xffff);
    let last = blocks.len().saturating_sub(1);
    for (i, block) in blocks.enumerate() {
        let length = block.len() as u16;
        out.push(u8::from(i == last));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    let (a, b) = data.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    out.extend((b << 16 | a).to_be_bytes());
    out
}

fn crc32<'a>(data: impl Iterator<Item = &'a u8>) -> u32 {
    !data.fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_standards() {
        assert_eq!(crc32(b"123456789".iter()), 0xcbf4_3926);
        assert_eq!(zlib(b"Wikipedia")[16..], [0x11, 0xe6, 0x03, 0x98]);
    }
}
