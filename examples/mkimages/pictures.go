// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
)

func encodePNG(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

func encodeJPEG(img image.Image, quality int) ([]byte, error) {
	var out bytes.Buffer
	err := jpeg.Encode(&out, img, &jpeg.Options{Quality: quality})
	return out.Bytes(), err
}

// part returns at/size scaled to 0..most.
func part(at, size, most int) int {
	return at * most / max(size-1, 1)
}

// ring is a value of 0..255 that runs in circles around the middle of the picture.
func ring(x, y, width, height int) uint8 {
	radius := math.Hypot(float64(x-width/2), float64(y-height/2))
	return uint8(127.5 + 127.5*math.Cos(radius/12))
}

// gradient is an opaque RGB picture.
func gradient(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			red, green := part(x, width, 255), part(y, height, 255)
			img.SetNRGBA(x, y, color.NRGBA{uint8(red), uint8(green), uint8(255 - red), 255})
		}
	}
	return img
}

func grayRings(width, height int) image.Image {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.SetGray(x, y, color.Gray{ring(x, y, width, height)})
		}
	}
	return img
}

func colourRings(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			value := ring(x, y, width, height)
			img.SetNRGBA(x, y, color.NRGBA{value, uint8(part(x, width, 255)), 255 - value, 255})
		}
	}
	return img
}

// glass is transparent in the middle and opaque at the rim.
func glass(width, height int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			distance := math.Hypot(float64(2*x-width)/float64(width), float64(2*y-height)/float64(height))
			img.SetNRGBA(x, y, color.NRGBA{30, 120, 200, uint8(255 * min(distance, 1))})
		}
	}
	return img
}

func paletteTiles(width, height int) image.Image {
	palette := color.Palette{
		color.NRGBA{20, 40, 80, 255}, color.NRGBA{240, 200, 60, 255}, color.NRGBA{200, 60, 60, 255},
		color.NRGBA{60, 160, 90, 255}, color.NRGBA{0, 0, 0, 0},
	}
	img := image.NewPaletted(image.Rect(0, 0, width, height), palette)
	for y := range height {
		for x := range width {
			img.SetColorIndex(x, y, uint8((x/50+2*(y/50))%len(palette)))
		}
	}
	return img
}

func deepGradient(width, height int) image.Image {
	img := image.NewNRGBA64(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			green := uint16(part(x, width, 0xffff))
			img.SetNRGBA64(x, y, color.NRGBA64{uint16(part(y, height, 0xffff)), green, 0x8000, 0xffff})
		}
	}
	return img
}
