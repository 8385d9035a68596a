package config

import (
	"regexp"
	"unicode/utf8"
)

// Pages has the settings of the pages for people.
type Pages struct {
	BrandName  string   `name:"brand-name" env:"LATCHKEY_BRAND_NAME" placeholder:"NAME" help:"Name of the application on the pages. Default: that in email."`
	BrandColor string   `name:"brand-color" env:"LATCHKEY_BRAND_COLOR" placeholder:"COLOR" help:"Color of buttons and links on the pages, for example #1d4ed8. Where text in it could not be read, it is made darker or lighter. Default: #4f46e5."`
	BrandLogo  string   `name:"brand-logo" env:"LATCHKEY_BRAND_LOGO" placeholder:"FILE" help:"Logo on the pages, SVG, PNG, WebP or JPEG, at most 256 KiB."`
	Texts      []string `name:"texts" env:"LATCHKEY_TEXTS" placeholder:"FILE" help:"Files with texts of the pages, each named after its language, such as fr.json. They add a language or replace texts of a built-in one: en, de."`
}

const maxBrandName = 60

var colorPattern = regexp.MustCompile(`^#[0-9a-fA-F]{6}$`)

// check checks what can be checked without reading the files.
func (s *Pages) check(p *problems) {
	if s.BrandColor != "" && !colorPattern.MatchString(s.BrandColor) {
		p.add("LATCHKEY_BRAND_COLOR: %q is not a color, for example #1d4ed8", s.BrandColor)
	}
	if utf8.RuneCountInString(s.BrandName) > maxBrandName {
		p.add("LATCHKEY_BRAND_NAME: the name has more than %d characters", maxBrandName)
	}
}
