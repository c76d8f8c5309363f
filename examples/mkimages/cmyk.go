// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
)

const (
	markerSOF0  = 0xc0 // frame header of a baseline image
	markerSOI   = 0xd8 // start and end of the image
	markerEOI   = 0xd9
	markerSOS   = 0xda // scan header, followed by the coded scan
	markerAPP14 = 0xee // Adobe's: the inks are stored inverted
)

var errNoScan = errors.New("encoded plane has no scan")

// cmykJPEG returns a four-colour image. The standard library writes none, but a baseline JPEG may hold its components in
// one scan each, and a gray JPEG is such a scan with the tables it needs: so each ink is encoded as a gray image, and the
// four are put behind one frame header. That also makes it a file of several scans, which decoders keep whole in memory.
func cmykJPEG(width, height int) ([]byte, error) {
	out := []byte{0xff, markerSOI}
	out = appendSegment(out, markerAPP14, []byte("Adobe\x00\x64\x00\x00\x00\x00\x00"))
	frame := binary.BigEndian.AppendUint16([]byte{8}, uint16(height))
	frame = binary.BigEndian.AppendUint16(frame, uint16(width))
	frame = append(frame, 4)
	for ink := range byte(4) {
		frame = append(frame, 1+ink, 0x11, 0) // identifier, no subsampling, quantisation table 0
	}
	out = appendSegment(out, markerSOF0, frame)
	for ink := range 4 {
		plane, err := encodeJPEG(inkPlane(width, height, ink), 85)
		if err != nil {
			return nil, fmt.Errorf("encode plane: %w", err)
		}
		tables, scan, err := splitGray(plane)
		if err != nil {
			return nil, err
		}
		out = append(out, tables...)
		out = appendSegment(out, markerSOS, []byte{1, byte(1 + ink), 0, 0, 63, 0})
		out = append(out, scan...)
	}
	return append(out, 0xff, markerEOI), nil
}

func appendSegment(out []byte, marker byte, content []byte) []byte {
	out = append(out, 0xff, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(2+len(content)))
	return append(out, content...)
}

// splitGray takes a gray JPEG apart: the table segments as they are, and the coded scan.
func splitGray(content []byte) (tables, scan []byte, err error) {
	rest := content[2:] // after SOI
	for len(rest) >= 4 && rest[0] == 0xff {
		size := 2 + int(binary.BigEndian.Uint16(rest[2:]))
		switch {
		case size > len(rest):
			return nil, nil, errNoScan
		case rest[1] == markerSOS:
			return tables, bytes.TrimSuffix(rest[size:], []byte{0xff, markerEOI}), nil
		case rest[1] != markerSOF0:
			tables = append(tables, rest[:size]...)
		}
		rest = rest[size:]
	}
	return nil, nil, errNoScan
}

// inkPlane is one of cyan, magenta, yellow and black as Adobe stores it: 255 is none.
func inkPlane(width, height, ink int) image.Image {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			amount := 0
			switch {
			case ink == 3:
				amount = part(y, height, 160)
			case 4*x/width == ink:
				amount = 255
			}
			img.SetGray(x, y, color.Gray{uint8(255 - amount)})
		}
	}
	return img
}
