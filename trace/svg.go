// SPDX-License-Identifier: Apache-2.0

package trace

import (
	"fmt"
	"strings"
)

const (
	svgWidth   = 1000
	svgMargin  = 150 // for the names at the left
	laneHeight = 22
	plotHeight = 140
	mostLanes  = 100
)

// colours by why a slice ended; every pair can be told apart in the most common kinds of colour blindness (Okabe and Ito).
var colours = []struct{ end, colour string }{
	{"clock", "#0072b2"}, {"yielded", "#56b4e9"}, {"done", "#009e73"}, {"left", "#999999"}, {"faulted", "#d55e00"},
	{"given up", "#e69f00"}, {"exit", "#009e73"}, {"cut off", "#d55e00"},
}

const (
	deferColour  = "#cc79a7"
	cancelColour = "#e69f00"
)

type lane struct {
	name  string
	spans []span
}

type span struct {
	from, to      Time
	colour, title string
	thin          bool
}

// SVG is a picture of the trace: a lane for each thread, and the histograms of slices and overshoot.
func SVG(t *Trace, s *Summary) string {
	lanes, end := lanesOf(t)
	var out strings.Builder
	height := 60 + len(lanes)*laneHeight + 40 + 2*(plotHeight+50)
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" `+
		`font-family="sans-serif" font-size="11">`+"\n",
		svgMargin+svgWidth+20, height, svgMargin+svgWidth+20, height)
	out.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	legend(&out)
	y := 40
	scale := float64(svgWidth) / float64(max(end, 1))
	for i := range lanes {
		fmt.Fprintf(&out, `<text x="4" y="%d">%s</text>`+"\n", y+14, escape(shorten(lanes[i].name, 24)))
		lanes[i].draw(&out, y, scale)
		y += laneHeight
	}
	for i := 0; i <= 10; i++ {
		x := svgMargin + svgWidth*i/10
		fmt.Fprintf(&out, `<path d="M%d 36V%d" stroke="#ddd" stroke-width="0.5"/>`+
			`<text x="%d" y="%d" text-anchor="middle" fill="#555">%s</text>`+"\n",
			x, y, x, y+14, Duration(end*Time(i)/10))
	}
	y += 40
	y = plot(&out, y, "Slices", &s.Slices)
	plot(&out, y, "Overshoot of slices that the clock ended", &s.Overshoot)
	out.WriteString("</svg>\n")
	return out.String()
}

func legend(out *strings.Builder) {
	x := svgMargin
	entry := func(colour, text string) {
		fmt.Fprintf(out, `<rect x="%d" y="12" width="10" height="10" fill="%s"/><text x="%d" y="21">%s</text>`+"\n",
			x, colour, x+14, text)
		x += 34 + 7*len(text)
	}
	fmt.Fprintf(out, `<text x="4" y="21">a slice ended by:</text>`+"\n")
	for _, c := range colours[:5] {
		entry(c.colour, c.end)
	}
	entry(deferColour, "pause deferred")
	entry(cancelColour, "cancel, given up")
}

