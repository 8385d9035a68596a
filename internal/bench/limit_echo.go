//go:build unix

package main

import (
	"context"
	"net/http"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
)

// limitCommand makes this program serve the limits of reads, as a process of its own like the service.
const limitCommand = "limit-echo"

// The environment of the limit server.
const (
	limitDatabase = "BENCH_DATABASE_URL" // empty: without a database
	limitKeys     = "BENCH_JWKS"         // the body of /keys
)

// profile is the body of a profile.
type profile struct {
	ID            string    `json:"id"`
	Username      string    `json:"username"`
	Email         string    `json:"email"`
	EmailVerified bool      `json:"email_verified"`
	Name          string    `json:"name"`
	Active        bool      `json:"active"`
	Roles         []string  `json:"roles"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

const selectProfile = `SELECT id::text, username, email, email_verified, name, active, created_at, updated_at FROM users WHERE id = $1`

// serveLimit serves until ctx ends: /profile writes a profile as JSON, /row/ID reads it from one row
// before, /keys writes bytes, /refuse/TIME refuses a sign-in after that time.
func serveLimit(ctx context.Context, address string) error {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	keys := []byte(os.Getenv(limitKeys))
	e.GET("/keys", func(c echo.Context) error { return c.JSONBlob(http.StatusOK, keys) })
	e.POST("/refuse/:after", refuse)
	fixed := profile{ID: userID(1), Username: username(1), Email: username(1) + "@example.org", EmailVerified: true,
		Name: "Bench 1", Active: true, Roles: []string{"ROLE_USER"}, CreatedAt: time.Now().UTC(), UpdatedAt: time.Now().UTC()}
	e.GET("/profile", func(c echo.Context) error { return c.JSON(http.StatusOK, fixed) })
	if database := os.Getenv(limitDatabase); database != "" {
		pool, err := limitPool(ctx, database)
		if err != nil {
			return err
		}
		defer pool.Close()
		e.GET("/row/:id", readRow(pool)) //nolint:contextcheck // a handler's context is its request's
	}
	server := &http.Server{Addr: address, Handler: e, ReadHeaderTimeout: time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

// limitPool opens a pool of as many connections as the service's.
func limitPool(ctx context.Context, url string) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = 10
	return pgxpool.NewWithConfig(ctx, config)
}

func readRow(pool *pgxpool.Pool) echo.HandlerFunc {
	return func(c echo.Context) error {
		p := profile{Roles: []string{"ROLE_USER"}}
		err := pool.QueryRow(c.Request().Context(), selectProfile, c.Param("id")).
			Scan(&p.ID, &p.Username, &p.Email, &p.EmailVerified, &p.Name, &p.Active, &p.CreatedAt, &p.UpdatedAt)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, p)
	}
}
