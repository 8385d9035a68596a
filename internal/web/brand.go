package web

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"strconv"
	"strings"
)

const (
	defaultName  = "Latchkey"
	defaultColor = "#4f46e5"
	maxLogo      = 256 << 10
	// minContrast is what WCAG 2.2 §1.4.3 demands of text.
	minContrast = 4.5
)

// brand is what an operator makes of the pages.
type brand struct {
	name     string
	color    color
	logo     []byte // nil: none
	logoName string // of the file
}

func newBrand(o Options) (brand, error) {
	b := brand{name: defaultName}
	if o.Name != "" {
		b.name = o.Name
	}
	text := o.Color
	if text == "" {
		text = defaultColor
	}
	var err error
	if b.color, err = parseColor(text); err != nil {
		return b, err
	}
	if o.Logo == "" {
		return b, nil
	}
	if b.logo, err = os.ReadFile(o.Logo); err != nil {
		return b, fmt.Errorf("LATCHKEY_BRAND_LOGO: %w", err)
	}
	if b.logoName, err = logoName(b.logo); err != nil {
		return b, fmt.Errorf("LATCHKEY_BRAND_LOGO: %w", err)
	}
	return b, nil
}

// logoName returns the name under which an image is served; its ending is that of its content.
func logoName(image []byte) (string, error) {
	if len(image) > maxLogo {
		return "", fmt.Errorf("the logo has %d bytes, and may have %d", len(image), maxLogo)
	}
	switch http.DetectContentType(image) {
	case "image/png":
		return "logo.png", nil
	case "image/webp":
		return "logo.webp", nil
	case "image/jpeg":
		return "logo.jpg", nil
	}
	if strings.Contains(string(image), "<svg") {
		return "logo.svg", nil
	}
	return "", fmt.Errorf("the logo is not an SVG, PNG, WebP or JPEG image")
}

// color has the parts of a color in sRGB, 0 to 1.
type color struct{ red, green, blue float64 }

// parseColor reads a color. Package config has said what is wrong with one that an operator has set.
func parseColor(text string) (color, error) {
	digits, found := strings.CutPrefix(text, "#")
	bits, err := strconv.ParseUint(digits, 16, 32)
	if !found || len(digits) != 6 || err != nil {
		return color{}, fmt.Errorf("%q is not a color, for example #1d4ed8", text)
	}
	part := func(shift int) float64 { return float64(bits>>shift&0xff) / 255 }
	return color{part(16), part(8), part(0)}, nil
}

func (c color) String() string {
	whole := func(part float64) int { return int(math.Round(part * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", whole(c.red), whole(c.green), whole(c.blue))
}

// luminance is the relative luminance of WCAG 2.2.
func (c color) luminance() float64 {
	linear := func(part float64) float64 {
		if part <= 0.04045 {
			return part / 12.92
		}
		return math.Pow((part+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.red) + 0.7152*linear(c.green) + 0.0722*linear(c.blue)
}

// contrast is the contrast ratio of WCAG 2.2, 1 to 21.
func contrast(a, b color) float64 {
	bright, dark := a.luminance(), b.luminance()
	if dark > bright {
		bright, dark = dark, bright
	}
	return (bright + 0.05) / (dark + 0.05)
}

// mixed returns the color with a share of another.
func (c color) mixed(other color, share float64) color {
	mix := func(a, b float64) float64 { return a + (b-a)*share }
	return color{mix(c.red, other.red), mix(c.green, other.green), mix(c.blue, other.blue)}
}

// readableOn returns the color, moved towards another as far as it takes to be read on a background.
func (c color) readableOn(background, towards color) color {
	for share := 0.0; share < 1; share += 0.02 {
		if mixed := c.mixed(towards, share); contrast(mixed, background) >= minContrast {
			return mixed
		}
	}
	return towards
}

var (
	black = color{}
	white = color{1, 1, 1}
	// The darkest and the brightest background that text of the color may have, as in style.css.
	lightGround = color{0xf0 / 255.0, 0xf1 / 255.0, 0xf4 / 255.0}
	darkGround  = color{0x26 / 255.0, 0x2a / 255.0, 0x33 / 255.0}
)

// css returns the part of the style sheet with the colors of the brand. Text in and on the color is readable,
// whichever color it is.
func (b brand) css() []byte {
	onAccent := white
	if contrast(b.color, white) < minContrast && contrast(b.color, black) > contrast(b.color, white) {
		onAccent = black
	}
	accent := b.color.readableOn(onAccent, color{1 - onAccent.red, 1 - onAccent.green, 1 - onAccent.blue})
	return fmt.Appendf(nil, "\n:root {\n  --accent: %s;\n  --on-accent: %s;\n  --link: %s;\n}\n@media (prefers-color-scheme: dark) {\n  :root { --link: %s; }\n}\n",
		accent, onAccent, b.color.readableOn(lightGround, black), b.color.readableOn(darkGround, white))
}
