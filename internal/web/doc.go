// Package web owns the pages for people: their design, their scripts and the libraries of these, the
// texts in several languages, and how all of it reaches the browser. It decides nothing about users or
// tokens: the scripts call the public operations, as every front end does.
//
// The files in static are served as they are; there is no build step. Nothing is inline, so that the
// Content-Security-Policy allows only files of this service.
//
//   - site.go: the site, and what it consists of
//   - assets.go: files at /web/HASH/, compressed and cached for good; HASH changes with any of them
//   - page.go, page.html: the HTML document of a page, which loads its script
//   - policy.go: the Content-Security-Policy
//   - modules.go: which modules a page needs, so that the browser loads them at once
//   - brand.go: name, color and logo, and the colors derived from it
//   - texts.go: the texts, and those that the operator adds
//   - static/style.css: the design
//   - static/ui.js, api.js, router.js, texts.js, lib.js: what all pages share
//   - static/NAME/main.js: the script of the page NAME; static/texts/LANGUAGE/NAME.json: its texts
//   - static/vendor: the libraries, with their licenses; manifest.json says where each file comes from
//   - vendorweb: the program that fetches and checks them
package web
