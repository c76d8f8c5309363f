// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"testing"
)

func TestBombIsAValidBlackImage(t *testing.T) {
	content, err := bombPNG(700, 500)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("bomb does not decode: %v", err)
	}
	if got, want := img.Bounds(), image.Rect(0, 0, 700, 500); got != want {
		t.Errorf("bounds = %v, want %v", got, want)
	}
	if got, want := color.RGBAModel.Convert(img.At(699, 499)), (color.RGBA{A: 255}); got != want {
		t.Errorf("last pixel = %v, want %v", got, want)
	}
}

func TestBombIsSmallForItsPixels(t *testing.T) {
	content, err := bombPNG(10000, 10000)
	if err != nil {
		t.Fatal(err)
	}
	if pixels := 3 * 10000 * 10000; len(content) > pixels/200 {
		t.Errorf("%d bytes of file for %d bytes of pixels", len(content), pixels)
	}
}

func TestCMYKImageHasFourInks(t *testing.T) {
	content, err := cmykJPEG(64, 48)
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(content))
	if err != nil {
		t.Fatalf("does not decode: %v", err)
	}
	if img.ColorModel() != color.CMYKModel {
		t.Fatalf("decodes to %T, want CMYK", img)
	}
	for ink, want := range []color.CMYK{{C: 255}, {M: 255}, {Y: 255}, {}} {
		got := img.At(16*ink+8, 0).(color.CMYK)
		for _, pair := range [][2]uint8{{got.C, want.C}, {got.M, want.M}, {got.Y, want.Y}, {got.K, want.K}} {
			if difference := int(pair[0]) - int(pair[1]); difference < -12 || difference > 12 {
				t.Errorf("column %d = %v, want about %v", ink, got, want)
			}
		}
	}
}

func TestFilesAreWhatTheirNamesSay(t *testing.T) {
	broken := map[string]bool{
		"30-truncated.png": true, "31-truncated.jpg": true, "32-text.png": true, "33-empty.png": true,
		"34-absurd-size.png": true,
	}
	for _, f := range files(64) {
		t.Run(f.name, func(t *testing.T) {
			content, err := f.make()
			if err != nil {
				t.Fatal(err)
			}
			if f.name == "34-absurd-size.png" {
				config, err := png.DecodeConfig(bytes.NewReader(content))
				if err != nil || config.Width != 900000 {
					t.Errorf("header = %v, %v; want 900000 pixels wide", config, err)
				}
				return // a decoder would try to allocate the pixels
			}
			_, _, err = image.Decode(bytes.NewReader(content))
			if got := err != nil; got != broken[f.name] {
				t.Errorf("broken = %v (%v), want %v", got, err, broken[f.name])
			}
		})
	}
}
