package config

import "net/netip"

// Webhooks has the settings for where webhooks may lead.
type Webhooks struct {
	Networks []string `name:"webhook-networks" env:"LATCHKEY_WEBHOOK_NETWORKS" placeholder:"CIDR" help:"Internal networks that webhooks may call, besides public addresses."`
}

// WebhookNetworks returns the networks.
func (w *Webhooks) WebhookNetworks() ([]netip.Prefix, error) {
	return parseNetworks("LATCHKEY_WEBHOOK_NETWORKS", "receivers", w.Networks)
}