// lanesOf sorts the intervals by thread. Deferrals lie over the slice they are in.
func lanesOf(t *Trace) ([]lane, Time) {
	byThread := map[thread]*lane{}
	names := map[int]string{}
	order := []thread{}
	begun := map[string]*Event{}
	end := Time(0)
	at := func(e *Event) *lane {
		where := thread{e.PID, e.TID}
		l := byThread[where]
		if l == nil {
			l = &lane{name: fmt.Sprintf("%s %d", names[e.PID], e.TID)}
			byThread[where] = l
			order = append(order, where)
		}
		return l
	}
	for i := range t.Events {
		e := &t.Events[i]
		switch {
		case e.Ph == "M" && e.Name == "process_name" && e.Args != nil:
			names[e.PID] = e.Args.Name
		case e.Ph == "X" && e.Dur != nil && (e.Cat == CatSlice || e.Cat == CatCancel):
			colour, title := cancelColour, e.Name
			if e.Cat == CatSlice {
				colour = "#999999"
				for _, c := range colours {
					if e.Args != nil && c.end == e.Args.End {
						colour = c.colour
						title += ": " + c.end
					}
				}
			}
			l := at(e)
			l.spans = append(l.spans, span{e.TS, e.TS + *e.Dur, colour, title, e.Cat == CatCancel})
			end = max(end, e.TS+*e.Dur)
		case e.Cat == CatDefer && e.Ph == "b":
			begun[e.ID] = e
		case e.Cat == CatDefer && e.Ph == "e" && begun[e.ID] != nil:
			b := begun[e.ID]
			l := at(b)
			l.spans = append(l.spans, span{b.TS, e.TS, deferColour, "deferred: " + b.Name, true})
		}
	}
	var lanes []lane
	for _, where := range order[:min(len(order), mostLanes)] {
		lanes = append(lanes, *byThread[where])
	}
	return lanes, end
}

// draw leaves out what would lie on a pixel that has the same colour already: a trace may have more slices than pixels.
func (l *lane) draw(out *strings.Builder, y int, scale float64) {
	drawn := map[string]float64{}
	for _, s := range l.spans {
		from, to := float64(s.from)*scale, float64(s.to)*scale
		to = max(to, from+0.5)
		if to <= drawn[s.colour]+0.25 {
			continue
		}
		if from < drawn[s.colour] {
			from = drawn[s.colour]
		}
		drawn[s.colour] = to
		top, high := y+2, laneHeight-6
		if s.thin {
			top, high = y+2, 5
		}
		fmt.Fprintf(out, `<rect x="%.2f" y="%d" width="%.2f" height="%d" fill="%s"><title>%s, %s at %s</title></rect>`+"\n",
			svgMargin+from, top, to-from, high, s.colour, escape(s.title), Duration(s.to-s.from), Duration(s.from))
	}
}

func plot(out *strings.Builder, y int, title string, d *Distribution) int {
	fmt.Fprintf(out, `<text x="%d" y="%d" font-weight="bold">%s</text>`+
		`<text x="%d" y="%d" fill="#555">%d; median %s, p90 %s, p99 %s, max %s</text>`+"\n",
		svgMargin, y+10, escape(title), svgMargin+300, y+10, d.Count(), Duration(d.Percentile(50)), Duration(d.Percentile(90)),
		Duration(d.Percentile(99)), Duration(d.Max()))
	all := buckets(d)
	most := 1
	for _, b := range all {
		most = max(most, b.count)
	}
	width := min(svgWidth/max(len(all), 1), 70)
	base := y + 20 + plotHeight - 20
	for i, b := range all {
		high := b.count * (plotHeight - 40) / most
		if b.count > 0 {
			high = max(high, 1)
		}
		x := svgMargin + i*width
		fmt.Fprintf(out, `<rect x="%d" y="%d" width="%d" height="%d" fill="#0072b2"><title>%s to %s: %d</title></rect>`+"\n",
			x+1, base-high, width-2, high, Duration(b.low), Duration(b.high()), b.count)
		fmt.Fprintf(out, `<text x="%d" y="%d" text-anchor="middle" font-size="9">%d</text>`+
			`<text x="%d" y="%d" text-anchor="middle" font-size="9" fill="#555">%s</text>`+"\n",
			x+width/2, base-high-2, b.count, x, base+11, Duration(b.low))
	}
	fmt.Fprintf(out, `<path d="M%d %dH%d" stroke="#555"/>`+"\n", svgMargin, base, svgMargin+max(len(all)*width, 1))
	return y + plotHeight + 50
}

func shorten(text string, most int) string { return strings.TrimRight(pad(text, most), " ") }

var forXML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(text string) string { return forXML.Replace(printable(text)) }
