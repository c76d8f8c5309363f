// SPDX-License-Identifier: Apache-2.0

// Package plot draws curves and histograms as SVG: a file of a few kilobytes that needs nothing to be looked at, is text to
// git, and is readable on light and on dark ground.
package plot

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"math"
	"slices"
	"strings"
)

// An Axis is labelled with its unit. A logarithmic axis becomes a linear one where a value is not positive.
type Axis struct {
	Label string
	Unit  string // "ns" is shown as ns, µs, ms or s at each tick
	Log   bool
}

// A Point is a value and how far it goes.
type Point struct{ X, Y, Low, High float64 }

// A Series is a line with a band.
type Series struct {
	Name   string
	Points []Point // x ascends
}

// A Chart is one picture.
type Chart struct {
	Title  string
	X, Y   Axis
	Series []Series
	Steps  bool     // a histogram: each point is a bar to the next one's x
	Notes  []string // below the picture
}

const (
	width, height = 720, 420
	left, right   = 78, 20
	lineHeight    = 17
	top           = 34 // of the legend
	bottom        = 58
)

// colours of Okabe and Ito can be told apart in the most common kinds of colour blindness, and are neither too dark nor too
// light for either ground. Markers differ, too.
var colours = []string{"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8c6bb1", "#7f7f7f"}

// style gives the dark variant to viewers that ask for it; the others see the light one, with its own ground.
const style = `<style>text{font-family:sans-serif;font-size:12px;fill:#222}.title{font-size:14px;font-weight:bold}` +
	`.ground{fill:#fff}.grid{stroke:#ddd;fill:none}.frame{stroke:#777;fill:none}` +
	`@media (prefers-color-scheme:dark){text{fill:#ddd}.ground{fill:#16181c}.grid{stroke:#3a3d44}}</style>`

type canvas struct {
	out          bytes.Buffer
	x, y         scale
	top, bottom  float64
	legendBottom float64
}

// SVG is the picture. A chart without points is an empty frame; points that are not finite are left out.
func (c *Chart) SVG() []byte {
	drawn := *c
	drawn.Series = nil
	for _, s := range c.Series {
		s.Points = slices.DeleteFunc(slices.Clone(s.Points), func(q Point) bool {
			return !finite(q.X) || !finite(q.Y) || !finite(q.Low) || !finite(q.High)
		})
		drawn.Series = append(drawn.Series, s)
	}
	return drawn.svg()
}

func (c *Chart) svg() []byte {
	p := &canvas{top: top + lineHeight*float64(c.legendRows()) + 8, bottom: height - bottom}
	var notes []string
	for _, note := range c.Notes {
		notes = append(notes, wrap(note, noteColumns)...)
	}
	p.bottom -= lineHeight * float64(len(notes))
	p.x, p.y = c.scales(p)
	fmt.Fprintf(&p.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d">`+"\n%s\n",
		width, height, width, height, style)
	fmt.Fprintf(&p.out, `<rect class="ground" width="%d" height="%d" rx="6"/>`+"\n", width, height)
	p.text(left, 20, "start", "title", c.Title)
	p.axes(c)
	for i := range c.Series {
		p.series(c, i)
	}
	for i, line := range notes {
		p.text(left, height-8-lineHeight*float64(len(notes)-1-i), "start", "", line)
	}
	p.out.WriteString("</svg>\n")
	return p.out.Bytes()
}

func (c *Chart) scales(p *canvas) (x, y scale) {
	var xs, ys, edges []float64
	for _, s := range c.Series {
		for _, q := range s.Points {
			xs = append(xs, q.X)
			ys = append(ys, q.Y)
			edges = append(edges, q.Low, q.High)
		}
	}
	x = newScale(c.X, xs, left, width-right, false)
	y = newScale(c.Y, ys, p.bottom, p.top, true)
	// The band may leave the picture: one p99 far away must not flatten all lines. It may take as much room as they do.
	y.stretch(edges)
	return x, y
}

