// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	colourRGB = 2 // PNG colour type: three bytes a pixel here

	// adlerModulus is the prime of the Adler-32 checksum that ends a zlib stream.
	adlerModulus = 65521
)

// pngChunk appends one chunk: length, type, content, CRC.
func pngChunk(out *bytes.Buffer, kind string, content []byte) {
	var word [4]byte
	binary.BigEndian.PutUint32(word[:], uint32(len(content)))
	out.Write(word[:])
	start := out.Len()
	out.WriteString(kind)
	out.Write(content)
	binary.BigEndian.PutUint32(word[:], crc32.ChecksumIEEE(out.Bytes()[start:]))
	out.Write(word[:])
}

// pngStart is the signature and the header of an 8-bit RGB image, interlaced or not.
func pngStart(width, height int, interlaced bool) *bytes.Buffer {
	out := bytes.NewBufferString("\x89PNG\r\n\x1a\n")
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(height))
	header = append(header, 8, colourRGB, 0, 0, 0)
	if interlaced {
		header[len(header)-1] = 1
	}
	pngChunk(out, "IHDR", header)
	return out
}

// bombPNG returns a valid black image: about a kilobyte for a megabyte of pixels, so 30000 x 30000 of them take
// seconds to decode.
//
// A thousand million zeros need not be compressed to write their compressed form: a flushed deflate stream ends on a byte
// boundary and, being the first of its stream, refers to nothing before it, so it may be repeated.
func bombPNG(width, height int) ([]byte, error) {
	row := 1 + 3*width // the filter byte and the pixels
	total := row * height
	segment, err := deflatedZeros(row)
	if err != nil {
		return nil, err
	}
	// 32 KiB window, default level; then the segments, an empty final block, and the checksum: Adler-32 of n zeros is
	// n in the upper half, 1 in the lower.
	stream := append([]byte{0x78, 0x9c}, bytes.Repeat(segment, height)...)
	stream = append(stream, 0x01, 0x00, 0x00, 0xff, 0xff)
	stream = binary.BigEndian.AppendUint32(stream, uint32(total%adlerModulus)<<16|1)
	out := pngStart(width, height, false)
	pngChunk(out, "IDAT", stream)
	pngChunk(out, "IEND", nil)
	return out.Bytes(), nil
}

// deflatedZeros compresses n zeros and flushes, without a final block.
func deflatedZeros(n int) ([]byte, error) {
	var out bytes.Buffer
	compressor, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("start deflate: %w", err)
	}
	if _, err := compressor.Write(make([]byte, n)); err != nil {
		return nil, fmt.Errorf("deflate: %w", err)
	}
	if err := compressor.Flush(); err != nil {
		return nil, fmt.Errorf("flush deflate: %w", err)
	}
	return out.Bytes(), nil
}

// absurdPNG claims more interlaced pixels than memory can hold, and has none of them.
func absurdPNG() ([]byte, error) {
	out := pngStart(900000, 900000, true)
	segment, err := deflatedZeros(4096)
	if err != nil {
		return nil, err
	}
	pngChunk(out, "IDAT", append([]byte{0x78, 0x9c}, segment...))
	pngChunk(out, "IEND", nil)
	return out.Bytes(), nil
}
