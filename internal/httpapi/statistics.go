package httpapi

import (
	"context"

	"github.com/latchkey-auth/latchkey/api"
	"github.com/latchkey-auth/latchkey/internal/statistics"
)

const defaultPoints = 48

// GetStatistics handles GET /api/stats.
func (s *Server) GetStatistics(ctx context.Context, r api.GetStatisticsRequestObject) (api.GetStatisticsResponseObject, error) {
	interval, name, points := statistics.Hourly, "hour", defaultPoints
	if value(r.Params.Interval) == "day" {
		interval, name = statistics.Daily, "day"
	}
	if r.Params.Points != nil {
		points = *r.Params.Points
	}
	items, err := s.Statistics.Series(ctx, interval, points)
	if err != nil {
		return nil, err
	}
	findings, err := s.Statistics.Attention(ctx)
	return api.GetStatistics200JSONResponse{Interval: name, Items: apiHours(items), Attention: apiFindings(findings)}, err
}

func apiHours(hours []statistics.Hour) []api.StatisticsItem {
	items := make([]api.StatisticsItem, len(hours))
	for i, h := range hours {
		items[i] = api.StatisticsItem{At: h.At, SignIns: h.SignIns, Failures: h.Failures, Refreshes: h.Refreshes, Refused: h.Refused}
		if h.Levels != nil {
			items[i].Sessions, items[i].Users = &h.Levels.Sessions, &h.Levels.Users
		}
	}
	return items
}

func apiFindings(findings []statistics.Finding) []api.Finding {
	list := make([]api.Finding, len(findings))
	for i, f := range findings {
		list[i] = api.Finding{
			Code: f.Code, Level: string(f.Level), Detail: f.Detail, Count: optional(f.Count),
			Since: optional(f.Since), TargetId: optional(f.TargetID),
		}
	}
	return list
}