func (p *canvas) axes(c *Chart) {
	for _, t := range p.x.ticks() {
		at := p.x.at(t)
		fmt.Fprintf(&p.out, `<path class="grid" d="M%.1f %.1fV%.1f"/>`+"\n", at, p.top, p.bottom)
		p.text(at, p.bottom+16, "middle", "", p.x.label(t))
	}
	for _, t := range p.y.ticks() {
		at := p.y.at(t)
		fmt.Fprintf(&p.out, `<path class="grid" d="M%d %.1fH%d"/>`+"\n", left, at, width-right)
		p.text(left-6, at+4, "end", "", p.y.label(t))
	}
	fmt.Fprintf(&p.out, `<rect class="frame" x="%d" y="%.1f" width="%d" height="%.1f"/>`+"\n", left, p.top, width-left-right, p.bottom-p.top)
	p.text((left+width-right)/2, p.bottom+36, "middle", "", p.x.title())
	fmt.Fprintf(&p.out, `<text transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n",
		(p.top+p.bottom)/2, escape(p.y.title()))
	row, column := 0, float64(left)
	for i, s := range c.Series {
		if wide := legendWidth(s.Name); column+wide > width-right && column > left {
			row, column = row+1, left
		}
		y := top + lineHeight*float64(row)
		fmt.Fprintf(&p.out, `<path d="M%.1f %.1fh22" stroke="%s" stroke-width="2"%s/>`+"\n", column, y, colours[i%len(colours)], dash(i))
		if !c.Steps {
			p.marker(i, column+11, y, "")
		}
		p.text(column+28, y+4, "start", "", s.Name)
		column += legendWidth(s.Name)
	}
}

// legendWidth is an estimate: only who shows the picture knows the font.
func legendWidth(name string) float64 { return 44 + 6.6*float64(len([]rune(name))) }

func (c *Chart) legendRows() int {
	rows, column := 1, float64(left)
	for _, s := range c.Series {
		if wide := legendWidth(s.Name); column+wide > width-right && column > left {
			rows, column = rows+1, left
		}
		column += legendWidth(s.Name)
	}
	return rows
}

func (p *canvas) series(c *Chart, i int) {
	s, colour := &c.Series[i], colours[i%len(colours)]
	if len(s.Points) == 0 {
		return
	}
	if c.Steps {
		p.steps(s, colour)
		return
	}
	var line, upper, lower strings.Builder
	banded := false
	for k, q := range s.Points {
		x := p.x.at(q.X)
		fmt.Fprintf(&line, "%c%.1f %.1f", "ML"[min(k, 1)], x, p.y.at(q.Y))
		fmt.Fprintf(&upper, "%c%.1f %.1f", "ML"[min(k, 1)], x, p.y.at(q.High))
		back := s.Points[len(s.Points)-1-k]
		fmt.Fprintf(&lower, "L%.1f %.1f", p.x.at(back.X), p.y.at(back.Low))
		banded = banded || q.High > q.Low
	}
	if banded {
		fmt.Fprintf(&p.out, `<path d="%s%sZ" fill="%s" fill-opacity="%s"/>`+"\n", upper.String(), lower.String(), colour, opacity(c))
	}
	fmt.Fprintf(&p.out, `<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", line.String(), colour, dash(i))
	for _, q := range s.Points {
		title := fmt.Sprintf("%s: %s at %s", s.Name, p.y.label(q.Y), p.x.label(q.X))
		if q.High > q.Low {
			title += fmt.Sprintf(", p1 %s, p99 %s", p.y.label(q.Low), p.y.label(q.High))
		}
		p.marker(i, p.x.at(q.X), p.y.at(q.Y), title)
	}
}

func (p *canvas) steps(s *Series, colour string) {
	var line strings.Builder
	zero := p.y.at(0)
	fmt.Fprintf(&line, "M%.1f %.1f", p.x.at(s.Points[0].X), zero)
	for k, q := range s.Points {
		fmt.Fprintf(&line, "V%.1f", p.y.at(q.Y))
		if k+1 < len(s.Points) {
			fmt.Fprintf(&line, "H%.1f", p.x.at(s.Points[k+1].X))
		}
	}
	fmt.Fprintf(&line, "V%.1f", zero)
	fmt.Fprintf(&p.out, `<path d="%sZ" fill="%s" fill-opacity="0.15" stroke="%s" stroke-width="1.5"/>`+"\n", line.String(), colour, colour)
}

// dash tells a series from that which has the same colour.
func dash(i int) string {
	if i < len(colours) {
		return ""
	}
	return ` stroke-dasharray="6 3"`
}

// opacity of the bands: many that lie on each other must not hide the lines.
func opacity(c *Chart) string {
	if len(c.Series) > 4 {
		return "0.07"
	}
	return "0.15"
}

// marker i is a disc, a square, a triangle or a diamond.
func (p *canvas) marker(i int, x, y float64, title string) {
	shapes := []string{"M-3.5 0a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0", "M-3 -3h6v6h-6Z", "M0 -4L4 3H-4Z", "M0 -4L4 0L0 4L-4 0Z"}
	end := "/>"
	if title != "" {
		end = "><title>" + escape(title) + "</title></path>"
	}
	fmt.Fprintf(&p.out, `<path transform="translate(%.1f %.1f)" d="%s" fill="%s"%s`+"\n", x, y, shapes[(i+i/len(colours))%len(shapes)],
		colours[i%len(colours)], end)
}

func (p *canvas) text(x, y float64, anchor, class, text string) {
	if class != "" {
		class = ` class="` + class + `"`
	}
	fmt.Fprintf(&p.out, `<text x="%.1f" y="%.1f" text-anchor="%s"%s>%s</text>`+"\n", x, y, anchor, class, escape(text))
}

// noteColumns is how many characters fit under the picture.
const noteColumns = 100

// wrap breaks a text into lines at spaces.
func wrap(text string, columns int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len([]rune(line))+1+len([]rune(word)) > columns {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// escape leaves no character that XML does not allow.
func escape(text string) string {
	var out bytes.Buffer
	xml.EscapeText(&out, []byte(text)) // a bytes.Buffer gives no error
	return out.String()
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
