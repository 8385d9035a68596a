//go:build unix

package main

import (
	"fmt"
	"html"
	"strings"
)

// Sizes of a plot, in pixels.
const (
	plotWidth  = 760
	labelWidth = 190
	barsWidth  = 360
	barHeight  = 18
	lineHeight = 28
	headHeight = 64
)

// bar is a horizontal bar of a plot. Its lengths are fractions of the plot's width.
type bar struct {
	label  string
	length float64
	note   string  // what the bar stands for, behind it
	target float64 // a mark; 0: none
	class  string  // its colour: ours or other
}

// style has colours for light and dark pages.
const style = `<style>
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.title { font-size: 15px; font-weight: 600 }
.quiet { fill: #59636e; font-size: 12px }
.ours { fill: #0969da } .other { fill: #8c959f } .frame { fill: #818b9826 }
.mark { stroke: #bc4c00; stroke-width: 2 }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .quiet { fill: #9198a1 }
  .ours { fill: #4493f8 } .other { fill: #6e7681 } .mark { stroke: #f0883e }
}
</style>
`

// barPlot draws bars under a title and an explanation.
func barPlot(title, explanation string, bars []bar) string {
	var b strings.Builder
	height := headHeight + lineHeight*len(bars)
	_, _ = fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img">`+"\n", plotWidth, height)
	_, _ = fmt.Fprintf(&b, "<title>%s</title>\n", html.EscapeString(title))
	b.WriteString(style)
	text(&b, 0, 20, "title", "start", title)
	text(&b, 0, 42, "quiet", "start", explanation)
	for i, each := range bars {
		each.draw(&b, headHeight+lineHeight*i)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// draw draws the bar with its upper edge at y.
func (each bar) draw(b *strings.Builder, y int) {
	base := y + barHeight - 5
	text(b, labelWidth-10, base, "label", "end", each.label)
	rectangle(b, y, barsWidth, "frame")
	rectangle(b, y, barsWidth*min(max(each.length, 0), 1), each.class)
	if each.target > 0 {
		x := labelWidth + barsWidth*min(each.target, 1)
		_, _ = fmt.Fprintf(b, `<line class="mark" x1="%.1[1]f" x2="%.1[1]f" y1="%[2]d" y2="%[3]d"/>`+"\n", x, y-3, y+barHeight+3)
	}
	text(b, labelWidth+barsWidth+10, base, "quiet", "start", each.note)
}

func rectangle(b *strings.Builder, y int, width float64, class string) {
	_, _ = fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, labelWidth, y, width, barHeight)
}

func text(b *strings.Builder, x, y int, class, anchor, content string) {
	_, _ = fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="%s">%s</text>`+"\n", class, x, y, anchor, html.EscapeString(content))
}
