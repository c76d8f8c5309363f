// SPDX-License-Identifier: Apache-2.0

// Command mkimages creates the input folder of the thumbnails demo: well-behaved PNG and JPEG files of several colour
// types, a decompression bomb, and files that are broken in various ways. The files are the same on every run.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

// file is one row of the folder. make returns its content.
type file struct {
	name string
	make func() ([]byte, error)
}

// files lists the folder, good images first. bombSide is the bomb's width and height.
func files(bombSide int) []file {
	return []file{
		{"01-gradient-rgb.png", func() ([]byte, error) { return encodePNG(gradient(800, 600)) }},
		{"02-rings-gray.png", func() ([]byte, error) { return encodePNG(grayRings(640, 640)) }},
		{"03-glass-alpha.png", func() ([]byte, error) { return encodePNG(glass(500, 400)) }},
		{"04-tiles-palette.png", func() ([]byte, error) { return encodePNG(paletteTiles(600, 450)) }},
		{"05-deep-16bit.png", func() ([]byte, error) { return encodePNG(deepGradient(480, 640)) }},
		{"06-dot-1x1.png", func() ([]byte, error) { return encodePNG(gradient(1, 1)) }},
		{"07-strip-1200x20.png", func() ([]byte, error) { return encodePNG(gradient(1200, 20)) }},
		{"08-rings-colour.jpg", func() ([]byte, error) { return encodeJPEG(colourRings(1024, 768), 90) }},
		{"09-rings-gray.jpg", func() ([]byte, error) { return encodeJPEG(grayRings(700, 500), 85) }},
		{"10-inks-cmyk.jpg", func() ([]byte, error) { return cmykJPEG(480, 360) }},
		{"11-portrait.jpeg", func() ([]byte, error) { return encodeJPEG(colourRings(300, 900), 60) }},
		{"20-bomb.png", func() ([]byte, error) { return bombPNG(bombSide, bombSide) }},
		{"30-truncated.png", func() ([]byte, error) { return firstHalf(encodePNG(colourRings(640, 480))) }},
		{"31-truncated.jpg", func() ([]byte, error) { return firstHalf(encodeJPEG(colourRings(640, 480), 85)) }},
		{"32-text.png", func() ([]byte, error) { return []byte("This is no image, whatever its name says.\n"), nil }},
		{"33-empty.png", func() ([]byte, error) { return nil, nil }},
		{"34-absurd-size.png", func() ([]byte, error) { return absurdPNG() }},
	}
}

func firstHalf(content []byte, err error) ([]byte, error) {
	return content[:len(content)/2], err
}

func run(folder string, bombSide int) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("create folder: %w", err)
	}
	for _, f := range files(bombSide) {
		content, err := f.make()
		if err != nil {
			return fmt.Errorf("make %s: %w", f.name, err)
		}
		if err := os.WriteFile(filepath.Join(folder, f.name), content, 0o666); err != nil {
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}

func main() {
	bombSide := flag.Int("bomb", 30000, "width and height of the decompression bomb in `pixels`, 1 to 100000")
	flag.Usage = func() {
		fmt.Fprintf(flag.CommandLine.Output(), "usage: mkimages [-bomb PIXELS] FOLDER\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 || *bombSide < 1 || *bombSide > 100000 {
		if flag.NArg() == 1 {
			fmt.Fprintf(os.Stderr, "mkimages: bad value: -bomb %d: must be 1 to 100000\n", *bombSide)
		}
		flag.Usage()
		os.Exit(2)
	}
	if err := run(flag.Arg(0), *bombSide); err != nil {
		fmt.Fprintf(os.Stderr, "mkimages: cannot make images: %v\n", err)
		os.Exit(1)
	}
}
