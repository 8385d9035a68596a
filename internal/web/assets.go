package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"mime"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// asset is a file as it is sent.
type asset struct {
	content   []byte
	mediaType string
	etag      string
	zipped    func() []byte // compressed, at the first call; nil if that is not worth it
}

// mediaTypes does not depend on what the machine knows.
var mediaTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json",
	".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".jpg": "image/jpeg", ".txt": "text/plain; charset=utf-8",
}

// A small file is not compressed: it fits into one packet anyway.
const worthZipping = 1000

func newAsset(name string, content []byte) *asset {
	sum := sha256.Sum256(content)
	a := &asset{content: content, etag: `"` + hex.EncodeToString(sum[:16]) + `"`, mediaType: mediaTypes[path.Ext(name)]}
	if a.mediaType == "" {
		a.mediaType = "application/octet-stream"
	}
	isText := strings.HasPrefix(a.mediaType, "text/") || a.mediaType == "application/json" || a.mediaType == "image/svg+xml"
	if isText && len(content) >= worthZipping {
		a.zipped = sync.OnceValue(func() []byte { return zip(content) })
	}
	return a
}

// zip compresses with gzip as far as that goes.
func zip(content []byte) []byte {
	var zipped bytes.Buffer
	w, err := gzip.NewWriterLevel(&zipped, gzip.BestCompression)
	if err != nil {
		return nil
	}
	_, _ = w.Write(content) // a bytes.Buffer accepts every write
	_ = w.Close()
	return zipped.Bytes()
}

// assetPolicy is the Content-Security-Policy of the files themselves, for a browser that opens an image
// of the operator as a document.
const assetPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"

// ServeHTTP serves a file: GET /web/HASH/NAME. A URL with the current hash never changes its content. While
// replicas of two versions run, a page of one may ask the other for its files. It gets those that there
// are, and keeps none of them.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, Prefix), "/")
	a := s.assets[name]
	if a == nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", assetPolicy)
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if hash == s.hash {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-store")
	}
	a.serve(w, r)
}

// StylePath returns the path of the style sheet of all pages, relative to that of the start page.
func (s *Site) StylePath() string { return s.path(styleName) }

// IconPath returns the path of the icon of all pages, relative to that of the start page.
func (s *Site) IconPath() string { return s.path(s.icon()) }

func (s *Site) path(name string) string { return strings.TrimPrefix(Prefix, "/") + s.hash + "/" + name }

// icon returns the name of the logo of the brand, or else of the built-in icon.
func (s *Site) icon() string { return cmp.Or(s.brand.logoName, "icon.svg") }

// serve writes the file, compressed if the client accepts that, or 304.
func (a *asset) serve(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.mediaType)
	header.Set("ETag", a.etag)
	content := a.content
	if a.zipped != nil {
		header.Add("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			content = a.zipped()
			header.Set("Content-Encoding", "gzip")
			header.Set("ETag", strings.TrimSuffix(a.etag, `"`)+`-gzip"`)
		}
	}
	// A range of compressed bytes is of no use to anyone.
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// acceptsGzip reports whether a client accepts gzip (RFC 9110 §12.5.3).
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, parameters, err := mime.ParseMediaType(part)
		if err == nil && (coding == "gzip" || coding == "*") {
			return strings.Trim(parameters["q"], "0.") != "" || parameters["q"] == ""
		}
	}
	return false
}
