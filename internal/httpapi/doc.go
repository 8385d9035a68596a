// Package httpapi is the way between HTTP and the domain: form or JSON to a domain request, result
// to an api response, error to JSON. Nothing is decided here.
//
// What guards an operation stands in the contract and is read from there (guard.go); errors are
// written in one place (errors.go), which alone knows statuses.
package httpapi
